//! A rule of a security group that lets a packet pass.

use crate::assumption::Assumption;
use crate::fabric::{Fabric, PortKind};
use crate::id::NodeId;
use crate::net::{Addr, Prefix, Protocol, Tuple};
use crate::stage::platform_for;
use crate::topology::{Access, Direction, Peer, PortRange, SecurityRule};
use std::sync::Arc;

const INTERNET: &str = "Internet";

/// The rules that one is to be added to, and where in them.
pub(super) struct Place<'a> {
    /// Those that are there.
    pub rules: &'a [SecurityRule],
    /// The lowest priority that is allowed.
    pub floor: u16,
    /// The priority of the rule that denies.
    pub before: u16,
    /// The list.
    pub direction: Direction,
    /// The VNet where they count.
    pub vnet: Option<NodeId>,
    /// Whether they take every tag; else they take addresses.
    pub tags: bool,
}

/// A rule that lets `tuple` pass ahead of the rule that denies it; `None` when no priority is free. One that is there by
/// an earlier edit is given again.
pub(super) fn allow(place: &Place<'_>, tuple: &Tuple, fabric: &Fabric) -> Option<SecurityRule> {
    let taken = |priority: u16| place.rules.iter().any(|r| r.priority == priority && r.direction == place.direction);
    // Below the rule that denies, on the next round number if one is free.
    let ceiling = place.before.min(4097).checked_sub(1)?;
    let free = || (place.floor..=ceiling).rev().filter(|p| !taken(*p));
    let priority = free().find(|p| p % 10 == 0).or_else(|| free().next())?;
    let peers = (peer(tuple.src, place, fabric), peer(tuple.dst, place, fabric));
    let portless = !matches!(tuple.protocol, Protocol::TCP | Protocol::UDP);
    let rule = SecurityRule {
        name: name_for(place, tuple, portless),
        priority,
        direction: place.direction,
        access: Access::Allow,
        // Rules know one ICMP, that of both families.
        protocol: Some(if tuple.protocol == Protocol::ICMPV6 { Protocol::ICMP } else { tuple.protocol }),
        source: vec![peers.0],
        source_ports: Vec::new(),
        destination: vec![peers.1],
        destination_ports: if portless { Vec::new() } else { vec![PortRange::one(tuple.dst_port)] },
        span: None,
    };
    let made = |known: &&SecurityRule| {
        known.priority < place.before
            && **known == SecurityRule { name: known.name.clone(), priority: known.priority, ..rule.clone() }
    };
    Some(place.rules.iter().find(made).cloned().unwrap_or(rule))
}

/// What the rule is for, and a number where the group has a rule of that name: Azure would overwrite it.
fn name_for(place: &Place<'_>, tuple: &Tuple, portless: bool) -> Arc<str> {
    let way = if place.direction == Direction::Inbound { "In" } else { "Out" };
    let port = if portless { String::new() } else { format!("-{}", tuple.dst_port) };
    let name = format!("Allow-{}{port}-{way}bound", tuple.protocol);
    super::free_name(name, |name| place.rules.iter().any(|rule| rule.name.eq_ignore_ascii_case(name)))
}

/// How a person would name an address in a rule: by the tag that holds it where one does and the rules take it. Whoever
/// asks for everybody gets everybody.
fn peer(addr: Addr, place: &Place<'_>, fabric: &Fabric) -> Peer {
    match tag(addr, place.vnet, fabric) {
        Some(tag) if place.tags => Peer::Tag(tag.into()),
        Some(INTERNET) => Peer::Any,
        _ => Peer::Prefix(Prefix::host(addr)),
    }
}

fn tag(addr: Addr, vnet: Option<NodeId>, fabric: &Fabric) -> Option<&'static str> {
    if addr == platform_for(addr) {
        return Some("AzureLoadBalancer");
    }
    let holder = vnet.and_then(|vnet| fabric.private(vnet, addr)).and_then(|port| fabric.port(port));
    match holder.map(|port| &port.kind) {
        // The documented image-builder rule admits what a private link service translates by this tag.
        Some(PortKind::LinkService(_)) if fabric.choices().is_default(Assumption::LinkServiceTag) => {
            Some("AzureLoadBalancer")
        }
        Some(_) => Some("VirtualNetwork"),
        None => everybody(addr, fabric).then_some(INTERNET),
    }
}

/// Whether an address stands for all that nobody else has on the Internet.
pub(super) fn everybody(addr: Addr, fabric: &Fabric) -> bool {
    let holder = fabric.public(addr).and_then(|port| fabric.port(port));
    holder.is_some_and(|port| matches!(&port.kind, PortKind::Internet { prefix, .. } if prefix.is_default()))
}
