//! The network that a pack is tried in: the declared one, with a machine in each subnet that a line speaks of and with the
//! hosts outside that lines name and nobody declares.

use super::find::Service;
use super::form::{End, HostName};
use crate::named;
use crate::naming::{self, Origin, STRANGER};
use sim_core::fabric::{Fabric, Facts};
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Prefix};
use sim_core::topology::{
    Access, Direction, Draft, InternetHost, IpConfig, Kind, Machine, Nic, Nsg, Peer, PublicIp, Relation, Resource,
    SecurityRule, Sku, Topology,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use topologies::World;

/// Hosts that nobody declares get addresses from here, so many at most: of a block that Azure counts as the Internet, and
/// that nobody announces.
const HOSTS: Addr = Addr::v4(11, 100, 0, 1);
const MAX_HOSTS: usize = 2_000;
/// Most machines that are put for a try.
const MAX_GUESTS: usize = 2_000;

/// Somebody outside: the host name, if it has one, its tags, and the region they are of.
type Outside = (Option<String>, Vec<String>, Arc<str>);

/// The network, while it is set up.
#[derive(Default)]
pub(super) struct Setup {
    topology: Topology,
    guests: BTreeMap<(NodeId, bool), Result<Origin, String>>,
    hosts: BTreeMap<Outside, NodeId>,
}

/// The network, ready for questions.
pub(super) struct Stage {
    pub topology: Topology,
    pub fabric: Arc<Fabric>,
    guests: BTreeMap<(NodeId, bool), Result<Origin, String>>,
    hosts: BTreeMap<Outside, NodeId>,
}

/// One end of a connection, found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// What people call it.
    pub name: String,
    /// Who it is, where that is known.
    pub origin: Option<Origin>,
    /// The address that others know it by.
    pub at: Option<Addr>,
    /// The host name that is looked up from the other end.
    pub host: Option<Arc<str>>,
}

impl Setup {
    pub fn of(world: &World) -> Self {
        let mut topology = world.topology.clone();
        naming::add_everybody(&mut topology);
        named::add_resolvers(&mut topology);
        Self { topology, ..Self::default() }
    }

    /// Puts what an end needs.
    pub fn need(&mut self, end: &End, service: &Service<'_>) {
        match end {
            End::Place(place) | End::PublicPlace(place) => {
                let public = matches!(end, End::PublicPlace(_));
                for subnet in service.places.get(place).into_iter().flatten() {
                    if !self.guests.contains_key(&(*subnet, public)) && self.guests.len() < MAX_GUESTS {
                        let guest = self.guest(*subnet, public);
                        self.guests.insert((*subnet, public), guest);
                    }
                }
            }
            End::Name(host) => self.host(outside_of(host, service)),
            End::Tag(tag) => self.host((None, vec![filled(tag, service)], service.region.clone())),
            End::Own(_) | End::Other(_) | End::Internet | End::Platform => {}
        }
    }

    /// A machine in a subnet: what a service puts there may be called as the service likes.
    fn guest(&mut self, subnet: NodeId, public: bool) -> Result<Origin, String> {
        let (name, delegation, region) = {
            let found = self.topology.get(subnet).ok_or("the subnet is gone")?;
            let Kind::Subnet(attributes) = &found.kind else { return Err("it is no subnet".to_owned()) };
            let region = match self.topology.vnet_of(subnet).map(|vnet| &vnet.kind) {
                Some(Kind::Vnet(vnet)) => vnet.region.clone(),
                _ => "".into(),
            };
            (found.name.clone(), attributes.delegation.clone(), region)
        };
        let kind = delegation.unwrap_or_else(|| "Microsoft.Compute/virtualMachines".to_owned());
        let id =
            format!("/providers/vnetsim/providers/{kind}/machine{}{}", subnet.0, if public { "public" } else { "" });
        let part = |tail: &str| format!("{id}/{tail}");
        let mut drafts = vec![
            Draft::new(id.as_str(), Kind::Machine(Machine::default())),
            Draft::new(part("networkInterfaces/nic"), Kind::Nic(Nic { region: region.clone(), ..Nic::default() }))
                .refer(Relation::PartOf, id.as_str()),
        ];
        let config = IpConfig { primary: true, ..IpConfig::default() };
        let mut config = Draft::new(part("networkInterfaces/nic/ipConfigurations/ip"), Kind::IpConfig(config))
            .refer(Relation::PartOf, part("networkInterfaces/nic"))
            .refer(Relation::Attached, name);
        if public {
            // Services guard such nodes by groups of their own, which admit what they need (azure-services 8.1): what is in
            // the way is the subnet's.
            let group = Nsg { rules: vec![admit_all()], ..Nsg::default() };
            drafts.insert(0, Draft::new(part("networkSecurityGroups/own"), Kind::Nsg(group)));
            drafts[2] = drafts[2].clone().refer(Relation::FilteredBy, part("networkSecurityGroups/own"));
            let address = PublicIp { region, sku: Sku::Standard, ..PublicIp::default() };
            drafts.push(Draft::new(part("publicIPAddresses/ip"), Kind::PublicIp(address)));
            config = config.refer(Relation::Uses, part("publicIPAddresses/ip"));
        }
        drafts.push(config);
        let mut last = subnet;
        for draft in drafts {
            last = self.topology.put(draft).map_err(|refusal| refusal.message)?;
        }
        let address = self.topology.get(last).and_then(|found| found.kind.address());
        address.map(|address| Origin { port: PortId(last.0), address }).ok_or_else(|| "it has no address".to_owned())
    }

    /// A host outside, unless somebody is there by that name.
    fn host(&mut self, outside: Outside) {
        if self.hosts.contains_key(&outside) || self.hosts.len() >= MAX_HOSTS {
            return;
        }
        let (name, tags, region) = &outside;
        let known = name.as_deref().and_then(|name| named(&self.topology, name));
        let node = known.map(|found| found.id).or_else(|| {
            let address = HOSTS.plus(self.hosts.len() as u128);
            let host = InternetHost {
                region: Some(region.clone()),
                // `Storage.westus2` is `Storage` of a host that stands there.
                tags: tags.iter().map(|tag| tag.strip_suffix(&format!(".{region}")).unwrap_or(tag).into()).collect(),
                azure: !tags.is_empty(),
                names: name.iter().map(|name| name.as_str().into()).collect(),
                ..InternetHost::at(Prefix::host(address))
            };
            let id = format!("/providers/vnetsim/internetHosts/required{}", self.hosts.len());
            self.topology.put(Draft::new(id, Kind::InternetHost(host))).ok()
        });
        if let Some(node) = node {
            self.hosts.insert(outside, node);
        }
    }

    pub fn ready(self, facts: &Arc<Facts>) -> Stage {
        let fabric = Arc::new(Fabric::compile(&self.topology, facts, 0));
        Stage { topology: self.topology, fabric, guests: self.guests, hosts: self.hosts }
    }
}

fn admit_all() -> SecurityRule {
    SecurityRule {
        name: "service".into(),
        priority: 100,
        direction: Direction::Inbound,
        access: Access::Allow,
        protocol: None,
        source: vec![Peer::Any],
        source_ports: Vec::new(),
        destination: vec![Peer::Any],
        destination_ports: Vec::new(),
        span: None,
    }
}

impl Stage {
    /// Who an end is, each with its name; why there is nobody, where there is not.
    pub fn find(&self, end: &End, service: &Service<'_>, world: &World) -> Result<Vec<Found>, String> {
        match end {
            End::Place(place) | End::PublicPlace(place) => {
                self.guests_of(place, matches!(end, End::PublicPlace(_)), service)
            }
            End::Name(host) => {
                let outside = outside_of(host, service);
                let found = self.hosts.get(&outside).and_then(|node| self.topology.get(*node));
                let origin = found.and_then(|found| naming::opening(&self.topology, found));
                let name = outside.0.unwrap_or_default();
                Ok(vec![Found { host: Some(name.as_str().into()), ..Found::outside(name, origin) }])
            }
            End::Tag(tag) => {
                let tag = filled(tag, service);
                let node = self.hosts.get(&(None, vec![tag.clone()], service.region.clone()));
                let found = node.and_then(|node| self.topology.get(*node));
                let origin = found.and_then(|found| naming::opening(&self.topology, found));
                Ok(vec![Found::outside(tag, origin)])
            }
            End::Own(part) => self.fronts(&service.raw.id, part),
            End::Other(other) => {
                let mut ids = super::find::values(&service.raw.body, &other.property).into_iter();
                let id = ids.find_map(|value| value.as_str());
                let id = id.ok_or_else(|| format!("it names no {}", other.property))?;
                let declared = world.resources.get(id).is_some();
                if declared { self.fronts(id, &other.part) } else { Err(format!("{} is not in the input", last(id))) }
            }
            End::Platform => Ok(vec![Found::outside("the load balancer's probe".to_owned(), None)]),
            End::Internet => {
                let everybody = self.topology.find(naming::EVERYBODY).map(|found| PortId(found.id.0));
                let origin = everybody.map(|port| Origin { port, address: STRANGER });
                Ok(vec![Found::outside("the Internet".to_owned(), origin)])
            }
        }
    }

    fn guests_of(&self, place: &str, public: bool, service: &Service<'_>) -> Result<Vec<Found>, String> {
        let subnets = service.places.get(place).map(Vec::as_slice).unwrap_or_default();
        if subnets.is_empty() {
            return Err(format!("the input has no subnet for `{place}`"));
        }
        let mut found = Vec::new();
        for subnet in subnets {
            let name = self.topology.get(*subnet).map_or("?", Resource::short_name);
            let vnet = self.topology.vnet_of(*subnet).map_or("?", Resource::short_name);
            let name = format!("{vnet}/{name}");
            match self.guests.get(&(*subnet, public)) {
                Some(Ok(origin)) => {
                    let config = NodeId(origin.port.0);
                    let public = self.topology.target(config, Relation::Uses).and_then(|it| it.kind.address());
                    found.push(Found { name, origin: Some(*origin), at: public.or(Some(origin.address)), host: None });
                }
                Some(Err(why)) => return Err(format!("no machine can be put into {name}: {why}")),
                None => return Err(format!("there are too many subnets to try {name}")),
            }
        }
        Ok(found)
    }

    /// The parts of a service: what is asked for is their first host name, where they have one.
    fn fronts(&self, service: &str, part: &str) -> Result<Vec<Found>, String> {
        let node = self.topology.find(service).ok_or_else(|| format!("{} is not in the network", last(service)))?;
        let fits = |member: &str| match part.strip_suffix('*') {
            Some(start) => member.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase()),
            None => member.eq_ignore_ascii_case(part),
        };
        let mut found = Vec::new();
        for front in self.topology.referrers(node.id, Relation::PartOf) {
            let Kind::InternetHost(host) = &front.kind else { continue };
            if fits(&host.member) {
                let chain = host.chains.first().map(|chain| chain.name.clone());
                let name = chain.or_else(|| host.names.first().cloned());
                // A name for all that is below it: one of those.
                let name =
                    name.map(|name| name.strip_prefix("*.").map_or(name.clone(), |rest| format!("any.{rest}").into()));
                let origin = naming::opening(&self.topology, front);
                let shown = name.as_deref().unwrap_or(front.short_name()).to_owned();
                found.push(Found { host: name, ..Found::outside(shown, origin) });
            }
        }
        if found.is_empty() { Err(format!("{} has no part `{part}`", last(service))) } else { Ok(found) }
    }
}

impl Found {
    fn outside(name: String, origin: Option<Origin>) -> Self {
        Self { name, origin, at: origin.map(|origin| origin.address), host: None }
    }
}

/// Who is known by a host name.
fn named<'t>(topology: &'t Topology, name: &str) -> Option<&'t Resource> {
    topology.resources().find(|found| match &found.kind {
        Kind::InternetHost(host) => {
            let chains = host.chains.iter().map(|chain| &chain.name);
            host.names.iter().chain(chains).any(|own| own.eq_ignore_ascii_case(name))
        }
        _ => false,
    })
}

fn outside_of(host: &HostName, service: &Service<'_>) -> Outside {
    let tags = host.tags.iter().map(|tag| filled(tag, service)).collect();
    (Some(filled(&host.host, service)), tags, service.region.clone())
}

fn filled(text: &str, service: &Service<'_>) -> String {
    text.replace("{region}", &service.region)
}

fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}
