//! What the network around a resource tells of it: addresses that it got, and who refers to it.

use super::super::raw::Resources;
use super::super::read::{given, inner, list, reference, text};
use super::apply;
use super::dns;
use crate::json::{Data, Member, Value};
use sim_core::net::Addr;
use sim_core::source::Span;
use sim_core::topology::{Kind, Relation, Topology};

/// The network a resource is in, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Around<'a> {
    known: Option<(&'a Topology, &'a Resources)>,
}

impl<'a> Around<'a> {
    /// In this network, made of these resources.
    pub(crate) fn of(topology: &'a Topology, resources: &'a Resources) -> Self {
        Self { known: Some((topology, resources)) }
    }

    /// Whether anything is known.
    pub(super) fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// What a word of the table stands for; `None` where nothing is known or nothing is to be said.
    pub(super) fn ask(&self, word: &str, id: &str, body: &Value, whole: &Value) -> Option<Data> {
        let span = body.span;
        match word {
            "address" => Some(self.address(id)?.to_string().into()),
            "prefix" => self.prefix(id),
            "nics" => self.referrers(id, Relation::FilteredBy, &is_nic, span),
            "filtered-subnets" => self.referrers(id, Relation::FilteredBy, &is_subnet, span),
            "routed-subnets" => self.referrers(id, Relation::RoutedBy, &is_subnet, span),
            "translated-subnets" => self.referrers(id, Relation::TranslatedBy, &is_subnet, span),
            "attached" => self.referrers(
                id,
                Relation::Attached,
                &|kind| matches!(kind, Kind::IpConfig(_) | Kind::Frontend(_)),
                span,
            ),
            "endpoints" => {
                self.referrers(id, Relation::Attached, &|kind| matches!(kind, Kind::PrivateEndpoint(_)), span)
            }
            "members" => self.referrers(id, Relation::MemberOf, &|kind| matches!(kind, Kind::IpConfig(_)), span),
            "pool-addresses" => self.pool_addresses(id, span),
            "own-pool" => {
                let pool = reference(inner(body), "backendAddressPool")?;
                Some(Data::Array(vec![apply::reference(&pool, span)]))
            }
            "user" => self.first_referrer(id, Relation::Uses, span),
            "machine" => {
                let (topology, _) = self.known?;
                let nic = topology.find(id)?.id;
                let machine = topology.target(nic, Relation::PartOf)?;
                Some(apply::reference(&machine.name, span).data)
            }
            "peering-state" => Some(if self.is_mutual(id, body) { "Connected" } else { "Initiated" }.into()),
            "peering-level" => Some(if self.is_mutual(id, body) { "FullyInSync" } else { "RemoteNotInSync" }.into()),
            "remote-space" => self.space(&reference(inner(body), "remoteVirtualNetwork")?),
            "local-space" => self.space(super::super::id::parent(id)?),
            "record-name" => Some(dns::record_name(id)?.into()),
            "approval" => dns::approval(body),
            "dns-configs" => match &self.known?.0.find(id)?.kind {
                Kind::PrivateEndpoint(endpoint) => dns::configs(endpoint, span),
                _ => None,
            },
            "linux" | "windows" => (image_system(body)? == word).then(|| Data::Object(Vec::new())),
            "first" => Some(is_first(id, whole).into()),
            _ => None,
        }
    }

    /// The address that a resource got.
    pub(super) fn address(&self, id: &str) -> Option<Addr> {
        super::super::placeholder::address_of(id, self.known?.0)
    }

    fn prefix(&self, id: &str) -> Option<Data> {
        match &self.known?.0.find(id)?.kind {
            Kind::PublicIp(public) => Some(public.prefix?.to_string().into()),
            _ => None,
        }
    }

    fn referrers(&self, id: &str, relation: Relation, fits: &dyn Fn(&Kind) -> bool, span: Span) -> Option<Data> {
        let (topology, _) = self.known?;
        let found = topology.referrers(topology.find(id)?.id, relation);
        let ids = found.into_iter().filter(|other| fits(&other.kind)).map(|other| apply::reference(&other.name, span));
        let ids: Vec<Value> = ids.collect();
        (!ids.is_empty()).then_some(Data::Array(ids))
    }

    /// Members of a pool by their NICs, as Azure lists them beside those by address, under names of its own.
    fn pool_addresses(&self, id: &str, span: Span) -> Option<Data> {
        let Data::Array(members) =
            self.ask("members", id, &Value::new(span, Data::Null), &Value::new(span, Data::Null))?
        else {
            return None;
        };
        let member = Member::new;
        let address = |(n, config): (usize, Value)| {
            let ports = self.mapped_ports(id, &config);
            let mut properties = vec![member("networkInterfaceIPConfiguration", config)];
            properties.extend(ports.map(|ports| member("inboundNatRulesPortMapping", ports)));
            let properties = Data::Object(properties);
            let name = format!("<reference({id}).properties.loadBalancerBackendAddresses[{n}].name>");
            let parts =
                vec![member("name", Value::new(span, name.into())), member("properties", Value::new(span, properties))];
            Value::new(span, Data::Object(parts))
        };
        Some(Data::Array(members.into_iter().enumerate().map(address).collect()))
    }

    /// The ports that NAT rules for a pool gave to a member of it.
    fn mapped_ports(&self, pool: &str, config: &Value) -> Option<Value> {
        let (topology, _) = self.known?;
        let (member, span) = (text(config, "id")?, config.span);
        let number = |key: &str, port: u16| (key.to_owned(), Data::from(i64::from(port)));
        let mapped = topology.referrers(topology.find(pool)?.id, Relation::Sends).into_iter().filter_map(|found| {
            let Kind::InboundNatRule(rule) = &found.kind else { return None };
            let (_, port) = rule.given.iter().find(|(name, _)| name.eq_ignore_ascii_case(member))?;
            let name = ("inboundNatRuleName".to_owned(), found.short_name().into());
            let parts = [name, number("frontendPort", *port), number("backendPort", rule.backend_port)];
            let parts = parts.map(|(key, data)| Member { key, key_span: span, value: Value::new(span, data) });
            Some(Value::new(span, Data::Object(parts.into())))
        });
        let mapped: Vec<Value> = mapped.collect();
        (!mapped.is_empty()).then(|| Value::new(span, Data::Array(mapped)))
    }

    /// Adds to the lists of a body the parts that are declared as resources of their own.
    pub(super) fn join_children(&self, id: &str, collection: &str, list: &mut Vec<Value>) {
        let Some((_, resources)) = self.known else { return };
        for child in resources.children(id, collection) {
            let name = super::super::id::name_of(&child.id);
            if !list.iter().any(|part| text(part, "name").is_some_and(|own| own.eq_ignore_ascii_case(name))) {
                let kept =
                    |member: &&Member| ["properties", "zones"].iter().any(|key| member.key.eq_ignore_ascii_case(key));
                let mut members: Vec<Member> = child.body.members().iter().filter(kept).cloned().collect();
                let value = Value::new(child.span, name.into());
                members.insert(0, Member { key: "name".to_owned(), key_span: child.span, value });
                list.push(Value::new(child.span, Data::Object(members)));
            }
        }
    }

    fn first_referrer(&self, id: &str, relation: Relation, span: Span) -> Option<Data> {
        let (topology, _) = self.known?;
        let found = topology.referrers(topology.find(id)?.id, relation);
        Some(apply::reference(&found.first()?.name, span).data)
    }

    /// Whether the other network has a peering back.
    fn is_mutual(&self, id: &str, body: &Value) -> bool {
        let back = || {
            let (topology, _) = self.known?;
            let own = topology.find(super::super::id::parent(id)?)?.id;
            let other = topology.find(&reference(inner(body), "remoteVirtualNetwork")?)?.id;
            let others = topology.referrers(own, Relation::Remote);
            let mutual = |it: &&sim_core::topology::Resource| {
                topology.target(it.id, Relation::PartOf).is_some_and(|vnet| vnet.id == other)
            };
            others.iter().any(mutual).then_some(())
        };
        back().is_some()
    }

    /// The address space of a network that is declared.
    fn space(&self, vnet: &str) -> Option<Data> {
        let (_, resources) = self.known?;
        Some(given(resources.get(vnet)?.properties(), "addressSpace")?.data.clone())
    }
}

/// Whether a word of the table can be answered only where the network is known.
pub(super) fn needs_network(word: &str) -> bool {
    !["record-name", "own-pool", "approval", "linux", "windows", "first"].contains(&word)
}

/// The system of a scale set's image from the marketplace, by its publisher and offer; an image of one's own does not tell.
fn image_system(body: &Value) -> Option<&'static str> {
    let profile = given(inner(body), "virtualMachineProfile")?;
    let configured = |key| profile.path(&["osProfile", key]).is_some();
    if configured("linuxConfiguration") || configured("windowsConfiguration") {
        return None;
    }
    let image = profile.path(&["storageProfile", "imageReference"])?;
    let names = [text(image, "publisher")?, text(image, "offer")?];
    let windows = names.iter().any(|name| name.to_ascii_lowercase().contains("windows"));
    Some(if windows { "windows" } else { "linux" })
}

fn is_nic(kind: &Kind) -> bool {
    matches!(kind, Kind::Nic(_))
}

fn is_subnet(kind: &Kind) -> bool {
    matches!(kind, Kind::Subnet(_))
}

/// Whether a part is the first of its list.
fn is_first(id: &str, whole: &Value) -> bool {
    let mut parts = id.rsplit('/');
    let (name, collection) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let first = list(inner(whole), collection).first();
    first.is_none_or(|first| text(first, "name").is_some_and(|own| own.eq_ignore_ascii_case(name)))
}
