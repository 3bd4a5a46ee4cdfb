//! Security admin rules that deny.

use super::{Mend, rule};
use crate::explain::Blocker;
use crate::fabric::Fabric;
use crate::id::NodeId;
use crate::net::{Addr, Prefix};
use crate::stage::Step;
use crate::topology::{Access, Kind, Peer, SecurityRule, Topology};

/// A rule ahead of the one that denies: one that leaves the word to the security groups, or one that passes them by, too.
/// Where no number is free before it, the rule itself.
pub(super) fn ahead(blocker: &Blocker, vnet: Option<NodeId>, fabric: &Fabric, topology: &Topology) -> Vec<Mend> {
    let Some(Step::Admin { rule: denying, direction, .. }) = blocker.step else { return Vec::new() };
    let group = denying.collection;
    let Some(Kind::AdminRules(attributes)) = topology.get(group).map(|found| &found.kind) else { return Vec::new() };
    let Some(written) = attributes.rules.get(denying.rule as usize) else { return Vec::new() };
    let place = rule::Place { rules: &attributes.rules, floor: 1, before: written.priority, direction, vnet };
    let Some(rule) = rule::allow(&place, &blocker.tuple, fabric) else {
        return vec![Mend::OpenRule { group, name: written.name.clone() }];
    };
    // Which tags such rules take is not documented in full: addresses they take in any case.
    let (source, destination) =
        (by_address(&rule.source, blocker.tuple.src), by_address(&rule.destination, blocker.tuple.dst));
    let rule =
        |access| SecurityRule { access, source: source.clone(), destination: destination.clone(), ..rule.clone() };
    [Access::Allow, Access::AlwaysAllow].map(|access| Mend::AllowRule { group, rule: rule(access) }).into()
}

fn by_address(peers: &[Peer], addr: Addr) -> Vec<Peer> {
    let everybody = peers.iter().any(|peer| matches!(peer, Peer::Tag(tag) if **tag == *"Internet"));
    vec![if everybody { Peer::Any } else { Peer::Prefix(Prefix::host(addr)) }]
}
