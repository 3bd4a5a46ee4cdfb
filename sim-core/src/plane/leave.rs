//! A packet leaves a port: rules, then the route, then the way out (azure-dataplane 7, steps 1 to 6).

use super::flow::{Act, Decision, Half, Key, NO_SCOPE, NewConn};
use super::view::{RECORD_IDLE, Trail, View, not_carried};
use crate::fabric::{LinkClass, NicPort, Outbound, Port, PortKind};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Meta, Protocol};
use crate::stage::route::Hop;
use crate::stage::{Level, PLATFORM, Reason, Step, Translation, never_internet};
use crate::topology::{Access, Direction};

/// The port of DNS.
const DNS: u16 = 53;

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

fn from_nic(trail: &mut Trail<'_>, port: &Port, nic: &NicPort, known: Option<Half>) -> Result<Act, Reason> {
    if not_carried(&trail.tuple) {
        trail.stop(Reason::NotCarried)?;
    }
    if trail.tuple.src != nic.address && !nic.ip_forwarding {
        trail.stop(Reason::ForwardingOff)?;
    }
    if trail.tuple.dst == PLATFORM {
        platform_dns(trail, nic)?;
        trail.steps.push(Step::Platform);
        return Ok(Act::Forward { to: PortId(nic.subnet.vnet.0), class: LinkClass::Platform });
    }
    if known.is_some() {
        trail.steps.push(Step::Known);
    } else {
        trail.security(nic.group.as_ref(), Level::Nic, Direction::Outbound)?;
        trail.security(nic.subnet.group.as_ref(), Level::Subnet, Direction::Outbound)?;
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
    take(trail, port, nic, route.hop)
}

/// Rules that name the platform's DNS are asked about questions to it; no others are (azure-dataplane 1.8).
fn platform_dns(trail: &mut Trail<'_>, nic: &NicPort) -> Result<(), Reason> {
    if trail.tuple.dst_port != DNS {
        return Ok(());
    }
    for (group, level) in [(&nic.group, Level::Nic), (&nic.subnet.group, Level::Subnet)] {
        let Some(group) = group else { continue };
        let Some((rule, access)) = group.rules.decide_platform_dns(&trail.tuple) else { continue };
        trail.steps.push(Step::Security { group: group.node, level, direction: Direction::Outbound, rule, access });
        if access == Access::Deny {
            trail.stop(Reason::SecurityRule)?;
        }
    }
    Ok(())
}

/// Applies the translation of a known connection. One to a public address is made only on the way to the Internet: a
/// reply that a route takes to an appliance goes there untranslated (azure-dataplane 2.4, golden case 16).
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

fn is_private(addr: Addr) -> bool {
    never_internet().iter().any(|prefix| prefix.contains(addr))
}

/// Follows a route's hop.
fn take(trail: &mut Trail<'_>, port: &Port, nic: &NicPort, hop: Hop) -> Result<Act, Reason> {
    let vnet = nic.subnet.vnet;
    let to = trail.tuple.dst;
    match hop {
        Hop::None => stop(trail, Reason::RouteToNone),
        Hop::Gateway => stop(trail, Reason::NoGateway),
        Hop::VnetLocal => match trail.view.fabric.private(vnet, to) {
            Some(to) => Ok(Act::Forward { to, class: LinkClass::Vnet }),
            None => stop(trail, Reason::NoSuchAddress),
        },
        Hop::Peering(remote) => {
            cross(trail, nic, remote)?;
            match trail.view.fabric.private(remote, to) {
                Some(to) => Ok(Act::Forward { to, class: LinkClass::Peering }),
                None => stop(trail, Reason::NoSuchAddress),
            }
        }
        Hop::Endpoint(endpoint) => Ok(Act::Forward { to: PortId(endpoint.0), class: LinkClass::Vnet }),
        Hop::Appliance(address) => appliance(trail, nic, address),
        Hop::Internet => internet(trail, port, nic),
    }
}

fn stop(trail: &mut Trail<'_>, reason: Reason) -> Result<Act, Reason> {
    trail.stop(reason)?;
    Err(reason)
}

/// May a packet of this NIC cross the peering into `remote`? (azure-dataplane 2.7)
fn cross(trail: &mut Trail<'_>, nic: &NicPort, remote: NodeId) -> Result<(), Reason> {
    let Some(peer) = nic.subnet.peers.iter().find(|peer| peer.vnet == remote) else { return Ok(()) };
    if !peer.access {
        trail.stop(Reason::PeeringAccessOff)?;
    }
    let own = nic.subnet.space.iter().any(|prefix| prefix.contains(trail.tuple.src));
    if !own && !peer.forwarded {
        trail.stop(Reason::ForwardedNotAllowed)?;
    }
    Ok(())
}

/// The machine or frontend with a next hop's address: in this VNet or one that is directly peered (2.3).
fn appliance(trail: &mut Trail<'_>, nic: &NicPort, address: Addr) -> Result<Act, Reason> {
    if let Some(to) = trail.view.fabric.private(nic.subnet.vnet, address) {
        return Ok(Act::Forward { to, class: LinkClass::Vnet });
    }
    for peer in &nic.subnet.peers {
        if let Some(to) = trail.view.fabric.private(peer.vnet, address) {
            cross(trail, nic, peer.vnet)?;
            return Ok(Act::Forward { to, class: LinkClass::Peering });
        }
    }
    stop(trail, Reason::NoSuchAddress)
}

/// Out to the Internet by the NIC's outbound method. A flow that was opened from outside goes back the way it came.
fn internet(trail: &mut Trail<'_>, port: &Port, nic: &NicPort) -> Result<Act, Reason> {
    if !is_private(trail.tuple.src) {
        return trail.public_hop(&port.place);
    }
    match (nic.outbound, nic.public) {
        (Outbound::PublicIp, Some(public)) => {
            let from = trail.tuple;
            trail.tuple.src = public.address;
            trail.steps.push(Step::Rewritten { by: Translation::PublicIp(public.node), from, to: trail.tuple });
            trail.public_hop(&port.place)
        }
        (Outbound::NatGateway(to) | Outbound::Default(to), _) => Ok(Act::Forward { to, class: LinkClass::Fabric }),
        (Outbound::Balancer { tcp, udp }, _) => {
            let by = match trail.tuple.protocol {
                Protocol::TCP => tcp,
                Protocol::UDP => udp,
                _ => None,
            };
            match by {
                Some(to) => Ok(Act::Forward { to, class: LinkClass::Fabric }),
                None => stop(trail, Reason::OutboundProtocol),
            }
        }
        _ => stop(trail, Reason::NoOutbound),
    }
}
