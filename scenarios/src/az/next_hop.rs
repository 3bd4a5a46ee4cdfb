//! `nextHop`: where the routes of a machine's subnet send a packet (azure-dataplane 6.2).

use super::{Ask, Azure, Fault};
use serde_json::{Value, json};
use sim_core::fabric::SubnetContext;
use sim_core::net::Addr;
use sim_core::stage::route::{Hop, Source};
use sim_core::topology::Kind;

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
        Source::System => SYSTEM,
    };
    let mut answer = json!({"nextHopType": kind(ask.azure, subnet, route.hop), "routeTableId": table});
    if let Hop::Appliance(address) = route.hop {
        answer["nextHopIpAddress"] = json!(address.to_string());
    }
    Ok(answer)
}

/// The name of the table that nobody made.
const SYSTEM: &str = "System Route";

/// An appliance outside the networks that the subnet reaches directly counts for nothing: three recorded answers show the
/// address and the type `None`.
fn kind(azure: &Azure, subnet: &SubnetContext, hop: Hop) -> &'static str {
    match hop {
        Hop::VnetLocal => "VirtualNetwork",
        Hop::Peering(_) => "VirtualNetworkPeering",
        Hop::Internet => "Internet",
        Hop::Appliance(address) if in_reach(azure, subnet, address) => "VirtualAppliance",
        Hop::Gateway => "VirtualNetworkGateway",
        Hop::Endpoint(_) => "InterfaceEndpoint",
        Hop::Appliance(_) | Hop::None => "None",
    }
}

/// Whether an address is in the subnet's VNet or one that is directly peered (azure-dataplane 2.3).
fn in_reach(azure: &Azure, subnet: &SubnetContext, address: Addr) -> bool {
    let within = |vnet| match azure.world.topology.get(vnet).map(|found| &found.kind) {
        Some(Kind::Vnet(vnet)) => vnet.space.iter().any(|prefix| prefix.contains(address)),
        _ => false,
    };
    subnet.network.space.iter().any(|prefix| prefix.contains(address))
        || subnet.network.peers.iter().any(|peer| within(peer.vnet))
}
