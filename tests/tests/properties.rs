//! What holds in every network: random small ones are built, and the engine is held against a plain reading of the rules,
//! its own slow path, its explanations, and the laws of translation.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use sim_core::app::{Attempt, Dialogue, Listener};
use sim_core::engine::{Engine, Event, Observer};
use sim_core::explain::{Blocker, Mend, Question, Walk, remedy, walk};
use sim_core::fabric::{Fabric, PortKind};
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Flags, Header, Meta, Protocol, TcpHeader, Tuple};
use sim_core::plane::{Act, Health, Plane};
use sim_core::stage::security::RuleRef;
use sim_core::stage::{PLATFORM, Reason, Step, Translation};
use sim_core::time::Nanos;
use sim_core::topology::{Access, Direction, Draft, Kind, Nsg, Relation, SecurityRule, Topology, Vnet};
use std::collections::BTreeMap;
use std::sync::Arc;
use vnetsim_tests::net::{facts, prefix, rule};
use vnetsim_tests::programs::Reports;
use vnetsim_tests::random::{Built, PORTS, Wish, plan, wishes};
use vnetsim_tests::reading;

/// Where the ports of hand-made flows begin; no rule of a plan tells them apart.
const OWN_PORTS: u16 = 50_000;
/// Probes have settled by then.
const SETTLED: Nanos = Nanos::secs(12);

/// So many cases, or as many as `PROPTEST_CASES` says; failures are printed, not kept in files.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(asked.unwrap_or(usual)) }
}

/// The flows of `wishes` that this network has ends for, each with a port of its own.
fn flows(built: &Built, wishes: &[Wish]) -> Vec<(PortId, Tuple)> {
    let mut found = Vec::new();
    for (n, wish) in (0u16..).zip(wishes) {
        let Some(((port, src), (dst, dst_port))) = built.ends(*wish) else { continue };
        let src_port = OWN_PORTS + n;
        let dst_port = if wish.protocol == Protocol::ICMP { src_port } else { dst_port };
        let protocol = match wish.protocol {
            Protocol::ICMP if !dst.is_v4() => Protocol::ICMPV6,
            protocol => protocol,
        };
        found.push((port, Tuple { src, dst, src_port, dst_port, protocol }));
    }
    found
}

/// Puts listeners on all machines.
fn populate<O: Observer>(engine: &mut Engine<O>, built: &Built) {
    let machines = (0..built.vms.len()).map(|n| format!("vm{n}")).chain(["outside", "outside6"].map(str::to_owned));
    for name in machines {
        let node = engine.topology().find(&name).unwrap().id;
        for port in PORTS {
            assert!(engine.spawn(node, Box::new(Listener::new(port))).is_some());
        }
    }
}

/// A packet of a flow that nothing answers.
fn unanswered(tuple: Tuple) -> Header {
    match tuple.protocol {
        Protocol::TCP => Header::tcp(tuple, 64, TcpHeader { flags: Flags::RST, ..TcpHeader::default() }),
        _ => Header::plain(tuple, 64),
    }
}

/// What happened to packets at ports: which port, whether they left, their addresses before and after, the decision.
#[derive(Default)]
struct Hops(Vec<(PortId, bool, Tuple, Tuple, Act)>);

impl Observer for Hops {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Hop { port, leaving, packet, before, act, .. } = *event
            && packet.header.tuple.src_port >= OWN_PORTS
            && packet.header.tuple.dst != PLATFORM
        {
            self.0.push((port, leaving, before, packet.header.tuple, act));
        }
    }
}

/// What a plain reading of the declared rules says of a packet at a port; `None` where no rules are asked.
fn read(net: &Topology, port: PortId, leaving: bool, before: &Tuple, after: &Tuple) -> Option<bool> {
    let id = NodeId(port.0);
    let subnet = net.subnet_of(id)?.0.id;
    let at = |holder, direction, packet| reading::passes(net, holder, subnet, direction, packet);
    match &net.get(id)?.kind {
        Kind::IpConfig(_) => {
            let nic = net.target(id, Relation::PartOf)?.id;
            // Outbound rules see a packet before translation, inbound ones after it (azure-dataplane 1.3).
            Some(match leaving {
                true => at(nic, Direction::Outbound, before) && at(subnet, Direction::Outbound, before),
                false => at(subnet, Direction::Inbound, after) && at(nic, Direction::Inbound, after),
            })
        }
        Kind::PrivateEndpoint(_) => {
            let Kind::Subnet(attributes) = &net.get(subnet)?.kind else { return None };
            let asked = attributes.endpoint_policies.value.security;
            Some(!asked || reading::passes_endpoint(net, subnet, after))
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    /// Catches: rules in the wrong order, a default rule missing, a level left out or asked with the other direction's
    /// list, rules that see an address before or after the wrong translation, a tag with another meaning than the
    /// reference's, an empty list of a security group's members that matches all.
    #[test]
    fn packets_pass_where_a_plain_reading_of_the_rules_says_so(plan in plan(), wishes in wishes(24)) {
        // Tests `nsg-first-match`, `nsg-rule-fields`, `nsg-default-rules`, `nsg-asg-members`.
        let built = plan.build();
        let net = built.net.topology.clone();
        let mut engine = Engine::new(net.clone(), facts(), 1, Hops::default());
        populate(&mut engine, &built);
        engine.run_until(SETTLED);
        for (port, tuple) in flows(&built, &wishes) {
            engine.inject(port, unanswered(tuple), Bytes::new());
        }
        engine.run_until(SETTLED + Nanos::secs(1));
        for (port, leaving, before, after, act) in &engine.observer.0 {
            let earlier = [
 Reason::ForwardingOff, Reason::ClosedByDefault, Reason::NotCarried, Reason::PortDeleted, Reason::Hairpin];
            // What a machine sends to itself from and to one port is its own answer.
            if matches!(act, Act::Drop(reason) if earlier.contains(reason)) || *before == before.reversed() {
                continue;
            }
            let Some(expected) = read(&net, *port, *leaving, before, after) else { continue };
            let found = *act != Act::Drop(Reason::SecurityRule);
            let name = &net.get(NodeId(port.0)).unwrap().name;
            prop_assert_eq!(found, expected, "{} leaving {} {} {}: {:?}", name, leaving, before, after, act);
        }
    }
}

/// One stop of a packet, without how it was decided.
type Stop = (PortId, bool, Tuple, Tuple, Act, Option<NodeId>);

/// Sends a packet and, if it arrives, an answer; gives the stops of both, and whether the asker has the answer.
fn there_and_back(plane: &mut Plane, from: PortId, tuple: Tuple, now: Nanos) -> (Vec<Stop>, bool) {
    let mut stops = Vec::new();
    let Some((port, arrived, meta)) = leg(plane, from, tuple, Meta::default(), now, &mut stops) else {
        return (stops, false);
    };
    let meta = Meta { private_link: meta.private_link, subnet: meta.subnet, ..Meta::default() };
    let end = leg(plane, port, arrived.reversed(), meta, now, &mut stops);
    let answered = end.is_some_and(|(port, back, _)| port == from && back == tuple.reversed());
    (stops, answered)
}

fn leg(
    plane: &mut Plane,
    from: PortId,
    tuple: Tuple,
    mut meta: Meta,
    now: Nanos,
    stops: &mut Vec<Stop>,
) -> Option<(PortId, Tuple, Meta)> {
    let mut header = Header::plain(tuple, 64);
    let (mut port, mut leaving) = (from, true);
    for _ in 0..100 {
        let before = header.tuple;
        let passed = plane.pass(port, leaving, &mut header, &mut meta, 0, now);
        let act = passed.map_or_else(Act::Drop, |composed| composed.act);
        stops.push((port, leaving, before, header.tuple, act, meta.private_link));
        match act {
            Act::Forward { to, .. } => (port, leaving) = (to, false),
            Act::Drop(_) | Act::Answer(_) => return None,
            Act::Deliver => match plane.fabric().port(port).map(|port| &port.kind) {
                Some(PortKind::Nic(nic)) if nic.ip_forwarding && nic.address != header.tuple.dst => leaving = true,
                _ => return Some((port, header.tuple, meta)),
            },
        }
    }
    None
}

fn compiled(net: &Topology, epoch: u32) -> Arc<Fabric> {
    Arc::new(Fabric::compile(net, &facts(), epoch))
}

/// Gives every security group two rules instead of its own: one for everything in, one for everything out.
fn rewrite_groups(net: &mut Topology, access: Access) {
    let groups = net.resources().filter(|found| matches!(found.kind, Kind::Nsg(_)));
    let groups: Vec<Draft> = groups.map(|found| net.draft_of(found)).collect();
    for group in groups {
        let all = |name, direction| rule(name, 100, direction, access, None);
        let rules = vec![all("in", Direction::Inbound), all("out", Direction::Outbound)];
        net.put(Draft { kind: Kind::Nsg(Nsg { rules, ..Nsg::default() }), ..group }).unwrap();
    }
}

fn fresh(net: &Topology) -> Plane {
    Plane::new(compiled(net, 0), Health::presuming(true))
}

proptest! {
    #![proptest_config(cases(1024))]

    /// Catches: a cached entry that differs from what the stages say, one that outlives its version, state that is lost
    /// or made anew by a version, an entry of one flow that answers for another, a rule change that cuts a live flow or
    /// spares a new one (azure-dataplane 1.4).
    #[test]
    fn the_flow_table_says_what_the_stages_say(plan in plan(), wishes in wishes(12)) {
        let built = plan.build();
        let mut net = built.net.topology.clone();
        let flows = flows(&built, &wishes);
        let mut plane = fresh(&net);
        let alone: Vec<_> = flows.iter().map(|(from, tuple)| there_and_back(&mut fresh(&net), *from, *tuple, Nanos::ZERO)).collect();
        let again = |plane: &mut Plane, second: u64, what: &str| -> Result<(), TestCaseError> {
            for ((from, tuple), expected) in flows.iter().zip(&alone) {
                let found = there_and_back(plane, *from, *tuple, Nanos::secs(second));
                prop_assert_eq!(&found, expected, "{} {}", what, tuple);
            }
            Ok(())
        };
        again(&mut plane, 1, "first")?;
        again(&mut plane, 2, "cached")?;
        let vnet = Vnet { region: "westus2".into(), space: vec![prefix("172.20.0.0/16")], ..Vnet::default() };
        net.put(Draft::new("unrelated", Kind::Vnet(vnet))).unwrap();
        plane.publish(compiled(&net, 1));
        again(&mut plane, 3, "after a change")?;
        again(&mut plane, 4, "cached after a change")?;

        // Every door open: what was stopped is decided anew, and what lived lives on the same way.
        rewrite_groups(&mut net, Access::Allow);
        plane.publish(compiled(&net, 2));
        let mut alive = Vec::new();
        for (from, tuple) in &flows {
            let found = there_and_back(&mut plane, *from, *tuple, Nanos::secs(5));
            let expected = there_and_back(&mut fresh(&net), *from, *tuple, Nanos::ZERO);
            prop_assert_eq!(&found, &expected, "open {}", tuple);
            alive.push(found);
        }
        // Every door shut: what lives lives on, what is new meets the new rules.
        rewrite_groups(&mut net, Access::Deny);
        plane.publish(compiled(&net, 3));
        for ((from, tuple), expected) in flows.iter().zip(&alive) {
            if expected.1 {
                let found = there_and_back(&mut plane, *from, *tuple, Nanos::secs(6));
                prop_assert_eq!(&found, expected, "alive {}", tuple);
            }
            let mut new = *tuple;
            new.src_port += 1000;
            let found = there_and_back(&mut plane, *from, new, Nanos::secs(6));
            prop_assert_eq!(found, there_and_back(&mut fresh(&net), *from, new, Nanos::ZERO), "new {}", new);
        }
    }

    /// Catches: a reply that is not translated back, or by another flow's state; two flows that a translation makes
    /// one; a reply that reaches somebody else; a stage that stops what nothing forbids.
    #[test]
    fn answers_come_back_in_the_name_that_was_asked(plan in plan(), wishes in wishes(24), same_ports in any::<bool>()) {
        let built = plan.open().build();
        let net = &built.net.topology;
        let mut plane = fresh(net);
        let mut asked: Vec<(PortId, Tuple)> = Vec::new();
        for (from, mut tuple) in flows(&built, &wishes) {
            if same_ports {
                // Many clients that took the same port: translations have to tell them apart.
                tuple.src_port = OWN_PORTS;
            }
            if !asked.contains(&(from, tuple)) && !asked.contains(&(from, tuple.reversed())) {
                asked.push((from, tuple));
            }
        }
        let mut seen: BTreeMap<(PortId, Tuple, Option<NodeId>), Tuple> = BTreeMap::new();
        for (from, tuple) in asked {
            let mut stops = Vec::new();
            let arrival = leg(&mut plane, from, tuple, Meta::default(), Nanos::ZERO, &mut stops);
            let Some((port, arrived, meta)) = arrival else {
                let end = stops.last().map(|stop| stop.4);
                prop_assert!(matches!(end, Some(Act::Drop(reason)) if OPEN_ENDS.contains(&reason)), "{}: {:?}", tuple, stops);
                let alone = |stop: &Stop| stop.4 == Act::Drop(Reason::Hairpin) && stop.3.src != stop.3.dst;
                prop_assert!(!stops.iter().any(alone), "{}: {:?}", tuple, stops);
                continue;
            };
            if let Some(other) = seen.insert((port, arrived, meta.private_link), tuple) {
                // A balancer leaves the client's port as it is: whoever asks for a backend by two names from one port
                // gets both answers in one of them.
                prop_assert_eq!(other.src, tuple.src, "both arrive as {}: {} and {}", arrived, other, tuple);
                continue;
            }
            let meta = Meta { private_link: meta.private_link, subnet: meta.subnet, ..Meta::default() };
            let end = leg(&mut plane, port, arrived.reversed(), meta, Nanos::ZERO, &mut stops);
            let end = end.map(|(port, back, _)| (port, back));
            prop_assert_eq!(end, Some((from, tuple.reversed())), "{} arrived as {}: {:?}", tuple, arrived, stops);
        }
    }
}

/// Where a way may end although every door is open: nobody is there, or nothing listens, or nothing leads out.
const OPEN_ENDS: [Reason; 7] = [
    Reason::NoSuchAddress,
    Reason::RouteToNone,
    Reason::NoHealthyBackend,
    Reason::NoBalancerRule,
    Reason::NoOutbound,
    Reason::OutboundProtocol,
    Reason::Hairpin,
];

/// Whether a walk leaves open which backend is up: some of those that it names fail their probes and some do not.
fn undecided(probes: &[Walk]) -> bool {
    probes.iter().any(|probe| probe.connects()) && probes.iter().any(|probe| !probe.connects())
}

/// Whether a NAT gateway draws the port that the far end sees.
fn has_drawn_port(walk: &Walk) -> bool {
    let drawn = |step: &Step| matches!(step, Step::Rewritten { by: Translation::NatGateway(_), .. });
    walk.there.iter().any(|stop| stop.steps.iter().any(drawn))
}

fn names_source_ports(net: &Topology) -> bool {
    let named = |rule: &SecurityRule| !rule.source_ports.is_empty();
    net.resources().any(|found| matches!(&found.kind, Kind::Nsg(group) if group.rules.iter().any(named)))
}

proptest! {
    #![proptest_config(cases(4096))]

    /// Catches: an explanation that forgets a stage, a direction or a probe, or that sees an obstacle which the engine
    /// does not; a connection that opens although a stage should stop its answer.
    #[test]
    fn explanations_and_the_engine_agree(plan in plan(), wish in wishes(1)) {
        let built = plan.build();
        let Some(((port, src), (dst, dst_port))) = built.ends(wish[0]) else { return Ok(()) };
        let net = &built.net.topology;
        // The first port that a machine takes for a connection.
        let tuple = Tuple { src, dst, src_port: 49152, dst_port, protocol: Protocol::TCP };
        let walk = asked(net, Question { from: port, tuple });
        if undecided(&walk.probes) || (has_drawn_port(&walk) && names_source_ports(net)) {
            return Ok(());
        }

        let mut engine = Engine::new(net.clone(), facts(), 1, Reports::default());
        populate(&mut engine, &built);
        let machine = match wish[0].from {
            Some(n) => format!("vm{}", usize::from(n) % built.vms.len()),
            None if port == built.outside6 => "outside6".to_owned(),
            None => "outside".to_owned(),
        };
        let node = net.find(&machine).unwrap().id;
        let attempt = Attempt::new((dst, dst_port), Dialogue::Tcp, Nanos::secs(5), SETTLED, None);
        prop_assert!(engine.spawn(node, Box::new(attempt)).is_some());
        engine.run_until(SETTLED + Nanos::secs(10));
        let opened = engine.observer.first("connect").is_some();
        prop_assert_eq!(opened, walk.connects(), "{} from {}: {:?} {:#?}", tuple, machine, engine.observer.0, walk);
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    /// Catches: an edit behind the rule that denies, for the other direction, with a tag that does not hold the address,
    /// with the name or the priority of a rule that is there, one that undoes another or that Azure would refuse; edits
    /// that are said to open and do not, or that open with one of them left out; a way that only rules close and no edit
    /// is found for.
    #[test]
    fn the_smallest_edits_open_what_is_closed(plan in plan(), wish in wishes(2)) {
        let built = plan.build();
        for (from, tuple) in flows(&built, &wish) {
            let question = Question { from, tuple };
            let net = &built.net.topology;
            let closed = compiled(net, 0);
            let before = asked(net, question);
            let found = remedy(net, &closed, &before);
            let mends: Vec<&Mend> = found.steps.iter().map(|(_, mend)| mend).collect();
            let after = |left_out: Option<usize>| {
                let mut net = net.clone();
                for (n, mend) in mends.iter().enumerate() {
                    let refused = Some(n) != left_out && mend.apply(&mut net).is_err();
                    assert!(!refused || left_out.is_some(), "refused: {mend:?}");
                }
                (asked(&net, question), net)
            };
            let (walked, mended) = after(None);
            prop_assert_eq!(walked.connects(), found.opens(), "{} {:#?}", tuple, found.steps);
            if found.opens() {
                for (n, mend) in mends.iter().enumerate() {
                    prop_assert!(!after(Some(n)).0.connects(), "{} opens without {:?}", tuple, mend);
                }
            }
            // Behind rules there may be something that no edit removes: an answer in another name than was asked, say.
            let ruled = walked.reached.is_some() && walked.all_blockers().all(|it| it.reason == Reason::SecurityRule);
            let left = walked.all_blockers().any(|it| !default_only(net, it));
            prop_assert!(found.opens() || !ruled || !left, "{} {:#?}", tuple, walked);
            for resource in mended.resources() {
                let Kind::Nsg(Nsg { rules, .. }) = &resource.kind else { continue };
                for (n, rule) in rules.iter().enumerate() {
                    let alike = |other: &SecurityRule| {
                        other.name == rule.name || (other.direction, other.priority) == (rule.direction, rule.priority)
                    };
                    prop_assert!(!rules[..n].iter().any(alike), "{:?}", rules);
                }
            }
        }
    }
}

fn asked(net: &Topology, question: Question) -> Walk {
    walk(&compiled(net, 0), question, |probe| net.probe_port(probe))
}

/// Whether a default rule blocks that none can precede: every priority is taken.
fn default_only(net: &Topology, blocker: &Blocker) -> bool {
    let Some(Step::Security { group, rule: RuleRef::Default(_), direction, .. }) = blocker.step else { return false };
    let Kind::Nsg(Nsg { rules, .. }) = &net.get(group).unwrap().kind else { return false };
    let taken = |priority| rules.iter().any(|rule| rule.direction == direction && rule.priority == priority);
    (100..=4096).all(taken)
}

/// Counts links that each packet crosses.
#[derive(Default)]
struct Crossings(BTreeMap<u64, u32>);

impl Observer for Crossings {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Sent { packet, .. } = event {
            *self.0.entry(packet.id).or_default() += 1;
        }
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    /// Catches: a way round in circles that no time to live ends, events that breed events, a panic on a network that
    /// Azure would take or on one that loses machines while packets are under way.
    #[test]
    fn every_run_comes_to_an_end(plan in plan(), wishes in wishes(24), doomed in any::<u8>(), at_us in 0u64..2000) {
        let built = plan.build();
        let mut engine = Engine::new(built.net.topology.clone(), facts(), 1, Crossings::default());
        populate(&mut engine, &built);
        engine.run_until(SETTLED);
        for (port, tuple) in flows(&built, &wishes) {
            let header = match tuple.protocol {
                Protocol::TCP => Header::tcp(tuple, 255, TcpHeader { flags: Flags::SYN, ..TcpHeader::default() }),
                _ => Header::plain(tuple, 255),
            };
            engine.inject(port, header, Bytes::from_static(b"x"));
        }
        let doomed = format!("vm{}", usize::from(doomed) % built.vms.len());
        engine.delete(&doomed, Nanos::micros(at_us));
        let end = SETTLED + Nanos::secs(5);
        let mut steps = 0;
        while engine.now() < end && engine.step() {
            steps += 1;
            prop_assert!(steps < 1_000_000, "still busy at {}", engine.now());
        }
        // A machine on the way takes one from the time to live; between two of them are a few stages at most.
        for (packet, crossings) in &engine.observer.0 {
            prop_assert!(*crossings <= 256 * 8, "packet {} crossed {} links", packet, crossings);
        }
    }
}
