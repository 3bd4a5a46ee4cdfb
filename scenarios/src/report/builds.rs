//! Reports of image builds.

use super::expect::{self, missing};
use super::flows::FlowReport;
use crate::hangs::{self, Alternative, HangsOn};
use crate::observe::evidence::Met;
use crate::problem::{self, Place, Problem};
use crate::replay::{BuildRun, Running, download_name, leg_name};
use crate::scenario::{BuildExpectation, BuildOutcome};
use crate::verdict::{Layers, Verdict};
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::assumption::Choices;
use sim_core::explain::{Question, walk};
use sim_core::fabric::Fabric;
use sim_core::host::Socket;
use sim_core::id::PortId;
use sim_core::net::{Protocol, Tuple};
use sim_core::topology::{Kind, Topology};
use std::sync::Arc;
use topologies::World;
use topologies::services::image_builder::{BuildLog, Ended, LogLine, address_of};

/// An image build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BuildReport {
    /// The template's name.
    pub name: String,
    /// How the service connects.
    pub way: String,
    /// `succeeded`, `refused`, `failed`.
    pub outcome: String,
    /// The worst layer.
    pub verdict: Verdict,
    /// Layer by layer.
    pub layers: Layers,
    /// What the user reads at the end.
    pub message: String,
    /// From the submitted template to the last deleted resource, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ns: Option<u64>,
    /// From Packer's start until it was connected, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected_ns: Option<u64>,
    /// The connections it needs.
    pub flows: Vec<FlowReport>,
    /// What is in the way.
    pub problems: Vec<Problem>,
    /// What the client printed, each line once.
    pub printed: Vec<String>,
    /// What happened when.
    pub timeline: Vec<TimelineRow>,
    /// What was assumed.
    pub assumed: Vec<String>,
    /// What nobody knows for certain of Azure and had a say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hangs_on: Vec<HangsOn>,
    /// Expectations that it does not meet.
    pub unmet: Vec<String>,
}

/// A line of a build's timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TimelineRow {
    /// When, in nanoseconds since the start of the run.
    pub at_ns: u64,
    /// Where the build stood.
    pub phase: String,
    /// What happened.
    pub text: String,
    /// How often, one after the other.
    pub times: u32,
    /// When for the last time, if more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ns: Option<u64>,
}

impl BuildReport {
    /// The report of a build.
    #[must_use]
    pub fn new(run: &BuildRun, met: &Met, choices: Choices, world: &World) -> Self {
        let mut report = match &run.running {
            Some(running) => Self::of_running(run, running, world),
            None => Self::of_rejected(run, world),
        };
        let of_flows = hangs::together(report.flows.iter().flat_map(|flow| &flow.hangs_on));
        report.hangs_on = HangsOn::listed(of_flows.union(met.assumed), choices);
        report.unmet = unmet(&run.expect, &report);
        report
    }

    /// Holds it against what `of` gives of the same build with other choices.
    pub(super) fn settle<T>(&mut self, choices: Choices, tried: &[Alternative<T>], of: impl Fn(&T) -> Option<&Self>) {
        let answer = (&mut self.verdict, &mut self.hangs_on, &mut self.unmet);
        expect::settle(answer, choices, tried, |answers| of(answers).map(|it| (it.verdict, &it.unmet[..])));
        for flow in &mut self.flows {
            let name = flow.name.clone();
            flow.settle(choices, tried, |answers| of(answers)?.flows.iter().find(|flow| flow.name == name));
        }
    }

    fn of_rejected(run: &BuildRun, world: &World) -> Self {
        let layers = Layers::undeployed();
        Self {
            name: run.name.clone(),
            way: "none: the template is not taken".to_owned(),
            outcome: "refused".to_owned(),
            verdict: layers.overall(),
            layers,
            message: run.rejected.iter().map(|diagnostic| diagnostic.message.clone()).collect::<Vec<_>>().join("; "),
            took_ns: None,
            connected_ns: None,
            flows: Vec::new(),
            problems: run.rejected.iter().map(|it| problem::of_diagnostic(it, &world.sources)).collect(),
            printed: Vec::new(),
            timeline: Vec::new(),
            assumed: Vec::new(),
            hangs_on: Vec::new(),
            unmet: Vec::new(),
        }
    }

    fn of_running(run: &BuildRun, running: &Running, world: &World) -> Self {
        let log = running.log.borrow();
        let flows = needed_flows(running, &log, world);
        let mut layers = Layers::default();
        let mut problems: Vec<Problem> = Vec::new();
        let (outcome, message) = match &log.ended {
            Some(Ended::Succeeded) => ("succeeded", "the image is there".to_owned()),
            Some(Ended::Refused(refusal)) => {
                layers = Layers::undeployed();
                problems.push(problem::of_refusal(refusal, &world.sources));
                ("refused", refusal.to_string())
            }
            Some(Ended::Forbidden { action, scope }) => {
                layers = Layers::undeployed();
                problems.push(forbidden(action, scope, world));
                ("refused", format!("AuthorizationFailed: {action} on {scope}"))
            }
            Some(Ended::Failed(text)) => {
                if log.connected.is_none() {
                    layers.transport = Verdict::Disconnected;
                }
                layers.service = Verdict::Disconnected;
                ("failed", text.clone())
            }
            None => {
                layers.service = Verdict::Disconnected;
                ("failed", "the run ended before the build did".to_owned())
            }
        };
        if outcome == "failed" {
            for flow in &flows {
                problems.extend(flow.problems.iter().filter(|p| !problems.contains(p)).cloned().collect::<Vec<_>>());
            }
        }
        Self {
            name: run.name.clone(),
            way: running.way.describe().to_owned(),
            outcome: outcome.to_owned(),
            verdict: layers.overall(),
            layers,
            message,
            took_ns: took(&log.lines),
            connected_ns: log.connected.map(|time| time.0),
            flows,
            problems,
            printed: printed(&log.lines),
            timeline: rows(&log.lines),
            assumed: log.assumed.clone(),
            hangs_on: Vec::new(),
            unmet: Vec::new(),
        }
    }
}

fn took(lines: &[LogLine]) -> Option<u64> {
    Some(lines.last()?.at.since(lines.first()?.at).0)
}

/// Lines that say the same one after the other are one row: retries fill a failing build's log.
fn rows(lines: &[LogLine]) -> Vec<TimelineRow> {
    let mut rows: Vec<TimelineRow> = Vec::new();
    for line in lines {
        match rows.last_mut() {
            Some(last) if last.text == line.text => {
                last.times += 1;
                last.until_ns = Some(line.at.0);
            }
            _ => rows.push(TimelineRow {
                at_ns: line.at.0,
                phase: format!("{:?}", line.phase).to_lowercase(),
                text: line.text.clone(),
                times: 1,
                until_ns: None,
            }),
        }
    }
    rows
}

/// What the client printed when something went wrong: each line once, in order.
fn printed(lines: &[LogLine]) -> Vec<String> {
    let wrong = [
        "[error]",
        "[debug]",
        "curl:",
        "timeout waiting",
        "packer build command has failed",
        "deployment failed",
        "authorizationfailed",
        "network policy is not disabled",
        "waiting to run",
    ];
    let mut printed: Vec<String> = Vec::new();
    for line in lines {
        let lower = line.text.to_lowercase();
        if wrong.iter().any(|word| lower.contains(word)) && !printed.contains(&line.text) {
            printed.push(line.text.clone());
        }
    }
    printed
}

fn forbidden(action: &str, scope: &str, world: &World) -> Problem {
    // The role that is there and does not grant it is the place to mend.
    let role = world.topology.resources().find(|found| matches!(found.kind, Kind::RoleDefinition(_)));
    Problem {
        code: "AuthorizationFailed".to_owned(),
        text: format!(
            "the template's identity does not have authorization to perform action '{action}' over scope '{scope}'"
        ),
        rule: Some(action.to_owned()),
        resource: role.map(|role| role.name.to_string()),
        place: role.and_then(|role| role.span).and_then(|span| Place::of(span, &world.sources)),
        also: Vec::new(),
        on_return: false,
        behind: false,
        mend: vec![format!("add \"{action}\" to the role's actions, and assign the role on {scope}")],
    }
}

/// The connections that a build needs: Packer's way, leg by leg, and the downloads.
fn needed_flows(running: &Running, log: &BuildLog, world: &World) -> Vec<FlowReport> {
    let Some((topology, fabric)) = &log.in_place else { return Vec::new() };
    let mut flows = Vec::new();
    for leg in &running.legs {
        let Some(to) = address_of(topology, &leg.to) else { continue };
        if let Some(mut flow) = ask(leg_name(leg), &leg.from, (to, leg.port), topology, fabric, world) {
            flow.latency = running.latencies.get(&flow.name).cloned();
            flows.push(flow);
        }
    }
    for (site, to) in &log.downloads {
        if let Some(mut flow) = ask(download_name(site), &running.build, *to, topology, fabric, world) {
            let host = site.split(':').next().unwrap_or(site);
            flow.printed = log.failed_downloads.iter().find(|text| text.contains(host)).cloned();
            flow.latency = running.latencies.get(&flow.name).cloned();
            flows.push(flow);
        }
    }
    flows
}

fn ask(
    name: String,
    from: &Arc<str>,
    to: Socket,
    topology: &Topology,
    fabric: &Arc<Fabric>,
    world: &World,
) -> Option<FlowReport> {
    let source = address_of(topology, from)?;
    let port = PortId(topology.find(from)?.id.0);
    let tuple = Tuple { src: source, dst: to.0, src_port: 49152, dst_port: to.1, protocol: Protocol::TCP };
    let walk = walk(fabric, Question { from: port, tuple }, |probe| topology.probe_port(probe));
    Some(FlowReport::of_walk(name, &walk, fabric, topology, world))
}

fn unmet(expect: &BuildExpectation, report: &BuildReport) -> Vec<String> {
    let mut unmet = Vec::new();
    let wanted = match expect.outcome {
        BuildOutcome::Succeeded => "succeeded",
        BuildOutcome::Refused => "refused",
        BuildOutcome::Failed => "failed",
    };
    if report.outcome != wanted {
        unmet.push(format!("{}: expected to have {wanted}, has {}: {}", report.name, report.outcome, report.message));
    }
    if let Some(code) = expect.code.as_deref().filter(|code| !report.problems.iter().any(|p| p.code == **code)) {
        unmet.push(format!("{}: expected Azure's code `{code}`: {}", report.name, report.message));
    }
    unmet.extend(missing(&report.name, &report.problems, expect));
    let holds = |text: &str| report.timeline.iter().any(|row| row.text.contains(text)) || report.message.contains(text);
    if let Some(text) = expect.prints.as_deref().filter(|text| !holds(text)) {
        unmet.push(format!("{}: expected its log to hold `{text}`", report.name));
    }
    unmet
}
