//! `nextHop`: where the routes of a machine's subnet send a packet (azure-dataplane 6.2).

use super::{Ask, Fault};
use serde_json::{Value, json};
use sim_core::fabric::SubnetContext;
use sim_core::stage::route::{Hop, Source};

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let body = ask.body;
    let machine = body.required("targetResourceId")?;
    // The address of nobody is taken too: recorded answers are to such questions.
    let source = body.address("sourceIPAddress")?;
    let destination = body.address("destinationIPAddress")?;
    let place = ask.azure.place_of(machine, body.text("targetNicResourceId"), Some(source))?;
    let subnet = &place.port.subnet;
    let Some(route) = subnet.routes.lookup(destination) else {
        return Ok(json!({"nextHopType": "None", "routeTableId": SYSTEM}));
    };
    let table = match route.source {
        Source::User(table, _) => ask.azure.name(table),
        Source::Gateway | Source::System => SYSTEM,
    };
    let mut answer = json!({"nextHopType": kind(subnet, route.hop), "routeTableId": table});
    if let Hop::Appliance(address) = route.hop {
        answer["nextHopIpAddress"] = json!(address.to_string());
    }
    Ok(answer)
}

/// The name of the table that nobody made.
const SYSTEM: &str = "System Route";

/// An appliance outside the networks that the subnet reaches directly counts for nothing: three recorded answers show the
/// address and the type `None`.
fn kind(subnet: &SubnetContext, hop: Hop) -> &'static str {
    match hop {
        Hop::VnetLocal => "VirtualNetwork",
        Hop::Peering(_) => "VirtualNetworkPeering",
        Hop::Internet => "Internet",
        Hop::Appliance(address) if subnet.network.is_near(address) => "VirtualAppliance",
        Hop::Gateway(_) | Hop::Tunnel(_) => "VirtualNetworkGateway",
        Hop::ServiceEndpoint => "VirtualNetworkServiceEndpoint",
        Hop::Endpoint(_) => "InterfaceEndpoint",
        Hop::Appliance(_) | Hop::None => "None",
    }
}
