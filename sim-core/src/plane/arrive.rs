//! A packet arrives at a port: at a machine's NIC, or at something on the way that passes it on (azure-dataplane 7,
//! steps 7 and 8).

use super::flow::{Act, Decision, Half, Key, NO_SCOPE, NewConn};
use super::view::{LINK_IDLE, OUTBOUND_IDLE, RECORD_IDLE, Trail, View, translate, translation};
use crate::fabric::{
    EndpointPort, FrontendPort, LinkClass, LinkServicePort, NicPort, Port, PortKind, Translator, TranslatorKind,
};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Meta, Protocol, Tuple, Via};
use crate::stage::balancer::{Member, Rule};
use crate::stage::{Level, Reason, Step, Translation};
use crate::time::Nanos;
use crate::topology::{ConnectionState, Direction, Sku};

/// Decides for a packet that arrives at `port`.
pub(super) fn decide(view: &View<'_>, port: &Port, key: Key, meta: &Meta, known: Option<Half>) -> Decision {
    let mut trail = Trail::new(view, key, meta);
    match &port.kind {
        PortKind::Nic(nic) => at_nic(trail, nic, key, known),
        PortKind::Frontend(frontend) if trail.tuple.dst == frontend.address || (frontend.public && known.is_some()) => {
            at_frontend(trail, port, frontend, key, known)
        }
        PortKind::Frontend(frontend) if !frontend.public => past_frontend(trail, frontend, key, known),
        // A backend's own flow on its way out by the frontend's address.
        PortKind::Frontend(frontend) => {
            let by = Translation::Balancer(frontend.balancer);
            outward(trail, port, key, by, &[frontend.address])
        }
        PortKind::Endpoint(endpoint) => {
            let record = NewConn { forward: Half { key, to: key.tuple, pin: None }, reverse: None, idle: LINK_IDLE };
            let from_client = trail.meta.private_link.is_none();
            let act = at_endpoint(&mut trail, port, endpoint, known.is_some());
            trail.end(act, (from_client && known.is_none()).then_some(record))
        }
        PortKind::LinkService(service) => at_link_service(trail, port, service, key, known),
        PortKind::Translator(translator) => at_translator(trail, port, translator, key, known),
        PortKind::Internet { .. } | PortKind::Platform { .. } => trail.end(Ok(Act::Deliver), None),
    }
}

fn at_nic(mut trail: Trail<'_>, nic: &NicPort, key: Key, known: Option<Half>) -> Decision {
    let via = trail.meta.via.take();
    if let Some(half) = known {
        trail.steps.push(Step::Known);
        trail.tuple = half.to;
        return trail.end(Ok(Act::Deliver), None);
    }
    let act = admit(&mut trail, nic, via);
    let to = trail.tuple;
    // Replies go out in the name that the client knows: the frontend's, or the public address.
    let mut answer = to.reversed();
    match via {
        Some(via) => (answer.src, answer.src_port) = (via.address, via.port),
        None => answer.src = key.tuple.dst,
    }
    let reply = Key { tuple: to.reversed(), scope: NO_SCOPE, leaving: true };
    let record = NewConn {
        forward: Half { key, to, pin: None },
        reverse: Some(Half { key: reply, to: answer, pin: None }),
        idle: RECORD_IDLE,
    };
    trail.end(act, Some(record))
}

/// The rules on the way in: they see the private address and the backend's port (azure-dataplane 1.3).
fn admit(trail: &mut Trail<'_>, nic: &NicPort, via: Option<Via>) -> Result<Act, Reason> {
    let mut closed_without_group = false;
    if let Some(public) = nic.public.filter(|public| public.address == trail.tuple.dst) {
        let from = trail.tuple;
        trail.tuple.dst = nic.address;
        trail.steps.push(Step::Rewritten { by: Translation::PublicIp(public.node), from, to: trail.tuple });
        closed_without_group = public.sku == Sku::Standard;
    }
    if let Some(frontend) = via.and_then(|via| trail.view.fabric.port(via.frontend))
        && let PortKind::Frontend(frontend) = &frontend.kind
    {
        closed_without_group |= frontend.public && frontend.sku == Sku::Standard;
    }
    if via.is_some() && trail.tuple.src == nic.address {
        trail.stop(Reason::Hairpin)?;
    }
    let floating = via.is_some_and(|via| via.address == trail.tuple.dst);
    let foreign = trail.tuple.dst != nic.address && !floating;
    if foreign && !(nic.ip_forwarding && (nic.guest_forwards || same_machine(trail, nic))) {
        trail.stop(Reason::ForwardingOff)?;
    }
    if closed_without_group && nic.group.is_none() && nic.subnet.group.is_none() {
        trail.stop(Reason::ClosedByDefault)?;
    }
    trail.security(nic.subnet.group.as_ref(), Level::Subnet, Direction::Inbound)?;
    trail.security(nic.group.as_ref(), Level::Nic, Direction::Inbound)?;
    Ok(Act::Deliver)
}

/// Whether the destination is another NIC's of the same machine, which its guest takes without forwarding.
fn same_machine(trail: &Trail<'_>, nic: &NicPort) -> bool {
    let fabric = trail.view.fabric;
    let other = fabric.private(nic.subnet.vnet, trail.tuple.dst).and_then(|port| fabric.port(port));
    other.is_some_and(|port| matches!(&port.kind, PortKind::Nic(other) if other.machine == nic.machine))
}

fn at_frontend(mut trail: Trail<'_>, port: &Port, frontend: &FrontendPort, key: Key, known: Option<Half>) -> Decision {
    let from = trail.tuple;
    if let Some(Half { to, pin: Some(pin), .. }) = known {
        trail.steps.push(Step::Known);
        trail.tuple = to;
        let inward = from.dst == frontend.address;
        trail.meta.via = inward.then_some(Via { frontend: port.id, address: from.dst, port: from.dst_port });
        let act = if inward || to.dst != from.dst {
            Ok(Act::Forward { to: pin, class: LinkClass::Fabric })
        } else {
            trail.public_hop(&port.place)
        };
        return trail.end(act, None);
    }
    match balance(&mut trail, frontend) {
        Ok((pin, idle)) => {
            trail.meta.via = Some(Via { frontend: port.id, address: from.dst, port: from.dst_port });
            let to = trail.tuple;
            trail.steps.push(Step::Rewritten { by: Translation::Balancer(frontend.balancer), from, to });
            let state = NewConn { forward: Half { key, to, pin: Some(pin) }, reverse: None, idle };
            trail.end(Ok(Act::Forward { to: pin, class: LinkClass::Fabric }), Some(state))
        }
        Err(reason) => trail.end(Err(reason), None),
    }
}

/// A private frontend that a route names as next hop: an appliance behind it gets the packet as it is (azure-dataplane 2.3
/// and 7, step 6). Only a rule for all ports has a say about packets for others. Both directions of a conversation find
/// the same appliance (3.6).
fn past_frontend(mut trail: Trail<'_>, frontend: &FrontendPort, key: Key, known: Option<Half>) -> Decision {
    if let Some(Half { pin: Some(pin), .. }) = known {
        trail.steps.push(Step::Known);
        return trail.end(Ok(Act::Forward { to: pin, class: LinkClass::Fabric }), None);
    }
    let rule = frontend.rules.iter().find(|rule| rule.frontend_port == 0 && rule.takes(&key.tuple));
    match choose(&mut trail, rule, key.tuple.min(key.tuple.reversed())) {
        Ok((rule, member)) => {
            let forward = Half { key, to: key.tuple, pin: Some(member.port) };
            let state = NewConn { forward, reverse: None, idle: idle(rule) };
            trail.end(Ok(Act::Forward { to: member.port, class: LinkClass::Fabric }), Some(state))
        }
        Err(reason) => trail.end(Err(reason), None),
    }
}

/// Chooses rule and backend; rewrites the destination, unless the rule floats.
fn balance(trail: &mut Trail<'_>, frontend: &FrontendPort) -> Result<(PortId, Nanos), Reason> {
    let hashed = trail.tuple;
    let (rule, member) = choose(trail, frontend.rules.iter().find(|rule| rule.takes(&hashed)), hashed)?;
    if !rule.floating_ip {
        trail.tuple.dst = member.address;
    }
    if rule.backend_port != 0 {
        trail.tuple.dst_port = rule.backend_port;
    }
    Ok((member.port, idle(rule)))
}

/// A backend of a rule by the hash of `hashed`.
fn choose<'r>(trail: &mut Trail<'_>, rule: Option<&'r Rule>, hashed: Tuple) -> Result<(&'r Rule, Member), Reason> {
    let Some(rule) = rule else {
        trail.stop(Reason::NoBalancerRule)?;
        return Err(Reason::NoBalancerRule);
    };
    let (mut chosen, up) = rule.choose(&hashed, |probe, backend| trail.view.health.is_up(probe, backend));
    if chosen.is_none() {
        trail.stop(Reason::NoHealthyBackend)?;
        chosen = rule.choose(&hashed, |_, _| true).0;
    }
    let Some(member) = chosen else { return Err(Reason::NoHealthyBackend) };
    let pool = u32::try_from(rule.members.len()).unwrap_or(u32::MAX);
    trail.steps.push(Step::Balanced { rule: rule.node, backend: NodeId(member.port.0), up, pool });
    Ok((rule, member))
}

/// How long a rule remembers a silent flow.
fn idle(rule: &Rule) -> Nanos {
    Nanos::secs(u64::from(rule.idle_minutes) * 60)
}

fn at_endpoint(trail: &mut Trail<'_>, port: &Port, endpoint: &EndpointPort, known: bool) -> Result<Act, Reason> {
    let vnet = endpoint.subnet.vnet;
    if trail.meta.private_link == Some(NodeId(port.id.0)) {
        // From the provider: straight to the client, whatever the subnet's routes say (azure-dataplane 2.6).
        trail.meta.private_link = None;
        let fabric = trail.view.fabric;
        if let Some(to) = fabric.private(vnet, trail.tuple.dst) {
            return Ok(Act::Forward { to, class: LinkClass::Vnet });
        }
        let peered = endpoint.subnet.peers.iter().find_map(|peer| fabric.private(peer.vnet, trail.tuple.dst));
        return peered.map(|to| Act::Forward { to, class: LinkClass::Peering }).ok_or(Reason::NoSuchAddress);
    }
    if known {
        trail.steps.push(Step::Known);
    } else if endpoint.group.is_some() {
        trail.endpoint_security(endpoint.group.as_ref())?;
    }
    if endpoint.state != ConnectionState::Approved {
        trail.stop(Reason::LinkNotApproved)?;
    }
    let Some(to) = endpoint.target else {
        trail.stop(Reason::NoSuchAddress)?;
        return Err(Reason::NoSuchAddress);
    };
    trail.meta.private_link = Some(NodeId(port.id.0));
    Ok(Act::Forward { to, class: LinkClass::PrivateLink })
}

/// azure-services 3.2: consumers are translated to one of the service's addresses and sent to the frontend behind it.
fn at_link_service(
    mut trail: Trail<'_>,
    port: &Port,
    service: &LinkServicePort,
    key: Key,
    known: Option<Half>,
) -> Decision {
    let by = Translation::LinkService(NodeId(port.id.0));
    let from = trail.tuple;
    let Some(link) = trail.meta.private_link else {
        // A reply from the provider's side.
        let Some(Half { to, pin: Some(pin), .. }) = known else { return trail.end(Err(Reason::UnknownFlow), None) };
        trail.tuple = to;
        trail.meta.private_link = Some(NodeId(pin.0));
        trail.steps.push(Step::Rewritten { by, from, to });
        return trail.end(Ok(Act::Forward { to: pin, class: LinkClass::PrivateLink }), None);
    };
    trail.meta.private_link = None;
    let Some((frontend, address)) = service.frontend else { return trail.end(Err(Reason::NoSuchAddress), None) };
    if let Some(half) = known {
        trail.steps.push(Step::Known);
        trail.tuple = half.to;
        return trail.end(Ok(Act::Forward { to: frontend, class: LinkClass::Vnet }), None);
    }
    let Some(to) = translate(trail.view, Tuple { dst: address, ..from }, &service.nat) else {
        return trail.end(Err(Reason::PortsExhausted), None);
    };
    trail.tuple = to;
    trail.steps.push(Step::Rewritten { by, from, to });
    let state = translation(key, to, frontend, PortId(link.0), LINK_IDLE);
    trail.end(Ok(Act::Forward { to: frontend, class: LinkClass::Vnet }), Some(state))
}

fn at_translator(
    mut trail: Trail<'_>,
    port: &Port,
    translator: &Translator,
    key: Key,
    known: Option<Half>,
) -> Decision {
    let id = NodeId(port.id.0);
    let by = match translator.kind {
        TranslatorKind::NatGateway => Translation::NatGateway(id),
        TranslatorKind::Default => Translation::DefaultOutbound(id),
    };
    let from = trail.tuple;
    if translator.addresses.contains(&from.dst) {
        // From outside: only replies come in.
        let Some(Half { to, pin: Some(pin), .. }) = known else { return trail.end(Err(Reason::UnknownFlow), None) };
        trail.tuple = to;
        trail.steps.push(Step::Rewritten { by, from, to });
        return trail.end(Ok(Act::Forward { to: pin, class: LinkClass::Fabric }), None);
    }
    if let Some(half) = known {
        trail.steps.push(Step::Known);
        trail.tuple = half.to;
        let act = trail.public_hop(&port.place);
        return trail.end(act, None);
    }
    outward(trail, port, key, by, &translator.addresses)
}

/// Translates a flow on its way to the Internet. TCP and UDP only (azure-dataplane 3.11, 4.2, 4.4).
fn outward(mut trail: Trail<'_>, port: &Port, key: Key, by: Translation, addresses: &[Addr]) -> Decision {
    let from = trail.tuple;
    if !matches!(from.protocol, Protocol::TCP | Protocol::UDP) {
        return trail.end(Err(Reason::OutboundProtocol), None);
    }
    let origin = port.place.vnet.and_then(|vnet| trail.view.fabric.private(vnet, from.src));
    let origin = origin.or_else(|| trail.view.fabric.ports().find(|p| answers(p, from.src)).map(|p| p.id));
    let (Some(to), Some(origin)) = (translate(trail.view, from, addresses), origin) else {
        return trail.end(Err(Reason::PortsExhausted), None);
    };
    trail.tuple = to;
    trail.steps.push(Step::Rewritten { by, from, to });
    let act = trail.public_hop(&port.place);
    let onward = match act {
        Ok(Act::Forward { to, .. }) => to,
        _ => port.id,
    };
    trail.end(act, Some(translation(key, to, onward, origin, OUTBOUND_IDLE)))
}

fn answers(port: &Port, address: Addr) -> bool {
    matches!(&port.kind, PortKind::Nic(nic) if nic.address == address)
}
