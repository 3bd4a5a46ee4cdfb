//! Sets of packets as unions of disjoint cubes.

use super::{Cube, Intervals, Point, Rewrite};
use crate::net::Tuple;
use std::borrow::Borrow;

/// A set of packets.
///
/// Its cubes are disjoint, none is empty, and which they are depends on the operations that led here and on nothing else.
/// Two equal sets may have different cubes: whether two are equal, their differences tell.
///
/// # Cost
/// With n and m cubes, an intersection looks at n·m pairs, and so does a difference that leaves no more pieces than it
/// began with. A cube that is cut leaves at most five pieces. Sets of rules that name few ports stay small, for cubes that
/// differ in one field are joined whenever a set has doubled; in the worst case the pieces are as many as the cells
/// between all edges. Results are joined before they are given.
#[derive(Clone, Debug, Default)]
pub struct PacketSet {
    cubes: Vec<Cube>,
}

impl PacketSet {
    /// No packet.
    #[must_use]
    pub const fn empty() -> Self {
        Self { cubes: Vec::new() }
    }

    /// Every packet, of both families.
    #[must_use]
    pub fn all() -> Self {
        Self::from(Cube::all())
    }

    /// Its cubes: disjoint, none empty.
    #[must_use]
    pub fn cubes(&self) -> &[Cube] {
        &self.cubes
    }

    /// Whether it holds no packet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cubes.is_empty()
    }

    /// Whether `packet` is in it.
    #[must_use]
    pub fn contains(&self, packet: &Tuple) -> bool {
        self.cubes.iter().any(|cube| cube.contains(packet))
    }

    /// A packet of it: the least of its first cube.
    #[must_use]
    pub fn sample(&self) -> Option<Tuple> {
        self.sample_with(|_| 0)
    }

    /// A packet of it: `pick(n)` says which of n, from 0, first for the cube and then for each field. What it says is
    /// taken modulo n. Of 2^128 addresses the last one is never asked for.
    #[must_use]
    pub fn sample_with(&self, mut pick: impl FnMut(u128) -> u128) -> Option<Tuple> {
        let count = u128::try_from(self.cubes.len()).ok().filter(|count| *count > 0)?;
        let cube = self.cubes.get(usize::try_from(pick(count) % count).ok()?)?;
        Some(Tuple {
            src: member(&cube.src, &mut pick)?,
            dst: member(&cube.dst, &mut pick)?,
            src_port: member(&cube.src_ports, &mut pick)?,
            dst_port: member(&cube.dst_ports, &mut pick)?,
            protocol: member(&cube.protocols, &mut pick)?,
        })
    }

    /// The packets in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut cubes = other.difference(self).cubes;
        cubes.extend_from_slice(&self.cubes);
        Self::joined(cubes)
    }

    /// The packets in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let pairs = self.cubes.iter().flat_map(|cube| other.cubes.iter().map(move |with| (cube, with)));
        let shared = pairs.filter(|(cube, with)| cube.overlaps(with)).map(|(cube, with)| cube.intersection(with));
        Self::joined(shared.collect())
    }

    /// The packets of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.partition(other).1
    }

    /// The packets of this set that are in the other, and those that are not.
    #[must_use]
    pub fn partition(&self, other: &Self) -> (Self, Self) {
        let mut inside = Vec::new();
        let mut rest = Rest::of(self);
        for cube in &other.cubes {
            rest.take(cube, &mut inside);
        }
        (Self::joined(inside), Self::joined(rest.cubes))
    }

    /// Splits the set by the first region that holds each packet, and gives each part with what the region says; what no
    /// region holds goes with `otherwise`. Parts are disjoint, together they are the set, and none is empty. Neighbours
    /// that say the same are one part.
    ///
    /// A region that shares nothing with what is left costs one look at each cube of it; the regions after the last
    /// packet cost nothing.
    #[must_use]
    pub fn split_by_first<R: Borrow<Cube>, O: PartialEq>(
        &self,
        regions: impl IntoIterator<Item = (R, O)>,
        otherwise: O,
    ) -> Vec<(Self, O)> {
        let mut parts: Vec<(Vec<Cube>, O)> = Vec::new();
        let mut add = |cubes: Vec<Cube>, says: O| match parts.last_mut() {
            _ if cubes.is_empty() => {}
            Some((last, said)) if *said == says => last.extend(cubes),
            _ => parts.push((cubes, says)),
        };
        let mut rest = Rest::of(self);
        for (region, says) in regions {
            if rest.cubes.is_empty() {
                break;
            }
            let region = region.borrow();
            if rest.cubes.iter().any(|cube| cube.overlaps(region)) {
                let mut taken = Vec::new();
                rest.take(region, &mut taken);
                add(taken, says);
            }
        }
        add(rest.cubes, otherwise);
        parts.into_iter().map(|(cubes, says)| (Self::joined(cubes), says)).collect()
    }

    /// What a translation makes of it.
    #[must_use]
    pub fn rewritten(&self, rewrite: &Rewrite) -> Self {
        self.cubes.iter().map(|cube| cube.rewritten(rewrite)).collect()
    }

    fn joined(mut cubes: Vec<Cube>) -> Self {
        Cube::join(&mut cubes);
        Self { cubes }
    }
}

impl From<Cube> for PacketSet {
    fn from(cube: Cube) -> Self {
        Self { cubes: if cube.is_empty() { Vec::new() } else { vec![cube] } }
    }
}

impl FromIterator<Cube> for PacketSet {
    /// The union of cubes, which may overlap.
    fn from_iter<I: IntoIterator<Item = Cube>>(iter: I) -> Self {
        let mut given: Vec<Cube> = iter.into_iter().filter(|cube| !cube.is_empty()).collect();
        Cube::join(&mut given);
        let mut cubes = Vec::new();
        for cube in given {
            let mut rest = Rest::of(&Self::from(cube));
            for held in &cubes {
                rest.take(held, &mut Vec::new());
            }
            cubes.append(&mut rest.cubes);
        }
        Self::joined(cubes)
    }
}

fn member<T: Point>(set: &Intervals<T>, pick: &mut impl FnMut(u128) -> u128) -> Option<T> {
    let size = set.size();
    if size == 0 { None } else { set.nth(pick(size) % size) }
}

/// What is left of a set while parts are taken from it.
struct Rest {
    cubes: Vec<Cube>,
    /// Cubes are joined when there are more.
    limit: usize,
}

/// Fewer cubes are not joined before the end.
const FEW: usize = 32;

impl Rest {
    fn of(set: &PacketSet) -> Self {
        Self { cubes: set.cubes.clone(), limit: FEW.max(2 * set.cubes.len()) }
    }

    /// Moves what `region` holds to `taken`.
    fn take(&mut self, region: &Cube, taken: &mut Vec<Cube>) {
        // From the end: what comes to a free place was looked at, or is a piece outside of the region.
        for at in (0..self.cubes.len()).rev() {
            if self.cubes[at].overlaps(region) {
                let inside = self.cubes.swap_remove(at).cut(region, &mut self.cubes);
                taken.push(inside);
            }
        }
        if self.cubes.len() > self.limit {
            Cube::join(&mut self.cubes);
            self.limit = FEW.max(2 * self.cubes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Addr, Protocol};
    use crate::set::{AddrSet, PortSet, ProtocolSet};
    use proptest::prelude::*;

    /// So many values of each field.
    const SIDE: u16 = 4;

    /// Subsets of a small universe, so that cubes overlap in every way.
    fn field<T: Point + std::fmt::Debug>() -> impl Strategy<Value = Intervals<T>> {
        prop::bits::u8::between(0, usize::from(SIDE)).prop_map(|bits| {
            let members = (0..u128::from(SIDE)).filter(|n| bits >> n & 1 == 1);
            members.map(|n| (T::at(n), T::at(n))).collect()
        })
    }

    fn cube() -> impl Strategy<Value = Cube> {
        let fields = (field(), field(), field(), field(), field());
        fields.prop_map(|(src, dst, src_ports, dst_ports, protocols)| Cube {
            src,
            dst,
            src_ports,
            dst_ports,
            protocols,
        })
    }

    fn set() -> impl Strategy<Value = PacketSet> {
        prop::collection::vec(cube(), 0..6).prop_map(|cubes| cubes.into_iter().collect())
    }

    fn universe() -> impl Iterator<Item = Tuple> {
        (0..SIDE.pow(5)).map(|n| Tuple {
            src: Addr((n % SIDE).into()),
            dst: Addr((n / SIDE % SIDE).into()),
            src_port: n / SIDE.pow(2) % SIDE,
            dst_port: n / SIDE.pow(3) % SIDE,
            protocol: Protocol((n / SIDE.pow(4)) as u8),
        })
    }

    fn holders(set: &PacketSet, packet: &Tuple) -> usize {
        set.cubes().iter().filter(|cube| cube.contains(packet)).count()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        /// Catches: a piece of a cut that is lost or held twice, a field cut by another's set, cubes joined that differ in
        /// two fields, an overlap overlooked, an empty cube kept, a union that drops what both hold.
        #[test]
        fn sets_obey_their_laws(given in prop::collection::vec(cube(), 0..6), b in set()) {
            let a: PacketSet = given.iter().cloned().collect();
            let (union, both, left) = (a.union(&b), a.intersection(&b), a.difference(&b));
            for x in universe() {
                let (in_a, in_b) = (given.iter().any(|cube| cube.contains(&x)), b.contains(&x));
                prop_assert_eq!(holders(&a, &x), usize::from(in_a));
                prop_assert_eq!(holders(&union, &x), usize::from(in_a || in_b));
                prop_assert_eq!(holders(&both, &x), usize::from(in_a && in_b));
                prop_assert_eq!(holders(&left, &x), usize::from(in_a && !in_b));
            }
            for set in [&a, &union, &both, &left] {
                prop_assert!(set.cubes().iter().all(|cube| !cube.is_empty()));
                prop_assert_eq!(set.sample().is_some_and(|packet| set.contains(&packet)), !set.is_empty());
            }
        }

        /// Catches: a part that takes what an earlier region holds, a packet in no part or in two, the remainder under the
        /// wrong name, neighbours that say the same left apart.
        #[test]
        fn the_first_region_decides(set in set(), regions in prop::collection::vec((cube(), 0u8..4), 0..40)) {
            let parts = set.split_by_first(regions.iter().map(|(cube, says)| (cube, *says)), 9);
            for x in universe() {
                let said = regions.iter().find(|(cube, _)| cube.contains(&x)).map_or(9, |(_, says)| *says);
                let found: Vec<u8> = parts.iter().flat_map(|(part, says)| vec![*says; holders(part, &x)]).collect();
                prop_assert_eq!(found, if set.contains(&x) { vec![said] } else { vec![] });
            }
            prop_assert!(parts.windows(2).all(|pair| pair[0].1 != pair[1].1));
        }

        /// Catches: an image with packets that come from none, or without one that does; cubes of an image that overlap.
        #[test]
        fn an_image_holds_what_packets_become(
            set in set(),
            (src, dst, src_ports, dst_ports) in
                (prop::option::of(field()), prop::option::of(field()), prop::option::of(field()), prop::option::of(field())),
        ) {
            let rewrite = Rewrite { src, dst, src_ports, dst_ports };
            let image = set.rewritten(&rewrite);
            for x in universe() {
                // x is in the image when its rewritten fields are new values, and some packet of the set has the others.
                let new = |x: &Tuple| {
                    rewrite.src.as_ref().is_none_or(|set| set.contains(x.src))
                        && rewrite.dst.as_ref().is_none_or(|set| set.contains(x.dst))
                        && rewrite.src_ports.as_ref().is_none_or(|set| set.contains(x.src_port))
                        && rewrite.dst_ports.as_ref().is_none_or(|set| set.contains(x.dst_port))
                };
                let same = |before: &Tuple| {
                    (rewrite.src.is_some() || before.src == x.src)
                        && (rewrite.dst.is_some() || before.dst == x.dst)
                        && (rewrite.src_ports.is_some() || before.src_port == x.src_port)
                        && (rewrite.dst_ports.is_some() || before.dst_port == x.dst_port)
                        && before.protocol == x.protocol
                };
                let expected = new(&x) && universe().filter(same).any(|before| set.contains(&before));
                prop_assert_eq!(holders(&image, &x), usize::from(expected));
            }
        }

        /// Catches: a pick that leaves the set, and one that never reaches a part of it.
        #[test]
        fn samples_are_members_and_reach_every_one(set in set(), picks in prop::collection::vec(any::<u128>(), 6)) {
            let mut next = picks.iter().copied().cycle();
            let sampled = set.sample_with(|_| next.next().unwrap_or(0));
            prop_assert!(sampled.is_none_or(|packet| set.contains(&packet)));
            for (at, cube) in set.cubes().iter().enumerate() {
                let last = |set: &PacketSet| {
                    let mut calls = 0;
                    set.sample_with(|n| { calls += 1; if calls == 1 { at as u128 } else { n - 1 } })
                };
                let packet = last(&set).unwrap();
                let end = |set: &AddrSet| set.ranges().last().unwrap().1;
                let port = |set: &PortSet| set.ranges().last().unwrap().1;
                let protocol = |set: &ProtocolSet| set.ranges().last().unwrap().1;
                let fields = (end(&cube.src), end(&cube.dst), port(&cube.src_ports), port(&cube.dst_ports));
                prop_assert_eq!((packet.src, packet.dst, packet.src_port, packet.dst_port), fields);
                prop_assert_eq!(packet.protocol, protocol(&cube.protocols));
            }
        }
    }
}
