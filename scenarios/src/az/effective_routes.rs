//! `effectiveRouteTable`: the routes that a NIC's packets may take, in force or not (azure-dataplane 6.3).

use super::{Ask, Azure, Fault};
use serde_json::{Value, json};
use sim_core::fabric::SubnetContext;
use sim_core::id::NodeId;
use sim_core::net::Prefix;
use sim_core::stage::route::{Chosen, Hop, Listed, Source, State};
use sim_core::topology::{Destination, Kind, Route};
use std::sync::Arc;

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let nic = ask.azure.nic(&ask.address.resource)?;
    let Some(place) = ask.azure.places_of(nic).first().copied() else {
        return Ok(json!({"value": []}));
    };
    let subnet = &place.port.subnet;
    let mut rows: Vec<Row> = Vec::new();
    for listed in subnet.routes.listed().iter().filter(|listed| listed.state != State::Withdrawn) {
        let Listed { route, state } = *listed;
        let tag = tag_of(ask, &route);
        // What a tag stands for is one row, whoever made the route.
        let joins = tag.is_some() || route.hop == Hop::ServiceEndpoint;
        match rows.last_mut() {
            Some(row) if joins && (row.route.source, row.route.hop, row.state) == (route.source, route.hop, state) => {
                row.prefixes.push(route.prefix);
            }
            _ => rows.push(Row { route, state, prefixes: vec![route.prefix], tag }),
        }
    }
    rows.sort_by_key(|row| {
        let table = if let Source::User(_, n) = row.route.source { Some(n) } else { None };
        let place = table.is_none().then_some((rank(row.route.hop), row.route.prefix.len(), row.route.prefix));
        (table, place)
    });
    let value: Vec<Value> = rows.iter().map(|row| of_row(ask, subnet, row)).collect();
    Ok(json!({ "value": value }))
}

/// Routes that are shown as one.
struct Row {
    route: Chosen,
    state: State,
    prefixes: Vec<Prefix>,
    tag: Option<Arc<str>>,
}

/// The tag that a user's route is for.
fn tag_of(ask: &Ask<'_>, route: &Chosen) -> Option<Arc<str>> {
    match &declared(ask, route)?.destination {
        Destination::Tag(tag) => Some(tag.clone()),
        Destination::Prefix(_) => None,
    }
}

/// A user's route as it is declared.
fn declared<'a>(ask: &Ask<'a>, route: &Chosen) -> Option<&'a Route> {
    let Source::User(table, n) = route.source else { return None };
    match &ask.azure.world.topology.get(table)?.kind {
        Kind::RouteTable(table) => table.routes.get(n as usize),
        _ => None,
    }
}

/// Azure's order of its own routes: the network's space, its peers', gateways', the Internet, what leads nowhere, endpoints.
fn rank(hop: Hop) -> u8 {
    match hop {
        Hop::VnetLocal => 0,
        Hop::Peering(_) => 1,
        Hop::Gateway(_) | Hop::Tunnel(_) => 2,
        Hop::Internet => 3,
        Hop::Appliance(_) | Hop::None => 4,
        Hop::ServiceEndpoint => 5,
        Hop::Endpoint(_) => 6,
    }
}

fn of_row(ask: &Ask<'_>, subnet: &SubnetContext, row: &Row) -> Value {
    let route = &row.route;
    let appliance = match route.hop {
        Hop::Appliance(address) => vec![address.to_string()],
        _ => Vec::new(),
    };
    let mut out = json!({
        "source": match route.source {
            Source::User(..) => "User",
            Source::Gateway => "VirtualNetworkGateway",
            Source::System => "Default",
        },
        "state": if row.state == State::Active { "Active" } else { "Invalid" },
        "addressPrefix": row.prefixes.iter().map(Prefix::to_string).collect::<Vec<_>>(),
        "nextHopType": kind(ask.azure, subnet, route.hop),
        "nextHopIpAddress": appliance,
    });
    if let Some(declared) = declared(ask, route) {
        out["name"] = json!(&*declared.name);
    }
    if ask.shape.since("2018-01-01") {
        let table = if let Source::User(table, _) = route.source { Some(table) } else { None };
        out["disableBgpRoutePropagation"] = json!(table.is_some_and(|table| keeps_gateways_out(ask.azure, table)));
    }
    if ask.shape.since("2019-11-01") {
        out["hasBgpOverride"] = json!(false);
        out["destinationServiceTags"] = json!(row.tag.iter().map(|tag| &**tag).collect::<Vec<_>>());
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
        Hop::Gateway(_) | Hop::Tunnel(_) => "VirtualNetworkGateway",
        Hop::ServiceEndpoint => "VirtualNetworkServiceEndpoint",
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
    let found = azure.world.topology.get(table).map(|found| &found.kind);
    matches!(found, Some(Kind::RouteTable(table)) if table.no_propagation.value)
}
