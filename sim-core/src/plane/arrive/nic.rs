//! At a machine's NIC: translation of its public address, then the rules.

use crate::assumption::Assumption;
use crate::fabric::{FrontendPort, NicPort, Port, PortKind, SubnetContext};
use crate::net::{Gateway, Tuple, Via};
use crate::plane::conn::{Half, NewConn};
use crate::plane::decision::{Act, Decision};
use crate::plane::flow::{Key, Known, NO_SCOPE};
use crate::plane::gateway;
use crate::plane::view::{Trail, record};
use crate::stage::idle::{Expiry, Lifetime};
use crate::stage::interface::{Arrival, Exposure};
use crate::stage::translate::OneToOne;
use crate::stage::{Level, Reason, Step, Translation};
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
fn lifetime(trail: &Trail<'_>, nic: &NicPort, via: Option<Via>, tuple: &Tuple) -> Lifetime {
    let record = record(&nic.subnet);
    if let Some(via) = via {
        let choices = trail.view.fabric.choices();
        let asked = Tuple { dst: via.address, dst_port: via.port, ..*tuple };
        let rule = frontend(trail, via).and_then(|it| {
            it.rule(choices, &asked).map(|rule| rule.lifetime(choices, tuple.protocol, it.balancer, it.idle_minutes))
        });
        // The balancer tells both ends; here only whoever speaks again is told.
        let told = |lifetime: Lifetime| match lifetime.expiry {
            Expiry::ResetBoth => Expiry::Reset,
            other => other,
        };
        return rule.map_or(record, |rule| Lifetime { record: record.record, expiry: told(rule), ..rule });
    }
    match nic.public.filter(|public| public.address == tuple.dst) {
        Some(public) => Lifetime { record: record.record, ..Lifetime::public_ip(public.idle_minutes) },
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
    let mut exposed = false;
    if let Some(public) = nic.public.filter(|public| public.address == trail.tuple.dst) {
        let from = trail.tuple;
        trail.tuple = OneToOne { private: nic.address, public: public.address }.inward(&from);
        trail.steps.push(Step::Rewritten { by: Translation::PublicIp(public.node), from, to: trail.tuple });
        exposed = public.sku == Sku::Standard;
        trail.pass(OneToOne::carried())?;
    }
    if let Some(frontend) = via.and_then(|via| frontend(trail, via)) {
        exposed |= frontend.is_closed();
    }
    let arrival = Arrival {
        address: nic.address,
        balanced: via.map(|via| via.address),
        ip_forwarding: nic.ip_forwarding,
        guest_forwards: nic.guest_forwards,
        siblings: &nic.siblings,
    };
    trail.pass(&arrival.checks())?;
    if !trail.admin(&nic.subnet, Direction::Inbound)? {
        return Ok(Act::Deliver);
    }
    let filtered = nic.nsg.is_some() || nic.subnet.nsg.is_some();
    trail.pass(&Exposure { exposed, filtered }.checks())?;
    mid_stream(trail, &nic.subnet)?;
    if via.is_none_or(|via| via.address != trail.tuple.dst) {
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

/// Rule `nsg-mid-stream`: A packet from the middle of a TCP connection that no record knows is judged as a new flow, or
/// dropped; which one is not documented. Source: azure-dataplane 1.4.
pub(in crate::plane) fn mid_stream(trail: &mut Trail<'_>, subnet: &SubnetContext) -> Result<(), Reason> {
    if trail.view.opens {
        return Ok(());
    }
    trail.once = true;
    if subnet.network.flow_timeout_assumed {
        trail.steps.push(Step::Assumed(Assumption::FlowRecordIdle));
    }
    trail.steps.push(Step::Assumed(Assumption::MidStreamTcp));
    if trail.view.fabric.choices().of(Assumption::MidStreamTcp) == 1 { trail.stop(Reason::FlowExpired) } else { Ok(()) }
}
