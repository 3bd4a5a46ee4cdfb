//! Flows under way under changed rules.
//!
//! Rule `nsg-flush`: changed rules do not touch flows that are under way, unless their group has `flushConnection`: it
//! holds every flow against its rules again whenever they change, and once when that is switched on. Source:
//! azure-dataplane 1.4.

use super::conn::Half;
use super::decision::{Act, Decision};
use super::flow::Key;
use super::view::{Trail, View};
use crate::fabric::{Fabric, NicPort, Port, PortKind};
use crate::id::PortId;
use crate::net::Meta;
use crate::stage::{Level, Reason, Step};
use crate::topology::Direction;

/// Whether the flows of a port are to be held against its rules again, now that `new` comes after `old`.
pub(super) fn is_due(old: &Fabric, new: &Fabric, port: PortId) -> bool {
    let nic = |fabric: &'_ Fabric| fabric.port(port).cloned();
    let (Some(was), Some(is)) = (nic(old), nic(new)) else { return false };
    let (PortKind::Nic(was), PortKind::Nic(is)) = (&was.kind, &is.kind) else { return false };
    groups(is).into_iter().zip(groups(was)).any(|((now_at, _), (then_at, _))| {
        let Some(now) = new.group(now_at, &is.subnet).filter(|group| group.rules.flush) else { return false };
        let then = old.group(then_at, &was.subnet).filter(|then| then.node == now.node && then.rules.flush);
        then.is_none_or(|then| !std::ptr::eq(then.rules, now.rules) && then.rules != now.rules)
    })
}

/// What the groups that flush say of a flow, by its opener's direction.
pub(super) fn decide(view: &View<'_>, port: &Port, key: Key, opener: Half, meta: &Meta) -> Decision {
    let mut trail = Trail::new(view, key, meta);
    let act = match &port.kind {
        PortKind::Nic(nic) => ask(&mut trail, nic, opener),
        _ => Ok(Act::Deliver),
    };
    trail.tuple = key.tuple;
    trail.end(act, None)
}

/// A packet of a flow that was cut before.
pub(super) fn cut(view: &View<'_>, key: Key, meta: &Meta, reason: Reason) -> Decision {
    let mut trail = Trail::new(view, key, meta);
    trail.steps.extend([Step::Known, Step::Stopped(reason)]);
    trail.end(Err(reason), None)
}

fn ask(trail: &mut Trail<'_>, nic: &NicPort, opener: Half) -> Result<Act, Reason> {
    // Outbound rules see the packet before its translation, inbound rules after it (azure-dataplane 1.3).
    let direction = if opener.key.leaving { Direction::Outbound } else { Direction::Inbound };
    trail.tuple = if opener.key.leaving { opener.key.tuple } else { opener.to };
    for (nsg, level) in groups(nic) {
        let flushes = trail.view.fabric.group(nsg, &nic.subnet).is_some_and(|group| group.rules.flush);
        if flushes {
            trail.security(nsg, &nic.subnet, level, direction)?;
        }
    }
    Ok(Act::Deliver)
}

/// The groups at a NIC.
fn groups(nic: &NicPort) -> [(Option<crate::id::NodeId>, Level); 2] {
    [(nic.nsg, Level::Nic), (nic.subnet.nsg, Level::Subnet)]
}
