//! Reports of image builds.

use super::expect;
use super::expect_build::unmet_build;
use super::flows::FlowReport;
use crate::hangs::{self, Alternative, HangsOn};
use crate::observe::evidence::{Met, Relayed};
use crate::problem::{self, Place, Problem};
use crate::replay::{BuildRun, Running, download_name, leg_name};
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
use std::collections::BTreeMap;
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
    /// The resource group that the service works in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// How many resources of each type it deployed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub deployed: BTreeMap<String, u64>,
    /// The sizes of the machines among them, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sizes: BTreeMap<String, String>,
    /// How many resources of each type are left in the group when the run is over.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left: BTreeMap<String, u64>,
    /// Where the image went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<CopyReport>,
    /// What Packer's connection carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<CarriedReport>,
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

/// A place that the image went to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CopyReport {
    /// `ManagedImage`, `SharedImage` or `VHD`.
    pub kind: String,
    /// The region.
    pub region: String,
    /// What left the template's region for it, in bytes.
    pub egress_bytes: u64,
}

/// What Packer's connection carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CarriedReport {
    /// Bytes by kind of way, IP headers included; on each part of its way once.
    pub bytes: BTreeMap<String, u64>,
    /// What the proxy machine passed on, in bytes of the two streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relayed: Option<Relayed>,
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
            Some(running) => Self::of_running(run, running, met, world),
            None => Self::of_rejected(run, world),
        };
        let of_flows = hangs::together(report.flows.iter().flat_map(|flow| &flow.hangs_on));
        report.hangs_on = HangsOn::listed(of_flows.union(met.assumed), choices);
        report.unmet = unmet_build(&run.expect, &report);
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
            way: "none: the template is not taken".to_owned(),
            outcome: "refused".to_owned(),
            verdict: layers.overall(),
            layers,
            message: run.rejected.iter().map(|diagnostic| diagnostic.message.clone()).collect::<Vec<_>>().join("; "),
            problems: run.rejected.iter().map(|it| problem::of_diagnostic(it, &world.sources)).collect(),
            ..Self::named(run.name.clone())
        }
    }

    /// A report that says nothing yet.
    pub(super) fn named(name: String) -> Self {
        Self {
            name,
            way: String::new(),
            outcome: String::new(),
            verdict: Verdict::Skipped,
            layers: Layers::default(),
            message: String::new(),
            took_ns: None,
            connected_ns: None,
            flows: Vec::new(),
            group: String::new(),
            deployed: BTreeMap::new(),
            sizes: BTreeMap::new(),
            left: BTreeMap::new(),
            copies: Vec::new(),
            carried: None,
            problems: Vec::new(),
            printed: Vec::new(),
            timeline: Vec::new(),
            assumed: Vec::new(),
            hangs_on: Vec::new(),
            unmet: Vec::new(),
        }
    }

    fn of_running(run: &BuildRun, running: &Running, met: &Met, world: &World) -> Self {
        let log = running.log.borrow();
        let flows = needed_flows(running, &log, world);
        let End { layers, mut problems, outcome, message } = End::of(&log, world);
        if outcome == "failed" {
            for flow in &flows {
                problems.extend(flow.problems.iter().filter(|p| !problems.contains(p)).cloned().collect::<Vec<_>>());
            }
        }
        let sizes = log.deployed.iter().filter_map(|it| Some((it.name.clone(), it.size.clone()?)));
        let copies = log.copies.iter().map(|copy| CopyReport {
            kind: copy.kind.clone(),
            region: copy.region.to_string(),
            egress_bytes: copy.egress,
        });
        Self {
            way: running.way.describe().to_owned(),
            outcome: outcome.to_owned(),
            verdict: layers.overall(),
            layers,
            message,
            took_ns: took(&log.lines),
            connected_ns: log.connected.map(|time| time.0),
            flows,
            group: log.staging.rsplit('/').next().unwrap_or_default().to_owned(),
            deployed: counted(log.deployed.iter().map(|it| it.resource_type)),
            sizes: sizes.collect(),
            left: counted(running.left.iter().map(String::as_str)),
            copies: copies.collect(),
            carried: carried(running, &log, met),
            problems,
            printed: printed(&log.lines),
            timeline: rows(&log.lines),
            assumed: log.assumed.clone(),
            ..Self::named(run.name.clone())
        }
    }
}

/// How a build ended.
struct End {
    layers: Layers,
    problems: Vec<Problem>,
    outcome: &'static str,
    message: String,
}

impl End {
    fn of(log: &BuildLog, world: &World) -> Self {
        let failed = |transport| Layers { transport, service: Verdict::Disconnected, ..Layers::default() };
        let end = |layers, problems, outcome, message: String| Self { layers, problems, outcome, message };
        match &log.ended {
            Some(Ended::Succeeded) => end(Layers::default(), Vec::new(), "succeeded", "the image is there".to_owned()),
            Some(Ended::Refused(refusal)) => {
                let problem = problem::of_refusal(refusal, &world.sources);
                end(Layers::undeployed(), vec![problem], "refused", refusal.to_string())
            }
            Some(Ended::NotTaken(text)) => end(Layers::undeployed(), Vec::new(), "refused", text.clone()),
            Some(Ended::Forbidden { action, scope }) => {
                let problem = forbidden(action, scope, world);
                let message = format!("AuthorizationFailed: {action} on {scope}");
                // What is missing only in the end does not keep the build from running.
                match log.connected {
                    Some(_) => end(failed(Verdict::Connected), vec![problem], "failed", message),
                    None => end(Layers::undeployed(), vec![problem], "refused", message),
                }
            }
            Some(Ended::Failed(text)) => {
                let transport = if log.connected.is_none() { Verdict::Disconnected } else { Verdict::Connected };
                end(failed(transport), Vec::new(), "failed", text.clone())
            }
            None => {
                let text = "the run ended before the build did".to_owned();
                end(failed(Verdict::Connected), Vec::new(), "failed", text)
            }
        }
    }
}

fn counted<'t>(types: impl Iterator<Item = &'t str>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    types.for_each(|kind| *counts.entry(kind.to_owned()).or_default() += 1);
    counts
}

/// What Packer's connection weighed on its way.
fn carried(running: &Running, log: &BuildLog, met: &Met) -> Option<CarriedReport> {
    let weight = met.weight.as_ref().filter(|_| log.connected.is_some())?;
    let (topology, _) = log.in_place.as_ref()?;
    let relay = running.proxy.as_deref().and_then(|proxy| topology.find(proxy)).map(|found| PortId(found.id.0));
    let listens = running.legs.first()?.port;
    Some(CarriedReport {
        bytes: weight.classes.iter().map(|(class, bytes)| (class.name().to_owned(), *bytes)).collect(),
        relayed: relay.map(|port| weight.relayed(port, listens)),
    })
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
