//! Sets of addresses as the prefixes that Azure lists.

use sim_core::net::{Addr, Prefix};
use sim_core::set::AddrSet;

/// The fewest prefixes that make up the IPv4 part of a set, ascending.
pub(super) fn v4(set: &AddrSet) -> Vec<Prefix> {
    let (first, last) = (Prefix::ALL_V4.first(), Prefix::ALL_V4.last());
    let inside = |range: &&(Addr, Addr)| range.0 <= last && range.1 >= first;
    set.ranges().iter().filter(inside).flat_map(|(a, b)| cover(*(a.max(&first)), *(b.min(&last)))).collect()
}

/// The fewest prefixes that make up a range: the largest that starts at its start and ends within, again and again.
fn cover(first: Addr, last: Addr) -> Vec<Prefix> {
    let mut found = Vec::new();
    let mut next = first.0;
    while next <= last.0 {
        let fits = |bits: &u8| {
            let size = 1u128 << bits;
            next.is_multiple_of(size) && size - 1 <= last.0 - next
        };
        let bits = (0..=32u8).rev().find(fits).unwrap_or_default();
        found.extend(Prefix::new(Addr(next), 32 - bits));
        next += 1u128 << bits;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Catches: a range that is covered too far or not far enough, prefixes that could be one.
        #[test]
        fn prefixes_make_up_the_set(ranges in prop::collection::vec((any::<u32>(), 0u32..100_000), 0..6)) {
            let set: AddrSet = ranges
                .iter()
                .map(|(at, size)| (Addr::from_v4_bits(*at), Addr::from_v4_bits(at.saturating_add(*size))))
                .collect();
            let prefixes = v4(&set);
            prop_assert_eq!(prefixes.iter().copied().collect::<AddrSet>(), set);
            let one = |pair: &[Prefix]| Prefix::new(pair[0].first(), pair[0].len() - 1).is_some_and(|it| it.covers(pair[1]) && it.first() == pair[0].first());
            let joined = prefixes.windows(2).any(|pair| pair[0].len() > 0 && pair[0].len() == pair[1].len() && one(pair));
            prop_assert!(!joined);
        }
    }

    /// Catches: IPv6 listed among IPv4, the whole space split in two.
    #[test]
    fn the_ends_of_the_space() {
        assert_eq!(v4(&AddrSet::all()), [Prefix::ALL_V4]);
        assert_eq!(v4(&AddrSet::empty()), []);
        assert_eq!(v4(&["fd00::/8".parse::<Prefix>().unwrap()].into_iter().collect()), []);
    }
}
