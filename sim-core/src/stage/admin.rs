//! Security admin rules of a network manager: asked before any security group, in both directions.
//!
//! Rules of all collections that govern a VNet make one list, ordered by priority; there are no default rules, and where
//! none matches the security groups decide alone.

use super::security::{CompiledGroup, RuleRef};
use super::tag::{TagContext, TagTable};
use crate::id::NodeId;
use crate::net::Tuple;
use crate::set::{AddrSet, PacketSet};
use crate::topology::{Access, AdminRules, Direction, SecurityRule};
use std::sync::Arc;

/// Which rule of which collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AdminRef {
    /// The collection.
    pub collection: NodeId,
    /// The rule's place in it.
    pub rule: u32,
}

/// The admin rules of a VNet, compiled for one tag context.
#[derive(Clone, Debug)]
pub struct CompiledAdmin {
    rules: CompiledGroup,
    /// Where each rule is from.
    origins: Vec<AdminRef>,
}

impl CompiledAdmin {
    /// Compiles these collections; of rules with the same priority, those of the earlier collection come first.
    ///
    /// Rule `nsg-admin-intent-policies`: a VNet that holds services with network intent policies takes from each
    /// collection only what its configuration says, by default nothing. Source: azure-dataplane 1.3.
    #[must_use]
    pub fn new<'r>(
        collections: impl IntoIterator<Item = (NodeId, &'r AdminRules)>,
        intent_policies: bool,
        tags: &TagTable,
        context: &TagContext,
    ) -> Self {
        let mut listed: Vec<(AdminRef, &SecurityRule)> = Vec::new();
        for (collection, attributes) in collections {
            let rules = (0u32..).zip(&attributes.rules);
            let kept = rules.filter(|(_, rule)| !intent_policies || attributes.over_intent_policies.keeps(rule.access));
            listed.extend(kept.map(|(rule, written)| (AdminRef { collection, rule }, written)));
        }
        listed.sort_by_key(|(_, rule)| rule.priority);
        let rules: Vec<SecurityRule> = listed.iter().map(|(_, rule)| (*rule).clone()).collect();
        // Their rules name prefixes and tags; application security groups they do not know.
        let rules = CompiledGroup::without_defaults(&rules, tags, context, |_| AddrSet::empty());
        Self { rules, origins: listed.into_iter().map(|(origin, _)| origin).collect() }
    }

    /// Tags whose addresses are not known, with the collections that may name them; their rules never match.
    pub fn unknown_tags(&self) -> impl Iterator<Item = (&Arc<str>, NodeId)> {
        let collections = || self.origins.iter().map(|origin| origin.collection);
        self.rules.unknown_tags.iter().flat_map(move |tag| collections().map(move |collection| (tag, collection)))
    }

    /// The first rule that matches, if any does.
    ///
    /// Rule `nsg-admin-first`: security admin rules are asked before the security groups, in both directions and also
    /// where there is no group: `Deny` drops, `Allow` leaves the word to the groups, `AlwaysAllow` passes them by.
    /// Source: azure-dataplane 1.3.
    #[must_use]
    pub fn decide(&self, direction: Direction, tuple: &Tuple) -> Option<(AdminRef, Access)> {
        self.told(self.rules.first_match(direction, tuple))
    }

    /// Which packets each rule decides, and which none does.
    #[must_use]
    pub fn split(&self, direction: Direction, packets: &PacketSet) -> Vec<(PacketSet, Option<(AdminRef, Access)>)> {
        let parts = self.rules.split_first(direction, packets).into_iter();
        parts.map(|(part, hit)| (part, self.told(hit))).collect()
    }

    fn told(&self, hit: Option<(RuleRef, Access)>) -> Option<(AdminRef, Access)> {
        let (RuleRef::User(n), access) = hit? else { return None };
        self.origins.get(n as usize).map(|origin| (*origin, access))
    }
}
