//! Packets of more than 1,400 bytes: azure-dataplane 5.3, 9 (13).

use bytes::Bytes;
use sim_core::assumption::Assumption;
use sim_core::engine::{Engine, Event, Observer};
use sim_core::net::{Header, Protocol};
use sim_core::plane::Act;
use sim_core::stage::{Reason, Step};
use sim_core::time::Nanos;
use sim_core::topology::Topology;
use vnetsim_tests::ask::question;
use vnetsim_tests::net::Net;

/// Headers of a datagram, in bytes.
const HEADERS: usize = 28;

/// What became of datagrams, one after the other: delivered or dropped, and whether their size was in doubt.
#[derive(Default)]
struct Seen(Vec<(Act, bool)>);

impl Observer for Seen {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        let Event::Hop { act, steps, leaving, .. } = event else { return };
        let doubt = steps.contains(&Step::Assumed(Assumption::LargePackets));
        match act {
            Act::Forward { .. } if *leaving => self.0.push((*act, doubt)),
            Act::Forward { .. } => {}
            _ if *leaving => self.0.push((*act, doubt)),
            _ => self.0.last_mut().expect("it left somewhere").0 = *act,
        }
    }
}

/// What becomes of datagrams of these sizes from `a` to `to`.
fn sent(net: &Net, to: &str, sizes: &[usize]) -> Vec<(Act, bool)> {
    let port = net.topology.addresses_of(net.topology.find("a").expect("a machine").id)[0];
    let there = net.topology.find(to).expect("a machine");
    let host = net.topology.addresses_of(there.id).first().map(|(_, address)| *address);
    let to = host.unwrap_or_else(|| "8.8.8.8".parse().expect("an address"));
    let tuple = question(net, "a", Protocol::UDP, to, 53);
    let mut engine = Engine::new(net.topology.clone(), net.facts(), 1, Seen::default());
    engine.run_until(Nanos::secs(1));
    for size in sizes {
        let port = sim_core::id::PortId(port.0.0);
        engine.inject(port, Header::plain(tuple, 64), Bytes::from(vec![0; size - HEADERS]));
        engine.run_until(engine.now() + Nanos::secs(1));
    }
    engine.observer.0
}

#[test]
fn large_packets_cross_as_is_assumed() {
    // 5.3, 9 (13): up to 1,500 bytes pass, or what is above 1,400 does not. Tests `large-packets`.
    // Catches: a size that is counted without its headers, a limit that is one off, an answer that does not say what it
    // hangs on or says it of small packets, a drop that takes the flow's other packets with it, one beyond VNets.
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", None);
    net.vnet("w", "10.1.0.0/16");
    net.subnet("w", "s", "10.1.0.0/24", None);
    net.peer("v", "w");
    net.vm("a", "v/s", None);
    net.vm("near", "v/s", None);
    net.vm("peered", "w/s", None);
    net.internet_host("world", "8.8.8.8/32");
    let (sizes, dropped) = ([1400, 1401, 1400, 1500], Act::Drop(Reason::TooLarge));
    for to in ["near", "peered"] {
        let all = [false, true, true, true].map(|doubt| (Act::Deliver, doubt));
        assert_eq!(sent(&net, to, &sizes), all, "{to}");
    }
    net.assume("large-packets", "dropped");
    for to in ["near", "peered"] {
        let small = [(Act::Deliver, false), (dropped, true), (Act::Deliver, false), (dropped, true)];
        assert_eq!(sent(&net, to, &sizes), small, "{to}");
    }
    assert_eq!(sent(&net, "world", &[1500]), [(Act::Deliver, false)]);
}
