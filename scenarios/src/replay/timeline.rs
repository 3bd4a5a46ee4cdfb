//! What a scenario does to the network while it runs.

use crate::naming::find;
use crate::scenario::{Action, RebootAction, SetAction};
use sim_core::host::{Context, Control, Input, Orchestrator, Program, Signal};
use sim_core::source::{FileId, Span};
use sim_core::time::Nanos;
use sim_core::topology::{Difference, Draft, Edit, Topology};
use std::sync::Arc;
use topologies::World;
use topologies::azure::{RawResource, Resources};
use topologies::diagnostic::Diagnostic;
use topologies::json;

/// The changes of a scenario, each worked out before the run: what leads from the network before to the one after.
#[derive(Default)]
pub(super) struct Timeline {
    steps: Vec<(Nanos, Step)>,
}

enum Step {
    Change(Vec<Difference>),
    Reboot { machine: Arc<str>, down: Nanos },
}

impl Timeline {
    /// Works out the changes, in order of time.
    pub fn new(mut actions: Vec<(Nanos, Action, Span)>, world: &mut World, problems: &mut Vec<Diagnostic>) -> Self {
        actions.sort_by_key(|(at, ..)| *at);
        let mut resources = world.resources.clone();
        let mut network = world.topology.clone();
        let mut steps = Vec::new();
        for (at, action, span) in actions {
            let step = match &action {
                Action::Reboot(RebootAction { machine, down }) => {
                    find(&network, machine).map(|machine| Step::Reboot { machine, down: down.0 })
                }
                Action::Delete(name) => find(&network, name).map(|name| {
                    resources.remove(&name);
                    // What a stand-in or an actor is was never declared; it goes all the same.
                    let _ = network.delete(&name);
                    Step::Change(vec![Difference::Delete(name)])
                }),
                Action::Set(set) => {
                    let edit = edit_of(&network, set);
                    let made = edit.and_then(|edit| resources.edit(&edit, &mut world.sources));
                    made.map(|()| change(&resources, world, &mut network))
                }
                Action::Put(body) => put(&mut resources, body).map(|()| change(&resources, world, &mut network)),
                Action::Build(_) => continue,
            };
            match step {
                Ok(step) => steps.push((at, step)),
                Err(diagnostic) => problems.push(super::placed(diagnostic, span)),
            }
        }
        Self { steps }
    }
}

fn edit_of(network: &Topology, set: &SetAction) -> Result<Edit, Diagnostic> {
    let resource = find(network, &set.resource)?;
    Ok(Edit { resource, property: set.property.clone(), value: set.value.to_string() })
}

fn put(resources: &mut Resources, body: &serde_json::Value) -> Result<(), Diagnostic> {
    let value = json::parse_text(&body.to_string(), FileId(0)).value;
    let raw = value
        .and_then(RawResource::of_body)
        .ok_or_else(|| Diagnostic::error("scenario.value", "`put` takes a resource with `id` and `type`"))?;
    resources.insert(raw);
    Ok(())
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
            Signal::Timer(n) => {
                let Some((_, step)) = usize::try_from(n).ok().and_then(|n| self.steps.get(n)) else { return };
                match step {
                    Step::Reboot { machine, down } => control.spawn(machine.clone(), Reboot { down: *down }),
                    Step::Change(differences) => {
                        for difference in differences {
                            match difference {
                                Difference::Put(draft) => control.put(Draft::clone(draft), Nanos::ZERO),
                                Difference::Delete(name) => control.delete(name.clone(), Nanos::ZERO),
                            };
                        }
                    }
                }
            }
            _ => {}
        }
    }
}
