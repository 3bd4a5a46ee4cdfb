//! Changes of the network and those who make them; machines and probers that follow from the network as it is.

use super::event::{Event, Observer};
use super::machine::{Machine, Owner};
use super::queue::Due;
use super::{Engine, FixedMap, FixedSet, Work};
use crate::app::{Prober, Resolver};
use crate::fabric::PortKind;
use crate::host::{Control, Order, Report, Signal, Ticket};
use crate::id::{HostId, NodeId, PortId};
use crate::net::Addr;
use crate::stage::balancer::Member;
use crate::stage::{PLATFORM, PLATFORM_V6};
use crate::time::Nanos;
use crate::topology::{Draft, Kind, Machine as MachineKind, Refusal};
use std::sync::Arc;

/// A change that is asked for and has not taken effect yet.
pub(super) struct Change {
    orchestrator: Option<u32>,
    ticket: Ticket,
    what: What,
}

enum What {
    Put(Box<Draft>),
    Delete(Arc<str>),
}

/// A signal that waits for its orchestrator.
pub(super) enum SignalBox {
    Start,
    Timer(u64),
    Applied(Ticket),
    Refused(Ticket, Box<Refusal>),
    Changed,
    Reported(Report),
}

impl<O: Observer> Engine<O> {
    /// Asks for a change that takes effect after a while, for nobody in particular.
    pub fn put(&mut self, draft: Draft, after: Nanos) {
        self.ask(None, Ticket(u32::MAX), What::Put(Box::new(draft)), after);
    }

    /// Asks for a deletion that takes effect after a while.
    pub fn delete(&mut self, name: &str, after: Nanos) {
        self.ask(None, Ticket(u32::MAX), What::Delete(name.into()), after);
    }

    fn ask(&mut self, orchestrator: Option<u32>, ticket: Ticket, what: What, after: Nanos) {
        let number = u32::try_from(self.changes.len()).unwrap_or(u32::MAX);
        self.changes.push(Some(Change { orchestrator, ticket, what }));
        self.queue.push(self.now + after, Due::Apply(number));
    }

    /// A change takes effect, or is refused.
    pub(super) fn apply(&mut self, number: u32) {
        let Some(change) = self.changes.get_mut(number as usize).and_then(Option::take) else { return };
        let result = match change.what {
            What::Put(draft) => self.apply_put(*draft),
            What::Delete(name) => self.apply_delete(&name),
        };
        if let Err(refusal) = &result {
            self.observer.see(self.now, &Event::Refused(refusal), &self.topology);
        }
        let Some(orchestrator) = change.orchestrator else { return };
        let signal = match result {
            Ok(()) => SignalBox::Applied(change.ticket),
            Err(refusal) => SignalBox::Refused(change.ticket, refusal),
        };
        self.work.push_back(Work::Signal { orchestrator, signal });
    }

    fn apply_put(&mut self, draft: Draft) -> Result<(), Box<Refusal>> {
        let replaced = self.topology.find(&draft.name).is_some();
        let node = self.topology.put(draft)?;
        self.changed.push(node);
        self.observer.see(self.now, &Event::Put { node, replaced }, &self.topology);
        Ok(())
    }

    fn apply_delete(&mut self, name: &str) -> Result<(), Box<Refusal>> {
        let names: FixedMap<NodeId, Arc<str>> =
            self.topology.resources().map(|resource| (resource.id, resource.name.clone())).collect();
        for node in self.topology.delete(name)? {
            self.changed.push(node);
            let name = names.get(&node).map_or("", |name| name);
            self.observer.see(self.now, &Event::Deleted { node, name }, &self.topology);
        }
        Ok(())
    }

    /// Tells an orchestrator something and does what it asks for.
    pub(super) fn signal(&mut self, index: u32, signal: SignalBox) {
        let Some(conductor) = self.orchestrators.get_mut(index as usize) else { return };
        let Some(mut orchestrator) = conductor.orchestrator.take() else { return };
        let mut orders = Vec::new();
        let mut control = Control {
            now: self.now,
            topology: &self.topology,
            facts: &self.facts,
            rng: &mut conductor.rng,
            next_ticket: &mut self.next_ticket,
            orders: &mut orders,
        };
        let told = match &signal {
            SignalBox::Start => Signal::Start,
            SignalBox::Timer(token) => Signal::Timer(*token),
            SignalBox::Applied(ticket) => Signal::Applied(*ticket),
            SignalBox::Refused(ticket, refusal) => Signal::Refused(*ticket, refusal),
            SignalBox::Changed => Signal::Changed,
            SignalBox::Reported(report) => Signal::Reported(report),
        };
        orchestrator.handle(told, &mut control);
        self.orchestrators[index as usize].orchestrator = Some(orchestrator);
        for order in orders {
            self.carry_out(index, order);
        }
    }

    fn carry_out(&mut self, index: u32, order: Order) {
        match order {
            Order::Put { ticket, after, draft } => self.ask(Some(index), ticket, What::Put(draft), after),
            Order::Delete { ticket, after, name } => self.ask(Some(index), ticket, What::Delete(name), after),
            Order::Timer { after, token } => {
                self.queue.push(self.now + after, Due::Wake { orchestrator: index, token });
            }
            Order::Announce(report) => {
                let event = Event::Announced { orchestrator: index, report: &report };
                self.observer.see(self.now, &event, &self.topology);
            }
            Order::Spawn { on, program } => {
                if let Some(host) = self.machine_named(&on) {
                    self.install(host, program, Owner::Orchestrator(index));
                }
            }
            Order::Stop { on } => {
                if let Some(host) = self.machine_named(&on) {
                    self.stop_programs(host, |owner| owner == Owner::Orchestrator(index));
                }
            }
        }
    }

    fn machine_named(&mut self, name: &str) -> Option<HostId> {
        if !self.changed.is_empty() {
            self.publish();
        }
        let node = self.topology.find(name)?.id;
        self.machine_of.get(&node).copied()
    }

    /// Stops programs of a machine; their connections are aborted.
    fn stop_programs(&mut self, host: HostId, which: impl Fn(Owner) -> bool) {
        let machine = &mut self.machines[host.index()];
        let mut stopped = Vec::new();
        for (index, slot) in (0u32..).zip(&mut machine.programs) {
            if slot.as_ref().is_some_and(|slot| which(slot.owner)) {
                *slot = None;
                stopped.push(index);
            }
        }
        if stopped.is_empty() {
            return;
        }
        machine.listeners.retain(|_, (program, _)| !stopped.contains(program));
        machine.udp_listeners.retain(|_, (at, program)| *at != host || !stopped.contains(program));
        let mut open: Vec<u32> =
            machine.conns.iter().filter(|(_, conn)| stopped.contains(&conn.program)).map(|(id, _)| *id).collect();
        open.sort_unstable();
        for conn in open {
            self.finish(host, conn, true);
        }
    }

    /// Brings machines, their addresses and the balancers' probers in line with the network.
    pub(super) fn enlist(&mut self) {
        let nodes: Vec<(NodeId, Option<MachineKind>)> = self
            .topology
            .resources()
            .filter_map(|resource| match &resource.kind {
                Kind::Machine(machine) => Some((resource.id, Some(machine.clone()))),
                Kind::InternetHost(host) => {
                    Some((resource.id, Some(MachineKind { egress_bps: host.egress_bps, ..MachineKind::default() })))
                }
                Kind::OnPremisesHost(host) => {
                    Some((resource.id, Some(MachineKind { egress_bps: host.egress_bps, ..MachineKind::default() })))
                }
                Kind::Vnet(_) => Some((resource.id, None)),
                _ => None,
            })
            .collect();
        for (node, kind) in &nodes {
            let host = self.machine_for(*node);
            let machine = &mut self.machines[host.index()];
            machine.ports.clear();
            if let Some(kind) = kind {
                machine.forwards = kind.forwards;
                machine.shaper.set_rate(kind.egress_bps);
            }
        }
        self.bury(&nodes);
        self.connect_ports();
        self.enlist_probers();
        self.enlist_resolvers();
    }

    fn machine_for(&mut self, node: NodeId) -> HostId {
        if let Some(host) = self.machine_of.get(&node) {
            return *host;
        }
        let host = HostId(u32::try_from(self.machines.len()).unwrap_or(u32::MAX));
        self.machines.push(Machine::new(node, self.seed));
        self.machine_of.insert(node, host);
        host
    }

    /// Machines whose resource is gone are gone, with everything on them.
    fn bury(&mut self, alive: &[(NodeId, Option<MachineKind>)]) {
        let alive: FixedSet<NodeId> = alive.iter().map(|(node, _)| *node).collect();
        let mut dead: Vec<NodeId> = self.machine_of.keys().filter(|node| !alive.contains(*node)).copied().collect();
        dead.sort_unstable();
        for node in dead {
            if let Some(host) = self.machine_of.remove(&node) {
                let machine = &mut self.machines[host.index()];
                machine.lose_power();
                machine.programs.clear();
                machine.ports.clear();
                self.observer.see(self.now, &Event::Power { host, machine: node, up: false }, &self.topology);
            }
        }
    }

    /// Which machine is behind which port.
    fn connect_ports(&mut self) {
        let fabric = self.plane.fabric().clone();
        self.behind.clear();
        self.behind.resize(self.topology.id_limit(), None);
        for port in fabric.ports() {
            let found: Option<(NodeId, &[Addr])> = match &port.kind {
                PortKind::Nic(nic) => nic.machine.map(|machine| (machine, std::slice::from_ref(&nic.address))),
                PortKind::Internet { prefix, .. } => Some((NodeId(port.id.0), &[prefix.first()])),
                PortKind::OnPremises(host) => Some((NodeId(port.id.0), &[host.prefix.first()])),
                PortKind::Platform { vnet } => Some((*vnet, &[PLATFORM, PLATFORM_V6])),
                _ => None,
            };
            let Some((node, addresses)) = found else { continue };
            let Some(host) = self.machine_of.get(&node).copied() else { continue };
            self.behind[port.id.index()] = Some(host);
            self.machines[host.index()].ports.extend(addresses.iter().map(|address| (port.id, *address)));
        }
        // Primary first: connections go out from there.
        for machine in self.machines.iter_mut().filter(|machine| machine.ports.len() > 1) {
            let order = self.topology.addresses_of(machine.node);
            machine.ports.sort_by_key(|(port, _)| order.iter().position(|(config, _)| config.0 == port.0));
        }
    }

    /// One prober for every backend that a rule with a probe sends to.
    fn enlist_probers(&mut self) {
        let wanted = self.probed();
        let kept: FixedSet<(NodeId, PortId)> = wanted.iter().map(|(probe, member, _)| (*probe, member.port)).collect();
        for host in (0u32..).map(HostId).take(self.machines.len()) {
            self.stop_programs(host, |owner| match owner {
                Owner::Prober { probe, backend } => !kept.contains(&(probe, backend)),
                _ => false,
            });
        }
        let programs = (0u32..).map(HostId).zip(&self.machines);
        let programs = programs.flat_map(|(host, it)| it.programs.iter().flatten().map(move |slot| (host, slot.owner)));
        let mut running: FixedSet<(HostId, Owner)> = programs.collect();
        for (probe, member, vnet) in wanted {
            let owner = Owner::Prober { probe, backend: member.port };
            let Some(host) = self.machine_of.get(&vnet).copied() else { continue };
            let Some(Kind::Probe(attributes)) = self.topology.get(probe).map(|found| &found.kind) else { continue };
            if running.insert((host, owner)) {
                let prober = Prober::new(member.address, attributes);
                self.install(host, Box::new(prober), owner);
            }
        }
    }

    /// One program for everybody who answers questions about names; what it answers it looks up each time.
    fn enlist_resolvers(&mut self) {
        let names = self.plane.fabric().names().clone();
        for host in (0u32..).map(HostId).take(self.machines.len()) {
            let answers = names.role(self.node_of(host)).is_some();
            let machine = &self.machines[host.index()];
            let runs = machine.programs.iter().flatten().any(|slot| slot.owner == Owner::Resolver);
            let alive = self.machine_of.get(&machine.node) == Some(&host);
            match (answers && alive, runs) {
                (true, false) => {
                    self.install(host, Box::new(Resolver::default()), Owner::Resolver);
                }
                (false, true) => self.stop_programs(host, |owner| owner == Owner::Resolver),
                _ => {}
            }
        }
    }

    /// What probes ask: each with a backend and its VNet, in the order of frontends, rules and pools; one that several rules
    /// ask more than once.
    fn probed(&self) -> Vec<(NodeId, Member, NodeId)> {
        let mut found = Vec::new();
        for port in self.plane.fabric().ports() {
            let PortKind::Frontend(frontend) = &port.kind else { continue };
            for rule in &frontend.rules {
                let Some(probe) = rule.probe else { continue };
                let vnet = |member: &Member| self.topology.vnet_of(NodeId(member.port.0)).map(|vnet| vnet.id);
                found.extend(rule.members.iter().filter_map(|member| Some((probe, *member, vnet(member)?))));
            }
        }
        found
    }
}
