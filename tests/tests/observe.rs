//! Captures, traces and counts of small networks.

use scenarios::observe::Recorder;
use scenarios::observe::inventory::What;
use scenarios::observe::trace::{Flows, Trace};
use scenarios::pcap::{Capture, EPOCH_NS, Written};
use sim_core::app::Relay;
use sim_core::engine::Engine;
use sim_core::fabric::{Facts, LinkProfile, Spread};
use sim_core::id::FlowId;
use sim_core::net::{Addr, Protocol, wire};
use sim_core::time::Nanos;
use sim_core::topology::{
    Access, BackendPool, BalancingRule, ConnectionState, Destination, Direction, Distribution, Draft, Frontend,
    IpConfig, Kind, LinkService, LoadBalancer, Nic, PrivateEndpoint, PublicIp, Relation, Route, RouteTable, Setting,
    Sku, UserHop,
};
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use vnetsim_tests::capture::{Files, Seen};
use vnetsim_tests::net::{DELAY, Net, addr, facts, prefix, rule};
use vnetsim_tests::programs::{Rebooter, Sender, Sink};

/// Facts with another profile for every link.
fn facts_with(profile: LinkProfile) -> Arc<Facts> {
    let mut changed = Facts::clone(&facts());
    changed.delays.local.values_mut().for_each(|held| *held = LinkProfile { delay: held.delay, ..profile });
    Arc::new(changed)
}

/// A run that captures into memory and traces everything.
struct Run {
    engine: Engine<Recorder>,
    files: Files,
}

impl Run {
    fn new(net: Net, facts: Arc<Facts>, seed: u64) -> Self {
        let files = Files::default();
        let sink = files.clone();
        let capture = Capture::new(move |name| Ok(sink.create(name)));
        let trace = Trace::new(Flows::All, 100_000);
        let recorder = Recorder { trace: Some(trace), capture: Some(capture), ..Recorder::default() };
        Self { engine: Engine::new(net.topology, facts, seed, recorder), files }
    }

    fn send(&mut self, from: &str, to: (Addr, u16), pieces: Vec<(&'static str, Vec<u8>)>) {
        self.spawn(from, Sender { to, after: Nanos::ZERO, flow: Some(FlowId(3)), pieces });
    }

    fn spawn(&mut self, on: &str, program: impl sim_core::host::Program + 'static) {
        let node = self.engine.topology().find(on).unwrap().id;
        assert!(self.engine.spawn(node, Box::new(program)).is_some());
    }

    fn finish(&mut self, seconds: u64) -> Vec<Written> {
        self.engine.run_until(Nanos::secs(seconds));
        self.engine.observer.capture.take().unwrap().finish().unwrap()
    }
}

/// `client` and `server` in one subnet; the server's own NSG, if any, is named.
fn pair(net: &mut Net, nsg: Option<&str>) -> (Addr, Addr) {
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", None);
    let (client, server) = (net.vm("client", "v/s", None), net.vm("server", "v/s", nsg));
    (net.address(client), net.address(server))
}

fn source(seen: &Seen) -> Addr {
    wire::parse(&seen.bytes).unwrap().0.tuple.src
}

#[test]
fn a_drop_is_told_in_the_senders_capture_with_its_rule() {
    // Catches: the wrong rule, group or place named, a packet that never got there in the receiver's capture.
    let mut net = Net::new();
    let allow = rule("AllowSsh", 300, Direction::Inbound, Access::Allow, Some((22, 22)));
    net.nsg("guard", vec![allow, rule("DenyAll", 4000, Direction::Inbound, Access::Deny, None)]);
    let (_, server) = pair(&mut net, Some("guard"));
    let mut run = Run::new(net, facts(), 1);
    run.spawn("server", Sink(80));
    run.send("client", (server, 80), vec![]);
    let written = run.finish(2);
    assert_eq!(written.iter().map(|file| &*file.name).collect::<Vec<_>>(), ["client-client-nic.pcapng"]);
    let seen = run.files.packets("client-client-nic.pcapng");
    assert_eq!(seen.len(), 2, "the SYN, and again after a second");
    for packet in &seen {
        let expected = "dropped at server-nic: nsg guard rule DenyAll (4000), inbound at the nic [security-rule]";
        assert_eq!(packet.comment, expected);
    }
    assert_eq!(seen[0].at_ns, EPOCH_NS);
}

#[test]
fn each_side_of_a_translation_sees_its_own_addresses() {
    // Catches: a capture at a NIC that shows the public address, one on the Internet that shows the private one, and
    // comments that do not tell.
    let mut net = Net::new();
    let (client, _) = pair(&mut net, None);
    net.internet_host("web", "203.0.113.9");
    let public = PublicIp {
        sku: Sku::Standard,
        region: "westus2".into(),
        address: Some(addr("20.1.2.3")),
        ..PublicIp::default()
    };
    net.put(Draft::new("pip", Kind::PublicIp(public)));
    let config = IpConfig { primary: true, requested: Some(client), ..IpConfig::default() };
    let config = Draft::new("client-nic/ipconfig1", Kind::IpConfig(config)).refer(Relation::PartOf, "client-nic");
    net.put(config.refer(Relation::Attached, "v/s").refer(Relation::Uses, "pip"));
    let mut run = Run::new(net, facts(), 1);
    run.spawn("web", Sink(443));
    run.send("client", (addr("203.0.113.9"), 443), vec![("request", vec![7; 10])]);
    run.finish(30);

    let inside = run.files.packets("client-client-nic.pcapng");
    let outside = run.files.packets("web.pcapng");
    assert_eq!((inside.len(), outside.len()), (6, 6));
    for (seen, own) in [(&inside, client), (&outside, addr("20.1.2.3"))] {
        let mut sources: Vec<_> = seen.iter().map(source).collect();
        sources.sort();
        sources.dedup();
        assert_eq!(sources, [own, addr("203.0.113.9")]);
    }
    let comments = |seen: &[Seen]| seen.iter().map(|packet| packet.comment.clone()).collect::<Vec<_>>();
    let (inside, outside) = (comments(&inside), comments(&outside));
    let sent = "delivered to web (203.0.113.9) after 250.0 us as TCP 20.1.2.3:49152 -> 203.0.113.9:443";
    assert_eq!(inside[0], sent);
    let received = "request (bytes 0 to 9); from client / client-nic (10.0.0.4), 250.0 us ago, \
                    sent as TCP 10.0.0.4:49152 -> 203.0.113.9:443";
    assert!(outside.iter().any(|comment| comment == received), "{outside:#?}");
    assert!(
        inside.iter().any(|comment| comment.starts_with("farewell (bytes 0 to 3); from web (203.0.113.9), 250.0 us"))
    );
}

/// Pieces of which each byte says which piece it belongs to.
fn pieces() -> Vec<(&'static str, Vec<u8>)> {
    const NAMES: [&str; 12] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11"];
    NAMES.into_iter().zip(0u8..).map(|(name, n)| (name, vec![n; 400 + 531 * usize::from(n)])).collect()
}

#[test]
fn labels_stay_with_their_bytes_through_loss_and_retransmission() {
    // Catches: labels shifted by the SYN or by a piece, taken from a neighbour, dropped before the last retransmission.
    let mut again = 0;
    for seed in 0..20 {
        let mut net = Net::new();
        let (_, server) = pair(&mut net, None);
        let mut run = Run::new(net, facts_with(LinkProfile { loss_ppm: 60_000, ..LinkProfile::default() }), seed);
        run.spawn("server", Sink(22));
        run.send("client", (server, 22), pieces());
        run.finish(600);
        for file in ["client-client-nic.pcapng", "server-server-nic.pcapng"] {
            for packet in run.files.packets(file) {
                let (header, payload) = wire::parse(&packet.bytes).unwrap();
                let bytes = &packet.bytes[payload];
                if bytes.is_empty() || header.tuple.dst != server {
                    continue;
                }
                let mut pieces: Vec<String> = bytes.iter().map(|byte| format!("p{byte}")).collect();
                pieces.dedup();
                let told = packet.comment.strip_prefix("sent again: ");
                again += usize::from(told.is_some());
                let (told, _) = told.unwrap_or(&packet.comment).split_once(" (bytes").expect("a label");
                assert_eq!(told, pieces.join(" + "), "seed {seed}, {file}: {}", packet.comment);
            }
        }
        let lost = run.engine.observer.counters.drops().map(|drops| drops.packets).sum::<u64>();
        let client = run.files.packets("client-client-nic.pcapng");
        let server = run.files.packets("server-server-nic.pcapng");
        let told = client.iter().chain(&server).filter(|packet| packet.comment.contains("lost on the way")).count();
        assert_eq!(told as u64, lost, "every lost packet is told once, by its sender");
    }
    assert!(again > 20, "{again} retransmissions");
}

/// A relayed dialogue, and one with a host on the Internet, on ports of no protocol that a dissector would look for.
fn relayed(facts: Arc<Facts>, seed: u64) -> Run {
    let mut net = Net::new();
    let (_, server) = pair(&mut net, None);
    let proxy = net.vm("proxy", "v/s", None);
    net.internet_host("web", "203.0.113.9");
    let proxy = net.address(proxy);
    let mut run = Run::new(net, facts, seed);
    run.spawn("server", Sink(5001));
    run.spawn("web", Sink(5002));
    run.spawn("proxy", Relay::new(60001, (server, 5001), Nanos::secs(15)));
    run.send("client", (proxy, 60001), pieces());
    run.send("server", (addr("203.0.113.9"), 5002), pieces());
    run
}

#[test]
fn tshark_finds_nothing_wrong_without_loss() {
    // Catches: checksums, lengths and times that a stranger would stumble over, packets missing or doubled in a capture.
    let mut run = relayed(facts(), 5);
    let folder = std::env::temp_dir().join(format!("vnetsim-observe-{}", std::process::id()));
    run.engine.observer.capture = Some(Capture::into_dir(&folder).unwrap());
    let written = run.finish(60);
    assert_eq!(written.len(), 4);
    let mut skipped = false;
    for file in &written {
        let fields = ["frame.comment", "_ws.malformed", "tcp.analysis.retransmission", "tcp.analysis.lost_segment"];
        let fields =
            [&fields[..], &["tcp.checksum.status", "ip.checksum.status", "tcp.analysis.out_of_order"]].concat();
        let mut tshark = Command::new("tshark");
        let checks = ["tcp.check_checksum:TRUE", "ip.check_checksum:TRUE", "tcp.analyze_sequence_numbers:TRUE"];
        tshark.arg("-r").arg(folder.join(&file.name)).args(["-T", "fields"]);
        for check in checks {
            tshark.args(["-o", check]);
        }
        for field in &fields {
            tshark.args(["-e", field]);
        }
        let Ok(out) = tshark.output() else {
            skipped = true;
            break;
        };
        let text = String::from_utf8(out.stdout).unwrap();
        assert_eq!(text.lines().count() as u64, file.packets, "{}", file.name);
        for line in text.lines() {
            let (comment, rest) = line.split_once('\t').unwrap();
            assert_eq!(rest, "\t\t\t1\t1\t", "{}: {line}", file.name);
            assert!(comment.contains("delivered to ") || comment.contains("from "), "{line}");
        }
        assert!(text.contains("p11 (bytes") || text.contains("relayed (bytes"), "{}: {text}", file.name);
    }
    std::fs::remove_dir_all(&folder).unwrap();
    if skipped {
        eprintln!("skipped: tshark is not installed");
    }
}

#[test]
fn the_same_run_has_the_same_bytes() {
    // Catches: anything of the machine, the clock or the order of a map in a capture or a trace; a seed without effect.
    let spread = Spread { mean: Nanos::micros(40), tail_ppm: 1000, tail: Nanos::millis(2) };
    let run = |seed| {
        let mut run = relayed(facts_with(LinkProfile { spread, ..LinkProfile::default() }), seed);
        run.finish(60);
        (run.files.contents(), run.engine.observer.trace.unwrap().to_string())
    };
    let (first, second, other) = (run(11), run(11), run(12));
    assert!(first == second);
    assert!(first.0 != other.0 && first.1 != other.1);
}

#[test]
fn a_machine_that_is_down_captures_nothing() {
    // Catches: packets in the capture of a machine that was off, counted as received, or told as delivered.
    let mut net = Net::new();
    let (_, server) = pair(&mut net, None);
    let mut run = Run::new(net, facts(), 1);
    run.spawn("server", Sink(22));
    run.spawn("server", Rebooter { after: Nanos::millis(1), down: Nanos::millis(2500) });
    run.spawn("client", Sender { to: (server, 22), after: Nanos::secs(1), flow: None, pieces: pieces() });
    run.finish(30);
    let seen = run.files.packets("client-client-nic.pcapng");
    let down = "dropped at server-nic: no machine is up there [machine-down]";
    let told: Vec<bool> = seen.iter().map(|packet| packet.comment == down).collect();
    assert_eq!(&told[..3], &[true, true, false], "SYNs at 1 s and 2 s meet nobody, the one at 4 s is answered");
    let server = run.files.packets("server-server-nic.pcapng");
    assert_eq!(server[0].at_ns, EPOCH_NS + Nanos::secs(4).0 + DELAY.0);

    let recorder = &run.engine.observer;
    let kinds: Vec<_> = recorder.inventory.rows().iter().map(|row| (row.at_ns, row.kind, &*row.who)).collect();
    let expected = [
        (0, What::Reported, "server"),
        (1_000_000, What::PowerOff, "server"),
        (2_501_000_000, What::PowerOn, "server"),
    ];
    assert_eq!(kinds, expected);
    let machines: Vec<_> = recorder.counters.machines().collect();
    assert_eq!(machines[0].sent.packets, machines[1].received.packets + 2);
    assert_eq!(machines[1].received.packets + machines[1].sent.packets, server.len() as u64);
}

#[test]
fn counts_add_up_and_changes_are_listed_in_order() {
    // Catches: a packet counted twice or not at all, drops without their example, rows out of order or without names.
    let mut net = Net::new();
    let (_, server) = pair(&mut net, None);
    let mut run = Run::new(net, facts(), 1);
    run.spawn("server", Sink(22));
    run.spawn("client", Sender { to: (server, 22), after: Nanos::secs(2), flow: None, pieces: pieces() });
    run.engine.delete("server", Nanos::secs(2) + Nanos::micros(2000));
    let orphan = Draft::new("orphan", Kind::Nic(Nic { region: "westus2".into(), ..Nic::default() }));
    run.engine.put(orphan.refer(Relation::PartOf, "nobody"), Nanos::secs(10));
    run.finish(20);
    let recorder = &run.engine.observer;
    let counters = &recorder.counters;
    let sent: u64 = counters.machines().map(|machine| machine.sent.packets).sum();
    let received: u64 = counters.machines().map(|machine| machine.received.packets).sum();
    let drops: Vec<_> = counters.drops().collect();
    assert_eq!(counters.made(), sent);
    assert_eq!(sent, received + drops.iter().map(|drop| drop.packets).sum::<u64>());
    let (class, volume) = counters.classes().next().unwrap();
    assert_eq!((class.name(), volume.bytes > 1000), ("vnet", true));
    assert!(drops.iter().any(|drop| drop.first.port.contains("server") && !drop.first.why.is_empty()), "{drops:?}");

    let rows: Vec<_> = recorder.inventory.rows().iter().map(|row| (row.kind, &*row.who)).collect();
    assert!(
        rows.contains(&(What::Deleted, "server")) && rows.contains(&(What::PowerOff, "server (deleted)")),
        "{rows:?}"
    );
    assert_eq!(rows.last(), Some(&(What::Refused, "orphan")));
    assert!(recorder.inventory.rows().is_sorted_by_key(|row| row.at_ns));
}

#[test]
fn a_trace_tells_each_hop_and_repeats_nothing() {
    // Catches: steps of another port, steps repeated for a known flow, the way's class or time missing, a limit that
    // loses hops without saying so.
    let mut net = Net::new();
    net.nsg("guard", vec![rule("AllowSsh", 300, Direction::Inbound, Access::Allow, Some((22, 22)))]);
    let (_, server) = pair(&mut net, Some("guard"));
    let mut run = Run::new(net, facts(), 1);
    run.engine.observer.trace = Some(Trace::new(Flows::Only(BTreeSet::from([FlowId(3)])), 6));
    run.spawn("server", Sink(22));
    run.send("client", (server, 22), vec![("hello", vec![1; 5])]);
    run.spawn("client", Sender { to: (server, 22), after: Nanos::ZERO, flow: None, pieces: vec![] });
    run.finish(30);
    let trace = run.engine.observer.trace.as_ref().unwrap();
    let text = trace.to_string();
    // Initial sequence numbers are the machines' own draws.
    let plain: Vec<String> = text.lines().map(without_numbers).collect();
    let expected = include_str!("trace.txt");
    assert_eq!(plain.join("\n"), expected.trim_end(), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120));
    let json = serde_json::to_value(trace.report()).unwrap();
    assert_eq!(json["lines"][1]["stages"][1]["resource"], "guard");
    assert_eq!(json["lines"][1]["came_by"]["one_way_ns"], DELAY.0);
    assert_eq!(json["lines"][0]["flow"], 3);
    assert!(json["left_out"].as_u64().unwrap() > 4);
}

/// Blanks sequence and acknowledgement numbers, and the count of hops that are left out.
fn without_numbers(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.split_once('=') {
        Some((name @ ("seq" | "ack"), _)) => format!("{name}=#"),
        _ => word.to_owned(),
    });
    let line: Vec<String> = words.collect();
    line.join(" ")
}

#[test]
fn a_capture_never_overwrites_and_keeps_its_errors() {
    // Catches: an old capture replaced, an error of the disk swallowed, one file's error that takes the others with it.
    let folder = std::env::temp_dir().join(format!("vnetsim-refuses-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let old = folder.join("client-client-nic.pcapng");
    std::fs::write(&old, "old").unwrap();
    let mut net = Net::new();
    let (_, server) = pair(&mut net, None);
    let mut run = Run::new(net, facts(), 1);
    run.engine.observer.capture = Some(Capture::into_dir(&folder).unwrap());
    run.spawn("server", Sink(22));
    run.send("client", (server, 22), pieces());
    run.engine.run_until(Nanos::secs(30));
    let error = run.engine.observer.capture.take().unwrap().finish().unwrap_err();
    let kept =
        (std::fs::read_to_string(&old).unwrap(), std::fs::read(folder.join("server-server-nic.pcapng")).unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(error.to_string().contains("is there already and is not overwritten"), "{error}");
    assert_eq!(error.file, "client-client-nic.pcapng");
    assert_eq!(kept.0, "old");
    assert!(vnetsim_tests::capture::read(&kept.1).len() > 10);
}

#[test]
fn a_machine_that_forwards_captures_what_comes_and_what_goes() {
    // Catches: one of a forwarder's two packets missing, the fate of one told of the other, labels lost on the second leg.
    let mut net = Net::new();
    let hop = UserHop::Appliance(addr("10.0.2.4"));
    let route = Route {
        name: "by-nva".into(),
        destination: Destination::Prefix(prefix("10.0.1.0/24")),
        next_hop: hop,
        span: None,
    };
    net.put(Draft::new("rt", Kind::RouteTable(RouteTable { routes: vec![route], ..RouteTable::default() })));
    net.vnet("v", "10.0.0.0/16");
    for (name, range) in [("a", "10.0.0.0/24"), ("b", "10.0.1.0/24"), ("n", "10.0.2.0/24")] {
        net.subnet("v", name, range, None);
    }
    let routed = net.topology.find("v/a").unwrap().kind.clone();
    net.put(Draft::new("v/a", routed).refer(Relation::PartOf, "v").refer(Relation::RoutedBy, "rt"));
    let nva = net.machine("nva", "v/n", None, true, None);
    assert_eq!(net.address(nva), addr("10.0.2.4"));
    let server = net.vm("server", "v/b", None);
    let server = net.address(server);
    net.vm("client", "v/a", None);
    let mut run = Run::new(net, facts(), 1);
    run.spawn("server", Sink(5001));
    run.send("client", (server, 5001), vec![("request", vec![7; 10])]);
    run.finish(30);
    let comments = |file: &str| run.files.packets(file).into_iter().map(|seen| seen.comment).collect::<Vec<_>>();
    let (client, nva) = (comments("client-client-nic.pcapng"), comments("nva-nva-nic.pcapng"));
    assert_eq!(client[0], "delivered to nva / nva-nic (10.0.2.4) after 250.0 us");
    assert_eq!(nva[0], "from client / client-nic (10.0.0.4), 250.0 us ago");
    assert_eq!(nva[1], "delivered to server / server-nic (10.0.1.4) after 250.0 us");
    let request =
        |comments: &[String]| comments.iter().filter(|told| told.starts_with("request (bytes 0 to 9); ")).count();
    assert_eq!((request(&client), request(&nva), request(&comments("server-server-nic.pcapng"))), (1, 2, 1));
    let ttls: Vec<u8> = run.files.packets("nva-nva-nic.pcapng")[..2].iter().map(|seen| seen.bytes[8]).collect();
    assert_eq!(ttls, [64, 63]);
}

/// A private endpoint `pe` in one VNet for a balanced `backend` in another.
fn private_link(net: &mut Net) -> Addr {
    for (vnet, space, subnet) in [("near", "10.9.0.0/16", "10.9.0.0/24"), ("far", "10.0.0.0/16", "10.0.0.0/24")] {
        net.vnet(vnet, space);
        net.subnet(vnet, "s", subnet, None);
    }
    let region = || "westus2".into();
    net.put(Draft::new(
        "lb",
        Kind::LoadBalancer(LoadBalancer {
            sku: Setting::default_of(Sku::Standard),
            region: region(),
            ..LoadBalancer::default()
        }),
    ));
    let child = |name: &str, kind: Kind| Draft::new(name, kind).refer(Relation::PartOf, "lb");
    net.put(child("lb/front", Kind::Frontend(Frontend::default())).refer(Relation::Attached, "far/s"));
    net.put(child("lb/pool", Kind::BackendPool(BackendPool::default())));
    let rule = BalancingRule {
        protocol: Some(Protocol::TCP),
        frontend_port: 60001,
        backend_port: 5001,
        distribution: Distribution::FiveTuple,
        idle_minutes: Setting::default_of(4),
        floating_ip: false,
        disable_outbound_snat: false,
        ..BalancingRule::default()
    };
    let rule = child("lb/r1", Kind::BalancingRule(rule)).refer(Relation::Listens, "lb/front");
    net.put(rule.refer(Relation::Sends, "lb/pool"));
    net.vm("backend", "far/s", None);
    let config = IpConfig { primary: true, ..IpConfig::default() };
    let config = Draft::new("backend-nic/ipconfig1", Kind::IpConfig(config)).refer(Relation::PartOf, "backend-nic");
    net.put(config.refer(Relation::Attached, "far/s").refer(Relation::MemberOf, "lb/pool"));
    let service = Draft::new("pls", Kind::LinkService(LinkService { region: region(), nat: vec![None] }));
    net.put(service.refer(Relation::Attached, "far/s").refer(Relation::Listens, "lb/front"));
    let endpoint = PrivateEndpoint::new(region(), ConnectionState::Approved);
    let endpoint = Draft::new("pe", Kind::PrivateEndpoint(endpoint)).refer(Relation::Attached, "near/s");
    let endpoint = net.put(endpoint.refer(Relation::Target, "pls"));
    net.vm("client", "near/s", None);
    match &net.topology.get(endpoint).unwrap().kind {
        Kind::PrivateEndpoint(endpoint) => endpoint.address().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_private_link_is_told_stage_by_stage() {
    // Catches: a translation's or balancer's step without its words, the client's own address in the provider's capture,
    // the provider's in the client's.
    let mut net = Net::new();
    let endpoint = private_link(&mut net);
    let mut run = Run::new(net, facts(), 1);
    run.spawn("backend", Sink(5001));
    run.send("client", (endpoint, 60001), vec![("request", vec![7; 10])]);
    run.finish(30);
    let text = run.engine.observer.trace.as_ref().unwrap().to_string();
    for told in [
        "pe (10.9.0.4) by vnet",
        "- SNAT and DNAT by private link service pls: 10.9.0.5:49152 -> 10.0.0.6:49152, 10.9.0.4:60001 -> 10.0.0.4:60001",
        "- load balancer rule r1: backend backend-nic (1 of 1 up)",
        "- DNAT by load balancer lb: 10.0.0.4:60001 -> 10.0.0.5:5001",
    ] {
        assert!(text.contains(told), "{told} is not in\n{text}");
    }
    let (client, backend) =
        (run.files.packets("client-client-nic.pcapng"), run.files.packets("backend-backend-nic.pcapng"));
    assert_eq!((client.len(), backend.len()), (6, 6));
    for (seen, inside) in [(client, prefix("10.9.0.0/24")), (backend, prefix("10.0.0.0/24"))] {
        for packet in seen {
            let tuple = wire::parse(&packet.bytes).unwrap().0.tuple;
            assert!(inside.contains(tuple.src) && inside.contains(tuple.dst), "{tuple}: {}", packet.comment);
            assert!(packet.comment.contains(" as TCP "), "{}", packet.comment);
        }
    }
}
