//! At a balancer's frontend.

use crate::fabric::{FrontendPort, LinkClass, Port};
use crate::id::{NodeId, PortId};
use crate::net::{Tuple, Via};
use crate::plane::flow::{Act, Decision, Half, Key, NewConn};
use crate::plane::view::Trail;
use crate::stage::balancer::{Member, Rule};
use crate::stage::{Reason, Step, Translation};
use crate::time::Nanos;

/// Rule `balancer-flows-under-probes`: TCP flows that are established go on when their backend goes down, and new ones
/// go to others, or nowhere where none is up. Source: azure-dataplane 3.4.
pub(super) fn arrive(
    mut trail: Trail<'_>,
    port: &Port,
    frontend: &FrontendPort,
    key: Key,
    known: Option<Half>,
) -> Decision {
    let from = trail.tuple;
    if let Some(Half { to, pin: Some(pin), .. }) = known {
        trail.steps.push(Step::Known);
        trail.tuple = to;
        let inward = from.dst == frontend.address;
        trail.meta.via = inward.then_some(Via { frontend: port.id, address: from.dst, port: from.dst_port });
        let act = if inward || to.dst != from.dst {
            Ok(Act::Forward { to: pin, class: LinkClass::Fabric })
        } else {
            trail.public_hop(&port.place)
        };
        return trail.end(act, None);
    }
    match balance(&mut trail, frontend) {
        Ok((pin, idle)) => {
            trail.meta.via = Some(Via { frontend: port.id, address: from.dst, port: from.dst_port });
            let to = trail.tuple;
            trail.steps.push(Step::Rewritten { by: Translation::Balancer(frontend.balancer), from, to });
            let state = NewConn { forward: Half { key, to, pin: Some(pin) }, reverse: None, idle };
            trail.end(Ok(Act::Forward { to: pin, class: LinkClass::Fabric }), Some(state))
        }
        Err(reason) => trail.end(Err(reason), None),
    }
}

/// A private frontend that a route names as next hop: an appliance behind it gets the packet as it is (azure-dataplane 2.3
/// and 7, step 6). Only a rule for all ports has a say about packets for others. Both directions of a conversation find
/// the same appliance (3.6).
///
/// Rule `balancer-past-symmetric`: both directions of a conversation that routes lead to a rule for all ports find the
/// same appliance, which gets the packet as it is. Source: azure-dataplane 2.3, 3.6.
pub(super) fn past(mut trail: Trail<'_>, frontend: &FrontendPort, key: Key, known: Option<Half>) -> Decision {
    if let Some(Half { pin: Some(pin), .. }) = known {
        trail.steps.push(Step::Known);
        return trail.end(Ok(Act::Forward { to: pin, class: LinkClass::Fabric }), None);
    }
    let rule = frontend.rules.iter().find(|rule| rule.frontend_port == 0 && rule.takes(&key.tuple));
    match choose(&mut trail, rule, key.tuple.min(key.tuple.reversed())) {
        Ok((rule, member)) => {
            let forward = Half { key, to: key.tuple, pin: Some(member.port) };
            let state = NewConn { forward, reverse: None, idle: idle(rule) };
            trail.end(Ok(Act::Forward { to: member.port, class: LinkClass::Fabric }), Some(state))
        }
        Err(reason) => trail.end(Err(reason), None),
    }
}

/// Chooses rule and backend; rewrites the destination, unless the rule floats.
fn balance(trail: &mut Trail<'_>, frontend: &FrontendPort) -> Result<(PortId, Nanos), Reason> {
    let hashed = trail.tuple;
    let (rule, member) = choose(trail, frontend.rules.iter().find(|rule| rule.takes(&hashed)), hashed)?;
    if !rule.floating_ip {
        trail.tuple.dst = member.address;
    }
    if rule.backend_port != 0 {
        trail.tuple.dst_port = rule.backend_port;
    }
    Ok((member.port, idle(rule)))
}

/// A backend of a rule by the hash of `hashed`.
fn choose<'r>(trail: &mut Trail<'_>, rule: Option<&'r Rule>, hashed: Tuple) -> Result<(&'r Rule, Member), Reason> {
    let Some(rule) = rule else {
        trail.stop(Reason::NoBalancerRule)?;
        return Err(Reason::NoBalancerRule);
    };
    let (mut chosen, up) = rule.choose(&hashed, |probe, backend| trail.view.health.is_up(probe, backend));
    if chosen.is_none() {
        trail.stop(Reason::NoHealthyBackend)?;
        chosen = rule.choose(&hashed, |_, _| true).0;
    }
    let Some(member) = chosen else { return Err(Reason::NoHealthyBackend) };
    let pool = u32::try_from(rule.members.len()).unwrap_or(u32::MAX);
    trail.steps.push(Step::Balanced { rule: rule.node, backend: NodeId(member.port.0), up, pool });
    Ok((rule, member))
}

/// How long a rule remembers a silent flow.
fn idle(rule: &Rule) -> Nanos {
    Nanos::secs(u64::from(rule.idle_minutes) * 60)
}
