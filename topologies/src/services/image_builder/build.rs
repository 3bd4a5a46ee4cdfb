//! One build, from the submitted template to the last deleted resource (azure-services 2.7): an orchestrator that
//! deploys in waves, starts Packer, the proxy and the guest, and cleans up.

use super::downloads::{self, Site, Work};
use super::packer::{Packer, Step, Target};
use super::plan::{OWNER, Plan, Way};
use super::template::{CustomizerKind, ImageTemplate, Network};
use crate::facts::{Assumptions, Date, Downloads, Os, Stretch};
use rand::RngExt;
use sim_core::app::{Attempt, Communicator, Dialogue, Files, Guest, Job, Listener, Relay, Web};
use sim_core::fabric::Fabric;
use sim_core::host::{Control, Orchestrator, Signal, Socket, Ticket};
use sim_core::id::FlowId;
use sim_core::net::{Addr, Prefix};
use sim_core::time::Nanos;
use sim_core::topology::{Draft, InternetHost, Kind, Permission, Refusal, Topology};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// What a build needs to know besides its template.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The date it is set in: which way the service connects.
    pub date: Date,
    /// Timing and sizes.
    pub assumptions: &'static Assumptions,
    /// Whether boot and deployment times vary.
    pub spread: bool,
    /// Whether large downloads are made in full; else each is a few bytes.
    pub bulk: bool,
    /// Names that lead to hosts which are there already, in lower case.
    pub names: BTreeMap<Arc<str>, Addr>,
    /// The simulated flow of Packer's connections.
    pub flow: FlowId,
}

/// Where a build stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Submitted: the service copies artifacts and validates.
    Submitted,
    /// Resources are being deployed.
    Deploying,
    /// Packer waits for the build VM.
    Connecting,
    /// Customizers run.
    Customizing,
    /// The image is copied to where it goes.
    Distributing,
    /// Resources are being deleted.
    Cleaning,
    /// Over.
    Over,
}

/// How a build ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// There is an image.
    Succeeded,
    /// Azure refused a resource.
    Refused(Box<Refusal>),
    /// A permission is missing: the action and where.
    Forbidden {
        /// The action.
        action: String,
        /// The scope.
        scope: String,
    },
    /// Packer failed, or the build took too long: what the user reads.
    Failed(String),
}

/// A line of the build's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: Nanos,
    /// Where the build stood.
    pub phase: Phase,
    /// What.
    pub text: String,
}

/// What is known of a build, shared with whoever started it.
#[derive(Debug)]
pub struct BuildLog {
    /// Where it stands.
    pub phase: Phase,
    /// How it ended.
    pub ended: Option<Ended>,
    /// Its log.
    pub lines: Vec<LogLine>,
    /// The network when everything was in place and Packer started.
    pub in_place: Option<(Topology, Arc<Fabric>)>,
    /// Where Packer connects.
    pub target: Option<Socket>,
    /// When Packer was connected, since it started.
    pub connected: Option<Nanos>,
    /// What the input leaves open and was assumed.
    pub assumed: Vec<String>,
    /// Downloads that failed: what the machine printed.
    pub failed_downloads: Vec<String>,
    /// What the build VM downloads from: names with ports, and where they lead.
    pub downloads: Vec<(String, Socket)>,
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
const SITES_RAISED: u64 = 4;
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
        let mut sizes = setup.assumptions.downloads();
        if !setup.bulk {
            for size in
                [&mut sizes.file, &mut sizes.linux_update, &mut sizes.windows_update, &mut sizes.container_image]
            {
                *size = (*size).min(TOKEN_SIZE);
            }
        }
        let works = downloads::works(&template, &sizes);
        let log = Rc::new(RefCell::new(BuildLog {
            phase: Phase::Submitted,
            ended: None,
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

    /// The service's own side, and the sites that the build downloads from.
    fn submit(&mut self, control: &mut Control<'_>) {
        let name = self.template.id.rsplit('/').next().unwrap_or_default().to_owned();
        self.enter(Phase::Submitted, control, format!("template {name} submitted; {}", self.plan.way.describe()));
        if let Err(ended) = self.check_permissions(control) {
            return self.end(ended, control);
        }
        for draft in self.plan.before.drain(..) {
            control.put(draft, Nanos::ZERO);
        }
        let container = (self.plan.way == Way::ContainerSubnet)
            .then(|| downloads::container_image(sizes(&self.setup).container_image));
        let urls: Vec<_> = self
            .works
            .iter()
            .flat_map(|work| work.artifact.iter().chain(work.job.iter().flat_map(|task| &task.downloads)))
            .chain(&container)
            .cloned()
            .collect();
        self.sites = downloads::sites(&urls);
        if container.is_some() {
            self.sites.push(downloads::file_share());
        }
        for n in 0..self.sites.len() {
            self.raise_site(n, control);
        }
        // The sites must be there before anything is fetched from them.
        control.after(Nanos::ZERO, SITES_RAISED);
    }

    /// Puts a host for a site, unless its name leads somewhere already.
    fn raise_site(&mut self, n: usize, control: &mut Control<'_>) {
        let site = self.sites[n].clone();
        let given = self.setup.names.get(&site.host).or_else(|| self.at.get(&site.host)).copied();
        let address = given.unwrap_or_else(|| SITES.plus(n as u128));
        self.at.insert(site.host.clone(), address);
        let mut own = self.works.iter().filter_map(|work| work.job.as_ref()).flat_map(|task| &task.downloads);
        if own.any(|asset| asset.url.host == site.host && asset.url.port == site.port) {
            let name = format!("{}:{}", site.host, site.port);
            self.log.borrow_mut().downloads.push((name, (address, site.port)));
        }
        if given.is_none() {
            let host = InternetHost {
                prefix: Prefix::host(address),
                region: Some(self.template.region.clone()),
                tags: site.tags.iter().map(|tag| Arc::from(*tag)).collect(),
                azure: site.azure,
                egress_bps: Some(self.setup.assumptions.download_bps()),
            };
            control.put(Draft::new(site_id(&site.host), Kind::InternetHost(host)), Nanos::ZERO);
        }
    }

    fn fetch_artifacts(&mut self, control: &mut Control<'_>) {
        for site in &self.sites {
            let files = Files { sizes: site.files.iter().map(|(k, v)| (k.clone(), *v)).collect(), other: TOKEN_SIZE };
            if site.port == 445 {
                control.spawn(site_id(&site.host), Listener::new(445));
                continue;
            }
            let certificate = site.tls.then(|| site.host.clone());
            control.spawn(site_id(&site.host), Web::new(site.port, certificate, Arc::new(files)));
        }
        // The service copies artifacts by itself; here its own machine on the Internet does.
        let artifacts: Vec<_> = self.works.iter().filter_map(|work| work.artifact.clone()).collect();
        if let Way::PublicAddress = self.plan.way {
            for downloads::Asset { url, .. } in &artifacts {
                let Some(at) = self.at.get(&url.host).copied() else { continue };
                let dialogue = Dialogue::Web { host: url.host.clone(), path: url.path.clone(), tls: url.tls };
                let attempt = Attempt::new((at, url.port), dialogue, Nanos::secs(30), Nanos::ZERO, None);
                control.spawn(self.plan.packer.clone(), attempt);
            }
        }
        if !artifacts.is_empty() {
            self.say(
                control,
                "log",
                format!("{} script and file artifacts are copied to staging storage", artifacts.len()),
            );
        }
        let validation = self.draw(self.setup.assumptions.image_builder().validation, control);
        control.after(validation, VALIDATED);
    }

    /// azure-services 2.8: an existing network needs two actions on it.
    fn check_permissions(&self, control: &Control<'_>) -> Result<(), Ended> {
        let subnet = match &self.template.network {
            Network::Own => return Ok(()),
            Network::Existing { subnet, .. } | Network::WithContainers { subnet, .. } => subnet,
        };
        let vnet = subnet.split("/subnets/").next().unwrap_or(subnet);
        let needed = [
            ("Microsoft.Network/virtualNetworks/read", vnet),
            ("Microsoft.Network/virtualNetworks/subnets/join/action", &**subnet),
        ];
        for (action, scope) in needed {
            match control.topology().permission(action, scope) {
                Permission::Granted => {}
                Permission::Missing => {
                    return Err(Ended::Forbidden { action: action.to_owned(), scope: scope.to_owned() });
                }
                Permission::Assumed => {
                    let text = "no role is in the input: the template's identity is assumed to have the permissions that \
                                image builder needs";
                    let mut log = self.log.borrow_mut();
                    if !log.assumed.iter().any(|known| known == text) {
                        log.assumed.push(text.to_owned());
                    }
                }
            }
        }
        Ok(())
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

    /// The port that Packer connects to: the proxy's, or the build VM's own.
    fn through(&self) -> u16 {
        let port = self.template.communicator.port();
        self.plan.proxy.as_ref().and(self.plan.legs.first()).map_or(port, |leg| leg.port)
    }

    /// Machines boot as soon as they are deployed, while the rest still is.
    fn boot_machines(&mut self, control: &mut Control<'_>) {
        let build = control.topology().find(&self.plan.build.1).and_then(|found| address_of(&found.kind));
        if self.booting || build.is_none() {
            return;
        }
        self.booting = true;
        let guest = self.guest(control);
        control.spawn(self.plan.build.0.clone(), guest);
        if self.plan.proxy.is_some() {
            let boot = self.draw(self.setup.assumptions.boot(Os::Linux).first, control);
            control.after(boot, PROXY_UP);
        }
    }

    fn start_relay(&self, control: &mut Control<'_>) {
        let build = control.topology().find(&self.plan.build.1).and_then(|found| address_of(&found.kind));
        if let (Some((proxy, _)), Some(build)) = (&self.plan.proxy, build) {
            let target = (build, self.template.communicator.port());
            let dial = self.setup.assumptions.image_builder().relay_dial;
            control.spawn(proxy.clone(), Relay::new(self.through(), target, dial));
        }
    }

    /// Everything is deployed. A container in the user's subnet must first get its image and its files from there
    /// (azure-services 2.4); what runs in a network of the service's own has them.
    fn everything_is_there(&mut self, control: &mut Control<'_>) {
        let needed: Vec<Needed> =
            if self.plan.way == Way::ContainerSubnet { self.container_needs() } else { Vec::new() };
        if self.log.borrow().in_place.is_none() {
            let fabric = control.fabric();
            self.log.borrow_mut().in_place = Some((control.topology().clone(), fabric));
        }
        match needed.into_iter().nth(self.fetched) {
            Some(needed) => {
                self.fetched += 1;
                self.say(control, "log", format!("the container fetches {}", needed.what));
                let attempt = Attempt::new(needed.from, needed.dialogue, CONTAINER_DIAL, Nanos::ZERO, None);
                control.spawn(self.plan.packer.clone(), attempt);
            }
            None => self.start_packer(control),
        }
    }

    fn container_needs(&self) -> Vec<Needed> {
        let image = downloads::container_image(0);
        let share = downloads::FILE_SHARE;
        let at = |host: &str| self.at.get(host).copied();
        let web = Dialogue::Web { host: image.url.host.clone(), path: image.url.path.clone(), tls: true };
        let image = at(&image.url.host).map(|at| Needed {
            what: format!("its image from {}:443", image.url.host),
            from: (at, 443),
            dialogue: web,
        });
        let files = at(share).map(|at| Needed {
            what: format!("its files from {share}:445"),
            from: (at, 445),
            dialogue: Dialogue::Tcp,
        });
        image.into_iter().chain(files).collect()
    }

    fn start_packer(&mut self, control: &mut Control<'_>) {
        let topology = control.topology();
        let address = |name: &str| topology.find(name).and_then(|found| address_of(&found.kind));
        let (Some(target), Some(build)) = (address(&self.plan.target), address(&self.plan.build.1)) else {
            return self.end(Ended::Failed("the build VM has no address".to_owned()), control);
        };
        let through = self.through();
        let port = self.template.communicator.port();
        self.log.borrow_mut().target = Some((target, through));
        let communicator = self.template.communicator;
        let wait = if communicator == Communicator::Ssh { SSH_WAIT } else { WINRM_WAIT };
        let target = Target {
            communicator,
            to: (target, through),
            shown: (build, port),
            timeout: wait,
            flow: Some(self.setup.flow),
        };
        let steps: Vec<Step> = self.works.iter().flat_map(|work| work.steps.clone()).collect();
        control.spawn(self.plan.packer.clone(), Packer::new(target, steps.into()));
        self.enter(Phase::Connecting, control, "resources are deployed; Packer connects");
    }

    fn guest(&self, control: &mut Control<'_>) -> Guest {
        let os = if self.template.communicator == Communicator::Ssh { Os::Linux } else { Os::Windows };
        let boot = self.setup.assumptions.boot(os);
        let at = |host: &str| self.at.get(host).copied();
        let mut jobs: Vec<Job> = self.works.iter().filter_map(|work| downloads::job(work, at)).collect();
        let reboot = self.draw(if self.restarts_after_updates() { boot.update_reboot } else { boot.reboot }, control);
        if self.works.iter().any(|work| work.restarts) {
            jobs.push(Job {
                command: "packer restart".into(),
                // `shutdown /r /f /t 10`; the machine is down for half of the reboot, then starts its services.
                reboot: Some((Nanos::secs(10), Nanos(reboot.0 / 2))),
                ..Job::default()
            });
        }
        let first = self.draw(boot.first, control);
        Guest::new(self.template.communicator, first, Nanos(reboot.0 / 2), jobs.into())
    }

    /// Whether Windows has updates to finish when it restarts.
    fn restarts_after_updates(&self) -> bool {
        let mut kinds = self.template.customizers.iter().map(|customizer| &customizer.kind);
        let update = kinds.clone().position(|kind| matches!(kind, CustomizerKind::Update { .. }));
        let restart = kinds.rposition(|kind| matches!(kind, CustomizerKind::Restart { .. }));
        matches!((update, restart), (Some(update), Some(restart)) if update < restart)
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
            Ended::Failed(text) => text.clone(),
        };
        self.log.borrow_mut().ended = Some(ended);
        self.enter(Phase::Cleaning, control, text);
        control.stop(self.plan.packer.clone());
        self.next_deletion(control);
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
                let places = self.template.distribute.iter().map(|to| to.regions.len().max(1)).sum::<usize>().max(1);
                self.enter(Phase::Distributing, control, format!("customized; the image goes to {places} place(s)"));
                let distribution = self.draw(self.setup.assumptions.image_builder().distribution, control);
                control.after(distribution, DISTRIBUTED);
            }
            "build-failed" => {
                let text = format!("Packer build command has failed: exit status 1. {text}");
                self.end(Ended::Failed(text), control);
            }
            "done" if phase == Phase::Deploying => self.everything_is_there(control),
            "failed" if phase == Phase::Deploying => {
                let text = format!("the container group stays `Waiting to run`: {text}");
                self.end(Ended::Failed(text), control);
            }
            "failed" if phase == Phase::Submitted => {
                self.say(control, "log", format!("Downloading external file failed: {text}"));
            }
            _ => {}
        }
    }
}

impl Orchestrator for Build {
    fn handle(&mut self, signal: Signal<'_>, control: &mut Control<'_>) {
        match signal {
            Signal::Start => self.submit(control),
            Signal::Timer(SITES_RAISED) => self.fetch_artifacts(control),
            Signal::Timer(VALIDATED) => {
                let timeout = self.template.timeout;
                control.after(timeout, TIMED_OUT);
                self.enter(Phase::Deploying, control, "validated; runState Running, runSubState Building");
                self.next_wave(control);
            }
            Signal::Timer(DISTRIBUTED) => self.end(Ended::Succeeded, control),
            Signal::Timer(TIMED_OUT) if self.log.borrow().phase < Phase::Cleaning => {
                let text = "Timeout waiting for microservice to complete: 'context deadline exceeded'";
                self.end(Ended::Failed(text.to_owned()), control);
            }
            Signal::Timer(PROXY_UP) => self.start_relay(control),
            Signal::Timer(_) => {}
            Signal::Applied(ticket) => self.applied(ticket, control),
            Signal::Refused(ticket, refusal) => self.refused(ticket, refusal, control),
            Signal::Reported(report) => self.reported(report.what, report.value, &report.text, control),
        }
    }
}

/// What a container needs before it runs.
struct Needed {
    what: String,
    from: Socket,
    dialogue: Dialogue,
}

/// How long a container tries to reach what it needs.
const CONTAINER_DIAL: Nanos = Nanos::secs(127);

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
fn address_of(kind: &Kind) -> Option<Addr> {
    match kind {
        Kind::IpConfig(config) => config.address,
        Kind::PrivateEndpoint(endpoint) => endpoint.address,
        Kind::PublicIp(public) => public.address,
        Kind::InternetHost(host) => Some(host.prefix.first()),
        _ => None,
    }
}
