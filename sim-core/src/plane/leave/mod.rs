//! A packet leaves a port: rules, then the route, then the way out (azure-dataplane 7, steps 1 to 6).

pub(super) mod hop;
mod platform;
mod site;

use crate::assumption::Assumption;
use crate::fabric::{LinkClass, NicPort, Port, PortKind};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Meta};
use crate::plane::arrive::{self, mid_stream};
use crate::plane::conn::{Half, NewConn};
use crate::plane::decision::{Act, Decision};
use crate::plane::flow::{Key, Known, NO_SCOPE, SEEN};
use crate::plane::view::{Trail, View, answer_key, is_private, record};
use crate::stage::idle::Lifetime;
use crate::stage::interface::departure;
use crate::stage::outbound;
use crate::stage::platform::{Platform, carried};
use crate::stage::route::Hop;
use crate::stage::security::PlatformTag;
use crate::stage::{Level, Reason, Step, Translation};
use crate::time::Nanos;
use crate::topology::Direction;
use hop::Sender;

/// The longest that any translation remembers a flow: the way out of a flow is kept as long (azure-dataplane 3.7, 4.2).
const LONGEST_WAY: Nanos = Nanos::secs(120 * 60);

/// Decides for a packet that leaves `port`.
pub(super) fn decide(view: &View<'_>, port: &Port, key: Key, meta: &Meta, known: Known) -> Decision {
    let mut trail = Trail::new(view, key, meta);
    match &port.kind {
        PortKind::Nic(nic) => {
            let act = from_nic(&mut trail, port, nic, known);
            let state = known.half().is_none().then(|| opened(&trail, nic, key, &act));
            trail.end(act, state)
        }
        PortKind::Internet { .. } => {
            // A service that was reached through a private or service endpoint answers the way the question came.
            let act = match (trail.meta.private_link, trail.meta.subnet) {
                (Some(endpoint), _) => Ok(Act::Forward { to: PortId(endpoint.0), class: LinkClass::PrivateLink }),
                (None, Some(subnet)) => site::to_subnet(&mut trail, port, subnet),
                (None, None) => trail.public_hop(&port.place),
            };
            trail.end(act, None)
        }
        PortKind::OnPremises(host) => {
            let act = site::on_premises(&mut trail, host);
            trail.end(act, None)
        }
        PortKind::Platform { vnet } => {
            trail.steps.push(Step::Platform);
            let to = view.fabric.private(*vnet, trail.tuple.dst);
            let act = to.map(|to| Act::Forward { to, class: LinkClass::Platform }).ok_or(Reason::NoSuchAddress);
            trail.end(act, None)
        }
        // What balancers and translations answer themselves.
        PortKind::Frontend(_) | PortKind::Translator(_) => {
            let act = answer(&mut trail, port);
            trail.end(act, None)
        }
        // What a gateway says itself.
        PortKind::Gateway(gateway) => {
            let act = arrive::gateway::forward(&mut trail, port, gateway);
            trail.end(act, None)
        }
        // The other kinds pass packets on as they arrive; nothing leaves them of its own accord.
        _ => trail.end(Err(Reason::NotCarried), None),
    }
}

/// What is remembered of a flow that a NIC opens: that its answers may come in, and the way it went out.
///
/// Rule `outbound-flows-keep-their-way`: A flow keeps the way out that it was opened by, whatever is attached later. Source:
/// azure-dataplane 4.1.
fn opened(trail: &Trail<'_>, nic: &NicPort, key: Key, act: &Result<Act, Reason>) -> NewConn {
    let to = trail.tuple;
    let pin = match act {
        Ok(Act::Forward { to, class: LinkClass::Fabric }) => Some(*to),
        _ => None,
    };
    let mut reply = answer_key(to);
    if nic.chained.is_some() && nic.public.is_some_and(|public| public.address == to.src) {
        reply.scope = NO_SCOPE ^ SEEN;
    }
    let record = record(&nic.subnet);
    NewConn {
        forward: Half { key, to, pin },
        reverse: Some(Half { key: reply, to: key.tuple.reversed(), pin: None }),
        claim: None,
        lifetime: if pin.is_some() {
            Lifetime { record: record.record, ..Lifetime::plain(LONGEST_WAY) }
        } else {
            record
        },
    }
}

/// The way of an answer that the platform gives in somebody's name.
fn answer(trail: &mut Trail<'_>, port: &Port) -> Result<Act, Reason> {
    let (fabric, dst) = (trail.view.fabric, trail.tuple.dst);
    if let Some(to) = port.place.vnet.and_then(|vnet| fabric.private(vnet, dst)) {
        return Ok(Act::Forward { to, class: LinkClass::Vnet });
    }
    if !outbound::is_private(dst) {
        return trail.public_hop(&port.place);
    }
    let vnet = port.place.vnet.ok_or(Reason::NoSuchAddress)?;
    let near = |found: &&std::sync::Arc<Port>| match &found.kind {
        PortKind::Nic(nic) => nic.address == dst && nic.subnet.network.peers.iter().any(|peer| peer.vnet == vnet),
        _ => false,
    };
    let peer = fabric.ports().find(near).ok_or(Reason::NoSuchAddress)?;
    Ok(Act::Forward { to: peer.id, class: LinkClass::Peering })
}

/// Rule `nsg-outbound-order`: outbound the NIC's group is asked before the subnet's, both must allow, and a level
/// without a group allows; all before the route is chosen and the source translated. Source: azure-dataplane 1.3.
///
/// Rule `route-replies`: an answer is routed by the table of its own subnet, not by the way the question came. Source:
/// azure-dataplane 2.2.
///
/// Rule `balancer-floating-answers`: a backend answers in the name of the frontend whose floating address the question
/// came for, without being allowed to forward. Source: azure-dataplane 3.5.
fn from_nic(trail: &mut Trail<'_>, port: &Port, nic: &NicPort, known: Known) -> Result<Act, Reason> {
    let answers = matches!(known, Known::As { forward: false, .. });
    trail.pass(carried())?;
    trail.pass(&departure(nic.address, nic.ip_forwarding || answers))?;
    let for_platform = Platform::decide(&trail.tuple);
    if for_platform != Platform::Not {
        match for_platform.tag() {
            Some(tag) => platform::ask(trail, nic, tag)?,
            None => trail.steps.push(Step::Platform),
        }
        return Ok(Act::Forward { to: PortId(nic.subnet.vnet.0), class: LinkClass::Platform });
    }
    if known.half().is_some() {
        trail.steps.push(Step::Known);
    } else {
        mid_stream(trail, &nic.subnet)?;
    }
    if known.is_recorded() {
        // The record lets it pass.
    } else if platform::is_licensing(trail, nic) {
        platform::ask(trail, nic, PlatformTag::Licensing)?;
    } else if trail.admin(&nic.subnet, Direction::Outbound)? {
        trail.security(nic.nsg, &nic.subnet, Level::Nic, Direction::Outbound)?;
        trail.security(nic.subnet.nsg, &nic.subnet, Level::Subnet, Direction::Outbound)?;
    }
    // A reply is routed from its own port: state carries the translation, never the way.
    let route = trail.route(&nic.subnet)?;
    if let Known::As { half, forward, .. } = known
        && (forward || answers_as_it_came(trail, nic, &half, route.hop))
    {
        rewrite_known(trail, nic, half, route.hop);
    }
    hop::take(trail, Sender { port, subnet: &nic.subnet, nic: Some(nic) }, route, known)
}

/// Rule `outbound-replies-as-they-came`: Answers to a flow that came in by a public address or a balancer leave by it even
/// where there is a NAT gateway; that is an assumption. Source: azure-dataplane 4.1.
fn answers_as_it_came(trail: &mut Trail<'_>, nic: &NicPort, half: &Half, hop: Hop) -> bool {
    let by_gateway = nic.outbound.is_gateway() && hop == Hop::Internet;
    if is_private(trail.view, &nic.subnet, half.to.src) || !by_gateway {
        return true;
    }
    trail.steps.push(Step::Assumed(Assumption::InboundReplyPath));
    trail.view.fabric.choices().of(Assumption::InboundReplyPath) == 0
}

/// Applies the translation of a known connection. One to a public address is made only on the way to the Internet: a
/// reply that a route takes to an appliance goes there untranslated (azure-dataplane 2.4, golden case 16).
fn rewrite_known(trail: &mut Trail<'_>, nic: &NicPort, half: Half, hop: Hop) {
    let from = trail.tuple;
    let public = !is_private(trail.view, &nic.subnet, half.to.src);
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
