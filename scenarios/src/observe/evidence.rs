//! What the packets of a flow met that its first one does not show: an explanation follows that one alone.

use sim_core::assumption::AssumptionSet;
use sim_core::engine::{Event, Observer};
use sim_core::explain::Blocker;
use sim_core::id::FlowId;
use sim_core::net::{Addr, Packet};
use sim_core::plane::Act;
use sim_core::stage::Reason;
use sim_core::time::Nanos;
use sim_core::topology::Topology;
use std::collections::BTreeMap;

/// What flows met.
#[derive(Default)]
pub struct Evidence {
    flows: BTreeMap<FlowId, Met>,
}

/// What a flow met.
#[derive(Clone, Debug, Default)]
pub struct Met {
    /// What nobody knows for certain and had a say.
    pub assumed: AssumptionSet,
    /// The first of its packets that was too large.
    pub too_large: Option<Blocker>,
    /// Who sent its first packet.
    opener: Option<Addr>,
}

impl Evidence {
    /// What a flow met.
    #[must_use]
    pub fn of(&self, flow: FlowId) -> Met {
        self.flows.get(&flow).cloned().unwrap_or_default()
    }

    fn met(&mut self, packet: &Packet) -> Option<&mut Met> {
        packet.meta.flow.map(|flow| self.flows.entry(flow).or_default())
    }
}

impl Observer for Evidence {
    #[inline]
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        let Event::Hop { port, packet, before, act, steps, .. } = event else { return };
        let Some(met) = self.met(packet) else { return };
        let opener = *met.opener.get_or_insert(before.src);
        met.assumed = met.assumed.union(AssumptionSet::of_steps(*steps));
        if let (None, Act::Drop(reason @ Reason::TooLarge)) = (&met.too_large, act) {
            let on_return = before.src != opener;
            met.too_large = Some(Blocker { on_return, port: *port, tuple: *before, reason: *reason, step: None });
        }
    }
}
