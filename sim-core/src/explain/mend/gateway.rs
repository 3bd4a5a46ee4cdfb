//! Ways through gateways: the flags of peerings that let a VNet use a peer's, ranges that a local network lacks, the other
//! side of a connection.

use super::{Mend, Switch, free_name};
use crate::fabric::NicPort;
use crate::id::NodeId;
use crate::net::{Addr, Prefix};
use crate::stage::outbound;
use crate::topology::{Draft, Kind, Relation, Resource, Topology};

/// A connection with its ends.
struct Link<'t> {
    connection: &'t Resource,
    gateway: &'t Resource,
    far: &'t Resource,
}

/// From a NIC, to somebody behind a gateway.
pub(super) fn onward(to: Addr, nic: &NicPort, topology: &Topology) -> Vec<Mend> {
    let near: Vec<(Link<'_>, Vec<Mend>)> = links(topology)
        .filter_map(|link| {
            let found = access(nic.subnet.vnet, link.gateway, topology)?;
            Some((link, found))
        })
        .collect();
    let holders: Vec<&(Link<'_>, Vec<Mend>)> = near.iter().filter(|(link, _)| holds(link.far, to, topology)).collect();
    if holders.is_empty() {
        return declared(to, near, topology);
    }
    let mut found = Vec::new();
    for (link, switches) in holders {
        found.extend(switches.iter().cloned());
        if is_one_sided(link, topology) {
            found.extend(other_side(link.connection.id, topology));
        }
    }
    let table = topology.target(nic.subnet.node, Relation::RoutedBy);
    let kept_out = table.filter(|it| matches!(&it.kind, Kind::RouteTable(table) if table.no_propagation.value));
    found.extend(kept_out.map(|table| Mend::Switch { resource: table.id, switch: Switch::Propagation }));
    found
}

/// From a network on premises, to a VNet behind the gateways that it is connected to.
pub(super) fn inward(to: Addr, site: NodeId, topology: &Topology) -> Vec<Mend> {
    let of_site = links(topology).filter(|link| link.far.id == site);
    let targets =
        || topology.resources().filter(|found| matches!(found.kind, Kind::Vnet(_)) && holds(found, to, topology));
    let reached = of_site.flat_map(|link| targets().filter_map(move |vnet| access(vnet.id, link.gateway, topology)));
    reached.flatten().collect()
}

/// The connection that a gateway's other side lacks.
pub(super) fn other_side(connection: NodeId, topology: &Topology) -> Option<Mend> {
    let link = links(topology).find(|link| link.connection.id == connection)?;
    let Kind::Connection(attributes) = &link.connection.kind else { return None };
    if !matches!(link.far.kind, Kind::Gateway(_)) {
        return None;
    }
    let name = free_name(format!("{}-back", link.connection.name), |name| topology.find(name).is_some());
    let draft = Draft::new(name, Kind::Connection(attributes.clone()))
        .refer(Relation::PartOf, link.far.name.clone())
        .refer(Relation::Remote, link.gateway.name.clone());
    Some(Mend::Make { drafts: vec![draft], holder: None })
}

fn links(topology: &Topology) -> impl Iterator<Item = Link<'_>> {
    topology.resources().filter(|found| matches!(found.kind, Kind::Connection(_))).filter_map(|connection| {
        let gateway = topology.target(connection.id, Relation::PartOf)?;
        Some(Link { connection, gateway, far: topology.target(connection.id, Relation::Remote)? })
    })
}

/// What lets a VNet use a gateway: nothing is needed for its own, flags of the peering for a peer's. `None` where neither
/// has it.
fn access(vnet: NodeId, gateway: &Resource, topology: &Topology) -> Option<Vec<Mend>> {
    let home = topology.vnet_of(gateway.id)?.id;
    if home == vnet {
        return Some(Vec::new());
    }
    let peer = topology.peer(vnet, home)?;
    let transit = Mend::Switch { resource: peer.there.id, switch: Switch::GatewayTransit };
    let remote = Mend::Switch { resource: peer.here.id, switch: Switch::RemoteGateways };
    let off = [(peer.remote.gateway_transit.value, transit), (peer.local.remote_gateways.value, remote)];
    Some(off.into_iter().filter(|(on, _)| !on).map(|(_, mend)| mend).collect())
}

/// Whether an address is in the ranges of what a connection leads to.
fn holds(far: &Resource, address: Addr, topology: &Topology) -> bool {
    let prefixes = match &far.kind {
        Kind::OnPremises(site) => &site.prefixes,
        Kind::Vnet(vnet) => &vnet.space,
        Kind::Gateway(_) => return topology.vnet_of(far.id).is_some_and(|vnet| holds(vnet, address, topology)),
        _ => return false,
    };
    prefixes.iter().any(|prefix| prefix.contains(address))
}

fn is_one_sided(link: &Link<'_>, topology: &Topology) -> bool {
    matches!(link.far.kind, Kind::Gateway(_))
        && !links(topology).any(|back| back.gateway.id == link.far.id && back.far.id == link.gateway.id)
}

/// A range more for the only local network that there is, for a private address that is in no network at all.
fn declared(to: Addr, near: Vec<(Link<'_>, Vec<Mend>)>, topology: &Topology) -> Vec<Mend> {
    let known = topology.resources().any(|found| holds(found, to, topology));
    if known || !outbound::is_private(to) {
        return Vec::new();
    }
    let mut locals = near.into_iter().filter(|(link, _)| is_local_network(link.far));
    match (locals.next(), locals.next()) {
        (Some((link, mut switches)), None) => {
            switches.push(Mend::Declare { site: link.far.id, prefix: Prefix::host(to) });
            switches
        }
        _ => Vec::new(),
    }
}

/// Whether it is a `localNetworkGateways`, or has a name of its own as in a sketch: circuits and clients that dial in
/// declare no ranges that an edit could add to.
fn is_local_network(site: &Resource) -> bool {
    let local = !site.name.contains('/') || site.name.to_ascii_lowercase().contains("/localnetworkgateways/");
    local && matches!(&site.kind, Kind::OnPremises(site) if site.bgp.is_none())
}
