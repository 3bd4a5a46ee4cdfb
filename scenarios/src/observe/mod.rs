//! Observers: they fold the engine's events into what people read.
//!
//! [`describe`], [`blocked`] and [`names`] turn what the engine says into words; [`trace`], [`counters`], [`evidence`] and [`inventory`] keep what a
//! run was like; captures stand in [`crate::pcap`]. [`Recorder`] is all of them at once.

pub mod blocked;
pub mod counters;
pub mod describe;
pub mod evidence;
pub mod inventory;
pub mod names;
pub mod trace;

use crate::pcap::Capture;
use counters::Counters;
use evidence::Evidence;
use inventory::Inventory;
use sim_core::engine::{Event, Observer};
use sim_core::time::Nanos;
use sim_core::topology::Topology;
use trace::Trace;

/// Everything that is kept of a run. With neither trace nor capture, a packet on its way costs a few additions and no
/// allocation.
#[derive(Default)]
pub struct Recorder {
    /// Packets hop by hop, if wanted.
    pub trace: Option<Trace>,
    /// Captures, if wanted. [`Capture::finish`] ends them and says what went wrong.
    pub capture: Option<Capture>,
    /// How much went where.
    pub counters: Counters,
    /// What the packets of each flow met.
    pub evidence: Evidence,
    /// What happened to resources and machines, and what was said.
    pub inventory: Inventory,
}

impl Observer for Recorder {
    #[inline]
    fn see(&mut self, at: Nanos, event: &Event<'_>, topology: &Topology) {
        self.counters.see(at, event, topology);
        self.evidence.see(at, event, topology);
        self.inventory.see(at, event, topology);
        self.trace.see(at, event, topology);
        self.capture.see(at, event, topology);
    }
}
