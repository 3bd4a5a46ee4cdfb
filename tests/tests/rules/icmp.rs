//! Pings: azure-dataplane 1.8, 3.6, 3.12, 4.3, 5.4.

use crate::{filtered, one_vnet};
use bytes::Bytes;
use sim_core::app::Ping;
use sim_core::assumption::Assumption;
use sim_core::engine::{Engine, Event, Observer};
use sim_core::fabric::Fabric;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Header, IcmpHeader, Protocol, Tuple};
use sim_core::plane::{Act, Answer, Health, Plane};
use sim_core::stage::{Reason, Step};
use sim_core::time::Nanos;
use sim_core::topology::{Relation, Sku, Topology};
use std::sync::Arc;
use vnetsim_tests::ask::{any, question};
use vnetsim_tests::net::{Net, facts};

/// The kinds of the ICMP messages that machines get, with whom they are from.
#[derive(Default)]
struct Heard(Vec<(PortId, Addr, u8)>);

impl Observer for Heard {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Hop { port, act: Act::Deliver, packet, .. } = event
            && packet.header.tuple.protocol == Protocol::ICMP
        {
            self.0.push((*port, packet.header.tuple.src, packet.header.icmp.kind));
        }
    }
}

/// What comes back to the host `world` when it pings `to`, once probes have settled.
fn pinged(net: &Net, to: Addr) -> Option<(Addr, u8)> {
    let port = PortId(net.topology.find("world").unwrap().id.0);
    let mut engine = Engine::new(net.topology.clone(), facts(), 1, Heard::default());
    engine.run_until(Nanos::secs(40));
    let tuple = Tuple { src: Addr::v4(8, 8, 8, 8), dst: to, src_port: 7, dst_port: 7, protocol: Protocol::ICMP };
    let header = Header::icmp(tuple, 64, IcmpHeader::echo_request(Protocol::ICMP, 1));
    engine.inject(port, header, Bytes::from_static(b"ping"));
    engine.run_until(Nanos::secs(50));
    engine.observer.0.iter().find(|(at, ..)| *at == port).map(|(_, from, kind)| (*from, *kind))
}

fn public(net: &mut Net, sku: Sku, machines: &[&str]) -> Addr {
    for machine in machines {
        net.vm(machine, "v/s", None);
    }
    net.public_ip("pip", "20.1.1.1", sku);
    net.balancer("lb", sku, (Relation::Uses, "pip"), machines)
}

#[test]
fn a_public_frontend_answers_pings_itself() {
    // 3.12. Tests `balancer-ping`. Catches: a ping balanced to a machine, groups asked about it, an answer without a rule or a
    // machine, at a Basic frontend or at an internal one; no word of it that all are down.
    let (echo, unreachable) = (0, 3);
    let closed = ["100 no in deny * * -> * *"];
    let mut net = filtered(&closed);
    let vip = public(&mut net, Sku::Standard, &["m"]);
    assert_eq!(pinged(&net, vip), None);
    net.balance("lb", 80, 80, None);
    assert_eq!(pinged(&net, vip), Some((vip, echo)));
    assert_eq!(any(&net, "world", question(&net, "world", Protocol::ICMP, vip, 0)).verdict, "open");
    net.balance("lb", 80, 80, Some(80));
    assert_eq!(pinged(&net, vip), Some((vip, unreachable)));
    let mut net = filtered(&closed);
    let vip = public(&mut net, Sku::Standard, &[]);
    net.balance("lb", 80, 80, None);
    assert_eq!(pinged(&net, vip), None);
    let mut net = filtered(&["100 all in allow * * -> * *"]);
    let vip = public(&mut net, Sku::Basic, &["m"]);
    net.balance("lb", 80, 80, None);
    assert_eq!(pinged(&net, vip), None);
}

#[test]
fn a_ping_says_what_it_was_told() {
    // 3.12. Tests `balancer-ping`. Catches: a message that reaches no program, or that is taken for silence or a reply.
    let mut net = filtered(&["100 no in deny * * -> * *"]);
    let vip = public(&mut net, Sku::Standard, &["m"]);
    net.balance("lb", 80, 80, Some(80));
    let world = net.topology.find("world").unwrap().id;
    let mut engine = Engine::new(net.topology.clone(), facts(), 1, Told::default());
    engine.spawn(world, Box::new(Ping::new(vip, Nanos::secs(5), Nanos::secs(40), None))).unwrap();
    engine.run_until(Nanos::secs(60));
    assert_eq!(engine.observer.0, [format!("failed From {vip} icmp_seq=1 Destination Host Unreachable")]);
}

#[derive(Default)]
struct Told(Vec<String>);

impl Observer for Told {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Reported { report, .. } = event {
            self.0.push(format!("{} {}", report.what, report.text));
        }
    }
}

#[test]
fn machines_that_are_off_leave_a_ping_alone() {
    // 3.12. Tests `balancer-ping`. Catches: an answer for machines that do not run.
    let mut net = filtered(&[]);
    let vip = public(&mut net, Sku::Standard, &["m"]);
    net.balance("lb", 80, 80, None);
    let fabric = Arc::new(Fabric::compile(&net.topology, &facts(), 0));
    let mut plane = Plane::new(fabric, Health::presuming(true));
    let front = PortId(net.topology.find("lb/front").unwrap().id.0);
    let mut ask = |off: bool| {
        let config = net.topology.find("m-nic/ipconfig1").unwrap().id;
        plane.powered([PortId(config.0)].into_iter(), !off);
        let tuple = Tuple { src: Addr::v4(8, 8, 8, 8), dst: vip, src_port: 7, dst_port: 7, protocol: Protocol::ICMP };
        let mut header = Header::icmp(tuple, 64, IcmpHeader::echo_request(Protocol::ICMP, 1));
        plane.pass(front, false, &mut header, &mut Default::default(), 0, Nanos::ZERO).map(|composed| composed.act)
    };
    assert_eq!(ask(false), Ok(Act::Answer(Answer::Echo)));
    assert_eq!(ask(true), Ok(Act::Drop(Reason::MachineDown)));
    assert_eq!(ask(false), Ok(Act::Answer(Answer::Echo)));
}

#[test]
fn rules_for_all_ports_and_pings() {
    // 3.6. Tests `balancer-ha-ports-icmp`. Catches: the assumption without effect, or not told.
    for (choice, verdict) in [("dropped", "there lb/front: no-balancer-rule"), ("balanced", "open")] {
        let mut net = one_vnet(None);
        net.vm("m", "v/s", None);
        net.vm("client", "v/t", None);
        let vip = net.balancer("lb", Sku::Standard, (Relation::Attached, "v/s"), &["m"]);
        net.balance("lb", 0, 0, None);
        let mut facts = sim_core::fabric::Facts::clone(&facts());
        facts.choices.set("ha-ports-icmp", choice).unwrap();
        let fabric = Arc::new(Fabric::compile(&net.topology, &Arc::new(facts), 0));
        let tuple = question(&net, "client", Protocol::ICMP, vip, 0);
        let from = PortId(net.topology.find("client-nic/ipconfig1").unwrap().id.0);
        let walk = sim_core::explain::walk(&fabric, sim_core::explain::Question { from, tuple }, |_: NodeId| None);
        let told =
            walk.there.iter().flat_map(|stop| &stop.steps).any(|step| *step == Step::Assumed(Assumption::HaPortsIcmp));
        assert_eq!((walk.connects(), told), (verdict == "open", true), "{choice}");
        if choice == "dropped" {
            assert_eq!(any(&net, "client", tuple).verdict, verdict);
        }
    }
}

#[test]
fn groups_know_no_kinds_of_pings() {
    // 5.4. Catches: ICMP that a rule for TCP lets in, one that a rule for ICMP does not.
    for (rule, verdict) in [
        ("100 ping in allow icmp Internet -> * *", "open"),
        ("100 no in allow tcp Internet -> * *", "there a: security-rule subnet g/DenyAllInBound"),
    ] {
        let mut net = filtered(&[rule]);
        net.vm("a", "v/s", None);
        let address = net.public_vm("a", "20.1.1.1");
        assert_eq!(any(&net, "world", question(&net, "world", Protocol::ICMP, address, 0)).verdict, verdict, "{rule}");
    }
}

#[test]
fn a_public_address_carries_what_it_carries() {
    // 4.3. Tests `public-ip-protocols`. Catches: ESP stopped, AH let through, in either direction.
    let mut net = filtered(&["100 all in allow * * -> * *"]);
    net.vm("a", "v/s", None);
    let address = net.public_vm("a", "20.1.1.1");
    for (protocol, open) in
        [(Protocol::ESP, true), (Protocol::AH, false), (Protocol::UDP, true), (Protocol::ICMP, true)]
    {
        let inward = any(&net, "world", question(&net, "world", protocol, address, 0)).verdict;
        let outward = any(&net, "a", question(&net, "a", protocol, Addr::v4(8, 8, 8, 8), 0)).verdict;
        assert_eq!((inward == "open", outward == "open"), (open, open), "{protocol}: {inward}, {outward}");
    }
}
