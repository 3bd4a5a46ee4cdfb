//! The data plane at work: a fabric's version together with what its ports remember. One look-up where a packet leaves a
//! port, one where it arrives; the stages are asked only for flows that are new, or composed under an older version.

mod arrive;
mod flow;
mod leave;
mod revise;
mod view;

pub use flow::{Act, Composed};

use crate::fabric::{Fabric, Port};
use crate::id::{LinkId, NodeId, PortId};
use crate::net::{Header, Meta, Tuple};
use crate::stage::Reason;
use crate::time::Nanos;
use flow::{Decision, FlowTable, Key, scope};
use hashbrown::HashMap;
use std::sync::Arc;
use view::View;

/// What health probes found: by probe and backend.
#[derive(Clone, Debug, Default)]
pub struct Health {
    up: HashMap<(NodeId, PortId), bool, foldhash::fast::FixedState>,
    /// Answer for backends that were not probed yet.
    presumed: bool,
}

impl Health {
    /// Nothing was probed yet; such backends count as up when `presumed`.
    #[must_use]
    pub fn presuming(presumed: bool) -> Self {
        Self { up: HashMap::default(), presumed }
    }

    /// Whether a backend counts as up for a probe.
    #[must_use]
    pub fn is_up(&self, probe: NodeId, backend: PortId) -> bool {
        self.up.get(&(probe, backend)).copied().unwrap_or(self.presumed)
    }

    /// Notes a change; says whether it is one.
    pub fn set(&mut self, probe: NodeId, backend: PortId, up: bool) -> bool {
        let was = self.is_up(probe, backend);
        self.up.insert((probe, backend), up);
        was != up
    }
}

/// A fabric and what its ports remember.
pub struct Plane {
    fabric: Arc<Fabric>,
    tables: Vec<FlowTable>,
    health: Health,
    /// Look past policies as if they were open, noting each: for explanations.
    pass_policies: bool,
}

impl Plane {
    /// A data plane that has seen no packet.
    #[must_use]
    pub fn new(fabric: Arc<Fabric>, health: Health) -> Self {
        Self { fabric, tables: Vec::new(), health, pass_policies: false }
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
            let mut next = Fabric::clone(&self.fabric);
            next.epoch += 1;
            self.fabric = Arc::new(next);
        }
        changed
    }

    /// Keeps the link that the packets of a composed entry take. The key is the packet as it came to the port.
    pub fn remember_link(&mut self, port: PortId, tuple: Tuple, meta: &Meta, leaving: bool, link: LinkId) {
        let key = Key { tuple, scope: scope(meta), leaving };
        if let Some(table) = self.tables.get_mut(port.index())
            && let Some(composed) = table.composed_at(&key)
        {
            composed.link = Some(link);
        }
    }

    /// A packet leaves `port` or arrives there: rewrites it and says where it goes, or what becomes of it.
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
        now: Nanos,
    ) -> Result<&mut Composed, Reason> {
        let key = Key { tuple: header.tuple, scope: scope(meta), leaving };
        if self.tables.len() <= port.index() {
            self.tables.resize_with(port.index() + 1, FlowTable::default);
        }
        let epoch = self.fabric.epoch;
        let composed = match self.tables[port.index()].hit(&key, epoch, now) {
            Some(place) => self.tables[port.index()].composed_mut(place).ok_or(Reason::FlowTableFull)?,
            None => self.compose(port, key, meta, now)?,
        };
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
        meta.subnet = composed.subnet;
        Ok(composed)
    }

    /// The slow path: asks the stages and keeps the answer.
    #[cold]
    fn compose(&mut self, id: PortId, key: Key, meta: &Meta, now: Nanos) -> Result<&mut Composed, Reason> {
        let fabric = self.fabric.clone();
        let Some(port) = fabric.port(id) else { return Err(Reason::PortDeleted) };
        let known = self.tables[id.index()].known(&key, now);
        let cut = known.and_then(|_| self.revise(port, key, meta, now));
        let table = &self.tables[id.index()];
        let view = View { fabric: &fabric, health: &self.health, table, now, pass: self.pass_policies };
        let decision = if let Some(decision) = cut {
            decision
        } else if key.leaving {
            leave::decide(&view, port, key, meta, known)
        } else {
            arrive::decide(&view, port, key, meta, known)
        };
        self.tables[id.index()].keep(key, decision, fabric.epoch, now)
    }

    /// Holds a known connection against changed rules where that is due; gives what becomes of its packet when they cut
    /// it, or did so before.
    fn revise(&mut self, port: &Port, key: Key, meta: &Meta, now: Nanos) -> Option<Decision> {
        let fabric = self.fabric.clone();
        let table = &self.tables[port.id.index()];
        let view = View { fabric: &fabric, health: &self.health, table, now, pass: self.pass_policies };
        let Some(opener) = table.to_revise(&key) else {
            return table.cut(&key).map(|reason| revise::cut(&view, key, meta, reason));
        };
        let decision = revise::decide(&view, port, key, opener, meta);
        let cut = if let Act::Drop(reason) = decision.act { Some(reason) } else { None };
        self.tables[port.id.index()].revised(&key, cut);
        cut.map(|_| decision)
    }
}

/// The largest segment that ends are told to send through a gateway, in bytes.
const TUNNEL_MSS: u16 = 1350;

/// Rule `gateway-segment-size`: a gateway lowers the segment size that TCP ends agree on to 1,350 bytes. Source:
/// azure-dataplane 5.3.
fn clamp(header: &mut Header) {
    header.tcp.mss = header.tcp.mss.map(|mss| mss.min(TUNNEL_MSS));
}
