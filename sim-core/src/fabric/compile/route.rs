//! The routes of a subnet, before they are settled.

use super::Compiler;
use super::network::system;
use crate::fabric::Peer;
use crate::id::NodeId;
use crate::net::{Addr, Prefix};
use crate::set::AddrSet;
use crate::stage::route::{Chosen, Hop, Source};
use crate::stage::tag::Naming;
use crate::topology::{Destination, Kind, PeerVnet, Relation, Resource, RouteTable, Subnet, UserHop};
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

impl NearEndpoint {
    /// Rule `route-private-endpoint`: subnets of a private endpoint's VNet and of its direct peers have a /32 route to it.
    /// Source: azure-dataplane 2.1, 2.6.
    pub(super) fn route(&self) -> Chosen {
        system(Prefix::host(self.address), Hop::Endpoint(self.node))
    }
}

/// Rule `route-vnet-and-peers`: every subnet has a route for each range of its VNet and of each peer, whatever the subnets.
/// Source: azure-dataplane 2.1.
pub(super) fn local(space: &[Prefix], peers: &[Peer]) -> Vec<Chosen> {
    let mut routes: Vec<Chosen> = space.iter().map(|prefix| system(*prefix, Hop::VnetLocal)).collect();
    for peer in peers {
        routes.extend(peer.space.iter().map(|prefix| system(*prefix, Hop::Peering(peer.vnet))));
    }
    routes
}

impl<'a> Compiler<'a> {
    /// Rule `route-none-blocks`: everything else goes to the Internet but for blocks that are dropped; a VNet range that
    /// equals or contains a block takes its route away. Source: azure-dataplane 2.1.
    ///
    /// Rule `ipv6-default-route`: a network with IPv6 ranges has the system route ::/0 to the Internet; the None routes
    /// are of IPv4 alone. Source: azure-dataplane 2.1, by analogy: no recorded answer is of IPv6.
    pub(super) fn elsewhere(&self, space: &[Prefix]) -> Vec<Chosen> {
        let blocks = self.facts.none_routes.iter().filter(|block| !space.iter().any(|own| own.covers(**block)));
        let v6 = space.iter().any(|prefix| !prefix.is_v4()).then_some(Prefix::ALL_V6);
        let internet = [Prefix::ALL_V4].into_iter().chain(v6).map(|all| system(all, Hop::Internet));
        internet.chain(blocks.map(|block| system(*block, Hop::None))).collect()
    }

    /// The route table of a subnet.
    pub(super) fn route_table(&self, subnet: NodeId) -> Option<(NodeId, &'a RouteTable)> {
        let topology = self.topology;
        let table = topology.target(subnet, Relation::RoutedBy)?;
        match &table.kind {
            Kind::RouteTable(attributes) => Some((table.id, attributes)),
            _ => None,
        }
    }

    /// The user's routes; of those for one prefix, the one that counts comes first.
    ///
    /// Rule `route-user-by-tag`: a user's route by service tag is one route for each prefix of the tag; for one prefix an
    /// explicit one goes before a region's tag, that before a whole tag, and these before AzureCloud. Source: azure-dataplane
    /// 2.2 (6).
    pub(super) fn user_routes(&mut self, table: Option<(NodeId, &RouteTable)>, gateway: Option<NodeId>) -> Vec<Chosen> {
        let Some((id, table)) = table else { return Vec::new() };
        let hop = |hop: UserHop| match hop {
            UserHop::VnetLocal => Hop::VnetLocal,
            UserHop::Internet => Hop::Internet,
            UserHop::Appliance(addr) => Hop::Appliance(addr),
            UserHop::Gateway => Hop::Gateway(gateway),
            UserHop::None => Hop::None,
        };
        let mut named: Vec<(Naming, Vec<Prefix>, Hop, u32)> = Vec::new();
        for (n, route) in (0u32..).zip(&table.routes) {
            match &route.destination {
                Destination::Prefix(prefix) => named.push((Naming::of(None), vec![*prefix], hop(route.next_hop), n)),
                Destination::Tag(tag) => {
                    let set = self.tag_addresses(tag, id);
                    named.push((Naming::of(Some(tag)), set.prefixes().collect(), hop(route.next_hop), n));
                }
            }
        }
        named.sort_by_key(|(naming, ..)| *naming);
        let routes = named.into_iter().flat_map(|(_, prefixes, hop, n)| {
            prefixes.into_iter().map(move |prefix| Chosen { prefix, hop, source: Source::User(id, n) })
        });
        routes.collect()
    }

    /// The routes of a subnet's service endpoints.
    ///
    /// Rule `endpoint-routes`: a subnet with a service endpoint has a route for each prefix of the service's tag, of the
    /// endpoint's regions where the service is regional. Source: azure-dataplane 2.1, 2.5.
    pub(super) fn service_routes(&mut self, id: NodeId, subnet: &Subnet, region: &Arc<str>) -> Vec<Chosen> {
        let mut routes = Vec::new();
        for endpoint in &subnet.service_endpoints {
            let Some((tag, regional)) = tag_of(&endpoint.service) else { continue };
            let own = std::slice::from_ref(region);
            let regions = if endpoint.locations.is_empty() && regional { own } else { &endpoint.locations };
            let everywhere = regions.is_empty() || regions.iter().any(|region| &**region == "*");
            let of = |region: &Arc<str>| self.tags.addresses(&format!("{tag}.{region}"));
            let known: Vec<AddrSet> = if everywhere { Vec::new() } else { regions.iter().filter_map(of).collect() };
            let set = match known.into_iter().reduce(|all, one| all.union(&one)) {
                Some(set) => set,
                None => self.tag_addresses(tag, id),
            };
            routes.extend(set.prefixes().map(|prefix| system(prefix, Hop::ServiceEndpoint)));
        }
        routes.dedup();
        routes
    }

    /// What a tag of one meaning holds. One of which nothing is known is noted with who names it.
    fn tag_addresses(&mut self, tag: &str, by: NodeId) -> AddrSet {
        match self.tags.addresses(tag) {
            Some(set) => set,
            None => {
                self.unknown_tags.entry(tag.into()).or_default().insert(by);
                AddrSet::empty()
            }
        }
    }

    /// The addresses of Azure Storage in a region.
    pub(super) fn storage(&self, region: &str) -> AddrSet {
        self.tags.addresses(&format!("Storage.{region}")).unwrap_or_default()
    }

    /// The private endpoints of a VNet and of its peers.
    pub(super) fn near_endpoints(&self, vnet: &Resource, peers: &[PeerVnet<'_>]) -> Vec<NearEndpoint> {
        let mut found = Vec::new();
        for vnet in [vnet].into_iter().chain(peers.iter().map(|peer| peer.vnet)) {
            let Kind::Vnet(network) = &vnet.kind else { continue };
            for subnet in self.topology.referrers(vnet.id, Relation::PartOf) {
                let Kind::Subnet(attributes) = &subnet.kind else { continue };
                for holder in self.topology.referrers(subnet.id, Relation::Attached) {
                    let Kind::PrivateEndpoint(endpoint) = &holder.kind else { continue };
                    let routes_apply = attributes.endpoint_policies.value.routes;
                    found.extend(endpoint.members.iter().filter_map(|member| member.address).map(|address| {
                        let range = network.space.iter().copied().find(|range| range.contains(address));
                        NearEndpoint { node: holder.id, address, range, routes_apply }
                    }));
                }
            }
        }
        found
    }
}

/// Addresses of endpoints whose own routes these user routes put out of force.
///
/// Rule `endpoint-diverted`: where the policy of a private endpoint's subnet lets routes apply, a user's route that is at
/// least as narrow as the range of the endpoint's VNet diverts what is meant for it. Source: azure-dataplane 2.6.
pub(super) fn diverted(near: &[NearEndpoint], user: &[Chosen]) -> Vec<Addr> {
    let put_out = |endpoint: &&NearEndpoint| {
        let narrow = |route: &Chosen| {
            route.prefix.contains(endpoint.address) && endpoint.range.is_some_and(|range| range.covers(route.prefix))
        };
        endpoint.routes_apply && user.iter().any(narrow)
    };
    near.iter().filter(put_out).map(|endpoint| endpoint.address).collect()
}

/// The tag with a service's addresses, and whether an endpoint reaches only the regions it names or is in.
fn tag_of(service: &str) -> Option<(&'static str, bool)> {
    const SERVICES: [(&str, &str, bool); 12] = [
        ("Microsoft.Storage", "Storage", true),
        ("Microsoft.Storage.Global", "Storage", false),
        ("Microsoft.Sql", "Sql", true),
        ("Microsoft.AzureCosmosDB", "AzureCosmosDB", false),
        ("Microsoft.KeyVault", "AzureKeyVault", false),
        ("Microsoft.ContainerRegistry", "AzureContainerRegistry", false),
        ("Microsoft.EventHub", "EventHub", false),
        ("Microsoft.ServiceBus", "ServiceBus", false),
        ("Microsoft.Web", "AppService", false),
        ("Microsoft.AzureActiveDirectory", "AzureActiveDirectory", false),
        ("Microsoft.CognitiveServices", "CognitiveServicesManagement", false),
        ("Microsoft.Devices", "AzureIoTHub", false),
    ];
    let found = SERVICES.iter().find(|(name, ..)| name.eq_ignore_ascii_case(service));
    found.map(|(_, tag, regional)| (*tag, *regional))
}
