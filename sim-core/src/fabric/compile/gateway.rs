//! Gateways and the networks on their other side: which routes they bring to subnets, and where packets go from them.

use super::Compiler;
use super::exchange::{Far, Known};
use crate::fabric::{GatewayPort, SiteContext, SitePort, Tunnel, TunnelEnd, VnetContext};
use crate::id::{NodeId, PortId};
use crate::net::Prefix;
use crate::stage::route::{Chosen, Hop, Overrides, RouteTable, Source};
use crate::topology::{GatewayKind, OnPremisesHost, PeerVnet, Relation, Resource};
use std::sync::Arc;

impl Compiler<'_> {
    /// The gateways that a VNet uses: its own, and those of peers that it may use.
    ///
    /// Rule `gateway-transit`: a VNet uses a peer's gateway where its own peering has `useRemoteGateways` and the peer's
    /// `allowGatewayTransit`; the gateway's routes are then its routes, too. Source: azure-dataplane 2.7.
    fn gateways_for(&self, vnet: NodeId, peers: &[PeerVnet<'_>]) -> Vec<(NodeId, &Known)> {
        let remote = peers.iter().filter(|peer| peer.local.remote_gateways.value && peer.remote.gateway_transit.value);
        [vnet].into_iter().chain(remote.map(|peer| peer.vnet.id)).flat_map(|vnet| self.exchange().of(vnet)).collect()
    }

    /// The routes that gateways bring to a VNet.
    ///
    /// Rule `gateway-routes`: what a gateway reaches is routed to it from all subnets of its VNet that do not disable
    /// propagation. Source: azure-dataplane 2.1.
    pub(super) fn gateway_routes(&self, vnet: NodeId, peers: &[PeerVnet<'_>]) -> Vec<Chosen> {
        let mut routes = Vec::new();
        for (id, known) in self.gateways_for(vnet, peers) {
            let mut prefixes: Vec<Prefix> = known.reach.iter().map(|reach| reach.prefix).collect();
            prefixes.dedup();
            let route = |prefix| Chosen { prefix, hop: Hop::Gateway(Some(id)), source: Source::Gateway };
            routes.extend(prefixes.into_iter().map(route));
        }
        routes
    }

    /// The gateway that a user's route leads to.
    ///
    /// Rule `route-user-gateway`: a user's route to the gateway means a VPN gateway, and leads nowhere where there is none
    /// or where it stands beside an ExpressRoute gateway. Source: azure-dataplane 2.3.
    pub(super) fn user_gateway(&self, vnet: NodeId, peers: &[PeerVnet<'_>]) -> Option<NodeId> {
        let gateways = self.gateways_for(vnet, peers);
        let only_vpn = gateways.iter().all(|(_, known)| known.kind == GatewayKind::Vpn);
        gateways.first().filter(|_| only_vpn).map(|(id, _)| *id)
    }

    /// The port of a gateway.
    pub(super) fn gateway(&mut self, id: NodeId) -> Option<GatewayPort> {
        let known = self.exchange().get(id)?.clone();
        let subnet = match self.topology.target(id, Relation::Attached) {
            Some(subnet) => self.subnet(subnet.id)?,
            None => self.bare(known.vnet)?,
        };
        let bgp = self.exchange().view(self.topology, &known);
        let public = self.topology.targets(id, Relation::Uses);
        let tunnel = |link: &super::exchange::Link| Tunnel {
            connection: link.connection,
            class: link.class,
            up: link.up,
            end: match link.far {
                Far::Gateway(far) => TunnelEnd::Gateway(PortId(far.0)),
                Far::Site(site) => TunnelEnd::Site(site),
            },
        };
        Some(GatewayPort {
            kind: known.kind,
            routes: tunnel_routes(&known, &subnet.network, self.default_site(id, &known)),
            tunnels: known.links.iter().map(tunnel).collect(),
            public: public.first().map(|found| found.id),
            bgp,
            subnet,
        })
    }

    /// The connection to the site that a user's default route leads to by this gateway.
    fn default_site(&self, id: NodeId, known: &Known) -> Option<NodeId> {
        let site = self.topology.target(id, Relation::Target)?.id;
        known.links.iter().find(|link| link.far == Far::Site(site)).map(|link| link.connection)
    }

    /// A host on premises.
    pub(super) fn site_host(&mut self, id: NodeId, host: &OnPremisesHost) -> Option<SitePort> {
        let site = self.topology.target(id, Relation::PartOf)?;
        Some(SitePort { prefix: host.prefix, site: self.site(site) })
    }

    fn site(&mut self, site: &Resource) -> Arc<SiteContext> {
        if let Some(known) = self.sites.get(&site.id) {
            return known.clone();
        }
        let mut routes = Vec::new();
        for (gateway, known, link) in self.exchange().towards(site.id) {
            // What a site without BGP knows beside the VNet is its owner's business.
            let others = known.reach.iter().filter(|reach| link.bgp && reach.connection != link.connection);
            let told = others.filter(|reach| !reach.prefix.is_default()).map(|reach| reach.prefix);
            let route = |prefix| Chosen { prefix, hop: Hop::Gateway(Some(gateway)), source: Source::Gateway };
            routes.extend(known.own.iter().copied().chain(told).map(route));
        }
        let routes = RouteTable::settle(routes, &Overrides::default());
        let found = Arc::new(SiteContext { node: site.id, routes });
        self.sites.insert(site.id, found.clone());
        found
    }
}

/// Where a gateway sends what it gets: into its VNet or a peer, or through a connection.
///
/// Rule `gateway-default-site`: what a user's default route sends to a gateway goes to its default site. Source:
/// azure-dataplane 2.4.
fn tunnel_routes(known: &Known, network: &VnetContext, default_site: Option<NodeId>) -> RouteTable {
    let tunnel = |prefix, connection| Chosen { prefix, hop: Hop::Tunnel(connection), source: Source::Gateway };
    let mut routes = super::route::local(&network.space, &network.peers);
    routes.extend(known.reach.iter().map(|reach| tunnel(reach.prefix, reach.connection)));
    let default_known = known.reach.iter().any(|reach| reach.prefix == Prefix::ALL_V4);
    routes.extend(default_site.filter(|_| !default_known).map(|site| tunnel(Prefix::ALL_V4, site)));
    RouteTable::settle(routes, &Overrides::default())
}
