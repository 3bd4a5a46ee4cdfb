//! Raw forwarding through the full pipeline: datagrams from VM to VM through three forwarding appliances, four links, a
//! security group of 100 rules on every NIC.

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sim_core::engine::{Engine, Event, Observer};
use sim_core::id::PortId;
use sim_core::net::{Addr, Header, Protocol, Tuple};
use sim_core::plane::Act;
use sim_core::time::Nanos;
use sim_core::topology::{Access, Destination, Direction, Draft, Kind, Relation, Route, RouteTable, Topology, UserHop};
use vnetsim_tests::net::{Net, facts, prefix, rule};

/// Datagrams in one run, and bytes of payload in each.
const DATAGRAMS: u64 = 1_000_000;
const PAYLOAD: usize = 1_000;
/// Links from the first VM to the last.
const LINKS: u64 = 4;

struct Chain<O: Observer> {
    engine: Engine<O>,
    from: PortId,
    to: PortId,
    source: Addr,
    target: Addr,
}

/// VM -> appliance -> appliance -> appliance -> VM, each in a subnet of its own whose routes lead to the next.
fn chain<O: Observer>(observer: O) -> Chain<O> {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    let rules = (0..100)
        .map(|n| {
            let direction = if n % 2 == 0 { Direction::Inbound } else { Direction::Outbound };
            rule(&format!("r{n}"), 100 + n, direction, Access::Deny, Some((20_000 + n, 20_000 + n)))
        })
        .collect();
    net.nsg("n", rules);
    let names = ["vm-a", "nva-1", "nva-2", "nva-3", "vm-b"];
    let addresses: Vec<Addr> = (0..5u8).map(|n| Addr::v4(10, 0, n, 4)).collect();
    let mut ports = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let subnet = format!("s{n}");
        net.subnet("v", &subnet, &format!("10.0.{n}.0/24"), None);
        let forwards = (1..4).contains(&n);
        ports.push(net.machine(name, &format!("v/{subnet}"), Some("n"), forwards, None));
        if n < 3 {
            let route = Route {
                name: "on".into(),
                destination: Destination::Prefix(prefix("10.0.4.0/24")),
                next_hop: UserHop::Appliance(addresses[n + 1]),
                span: None,
            };
            let table = format!("rt{n}");
            net.put(Draft::new(
                table.as_str(),
                Kind::RouteTable(RouteTable { routes: vec![route], ..RouteTable::default() }),
            ));
            let subnet = net.topology.find(&format!("v/{subnet}")).expect("just put").clone();
            net.put(
                Draft::new(subnet.name.clone(), subnet.kind)
                    .refer(Relation::PartOf, "v")
                    .refer(Relation::RoutedBy, table.as_str()),
            );
        }
    }
    let engine = Engine::new(net.topology, facts(), 1, observer);
    Chain { engine, from: ports[0], to: ports[4], source: addresses[0], target: addresses[4] }
}

fn run<O: Observer>(chain: &mut Chain<O>, datagrams: u64) {
    let payload = Bytes::from_static(&[0; PAYLOAD]);
    let tuple = Tuple { src: chain.source, dst: chain.target, src_port: 5000, dst_port: 5001, protocol: Protocol::UDP };
    let start = chain.engine.now();
    for n in 0..datagrams {
        chain.engine.run_until(start + Nanos::micros(n));
        chain.engine.inject(chain.from, Header::plain(tuple, 64), payload.clone());
    }
    chain.engine.run_until(start + Nanos::micros(datagrams) + Nanos::millis(10));
}

/// Counts links that packets crossed, and where they were delivered.
#[derive(Default)]
struct Count {
    crossings: u64,
    delivered: Vec<PortId>,
}

impl Observer for Count {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        match *event {
            Event::Sent { .. } => self.crossings += 1,
            Event::Hop { port, act: Act::Deliver, packet, .. } if packet.header.ttl == 64 - 3 => {
                self.delivered.push(port);
            }
            _ => {}
        }
    }
}

/// What is measured does happen: every datagram crosses four links and is delivered at the end.
fn check() {
    const FEW: u64 = 1_000;
    let mut chain = chain(Count::default());
    run(&mut chain, FEW);
    let Count { crossings, delivered } = &chain.engine.observer;
    assert_eq!((*crossings, delivered.len() as u64), (FEW * LINKS, FEW));
    assert!(delivered.iter().all(|port| *port == chain.to));
}

fn forwarding(c: &mut Criterion) {
    check();
    let mut group = c.benchmark_group("forwarding");
    group.sample_size(10).throughput(Throughput::Elements(DATAGRAMS * LINKS));
    group.bench_function("1M datagrams, 3 appliances", |b| {
        let mut chain = chain(());
        b.iter(|| run(&mut chain, DATAGRAMS));
    });
    group.finish();
}

criterion_group!(benches, forwarding);
criterion_main!(benches);
