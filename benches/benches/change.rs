//! The next version of the network after one change, of 1,000 machines in ten subnets behind one security group each.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use sim_core::fabric::Fabric;
use sim_core::topology::{Access, Direction, Draft, Kind, Nsg, Relation, RouteTable, SecurityRule, UserHop};
use std::hint::black_box;
use std::sync::Arc;
use vnetsim_tests::net::{Net, addr, facts, rule};

const SUBNETS: u8 = 10;
const MACHINES_PER_SUBNET: u8 = 100;

/// The network. The group `common` is on every subnet, `own` on one machine's NIC; `t` routes one subnet.
fn network() -> Net {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.nsg("common", rules(100, Access::Deny));
    net.nsg("own", rules(100, Access::Deny));
    for subnet in 0..SUBNETS {
        let name = format!("s{subnet}");
        net.subnet("v", &name, &format!("10.0.{subnet}.0/24"), Some("common"));
        for machine in 0..MACHINES_PER_SUBNET {
            let own = (subnet == 0 && machine == 0).then_some("own");
            net.vm(&format!("vm-{subnet}-{machine}"), &format!("v/{name}"), own);
        }
    }
    net.table("t", &[("10.9.0.0/16", UserHop::Appliance(addr("10.0.0.4")))]);
    net.link("v/s0", Relation::RoutedBy, "t");
    net
}

/// As many rules, of which the last one has this access.
fn rules(count: u16, last: Access) -> Vec<SecurityRule> {
    let access = |n: u16| if n + 1 == count { last } else { Access::Deny };
    let one = |n: u16| rule(&format!("r{n}"), 100 + n, Direction::Inbound, access(n), Some((20_000 + n, 20_000 + n)));
    (0..count).map(one).collect()
}

/// Puts one of two drafts in turns, and compiles what follows, of a network whose compiled version is at hand.
fn in_turns(c: &mut Criterion, name: &str, drafts: [Draft; 2]) {
    let mut net = network().topology;
    let mut fabric = Fabric::compile(&net, &facts(), 0);
    let mut turn = drafts.iter().cycle();
    c.bench_function(name, |bencher| {
        bencher.iter_batched(
            || turn.next().expect("they go round").clone(),
            |draft| {
                let changed = net.put(draft).expect("a draft that is taken");
                fabric = black_box(fabric.next(&net, &[changed]));
            },
            BatchSize::SmallInput,
        );
    });
}

fn change(c: &mut Criterion) {
    let group =
        |name: &str, access: Access| Draft::new(name, Kind::Nsg(Nsg { rules: rules(100, access), ..Nsg::default() }));
    for name in ["common", "own"] {
        let drafts = [group(name, Access::Allow), group(name, Access::Deny)];
        in_turns(c, &format!("change/nsg-{name}"), drafts);
    }
    let table = |to: &str| {
        let routes = vec![Net::route(to, UserHop::Appliance(addr("10.0.0.4")))];
        Draft::new("t", Kind::RouteTable(RouteTable { routes, ..RouteTable::default() }))
    };
    in_turns(c, "change/route", [table("10.9.0.0/16"), table("10.8.0.0/16")]);
    let net = network().topology;
    let facts = facts();
    c.bench_function("change/everything", |bencher| {
        bencher.iter(|| black_box(Fabric::compile(&net, &Arc::clone(&facts), 0)));
    });
}

criterion_group!(benches, change);
criterion_main!(benches);
