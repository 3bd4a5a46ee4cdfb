//! VNets and subnets: effective routes, the meaning of service tags, what peerings let pass.

use super::Compiler;
use crate::fabric::{PeerAccess, SubnetContext, VnetContext};
use crate::id::NodeId;
use crate::net::{Addr, Prefix};
use crate::stage::route::{Chosen, Hop, RouteTable, Source};
use crate::stage::tag::{PlatformTags, TagContext};
use crate::topology::{Destination, Kind, PeerVnet, PrivateEndpoint, Relation, Resource, UserHop};
use std::sync::Arc;

/// A private endpoint that a VNet has a route to.
#[derive(Clone, Copy)]
pub(super) struct NearEndpoint {
    node: NodeId,
    address: Addr,
    /// The range of its VNet that holds it.
    range: Option<Prefix>,
    /// Whether its subnet's policy lets user routes divert what is meant for it.
    routes_apply: bool,
}

/// What the subnets of a VNet are compiled from; computed once.
#[derive(Clone)]
pub(super) struct Network {
    context: Arc<VnetContext>,
    /// The routes that all of its subnets have.
    system: Vec<Chosen>,
    near: Vec<NearEndpoint>,
    /// Ranges of the `VirtualNetwork` tag, without those of user-defined routes.
    space: Vec<Prefix>,
    /// What private link services translate to here.
    translated: Vec<Addr>,
}

impl Compiler<'_> {
    /// Everything that the ports of a subnet share; computed once.
    pub(super) fn subnet(&mut self, id: NodeId) -> Option<Arc<SubnetContext>> {
        if let Some(known) = self.subnets.get(&id) {
            return Some(known.clone());
        }
        let network = self.network(self.topology.vnet_of(id)?)?;
        let user = self.user_routes(id);
        let diverted = diverted(&network.near, &user);
        let (context, tags) = self.context(tag_context(&self.facts.platform_tags, &network, &user));
        let found = Arc::new(SubnetContext {
            node: id,
            vnet: network.context.node,
            routes: RouteTable::settle(network.system.iter().copied().chain(user).collect(), &diverted),
            nsg: self.nsg_of(id),
            network: network.context.clone(),
            tags,
            context,
        });
        self.subnets.insert(id, found.clone());
        Some(found)
    }

    fn network(&mut self, vnet: &Resource) -> Option<Arc<Network>> {
        if let Some(known) = self.networks.get(&vnet.id) {
            return Some(known.clone());
        }
        let Kind::Vnet(attributes) = &vnet.kind else { return None };
        let peers = self.topology.peers(vnet.id);
        let near = self.near_endpoints(vnet, &peers);
        let open = peers.iter().filter(|peer| peer.local.access.value && peer.remote.access.value);
        let access = |peer: &PeerVnet<'_>| PeerAccess {
            vnet: peer.vnet.id,
            access: peer.local.access.value && peer.remote.access.value,
            forwarded: peer.remote.forwarded.value,
        };
        let found = Arc::new(Network {
            system: self.system_routes(&attributes.space, &peers, &near),
            space: attributes.space.iter().copied().chain(open.flat_map(|peer| peer.space.iter().copied())).collect(),
            translated: self.translated(vnet.id),
            context: Arc::new(VnetContext {
                node: vnet.id,
                space: attributes.space.clone(),
                peers: peers.iter().map(access).collect(),
            }),
            near,
        });
        self.networks.insert(vnet.id, found.clone());
        Some(found)
    }

    fn user_routes(&self, subnet: NodeId) -> Vec<Chosen> {
        let Some(table) = self.topology.target(subnet, Relation::RoutedBy) else { return Vec::new() };
        let Kind::RouteTable(attributes) = &table.kind else { return Vec::new() };
        let hop = |hop: UserHop| match hop {
            UserHop::VnetLocal => Hop::VnetLocal,
            UserHop::Internet => Hop::Internet,
            UserHop::Appliance(addr) => Hop::Appliance(addr),
            UserHop::Gateway => Hop::Gateway,
            UserHop::None => Hop::None,
        };
        let chosen = |(n, route): (u32, &crate::topology::Route)| {
            let Destination::Prefix(prefix) = &route.destination else { return None };
            Some(Chosen { prefix: *prefix, hop: hop(route.next_hop), source: Source::User(table.id, n) })
        };
        (0u32..).zip(&attributes.routes).filter_map(chosen).collect()
    }

    /// azure-dataplane 2.1.
    ///
    /// Rule `route-vnet-and-peers`: every subnet has a route for each range of its VNet and of each peer, whatever the
    /// subnets. Source: azure-dataplane 2.1.
    ///
    /// Rule `route-none-blocks`: everything else goes to the Internet but for blocks that are dropped; a VNet range
    /// that equals or contains a block takes its route away. Source: azure-dataplane 2.1.
    fn system_routes(&self, space: &[Prefix], peers: &[PeerVnet<'_>], near: &[NearEndpoint]) -> Vec<Chosen> {
        let system = |prefix, hop| Chosen { prefix, hop, source: Source::System };
        let mut routes: Vec<Chosen> = space.iter().map(|prefix| system(*prefix, Hop::VnetLocal)).collect();
        routes.push(system(Prefix::ALL_V4, Hop::Internet));
        for peer in peers {
            routes.extend(peer.space.iter().map(|prefix| system(*prefix, Hop::Peering(peer.vnet.id))));
        }
        // A VNet that contains a private block takes its None route away; one that equals it replaces it.
        let blocks = self.facts.none_routes.iter().filter(|block| !space.iter().any(|own| own.covers(**block)));
        routes.extend(blocks.map(|block| system(*block, Hop::None)));
        routes.extend(near.iter().map(|near| system(Prefix::host(near.address), Hop::Endpoint(near.node))));
        routes
    }

    /// The private endpoints of a VNet and of its peers.
    ///
    /// Rule `route-private-endpoint`: subnets of a private endpoint's VNet and of its direct peers have a /32 route to
    /// it. Source: azure-dataplane 2.1, 2.6.
    fn near_endpoints(&self, vnet: &Resource, peers: &[PeerVnet<'_>]) -> Vec<NearEndpoint> {
        let mut found = Vec::new();
        for vnet in [vnet].into_iter().chain(peers.iter().map(|peer| peer.vnet)) {
            let Kind::Vnet(network) = &vnet.kind else { continue };
            for subnet in self.topology.referrers(vnet.id, Relation::PartOf) {
                let Kind::Subnet(attributes) = &subnet.kind else { continue };
                for holder in self.topology.referrers(subnet.id, Relation::Attached) {
                    let Kind::PrivateEndpoint(PrivateEndpoint { address: Some(address), .. }) = holder.kind else {
                        continue;
                    };
                    let range = network.space.iter().copied().find(|range| range.contains(address));
                    let routes_apply = attributes.endpoint_policies.value.routes;
                    found.push(NearEndpoint { node: holder.id, address, range, routes_apply });
                }
            }
        }
        found
    }

    /// The addresses that private link services of a VNet translate to.
    fn translated(&self, vnet: NodeId) -> Vec<Addr> {
        let mut found = Vec::new();
        for subnet in self.topology.referrers(vnet, Relation::PartOf) {
            for holder in self.topology.referrers(subnet.id, Relation::Attached) {
                if let Kind::LinkService(service) = &holder.kind {
                    found.extend(service.nat.iter().flatten());
                }
            }
        }
        found
    }

    /// The number of a meaning of the tags.
    fn context(&mut self, tags: TagContext) -> (crate::fabric::ContextId, Arc<TagContext>) {
        if let Some((id, known)) = self.contexts.get_key_value(&tags).map(|(tags, id)| (*id, tags.clone())) {
            return (id, known);
        }
        let id = crate::fabric::ContextId(u32::try_from(self.contexts.len()).unwrap_or(u32::MAX));
        let tags = Arc::new(tags);
        self.contexts.insert(tags.clone(), id);
        (id, tags)
    }
}

/// azure-dataplane 1.7: prefixes of user-defined routes belong to the tag; a default route that does not lead to the
/// Internet makes it everything.
///
/// Rule `tag-virtual-network`: the tag `VirtualNetwork` holds the VNet's space, that of peers whose access is on, and
/// the prefixes of user routes that stay off the Internet. Source: azure-dataplane 1.7.
///
/// Rule `tag-under-default-route`: a default route of a user to an appliance or gateway makes the tag hold every
/// address, and leaves nothing to `Internet`; when exactly is not known. Source: azure-dataplane 1.7, 9 (1).
fn tag_context(platform: &PlatformTags, network: &Network, user: &[Chosen]) -> TagContext {
    let routed = user.iter().filter(|route| !matches!(route.hop, Hop::Internet | Hop::None));
    let prefixes = network.space.iter().copied().chain(routed.map(|route| route.prefix));
    TagContext::new(platform, prefixes, &network.translated)
}

/// Endpoints whose own routes these user routes put out of force: those of subnets whose policy says so, where a route is
/// at least as narrow as the range of the endpoint's VNet (azure-dataplane 2.6).
///
/// Rule `endpoint-diverted`: where the policy of a private endpoint's subnet lets routes apply, a user's route that is
/// at least as narrow as the range of the endpoint's VNet diverts what is meant for it. Source: azure-dataplane 2.6.
fn diverted(near: &[NearEndpoint], user: &[Chosen]) -> Vec<NodeId> {
    let put_out = |endpoint: &&NearEndpoint| {
        let narrow = |route: &Chosen| {
            route.prefix.contains(endpoint.address) && endpoint.range.is_some_and(|range| range.covers(route.prefix))
        };
        endpoint.routes_apply && user.iter().any(narrow)
    };
    near.iter().filter(put_out).map(|endpoint| endpoint.node).collect()
}
