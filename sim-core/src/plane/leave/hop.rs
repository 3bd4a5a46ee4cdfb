//! Where a route leads: inside the VNet, over a peering, to an appliance, out to the Internet.

use crate::fabric::{LinkClass, NicPort, Outbound, Port};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Protocol};
use crate::plane::flow::Act;
use crate::plane::view::{Trail, is_private};
use crate::stage::route::Hop;
use crate::stage::{Reason, Step, Translation};

/// Follows a route's hop.
///
/// Rule `peering-not-transitive`: a route over a peering leads into the peer, and not on into the peer's peers. Source:
/// azure-dataplane 2.7.
pub(super) fn take(trail: &mut Trail<'_>, port: &Port, nic: &NicPort, hop: Hop) -> Result<Act, Reason> {
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
///
/// Rule `route-appliance-near`: an appliance is used as next hop only where its address is in the VNet or in a peer.
/// Source: azure-dataplane 2.3.
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
