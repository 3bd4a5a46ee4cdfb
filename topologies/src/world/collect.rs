//! Gathers what the readers found: each resource once, with the rules and references that are written elsewhere.

use crate::arm::Assumption;
use crate::azure::{self, Finding, Piece, Reading, Resources};
use crate::diagnostic::Diagnostic;
use crate::facts::vm_size;
use crate::map::Map;
use sim_core::net::Addr;
use sim_core::source::Span;
use sim_core::topology::{
    Draft, FirewallPolicy, Kind, Nic, Nsg, Relation, Route, RouteTable, RuleCollection, SecurityRule,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A resource on its way into the network.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) draft: Draft,
    /// Declared inside another resource.
    pub(super) inline: bool,
    /// Where it stands, for what it refers to and nobody declares.
    pub(super) region: Arc<str>,
    /// In the network, or left out.
    pub(super) done: bool,
}

/// A member of a backend pool, by its address.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) pool: Arc<str>,
    /// The VNet or subnet that the address is in.
    pub(super) network: Arc<str>,
    pub(super) address: Addr,
}

/// Why a resource is left out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Blame {
    /// A finding, by its place.
    Finding(usize),
    /// A warning, by its place.
    Skipped(usize),
}

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) nodes: Vec<Node>,
    /// By id in lower case.
    pub(super) places: Map<String, usize>,
    pub(super) left_out: BTreeMap<String, Blame>,
    pub(super) findings: Vec<Finding>,
    pub(super) skipped: Vec<Diagnostic>,
    pub(super) assumptions: Vec<Assumption>,
    pub(super) members: Vec<Member>,
    rules: Vec<(Arc<str>, SecurityRule)>,
    routes: Vec<(Arc<str>, Route)>,
    collections: Vec<(Arc<str>, Vec<RuleCollection>)>,
    links: Vec<(Arc<str>, Relation, Arc<str>)>,
}

impl Collected {
    /// Adds the reading of one of `all` resources.
    pub(super) fn add(&mut self, reading: Reading, all: &Resources) {
        let region = reading.region;
        self.assumptions.extend(reading.assumptions);
        for finding in reading.findings {
            self.left_out.insert(finding.resource.to_ascii_lowercase(), Blame::Finding(self.findings.len()));
            self.findings.push(finding);
        }
        for (resource, diagnostic) in reading.skipped {
            if let Some(resource) = resource {
                self.left_out.insert(resource.to_ascii_lowercase(), Blame::Skipped(self.skipped.len()));
            }
            self.skipped.push(diagnostic);
        }
        for piece in reading.pieces {
            match piece {
                Piece::Node { mut draft, inline } => {
                    for (_, target) in &mut draft.refers {
                        *target = azure::resolved(target, all);
                    }
                    self.node(Node { draft, inline, region: region.clone(), done: false });
                }
                Piece::Rule { group, rule } => self.rules.push((group, rule)),
                Piece::Route { table, route } => self.routes.push((table, route)),
                Piece::Collections { policy, collections } => self.collections.push((policy, collections)),
                Piece::Member { pool, network, address } => self.members.push(Member { pool, network, address }),
                Piece::Link { from, relation, to } => {
                    self.links.push((azure::resolved(&from, all), relation, azure::resolved(&to, all)))
                }
            }
        }
    }

    /// A resource may be declared inside another one and again on its own, which counts more; of two of one kind the
    /// later one counts.
    fn node(&mut self, node: Node) {
        let key = node.draft.name.to_ascii_lowercase();
        match self.places.get(&key) {
            Some(place) if node.inline && !self.nodes[*place].inline => {}
            Some(place) => self.nodes[*place] = node,
            None => {
                self.places.insert(key, self.nodes.len());
                self.nodes.push(node);
            }
        }
    }

    /// Brings rules, routes and references to the resources they belong to.
    pub(super) fn join(&mut self) {
        for (group, rule) in std::mem::take(&mut self.rules) {
            let whole = || Kind::Nsg(Nsg::default());
            let what = "an existing security group, taken to hold no other rules";
            if let Some(Kind::Nsg(group)) = self.whole(&group, rule.span, whole, what) {
                merge(&mut group.rules, rule, |rule| &rule.name);
            }
        }
        for (table, route) in std::mem::take(&mut self.routes) {
            let whole = || Kind::RouteTable(RouteTable::default());
            let what = "an existing route table, taken to hold no other routes";
            if let Some(Kind::RouteTable(table)) = self.whole(&table, route.span, whole, what) {
                merge(&mut table.routes, route, |route| &route.name);
            }
        }
        for (policy, collections) in std::mem::take(&mut self.collections) {
            let whole = || Kind::FirewallPolicy(FirewallPolicy::default());
            let what = "an existing firewall policy, taken to hold no other rules";
            let span = collections.first().and_then(|collection| collection.span);
            if let Some(Kind::FirewallPolicy(policy)) = self.whole(&policy, span, whole, what) {
                policy.collections.extend(collections);
            }
        }
        for (from, relation, to) in std::mem::take(&mut self.links) {
            self.link(&from, relation, to);
        }
        self.guests();
    }

    /// The kind of the resource that rules or routes belong to; one that nobody declares is added.
    fn whole(
        &mut self,
        id: &Arc<str>,
        span: Option<Span>,
        kind: impl FnOnce() -> Kind,
        what: &str,
    ) -> Option<&mut Kind> {
        let key = id.to_ascii_lowercase();
        if self.left_out.contains_key(&key) {
            return None;
        }
        if !self.places.contains_key(&key) {
            self.assume("world.assumed-resource", id, format!("not declared here: {what}"), span);
            let draft = Draft::new(id.clone(), kind());
            self.node(Node { draft, inline: false, region: Arc::from(""), done: false });
        }
        let place = *self.places.get(&key)?;
        Some(&mut self.nodes[place].draft.kind)
    }

    /// Adds a reference that was written at its other end.
    fn link(&mut self, from: &Arc<str>, relation: Relation, to: Arc<str>) {
        let key = from.to_ascii_lowercase();
        let other = self.places.get(&to.to_ascii_lowercase()).map(|place| &self.nodes[*place]);
        let (region, span) = other.map_or((Arc::from(""), None), |node| (node.region.clone(), node.draft.span));
        if self.left_out.contains_key(&key) {
            return;
        }
        if let Some(place) = self.places.get(&key) {
            let refers = &mut self.nodes[*place].draft.refers;
            if !refers.iter().any(|(known, target)| *known == relation && target.eq_ignore_ascii_case(&to)) {
                refers.push((relation, to));
            }
        } else if relation == Relation::PartOf {
            let text = "not declared here: an existing NIC whose subnet and address are not known; nothing reaches it";
            self.assume("world.assumed-resource", from, text.to_owned(), span);
            let kind = Kind::Nic(Nic { region: region.clone(), ..Nic::default() });
            let draft = Draft::new(from.clone(), kind).refer(relation, to);
            self.node(Node { draft, inline: false, region, done: false });
        } else {
            let text = format!("not declared here: what it would send to {to} is not known, and nothing is");
            self.assume("world.assumed-resource", from, text, span);
        }
    }

    /// What is assumed of machines: one with a forwarding NIC forwards; one of a size without a figure is not capped.
    fn guests(&mut self) {
        let forwarding: Vec<Arc<str>> = self
            .nodes
            .iter()
            .filter(|node| matches!(node.draft.kind, Kind::Nic(Nic { ip_forwarding: true, .. })))
            .flat_map(|node| &node.draft.refers)
            .filter(|(relation, _)| *relation == Relation::PartOf)
            .map(|(_, machine)| machine.clone())
            .collect();
        for id in forwarding {
            let Some(place) = self.places.get(&id.to_ascii_lowercase()).copied() else { continue };
            let node = &mut self.nodes[place];
            let Kind::Machine(machine) = &mut node.draft.kind else { continue };
            if !std::mem::replace(&mut machine.forwards, true) {
                let text = "a NIC has IP forwarding on: the guest is taken to forward packets too".to_owned();
                let span = node.draft.span;
                self.assume("world.guest-forwards", &id, text, span);
            }
        }
        let mut unknown = BTreeSet::new();
        for node in &self.nodes {
            let Kind::Machine(machine) = &node.draft.kind else { continue };
            if !machine.size.is_empty()
                && machine.egress_bps.is_none()
                && unknown.insert(machine.size.to_ascii_lowercase())
            {
                let gap = if vm_size(&machine.size).is_some() { "Azure publishes no" } else { "the data holds no" };
                let text = format!("{gap} network bandwidth for this size: it is not capped");
                let (code, name) = ("world.uncapped-size", machine.size.to_string());
                self.assumptions.push(Assumption { code, name, text, span: node.draft.span });
            }
        }
    }

    fn assume(&mut self, code: &'static str, id: &str, text: String, span: Option<Span>) {
        self.assumptions.push(Assumption { code, name: id.to_owned(), text, span });
    }
}

/// Puts an item in the place of the one with the same name, or at the end.
fn merge<T>(items: &mut Vec<T>, item: T, name: impl Fn(&T) -> &Arc<str>) {
    match items.iter().position(|other| name(other).eq_ignore_ascii_case(name(&item))) {
        Some(at) => items[at] = item,
        None => items.push(item),
    }
}
