//! Sets of addresses as sorted, disjoint ranges.

use crate::net::{Addr, Prefix};

/// A set of addresses of both families.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AddrSet {
    /// Inclusive ranges, ascending, with gaps between them.
    ranges: Vec<(Addr, Addr)>,
}

impl AddrSet {
    /// No address.
    #[must_use]
    pub const fn empty() -> Self {
        Self { ranges: Vec::new() }
    }

    /// Every address.
    #[must_use]
    pub fn all() -> Self {
        Self { ranges: vec![(Addr(0), Addr(u128::MAX))] }
    }

    /// The ranges, ascending and disjoint.
    #[must_use]
    pub fn ranges(&self) -> &[(Addr, Addr)] {
        &self.ranges
    }

    /// The fewest prefixes that make it up, ascending; none crosses from one family into the other.
    pub fn prefixes(&self) -> impl Iterator<Item = Prefix> {
        self.ranges.iter().flat_map(|(first, last)| {
            let mut next = Some(*first);
            std::iter::from_fn(move || {
                let start = next.filter(|start| start <= last)?;
                let fitting = (0..=128).filter_map(|len| Prefix::new(start, len)).find(|prefix| {
                    let one_family = start.is_v4() || !prefix.overlaps(Prefix::ALL_V4);
                    one_family && prefix.first() == start && prefix.last() <= *last
                })?;
                next = fitting.last().0.checked_add(1).map(Addr);
                Some(fitting)
            })
        })
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether `addr` is in it.
    #[must_use]
    pub fn contains(&self, addr: Addr) -> bool {
        let after = self.ranges.partition_point(|(first, _)| *first <= addr);
        after > 0 && addr <= self.ranges[after - 1].1
    }

    /// Everything in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.ranges.iter().chain(&other.ranges).copied().collect()
    }

    /// Everything not in it, of both families.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = Some(0u128);
        for (first, last) in &self.ranges {
            if let Some(start) = next
                && start < first.0
            {
                ranges.push((Addr(start), Addr(first.0 - 1)));
            }
            next = last.0.checked_add(1);
        }
        if let Some(start) = next {
            ranges.push((Addr(start), Addr(u128::MAX)));
        }
        Self { ranges }
    }
}

impl FromIterator<(Addr, Addr)> for AddrSet {
    fn from_iter<I: IntoIterator<Item = (Addr, Addr)>>(iter: I) -> Self {
        let mut given: Vec<_> = iter.into_iter().collect();
        given.sort_unstable();
        let mut ranges: Vec<(Addr, Addr)> = Vec::with_capacity(given.len());
        for (first, last) in given {
            match ranges.last_mut() {
                Some((_, end)) if first.0 <= end.0.saturating_add(1) => *end = (*end).max(last),
                _ => ranges.push((first, last)),
            }
        }
        Self { ranges }
    }
}

impl FromIterator<Prefix> for AddrSet {
    fn from_iter<I: IntoIterator<Item = Prefix>>(iter: I) -> Self {
        iter.into_iter().map(|prefix| (prefix.first(), prefix.last())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn small_set() -> impl Strategy<Value = AddrSet> {
        prop::collection::vec((0u128..40, 0u128..6), 0..8)
            .prop_map(|ranges| ranges.into_iter().map(|(at, len)| (Addr(at), Addr(at + len))).collect())
    }

    proptest! {
        /// Catches: merging of neighbours that eats a gap, complements off by one, a search that misses an edge.
        #[test]
        fn sets_obey_their_laws(a in small_set(), b in small_set(), x in 0u128..50) {
            let x = Addr(x);
            prop_assert_eq!(a.union(&b).contains(x), a.contains(x) || b.contains(x));
            prop_assert_eq!(a.complement().contains(x), !a.contains(x));
            prop_assert_eq!(a.complement().complement(), a.clone());
            prop_assert!(a.ranges().windows(2).all(|w| w[0].1.0 + 1 < w[1].0.0));
        }

        /// Catches: a prefix too wide or out of order, one that mixes families, more prefixes than are needed.
        #[test]
        fn sets_are_made_of_few_prefixes(a in small_set(), at in 0u128..1 << 32, len in 0u128..1 << 32) {
            let start = Addr::v4(0, 0, 0, 0).plus(at);
            let around = [(start, start.plus(len).min(Prefix::ALL_V4.last()))].into_iter().collect();
            for set in [a.union(&around), a.complement(), AddrSet::all()] {
                let prefixes: Vec<Prefix> = set.prefixes().collect();
                prop_assert_eq!(prefixes.iter().copied().collect::<AddrSet>(), set);
                prop_assert!(prefixes.windows(2).all(|pair| pair[0].last() < pair[1].first()));
                // Two halves of one prefix would have been that prefix.
                let whole = |pair: &[Prefix]| {
                    let shorter = pair[0].len().checked_sub(1).and_then(|len| Prefix::new(pair[0].first(), len));
                    let wide = shorter.filter(|it| it.is_v4() || !it.overlaps(Prefix::ALL_V4));
                    let meet = pair[0].last().plus(1) == pair[1].first();
                    meet && wide.is_some_and(|it| it.first() == pair[0].first() && it.last() == pair[1].last())
                };
                prop_assert!(!prefixes.windows(2).any(whole));
            }
        }
    }
}
