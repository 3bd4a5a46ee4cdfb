//! Rules that a firewall lacks: a network rule, or an application rule where the host is known by its name.

use super::{Mend, free_name, rule};
use crate::explain::Blocker;
use crate::fabric::{Fabric, FirewallPort, PortKind};
use crate::id::NodeId;
use crate::net::{Addr, Protocol};
use crate::stage::firewall::{RuleRef, declared};
use crate::topology::{
    ApplicationProtocol, FirewallMatch, FirewallPeer, FirewallRule, Kind, PortRange, Relation, RuleCollection, Topology,
};
use std::sync::Arc;

/// What a new rule of a firewall comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// Nothing: its collection is there.
    Rule,
    /// A collection of its own.
    Collection,
    /// A collection and a group of its own.
    Group,
}

/// Rules that let a packet pass, each ahead of what denies it.
pub(super) fn admitting(
    blocker: &Blocker,
    firewall: NodeId,
    denying: Option<RuleRef>,
    fabric: &Fabric,
    topology: &Topology,
) -> Vec<Mend> {
    let port = fabric.port(blocker.port).map(|port| &port.kind);
    if matches!(port, Some(PortKind::Firewall(own)) if is_own(own, blocker.tuple.dst)) {
        // Only a translation leads on from there.
        return Vec::new();
    }
    let governing = || topology.target(firewall, Relation::GovernedBy).map_or(firewall, |policy| policy.id);
    let holder = denying.map_or_else(governing, |rule| rule.holder);
    let Some(kind) = topology.get(holder).map(|found| &found.kind) else { return Vec::new() };
    let (collections, grouped) = match kind {
        Kind::Firewall(firewall) => (&firewall.collections, false),
        Kind::FirewallPolicy(policy) => (&policy.collections, true),
        _ => return Vec::new(),
    };
    let denied = denying.and_then(|rule| declared(kind, rule));
    let network = denied.is_some_and(|(_, rule)| matches!(rule.what, FirewallMatch::Network { .. }));
    let shelf = |rule: &FirewallRule| Shelf {
        collections,
        grouped,
        application: is_application(rule),
        before: denied.filter(|(_, denied)| is_application(denied) == is_application(rule)).map(|(it, _)| order(it)),
    };
    // Network rules are asked first: no application rule passes by one that denies.
    let by_name = application(blocker, topology).filter(|_| !network);
    let rules = by_name.into_iter().chain([by_address(blocker, fabric)]);
    let placed = rules.filter_map(|rule| shelf(&rule).take(rule));
    placed.map(|(collection, made)| Mend::Admit { holder, collection, made }).collect()
}

fn is_own(firewall: &FirewallPort, address: Addr) -> bool {
    firewall.interface.address == address || firewall.public.contains(&address)
}

/// Puts a collection, or the rule in it, where a reader of the firewall would find it: behind those of its group, or of its
/// kind where there are no groups.
pub(super) fn put(kind: &mut Kind, new: &RuleCollection, made: Made) {
    let (all, grouped) = match kind {
        Kind::Firewall(firewall) => (&mut firewall.collections, false),
        Kind::FirewallPolicy(policy) => (&mut policy.collections, true),
        _ => return,
    };
    let same = |it: &&mut RuleCollection| made == Made::Rule && (&it.group, &it.name) == (&new.group, &new.name);
    if let Some(known) = all.iter_mut().find(same) {
        return known.rules.extend(new.rules.iter().cloned());
    }
    let application = new.rules.iter().any(is_application);
    let precedes = |it: &RuleCollection| {
        if grouped { it.group == new.group } else { application || !it.rules.iter().any(is_application) }
    };
    let place = all.iter().rposition(precedes).map_or(if grouped { all.len() } else { 0 }, |last| last + 1);
    all.insert(place, new.clone());
}

/// A rule for the addresses of a packet.
fn by_address(blocker: &Blocker, fabric: &Fabric) -> FirewallRule {
    let tuple = &blocker.tuple;
    let peer = |addr: Addr| if rule::everybody(addr, fabric) { FirewallPeer::Any } else { host(addr) };
    let portless = !matches!(tuple.protocol, Protocol::TCP | Protocol::UDP);
    let spoken = [Protocol::TCP, Protocol::UDP, Protocol::ICMP].contains(&tuple.protocol);
    FirewallRule {
        name: name_for(tuple.protocol, tuple.dst_port, portless),
        source: vec![peer(tuple.src)],
        what: FirewallMatch::Network {
            protocols: if spoken { vec![tuple.protocol] } else { Vec::new() },
            destination: vec![peer(tuple.dst)],
            ports: if portless { Vec::new() } else { vec![PortRange::one(tuple.dst_port)] },
        },
        span: None,
    }
}

/// A rule for the name of a host.
fn application(blocker: &Blocker, topology: &Topology) -> Option<FirewallRule> {
    let tuple = &blocker.tuple;
    let spoken = match tuple.dst_port {
        80 => ApplicationProtocol::Http,
        443 => ApplicationProtocol::Https,
        1433 => ApplicationProtocol::Mssql,
        _ => return None,
    };
    let name = topology.resources().find_map(|found| match &found.kind {
        Kind::InternetHost(host) if host.prefix.contains(tuple.dst) => host.names.first().cloned(),
        _ => None,
    });
    let what = FirewallMatch::Application { protocols: vec![(spoken, tuple.dst_port)], names: vec![name?] };
    let known = tuple.protocol == Protocol::TCP;
    let rule = || FirewallRule {
        name: name_for(Protocol::TCP, tuple.dst_port, false),
        source: vec![host(tuple.src)],
        what,
        span: None,
    };
    known.then(rule)
}

const fn host(addr: Addr) -> FirewallPeer {
    FirewallPeer::Range(addr, addr)
}

fn name_for(protocol: Protocol, port: u16, portless: bool) -> Arc<str> {
    if portless { format!("Allow-{protocol}").into() } else { format!("Allow-{protocol}-{port}").into() }
}

const fn is_application(rule: &FirewallRule) -> bool {
    matches!(rule.what, FirewallMatch::Application { .. })
}

/// Where a collection stands among those of its kind.
const fn order(collection: &RuleCollection) -> (u32, u32) {
    (collection.group_priority, collection.priority)
}

/// The first priority of groups and collections, and the last.
const FIRST: u32 = 100;
const LAST: u32 = 65_000;

/// The collections that a rule is to be put into, or beside.
struct Shelf<'a> {
    collections: &'a [RuleCollection],
    /// Whether they come in groups.
    grouped: bool,
    application: bool,
    /// What it must come before.
    before: Option<(u32, u32)>,
}

impl Shelf<'_> {
    /// The collection for a rule, with that rule alone in it, and what of it is new.
    fn take(&self, rule: FirewallRule) -> Option<(RuleCollection, Made)> {
        let fits = |it: &&RuleCollection| it.allow && !it.old_form && self.is_of_kind(it) && self.is_ahead(order(it));
        if let Some(found) = self.collections.iter().filter(fits).max_by_key(|it| order(it)) {
            let name = free_name(rule.name.to_string(), |name| {
                found.rules.iter().any(|it| it.name.eq_ignore_ascii_case(name))
            });
            return Some((RuleCollection { rules: vec![FirewallRule { name, ..rule }], ..found.clone() }, Made::Rule));
        }
        let (group, group_priority, priority, made) = self.beside().or_else(|| self.apart())?;
        let taken =
            |name: &str| self.collections.iter().any(|it| it.group == group && it.name.eq_ignore_ascii_case(name));
        let name = free_name(if self.application { "allow-hosts" } else { "allow-addresses" }.to_owned(), taken);
        let collection = RuleCollection {
            name,
            group,
            group_priority,
            priority,
            allow: true,
            old_form: false,
            rules: vec![rule],
            span: None,
        };
        Some((collection, made))
    }

    /// Whether all of its rules are of the kind of the new one.
    fn is_of_kind(&self, collection: &RuleCollection) -> bool {
        let alike = |rule: &FirewallRule| {
            is_application(rule) == self.application && !matches!(rule.what, FirewallMatch::Translate { .. })
        };
        !collection.rules.is_empty() && collection.rules.iter().all(alike)
    }

    fn is_ahead(&self, place: (u32, u32)) -> bool {
        self.before.is_none_or(|before| place < before)
    }

    /// A place for a collection in a group that is there, the last that is early enough; classic rules are one group.
    fn beside(&self) -> Option<(Arc<str>, u32, u32, Made)> {
        if !self.grouped {
            let priority = self.free(0, |it| self.is_of_kind(it))?;
            return Some(("".into(), 0, priority, Made::Collection));
        }
        let mut groups: Vec<(u32, Arc<str>)> = self
            .collections
            .iter()
            .filter(|it| !it.old_form && (FIRST..=LAST).contains(&it.group_priority))
            .map(|it| (it.group_priority, it.group.clone()))
            .collect();
        groups.sort();
        groups.into_iter().rev().find_map(|(place, group)| {
            let priority = self.free(place, |it| it.group == group)?;
            Some((group, place, priority, Made::Collection))
        })
    }

    /// A free priority in a group, early enough.
    fn free(&self, group: u32, within: impl Fn(&RuleCollection) -> bool) -> Option<u32> {
        let taken: Vec<u32> = self.collections.iter().filter(|it| within(it)).map(|it| it.priority).collect();
        priority(|place| !taken.contains(&place) && self.is_ahead((group, place)))
    }

    /// A group of its own.
    fn apart(&self) -> Option<(Arc<str>, u32, u32, Made)> {
        let taken = |place: u32| self.collections.iter().any(|it| it.group_priority == place);
        let place = priority(|place| !taken(place) && self.is_ahead((place, FIRST)))?;
        let known = |name: &str| self.collections.iter().any(|it| it.group.eq_ignore_ascii_case(name));
        self.grouped.then(|| (free_name("allowing".to_owned(), known), place, FIRST, Made::Group))
    }
}

/// The first round number that will do, else the last number at all.
fn priority(will_do: impl Fn(u32) -> bool) -> Option<u32> {
    let round = (1..=LAST / FIRST).map(|n| n * FIRST).find(|place| will_do(*place));
    round.or_else(|| (FIRST..=LAST).rev().find(|place| will_do(*place)))
}
