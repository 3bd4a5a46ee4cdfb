//! Backends under probes, balancers in front of balancers, NAT rules for pools: azure-dataplane 3.4, 3.5, 3.8, 3.10, 3.13, 3.14.

use crate::bench::Bench;
use crate::{filtered, one_vnet};
use bytes::Bytes;
use sim_core::engine::{Engine, Event, Observer};
use sim_core::host::{Context, Input, Program, SMALL_BUFFER};
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Flags, Protocol, Tuple};
use sim_core::stage::{Reason, Step};
use sim_core::time::Nanos;
use sim_core::topology::{
    BackendPool, BalancingRule, Draft, Frontend, InboundNatRule, Kind, LoadBalancer, PortRange, Probe, ProbeProtocol,
    Relation, Setting, Sku, Topology,
};
use std::collections::BTreeSet;
use vnetsim_tests::ask::tcp;
use vnetsim_tests::net::{Net, addr, facts};

/// A balancer for TCP and UDP on port 80 in `v/s`, probed, with `count` machines, and a client.
fn probed(sku: Sku, count: usize, all_down_is_up: bool) -> (Net, Addr, Vec<PortId>, PortId) {
    let mut net = one_vnet(None);
    let names: Vec<String> = (0..count).map(|n| format!("m{n}")).collect();
    let machines = names.iter().map(|name| net.vm(name, "v/s", None)).collect();
    let client = net.vm("client", "v/t", None);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let vip = net.balancer("lb", sku, (Relation::Attached, "v/s"), &names);
    let rule = net.balance("lb", 80, 80, Some(80));
    net.edit("lb/probe-80", |kind| {
        let Kind::Probe(probe) = kind else { panic!("no probe") };
        probe.all_down_is_up = all_down_is_up;
    });
    let mut udp = net.topology.draft_of(net.topology.find(&rule).unwrap());
    udp.name = "lb/udp".into();
    if let Kind::BalancingRule(rule) = &mut udp.kind {
        rule.protocol = Some(Protocol::UDP);
    }
    net.put(udp);
    (net, vip, machines, client)
}

fn node(net: &Net, name: &str) -> NodeId {
    net.topology.find(name).unwrap().id
}

#[test]
fn flows_of_backends_that_go_down() {
    // 3.4. Tests `balancer-flows-under-probes`, `balancer-candidates`. Catches: TCP moved or cut when its backend goes down, UDP that
    // stays, new flows sent to who is down, a Basic balancer that keeps TCP when all are, or a pool of one that does.
    for (sku, count, all_up) in
        [(Sku::Standard, 3, false), (Sku::Basic, 3, false), (Sku::Standard, 1, false), (Sku::Standard, 3, true)]
    {
        let (net, vip, machines, client) = probed(sku, count, all_up);
        let probe = node(&net, "lb/probe-80");
        let mut bench = Bench::new(&net);
        let flow = |protocol, src_port| Tuple { src: net.address(client), dst: vip, src_port, dst_port: 80, protocol };
        let (tcp, udp) = (flow(Protocol::TCP, 5), flow(Protocol::UDP, 5));
        let at = |bench: &mut Bench, tuple, flags| bench.send(client, tuple, flags).0.map(|(port, _)| port);
        let backend = at(&mut bench, tcp, Flags::SYN).unwrap();
        let answering = at(&mut bench, udp, Flags::SYN).unwrap();
        bench.plane.probed(probe, backend, false);
        bench.plane.probed(probe, answering, false);
        if count > 1 {
            assert_eq!(at(&mut bench, tcp, Flags::ACK), Ok(backend), "{sku:?}");
            let moved = at(&mut bench, udp, Flags::SYN).unwrap();
            assert!(moved != answering && moved != backend, "{sku:?}");
            for n in 100..130 {
                let new = at(&mut bench, flow(Protocol::TCP, n), Flags::SYN).unwrap();
                assert!(new != backend && new != answering, "{sku:?}");
            }
        }
        for machine in &machines {
            bench.plane.probed(probe, *machine, false);
        }
        let stays = all_up || (sku == Sku::Standard && count > 1);
        let none = Err(Reason::NoHealthyBackend);
        assert_eq!(at(&mut bench, tcp, Flags::ACK), if stays { Ok(backend) } else { none }, "{sku:?} {count} {all_up}");
        let new: BTreeSet<_> = (200..300).map(|n| at(&mut bench, flow(Protocol::TCP, n), Flags::SYN)).collect();
        assert_eq!(new, if all_up { machines.iter().map(|it| Ok(*it)).collect() } else { BTreeSet::from([none]) });
        assert_eq!(at(&mut bench, udp, Flags::SYN).is_ok(), all_up);
    }
}

/// Answers every request with this status.
struct Says(&'static [u8]);

impl Program for Says {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(80, SMALL_BUFFER),
            Input::Data(conn, request) if request.starts_with(b"GET /ready ") => {
                cx.write(conn, Bytes::from_static(self.0), "answer");
            }
            Input::PeerClosed(conn) => cx.close(conn),
            _ => {}
        }
    }
}

#[derive(Default)]
struct Verdicts(Vec<(u64, bool)>);

impl Observer for Verdicts {
    fn see(&mut self, at: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Probed { up, .. } = event {
            self.0.push((at.0 / 1_000_000_000, *up));
        }
    }
}

#[test]
fn probes_ask_for_a_path_and_take_one_answer() {
    // 3.4. Tests `balancer-probe`. Catches: an HTTP probe that takes an open port for an answer, or any status; the path not
    // asked for; one result that changes the state where the threshold is three.
    let silent: &[u8] = b"";
    let ok: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let moved: &[u8] = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
    for (protocol, threshold, says, expected) in [
        (ProbeProtocol::Tcp, 1, silent, vec![(0, true)]),
        (ProbeProtocol::Http, 1, silent, vec![]),
        (ProbeProtocol::Http, 1, ok, vec![(0, true)]),
        (ProbeProtocol::Http, 3, ok, vec![(10, true)]),
        (ProbeProtocol::Http, 1, moved, vec![]),
        (ProbeProtocol::Https, 1, ok, vec![]),
    ] {
        let (mut net, ..) = probed(Sku::Standard, 1, false);
        net.edit("lb/probe-80", |kind| {
            let probe =
                Probe { protocol, threshold, port: 80, interval_s: 5, path: "/ready".into(), ..Probe::default() };
            *kind = Kind::Probe(probe);
        });
        let machine = node(&net, "m0");
        let mut engine = Engine::new(net.topology, facts(), 1, Verdicts::default());
        assert!(engine.spawn(machine, Box::new(Says(says))).is_some());
        engine.run_until(Nanos::secs(40));
        assert_eq!(engine.observer.0, expected, "{protocol:?} {threshold}");
    }
}

#[test]
fn members_keep_their_ports_of_a_nat_rule() {
    // 3.8. Tests `balancer-nat-rules`. Catches: one port for all, ports in another order than the pool's, ports that move up when a
    // member goes, a free port not given again.
    let mut net = one_vnet(None);
    for name in ["m0", "m1", "m2", "m3"] {
        net.vm(name, "v/s", None);
    }
    let client = net.vm("client", "v/t", None);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Attached, "v/s"), &["m0", "m1", "m2"]);
    let rule = InboundNatRule {
        protocol: Some(Protocol::TCP),
        frontend_ports: PortRange { first: 500, last: 503 },
        backend_port: 22,
        ..InboundNatRule::default()
    };
    let rule = Draft::new("lb/ssh", Kind::InboundNatRule(rule)).refer(Relation::PartOf, "lb");
    net.put(rule.refer(Relation::Listens, "lb/front").refer(Relation::Sends, "lb/pool"));
    let reached = |net: &Net| -> Vec<Option<String>> {
        let mut bench = Bench::new(net);
        let asked =
            |dst_port| Tuple { src: net.address(client), dst: vip, src_port: 5, dst_port, protocol: Protocol::TCP };
        let name = |port: PortId| net.topology.machine_of(NodeId(port.0)).unwrap().name.to_string();
        (500..504).map(|port| bench.send(client, asked(port), Flags::SYN).0.ok().map(|(port, _)| name(port))).collect()
    };
    let named = |names: [&str; 4]| names.map(|name| (!name.is_empty()).then(|| name.to_owned())).to_vec();
    assert_eq!(reached(&net), named(["m0", "m1", "m2", ""]));
    net.topology.delete("m1-nic/ipconfig1").unwrap();
    assert_eq!(reached(&net), named(["m0", "", "m2", ""]));
    net.link("m3-nic/ipconfig1", Relation::MemberOf, "lb/pool");
    assert_eq!(reached(&net), named(["m0", "m3", "m2", ""]));
}

#[test]
fn a_member_may_reach_its_own_public_frontend() {
    // 3.10. Tests `balancer-public-hairpin`. Catches: a member that meets itself under its private address, the assumption without
    // effect or not told.
    let mut net = filtered(&["100 all in allow * * -> * *"]);
    let m = net.vm("m", "v/s", None);
    net.public_ip("pip", "20.1.1.1", Sku::Standard);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Uses, "pip"), &["m"]);
    net.balance("lb", 80, 8080, None);
    let tuple = Tuple { src: net.address(m), dst: vip, src_port: 5, dst_port: 80, protocol: Protocol::TCP };
    let (end, steps) = Bench::new(&net).send(m, tuple, Flags::SYN);
    let (port, arrived) = end.unwrap();
    assert_eq!((port, arrived.src, arrived.dst, arrived.dst_port), (m, vip, net.address(m), 8080), "{steps:?}");
    let mut bench = Bench::assuming(&net, &[("public-hairpin", "never")]);
    let (end, steps) = bench.send(m, tuple, Flags::SYN);
    assert_eq!(end, Err(Reason::Hairpin));
    assert!(steps.iter().any(|step| matches!(step, Step::Assumed(_))));
}

#[test]
fn answers_beside_a_nat_gateway_and_routes_of_users() {
    // 4.1, 9 (6), 9 (16). Tests `outbound-replies-as-they-came`, `nat-gateway-user-internet-route`. Catches: the assumptions without
    // effect.
    let mut net = filtered(&["100 all in allow * * -> * *"]);
    let a = net.vm("a", "v/s", None);
    let gateway = net.nat_gateway("v/s", "20.1.1.3");
    let public = net.public_vm("a", "20.1.1.1");
    let world = PortId(node(&net, "world").0);
    let asked = Tuple { src: addr("8.8.8.8"), dst: public, src_port: 5, dst_port: 22, protocol: Protocol::TCP };
    for (choice, answered) in [("as-it-came", Ok((world, asked.reversed()))), ("nat-gateway", Err(Reason::FlowExpired))]
    {
        let mut bench = Bench::assuming(&net, &[("inbound-reply-path", choice)]);
        let (_, there) = bench.send(world, asked, Flags::SYN).0.unwrap();
        let (end, _) = bench.send(a, there.reversed(), Flags::SYN.with(Flags::ACK));
        assert_eq!(end, answered, "{choice}");
    }
    net.routed("v/s", &[("0.0.0.0/0", sim_core::topology::UserHop::Internet)]);
    let asked =
        Tuple { src: net.address(a), dst: addr("8.8.8.8"), src_port: 5, dst_port: 443, protocol: Protocol::TCP };
    for (choice, source) in [("applies", gateway), ("bypassed", public)] {
        let mut bench = Bench::assuming(&net, &[("user-internet-route-nat", choice)]);
        assert_eq!(bench.open(a, asked).unwrap().src, source, "{choice}");
    }
}

#[test]
fn rules_about_a_floating_address() {
    // 1.3, 3.5. Catches: the assumption without effect, the guest given the other address.
    for (choice, rule, open) in [
        ("frontend", "10.0.0.5/32", true),
        ("frontend", "10.0.0.4/32", false),
        ("backend", "10.0.0.5/32", false),
        ("backend", "10.0.0.4/32", true),
    ] {
        let mut net = filtered(&[&format!("100 web in allow * * -> {rule} 80"), "200 no in deny * * -> * *"]);
        let m = net.vm("m", "v/s", None);
        let client = net.vm("client", "v/t", None);
        let vip = net.balancer("lb", Sku::Standard, (Relation::Attached, "v/s"), &["m"]);
        let rule_name = net.balance("lb", 80, 80, None);
        net.edit(&rule_name, |kind| {
            let Kind::BalancingRule(rule) = kind else { panic!("no rule") };
            rule.floating_ip = true;
        });
        assert_eq!((net.address(m), vip), (addr("10.0.0.4"), addr("10.0.0.5")));
        let tuple = Tuple { src: net.address(client), dst: vip, src_port: 5, dst_port: 80, protocol: Protocol::TCP };
        let mut bench = Bench::assuming(&net, &[("floating-ip-destination", choice)]);
        let expected = if open { Ok(tuple) } else { Err(Reason::SecurityRule) };
        assert_eq!(bench.open(client, tuple), expected, "{choice} {rule}");
    }
}

#[test]
fn both_directions_find_one_appliance_and_keep_it() {
    // 3.6, 3.7. Tests `balancer-past-symmetric`. Catches: an answer that finds another appliance, a flow that is forgotten there.
    let mut net = one_vnet(None);
    net.subnet("v", "n", "10.0.2.0/24", None);
    let (a, b) = (net.vm("a", "v/s", None), net.vm("b", "v/t", None));
    let names = ["nva0", "nva1", "nva2"];
    let appliances = names.map(|name| net.machine(name, "v/n", None, true, None));
    let vip = net.balancer("lb", Sku::Standard, (Relation::Attached, "v/n"), &names);
    net.balance("lb", 0, 0, None);
    for subnet in ["v/s", "v/t"] {
        net.routed(subnet, &[("10.0.0.0/23", sim_core::topology::UserHop::Appliance(vip))]);
    }
    let mut bench = Bench::new(&net);
    let mut used = BTreeSet::new();
    for src_port in 100..120 {
        bench.now = Nanos::ZERO;
        let there = Tuple { src: net.address(a), dst: net.address(b), src_port, dst_port: 80, protocol: Protocol::TCP };
        let via = |bench: &mut Bench, from, tuple, flags| {
            let (way, _) = bench.way(from, tuple, flags);
            way.into_iter().find(|port| appliances.contains(port))
        };
        let chosen = via(&mut bench, a, there, Flags::SYN);
        assert!(chosen.is_some(), "{there}");
        assert_eq!(via(&mut bench, b, there.reversed(), Flags::SYN.with(Flags::ACK)), chosen, "{there}");
        bench.now = Nanos::secs(3 * 3600);
        assert_eq!(via(&mut bench, a, there, Flags::ACK), chosen, "{there}");
        used.extend(chosen);
    }
    assert_eq!(used.len(), 3);
}

/// A public Standard balancer `name` at an address, for port 80, with one machine `name-m` behind it.
fn regional(net: &mut Net, name: &str, address: &str) -> (Addr, PortId) {
    let machine = format!("{name}-m");
    let port = net.vm(&machine, "v/s", None);
    net.public_ip(&format!("{name}-pip"), address, Sku::Standard);
    let vip = net.balancer(name, Sku::Standard, (Relation::Uses, &format!("{name}-pip")), &[&machine]);
    net.balance(name, 80, 80, Some(80));
    (vip, port)
}

#[test]
fn a_global_balancer_leads_to_a_healthy_region() {
    // 3.14. Tests `balancer-global-nearest`. Catches: the regional address in the answer, the client's address lost, a region that is
    // down chosen.
    let mut net = filtered(&["100 all in allow * * -> * *"]);
    let (_, near) = regional(&mut net, "one", "20.1.1.1");
    let (_, far) = regional(&mut net, "two", "20.1.1.2");
    net.public_ip("anycast", "20.1.1.9", Sku::Standard);
    let vip = net.balancer("all", Sku::Standard, (Relation::Uses, "anycast"), &[]);
    net.edit("all", |kind| {
        let Kind::LoadBalancer(balancer) = kind else { panic!("no balancer") };
        balancer.global = true;
    });
    net.link("one/front", Relation::MemberOf, "all/pool");
    net.link("two/front", Relation::MemberOf, "all/pool");
    net.balance("all", 80, 80, None);
    let world = PortId(node(&net, "world").0);
    let mut bench = Bench::new(&net);
    let asked = |src_port| Tuple { src: addr("8.8.8.8"), dst: vip, src_port, dst_port: 80, protocol: Protocol::TCP };
    let (port, there) = bench.send(world, asked(5), Flags::SYN).0.unwrap();
    assert_eq!((port, there.src, there.dst), (near, addr("8.8.8.8"), net.address(near)));
    let (back, _) = bench.send(near, there.reversed(), Flags::SYN.with(Flags::ACK));
    assert_eq!(back, Ok((world, asked(5).reversed())));
    bench.plane.probed(node(&net, "one/probe-80"), near, false);
    assert_eq!(bench.send(world, asked(6), Flags::SYN).0.unwrap().0, far);
    bench.plane.probed(node(&net, "two/probe-80"), far, false);
    assert_eq!(bench.send(world, asked(7), Flags::SYN).0, Err(Reason::NoHealthyBackend));
}

/// A gateway balancer with two appliances in a network of its own; gives the name of its frontend.
fn gateway(net: &mut Net) -> [PortId; 2] {
    net.vnet("n", "10.9.0.0/16");
    net.subnet("n", "s", "10.9.0.0/24", None);
    let appliances = [net.vm("nva0", "n/s", None), net.vm("nva1", "n/s", None)];
    let child = |part: &str, kind| Draft::new(format!("gw/{part}"), kind).refer(Relation::PartOf, "gw");
    let attributes =
        LoadBalancer { sku: Setting::default_of(Sku::Gateway), region: net.region(), ..LoadBalancer::default() };
    net.put(Draft::new("gw", Kind::LoadBalancer(attributes)));
    net.put(child("front", Kind::Frontend(Frontend::default())).refer(Relation::Attached, "n/s"));
    net.put(child("pool", Kind::BackendPool(BackendPool::default())));
    for name in ["nva0", "nva1"] {
        net.link(&format!("{name}-nic/ipconfig1"), Relation::MemberOf, "gw/pool");
    }
    let rule = child("rule", Kind::BalancingRule(BalancingRule::default())).refer(Relation::Listens, "gw/front");
    net.put(rule.refer(Relation::Sends, "gw/pool"));
    appliances
}

/// Which of the appliances a packet passes on its way to a delivery.
fn passed(
    net: &Net,
    bench: &mut Bench,
    from: PortId,
    tuple: Tuple,
    flags: Flags,
    among: [PortId; 2],
) -> (Vec<PortId>, PortId) {
    let (way, end) = bench.way(from, tuple, flags);
    let (port, _) = end.unwrap_or_else(|reason| panic!("{tuple}: {reason}"));
    assert!(net.topology.get(NodeId(port.0)).is_some());
    (way.into_iter().filter(|port| among.contains(port)).collect(), port)
}

#[test]
fn chained_traffic_goes_through_one_appliance() {
    // 3.13. Tests `gateway-balancer-chain`. Catches: traffic past the appliances, twice through them, an answer through another one,
    // one appliance for all flows.
    let mut net = filtered(&["100 all in allow * * -> * *"]);
    let appliances = gateway(&mut net);
    let m = net.vm("m", "v/s", None);
    net.public_ip("pip", "20.1.1.1", Sku::Standard);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Uses, "pip"), &["m"]);
    net.balance("lb", 80, 80, None);
    net.link("lb/front", Relation::ChainedTo, "gw/front");
    let own = net.vm("own", "v/s", None);
    let public = net.public_vm("own", "20.1.1.5");
    net.link("own-nic/ipconfig1", Relation::ChainedTo, "gw/front");
    let world = PortId(node(&net, "world").0);
    let mut bench = Bench::new(&net);
    let mut used = BTreeSet::new();
    for (dst, at) in [(vip, m), (public, own)] {
        for src_port in 100..120 {
            let asked = Tuple { src: addr("8.8.8.8"), dst, src_port, dst_port: 80, protocol: Protocol::TCP };
            let (there, port) = passed(&net, &mut bench, world, asked, Flags::SYN, appliances);
            assert_eq!((there.len(), port), (1, at), "{asked}");
            let answer = Tuple { src: net.address(at), src_port: 80, ..asked.reversed() };
            let (back, port) = passed(&net, &mut bench, at, answer, Flags::SYN.with(Flags::ACK), appliances);
            assert_eq!((&back, port), (&there, world), "{asked}");
            let (again, _) = passed(&net, &mut bench, world, asked, Flags::ACK, appliances);
            assert_eq!(again, there, "{asked}");
            used.extend(there);
        }
    }
    assert_eq!(used.len(), 2);
    // The explanation follows it past the appliance, and back to where it was before.
    for dst in [vip, public] {
        assert_eq!(tcp(&net, "world", dst, 80).verdict, "open", "{dst}");
    }
    let asked =
        Tuple { src: net.address(own), dst: addr("8.8.8.8"), src_port: 7, dst_port: 443, protocol: Protocol::TCP };
    let (there, _) = passed(&net, &mut bench, own, asked, Flags::SYN, appliances);
    let answer = Tuple { src: asked.dst, dst: public, src_port: 443, dst_port: 7, protocol: Protocol::TCP };
    let (back, port) = passed(&net, &mut bench, world, answer, Flags::SYN.with(Flags::ACK), appliances);
    assert_eq!((back, port), (there, own));
}
