//! Links: the way from one port to another, as a queue of packets under way.

use crate::fabric::{LinkClass, LinkProfile};
use crate::id::PortId;
use crate::time::Nanos;
use rand::RngExt;
use rand_pcg::Pcg64;
use std::collections::VecDeque;

/// The way from one port to another. Packets never overtake each other on it.
pub(super) struct Link {
    pub from: PortId,
    pub to: PortId,
    pub class: LinkClass,
    profile: LinkProfile,
    rng: Pcg64,
    last_arrival: Nanos,
    /// Packets under way with their arrival, by number in the engine's store.
    under_way: VecDeque<(Nanos, u32)>,
}

impl Link {
    pub fn new(from: PortId, to: PortId, class: LinkClass, profile: LinkProfile, seed: u64) -> Self {
        // One stream for each link, by who it joins: what else happens in the run does not shift its draws.
        let stream = (u128::from(from.0) << 64) | (u128::from(to.0) << 8) | class as u128;
        let rng = Pcg64::new(u128::from(seed), stream);
        Self { from, to, class, profile, rng, last_arrival: Nanos::ZERO, under_way: VecDeque::new() }
    }

    /// Sends a packet that is fully out at `departure`. Gives its arrival when it is now the first under way. `None`
    /// inside means that it was lost.
    pub fn send(&mut self, departure: Nanos, packet: u32) -> Sent {
        if self.profile.loss_ppm > 0 && self.rng.random_range(0..1_000_000) < self.profile.loss_ppm {
            return Sent::Lost;
        }
        let arrival = (departure + self.profile.delay + self.jitter()).max(self.last_arrival);
        self.last_arrival = arrival;
        self.under_way.push_back((arrival, packet));
        if self.under_way.len() == 1 { Sent::First(arrival) } else { Sent::Behind }
    }

    fn jitter(&mut self) -> Nanos {
        let spread = self.profile.spread;
        let mut draw = |most: Nanos| if most.0 == 0 { 0 } else { self.rng.random_range(0..=most.0) };
        let mut extra = draw(spread.mean) + draw(spread.mean);
        if spread.tail_ppm > 0 && draw(Nanos(999_999)) < u64::from(spread.tail_ppm) {
            extra += draw(spread.tail);
        }
        Nanos(extra)
    }

    /// The packet that arrives now, and when the next one does.
    pub fn arrive(&mut self) -> Option<(u32, Option<Nanos>)> {
        let (_, packet) = self.under_way.pop_front()?;
        Some((packet, self.under_way.front().map(|(at, _)| *at)))
    }
}

/// What became of a packet that was sent.
pub(super) enum Sent {
    /// It is the only one under way and arrives then.
    First(Nanos),
    /// It follows others.
    Behind,
    /// It was lost.
    Lost,
}

/// What caps a machine's sending: all its NICs share one rate (azure-dataplane 5.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Shaper {
    bits_per_second: Option<u64>,
    free_at: Nanos,
}

/// How long a packet may wait at the cap before it is dropped instead. Assumption `egress-queue`: Azure does not publish
/// how it queues.
const LONGEST_WAIT: Nanos = Nanos::millis(100);

impl Shaper {
    pub const fn new(bits_per_second: Option<u64>) -> Self {
        Self { bits_per_second, free_at: Nanos::ZERO }
    }

    /// Another cap, from now on.
    pub fn set_rate(&mut self, bits_per_second: Option<u64>) {
        self.bits_per_second = bits_per_second;
    }

    /// When a packet of `bytes` that is handed over now is fully out. `None`: the queue is full.
    #[inline]
    pub fn send(&mut self, now: Nanos, bytes: usize) -> Option<Nanos> {
        let Some(rate) = self.bits_per_second else { return Some(now) };
        let start = self.free_at.max(now);
        if start.since(now) > LONGEST_WAIT {
            return None;
        }
        self.free_at = start + serialisation(bytes, rate);
        Some(self.free_at)
    }
}

/// How long `bytes` take at `rate` bits per second, rounded up to the nanosecond.
#[must_use]
pub fn serialisation(bytes: usize, rate: u64) -> Nanos {
    Nanos((bytes as u64 * 8 * 1_000_000_000).div_ceil(rate.max(1)))
}
