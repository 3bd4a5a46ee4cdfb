//! Gateways, connections and networks on premises: azure-dataplane 2.1 to 2.4, 2.7, 5.3 and 5.4.

use sim_core::app::Traceroute;
use sim_core::assumption::Assumption;
use sim_core::engine::{Engine, Event, Observer};
use sim_core::fabric::{Fabric, LinkClass, PortKind};
use sim_core::id::PortId;
use sim_core::net::{Header, Meta, Protocol, TcpHeader};
use sim_core::plane::{Act, Health, Plane};
use sim_core::time::Nanos;
use sim_core::topology::{Bgp, GatewayKind, Kind, Relation, Setting, Topology, UserHop};
use std::sync::Arc;
use vnetsim_tests::ask::{any, question, tcp};
use vnetsim_tests::net::{Net, addr, prefix};

/// Adds a VNet with one subnet `s`, a VM in it and, if asked, a VPN gateway `gw-NAME`.
fn add_vnet(net: &mut Net, name: &str, n: u8, gateway: bool) {
    net.vnet(name, &format!("10.{n}.0.0/16"));
    net.subnet(name, "s", &format!("10.{n}.0.0/24"), None);
    net.vm(&format!("vm-{name}"), &format!("{name}/s"), None);
    if gateway {
        net.gateway(&format!("gw-{name}"), name, &format!("10.{n}.255.0/24"), GatewayKind::Vpn);
    }
}

/// A hub `h` (10.0.0.0/16) with a gateway and the site `dc` (192.168.0.0/24) behind it, and a spoke `p` (10.1.0.0/16).
fn hub() -> Net {
    let mut net = Net::new();
    add_vnet(&mut net, "h", 0, true);
    add_vnet(&mut net, "p", 1, false);
    net.peer("h", "p");
    net.site("dc", "192.168.0.0/24", None);
    net.connect("gw-h", "dc", false);
    net
}

const DC: &str = "192.168.0.9";

#[test]
fn a_site_is_reached_through_the_gateway_and_reaches_the_vnet() {
    // Tests `gateway-routes`, `gateway-on-premises`.
    // Catches: declared ranges that bring no routes, a site without a way back, the tag VirtualNetwork without what is on
    // premises (default rules would deny it), an address of the site that nobody has.
    let mut net = hub();
    net.group("g", &[]);
    net.link("h/s", Relation::FilteredBy, "g");
    let asked = tcp(&net, "vm-h", addr(DC), 22);
    assert_eq!(asked.verdict, "open");
    assert_eq!(
        (asked.there, asked.back),
        (
            ["vm-h", "gw-h", "dc-host"].map(String::from).to_vec(),
            ["dc-host", "gw-h", "vm-h"].map(String::from).to_vec(),
        )
    );
    assert_eq!(tcp(&net, "dc-host", addr("10.0.0.4"), 22).verdict, "open");
    assert_eq!(tcp(&net, "vm-h", addr("192.168.0.77"), 22).verdict, "there gw-h: no-such-address");
    let net = hub();
    assert_eq!(tcp(&net, "vm-h", addr("192.168.7.7"), 22).verdict, "there vm-h: route-to-none");
    assert_eq!(tcp(&net, "dc-host", addr("10.9.0.4"), 22).verdict, "there dc-host: no-route");
}

#[test]
fn a_spoke_uses_the_hubs_gateway_where_both_sides_say_so() {
    // Tests `gateway-transit`, `peering-gateway-traffic`.
    // Catches: routes that come because the gateway's side allows it, or to a VNet that is merely peered; a flag for forwarded traffic asked
    // of what a gateway sends.
    let net = hub();
    assert_eq!(tcp(&net, "vm-p", addr(DC), 22).verdict, "there vm-p: route-to-none");
    assert_eq!(tcp(&net, "dc-host", addr("10.1.0.4"), 22).verdict, "there dc-host: no-route");
    let mut net = hub();
    net.edit_peering("h/to-p", |it| it.gateway_transit = Setting::default_of(true));
    assert_eq!(tcp(&net, "vm-p", addr(DC), 22).verdict, "there vm-p: route-to-none");
    let mut net = hub();
    net.use_gateway("h", "p");
    let asked = tcp(&net, "vm-p", addr(DC), 22);
    assert_eq!((asked.verdict.as_str(), asked.there), ("open", ["vm-p", "gw-h", "dc-host"].map(String::from).to_vec()));
    assert_eq!(tcp(&net, "dc-host", addr("10.1.0.4"), 22).verdict, "open");
}

#[test]
fn propagation_can_be_switched_off() {
    // Tests `route-propagation-off`.
    // Catches: a table that keeps learned routes out and lets declared ones in; a user's route to the gateway that needs
    // propagation.
    let mut net = hub();
    net.routed("h/s", &[("172.20.0.0/16", UserHop::None)]);
    assert_eq!(tcp(&net, "vm-h", addr(DC), 22).verdict, "open");
    net.no_propagation("table-of-h-s");
    assert_eq!(tcp(&net, "vm-h", addr(DC), 22).verdict, "there vm-h: route-to-none");
    let mut net = hub();
    net.routed("h/s", &[("192.168.0.0/24", UserHop::Gateway)]);
    net.no_propagation("table-of-h-s");
    assert_eq!(tcp(&net, "vm-h", addr(DC), 22).verdict, "open");
}

#[test]
fn a_public_range_on_premises_is_in_two_tags() {
    // failure-stories S21. Tests `tag-internet-on-premises`.
    // Catches: a range taken out of `Internet`, or out of `VirtualNetwork`, because the other tag holds it; a private range
    // on premises in `Internet`; a choice without effect, or an answer that does not say what it hangs on.
    let deny = "200 no out deny * * -> Internet *";
    let first = "100 near out allow * * -> VirtualNetwork *";
    for (choice, rules, to, verdict) in [
        ("with-virtual-network", &[deny][..], "198.51.100.9", "there vm-h: security-rule subnet g/no"),
        ("with-virtual-network", &[first, deny], "198.51.100.9", "open"),
        ("with-virtual-network", &[deny], DC, "open"),
        ("left-out", &[deny], "198.51.100.9", "open"),
    ] {
        let mut net = hub();
        net.site("public", "198.51.100.0/24", None);
        net.connect("gw-h", "public", false);
        net.assume("internet-on-premises", choice);
        net.group("g", rules);
        net.link("h/s", Relation::FilteredBy, "g");
        let asked = tcp(&net, "vm-h", addr(to), 443);
        assert_eq!(asked.verdict, verdict, "{choice} {rules:?} {to}");
        assert_eq!(asked.walk.assumed().has(Assumption::InternetOnPremises), to != DC, "{choice} {rules:?} {to}");
    }
}

#[test]
fn a_users_route_to_the_gateway_means_a_vpn_gateway() {
    // Tests `route-user-gateway`.
    // Catches: a route to a gateway that is not there, or to an ExpressRoute gateway, taken for one.
    let verdict = |kinds: &[GatewayKind]| {
        let mut net = Net::new();
        add_vnet(&mut net, "h", 0, false);
        net.site("dc", "192.168.0.0/24", None);
        for (n, kind) in kinds.iter().enumerate() {
            let name = format!("gw-{n}");
            if n == 0 {
                net.gateway(&name, "h", "10.0.255.0/24", *kind);
            } else {
                let gateway = sim_core::topology::Gateway { kind: *kind, ..Default::default() };
                let draft = sim_core::topology::Draft::new(name.as_str(), Kind::Gateway(gateway));
                net.put(draft.refer(Relation::Attached, "h/GatewaySubnet"));
            }
            net.connect(&name, "dc", false);
        }
        net.routed("h/s", &[("192.168.0.0/24", UserHop::Gateway)]);
        tcp(&net, "vm-h", addr(DC), 22).verdict
    };
    assert_eq!(verdict(&[]), "there vm-h: no-gateway");
    assert_eq!(verdict(&[GatewayKind::Vpn]), "open");
    assert_eq!(verdict(&[GatewayKind::ExpressRoute]), "there vm-h: no-gateway");
    assert_eq!(verdict(&[GatewayKind::ExpressRoute, GatewayKind::Vpn]), "there vm-h: no-gateway");
}

/// Two VNets, `a` and `b`, with gateways.
fn two() -> Net {
    let mut net = Net::new();
    add_vnet(&mut net, "a", 1, true);
    add_vnet(&mut net, "b", 2, true);
    net
}

#[test]
fn vnets_meet_through_their_gateways_once_both_are_connected() {
    // Tests `gateway-both-sides`, `gateway-hop`.
    // Catches: a tunnel of one side, gateways that are no hops, a way that misses one of the two.
    for bgp in [false, true] {
        let mut net = two();
        if bgp {
            net.speaks_bgp("gw-a", 65001);
            net.speaks_bgp("gw-b", 65002);
        }
        net.connect("gw-a", "gw-b", bgp);
        let half = tcp(&net, "vm-a", addr("10.2.0.4"), 22).verdict;
        assert_eq!(half, if bgp { "there vm-a: route-to-none" } else { "there gw-a: no-gateway" });
        net.connect("gw-b", "gw-a", bgp);
        let asked = tcp(&net, "vm-a", addr("10.2.0.4"), 22);
        assert_eq!(asked.verdict, "open", "{bgp}");
        assert_eq!(asked.there, ["vm-a", "gw-a", "gw-b", "vm-b"]);
        assert_eq!(asked.back, ["vm-b", "gw-b", "gw-a", "vm-a"]);
        assert_eq!(travelled(&net, "vm-a", "10.2.0.4"), (62, Some(1350)));
    }
}

#[test]
fn only_routers_count_packets_down() {
    // Golden 31, 5.4. Tests `gateway-hop`, `gateway-segment-size`.
    // Catches: a hop inside a VNet or over a peering; a gateway that is none; segments larger than a tunnel takes.
    let mut net = hub();
    net.use_gateway("h", "p");
    assert_eq!(travelled(&net, "vm-p", "10.0.0.4"), (64, Some(1460)));
    assert_eq!(travelled(&net, "vm-p", DC), (63, Some(1350)));
}

/// What is left of a packet's time to live and segment size when it arrives.
fn travelled(net: &Net, from: &str, to: &str) -> (u8, Option<u16>) {
    let fabric = Arc::new(Fabric::compile(&net.topology, &net.facts(), 0));
    let mut plane = Plane::new(fabric, Health::presuming(true));
    let tcp = TcpHeader { mss: Some(1460), ..TcpHeader::default() };
    let mut header = Header::tcp(question(net, from, Protocol::TCP, addr(to), 22), 64, tcp);
    let machine = net.topology.find(from).unwrap().id;
    let (mut port, mut leaving) = (PortId(net.topology.addresses_of(machine)[0].0.0), true);
    let mut meta = Meta::default();
    for _ in 0..20 {
        match plane.pass(port, leaving, &mut header, &mut meta, 0, Nanos::ZERO).unwrap().act {
            Act::Forward { to, .. } => (port, leaving) = (to, false),
            Act::Deliver => return (header.ttl, header.tcp.mss),
            Act::Drop(reason) => panic!("{reason}"),
            Act::Answer(answer) => panic!("{answer:?}"),
        }
    }
    panic!("it does not arrive");
}

#[test]
fn bgp_carries_what_a_gateway_has_learned() {
    // Tests `gateway-bgp-transit`.
    // Catches: routes that end at the first neighbour, transit without BGP, a path through one's own number.
    let through = |bgp: bool, asn_c: u32| {
        let mut net = two();
        add_vnet(&mut net, "c", 3, true);
        for (gateway, asn) in [("gw-a", 65001), ("gw-b", 65002), ("gw-c", asn_c)] {
            net.speaks_bgp(gateway, asn);
        }
        net.connect_both("gw-a", "gw-b", bgp);
        net.connect_both("gw-b", "gw-c", bgp);
        tcp(&net, "vm-a", addr("10.3.0.4"), 22)
    };
    let asked = through(true, 65003);
    assert_eq!(
        (asked.verdict.as_str(), asked.there),
        ("open", ["vm-a", "gw-a", "gw-b", "gw-c", "vm-c"].map(String::from).to_vec())
    );
    assert_eq!(through(false, 65003).verdict, "there vm-a: route-to-none");
    assert_eq!(through(true, 65001).verdict, "there vm-a: route-to-none");
}

#[test]
fn gateways_tell_what_they_learned_as_recorded() {
    // Tests `gateway-bgp-advertises`. The shape is that of the recorded answers: own space and the peer's address first, from
    // nobody, then the peer's space with its number as path; the address is the last of the subnet that can be used.
    // Catches: another order or address, a session that one side alone has.
    let mut net = two();
    net.speaks_bgp("gw-a", 1337);
    net.speaks_bgp("gw-b", 9001);
    net.connect_both("gw-a", "gw-b", true);
    let fabric = Fabric::compile(&net.topology, &net.facts(), 0);
    let gateway = PortId(net.topology.find("gw-a").unwrap().id.0);
    let Some(PortKind::Gateway(gateway)) = fabric.port(gateway).map(|port| &port.kind) else { panic!("no port") };
    let bgp = &gateway.bgp;
    let (here, there) = (addr("10.1.255.254"), addr("10.2.255.254"));
    assert_eq!((bgp.asn, bgp.address), (1337, Some(here)));
    let told: Vec<_> =
        bgp.learned.iter().map(|route| (route.network.to_string(), route.from, route.path.clone())).collect();
    assert_eq!(
        told,
        [
            ("10.1.0.0/16".to_owned(), None, vec![]),
            ("10.2.255.254/32".to_owned(), None, vec![]),
            ("10.2.0.0/16".to_owned(), Some(there), vec![9001]),
        ]
    );
    let peers: Vec<_> = bgp.peers.iter().map(|peer| (peer.address, peer.asn, peer.received)).collect();
    assert_eq!(peers, [(there, 9001, 1)]);
    let advertised = bgp.advertised(there);
    assert_eq!(
        advertised.iter().map(|route| (route.network, route.path.clone())).collect::<Vec<_>>(),
        [(prefix("10.1.0.0/16"), vec![1337])]
    );
    assert_eq!(bgp.advertised(addr("13.93.225.45")), []);
}

/// The lines of a traceroute between two machines.
fn lines(net: &Net, from: &str, to: &str) -> Vec<String> {
    let node = |name: &str| net.topology.find(name).unwrap().id;
    let target = match &net.topology.get(node(to)).unwrap().kind {
        Kind::OnPremisesHost(host) => host.prefix.first(),
        _ => net.topology.addresses_of(node(to))[0].1,
    };
    let mut engine = Engine::new(net.topology.clone(), net.facts(), 1, Lines::default());
    engine.spawn(node(from), Box::new(Traceroute::new(target, Nanos::secs(1), None))).unwrap();
    engine.run_until(Nanos::secs(60));
    engine.observer.0
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Observer for Lines {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Reported { report, .. } = event
            && report.what == "hop"
        {
            self.0.push(report.text.clone());
        }
    }
}

#[test]
fn the_near_gateway_is_seen_and_the_far_one_is_not() {
    // 5.4. Tests `icmp-time-exceeded`, `icmp-remote-gateway-silent`.
    // Catches: a gateway that says nothing, one that answers through its tunnel, an answer that a spoke does not get, a line
    // for a network or a peering on the way, one that a security group stops and shows all the same.
    let mut net = two();
    net.connect_both("gw-a", "gw-b", false);
    assert_eq!(lines(&net, "vm-a", "vm-b"), ["10.1.255.254", "*", "10.2.0.4"]);
    assert_eq!(lines(&net, "vm-b", "vm-a"), ["10.2.255.254", "*", "10.1.0.4"]);
    let mut net = hub();
    assert_eq!(lines(&net, "vm-h", "dc-host"), ["10.0.255.254", DC]);
    assert_eq!(lines(&net, "dc-host", "vm-h"), ["*", "10.0.0.4"]);
    net.use_gateway("h", "p");
    assert_eq!(lines(&net, "vm-p", "dc-host"), ["10.0.255.254", DC]);
    net.group("g", &["100 no in deny icmp * -> * *"]);
    net.link("h/s", Relation::FilteredBy, "g");
    assert_eq!(lines(&net, "vm-h", "dc-host"), ["*", DC]);
}

#[test]
fn the_gateway_subnets_routes_take_what_comes_from_outside() {
    // Tests `gateway-subnet-routes`.
    // Catches: a user's route on GatewaySubnet left aside, or used for what goes out.
    let mut net = hub();
    net.subnet("h", "n", "10.0.9.0/24", None);
    let nva = net.machine("nva", "h/n", None, true, None);
    let hop = UserHop::Appliance(net.address(nva));
    net.routed("h/GatewaySubnet", &[("10.0.0.0/24", hop), ("192.168.0.0/24", UserHop::None)]);
    let asked = tcp(&net, "dc-host", addr("10.0.0.4"), 22);
    assert_eq!(asked.there, ["dc-host", "gw-h", "nva", "vm-h"]);
    assert_eq!((asked.verdict.as_str(), asked.back), ("open", ["vm-h", "gw-h", "dc-host"].map(String::from).to_vec()));
}

#[test]
fn forced_tunnelling_by_bgp_and_by_a_users_route() {
    // Tests `gateway-default-site`.
    // Catches: a learned default route that loses to the system's; a user's that leads to no site in particular, or goes on
    // without one.
    let mut net = hub();
    net.internet_host("world", "8.8.8.8/32");
    net.site("edge", "0.0.0.0/0", Some(Bgp { asn: 65100, address: None }));
    net.connect("gw-h", "edge", true);
    let asked = any(&net, "vm-h", question(&net, "vm-h", Protocol::TCP, addr("8.8.8.8"), 443));
    assert_eq!((asked.verdict.as_str(), &asked.there[1..]), ("there gw-h: no-such-address", &["gw-h".to_owned()][..]));
    for default_site in [false, true] {
        let mut net = hub();
        net.internet_host("world", "8.8.8.8/32");
        net.routed("h/s", &[("0.0.0.0/0", UserHop::Gateway)]);
        if default_site {
            net.link("gw-h", Relation::Target, "dc");
        }
        let asked = any(&net, "vm-h", question(&net, "vm-h", Protocol::TCP, addr("8.8.8.8"), 443));
        let verdict = if default_site { "there gw-h: no-such-address" } else { "there gw-h: no-gateway" };
        assert_eq!(asked.verdict, verdict);
    }
}

#[test]
fn circuits_bring_the_ranges_of_whoever_is_behind_them() {
    // 2.1. Tests `gateway-on-premises`.
    // Catches: an ExpressRoute gateway that needs ranges declared as a VPN's; its way taken for a tunnel's.
    let mut net = Net::new();
    add_vnet(&mut net, "h", 0, false);
    net.gateway("er", "h", "10.0.255.0/24", GatewayKind::ExpressRoute);
    net.site("circuit", "172.16.0.0/24", None);
    net.connect("er", "circuit", false);
    let asked = tcp(&net, "vm-h", addr("172.16.0.9"), 22);
    assert_eq!(asked.verdict, "open");
    let way = asked.walk.there.iter().find_map(|stop| match stop.act {
        Act::Forward { class, .. } if stop.port == PortId(net.topology.find("er").unwrap().id.0) => Some(class),
        _ => None,
    });
    assert_eq!(way, Some(LinkClass::ExpressRoute));
}

#[test]
fn equal_connections_share_flows() {
    // Tests `route-equal-cost`.
    // Catches: one connection for every flow; connections of different weight that share.
    let mut net = hub();
    net.gateway("gw-p", "p", "10.1.255.0/24", GatewayKind::Vpn);
    let ways = |net: &Net| {
        let fabric = Fabric::compile(&net.topology, &net.facts(), 0);
        let gateway = PortId(net.topology.find("gw-h").unwrap().id.0);
        match fabric.port(gateway).map(|port| &port.kind) {
            Some(PortKind::Gateway(gateway)) => gateway.routes.ways(addr(DC)).len(),
            _ => 0,
        }
    };
    assert_eq!(ways(&net), 1);
    net.site("dc2", "192.168.0.0/24", None);
    net.connect("gw-h", "dc2", false);
    assert_eq!(ways(&net), 2);
    net.edit("gw-h-to-dc2", |kind| {
        let Kind::Connection(connection) = kind else { panic!("no connection") };
        connection.weight = 5;
    });
    assert_eq!(ways(&net), 1);
}
