//! Edits that open a way: proposed from what is in it, and tried on a copy of the network.

use super::Blocker;
use crate::fabric::{Fabric, PortKind};
use crate::id::NodeId;
use crate::net::{Addr, Protocol, Tuple};
use crate::stage::security::{self, RuleRef};
use crate::stage::{Reason, Step, platform_for};
use crate::topology::{Access, Direction, Draft, Kind, Nsg, Peer, PortRange, Relation, SecurityRule, Topology};
use std::sync::Arc;

/// An edit that would open a way.
#[derive(Clone, Debug, PartialEq)]
pub enum Mend {
    /// A new rule in a security group.
    AllowRule {
        /// The group.
        group: NodeId,
        /// The rule.
        rule: SecurityRule,
    },
    /// A setting of a resource, by Azure's property name.
    Set {
        /// The resource.
        resource: NodeId,
        /// The property, as a dotted path in the resource's body.
        property: &'static str,
        /// The value, as JSON.
        value: &'static str,
    },
    /// A security group on the NIC or subnet, with a rule that allows the traffic.
    NeedsGroup {
        /// The address whose NIC is closed.
        config: NodeId,
    },
    /// An outbound method: a NAT gateway, most simply.
    NeedsOutbound {
        /// The subnet.
        subnet: NodeId,
    },
}

impl Mend {
    /// What would remove a blocker, if an edit can.
    #[must_use]
    pub fn propose(blocker: &Blocker, fabric: &Fabric, topology: &Topology) -> Option<Self> {
        let port = fabric.port(blocker.port)?;
        match (blocker.reason, &blocker.step, &port.kind) {
            (Reason::SecurityRule, Some(Step::Security { group, direction, rule, .. }), _) => {
                let Kind::Nsg(attributes) = &topology.get(*group)?.kind else { return None };
                let rule = allow(attributes, *rule, *direction, &blocker.tuple, port.place.vnet, fabric)?;
                Some(Self::AllowRule { group: *group, rule })
            }
            (Reason::ForwardingOff, _, PortKind::Nic(nic)) if !nic.ip_forwarding => {
                let nic = topology.target(NodeId(port.id.0), Relation::PartOf)?;
                Some(Self::Set { resource: nic.id, property: "properties.enableIPForwarding", value: "true" })
            }
            (Reason::ClosedByDefault, ..) => Some(Self::NeedsGroup { config: NodeId(port.id.0) }),
            (Reason::NoOutbound, _, PortKind::Nic(nic)) => Some(Self::NeedsOutbound { subnet: nic.subnet.node }),
            (Reason::LinkNotApproved, ..) => Some(Self::Set {
                resource: NodeId(port.id.0),
                property: "properties.privateLinkServiceConnections[0].properties.\
                           privateLinkServiceConnectionState.status",
                value: "\"Approved\"",
            }),
            _ => None,
        }
    }

    /// Makes the edit on a copy of the network, where it is a rule. Says whether the rule is there now.
    pub fn apply(&self, topology: &mut Topology) -> bool {
        let Self::AllowRule { group, rule } = self else { return false };
        let Some(found) = topology.get(*group) else { return false };
        let Kind::Nsg(attributes) = &found.kind else { return false };
        if attributes.rules.contains(rule) {
            return true;
        }
        let mut group = attributes.clone();
        group.rules.push(rule.clone());
        let draft = Draft { kind: Kind::Nsg(group), ..topology.draft_of(found) };
        topology.put(draft).is_ok()
    }
}

/// A rule that lets `tuple` pass ahead of the rule that denies it; `None` when no priority is free. One that the group
/// has by an earlier edit is given again.
fn allow(
    group: &Nsg,
    denied_by: RuleRef,
    direction: Direction,
    tuple: &Tuple,
    vnet: Option<NodeId>,
    fabric: &Fabric,
) -> Option<SecurityRule> {
    let (_, deny, _) = security::describe(group, denied_by);
    let taken = |priority: u16| group.rules.iter().any(|r| r.priority == priority && r.direction == direction);
    // Below the rule that denies, on the next round number if one is free.
    let ceiling = deny.min(4097).checked_sub(1)?;
    let round = (100..=ceiling).rev().filter(|p| p % 10 == 0).find(|p| !taken(*p));
    let priority = round.or_else(|| (100..=ceiling).rev().find(|p| !taken(*p)))?;
    let peers = (peer(tuple.src, vnet, fabric), peer(tuple.dst, vnet, fabric));
    let portless = !matches!(tuple.protocol, Protocol::TCP | Protocol::UDP);
    let rule = SecurityRule {
        name: free_name(group, tuple, portless, direction),
        priority,
        direction,
        access: Access::Allow,
        protocol: Some(tuple.protocol),
        source: vec![peers.0],
        source_ports: Vec::new(),
        destination: vec![peers.1],
        destination_ports: if portless { Vec::new() } else { vec![PortRange::one(tuple.dst_port)] },
        span: None,
    };
    let made = |known: &&SecurityRule| {
        known.priority < deny
            && **known == SecurityRule { name: known.name.clone(), priority: known.priority, ..rule.clone() }
    };
    Some(group.rules.iter().find(made).cloned().unwrap_or(rule))
}

/// What the rule is for, and a number where the group has a rule of that name: Azure would overwrite it.
fn free_name(group: &Nsg, tuple: &Tuple, portless: bool, direction: Direction) -> Arc<str> {
    let way = if direction == Direction::Inbound { "In" } else { "Out" };
    let port = if portless { String::new() } else { format!("-{}", tuple.dst_port) };
    let name = format!("Allow-{}{port}-{way}bound", tuple.protocol);
    let taken = |name: &str| group.rules.iter().any(|rule| rule.name.eq_ignore_ascii_case(name));
    let numbered = (2u32..).map(|n| format!("{name}-{n}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name));
    Arc::from(free.unwrap_or(name))
}

/// How a person would name an address in a rule: by the tag that holds it where one does.
fn peer(addr: Addr, vnet: Option<NodeId>, fabric: &Fabric) -> Peer {
    if addr == platform_for(addr) {
        return Peer::Tag("AzureLoadBalancer".into());
    }
    let holder = vnet.and_then(|vnet| fabric.private(vnet, addr)).and_then(|port| fabric.port(port));
    match holder.map(|port| &port.kind) {
        // The documented image-builder rule admits what a private link service translates by this tag.
        Some(PortKind::LinkService(_)) => Peer::Tag("AzureLoadBalancer".into()),
        Some(_) => Peer::Tag("VirtualNetwork".into()),
        None => Peer::Prefix(crate::net::Prefix::host(addr)),
    }
}
