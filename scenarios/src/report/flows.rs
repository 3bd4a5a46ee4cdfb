//! Reports of single connections.

use super::path;
use crate::latency::Latency;
use crate::problem::{self, Problem};
use crate::replay::FlowRun;
use crate::scenario::{FlowExpectation, FlowVerdict};
use crate::verdict::{Layers, Verdict};
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::explain::Walk;
use sim_core::fabric::Fabric;
use sim_core::topology::Topology;
use topologies::World;

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FlowReport {
    /// What it is called.
    pub name: String,
    /// The worst layer.
    pub verdict: Verdict,
    /// Layer by layer.
    pub layers: Layers,
    /// The names along the way there.
    pub path: Vec<String>,
    /// How long it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// What is in the way.
    pub problems: Vec<Problem>,
    /// What the client printed, when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printed: Option<String>,
    /// Expectations that it does not meet.
    pub unmet: Vec<String>,
}

impl FlowReport {
    /// The report of a connection that a scenario tried.
    #[must_use]
    pub fn of_run(run: &FlowRun, world: &World) -> Self {
        let log = run.log.borrow();
        let mut report = Self {
            name: format!("{} ({} -> {})", run.name, run.ends.0, run.ends.1),
            verdict: Verdict::Skipped,
            layers: Layers::default(),
            path: Vec::new(),
            latency: run.latency.clone(),
            problems: Vec::new(),
            printed: None,
            unmet: Vec::new(),
        };
        if let Some((topology, fabric, walk)) = &log.in_place {
            report.path = path(&walk.there, topology);
            if !matches!(log.outcome, Some(Ok(_))) {
                report.problems = problem::of_walk(walk, fabric, topology, &world.sources);
            }
        }
        report.layers.transport = match (&log.outcome, &run.latency) {
            (Some(Ok(_)), Some(latency)) if latency.failed > 0 => Verdict::Degraded,
            (Some(Ok(_)), _) => Verdict::Connected,
            (Some(Err(printed)), _) => {
                report.printed = Some(printed.clone());
                Verdict::Disconnected
            }
            (None, _) => Verdict::Skipped,
        };
        report.verdict = report.layers.overall();
        if log.outcome.is_none() {
            report.verdict = Verdict::Skipped;
        }
        report.unmet = unmet(&run.expect, &report);
        report
    }

    /// The report of a connection that a build needs, by the network alone.
    #[must_use]
    pub fn of_walk(name: String, walk: &Walk, fabric: &Fabric, topology: &Topology, world: &World) -> Self {
        let transport = if walk.connects() { Verdict::Connected } else { Verdict::Disconnected };
        let layers = Layers { transport, ..Layers::default() };
        Self {
            name,
            verdict: layers.overall(),
            layers,
            path: path(&walk.there, topology),
            latency: None,
            problems: problem::of_walk(walk, fabric, topology, &world.sources),
            printed: None,
            unmet: Vec::new(),
        }
    }
}

fn unmet(expect: &FlowExpectation, report: &FlowReport) -> Vec<String> {
    let mut unmet = Vec::new();
    let wanted = match expect.verdict {
        FlowVerdict::Connected => Verdict::Connected,
        FlowVerdict::Degraded => Verdict::Degraded,
        FlowVerdict::Disconnected => Verdict::Disconnected,
    };
    if report.verdict != wanted {
        unmet.push(format!("{}: expected {wanted:?}, is {:?}", report.name, report.verdict));
    }
    unmet.extend(missing(&report.name, &report.problems, expect.reason.as_deref(), expect.rule.as_deref()));
    unmet
}

/// Expected reasons and rules that are not among the problems.
pub(super) fn missing(name: &str, problems: &[Problem], reason: Option<&str>, rule: Option<&str>) -> Vec<String> {
    let mut unmet = Vec::new();
    if let Some(reason) = reason.filter(|reason| !problems.iter().any(|problem| problem.code == **reason)) {
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
        unmet.push(format!("{name}: expected the reason `{reason}`; found: {}", list(&codes)));
    }
    let named = |problem: &Problem, rule: &str| {
        let matches = |text: &Option<String>| {
            text.as_deref().is_some_and(|text| {
                text.eq_ignore_ascii_case(rule)
                    || text.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(rule))
            })
        };
        matches(&problem.rule) || matches(&problem.resource)
    };
    if let Some(rule) = rule.filter(|rule| !problems.iter().any(|problem| named(problem, rule))) {
        let rules: Vec<&str> = problems.iter().filter_map(|problem| problem.rule.as_deref()).collect();
        unmet.push(format!("{name}: expected the rule or setting `{rule}` in the way; found: {}", list(&rules)));
    }
    unmet
}

fn list(items: &[&str]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
