//! Captures as each machine of a run would have made them: one file per NIC, per host on the Internet, per VNet platform.
//!
//! A packet that a machine sends stands in its file as the machine made it, before anything rewrites it; one that reaches
//! it as it came out of the last rewriting (azure-dataplane 6.9, 6.10). What the network drops before a machine is not in
//! that machine's file: the sender's file says so in a comment. Comments say what the bytes of a segment are in the
//! clear, as the programs labelled them.

use super::file::{Record, Written};
use super::label::Labels;
use super::tap::{Tap, Taps};
use crate::observe::describe;
use crate::observe::names::{Names, PortName};
use sim_core::engine::{Event, Observer};
use sim_core::id::PortId;
use sim_core::net::{Header, Packet, Protocol, Tuple};
use sim_core::plane::{Act, Answer};
use sim_core::stage::Reason;
use sim_core::time::Nanos;
use sim_core::topology::Topology;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

/// When runs start as far as captures are concerned: 2026-01-01 00:00:00 UTC, in nanoseconds since 1970. A constant, so
/// that the same run has the same bytes.
pub const EPOCH_NS: u64 = 1_767_225_600_000_000_000;

/// A capture could not be written.
#[derive(Debug, thiserror::Error)]
#[error("capture {file}: {source}")]
pub struct CaptureError {
    /// The file.
    pub file: String,
    /// What the system said.
    pub source: io::Error,
}

/// Captures of a run.
pub struct Capture {
    taps: Taps,
    names: Names,
    labels: Labels,
    /// By number: packets that a machine sent and whose fate is open.
    under_way: BTreeMap<u64, UnderWay>,
    /// A packet that came for a machine, until the next event tells whether the machine was up.
    arrived: Option<Arrived>,
}

/// A packet on its way, and where its sender's record of it waits.
struct UnderWay {
    file: usize,
    number: u64,
    at: Nanos,
    tuple: Tuple,
    from: Arc<str>,
    label: Option<Arc<str>>,
}

struct Arrived {
    at: Nanos,
    port: PortId,
    name: PortName,
    tap: Option<Tap>,
    packet: Packet,
}

impl Capture {
    /// Captures into what `make` gives for a file's name. It is asked once for each, when the first packet comes.
    pub fn new(make: impl FnMut(&str) -> io::Result<Box<dyn Write>> + 'static) -> Self {
        Self {
            taps: Taps::new(Box::new(make)),
            names: Names::default(),
            labels: Labels::default(),
            under_way: BTreeMap::new(),
            arrived: None,
        }
    }

    /// Writes what still waits, ends all files and says what is in them, in the order of their first packets.
    ///
    /// # Errors
    /// The first thing that went wrong since the start. The other files are complete.
    pub fn finish(mut self) -> Result<Vec<Written>, CaptureError> {
        if let Some(arrived) = self.arrived.take() {
            self.take_in(arrived, None);
        }
        self.taps.finish()
    }

    /// A packet leaves a port as its machine made it, or passed it on.
    fn leaves(&mut self, at: Nanos, port: PortId, packet: &Packet, tuple: Tuple, topology: &Topology) {
        let Some(tap) = self.taps.at(port, topology) else { return };
        let header = Header { tuple, ..packet.header };
        let label = match self.under_way.remove(&packet.id) {
            Some(passed_on) => passed_on.label,
            None if tuple.protocol == Protocol::TCP => {
                self.labels.leaves(at, (tap.machine, tuple), &header.tcp, packet.payload.len())
            }
            None => None,
        };
        let from = self.names.port(port, topology).full;
        let record = Record { at, header, payload: packet.payload.clone(), label: label.clone(), fate: None };
        if let Some(number) = self.taps.push(tap.file, record) {
            self.under_way.insert(packet.id, UnderWay { file: tap.file, number, at, tuple, from, label });
        }
    }

    /// A packet came for a machine. The NIC has it, unless the machine was down; `end` says why it got no further.
    fn take_in(&mut self, arrived: Arrived, end: Option<Reason>) {
        let Arrived { at, name, tap, packet, .. } = arrived;
        let (Some(tap), false) = (tap, end == Some(Reason::MachineDown)) else {
            return self.ends(packet.id, lost_at(&name.short, Reason::MachineDown));
        };
        let tuple = packet.header.tuple;
        if tuple.protocol == Protocol::TCP {
            self.labels.acknowledged(at, (tap.machine, tuple.reversed()), &packet.header.tcp);
        }
        let mut whence = String::new();
        let mut label = None;
        if let Some(sent) = self.under_way.get(&packet.id) {
            let (after, renamed) = (at.since(sent.at), sent.tuple != tuple);
            whence = format!("from {}, {after} ago", sent.from);
            let mut fate = format!("delivered to {} after {after}", name.full);
            if renamed {
                whence += &format!(", sent as {}", sent.tuple);
                fate += &format!(" as {tuple}");
            }
            label = sent.label.clone();
            self.taps.settle(sent.file, sent.number, fate);
        }
        if let Some(reason) = end {
            whence += &format!("; goes no further: {} [{reason}]", describe::reason(reason));
        }
        let Packet { header, payload, .. } = packet;
        self.taps.push(tap.file, Record { at, header, payload, label, fate: Some(whence) });
    }

    /// Nothing more happens to a packet.
    fn ends(&mut self, packet: u64, fate: String) {
        if let Some(sent) = self.under_way.remove(&packet) {
            self.taps.settle(sent.file, sent.number, fate);
        }
    }

    /// What the event before left open. Says whether this event was about nothing else.
    fn settle_arrival(&mut self, event: &Event<'_>) -> bool {
        let Some(arrived) = self.arrived.take() else { return false };
        let id = arrived.packet.id;
        let end = match event {
            Event::Lost { port, packet, reason } if packet.id == id && *port == arrived.port => Some(*reason),
            _ => None,
        };
        self.take_in(arrived, end);
        let passed_on = matches!(event, Event::Hop { leaving: true, packet, .. } if packet.id == id);
        if !passed_on {
            self.under_way.remove(&id);
        }
        end.is_some()
    }
}

impl Observer for Capture {
    fn see(&mut self, at: Nanos, event: &Event<'_>, topology: &Topology) {
        self.names.see(event);
        if self.settle_arrival(event) {
            return;
        }
        match *event {
            Event::Hop { port, leaving, packet, before, act, steps } => {
                if leaving {
                    self.leaves(at, port, packet, before, topology);
                }
                match act {
                    Act::Deliver => {
                        let (name, tap) = (self.names.port(port, topology), self.taps.at(port, topology));
                        self.arrived = Some(Arrived { at, port, name, tap, packet: packet.clone() });
                    }
                    Act::Drop(reason) => {
                        let place = self.names.port(port, topology).short;
                        let why = describe::blocker(reason, steps, topology).text;
                        self.ends(packet.id, format!("dropped at {place}: {why} [{reason}]"));
                    }
                    Act::Answer(answer) => {
                        let place = self.names.port(port, topology).short;
                        let what = match answer {
                            Answer::Echo => "an echo reply",
                            Answer::Unreachable => "host unreachable",
                            Answer::Reset => "a reset",
                        };
                        self.ends(packet.id, format!("answered at {place} by the platform with {what}"));
                    }
                    Act::Forward { .. } => {}
                }
            }
            Event::Lost { port, packet, reason } => {
                // A port whose flow table is full loses a packet before anything else is said of it.
                if !self.under_way.contains_key(&packet.id) {
                    self.leaves(at, port, packet, packet.header.tuple, topology);
                }
                let place = self.names.port(port, topology).short;
                self.ends(packet.id, lost_at(&place, reason));
            }
            Event::Wrote { machine, conn, offset, length, label, .. } => {
                self.labels.wrote(at, (machine, conn), offset, length, label);
            }
            Event::Put { .. } | Event::Deleted { .. } => self.taps.look_again(),
            _ => {}
        }
    }
}

fn lost_at(place: &str, reason: Reason) -> String {
    match reason {
        Reason::Lost => format!("lost on the way from {place} [{reason}]"),
        _ => format!("dropped at {place}: {} [{reason}]", describe::reason(reason)),
    }
}
