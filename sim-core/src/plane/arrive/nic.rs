//! At a machine's NIC: translation of its public address, then the rules.

use crate::assumption::Assumption;
use crate::fabric::{FrontendPort, NicPort, Port, PortKind};
use crate::net::{Gateway, Protocol, Tuple, Via};
use crate::plane::conn::{Half, NewConn};
use crate::plane::flow::{Act, Decision, Key, Known, NO_SCOPE};
use crate::plane::gateway;
use crate::plane::view::{Trail, record};
use crate::stage::idle::{Expiry, Lifetime};
use crate::stage::translate::OneToOne;
use crate::stage::{Level, Reason, Step, Translation};
use crate::time::Nanos;
use crate::topology::{Direction, Sku};

pub(super) fn arrive(mut trail: Trail<'_>, port: &Port, nic: &NicPort, key: Key, known: Known) -> Decision {
    match trail.meta.gateway {
        Some(Gateway::Through { home }) => return gateway::seen(trail, port.id, home, &port.place),
        Some(Gateway::Seen { .. }) => {}
        None => {
            if let (Some(to), true) = (nic.chained, nic.public.is_some_and(|public| public.address == key.tuple.dst)) {
                return gateway::divert(trail, key, known, to, port.id);
            }
        }
    }
    let inspected = trail.meta.gateway.take().and_then(Gateway::appliance);
    let via = trail.meta.via.take();
    if let Known::As { half, recorded, .. } = known {
        trail.steps.push(Step::Known);
        trail.tuple = half.to;
        let act = if recorded { Ok(Act::Deliver) } else { rules(&mut trail, nic) };
        return trail.end(act, None);
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
    let pin = via.and_then(|via| via.appliance).or(inspected);
    let state = NewConn {
        forward: Half { key, to, pin: None },
        reverse: Some(Half { key: reply, to: answer, pin }),
        claim: None,
        lifetime: lifetime(&trail, nic, via, &key.tuple),
    };
    trail.end(act, Some(state))
}

/// How long the way of the answers is remembered: as long as the balancer or the public address remembers the flow.
///
/// Rule `public-ip-idle-timeout`: A flow that comes in by a NIC's public address is remembered for the address's idle time.
/// Source: azure-dataplane 3.7, 4.3.
fn lifetime(trail: &Trail<'_>, nic: &NicPort, via: Option<Via>, tuple: &Tuple) -> Lifetime {
    let record = record(&nic.subnet);
    if let Some(via) = via {
        let asked = Tuple { dst: via.address, dst_port: via.port, ..*tuple };
        let rule = frontend(trail, via)
            .and_then(|it| it.rule(&asked).map(|rule| rule.lifetime(tuple.protocol, it.idle_minutes)));
        // The balancer tells both ends; here only whoever speaks again is told.
        let told = |lifetime: Lifetime| match lifetime.expiry {
            Expiry::ResetBoth => Expiry::Reset,
            other => other,
        };
        return rule.map_or(record, |rule| Lifetime { record: record.record, expiry: told(rule), ..rule });
    }
    match nic.public.filter(|public| public.address == tuple.dst) {
        Some(public) => {
            let idle = Nanos::secs(60 * u64::from(public.idle_minutes));
            Lifetime { record: record.record, ..Lifetime::plain(idle) }
        }
        None => record,
    }
}

fn frontend<'t>(trail: &Trail<'t>, via: Via) -> Option<&'t FrontendPort> {
    match trail.view.fabric.port(via.frontend).map(|port| &port.kind) {
        Some(PortKind::Frontend(frontend)) => Some(frontend),
        _ => None,
    }
}

/// What is asked before the rules, and the rules.
///
/// Rule `nsg-inbound-order`: inbound the subnet's group is asked before the NIC's, both must allow, and a level without
/// a group allows. Source: azure-dataplane 1.3.
///
/// Rule `nsg-inbound-view`: inbound rules see the address and the port that the packet has behind the public address or
/// the balancer, and the source that it came with. Source: azure-dataplane 1.3, 3.3.
fn admit(trail: &mut Trail<'_>, nic: &NicPort, via: Option<Via>) -> Result<Act, Reason> {
    let mut closed_without_group = false;
    if let Some(public) = nic.public.filter(|public| public.address == trail.tuple.dst) {
        let from = trail.tuple;
        trail.tuple = OneToOne { private: nic.address, public: public.address }.inward(&from);
        trail.steps.push(Step::Rewritten { by: Translation::PublicIp(public.node), from, to: trail.tuple });
        closed_without_group = public.sku == Sku::Standard;
        public_protocol(trail)?;
    }
    if let Some(frontend) = via.and_then(|via| frontend(trail, via)) {
        closed_without_group |= frontend.is_closed();
    }
    if via.is_some() && trail.tuple.src == nic.address {
        trail.stop(Reason::Hairpin)?;
    }
    let floating = via.is_some_and(|via| via.address == trail.tuple.dst);
    let foreign = trail.tuple.dst != nic.address && !floating;
    if foreign && !(nic.ip_forwarding && (nic.guest_forwards || same_machine(trail, nic))) {
        trail.stop(Reason::ForwardingOff)?;
    }
    if !trail.admin(&nic.subnet, Direction::Inbound)? {
        return Ok(Act::Deliver);
    }
    if closed_without_group && nic.nsg.is_none() && nic.subnet.nsg.is_none() {
        trail.stop(Reason::ClosedByDefault)?;
    }
    mid_stream(trail)?;
    if !floating {
        return rules(trail, nic);
    }
    // The guest gets the frontend's address whatever the rules are asked about.
    trail.steps.push(Step::Assumed(Assumption::FloatingIpDestination));
    let kept = trail.tuple.dst;
    if trail.view.fabric.choices().of(Assumption::FloatingIpDestination) == 1 {
        trail.tuple.dst = nic.address;
    }
    let act = rules(trail, nic);
    trail.tuple.dst = kept;
    act
}

/// The rules on the way in: they see the private address and the backend's port (azure-dataplane 1.3).
fn rules(trail: &mut Trail<'_>, nic: &NicPort) -> Result<Act, Reason> {
    trail.security(nic.subnet.nsg, &nic.subnet, Level::Subnet, Direction::Inbound)?;
    trail.security(nic.nsg, &nic.subnet, Level::Nic, Direction::Inbound)?;
    Ok(Act::Deliver)
}

/// Rule `public-ip-protocols`: A NIC's public address carries TCP, UDP, ICMP and ESP. Source: azure-dataplane 4.3.
pub(in crate::plane) fn public_protocol(trail: &mut Trail<'_>) -> Result<(), Reason> {
    let carried = [Protocol::TCP, Protocol::UDP, Protocol::ICMP, Protocol::ICMPV6, Protocol::ESP];
    if carried.contains(&trail.tuple.protocol) { Ok(()) } else { trail.stop(Reason::OutboundProtocol) }
}

/// Rule `nsg-mid-stream`: A packet from the middle of a TCP connection that no record knows is judged as a new flow, or
/// dropped; which one is not documented. Source: azure-dataplane 1.4.
pub(in crate::plane) fn mid_stream(trail: &mut Trail<'_>) -> Result<(), Reason> {
    if trail.view.opens {
        return Ok(());
    }
    trail.once = true;
    trail.steps.push(Step::Assumed(Assumption::MidStreamTcp));
    if trail.view.fabric.choices().of(Assumption::MidStreamTcp) == 1 { trail.stop(Reason::FlowExpired) } else { Ok(()) }
}

/// Whether the destination is another NIC's of the same machine, which its guest takes without forwarding.
fn same_machine(trail: &Trail<'_>, nic: &NicPort) -> bool {
    let fabric = trail.view.fabric;
    let other = fabric.private(nic.subnet.vnet, trail.tuple.dst).and_then(|port| fabric.port(port));
    other.is_some_and(|port| matches!(&port.kind, PortKind::Nic(other) if other.machine == nic.machine))
}
