//! One build, from the submitted template to the last deleted resource (azure-services 2.7): an orchestrator that
//! deploys in waves, starts Packer, the proxy and the guest, and cleans up.

mod distribute;
mod log;
mod machines;
mod permit;
mod submit;

pub use log::{BuildLog, Copy, Deployed, Ended, LogLine, Phase};
pub use permit::update_refused;

use super::downloads::{self, Site, Url, Work};
use super::plan::{OWNER, Plan, Way};
use super::template::ImageTemplate;
use crate::azure::resource_type;
use crate::facts::{Assumptions, Date, Downloads, Stretch};
use rand::RngExt;
use sim_core::host::{Control, Orchestrator, Signal, Socket, Ticket};
use sim_core::id::FlowId;
use sim_core::net::Addr;
use sim_core::time::Nanos;
use sim_core::topology::{Kind, Refusal, Resource, Topology};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// What a build needs to know besides its template.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The date it is set in: which way the service connects.
    pub date: Date,
    /// Timing and sizes.
    pub assumptions: Arc<Assumptions>,
    /// Whether boot and deployment times vary.
    pub spread: bool,
    /// Whether large downloads are made in full; else each is a few bytes.
    pub bulk: bool,
    /// Names that lead to hosts which are there already, in lower case.
    pub names: BTreeMap<Arc<str>, Addr>,
    /// Addresses outside the declared network, and ports that somebody listens on there.
    pub listening: BTreeSet<Socket>,
    /// Resource providers that the subscription is not registered for.
    pub unregistered: Vec<String>,
    /// The simulated flow of Packer's connections.
    pub flow: FlowId,
}

/// A build.
pub struct Build {
    template: ImageTemplate,
    plan: Plan,
    setup: Setup,
    log: Rc<RefCell<BuildLog>>,
    works: Vec<Work>,
    sites: Vec<Site>,
    at: BTreeMap<Arc<str>, Addr>,
    /// What is at storage accounts and left to the container in the user's subnet, which may be let in there
    /// (azure-services 2.9).
    left: Vec<Url>,
    /// What was last asked for was refused, though the connection was good.
    denied: bool,
    /// Which artifact is being copied, and how often that was tried.
    copying: (usize, u32),
    copied: bool,
    validated: bool,
    wave: usize,
    waiting: Vec<Ticket>,
    /// How much of what its container needs was asked for.
    fetched: usize,
    deletion: usize,
    /// The machines are there.
    booting: bool,
}

/// Timers.
const VALIDATED: u64 = 1;
const DISTRIBUTED: u64 = 2;
const TIMED_OUT: u64 = 3;
const PROXY_UP: u64 = 5;
/// How long Packer waits: 20 minutes for SSH, 10 for WinRM (azure-services 9).
const SSH_WAIT: Nanos = Nanos::secs(20 * 60);
const WINRM_WAIT: Nanos = Nanos::secs(10 * 60);
/// A large download when downloads are not made in full, in bytes.
const TOKEN_SIZE: u64 = 4096;

/// Names get addresses for documentation (RFC 5737), from the second block.
const SITES: Addr = Addr::v4(198, 51, 100, 10);

impl Build {
    /// A build of `template`, and the log that it keeps.
    #[must_use]
    pub fn new(template: ImageTemplate, setup: Setup) -> (Self, Rc<RefCell<BuildLog>>) {
        let way = Way::choose(&template.network, setup.date);
        let plan = Plan::new(&template, way);
        let works = downloads::works(&template, &sizes(&setup));
        let log = Rc::new(RefCell::new(BuildLog {
            phase: Phase::Submitted,
            ended: None,
            staging: plan.staging.clone(),
            deployed: Vec::new(),
            copies: Vec::new(),
            lines: Vec::new(),
            in_place: None,
            target: None,
            connected: None,
            assumed: Vec::new(),
            failed_downloads: Vec::new(),
            downloads: Vec::new(),
        }));
        let build = Self {
            template,
            plan,
            setup,
            log: log.clone(),
            works,
            sites: Vec::new(),
            at: BTreeMap::new(),
            left: Vec::new(),
            denied: false,
            copying: (0, 0),
            copied: false,
            validated: false,
            wave: 0,
            waiting: Vec::new(),
            fetched: 0,
            deletion: 0,
            booting: false,
        };
        (build, log)
    }

    /// How the service connects, and what it deploys.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    fn say(&self, control: &mut Control<'_>, what: &'static str, text: impl Into<String>) {
        let text = text.into();
        let mut log = self.log.borrow_mut();
        let line = LogLine { at: control.now(), phase: log.phase, text: text.clone() };
        log.lines.push(line);
        control.announce(what, 0, text);
    }

    fn enter(&self, phase: Phase, control: &mut Control<'_>, text: impl Into<String>) {
        self.log.borrow_mut().phase = phase;
        self.say(control, "phase", text);
    }

    fn draw(&self, stretch: Stretch, control: &mut Control<'_>) -> Nanos {
        if !self.setup.spread || stretch.spread == Nanos::ZERO {
            return stretch.typical;
        }
        let width = stretch.spread.0.saturating_mul(2);
        stretch.typical.since(stretch.spread) + Nanos(control.rng().random_range(0..=width))
    }

    /// Runs the template once it is validated and its artifacts are there.
    fn run(&mut self, control: &mut Control<'_>) {
        if !(self.validated && self.copied && self.log.borrow().phase == Phase::Submitted) {
            return;
        }
        let timeout = self.template.timeout;
        control.after(timeout, TIMED_OUT);
        self.enter(Phase::Deploying, control, "validated; runState Running, runSubState Building");
        self.next_wave(control);
    }

    /// Deploys the next wave, or starts the build when all are done.
    fn next_wave(&mut self, control: &mut Control<'_>) {
        let Some(wave) = self.plan.waves.get(self.wave).cloned() else { return self.everything_is_there(control) };
        self.wave += 1;
        let types: Vec<&'static str> = wave.iter().map(|(_, kind)| *kind).collect();
        let mut longest = Nanos::ZERO;
        for kind in types {
            longest = longest.max(self.draw(self.setup.assumptions.lifetime(kind).create, control));
        }
        self.waiting = wave.into_iter().map(|(draft, _)| control.put(draft, longest)).collect();
    }

    /// The build is over, one way or the other: clean up.
    fn end(&mut self, ended: Ended, control: &mut Control<'_>) {
        if self.log.borrow().ended.is_some() {
            return;
        }
        let text = match &ended {
            Ended::Succeeded => "the image is there".to_owned(),
            Ended::Refused(refusal) => format!("deployment failed: {refusal}"),
            Ended::Forbidden { action, scope } => {
                format!("AuthorizationFailed: the identity may not {action} on {scope}")
            }
            Ended::NotTaken(text) | Ended::Failed(text) => text.clone(),
        };
        self.log.borrow_mut().deployed = self.deployed(control.topology());
        self.log.borrow_mut().ended = Some(ended);
        self.enter(Phase::Cleaning, control, text);
        control.stop(self.plan.packer.clone());
        self.next_deletion(control);
    }

    /// What is there of what was to be deployed; parts of a resource are none of their own.
    fn deployed(&self, topology: &Topology) -> Vec<Deployed> {
        let all = self.plan.staged.iter().chain(self.plan.waves.iter().flatten());
        let own = all.filter(|(draft, kind)| resource_type(&draft.name).eq_ignore_ascii_case(kind));
        let there = own.filter_map(|(draft, kind)| Some((topology.find(&draft.name)?, *kind)));
        let one = |(found, resource_type): (&Resource, &'static str)| {
            let size = match &found.kind {
                Kind::Machine(machine) if !machine.size.is_empty() => Some(machine.size.to_string()),
                _ => None,
            };
            Deployed { resource_type, name: found.short_name().to_owned(), size }
        };
        there.map(one).collect()
    }

    /// One deletion after the other: what depends goes first.
    fn next_deletion(&mut self, control: &mut Control<'_>) {
        while let Some((name, kind)) = self.plan.deletions.get(self.deletion).cloned() {
            self.deletion += 1;
            if control.topology().find(&name).is_some() {
                let after = self.draw(self.setup.assumptions.lifetime(kind).delete, control);
                self.waiting = vec![control.delete(name, after)];
                return;
            }
        }
        self.waiting.clear();
        self.enter(Phase::Over, control, format!("only the staging group and its storage are left ({OWNER})"));
    }

    fn applied(&mut self, ticket: Ticket, control: &mut Control<'_>) {
        let known = self.waiting.len();
        self.waiting.retain(|waiting| *waiting != ticket);
        if self.waiting.is_empty() && known > 0 {
            let phase = self.log.borrow().phase;
            match phase {
                Phase::Submitted => self.copy_artifacts(control),
                Phase::Deploying => {
                    self.boot_machines(control);
                    self.next_wave(control);
                }
                Phase::Cleaning => self.next_deletion(control),
                _ => {}
            }
        }
    }

    fn refused(&mut self, ticket: Ticket, refusal: &Refusal, control: &mut Control<'_>) {
        if !self.waiting.contains(&ticket) {
            return;
        }
        if self.log.borrow().phase == Phase::Cleaning {
            self.say(control, "log", format!("not deleted: {refusal}"));
            return self.next_deletion(control);
        }
        // The rest of the wave will come in all the same; nobody waits for it.
        self.waiting.clear();
        if refusal.code.starts_with("PrivateLinkServiceCannotBeCreated") {
            // What users of the service report to have read (failure-stories S01).
            self.say(control, "log", "PrivateLinkService Network Policy is not disabled for the given subnet");
        }
        self.end(Ended::Refused(Box::new(refusal.clone())), control);
    }

    fn reported(&mut self, what: &str, value: u64, text: &str, control: &mut Control<'_>) {
        let phase = self.log.borrow().phase;
        match what {
            "log" => self.say(control, "log", text),
            "connected" => {
                self.log.borrow_mut().connected = Some(Nanos(value));
                self.enter(Phase::Customizing, control, text);
            }
            "step-started" => self.say(control, "log", format!("Starting provisioner: {text}")),
            "step-ended" => self.say(control, "log", format!("ending {text}")),
            "download" => self.say(control, "log", format!("downloaded {text}")),
            "download-failed" => {
                self.log.borrow_mut().failed_downloads.push(text.to_owned());
                self.say(control, "log", text);
            }
            "build-succeeded" => {
                self.distribute(control);
            }
            "build-failed" => {
                let text = format!("Packer build command has failed: exit status 1. {text}");
                self.end(Ended::Failed(text), control);
            }
            "refused" if phase < Phase::Connecting => self.refused_download(value, text, control),
            "done" | "failed" if std::mem::take(&mut self.denied) => {}
            "done" if phase == Phase::Deploying => self.everything_is_there(control),
            "failed" if phase == Phase::Deploying => {
                let text = format!("the container group stays `Waiting to run`: {text}");
                self.end(Ended::Failed(text), control);
            }
            "done" if phase == Phase::Submitted => self.artifact_copied(control),
            "failed" if phase == Phase::Submitted => self.artifact_failed(text, control),
            _ => {}
        }
    }
}

impl Orchestrator for Build {
    fn handle(&mut self, signal: Signal<'_>, control: &mut Control<'_>) {
        match signal {
            Signal::Start => self.submit(control),
            Signal::Timer(VALIDATED) => {
                self.validated = true;
                self.run(control);
            }
            Signal::Timer(DISTRIBUTED) => self.distributed(control),
            Signal::Timer(TIMED_OUT) if self.log.borrow().phase < Phase::Cleaning => {
                let text = "Timeout waiting for microservice to complete: 'context deadline exceeded'";
                self.end(Ended::Failed(text.to_owned()), control);
            }
            Signal::Timer(PROXY_UP) => self.start_relay(control),
            Signal::Timer(_) | Signal::Changed => {}
            Signal::Applied(ticket) => self.applied(ticket, control),
            Signal::Refused(ticket, refusal) => self.refused(ticket, refusal, control),
            Signal::Reported(report) => self.reported(report.what, report.value, &report.text, control),
        }
    }
}

/// Sizes of downloads; a few bytes each unless they are made in full.
fn sizes(setup: &Setup) -> Downloads {
    let mut sizes = setup.assumptions.downloads();
    if !setup.bulk {
        for size in [&mut sizes.file, &mut sizes.linux_update, &mut sizes.windows_update, &mut sizes.container_image] {
            *size = (*size).min(TOKEN_SIZE);
        }
    }
    sizes
}

/// The id of a site's host.
pub(super) fn site_id(host: &str) -> String {
    format!("/internet/{host}")
}

/// The address that a resource answers.
#[must_use]
pub fn address_of(topology: &Topology, name: &str) -> Option<Addr> {
    match &topology.find(name)?.kind {
        Kind::IpConfig(config) => config.address,
        Kind::PrivateEndpoint(endpoint) => endpoint.address(),
        Kind::PublicIp(public) => public.address,
        Kind::InternetHost(host) => Some(host.prefix.first()),
        _ => None,
    }
}
