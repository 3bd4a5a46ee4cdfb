//! The smallest set of edits that opens a way, found by making them.
//!
//! Sets of one edit are tried before sets of two. What blocks first is what one of the edits must remove: its own, or one
//! that moves the way, such as a peering, which changes what rules see too. So these are tried, and then those for what
//! blocks first after that; edits without which the way is open all the same are left out at the end.

use super::{Blocker, Mend, Question, Walk, walk};
use crate::fabric::Fabric;
use crate::topology::Topology;
use std::sync::Arc;

/// Edits that open a way.
#[derive(Clone, Debug)]
pub struct Remedy {
    /// Each edit, in the order they are made, with what it takes out of the way as the network is without the edits
    /// before it.
    pub steps: Vec<(Blocker, Mend)>,
    /// The way after all of them.
    pub after: Walk,
}

impl Remedy {
    /// Whether the way is open after the edits.
    #[must_use]
    pub fn opens(&self) -> bool {
        self.after.works()
    }
}

/// Most edits in a set.
const MOST_EDITS: usize = 12;
/// Most networks that are tried.
const MOST_TRIES: usize = 400;

/// The smallest set of edits that opens what `before` found closed in `topology`. Where none is known that does, the edits
/// that are known for single blockers: the way is then still closed after them.
#[must_use]
pub fn remedy(topology: &Topology, fabric: &Arc<Fabric>, before: &Walk) -> Remedy {
    let mut search = Search { question: before.question, tries: 0 };
    let start = Network { topology: topology.clone(), fabric: fabric.clone() };
    for most in 0..=MOST_EDITS {
        if let Some(found) = search.within(&start, before, most) {
            return search.needed(&start, found);
        }
        if search.tries >= MOST_TRIES {
            break;
        }
    }
    search.piecemeal(start, before)
}

#[derive(Clone)]
struct Network {
    topology: Topology,
    fabric: Arc<Fabric>,
}

impl Network {
    /// The network after an edit, unless Azure would refuse it.
    fn after(&self, mend: &Mend) -> Option<Self> {
        let mut topology = self.topology.clone();
        let changed = mend.apply(&mut topology).ok()?;
        let fabric = Arc::new(self.fabric.next(&topology, &changed));
        Some(Self { topology, fabric })
    }
}

struct Search {
    question: Question,
    tries: usize,
}

impl Search {
    /// A set of at most `most` edits that opens the way.
    fn within(&mut self, network: &Network, now: &Walk, most: usize) -> Option<Remedy> {
        if now.works() {
            return Some(Remedy { steps: Vec::new(), after: now.clone() });
        }
        let first = now.all_blockers().next()?;
        if most == 0 || self.tries >= MOST_TRIES {
            return None;
        }
        let others = now.all_blockers().skip(1).flat_map(|other| {
            let mends = Mend::alternatives(other, &network.fabric, &network.topology).into_iter();
            mends.filter(Mend::moves_the_way).map(move |mend| (other, mend))
        });
        let own = Mend::alternatives(first, &network.fabric, &network.topology).into_iter().map(|mend| (first, mend));
        for (blocker, mend) in own.chain(others) {
            let Some((next, walk)) = self.made(network, &mend) else { continue };
            if let Some(mut found) = self.within(&next, &walk, most - 1) {
                found.steps.insert(0, (blocker.clone(), mend));
                return Some(found);
            }
        }
        None
    }

    /// The same without the edits that the others make needless, and without those that cannot be made then.
    fn needed(&mut self, start: &Network, mut found: Remedy) -> Remedy {
        while let Some(smaller) = (0..found.steps.len()).find_map(|n| self.without(n, start, &found)) {
            found = smaller;
        }
        found
    }

    /// The same without one edit, where the way is open all the same.
    fn without(&self, left_out: usize, start: &Network, found: &Remedy) -> Option<Remedy> {
        let (mut network, mut steps) = (start.clone(), Vec::new());
        for (_, step) in found.steps.iter().enumerate().filter(|(at, _)| *at != left_out) {
            if let Some(next) = network.after(&step.1) {
                network = next;
                steps.push(step.clone());
            }
        }
        Some(Remedy { steps, after: self.walk(&network) }).filter(Remedy::opens)
    }

    /// Edits for every blocker that has one, whether or not the way is open then.
    fn piecemeal(&mut self, mut network: Network, before: &Walk) -> Remedy {
        let mut found = Remedy { steps: Vec::new(), after: before.clone() };
        while found.steps.len() < MOST_EDITS {
            let known = |blocker: &Blocker| found.steps.iter().any(|(told, _)| told == blocker);
            let next = found.after.all_blockers().filter(|blocker| !known(blocker)).find_map(|blocker| {
                let mends = Mend::alternatives(blocker, &network.fabric, &network.topology).into_iter();
                let mut made = mends.filter_map(|mend| network.after(&mend).map(|next| (mend, next)));
                made.next().map(|(mend, next)| (blocker.clone(), mend, next))
            });
            let Some((blocker, mend, next)) = next else { break };
            network = next;
            found.after = self.walk(&network);
            found.steps.push((blocker, mend));
        }
        found
    }

    fn made(&mut self, network: &Network, mend: &Mend) -> Option<(Network, Walk)> {
        self.tries += 1;
        let next = network.after(mend)?;
        let walk = self.walk(&next);
        Some((next, walk))
    }

    fn walk(&self, network: &Network) -> Walk {
        walk(&network.fabric, self.question, |probe| network.topology.probe_port(probe))
    }
}
