//! At a balancer's frontend.

use super::translator;
use crate::assumption::Assumption;
use crate::fabric::{FrontendPort, LinkClass, Port, PortKind};
use crate::id::{NodeId, PortId};
use crate::net::{Gateway, Protocol, Tuple, Via};
use crate::plane::conn::{Half, NewConn};
use crate::plane::decision::{Act, Answer, Decision};
use crate::plane::flow::{Key, Known};
use crate::plane::gateway;
use crate::plane::view::Trail;
use crate::stage::balancer::{self, Member, Rule};
use crate::stage::idle::Lifetime;
use crate::stage::{Reason, Step, Translation};

pub(super) fn arrive(mut trail: Trail<'_>, port: &Port, frontend: &FrontendPort, key: Key, known: Known) -> Decision {
    let from = trail.tuple;
    if frontend.public && (frontend.is_inside(from.src) || matches!(known, Known::As { forward: false, .. })) {
        // A backend's own flow on its way out by the frontend's address, or the answer to one.
        let by = Translation::Balancer(frontend.balancer);
        return translator::translate(trail, port, key, known, by, &frontend.snats);
    }
    if !frontend.addresses.contains(&from.dst) && from.dst != frontend.address {
        return past(trail, frontend, key, known);
    }
    if let Some(to) = frontend.chained
        && trail.meta.gateway.is_none()
    {
        return gateway::divert(trail, key, known, to, port.id);
    }
    let inspected = trail.meta.gateway.take();
    if matches!(from.protocol, Protocol::ICMP) && frontend.public && frontend.is_standard() {
        let act = ping(&mut trail, frontend);
        return trail.end(act, None);
    }
    let stays = match known {
        Known::As { half, .. } => stays(&mut trail, frontend, &half),
        _ => Ok(None),
    };
    let (pin, state) = match stays {
        Ok(Some(half)) => {
            trail.steps.push(Step::Known);
            trail.tuple = half.to;
            (half.pin, None)
        }
        Ok(None) => match balance(&mut trail, frontend) {
            Ok((rule, member)) => {
                let (to, pin) = (trail.tuple, Some(member.port));
                let choices = trail.view.fabric.choices();
                let lifetime = rule.lifetime(choices, from.protocol, frontend.balancer, frontend.idle_minutes);
                if rule.hangs_on_floating(from.protocol) {
                    trail.steps.push(Step::Assumed(Assumption::FloatingIpIdle));
                }
                (pin, Some(NewConn { forward: Half { key, to, pin }, reverse: None, claim: None, lifetime }))
            }
            Err(Reason::NoBalancerRule) if !frontend.homes.is_empty() => return home(trail, frontend),
            Err(reason) => return trail.end(Err(reason), None),
        },
        Err(reason) => return trail.end(Err(reason), None),
    };
    // What came by a global balancer answers in that one's name.
    trail.meta.via = trail.meta.via.or(Some(Via {
        frontend: port.id,
        address: from.dst,
        port: from.dst_port,
        appliance: inspected.and_then(Gateway::appliance),
    }));
    if state.is_some() {
        let by = Translation::Balancer(frontend.balancer);
        trail.steps.push(Step::Rewritten { by, from, to: trail.tuple });
    }
    let act = pin.map(|to| Act::Forward { to, class: LinkClass::Fabric }).ok_or(Reason::NoHealthyBackend);
    trail.end(act, state)
}

/// What a known flow goes on with, where it does; nothing where it gets another backend.
///
/// Rule `balancer-flows-under-probes`: When a backend goes down its established TCP flows go on and its UDP flows move to
/// others; when all are down, TCP goes on at a Standard balancer whose pool has more than one machine, and ends at a Basic
/// one, and UDP ends. Source: azure-dataplane 3.4.
fn stays(trail: &mut Trail<'_>, frontend: &FrontendPort, half: &Half) -> Result<Option<Half>, Reason> {
    let Some(rule) = frontend.rule(trail.view.fabric.choices(), &half.key.tuple) else { return Ok(Some(*half)) };
    let is_up = |member: &Member| up(trail, frontend, &half.key.tuple, rule.probe, *member);
    let Some(member) = rule.members.iter().find(|member| Some(member.port) == half.pin) else { return Ok(Some(*half)) };
    if is_up(member) {
        return Ok(Some(*half));
    }
    if half.key.tuple.protocol != Protocol::TCP {
        return Ok(None);
    }
    let none = !rule.all_down_is_up && !rule.members.iter().any(is_up);
    if none && (!frontend.is_standard() || rule.members.len() < 2) {
        trail.stop(Reason::NoHealthyBackend)?;
    }
    Ok(Some(*half))
}

/// A private frontend that a route names as next hop: an appliance behind it gets the packet as it is (azure-dataplane 2.3
/// and 7, step 6). Only a rule for all ports has a say about packets for others.
///
/// Rule `balancer-past-symmetric`: Both directions of a conversation that routes lead to a rule for all ports find the same
/// appliance; there is no idle time then, and no TCP reset. Source: azure-dataplane 3.6, 3.7.
fn past(mut trail: Trail<'_>, frontend: &FrontendPort, key: Key, known: Known) -> Decision {
    if let Some(Half { pin: Some(pin), .. }) = known.half() {
        trail.steps.push(Step::Known);
        return trail.end(Ok(Act::Forward { to: pin, class: LinkClass::Fabric }), None);
    }
    let rule = rule(&mut trail, frontend.rules.iter().filter(|rule| rule.is_for_all_ports()));
    match choose(&mut trail, frontend, rule, key.tuple.min(key.tuple.reversed())) {
        Ok((_, member)) => {
            let forward = Half { key, to: key.tuple, pin: Some(member.port) };
            let lifetime = Lifetime::plain(crate::stage::idle::NEVER);
            let state = NewConn { forward, reverse: None, claim: None, lifetime };
            trail.end(Ok(Act::Forward { to: member.port, class: LinkClass::Fabric }), Some(state))
        }
        Err(reason) => trail.end(Err(reason), None),
    }
}

/// The rule for a packet, among those of a frontend that may have a say.
fn rule<'f>(trail: &mut Trail<'_>, rules: impl Iterator<Item = &'f Rule>) -> Option<&'f Rule> {
    let (rule, assumed) = balancer::decide(rules, trail.view.fabric.choices(), &trail.tuple);
    trail.assume(assumed);
    rule
}

/// Chooses rule and backend, and rewrites the destination.
fn balance<'f>(trail: &mut Trail<'_>, frontend: &'f FrontendPort) -> Result<(&'f Rule, Member), Reason> {
    let rule = rule(trail, frontend.rules.iter());
    if rule.is_none() && !frontend.homes.is_empty() {
        return Err(Reason::NoBalancerRule);
    }
    let hashed = trail.tuple;
    let (rule, member) = choose(trail, frontend, rule, hashed)?;
    trail.tuple = rule.rewritten(&trail.tuple, member);
    Ok((rule, member))
}

/// A backend of a rule by the hash of `hashed`.
pub(in crate::plane) fn choose<'r>(
    trail: &mut Trail<'_>,
    frontend: &FrontendPort,
    rule: Option<&'r Rule>,
    hashed: Tuple,
) -> Result<(&'r Rule, Member), Reason> {
    let Some(rule) = rule else {
        return trail.refuse(Reason::NoBalancerRule);
    };
    let fabric = trail.view.fabric;
    let client = fabric.public(trail.tuple.src).and_then(|port| fabric.port(port));
    let region = client.and_then(|port| port.place.region.clone());
    let (mut chosen, count) =
        rule.choose(&hashed, region.as_deref(), |probe, member| up(trail, frontend, &hashed, probe, member));
    if chosen.is_none() {
        trail.stop(Reason::NoHealthyBackend)?;
        chosen = rule.choose(&hashed, region.as_deref(), |_, _| true).0;
    }
    let Some(member) = chosen else { return Err(Reason::NoHealthyBackend) };
    let pool = u32::try_from(rule.members.len()).unwrap_or(u32::MAX);
    trail.steps.push(Step::Balanced { rule: rule.node, backend: NodeId(member.port.0), up: count, pool });
    Ok((rule, member))
}

/// Whether a member counts as up: by its probe; a regional frontend of a global balancer, when a member of its own is.
fn up(trail: &Trail<'_>, frontend: &FrontendPort, tuple: &Tuple, probe: Option<NodeId>, member: Member) -> bool {
    let probed =
        |probe: Option<NodeId>, member: Member| probe.is_none_or(|it| trail.view.health.is_up(it, member.port));
    if !frontend.global {
        return probed(probe, member);
    }
    let Some(PortKind::Frontend(regional)) = trail.view.fabric.port(member.port).map(|port| &port.kind) else {
        return false;
    };
    let rule = regional.rule(trail.view.fabric.choices(), &Tuple { dst: regional.address, ..*tuple });
    rule.is_some_and(|rule| !rule.candidates(probed).is_empty())
}

/// Rule `balancer-ping`: A public Standard frontend answers pings over IPv4 itself while a backend is up; with all probed down
/// it says that the host cannot be reached; without rules, or backends that run, nothing comes. Source: azure-dataplane 3.12.
fn ping(trail: &mut Trail<'_>, frontend: &FrontendPort) -> Result<Act, Reason> {
    let members = || frontend.rules.iter().flat_map(|rule| rule.members.iter().map(move |member| (rule, *member)));
    if members().next().is_none() {
        return trail.refuse(Reason::NoBalancerRule);
    }
    if members().all(|(_, member)| trail.view.health.is_off(member.port)) {
        return Err(Reason::MachineDown);
    }
    let tuple = |rule: &Rule| Tuple { dst_port: rule.frontend_port, ..trail.tuple };
    let any_up = members().any(|(rule, member)| up(trail, frontend, &tuple(rule), rule.probe, member));
    if !any_up && trail.stop(Reason::NoHealthyBackend).is_err() {
        return Ok(Act::Answer(Answer::Unreachable));
    }
    Ok(Act::Answer(Answer::Echo))
}

/// The answer to a flow that an outbound rule translated to this address, which is not its first: the first one's frontend
/// knows it.
fn home(mut trail: Trail<'_>, frontend: &FrontendPort) -> Decision {
    let home: Option<PortId> = frontend.homes.first().copied();
    trail.meta.gateway = None;
    trail.end(home.map(|to| Act::Forward { to, class: LinkClass::Fabric }).ok_or(Reason::NoBalancerRule), None)
}
