//! Azure Firewall, by Microsoft's pages on its rule processing, translations and sessions.

use sim_core::fabric::{Fabric, PortKind};
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Header, Meta, Protocol, Tuple};
use sim_core::plane::{Act, Health, Plane};
use sim_core::stage::Reason;
use sim_core::time::Nanos;
use sim_core::topology::{Draft, FirewallPolicy, Kind, Relation, RuleCollection, UserHop};
use std::sync::Arc;
use vnetsim_tests::ask::{any, question, rules_asked, tcp};
use vnetsim_tests::firewalls::{SUBNET, collection};
use vnetsim_tests::net::{Net, addr, facts};

const WORLD: Addr = Addr::v4(8, 8, 8, 8);
const PUBLIC: Addr = Addr::v4(20, 1, 1, 9);
const PRIVATE: Addr = Addr::v4(10, 0, 0, 4);
const A: Addr = Addr::v4(10, 1, 0, 4);
const B: Addr = Addr::v4(10, 2, 0, 4);

fn hub(collections: Vec<RuleCollection>) -> Net {
    let mut net = Net::new();
    assert_eq!(net.hub_and_spokes(collections), PRIVATE);
    net
}

/// A hub whose firewall has one collection of allowing rules.
fn allowing(rules: &[&str]) -> Net {
    hub(vec![collection("g 200 c 100 allow", rules)])
}

#[test]
fn a_firewall_denies_what_no_rule_allows() {
    // Tests `firewall-order`. Catches: a firewall that forwards everything, or only drops; rules that match too much.
    let net = allowing(&["ssh network tcp 10.1.0.0/16 -> 10.2.0.0/16 22"]);
    assert_eq!(tcp(&net, "a", B, 22).verdict, "open");
    assert_eq!(tcp(&net, "a", B, 23).verdict, "there fw: firewall-rule");
    assert_eq!(tcp(&net, "b", A, 22).verdict, "there fw: firewall-rule");
    assert_eq!(tcp(&net, "a", WORLD, 22).verdict, "there fw: firewall-rule");
    let udp = question(&net, "a", Protocol::UDP, B, 22);
    assert_eq!(any(&net, "a", udp).verdict, "there fw: firewall-rule");
}

#[test]
fn network_rules_leave_private_traffic_as_it_is() {
    // Tests `firewall-private-ranges`.
    // Catches: spokes that see the firewall's address, answers that no rule would let pass, answers past the firewall.
    let net = allowing(&["ssh network tcp 10.1.0.0/16 -> * 22"]);
    let asked = tcp(&net, "a", B, 22);
    assert_eq!((asked.verdict.as_str(), asked.arrived.src), ("open", A));
    assert_eq!((asked.there, asked.back), (words("a fw b"), words("b fw a")));
    let asked = tcp(&net, "a", WORLD, 22);
    assert_eq!((asked.verdict.as_str(), asked.arrived.src), ("open", PUBLIC));
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn other_private_ranges_may_be_named() {
    // Tests `firewall-private-ranges`. Catches: the policy's list read the wrong way round, or beside the default one.
    for (ranges, private, public) in [
        (&["255.255.255.255/32"][..], ("open", PRIVATE), ("open", PUBLIC)),
        (&["0.0.0.0/0"], ("open", A), ("there fw: no-outbound", A)),
        (&["10.2.0.0/16"], ("open", A), ("open", PUBLIC)),
        (&["10.7.0.0/16"], ("open", PRIVATE), ("open", PUBLIC)),
    ] {
        let mut net = allowing(&["all network * * -> * *"]);
        net.no_translation(ranges);
        let asked = tcp(&net, "a", B, 22);
        assert_eq!((asked.verdict.as_str(), asked.arrived.src), private, "{ranges:?}");
        let asked = tcp(&net, "a", WORLD, 22);
        assert_eq!((asked.verdict.as_str(), asked.arrived.src), public, "{ranges:?}");
    }
}

#[test]
fn groups_then_collections_then_kinds() {
    // Tests `firewall-order`. The order of Microsoft's example: kinds first, then inherited groups, then priorities.
    // Catches: collections ordered before their groups, one's own rules before inherited ones, application rules that
    // are asked although a network rule matched, a later match that counts.
    let deny = |head: &str| collection(head, &["no network tcp * -> * 443"]);
    let allow = |head: &str| collection(head, &["yes network tcp * -> * 443"]);
    let site = |head: &str| collection(head, &["site application https:443 * -> *"]);
    let table = [
        (vec![], vec![deny("g 300 d 100 deny"), allow("h 200 e 900 allow")], "policy e/yes"),
        (vec![], vec![deny("g 300 d 100 deny"), allow("h 300 e 90 allow")], "policy e/yes"),
        (vec![deny("base 900 d 900 deny")], vec![allow("own 100 e 100 allow")], "base d/no"),
        (vec![], vec![site("g 100 s 100 allow"), deny("h 900 d 900 deny")], "policy d/no"),
        (vec![site("base 100 s 100 allow")], vec![deny("h 900 d 900 deny")], "policy d/no"),
        (vec![], vec![site("g 100 s 100 deny"), site("h 200 t 100 allow")], "policy s/site"),
    ];
    for (base, own, decided) in table {
        let mut net = hub(own);
        net.put(Draft::new("base", Kind::FirewallPolicy(FirewallPolicy { collections: base, no_translation: None })));
        net.link("policy", Relation::GovernedBy, "base");
        let asked = tcp(&net, "a", WORLD, 443);
        assert_eq!(rules_asked(&net, &asked.walk), [decided]);
        assert_eq!(asked.verdict == "open", decided.ends_with("yes"), "{decided}: {}", asked.verdict);
    }
}

#[test]
fn application_rules_know_hosts_by_name() {
    // Tests `firewall-names`. Catches: names that count for other ports, wildcards that match too little, a host of no
    // name that matches, UDP taken for a web request, denied names that shut a whole address.
    let net = |action: &str, host: &str| {
        let head = format!("g 200 c 100 {action}");
        let site = format!("site application https:443 10.1.0.0/16 -> {host}");
        let mut collections = vec![collection(&head, &[&site])];
        if action == "deny" {
            collections.push(collection("g 200 rest 200 allow", &["rest application https:443 * -> *"]));
        }
        let mut net = hub(collections);
        net.internet_host("nameless", "9.9.9.9/32");
        net.named("world", &["www.example.com", "other.example.com"]);
        net
    };
    let denied = "there fw: firewall-rule";
    for (host, open) in [("www.example.com", true), ("*.example.com", true), ("*", true), ("example.com", false)] {
        let net = net("allow", host);
        assert_eq!(tcp(&net, "a", WORLD, 443).verdict == "open", open, "{host}");
        assert_eq!(tcp(&net, "a", WORLD, 80).verdict, denied, "{host}");
        assert_eq!(tcp(&net, "b", WORLD, 443).verdict, denied, "{host}");
        let nameless = tcp(&net, "a", addr("9.9.9.9"), 443).verdict;
        assert_eq!(nameless == "open", host == "*", "{host}");
        let udp = question(&net, "a", Protocol::UDP, WORLD, 443);
        assert_eq!(any(&net, "a", udp).verdict, denied, "{host}");
    }
    let only = net("allow", "*");
    assert_eq!(tcp(&only, "a", WORLD, 443).arrived.src, PUBLIC);
    let one_of_two = net("deny", "www.example.com");
    assert_eq!(tcp(&one_of_two, "a", WORLD, 443).verdict, "open");
    let both = net("deny", "*.example.com");
    assert_eq!(tcp(&both, "a", WORLD, 443).verdict, "there fw: firewall-rule policy c/site");
}

#[test]
fn application_rules_hide_the_source_everywhere() {
    // Tests `firewall-application-hides-source`. Catches: a proxy that lets private hosts see who asks.
    let net = allowing(&["site application https:443 * -> *"]);
    let asked = tcp(&net, "a", B, 443);
    assert_eq!((asked.verdict.as_str(), asked.arrived.src), ("open", PRIVATE));
}

#[test]
fn network_rules_may_name_hosts() {
    // Tests `firewall-names`. Catches: a name in a network rule that matches any host.
    let net = allowing(&["ntp network udp * -> host:www.example.com 123"]);
    let to = |address: &str| any(&net, "a", question(&net, "a", Protocol::UDP, addr(address), 123)).verdict;
    assert_eq!(to("8.8.8.8"), "open");
    assert_eq!(to("10.2.0.4"), "there fw: firewall-rule");
}

#[test]
fn translated_destinations_see_the_firewall() {
    // Tests `firewall-dnat-hides-source`.
    // Catches: a client's address that the machine answers past the firewall, other ports let in, a destination that
    // network rules are asked about, the client's port not kept.
    let translate = "rdp translate tcp * -> 20.1.1.9/32 3389 => 10.1.0.4 22";
    let net = hub(vec![
        collection("g 900 d 900 allow", &[translate]),
        collection("h 100 n 100 deny", &["no network * * -> * *"]),
    ]);
    let asked = tcp(&net, "world", PUBLIC, 3389);
    assert_eq!(asked.verdict, "open");
    let expected = Tuple { src: PRIVATE, dst: A, dst_port: 22, ..question(&net, "world", Protocol::TCP, PUBLIC, 3389) };
    assert_eq!(asked.arrived, expected);
    assert_eq!((asked.there, asked.back), (words("world fw a"), words("a fw world")));
    assert_eq!(tcp(&net, "world", PUBLIC, 22).verdict, "there fw: firewall-rule policy n/no");
    let udp = question(&net, "world", Protocol::UDP, PUBLIC, 3389);
    assert_eq!(any(&net, "world", udp).verdict, "there fw: firewall-rule policy n/no");
}

#[test]
fn private_addresses_are_translated_too() {
    // Tests `firewall-order`, `firewall-dnat-hides-source`. Catches: translations of public addresses alone.
    let net = allowing(&["web translate tcp 10.1.0.0/16 -> 10.0.0.4/32 8080 => 10.2.0.4 80"]);
    let asked = tcp(&net, "a", PRIVATE, 8080);
    assert_eq!((asked.verdict.as_str(), asked.arrived.dst, asked.arrived.src), ("open", B, PRIVATE));
    assert_eq!(tcp(&net, "a", PRIVATE, 80).verdict, "there fw: firewall-rule");
}

#[test]
fn what_is_no_port_stays_inside() {
    // Tests `firewall-icmp-inside`. Catches: pings to the Internet in a public address's name, pings denied everywhere.
    let net = allowing(&["ping network icmp * -> * *"]);
    let ping = |to| any(&net, "a", question(&net, "a", Protocol::ICMP, to, 0)).verdict;
    assert_eq!(ping(B), "open");
    assert_eq!(ping(WORLD), "there fw: outbound-protocol");
}

#[test]
fn routes_of_the_firewalls_subnet_count() {
    // Tests `firewall-forced-tunnel`. Catches: a firewall that sends to the Internet by itself, a public source address
    // on a private way.
    let mut net = allowing(&["all network * * -> * *"]);
    net.subnet("hub", "t", "10.0.1.0/24", None);
    let nva = net.machine("nva", "hub/t", None, true, None);
    let nva = net.address(nva);
    net.routed(SUBNET, &[("8.0.0.0/8", UserHop::Appliance(nva)), ("9.0.0.0/8", UserHop::None)]);
    let asked = tcp(&net, "a", WORLD, 443);
    assert_eq!(asked.there[..3], words("a fw nva"));
    let seen =
        asked.walk.there.iter().find(|stop| stop.after.dst == WORLD && !stop.leaving && stop.before.src == PRIVATE);
    assert!(seen.is_some(), "{:?}", asked.walk.there);
    assert_eq!(tcp(&net, "a", addr("9.9.9.9"), 443).verdict, "there fw: route-to-none");
}

#[test]
fn a_nat_gateway_translates_for_the_firewall() {
    // Tests `firewall-public-source`. Catches: the firewall's own address used beside a NAT gateway, replies lost.
    let mut net = allowing(&["all network * * -> * *"]);
    let nat = net.nat_gateway(SUBNET, "20.1.1.3");
    let asked = tcp(&net, "a", WORLD, 443);
    assert_eq!((asked.verdict.as_str(), asked.arrived.src), ("open", nat));
}

/// A packet from `from` as it comes to the firewall.
fn pass(plane: &mut Plane, at: PortId, tuple: Tuple, now: Nanos) -> (Result<Act, Reason>, Tuple) {
    let mut header = Header::plain(tuple, 64);
    let act = plane.pass(at, false, &mut header, &mut Meta::default(), 0, now).map(|composed| composed.act);
    let act = match act {
        Ok(Act::Drop(reason)) => Err(reason),
        other => other,
    };
    (act, header.tuple)
}

fn firewall_of(net: &Net) -> (Plane, PortId) {
    let fabric = Arc::new(Fabric::compile(&net.topology, &facts(), 0));
    let NodeId(id) = net.topology.find("fw").unwrap().id;
    (Plane::new(fabric, Health::presuming(true)), PortId(id))
}

#[test]
fn ports_of_a_public_address_run_out() {
    // Tests `firewall-public-source`: 2,496 for each of two instances, towards one destination.
    // Catches: a limit over all destinations, none at all, one port given twice.
    let net = allowing(&["all network * * -> * *"]);
    let (mut plane, at) = firewall_of(&net);
    let mut seen = std::collections::BTreeSet::new();
    let flow = |n: u16, dst| Tuple { src: A, dst, src_port: 10_000 + n, dst_port: 443, protocol: Protocol::TCP };
    for n in 0..4_992 {
        let (act, tuple) = pass(&mut plane, at, flow(n, WORLD), Nanos::ZERO);
        assert!(act.is_ok() && tuple.src == PUBLIC && seen.insert(tuple.src_port), "{n}: {tuple} {act:?}");
    }
    assert_eq!(pass(&mut plane, at, flow(4_992, WORLD), Nanos::ZERO).0, Err(Reason::PortsExhausted));
    let other = Tuple { dst_port: 444, ..flow(4_992, WORLD) };
    assert!(pass(&mut plane, at, other, Nanos::ZERO).0.is_ok());
}

#[test]
fn silent_flows_are_forgotten() {
    // Tests `firewall-idle`: four minutes towards the Internet, five inside. Catches: one figure for both, a session that
    // never ends, one that ends while packets flow.
    let net = allowing(&["all network tcp 10.1.0.0/16 -> * *"]);
    for (dst, idle) in [(WORLD, 240), (B, 300)] {
        for (silence, lives) in [(idle, true), (idle + 1, false)] {
            let (mut plane, at) = firewall_of(&net);
            let (_, sent) = pass(
                &mut plane,
                at,
                Tuple { src: A, dst, src_port: 5, dst_port: 6, protocol: Protocol::TCP },
                Nanos::ZERO,
            );
            let (answer, _) = pass(&mut plane, at, sent.reversed(), Nanos::secs(100));
            assert!(answer.is_ok());
            let (late, _) = pass(&mut plane, at, sent.reversed(), Nanos::secs(100 + silence));
            assert_eq!(late.is_ok(), lives, "{dst} after {silence}");
        }
    }
}

#[test]
fn what_nothing_is_known_of_matches_nothing() {
    // Tests `firewall-names`. Catches: a tag or a name of no address that matches everything.
    for rule in ["tag network tcp * -> NoSuchTag *", "name network tcp * -> host:nobody.example.com *"] {
        let net = allowing(&[rule]);
        assert_eq!(tcp(&net, "a", B, 22).verdict, "there fw: firewall-rule", "{rule}");
        let (plane, at) = firewall_of(&net);
        let Some(PortKind::Firewall(firewall)) = plane.fabric().port(at).map(|port| &port.kind) else { panic!() };
        let unknown = (firewall.rules.unknown_tags.len(), firewall.rules.unknown_names.len());
        assert_eq!(unknown, if rule.starts_with("tag") { (1, 0) } else { (0, 1) }, "{rule}");
    }
}
