//! A scenario replayed: the network its files declare, what its timeline does, the connections it tries.

mod actors;
mod builds;
mod client;
mod flows;
mod rehearsal;
mod retry;
mod timeline;
mod trial;

use crate::hangs::{self, Tried};
use crate::named;
use crate::naming::find;
use crate::observe::Recorder;
use crate::report::{Report, Run, surroundings};
use crate::scenario::{Action, Assumed, BuildAction, Downloads, Loaded, Scenario};
pub(crate) use actors::actor_id;
pub use builds::{BuildRun, Running, download_name, leg_name};
pub use flows::{FlowLog, FlowRun};
pub use retry::Tries;
use sim_core::assumption::{Assumption, Choices};
use sim_core::engine::Engine;
use sim_core::fabric::Fabric;
use sim_core::host::Socket;
use sim_core::id::FlowId;
use sim_core::net::Addr;
use sim_core::source::Span;
use sim_core::time::Nanos;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use timeline::Timeline;
use topologies::World;
use topologies::diagnostic::Diagnostic;
use topologies::facts::Date;
use topologies::services::Fronts;

/// What a run is made with, besides its network and scenario.
#[derive(Clone, Debug)]
pub struct Options {
    /// What random numbers start from.
    pub seed: u64,
    /// How many attempts latencies are taken from.
    pub repeat: u32,
    /// Whether delays, boot and deployment times vary.
    pub jitter: bool,
    /// How large downloads are made.
    pub downloads: Downloads,
    /// The date it is set in.
    pub date: Date,
    /// What is assumed where nobody knows.
    pub choices: Choices,
    /// What is tried the other way too where an answer hangs on it.
    pub alternatives: Tried,
    /// How long it lasts at most.
    pub until: Nanos,
}

impl Options {
    /// What a scenario asks for.
    #[must_use]
    pub fn of(loaded: &Loaded) -> Self {
        let scenario = &loaded.scenario;
        Self {
            seed: scenario.seed,
            repeat: scenario.repeat,
            jitter: scenario.jitter,
            downloads: scenario.downloads,
            date: loaded.date,
            choices: Assumed::of(&scenario.assume).choices,
            alternatives: tried_by(scenario),
            until: scenario.until.0,
        }
    }
}

/// What a scenario itself has tried both ways.
fn tried_by(scenario: &Scenario) -> Tried {
    scenario.unsure.iter().fold(Tried::default(), |tried, name| match Assumption::named(name) {
        Some(named) => tried.with(named),
        // The loader takes no other word than `all`.
        None => tried.union(Tried::all()),
    })
}

/// What there is besides the declared network.
#[derive(Default)]
struct Outside {
    /// Host names that lead to actors.
    names: BTreeMap<Arc<str>, Addr>,
    /// What actors listen on.
    listening: BTreeSet<Socket>,
    /// Resource providers that the subscription is not registered for.
    unregistered: Vec<String>,
}

/// Builds and flows are told apart in traces by numbers: builds from 0, flows from here.
const FIRST_FLOW: u32 = 1000;

/// The number of the flow, or of the build of the image template, that is called `name`.
///
/// # Errors
/// When the scenario has none of that name.
pub fn flow_named(scenario: &Scenario, name: &str) -> Result<FlowId, Diagnostic> {
    let flow = scenario.flows.iter().position(|flow| flow.name.eq_ignore_ascii_case(name));
    let builds = scenario.timeline.iter().filter_map(|event| match &event.action {
        Action::Build(build) => Some(build.template.as_deref().unwrap_or("build")),
        _ => None,
    });
    let known: Vec<&str> = scenario.flows.iter().map(|flow| flow.name.as_str()).chain(builds.clone()).collect();
    let build = builds.into_iter().position(|build| build.eq_ignore_ascii_case(name));
    let number = |place: usize, first: u32| FlowId(first + u32::try_from(place).unwrap_or(u32::MAX));
    match (flow, build) {
        (Some(place), _) => Ok(number(place, FIRST_FLOW)),
        (None, Some(place)) => Ok(number(place, 0)),
        (None, None) => {
            let help = format!("there is: {}", known.join(", "));
            Err(Diagnostic::error("usage.trace", format!("the scenario has no flow `{name}`")).help(help))
        }
    }
}

/// Replays a scenario on the world its files declare. What happens goes to `recorder`, which comes back with the report;
/// it sees nothing of what is played again with other assumptions.
///
/// # Errors
/// When the scenario names what is not there.
pub fn run(
    loaded: &Loaded,
    world: World,
    options: &Options,
    recorder: Recorder,
) -> Result<(Report, Recorder), Vec<Diagnostic>> {
    if options.alternatives.is_empty() {
        let (mut report, recorder) = once(loaded, world, options, recorder)?;
        report.finish();
        return Ok((report, recorder));
    }
    let (mut report, recorder) = once(loaded, world.clone(), options, recorder)?;
    let mut again = |choices| {
        let options = Options { choices, ..options.clone() };
        once(loaded, world.clone(), &options, Recorder::default()).map(|(report, _)| report)
    };
    let (Tried { each, whole }, assumed) = (options.alternatives, report.assumed());
    let whole = hangs::alternatives(assumed.common(whole), options.choices, &mut again)?;
    report.whole = hangs::told(&report.verdicts(), &whole, Report::verdicts);
    let tried = hangs::alternatives(assumed.common(each), options.choices, again)?;
    report.settle(options.choices, &tried);
    report.finish();
    Ok((report, recorder))
}

fn once(
    loaded: &Loaded,
    mut world: World,
    options: &Options,
    recorder: Recorder,
) -> Result<(Report, Recorder), Vec<Diagnostic>> {
    let scenario = &loaded.scenario;
    world.figures = Assumed::of(&scenario.assume).figures.or(world.figures);
    let mut problems = Vec::new();
    let names = actors::join(&mut world, scenario, &mut problems);
    let outside = Outside {
        names: names.clone(),
        listening: actors::listening(scenario),
        unregistered: scenario.unregistered.clone(),
    };
    actors::serve_names(&mut world, scenario, &mut problems);
    let mut builds = Vec::new();
    let mut changes = Vec::new();
    for (event, places) in scenario.timeline.iter().zip(&loaded.places.timeline) {
        match &event.action {
            Action::Build(action) => {
                let flow = FlowId(u32::try_from(builds.len()).unwrap_or(u32::MAX));
                match BuildRun::new(action, event.at.0, &mut world, options, &outside, flow) {
                    Ok(build) => builds.push(build),
                    Err(diagnostic) => problems.push(placed(diagnostic, places.whole)),
                }
            }
            _ => changes.push((event, places.whole)),
        }
    }
    let timeline = Timeline::new(changes, &mut world, &mut problems);
    let deployed: Vec<Arc<str>> = builds.iter().flat_map(BuildRun::machines).collect();
    let mut flows = Vec::new();
    for (flow, places) in scenario.flows.iter().zip(&loaded.places.flows) {
        let number = FlowId(FIRST_FLOW + u32::try_from(flows.len()).unwrap_or(u32::MAX));
        match FlowRun::new(flow, &world.topology, &names, &deployed, options.date, number) {
            Ok(run) => flows.push(run),
            Err(diagnostic) => problems.push(placed(diagnostic, places.whole)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let changed = timeline.log.clone();
    if flows.iter().any(FlowRun::looks_up) {
        named::add_resolvers(&mut world.topology);
    }
    let mut play = Play { world, options: options.clone(), builds, flows };
    // As the run begins: what its timeline changes later is not looked at.
    let fabric = Fabric::compile(&play.world.topology, &play.world.facts(options.date, options.choices, false), 0);
    let surroundings = surroundings(&play.world, &fabric, options.date);
    let recorder = play.run(timeline, recorder);
    let changes = changed.borrow().unmet();
    let about = scenario.about.as_deref();
    let run = Run { name: &scenario.name, about, findings: &scenario.findings, changes, options };
    let mut report = Report::new(&run, &play.world, &play.builds, &play.flows, &recorder.evidence);
    report.assumptions.extend(surroundings);
    Ok((report, recorder))
}

/// A message about a part of the scenario file; what the message itself says of a place is of another file.
fn placed(diagnostic: Diagnostic, span: Span) -> Diagnostic {
    Diagnostic { span: Some(span), ..diagnostic }
}

/// Runs the image builds of a world, without a scenario.
#[must_use]
pub fn build_all(mut world: World, options: &Options, recorder: Recorder) -> (World, Vec<BuildRun>, Recorder) {
    let templates = builds::templates(&world);
    let outside = Outside::default();
    let mut builds = Vec::new();
    for (n, template) in (0u32..).zip(templates) {
        let action = BuildAction { template: Some(template), ..BuildAction::default() };
        if let Ok(build) = BuildRun::new(&action, Nanos::ZERO, &mut world, options, &outside, FlowId(n)) {
            builds.push(build);
        }
    }
    let mut play = Play { world, options: options.clone(), builds, flows: Vec::new() };
    let recorder = play.run(Timeline::default(), recorder);
    (play.world, play.builds, recorder)
}

/// A run under way.
struct Play {
    world: World,
    options: Options,
    builds: Vec<BuildRun>,
    flows: Vec<FlowRun>,
}

impl Play {
    fn run(&mut self, timeline: Timeline, mut recorder: Recorder) -> Recorder {
        for build in &self.builds {
            recorder.evidence.weigh(build.flow());
        }
        let changed = timeline.log.clone();
        let facts = self.world.facts(self.options.date, self.options.choices, self.options.jitter);
        let mut engine = Engine::new(self.world.topology.clone(), facts, self.options.seed, recorder);
        engine.conduct(Box::new(timeline));
        for build in &mut self.builds {
            if let Some(orchestrator) = build.orchestrator() {
                engine.conduct(orchestrator);
            }
        }
        for flow in &self.flows {
            engine.conduct(flow.orchestrator());
        }
        engine.conduct(Box::new(Fronts::default()));
        // The end is one event beyond the last: probers never rest, so time must end the run.
        while engine.now() < self.options.until && !(self.is_over() && changed.borrow().is_over()) {
            if !engine.step() {
                break;
            }
            self.rehearse(&engine);
        }
        for build in &mut self.builds {
            build.look_back(engine.topology());
        }
        engine.observer
    }

    fn is_over(&self) -> bool {
        self.builds.iter().all(BuildRun::is_over) && self.flows.iter().all(FlowRun::is_over)
    }

    /// Takes latencies where a connection has just come about: many attempts in a copy of the network as it is.
    fn rehearse(&mut self, engine: &Engine<Recorder>) {
        for build in &mut self.builds {
            build.rehearse(engine, &self.options);
        }
        for flow in &mut self.flows {
            flow.rehearse(engine, &self.options);
        }
    }
}
