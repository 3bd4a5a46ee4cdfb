//! Puts the gathered resources into the network, in an order that works.

use super::World;
use super::collect::{Blame, Member, Node};
use super::stand_in;
use crate::azure::{self, Finding};
use crate::diagnostic::{Diagnostic, nearest};
use crate::map::Map;
use sim_core::topology::{Draft, Frontend, IpConfig, Kind, Refusal, Relation};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What becomes of resources that take the first free address of a subnet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Free {
    /// They wait.
    Wait,
    /// They take one where nobody who is not there yet asks for a certain one.
    WhereNobodyAsks,
    /// They take one.
    Take,
}

/// The work of putting resources.
pub(super) struct Settling<'w> {
    pub(super) world: &'w mut World,
    pub(super) nodes: Vec<Node>,
    pub(super) places: Map<String, usize>,
    pub(super) left_out: BTreeMap<String, Blame>,
    pub(super) members: Vec<Member>,
}

impl Settling<'_> {
    /// Puts what refers only to what is there, again and again; where nothing is left of that kind, adds stand-ins.
    pub(super) fn run(mut self) {
        while self.pass(Free::Wait)
            || self.pass(Free::WhereNobodyAsks)
            || self.pass(Free::Take)
            || self.leave_out_orphans()
            || self.stand_in()
        {}
        // What is left refers to itself in a circle; the network says so.
        for place in 0..self.nodes.len() {
            if !self.nodes[place].done {
                self.put(place);
            }
        }
        for member in std::mem::take(&mut self.members) {
            self.join(&member);
        }
    }

    /// Puts every resource whose references are all there. Those that take the first free address wait as long as they can,
    /// so that they do not take one that another asked for.
    fn pass(&mut self, free: Free) -> bool {
        let mut moved = false;
        let asked = if free == Free::WhereNobodyAsks { self.asked() } else { BTreeSet::new() };
        for place in 0..self.nodes.len() {
            if self.nodes[place].done {
                continue;
            }
            let draft = &self.nodes[place].draft;
            let ready =
                |draft: &Draft| draft.refers.iter().all(|(_, target)| self.world.topology.find(target).is_some());
            let may = match free {
                Free::Wait => !takes_free_address(&draft.kind),
                Free::WhereNobodyAsks => !attached(draft).any(|subnet| asked.contains(&subnet)),
                Free::Take => true,
            };
            if may && ready(draft) {
                self.put(place);
                moved = true;
            }
        }
        moved
    }

    /// The subnets, in lower case, of which somebody who is not there yet asks for an address.
    fn asked(&self) -> BTreeSet<String> {
        let waiting = self.nodes.iter().filter(|node| !node.done && !takes_free_address(&node.draft.kind));
        waiting.flat_map(|node| attached(&node.draft)).collect()
    }

    /// Puts a resource. A group or table that is refused for some of its rules or routes is kept without them, so that the
    /// rest can be checked.
    fn put(&mut self, place: usize) {
        self.nodes[place].done = true;
        let draft = &mut self.nodes[place].draft;
        while let Err(mut refusal) = self.world.topology.put(draft.clone()) {
            let spared = refusal.parts.take().is_some_and(|parts| leave_out(&mut draft.kind, parts));
            if !spared {
                let blame = Blame::Finding(self.world.findings.len());
                self.left_out.insert(draft.name.to_ascii_lowercase(), blame);
            }
            self.world.findings.push(finding(*refusal, draft));
            if !spared {
                return;
            }
        }
    }

    /// Makes the holder of an address a member of a pool. One that nobody has is no error: somebody may yet take it.
    fn join(&mut self, member: &Member) {
        let topology = &self.world.topology;
        let Some(network) = topology.find(&member.network).map(|found| found.id) else { return };
        let inside = |id| {
            topology.subnet_of(id).is_some_and(|(subnet, _)| subnet.id == network)
                || topology.vnet_of(id).is_some_and(|vnet| vnet.id == network)
        };
        let holder = topology.resources().find(|resource| {
            matches!(resource.kind, Kind::IpConfig(IpConfig { address: Some(own), .. }) if own == member.address)
                && inside(resource.id)
        });
        let place = holder.and_then(|holder| self.places.get(&holder.name.to_ascii_lowercase()).copied());
        let Some(place) = place.filter(|_| topology.find(&member.pool).is_some()) else { return };
        let refers = &mut self.nodes[place].draft.refers;
        if !refers.iter().any(|(_, target)| target.eq_ignore_ascii_case(&member.pool)) {
            refers.push((Relation::MemberOf, member.pool.clone()));
            self.put(place);
        }
    }

    /// Leaves out what refers to something that was left out, and says so there; and lets the network refuse what
    /// refers to a part that its declared whole does not have.
    fn leave_out_orphans(&mut self) -> bool {
        let mut moved = false;
        for place in 0..self.nodes.len() {
            if self.nodes[place].done {
                continue;
            }
            let draft = &self.nodes[place].draft;
            let blame = draft.refers.iter().find_map(|(_, target)| {
                let whole = azure::parent(target).and_then(|whole| self.left_out.get(&whole.to_ascii_lowercase()));
                self.left_out.get(&target.to_ascii_lowercase()).or(whole).copied()
            });
            if let Some(blame) = blame {
                self.blame(place, blame);
                moved = true;
            } else if let Some((_, target)) = draft.refers.iter().find(|(_, target)| self.is_lacking(target)) {
                let target = target.clone();
                self.put(place);
                self.suggest(&target);
                moved = true;
            }
        }
        moved
    }

    /// Names the part that was probably meant, in the finding just made.
    fn suggest(&mut self, target: &str) {
        let Some(whole) = azure::parent(target).and_then(|whole| self.world.topology.find(whole)) else { return };
        let kind = azure::resource_type(target);
        let siblings = self.world.topology.referrers(whole.id, Relation::PartOf).into_iter();
        let names = siblings.filter(|it| azure::resource_type(&it.name).eq_ignore_ascii_case(&kind));
        let near = nearest(azure::name_of(target), names.map(|it| it.short_name()));
        let help = match near {
            Some(near) => format!("did you mean {near}?"),
            None => format!("{} is declared without it", whole.short_name()),
        };
        if let Some(finding) = self.world.findings.last_mut() {
            finding.diagnostic.help.get_or_insert(help);
        }
    }

    fn blame(&mut self, place: usize, blame: Blame) {
        let node = &mut self.nodes[place];
        node.done = true;
        self.left_out.insert(node.draft.name.to_ascii_lowercase(), blame);
        let note = (node.draft.span, format!("{} is left out too: it refers to it", node.draft.name));
        match blame {
            Blame::Finding(at) => self.world.findings[at].diagnostic.notes.push(note),
            Blame::Skipped(at) => self.world.diagnostics[at].notes.push(note),
        }
    }

    /// Whether this part does not exist for certain: what it would be part of is declared, without it.
    fn is_lacking(&self, target: &str) -> bool {
        let Some(whole) = azure::parent(target) else { return false };
        let pending = self.places.contains_key(&target.to_ascii_lowercase());
        let there = |id: &str| self.world.topology.find(id).is_some();
        !pending && !there(target) && there(whole) && !self.world.is_assumed(whole)
    }

    /// Adds stand-ins for what nobody declares. Subnets come last: what is declared of their VNet goes first.
    fn stand_in(&mut self) -> bool {
        let hints = stand_in::Hints::of(self.nodes.iter().filter(|node| !node.done).map(|node| &node.draft));
        let mut subnets = Vec::new();
        let mut moved = false;
        for place in 0..self.nodes.len() {
            if self.nodes[place].done {
                continue;
            }
            for (relation, target) in self.nodes[place].draft.refers.clone() {
                if self.places.contains_key(&target.to_ascii_lowercase()) || self.world.topology.find(&target).is_some()
                {
                    continue;
                }
                if relation == Relation::Attached {
                    subnets.push((place, target));
                } else {
                    moved |= self.world.stand_in(relation, &target, &self.nodes[place], &hints);
                }
            }
        }
        if moved {
            return true;
        }
        for (place, target) in subnets {
            if self.world.topology.find(&target).is_none() {
                let Node { region, draft, .. } = &self.nodes[place];
                if let Err(finding) = self.world.stand_in_subnet(&target, region, &hints, draft.span) {
                    self.left_out.insert(target.to_ascii_lowercase(), Blame::Finding(self.world.findings.len()));
                    self.world.findings.push(*finding);
                }
                moved = true;
            }
        }
        moved
    }
}

/// Takes rules out of a group, or routes out of a table. `false` if there are none of these.
fn leave_out(kind: &mut Kind, parts: Range<usize>) -> bool {
    let len = match kind {
        Kind::Nsg(group) => group.rules.len(),
        Kind::RouteTable(table) => table.routes.len(),
        _ => 0,
    };
    if parts.is_empty() || parts.end > len {
        return false;
    }
    match kind {
        Kind::Nsg(group) => drop(group.rules.drain(parts)),
        Kind::RouteTable(table) => drop(table.routes.drain(parts)),
        _ => {}
    }
    true
}

/// The subnets that a draft is attached to, in lower case.
fn attached(draft: &Draft) -> impl Iterator<Item = String> {
    let refers = draft.refers.iter().filter(|(relation, _)| *relation == Relation::Attached);
    refers.map(|(_, target)| target.to_ascii_lowercase())
}

fn takes_free_address(kind: &Kind) -> bool {
    match kind {
        Kind::IpConfig(IpConfig { requested, .. }) | Kind::Frontend(Frontend { requested, .. }) => requested.is_none(),
        Kind::Firewall(firewall) => firewall.requested.is_none(),
        Kind::PrivateEndpoint(endpoint) => endpoint.members.iter().any(|member| member.requested.is_none()),
        Kind::LinkService(service) => service.nat.iter().any(Option::is_none),
        Kind::PublicIp(public) => public.address.is_none(),
        _ => false,
    }
}

/// What Azure would say, and what would mend it.
fn finding(refusal: Refusal, draft: &Draft) -> Finding {
    let mut diagnostic =
        Diagnostic { span: refusal.span.or(draft.span), ..Diagnostic::error(refusal.code, refusal.message) };
    if diagnostic.span != draft.span {
        diagnostic = diagnostic.note(draft.span, format!("{} is declared here", draft.name));
    }
    if let Some(edit) = &refusal.edit {
        let name = azure::name_of(&edit.resource);
        diagnostic = diagnostic.help(format!("set {} of {name} to {}", edit.property, edit.value));
    }
    Finding { resource: refusal.resource, diagnostic, edit: refusal.edit }
}
