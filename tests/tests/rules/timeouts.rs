//! What becomes of connections that are silent: azure-dataplane 1.4, 3.7, 4.2, 4.3.

use crate::{filtered, one_vnet};
use bytes::Bytes;
use sim_core::engine::{Engine, Event, Observer};
use sim_core::fabric::Facts;
use sim_core::host::{
    ConnId, Context, Control, Dial, Ending, Input, Orchestrator, Program, SMALL_BUFFER, Signal, Socket,
};
use sim_core::net::Addr;
use sim_core::time::Nanos;
use sim_core::topology::{Draft, Kind, Nsg, OutboundRule, Relation, Setting, Sku, Topology};
use std::sync::Arc;
use vnetsim_tests::net::{Net, facts};
use vnetsim_tests::parts::rules;

const WORLD: Addr = Addr::v4(8, 8, 8, 8);
const PORT: u16 = 7000;
/// Probes have made up their minds by then.
const START: Nanos = Nanos::secs(20);

/// Connects, is answered, is silent for a while, and speaks again. Reports `works`, `reset` or `silent`, with the seconds
/// since the first answer.
struct Sleeper {
    to: Socket,
    silence: Nanos,
    conn: Option<ConnId>,
    heard: Option<Nanos>,
    over: bool,
}

impl Sleeper {
    fn end(&mut self, how: &'static str, cx: &mut Context<'_>) {
        if !std::mem::replace(&mut self.over, true) {
            let since = self.heard.map_or(0, |heard| (cx.now() - heard).0 / 1_000_000_000);
            cx.report(how, since, "");
        }
    }
}

impl Program for Sleeper {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.after(START, 0),
            Input::Timer(0) => self.conn = Some(cx.connect(Dial { timeout: Nanos::secs(20), ..Dial::to(self.to) })),
            Input::Connected(conn) => cx.write(conn, Bytes::from_static(b"x"), "word"),
            Input::Data(..) if self.heard.is_none() => {
                self.heard = Some(cx.now());
                cx.after(self.silence, 1);
            }
            Input::Data(..) => self.end("works", cx),
            Input::Timer(1) if !self.over => {
                cx.write(self.conn.unwrap(), Bytes::from_static(b"x"), "word");
                cx.after(Nanos::secs(60), 2);
            }
            Input::Closed(_, Ending::Reset) => self.end("reset", cx),
            Input::Closed(..) | Input::Timer(2) => self.end("silent", cx),
            _ => {}
        }
    }
}

/// Says back what it hears.
struct Echo;

impl Program for Echo {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(PORT, SMALL_BUFFER),
            Input::Data(conn, bytes) => cx.write(conn, bytes, "echo"),
            Input::Closed(_, Ending::Reset) => cx.report("server-reset", 0, ""),
            _ => {}
        }
    }
}

/// Puts a group's rules at a time.
struct Change(Option<(Draft, Nanos)>);

impl Orchestrator for Change {
    fn handle(&mut self, signal: Signal<'_>, control: &mut Control<'_>) {
        if let (Signal::Start, Some((draft, at))) = (signal, self.0.take()) {
            control.put(draft, at);
        }
    }
}

#[derive(Default)]
struct Ends {
    client: Option<(&'static str, u64)>,
    server_reset: bool,
}

impl Observer for Ends {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        match event {
            Event::Reported { report, .. } if report.what == "server-reset" => self.server_reset = true,
            Event::Reported { report, .. } => self.client = Some((report.what, report.value)),
            _ => {}
        }
    }
}

fn play(net: &Net, facts: Arc<Facts>, from: &str, to: Addr, minutes: f64, change: Option<(Draft, Nanos)>) -> Ends {
    let silence = Nanos::millis((minutes * 60_000.0) as u64);
    let client = net.topology.find(from).unwrap().id;
    let mut engine = Engine::new(net.topology.clone(), facts, 1, Ends::default());
    for resource in net.topology.resources() {
        if matches!(resource.kind, Kind::Machine(_) | Kind::InternetHost(_)) {
            assert!(engine.spawn(resource.id, Box::new(Echo)).is_some());
        }
    }
    let sleeper = Sleeper { to: (to, PORT), silence, conn: None, heard: None, over: false };
    assert!(engine.spawn(client, Box::new(sleeper)).is_some());
    engine.conduct(Box::new(Change(change)));
    engine.run_until(START + silence + Nanos::secs(120));
    engine.observer
}

/// How a connection ends that is silent for so many minutes.
fn idle(net: &Net, from: &str, to: Addr, minutes: f64) -> (&'static str, u64) {
    play(net, facts(), from, to, minutes, None).client.expect("an end")
}

fn balanced(public: bool, rule_minutes: u16, address_minutes: Option<u16>, tcp_reset: bool) -> (Net, Addr) {
    let mut net = filtered(&["100 all in allow * * -> * *"]);
    net.vm("m", "v/s", None);
    net.vm("client", "v/t", None);
    net.public_ip("pip", "20.1.1.1", Sku::Standard);
    net.edit("pip", |kind| {
        let Kind::PublicIp(public) = kind else { panic!("no address") };
        public.idle_minutes = Setting::default_of(address_minutes);
    });
    let at = if public { (Relation::Uses, "pip") } else { (Relation::Attached, "v/s") };
    let vip = net.balancer("lb", Sku::Standard, at, &["m"]);
    let rule = net.balance("lb", PORT, PORT, None);
    net.edit(&rule, |kind| {
        let Kind::BalancingRule(rule) = kind else { panic!("no rule") };
        (rule.idle_minutes, rule.tcp_reset) = (Setting::default_of(rule_minutes), tcp_reset);
    });
    (net, vip)
}

#[test]
fn a_frontends_address_forgets_before_the_rule() {
    // Golden 30, 3.7. Tests `balancer-idle-timeout`, `timeout-late-packets`. Catches: the rule's time where the public address
    // has its own, one that cuts sooner or later, a reset where none is asked for, none where it is or only when somebody
    // speaks again.
    let (net, vip) = balanced(true, 15, Some(4), false);
    assert_eq!(idle(&net, "world", vip, 3.9), ("works", 234));
    assert_eq!(idle(&net, "world", vip, 4.1).0, "silent");
    // Azure's own default is 4 as well.
    let (net, vip) = balanced(true, 15, None, false);
    assert_eq!(idle(&net, "world", vip, 5.0).0, "silent");
    let (net, vip) = balanced(true, 4, Some(20), false);
    assert_eq!(idle(&net, "world", vip, 15.0).0, "works");
    let (net, vip) = balanced(true, 15, Some(4), true);
    let ends = play(&net, facts(), "world", vip, 5.0, None);
    assert_eq!((ends.client, ends.server_reset), (Some(("reset", 240)), true));
    // An internal frontend has no such address.
    let (net, vip) = balanced(false, 15, None, false);
    assert_eq!(idle(&net, "client", vip, 14.9).0, "works");
    assert_eq!(idle(&net, "client", vip, 15.1).0, "silent");
    let (net, vip) = balanced(false, 15, None, true);
    assert_eq!(idle(&net, "client", vip, 20.0), ("reset", 900));
}

#[test]
fn a_floating_rules_idle_time_is_assumed() {
    // azure-docs issue 86536. Tests `floating-ip-idle`.
    // Catches: a choice without effect, or one that takes the idle time from rules without floating IP.
    for (choice, floating, end) in
        [("counts", true, "silent"), ("ignored", true, "works"), ("ignored", false, "silent")]
    {
        let (mut net, vip) = balanced(false, 5, None, false);
        net.edit("lb/rule-7000", |kind| {
            let Kind::BalancingRule(rule) = kind else { panic!("no rule") };
            rule.floating_ip = floating;
        });
        let mut all = Facts::clone(&facts());
        all.choices.set("floating-ip-idle", choice).unwrap();
        assert_eq!(play(&net, Arc::new(all), "client", vip, 6.0, None).client.unwrap().0, end, "{choice} {floating}");
    }
}

#[test]
fn a_nat_gateway_resets_whoever_speaks_again() {
    // Golden 29, 4.2. Tests `nat-gateway-timers`. Catches: a reset at expiry, silence afterwards, the gateway's own time not read;
    // a reset that is lost on the way into a network of a public range.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    net.nat_gateway("v/s", "20.1.1.3");
    assert_eq!(idle(&net, "a", WORLD, 3.9).0, "works");
    assert_eq!(idle(&net, "a", WORLD, 5.0), ("reset", 300));
    net.edit("nat", |kind| {
        let Kind::NatGateway(gateway) = kind else { panic!("no gateway") };
        gateway.idle_minutes = Setting::default_of(Some(60));
    });
    assert_eq!(idle(&net, "a", WORLD, 59.0).0, "works");
    let mut net = Net::new();
    net.vnet("w", "51.4.0.0/16");
    net.subnet("w", "s", "51.4.0.0/24", None);
    net.vm("a", "w/s", None);
    net.internet_host("world", "8.8.8.8/32");
    net.nat_gateway("w/s", "20.1.1.3");
    assert_eq!(idle(&net, "a", WORLD, 5.0), ("reset", 300));
}

#[test]
fn ways_out_forget_after_their_own_times() {
    // 3.7, 4.3, 4.4. Tests `snat-idle-timeout`, `public-ip-idle-timeout`. Catches: the outbound rule's time not read, a reset not
    // asked for, a 1:1 address that forgets.
    for (minutes, tcp_reset, silence, end) in
        [(30, false, 29.0, ("works", 1740)), (30, false, 31.0, ("silent", 1920)), (30, true, 31.0, ("reset", 1800))]
    {
        let mut net = one_vnet(None);
        net.vm("a", "v/s", None);
        net.public_ip("pip", "20.1.1.2", Sku::Standard);
        net.balancer("lb", Sku::Standard, (Relation::Uses, "pip"), &["a"]);
        let rule = OutboundRule { idle_minutes: Setting::default_of(minutes), tcp_reset, ..OutboundRule::default() };
        let rule = Draft::new("lb/out", Kind::OutboundRule(rule)).refer(Relation::PartOf, "lb");
        net.put(rule.refer(Relation::Listens, "lb/front").refer(Relation::Sends, "lb/pool"));
        assert_eq!(idle(&net, "a", WORLD, silence).0, end.0, "{minutes} {tcp_reset} {silence}");
    }
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    assert_eq!(idle(&net, "a", WORLD, 5.0).0, "silent");
    let mut net = filtered(&["100 all in allow * * -> * *"]);
    net.vm("a", "v/s", None);
    let public = net.public_vm("a", "20.1.1.1");
    assert_eq!(idle(&net, "a", WORLD, 5.0).0, "works");
    assert_eq!(idle(&net, "world", public, 5.0).0, "works");
}

#[test]
fn a_record_lapses_with_the_networks_time() {
    // 1.4. Tests `nsg-flow-timeout`, `nsg-mid-stream`. Catches: a record that never lapses, one that does in spite of the network's
    // own time, a packet in mid-stream that is never asked about, the assumption without effect.
    let closed = |at| {
        let rules = rules(&["100 no in deny * * -> * *"]);
        Some((Draft::new("g", Kind::Nsg(Nsg { rules, ..Nsg::default() })), at))
    };
    let change = START + Nanos::secs(30);
    for (own, works) in [(None, false), (Some(30), true)] {
        let mut net = filtered(&["100 all in allow * * -> * *"]);
        let m = net.vm("m", "v/s", None);
        net.vm("client", "v/t", None);
        net.edit("v", |kind| {
            let Kind::Vnet(vnet) = kind else { panic!("no network") };
            vnet.flow_timeout_minutes = own;
        });
        let to = net.address(m);
        let end = |minutes| play(&net, facts(), "client", to, minutes, closed(change)).client.unwrap().0;
        assert_eq!(end(3.0), "works", "{own:?}");
        assert_eq!(end(5.0) == "works", works, "{own:?}");
        let mut dropped = Facts::clone(&facts());
        dropped.choices.set("mid-stream-tcp", "dropped").unwrap();
        let dropped = Arc::new(dropped);
        let mut kept = Facts::clone(&facts());
        kept.choices.set("flow-record-idle", "never").unwrap();
        let ends = play(&net, Arc::new(kept), "client", to, 5.0, closed(change));
        assert_eq!(ends.client.unwrap().0, "works", "{own:?}: a record that is kept");
        let end = |facts| play(&net, facts, "client", to, 5.0, None).client.unwrap().0;
        assert_eq!((end(facts()), end(dropped)), ("works", if works { "works" } else { "silent" }), "{own:?}");
    }
}

#[test]
fn a_flow_keeps_the_way_it_took() {
    // 4.1. Tests `outbound-flows-keep-their-way`. Catches: an open connection moved to a NAT gateway that is attached later.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    net.public_ip("pip", "20.1.1.2", Sku::Standard);
    net.balancer("lb", Sku::Standard, (Relation::Uses, "pip"), &["a"]);
    net.balance("lb", 80, 80, None);
    net.public_ip("nat-pip", "20.1.1.3", Sku::Standard);
    net.put(Draft::new("nat", Kind::NatGateway(Default::default())).refer(Relation::Uses, "nat-pip"));
    let subnet = net.topology.draft_of(net.topology.find("v/s").unwrap()).refer(Relation::TranslatedBy, "nat");
    let ends = play(&net, facts(), "a", WORLD, 2.0, Some((subnet, START + Nanos::secs(30))));
    assert_eq!(ends.client.unwrap().0, "works");
}
