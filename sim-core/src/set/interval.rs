//! Sets of whole numbers as sorted, disjoint ranges.

use super::point::Point;
use crate::net::{Addr, Prefix};
use std::sync::Arc;

/// A set of points. Most sets are one range, and that takes no memory of its own; the ranges of others are shared by
/// their copies. Operations take time in the number of ranges of both sides; asking for one point, its logarithm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Intervals<T> {
    ranges: Ranges<T>,
}

/// Inclusive ranges, ascending, with gaps between them. How many there are says which of these it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Ranges<T> {
    None,
    One([(T, T); 1]),
    Many(Arc<[(T, T)]>),
}

impl<T> Default for Intervals<T> {
    fn default() -> Self {
        Self { ranges: Ranges::None }
    }
}

impl<T: Point> Intervals<T> {
    /// Nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self { ranges: Ranges::None }
    }

    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self::span(T::MIN, T::MAX)
    }

    /// From `first` to `last`, both inside; nothing when they are the wrong way round.
    #[must_use]
    pub fn span(first: T, last: T) -> Self {
        Self { ranges: if first <= last { Ranges::One([(first, last)]) } else { Ranges::None } }
    }

    /// Just this one.
    #[must_use]
    pub fn point(point: T) -> Self {
        Self::span(point, point)
    }

    /// The ranges, both ends inside, ascending, with gaps between them.
    #[must_use]
    pub fn ranges(&self) -> &[(T, T)] {
        match &self.ranges {
            Ranges::None => &[],
            Ranges::One(one) => one,
            Ranges::Many(many) => many,
        }
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.ranges, Ranges::None)
    }

    /// Whether it holds everything.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(&self.ranges, Ranges::One([(first, last)]) if *first == T::MIN && *last == T::MAX)
    }

    /// How many points it holds; of 2^128 it says one less.
    #[must_use]
    pub fn size(&self) -> u128 {
        let sizes = self.ranges().iter().map(|(first, last)| (last.number() - first.number()).saturating_add(1));
        sizes.fold(0, u128::saturating_add)
    }

    /// The least point.
    #[must_use]
    pub fn first(&self) -> Option<T> {
        self.ranges().first().map(|(first, _)| *first)
    }

    /// The point with this place in ascending order, from 0.
    #[must_use]
    pub fn nth(&self, mut place: u128) -> Option<T> {
        for (first, last) in self.ranges() {
            let beyond = last.number() - first.number();
            if place <= beyond {
                return Some(T::at(first.number() + place));
            }
            place -= beyond + 1;
        }
        None
    }

    /// Whether `point` is in it.
    #[must_use]
    #[inline]
    pub fn contains(&self, point: T) -> bool {
        match &self.ranges {
            Ranges::None => false,
            Ranges::One([(first, last)]) => *first <= point && point <= *last,
            Ranges::Many(many) => {
                let after = many.partition_point(|(first, _)| *first <= point);
                after > 0 && point <= many[after - 1].1
            }
        }
    }

    /// Whether the two share a point.
    #[must_use]
    #[inline]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (&self.ranges, &other.ranges) {
            (Ranges::One([(first, last)]), Ranges::One([(start, end)])) => first <= end && start <= last,
            _ => self.ranges_overlap(other),
        }
    }

    fn ranges_overlap(&self, other: &Self) -> bool {
        let (few, many) = (self.ranges(), other.ranges());
        let (few, many) = if few.len() <= many.len() { (few, many) } else { (many, few) };
        few.iter().any(|(first, last)| {
            let at = many.partition_point(|(_, end)| end < first);
            many.get(at).is_some_and(|(start, _)| start <= last)
        })
    }

    /// Everything in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.ranges().iter().chain(other.ranges()).copied().collect()
    }

    /// Everything in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        if other.is_all() {
            return self.clone();
        }
        if self.is_all() {
            return other.clone();
        }
        let (mine, theirs) = (self.ranges(), other.ranges());
        let (mut at, mut there) = (0, 0);
        let mut shared = Builder::default();
        while let (Some((first, last)), Some((start, end))) = (mine.get(at), theirs.get(there)) {
            let (from, to) = (*first.max(start), *last.min(end));
            if from <= to {
                shared.push(from, to);
            }
            if last < end { at += 1 } else { there += 1 }
        }
        shared.finish()
    }

    /// Everything in this one that is not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        if !self.overlaps(other) {
            return self.clone();
        }
        let theirs = other.ranges();
        let mut left = Builder::default();
        let mut at = 0;
        for (first, last) in self.ranges() {
            at += theirs[at..].partition_point(|(_, end)| end < first);
            let mut next = Some(*first);
            for (start, end) in theirs[at..].iter().take_while(|(start, _)| start <= last) {
                if let (Some(from), Some(to)) = (next, start.previous())
                    && from <= to
                {
                    left.push(from, to);
                }
                next = end.next();
            }
            if let Some(from) = next.filter(|from| from <= last) {
                left.push(from, *last);
            }
        }
        left.finish()
    }

    /// Everything not in it.
    #[must_use]
    pub fn complement(&self) -> Self {
        Self::all().difference(self)
    }
}

impl<T: Point> FromIterator<(T, T)> for Intervals<T> {
    /// The union of ranges in any order, both ends inside. One the wrong way round holds nothing.
    fn from_iter<I: IntoIterator<Item = (T, T)>>(iter: I) -> Self {
        let mut ranges: Vec<(T, T)> = iter.into_iter().filter(|(first, last)| first <= last).collect();
        ranges.sort();
        ranges.dedup_by(|(first, last), (_, end)| {
            let touches = end.next().is_none_or(|next| *first <= next);
            if touches {
                *end = (*end).max(*last);
            }
            touches
        });
        match ranges[..] {
            [] => Self::empty(),
            [(first, last)] => Self::span(first, last),
            _ => Self { ranges: Ranges::Many(ranges.into()) },
        }
    }
}

impl Intervals<Addr> {
    /// The fewest prefixes that make it up, ascending; none crosses from one family into the other.
    pub fn prefixes(&self) -> impl Iterator<Item = Prefix> {
        self.ranges().iter().flat_map(|(first, last)| {
            let mut next = Some(*first);
            std::iter::from_fn(move || {
                let start = next.filter(|start| start <= last)?;
                let fitting = (0..=128).filter_map(|len| Prefix::new(start, len)).find(|prefix| {
                    let one_family = start.is_v4() || !prefix.goes_around();
                    one_family && prefix.first() == start && prefix.last() <= *last
                })?;
                next = fitting.last().0.checked_add(1).map(Addr);
                Some(fitting)
            })
        })
    }
}

impl FromIterator<Prefix> for Intervals<Addr> {
    fn from_iter<I: IntoIterator<Item = Prefix>>(iter: I) -> Self {
        iter.into_iter().flat_map(Prefix::ranges).collect()
    }
}

/// Collects ascending ranges with gaps between them; asks for memory only from the second on.
struct Builder<T> {
    first: Option<(T, T)>,
    rest: Vec<(T, T)>,
}

impl<T> Default for Builder<T> {
    fn default() -> Self {
        Self { first: None, rest: Vec::new() }
    }
}

impl<T: Point> Builder<T> {
    fn push(&mut self, first: T, last: T) {
        if self.first.is_none() {
            self.first = Some((first, last));
        } else {
            self.rest.push((first, last));
        }
    }

    fn finish(self) -> Intervals<T> {
        let ranges = match self.first {
            None => Ranges::None,
            Some(first) if self.rest.is_empty() => Ranges::One([first]),
            Some(first) => Ranges::Many([first].into_iter().chain(self.rest).collect()),
        };
        Intervals { ranges }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Protocol;
    use proptest::prelude::*;

    /// Sets near both ends of the protocols, where steps overflow.
    fn set() -> impl Strategy<Value = Intervals<Protocol>> {
        let edge = prop_oneof![0u8..24, 232u8..=255];
        let range = (edge.clone(), 0u8..6, edge, prop::bool::weighted(0.1));
        prop::collection::vec(range, 0..8).prop_map(|ranges| {
            let range = |(at, len, other, wide): (u8, u8, u8, bool)| {
                (Protocol(at), Protocol(if wide { other } else { at.saturating_add(len) }))
            };
            ranges.into_iter().map(range).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

        /// Catches: merging of neighbours that eats a gap, bounds off by one, a search that misses an edge, overflow at
        /// the last number, two forms of one set, places that skip a range.
        #[test]
        fn sets_obey_their_laws(a in set(), b in set()) {
            let every = || (0..=u8::MAX).map(Protocol);
            let (union, both, left, rest) = (a.union(&b), a.intersection(&b), a.difference(&b), a.complement());
            for x in every() {
                let (in_a, in_b) = (a.contains(x), b.contains(x));
                prop_assert_eq!(a.ranges().iter().any(|(first, last)| *first <= x && x <= *last), in_a);
                prop_assert_eq!(union.contains(x), in_a || in_b);
                prop_assert_eq!(both.contains(x), in_a && in_b);
                prop_assert_eq!(left.contains(x), in_a && !in_b);
                prop_assert_eq!(rest.contains(x), !in_a);
            }
            for set in [&a, &union, &both, &left, &rest] {
                let members: Vec<_> = every().filter(|x| set.contains(*x)).collect();
                prop_assert_eq!(set.size(), members.len() as u128);
                prop_assert_eq!(set.first(), members.first().copied());
                let places: Vec<_> = (0..=256).map_while(|place| set.nth(place)).collect();
                prop_assert_eq!(&places, &members);
                prop_assert_eq!(set.is_empty(), members.is_empty());
                prop_assert_eq!(set.is_all(), members.len() == 256);
                prop_assert!(set.ranges().windows(2).all(|w| w[0].1.0 + 1 < w[1].0.0));
                prop_assert_eq!(&members.iter().map(|x| (*x, *x)).collect::<Intervals<_>>(), set);
            }
            prop_assert_eq!(a.overlaps(&b), !both.is_empty());
        }
    }

    #[test]
    fn the_whole_address_space_is_a_set() {
        // Catches: overflow where a range ends at the last address, and a size of 2^128 that wraps to 0.
        let all = Intervals::<Addr>::all();
        assert_eq!(
            (all.size(), all.complement(), all.nth(u128::MAX)),
            (u128::MAX, Intervals::empty(), Some(Addr::MAX))
        );
        let v6: Intervals<Addr> = [Prefix::ALL_V6].into_iter().collect();
        assert!(!v6.contains(Addr::v4(0, 0, 0, 0)) && !v6.contains(Addr::v4(255, 255, 255, 255)));
        assert!(v6.contains(Addr(0)) && v6.contains(Addr(u128::MAX)));
        let v4: Intervals<Addr> = [Prefix::ALL_V4].into_iter().collect();
        assert_eq!((v4.size(), v4.complement().ranges().len(), v4.complement().complement()), (1 << 32, 2, v4.clone()));
    }
    fn small_set() -> impl Strategy<Value = Intervals<Addr>> {
        prop::collection::vec((0u128..40, 0u128..6), 0..8)
            .prop_map(|ranges| ranges.into_iter().map(|(at, len)| (Addr(at), Addr(at + len))).collect())
    }

    proptest! {
        /// Catches: a prefix too wide or out of order, one that mixes families, more prefixes than are needed.
        #[test]
        fn sets_are_made_of_few_prefixes(a in small_set(), at in 0u128..1 << 32, len in 0u128..1 << 32) {
            let start = Addr::v4(0, 0, 0, 0).plus(at);
            let around = [(start, start.plus(len).min(Prefix::ALL_V4.last()))].into_iter().collect();
            for set in [a.union(&around), a.complement(), Intervals::all()] {
                let prefixes: Vec<Prefix> = set.prefixes().collect();
                prop_assert_eq!(prefixes.iter().copied().collect::<Intervals<Addr>>(), set);
                prop_assert!(prefixes.windows(2).all(|pair| pair[0].last() < pair[1].first()));
                // Two halves of one prefix would have been that prefix.
                let whole = |pair: &[Prefix]| {
                    let shorter = pair[0].len().checked_sub(1).and_then(|len| Prefix::new(pair[0].first(), len));
                    let wide = shorter.filter(|it| it.is_v4() || !it.goes_around());
                    let meet = pair[0].last().plus(1) == pair[1].first();
                    meet && wide.is_some_and(|it| it.first() == pair[0].first() && it.last() == pair[1].last())
                };
                prop_assert!(!prefixes.windows(2).any(whole));
            }
        }
    }
}
