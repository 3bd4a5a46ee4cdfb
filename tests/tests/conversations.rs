//! Clients that do more than one exchange: sessions with pauses, many connections at once, echo requests.

use sim_core::app::{Communicator, Crowd, Guest, Listener, Manner, Parallel, Ping, Reflector, Session, Traceroute};
use sim_core::engine::{Engine, Event, Observer};
use sim_core::host::{Context, Input, Program, SMALL_BUFFER};
use sim_core::net::Addr;
use sim_core::time::Nanos;
use sim_core::topology::{Topology, UserHop};
use std::sync::Arc;
use vnetsim_tests::net::{Net, addr, facts};

/// What the client said: kind, text, and the figure where it is a count or a time in whole seconds.
#[derive(Default)]
struct Said(Vec<(&'static str, String, u64)>);

impl Observer for Said {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        let Event::Reported { report, .. } = event else { return };
        let figure = if report.what == "opened" { report.value } else { report.value / 1_000_000_000 };
        self.0.push((report.what, report.text.clone(), figure));
    }
}

impl Said {
    fn of(&self, what: &str) -> Vec<(&str, u64)> {
        self.0.iter().filter(|said| said.0 == what).map(|(_, text, figure)| (text.as_str(), *figure)).collect()
    }
}

/// `client` (10.0.0.4) and `server` (10.0.0.5) in one subnet; `router` (10.0.2.4) is on the way to `far` (10.0.1.4).
fn net() -> Net {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "near", "10.0.0.0/24", None);
    net.subnet("v", "away", "10.0.1.0/24", None);
    net.subnet("v", "between", "10.0.2.0/24", None);
    for (name, subnet) in [("client", "v/near"), ("server", "v/near"), ("far", "v/away")] {
        net.vm(name, subnet, None);
    }
    net.machine("router", "v/between", None, true, None);
    net.routed("v/near", &[("10.0.1.0/24", UserHop::Appliance(addr("10.0.2.4")))]);
    net
}

/// What `client` says when these programs run for an hour.
fn said(client: impl Program + 'static, servers: Vec<Box<dyn Program>>) -> Said {
    let mut engine = Engine::new(net().topology, facts(), 1, Said::default());
    let node = |engine: &Engine<Said>, name: &str| engine.topology().find(name).unwrap().id;
    for server in servers {
        assert!(engine.spawn(node(&engine, "server"), server).is_some());
    }
    assert!(engine.spawn(node(&engine, "client"), Box::new(client)).is_some());
    engine.run_until(Nanos::secs(3600));
    engine.observer
}

const SERVER: &str = "10.0.0.5";
const TIMEOUT: Nanos = Nanos::secs(15);

fn session(ssh: bool, port: u16) -> Session {
    let manner = Manner { ssh, every: Nanos::secs(60), lasts: Nanos::secs(180) };
    Session::new((addr(SERVER), port), manner, TIMEOUT, None)
}

/// Takes a line, and with the third one does what it is there for.
struct Moody {
    lines: u8,
    resets: bool,
}

impl Program for Moody {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(7000, SMALL_BUFFER),
            Input::Data(conn, data) => {
                self.lines += 1;
                match self.lines {
                    ..3 => cx.write(conn, data, "echo"),
                    _ if self.resets => cx.abort(conn),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

#[test]
fn a_session_ends_as_the_other_side_lets_it() {
    // Catches: a session that says nothing after the first time, ends early or never, takes silence for an answer because
    // TCP acknowledged, tells a reset for silence, or counts from the SYN.
    let echo: Box<dyn Program> = Box::new(Listener::new(7000));
    let shell: Box<dyn Program> = Box::new(Guest::new(Communicator::Ssh, Nanos::ZERO, Nanos::ZERO, Arc::new([])));
    let moody = |resets| -> Box<dyn Program> { Box::new(Moody { lines: 0, resets }) };
    for (ssh, port, server, ends) in [
        (false, 7000, echo, ("works", 180)),
        (true, 22, shell, ("works", 180)),
        (false, 7000, moody(true), ("reset", 120)),
        (false, 7000, moody(false), ("silent", 135)),
    ] {
        let said = said(session(ssh, port), vec![server]);
        assert_eq!(said.of("session"), [ends]);
        assert_eq!((said.of("done").len(), said.of("failed").len()), if ends.0 == "works" { (1, 0) } else { (0, 1) });
    }
    let refused = said(session(false, 7000), Vec::new());
    assert_eq!((refused.of("session").len(), refused.of("failed").len()), (0, 1), "what never opened is no session");
}

#[test]
fn those_that_open_are_counted() {
    // Catches: connections to one port instead of several, datagrams from one port, an answer counted for another, a
    // wait that never ends.
    let servers = |udp: bool, ports: &[u16]| -> Vec<Box<dyn Program>> {
        let one = |port: &u16| -> Box<dyn Program> {
            if udp { Box::new(Reflector::new(*port)) } else { Box::new(Listener::new(*port)) }
        };
        ports.iter().map(one).collect()
    };
    for udp in [false, true] {
        for (each_port, opened) in [(true, 2), (false, 3)] {
            let client = Parallel::new((addr(SERVER), 7000), Crowd { flows: 3, each_port, udp }, TIMEOUT, None);
            let said = said(client, servers(udp, &[7000, 7002]));
            assert_eq!(said.of("opened"), [("", opened)], "udp {udp}, each port {each_port}");
            assert_eq!(said.of("done").len(), usize::from(opened == 3));
        }
    }
}

#[test]
fn echo_requests_tell_the_way() {
    // Tests `icmp-time-exceeded`.
    // Catches: a reply that reaches no program, a time to live that the fabric counts down, an appliance that does not or
    // that keeps silent, an answer for an earlier request taken for one to the last.
    let ping = |to: Addr| said(Ping::new(to, TIMEOUT, Nanos::ZERO, None), Vec::new());
    assert_eq!(ping(addr(SERVER)).of("done").len(), 1);
    assert_eq!(ping(addr("10.0.0.99")).of("failed"), [("1 packets transmitted, 0 received, 100% packet loss", 15)]);
    let hops = |to: &str| {
        let said = said(Traceroute::new(addr(to), Nanos::secs(1), None), Vec::new());
        let hops: Vec<String> = said.of("hop").iter().map(|(text, _)| (*text).to_owned()).collect();
        (hops, said.of("done").len())
    };
    assert_eq!(hops(SERVER), (vec![SERVER.to_owned()], 1));
    assert_eq!(hops("10.0.1.4"), (vec!["10.0.2.4".to_owned(), "10.0.1.4".to_owned()], 1));
    assert_eq!(hops("10.0.0.99"), (vec!["*".to_owned(); 30], 0));
}
