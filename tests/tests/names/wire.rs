//! Names on the wire: programs ask, servers answer, and what is between them has its say.

use super::{CHAIN, PRIVATE, PUBLIC, ZONE, registry};
use sim_core::app::{Attempt, Dialogue, Failure, Listener, Query};
use sim_core::engine::{Engine, Event, Observer};
use sim_core::explain::follow_name;
use sim_core::fabric::Fabric;
use sim_core::host::Report;
use sim_core::id::PortId;
use sim_core::names::{PUBLIC_RESOLVER, Question};
use sim_core::net::Protocol;
use sim_core::time::Nanos;
use sim_core::topology::{NameServer, RecordKind, Topology};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use vnetsim_tests::names::{at, forward};
use vnetsim_tests::net::{Net, addr};

/// What one program reports, and how many packets of each kind went to port 53.
#[derive(Clone, Default)]
struct Log {
    reports: Rc<RefCell<Vec<Report>>>,
    asked: Rc<RefCell<[usize; 2]>>,
}

impl Observer for Log {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        match event {
            Event::Reported { report, .. } => self.reports.borrow_mut().push((*report).clone()),
            Event::Hop { leaving: true, before, .. } if before.dst_port == 53 => {
                self.asked.borrow_mut()[usize::from(before.protocol == Protocol::TCP)] += 1;
            }
            _ => {}
        }
    }
}

/// What a machine is told of a name: names and addresses in order, and how it ended; and who said so.
fn asked(net: &Net, from: &str, name: &str) -> (String, Log) {
    let log = Log::default();
    let mut engine = Engine::new(net.topology.clone(), net.facts(), 7, log.clone());
    let node = net.topology.find(from).unwrap().id;
    let query = Query::new(Question::new(name, RecordKind::A), None);
    engine.spawn(node, Box::new(query)).unwrap();
    engine.run_until(Nanos::secs(120));
    let reports = log.reports.borrow();
    let words = reports.iter().filter(|report| report.what != "done").map(|report| match report.what {
        "server" => format!("{}:", report.text),
        "failed" => report.text.clone(),
        _ => report.text.rsplit(' ').next().unwrap().to_owned(),
    });
    let words: Vec<String> = words.collect();
    drop(reports);
    (words.join(" "), log)
}

fn linked() -> Net {
    let mut net = registry();
    net.link_zone(ZONE, "v", false, false);
    net.zone_group("endpoint", &[ZONE]);
    net
}

/// Follows the same name without packets; gives the end, in the same words.
fn followed(net: &Net, from: &str, name: &str) -> String {
    let fabric = Arc::new(Fabric::compile(&net.topology, &net.facts(), 0));
    let opening = |node| net.topology.addresses_of(node).first().map(|(id, address)| (PortId(id.0), *address));
    let walk = follow_name(&fabric, net.topology.find(from).unwrap().id, name, opening);
    match walk.end {
        Ok(addresses) => addresses[0].to_string(),
        Err(Failure::NoSuchName) => "NXDOMAIN".to_owned(),
        Err(Failure::ServerFails) => "SERVFAIL".to_owned(),
        Err(Failure::NoAddress) => "no answer".to_owned(),
        Err(Failure::Silence) => "timeout".to_owned(),
    }
}

/// Holds the wire against what is expected, and the following without packets against both.
fn expect(net: &Net, from: &str, name: &str, expected: &str) -> Log {
    let (said, log) = asked(net, from, name);
    assert_eq!(said, expected, "{name} from {from}");
    let end = followed(net, from, name);
    assert!(expected.ends_with(&end), "{name} from {from}: followed to {end}");
    log
}

#[test]
fn c25_the_platform_answers_in_each_network() {
    // Catches: no resolver at 168.63.129.16, one that answers for another network, an answer that the machine does not take,
    // a chain without its end (C25).
    let net = linked();
    expect(&net, "client", CHAIN[0], &format!("168.63.129.16: {} {PRIVATE}", CHAIN[1]));
    let public = [&CHAIN[1..], &[PUBLIC]].concat().join(" ");
    expect(&net, "other", CHAIN[0], &format!("168.63.129.16: {public}"));
    expect(&net, "client", "no.privatelink.azurecr.io", "168.63.129.16: NXDOMAIN");
}

#[test]
fn c26_the_internet_asks_a_resolver_of_its_own() {
    // Catches: a host on the Internet that sees private zones, one that is answered though nobody is there (C26).
    let mut net = linked();
    net.internet_host("world", "8.8.4.4/32");
    let (silent, _) = asked(&net, "world", CHAIN[0]);
    assert_eq!(silent, format!("{PUBLIC_RESOLVER}: timeout"));
    net.public_resolver(&format!("{PUBLIC_RESOLVER}/32"));
    let (said, _) = asked(&net, "world", CHAIN[0]);
    assert_eq!(said, format!("{PUBLIC_RESOLVER}: {} {PUBLIC}", CHAIN[1..].join(" ")));
}

#[test]
fn a_custom_server_is_asked_through_the_network() {
    // Catches: zones that count behind a custom server's back, a server that answers without asking on, a security rule that
    // does not stop a question, the silence of one server that ends it though there is another (azure-services 5.6, D32).
    let mut net = linked();
    net.vm("dns", "w/s", None);
    net.peer("v", "w");
    net.dns_servers("v", &[addr("10.1.0.5")]);
    net.serve_names("dns", NameServer { otherwise: vec![at("168.63.129.16")], ..NameServer::default() });
    let public = [&CHAIN[1..], &[PUBLIC]].concat().join(" ");
    // The zone is not linked to the server's network.
    expect(&net, "client", CHAIN[0], &format!("10.1.0.5: {public}"));
    net.link_zone(ZONE, "w", false, false);
    expect(&net, "client", CHAIN[0], &format!("10.1.0.5: {} {PRIVATE}", CHAIN[1]));
    net.group("g", &["100 NoDns out deny udp * -> * 53"]);
    net.link("client-nic", sim_core::topology::Relation::FilteredBy, "g");
    let log = expect(&net, "client", CHAIN[0], "10.1.0.5: timeout");
    assert_eq!(*log.asked.borrow(), [2, 0], "asked twice");
    assert_eq!(log.reports.borrow().last().unwrap().value, 10_000_000_000, "5 s each time");
}

// Tests `names-retries`.
#[test]
fn the_next_server_is_asked_where_one_is_silent() {
    // Catches: only the first server asked, a wait of another length, a server that fails taken for one that is silent.
    let mut net = linked();
    net.vm("dns", "v/s", None);
    net.serve_names("dns", NameServer { otherwise: vec![at("168.63.129.16")], ..NameServer::default() });
    let own = net.address(PortId(net.topology.find("dns-nic/ipconfig1").unwrap().id.0));
    net.dns_servers("v", &[addr("10.0.0.200"), own]);
    let log = expect(&net, "client", CHAIN[0], &format!("{own}: {} {PRIVATE}", CHAIN[1]));
    let took = log.reports.borrow().last().unwrap().value;
    assert!((5_000_000_000..5_100_000_000).contains(&took), "{took}");
    net.serve_names("dns", NameServer::default());
    net.dns_servers("v", &[own, addr("168.63.129.16")]);
    let log = expect(&net, "client", CHAIN[0], &format!("168.63.129.16: {} {PRIVATE}", CHAIN[1]));
    assert!(log.reports.borrow().last().unwrap().value < 100_000_000, "a failure is not waited for");
    // And by a server that asks a circle.
    net.serve_names("dns", NameServer { otherwise: vec![(own, 53)], ..NameServer::default() });
    net.dns_servers("v", &[own]);
    let (said, _) = asked(&net, "client", CHAIN[0]);
    assert!(said.ends_with("timeout") || said.ends_with("SERVFAIL"), "{said}");
}

#[test]
fn rule_sets_ask_by_their_outbound_endpoint() {
    // Catches: a rule without effect on the wire, a question that leaves from the wrong network, an answer that does not find
    // back, a rule set without outbound endpoint that asks all the same.
    let mut net = linked();
    net.vm("dns", "w/s", None);
    net.vm("outbound", "w/s", None);
    net.serve_names(
        "dns",
        NameServer { records: vec![("host.corp.test".into(), addr("10.9.0.9"))], ..Default::default() },
    );
    let own = net.address(PortId(net.topology.find("dns-nic/ipconfig1").unwrap().id.0)).to_string();
    net.ruleset("rules", "v", Some("outbound"), vec![forward("corp.test", &own)]);
    expect(&net, "client", "host.corp.test", "168.63.129.16: 10.9.0.9");
    expect(&net, "client", "none.corp.test", "168.63.129.16: SERVFAIL");
    net.ruleset("rules", "v", None, vec![forward("corp.test", &own)]);
    expect(&net, "client", "host.corp.test", "168.63.129.16: SERVFAIL");
}

#[test]
fn long_answers_come_over_tcp() {
    // Catches: an answer over 512 bytes that is lost, cut, or sent over UDP all the same.
    let mut net = linked();
    net.zone("corp.test");
    net.link_zone("corp.test", "v", false, false);
    let addresses: Vec<String> = (1..=20).map(|n| format!("10.0.3.{n}")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    net.record("corp.test", "many", RecordKind::A, &addresses);
    // A set holds no more; the names before it do the rest.
    let names: Vec<String> = "abcde".chars().map(|letter| letter.to_string().repeat(60)).collect();
    let mut target = "many.corp.test".to_owned();
    let mut chain = vec![target.clone()];
    for name in &names {
        net.record("corp.test", name, RecordKind::Cname, &[&target]);
        target = format!("{name}.corp.test");
        chain.insert(0, target.clone());
    }
    let (said, log) = asked(&net, "client", &target);
    assert_eq!(said, format!("168.63.129.16: {} {}", chain[1..].join(" "), addresses.join(" ")));
    let [udp, tcp] = *log.asked.borrow();
    assert!(udp == 1 && tcp > 2, "{udp} {tcp}");
}

#[test]
fn attempts_go_where_names_lead() {
    // Catches: a name looked up once for all, a failure of names told as one of the network, time that names take counted as
    // the connection's.
    let mut net = linked();
    net.vm("web", "v/s", None);
    net.zone("corp.test");
    net.link_zone("corp.test", "v", true, false);
    for (name, expected) in [
        ("web.corp.test", "resolved,connect,done"),
        ("none.corp.test", "unresolved,failed dial tcp: lookup none.corp.test on 168.63.129.16:53: no such host"),
    ] {
        let log = Log::default();
        let mut engine = Engine::new(net.topology.clone(), net.facts(), 7, log.clone());
        let node = |name: &str| net.topology.find(name).unwrap().id;
        engine.spawn(node("web"), Box::new(Listener::new(8080))).unwrap();
        let to = sim_core::app::Destination::Named(name.into(), 8080);
        let attempt = Attempt::new(to, Dialogue::Tcp, Nanos::secs(5), Nanos::secs(1), None);
        engine.spawn(node("client"), Box::new(attempt)).unwrap();
        engine.run_until(Nanos::secs(60));
        let reports = log.reports.borrow();
        let said = reports.iter().map(|it| match it.what {
            "failed" => format!("failed {}", it.text),
            what => what.to_owned(),
        });
        assert_eq!(said.collect::<Vec<_>>().join(","), expected);
    }
}
