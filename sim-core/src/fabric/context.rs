//! What the ports of a VNet, and of a subnet, have in common.

use crate::id::NodeId;
use crate::net::Prefix;
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
    /// Its address space.
    pub space: Vec<Prefix>,
    /// What its peerings let pass, by remote VNet.
    pub peers: Vec<PeerAccess>,
    /// Silence after which the records of its security rules lapse (azure-dataplane 1.4).
    pub flow_timeout: Nanos,
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
    /// Its security group.
    pub nsg: Option<NodeId>,
}

/// What a peering lets pass from this VNet into another.
#[derive(Clone, Copy, Debug)]
pub struct PeerAccess {
    /// The other VNet.
    pub vnet: NodeId,
    /// Both directions have `allowVirtualNetworkAccess`.
    pub access: bool,
    /// The receiving side has `allowForwardedTraffic`.
    pub forwarded: bool,
}
