//! Flow tables: what a port remembers of connections, and what it has composed for their packets.
//!
//! Two things, kept apart. *Connection state* belongs to the stages (security record, balancer pin, translation), has an
//! idle timer and survives a new version of the fabric. A *composed entry* is only a cache: a new version makes it stale,
//! and the next packet recomposes it through the surviving state and today's routes.

use super::conn::{Conn, Half, NewConn};
use super::decision::{Composed, Decision};
use crate::id::FlowId;
use crate::net::{Flags, Gateway, Header, Meta, Protocol, Tuple};
use crate::stage::Reason;
use crate::stage::idle::{Expiry, Silence};
use crate::time::Nanos;
use hashbrown::HashMap;

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

/// Marks the scope of a packet that comes back from an appliance.
pub const SEEN: u32 = 1 << 31;

/// The scope of a packet with this metadata.
#[must_use]
pub fn scope(meta: &Meta) -> u32 {
    let link = meta.private_link.or(meta.subnet).map_or(NO_SCOPE, |link| link.0);
    // A packet that comes back from an appliance is another one than it was.
    if matches!(meta.gateway, Some(Gateway::Seen { .. })) { link ^ SEEN } else { link }
}

/// A packet as a table sees it.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// Its header, as it came.
    pub header: &'a Header,
    /// Bytes of its payload.
    pub payload: usize,
    /// The simulated flow it belongs to.
    pub flow: Option<FlowId>,
    /// The time.
    pub now: Nanos,
}

impl Sighting<'_> {
    /// Whether it may open a connection: all but TCP that acknowledges something.
    pub fn opens(&self) -> bool {
        self.header.tuple.protocol != Protocol::TCP || !self.header.tcp.flags.has(Flags::ACK)
    }
}

/// What a port knows of the connection that a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Not,
    /// Where it goes.
    As {
        /// What becomes of its packets in this direction.
        half: Half,
        /// Whether the opener sends it.
        forward: bool,
        /// Whether rules need not be asked.
        recorded: bool,
    },
    /// That it was silent for too long.
    Over {
        /// Whether whoever still sends is told so, by a reset.
        told: bool,
        /// How long that was, in whose memory.
        silence: Silence,
    },
}

impl Known {
    /// Where it goes, if it is known.
    pub fn half(&self) -> Option<Half> {
        if let Self::As { half, .. } = self { Some(*half) } else { None }
    }

    /// Whether it is a connection whose rules need not be asked again.
    pub fn is_recorded(&self) -> bool {
        matches!(self, Self::As { recorded: true, .. })
    }
}

/// A connection of a table whose end somebody has to watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Its place.
    pub place: u32,
    /// Which of those that had this place.
    pub number: u64,
    /// The last instant of its life, as things stand.
    pub deadline: Nanos,
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
    opened: u64,
}

/// What the table knows of a key: its composed entry, or only that it belongs to a connection.
#[derive(Clone, Copy)]
struct Slot {
    composed: u32,
    conn: Option<(u32, bool)>,
}

pub(super) const NOT_COMPOSED: u32 = u32::MAX;
/// The version of entries that no version has: they are composed anew.
pub const STALE: u32 = u32::MAX;

impl FlowTable {
    /// Where the composed entry for `key` stands, when it is there, of this version, and its connection alive. Notes the
    /// sighting.
    #[inline]
    pub fn hit(&mut self, key: &Key, epoch: u32, seen: &Sighting<'_>) -> Option<u32> {
        let slot = *self.entries.get(key)?;
        if self.composed.get(slot.composed as usize)?.epoch != epoch {
            return None;
        }
        if let Some((conn, forward)) = slot.conn {
            let conn = self.conns.get_mut(conn as usize)?.as_mut()?;
            if !conn.is_fresh(seen.now) || (conn.is_closed() && seen.opens()) {
                return None;
            }
            conn.note(seen.header, seen.payload, forward, seen.now);
        }
        Some(slot.composed)
    }

    /// A composed entry by its place.
    #[inline]
    pub fn composed_mut(&mut self, place: u32) -> Option<&mut Composed> {
        self.composed.get_mut(place as usize)
    }

    /// The state of the connection that `key` belongs to. Forgets it if it is over and nobody has to know, or if the
    /// packet opens another one in its place.
    ///
    /// Rule `nsg-known-flows`: a flow that was let in or out needs no rule for its answers, and keeps passing when
    /// rules change. Source: azure-dataplane 1.4.
    pub fn known(&mut self, key: &Key, seen: &Sighting<'_>) -> Known {
        let Some((index, forward)) = self.entries.get(key).and_then(|slot| slot.conn) else { return Known::Not };
        let Some(conn) = self.conns.get(index as usize).and_then(Option::as_ref) else { return Known::Not };
        let over = conn.is_over(seen.now);
        let reset = seen.header.tcp.flags.has(Flags::RST);
        if (over && conn.expiry() == Expiry::Forget) || ((over || conn.is_closed()) && seen.opens() && !reset) {
            if conn.is_free(seen.now) {
                self.forget(index);
            } else if let Some(slot) = self.entries.get_mut(key).filter(|_| forward) {
                // What it held stays taken for a while; its opener begins anew.
                slot.conn = None;
            }
            return Known::Not;
        }
        if over && !reset {
            let told = matches!(conn.expiry(), Expiry::Reset | Expiry::ResetBoth) && conn.is_open();
            return Known::Over { told, silence: conn.silence() };
        }
        let half = if forward { Some(conn.forward) } else { conn.reverse };
        let recorded = conn.is_recorded(seen.now);
        half.map_or(Known::Not, |half| Known::As { half, forward, recorded })
    }

    /// Has every connection held against today's rules at its next packet.
    pub fn revise(&mut self) {
        self.conns.iter_mut().flatten().for_each(|conn| conn.revise = true);
    }

    /// The opener's direction of the connection that `key` belongs to, when it is to be held against today's rules.
    pub fn to_revise(&self, key: &Key) -> Option<Half> {
        self.conn(key).filter(|conn| conn.revise).map(|conn| conn.forward)
    }

    /// Notes what today's rules say of a connection.
    pub fn revised(&mut self, key: &Key, cut: Option<Reason>) {
        let Some((index, _)) = self.entries.get(key).and_then(|slot| slot.conn) else { return };
        if let Some(conn) = self.conns.get_mut(index as usize).and_then(Option::as_mut) {
            (conn.revise, conn.cut) = (false, cut);
        }
    }

    /// Why the connection that `key` belongs to is cut, if it is.
    pub fn cut(&self, key: &Key) -> Option<Reason> {
        self.conn(key)?.cut
    }

    fn conn(&self, key: &Key) -> Option<&Conn> {
        let (index, _) = self.entries.get(key)?.conn?;
        self.conns.get(index as usize)?.as_ref()
    }

    /// Whether a key is free for a new translation to answer to.
    #[must_use]
    pub fn is_free(&self, key: &Key, now: Nanos) -> bool {
        self.conn(key).is_none_or(|conn| conn.is_free(now))
    }

    /// Connections that are alive.
    pub fn alive(&self, now: Nanos) -> impl Iterator<Item = &Conn> {
        self.conns.iter().flatten().filter(move |conn| !conn.is_over(now) && !conn.is_closed())
    }

    /// Forgets the connections that are over and that nobody will miss; gives how many others there are whose rules would
    /// not be asked again.
    pub fn sweep(&mut self, now: Nanos) -> usize {
        let mut alive = 0;
        for index in 0..self.conns.len() {
            let Some(conn) = &self.conns[index] else { continue };
            if conn.is_over(now) && conn.is_free(now) && conn.expiry() == Expiry::Forget {
                self.forget(index as u32);
            } else {
                alive += usize::from(!conn.is_over(now) && conn.is_recorded(now));
            }
        }
        alive
    }

    /// Keeps a decision for `key`, and its state; gives that too where its end has to be watched. Fails when the table is
    /// full.
    pub fn keep(
        &mut self,
        key: Key,
        decision: Decision,
        epoch: u32,
        seen: &Sighting<'_>,
    ) -> Result<(&mut Composed, Option<Watched>), Reason> {
        if self.entries.len() >= TABLE_LIMIT && !self.entries.contains_key(&key) {
            return Err(Reason::FlowTableFull);
        }
        let Decision { mut composed, state, once } = decision;
        let watched = state.and_then(|state| self.open(&state, seen));
        let slot = self.entries.entry(key).or_insert(Slot { composed: NOT_COMPOSED, conn: None });
        if let Some((index, forward)) = slot.conn
            && let Some(conn) = self.conns[index as usize].as_mut().filter(|_| !once)
        {
            conn.note(seen.header, seen.payload, forward, seen.now);
        }
        composed.epoch = if once { STALE } else { epoch };
        if slot.composed == NOT_COMPOSED {
            slot.composed = u32::try_from(self.composed.len()).unwrap_or(NOT_COMPOSED);
            composed.entry = slot.composed;
            self.composed.push(composed);
        } else {
            composed.entry = slot.composed;
            self.composed[slot.composed as usize] = composed;
        }
        let place = slot.composed as usize;
        self.composed.get_mut(place).map(|composed| (composed, watched)).ok_or(Reason::FlowTableFull)
    }

    fn open(&mut self, state: &NewConn, seen: &Sighting<'_>) -> Option<Watched> {
        self.opened += 1;
        let conn = Conn::new(state, self.opened, seen.flow, seen.now);
        let keys = conn.keys();
        // One in whose place this one comes is gone.
        for (key, _) in conn.keys() {
            if let Some((index, _)) = self.entries.get(&key).and_then(|slot| slot.conn) {
                self.forget(index);
            }
        }
        let watched = (conn.expiry() == Expiry::ResetBoth).then_some((self.opened, conn.deadline()));
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
        for (key, forward) in keys {
            let slot = self.entries.entry(key).or_insert(Slot { composed: NOT_COMPOSED, conn: None });
            slot.conn = Some((index, forward));
            // What was composed for this key before belongs to no connection, or to a dead one.
            if let Some(composed) = self.composed.get_mut(slot.composed as usize) {
                composed.epoch = STALE;
            }
        }
        watched.map(|(number, deadline)| Watched { place: index, number, deadline })
    }

    /// Looks after a connection whose time may have come: itself when it has, or when to look again.
    pub fn watch(&self, watched: Watched, now: Nanos) -> Result<&Conn, Option<Watched>> {
        let conn = self.conns.get(watched.place as usize).and_then(Option::as_ref);
        let conn = conn.filter(|conn| conn.number == watched.number && !conn.is_closed()).ok_or(None)?;
        if conn.is_over(now) { Ok(conn) } else { Err(Some(Watched { deadline: conn.deadline(), ..watched })) }
    }

    fn forget(&mut self, index: u32) {
        let Some(conn) = self.conns.get_mut(index as usize).and_then(Option::take) else { return };
        for (key, _) in conn.keys() {
            let Some(slot) = self.entries.get_mut(&key) else { continue };
            if slot.conn.is_some_and(|(held, _)| held == index) {
                slot.conn = None;
                if let Some(composed) = self.composed.get_mut(slot.composed as usize) {
                    composed.epoch = STALE;
                }
            }
        }
        self.free.push(index);
    }
}
