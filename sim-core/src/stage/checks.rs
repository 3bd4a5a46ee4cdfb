//! What stops packets whatever a rule says: packets that a setting, or the platform, does not let pass.

use super::Reason;
use crate::net::Tuple;
use crate::set::PacketSet;

/// Sets of packets, each with the reason that stops them.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    stopped: Vec<(PacketSet, Reason)>,
}

impl Checks {
    /// Stops these packets for this reason, too; what stands here already is asked first.
    #[must_use]
    pub fn and_stop(mut self, packets: PacketSet, reason: Reason) -> Self {
        if !packets.is_empty() {
            self.stopped.push((packets, reason));
        }
        self
    }

    /// All that stops a packet, in the order it is asked; nothing for a packet that passes.
    pub fn decide(&self, tuple: &Tuple) -> impl Iterator<Item = Reason> {
        self.stopped.iter().filter(|(packets, _)| packets.contains(tuple)).map(|(_, reason)| *reason)
    }

    /// Which packets are stopped by what: disjoint parts that together are `packets`, each with all that stops it.
    #[must_use]
    pub fn split(&self, packets: &PacketSet) -> Vec<(PacketSet, Vec<Reason>)> {
        let mut parts = vec![(packets.clone(), Vec::new())];
        for (stopped, reason) in &self.stopped {
            let apart = parts.into_iter().flat_map(|(part, reasons)| {
                let (inside, outside) = part.partition(stopped);
                let more = reasons.iter().copied().chain([*reason]).collect();
                [(inside, more), (outside, reasons)]
            });
            parts = apart.filter(|(part, _)| !part.is_empty()).collect();
        }
        parts.retain(|(part, _)| !part.is_empty());
        parts
    }
}
