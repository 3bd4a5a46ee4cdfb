//! Why, and why not: one question followed hop by hop through the fabric, past every policy that is in the way, there
//! and back; and the edits that would open it.
//!
//! An explanation asks the same stages as the engine does, without time: probes count as settled, tables as empty.

mod mend;
mod name;
mod remedy;

pub use mend::{Made, Mend, Switch, Unlock};
pub use name::{Leg, NameWalk, follow_name};
pub use remedy::{Remedy, remedy};

use crate::assumption::AssumptionSet;
use crate::fabric::{Fabric, PortKind};
use crate::id::{NodeId, PortId};
use crate::net::{Header, Meta, Protocol, Tuple};
use crate::plane::{Act, Answer, Health, Plane};
use crate::stage::guard::{Admitted, Caller, Denied};
use crate::stage::route::Source;
use crate::stage::{Reason, Step, platform_for};
use crate::time::Nanos;
use std::sync::Arc;

/// A question: can this be sent from there?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The port of the asker.
    pub from: PortId,
    /// What it sends first, with its own address as source.
    pub tuple: Tuple,
}

/// What happened at one port on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// The port.
    pub port: PortId,
    /// Whether the packet leaves it.
    pub leaving: bool,
    /// Addresses before.
    pub before: Tuple,
    /// Addresses after.
    pub after: Tuple,
    /// Go on, deliver or drop.
    pub act: Act,
    /// What the stages said.
    pub steps: Vec<Step>,
}

/// Something in the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocker {
    /// Whether it blocks the answer and not the question.
    pub on_return: bool,
    /// Where.
    pub port: PortId,
    /// The packet there, as the stage saw it.
    pub tuple: Tuple,
    /// Why.
    pub reason: Reason,
    /// What the stage said before it stopped the packet: the rule, the route.
    pub step: Option<Step>,
}

/// A question followed to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    /// The question.
    pub question: Question,
    /// The way there.
    pub there: Vec<Stop>,
    /// The way back; empty when the question does not arrive.
    pub back: Vec<Stop>,
    /// The port where it is delivered, past all policies.
    pub reached: Option<PortId>,
    /// Everything in the way, there first.
    pub blockers: Vec<Blocker>,
    /// Whether the managed service that it arrives at lets the asker in, as it sees it; `None` where there is none.
    pub admission: Option<Result<Admitted, Denied>>,
    /// The same as what is in the way of requests, where it does not. Packets pass.
    pub refusal: Option<Blocker>,
    /// Health probes that the way depends on, one for each backend that could have been chosen.
    pub probes: Vec<Walk>,
}

impl Walk {
    /// Whether question and answer arrive, and every probe that the way depends on does.
    #[must_use]
    pub fn connects(&self) -> bool {
        self.reached.is_some() && self.blockers.is_empty() && self.probes.iter().all(Self::connects)
    }

    /// Whether it connects and the service that it arrives at, if it is one, takes requests.
    #[must_use]
    pub fn works(&self) -> bool {
        self.connects() && self.refusal.is_none()
    }

    /// Everything in the way: of packets, those of probes too, and last of requests.
    pub fn all_blockers(&self) -> impl Iterator<Item = &Blocker> {
        let probes = self.probes.iter().flat_map(|probe| probe.blockers.iter());
        self.blockers.iter().chain(probes).chain(&self.refusal)
    }

    /// Where nothing leads on, so that what lies behind was not examined; and whether that is on the way back. Policies are
    /// passed over and end no way.
    #[must_use]
    pub fn not_examined(&self) -> Option<(PortId, bool)> {
        let back = self.reached.is_some();
        let last = if back { self.back.last() } else { self.there.last() }?;
        let ended =
            matches!(last.act, Act::Drop(_)) || matches!(last.act, Act::Answer(answer) if answer != Answer::Echo);
        ended.then_some((last.port, back))
    }

    /// What nobody knows for certain and had a say in it, or in the probes that it depends on.
    #[must_use]
    pub fn assumed(&self) -> AssumptionSet {
        let stops = self.there.iter().chain(&self.back);
        let own = AssumptionSet::of_steps(stops.flat_map(|stop| &stop.steps));
        self.probes.iter().fold(own, |set, probe| set.union(probe.assumed()))
    }

    /// The delays there and back, without waiting anywhere; `fabric` is the one that was asked.
    #[must_use]
    pub fn round_trip(&self, fabric: &Fabric) -> Nanos {
        let mut sum = Nanos::ZERO;
        for stop in self.there.iter().chain(&self.back) {
            let Act::Forward { to, class } = stop.act else { continue };
            if let (Some(from), Some(to)) = (fabric.port(stop.port), fabric.port(to)) {
                sum += fabric.facts().delays.profile(&from.place, &to.place, class).delay;
            }
        }
        sum
    }
}

/// How many ports a packet may pass, in loops that rewrite it each time too.
const LONGEST_WAY: usize = 64;

/// Follows a question there and back.
#[must_use]
pub fn walk(fabric: &Arc<Fabric>, question: Question, probe_port: impl Fn(NodeId) -> Option<u16>) -> Walk {
    let mut walk = follow(fabric, question);
    let balanced: Vec<NodeId> = walk
        .there
        .iter()
        .flat_map(|stop| &stop.steps)
        .filter_map(|step| if let Step::Balanced { rule, .. } = step { Some(*rule) } else { None })
        .collect();
    for port in fabric.ports() {
        let PortKind::Frontend(frontend) = &port.kind else { continue };
        for rule in frontend.rules.iter().filter(|rule| balanced.contains(&rule.node)) {
            let Some(probed) = rule.probe.and_then(&probe_port) else { continue };
            for member in &rule.members {
                let Some(vnet) = fabric.port(member.port).and_then(|port| port.place.vnet) else { continue };
                let tuple = Tuple {
                    src: platform_for(member.address),
                    dst: member.address,
                    src_port: 49152,
                    dst_port: probed,
                    protocol: Protocol::TCP,
                };
                walk.probes.push(follow(fabric, Question { from: PortId(vnet.0), tuple }));
            }
        }
    }
    walk
}

fn follow(fabric: &Arc<Fabric>, question: Question) -> Walk {
    let mut plane = Plane::new(fabric.clone(), Health::presuming(true)).passing_policies();
    let mut walk = Walk {
        question,
        there: Vec::new(),
        back: Vec::new(),
        reached: None,
        blockers: Vec::new(),
        admission: None,
        refusal: None,
        probes: Vec::new(),
    };
    let (stops, end) = leg(&mut plane, question.from, question.tuple, Meta::default());
    collect(&stops, false, &mut walk.blockers);
    walk.there = stops;
    if let Some((port, tuple, meta)) = end {
        walk.reached = Some(port);
        ask_guard(fabric, &mut walk, (port, tuple, meta));
        let meta = Meta { private_link: meta.private_link, subnet: meta.subnet, ..Meta::default() };
        let (stops, end) = leg(&mut plane, port, tuple.reversed(), meta);
        collect(&stops, true, &mut walk.blockers);
        // An answer that arrives elsewhere, or in another name than the one asked, is no answer.
        let answered = end.is_some_and(|(port, back, _)| port == question.from && back == question.tuple.reversed());
        if !answered && !walk.blockers.iter().any(|blocker| blocker.on_return) {
            let (tuple, step) = (tuple.reversed(), last_route(&stops));
            walk.blockers.push(Blocker { on_return: true, port, tuple, reason: Reason::UnknownFlow, step });
        }
        walk.back = stops;
    }
    walk
}

/// What the firewall of the service says whose front a question has arrived at.
fn ask_guard(fabric: &Fabric, walk: &mut Walk, (port, tuple, meta): End) {
    let Some(PortKind::Internet { guard: Some(guard), .. }) = fabric.port(port).map(|port| &port.kind) else { return };
    let Meta { subnet, private_link, .. } = meta;
    let caller = Caller { source: tuple.src, subnet, private_link, trusted: fabric.trusts(tuple.src) };
    let admission = guard.decide(&caller);
    walk.admission = Some(admission);
    walk.refusal = admission.err().map(|denied| {
        let reason = match denied {
            Denied::NotPublic(_) => Reason::ServiceNotPublic,
            Denied::NotListed(_) => Reason::ServiceNotListed,
        };
        let step = Step::Refused { service: guard.service, caller, asker: walk.question.from, denied };
        Blocker { on_return: false, port, tuple, reason, step: Some(step) }
    });
}

type End = (PortId, Tuple, Meta);

/// One direction: from `from` until delivered or stopped for good.
fn leg(plane: &mut Plane, from: PortId, tuple: Tuple, mut meta: Meta) -> (Vec<Stop>, Option<End>) {
    let mut header = Header::plain(tuple, 64);
    let mut stops = Vec::new();
    let (mut port, mut leaving) = (from, true);
    // Where it was, and as what: by way of an appliance a packet comes back, and goes on.
    let mut been: Vec<(PortId, bool, Tuple, Meta)> = Vec::new();
    while stops.len() < LONGEST_WAY && !been.contains(&(port, leaving, header.tuple, meta)) {
        let before = header.tuple;
        been.push((port, leaving, before, meta));
        let (act, steps) = match plane.pass(port, leaving, &mut header, &mut meta, 0, Nanos::ZERO) {
            Ok(composed) => (composed.act, composed.steps.to_vec()),
            Err(reason) => (Act::Drop(reason), vec![Step::Stopped(reason)]),
        };
        stops.push(Stop { port, leaving, before, after: header.tuple, act, steps });
        match act {
            Act::Forward { to, .. } => (port, leaving) = (to, false),
            Act::Deliver if forwards(plane.fabric(), port, header.tuple) => leaving = true,
            Act::Deliver => return (stops, Some((port, header.tuple, meta))),
            Act::Answer(Answer::Echo) => return (stops, Some((port, header.tuple, meta))),
            Act::Answer(_) | Act::Drop(_) => return (stops, None),
        }
    }
    stops.push(end_of_loop(&stops, from, leaving, header.tuple));
    (stops, None)
}

/// The end of a packet that goes round: at the port that sends it back, with the route that does.
///
/// Rule `route-loop`: a route that leads back to where a packet was makes a loop, in which it ends once it was forwarded too
/// often; an appliance in the subnet whose table leads to it is one. Source: azure-dataplane 2.3.
fn end_of_loop(stops: &[Stop], from: PortId, leaving: bool, tuple: Tuple) -> Stop {
    let routed = |stop: &Stop| {
        let route = stop.steps.iter().rfind(|step| matches!(step, Step::Routed { .. }));
        route.map(|route| (stop.port, route.clone()))
    };
    let found = stops.iter().rev().find_map(routed);
    let port = found.as_ref().map(|(port, _)| *port).or(stops.last().map(|stop| stop.port)).unwrap_or(from);
    let route = found.map(|(_, route)| route);
    let steps = route.into_iter().chain([Step::Stopped(Reason::TtlExpired)]).collect();
    Stop { port, leaving, before: tuple, after: tuple, act: Act::Drop(Reason::TtlExpired), steps }
}

/// The last route of a user's that led a packet on: what sent it in a circle, or an answer astray.
fn last_route(stops: &[Stop]) -> Option<Step> {
    let user = |step: &&Step| matches!(step, Step::Routed { route, .. } if matches!(route.source, Source::User(..)));
    stops.iter().flat_map(|stop| &stop.steps).rfind(user).cloned()
}

/// Whether a packet that arrived at `port` is somebody else's, so that the machine there passes it on, or would if it
/// might: a machine that may not takes only a frontend's packets, by a floating address.
fn forwards(fabric: &Fabric, port: PortId, tuple: Tuple) -> bool {
    let Some(PortKind::Nic(nic)) = fabric.port(port).map(|port| &port.kind) else { return false };
    let holder = || fabric.private(nic.subnet.vnet, tuple.dst).or_else(|| fabric.public(tuple.dst));
    let is_frontend = |id| fabric.port(id).is_some_and(|port| matches!(port.kind, PortKind::Frontend(_)));
    tuple.dst != nic.address && (nic.ip_forwarding || !holder().is_some_and(is_frontend))
}

fn collect(stops: &[Stop], on_return: bool, blockers: &mut Vec<Blocker>) {
    for stop in stops {
        for (n, step) in stop.steps.iter().enumerate() {
            let Step::Stopped(reason) = step else { continue };
            // One setting stands in the way of arriving, leaving and coming back: it is told once.
            let told = |blocker: &Blocker| blocker.port == stop.port && blocker.reason == Reason::ForwardingOff;
            if *reason == Reason::ForwardingOff && blockers.iter().any(told) {
                continue;
            }
            // Between the two may stand what they hang on, and others that stopped it.
            let aside = |step: &&Step| matches!(step, Step::Assumed(_) | Step::Stopped(_));
            let before = stop.steps[..n].iter().rev().find(|step| !aside(step)).cloned();
            // A firewall looks at a packet before it translates it, others where it arrives after that.
            let untouched = stop.leaving || *reason == Reason::FirewallRule;
            let tuple = if untouched { stop.before } else { stop.after };
            blockers.push(Blocker { on_return, port: stop.port, tuple, reason: *reason, step: before });
        }
        if let Act::Drop(reason) = stop.act
            && !stop.steps.iter().any(|step| matches!(step, Step::Stopped(_)))
        {
            blockers.push(Blocker { on_return, port: stop.port, tuple: stop.after, reason, step: None });
        }
    }
}
