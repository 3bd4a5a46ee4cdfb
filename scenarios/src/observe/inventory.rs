//! What happened to resources, backends and machines, and what programs and services said, in order.

use super::names::{self, Names};
use serde::Serialize;
use sim_core::engine::{Event, Observer};
use sim_core::id::NodeId;
use sim_core::time::Nanos;
use sim_core::topology::Topology;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A resource was created.
    Created,
    /// A resource was replaced.
    Replaced,
    /// A resource was deleted.
    Deleted,
    /// Azure would not take a change.
    Refused,
    /// A probe found a backend up.
    ProbeUp,
    /// A probe found a backend down.
    ProbeDown,
    /// A machine came up.
    PowerOn,
    /// A machine went down, or is gone.
    PowerOff,
    /// A program said something.
    Reported,
    /// A service said something.
    Announced,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// When, in nanoseconds since the start of the run.
    pub at_ns: u64,
    /// What.
    pub kind: What,
    /// The resource id it happened to; the machine, for what a program said; `service N` for a service.
    pub who: String,
    /// The kind of resource, the code of a refusal, the backend of a probe, what kind of report.
    pub topic: String,
    /// In words; empty where kind and topic say it all.
    pub text: String,
    /// The figure that a report carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<u64>,
}

/// Rows that are kept; programs may say as much as they like.
pub const ROW_LIMIT: usize = 200_000;

/// What happened, in order.
#[derive(Default)]
pub struct Inventory {
    rows: Vec<Row>,
    left_out: u64,
    names: Names,
}

impl Inventory {
    /// What happened, in order.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many more things happened after the first [`ROW_LIMIT`].
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    #[cold]
    fn note(&mut self, at: Nanos, event: &Event<'_>, topology: &Topology) {
        let Some(row) = self.row(event, topology) else { return };
        if self.rows.len() < ROW_LIMIT {
            self.rows.push(Row { at_ns: at.0, ..row });
        } else {
            self.left_out += 1;
        }
    }

    fn row(&mut self, event: &Event<'_>, topology: &Topology) -> Option<Row> {
        let id = |node: NodeId, names: &Names| match topology.get(node) {
            Some(found) => found.name.to_string(),
            None => names.resource(node, topology).to_string(),
        };
        let row =
            |kind, who: String, topic: String, text: String, value| Row { at_ns: 0, kind, who, topic, text, value };
        let none = String::new;
        Some(match *event {
            Event::Put { node, replaced } => {
                let found = topology.get(node)?;
                let kind = if replaced { What::Replaced } else { What::Created };
                let owner = found.owner.as_deref().map_or_else(none, |owner| format!("by {owner}"));
                row(kind, found.name.to_string(), names::kind(&found.kind).to_owned(), owner, None)
            }
            Event::Deleted { name, .. } => row(What::Deleted, name.to_owned(), none(), none(), None),
            Event::Refused(refusal) => {
                let (who, code) = (refusal.resource.to_string(), refusal.code.to_owned());
                row(What::Refused, who, code, refusal.message.clone(), None)
            }
            Event::Probed { probe, backend, up } => {
                let kind = if up { What::ProbeUp } else { What::ProbeDown };
                let backend = self.names.port(backend, topology).full;
                row(kind, id(probe, &self.names), backend.to_string(), none(), None)
            }
            Event::Power { machine, up, .. } => {
                let kind = if up { What::PowerOn } else { What::PowerOff };
                row(kind, id(machine, &self.names), none(), none(), None)
            }
            Event::Reported { machine, report, .. } => {
                let (who, topic) = (id(machine, &self.names), report.what.to_owned());
                row(What::Reported, who, topic, report.text.clone(), Some(report.value))
            }
            Event::Announced { orchestrator, report } => {
                let (who, topic) = (format!("service {orchestrator}"), report.what.to_owned());
                row(What::Announced, who, topic, report.text.clone(), Some(report.value))
            }
            Event::Hop { .. }
            | Event::Sent { .. }
            | Event::Lost { .. }
            | Event::Forgot { .. }
            | Event::Wrote { .. } => return None,
        })
    }
}

impl Observer for Inventory {
    #[inline]
    fn see(&mut self, at: Nanos, event: &Event<'_>, topology: &Topology) {
        if !matches!(
            event,
            Event::Hop { .. } | Event::Sent { .. } | Event::Lost { .. } | Event::Forgot { .. } | Event::Wrote { .. }
        ) {
            self.names.see(event);
            self.note(at, event, topology);
        }
    }
}
