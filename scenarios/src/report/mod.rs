//! What a run showed: the same facts as text for people and as JSON for programs.

mod builds;
mod expect;
mod expect_build;
mod flows;
pub(crate) mod text;

pub use builds::{BuildReport, CarriedReport, CopyReport, TimelineRow};
pub use flows::{FlowReport, SessionReport, TryReport};

use crate::hangs::{self, Alternative};
use crate::observe::evidence::Evidence;
use crate::observe::names;
use crate::problem::{Place, Problem, of_diagnostic};
use crate::replay::{BuildRun, FlowRun, Options};
use crate::scenario::{Downloads, FindingExpectation};
use crate::verdict::Verdict;
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::assumption::{AssumptionSet, Choices};
use sim_core::explain::Stop;
use sim_core::fabric::Fabric;
use sim_core::id::NodeId;
use sim_core::topology::{Kind, Topology};
use std::collections::BTreeSet;
use topologies::World;
use topologies::azure::Finding;
use topologies::facts::{self, Date};

/// Version of the JSON form; a change that a reader could trip over raises it.
pub const SCHEMA: u32 = 1;

/// What is reported of.
pub struct Run<'a> {
    /// The scenario's name.
    pub name: &'a str,
    /// More about it.
    pub about: Option<&'a str>,
    /// What Azure is expected to refuse.
    pub findings: &'a [FindingExpectation],
    /// What its timeline was expected to do and did not.
    pub changes: Vec<String>,
    /// How it was run.
    pub options: &'a Options,
}

/// What a run showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Report {
    /// Version of this form.
    pub schema: u32,
    /// Version of the program.
    pub version: &'static str,
    /// The scenario.
    pub scenario: String,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What random numbers started from.
    pub seed: u64,
    /// The date it was set in.
    pub date: String,
    /// Whether delays varied.
    pub jitter: bool,
    /// Whether large downloads were made in full.
    pub full_downloads: bool,
    /// Whether everything went as expected.
    pub as_expected: bool,
    /// Image builds.
    pub builds: Vec<BuildReport>,
    /// Connections that the scenario tried.
    pub flows: Vec<FlowReport>,
    /// What Azure would refuse of the declared network.
    pub findings: Vec<Problem>,
    /// Where that is not what the scenario expects.
    pub unmet: Vec<String>,
    /// What the input leaves open and was assumed.
    pub assumptions: Vec<String>,
    /// What comes of the run as a whole with other choices of what nearly every answer hangs on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub whole: Vec<String>,
    /// What of the input is not modelled.
    pub skipped: Vec<String>,
}

impl Report {
    /// The report of a run.
    #[must_use]
    pub fn new(run: &Run<'_>, world: &World, builds: &[BuildRun], flows: &[FlowRun], seen: &Evidence) -> Self {
        let choices = run.options.choices;
        let builds: Vec<BuildReport> =
            builds.iter().map(|build| BuildReport::new(build, &seen.of(build.flow()), choices, world)).collect();
        let flow = |flow: &FlowRun| FlowReport::of_run(flow, &seen.of(flow.id()), choices, world);
        let flows: Vec<FlowReport> = flows.iter().map(flow).collect();
        let findings: Vec<Problem> = world.findings.iter().map(|finding| of_finding(finding, world)).collect();
        let mut unmet = expect::unmet_findings(run.findings, &findings);
        unmet.extend(run.changes.iter().cloned());
        let assumptions = assumptions(world, &builds);
        let mut report = Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            scenario: run.name.to_owned(),
            about: run.about.map(|about| about.trim().to_owned()),
            seed: run.options.seed,
            date: run.options.date.to_string(),
            jitter: run.options.jitter,
            full_downloads: run.options.downloads == Downloads::Full,
            as_expected: false,
            builds,
            flows,
            findings,
            unmet,
            assumptions,
            whole: Vec::new(),
            skipped: world.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect(),
        };
        report.as_expected = report.meets_all();
        report
    }

    /// What its answers hang on.
    pub(crate) fn assumed(&self) -> AssumptionSet {
        let of_builds = self.builds.iter().flat_map(|build| &build.hangs_on);
        hangs::together(of_builds.chain(self.flows.iter().flat_map(|flow| &flow.hangs_on)))
    }

    /// The verdicts of its builds and flows.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let builds = self.builds.iter().map(|build| build.verdict);
        builds.chain(self.flows.iter().map(|flow| flow.verdict)).collect()
    }

    /// Holds it against what the same run shows with other choices. An expectation that is met with one choice and not
    /// with another is not met.
    pub(crate) fn settle(&mut self, choices: Choices, tried: &[Alternative<Self>]) {
        settle_builds(&mut self.builds, choices, tried, |other| &other.builds);
        for (n, flow) in self.flows.iter_mut().enumerate() {
            flow.settle(choices, tried, |other| other.flows.get(n));
        }
        self.as_expected = self.meets_all();
    }

    /// Looks at what can be said only once all choices were tried that are to be.
    pub(crate) fn finish(&mut self) {
        self.flows.iter_mut().for_each(FlowReport::finish);
        self.as_expected = self.meets_all();
    }

    fn meets_all(&self) -> bool {
        self.all_unmet().next().is_none()
    }

    /// The expectations that are not met, of builds, flows and the network.
    pub fn all_unmet(&self) -> impl Iterator<Item = &String> {
        let builds = self.builds.iter().flat_map(|build| &build.unmet);
        builds.chain(self.flows.iter().flat_map(|flow| &flow.unmet)).chain(&self.unmet)
    }

    /// The report for people.
    #[must_use]
    pub fn text(&self) -> String {
        text::report(self)
    }
}

/// Holds builds against what the same ones came to with other choices.
pub(crate) fn settle_builds<T>(
    builds: &mut [BuildReport],
    choices: Choices,
    tried: &[Alternative<T>],
    of: impl Fn(&T) -> &Vec<BuildReport>,
) {
    for (n, build) in builds.iter_mut().enumerate() {
        build.settle(choices, tried, |other| of(other).get(n));
    }
}

/// What the input leaves open and was assumed, each once: whose, what, and where it matters.
pub(crate) fn assumptions(world: &World, builds: &[BuildReport]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for assumed in &world.assumptions {
        let place = assumed.span.and_then(|span| Place::of(span, &world.sources));
        let place = place.map_or(String::new(), |place| format!(" ({}:{})", place.file, place.line));
        texts.push(format!("{}: {}{place}", assumed.name, assumed.text));
    }
    texts.extend(builds.iter().flat_map(|build| build.assumed.iter().cloned()));
    let mut seen = BTreeSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    texts
}

/// What an answer hangs on because Azure's lists do not say it: a day before the lists, tags whose addresses are not known.
pub(crate) fn surroundings(world: &World, fabric: &Fabric, date: Date) -> Vec<String> {
    let whose = |holders: BTreeSet<NodeId>| {
        let found = holders.into_iter().filter_map(|id| world.topology.get(id)).map(|it| it.short_name());
        found.collect::<Vec<&str>>().join(", ")
    };
    let tags = fabric.unknown_tags().into_iter().map(|(tag, groups)| {
        format!(
            "service tags: the addresses of {tag} are not known, so what {} says of it matches nothing; --service-tags \
             gives them",
            whose(groups)
        )
    });
    let names = fabric.unknown_names().into_iter().map(|(name, firewalls)| {
        format!(
            "host names: nobody is known as {name}, so the rules of {} that name it match nothing by it",
            whose(firewalls)
        )
    });
    facts::before_the_lists(date).into_iter().chain(tags).chain(names).collect()
}

/// A finding of the readers, in the form of all problems.
#[must_use]
pub fn of_finding(finding: &Finding, world: &World) -> Problem {
    let mut problem = of_diagnostic(&finding.diagnostic, &world.sources);
    problem.resource = Some(finding.resource.to_string());
    problem.mend.extend(finding.edit.iter().map(ToString::to_string));
    problem
}

/// The names along a way, each once: machines where there are some, else what passes packets on.
fn path(stops: &[Stop], topology: &Topology) -> Vec<String> {
    let mut along: Vec<String> = Vec::new();
    for stop in stops {
        let Some(resource) = topology.get(NodeId(stop.port.0)) else { continue };
        let name = match (&resource.kind, topology.machine_of(resource.id)) {
            (Kind::IpConfig(_), Some(machine)) => machine.short_name().to_owned(),
            (Kind::Subnet(_), _) => format!("default outbound of {}", resource.short_name()),
            (Kind::Vnet(_), _) => "platform".to_owned(),
            _ => names::short(resource, topology),
        };
        if along.last() != Some(&name) {
            along.push(name);
        }
    }
    along
}
