//! Balancing rules (azure-dataplane 3.3 to 3.6).

use super::balancer::balancer;
use super::outbound::snat_twice;
use super::pool::is_public;
use super::{Case, Verdict};
use crate::net::Protocol;
use crate::stage::protocols_of;
use crate::topology::{BalancingRule, Frontend, Kind, Relation, Resource, Sku};

pub(super) fn check(case: Case<'_>, rule: &BalancingRule) -> Verdict {
    all_ports(case, rule)?;
    floating(case, rule)?;
    for other in siblings(case) {
        let Kind::BalancingRule(theirs) = &other.kind else { continue };
        same_frontend_port(case, rule, other, theirs)?;
        same_backend_port(case, rule, other, theirs)?;
    }
    let beside = case.targets(Relation::Listens).flat_map(|front| case.others(front.id, Relation::Listens));
    let outbound = beside.into_iter().find(|other| matches!(other.kind, Kind::OutboundRule(_)));
    match outbound {
        Some(outbound) if !rule.disable_outbound_snat => snat_twice(case, &case.draft.name, &outbound.name),
        _ => Ok(()),
    }
}

/// The other rules of the balancer.
fn siblings<'a>(case: Case<'a>) -> impl Iterator<Item = &'a Resource> {
    let balancer = case.target(Relation::PartOf);
    balancer.into_iter().flat_map(move |balancer| case.others(balancer.id, Relation::PartOf))
}

/// Rule `refuse-all-ports`: rules for all ports are of internal Standard balancers, with both ports 0 and any protocol.
/// Source: azure-dataplane 3.6.
///
/// The codes were not seen.
fn all_ports(case: Case<'_>, rule: &BalancingRule) -> Verdict {
    let name = &case.draft.name;
    let zero = [rule.frontend_port, rule.backend_port].map(|port| port == 0);
    if zero[0] != zero[1] || zero[0] != rule.protocol.is_none() {
        let message = format!(
            "Load balancing rule {name} must have both frontend and backend port 0 with protocol All, and only with it."
        );
        return case.refuse("LoadBalancingRuleWithProtocolAllMustUsePortZero", message);
    }
    let Some((balancer, attributes)) = balancer(case).filter(|_| zero[0]) else { return Ok(()) };
    if attributes.sku.value == Sku::Basic || is_public(case.topology, balancer) {
        let message = format!(
            "Load balancing rule {name} with protocol All and port 0 is only supported on internal load balancers of \
             standard SKU."
        );
        return case.refuse("LoadBalancingRuleWithProtocolAllIsNotSupported", message);
    }
    Ok(())
}

/// Rule `refuse-floating-ipv6`: floating IP is not for IPv6 on internal balancers. Source: azure-dataplane 3.5.
///
/// The code was not seen.
fn floating(case: Case<'_>, rule: &BalancingRule) -> Verdict {
    let front = case.target(Relation::Listens).filter(|_| rule.floating_ip);
    let Some(front) = front else { return Ok(()) };
    let private = case.topology.target(front.id, Relation::Uses).is_none();
    if private && matches!(&front.kind, Kind::Frontend(Frontend { v6: true, .. })) {
        let message = format!("Rule {} cannot have floating IP on IPv6 frontend {}.", case.draft.name, front.name);
        return case.refuse("FloatingIPNotSupportedForIPv6OnInternalLoadBalancer", message);
    }
    Ok(())
}

/// Rule `refuse-frontend-port-twice`: no two rules take the same protocol and port of a frontend. Source:
/// azure-dataplane 3.3.
///
/// The code is by its kin for backend ports.
fn same_frontend_port(case: Case<'_>, rule: &BalancingRule, other: &Resource, theirs: &BalancingRule) -> Verdict {
    let front = case.target(Relation::Listens);
    let same = front.is_some_and(|front| refers(case, other, Relation::Listens, front));
    if !same || rule.frontend_port != theirs.frontend_port || !meet(rule.protocol, theirs.protocol) {
        return Ok(());
    }
    let message = format!(
        "Load balancing rules {} and {} use the same frontend port {} of the same frontend IP configuration.",
        other.name, case.draft.name, rule.frontend_port
    );
    case.refuse("RulesUseSameFrontendPortProtocolAndFrontendIP", message)
}

/// Rule `refuse-pool-port-twice`: no two rules without floating IP send a protocol to one port of one pool, nor two
/// rules with it from one frontend. Source: azure-dataplane 3.3.
///
/// Codes and texts were seen in public reports.
fn same_backend_port(case: Case<'_>, rule: &BalancingRule, other: &Resource, theirs: &BalancingRule) -> Verdict {
    let pool = case.targets(Relation::Sends).find(|pool| refers(case, other, Relation::Sends, pool));
    let Some(pool) = pool else { return Ok(()) };
    if rule.backend_port != theirs.backend_port
        || rule.protocol != theirs.protocol
        || rule.floating_ip != theirs.floating_ip
    {
        return Ok(());
    }
    let front = case.target(Relation::Listens);
    let one_front = front.is_some_and(|front| refers(case, other, Relation::Listens, front));
    let (code, word) = match (rule.floating_ip, one_front) {
        (false, _) => ("RulesUseSameBackendPortProtocolAndPool", "disabled"),
        (true, true) => ("RulesUseSameBackendPortProtocolAndPoolAndFrontendIPWithFloatingIPEnabled", "enabled"),
        (true, false) => return Ok(()),
    };
    let message = format!(
        "Load balancing rules {} and {} with floating IP {word} use the same protocol and backend port {}, and must not \
         be used with the same backend address pool {}.",
        other.name, case.draft.name, rule.backend_port, pool.name
    );
    case.refuse(code, message)
}

fn refers(case: Case<'_>, from: &Resource, relation: Relation, to: &Resource) -> bool {
    case.topology.targets(from.id, relation).iter().any(|target| target.id == to.id)
}

/// Whether two rules share a protocol.
pub(super) fn meet(one: Option<Protocol>, other: Option<Protocol>) -> bool {
    protocols_of(one).overlaps(&protocols_of(other))
}
