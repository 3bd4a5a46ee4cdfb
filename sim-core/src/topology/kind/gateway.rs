//! Virtual network gateways, their connections, and the networks on the other side.

use super::NameServer;
use crate::net::{Addr, Prefix};
use std::sync::Arc;

/// What a gateway connects by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GatewayKind {
    /// Tunnels over the Internet.
    #[default]
    Vpn,
    /// Private circuits.
    ExpressRoute,
}

/// `Microsoft.Network/virtualNetworkGateways`. Attached to `GatewaySubnet`, or part of a VNet where the subnet is not known;
/// its target is the network that a user's default route to it leads to (`gatewayDefaultSite`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gateway {
    /// Its region.
    pub region: Arc<str>,
    /// What it connects by.
    pub kind: GatewayKind,
    /// `vpnType` is `PolicyBased`.
    pub policy_based: bool,
    /// How it exchanges routes, if it does.
    pub bgp: Option<Bgp>,
}

/// One side of a BGP session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bgp {
    /// Autonomous system number.
    pub asn: u32,
    /// The address it speaks from, where it is known.
    pub address: Option<Addr>,
}

/// `Microsoft.Network/connections`: from the gateway it is part of to a gateway or network on the other side, its remote.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connection {
    /// Whether routes are exchanged by BGP rather than declared.
    pub bgp: bool,
    /// `routingWeight`: of equal routes the higher one wins.
    pub weight: u32,
}

/// `localNetworkGateways` and `expressRouteCircuits`: a network that is not Azure's, as Azure knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnPremises {
    /// Where it is, in short form of the nearest region, as far as it is known.
    pub region: Option<Arc<str>>,
    /// Its address ranges.
    pub prefixes: Vec<Prefix>,
    /// The address of its own gateway.
    pub address: Option<Addr>,
    /// How it exchanges routes, if it does.
    pub bgp: Option<Bgp>,
}

/// A machine in such a network, of which it is part.
#[derive(Clone, Debug, PartialEq)]
pub struct OnPremisesHost {
    /// Its address. A prefix of more than one address stands for all of them.
    pub prefix: Prefix,
    /// How fast it sends, bits per second. `None`: not limited.
    pub egress_bps: Option<u64>,
    /// Whom it asks about names; none where its network has a way of its own, which then gives the Internet's answers.
    pub dns_servers: Vec<Addr>,
    /// What it answers about names, where it does.
    pub name_server: Option<NameServer>,
}

impl OnPremisesHost {
    /// One of which nothing is known but its address.
    #[must_use]
    pub fn at(prefix: Prefix) -> Self {
        Self { prefix, egress_bps: None, dns_servers: Vec::new(), name_server: None }
    }
}
