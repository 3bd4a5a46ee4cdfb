//! Latencies without jitter are sums that can be written down: delays of the ways, and the time that bytes take at the
//! caps they pass. They hold to the nanosecond, for a segment is answered at the nanosecond at which it arrived.

use sim_core::app::{Attempt, Dialogue, Listener, Relay};
use sim_core::engine::{Engine, serialisation};
use sim_core::fabric::{Facts, LinkClass};
use sim_core::host::Program;
use sim_core::net::Addr;
use sim_core::time::Nanos;
use sim_core::topology::{ConnectionState, Draft, InternetHost, Kind, UserHop};
use std::sync::Arc;
use topologies::facts::{Date, assumptions, network, region};
use vnetsim_tests::assembly::Balancing;
use vnetsim_tests::net::{Net, addr, facts, prefix};
use vnetsim_tests::programs::{Caller, Greeter, Reports};

/// IPv4 and TCP headers; with the options of a SYN: MSS, window scale and SACK-permitted, 9 bytes padded to 12.
const SEGMENT: usize = 40;
const SYN: usize = SEGMENT + 12;

/// Runs programs on machines for ten seconds; gives what they report.
fn reports(net: &Net, facts: &Arc<Facts>, programs: Vec<(&str, Box<dyn Program>)>) -> Reports {
    let mut engine = Engine::new(net.topology.clone(), facts.clone(), 1, Reports::default());
    for (machine, program) in programs {
        let node = engine.topology().find(machine).unwrap().id;
        assert!(engine.spawn(node, program).is_some(), "{machine}");
    }
    engine.run_until(Nanos::secs(10));
    engine.observer
}

/// How long `client` takes to connect to port 22 of `server`'s `address`.
fn connect(net: &Net, facts: &Arc<Facts>, client: &str, server: &str, address: Addr) -> Nanos {
    let attempt = Attempt::new((address, 22), Dialogue::Tcp, Nanos::secs(5), Nanos::ZERO, None);
    let programs: Vec<(&str, Box<dyn Program>)> =
        vec![(server, Box::new(Listener::new(22))), (client, Box::new(attempt))];
    let reports = reports(net, facts, programs);
    Nanos(reports.first("connect").unwrap_or_else(|| panic!("{client} -> {server}: {:?}", reports.0)))
}

/// One-way delay of a class in these facts.
fn delay(facts: &Facts, class: LinkClass) -> Nanos {
    facts.delays.local.get(&class).map_or(Nanos::ZERO, |profile| profile.delay)
}

fn sum(parts: &[Nanos]) -> Nanos {
    parts.iter().fold(Nanos::ZERO, |sum, part| sum + *part)
}

/// How long `bytes` take through caps one after the other.
fn through(caps: &[Option<u64>], bytes: usize) -> Nanos {
    sum(&caps.iter().flatten().map(|cap| serialisation(bytes, *cap)).collect::<Vec<_>>())
}

/// Catches: a packet that leaves before its last bit is out of the cap, a cap taken per NIC or in bytes, the payload
/// counted without headers, an appliance that forwards for free, a return that is charged the forward way's caps.
#[test]
fn connecting_takes_the_delays_and_the_caps_of_both_ways() {
    // Tests `limit-bandwidth-by-size`.
    // Rates that do not divide evenly: rounding shows. 0, one or two appliances there; the way back is direct or not.
    let caps = [Some(250_000_000), Some(7_000_003), None, Some(999_983)];
    for (there, back) in [(0, 0), (1, 0), (1, 1), (2, 0), (2, 2)] {
        let mut net = Net::new();
        net.vnet("v", "10.0.0.0/16");
        for name in ["client", "server", "nva1", "nva2"] {
            let third = ["client", "server", "nva1", "nva2"].iter().position(|n| *n == name).unwrap();
            net.subnet("v", name, &format!("10.0.{third}.0/24"), None);
        }
        net.machine("client", "v/client", None, false, caps[0]);
        net.machine("server", "v/server", None, false, caps[3]);
        net.machine("nva1", "v/nva1", None, true, caps[1]);
        net.machine("nva2", "v/nva2", None, true, Some(123_456_789));
        let (server, nva1, nva2) = (addr("10.0.1.4"), addr("10.0.2.4"), addr("10.0.3.4"));
        let to = |subnet: &str, hop: Addr| vec![Net::route(subnet, UserHop::Appliance(hop))];
        if there > 0 {
            net.routes("v/client", to("10.0.1.0/24", nva1));
        }
        if back > 0 {
            net.routes("v/server", to("10.0.0.0/24", if back == 2 { nva2 } else { nva1 }));
        }
        let mut first = if there == 2 { to("10.0.1.0/24", nva2) } else { Vec::new() };
        first.push(Net::route("198.18.0.0/15", UserHop::None));
        net.routes("v/nva1", first);
        if back == 2 {
            net.routes("v/nva2", to("10.0.0.0/24", nva1));
        }

        let facts = facts();
        let appliances = [caps[1], Some(123_456_789)];
        let hop = delay(&facts, LinkClass::Vnet);
        let leg = |sender: Option<u64>, count: usize| {
            let ways = Nanos(hop.0 * (count as u64 + 1));
            sum(&[ways, through(&[sender], SYN), through(&appliances[..count], SYN)])
        };
        let expected = leg(caps[0], there) + leg(caps[3], back);
        assert_eq!(connect(&net, &facts, "client", "server", server), expected, "{there} there, {back} back");
    }
}

/// A consumer and a provider with overlapping spaces, a private link between them.
fn linked() -> (Net, Addr) {
    let mut net = Net::new();
    for vnet in ["near", "far"] {
        net.vnet(vnet, "10.0.0.0/16");
        net.subnet(vnet, "s", "10.0.0.0/24", None);
    }
    net.machine("client", "near/s", None, false, Some(250_000_000));
    net.machine("server", "far/s", None, false, Some(750_000_000));
    let what = Balancing { subnet: "far/s", address: None, ports: (22, 22), probe: None };
    net.balancing("lb", what, &["server".to_owned()]);
    let (_, endpoint) = net.private_link("pls", "far/s", "lb/frontend", "near/s", ConnectionState::Approved);
    (net, endpoint)
}

/// Catches: a stage of the network that takes time of its own, a private link passed twice or not at all, a stage that
/// is charged to a machine's cap.
#[test]
fn a_private_link_takes_its_ways_and_nothing_more() {
    let (net, endpoint) = linked();
    let facts = Arc::new(network(Date::DATA, false, assumptions()));
    let [vnet, link, stage] =
        [LinkClass::Vnet, LinkClass::PrivateLink, LinkClass::Fabric].map(|class| delay(&facts, class));
    assert!(vnet > Nanos::ZERO && link > Nanos::ZERO && vnet != link && stage == Nanos::ZERO);
    // Client to endpoint, endpoint to service, service by the frontend, which is a stage, to the backend. Back: backend to
    // service, service to endpoint, endpoint to client.
    let there = sum(&[through(&[Some(250_000_000)], SYN), vnet, link, vnet, stage]);
    let back = sum(&[through(&[Some(750_000_000)], SYN), vnet, link, vnet]);
    assert_eq!(connect(&net, &facts, "client", "server", endpoint), there + back);
}

/// Catches: a relay that opens its second connection before the first is accepted, or waits for data; bytes that are
/// held back by Nagle or delayed acknowledgements.
#[test]
fn a_relayed_greeting_takes_two_connections() {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", None);
    let caps = [("client", 250_000_000), ("proxy", 100_000_007), ("server", 5_000_000)];
    let [client, proxy, server] = caps.map(|(name, cap)| {
        net.machine(name, "v/s", None, false, Some(cap));
        move |bytes| serialisation(bytes, cap)
    });
    const GREETING: usize = 21;
    let facts = facts();
    let programs: Vec<(&str, Box<dyn Program>)> = vec![
        ("server", Box::new(Greeter { port: 22, bytes: GREETING })),
        ("proxy", Box::new(Relay::new(60001, (addr("10.0.0.6"), 22), Nanos::secs(15)))),
        ("client", Box::new(Caller { to: (addr("10.0.0.5"), 60001) })),
    ];
    let seen = reports(&net, &facts, programs);
    let hop = delay(&facts, LinkClass::Vnet);
    // SYN, SYN-ACK.
    let connected = sum(&[client(SYN), hop, proxy(SYN), hop]);
    // ACK: accepted. SYN, SYN-ACK, ACK on the second leg: accepted there. The greeting, twice.
    let accepted = sum(&[connected, client(SEGMENT), hop]);
    let onward = sum(&[accepted, proxy(SYN), hop, server(SYN), hop, proxy(SEGMENT), hop]);
    let greeted = sum(&[onward, server(SEGMENT + GREETING), hop, proxy(SEGMENT + GREETING), hop]);
    assert_eq!(seen.0, [("connect", connected.0), ("first-byte", greeted.0)]);
}

/// Catches: a round trip taken for one way or rounded, the table read in the wrong direction or by the wrong name, the
/// local delay forgotten or charged twice, a distance that counts once for each end.
#[test]
fn regions_are_as_far_apart_as_the_table_says() {
    // Tests `latency-regions`.
    let facts = Arc::new(network(Date::DATA, false, assumptions()));
    for (here, far) in [("eastus", "westeurope"), ("westus2", "southeastasia"), ("brazilsouth", "japaneast")] {
        let mut net = Net::new();
        for (region, name, space) in [(here, "a", "10.1"), (far, "b", "10.2")] {
            net.in_region(region);
            net.vnet(name, &format!("{space}.0.0/16"));
            net.subnet(name, "s", &format!("{space}.0.0/24"), None);
            net.vm(&format!("vm-{name}"), &format!("{name}/s"), None);
        }
        net.peering("a", "b", (true, true), (false, false));
        let host =
            InternetHost { region: Some(far.into()), azure: true, ..InternetHost::at(prefix("198.51.100.7/32")) };
        net.put(Draft::new("service", Kind::InternetHost(host)));

        let one_way = |from: &str, to: &str| Nanos::micros(u64::from(region::round_trip_ms(from, to).unwrap()) * 500);
        let round_trip = one_way(here, far) + one_way(far, here);
        let twice = |class| Nanos(2 * delay(&facts, class).0);
        let peered = connect(&net, &facts, "vm-a", "vm-b", addr("10.2.0.4"));
        assert_eq!(peered, round_trip + twice(LinkClass::Peering), "{here} -> {far}");
        let public = connect(&net, &facts, "vm-a", "service", addr("198.51.100.7"));
        assert_eq!(public, round_trip + twice(LinkClass::Backbone), "{here} -> service in {far}");
    }
}
