//! Edits that open a way: proposed from what is in it, and made on a copy of the network to see whether they do.

mod admin;
mod firewall;
mod gateway;
mod made;
mod rule;
mod service;
mod switch;

pub use firewall::Made;
pub use service::Unlock;
pub use switch::Switch;

use super::Blocker;
use crate::fabric::{Fabric, NicPort, PortKind};
use crate::id::NodeId;
use crate::net::Prefix;
use crate::stage::route::{Hop, Source};
use crate::stage::security::{self, RuleRef};
use crate::stage::{Reason, Step};
use crate::topology::{
    Access, Direction, Draft, Kind, OnPremisesHost, Refusal, Relation, RuleCollection, SecurityRule, Topology,
};
use std::sync::Arc;

/// An edit that would take something out of a way.
#[derive(Clone, Debug)]
pub enum Mend {
    /// A new rule in a security group, or in a collection of security admin rules.
    AllowRule {
        /// The group or collection.
        group: NodeId,
        /// The rule.
        rule: SecurityRule,
    },
    /// A rule of a security group or collection lets pass what it denied; proposed where none can stand before it.
    OpenRule {
        /// The group or collection.
        group: NodeId,
        /// The name of the rule.
        name: Arc<str>,
    },
    /// A rule of a security group goes; proposed where none can stand before it.
    DropRule {
        /// The group.
        group: NodeId,
        /// The name of the rule.
        name: Arc<str>,
    },
    /// A route of a user's table goes.
    DropRoute {
        /// The table.
        table: NodeId,
        /// The name of the route.
        name: Arc<str>,
    },
    /// A new rule of a firewall or of its policy.
    Admit {
        /// The firewall or policy.
        holder: NodeId,
        /// The collection, with the new rule alone in it.
        collection: RuleCollection,
        /// What of it is new.
        made: Made,
    },
    /// A network on premises has one range more, and somebody in it.
    Declare {
        /// The network.
        site: NodeId,
        /// The range.
        prefix: Prefix,
    },
    /// A setting takes another value.
    Switch {
        /// The resource.
        resource: NodeId,
        /// The setting, with its new value.
        switch: Switch,
    },
    /// A managed service lets somebody in.
    Unlock {
        /// The service.
        service: NodeId,
        /// Whom, and how.
        change: Unlock,
    },
    /// New resources, and a reference to the last of them from one that is there.
    Make {
        /// What is made, in order.
        drafts: Vec<Draft>,
        /// Who refers to the last of them, and as what; nobody where it refers to others itself.
        holder: Option<(NodeId, Relation)>,
    },
}

impl Mend {
    /// What would take a blocker out of the way, the narrowest edit first; nothing where no edit of the declared
    /// network can.
    #[must_use]
    pub fn alternatives(blocker: &Blocker, fabric: &Fabric, topology: &Topology) -> Vec<Self> {
        let Some(port) = fabric.port(blocker.port) else { return Vec::new() };
        let node = NodeId(port.id.0);
        let nic = if let PortKind::Nic(nic) = &port.kind { Some(nic) } else { None };
        match (blocker.reason, &blocker.step, nic) {
            (Reason::SecurityRule, Some(Step::Security { group, .. }), _) => {
                by_rule(blocker, *group, port.place.vnet, fabric, topology)
            }
            (Reason::AdminRule, ..) => admin::ahead(blocker, port.place.vnet, fabric, topology),
            (Reason::FirewallRule, Some(Step::Firewall { firewall, rule, .. }), _) => {
                firewall::admitting(blocker, *firewall, *rule, fabric, topology)
            }
            (Reason::NoGateway, Some(Step::Routed { route, .. }), None) => match route.hop {
                Hop::Tunnel(connection) => gateway::other_side(connection, topology).into_iter().collect(),
                _ => Vec::new(),
            },
            (Reason::NoRoute, ..) => match &port.kind {
                PortKind::OnPremises(host) => gateway::inward(blocker.tuple.dst, host.site.node, topology),
                _ => Vec::new(),
            },
            (Reason::ForwardingOff, _, Some(nic)) => forwarding(blocker, nic, node, topology),
            (Reason::ClosedByDefault, _, Some(nic)) => vec![made::group(blocker, nic, fabric, topology)],
            (Reason::NoOutbound, _, Some(nic)) => made::nat_gateway(nic.subnet.node, topology).into_iter().collect(),
            (Reason::LinkNotApproved, ..) => vec![Self::Switch { resource: node, switch: Switch::Approved }],
            (Reason::PeeringAccessOff | Reason::ForwardedNotAllowed, Some(Step::Routed { route, .. }), Some(nic)) => {
                peering(blocker.reason, nic, route.hop, fabric, topology)
            }
            (
                Reason::RouteToNone | Reason::NoSuchAddress | Reason::NoGateway,
                Some(Step::Routed { route, .. }),
                Some(nic),
            ) => {
                let mut found: Vec<Self> = made::peerings(blocker, nic, route, fabric, topology).into_iter().collect();
                if route.source == Source::System {
                    found.extend(gateway::onward(blocker.tuple.dst, nic, topology));
                }
                found.extend(switch::drop_route(route, topology));
                found
            }
            (reason, Some(Step::Refused { service, caller, asker, .. }), _) => {
                service::admitting(reason, *service, caller, *asker, fabric, topology)
            }
            (Reason::TtlExpired | Reason::UnknownFlow, Some(Step::Routed { route, .. }), _) => {
                switch::drop_route(route, topology).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it changes where packets go, and with it what other stages see of them.
    pub(super) const fn moves_the_way(&self) -> bool {
        match self {
            Self::Make { .. } | Self::DropRoute { .. } | Self::Declare { .. } => true,
            Self::Switch { switch, .. } => switch.moves_the_way(),
            _ => false,
        }
    }

    /// Makes the edit. Gives the resources that it changed.
    ///
    /// # Errors
    /// Where Azure would refuse it.
    pub fn apply(&self, topology: &mut Topology) -> Result<Vec<NodeId>, Box<Refusal>> {
        let drafts = self.drafts(topology);
        drafts.into_iter().map(|draft| topology.put(draft)).collect()
    }

    /// The resources as they are after the edit, in the order they are put.
    #[must_use]
    pub fn drafts(&self, topology: &Topology) -> Vec<Draft> {
        let edited = |id: NodeId, edit: &dyn Fn(&mut Kind)| {
            let found = topology.get(id)?;
            let mut draft = topology.draft_of(found);
            edit(&mut draft.kind);
            Some(draft)
        };
        match self {
            Self::AllowRule { group, rule } => edited(*group, &|kind| {
                let Some(rules) = rules_of(kind) else { return };
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            })
            .into_iter()
            .collect(),
            Self::OpenRule { group, name } => edited(*group, &|kind| {
                let rules = rules_of(kind).into_iter().flatten();
                rules.filter(|rule| rule.name == *name).for_each(|rule| rule.access = Access::Allow);
            })
            .into_iter()
            .collect(),
            Self::Admit { holder, collection, made } => {
                edited(*holder, &|kind| firewall::put(kind, collection, *made)).into_iter().collect()
            }
            Self::Declare { site, prefix } => {
                let widened = edited(*site, &|kind| {
                    if let Kind::OnPremises(site) = kind {
                        site.prefixes.push(*prefix);
                    }
                });
                let host = |site: &Draft| {
                    let host = Kind::OnPremisesHost(OnPremisesHost::at(*prefix));
                    let name = format!("{}/hosts/{}-{}", site.name, prefix.first(), prefix.len());
                    Draft::new(name, host).refer(Relation::PartOf, site.name.clone())
                };
                let host = widened.as_ref().map(host);
                widened.into_iter().chain(host).collect()
            }
            Self::DropRule { group, name } => edited(*group, &|kind| {
                if let Kind::Nsg(group) = kind {
                    group.rules.retain(|rule| rule.name != *name);
                }
            })
            .into_iter()
            .collect(),
            Self::DropRoute { table, name } => edited(*table, &|kind| {
                if let Kind::RouteTable(table) = kind {
                    table.routes.retain(|route| route.name != *name);
                }
            })
            .into_iter()
            .collect(),
            Self::Unlock { service, change } => service::drafts(*service, change, topology),
            Self::Switch { resource, switch } => {
                // A guest whose NIC forwards is taken to forward, too.
                let guest = topology.target(*resource, Relation::PartOf).filter(|_| *switch == Switch::IpForwarding);
                let guest = guest.and_then(|guest| edited(guest.id, &|kind| switch.apply(kind)));
                edited(*resource, &|kind| switch.apply(kind)).into_iter().chain(guest).collect()
            }
            Self::Make { drafts, holder } => {
                let last = drafts.last().map(|draft| draft.name.clone());
                let holder =
                    holder.and_then(|(id, relation)| Some(topology.draft_of(topology.get(id)?).refer(relation, last?)));
                drafts.iter().cloned().chain(holder).collect()
            }
        }
    }
}

/// The rules of a security group or of a collection of security admin rules.
fn rules_of(kind: &mut Kind) -> Option<&mut Vec<SecurityRule>> {
    match kind {
        Kind::Nsg(group) => Some(&mut group.rules),
        Kind::AdminRules(collection) => Some(&mut collection.rules),
        _ => None,
    }
}

fn by_rule(blocker: &Blocker, group: NodeId, vnet: Option<NodeId>, fabric: &Fabric, topology: &Topology) -> Vec<Mend> {
    let Some(Step::Security { direction, rule, .. }) = blocker.step else { return Vec::new() };
    let Some(Kind::Nsg(attributes)) = topology.get(group).map(|found| &found.kind) else { return Vec::new() };
    let (name, before, _) = security::describe(attributes, rule);
    let place = rule::Place { rules: &attributes.rules, floor: 100, before, direction, vnet, tags: true };
    match (rule::allow(&place, &blocker.tuple, fabric), rule) {
        (Some(rule), _) => vec![Mend::AllowRule { group, rule }],
        // Every priority before it is taken. Without it the rules behind it decide; else it lets pass all that it denied.
        (None, RuleRef::User(_)) => vec![Mend::DropRule { group, name: name.clone() }, Mend::OpenRule { group, name }],
        (None, RuleRef::Default(_)) => Vec::new(),
    }
}

/// A NIC that may not carry what is not its own: the switch, where the guest forwards; else whatever led there.
fn forwarding(blocker: &Blocker, nic: &NicPort, config: NodeId, topology: &Topology) -> Vec<Mend> {
    // A scale set's NICs have no body of their own to edit.
    let set = topology.machine_of(config).and_then(|machine| topology.target(machine.id, Relation::PartOf));
    let own = !nic.ip_forwarding && !set.is_some_and(|set| matches!(set.kind, Kind::ScaleSet));
    let carrier = topology.target(config, Relation::PartOf).filter(|_| own);
    let mut found: Vec<Mend> =
        carrier.map(|nic| Mend::Switch { resource: nic.id, switch: Switch::IpForwarding }).into_iter().collect();
    if let (true, Some(Step::Routed { route, .. })) = (found.is_empty(), &blocker.step) {
        found.extend(switch::drop_route(route, topology));
    }
    found
}

/// The name, with a number where it is taken.
fn free_name(name: String, taken: impl Fn(&str) -> bool) -> Arc<str> {
    let numbered = (2u32..).map(|n| format!("{name}-{n}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name));
    free.unwrap_or(name).into()
}

/// The switch of the peering that does not let pass.
fn peering(reason: Reason, nic: &NicPort, hop: Hop, fabric: &Fabric, topology: &Topology) -> Vec<Mend> {
    let remote = match hop {
        Hop::Peering(remote) => Some(remote),
        Hop::Appliance(address) => {
            nic.subnet.network.peers.iter().map(|peer| peer.vnet).find(|vnet| fabric.private(*vnet, address).is_some())
        }
        _ => None,
    };
    let Some(peer) = remote.and_then(|remote| topology.peer(nic.subnet.vnet, remote)) else { return Vec::new() };
    let forwarded = reason == Reason::ForwardedNotAllowed;
    let switch = if forwarded { Switch::Forwarded } else { Switch::Access };
    vec![Mend::Switch { resource: peer.closed(forwarded).0.id, switch }]
}

/// The rule that lets one packet in, for a group that is made for it.
fn admitting(blocker: &Blocker, vnet: Option<NodeId>, fabric: &Fabric) -> Option<SecurityRule> {
    let place = rule::Place { rules: &[], floor: 100, before: 1001, direction: Direction::Inbound, vnet, tags: true };
    rule::allow(&place, &blocker.tuple, fabric)
}
