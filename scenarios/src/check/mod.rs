//! A first look at an input: what was built, what is open to whom, how each subnet gets out, and whether the services in
//! it connect.

mod connections;
mod exposure;
mod text;

pub use connections::ConnectionRow;
pub use exposure::{MachineRow, SubnetRow};

use crate::hangs::{self, Tried};
use crate::observe::Recorder;
use crate::packs::{Pack, Requirements, requirements};
use crate::problem::Problem;
use crate::replay::{BuildRun, Options, build_all};
use crate::report::{BuildReport, assumptions, of_finding, settle_builds, surroundings};
use crate::verdict::Verdict;
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::fabric::Fabric;
use sim_core::topology::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use topologies::World;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// Version of this form.
    pub schema: u32,
    /// Version of the program.
    pub version: &'static str,
    /// The date it was set in.
    pub date: String,
    /// Resources by Azure type, as declared.
    pub resources: BTreeMap<String, usize>,
    /// Of those, the types that no packet meets here, with their count.
    pub inert: BTreeMap<String, usize>,
    /// Machines.
    pub machines: Vec<MachineRow>,
    /// Subnets.
    pub subnets: Vec<SubnetRow>,
    /// Connections that most networks are for, and whether they work.
    pub connections: Vec<ConnectionRow>,
    /// How many more there would be.
    #[serde(skip_serializing_if = "is_none")]
    pub connections_left_out: usize,
    /// What its services need, and whether they have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirements>,
    /// What roles permit.
    pub roles: Vec<String>,
    /// Image builds.
    pub builds: Vec<BuildReport>,
    /// What Azure would refuse.
    pub findings: Vec<Problem>,
    /// What was assumed.
    pub assumptions: Vec<String>,
    /// What of the input is not modelled.
    pub skipped: Vec<String>,
}

impl Check {
    /// Whether nothing is wrong: Azure would take it, and what the services need connects.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.findings.is_empty()
            && self.builds.iter().all(|build| build.verdict == Verdict::Connected)
            && self.requirements.iter().all(Requirements::is_met)
    }

    /// The check for people.
    #[must_use]
    pub fn text(&self) -> String {
        text::check(self)
    }
}

/// Checks a world: by these requirement packs, or by those that its services call for. What happens while its image builds
/// are played goes to `recorder`.
#[must_use]
pub fn run(world: World, packs: &[Pack], options: &Options, recorder: Recorder) -> (Check, Recorder) {
    let network = world.facts(options.date, options.choices, false);
    let fabric = Fabric::compile(&world.topology, &network, 0);
    let surroundings = surroundings(&world, &fabric, options.date);
    let machines = exposure::machines(&world.topology, &fabric);
    let subnets = exposure::subnets(&world.topology, &fabric);
    let (connections, connections_left_out) = connections::connections(&world, &network);
    let requirements = requirements(packs, &world, &network, options.date);
    let roles = roles(&world);
    let (resources, inert) = types(&world);
    let mut whole = Vec::new();
    let again = (!options.alternatives.is_empty()).then(|| world.clone());
    let (world, mut builds, recorder) = built(world, options, recorder);
    if let Some(world) = again {
        let mut other =
            |choices| Ok(built(world.clone(), &Options { choices, ..options.clone() }, Recorder::default()).1);
        let assumed = hangs::together(builds.iter().flat_map(|build| &build.hangs_on));
        let verdicts = |builds: &Vec<BuildReport>| builds.iter().map(|build| build.verdict).collect::<Vec<_>>();
        let Tried { each, whole: general } = options.alternatives;
        let Ok(tried) = hangs::alternatives::<_, Infallible>(assumed.common(general), options.choices, &mut other);
        whole = hangs::told(&verdicts(&builds), &tried, verdicts);
        let Ok(tried) = hangs::alternatives::<_, Infallible>(assumed.common(each), options.choices, other);
        settle_builds(&mut builds, options.choices, &tried, |other| other);
    }
    let mut assumptions = assumptions(&world, &builds);
    assumptions.extend(surroundings);
    assumptions.extend(whole);
    let check = Check {
        schema: crate::report::SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        date: options.date.to_string(),
        resources,
        inert,
        machines,
        subnets,
        connections,
        connections_left_out,
        requirements,
        roles,
        builds,
        findings: world.findings.iter().map(|finding| of_finding(finding, &world)).collect(),
        assumptions,
        skipped: said_once(world.diagnostics.iter().map(|diagnostic| &diagnostic.message)),
    };
    (check, recorder)
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

/// The image builds of a world, played.
fn built(world: World, options: &Options, recorder: Recorder) -> (World, Vec<BuildReport>, Recorder) {
    let (world, builds, recorder) = build_all(world, options, recorder);
    let report = |build: &BuildRun| {
        let met = recorder.evidence.of(build.flow());
        BuildReport::new(build, &met, options.choices, &world)
    };
    let reports = builds.iter().map(report).collect();
    (world, reports, recorder)
}

/// Messages, each once, in the order they came.
fn said_once<'m>(messages: impl Iterator<Item = &'m String>) -> Vec<String> {
    let mut known = BTreeSet::new();
    messages.filter(|message| known.insert(*message)).cloned().collect()
}

/// Declared resources by type; and those types that only stand for themselves. A type that is written in several letter
/// cases, as Resource Graph and templates do, is one: the first spelling counts.
fn types(world: &World) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
    let (mut all, mut inert) = (BTreeMap::new(), BTreeMap::new());
    let mut spellings = BTreeMap::new();
    for raw in world.resources.iter() {
        let spelling = spellings.entry(raw.resource_type.to_ascii_lowercase()).or_insert(&raw.resource_type);
        *all.entry(spelling.to_string()).or_default() += 1;
        let modelled = topologies::services::is_modelled(spelling);
        let stands = world.topology.find(&raw.id).is_some_and(|found| matches!(found.kind, Kind::Inert { .. }));
        if stands && !modelled {
            *inert.entry(spelling.to_string()).or_default() += 1;
        }
    }
    (all, inert)
}

fn roles(world: &World) -> Vec<String> {
    let role = |found: &sim_core::topology::Resource| match &found.kind {
        Kind::RoleDefinition(role) => {
            let except = match &role.not_actions[..] {
                [] => String::new(),
                actions => format!(", but not {}", actions.join(", ")),
            };
            Some(format!("{} permits {}{except}", found.short_name(), role.actions.join(", ")))
        }
        _ => None,
    };
    world.topology.resources().filter_map(role).collect()
}
