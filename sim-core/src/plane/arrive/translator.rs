//! Where outbound flows are translated.

use crate::fabric::{LinkClass, Port, PortKind, Translator, TranslatorKind};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Protocol, Tuple};
use crate::plane::conn::Half;
use crate::plane::decision::{Act, Answer, Decision};
use crate::plane::flow::{Key, Known, NO_SCOPE};
use crate::plane::view::{Trail, translation};
use crate::stage::snat::{Share, Snat};
use crate::stage::{Reason, Step, Translation};

pub(super) fn arrive(trail: Trail<'_>, port: &Port, translator: &Translator, key: Key, known: Known) -> Decision {
    let id = NodeId(port.id.0);
    let by = match translator.kind {
        TranslatorKind::NatGateway => Translation::NatGateway(id),
        TranslatorKind::Default => Translation::DefaultOutbound(id),
    };
    translate(trail, port, key, known, by, std::slice::from_ref(&translator.snat))
}

/// Translates a flow on its way out, or the answer to one; of what else comes from outside nothing gets in.
///
/// Rule `nat-gateway-nothing-inward`: Translations of sources let in the answers to what went out by them, and nothing else.
/// Source: azure-dataplane 4.2.
pub(super) fn translate(
    mut trail: Trail<'_>,
    port: &Port,
    key: Key,
    known: Known,
    by: Translation,
    snats: &[Snat],
) -> Decision {
    let from = trail.tuple;
    match known {
        Known::As { half: Half { to, pin: Some(pin), .. }, forward: false, .. } => {
            trail.tuple = to;
            trail.steps.push(Step::Rewritten { by, from, to });
            trail.end(Ok(Act::Forward { to: pin, class: LinkClass::Fabric }), None)
        }
        Known::As { half, .. } => {
            trail.steps.push(Step::Known);
            trail.tuple = half.to;
            let act = trail.public_hop(&port.place);
            trail.end(act, None)
        }
        _ if snats.iter().flat_map(|snat| &snat.addresses).any(|own| own.address == from.dst)
            && !is_inside(port, from) =>
        {
            trail.end(Err(Reason::UnknownFlow), None)
        }
        _ => outward(trail, port, key, by, snats),
    }
}

/// Whether a packet is for the frontend that also translates it: a member that asks its own balancer.
fn is_inside(port: &Port, tuple: Tuple) -> bool {
    matches!(&port.kind, PortKind::Frontend(frontend) if frontend.is_inside(tuple.src))
}

fn outward(mut trail: Trail<'_>, port: &Port, key: Key, by: Translation, snats: &[Snat]) -> Decision {
    let from = trail.tuple;
    let Some(snat) = snats.iter().find(|snat| snat.carries(from.protocol)) else {
        return trail.end(Err(Reason::OutboundProtocol), None);
    };
    if !trail.view.opens {
        // The middle of a connection that was never translated here.
        trail.once = true;
        let told = snat.share == Share::Random;
        return trail.end(if told { Ok(Act::Answer(Answer::Reset)) } else { Err(Reason::UnknownFlow) }, None);
    }
    let Some(origin) = origin(&trail, port, snat, from.src) else { return trail.end(Err(Reason::NoSuchAddress), None) };
    let table = trail.view.table;
    let free = |to: &Tuple| {
        let claimed = claim(snat, to).is_some_and(|claim| !table.is_free(&claim, trail.view.now));
        !claimed && trail.view.is_free(to)
    };
    let Some(to) = snat.decide(&from, trail.view.draw, free) else {
        holders(&mut trail, snat, origin);
        // Another moment a port may be free.
        trail.once = true;
        return trail.end(Err(Reason::PortsExhausted), None);
    };
    trail.tuple = to;
    trail.steps.push(Step::Rewritten { by, from, to });
    let act = trail.public_hop(&port.place);
    let onward = match act {
        Ok(Act::Forward { to, .. }) => to,
        _ => port.id,
    };
    let device = if let Translation::Balancer(balancer) = by { balancer } else { snat.node };
    let lifetime = snat.lifetime(from.protocol).kept(device, snat.node);
    let mut state = translation(key, to, onward, origin, lifetime);
    state.claim = claim(snat, &to);
    trail.end(act, Some(state))
}

/// What a flow of UDP holds behind a balancer: its port, towards one address.
fn claim(snat: &Snat, to: &Tuple) -> Option<Key> {
    // No packet has this scope.
    const CLAIMED: u32 = NO_SCOPE - 1;
    let tuple = Tuple { src: to.dst, src_port: 0, dst: to.src, dst_port: to.src_port, protocol: to.protocol };
    (snat.is_cone() && to.protocol == Protocol::UDP).then_some(Key { tuple, scope: CLAIMED, leaving: false })
}

/// Where the answers go: the member's port, or whoever has the address in the VNet.
fn origin(trail: &Trail<'_>, port: &Port, snat: &Snat, source: Addr) -> Option<PortId> {
    if let Share::Members { members, .. } = &snat.share {
        return members.iter().find(|member| member.address == source).map(|member| member.port);
    }
    port.place.vnet.and_then(|vnet| trail.view.fabric.private(vnet, source))
}

/// Notes who has the ports towards a destination: those who have most of them, and of whom it was asked.
fn holders(trail: &mut Trail<'_>, snat: &Snat, origin: PortId) {
    /// More holders are not told.
    const TOLD: usize = 3;
    let wanted = trail.tuple;
    let same = |tuple: &Tuple| {
        let port = tuple.dst_port == wanted.dst_port || (snat.is_cone() && tuple.protocol == Protocol::UDP);
        tuple.dst == wanted.dst && tuple.protocol == wanted.protocol && port
    };
    let mut used: Vec<(PortId, u32)> = Vec::new();
    for conn in trail.view.table.alive(trail.view.now).filter(|conn| same(&conn.forward.key.tuple)) {
        let Some(holder) = conn.reverse.and_then(|half| half.pin) else { continue };
        match used.iter_mut().find(|(known, _)| *known == holder) {
            Some((_, count)) => *count += 1,
            None => used.push((holder, 1)),
        }
    }
    used.sort_by_key(|(holder, count)| (*holder != origin && snat.is_cone(), std::cmp::Reverse(*count), *holder));
    let of = snat.allowance(wanted.src);
    trail.steps.extend(used.into_iter().take(TOLD).map(|(holder, used)| Step::Ports { holder, used, of }));
}
