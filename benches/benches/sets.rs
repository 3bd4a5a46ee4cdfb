//! Questions about all packets at once to a security group of many rules: which rule decides which, and whether anything
//! from one prefix gets to another on a port.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sim_core::net::{Addr, Prefix, Protocol};
use sim_core::set::{AddrSet, Cube, PacketSet, PortSet, ProtocolSet};
use sim_core::stage::security::{CompiledGroup, RuleRef};
use sim_core::stage::tag::{PlatformTags, TagContext, TagTable};
use sim_core::topology::{Access, Direction, Nsg, Peer, PortRange, SecurityRule};
use std::hint::black_box;
use vnetsim_tests::net::{prefix, rule};

/// Rules of a group.
const RULES: u16 = 1_000;

/// Ports as people name them.
const PORTS: [PortRange; 6] = [
    PortRange::one(22),
    PortRange::one(80),
    PortRange::one(443),
    PortRange::one(3389),
    PortRange { first: 8000, last: 8999 },
    PortRange { first: 1024, last: u16::MAX },
];

/// Each rule has a prefix of its own as source, a twentieth of the VNet as destination, and every third one denies.
fn numbered(n: u16) -> SecurityRule {
    let source = Prefix::new(Addr::v4(172, 16 + (n >> 8) as u8, n as u8, 0), 24).expect("no host bits");
    let destination = Prefix::new(Addr::v4(10, 0, (n % 20) as u8, 0), 24).expect("no host bits");
    let access = if n % 3 == 2 { Access::Deny } else { Access::Allow };
    SecurityRule {
        protocol: [Some(Protocol::TCP), Some(Protocol::UDP), None][usize::from(n / 7 % 3)],
        source: vec![Peer::Prefix(source)],
        destination: vec![Peer::Prefix(destination)],
        destination_ports: vec![PORTS[usize::from(n) % PORTS.len()]],
        ..rule(&format!("r{n}"), 100 + n, Direction::Inbound, access, None)
    }
}

/// Rules that overlap in every field, whose parts are many: sources and destinations of all sizes, ranges of ports.
fn tangled(n: u16) -> SecurityRule {
    let scrambled = u32::from(n).wrapping_mul(2_654_435_761);
    let side = |bits: u32, len: u32| {
        let addr = Addr::from_v4_bits(0x0a00_0000 | (bits & 0x00ff_ff00));
        vec![Peer::Prefix(Prefix::new(addr, 12 + (len % 13) as u8).expect("no longer than 24"))]
    };
    let port = (scrambled >> 7) as u16;
    SecurityRule {
        protocol: [Some(Protocol::TCP), Some(Protocol::UDP), None][usize::from(n % 3)],
        source: side(scrambled, scrambled >> 3),
        destination: side(scrambled.rotate_left(13), scrambled >> 11),
        destination_ports: vec![PortRange { first: port, last: port.saturating_add(2_000) }],
        ..rule(&format!("r{n}"), 100 + n, Direction::Inbound, Access::Allow, None)
    }
}

fn compiled(of: impl Fn(u16) -> SecurityRule, rules: u16) -> CompiledGroup {
    let nsg = Nsg { rules: (0..rules).map(of).collect(), ..Nsg::default() };
    let context = TagContext::new(&PlatformTags::default(), [prefix("10.0.0.0/16")], &[]);
    CompiledGroup::new(&nsg, &TagTable::default(), &context, |_| AddrSet::empty())
}

fn from_to(from: &str, to: &str, port: u16) -> PacketSet {
    let side = |text| [prefix(text)].into_iter().collect();
    let dst_ports = PortSet::point(port);
    Cube { src: side(from), dst: side(to), dst_ports, protocols: ProtocolSet::point(Protocol::TCP), ..Cube::all() }
        .into()
}

fn any_passes(rules: &CompiledGroup, packets: &PacketSet) -> bool {
    rules.split(Direction::Inbound, packets).iter().any(|(_, _, access)| *access == Access::Allow)
}

fn sets(c: &mut Criterion) {
    let mut group = c.benchmark_group("sets");
    let rules = compiled(numbered, RULES);

    let everything = PacketSet::all();
    let parts = rules.split(Direction::Inbound, &everything);
    let named = |n| parts.iter().any(|(_, rule, _)| *rule == RuleRef::User(n));
    assert!((0..u32::from(RULES)).all(named));
    group.bench_function(BenchmarkId::new("split-everything", RULES), |b| {
        b.iter(|| rules.split(Direction::Inbound, black_box(&everything)).len());
    });
    let few = 100;
    let knot = compiled(tangled, few);
    group.bench_function(BenchmarkId::new("split-everything-tangled", few), |b| {
        b.iter(|| knot.split(Direction::Inbound, black_box(&everything)).len());
    });

    // Rule 0 lets the first of these in; nothing but the last default rule meets the second.
    let questions = [("open", "172.16.0.0/28", true), ("closed", "172.30.0.0/24", false)];
    for (name, from, passes) in questions {
        let packets = from_to(from, "10.0.0.0/24", 22);
        assert_eq!(any_passes(&rules, &packets), passes);
        group.bench_function(BenchmarkId::new(format!("any-passes/{name}"), RULES), |b| {
            b.iter(|| any_passes(&rules, black_box(&packets)));
        });
    }
    // All sources are within.
    let wide = from_to("172.16.0.0/14", "10.0.0.0/16", 22);
    assert!(any_passes(&rules, &wide));
    group.bench_function(BenchmarkId::new("any-passes/wide", RULES), |b| {
        b.iter(|| any_passes(&rules, black_box(&wide)));
    });
    group.finish();
}

criterion_group!(benches, sets);
criterion_main!(benches);
