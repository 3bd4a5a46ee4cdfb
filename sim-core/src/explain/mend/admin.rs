//! Security admin rules that deny.

use super::{Mend, rule};
use crate::explain::Blocker;
use crate::fabric::Fabric;
use crate::id::NodeId;
use crate::stage::Step;
use crate::topology::{Access, Kind, SecurityRule, Topology};

/// A rule ahead of the one that denies: one that leaves the word to the security groups, or one that passes them by, too.
/// Where no number is free before it, the rule itself.
pub(super) fn ahead(blocker: &Blocker, vnet: Option<NodeId>, fabric: &Fabric, topology: &Topology) -> Vec<Mend> {
    let Some(Step::Admin { rule: denying, direction, .. }) = blocker.step else { return Vec::new() };
    let group = denying.collection;
    let Some(Kind::AdminRules(attributes)) = topology.get(group).map(|found| &found.kind) else { return Vec::new() };
    let Some(written) = attributes.rules.get(denying.rule as usize) else { return Vec::new() };
    // Which tags such rules take is not documented in full: addresses they take in any case.
    let (rules, before) = (&attributes.rules, written.priority);
    let place = rule::Place { rules, floor: 1, before, direction, vnet, tags: false };
    let Some(rule) = rule::allow(&place, &blocker.tuple, fabric) else {
        return vec![Mend::OpenRule { group, name: written.name.clone() }];
    };
    [Access::Allow, Access::AlwaysAllow]
        .map(|access| Mend::AllowRule { group, rule: SecurityRule { access, ..rule.clone() } })
        .into()
}
