//! A compiled group as a list: each rule with what it matches, for those who show rules and not only their verdict.

use super::{Addresses, CompiledGroup, CompiledRule, Ports, RuleRef, same_protocol};
use crate::net::{Addr, Protocol};
use crate::set::AddrSet;
use crate::topology::{Access, Direction, PortRange};

/// One rule of a compiled group.
#[derive(Clone, Copy, Debug)]
pub struct RuleView<'a> {
    rule: &'a CompiledRule,
    direction: Direction,
}

impl CompiledGroup {
    /// The rules of one direction in the order in which they are asked: by priority.
    pub fn rules(&self, direction: Direction) -> impl Iterator<Item = RuleView<'_>> {
        let list = match direction {
            Direction::Inbound => &self.inbound,
            Direction::Outbound => &self.outbound,
        };
        list.iter().map(move |rule| RuleView { rule, direction })
    }
}

impl RuleView<'_> {
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

    /// Whether it is about this protocol; `None` asks for every protocol at once.
    #[must_use]
    pub fn takes_protocol(&self, protocol: Option<Protocol>) -> bool {
        match (self.rule.protocol, protocol) {
            (None, _) => true,
            (Some(wanted), Some(seen)) => same_protocol(wanted, seen),
            (Some(_), None) => false,
        }
    }

    /// The addresses it takes as source.
    #[must_use]
    pub fn source(&self) -> AddrSet {
        self.rule.source.set()
    }

    /// The addresses it takes as destination.
    #[must_use]
    pub fn destination(&self) -> AddrSet {
        self.rule.destination.set()
    }

    /// Whether it takes all of these source ports.
    #[must_use]
    pub fn takes_source_ports(&self, ports: PortRange) -> bool {
        self.rule.source_ports.cover(ports)
    }

    /// Whether it takes all of these destination ports.
    #[must_use]
    pub fn takes_destination_ports(&self, ports: PortRange) -> bool {
        self.rule.destination_ports.cover(ports)
    }
}

impl Addresses {
    fn set(&self) -> AddrSet {
        match self {
            Self::Any => AddrSet::all(),
            Self::One(first, last) => [(*first, *last)].into_iter().collect::<AddrSet>(),
            Self::Many(set) => set.clone(),
        }
    }
}

impl Ports {
    /// Whether every port of `wanted` is among these. Ranges that touch count together.
    fn cover(&self, wanted: PortRange) -> bool {
        let sets = |ranges: &[PortRange]| -> AddrSet {
            // Ports are numbers as addresses are: the set that joins ranges is the same.
            ranges.iter().map(|it| (Addr(it.first.into()), Addr(it.last.into()))).collect()
        };
        match self {
            Self::Any => true,
            Self::One(range) => range.first <= wanted.first && wanted.last <= range.last,
            Self::Many(ranges) => {
                let all = sets(ranges);
                all.union(&sets(&[wanted])) == all
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a range that is covered only by two together refused, a gap between them overlooked, any port refused.
    #[test]
    fn ports_are_covered_whole() {
        let range = |first, last| PortRange { first, last };
        let two = Ports::Many(vec![range(20, 29), range(30, 40), range(50, 60)].into());
        for (wanted, expected) in
            [(range(22, 22), true), (range(25, 35), true), (range(40, 50), false), (range(0, 65535), false)]
        {
            assert_eq!(two.cover(wanted), expected, "{wanted:?}");
        }
        assert!(Ports::Any.cover(range(0, 65535)) && !Ports::One(range(1, 65535)).cover(range(0, 65535)));
    }
}
