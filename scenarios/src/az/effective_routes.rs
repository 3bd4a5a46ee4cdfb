//! `effectiveRouteTable`: the routes that a NIC's packets may take, in force or not (azure-dataplane 6.3).

use super::{Ask, Azure, Fault};
use serde_json::{Value, json};
use sim_core::fabric::SubnetContext;
use sim_core::id::NodeId;
use sim_core::stage::route::{Chosen, Hop, Source};
use sim_core::topology::Kind;

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let nic = ask.azure.nic(&ask.address.resource)?;
    let Some(place) = ask.azure.places_of(nic).first().copied() else {
        return Ok(json!({"value": []}));
    };
    let subnet = &place.port.subnet;
    let active = subnet.routes.active().iter().map(|route| (route, "Active"));
    // A `None` route of Azure's that a default route withdraws is not listed; what lost otherwise is (azure-dataplane 2.1).
    let withdrawn = |route: &&Chosen| route.source == Source::System && route.hop == Hop::None;
    let invalid = subnet.routes.invalid.iter().filter(|route| !withdrawn(route)).map(|route| (route, "Invalid"));
    let mut routes: Vec<(&Chosen, &str)> = active.chain(invalid).collect();
    routes
        .sort_by_key(|(route, _)| (route.source == Source::System, rank(route.hop), route.prefix.len(), route.prefix));
    let value: Vec<Value> = routes.into_iter().map(|(route, state)| of_route(ask, subnet, route, state)).collect();
    Ok(json!({ "value": value }))
}

/// Azure's order of its own routes: the network's space, its peers', the Internet, what leads nowhere.
fn rank(hop: Hop) -> u8 {
    match hop {
        Hop::VnetLocal => 0,
        Hop::Peering(_) => 1,
        Hop::Gateway => 2,
        Hop::Internet => 3,
        Hop::Appliance(_) | Hop::None => 4,
        Hop::Endpoint(_) => 5,
    }
}

fn of_route(ask: &Ask<'_>, subnet: &SubnetContext, route: &Chosen, state: &str) -> Value {
    let appliance = match route.hop {
        Hop::Appliance(address) => vec![address.to_string()],
        _ => Vec::new(),
    };
    let mut out = json!({
        "source": if matches!(route.source, Source::User(..)) { "User" } else { "Default" },
        "state": state,
        "addressPrefix": [route.prefix.to_string()],
        "nextHopType": kind(ask.azure, subnet, route.hop),
        "nextHopIpAddress": appliance,
    });
    if let Source::User(table, n) = route.source
        && let Some(Kind::RouteTable(table)) = ask.azure.world.topology.get(table).map(|found| &found.kind)
        && let Some(route) = table.routes.get(n as usize)
    {
        out["name"] = json!(&*route.name);
    }
    if ask.shape.since("2018-01-01") {
        let table = if let Source::User(table, _) = route.source { Some(table) } else { None };
        out["disableBgpRoutePropagation"] = json!(table.is_some_and(|table| keeps_gateways_out(ask.azure, table)));
    }
    if ask.shape.since("2019-11-01") {
        out["hasBgpOverride"] = json!(false);
        out["destinationServiceTags"] = json!([]);
        out["tagMap"] = json!({});
    }
    out
}

fn kind(azure: &Azure, subnet: &SubnetContext, hop: Hop) -> &'static str {
    match hop {
        Hop::VnetLocal => "VnetLocal",
        Hop::Peering(remote) if region(azure, remote) == region(azure, subnet.vnet) => "VNetPeering",
        Hop::Peering(_) => "VNetGlobalPeering",
        Hop::Internet => "Internet",
        Hop::Appliance(_) => "VirtualAppliance",
        Hop::Gateway => "VirtualNetworkGateway",
        Hop::Endpoint(_) => "InterfaceEndpoint",
        Hop::None => "None",
    }
}

fn region(azure: &Azure, vnet: NodeId) -> Option<&str> {
    match &azure.world.topology.get(vnet)?.kind {
        Kind::Vnet(vnet) => Some(&vnet.region),
        _ => None,
    }
}

/// `disableBgpRoutePropagation` of a route table.
fn keeps_gateways_out(azure: &Azure, table: NodeId) -> bool {
    let raw = azure.world.resources.get(azure.name(table));
    let said = raw.and_then(|raw| raw.properties().get("disableBgpRoutePropagation")?.as_bool());
    said.unwrap_or(false)
}
