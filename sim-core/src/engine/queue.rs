//! What is due, in order of time. Equal times are ordered by class, origin and the origin's own counter, so the order
//! never depends on who put what in first.

use crate::id::{HostId, LinkId};
use crate::plane::Watch;
use crate::time::Nanos;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The packet at the head of a link arrives.
    Link(LinkId),
    /// A TCP end point wants to be polled. Stale when the generation has moved on.
    Poll { host: HostId, conn: u32, generation: u32 },
    /// A program's timer.
    Timer { host: HostId, program: u32, token: u64, boot: u32 },
    /// A machine goes down for so long.
    PowerOff { host: HostId, down: Nanos, boot: u32 },
    /// A machine comes up.
    PowerOn { host: HostId, boot: u32 },
    /// A change of the network takes effect.
    Apply(u32),
    /// The time of a connection that somebody watches may have come.
    Expire(Watch),
    /// An orchestrator's timer.
    Wake { orchestrator: u32, token: u64 },
}

impl Due {
    /// Class and origin: what orders events of one instant. Changes come before packets, packets before timers.
    fn rank(self) -> u64 {
        let (class, origin) = match self {
            Self::Apply(_) => (0, 0),
            Self::PowerOff { host, .. } | Self::PowerOn { host, .. } => (1, host.0),
            Self::Link(link) => (2, link.0),
            Self::Poll { host, .. } => (3, host.0),
            Self::Timer { host, .. } => (4, host.0),
            Self::Wake { orchestrator, .. } => (5, orchestrator),
            Self::Expire(watch) => (6, watch.port().0),
        };
        (class << 60) | u64::from(origin) << 28
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry {
    time: Nanos,
    rank: u64,
    due: Due,
}

impl Ord for Entry {
    /// Reversed: the standard heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.time, other.rank).cmp(&(self.time, self.rank))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The queue. Nothing is ever taken out of its middle: what has become stale is recognised by its generation.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Entry>,
    counter: u64,
}

impl Queue {
    /// Something is due at `time`.
    pub fn push(&mut self, time: Nanos, due: Due) {
        // A link has one entry at a time and a counter would not tell two apart; for the others the run's own order
        // does, which is itself a consequence of the order of events.
        self.counter = (self.counter + 1) & 0xfff_ffff;
        self.heap.push(Entry { time, rank: due.rank() | self.counter, due });
    }

    /// When the next thing is due.
    pub fn next_time(&self) -> Option<Nanos> {
        self.heap.peek().map(|entry| entry.time)
    }

    /// Whether the next thing is a change of the network at `time`.
    pub fn next_is_change_at(&self, time: Nanos) -> bool {
        self.heap.peek().is_some_and(|entry| entry.time == time && matches!(entry.due, Due::Apply(_)))
    }

    /// The next thing.
    pub fn pop(&mut self) -> Option<(Nanos, Due)> {
        self.heap.pop().map(|entry| (entry.time, entry.due))
    }
}
