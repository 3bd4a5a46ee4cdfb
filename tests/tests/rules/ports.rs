//! Ports of translations, and connections of machines: azure-dataplane 3.11, 4.2, 5.2.

use crate::bench::Bench;
use crate::one_vnet;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Flags, Prefix, Protocol, Tuple};
use sim_core::plane::{Health, Plane};
use sim_core::stage::{Reason, Step};
use sim_core::time::Nanos;
use sim_core::topology::{
    BalancingRule, Draft, InboundNatRule, Kind, NatGateway, OutboundRule, PortRange, PublicIp, Relation, Setting, Sku,
};
use std::collections::BTreeSet;
use vnetsim_tests::net::Net;

const WORLD: Addr = Addr::v4(8, 8, 8, 8);

fn flow(net: &Net, from: PortId, protocol: Protocol, src_port: u16, dst_port: u16) -> Tuple {
    Tuple { src: net.address(from), dst: WORLD, src_port, dst_port, protocol }
}

/// Machines behind a balancer with an outbound rule that gives each so many ports, of one frontend or two.
fn behind(net: &mut Net, count: usize, ports: u32, fronts: usize) -> Vec<PortId> {
    let names: Vec<String> = (0..count).map(|n| format!("m{n}")).collect();
    let machines = names.iter().map(|name| net.vm(name, "v/s", None)).collect();
    net.public_ip("pip", "20.1.1.1", Sku::Standard);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    net.balancer("lb", Sku::Standard, (Relation::Uses, "pip"), &names);
    let rule = OutboundRule {
        ports: Setting::default_of(ports),
        idle_minutes: Setting::default_of(4),
        ..OutboundRule::default()
    };
    let mut draft = Draft::new("lb/out", Kind::OutboundRule(rule)).refer(Relation::PartOf, "lb");
    draft = draft.refer(Relation::Listens, "lb/front").refer(Relation::Sends, "lb/pool");
    if fronts == 2 {
        net.public_ip("pip2", "20.1.1.2", Sku::Standard);
        let front = Draft::new("lb/front2", Kind::Frontend(Default::default())).refer(Relation::PartOf, "lb");
        net.put(front.refer(Relation::Uses, "pip2"));
        draft = draft.refer(Relation::Listens, "lb/front2");
    }
    net.put(draft);
    machines
}

/// How many flows to one address and port a machine can hold open.
fn most(net: &Net, from: PortId) -> usize {
    let mut bench = Bench::new(net);
    (1u16..).take_while(|n| bench.open(from, flow(net, from, Protocol::TCP, *n, 443)).is_ok()).count()
}

#[test]
fn the_pools_size_says_how_many_ports() {
    // Golden 26, 3.11. Tests `snat-default-ports`, `snat-implied`. Catches: a step of the table one machine off, ports of others
    // given too, a balancing rule's implied translation without limit.
    for (count, ports) in [(1, 1024), (50, 1024), (51, 512), (101, 256)] {
        let mut net = one_vnet(None);
        let machines = behind(&mut net, count, 0, 1);
        assert_eq!(most(&net, machines[0]), ports, "{count}");
        assert_eq!(most(&net, machines[count - 1]), ports, "{count}");
    }
    let mut net = one_vnet(None);
    let a = net.vm("a", "v/s", None);
    net.public_ip("pip", "20.1.1.1", Sku::Standard);
    net.balancer("lb", Sku::Standard, (Relation::Uses, "pip"), &["a"]);
    net.balance("lb", 8080, 8080, None);
    assert_eq!(most(&net, a), 1024);
}

#[test]
fn a_rule_says_how_many_ports_and_of_which_address() {
    // 3.11. Tests `snat-manual-ports`, `snat-frontends-in-order`, `snat-rules-take-blocks`. Catches: more or fewer than are said, the
    // second address before the first is used up or never, a rule's own port given out.
    let mut net = one_vnet(None);
    // The third member's ports are the last 21,328 of the first address and 8 of the second.
    let machines = behind(&mut net, 3, 21_336, 2);
    let mut bench = Bench::new(&net);
    let mut sources = Vec::new();
    for n in 0..21_337u16 {
        match bench.open(machines[2], flow(&net, machines[2], Protocol::TCP, n, 443)) {
            Ok(tuple) => sources.push((tuple.src, tuple.src_port)),
            Err(reason) => assert_eq!((reason, sources.len()), (Reason::PortsExhausted, 21_336)),
        }
    }
    let first = sources.iter().take_while(|(src, _)| *src == Addr::v4(20, 1, 1, 1)).count();
    assert_eq!((sources.len(), first), (21_336, 21_328));
    assert_eq!(sources.iter().collect::<BTreeSet<_>>().len(), 21_336);
    let mut net = one_vnet(None);
    let machines = behind(&mut net, 1, 64, 1);
    let taking = BalancingRule {
        protocol: Some(Protocol::TCP),
        frontend_port: 1030,
        backend_port: 80,
        disable_outbound_snat: true,
        ..BalancingRule::default()
    };
    let taking = Draft::new("lb/taking", Kind::BalancingRule(taking)).refer(Relation::PartOf, "lb");
    net.put(taking.refer(Relation::Listens, "lb/front").refer(Relation::Sends, "lb/pool"));
    let mut bench = Bench::new(&net);
    let mut used = BTreeSet::new();
    for n in 0..64 {
        used.insert(bench.open(machines[0], flow(&net, machines[0], Protocol::TCP, n, 443)).unwrap().src_port);
    }
    assert_eq!(used, (1032..1032 + 64).collect());
}

#[test]
fn answers_come_back_by_every_address() {
    // 3.11. Tests `snat-frontends-in-order`. Catches: the answer to a flow from a further frontend that nobody knows.
    let mut net = one_vnet(None);
    let machines = behind(&mut net, 2, 40_000, 2);
    let mut bench = Bench::new(&net);
    let world = PortId(net.topology.find("world").unwrap().id.0);
    for n in [0, 25_000] {
        let asked = flow(&net, machines[1], Protocol::TCP, 5, 443 + n);
        for filler in 0..n {
            bench.open(machines[1], Tuple { src_port: filler + 6, ..asked }).unwrap();
        }
        let there = bench.open(machines[1], asked).unwrap();
        let (back, _) = bench.send(world, there.reversed(), Flags::SYN.with(Flags::ACK));
        assert_eq!(back, Ok((machines[1], asked.reversed())), "{there}");
    }
}

#[test]
fn a_port_of_udp_serves_one_flow_to_an_address() {
    // Golden 28, 3.11. Tests `snat-udp-port-each`. Catches: UDP that shares a port by the port it goes to, TCP that does not.
    let mut net = one_vnet(None);
    net.internet_host("other", "8.8.8.9/32");
    let machines = behind(&mut net, 1, 8, 1);
    let mut bench = Bench::new(&net);
    let open =
        |bench: &mut Bench, protocol, n: u16| bench.open(machines[0], flow(&net, machines[0], protocol, n, 5000 + n));
    let udp: BTreeSet<u16> = (0..8).map(|n| open(&mut bench, Protocol::UDP, n).unwrap().src_port).collect();
    assert_eq!(udp.len(), 8);
    assert_eq!(open(&mut bench, Protocol::UDP, 8), Err(Reason::PortsExhausted));
    for n in 0..20 {
        assert!(open(&mut bench, Protocol::TCP, n).is_ok(), "{n}");
    }
    let other = Tuple { dst: Addr::v4(8, 8, 8, 9), ..flow(&net, machines[0], Protocol::UDP, 9, 53) };
    let mut bench = Bench::new(&net);
    for n in 0..8 {
        assert!(open(&mut bench, Protocol::UDP, n).is_ok());
    }
    assert!(bench.open(machines[0], other).is_ok());
}

#[test]
fn it_is_told_who_has_the_ports() {
    // 3.11. Catches: exhaustion without its holder, or with the ports of others counted.
    let mut net = one_vnet(None);
    let machines = behind(&mut net, 2, 8, 1);
    let mut bench = Bench::new(&net);
    for n in 0..8 {
        assert!(bench.open(machines[0], flow(&net, machines[0], Protocol::TCP, n, 443)).is_ok());
    }
    let (end, steps) = bench.send(machines[0], flow(&net, machines[0], Protocol::TCP, 8, 443), Flags::SYN);
    assert_eq!(end, Err(Reason::PortsExhausted));
    assert!(steps.contains(&Step::Ports { holder: machines[0], used: 8, of: 8 }), "{steps:?}");
    assert!(bench.open(machines[1], flow(&net, machines[1], Protocol::TCP, 8, 443)).is_ok());
}

/// A NAT gateway with a prefix of so many addresses.
fn gateway(net: &mut Net, length: u8) -> PortId {
    let a = net.vm("a", "v/s", None);
    let prefix = Prefix::new(Addr::v4(20, 1, 1, 16), length);
    let public = PublicIp { sku: Sku::Standard, address: Some(Addr::v4(20, 1, 1, 16)), prefix, ..PublicIp::default() };
    net.put(Draft::new("prefix", Kind::PublicIp(public)));
    net.put(Draft::new("nat", Kind::NatGateway(NatGateway::default())).refer(Relation::Uses, "prefix"));
    net.link("v/s", Relation::TranslatedBy, "nat");
    a
}

#[test]
fn a_nat_gateway_draws_from_all_its_addresses() {
    // 4.2. Tests `nat-gateway-addresses`. Catches: a prefix taken for its first address, ports in order, the same for every seed, one
    // given twice.
    let mut net = one_vnet(None);
    let a = gateway(&mut net, 30);
    let mut bench = Bench::new(&net);
    let used: Vec<(Addr, u16)> = (0..200)
        .map(|n| bench.open(a, flow(&net, a, Protocol::TCP, n, 443)).unwrap())
        .map(|tuple| (tuple.src, tuple.src_port))
        .collect();
    assert_eq!(used.iter().map(|(src, _)| src).collect::<BTreeSet<_>>().len(), 4);
    assert_eq!(used.iter().collect::<BTreeSet<_>>().len(), 200);
    assert!(used.windows(2).any(|pair| pair[0].1 > pair[1].1));
    let mut other = Bench::new(&net);
    other.plane = Plane::new(other.plane.fabric().clone(), Health::presuming(true)).seeded(8);
    assert_ne!(other.open(a, flow(&net, a, Protocol::TCP, 0, 443)).unwrap().src_port, used[0].1);
}

#[test]
fn a_nat_gateways_port_rests_before_it_serves_again() {
    // 4.2. Tests `nat-gateway-timers`. Catches: a port given again at once towards the same destination, or never; one that rests for
    // another destination too; a half-open connection kept.
    let mut net = one_vnet(None);
    net.internet_host("other", "8.8.8.9/32");
    let a = gateway(&mut net, 32);
    let world = PortId(net.topology.find("world").unwrap().id.0);
    let asked = flow(&net, a, Protocol::TCP, 5, 443);
    let ack = Flags::ACK;
    for (end, hold) in [(Flags::RST, 16), (Flags::FIN.with(ack), 65)] {
        for (after, same) in [(hold - 1, false), (hold + 1, true)] {
            let mut bench = Bench::new(&net);
            let there = bench.open(a, asked).unwrap();
            bench.send(world, there.reversed(), Flags::SYN.with(ack)).0.unwrap();
            bench.send(a, asked, ack).0.unwrap();
            bench.send(a, asked, end).0.unwrap();
            if end != Flags::RST {
                bench.send(world, there.reversed(), end).0.unwrap();
            }
            bench.now = Nanos::secs(after);
            // The same flow draws the same port, if it is free.
            let again = bench.open(a, asked).unwrap();
            assert_eq!(again.src_port == there.src_port, same, "{end:?} {after}");
        }
    }
    for (after, known) in [(29, true), (31, false)] {
        let mut bench = Bench::new(&net);
        let there = bench.open(a, asked).unwrap();
        bench.now = Nanos::secs(after);
        let answer = bench.send(world, there.reversed(), Flags::SYN.with(ack)).0;
        assert_eq!(answer.is_ok(), known, "{after}");
    }
}

#[test]
fn too_many_ports_are_refused() {
    // Golden 27, 3.11, 3.8. Tests `refuse-outbound-ports`, `refuse-nat-range`, `refuse-probe-port`. Catches: more ports than there are,
    // odd numbers, a member more than a range of NAT ports has, an HTTP probe of a forbidden port.
    let rule = |ports| {
        let rule = OutboundRule { ports: Setting::default_of(ports), ..OutboundRule::default() };
        let draft = Draft::new("lb/out", Kind::OutboundRule(rule)).refer(Relation::PartOf, "lb");
        draft.refer(Relation::Listens, "lb/front").refer(Relation::Sends, "lb/pool")
    };
    let exceeded = "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts";
    let mut net = one_vnet(None);
    behind(&mut net, 7, 0, 1);
    assert_eq!(net.topology.put(rule(10_000)).unwrap_err().code, exceeded);
    assert!(net.topology.put(rule(9_004)).is_err());
    assert!(net.topology.put(rule(9_000)).is_ok());
    net.vm("late", "v/s", None);
    let config = net.topology.find("late-nic/ipconfig1").unwrap();
    let joining = net.topology.draft_of(config).refer(Relation::MemberOf, "lb/pool");
    assert_eq!(net.topology.put(joining.clone()).unwrap_err().code, exceeded);
    net.topology.delete("lb/out").unwrap();
    let nat =
        InboundNatRule { frontend_ports: PortRange { first: 500, last: 506 }, backend_port: 22, ..Default::default() };
    let nat = Draft::new("lb/ssh", Kind::InboundNatRule(nat)).refer(Relation::PartOf, "lb");
    net.topology.put(nat.refer(Relation::Listens, "lb/front").refer(Relation::Sends, "lb/pool")).unwrap();
    assert!(net.topology.put(joining.clone()).is_err());
    net.topology.delete("lb/ssh").unwrap();
    assert!(net.topology.put(joining).is_ok());
    let probe = |port, protocol| {
        let probe = sim_core::topology::Probe { port, protocol, ..Default::default() };
        Draft::new("lb/probe", Kind::Probe(probe)).refer(Relation::PartOf, "lb")
    };
    use sim_core::topology::ProbeProtocol::{Http, Https, Tcp};
    for (port, protocol, taken) in [(25, Http, false), (993, Https, false), (25, Tcp, true), (80, Http, true)] {
        assert_eq!(net.topology.put(probe(port, protocol)).is_ok(), taken, "{port} {protocol:?}");
    }
}

#[test]
fn a_machine_holds_so_many_connections() {
    // 5.2. Tests `limit-connections-by-processors`. Catches: no limit, one for each NIC address, one that silent connections fill.
    let mut net = one_vnet(None);
    let a = net.vm("a", "v/s", None);
    net.public_vm("a", "20.1.1.1");
    net.edit("a", |kind| {
        let Kind::Machine(machine) = kind else { panic!("no machine") };
        machine.connections = Some(100);
    });
    let mut bench = Bench::new(&net);
    let open = |bench: &mut Bench, n| bench.open(a, flow(&net, a, Protocol::UDP, n, 53));
    for n in 0..100 {
        assert!(open(&mut bench, n).is_ok(), "{n}");
    }
    assert_eq!(open(&mut bench, 100), Err(Reason::FlowTableFull));
    assert!(open(&mut bench, 99).is_ok());
    bench.now = Nanos::secs(10 * 60);
    for n in 200..300 {
        assert!(open(&mut bench, n).is_ok(), "{n}");
    }
    assert!(matches!(net.topology.get(NodeId(a.0)).unwrap().kind, Kind::IpConfig(_)));
}
