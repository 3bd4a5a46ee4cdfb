//! Image builds of a scenario.

use super::rehearsal::rehearse;
use super::trial::{Say, Trial};
use super::{Options, Outside};
use crate::latency::Latency;
use crate::naming::address_of;
use crate::scenario::{BuildAction, BuildExpectation, Downloads};
use sim_core::app::{Communicator, Dialogue};
use sim_core::engine::{Engine, Observer};
use sim_core::host::{Control, Orchestrator, Signal, Socket};
use sim_core::id::{FlowId, NodeId};
use sim_core::time::Nanos;
use sim_core::topology::Topology;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use topologies::World;
use topologies::azure;
use topologies::diagnostic::{Diagnostic, nearest};
use topologies::services::image_builder::{
    Build, BuildLog, ImageTemplate, Leg, Network, Phase, RESOURCE_TYPE, Setup, Submission, Way, read,
};

/// One build.
pub struct BuildRun {
    /// The template's name.
    pub name: String,
    /// What is expected.
    pub expect: BuildExpectation,
    /// Why the service would not take the template; nothing runs then.
    pub rejected: Vec<Diagnostic>,
    /// What runs.
    pub running: Option<Running>,
    at: Nanos,
    /// Handed to the engine when the run starts.
    waiting: Option<Build>,
    flow: FlowId,
}

/// A build that the service took.
pub struct Running {
    /// The template.
    pub template: ImageTemplate,
    /// How the service connects.
    pub way: Way,
    /// What must be able to reach what.
    pub legs: Vec<Leg>,
    /// The address resource of the build VM.
    pub build: Arc<str>,
    /// What happens, as it happens.
    pub log: Rc<RefCell<BuildLog>>,
    /// Latencies of the connections it needs, by [`leg_name`] and [`download_name`]; empty before Packer is connected.
    pub latencies: BTreeMap<String, Latency>,
    /// The address resource of the proxy machine.
    pub proxy: Option<Arc<str>>,
    /// The types of what is left in the staging group when the run is over, one for each resource.
    pub left: Vec<String>,
    /// The machines that it deploys.
    machines: Vec<Arc<str>>,
    packer: Arc<str>,
}

/// The ids of all image templates.
pub(super) fn templates(world: &World) -> Vec<String> {
    let is = |kind: &str| kind.eq_ignore_ascii_case(RESOURCE_TYPE);
    world.resources.iter().filter(|raw| is(&raw.resource_type)).map(|raw| raw.id.to_string()).collect()
}

impl BuildRun {
    /// Prepares a build: reads the template, assumes the networks it names and nobody declares.
    pub(super) fn new(
        action: &BuildAction,
        at: Nanos,
        world: &mut World,
        options: &Options,
        outside: &Outside,
        flow: FlowId,
    ) -> Result<Self, Diagnostic> {
        let id = choose(action.template.as_deref(), world)?;
        let Some(raw) = world.resources.get(&id) else {
            return Err(Diagnostic::error("scenario.unknown-name", format!("there is no image template `{id}`")));
        };
        let region = raw.location.clone().unwrap_or_else(|| "eastus".into());
        let name = id.rsplit('/').next().unwrap_or(&id).to_owned();
        let submission = Submission { date: options.date, api_version: &raw.api_version };
        let read = read(&id, &region, &raw.body, submission);
        let expect = action.expect.clone();
        let mut run = Self { name, expect, rejected: Vec::new(), running: None, at, waiting: None, flow };
        match read {
            Ok(template) => run.take(template, world, options, outside),
            Err(rejected) => run.rejected = rejected,
        }
        Ok(run)
    }

    fn take(&mut self, template: ImageTemplate, world: &mut World, options: &Options, outside: &Outside) {
        let subnets: Vec<Arc<str>> = match &template.network {
            Network::Own => Vec::new(),
            Network::Existing { subnet, .. } => vec![subnet.clone()],
            Network::WithContainers { subnet, containers } => vec![subnet.clone(), containers.clone()],
        };
        for subnet in subnets {
            if let Err(finding) = world.assume_subnet(&subnet, &template.region) {
                let mut diagnostic = finding.diagnostic;
                diagnostic.span = Some(template.network_span);
                self.rejected.push(diagnostic);
            }
        }
        if !self.rejected.is_empty() {
            return;
        }
        let setup = Setup {
            date: options.date,
            assumptions: world.figures(),
            spread: options.jitter,
            bulk: options.downloads == Downloads::Full,
            names: outside.names.clone(),
            listening: outside.listening.clone(),
            unregistered: outside.unregistered.clone(),
            flow: self.flow,
        };
        let (build, log) = Build::new(template.clone(), setup);
        let plan = build.plan();
        self.running = Some(Running {
            way: plan.way,
            legs: plan.legs.clone(),
            build: plan.build.1.clone(),
            machines: [Some(&plan.build), plan.proxy.as_ref()].into_iter().flatten().map(|it| it.0.clone()).collect(),
            proxy: plan.proxy.as_ref().map(|(_, address)| address.clone()),
            left: Vec::new(),
            packer: plan.packer.clone(),
            template,
            log,
            latencies: BTreeMap::new(),
        });
        self.waiting = Some(build);
    }

    /// Its number in traces.
    #[must_use]
    pub fn flow(&self) -> FlowId {
        self.flow
    }

    /// The ids of the machines that it deploys.
    pub(super) fn machines(&self) -> Vec<Arc<str>> {
        self.running.as_ref().map_or_else(Vec::new, |running| running.machines.clone())
    }

    /// Notes what the run leaves in the staging group.
    pub(super) fn look_back(&mut self, topology: &Topology) {
        let Some(running) = &mut self.running else { return };
        let group = format!("{}/", running.log.borrow().staging);
        let left = topology.resources().filter(|found| starts_with(&found.name, &group));
        running.left = left.map(|found| azure::resource_type(&found.name)).collect();
    }

    /// What the engine conducts; once.
    pub(super) fn orchestrator(&mut self) -> Option<Box<dyn Orchestrator>> {
        let build = self.waiting.take()?;
        Some(Box::new(Later { at: self.at, build }))
    }

    pub(super) fn is_over(&self) -> bool {
        self.running.as_ref().is_none_or(|running| running.log.borrow().phase == Phase::Over)
    }

    /// Takes latencies once Packer is connected.
    pub(super) fn rehearse<O: Observer>(&mut self, engine: &Engine<O>, options: &Options) {
        let flow = self.flow;
        let Some(running) = &mut self.running else { return };
        if !running.latencies.is_empty() || running.log.borrow().connected.is_none() {
            return;
        }
        let (names, trials): (Vec<String>, Vec<Trial>) = running.trials(engine.topology(), flow).into_iter().unzip();
        let latencies = rehearse(engine, &trials, options.repeat, options);
        running.latencies = names.into_iter().zip(latencies).collect();
    }
}

/// Whether an id begins so, in any letter case.
pub(super) fn starts_with(id: &str, start: &str) -> bool {
    id.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start))
}

/// What a leg is called in reports.
#[must_use]
pub fn leg_name(leg: &Leg) -> String {
    format!("{}:{}", leg.name, leg.port)
}

/// What a download from `site` (name and port) is called in reports.
#[must_use]
pub fn download_name(site: &str) -> String {
    format!("build VM -> {site}")
}

impl Running {
    /// What can be tried while the build runs: Packer's way in, the legs behind it, the downloads.
    fn trials(&self, topology: &Topology, flow: FlowId) -> Vec<(String, Trial)> {
        let log = self.log.borrow();
        let remote = match self.template.communicator {
            Communicator::Ssh => Dialogue::Ssh,
            Communicator::WinRm => Dialogue::WinRm,
        };
        let trial = |from: NodeId, to: Socket, dialogue: Dialogue| Trial {
            from,
            to: to.into(),
            say: Say::Attempt(dialogue),
            timeout: Nanos::secs(15),
            flow,
        };
        let web = |name: &str, port: u16| {
            let host = name.split(':').next().unwrap_or(name);
            Dialogue::Web { host: host.into(), path: "/".into(), tls: port == 443 }
        };
        let mut trials = Vec::new();
        for (n, leg) in self.legs.iter().enumerate() {
            let from = match n {
                0 => topology.find(&self.packer).map(|found| found.id),
                _ => topology.find(&leg.from).and_then(|config| topology.machine_of(config.id)).map(|found| found.id),
            };
            let address = topology.find(&leg.to).and_then(|found| address_of(topology, found.id, true));
            let dialogue = match leg.port {
                443 => web(leg.to.rsplit('/').next().unwrap_or_default(), 443),
                445 => Dialogue::Tcp,
                _ => remote.clone(),
            };
            if let (Some(from), Some(address)) = (from, address) {
                trials.push((leg_name(leg), trial(from, (address, leg.port), dialogue)));
            }
        }
        let build = topology.find(&self.build).and_then(|config| topology.machine_of(config.id)).map(|found| found.id);
        for (site, to) in &log.downloads {
            if let Some(build) = build {
                trials.push((download_name(site), trial(build, *to, web(site, to.1))));
            }
        }
        trials
    }
}

/// The template that is meant: the one named, or the only one.
fn choose(wanted: Option<&str>, world: &World) -> Result<String, Diagnostic> {
    let known = templates(world);
    let short = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    match wanted {
        Some(wanted) => {
            let means = |id: &&String| id.eq_ignore_ascii_case(wanted) || short(id).eq_ignore_ascii_case(wanted);
            known.iter().find(means).cloned().ok_or_else(|| {
                let shorts: Vec<String> = known.iter().map(|id| short(id)).collect();
                let message = format!("there is no image template `{wanted}`");
                let help = match nearest(wanted, shorts.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there is: {}", shorts.join(", ")),
                };
                Diagnostic::error("scenario.unknown-name", message).help(help)
            })
        }
        None => match &known[..] {
            [one] => Ok(one.clone()),
            [] => Err(Diagnostic::error("scenario.no-template", "the topology declares no image template")),
            many => {
                let names: Vec<String> = many.iter().map(|id| short(id)).collect();
                let message = format!("there are several image templates: {}", names.join(", "));
                Err(Diagnostic::error("scenario.ambiguous-name", message).help("name one with `template`"))
            }
        },
    }
}

/// A build that starts later.
struct Later {
    at: Nanos,
    build: Build,
}

/// No timer of a build has this number.
const START: u64 = u64::MAX;

impl Orchestrator for Later {
    fn handle(&mut self, signal: Signal<'_>, control: &mut Control<'_>) {
        match signal {
            Signal::Start => control.after(self.at, START),
            Signal::Timer(START) => self.build.handle(Signal::Start, control),
            signal => self.build.handle(signal, control),
        }
    }
}
