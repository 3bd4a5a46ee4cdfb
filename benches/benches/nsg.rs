//! One question to a security group of many rules: the first rule that matches a packet. Every rule names a prefix of
//! its own as source and one port.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sim_core::net::{Addr, Prefix, Protocol, Tuple};
use sim_core::set::AddrSet;
use sim_core::stage::security::{CompiledGroup, RuleRef};
use sim_core::stage::tag::{PlatformTags, TagContext, TagTable};
use sim_core::topology::{Access, Direction, Nsg, Peer, PortRange, SecurityRule};
use std::hint::black_box;
use vnetsim_tests::net::{prefix, rule};

/// Where packets of rule `n` come from.
fn source(n: u16) -> Addr {
    Addr::v4(172, 16 + (n >> 8) as u8, n as u8, 0)
}

fn numbered(n: u16) -> SecurityRule {
    let peer = Peer::Prefix(Prefix::new(source(n), 24).expect("no host bits"));
    SecurityRule {
        protocol: Some(Protocol::TCP),
        source: vec![peer],
        destination_ports: vec![PortRange::one(443)],
        ..rule(&format!("r{n}"), 100 + n, Direction::Inbound, Access::Allow, None)
    }
}

/// A packet for rule `n`; for none but the last default rule when there is no such rule.
fn packet(n: u16) -> Tuple {
    let to = Addr::v4(10, 0, 0, 4);
    Tuple { src: source(n).plus(7), dst: to, src_port: 50_000, dst_port: 443, protocol: Protocol::TCP }
}

fn nsg(c: &mut Criterion) {
    let mut group = c.benchmark_group("nsg");
    for size in [100u16, 1_000] {
        let nsg = Nsg { rules: (0..size).map(numbered).collect(), ..Nsg::default() };
        let context = TagContext::new(&PlatformTags::default(), [prefix("10.0.0.0/16")], &[]);
        let rules = CompiledGroup::new(&nsg, &TagTable::default(), &context, |_| AddrSet::empty());
        let ask = |n: u16| rules.decide(Direction::Inbound, black_box(&packet(n)));
        for n in [0, size / 2, size - 1] {
            assert_eq!(ask(n), (RuleRef::User(n.into()), Access::Allow));
        }
        assert_eq!(ask(size).1, Access::Deny);
        for (name, n) in [("first", 0), ("last", size - 1), ("none", size)] {
            group.bench_function(BenchmarkId::new(name, size), |b| b.iter(|| ask(black_box(n))));
        }
        let mut n = 0u16;
        group.bench_function(BenchmarkId::new("random", size), |b| {
            b.iter(|| {
                // Visits all rules, in an order no predictor keeps up with.
                n = n.wrapping_mul(25_173).wrapping_add(13_849);
                ask(n % size)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, nsg);
criterion_main!(benches);
