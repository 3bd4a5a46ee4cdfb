//! The engine: time, packets under way, machines, changes of the network. One run is one thread; equal input and seed
//! give equal events.

mod control;
mod event;
mod icmp;
mod link;
mod machine;
mod programs;
mod queue;
mod streams;
mod traffic;

pub use event::{Event, Observer};
pub use link::serialisation;

use crate::fabric::{Fabric, Facts, LinkClass};
use crate::host::{Input, Orchestrator, Program, Report};
use crate::id::{HostId, LinkId, NodeId, PortId};
use crate::net::{Header, Meta, Packet};
use crate::plane::{Health, Plane};
use crate::time::Nanos;
use crate::topology::Topology;
use bytes::Bytes;
use control::{Change, SignalBox};
use hashbrown::{HashMap, HashSet};
use link::Link;
use machine::{Machine, Owner, Slot};
use queue::{Due, Queue};
use rand_pcg::Pcg64;
use std::collections::VecDeque;
use std::sync::Arc;

type FixedMap<K, V> = HashMap<K, V, foldhash::fast::FixedState>;
type FixedSet<K> = HashSet<K, foldhash::fast::FixedState>;

/// A simulation run.
pub struct Engine<O: Observer> {
    /// Who looks on.
    pub observer: O,
    now: Nanos,
    seed: u64,
    facts: Arc<Facts>,
    topology: Topology,
    /// The topology has changed since the fabric was compiled.
    changed: Vec<NodeId>,
    plane: Plane,
    queue: Queue,
    links: Vec<Link>,
    link_of: FixedMap<(PortId, PortId), LinkId>,
    packets: PacketStore,
    machines: Vec<Machine>,
    machine_of: FixedMap<NodeId, HostId>,
    /// By port: the machine behind it.
    behind: Vec<Option<HostId>>,
    orchestrators: Vec<Conductor>,
    changes: Vec<Option<Change>>,
    next_ticket: u32,
    work: VecDeque<Work>,
}

struct Conductor {
    /// Taken out while it handles a signal.
    orchestrator: Option<Box<dyn Orchestrator>>,
    rng: Pcg64,
}

/// What follows from an event within its own instant.
enum Work {
    /// Tell a program.
    Tell { host: HostId, program: u32, input: Input },
    /// Let a connection run.
    Pump { host: HostId, conn: u32 },
    /// Tell an orchestrator.
    Signal { orchestrator: u32, signal: SignalBox },
}

/// Packets under way, by number.
#[derive(Default)]
struct PacketStore {
    slots: Vec<Packet>,
    free: Vec<u32>,
    made: u64,
}

impl PacketStore {
    /// Makes a packet and gives its place.
    #[inline]
    fn make(&mut self, header: Header, meta: Meta, payload: Bytes) -> u32 {
        self.made += 1;
        let packet = Packet { id: self.made, header, meta, payload };
        if let Some(place) = self.free.pop() {
            self.slots[place as usize] = packet;
            return place;
        }
        self.slots.push(packet);
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }
}

impl<O: Observer> Engine<O> {
    /// A run on `topology` that starts at time zero.
    #[must_use]
    pub fn new(topology: Topology, facts: Arc<Facts>, seed: u64, observer: O) -> Self {
        let fabric = Arc::new(Fabric::compile(&topology, &facts, 0));
        let mut engine = Self {
            observer,
            now: Nanos::ZERO,
            seed,
            facts,
            topology,
            changed: Vec::new(),
            plane: Plane::new(fabric, Health::presuming(false)).seeded(seed),
            queue: Queue::default(),
            links: Vec::new(),
            link_of: FixedMap::default(),
            packets: PacketStore::default(),
            machines: Vec::new(),
            machine_of: FixedMap::default(),
            behind: Vec::new(),
            orchestrators: Vec::new(),
            changes: Vec::new(),
            next_ticket: 0,
            work: VecDeque::new(),
        };
        engine.enlist();
        engine
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// The network as it is now.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The data plane as it is now.
    #[must_use]
    pub fn plane(&self) -> &Plane {
        &self.plane
    }

    /// The resource of a machine.
    #[must_use]
    pub fn node_of(&self, host: HostId) -> NodeId {
        self.machines[host.index()].node
    }

    /// Starts a program on the machine of `node`: a VM, a host on the Internet, a VNet's platform. Gives the machine
    /// and the program's number on it; `None` without such a machine.
    pub fn spawn(&mut self, node: NodeId, program: Box<dyn Program>) -> Option<(HostId, u32)> {
        let host = self.machine_of.get(&node).copied()?;
        let index = self.install(host, program, Owner::Caller);
        self.settle();
        Some((host, index))
    }

    /// A run that starts now on the network as it is now: the same machines with the programs that wait for others, as
    /// they were when they started; no packets, no connections, no orchestrators.
    #[must_use]
    pub fn rehearse<P: Observer>(&self, seed: u64, observer: P) -> Engine<P> {
        let mut copy = Engine::new(self.topology.clone(), self.facts.clone(), seed, observer);
        copy.plane = Plane::new(copy.plane.fabric().clone(), self.plane.health().clone()).seeded(seed);
        for machine in &self.machines {
            let Some(host) = copy.machine_of.get(&machine.node).copied() else { continue };
            for slot in machine.programs.iter().flatten() {
                if let (Some(program), Owner::Caller | Owner::Orchestrator(_)) = (slot.program.fresh(), slot.owner) {
                    copy.install(host, program, Owner::Caller);
                }
            }
        }
        copy.settle();
        copy
    }

    /// Adds an orchestrator and tells it that the run starts.
    pub fn conduct(&mut self, orchestrator: Box<dyn Orchestrator>) {
        let index = u32::try_from(self.orchestrators.len()).unwrap_or(u32::MAX);
        let stream = 0x4f52_0000_0000 | u128::from(index);
        let rng = Pcg64::new(u128::from(self.seed), stream);
        self.orchestrators.push(Conductor { orchestrator: Some(orchestrator), rng });
        self.work.push_back(Work::Signal { orchestrator: index, signal: SignalBox::Start });
        self.settle();
    }

    /// Runs until nothing is due before `end`, which then is the time.
    pub fn run_until(&mut self, end: Nanos) {
        loop {
            while self.queue.next_time().is_some_and(|due| due <= end) {
                self.step();
            }
            if self.changed.is_empty() {
                break;
            }
            // The last thing was a change: whoever looks, sends or starts something next meets it.
            self.publish();
            self.settle();
        }
        self.now = self.now.max(end);
    }

    /// Runs the next event. Says whether there was one.
    pub fn step(&mut self) -> bool {
        // A changed network is in force from the instant of its change on, once all changes of that instant are in.
        if !self.changed.is_empty() && !self.queue.next_is_change_at(self.now) {
            self.publish();
            self.settle();
        }
        let Some((time, due)) = self.queue.pop() else { return false };
        self.now = time;
        match due {
            Due::Link(link) => self.link_arrival(link),
            Due::Poll { host, conn, generation } => self.wake_conn(host, conn, generation),
            Due::Timer { host, program, token, boot } => self.timer(host, program, token, boot),
            Due::PowerOff { host, down, boot } => self.power_off(host, down, boot),
            Due::PowerOn { host, boot } => self.power_on(host, boot),
            Due::Apply(change) => self.apply(change),
            Due::Expire(watch) => self.expire(watch),
            Due::Wake { orchestrator, token } => {
                self.work.push_back(Work::Signal { orchestrator, signal: SignalBox::Timer(token) });
            }
        }
        self.settle();
        true
    }

    /// Does everything that follows within this instant.
    fn settle(&mut self) {
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Tell { host, program, input } => self.tell(host, program, input),
                Work::Pump { host, conn } => self.pump(host, conn),
                Work::Signal { orchestrator, signal } => self.signal(orchestrator, signal),
            }
        }
    }

    /// Compiles the changed network and puts it in force.
    fn publish(&mut self) {
        let before = self.plane.fabric().clone();
        let next = before.next(&self.topology, &self.changed);
        self.changed.clear();
        let same_ports = next.has_ports_of(&before);
        self.plane.publish(Arc::new(next));
        if !same_ports {
            self.enlist();
            for orchestrator in (0u32..).take(self.orchestrators.len()) {
                self.work.push_back(Work::Signal { orchestrator, signal: SignalBox::Changed });
            }
        }
    }

    fn link_between(&mut self, from: PortId, to: PortId, class: LinkClass) -> LinkId {
        if let Some(known) = self.link_of.get(&(from, to)) {
            return *known;
        }
        let fabric = self.plane.fabric();
        let profile = match (fabric.port(from), fabric.port(to)) {
            (Some(a), Some(b)) => self.facts.delays.profile(&a.place, &b.place, class),
            _ => crate::fabric::LinkProfile::default(),
        };
        let id = LinkId(u32::try_from(self.links.len()).unwrap_or(u32::MAX));
        self.links.push(Link::new(from, to, class, profile, self.seed));
        self.link_of.insert((from, to), id);
        id
    }

    fn report(&mut self, host: HostId, program: u32, report: &Report) {
        self.observer.see(
            self.now,
            &Event::Reported { host, machine: self.node_of(host), program, report },
            &self.topology,
        );
    }

    fn install(&mut self, host: HostId, program: Box<dyn Program>, owner: Owner) -> u32 {
        let machine = &mut self.machines[host.index()];
        let index = u32::try_from(machine.programs.len()).unwrap_or(u32::MAX);
        machine.programs.push(Some(Slot { program, owner }));
        self.work.push_back(Work::Tell { host, program: index, input: Input::Start });
        index
    }
}
