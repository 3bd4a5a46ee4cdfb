//! One semantics: what a stage decides for one packet it also says of sets of packets. Random stages and random sets; each
//! part is held against `decide` and against a plain reading of the rule.

mod balancer;
mod checks;
mod firewall;
mod group;
mod route;
mod snat;
mod translate;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use sim_core::net::{Addr, Prefix, Protocol, Tuple};
use sim_core::set::{AddrSet, Cube, Intervals, PacketSet, Point};
use sim_core::topology::PortRange;
use std::fmt::Debug;

/// So many cases, or as many as `PROPTEST_CASES` says; failures are printed, not kept in files.
fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(asked.unwrap_or(256)) }
}

/// Prefixes that lie in each other, touch each other, and stand at the ends of both families.
const PREFIXES: [&str; 15] = [
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.0.0/24",
    "10.1.1.0/24",
    "10.1.0.4/32",
    "10.1.0.5/32",
    "172.16.0.0/12",
    "8.8.8.8/32",
    "168.63.129.16/32",
    "169.254.169.254/32",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "0.0.0.0/0",
    "fd00::/64",
    "::/0",
];

fn a_prefix() -> impl Strategy<Value = Prefix> {
    prop::sample::select(&PREFIXES[..]).prop_map(|text| text.parse().unwrap())
}

/// An address that the prefixes tell apart.
fn an_addr() -> impl Strategy<Value = Addr> {
    (a_prefix(), 0u128..3).prop_map(|(prefix, n)| Addr(prefix.first().0 + n.min(prefix.last().0 - prefix.first().0)))
}

const PROTOCOLS: [u8; 7] = [1, 4, 6, 17, 47, 58, 50];

fn a_protocol() -> impl Strategy<Value = Protocol> {
    prop::sample::select(&PROTOCOLS[..]).prop_map(Protocol)
}

/// Ranges of ports around those that rules and stages name.
fn a_range() -> impl Strategy<Value = PortRange> {
    let port = prop::sample::select(&[0u16, 22, 52, 53, 54, 80, 443, 1023, 1024, 65329, 65330, 65331, u16::MAX][..]);
    (port.clone(), port, any::<bool>())
        .prop_map(|(a, b, one)| PortRange { first: a.min(b), last: if one { a.min(b) } else { a.max(b) } })
}

fn some<T: Point + Debug>(range: impl Strategy<Value = (T, T)>) -> impl Strategy<Value = Intervals<T>> {
    prop_oneof![
        1 => Just(Intervals::all()),
        3 => prop::collection::vec(range, 1..4).prop_map(|ranges| ranges.into_iter().collect()),
    ]
}

fn addresses() -> impl Strategy<Value = AddrSet> {
    some(prop_oneof![a_prefix().prop_map(|it| (it.first(), it.last())), an_addr().prop_map(|it| (it, it))])
}

/// Sets of packets: unions of boxes that may overlap, everything, nothing.
fn packets() -> impl Strategy<Value = PacketSet> {
    let ports = || some(a_range().prop_map(|range| (range.first, range.last)));
    let protocols = some(a_protocol().prop_map(|it| (it, it)));
    let cube = (addresses(), addresses(), ports(), ports(), protocols)
        .prop_map(|(src, dst, src_ports, dst_ports, protocols)| Cube { src, dst, src_ports, dst_ports, protocols });
    prop_oneof![1 => Just(PacketSet::all()), 8 => prop::collection::vec(cube, 0..4).prop_map(PacketSet::from_iter)]
}

/// Packets of a set and around it: some at random, and the ends of each field of some cubes, and those next to them.
fn probes(set: &PacketSet, seed: u64) -> Vec<Tuple> {
    let mut state = u128::from(seed) | 1;
    let mut random = |_| {
        state = state.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(0x5851_F42D_4C95_7F2D);
        state.rotate_left(50)
    };
    let mut found: Vec<Tuple> = (0..8).filter_map(|_| set.sample_with(&mut random)).collect();
    for cube in set.cubes().iter().take(6) {
        let Some(at) = PacketSet::from(cube.clone()).sample_with(&mut random) else { continue };
        found.extend(edges(&cube.src).map(|src| Tuple { src, ..at }));
        found.extend(edges(&cube.dst).map(|dst| Tuple { dst, ..at }));
        found.extend(edges(&cube.src_ports).map(|src_port| Tuple { src_port, ..at }));
        found.extend(edges(&cube.dst_ports).map(|dst_port| Tuple { dst_port, ..at }));
        found.extend(edges(&cube.protocols).map(|protocol| Tuple { protocol, ..at }));
    }
    found
}

fn edges<T: Point>(set: &Intervals<T>) -> impl Iterator<Item = T> {
    let around = |(first, last): &(T, T)| [first.previous(), Some(*first), Some(*last), last.next()];
    set.ranges().iter().take(4).flat_map(around).flatten()
}

/// The parts are disjoint, together they are the set, none is empty, and each packet is decided as its part says.
fn agree<O: PartialEq + Debug>(
    set: &PacketSet,
    parts: &[(PacketSet, O)],
    decide: impl Fn(&Tuple) -> O,
    seed: u64,
) -> Result<(), TestCaseError> {
    let mut left = set.clone();
    for (part, _) in parts {
        prop_assert!(!part.is_empty(), "an empty part");
        prop_assert!(part.difference(&left).is_empty(), "a part beyond the set, or in two parts");
        left = left.difference(part);
    }
    prop_assert!(left.is_empty(), "in no part: {:?}", left.sample());
    for packet in parts.iter().flat_map(|(part, _)| probes(part, seed)).chain(probes(set, seed)) {
        let said: Vec<&O> = parts.iter().filter(|(part, _)| part.contains(&packet)).map(|(_, says)| says).collect();
        let decided = decide(&packet);
        let expected = if set.contains(&packet) { vec![&decided] } else { vec![] };
        prop_assert_eq!(said, expected, "{}", packet);
    }
    Ok(())
}

/// The image holds what `becomes` makes of packets of the set, and nothing else: `origins` is the box of all packets that
/// may have become one, and every one of them becomes it where `can_be` says that anything does.
fn images_agree(
    set: &PacketSet,
    image: &PacketSet,
    becomes: impl Fn(&Tuple) -> Vec<Tuple>,
    origins: impl Fn(&Tuple) -> Cube,
    can_be: impl Fn(&Tuple) -> bool,
    seed: u64,
) -> Result<(), TestCaseError> {
    let before: Vec<Tuple> = probes(set, seed).into_iter().filter(|packet| set.contains(packet)).collect();
    let after: Vec<Tuple> = before.iter().flat_map(&becomes).collect();
    for packet in &after {
        prop_assert!(image.contains(packet), "{} is missing", packet);
    }
    for packet in probes(image, seed).into_iter().chain(after).chain(before) {
        let from = set.intersection(&origins(&packet).into());
        prop_assert_eq!(image.contains(&packet), can_be(&packet) && !from.is_empty(), "{}", packet);
    }
    Ok(())
}
