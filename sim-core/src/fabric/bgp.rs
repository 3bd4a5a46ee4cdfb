//! What a gateway exchanges by BGP, as `az network vnet-gateway list-learned-routes` and its like tell it.

use crate::net::{Addr, Prefix};

/// Autonomous system number of a gateway that names none.
pub const DEFAULT_ASN: u32 = 65515;
/// Autonomous system number of Microsoft's side of an ExpressRoute circuit.
pub const CIRCUIT_ASN: u32 = 12076;
/// The weight of a route in a gateway's table, as recorded.
pub const WEIGHT: u32 = 32768;

/// A gateway's side of BGP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BgpView {
    /// Its autonomous system number.
    pub asn: u32,
    /// The address it speaks from, if it has one.
    pub address: Option<Addr>,
    /// Who it speaks with, in the order of its connections.
    pub peers: Vec<BgpPeer>,
    /// Its table: what it originates first, then what peers told it.
    pub learned: Vec<LearnedRoute>,
}

/// The other side of a BGP session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BgpPeer {
    /// Its address.
    pub address: Addr,
    /// Its autonomous system number.
    pub asn: u32,
    /// How many routes came from it.
    pub received: usize,
}

/// A route in a gateway's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedRoute {
    /// Destinations.
    pub network: Prefix,
    /// The peer that told it; `None` for a route of the gateway's own.
    pub from: Option<Addr>,
    /// Autonomous systems on the way, nearest first.
    pub path: Vec<u32>,
}

impl BgpView {
    /// What the gateway tells one of its peers: everything but what would come back to it. Nothing to an address that is no
    /// peer's.
    ///
    /// Rule `gateway-bgp-advertises`: a gateway tells a peer its VNet's space, the ranges of its local network gateways and
    /// what others told it, with its own number ahead of the path, but no default route and nothing that went through that
    /// peer. Source: azure-dataplane 2.1 and the recorded answers of gateways.
    #[must_use]
    pub fn advertised(&self, to: Addr) -> Vec<LearnedRoute> {
        let Some(peer) = self.peers.iter().find(|peer| peer.address == to) else { return Vec::new() };
        let told = self.learned.iter().filter(|route| {
            let own_session = self.peers.iter().any(|peer| route.network == Prefix::host(peer.address));
            !own_session && !route.network.is_default() && route.from != Some(to) && !route.path.contains(&peer.asn)
        });
        let ahead = |route: &LearnedRoute| [self.asn].into_iter().chain(route.path.iter().copied()).collect();
        told.map(|route| LearnedRoute { path: ahead(route), ..route.clone() }).collect()
    }
}
