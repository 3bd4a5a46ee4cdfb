//! What the ports of a VNet, and of a subnet, have in common.

use crate::assumption::AssumptionSet;
use crate::id::NodeId;
use crate::net::{Addr, Prefix, Tuple};
use crate::set::AddrSet;
use crate::stage::admin::CompiledAdmin;
use crate::stage::peering::Link;
use crate::stage::route::RouteTable;
use crate::stage::tag::TagContext;
use crate::time::Nanos;
use std::sync::Arc;

/// Which meaning of the service tags: subnets with the same tags share it, and the rules compiled for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextId(pub u32);

/// What all subnets of a VNet share.
#[derive(Clone, Debug)]
pub struct VnetContext {
    /// The VNet.
    pub node: NodeId,
    /// Its region, in short form.
    pub region: Arc<str>,
    /// Its address space.
    pub space: Vec<Prefix>,
    /// Its peerings.
    pub peers: Vec<Peer>,
    /// Silence after which the records of its security rules lapse (azure-dataplane 1.4).
    pub flow_timeout: Nanos,
    /// Whether that is assumed.
    pub flow_timeout_assumed: bool,
}

/// A VNet on the other side of a peering.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The other VNet.
    pub vnet: NodeId,
    /// Its region, in short form.
    pub region: Arc<str>,
    /// What of its address space is reached.
    pub space: Vec<Prefix>,
    /// What the two flags of each side let pass.
    pub link: Link,
    /// The subnets of this side that are peered; `None` for all.
    pub subnets: Option<Vec<NodeId>>,
}

impl VnetContext {
    /// Whether a route may name `addr` as the next hop: it is in this VNet or in one that is directly peered.
    ///
    /// Rule `route-appliance-near`: an appliance is used as next hop only where its address is in the VNet or in a peer;
    /// towards others the route drops. Source: azure-dataplane 2.3; recorded as next hop type `None` with the address.
    #[must_use]
    pub fn is_near(&self, addr: Addr) -> bool {
        let mut prefixes = self.space.iter().chain(self.peers.iter().flat_map(|peer| &peer.space));
        prefixes.any(|prefix| prefix.contains(addr))
    }
}

/// What all ports of a subnet share.
#[derive(Clone, Debug)]
pub struct SubnetContext {
    /// The subnet.
    pub node: NodeId,
    /// Its VNet.
    pub vnet: NodeId,
    /// What it shares with the VNet's other subnets.
    pub network: Arc<VnetContext>,
    /// Its effective routes.
    pub routes: RouteTable,
    /// What service tags mean here.
    pub tags: Arc<TagContext>,
    /// The number of that meaning.
    pub context: ContextId,
    /// What is assumed about that meaning.
    pub doubts: Doubts,
    /// Its security group.
    pub nsg: Option<NodeId>,
    /// The security admin rules that govern its VNet, as the tags stand here.
    pub admin: Option<Arc<CompiledAdmin>>,
    /// Addresses of Azure Storage that are reached without any way out to the Internet; none unless the subnet is private.
    pub storage: AddrSet,
}

/// Addresses of which it is assumed whether service tags hold them.
#[derive(Clone, Debug, Default)]
pub struct Doubts(Vec<(AddrSet, AssumptionSet)>);

impl Doubts {
    /// Notes what is assumed about addresses.
    pub fn note(&mut self, about: AddrSet, assumed: AssumptionSet) {
        if !about.is_empty() {
            self.0.push((about, assumed));
        }
    }

    /// What a rule's decision about a packet may hang on.
    #[must_use]
    pub fn touching(&self, tuple: &Tuple) -> AssumptionSet {
        let touched = |about: &AddrSet| about.contains(tuple.src) || about.contains(tuple.dst);
        let found = self.0.iter().filter(|(about, _)| touched(about));
        found.fold(AssumptionSet::default(), |all, (_, assumed)| all.union(*assumed))
    }
}
