//! A connection as one port remembers it: its two directions, how far TCP has come, how long it is kept, and what becomes
//! of packets that come too late.

use super::flow::Key;
use crate::id::{FlowId, PortId};
use crate::net::{Flags, Header, Protocol, TcpHeader, Tuple};
use crate::stage::Reason;
use crate::stage::idle::{Expiry, Lifetime, Silence};
use crate::time::Nanos;

/// One direction of a connection at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Something else that nobody may have beside it: a port of UDP towards one address.
    pub claim: Option<Key>,
    /// How long it is kept.
    pub lifetime: Lifetime,
}

/// How far a connection has come. What is not TCP is open from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Open,
    /// Closed by both sides, or by a reset.
    Closed {
        at: Nanos,
        reset: bool,
    },
}

/// A connection.
#[derive(Clone, Debug)]
pub struct Conn {
    /// The opener's direction.
    pub forward: Half,
    /// The other one, if it passes this port.
    pub reverse: Option<Half>,
    /// What it holds besides.
    pub claim: Option<Key>,
    /// When a packet of it was last seen.
    pub last_seen: Nanos,
    /// Counts the connections of the table.
    pub number: u64,
    /// The simulated flow it belongs to.
    pub flow: Option<FlowId>,
    /// Rules that count for flows under way were changed since it was last held against them.
    pub revise: bool,
    /// Such rules deny it.
    pub cut: Option<Reason>,
    lifetime: Lifetime,
    /// Silence up to which it is neither over nor asked about again, in this phase.
    fresh: Nanos,
    phase: Phase,
    /// Which sides have closed: 1 the opener, 2 the other.
    closed: u8,
    /// The sequence numbers that the two receivers expect next: of what the opener sends, and of what it gets.
    expected: (u32, u32),
}

impl Conn {
    /// A connection whose first packet is under way.
    pub fn new(state: &NewConn, number: u64, flow: Option<FlowId>, now: Nanos) -> Self {
        let tcp = state.forward.key.tuple.protocol == Protocol::TCP;
        let mut conn = Self {
            forward: state.forward,
            reverse: state.reverse,
            claim: state.claim,
            last_seen: now,
            number,
            flow,
            revise: false,
            cut: None,
            lifetime: state.lifetime,
            fresh: Nanos::default(),
            phase: Phase::Open,
            closed: 0,
            expected: (0, 0),
        };
        conn.enter(if tcp { Phase::Opening } else { Phase::Open });
        conn
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.fresh = self.idle().min(self.lifetime.record);
    }

    /// What it answers to, and whether its opener's packets come so.
    pub fn keys(&self) -> impl Iterator<Item = (Key, bool)> + use<> {
        let others = [self.reverse.map(|half| half.key), self.claim].into_iter().flatten();
        std::iter::once((self.forward.key, true)).chain(others.map(|key| (key, false)))
    }

    /// Notes a packet: the time, and how far TCP has come.
    #[inline]
    pub fn note(&mut self, header: &Header, payload: usize, forward: bool, now: Nanos) {
        self.last_seen = now;
        if self.lifetime.expiry != Expiry::Forget && header.tuple.protocol == Protocol::TCP {
            self.follow(header, payload, forward, now);
        }
    }

    fn follow(&mut self, header: &Header, payload: usize, forward: bool, now: Nanos) {
        let tcp = &header.tcp;
        let marks = u32::from(tcp.flags.has(Flags::SYN)) + u32::from(tcp.flags.has(Flags::FIN));
        // Lengths are below 2^16; sequence numbers wrap.
        let next = tcp.seq.wrapping_add(payload as u32).wrapping_add(marks);
        let (sent, got) = if forward {
            (&mut self.expected.0, &mut self.expected.1)
        } else {
            (&mut self.expected.1, &mut self.expected.0)
        };
        *sent = next;
        if tcp.flags.has(Flags::ACK) {
            *got = tcp.ack;
        }
        if tcp.flags.has(Flags::RST) {
            return self.enter(Phase::Closed { at: now, reset: true });
        }
        if forward && self.phase == Phase::Opening && tcp.flags.has(Flags::ACK) && !tcp.flags.has(Flags::SYN) {
            self.enter(Phase::Open);
        }
        if tcp.flags.has(Flags::FIN) {
            self.closed |= if forward { 1 } else { 2 };
        }
        // Where answers pass by elsewhere the opener's word has to do.
        if (self.closed == 3 || (self.closed == 1 && self.reverse.is_none())) && self.is_open() {
            self.enter(Phase::Closed { at: now, reset: false });
        }
    }

    /// Whether TCP has opened, and not closed since.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether both sides have closed it, or one has reset it.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed { .. })
    }

    /// The last instant at which it is remembered, if nothing comes.
    pub fn deadline(&self) -> Nanos {
        Nanos(self.last_seen.0.saturating_add(self.idle().0))
    }

    fn idle(&self) -> Nanos {
        if self.phase == Phase::Opening { self.lifetime.half_open } else { self.lifetime.idle }
    }

    /// Whether it is remembered, and its rules need not be asked: both questions below in one.
    #[inline]
    pub fn is_fresh(&self, now: Nanos) -> bool {
        now.since(self.last_seen) <= self.fresh
    }

    /// Whether rules need not be asked.
    pub fn is_recorded(&self, now: Nanos) -> bool {
        now.since(self.last_seen) <= self.lifetime.record
    }

    /// Whether it was silent for too long.
    pub fn is_over(&self, now: Nanos) -> bool {
        now > self.deadline()
    }

    /// That it was silent for too long.
    pub fn silence(&self) -> Silence {
        Silence { keeper: self.lifetime.keeper, after: self.idle() }
    }

    /// What becomes of it then.
    pub fn expiry(&self) -> Expiry {
        self.lifetime.expiry
    }

    /// Whether what it holds may be given to another.
    pub fn is_free(&self, now: Nanos) -> bool {
        let hold = self.lifetime.hold;
        let since = |at: Nanos, hold: Nanos| now.0 > at.0.saturating_add(hold.0);
        match self.phase {
            Phase::Closed { at, reset } => since(at, if reset { hold.rst } else { hold.fin }),
            _ if self.forward.key.tuple.protocol == Protocol::UDP => since(self.deadline(), hold.udp),
            _ => self.is_over(now),
        }
    }

    /// Resets for its opener and for its other end, in the sequence numbers that they expect.
    pub fn resets(&self) -> [Header; 2] {
        let reset = |tuple: Tuple, seq: u32| {
            let tcp = TcpHeader { seq, flags: Flags::RST, ..TcpHeader::default() };
            Header::tcp(tuple, 64, tcp)
        };
        [reset(self.forward.key.tuple.reversed(), self.expected.1), reset(self.forward.to, self.expected.0)]
    }
}
