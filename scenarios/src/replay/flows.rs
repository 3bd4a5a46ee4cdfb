//! Connections that a scenario tries.

use super::Options;
use super::actors::{server, web};
use super::client::{Client, host_of};
use super::rehearsal::rehearse;
use super::retry::{self, Tries};
use super::trial::{Say, Trial};
use crate::latency::Latency;
use crate::named;
use crate::naming::{Origin, address_of, find, opening};
use crate::scenario::{Flow, FlowExpectation, FlowProtocol, Retry, Target};
use sim_core::app::{Destination, Listener, Reflector};
use sim_core::engine::{Engine, Observer};
use sim_core::explain::{NameWalk, Question, Walk, walk};
use sim_core::fabric::{Fabric, PortKind};
use sim_core::host::{Control, Orchestrator, Program, Report, Signal, Socket};
use sim_core::id::{FlowId, NodeId, PortId};
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::stage::Step;
use sim_core::time::Nanos;
use sim_core::topology::{Kind, ProbeProtocol, Topology};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use topologies::diagnostic::Diagnostic;
use topologies::facts::Date;

/// One connection.
pub struct FlowRun {
    /// What it is called.
    pub name: String,
    /// Who opens it and where it goes, as written.
    pub ends: (String, String),
    /// What is expected.
    pub expect: FlowExpectation,
    /// What happens, as it happens.
    pub log: Rc<RefCell<FlowLog>>,
    /// Latencies.
    pub latency: Option<Latency>,
    /// How many attempts are made.
    repeat: Option<u32>,
    /// Whether it is tried until it succeeds.
    retry: Option<Retry>,
    /// Whose packet it is, where it is not the opener's own: then only the network is asked.
    pub source: Option<Addr>,
    /// How long it waits for a connection, or an answer.
    pub timeout: Nanos,
    trial: Trial,
    /// The opener's id, where that is a machine that a build deploys: it is looked up when it is time.
    deployed: Option<Arc<str>>,
    at: Nanos,
}

/// Nobody has this number.
const NOBODY: NodeId = NodeId(u32::MAX);

/// What is known of a flow.
#[derive(Debug, Default)]
pub struct FlowLog {
    /// The network when the first attempt was made, and the way through it; of attempts one after the other the last.
    pub in_place: Option<(Topology, Arc<Fabric>, Walk)>,
    /// Where it goes to a host name: the network then, and the way of the name.
    pub named: Option<(Topology, Arc<Fabric>, NameWalk)>,
    /// The address that the first attempt was told.
    pub resolved: Option<String>,
    /// Whether it was told none.
    pub unresolved: bool,
    /// Attempts one after the other: those that failed.
    pub tries: Vec<Tries>,
    /// How the first attempt ended, or the last of those one after the other: the time it took, or what the client printed.
    pub outcome: Option<Result<Nanos, String>>,
    /// Where the service did not do what it was asked: the status, and what the client printed. The network did its part.
    pub refused: Option<(u16, String)>,
    /// What the client printed else.
    pub said: Option<String>,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// Of a client that asks several hosts: where it connected last.
    pub asked_last: Option<Socket>,
    /// Of a session that opened: how it ended, and how long after the opening.
    pub session: Option<(String, Nanos)>,
    /// Of several connections at once: how many opened.
    pub opened: Option<u64>,
    /// Of a traceroute: who answered, line by line.
    pub hops: Vec<String>,
}

impl FlowRun {
    /// Prepares a flow: finds its ends.
    pub(super) fn new(
        flow: &Flow,
        topology: &Topology,
        names: &BTreeMap<Arc<str>, Addr>,
        machines: &[Arc<str>],
        date: Date,
        id: FlowId,
    ) -> Result<Self, Diagnostic> {
        let (opener, outside, deployed) = opener(flow, topology, machines)?;
        let Target { name: target, port } =
            flow.target().map_err(|error| Diagnostic::error("scenario.value", error.to_string()))?;
        let (host, to) = match end(topology, &target, flow.protocol, names, outside) {
            Ok((host, Some(address))) => (host, Destination::At((address, port))),
            Ok((host, None)) => (host.clone(), Destination::Named(host.to_ascii_lowercase().into(), port)),
            Err(error) if error.code == "scenario.unknown-name" && is_host_name(&target) => {
                (target.as_str().into(), Destination::Named(target.to_ascii_lowercase().into(), port))
            }
            Err(error) => return Err(error),
        };
        let say = match Client::of(flow, &host, date) {
            Some(client) => {
                let mut names = names.clone();
                if let Destination::At((address, _)) = to {
                    // What has no host name is known by what the scenario calls it.
                    names.entry(host.to_ascii_lowercase().into()).or_insert(address);
                }
                Say::Client(client, Arc::new(names))
            }
            None => Say::of(flow, &host),
        };
        // The loader has seen that it is an address.
        let source = flow.source.as_ref().and_then(|source| source.parse().ok());
        Ok(Self {
            name: flow.name.clone(),
            ends: (flow.from.clone(), flow.to.clone()),
            expect: flow.expect.clone(),
            log: Rc::default(),
            latency: None,
            repeat: flow.repeat,
            retry: flow.retry,
            source,
            timeout: flow.timeout.0,
            trial: Trial { from: opener, to, say, timeout: flow.timeout.0, flow: id },
            deployed,
            at: flow.at.0,
        })
    }

    /// Its number in traces.
    #[must_use]
    pub fn id(&self) -> FlowId {
        self.trial.flow
    }

    pub(super) fn orchestrator(&self) -> Box<dyn Orchestrator> {
        Box::new(Trying {
            trial: self.trial.clone(),
            deployed: self.deployed.clone(),
            source: self.source,
            at: self.at,
            log: self.log.clone(),
            retry: self.retry,
            began: None,
            serving: BTreeSet::new(),
        })
    }

    /// The way to the host that a client of several hosts asked last, where that is not the one of the way that was looked
    /// at: what kept the client from it is there.
    #[must_use]
    pub fn elsewhere(&self) -> Option<Walk> {
        let log = self.log.borrow();
        let (topology, fabric, first) = log.in_place.as_ref()?;
        let (address, port) = log.asked_last?;
        let Question { from, tuple } = first.question;
        if (address, port) == (tuple.dst, tuple.dst_port) {
            return None;
        }
        let tuple = Tuple { dst: address, dst_port: port, ..tuple };
        Some(walk(fabric, Question { from, tuple }, |probe| topology.probe_port(probe)))
    }

    /// Whether it looks a name up.
    pub(super) fn looks_up(&self) -> bool {
        matches!(self.trial.to, Destination::Named(..)) || matches!(self.trial.say, Say::Client(..))
    }

    pub(super) fn is_over(&self) -> bool {
        self.log.borrow().outcome.is_some()
    }

    /// Takes latencies once the first attempt is over: if it connected, or if others may fare better than it did.
    pub(super) fn rehearse<O: Observer>(&mut self, engine: &Engine<O>, options: &Options) {
        let measured = self.trial.say.repeats() && (self.trial.say.looks_up() || !self.looks_up());
        if self.latency.is_some() || !measured || self.source.is_some() {
            return;
        }
        let again = match &*self.log.borrow() {
            FlowLog { outcome: Some(Ok(_)), .. } => true,
            FlowLog { outcome: Some(Err(_)), in_place: Some((.., walk)), .. } => {
                self.repeat.is_some() || walk.there.iter().flat_map(|stop| &stop.steps).any(is_choice)
            }
            _ => false,
        };
        if again {
            let n = self.repeat.unwrap_or(options.repeat);
            if let Some(found) = self.deployed.as_deref().and_then(|id| engine.topology().find(id)) {
                self.trial.from = found.id;
            }
            self.latency = rehearse(engine, std::slice::from_ref(&self.trial), n, options).pop();
        }
    }
}

/// Who opens a flow, whether that is somebody on the Internet, and the id of what a build deploys.
fn opener(
    flow: &Flow,
    topology: &Topology,
    machines: &[Arc<str>],
) -> Result<(NodeId, bool, Option<Arc<str>>), Diagnostic> {
    let called = |id: &&Arc<str>| {
        id.eq_ignore_ascii_case(&flow.from)
            || id.rsplit('/').next().is_some_and(|it| it.eq_ignore_ascii_case(&flow.from))
    };
    let from = match (find(topology, &flow.from), machines.iter().find(called)) {
        (Ok(found), _) => found,
        (Err(_), Some(deployed)) => return Ok((NOBODY, false, Some(deployed.clone()))),
        (Err(diagnostic), None) => return Err(diagnostic),
    };
    let opener = topology.find(&from).map(|found| (found.id, &found.kind));
    let Some((opener, kind)) = opener else {
        return Err(Diagnostic::error("scenario.unknown-name", format!("nothing is called `{}`", flow.from)));
    };
    if !matches!(kind, Kind::Machine(_) | Kind::InternetHost(_) | Kind::OnPremisesHost(_)) {
        let message = format!("`{}` opens no connections: it is {}", flow.from, crate::observe::names::kind(kind));
        return Err(Diagnostic::error("scenario.value", message).help("name a machine or an actor"));
    }
    Ok((opener, matches!(kind, Kind::InternetHost(_)), None))
}

/// Whether another attempt may go another way.
fn is_choice(step: &Step) -> bool {
    matches!(step, Step::Balanced { .. })
}

/// The host that a person means, with its address unless it is looked up: an address, a host name of an actor's, a managed
/// service or a part of one by its host name, or another resource. From outside a machine is known by its public address.
fn end(
    topology: &Topology,
    name: &str,
    protocol: FlowProtocol,
    names: &BTreeMap<Arc<str>, Addr>,
    outside: bool,
) -> Result<(Arc<str>, Option<Addr>), Diagnostic> {
    if let Ok(address) = name.parse() {
        return Ok((name.into(), Some(address)));
    }
    if let Some(address) = names.get(name.to_ascii_lowercase().as_str()) {
        return Ok((name.into(), Some(*address)));
    }
    let id = find(topology, name)?;
    let found = topology.find(&id).and_then(|found| match &found.kind {
        Kind::Service(_) => host_of(topology, found.id, protocol).map(|host| (host, None)),
        // A front's id ends in its first name.
        Kind::InternetHost(host) if host.names.iter().any(|own| own.eq_ignore_ascii_case(name)) => {
            Some((name.into(), None))
        }
        _ => Some((name.into(), Some(address_of(topology, found.id, outside)?))),
    });
    found.ok_or_else(|| Diagnostic::error("scenario.value", format!("`{name}` has no address")))
}

/// Whether a text is a host name: labels with dots between them.
fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        !label.is_empty() && label.len() <= 63 && label.bytes().all(usual)
    };
    text.contains('.') && text.len() <= 253 && text.split('.').all(label)
}

/// A flow under way: sees to it that somebody listens, and tries.
struct Trying {
    trial: Trial,
    deployed: Option<Arc<str>>,
    source: Option<Addr>,
    at: Nanos,
    log: Rc<RefCell<FlowLog>>,
    retry: Option<Retry>,
    /// When the first attempt began, and this one.
    began: Option<(Nanos, Nanos)>,
    /// Ports of the network where a server was started.
    serving: BTreeSet<(PortId, u16, Protocol)>,
}

/// What the network says of a flow.
struct Looked {
    fabric: Arc<Fabric>,
    name: Option<NameWalk>,
    /// The address that it goes to.
    to: Option<Addr>,
    /// The way there and back, where there is one.
    walk: Option<Walk>,
}

/// Servers get a moment to start.
const SERVE: u64 = 1;
const TRY: u64 = 2;

impl Trying {
    /// The way of its name, if it goes to one, and the way of its packets.
    fn walk(&self, control: &Control<'_>) -> Looked {
        let fabric = control.fabric();
        let topology = control.topology();
        if self.trial.from == NOBODY {
            return Looked { fabric, name: None, to: None, walk: None };
        }
        let name = match &self.trial.to {
            Destination::At(_) => None,
            Destination::Named(name, _) => Some(named::follow(&fabric, topology, self.trial.from, name)),
        };
        let to = match &self.trial.to {
            Destination::At((address, _)) => Some(*address),
            Destination::Named(..) => name.as_ref().and_then(|name| name.end.as_ref().ok()?.first().copied()),
        };
        let walk = to.and_then(|to| {
            let Origin { port, address } = opening(topology, topology.get(self.trial.from)?)?;
            let tuple = self.trial.tuple(self.source.unwrap_or(address), to);
            Some(walk(&fabric, Question { from: port, tuple }, |probe| topology.probe_port(probe)))
        });
        Looked { fabric, name, to, walk }
    }

    /// Starts servers where the flow would arrive, and where its probes would.
    fn serve(&mut self, control: &mut Control<'_>) {
        let Looked { fabric, walk: Some(walk), .. } = self.walk(control) else { return };
        let Some(protocol) = walk.there.first().map(|stop| stop.before.protocol) else { return };
        let each: u16 = match self.trial.say {
            Say::Parallel(crowd) if crowd.each_port => u16::try_from(crowd.flows).unwrap_or(u16::MAX).max(1),
            _ => 1,
        };
        let mut wanted: Vec<(PortId, u16, Protocol)> = Vec::new();
        if let (Some(port), Some(last)) = (walk.reached, walk.there.last()) {
            wanted.extend((0..each).map(|n| (port, last.after.dst_port.saturating_add(n), protocol)));
        }
        for step in walk.there.iter().flat_map(|stop| &stop.steps) {
            let Step::Balanced { rule, .. } = step else { continue };
            let frontends = fabric.ports().filter_map(|port| match &port.kind {
                PortKind::Frontend(frontend) => Some(frontend),
                _ => None,
            });
            let rules = frontends.flat_map(|frontend| &frontend.rules).filter(|known| known.node == *rule);
            for known in rules {
                let port = if known.backend_port == 0 { self.trial.to.port() } else { known.backend_port };
                wanted.extend(known.members.iter().map(|member| (member.port, port, protocol)));
            }
        }
        for probe in &walk.probes {
            if let (Some(port), Some(last)) = (probe.reached, probe.there.last()) {
                wanted.push((port, last.after.dst_port, Protocol::TCP));
            }
        }
        for (port, number, protocol) in wanted {
            if number == 0 || !self.serving.insert((port, number, protocol)) {
                continue;
            }
            let machine = match fabric.port(port).map(|port| &port.kind) {
                // What a managed service says is its own affair.
                Some(PortKind::Internet { guard: Some(_), .. }) => None,
                Some(PortKind::Nic(nic)) => nic.machine,
                Some(PortKind::Internet { .. } | PortKind::OnPremises(_)) => Some(NodeId(port.0)),
                _ => None,
            };
            if let Some(name) =
                machine.and_then(|machine| control.topology().get(machine)).map(|found| found.name.clone())
            {
                let short = name.rsplit('/').next().unwrap_or(&name).to_owned();
                let program: Option<Box<dyn Program>> = match protocol {
                    Protocol::UDP => Some(Box::new(Reflector::new(number))),
                    Protocol::TCP if self.trial.say.wants_echo() => Some(Box::new(Listener::new(number))),
                    Protocol::TCP => Some(
                        probed(control.topology(), number)
                            .map_or_else(|| server(number, &short), |tls| web(number, tls.then_some(&*short))),
                    ),
                    _ => None,
                };
                if let Some(program) = program {
                    control.spawn_boxed(name, program);
                }
            }
        }
    }

    /// Tries; or, for a packet that is not the opener's own, asks the network and leaves it at that.
    fn attempt(&mut self, control: &mut Control<'_>) {
        let Looked { fabric, name, to, walk } = self.walk(control);
        let now = control.now();
        self.began = Some((self.began.map_or(now, |(first, _)| first), now));
        let mut log = self.log.borrow_mut();
        (log.resolved, log.unresolved) = (None, false);
        if walk.is_none() && name.is_none() {
            log.outcome = Some(Err("the machine is not there".to_owned()));
            return;
        }
        let gets_there =
            |walk: &Walk| walk.reached.is_some() && !walk.blockers.iter().any(|blocker| !blocker.on_return);
        let arrives = walk.as_ref().is_some_and(gets_there);
        if name.is_some() && !self.trial.say.looks_up() {
            log.resolved = to.map(|to| to.to_string());
        }
        log.named = name.map(|name| (control.topology().clone(), fabric.clone(), name));
        log.in_place = walk.map(|walk| (control.topology().clone(), fabric, walk));
        if self.source.is_some() {
            log.outcome = Some(if arrives { Ok(Nanos::ZERO) } else { Err("the packet does not arrive".to_owned()) });
            return;
        }
        if let Some(name) = control.topology().get(self.trial.from).map(|found| found.name.clone()) {
            match self.trial.program(Nanos::ZERO, to) {
                Some(program) => control.spawn_boxed(name, program),
                None => {
                    log.unresolved = true;
                    log.outcome = Some(Err(format!("{}: Name or service not known", self.trial.to)));
                }
            }
        }
    }
}

impl Trying {
    /// When it tries again after what an attempt said, if it does.
    fn after(&mut self, report: &Report, now: Nanos) -> Option<Nanos> {
        let (retry, (first, began)) = (self.retry?, self.began?);
        if report.what != "failed" {
            return None;
        }
        retry::note(&mut self.log.borrow_mut().tries, began, &report.text);
        retry::next(retry, first, began, now)
    }
}

impl FlowLog {
    fn take(&mut self, report: &Report) {
        match report.what {
            "done" if self.outcome.is_none() => self.outcome = Some(Ok(Nanos(report.value))),
            "failed" if self.outcome.is_none() => self.outcome = Some(Err(report.text.clone())),
            "refused" if self.outcome.is_none() => {
                let status = u16::try_from(report.value).unwrap_or(0);
                self.refused = Some((status, report.text.clone()));
                self.status = Some(status).filter(|status| *status > 0).or(self.status);
            }
            "said" if self.outcome.is_none() => self.said = Some(report.text.clone()),
            "status" if self.outcome.is_none() => self.status = u16::try_from(report.value).ok(),
            "asks" if self.outcome.is_none() => {
                let port = u16::try_from(report.value).unwrap_or(0);
                self.asked_last = report.text.parse().ok().map(|address| (address, port));
            }
            "resolved" => self.resolved = Some(report.text.clone()),
            "unresolved" => self.unresolved = true,
            "session" => self.session = Some((report.text.clone(), Nanos(report.value))),
            "opened" => self.opened = Some(report.value),
            "hop" => self.hops.push(report.text.clone()),
            _ => {}
        }
    }
}

/// Whether a probe asks this port over HTTP, and then whether over TLS.
fn probed(topology: &Topology, number: u16) -> Option<bool> {
    topology.resources().find_map(|resource| match &resource.kind {
        Kind::Probe(probe) if probe.port == number && probe.protocol != ProbeProtocol::Tcp => {
            Some(probe.protocol == ProbeProtocol::Https)
        }
        _ => None,
    })
}

impl Orchestrator for Trying {
    fn handle(&mut self, signal: Signal<'_>, control: &mut Control<'_>) {
        match signal {
            Signal::Start => {
                control.after(self.at, SERVE);
                self.serve(control);
            }
            Signal::Timer(SERVE) => {
                if let Some(found) = self.deployed.as_deref().and_then(|id| control.topology().find(id)) {
                    self.trial.from = found.id;
                }
                self.serve(control);
                // A probe's first verdict takes a round trip; the flow comes after it.
                control.after(Nanos::secs(1), TRY);
            }
            Signal::Timer(_) => self.attempt(control),
            Signal::Reported(report) => match self.after(report, control.now()) {
                Some(at) => control.after(at.since(control.now()), TRY),
                None => self.log.borrow_mut().take(report),
            },
            Signal::Applied(_) | Signal::Refused(..) | Signal::Changed => {}
        }
    }
}
