//! Stand-ins for resources that the input refers to and does not declare.

use super::World;
use super::collect::Node;
use crate::arm::Assumption;
use crate::azure::{self, Finding};
use crate::diagnostic::Diagnostic;
use sim_core::id::NodeId;
use sim_core::net::{Addr, Prefix};
use sim_core::source::Span;
use sim_core::topology::{
    BackendPool, DnsZone, Draft, FirewallPolicy, Frontend, IpConfig, Kind, LoadBalancer, Machine, NatGateway, Nic, Nsg,
    OnPremises, PublicIp, Relation, RouteTable, Ruleset, Setting, Sku, Subnet, Topology, Vnet,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Length of a stand-in VNet and of a subnet in it.
const VNET_LEN: u8 = 16;
const SUBNET_LEN: u8 = 24;
/// The same of IPv6.
const VNET_LEN_V6: u8 = 48;
const SUBNET_LEN_V6: u8 = 64;
/// How many places for a subnet are tried.
const MAX_TRIES: u128 = 4096;

/// What the rest of the input tells of networks that it does not declare: prefixes of subnets, and addresses that are
/// asked for, by the id of the VNet or subnet in lower case.
#[derive(Debug, Default)]
pub(super) struct Hints {
    subnets: BTreeMap<String, Vec<Prefix>>,
    addresses: BTreeMap<String, Vec<Addr>>,
    /// Where IPv6 addresses are wanted, whichever.
    v6: BTreeSet<String>,
}

impl Hints {
    /// What these resources tell.
    pub(super) fn of<'d>(drafts: impl Iterator<Item = &'d Draft>) -> Self {
        let mut hints = Self::default();
        for draft in drafts {
            for (relation, target) in &draft.refers {
                match (relation, &draft.kind) {
                    (Relation::PartOf, Kind::Subnet(subnet)) => {
                        hints.subnets.entry(target.to_ascii_lowercase()).or_default().extend(&subnet.prefixes);
                    }
                    (Relation::Attached, kind) => {
                        let vnet = azure::parent(target).unwrap_or(target);
                        for id in [target, vnet] {
                            hints.addresses.entry(id.to_ascii_lowercase()).or_default().extend(asked(kind));
                            if wants_v6(kind) {
                                hints.v6.insert(id.to_ascii_lowercase());
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        hints
    }

    fn subnets(&self, vnet: &str) -> &[Prefix] {
        self.subnets.get(&vnet.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default()
    }

    fn addresses(&self, id: &str) -> &[Addr] {
        self.addresses.get(&id.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default()
    }
}

fn wants_v6(kind: &Kind) -> bool {
    matches!(kind, Kind::IpConfig(IpConfig { v6: true, .. }) | Kind::Frontend(Frontend { v6: true, .. }))
}

/// The addresses that a resource asks for.
fn asked(kind: &Kind) -> Vec<Addr> {
    match kind {
        Kind::IpConfig(IpConfig { requested, .. }) | Kind::Frontend(Frontend { requested, .. }) => {
            requested.iter().copied().collect()
        }
        Kind::Firewall(firewall) => firewall.requested.iter().copied().collect(),
        Kind::PrivateEndpoint(endpoint) => endpoint.members.iter().filter_map(|member| member.requested).collect(),
        Kind::LinkService(service) => service.nat.iter().flatten().copied().collect(),
        _ => Vec::new(),
    }
}

impl World {
    /// Adds a stand-in for `target`, to which `from` refers. `false` if the network does not take it.
    pub(super) fn stand_in(&mut self, relation: Relation, target: &Arc<str>, from: &Node, hints: &Hints) -> bool {
        let region = &from.region;
        let span = from.draft.span;
        let draft = |kind| Draft::new(target.clone(), kind);
        let kind = azure::resource_type(target).to_ascii_lowercase();
        let ends = |word: &str| kind.ends_with(word);
        let (draft, what): (Draft, &str) = match relation {
            Relation::FilteredBy => (draft(Kind::Nsg(Nsg::default())), "a security group with the default rules alone"),
            Relation::RoutedBy => (draft(Kind::RouteTable(RouteTable::default())), "a route table without routes"),
            Relation::TranslatedBy => return self.stand_in_gateway(target, region, span),
            Relation::Uses => return self.stand_in_public(target, from),
            Relation::Remote | Relation::Target if ends("/localnetworkgateways") || ends("/expressroutecircuits") => {
                (draft(Kind::OnPremises(OnPremises::default())), "a network on premises whose ranges are not known")
            }
            Relation::Remote if ends("/virtualnetworkgateways") => (
                draft(Kind::Inert { resource_type: azure::resource_type(target) }),
                "a gateway of which nothing is known; nothing goes through it",
            ),
            Relation::Remote => return self.stand_in_vnet(target, region, hints, true, span).is_some(),
            Relation::Registers | Relation::PartOf if ends("/privatednszones") || ends("/dnszones") => {
                let name = azure::name_of(target).to_ascii_lowercase().into();
                let zone = DnsZone { name, public: ends("/dnszones") };
                (draft(Kind::DnsZone(zone)), "a zone without other links or records")
            }
            Relation::PartOf if ends("/dnsforwardingrulesets") => {
                (draft(Kind::Ruleset(Ruleset::default())), "a rule set without rules")
            }
            Relation::Target if self.stand_in_service(target, region, span) => return true,
            Relation::PartOf if ends("/virtualnetworks") => {
                return self.stand_in_vnet(target, region, hints, false, span).is_some();
            }
            Relation::PartOf if ends("/loadbalancers") => (draft(balancer(region)), "a Standard load balancer"),
            Relation::PartOf if ends("/virtualmachines") => {
                let kind =
                    Kind::Machine(Machine { size: "".into(), egress_bps: None, forwards: false, ..Machine::default() });
                (draft(kind), "a machine without a cap on what it sends")
            }
            Relation::GovernedBy => {
                (draft(Kind::FirewallPolicy(FirewallPolicy::default())), "a firewall policy without rules")
            }
            Relation::MemberOf if ends("/applicationsecuritygroups") => {
                (draft(Kind::Asg), "an application security group without other members")
            }
            Relation::MemberOf | Relation::Listens | Relation::Checks => {
                return self.stand_in_part(relation, target, region, span);
            }
            Relation::Sends if ends("/backendaddresspools") => {
                return self.stand_in_part(relation, target, region, span);
            }
            Relation::PartOf if ends("/networkinterfaces") => (
                draft(Kind::Nic(Nic { region: region.clone(), ..Nic::default() })),
                "a NIC whose subnet and address are not known; nothing reaches it",
            ),
            Relation::Sends => {
                (draft(Kind::IpConfig(IpConfig::default())), "an address that is not known; nothing reaches it")
            }
            _ => (
                draft(Kind::Inert { resource_type: azure::resource_type(target) }),
                "a resource of which nothing is known",
            ),
        };
        self.assume(draft, what, span).is_some()
    }

    /// Adds a stand-in for a subnet: the first free /24 of its VNet, or the /24 of an address that is asked for.
    pub(super) fn stand_in_subnet(
        &mut self,
        target: &Arc<str>,
        region: &Arc<str>,
        hints: &Hints,
        span: Option<Span>,
    ) -> Result<NodeId, Box<Finding>> {
        let vnet = azure::parent(target).map_or_else(|| format!("{target}/virtualNetwork").into(), Arc::from);
        if self.topology.find(&vnet).is_none() {
            self.stand_in_vnet(&vnet, region, hints, false, span);
        }
        let asked = hints.addresses(target).iter().find(|address| address.is_v4());
        let asked = asked.and_then(|address| Prefix::new(*address, SUBNET_LEN));
        let prefix = asked.or_else(|| free_subnet(&self.topology, &vnet, false)).unwrap_or(Prefix::ALL_V4);
        let mut prefixes = vec![prefix];
        if hints.v6.contains(&target.to_ascii_lowercase()) {
            let asked = hints.addresses(target).iter().find(|address| !address.is_v4());
            let asked = asked.and_then(|address| Prefix::new(*address, SUBNET_LEN_V6));
            prefixes.extend(asked.or_else(|| free_subnet(&self.topology, &vnet, true)));
        }
        let list: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
        let kind = Kind::Subnet(Subnet {
            prefixes,
            link_service_policies: Setting::default_of(false),
            endpoint_policies: Setting::default(),
            default_outbound: Setting::default_of(true),
            delegation: None,
            service_endpoints: Vec::new(),
        });
        let what = format!(
            "subnet {} of {}, without security group or route table, policies for private link services off, \
             default outbound access on",
            list.join(", "),
            azure::name_of(&vnet)
        );
        let draft = Draft::new(target.clone(), kind).refer(Relation::PartOf, vnet);
        self.assume(draft, &what, span).ok_or_else(|| {
            let message =
                format!("subnet {target} is not declared, and there is no room for it in its virtual network");
            let diagnostic = Diagnostic { span, ..Diagnostic::error("InvalidResourceReference", message) };
            Box::new(Finding { resource: target.clone(), diagnostic, edit: None })
        })
    }

    /// Adds a stand-in for a VNet: 10.0.0.0/16, or for the other side of a peering the first such block that no VNet
    /// has; and whatever is known to be in it.
    fn stand_in_vnet(
        &mut self,
        target: &Arc<str>,
        region: &Arc<str>,
        hints: &Hints,
        apart: bool,
        span: Option<Span>,
    ) -> Option<NodeId> {
        let mut space: Vec<Prefix> = Vec::new();
        let addresses = hints.addresses(target).iter().map(|address| Prefix::host(*address));
        let blocks = hints.subnets(target).iter().copied().chain(addresses).map(|prefix| {
            let len = if prefix.is_v4() { VNET_LEN } else { 64 };
            Prefix::new(prefix.first(), len).filter(|block| block.covers(prefix)).unwrap_or(prefix)
        });
        for block in blocks {
            if !space.iter().any(|own| own.covers(block)) {
                space.retain(|own| !block.covers(*own));
                space.push(block);
            }
        }
        if space.is_empty() {
            let used = |block: &Prefix| {
                self.topology.resources().any(|resource| match &resource.kind {
                    Kind::Vnet(vnet) => vnet.space.iter().any(|own| own.overlaps(*block)),
                    _ => false,
                })
            };
            let mut candidates = (0..=255).filter_map(|n| Prefix::new(Addr::v4(10, n, 0, 0), VNET_LEN));
            space.push(candidates.find(|block| !apart || !used(block))?);
        }
        if hints.v6.contains(&target.to_ascii_lowercase()) && space.iter().all(|block| block.is_v4()) {
            // Unique local (RFC 4193), by the number of the IPv4 block beside it.
            let beside = space.first().and_then(|block| block.first().v4_bits()).unwrap_or_default();
            space.extend(Prefix::new(Addr(0xfd00 << 112 | u128::from(beside) << 80), VNET_LEN_V6));
        }
        let list: Vec<String> = space.iter().map(ToString::to_string).collect();
        let what = format!("a virtual network {} in {region}", list.join(", "));
        self.assume(
            Draft::new(target.clone(), Kind::Vnet(Vnet { region: region.clone(), space, ..Vnet::default() })),
            &what,
            span,
        )
    }

    fn stand_in_public(&mut self, target: &Arc<str>, from: &Node) -> bool {
        // Tiers must match: a frontend's public address has that of its balancer.
        let whole = from.draft.refers.iter().find(|(relation, _)| *relation == Relation::PartOf);
        let balancer = whole.and_then(|(_, id)| self.topology.find(id)).map(|found| &found.kind);
        let sku = match balancer {
            Some(Kind::LoadBalancer(balancer)) => balancer.sku.value,
            _ => Sku::Standard,
        };
        let v6 = wants_v6(&from.draft.kind);
        let region = from.region.clone();
        let kind = Kind::PublicIp(PublicIp { sku, region, address: None, v6, ..PublicIp::default() });
        self.assume(Draft::new(target.clone(), kind), "a public address, made up here", from.draft.span).is_some()
    }

    /// A managed service that only a private endpoint names, with its fronts; `false` for what is none.
    fn stand_in_service(&mut self, target: &Arc<str>, region: &Arc<str>, span: Option<Span>) -> bool {
        let mut drafts = azure::assumed_service(target, region, &self.resources).into_iter();
        let Some(service) = drafts.next() else { return false };
        let what = format!("a service in {region} that lets everybody in");
        if self.assume(service, &what, span).is_none() {
            return false;
        }
        for front in drafts {
            self.assumed.insert(front.name.to_ascii_lowercase());
            let _ = self.topology.put(front);
        }
        true
    }

    fn stand_in_gateway(&mut self, target: &Arc<str>, region: &Arc<str>, span: Option<Span>) -> bool {
        let address: Arc<str> = format!("{target}/publicIPAddress").into();
        let kind = Kind::PublicIp(PublicIp {
            sku: Sku::Standard,
            region: region.clone(),
            address: None,
            ..PublicIp::default()
        });
        let public = Draft::new(address.clone(), kind);
        self.assume(public, "the public address of a NAT gateway, made up here", span).is_some()
            && self
                .assume(
                    Draft::new(target.clone(), Kind::NatGateway(NatGateway::default())).refer(Relation::Uses, address),
                    "a NAT gateway with one public address",
                    span,
                )
                .is_some()
    }

    /// A part of a load balancer that nobody declares, with the balancer.
    fn stand_in_part(&mut self, relation: Relation, target: &Arc<str>, region: &Arc<str>, span: Option<Span>) -> bool {
        let whole: Arc<str> = azure::parent(target).map_or_else(|| format!("{target}/loadBalancer").into(), Arc::from);
        if self.topology.find(&whole).is_none() {
            self.assume(Draft::new(whole.clone(), balancer(region)), "a Standard load balancer", span);
        }
        let (kind, what) = match relation {
            Relation::Listens => (Kind::Frontend(Frontend::default()), "a frontend whose address is not known"),
            Relation::Checks => return false,
            _ => (Kind::BackendPool(BackendPool::default()), "a backend pool without other members"),
        };
        self.assume(Draft::new(target.clone(), kind).refer(Relation::PartOf, whole), what, span).is_some()
    }

    /// Puts a stand-in and states it.
    fn assume(&mut self, draft: Draft, what: &str, span: Option<Span>) -> Option<NodeId> {
        let name = draft.name.to_string();
        let id = self.topology.put(draft).ok()?;
        self.assumed.insert(name.to_ascii_lowercase());
        let text = format!("not declared here, taken to exist: {what}");
        self.assumptions.push(Assumption { code: "world.assumed-resource", name, text, span });
        Some(id)
    }
}

fn balancer(region: &Arc<str>) -> Kind {
    Kind::LoadBalancer(LoadBalancer {
        sku: Setting::default_of(Sku::Standard),
        region: region.clone(),
        ..LoadBalancer::default()
    })
}

/// The first free /24 (less if the VNet is smaller) of a VNet, or /64.
fn free_subnet(topology: &Topology, vnet: &str, v6: bool) -> Option<Prefix> {
    let found = topology.find(vnet)?;
    let Kind::Vnet(attributes) = &found.kind else { return None };
    let siblings = topology.referrers(found.id, Relation::PartOf);
    let taken: Vec<Prefix> = siblings
        .into_iter()
        .filter_map(|sibling| match &sibling.kind {
            Kind::Subnet(subnet) => Some(subnet.prefixes.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let (usual, bits) = if v6 { (SUBNET_LEN_V6, 128) } else { (SUBNET_LEN, 32) };
    attributes.space.iter().filter(|space| space.is_v4() != v6).find_map(|space| {
        let len = usual.max(space.len());
        let size = 1u128 << (bits - len);
        let tries = (space.size() / size).min(MAX_TRIES);
        let candidates = (0..tries).filter_map(|n| Prefix::new(space.first().plus(n * size), len));
        candidates.into_iter().find(|one| !taken.iter().any(|other| other.overlaps(*one)))
    })
}
