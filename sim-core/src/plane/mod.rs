//! The data plane at work: a fabric's version together with what its ports remember. One look-up where a packet leaves a
//! port, one where it arrives; the stages are asked only for flows that are new, or composed under an older version.

mod arrive;
mod conn;
mod decision;
mod expiry;
mod flow;
mod gateway;
mod health;
mod large;
mod leave;
mod revise;
mod view;

pub use decision::{Act, Answer, Composed};
pub use expiry::{Expired, Forgotten, Reset, Watch};
pub use health::Health;

use crate::assumption::Assumption;
use crate::fabric::{Fabric, NicPort, Port, PortKind};
use crate::id::{LinkId, NodeId, PortId};
use crate::net::{Header, Meta, Tuple};
use crate::stage::Reason;
use crate::time::Nanos;
use core::hash::BuildHasher;
use decision::Decision;
use expiry::{forgotten, over};
use flow::{FlowTable, Key, Known, Sighting, scope};
use hashbrown::HashMap;
use rand::Rng;
use rand_pcg::Pcg64;
use std::sync::Arc;
use view::View;

/// A fabric and what its ports remember.
pub struct Plane {
    fabric: Arc<Fabric>,
    tables: Vec<FlowTable>,
    health: Health,
    /// Connections of each machine.
    machines: HashMap<NodeId, Load, foldhash::fast::FixedState>,
    seed: u64,
    /// Connections that were opened and whose end has to be watched.
    watches: Vec<Watch>,
    /// Look past policies as if they were open, noting each: for explanations.
    pass_policies: bool,
}

impl Plane {
    /// A data plane that has seen no packet.
    #[must_use]
    pub fn new(fabric: Arc<Fabric>, health: Health) -> Self {
        let (machines, watches) = (HashMap::default(), Vec::new());
        Self { fabric, tables: Vec::new(), health, machines, seed: 0, watches, pass_policies: false }
    }

    /// The same, but its translators draw their ports from the streams of this seed.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The same, but it looks past policies as if they were open; each is noted as [`Step::Stopped`].
    ///
    /// [`Step::Stopped`]: crate::stage::Step::Stopped
    #[must_use]
    pub fn passing_policies(mut self) -> Self {
        self.pass_policies = true;
        self
    }

    /// The version in force.
    #[must_use]
    pub fn fabric(&self) -> &Arc<Fabric> {
        &self.fabric
    }

    /// What probes found.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Puts another version in force. Connection state survives; state of ports that are gone is dropped.
    pub fn publish(&mut self, fabric: Arc<Fabric>) {
        for (n, table) in self.tables.iter_mut().enumerate() {
            let id = PortId(u32::try_from(n).unwrap_or(u32::MAX));
            if fabric.port(id).is_none() {
                *table = FlowTable::default();
            } else if revise::is_due(&self.fabric, &fabric, id) {
                table.revise();
            }
        }
        self.fabric = fabric;
    }

    /// Notes what a probe found. A change makes new flows be balanced anew; flows that are known keep their backend.
    pub fn probed(&mut self, probe: NodeId, backend: PortId, up: bool) -> bool {
        let changed = self.health.set(probe, backend, up);
        if changed {
            self.recompose();
        }
        changed
    }

    /// Notes that the machine behind these ports runs, or does not.
    pub fn powered(&mut self, ports: impl Iterator<Item = PortId>, on: bool) {
        let mut changed = false;
        for port in ports {
            changed |= self.health.power(port, on);
        }
        if changed {
            self.recompose();
        }
    }

    /// What was composed is looked at again.
    fn recompose(&mut self) {
        let mut next = Fabric::clone(&self.fabric);
        next.epoch += 1;
        self.fabric = Arc::new(next);
    }

    /// Keeps the link that the packets of a port's composed entry take.
    pub fn remember_link(&mut self, port: PortId, entry: u32, link: LinkId) {
        if let Some(composed) = self.tables.get_mut(port.index()).and_then(|table| table.composed_mut(entry)) {
            composed.link = Some(link);
        }
    }

    /// A packet with so many bytes of payload leaves `port` or arrives there: rewrites it and says where it goes, or what
    /// becomes of it.
    ///
    /// # Errors
    /// The port is gone, its table is full, or a gateway there counts the packet down to nothing.
    #[inline]
    pub fn pass(
        &mut self,
        port: PortId,
        leaving: bool,
        header: &mut Header,
        meta: &mut Meta,
        payload: usize,
        now: Nanos,
    ) -> Result<&mut Composed, Reason> {
        let key = Key { tuple: header.tuple, scope: scope(meta), leaving };
        if self.tables.len() <= port.index() {
            self.tables.resize_with(port.index() + 1, FlowTable::default);
        }
        let epoch = self.fabric.epoch;
        let large = large::is_large(header, payload);
        let dropped = large && !self.fabric.choices().is_default(Assumption::LargePackets);
        let seen = Sighting { header, payload, flow: meta.flow, now };
        let composed = match self.tables[port.index()].hit(&key, epoch, &seen) {
            Some(place) => self.tables[port.index()].composed_mut(place).ok_or(Reason::FlowTableFull)?,
            None => self.compose(port, key, meta, &seen)?,
        };
        if large {
            large::take(composed, dropped);
        }
        if composed.routed {
            if header.ttl <= 1 {
                return Err(Reason::TtlExpired);
            }
            header.ttl -= 1;
            clamp(header);
        }
        header.tuple = composed.tuple;
        meta.private_link = composed.private_link;
        meta.via = composed.via;
        meta.gateway = composed.gateway;
        meta.subnet = composed.subnet;
        Ok(composed)
    }

    /// The slow path: asks the stages and keeps the answer.
    #[cold]
    fn compose(&mut self, id: PortId, key: Key, meta: &Meta, seen: &Sighting<'_>) -> Result<&mut Composed, Reason> {
        let fabric = self.fabric.clone();
        let Some(port) = fabric.port(id) else { return Err(Reason::PortDeleted) };
        let draw = self.draw(port, &key.tuple);
        let known = self.tables[id.index()].known(&key, seen);
        let cut = known.half().and_then(|_| self.revise(port, key, meta, seen));
        let view = self.view(&fabric, id, seen, draw);
        let decision = match (cut, known) {
            (Some(decision), _) => decision,
            (None, Known::Over { told, silence }) => over(&view, key, meta, told, silence),
            (None, known) if key.leaving => leave::decide(&view, port, key, meta, known),
            (None, known) => arrive::decide(&view, port, key, meta, known),
        };
        if decision.state.is_some() {
            self.room(&fabric, port, seen.now)?;
        }
        let (composed, watched) = self.tables[id.index()].keep(key, decision, fabric.epoch, seen)?;
        self.watches.extend(watched.map(|watched| Watch { port: id, watched }));
        Ok(composed)
    }

    /// What a decision at a port may look at.
    fn view<'v>(&'v self, fabric: &'v Fabric, port: PortId, seen: &Sighting<'_>, draw: u64) -> View<'v> {
        let table = &self.tables[port.index()];
        let (now, opens) = (seen.now, seen.opens());
        View { fabric, health: &self.health, table, now, opens, draw, pass: self.pass_policies }
    }

    /// Holds a known connection against changed rules where that is due; gives what becomes of its packet when they cut
    /// it, or did so before.
    fn revise(&mut self, port: &Port, key: Key, meta: &Meta, seen: &Sighting<'_>) -> Option<Decision> {
        let fabric = self.fabric.clone();
        let view = self.view(&fabric, port.id, seen, 0);
        let Some(opener) = view.table.to_revise(&key) else {
            return view.table.cut(&key).map(|reason| revise::cut(&view, key, meta, reason));
        };
        let decision = revise::decide(&view, port, key, opener, meta);
        let cut = if let Act::Drop(reason) = decision.composed.act { Some(reason) } else { None };
        self.tables[port.id.index()].revised(&key, cut);
        cut.map(|_| decision)
    }

    /// A translator's random number for a flow, from the flow's own stream: what others do does not change it. Zero for other
    /// ports, which draw nothing.
    fn draw(&self, port: &Port, tuple: &Tuple) -> u64 {
        if !matches!(port.kind, PortKind::Translator(_)) {
            return 0;
        }
        let flow = foldhash::quality::FixedState::with_seed(port.id.0.into()).hash_one(tuple);
        Pcg64::new(self.seed.into(), flow.into()).next_u64()
    }

    /// Whether the machine at a port may hold another connection.
    ///
    /// Rule `limit-connections-by-processors`: A machine holds as many connections over all its NICs as its number of
    /// processors allows; what it forwards counts twice, once on each side. Source: azure-dataplane 5.2.
    fn room(&mut self, fabric: &Fabric, port: &Port, now: Nanos) -> Result<(), Reason> {
        let PortKind::Nic(NicPort { machine: Some(machine), connections: Some(limit), .. }) = &port.kind else {
            return Ok(());
        };
        let load = self.machines.entry(*machine).or_default();
        let due = load.swept == Nanos::ZERO || now.since(load.swept) >= SWEEP;
        if load.held >= *limit as usize && due {
            load.swept = now.max(Nanos(1));
            let own = |other: &&Arc<Port>| matches!(&other.kind, PortKind::Nic(nic) if nic.machine == Some(*machine));
            let places = fabric.ports().filter(own).map(|other| other.id.index());
            let tables = &mut self.tables;
            load.held = places.filter_map(|place| tables.get_mut(place).map(|table| table.sweep(now))).sum();
        }
        if load.held < *limit as usize {
            load.held += 1;
            return Ok(());
        }
        Err(Reason::FlowTableFull)
    }

    /// Connections opened since this was asked last, whose end has to be watched: when to look, and at what.
    pub fn watches(&mut self) -> impl Iterator<Item = (Nanos, Watch)> + '_ {
        self.watches.drain(..).map(|watch| (watch.watched.deadline.next(), watch))
    }

    /// Looks after a connection whose time may have come.
    pub fn expire(&mut self, watch: Watch, now: Nanos) -> Expired {
        let Some(table) = self.tables.get(watch.port.index()) else { return Expired::Gone };
        match table.watch(watch.watched, now) {
            Err(None) => Expired::Gone,
            Err(Some(watched)) => Expired::Later(watched.deadline.next(), Watch { watched, ..watch }),
            Ok(conn) if conn.is_open() => Expired::Over(Box::new(forgotten(watch.port, conn))),
            Ok(_) => Expired::Gone,
        }
    }
}

/// How many connections a machine holds, as far as was counted.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    /// Those that were alive at the last count, and those opened since.
    held: usize,
    /// When they were counted.
    swept: Nanos,
}

/// Connections of a machine that holds too many are counted no more often than this.
const SWEEP: Nanos = Nanos::millis(100);

/// The largest segment that ends are told to send through a gateway, in bytes.
const TUNNEL_MSS: u16 = 1350;

/// Rule `gateway-segment-size`: a gateway lowers the segment size that TCP ends agree on to 1,350 bytes. Source:
/// azure-dataplane 5.3.
fn clamp(header: &mut Header) {
    header.tcp.mss = header.tcp.mss.map(|mss| mss.min(TUNNEL_MSS));
}
