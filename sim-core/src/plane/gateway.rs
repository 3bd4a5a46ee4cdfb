//! Gateway balancers: what is chained to one sends its traffic through an appliance of its pool and takes it back
//! (azure-dataplane 3.13). The tunnel between them is not shown.

use super::arrive::choose;
use super::conn::{Half, NewConn};
use super::decision::{Act, Decision};
use super::flow::{Key, Known};
use super::view::Trail;
use crate::fabric::{LinkClass, PortKind};
use crate::id::PortId;
use crate::net::Gateway;
use crate::stage::idle::Lifetime;
use crate::stage::{Reason, Step};

/// Sends a packet that came to `home`, which is chained to the frontend `gateway`, through an appliance, and back.
///
/// Rule `gateway-balancer-chain`: Traffic of a chained frontend or public address goes through one appliance of the gateway
/// balancer's pool, both directions of a flow through the same one. Source: azure-dataplane 3.13.
pub(super) fn divert(mut trail: Trail<'_>, key: Key, known: Known, gateway: PortId, home: PortId) -> Decision {
    if let Some(Half { pin: Some(pin), .. }) = known.half() {
        trail.steps.push(Step::Known);
        trail.meta.gateway = Some(Gateway::Through { home: Some(home) });
        return trail.end(Ok(Act::Forward { to: pin, class: LinkClass::Fabric }), None);
    }
    match appliance(&mut trail, gateway) {
        Ok(pin) => {
            trail.meta.gateway = Some(Gateway::Through { home: Some(home) });
            let forward = Half { key, to: key.tuple, pin: Some(pin) };
            let lifetime = Lifetime::plain(crate::stage::idle::NEVER);
            let state = NewConn { forward, reverse: None, claim: None, lifetime };
            trail.end(Ok(Act::Forward { to: pin, class: LinkClass::Fabric }), Some(state))
        }
        Err(reason) => trail.end(Err(reason), None),
    }
}

/// The appliance for a flow, whichever of its directions this is.
pub(super) fn appliance(trail: &mut Trail<'_>, gateway: PortId) -> Result<PortId, Reason> {
    let fabric = trail.view.fabric;
    let Some(PortKind::Frontend(frontend)) = fabric.port(gateway).map(|port| &port.kind) else {
        return trail.refuse(Reason::NoSuchAddress);
    };
    let rule = frontend.rules.iter().find(|rule| rule.is_for_all_ports());
    let hashed = trail.tuple.min(trail.tuple.reversed());
    choose(trail, frontend, rule, hashed).map(|(_, member)| member.port)
}

/// An appliance has seen a packet: it goes back to whom it came from, or on to its destination.
pub(super) fn seen(
    mut trail: Trail<'_>,
    appliance: PortId,
    home: Option<PortId>,
    place: &crate::fabric::Place,
) -> Decision {
    trail.meta.gateway = home.map(|_| Gateway::Seen { by: appliance });
    let act = match home {
        Some(to) => Ok(Act::Forward { to, class: LinkClass::Fabric }),
        None => trail.public_hop(place),
    };
    trail.end(act, None)
}
