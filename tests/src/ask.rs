//! Questions to small networks, answered in short words: by an explanation, and by the engine, which must agree.

use crate::net::Net;
use sim_core::app::{Attempt, Dialogue, Listener};
use sim_core::engine::{Engine, Event, Observer};
use sim_core::explain::{Blocker, Question, Stop, Walk, walk};
use sim_core::fabric::Fabric;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::stage::firewall;
use sim_core::stage::security::{DEFAULTS, RuleRef};
use sim_core::stage::{Level, Step};
use sim_core::time::Nanos;
use sim_core::topology::{FirewallMatch, Kind, Topology};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An answer.
pub struct Asked {
    /// All of it.
    pub walk: Walk,
    /// `open`, or everything in the way: `WAY WHERE: REASON`, and for security rules `LEVEL GROUP/RULE`; `; ` between.
    /// Ways are `there`, `back` and `probe`.
    pub verdict: String,
    /// Machines and other resources with a port that the question passed, in order, asker first.
    pub there: Vec<String>,
    /// The same of the answer.
    pub back: Vec<String>,
    /// The addresses where it was delivered or stopped.
    pub arrived: Tuple,
}

/// The source port of questions.
pub const SOURCE_PORT: u16 = 49152;

/// Asks whether `from` can open a TCP connection. Backends whose probes the network lets through count as up.
///
/// # Panics
/// When the engine says otherwise than the explanation.
#[must_use]
pub fn tcp(net: &Net, from: &str, to: Addr, port: u16) -> Asked {
    let asked = any(net, from, question(net, from, Protocol::TCP, to, port));
    let engine = connects(net, from, to, port);
    let open = asked.walk.connects();
    assert!(engine == open, "the engine connects: {engine}; the explanation says: {}", asked.verdict);
    asked
}

/// The tuple of a machine's or Internet host's question.
///
/// # Panics
/// Without such a machine.
#[must_use]
pub fn question(net: &Net, from: &str, protocol: Protocol, dst: Addr, dst_port: u16) -> Tuple {
    Tuple { src: source(net, from, dst.is_v4()).1, dst, src_port: SOURCE_PORT, dst_port, protocol }
}

/// Where a machine sends from, and in which name, when it speaks this family.
fn source(net: &Net, from: &str, v4: bool) -> (PortId, Addr) {
    let resource = net.topology.find(from).unwrap_or_else(|| panic!("no {from}"));
    match &resource.kind {
        Kind::InternetHost(host) => (PortId(resource.id.0), host.prefix.first()),
        Kind::OnPremisesHost(host) => (PortId(resource.id.0), host.prefix.first()),
        _ => {
            let addresses = net.topology.addresses_of(resource.id);
            let own = addresses.iter().find(|(_, address)| address.is_v4() == v4).or(addresses.first());
            let (config, address) = *own.unwrap_or_else(|| panic!("{from} has no address"));
            (PortId(config.0), address)
        }
    }
}

/// Asks the explanation alone, about any packet that leaves `from`.
///
/// # Panics
/// Without such a machine.
#[must_use]
pub fn any(net: &Net, from: &str, tuple: Tuple) -> Asked {
    let fabric = Arc::new(Fabric::compile(&net.topology, &net.facts(), 0));
    let walk = walk(&fabric, Question { from: source(net, from, tuple.dst.is_v4()).0, tuple }, |probe| {
        net.topology.probe_port(probe)
    });
    let mut told: Vec<String> = Vec::new();
    let probes = walk.probes.iter().flat_map(|probe| &probe.blockers).map(|blocker| (true, blocker));
    for (probe, blocker) in walk.blockers.iter().map(|blocker| (false, blocker)).chain(probes) {
        told.push(blocked(&net.topology, probe, blocker));
    }
    let verdict = match (walk.connects(), told.is_empty()) {
        (true, _) => "open".to_owned(),
        (false, true) => "lost without a reason".to_owned(),
        (false, false) => told.join("; "),
    };
    let path = |stops: &[Stop]| {
        let mut names: Vec<String> = stops.iter().map(|stop| place(&net.topology, stop.port)).collect();
        names.dedup();
        names
    };
    let arrived = walk.there.last().map_or(tuple, |stop| stop.after);
    Asked { there: path(&walk.there), back: path(&walk.back), verdict, arrived, walk }
}

/// What people call a port's resource: a NIC's machine, everything else itself.
fn place(topology: &Topology, port: PortId) -> String {
    let node = NodeId(port.0);
    match (topology.machine_of(node), topology.get(node)) {
        (Some(machine), Some(config)) if matches!(config.kind, Kind::IpConfig(_)) => machine.name.to_string(),
        (_, Some(resource)) => resource.name.to_string(),
        _ => format!("{port:?}"),
    }
}

fn blocked(topology: &Topology, probe: bool, blocker: &Blocker) -> String {
    let way = match (probe, blocker.on_return) {
        (true, _) => "probe",
        (false, false) => "there",
        (false, true) => "back",
    };
    let text = format!("{way} {}: {}", place(topology, blocker.port), blocker.reason);
    match &blocker.step {
        Some(step) => format!("{text}{}", rule_name(topology, step).map_or(String::new(), |rule| format!(" {rule}"))),
        None => text,
    }
}

/// `LEVEL GROUP/RULE` of a security step, `admin COLLECTION/RULE` of one of admin rules, `HOLDER COLLECTION/RULE` of a
/// firewall's.
#[must_use]
pub fn rule_name(topology: &Topology, step: &Step) -> Option<String> {
    if let Step::Admin { rule, .. } = step {
        let collection = topology.get(rule.collection)?;
        let Kind::AdminRules(rules) = &collection.kind else { return None };
        return Some(format!("admin {}/{}", collection.name, rules.rules.get(rule.rule as usize)?.name));
    }
    if let Step::Firewall { rule: Some(rule), .. } = step {
        let holder = topology.get(rule.holder)?;
        let (collection, declared) = firewall::declared(&holder.kind, *rule)?;
        return Some(format!("{} {}/{}", holder.name, collection.name, declared.name));
    }
    let Step::Security { group, level, rule, .. } = step else { return None };
    let group = topology.get(*group)?;
    let Kind::Nsg(nsg) = &group.kind else { return None };
    let level = if *level == Level::Subnet { "subnet" } else { "nic" };
    let rule = match rule {
        RuleRef::User(n) => nsg.rules.get(*n as usize)?.name.to_string(),
        RuleRef::Default(n) => DEFAULTS.get(usize::from(*n))?.name.to_owned(),
    };
    Some(format!("{level} {}/{rule}", group.name))
}

/// The names of all security rules that were asked on the way there, as [`rule_name`] gives them.
#[must_use]
pub fn rules_asked(net: &Net, walk: &Walk) -> Vec<String> {
    walk.there.iter().flat_map(|stop| &stop.steps).filter_map(|step| rule_name(&net.topology, step)).collect()
}

/// When the engine's attempt starts: every probe has made up its mind by then.
const AFTER: Nanos = Nanos::secs(40);

struct Outcome {
    asker: NodeId,
    done: bool,
}

impl Observer for Outcome {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Reported { machine, report, .. } = event {
            self.done |= *machine == self.asker && report.what == "done";
        }
    }
}

/// Whether the engine connects, with a listener on every port that anybody may ask for, on every machine.
///
/// # Panics
/// Without such a machine.
#[must_use]
pub fn connects(net: &Net, from: &str, to: Addr, port: u16) -> bool {
    let asker = net.topology.find(from).unwrap_or_else(|| panic!("no {from}")).id;
    let mut engine = Engine::new(net.topology.clone(), net.facts(), 1, Outcome { asker, done: false });
    let ports = net.topology.resources().filter_map(|resource| match &resource.kind {
        Kind::BalancingRule(rule) => Some(rule.backend_port),
        Kind::InboundNatRule(rule) => Some(rule.backend_port),
        Kind::Probe(probe) => Some(probe.port),
        _ => None,
    });
    let translated = net.topology.resources().filter_map(|resource| match &resource.kind {
        Kind::FirewallPolicy(policy) => Some(policy),
        _ => None,
    });
    let translated = translated.flat_map(|policy| &policy.collections).flat_map(|collection| &collection.rules);
    let translated = translated.filter_map(|rule| match rule.what {
        FirewallMatch::Translate { to_port, .. } => to_port,
        _ => None,
    });
    let ports: BTreeSet<u16> = ports.chain(translated).chain([port]).filter(|port| *port != 0).collect();
    for resource in net.topology.resources() {
        if matches!(resource.kind, Kind::Machine(_) | Kind::InternetHost(_) | Kind::OnPremisesHost(_)) {
            for port in &ports {
                assert!(engine.spawn(resource.id, Box::new(Listener::new(*port))).is_some(), "{}", resource.name);
            }
        }
    }
    let attempt = Attempt::new((to, port), Dialogue::Tcp, Nanos::secs(10), AFTER, None);
    assert!(engine.spawn(asker, Box::new(attempt)).is_some());
    engine.run_until(AFTER + Nanos::secs(20));
    engine.observer.done
}
