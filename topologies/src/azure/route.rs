//! `routeTables` with their routes, inside or on their own (azure-dataplane 2.3).

use super::id;
use super::raw::RawResource;
use super::read::{address, bad, given, inner, list, missing, prefix, switch, text};
use super::reading::{Piece, Reading};
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::source::Span;
use sim_core::topology::{Destination, Kind, Route, RouteTable, UserHop};
use std::sync::Arc;

pub(super) fn table(raw: &RawResource, out: &mut Reading) {
    let mut routes = Vec::new();
    for part in list(raw.properties(), "routes") {
        let Some(id) = raw.part_id("routes", part) else { continue };
        match route(id::name_of(&id), inner(part), part.span) {
            Ok(route) => routes.push(route),
            Err(diagnostic) => out.leave_out(&id, diagnostic),
        }
    }
    let no_propagation = switch(raw.properties(), "disableBgpRoutePropagation", false);
    out.node(raw.draft(Kind::RouteTable(RouteTable { routes, no_propagation })));
}

pub(super) fn route_alone(raw: &RawResource, out: &mut Reading) {
    let Some(table) = id::parent(&raw.id).map(Arc::from) else { return };
    match route(id::name_of(&raw.id), raw.properties(), raw.span) {
        Ok(route) => out.pieces.push(Piece::Route { table, route }),
        Err(diagnostic) => out.leave_out(&raw.id, diagnostic),
    }
}

fn route(name: &str, properties: &Value, span: Span) -> Result<Route, Diagnostic> {
    let written = given(properties, "addressPrefix").ok_or_else(|| missing(properties, "addressPrefix"))?;
    let tag = |text: &str| text.starts_with(|first: char| first.is_ascii_alphabetic()) && !text.contains([':', '/']);
    let destination = match written.as_str().map(str::trim).filter(|text| tag(text)) {
        Some(tag) => Destination::Tag(tag.into()),
        None => Destination::Prefix(prefix(written)?),
    };
    Ok(Route { name: name.into(), destination, next_hop: next_hop(properties)?, span: Some(span) })
}

/// Codes of what is wrong with the address: the one for none at all was seen in a public report, the other was not.
///
/// Rule `route-hop-types`: a user's route leads into the VNet, to the Internet, to a virtual appliance by its address,
/// to the gateway, or nowhere. Source: azure-dataplane 2.3.
fn next_hop(properties: &Value) -> Result<UserHop, Diagnostic> {
    let written = given(properties, "nextHopType").ok_or_else(|| missing(properties, "nextHopType"))?;
    let word = text(properties, "nextHopType").unwrap_or_default().to_ascii_lowercase();
    let address_of = given(properties, "nextHopIpAddress").filter(|_| text(properties, "nextHopIpAddress").is_some());
    if let Some(unasked) = address_of.filter(|_| word != "virtualappliance") {
        let message = format!("NextHopIpAddress cannot be set when NextHopType is {}", written);
        return Err(bad(unasked, "NextHopIpAddressNotAllowed", message));
    }
    match word.as_str() {
        "vnetlocal" => Ok(UserHop::VnetLocal),
        "internet" => Ok(UserHop::Internet),
        "virtualnetworkgateway" => Ok(UserHop::Gateway),
        "none" => Ok(UserHop::None),
        "virtualappliance" => {
            let none = || {
                let message = "NextHopIpAddress cannot be Null or Empty when NextHopType is VirtualAppliance";
                bad(written, "MissingNextHopIpAddress", message.to_owned())
            };
            address(given(properties, "nextHopIpAddress").ok_or_else(none)?).map(UserHop::Appliance)
        }
        _ => Err(bad(written, "InvalidRequestFormat", format!("{written} is not a next hop type"))
            .help("one of VnetLocal, Internet, VirtualAppliance, VirtualNetworkGateway, None")),
    }
}
