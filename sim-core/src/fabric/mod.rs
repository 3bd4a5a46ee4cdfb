//! The compiled data plane: what packets meet. One version is immutable and shares no strings with the declaration; a
//! change of the topology makes the next version, which shares with this one all that the change does not touch.

mod bgp;
mod change;
mod compile;
mod context;
mod place;
mod port;

pub use bgp::{BgpPeer, BgpView, LearnedRoute, WEIGHT};
pub use context::{ContextId, Doubts, Peer, SubnetContext, VnetContext};
pub use place::{Delays, Facts, LinkClass, LinkProfile, Place, Spread};
pub use port::{
    EndpointPort, FirewallPort, FrontendPort, GatewayPort, LinkServicePort, NicPort, Port, PortKind, PublicAddress,
    SiteContext, SitePort, Translator, TranslatorKind, Tunnel, TunnelEnd,
};

use crate::assumption::Choices;
use crate::id::{NodeId, PortId};
use crate::names::Names;
use crate::net::{Addr, Prefix};
use crate::set::AddrSet;
use crate::stage::firewall::CompiledFirewall;
use crate::stage::security::CompiledGroup;
use crate::stage::tag::TagTable;
use crate::stage::{PLATFORM, PLATFORM_V6};
use crate::topology::Subnet;
use change::Touch;
use hashbrown::HashMap;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type FixedMap<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// One version of the data plane.
#[derive(Clone, Debug, Default)]
pub struct Fabric {
    /// Version number: what was composed under another one is looked at again.
    pub epoch: u32,
    /// By port id, which is the number of the resource that has the port.
    ports: Arc<Vec<Option<Arc<Port>>>>,
    addresses: Arc<Addresses>,
    subnets: Arc<FixedMap<NodeId, Arc<SubnetContext>>>,
    /// Rules of a security group, compiled for one meaning of the service tags.
    groups: Arc<FixedMap<(NodeId, ContextId), Arc<CompiledGroup>>>,
    tags: Arc<TagTable>,
    facts: Arc<Facts>,
    names: Arc<Names>,
    /// Tags that routes and service endpoints name and of which nothing is known, with who names them.
    unknown_tags: Arc<BTreeMap<Arc<str>, BTreeSet<NodeId>>>,
    /// What a change of each resource would touch, by its number.
    touches: Arc<Vec<Touch>>,
}

/// Who answers which address.
#[derive(Clone, Debug, Default)]
struct Addresses {
    public: FixedMap<Addr, PortId>,
    /// Hosts on the Internet that stand for more than one address, longest prefix first.
    wide: Vec<(Prefix, PortId)>,
    /// Private addresses, by VNet.
    private: FixedMap<(NodeId, Addr), PortId>,
    /// Hosts on premises, by network, longest prefix first.
    sites: FixedMap<NodeId, Vec<(Prefix, PortId)>>,
    /// Addresses of Azure's own that answer nobody, by VNet.
    silent: BTreeSet<(NodeId, Addr)>,
}

/// A security group as it counts at one place.
#[derive(Clone, Copy, Debug)]
pub struct Group<'f> {
    /// The group's resource.
    pub node: NodeId,
    /// Its rules, compiled for the tags there.
    pub rules: &'f CompiledGroup,
}

impl Fabric {
    /// The port, if it is there in this version.
    #[must_use]
    pub fn port(&self, id: PortId) -> Option<&Arc<Port>> {
        self.ports.get(id.index()).and_then(Option::as_ref)
    }

    /// All ports.
    pub fn ports(&self) -> impl Iterator<Item = &Arc<Port>> {
        self.ports.iter().flatten()
    }

    /// What it was compiled with.
    #[must_use]
    pub fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// What names lead to.
    #[must_use]
    pub fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// Whether this version has the very ports of `other`, so that nothing that hangs on them has to follow.
    #[must_use]
    pub fn has_ports_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ports, &other.ports)
    }

    /// The service tags of which no address is known, as they are written, with the groups in use that name them, the
    /// collections of admin rules, the firewalls, the route tables and the subnets.
    #[must_use]
    pub fn unknown_tags(&self) -> BTreeMap<Arc<str>, BTreeSet<NodeId>> {
        let mut found = BTreeMap::clone(&self.unknown_tags);
        // Sorted by what it is put into, so the order of the map does not show.
        for ((group, _), rules) in self.groups.iter() {
            for tag in &rules.unknown_tags {
                found.entry(tag.clone()).or_default().insert(*group);
            }
        }
        for (tag, collection) in
            self.subnets.values().filter_map(|it| it.admin.as_ref()).flat_map(|it| it.unknown_tags())
        {
            found.entry(tag.clone()).or_default().insert(collection);
        }
        for (firewall, rules) in self.firewalls() {
            for tag in &rules.unknown_tags {
                found.entry(tag.clone()).or_default().insert(firewall);
            }
        }
        found
    }

    /// The host names in rules of firewalls that nobody is known by, as they are written, with the firewalls.
    #[must_use]
    pub fn unknown_names(&self) -> BTreeMap<Arc<str>, BTreeSet<NodeId>> {
        let mut found: BTreeMap<Arc<str>, BTreeSet<NodeId>> = BTreeMap::new();
        for (firewall, rules) in self.firewalls() {
            for name in &rules.unknown_names {
                found.entry(name.clone()).or_default().insert(firewall);
            }
        }
        found
    }

    fn firewalls(&self) -> impl Iterator<Item = (NodeId, &CompiledFirewall)> {
        self.ports().filter_map(|port| match &port.kind {
            PortKind::Firewall(firewall) => Some((NodeId(port.id.0), &firewall.rules)),
            _ => None,
        })
    }

    /// Who answers `addr` inside a VNet.
    #[must_use]
    pub fn private(&self, vnet: NodeId, addr: Addr) -> Option<PortId> {
        self.addresses.private.get(&(vnet, addr)).copied()
    }

    /// Who answers `addr` on the Internet.
    #[must_use]
    pub fn public(&self, addr: Addr) -> Option<PortId> {
        let exact = self.addresses.public.get(&addr).copied();
        let wide = || self.addresses.wide.iter().find(|(prefix, _)| prefix.contains(addr)).map(|(_, port)| *port);
        exact.or_else(wide)
    }

    /// Whether `addr` is of a service that the platform trusts.
    #[must_use]
    pub fn trusts(&self, addr: Addr) -> bool {
        let port = self.public(addr).and_then(|port| self.port(port));
        port.is_some_and(|port| matches!(port.kind, PortKind::Internet { trusted: true, .. }))
    }

    /// Who answers `addr` in a network on premises.
    #[must_use]
    pub fn on_premises(&self, site: NodeId, addr: Addr) -> Option<PortId> {
        let hosts = self.addresses.sites.get(&site)?;
        hosts.iter().find(|(prefix, _)| prefix.contains(addr)).map(|(_, port)| *port)
    }

    /// Whether `addr` is Azure's own in a VNet and answers nobody.
    #[must_use]
    pub fn is_silent(&self, vnet: NodeId, addr: Addr) -> bool {
        self.addresses.silent.contains(&(vnet, addr))
    }

    /// What is assumed in this version.
    #[must_use]
    pub fn choices(&self) -> Choices {
        self.facts.choices
    }

    /// What a service tag holds in a subnet, if anything is known of it.
    #[must_use]
    pub fn tag(&self, tag: &str, subnet: &SubnetContext) -> Option<AddrSet> {
        self.tags.resolve(tag, &subnet.tags)
    }

    /// What the ports of a subnet share.
    #[must_use]
    pub fn subnet(&self, subnet: NodeId) -> Option<&Arc<SubnetContext>> {
        self.subnets.get(&subnet)
    }

    /// A security group with its rules as they count in `subnet`. `None` where there is none.
    #[must_use]
    pub fn group(&self, nsg: Option<NodeId>, subnet: &SubnetContext) -> Option<Group<'_>> {
        let node = nsg?;
        self.groups.get(&(node, subnet.context)).map(|rules| Group { node, rules })
    }
}

impl Addresses {
    /// Notes which addresses a port answers.
    fn enlist(&mut self, id: PortId, vnet: Option<NodeId>, kind: &PortKind) {
        let mut private = |addr: Addr| vnet.map(|vnet| self.private.insert((vnet, addr), id));
        match kind {
            PortKind::Nic(nic) => {
                private(nic.address);
                if let Some(public) = nic.public {
                    self.public.insert(public.address, id);
                }
            }
            PortKind::Frontend(frontend) if frontend.public => {
                self.public.extend(frontend.addresses.iter().map(|addr| (*addr, id)));
            }
            PortKind::Frontend(frontend) => {
                private(frontend.address);
            }
            PortKind::Endpoint(endpoint) => endpoint.members.iter().for_each(|(addr, _)| {
                private(*addr);
            }),
            PortKind::LinkService(service) => service.nat.iter().for_each(|addr| {
                private(*addr);
            }),
            PortKind::Firewall(firewall) => {
                private(firewall.interface.address);
                self.public.extend(firewall.public.iter().map(|addr| (*addr, id)));
            }
            PortKind::Platform { vnet } => {
                self.private.extend([PLATFORM, PLATFORM_V6].map(|addr| ((*vnet, addr), id)));
            }
            PortKind::Internet { private: true, .. } => {}
            PortKind::Internet { prefix, .. } if prefix.size() == 1 => {
                self.public.insert(prefix.first(), id);
            }
            PortKind::Internet { prefix, .. } => place(&mut self.wide, (*prefix, id)),
            PortKind::OnPremises(host) => place(self.sites.entry(host.site.node).or_default(), (host.prefix, id)),
            PortKind::Gateway(_) => {}
            PortKind::Translator(translator) => {
                self.public.extend(translator.snat.addresses.iter().map(|source| (source.address, id)));
            }
        }
    }

    /// Notes the address of a subnet that answers nobody.
    ///
    /// Rule `route-gateway-address-silent`: the first address of a subnet after the network's own is the gateway's of every
    /// route and answers nobody. Source: azure-dataplane 1.8, 5.4.
    fn silence(&mut self, vnet: NodeId, subnet: &Subnet) {
        self.silent.extend(subnet.prefixes.iter().map(|prefix| (vnet, prefix.first().plus(1))));
    }

    /// Forgets the addresses of a NIC.
    fn strike(&mut self, id: PortId, vnet: Option<NodeId>, nic: &NicPort) {
        let held = |held: Option<&PortId>| held.is_some_and(|held| *held == id);
        if let Some(key) = vnet.map(|vnet| (vnet, nic.address)).filter(|key| held(self.private.get(key))) {
            self.private.remove(&key);
        }
        if let Some(public) = nic.public.filter(|public| held(self.public.get(&public.address))) {
            self.public.remove(&public.address);
        }
    }
}

/// Adds an entry to a list that has the longest prefix first.
fn place(list: &mut Vec<(Prefix, PortId)>, entry: (Prefix, PortId)) {
    let key = |entry: &(Prefix, PortId)| (Reverse(entry.0.bits()), entry.1);
    let at = list.partition_point(|other| key(other) < key(&entry));
    list.insert(at, entry);
}
