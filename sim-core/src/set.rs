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
    }
}
