//! A question, and every way that a balancer may choose for it.

use crate::verdict::Verdict;
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::assumption::AssumptionSet;
use sim_core::explain::{Question, Walk, walk};
use sim_core::fabric::Fabric;
use sim_core::id::NodeId;
use sim_core::net::Tuple;
use sim_core::stage::Step;
use sim_core::topology::Topology;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Ways that a balancer may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ways {
    /// Different ways that were found.
    pub found: usize,
    /// Those that connect.
    pub connect: usize,
}

/// A question followed through one network, and every way that a balancer may choose.
pub struct Looked {
    /// The network.
    pub fabric: Arc<Fabric>,
    /// A way that does not work, if there is one.
    pub walk: Walk,
    /// Where a balancer chooses: the ways it may choose.
    pub ways: Option<Ways>,
    /// What nobody knows for certain and had a say.
    pub assumed: AssumptionSet,
}

/// So many source ports are tried where a balancer chooses.
const PORTS: u16 = 64;

impl Looked {
    /// Follows a question.
    pub fn at(topology: &Topology, fabric: Arc<Fabric>, question: Question) -> Self {
        let ask = |question| walk(&fabric, question, |probe| topology.probe_port(probe));
        let first = ask(question);
        let mut assumed = first.assumed();
        let chosen = |walk: &Walk| -> Vec<NodeId> {
            let backend = |step: &Step| if let Step::Balanced { backend, .. } = step { Some(*backend) } else { None };
            walk.there.iter().flat_map(|stop| &stop.steps).filter_map(backend).collect()
        };
        if chosen(&first).is_empty() {
            return Self { fabric, walk: first, ways: None, assumed };
        }
        let mut found: BTreeMap<Vec<NodeId>, Walk> = BTreeMap::from([(chosen(&first), first)]);
        for n in 1..PORTS {
            let tuple = Tuple { src_port: question.tuple.src_port + n, ..question.tuple };
            let other = ask(Question { tuple, ..question });
            assumed = assumed.union(other.assumed());
            found.entry(chosen(&other)).or_insert(other);
        }
        let connect = found.values().filter(|walk| walk.works()).count();
        let ways = Some(Ways { found: found.len(), connect });
        let closed = found.values().position(|walk| !walk.works()).unwrap_or(0);
        let walk = found.into_values().nth(closed).unwrap_or_else(|| ask(question));
        Self { fabric, walk, ways, assumed }
    }

    /// Whether it connects, by every way or by some, and the service there takes requests.
    pub fn verdict(&self) -> Verdict {
        match self.ways {
            Some(Ways { found, connect }) if connect > 0 && connect < found => Verdict::Degraded,
            _ if self.walk.works() => Verdict::Connected,
            _ => Verdict::Disconnected,
        }
    }
}
