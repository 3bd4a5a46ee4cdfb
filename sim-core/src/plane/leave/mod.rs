//! A packet leaves a port: rules, then the route, then the way out (azure-dataplane 7, steps 1 to 6).

mod hop;
mod platform;

use crate::fabric::{LinkClass, NicPort, Port, PortKind};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Meta};
use crate::plane::flow::{Act, Decision, Half, Key, NO_SCOPE, NewConn};
use crate::plane::view::{RECORD_IDLE, Trail, View, is_private, not_carried};
use crate::stage::route::Hop;
use crate::stage::{Level, PLATFORM, Reason, Step, Translation};
use crate::topology::Direction;

/// Decides for a packet that leaves `port`.
pub(super) fn decide(view: &View<'_>, port: &Port, key: Key, meta: &Meta, known: Option<Half>) -> Decision {
    let mut trail = Trail::new(view, key, meta);
    match &port.kind {
        PortKind::Nic(nic) => {
            let act = from_nic(&mut trail, port, nic, known);
            let to = trail.tuple;
            let reply = Key { tuple: to.reversed(), scope: NO_SCOPE, leaving: false };
            let record = NewConn {
                forward: Half { key, to, pin: None },
                reverse: Some(Half { key: reply, to: key.tuple.reversed(), pin: None }),
                idle: RECORD_IDLE,
            };
            trail.end(act, known.is_none().then_some(record))
        }
        PortKind::Internet { .. } => {
            // A service that was reached through a private endpoint answers the way the question came.
            let act = match trail.meta.private_link {
                Some(endpoint) => Ok(Act::Forward { to: PortId(endpoint.0), class: LinkClass::PrivateLink }),
                None => trail.public_hop(&port.place),
            };
            trail.end(act, None)
        }
        PortKind::Platform { vnet } => {
            trail.steps.push(Step::Platform);
            let to = view.fabric.private(*vnet, trail.tuple.dst);
            let act = to.map(|to| Act::Forward { to, class: LinkClass::Platform }).ok_or(Reason::NoSuchAddress);
            trail.end(act, None)
        }
        // The other kinds pass packets on as they arrive; nothing leaves them of its own accord.
        _ => trail.end(Err(Reason::NotCarried), None),
    }
}

/// Rule `nsg-outbound-order`: outbound the NIC's group is asked before the subnet's, both must allow, and a level
/// without a group allows; all before the route is chosen and the source translated. Source: azure-dataplane 1.3.
///
/// Rule `route-replies`: an answer is routed by the table of its own subnet, not by the way the question came. Source:
/// azure-dataplane 2.2.
fn from_nic(trail: &mut Trail<'_>, port: &Port, nic: &NicPort, known: Option<Half>) -> Result<Act, Reason> {
    if not_carried(&trail.tuple) {
        trail.stop(Reason::NotCarried)?;
    }
    if trail.tuple.src != nic.address && !nic.ip_forwarding {
        trail.stop(Reason::ForwardingOff)?;
    }
    if trail.tuple.dst == PLATFORM {
        platform::dns(trail, nic)?;
        trail.steps.push(Step::Platform);
        return Ok(Act::Forward { to: PortId(nic.subnet.vnet.0), class: LinkClass::Platform });
    }
    if known.is_some() {
        trail.steps.push(Step::Known);
    } else {
        trail.security(nic.nsg, &nic.subnet, Level::Nic, Direction::Outbound)?;
        trail.security(nic.subnet.nsg, &nic.subnet, Level::Subnet, Direction::Outbound)?;
    }
    // A reply is routed from its own port: state carries the translation, never the way.
    let Some(route) = nic.subnet.routes.lookup(trail.tuple.dst) else {
        trail.stop(Reason::NoRoute)?;
        return Err(Reason::NoRoute);
    };
    trail.steps.push(Step::Routed { subnet: nic.subnet.node, route });
    if let Some(half) = known {
        rewrite_known(trail, nic, half, route.hop);
    }
    hop::take(trail, port, nic, route.hop)
}

/// Applies the translation of a known connection. One to a public address is made only on the way to the Internet: a
/// reply that a route takes to an appliance goes there untranslated (azure-dataplane 2.4, golden case 16).
///
/// Rule `outbound-replies-as-they-came`: answers to a flow that came in by a public address or a balancer leave by it,
/// also where there is a NAT gateway, unless a route takes them to an appliance. Source: azure-dataplane 2.4, 4.1.
fn rewrite_known(trail: &mut Trail<'_>, nic: &NicPort, half: Half, hop: Hop) {
    let from = trail.tuple;
    let public = !is_private(half.to.src);
    if half.to == from || (public && hop != Hop::Internet) {
        return;
    }
    trail.tuple = half.to;
    let by = match nic.public {
        Some(public) if public.address == half.to.src => Translation::PublicIp(public.node),
        _ => Translation::Balancer(balancer_of(trail.view, nic, half.to.src)),
    };
    trail.steps.push(Step::Rewritten { by, from, to: half.to });
}

/// The frontend with this address, by its resource.
fn balancer_of(view: &View<'_>, nic: &NicPort, address: Addr) -> NodeId {
    let port = view.fabric.private(nic.subnet.vnet, address).or_else(|| view.fabric.public(address));
    NodeId(port.unwrap_or(PortId(nic.subnet.node.0)).0)
}
