//! What gateways and route servers learn and tell by BGP.

use super::{Ask, Fault};
use serde_json::{Value, json};
use sim_core::fabric::{BgpView, PortKind, WEIGHT};
use sim_core::id::PortId;
use sim_core::net::Addr;

/// `getLearnedRoutes` of a gateway.
pub(super) fn learned(ask: &Ask<'_>) -> Result<Value, Fault> {
    let bgp = view(ask)?;
    let own = shown(bgp.address);
    let rows = bgp.learned.iter().map(|route| {
        let mut row = json!({
            "localAddress": own,
            "network": route.network.to_string(),
            "sourcePeer": route.from.map_or(own.clone(), |from| from.to_string()),
            "origin": if route.from.is_some() { "EBgp" } else { "Network" },
            "asPath": path(&route.path),
            "weight": WEIGHT,
        });
        if let Some(from) = route.from {
            row["nextHop"] = json!(from.to_string());
        }
        row
    });
    Ok(json!({"value": rows.collect::<Vec<_>>()}))
}

/// `getAdvertisedRoutes` of a gateway. The gateway's own number, which each path begins with on its way out, is not shown.
pub(super) fn advertised(ask: &Ask<'_>) -> Result<Value, Fault> {
    let peer = ask.address.query("peer")?;
    let bgp = view(ask)?;
    let own = shown(bgp.address);
    let told = peer.parse().map_or_else(|_| Vec::new(), |peer| bgp.advertised(peer));
    let row = |route: &sim_core::fabric::LearnedRoute| {
        json!({
            "localAddress": own,
            "network": route.network.to_string(),
            "nextHop": own,
            "origin": "Igp",
            "asPath": path(route.path.get(1..).unwrap_or_default()),
            "weight": 0,
        })
    };
    Ok(json!({"value": told.iter().map(row).collect::<Vec<_>>()}))
}

/// `getBgpPeerStatus` of a gateway. A session that is there is up; nobody has counted its messages or its time.
pub(super) fn peers(ask: &Ask<'_>) -> Result<Value, Fault> {
    let bgp = view(ask)?;
    let rows = bgp.peers.iter().map(|peer| {
        json!({
            "localAddress": shown(bgp.address),
            "neighbor": peer.address.to_string(),
            "asn": peer.asn,
            "state": "Connected",
            "connectedDuration": "00:00:00",
            "routesReceived": peer.received,
            "messagesSent": 0,
            "messagesReceived": 0,
        })
    });
    Ok(json!({"value": rows.collect::<Vec<_>>()}))
}

fn view<'a>(ask: &Ask<'a>) -> Result<&'a BgpView, Fault> {
    let found = ask.azure.resource(&ask.address.resource)?;
    match ask.azure.fabric.port(PortId(found.id.0)).map(|port| &port.kind) {
        Some(PortKind::Gateway(gateway)) => Ok(&gateway.bgp),
        _ => Err(Fault::missing(&ask.address.resource)),
    }
}

fn shown(address: Option<Addr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

fn path(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join("-")
}

/// `learnedRoutes` and `advertisedRoutes` of a route server's peer. No machine here speaks BGP, so that no session comes
/// up, and neither of the server's two instances has a route to show.
pub(super) fn hub(ask: &Ask<'_>) -> Result<Value, Fault> {
    let id = &ask.address.resource;
    ask.azure.world.resources.get(id).ok_or_else(|| Fault::missing(id))?;
    Ok(json!({"RouteServiceRole_IN_0": [], "RouteServiceRole_IN_1": []}))
}
