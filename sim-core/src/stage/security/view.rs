//! A compiled group as a list: each rule with what it matches, for those who show rules and not only their verdict.

use super::{CompiledGroup, CompiledRule, RuleRef};
use crate::set::Cube;
use crate::topology::{Access, Direction};

/// One rule of a compiled group.
#[derive(Clone, Copy, Debug)]
pub struct RuleView<'a> {
    rule: &'a CompiledRule,
    direction: Direction,
}

impl CompiledGroup {
    /// The rules of one direction in the order in which they are asked: by priority.
    pub fn rules(&self, direction: Direction) -> impl Iterator<Item = RuleView<'_>> {
        self.list(direction).iter().map(move |rule| RuleView { rule, direction })
    }
}

impl<'a> RuleView<'a> {
    /// Which rule it is.
    #[must_use]
    pub fn reference(&self) -> RuleRef {
        self.rule.reference
    }

    /// Which of the group's lists it is in.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// What it does.
    #[must_use]
    pub fn access(&self) -> Access {
        self.rule.access
    }

    /// The packets that match it.
    #[must_use]
    pub fn packets(&self) -> &'a Cube {
        &self.rule.packets
    }
}
