//! Who is up: what health probes found, and which machines run.

use crate::id::{NodeId, PortId};
use hashbrown::{HashMap, HashSet};

/// What health probes found: by probe and backend.
#[derive(Clone, Debug, Default)]
pub struct Health {
    up: HashMap<(NodeId, PortId), bool, foldhash::fast::FixedState>,
    /// Machines that do not run, by their ports.
    off: HashSet<PortId, foldhash::fast::FixedState>,
    /// Answer for backends that were not probed yet.
    presumed: bool,
}

impl Health {
    /// Nothing was probed yet; such backends count as up when `presumed`.
    #[must_use]
    pub fn presuming(presumed: bool) -> Self {
        Self { up: HashMap::default(), off: HashSet::default(), presumed }
    }

    /// Whether a backend counts as up for a probe.
    #[must_use]
    pub fn is_up(&self, probe: NodeId, backend: PortId) -> bool {
        self.up.get(&(probe, backend)).copied().unwrap_or(self.presumed)
    }

    /// Whether the machine at a port does not run.
    #[must_use]
    pub fn is_off(&self, port: PortId) -> bool {
        self.off.contains(&port)
    }

    /// Notes a change; says whether it is one.
    pub fn set(&mut self, probe: NodeId, backend: PortId, up: bool) -> bool {
        let was = self.is_up(probe, backend);
        self.up.insert((probe, backend), up);
        was != up
    }

    /// Notes that the machine at a port runs, or does not; says whether that is a change.
    pub(super) fn power(&mut self, port: PortId, on: bool) -> bool {
        if on { self.off.remove(&port) } else { self.off.insert(port) }
    }
}
