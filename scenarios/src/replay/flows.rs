//! Connections that a scenario tries.

use super::actors::{server, web};
use super::rehearsal::{Trial, rehearse};
use super::{Options, find};
use crate::latency::Latency;
use crate::scenario::{Flow, FlowExpectation, FlowProtocol, Target};
use sim_core::app::{Attempt, Dialogue};
use sim_core::engine::{Engine, Observer};
use sim_core::explain::{Question, Walk, walk};
use sim_core::fabric::{Fabric, PortKind};
use sim_core::host::{Control, Orchestrator, Signal};
use sim_core::id::{FlowId, NodeId, PortId};
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::stage::Step;
use sim_core::time::Nanos;
use sim_core::topology::{Kind, ProbeProtocol, Relation, Topology};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use topologies::diagnostic::Diagnostic;

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
    trial: Trial,
    at: Nanos,
}

/// What is known of a flow.
#[derive(Debug, Default)]
pub struct FlowLog {
    /// The network when the first attempt was made, and the way through it.
    pub in_place: Option<(Topology, Arc<Fabric>, Walk)>,
    /// How the first attempt ended: the time it took, or what the client printed.
    pub outcome: Option<Result<Nanos, String>>,
}

impl FlowRun {
    /// Prepares a flow: finds its ends.
    pub(super) fn new(
        flow: &Flow,
        topology: &Topology,
        names: &BTreeMap<Arc<str>, Addr>,
        id: FlowId,
    ) -> Result<Self, Diagnostic> {
        let from = find(topology, &flow.from)?;
        let Target { name: target, port } =
            flow.target().map_err(|error| Diagnostic::error("scenario.value", error.to_string()))?;
        let opener = topology.find(&from).map(|found| (found.id, &found.kind));
        let Some((opener, kind)) = opener else {
            return Err(Diagnostic::error("scenario.unknown-name", format!("nothing is called `{}`", flow.from)));
        };
        if !matches!(kind, Kind::Machine(_) | Kind::InternetHost(_)) {
            let message = format!("`{}` opens no connections: it is {}", flow.from, crate::observe::names::kind(kind));
            return Err(Diagnostic::error("scenario.value", message).help("name a machine or an actor"));
        }
        let outside = matches!(kind, Kind::InternetHost(_));
        let address = address(topology, &target, names, outside)?;
        let dialogue = match flow.protocol {
            FlowProtocol::Tcp => Dialogue::Tcp,
            FlowProtocol::Ssh => Dialogue::Ssh,
            FlowProtocol::Winrm => Dialogue::WinRm,
            FlowProtocol::Https | FlowProtocol::Http => {
                Dialogue::Web { host: target.into(), path: "/".into(), tls: flow.protocol == FlowProtocol::Https }
            }
        };
        Ok(Self {
            name: flow.name.clone(),
            ends: (flow.from.clone(), flow.to.clone()),
            expect: flow.expect.clone(),
            log: Rc::default(),
            latency: None,
            repeat: flow.repeat,
            trial: Trial { from: opener, to: (address, port), dialogue, timeout: flow.timeout.0, flow: id },
            at: flow.at.0,
        })
    }

    pub(super) fn orchestrator(&self) -> Box<dyn Orchestrator> {
        Box::new(Trying { trial: self.trial.clone(), at: self.at, log: self.log.clone(), serving: BTreeSet::new() })
    }

    pub(super) fn is_over(&self) -> bool {
        self.log.borrow().outcome.is_some()
    }

    /// Takes latencies once the first attempt has connected.
    pub(super) fn rehearse<O: Observer>(&mut self, engine: &Engine<O>, options: &Options) {
        let connected = matches!(self.log.borrow().outcome, Some(Ok(_)));
        if self.latency.is_none() && connected {
            let n = self.repeat.unwrap_or(options.repeat);
            self.latency = rehearse(engine, std::slice::from_ref(&self.trial), n, options).pop();
        }
    }
}

/// The address that a person means: an address, a host name, or that of a resource. From outside a machine is known by
/// its public address.
fn address(
    topology: &Topology,
    name: &str,
    names: &BTreeMap<Arc<str>, Addr>,
    outside: bool,
) -> Result<Addr, Diagnostic> {
    if let Ok(address) = name.parse() {
        return Ok(address);
    }
    if let Some(address) = names.get(name.to_ascii_lowercase().as_str()) {
        return Ok(*address);
    }
    let id = find(topology, name)?;
    let found = topology.find(&id).and_then(|found| address_of(topology, found.id, outside));
    found.ok_or_else(|| Diagnostic::error("scenario.value", format!("`{name}` has no address")))
}

pub(super) fn address_of(topology: &Topology, node: NodeId, outside: bool) -> Option<Addr> {
    match &topology.get(node)?.kind {
        Kind::Machine(_) => {
            let (config, private) = *topology.addresses_of(node).first()?;
            let public = topology.target(config, Relation::Uses).and_then(|found| match &found.kind {
                Kind::PublicIp(public) => public.address,
                _ => None,
            });
            if outside { public.or(Some(private)) } else { Some(private) }
        }
        Kind::Nic(_) => {
            let config = topology.referrers(node, Relation::PartOf).first().map(|found| found.id)?;
            address_of(topology, config, outside)
        }
        Kind::IpConfig(config) => config.address,
        Kind::Frontend(frontend) => frontend.address,
        Kind::PrivateEndpoint(endpoint) => endpoint.address,
        Kind::PublicIp(public) => public.address,
        Kind::InternetHost(host) => Some(host.prefix.first()),
        Kind::LoadBalancer(_) => {
            let parts = topology.referrers(node, Relation::PartOf);
            parts.iter().find_map(|part| match &part.kind {
                Kind::Frontend(frontend) => frontend.address,
                _ => None,
            })
        }
        _ => None,
    }
}

/// A flow under way: sees to it that somebody listens, and tries.
struct Trying {
    trial: Trial,
    at: Nanos,
    log: Rc<RefCell<FlowLog>>,
    /// Ports of the network where a server was started.
    serving: BTreeSet<(PortId, u16)>,
}

/// Servers get a moment to start.
const SERVE: u64 = 1;
const TRY: u64 = 2;

impl Trying {
    fn walk(&self, control: &Control<'_>) -> Option<(Arc<Fabric>, Walk)> {
        let fabric = control.fabric();
        let topology = control.topology();
        let (port, source) = match topology.get(self.trial.from).map(|found| &found.kind)? {
            Kind::InternetHost(host) => (PortId(self.trial.from.0), host.prefix.first()),
            _ => topology.addresses_of(self.trial.from).first().map(|(config, addr)| (PortId(config.0), *addr))?,
        };
        let (dst, dst_port) = self.trial.to;
        let tuple = Tuple { src: source, dst, src_port: 49152, dst_port, protocol: Protocol::TCP };
        let walk = walk(&fabric, Question { from: port, tuple }, |probe| probe_port(topology, probe));
        Some((fabric, walk))
    }

    /// Starts servers where the flow would arrive, and where its probes would.
    fn serve(&mut self, control: &mut Control<'_>) {
        let Some((fabric, walk)) = self.walk(control) else { return };
        let mut wanted: Vec<(PortId, u16)> = Vec::new();
        if let (Some(port), Some(last)) = (walk.reached, walk.there.last()) {
            wanted.push((port, last.after.dst_port));
        }
        for step in walk.there.iter().flat_map(|stop| &stop.steps) {
            let Step::Balanced { rule, .. } = step else { continue };
            let frontends = fabric.ports().filter_map(|port| match &port.kind {
                PortKind::Frontend(frontend) => Some(frontend),
                _ => None,
            });
            let rules = frontends.flat_map(|frontend| &frontend.rules).filter(|known| known.node == *rule);
            for known in rules {
                let port = if known.backend_port == 0 { self.trial.to.1 } else { known.backend_port };
                wanted.extend(known.members.iter().map(|member| (member.port, port)));
            }
        }
        for probe in &walk.probes {
            if let (Some(port), Some(last)) = (probe.reached, probe.there.last()) {
                wanted.push((port, last.after.dst_port));
            }
        }
        for (port, number) in wanted {
            if !self.serving.insert((port, number)) {
                continue;
            }
            let machine = match fabric.port(port).map(|port| &port.kind) {
                Some(PortKind::Nic(nic)) => nic.machine,
                Some(PortKind::Internet { .. }) => Some(NodeId(port.0)),
                _ => None,
            };
            if let Some(name) =
                machine.and_then(|machine| control.topology().get(machine)).map(|found| found.name.clone())
            {
                let short = name.rsplit('/').next().unwrap_or(&name).to_owned();
                let program = probed(control.topology(), number)
                    .map_or_else(|| server(number, &short), |tls| web(number, tls.then_some(&*short)));
                control.spawn_boxed(name, program);
            }
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

/// The port that a probe asks.
pub(crate) fn probe_port(topology: &Topology, probe: NodeId) -> Option<u16> {
    match topology.get(probe).map(|found| &found.kind) {
        Some(Kind::Probe(probe)) => Some(probe.port),
        _ => None,
    }
}

impl Orchestrator for Trying {
    fn handle(&mut self, signal: Signal<'_>, control: &mut Control<'_>) {
        match signal {
            Signal::Start => {
                control.after(self.at, SERVE);
                self.serve(control);
            }
            Signal::Timer(SERVE) => {
                self.serve(control);
                // A probe's first verdict takes a round trip; the flow comes after it.
                control.after(Nanos::secs(1), TRY);
            }
            Signal::Timer(_) => {
                if let Some((fabric, walk)) = self.walk(control) {
                    self.log.borrow_mut().in_place = Some((control.topology().clone(), fabric, walk));
                }
                let Trial { to, dialogue, timeout, flow, .. } = self.trial.clone();
                let name = control.topology().get(self.trial.from).map(|found| found.name.clone());
                if let Some(name) = name {
                    control.spawn(name, Attempt::new(to, dialogue, timeout, Nanos::ZERO, Some(flow)));
                } else {
                    self.log.borrow_mut().outcome = Some(Err("the machine is gone".to_owned()));
                }
            }
            Signal::Reported(report) => {
                let mut log = self.log.borrow_mut();
                match report.what {
                    "done" if log.outcome.is_none() => log.outcome = Some(Ok(Nanos(report.value))),
                    "failed" if log.outcome.is_none() => log.outcome = Some(Err(report.text.clone())),
                    _ => {}
                }
            }
            Signal::Applied(_) | Signal::Refused(..) => {}
        }
    }
}
