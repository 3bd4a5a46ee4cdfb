//! Where a route leads: inside the VNet, over a peering, to an appliance, out to the Internet.

use crate::assumption::Assumption;
use crate::fabric::{LinkClass, NicPort, Outbound, Port, PortKind};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Gateway, Protocol};
use crate::plane::arrive::public_protocol;
use crate::plane::flow::{Act, Known};
use crate::plane::gateway;
use crate::plane::view::{Trail, is_private};
use crate::stage::balancer::Rule;
use crate::stage::route::{Chosen, Hop, Source};
use crate::stage::{Reason, Step, Translation};

/// Follows a route.
pub(super) fn take(
    trail: &mut Trail<'_>,
    port: &Port,
    nic: &NicPort,
    route: Chosen,
    known: Known,
) -> Result<Act, Reason> {
    let vnet = nic.subnet.vnet;
    let to = trail.tuple.dst;
    match route.hop {
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
        Hop::Internet => internet(trail, port, nic, route, known),
    }
}

fn stop(trail: &mut Trail<'_>, reason: Reason) -> Result<Act, Reason> {
    trail.stop(reason)?;
    Err(reason)
}

/// May a packet of this NIC cross the peering into `remote`? (azure-dataplane 2.7)
fn cross(trail: &mut Trail<'_>, nic: &NicPort, remote: NodeId) -> Result<(), Reason> {
    let Some(peer) = nic.subnet.network.peers.iter().find(|peer| peer.vnet == remote) else { return Ok(()) };
    if !peer.access {
        trail.stop(Reason::PeeringAccessOff)?;
    }
    let own = nic.subnet.network.space.iter().any(|prefix| prefix.contains(trail.tuple.src));
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
    for peer in &nic.subnet.network.peers {
        if let Some(to) = trail.view.fabric.private(peer.vnet, address) {
            cross(trail, nic, peer.vnet)?;
            return Ok(Act::Forward { to, class: LinkClass::Peering });
        }
    }
    stop(trail, Reason::NoSuchAddress)
}

/// Out to the Internet by the NIC's outbound method. A flow that was opened from outside goes back the way it came.
fn internet(trail: &mut Trail<'_>, port: &Port, nic: &NicPort, route: Chosen, known: Known) -> Result<Act, Reason> {
    let kept = match known {
        Known::As { half, .. } => half.pin.filter(|pin| trail.view.fabric.port(*pin).is_some()),
        _ => None,
    };
    if !is_private(trail.tuple.src) {
        return match kept {
            Some(appliance) => Ok(through(trail, appliance)),
            None => trail.public_hop(&port.place),
        };
    }
    own_frontend(trail, port)?;
    if let (Some(to), Known::As { forward: true, .. }) = (kept, known) {
        return Ok(Act::Forward { to, class: LinkClass::Fabric });
    }
    match (method(trail, nic, route), nic.public) {
        (Outbound::PublicIp, Some(public)) => {
            public_protocol(trail)?;
            let from = trail.tuple;
            trail.tuple.src = public.address;
            trail.steps.push(Step::Rewritten { by: Translation::PublicIp(public.node), from, to: trail.tuple });
            match nic.chained {
                Some(chained) => {
                    let appliance = gateway::appliance(trail, chained)?;
                    Ok(through(trail, appliance))
                }
                None => trail.public_hop(&port.place),
            }
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

/// On through a gateway balancer's appliance.
fn through(trail: &mut Trail<'_>, appliance: PortId) -> Act {
    trail.meta.gateway = Some(Gateway::Through { home: None });
    Act::Forward { to: appliance, class: LinkClass::Fabric }
}

/// Rule `nat-gateway-user-internet-route`: Whether flows that a user's route sends to the Internet take the NAT gateway is not
/// documented; an assumption decides. Source: azure-dataplane 9 (16).
fn method(trail: &mut Trail<'_>, nic: &NicPort, route: Chosen) -> Outbound {
    if !(matches!(route.source, Source::User(..)) && matches!(nic.outbound, Outbound::NatGateway(_))) {
        return nic.outbound;
    }
    trail.steps.push(Step::Assumed(Assumption::UserInternetRouteNat));
    let applies = trail.view.fabric.choices().of(Assumption::UserInternetRouteNat) == 0;
    if applies { nic.outbound } else { nic.beside_gateway }
}

/// Rule `balancer-public-hairpin`: Whether a machine reaches the public frontend that it stands behind, from the public
/// address that its way out gives it, is not settled; an assumption decides. Source: azure-dataplane 3.10.
fn own_frontend(trail: &mut Trail<'_>, port: &Port) -> Result<(), Reason> {
    let fabric = trail.view.fabric;
    let asked = fabric.public(trail.tuple.dst).and_then(|to| fabric.port(to));
    let Some(PortKind::Frontend(frontend)) = asked.map(|asked| &asked.kind) else { return Ok(()) };
    let own = |rule: &Rule| rule.members.iter().any(|member| member.port == port.id);
    if !frontend.rule(&trail.tuple).is_some_and(own) {
        return Ok(());
    }
    trail.steps.push(Step::Assumed(Assumption::PublicHairpin));
    if fabric.choices().of(Assumption::PublicHairpin) == 1 { trail.stop(Reason::Hairpin) } else { Ok(()) }
}
