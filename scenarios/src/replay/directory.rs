//! Where host names lead for one machine, as if every zone that should hold a private endpoint's names did. Names are not
//! looked up on the wire here: this is the one place that says where they lead.

use sim_core::app::Directory;
use sim_core::id::NodeId;
use sim_core::net::Addr;
use sim_core::topology::{EndpointMember, InternetHost, Kind, PrivateEndpoint, Relation, Resource, Topology};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names of fronts lead to these, names of private endpoints that are near to their addresses, and what the scenario says
/// goes ahead of both.
pub(crate) fn directory(topology: &Topology, from: NodeId, given: &BTreeMap<Arc<str>, Addr>) -> Directory {
    let lower = |name: &Arc<str>| -> Arc<str> { name.to_ascii_lowercase().into() };
    let mut names = BTreeMap::new();
    for found in topology.resources() {
        if let Kind::InternetHost(host) = &found.kind {
            names.extend(host.names.iter().map(|name| (lower(name), host.prefix.first())));
        }
    }
    for (found, endpoint) in near(topology, from) {
        for (member, front) in parts(topology, found, endpoint) {
            let Some(address) = member.address else { continue };
            let of_front = front.map_or(&[][..], |front| &front.names);
            names.extend(member.names.iter().chain(of_front).map(|name| (lower(name), address)));
        }
    }
    names.extend(given.iter().map(|(name, address)| (name.clone(), *address)));
    Arc::new(names)
}

/// The private endpoints in the VNet of a machine and in its peers.
fn near(topology: &Topology, from: NodeId) -> Vec<(&Resource, &PrivateEndpoint)> {
    let own = topology.addresses_of(from).first().and_then(|(config, _)| topology.vnet_of(*config)).map(|vnet| vnet.id);
    let Some(own) = own else { return Vec::new() };
    let mut vnets: Vec<NodeId> = topology.peers(own).iter().map(|peer| peer.vnet.id).collect();
    vnets.push(own);
    let is_near = |found: &Resource| topology.vnet_of(found.id).is_some_and(|vnet| vnets.contains(&vnet.id));
    let endpoints = topology.resources().filter_map(|found| match &found.kind {
        Kind::PrivateEndpoint(endpoint) => Some((found, endpoint)),
        _ => None,
    });
    endpoints.filter(|(found, _)| is_near(found)).collect()
}

/// The members of an endpoint, each with the front that it stands for.
fn parts<'t>(
    topology: &'t Topology,
    found: &Resource,
    endpoint: &'t PrivateEndpoint,
) -> impl Iterator<Item = (&'t EndpointMember, Option<&'t InternetHost>)> {
    let target = topology.target(found.id, Relation::Target);
    let fronts: Vec<&InternetHost> = target.map_or_else(Vec::new, |target| fronts(topology, target.id));
    endpoint.members.iter().map(move |member| {
        let same = |front: &&&InternetHost| front.member.eq_ignore_ascii_case(&member.member);
        (member, fronts.iter().find(same).copied())
    })
}

/// The fronts of a managed service.
pub(super) fn fronts(topology: &Topology, service: NodeId) -> Vec<&InternetHost> {
    let front = |found: &'_ Resource| matches!(found.kind, Kind::InternetHost(_)).then_some(found.id);
    let parts = topology.referrers(service, Relation::PartOf).into_iter().filter_map(front);
    let host = |id| match &topology.get(id)?.kind {
        Kind::InternetHost(host) => Some(host),
        _ => None,
    };
    parts.filter_map(host).collect()
}
