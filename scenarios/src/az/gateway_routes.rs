//! What gateways and route servers learn and tell by BGP.

use super::{Ask, Fault};
use serde_json::{Value, json};

/// `getLearnedRoutes` of a gateway.
pub(super) fn learned(ask: &Ask<'_>) -> Result<Value, Fault> {
    not_modelled(ask)
}

/// `getAdvertisedRoutes` of a gateway.
pub(super) fn advertised(ask: &Ask<'_>) -> Result<Value, Fault> {
    ask.address.query("peer")?;
    not_modelled(ask)
}

/// `getBgpPeerStatus` of a gateway.
pub(super) fn peers(ask: &Ask<'_>) -> Result<Value, Fault> {
    not_modelled(ask)
}

fn not_modelled(ask: &Ask<'_>) -> Result<Value, Fault> {
    ask.azure.resource(&ask.address.resource)?;
    Err(Fault::NotModelled { what: "what gateways learn and tell by BGP".to_owned() })
}

/// `learnedRoutes` and `advertisedRoutes` of a route server's peer. No machine here speaks BGP, so that no session comes
/// up, and neither of the server's two instances has a route to show.
pub(super) fn hub(ask: &Ask<'_>) -> Result<Value, Fault> {
    let id = &ask.address.resource;
    ask.azure.world.resources.get(id).ok_or_else(|| Fault::missing(id))?;
    Ok(json!({"RouteServiceRole_IN_0": [], "RouteServiceRole_IN_1": []}))
}
