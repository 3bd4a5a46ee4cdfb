//! Where a route leads: inside the VNet, over a peering, to an appliance, a gateway or a service, out to the Internet.

use crate::assumption::Assumption;
use crate::fabric::{LinkClass, NicPort, Port, PortKind, PublicAddress, SubnetContext};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Gateway};
use crate::plane::decision::Act;
use crate::plane::flow::Known;
use crate::plane::gateway;
use crate::plane::view::{Trail, is_private};
use crate::stage::balancer::Rule;
use crate::stage::outbound::{self, Exit, WayOut, by_service_endpoint};
use crate::stage::peering::Crossing;
use crate::stage::route::{Chosen, Hop};
use crate::stage::translate::OneToOne;
use crate::stage::{Reason, Step, Translation};
use crate::topology::Sku;

/// Who sends: a port, its subnet, and the NIC it is; a gateway is none.
#[derive(Clone, Copy)]
pub(in crate::plane) struct Sender<'p> {
    pub port: &'p Port,
    pub subnet: &'p SubnetContext,
    pub nic: Option<&'p NicPort>,
}

/// Follows a route.
///
/// Rule `peering-not-transitive`: a route over a peering leads into the peer, and not on into the peer's peers. Source:
/// azure-dataplane 2.7.
pub(in crate::plane) fn take(
    trail: &mut Trail<'_>,
    sender: Sender<'_>,
    route: Chosen,
    known: Known,
) -> Result<Act, Reason> {
    let to = trail.tuple.dst;
    match route.hop {
        Hop::None => trail.refuse(Reason::RouteToNone),
        Hop::Gateway(None) | Hop::Tunnel(_) => trail.refuse(Reason::NoGateway),
        Hop::Gateway(Some(gateway)) => to_gateway(trail, sender, gateway),
        Hop::VnetLocal => inside(trail, sender.subnet.vnet, to, LinkClass::Vnet),
        Hop::Peering(remote) => {
            cross(trail, sender, remote, Some(to))?;
            inside(trail, remote, to, LinkClass::Peering)
        }
        Hop::Endpoint(endpoint) => Ok(Act::Forward { to: PortId(endpoint.0), class: towards(trail, sender, endpoint) }),
        Hop::Appliance(address) => appliance(trail, sender, address),
        Hop::ServiceEndpoint => service(trail, sender),
        Hop::Internet => match sender.nic {
            Some(nic) => internet(trail, sender.port, nic, route, known),
            // What comes out of a tunnel is not translated to anything.
            None => trail.refuse(Reason::NoRoute),
        },
    }
}

/// To whoever has an address of a VNet.
fn inside(trail: &mut Trail<'_>, vnet: NodeId, address: Addr, class: LinkClass) -> Result<Act, Reason> {
    match trail.view.fabric.private(vnet, address) {
        Some(to) => Ok(Act::Forward { to, class }),
        None if trail.view.fabric.is_silent(vnet, address) => trail.refuse(Reason::NoAnswer),
        None => trail.refuse(Reason::NoSuchAddress),
    }
}

/// May this packet cross the peering on its way to `address` in `remote`? (azure-dataplane 2.7)
fn cross(trail: &mut Trail<'_>, sender: Sender<'_>, remote: NodeId, address: Option<Addr>) -> Result<(), Reason> {
    let Some(peer) = sender.subnet.network.peers.iter().find(|peer| peer.vnet == remote) else { return Ok(()) };
    let fabric = trail.view.fabric;
    let found = address.and_then(|address| fabric.private(remote, address)).and_then(|port| fabric.port(port));
    let crossing = Crossing {
        link: peer.link,
        own: sender.subnet.network.space.iter().copied().collect(),
        // A gateway sends into whatever is peered.
        peered: sender.nic.is_none() || peer.subnets.as_ref().is_none_or(|all| all.contains(&sender.subnet.node)),
        by_gateway: sender.nic.is_none(),
        global: peer.region != sender.subnet.network.region,
        to_basic: found.is_some_and(|port| matches!(&port.kind, PortKind::Frontend(it) if it.sku == Sku::Basic)),
        choices: fabric.choices(),
    };
    let tuple = trail.tuple;
    trail.assume(crossing.assumed(&tuple));
    trail.pass(&crossing.checks())
}

/// What kind of way leads to a resource of this VNet or of a peer.
fn towards(trail: &Trail<'_>, sender: Sender<'_>, node: NodeId) -> LinkClass {
    let vnet = trail.view.fabric.port(PortId(node.0)).and_then(|port| port.place.vnet);
    if vnet == Some(sender.subnet.vnet) { LinkClass::Vnet } else { LinkClass::Peering }
}

/// To the gateway of this VNet, or that of a peer.
fn to_gateway(trail: &mut Trail<'_>, sender: Sender<'_>, gateway: NodeId) -> Result<Act, Reason> {
    let to = PortId(gateway.0);
    let Some(port) = trail.view.fabric.port(to) else { return trail.refuse(Reason::NoGateway) };
    match port.place.vnet.filter(|vnet| *vnet != sender.subnet.vnet) {
        Some(remote) => {
            cross(trail, sender, remote, None)?;
            Ok(Act::Forward { to, class: LinkClass::Peering })
        }
        None => Ok(Act::Forward { to, class: LinkClass::Vnet }),
    }
}

/// The machine or frontend with a next hop's address: in this VNet or one that is directly peered (2.3).
fn appliance(trail: &mut Trail<'_>, sender: Sender<'_>, address: Addr) -> Result<Act, Reason> {
    let network = &sender.subnet.network;
    if !network.is_near(address) {
        return trail.refuse(Reason::RouteToNone);
    }
    let remote = network.peers.iter().find(|peer| peer.space.iter().any(|prefix| prefix.contains(address)));
    match remote.filter(|_| !network.space.iter().any(|prefix| prefix.contains(address))) {
        Some(remote) => {
            cross(trail, sender, remote.vnet, Some(address))?;
            inside(trail, remote.vnet, address, LinkClass::Peering)
        }
        None => inside(trail, sender.subnet.vnet, address, LinkClass::Vnet),
    }
}

/// To an Azure service at its public address.
///
/// Rule `endpoint-identity`: over a service endpoint packets keep their private source and carry the identity of the subnet
/// that sends them; an appliance's subnet stands for what it forwards. Source: azure-dataplane 2.5.
fn service(trail: &mut Trail<'_>, sender: Sender<'_>) -> Result<Act, Reason> {
    trail.pass(by_service_endpoint())?;
    let act = trail.public_hop(&sender.port.place)?;
    if let Act::Forward { to, .. } = act
        && trail.view.fabric.port(to).is_some_and(|port| matches!(port.kind, PortKind::Internet { .. }))
    {
        trail.meta.subnet = Some(sender.subnet.node);
        return Ok(act);
    }
    trail.refuse(Reason::NoSuchAddress)
}

/// Whether the subscription lets mail out.
fn mail(trail: &mut Trail<'_>) -> Result<(), Reason> {
    if !outbound::mail().contains(&trail.tuple) {
        return Ok(());
    }
    trail.steps.push(Step::Assumed(Assumption::SmtpOutbound));
    let blocked = trail.view.fabric.choices().is_default(Assumption::SmtpOutbound);
    if blocked { trail.stop(Reason::SmtpBlocked) } else { Ok(()) }
}

/// Out to the Internet by the NIC's outbound method. A flow that was opened from outside goes back the way it came.
fn internet(trail: &mut Trail<'_>, port: &Port, nic: &NicPort, route: Chosen, known: Known) -> Result<Act, Reason> {
    mail(trail)?;
    let kept = match known {
        Known::As { half, .. } => half.pin.filter(|pin| trail.view.fabric.port(*pin).is_some()),
        _ => None,
    };
    if !is_private(trail.view, &nic.subnet, trail.tuple.src) {
        return match kept {
            Some(appliance) => Ok(through(trail, appliance)),
            None => trail.public_hop(&port.place),
        };
    }
    own_frontend(trail, port)?;
    if let (Some(to), Known::As { forward: true, .. }) = (kept, known) {
        return Ok(Act::Forward { to, class: LinkClass::Fabric });
    }
    let (method, assumed) = nic.outbound.towards(route.source, trail.view.fabric.choices());
    trail.assume(assumed);
    let way = WayOut { method, storage: &nic.subnet.storage, to_storage: PortId(nic.subnet.node.0) };
    match (way.decide(&trail.tuple), nic.public) {
        (Exit::PublicIp, Some(public)) => by_public_address(trail, port, nic, public),
        (Exit::PublicIp, None) => trail.refuse(Reason::NoOutbound),
        (Exit::By(to), _) => Ok(Act::Forward { to, class: LinkClass::Fabric }),
        (Exit::Closed(reason), _) => trail.refuse(reason),
    }
}

/// Out from the NIC's own public address.
fn by_public_address(trail: &mut Trail<'_>, port: &Port, nic: &NicPort, public: PublicAddress) -> Result<Act, Reason> {
    trail.pass(OneToOne::carried())?;
    let from = trail.tuple;
    trail.tuple = OneToOne { private: nic.address, public: public.address }.outward(&from);
    trail.steps.push(Step::Rewritten { by: Translation::PublicIp(public.node), from, to: trail.tuple });
    match nic.chained {
        Some(chained) => {
            let appliance = gateway::appliance(trail, chained)?;
            Ok(through(trail, appliance))
        }
        None => trail.public_hop(&port.place),
    }
}

/// On through a gateway balancer's appliance.
fn through(trail: &mut Trail<'_>, appliance: PortId) -> Act {
    trail.meta.gateway = Some(Gateway::Through { home: None });
    Act::Forward { to: appliance, class: LinkClass::Fabric }
}

/// Rule `balancer-public-hairpin`: Whether a machine reaches the public frontend that it stands behind, from the public
/// address that its way out gives it, is not settled; an assumption decides. Source: azure-dataplane 3.10.
fn own_frontend(trail: &mut Trail<'_>, port: &Port) -> Result<(), Reason> {
    let fabric = trail.view.fabric;
    let asked = fabric.public(trail.tuple.dst).and_then(|to| fabric.port(to));
    let Some(PortKind::Frontend(frontend)) = asked.map(|asked| &asked.kind) else { return Ok(()) };
    let own = |rule: &Rule| rule.members.iter().any(|member| member.port == port.id);
    if !frontend.rule(fabric.choices(), &trail.tuple).is_some_and(own) {
        return Ok(());
    }
    trail.steps.push(Step::Assumed(Assumption::PublicHairpin));
    if fabric.choices().of(Assumption::PublicHairpin) == 1 { trail.stop(Reason::Hairpin) } else { Ok(()) }
}
