//! Flow tables: what a port remembers of connections, and what it has composed for their packets.
//!
//! Two things, kept apart. *Connection state* belongs to the stages (security record, balancer pin, translation), has an
//! idle timer and survives a new version of the fabric. A *composed entry* is only a cache: a new version makes it stale,
//! and the next packet recomposes it through the surviving state and today's routes.

use crate::fabric::LinkClass;
use crate::id::{LinkId, NodeId, PortId};
use crate::net::{Meta, Tuple, Via};
use crate::stage::{Reason, Step};
use crate::time::Nanos;
use hashbrown::HashMap;
use std::sync::Arc;

/// What names a flow at a port, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Addresses, ports, protocol, as the packet carries them when it comes to the port.
    pub tuple: Tuple,
    /// The private link it comes through, for address spaces may overlap across it; [`NO_SCOPE`] otherwise.
    pub scope: u32,
    /// Whether it leaves.
    pub leaving: bool,
}

/// The scope of a packet that is not on a private link.
pub const NO_SCOPE: u32 = u32::MAX;

/// The scope of a packet with this metadata.
#[must_use]
pub fn scope(meta: &Meta) -> u32 {
    meta.private_link.map_or(NO_SCOPE, |link| link.0)
}

/// What happens to a packet at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It goes on.
    Forward {
        /// Where to.
        to: PortId,
        /// By what kind of way.
        class: LinkClass,
    },
    /// It is for the machine here.
    Deliver,
    /// It ends here.
    Drop(Reason),
}

/// What a port does with the packets of a flow: the whole pipeline's answer in one place.
#[derive(Clone, Debug)]
pub struct Composed {
    /// Go on, deliver or drop.
    pub act: Act,
    /// The tuple after rewriting.
    pub tuple: Tuple,
    /// The private link it is on afterwards.
    pub private_link: Option<NodeId>,
    /// The frontend it came through, afterwards.
    pub via: Option<Via>,
    /// The link it takes, once known.
    pub link: Option<LinkId>,
    /// How it was decided.
    pub steps: Arc<[Step]>,
    /// The fabric's version it was composed under.
    epoch: u32,
}

/// One direction of a connection at a port.
#[derive(Clone, Copy, Debug)]
pub struct Half {
    /// How its packets come.
    pub key: Key,
    /// What their tuple becomes.
    pub to: Tuple,
    /// Where they go, when the state says so and not the routes.
    pub pin: Option<PortId>,
}

/// Connection state that a decision asks for.
#[derive(Clone, Copy, Debug)]
pub struct NewConn {
    /// The opener's direction.
    pub forward: Half,
    /// The other one, if it passes this port.
    pub reverse: Option<Half>,
    /// Silence after which it is forgotten.
    pub idle: Nanos,
}

/// A decision of the slow path.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Go on, deliver or drop.
    pub act: Act,
    /// The tuple after rewriting.
    pub tuple: Tuple,
    /// The private link it is on afterwards.
    pub private_link: Option<NodeId>,
    /// The frontend it came through, afterwards.
    pub via: Option<Via>,
    /// State to create.
    pub state: Option<NewConn>,
    /// How it was decided.
    pub steps: Vec<Step>,
}

struct Conn {
    forward: Half,
    reverse: Option<Half>,
    last_seen: Nanos,
    idle: Nanos,
}

/// Flows that one port may remember. azure-dataplane 5.2 gives large machines 1,000,000 connections, two flows each.
pub const TABLE_LIMIT: usize = 2_000_000;

/// The flows of one port.
#[derive(Default)]
pub struct FlowTable {
    entries: HashMap<Key, Slot, foldhash::fast::FixedState>,
    composed: Vec<Composed>,
    conns: Vec<Option<Conn>>,
    free: Vec<u32>,
}

/// What the table knows of a key: its composed entry, or only that it belongs to a connection.
#[derive(Clone, Copy)]
struct Slot {
    composed: u32,
    conn: Option<(u32, bool)>,
}

const NOT_COMPOSED: u32 = u32::MAX;

impl FlowTable {
    /// Where the composed entry for `key` stands, when it is there, of this version, and its connection alive. Notes the
    /// sighting.
    #[inline]
    pub fn hit(&mut self, key: &Key, epoch: u32, now: Nanos) -> Option<u32> {
        let slot = *self.entries.get(key)?;
        if self.composed.get(slot.composed as usize)?.epoch != epoch {
            return None;
        }
        if let Some((conn, _)) = slot.conn {
            let conn = self.conns.get_mut(conn as usize)?.as_mut()?;
            if now.since(conn.last_seen) > conn.idle {
                return None;
            }
            conn.last_seen = now;
        }
        Some(slot.composed)
    }

    /// A composed entry by its place.
    #[inline]
    pub fn composed_mut(&mut self, place: u32) -> Option<&mut Composed> {
        self.composed.get_mut(place as usize)
    }

    /// The composed entry for a key, whatever its age; no sighting.
    pub fn composed_at(&mut self, key: &Key) -> Option<&mut Composed> {
        let place = self.entries.get(key)?.composed;
        self.composed_mut(place)
    }

    /// The state of the connection that `key` belongs to; forgets it if it was silent too long.
    ///
    /// Rule `nsg-known-flows`: a flow that was let in or out needs no rule for its answers, and keeps passing when
    /// rules change. Source: azure-dataplane 1.4.
    pub fn known(&mut self, key: &Key, now: Nanos) -> Option<Half> {
        let (index, forward) = self.entries.get(key)?.conn?;
        let conn = self.conns.get(index as usize)?.as_ref()?;
        if now.since(conn.last_seen) > conn.idle {
            self.forget(index);
            return None;
        }
        if forward { Some(conn.forward) } else { conn.reverse }
    }

    /// Whether a key is free for a new translation to answer to.
    #[must_use]
    pub fn is_free(&self, key: &Key, now: Nanos) -> bool {
        let Some(Some((index, _))) = self.entries.get(key).map(|slot| slot.conn) else { return true };
        let conn = self.conns.get(index as usize).and_then(Option::as_ref);
        conn.is_none_or(|conn| now.since(conn.last_seen) > conn.idle)
    }

    /// Keeps a decision for `key`, and its state. Fails when the table is full.
    pub fn keep(&mut self, key: Key, decision: Decision, epoch: u32, now: Nanos) -> Result<&mut Composed, Reason> {
        if self.entries.len() >= TABLE_LIMIT && !self.entries.contains_key(&key) {
            return Err(Reason::FlowTableFull);
        }
        if let Some(state) = decision.state {
            self.open(state, now);
        }
        let slot = self.entries.entry(key).or_insert(Slot { composed: NOT_COMPOSED, conn: None });
        if let Some((index, _)) = slot.conn
            && let Some(conn) = self.conns[index as usize].as_mut()
        {
            conn.last_seen = now;
        }
        let composed = Composed {
            act: decision.act,
            tuple: decision.tuple,
            private_link: decision.private_link,
            via: decision.via,
            link: None,
            steps: decision.steps.into(),
            epoch,
        };
        if slot.composed == NOT_COMPOSED {
            slot.composed = u32::try_from(self.composed.len()).unwrap_or(NOT_COMPOSED);
            self.composed.push(composed);
        } else {
            self.composed[slot.composed as usize] = composed;
        }
        self.composed.get_mut(slot.composed as usize).ok_or(Reason::FlowTableFull)
    }

    fn open(&mut self, state: NewConn, now: Nanos) {
        let conn = Conn { forward: state.forward, reverse: state.reverse, last_seen: now, idle: state.idle };
        let index = match self.free.pop() {
            Some(index) => {
                self.conns[index as usize] = Some(conn);
                index
            }
            None => {
                self.conns.push(Some(conn));
                u32::try_from(self.conns.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let halves = [(Some(state.forward), true), (state.reverse, false)];
        for (half, forward) in halves {
            let Some(half) = half else { continue };
            let slot = self.entries.entry(half.key).or_insert(Slot { composed: NOT_COMPOSED, conn: None });
            slot.conn = Some((index, forward));
            // What was composed for this key before belongs to no connection, or to a dead one.
            if let Some(composed) = self.composed.get_mut(slot.composed as usize) {
                composed.epoch = u32::MAX;
            }
        }
    }

    fn forget(&mut self, index: u32) {
        let Some(conn) = self.conns.get_mut(index as usize).and_then(Option::take) else { return };
        for key in [Some(conn.forward.key), conn.reverse.map(|half| half.key)].into_iter().flatten() {
            let Some(slot) = self.entries.get_mut(&key) else { continue };
            if slot.conn.is_some_and(|(held, _)| held == index) {
                slot.conn = None;
                if let Some(composed) = self.composed.get_mut(slot.composed as usize) {
                    composed.epoch = u32::MAX;
                }
            }
        }
        self.free.push(index);
    }
}
