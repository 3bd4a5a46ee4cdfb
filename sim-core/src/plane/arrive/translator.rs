//! Where outbound flows are translated.

use crate::fabric::{LinkClass, Port, PortKind, Translator, TranslatorKind};
use crate::id::NodeId;
use crate::net::{Addr, Protocol};
use crate::plane::flow::{Act, Decision, Half, Key};
use crate::plane::view::{OUTBOUND_IDLE, Trail, translate, translation};
use crate::stage::{Reason, Step, Translation};

/// Rule `nat-gateway-nothing-inward`: translations of sources let in the answers to what went out by them, and nothing
/// else. Source: azure-dataplane 4.2.
pub(super) fn arrive(
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
pub(super) fn outward(mut trail: Trail<'_>, port: &Port, key: Key, by: Translation, addresses: &[Addr]) -> Decision {
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
