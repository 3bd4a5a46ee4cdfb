//! A line with delay, loss and reordering between two end points, and a clock of whole nanoseconds.

use super::super::*;
use super::Fate;
use crate::net::{Protocol, Tuple};
use std::collections::BTreeMap;

pub const MS: u64 = 1_000_000;

pub fn client(six: bool) -> Settings {
    let (near, far) = addresses(six);
    Settings::new((near, 50_000), (far, 22), 1)
}

pub fn server(six: bool) -> Settings {
    let (near, far) = addresses(six);
    Settings::new((far, 22), (near, 50_000), 2)
}

fn addresses(six: bool) -> (Addr, Addr) {
    if six {
        ("fd00::4".parse().unwrap(), "fd00::5".parse().unwrap())
    } else {
        (Addr::v4(10, 0, 0, 4), Addr::v4(10, 0, 1, 5))
    }
}

pub fn tuple(settings: &Settings) -> Tuple {
    let ((src, src_port), (dst, dst_port)) = (settings.local, settings.remote);
    Tuple { src, dst, src_port, dst_port, protocol: Protocol::TCP }
}

/// A segment as it was put on the wire.
pub struct Sent {
    pub at: Nanos,
    pub from: usize,
    pub header: Header,
    pub len: usize,
}

pub struct Line {
    pub now: Nanos,
    pub ends: [Smoltcp; 2],
    pub log: Vec<Sent>,
    pub fates: [Fate; 2],
    /// Whether to lose a segment, by who sent it and the length of its payload.
    pub drop: fn(usize, usize) -> bool,
    /// Nobody listens at the server.
    pub closed_port: bool,
    one_way: Nanos,
    /// By arrival and order of sending: the receiver, and the segment.
    flying: BTreeMap<(Nanos, usize), (usize, Header, Bytes)>,
    sent: [usize; 2],
}

impl Line {
    pub fn new(client: Settings, server: Settings, one_way: Nanos) -> Self {
        let ends = [Smoltcp::connect(&client, Nanos::ZERO).unwrap(), Smoltcp::accept(&server, Nanos::ZERO).unwrap()];
        let fair = || Fate { lost: Vec::new(), late_us: Vec::new() };
        Self {
            now: Nanos::ZERO,
            ends,
            log: Vec::new(),
            fates: [fair(), fair()],
            drop: |_, _| false,
            closed_port: false,
            one_way,
            flying: BTreeMap::new(),
            sent: [0, 0],
        }
    }

    /// The same with the handshake done.
    pub fn opened(client: Settings, server: Settings, one_way: Nanos) -> Self {
        let mut line = Self::new(client, server, one_way);
        line.run_until(Nanos(3 * one_way.0));
        assert!(line.ends.iter().all(|end| end.state() == State::Open));
        line
    }

    /// Plays everything that happens up to and at `until`.
    pub fn run_until(&mut self, until: Nanos) {
        self.settle();
        while self.next().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = until;
        self.settle();
    }

    /// Goes on to the next thing that happens; a second when nothing will.
    pub fn step(&mut self) {
        self.settle();
        self.now = self.next().unwrap_or(self.now + Nanos::secs(1));
        while let Some(first) = self.flying.first_entry().filter(|first| first.key().0 <= self.now) {
            let (to, header, payload) = first.remove();
            self.deliver(to, &header, &payload);
        }
        self.settle();
    }

    fn deliver(&mut self, to: usize, header: &Header, payload: &Bytes) {
        if to == 1 && self.closed_port {
            let answer = refusal(header, payload.len(), 64);
            answer.into_iter().for_each(|header| self.launch(1, header, Bytes::new()));
            return;
        }
        self.ends[to].arrive(self.now, header, payload);
        self.collect(to);
    }

    /// When the next segment arrives or the next timer ends.
    fn next(&mut self) -> Option<Nanos> {
        let arrival = self.flying.keys().next().map(|key| key.0);
        let timers = self.ends.each_mut().map(|end| end.wake_at(self.now));
        timers.into_iter().chain([arrival]).flatten().min()
    }

    /// Polls both ends now; then neither may want to be polled before later.
    fn settle(&mut self) {
        for side in 0..2 {
            self.ends[side].poll(self.now);
            self.collect(side);
            let wake = self.ends[side].wake_at(self.now);
            assert!(wake.is_none_or(|at| at > self.now), "end {side} spins at {}", self.now);
        }
    }

    fn collect(&mut self, side: usize) {
        while let Some((header, payload)) = self.ends[side].next_segment() {
            self.launch(side, header, payload);
        }
    }

    fn launch(&mut self, from: usize, header: Header, payload: Bytes) {
        let nth = self.sent[from];
        self.sent[from] += 1;
        self.log.push(Sent { at: self.now, from, header, len: payload.len() });
        let fate = &self.fates[from];
        if (self.drop)(from, payload.len()) || fate.lost.get(nth).copied().unwrap_or(false) {
            return;
        }
        let late = Nanos::micros(fate.late_us.get(nth).copied().unwrap_or(0));
        self.flying.insert((self.now + self.one_way + late, self.log.len()), (1 - from, header, payload));
    }
}
