//! Reports of single connections.

use super::expect::{self, unmet};
use super::path;
use crate::hangs::{Alternative, HangsOn};
use crate::latency::Latency;
use crate::looked::Looked;
use crate::named::{self, NameReport};
use crate::observe::describe;
use crate::observe::evidence::Met;
use crate::problem::{self, Diagnosis, NotExamined, Problem, RemedyReport};
use crate::replay::{FlowRun, Tries};
use crate::scenario::FlowVerdict;
use crate::verdict::{Layers, Verdict};
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::assumption::{AssumptionSet, Choices};
use sim_core::explain::{Stop, Walk};
use sim_core::fabric::Fabric;
use sim_core::plane::Act;
use sim_core::stage::{Reason, Step};
use sim_core::topology::{Access, Topology};
use std::sync::Arc;
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
    /// Where it goes to a host name: where that leads, and by which way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<NameReport>,
    /// The names along the way there.
    pub path: Vec<String>,
    /// What it passes between its ends: those of `path` that are neither. What stops it for good counts as passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<Vec<String>>,
    /// What the answer passes between the ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back: Option<Vec<String>>,
    /// The source address that the far end sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_as: Option<String>,
    /// The security rules that let it pass on the way there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub admitted_by: Vec<String>,
    /// For each health probe that it depends on: whether it reaches its backend.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub probes_reach: Vec<bool>,
    /// How a session ended, if it opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionReport>,
    /// Of several connections at once: how many opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<u64>,
    /// Of a traceroute: its lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<String>,
    /// How long it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// What is in the way.
    pub problems: Vec<Problem>,
    /// What opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<RemedyReport>,
    /// The part of the way that was not examined, for nothing leads there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_examined: Option<NotExamined>,
    /// What nobody knows for certain and had a say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hangs_on: Vec<HangsOn>,
    /// What the client printed, when it failed; of a managed service's client, always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printed: Option<String>,
    /// The status of the last answer over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Attempts one after the other: those that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<TryReport>,
    /// Expectations that it does not meet.
    pub unmet: Vec<String>,
    /// Whether it is expected that nobody knows.
    #[serde(skip)]
    pub(super) wants_unknown: bool,
}

/// Attempts that failed in the same words, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TryReport {
    /// How many.
    pub count: u32,
    /// When the first of them began, in nanoseconds.
    pub first_ns: u64,
    /// When the last of them began, in nanoseconds.
    pub last_ns: u64,
    /// What the client printed each time.
    pub printed: String,
}

impl TryReport {
    fn of(tries: &Tries) -> Self {
        let Tries { first, last, count, printed } = tries;
        Self { count: *count, first_ns: first.0, last_ns: last.0, printed: printed.clone() }
    }
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SessionReport {
    /// `works`, `reset`, `silent` or `closed`.
    pub ends: String,
    /// When the client noticed, in nanoseconds since the connection opened.
    pub after_ns: u64,
}

impl FlowReport {
    /// A report that says nothing yet.
    pub(super) fn named(name: String) -> Self {
        Self {
            name,
            verdict: Verdict::Skipped,
            layers: Layers::default(),
            named: None,
            path: Vec::new(),
            through: None,
            back: None,
            seen_as: None,
            admitted_by: Vec::new(),
            probes_reach: Vec::new(),
            session: None,
            opened: None,
            hops: Vec::new(),
            latency: None,
            problems: Vec::new(),
            remedy: None,
            not_examined: None,
            hangs_on: Vec::new(),
            printed: None,
            status: None,
            tries: Vec::new(),
            unmet: Vec::new(),
            wants_unknown: false,
        }
    }

    /// The report of a connection that a scenario tried.
    #[must_use]
    pub fn of_run(run: &FlowRun, met: &Met, choices: Choices, world: &World) -> Self {
        let log = run.log.borrow();
        let mut assumed = met.assumed;
        let mut report = Self {
            latency: run.latency.clone(),
            session: log.session.clone().map(|(ends, after)| SessionReport { ends, after_ns: after.0 }),
            opened: log.opened,
            hops: log.hops.clone(),
            tries: log.tries.iter().map(TryReport::of).collect(),
            wants_unknown: run.expect.verdict == FlowVerdict::Unknown,
            ..Self::named(format!("{} ({} -> {})", run.name, run.ends.0, run.ends.1))
        };
        if let Some((topology, fabric, walk)) = &log.named {
            let mut name = NameReport::of(walk, topology);
            // What was said on the wire counts.
            name.addresses = log.resolved.iter().cloned().collect();
            report.named = Some(name);
            assumed = assumed.union(walk.assumed());
            report.problems = named::problems(walk, fabric, topology, &world.sources);
        }
        let some = report.latency.as_ref().is_some_and(|latency| (1..latency.attempts).contains(&latency.failed));
        assumed = assumed.union(report.explain(run, met, some, world));
        let stuck = met.was_stopped(Reason::TooLarge);
        let partly = log.opened.is_some_and(|opened| opened > 0);
        if log.unresolved {
            report.layers.name = Verdict::Disconnected;
        }
        report.layers.transport = match &log.outcome {
            Some(_) if log.unresolved => Verdict::Skipped,
            Some(_) if some => Verdict::Degraded,
            Some(Ok(_)) => Verdict::Connected,
            Some(Err(_)) if partly => Verdict::Degraded,
            Some(Err(_)) => Verdict::Disconnected,
            // It waits for what will never come.
            None if stuck => Verdict::Disconnected,
            None => Verdict::Skipped,
        };
        if log.refused.is_some() {
            report.layers.service = Verdict::Disconnected;
        }
        report.status = log.status;
        let failed = log.outcome.as_ref().and_then(|outcome| outcome.as_ref().err());
        let refused = log.refused.as_ref().map(|(_, text)| text).filter(|text| !text.is_empty());
        report.printed = failed.or(refused).or(log.said.as_ref()).cloned();
        report.verdict = report.layers.overall();
        if log.outcome.is_none() && !stuck {
            report.verdict = Verdict::Skipped;
        }
        report.hangs_on = HangsOn::listed(assumed, choices);
        report.unmet = unmet(&run.expect, &report, run.timeout);
        report
    }

    /// Takes what the network says of the way, and what kept a flow that failed, or `some` of its attempts, from it; gives what
    /// that hangs on.
    fn explain(&mut self, run: &FlowRun, met: &Met, some: bool, world: &World) -> AssumptionSet {
        let log = run.log.borrow();
        let Some((topology, fabric, walk)) = &log.in_place else { return AssumptionSet::default() };
        self.take(walk, topology);
        let assumed = walk.assumed();
        let connected = matches!(log.outcome, Some(Ok(_)));
        if !connected || log.refused.is_some() {
            let elsewhere = run.elsewhere();
            let walk = elsewhere.as_ref().unwrap_or(walk);
            self.blame(problem::of_walk(walk, fabric, topology, &world.sources));
            let said = log.refused.as_ref().map(|(_, text)| text.as_str());
            self.problems.extend(said.and_then(|said| problem::of_certificate(said, walk, topology)));
        }
        if !connected {
            problem::add_met(&mut self.problems, &met.stopped, topology, &world.sources);
        } else if some && log.refused.is_none() {
            // The first attempt connected; what is in the way of others is told.
            let looked = Looked::at(topology, fabric.clone(), walk.question);
            self.blame(problem::of_walk(&looked.walk, fabric, topology, &world.sources));
            return assumed.union(looked.assumed);
        }
        assumed
    }

    /// The report of a connection that a build needs, by the network alone.
    #[must_use]
    pub fn of_walk(name: String, walk: &Walk, fabric: &Arc<Fabric>, topology: &Topology, world: &World) -> Self {
        let transport = if walk.connects() { Verdict::Connected } else { Verdict::Disconnected };
        let service = if walk.refusal.is_some() { Verdict::Disconnected } else { Verdict::Connected };
        let layers = Layers { transport, service, ..Layers::default() };
        let hangs_on = HangsOn::listed(walk.assumed(), fabric.choices());
        let mut report = Self { verdict: layers.overall(), layers, hangs_on, ..Self::named(name) };
        report.blame(problem::of_walk(walk, fabric, topology, &world.sources));
        report.take(walk, topology);
        report
    }

    /// What is in the way.
    fn blame(&mut self, said: Diagnosis) {
        self.problems.extend(said.problems);
        (self.remedy, self.not_examined) = (said.remedy, said.not_examined);
    }

    /// Holds it against what `of` gives of the same flow with other choices.
    pub(super) fn settle<T>(&mut self, choices: Choices, tried: &[Alternative<T>], of: impl Fn(&T) -> Option<&Self>) {
        let answer = (&mut self.verdict, &mut self.hangs_on, &mut self.unmet);
        expect::settle(answer, choices, tried, |answers| of(answers).map(|it| (it.verdict, &it.unmet[..])));
    }

    /// Looks whether nobody knows, where that is expected: once all choices were tried that are to be.
    pub(super) fn finish(&mut self) {
        if self.wants_unknown && self.verdict != Verdict::Unknown {
            let found = self.verdict;
            self.unmet.push(format!("{}: expected {:?}, is {found:?}", self.name, Verdict::Unknown));
        }
    }

    /// What the network says of the way.
    fn take(&mut self, walk: &Walk, topology: &Topology) {
        let between = |stops: &[Stop]| {
            let mut along = path(stops, topology);
            // What does not get to the other end was stopped at the last one, which is still on the way.
            if stops.last().is_some_and(|last| last.act == Act::Deliver) {
                along.pop();
            }
            along.into_iter().skip(1).collect()
        };
        self.path = path(&walk.there, topology);
        let last = walk.there.last().filter(|_| walk.reached.is_some());
        self.through = Some(between(&walk.there));
        self.back = last.map(|_| between(&walk.back));
        self.seen_as = last.map(|last| last.after.src.to_string());
        self.admitted_by = walk.there.iter().flat_map(|stop| admitted(stop, topology)).collect();
        self.probes_reach = walk.probes.iter().map(Walk::connects).collect();
    }
}

/// The rules that a packet passed at a stop.
fn admitted(stop: &Stop, topology: &Topology) -> Vec<String> {
    let passed = |step: &&Step| {
        matches!(
            step,
            Step::Security { access: Access::Allow, .. }
                | Step::Admin { access: Access::Allow | Access::AlwaysAllow, .. }
        )
    };
    stop.steps.iter().filter(passed).filter_map(|step| describe::rule_name(step, topology)).collect()
}
