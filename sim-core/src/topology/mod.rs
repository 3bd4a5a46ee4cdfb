//! The declared network: resources are nodes, references are typed edges. The compiler, the checks of what Azure would
//! refuse and the deletion order walk it.

mod allocate;
mod change;
mod difference;
mod kind;
mod permission;
mod refuse;

pub use change::{Draft, Edit, Refusal};
pub use difference::Difference;
pub use kind::*;
pub use permission::Permission;

use crate::id::NodeId;
use crate::net::{Addr, Prefix};
use crate::source::Span;
use hashbrown::HashMap;
use petgraph::Direction as Way;
use petgraph::stable_graph::{NodeIndex, StableGraph};
use petgraph::visit::EdgeRef;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an edge says. It points from the resource that holds the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Child to parent: subnet to VNet, address to NIC, NIC to machine, rule to balancer, peering to its VNet.
    PartOf,
    /// Takes its addresses from this subnet.
    Attached,
    /// Filtered by this security group.
    FilteredBy,
    /// Routed by this table.
    RoutedBy,
    /// Goes out through this NAT gateway.
    TranslatedBy,
    /// Uses this public address.
    Uses,
    /// Belongs to this application security group or backend pool.
    MemberOf,
    /// A peering's other VNet; a connection's other gateway or network.
    Remote,
    /// A rule, or a private link service, at this frontend.
    Listens,
    /// A rule to this backend pool or address.
    Sends,
    /// A rule with this health probe.
    Checks,
    /// A private endpoint's resource; a gateway's default site.
    Target,
    /// Security admin rules to a VNet they govern.
    Governs,
    /// A firewall to its policy, a policy to the one it inherits from.
    GovernedBy,
    /// A zone group to the zones that it keeps records in.
    Registers,
    /// A frontend or an address whose traffic goes through this gateway balancer's frontend.
    ChainedTo,
}

/// A resource: its identity, where it comes from, what it is.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its number in this run.
    pub id: NodeId,
    /// Its Azure resource id, in the case it was written in.
    pub name: Arc<str>,
    /// Where it was declared.
    pub span: Option<Span>,
    /// The managed service that made it; `None` when the user declared it.
    pub owner: Option<Arc<str>>,
    /// What it is.
    pub kind: Kind,
}

impl Resource {
    /// What people call it: the last part of the resource id, but for machines that have a name of their own.
    #[must_use]
    pub fn short_name(&self) -> &str {
        match &self.kind {
            Kind::Machine(Machine { called: Some(name), .. }) => name,
            _ => self.name.rsplit('/').next().unwrap_or(&self.name),
        }
    }
}

/// The declared network at one instant.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    graph: StableGraph<Resource, Relation>,
    /// Where each node stands in the graph; `None` once it is deleted. Never shrinks: ids are not used again.
    places: Vec<Option<NodeIndex>>,
    /// By resource id in lower case: Azure compares ids so.
    names: HashMap<Arc<str>, NodeId, foldhash::fast::FixedState>,
    /// Private addresses that are taken: subnet, address, holder. Large subnets are asked for each of their addresses. The
    /// same of ranges: VNet, first address, subnet.
    held: BTreeSet<(NodeId, Addr, NodeId)>,
    /// How many public addresses were given out.
    public_given: u32,
}

impl Topology {
    /// An empty network.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The resource with this number, if it is still there.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&Resource> {
        self.places.get(id.index()).copied().flatten().map(|place| &self.graph[place])
    }

    /// The resource with this Azure id, in any letter case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Resource> {
        self.names.get(name.to_ascii_lowercase().as_str()).and_then(|id| self.get(*id))
    }

    /// How many numbers were given out: every id is below.
    #[must_use]
    pub fn id_limit(&self) -> usize {
        self.places.len()
    }

    /// All resources, in the order they came.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.places.iter().flatten().map(|place| &self.graph[*place])
    }

    /// What `id` refers to by `relation`, in the order the targets came.
    #[must_use]
    pub fn targets(&self, id: NodeId, relation: Relation) -> Vec<&Resource> {
        in_order(self.neighbours(id, relation, Way::Outgoing))
    }

    /// The first resource that `id` refers to by `relation`.
    #[must_use]
    pub fn target(&self, id: NodeId, relation: Relation) -> Option<&Resource> {
        self.neighbours(id, relation, Way::Outgoing).min_by_key(|resource| resource.id)
    }

    /// What refers to `id` by `relation`, in the order they came.
    #[must_use]
    pub fn referrers(&self, id: NodeId, relation: Relation) -> Vec<&Resource> {
        in_order(self.neighbours(id, relation, Way::Incoming))
    }

    fn neighbours(&self, id: NodeId, relation: Relation, way: Way) -> impl Iterator<Item = &Resource> {
        let place = self.places.get(id.index()).copied().flatten();
        let edges = place.into_iter().flat_map(move |place| self.graph.edges_directed(place, way));
        let edges = edges.filter(move |edge| *edge.weight() == relation);
        edges.map(move |edge| &self.graph[if way == Way::Outgoing { edge.target() } else { edge.source() }])
    }

    /// The VNet that holds a subnet, an address, a frontend, an endpoint: whatever is attached somewhere.
    #[must_use]
    pub fn vnet_of(&self, id: NodeId) -> Option<&Resource> {
        let resource = self.get(id)?;
        match resource.kind {
            Kind::Vnet(_) => Some(resource),
            Kind::Subnet(_) => self.target(id, Relation::PartOf),
            _ => match self.target(id, Relation::Attached) {
                Some(subnet) => self.vnet_of(subnet.id),
                // A gateway whose subnet is not known.
                None => self.target(id, Relation::PartOf).filter(|found| matches!(found.kind, Kind::Vnet(_))),
            },
        }
    }

    /// The subnet that `id` takes its addresses from.
    #[must_use]
    pub fn subnet_of(&self, id: NodeId) -> Option<(&Resource, &Subnet)> {
        self.target(id, Relation::Attached).and_then(|found| match &found.kind {
            Kind::Subnet(subnet) => Some((found, subnet)),
            _ => None,
        })
    }

    /// The addresses of a machine, primary first, in the order they came.
    #[must_use]
    pub fn addresses_of(&self, machine: NodeId) -> Vec<(NodeId, Addr)> {
        let nics = self.referrers(machine, Relation::PartOf).into_iter();
        self.primary_first(nics.map(|nic| nic.id))
    }

    /// The addresses of a NIC, primary first, in the order they came.
    #[must_use]
    pub fn addresses_of_nic(&self, nic: NodeId) -> Vec<(NodeId, Addr)> {
        self.primary_first(std::iter::once(nic))
    }

    fn primary_first(&self, nics: impl Iterator<Item = NodeId>) -> Vec<(NodeId, Addr)> {
        let mut found = Vec::new();
        for config in nics.flat_map(|nic| self.referrers(nic, Relation::PartOf)) {
            if let Kind::IpConfig(IpConfig { address: Some(address), primary, .. }) = config.kind {
                found.push((!primary, config.id, address));
            }
        }
        found.sort();
        found.into_iter().map(|(_, id, address)| (id, address)).collect()
    }

    /// The machine that an address belongs to.
    #[must_use]
    pub fn machine_of(&self, config: NodeId) -> Option<&Resource> {
        let nic = self.target(config, Relation::PartOf)?;
        self.target(nic.id, Relation::PartOf)
    }

    /// The port that a health probe asks.
    #[must_use]
    pub fn probe_port(&self, probe: NodeId) -> Option<u16> {
        match &self.get(probe)?.kind {
            Kind::Probe(probe) => Some(probe.port),
            _ => None,
        }
    }

    /// Every private address that is taken in the subnet `id`, with its holder.
    #[must_use]
    pub fn taken(&self, id: NodeId) -> Vec<(Addr, NodeId)> {
        self.taken_from(id, Addr(0)).collect()
    }

    /// Those from `first` on, ascending.
    fn taken_from(&self, subnet: NodeId, first: Addr) -> impl Iterator<Item = (Addr, NodeId)> {
        let all = (subnet, first, NodeId(0))..=(subnet, Addr(u128::MAX), NodeId(u32::MAX));
        self.held.range(all).map(|(_, address, holder)| (*address, *holder))
    }

    /// The subnets of a VNet with a range that begins at an address or before it, the nearest first.
    fn ranges_until(&self, vnet: NodeId, last: Addr) -> impl Iterator<Item = &Resource> {
        let all = (vnet, Addr(0), NodeId(0))..=(vnet, last, NodeId(u32::MAX));
        self.held.range(all).rev().filter_map(|(_, _, subnet)| self.get(*subnet))
    }

    /// The connected peering of a VNet with that other one.
    #[must_use]
    pub fn peer(&self, vnet: NodeId, remote: NodeId) -> Option<PeerVnet<'_>> {
        self.peers(vnet).into_iter().find(|peer| peer.vnet.id == remote)
    }

    /// The VNets that a VNet may reach directly.
    ///
    /// Rule `peering-both-sides`: a peering carries packets once both sides have one and neither is disconnected. Source:
    /// azure-dataplane 2.7.
    #[must_use]
    pub fn peers(&self, vnet: NodeId) -> Vec<PeerVnet<'_>> {
        let peerings = |from: NodeId| {
            self.referrers(from, Relation::PartOf).into_iter().filter_map(|child| match &child.kind {
                Kind::Peering(peering) => Some((child, peering)),
                _ => None,
            })
        };
        let mut found = Vec::new();
        for (here, local) in peerings(vnet) {
            let Some(other) = self.target(here.id, Relation::Remote) else { continue };
            let back = peerings(other.id)
                .find(|(there, _)| self.target(there.id, Relation::Remote).is_some_and(|target| target.id == vnet));
            if let (Some((there, remote)), Kind::Vnet(attributes)) = (back, &other.kind)
                && !local.disconnected
                && !remote.disconnected
            {
                found.push(PeerVnet { vnet: other, space: &attributes.space, here, local, there, remote });
            }
        }
        found
    }
}

/// A VNet on the other side of a connected peering.
#[derive(Clone, Copy, Debug)]
pub struct PeerVnet<'a> {
    /// The other VNet.
    pub vnet: &'a Resource,
    /// Its address space.
    pub space: &'a [Prefix],
    /// The peering of this side.
    pub here: &'a Resource,
    /// Its flags.
    pub local: &'a Peering,
    /// The peering of the other side.
    pub there: &'a Resource,
    /// Its flags.
    pub remote: &'a Peering,
}

impl<'a> PeerVnet<'a> {
    /// The setting that keeps packets from crossing to the other VNet, with its peering: `allowForwardedTraffic` of the other
    /// side for those that are `forwarded`, else `allowVirtualNetworkAccess` of the side where it is off, this one first.
    #[must_use]
    pub fn closed(&self, forwarded: bool) -> (&'a Resource, &'a Setting<bool>) {
        match (forwarded, self.local.access.value) {
            (true, _) => (self.there, &self.remote.forwarded),
            (false, true) => (self.there, &self.remote.access),
            (false, false) => (self.here, &self.local.access),
        }
    }

    /// The ranges of the other VNet that the peering makes reachable.
    ///
    /// Rule `ipv6-only-peering`: a peering of IPv6 alone gives no route to the other network's IPv4 ranges. Source:
    /// azure-dataplane 2.7.
    pub fn ranges(&self) -> impl Iterator<Item = Prefix> {
        let only_v6 = self.local.only_v6 || self.remote.only_v6;
        self.space.iter().copied().filter(move |prefix| !only_v6 || !prefix.is_v4())
    }
}

/// petgraph walks edges newest first.
fn in_order<'a>(found: impl Iterator<Item = &'a Resource>) -> Vec<&'a Resource> {
    let mut found: Vec<&Resource> = found.collect();
    found.sort_by_key(|resource| resource.id);
    found
}
