//! The compiled data plane: what packets meet. One version is immutable and shares no strings with the declaration; a
//! change of the topology makes the next version, which shares with this one all that the change does not touch.

mod change;
mod compile;
mod context;
mod place;
mod port;

pub use context::{ContextId, PeerAccess, SubnetContext, VnetContext};
pub use place::{Delays, Facts, LinkClass, LinkProfile, Place, Spread};
pub use port::{
    EndpointPort, FrontendPort, LinkServicePort, NicPort, Outbound, Port, PortKind, PublicAddress, Translator,
    TranslatorKind,
};

use crate::assumption::Choices;
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Prefix};
use crate::stage::PLATFORM;
use crate::stage::security::CompiledGroup;
use crate::stage::tag::TagTable;
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
    choices: Choices,
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

    /// Whether this version has the very ports of `other`, so that nothing that hangs on them has to follow.
    #[must_use]
    pub fn has_ports_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ports, &other.ports)
    }

    /// The service tags of which no address is known, as they are written, with the groups in use that name them.
    #[must_use]
    pub fn unknown_tags(&self) -> BTreeMap<Arc<str>, BTreeSet<NodeId>> {
        let mut found: BTreeMap<Arc<str>, BTreeSet<NodeId>> = BTreeMap::new();
        // Sorted by what it is put into, so the order of the map does not show.
        for ((group, _), rules) in self.groups.iter() {
            for tag in &rules.unknown_tags {
                found.entry(tag.clone()).or_default().insert(*group);
            }
        }
        found
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

    /// What is assumed where nobody knows for certain.
    #[must_use]
    pub fn choices(&self) -> Choices {
        self.choices
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
            PortKind::Endpoint(endpoint) => {
                private(endpoint.address);
            }
            PortKind::LinkService(service) => service.nat.iter().for_each(|addr| {
                private(*addr);
            }),
            PortKind::Platform { vnet } => {
                self.private.insert((*vnet, PLATFORM), id);
            }
            PortKind::Internet { prefix } if prefix.size() == 1 => {
                self.public.insert(prefix.first(), id);
            }
            PortKind::Internet { prefix } => {
                let key = |entry: &(Prefix, PortId)| (Reverse(entry.0.bits()), entry.1);
                let entry = (*prefix, id);
                let at = self.wide.partition_point(|other| key(other) < key(&entry));
                self.wide.insert(at, entry);
            }
            PortKind::Translator(translator) => {
                self.public.extend(translator.snat.addresses.iter().map(|source| (source.address, id)));
            }
        }
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
