//! What a scenario does to the network while it runs.

use super::builds::starts_with;
use crate::naming::find;
use crate::scenario::{Action, Event, RebootAction, SetAction};
use sim_core::host::{Context, Control, Input, Orchestrator, Program, Signal, Ticket};
use sim_core::source::{FileId, Span};
use sim_core::time::Nanos;
use sim_core::topology::{Difference, Draft, Edit, Refusal, Topology};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use topologies::World;
use topologies::azure::{RawResource, Resources, resource_type};
use topologies::diagnostic::Diagnostic;
use topologies::json;
use topologies::services::image_builder::{RESOURCE_TYPE, staging_group, update_refused};

/// The changes of a scenario, each worked out before the run: what leads from the network before to the one after.
#[derive(Default)]
pub(super) struct Timeline {
    steps: Vec<(Nanos, Step)>,
    /// What comes of them, as it comes.
    pub log: Rc<RefCell<Changes>>,
}

enum Step {
    Change(Vec<Difference>),
    /// Everything below an id, and what else is named.
    Clear {
        below: String,
        and: Arc<str>,
    },
    /// What its own service refuses.
    Refused(Box<Refusal>),
    Reboot {
        machine: Arc<str>,
        down: Nanos,
    },
}

/// What came of the changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    each: Vec<Change>,
    waiting: BTreeMap<Ticket, usize>,
}

#[derive(Debug)]
struct Change {
    at: Nanos,
    /// The code that Azure is expected to refuse it with.
    wanted: Option<String>,
    refused: Vec<Refusal>,
    begun: bool,
}

impl Changes {
    /// Whether all of them are made, or refused.
    pub fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.each.iter().all(|change| change.begun)
    }

    /// What was expected and did not come about, and what was not expected.
    pub fn unmet(&self) -> Vec<String> {
        self.each.iter().filter_map(Change::unmet).collect()
    }
}

impl Change {
    fn unmet(&self) -> Option<String> {
        let found = match &self.refused[..] {
            [] => "takes it".to_owned(),
            refused => {
                format!("refuses it: {}", refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            }
        };
        let at = self.at;
        match &self.wanted {
            Some(code) if !self.begun => Some(format!("timeline at {at}: expected the code {code}; it was too late")),
            Some(code) if self.refused.iter().any(|refusal| refusal.code == *code) => None,
            Some(code) => Some(format!("timeline at {at}: expected the code {code}; Azure {found}")),
            None if self.refused.is_empty() => None,
            None => Some(format!("timeline at {at}: Azure {found}")),
        }
    }
}

impl Timeline {
    /// Works out the changes, in order of time.
    pub fn new(mut events: Vec<(&Event, Span)>, world: &mut World, problems: &mut Vec<Diagnostic>) -> Self {
        events.sort_by_key(|(event, _)| event.at.0);
        let mut resources = world.resources.clone();
        let mut network = world.topology.clone();
        let mut steps = Vec::new();
        let mut changes = Changes::default();
        for (event, span) in events {
            match Step::of(&event.action, &mut resources, &mut network, world) {
                Ok(step) => {
                    let wanted = event.expect.as_ref().map(|expect| expect.code.clone());
                    changes.each.push(Change { at: event.at.0, wanted, refused: Vec::new(), begun: false });
                    steps.push((event.at.0, step));
                }
                Err(diagnostic) => problems.push(super::placed(diagnostic, span)),
            }
        }
        Self { steps, log: Rc::new(RefCell::new(changes)) }
    }

    fn make(&mut self, n: usize, control: &mut Control<'_>) {
        let Some((_, step)) = self.steps.get(n) else { return };
        let mut log = self.log.borrow_mut();
        let mut tickets = Vec::new();
        match step {
            Step::Reboot { machine, down } => control.spawn(machine.clone(), Reboot { down: *down }),
            Step::Refused(refusal) => {
                control.announce("refused", 0, refusal.to_string());
                log.each[n].refused.push(Refusal::clone(refusal));
            }
            Step::Clear { below, and } => {
                let inside = control.topology().resources().filter(|found| starts_with(&found.name, below));
                // What came last may need what came before it.
                let mut names: Vec<Arc<str>> = inside.map(|found| found.name.clone()).collect();
                names.reverse();
                names.push(and.clone());
                tickets.extend(names.into_iter().map(|name| control.delete(name, Nanos::ZERO)));
            }
            Step::Change(differences) => tickets.extend(differences.iter().map(|difference| match difference {
                Difference::Put(draft) => control.put(Draft::clone(draft), Nanos::ZERO),
                Difference::Delete(name) => control.delete(name.clone(), Nanos::ZERO),
            })),
        }
        log.each[n].begun = true;
        log.waiting.extend(tickets.into_iter().map(|ticket| (ticket, n)));
    }
}

impl Step {
    fn of(
        action: &Action,
        resources: &mut Resources,
        network: &mut Topology,
        world: &mut World,
    ) -> Result<Self, Diagnostic> {
        match action {
            Action::Reboot(RebootAction { machine, down }) => {
                Ok(Self::Reboot { machine: find(network, machine)?, down: down.0 })
            }
            Action::Delete(name) => {
                let name = find(network, name)?;
                resources.remove(&name);
                // What a stand-in or an actor is was never declared; it goes all the same.
                let _ = network.delete(&name);
                Ok(if is_template(&name) {
                    Self::Clear { below: format!("{}/", staging_group(&name)), and: name }
                } else {
                    Self::Change(vec![Difference::Delete(name)])
                })
            }
            Action::Set(set) => {
                let edit = edit_of(network, set)?;
                if is_template(&edit.resource) {
                    return Ok(Self::Refused(update_refused(edit.resource)));
                }
                resources.edit(&edit, &mut world.sources)?;
                Ok(change(resources, world, network))
            }
            Action::Put(body) => {
                let raw = resource(body)?;
                if is_template(&raw.id) && resources.get(&raw.id).is_some() {
                    return Ok(Self::Refused(update_refused(raw.id)));
                }
                resources.insert(raw);
                Ok(change(resources, world, network))
            }
            Action::Build(_) => Ok(Self::Change(Vec::new())),
        }
    }
}

fn is_template(id: &str) -> bool {
    resource_type(id).eq_ignore_ascii_case(RESOURCE_TYPE)
}

fn edit_of(network: &Topology, set: &SetAction) -> Result<Edit, Diagnostic> {
    let resource = find(network, &set.resource)?;
    Ok(Edit { resource, property: set.property.clone(), value: set.value.to_string() })
}

fn resource(body: &serde_json::Value) -> Result<RawResource, Diagnostic> {
    let value = json::parse_text(&body.to_string(), FileId(0)).value;
    value
        .and_then(RawResource::of_body)
        .ok_or_else(|| Diagnostic::error("scenario.value", "`put` takes a resource with `id` and `type`"))
}

/// What leads from the network to the one that `resources` declare; actors and stand-ins stay.
fn change(resources: &Resources, world: &World, network: &mut Topology) -> Step {
    let region = resources.iter().find_map(|raw| raw.location.clone()).unwrap_or_else(|| "eastus".into());
    let tags = world.service_tags().cloned();
    let next = World::on(world.date(), resources.iter().cloned(), &region, tags);
    let declared = |name: &str| world.resources.get(name).is_some() || next.topology.find(name).is_some();
    let mut differences = network.differences(&next.topology);
    differences.retain(|difference| match difference {
        Difference::Put(_) => true,
        Difference::Delete(name) => declared(name),
    });
    for difference in &differences {
        // Refusals show when the change is made in the run.
        let _ = match difference {
            Difference::Put(draft) => network.put(Draft::clone(draft)).map(|_| ()),
            Difference::Delete(name) => network.delete(name).map(|_| ()),
        };
    }
    Step::Change(differences)
}

/// Reboots the machine it runs on, at once.
struct Reboot {
    down: Nanos,
}

impl Program for Reboot {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        if input == Input::Start {
            cx.reboot(Nanos::ZERO, self.down);
        }
    }
}

impl Orchestrator for Timeline {
    fn handle(&mut self, signal: Signal<'_>, control: &mut Control<'_>) {
        match signal {
            Signal::Start => {
                for (n, (at, _)) in (0u64..).zip(&self.steps) {
                    control.after(*at, n);
                }
            }
            Signal::Timer(n) => self.make(usize::try_from(n).unwrap_or(usize::MAX), control),
            Signal::Applied(ticket) => {
                self.log.borrow_mut().waiting.remove(&ticket);
            }
            Signal::Refused(ticket, refusal) => {
                let mut log = self.log.borrow_mut();
                if let Some(n) = log.waiting.remove(&ticket) {
                    log.each[n].refused.push(refusal.clone());
                }
            }
            Signal::Reported(_) | Signal::Changed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a refusal that nobody expected and nobody hears of, one that was expected and did not come, another code
    /// than the one expected, a change that the run did not get to.
    #[test]
    fn a_change_is_refused_where_that_is_expected_and_nowhere_else() {
        let refusal =
            |code| Refusal { code, message: String::new(), resource: "r".into(), span: None, edit: None, parts: None };
        for (wanted, refused, begun, met) in [
            (None, None, true, true),
            (None, Some("Conflict"), true, false),
            (Some("Conflict"), Some("Conflict"), true, true),
            (Some("Conflict"), Some("SubnetIsFull"), true, false),
            (Some("Conflict"), None, true, false),
            (Some("Conflict"), None, false, false),
        ] {
            let refused: Vec<Refusal> = refused.into_iter().map(refusal).collect();
            let change = Change { at: Nanos::ZERO, wanted: wanted.map(str::to_owned), refused, begun };
            assert_eq!(change.unmet().is_none(), met, "{change:?}");
        }
    }
}
