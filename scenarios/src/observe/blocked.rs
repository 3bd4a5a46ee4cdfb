//! What stopped a packet, where more is to be said of it than its steps say: who forgot a connection, which machine is not
//! up, whose a private address is that somebody asks for on the Internet.

use super::describe::{self, StepText};
use super::names;
use sim_core::explain::Blocker;
use sim_core::id::NodeId;
use sim_core::net::Addr;
use sim_core::source::Span;
use sim_core::stage::idle::{Keeper, Silence};
use sim_core::stage::{Reason, never_internet};
use sim_core::topology::{Kind, Relation, Resource, Topology};

/// What stopped a packet, in a sentence.
#[must_use]
pub fn text(blocker: &Blocker, topology: &Topology) -> StepText {
    match (blocker.reason, &blocker.step) {
        (Reason::MachineDown, _) => down(blocker, topology),
        (Reason::NoSuchAddress, None) if is_private_outside(blocker, topology) => private(blocker.tuple.dst, topology),
        (_, step) => describe::blocker(blocker.reason, step.as_slice(), topology),
    }
}

/// What a person can do about it, where that is no edit of one setting.
#[must_use]
pub fn help(blocker: &Blocker, topology: &Topology) -> Option<String> {
    let asks = blocker.reason == Reason::NoSuchAddress && blocker.step.is_none();
    (asks && is_private_outside(blocker, topology)).then(|| {
        "give it a public address, or ask from its own network or one that is joined to it: by a peering or a VPN"
            .into()
    })
}

/// Who forgot a silent connection, after which time, and where that is set.
pub(super) fn silence(it: Silence, topology: &Topology) -> StepText {
    let Silence { keeper, after } = it;
    let Some(Keeper { device, setting }) = keeper else {
        return StepText::plain("state", format!("it was silent for more than {after}"));
    };
    let name = |node: NodeId| topology.get(node).map_or("?".to_owned(), |found| names::short(found, topology));
    let of = if device == setting { String::new() } else { format!(" of {}", name(setting)) };
    let how = match written(setting, topology) {
        Some(Some(_)) => format!(", as idleTimeoutInMinutes{of} says"),
        Some(None) => format!(", Azure's default, for idleTimeoutInMinutes{of} is not set"),
        None => String::new(),
    };
    let text = format!("{} forgets connections that are silent for more than {after}{how}", name(device));
    StepText::of("state", text, setting, written(setting, topology).flatten(), topology)
}

/// Where a resource says how long it remembers, if it may.
fn written(setting: NodeId, topology: &Topology) -> Option<Option<Span>> {
    match &topology.get(setting)?.kind {
        Kind::BalancingRule(rule) => Some(rule.idle_minutes.span),
        Kind::InboundNatRule(rule) => Some(rule.idle_minutes.span),
        Kind::OutboundRule(rule) => Some(rule.idle_minutes.span),
        Kind::PublicIp(public) => Some(public.idle_minutes.span),
        Kind::NatGateway(gateway) => Some(gateway.idle_minutes.span),
        _ => None,
    }
}

fn down(blocker: &Blocker, topology: &Topology) -> StepText {
    let port = NodeId(blocker.port.0);
    match topology.machine_of(port) {
        Some(machine) => {
            let text = format!("{} is not up; the network brings the packet to it", machine.short_name());
            StepText::of("stop", text, machine.id, None, topology)
        }
        None => describe::blocker(blocker.reason, &[], topology),
    }
}

/// Whether somebody on the Internet asks for an address that means nothing there.
fn is_private_outside(blocker: &Blocker, topology: &Topology) -> bool {
    let outside = topology.get(NodeId(blocker.port.0)).is_some_and(|it| matches!(it.kind, Kind::InternetHost(_)));
    outside && never_internet().iter().any(|prefix| prefix.contains(blocker.tuple.dst))
}

fn private(address: Addr, topology: &Topology) -> StepText {
    let said = format!("{address} is a private address, which the Internet does not lead to");
    let holds = |found: &&Resource| found.kind.address() == Some(address) && !matches!(found.kind, Kind::PublicIp(_));
    let Some(holder) = topology.resources().find(holds) else {
        return StepText::plain("stop", format!("{said}; nothing in the input has it"));
    };
    let owner = match &holder.kind {
        Kind::IpConfig(_) => topology.target(holder.id, Relation::PartOf).unwrap_or(holder),
        _ => holder,
    };
    let machine = topology.machine_of(holder.id).map_or(String::new(), |it| format!(" of {}", it.short_name()));
    let text = format!("{said}; {}{machine} has it", names::short(owner, topology));
    StepText::of("stop", text, owner.id, None, topology)
}
