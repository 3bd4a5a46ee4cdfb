//! Open connections under changing rules and health: azure-dataplane 1.4, 3.4.

use crate::filtered;
use bytes::Bytes;
use sim_core::app::{Attempt, Dialogue};
use sim_core::engine::{Engine, Event, Observer};
use sim_core::host::{Context, Control, Dial, Input, Orchestrator, Program, SMALL_BUFFER, Signal, Socket};
use sim_core::net::Addr;
use sim_core::time::Nanos;
use sim_core::topology::{Draft, Kind, Nsg, Relation, Setting, Sku, Topology};
use vnetsim_tests::net::{Net, facts};
use vnetsim_tests::parts::rules;

/// Writes a byte every ten seconds and reports every answer, as `echo` with its number.
struct Talker {
    to: Socket,
    conn: Option<sim_core::host::ConnId>,
    heard: u64,
}

impl Program for Talker {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.after(Nanos::secs(20), 0),
            Input::Timer(0) => self.conn = Some(cx.connect(Dial::to(self.to))),
            Input::Connected(_) => cx.after(Nanos::ZERO, 1),
            Input::Timer(_) => {
                if let Some(conn) = self.conn {
                    cx.write(conn, Bytes::from_static(b"x"), "word");
                }
                cx.after(Nanos::secs(10), 1);
            }
            Input::Data(_, bytes) => {
                self.heard += bytes.len() as u64;
                cx.report("echo", self.heard, "");
            }
            _ => {}
        }
    }
}

/// Says back what it hears.
struct Echo(u16);

impl Program for Echo {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(self.0, SMALL_BUFFER),
            Input::Data(conn, bytes) => cx.write(conn, bytes, "echo"),
            _ => {}
        }
    }
}

/// Replaces a group's rules at 65 s.
struct Closing(Option<Draft>);

impl Orchestrator for Closing {
    fn handle(&mut self, signal: Signal<'_>, control: &mut Control<'_>) {
        if let (Signal::Start, Some(draft)) = (signal, self.0.take()) {
            control.put(draft, Nanos::secs(65));
        }
    }
}

/// The time of the last echo, and whether the late attempt got in.
#[derive(Default)]
struct Seen {
    last_echo: Nanos,
    late: bool,
}

impl Observer for Seen {
    fn see(&mut self, at: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Reported { report, .. } = event {
            match report.what {
                "echo" => self.last_echo = at,
                "done" => self.late = true,
                _ => {}
            }
        }
    }
}

/// Talks to `to` from before the group `g` becomes `after` until 150 s; another attempt starts at 100 s.
fn talk(net: Net, to: Addr, after: &[&str]) -> Seen {
    talk_under(net, to, Nsg { rules: rules(after), ..Nsg::default() })
}

/// The same under a group that may flush.
fn talk_under(net: Net, to: Addr, after: Nsg) -> Seen {
    let node = |net: &Net, name: &str| net.topology.find(name).unwrap().id;
    let (client, servers) = (node(&net, "client"), ["m0", "m1"].map(|name| node(&net, name)));
    let mut engine = Engine::new(net.topology, facts(), 1, Seen::default());
    for server in servers {
        assert!(engine.spawn(server, Box::new(Echo(22))).is_some());
    }
    assert!(engine.spawn(client, Box::new(Talker { to: (to, 22), conn: None, heard: 0 })).is_some());
    let late = Attempt::new((to, 22), Dialogue::Tcp, Nanos::secs(20), Nanos::secs(100), None);
    assert!(engine.spawn(client, Box::new(late)).is_some());
    engine.conduct(Box::new(Closing(Some(Draft::new("g", Kind::Nsg(after))))));
    engine.run_until(Nanos::secs(150));
    engine.observer
}

fn net(rules: &[&str]) -> Net {
    let mut net = filtered(rules);
    net.vm("m0", "v/s", None);
    net.vm("m1", "v/s", None);
    net.vm("client", "v/t", None);
    net
}

#[test]
fn a_session_outlives_its_rule() {
    // Tests `nsg-known-flows`.
    // Golden 8 (without flush), 1.4. Catches: open connections asked again, new ones let in by an old record.
    let (allow, deny) = ("100 ssh in allow tcp * -> * 22", "4096 rest in deny * * -> * *");
    let net = net(&[allow, deny]);
    let to = net.topology.addresses_of(net.topology.find("m0").unwrap().id)[0].1;
    let seen = talk(net, to, &[deny]);
    assert!(seen.last_echo > Nanos::secs(130), "{:?}", seen.last_echo);
    assert!(!seen.late);
}

#[test]
fn sessions_outlive_their_backends_health() {
    // Tests `balancer-flows-under-probes`, `balancer-probe`.
    // Golden 7, 3.4: all probed down at a Standard balancer. Catches: open connections cut by a probe, new ones let in.
    let mut net = net(&[]);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Attached, "v/s"), &["m0", "m1"]);
    net.balance("lb", 22, 22, Some(22));
    let seen = talk(net, vip, &["100 no-probes in deny * AzureLoadBalancer -> * *"]);
    assert!(seen.last_echo > Nanos::secs(130), "{:?}", seen.last_echo);
    assert!(!seen.late);
}

#[test]
fn a_flushing_group_cuts_what_its_rules_deny() {
    // Golden 8 (with flush), 1.4. Tests `nsg-flush`.
    // Catches: flows that no rule is held against, cut flows that the answering side opens again, flows cut that rules
    // still allow, a switch that acts only at the next change of rules.
    let (allow, deny) = ("110 ssh in allow tcp * -> * 22", "4096 rest in deny * * -> * *");
    let group = |texts: &[&str]| Nsg { rules: rules(texts), flush: Setting::default_of(true) };
    for (was_on, after, cut) in [
        (true, vec![deny], true),
        (false, vec![deny], true),
        (true, vec!["100 web in allow tcp * -> * 80", allow, deny], false),
        (true, vec!["100 no-ssh in deny tcp * -> * 22", allow, deny], true),
        (true, vec!["110 ssh in deny tcp * -> * 23", deny], true),
    ] {
        let mut net = net(&[allow, deny]);
        net.edit("g", |kind| *kind = Kind::Nsg(Nsg { flush: Setting::default_of(was_on), ..group(&[allow, deny]) }));
        let to = net.topology.addresses_of(net.topology.find("m0").unwrap().id)[0].1;
        let seen = talk_under(net, to, group(&after));
        let last = seen.last_echo;
        assert_eq!(last < Nanos::secs(70), cut, "{after:?} after {was_on}: {last:?}");
        assert_eq!(seen.late, !cut, "{after:?}");
    }
}

#[test]
fn a_flushing_group_holds_openers_to_outbound_rules() {
    // 1.4. Tests `nsg-flush`. Catches: an outbound flow held against inbound rules, or against none.
    let deny = "4096 rest in deny * * -> * *";
    for (after, cut) in
        [(["100 no-ssh out deny tcp * -> * 22", deny], true), (["100 no-web out deny tcp * -> * 80", deny], false)]
    {
        let mut net = Net::new();
        net.group("g", &[deny]);
        crate::add_vnet(&mut net, None);
        net.vm("m0", "v/s", None);
        net.vm("m1", "v/s", None);
        net.vm("client", "v/t", Some("g"));
        let to = net.topology.addresses_of(net.topology.find("m0").unwrap().id)[0].1;
        let seen = talk_under(net, to, Nsg { rules: rules(&after), flush: Setting::default_of(true) });
        assert_eq!(seen.last_echo < Nanos::secs(70), cut, "{after:?}: {:?}", seen.last_echo);
    }
}
