//! At a machine's NIC: translation of its public address, then the rules.

use crate::fabric::{NicPort, PortKind};
use crate::net::Via;
use crate::plane::flow::{Act, Decision, Half, Key, NO_SCOPE, NewConn};
use crate::plane::view::{RECORD_IDLE, Trail};
use crate::stage::{Level, Reason, Step, Translation};
use crate::topology::{Direction, Sku};

pub(super) fn arrive(mut trail: Trail<'_>, nic: &NicPort, key: Key, known: Option<Half>) -> Decision {
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
    if closed_without_group && nic.nsg.is_none() && nic.subnet.nsg.is_none() {
        trail.stop(Reason::ClosedByDefault)?;
    }
    trail.security(nic.subnet.nsg, &nic.subnet, Level::Subnet, Direction::Inbound)?;
    trail.security(nic.nsg, &nic.subnet, Level::Nic, Direction::Inbound)?;
    Ok(Act::Deliver)
}

/// Whether the destination is another NIC's of the same machine, which its guest takes without forwarding.
fn same_machine(trail: &Trail<'_>, nic: &NicPort) -> bool {
    let fabric = trail.view.fabric;
    let other = fabric.private(nic.subnet.vnet, trail.tuple.dst).and_then(|port| fabric.port(port));
    other.is_some_and(|port| matches!(&port.kind, PortKind::Nic(other) if other.machine == nic.machine))
}
