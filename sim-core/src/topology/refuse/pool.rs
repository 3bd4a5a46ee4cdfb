//! Addresses in backend pools: what may stand behind which balancers.

use super::{Case, Verdict};
use crate::net::Protocol;
use crate::topology::{InboundNatRule, Kind, LoadBalancer, PublicIp, Relation, Resource, Sku, Topology};

/// Checks the pools that an address joins.
pub(super) fn check(case: Case<'_>) -> Verdict {
    tiers(case)?;
    one_of_a_kind(case)?;
    one_network(case)?;
    same_port_twice(case)?;
    nat_ranges(case)?;
    super::outbound::room_for_one_more(case)
}

/// Whether any of these public addresses and balancers is of the Basic tier.
pub(super) fn any_basic<'a>(mut resources: impl Iterator<Item = &'a Resource>) -> bool {
    resources.any(|resource| tier(resource) == Some(Sku::Basic))
}

fn tier(resource: &Resource) -> Option<Sku> {
    match &resource.kind {
        Kind::PublicIp(PublicIp { sku, .. }) => Some(*sku),
        Kind::LoadBalancer(LoadBalancer { sku, .. }) => Some(sku.value),
        _ => None,
    }
}

fn balancers<'a>(case: Case<'a>) -> impl Iterator<Item = (&'a Resource, &'a Resource)> {
    let pools = case.targets(Relation::MemberOf).filter(|pool| matches!(pool.kind, Kind::BackendPool(_)));
    pools.filter_map(move |pool| case.topology.target(pool.id, Relation::PartOf).map(|balancer| (pool, balancer)))
}

/// Rule `refuse-tier-mix`: the public address of a machine and the balancers it stands behind are of one tier. Source:
/// azure-dataplane 4.5.
///
/// The code is in Microsoft's page on deployment errors of balancers.
fn tiers(case: Case<'_>) -> Verdict {
    let all = case.target(Relation::Uses).into_iter().chain(balancers(case).map(|(_, balancer)| balancer));
    let mut first: Option<(&Resource, bool)> = None;
    for (resource, sku) in all.filter_map(|resource| tier(resource).map(|sku| (resource, sku))) {
        let basic = sku == Sku::Basic;
        match first {
            Some((other, theirs)) if theirs != basic => {
                let message = format!(
                    "Different {} sku {} and {} cannot be used together by {}.",
                    sku.name(),
                    resource.name,
                    other.name,
                    case.draft.name
                );
                return case.refuse("DifferentSkuLoadBalancersAndPublicIPAddressNotAllowed", message);
            }
            _ => first = Some((resource, basic)),
        }
    }
    Ok(())
}

/// Rule `refuse-second-balancer`: a machine's address stands behind at most one internal balancer and one public one.
/// Source: azure-dataplane 3.1.
///
/// The code for internal ones is in Microsoft's page on deployment errors of balancers; that for public ones is by its
/// kin.
fn one_of_a_kind(case: Case<'_>) -> Verdict {
    let mut seen: [Option<&Resource>; 2] = [None, None];
    for (_, balancer) in balancers(case) {
        if matches!(&balancer.kind, Kind::LoadBalancer(it) if it.sku.value == Sku::Gateway) {
            continue;
        }
        let public = is_public(case.topology, balancer);
        match seen[usize::from(public)] {
            Some(other) if other.id != balancer.id => {
                let (code, kind) = if public {
                    ("AnotherPublicLoadBalancerExists", "public")
                } else {
                    ("AnotherInternalLoadBalancerExists", "internal")
                };
                let message = format!(
                    "{} is behind {kind} load balancer {} and cannot be behind {} too.",
                    case.draft.name, other.name, balancer.name
                );
                return case.refuse(code, message);
            }
            _ => seen[usize::from(public)] = Some(balancer),
        }
    }
    Ok(())
}

/// Whether a balancer has a frontend with a public address.
pub(super) fn is_public(topology: &Topology, balancer: &Resource) -> bool {
    let parts = topology.referrers(balancer.id, Relation::PartOf);
    parts
        .iter()
        .any(|part| matches!(part.kind, Kind::Frontend(_)) && topology.target(part.id, Relation::Uses).is_some())
}

/// Rule `refuse-pool-networks`: the addresses of a pool are of one network. Source: azure-dataplane 3.1.
///
/// The code was not seen.
fn one_network(case: Case<'_>) -> Verdict {
    let Some((vnet, _)) = case.vnet(Relation::Attached) else { return Ok(()) };
    for (pool, balancer) in balancers(case) {
        if let Some((other, theirs)) = case.member_of(pool).filter(|(_, theirs)| theirs.id != vnet.id) {
            let message = format!(
                "{} of virtual network {} and {} of virtual network {} cannot be in the same backend address pool of \
                 load balancer {}.",
                case.draft.name, vnet.name, other.name, theirs.name, balancer.name
            );
            return case.refuse("BackendAddressPoolMembersMustBeInSameVirtualNetwork", message);
        }
    }
    Ok(())
}

/// Rule `refuse-backend-port-twice`: no two rules of balancers of one type, internal or public, send one protocol to
/// one port of one address, but for rules with floating IP at different frontends. Source: azure-dataplane 3.3.
///
/// The code is in Microsoft's page on deployment errors of balancers.
fn same_port_twice(case: Case<'_>) -> Verdict {
    let mut seen: Vec<(bool, Option<Protocol>, u16, &Resource)> = Vec::new();
    for (pool, balancer) in balancers(case) {
        let public = is_public(case.topology, balancer);
        for rule in case.topology.referrers(pool.id, Relation::Sends) {
            let Kind::BalancingRule(attributes) = &rule.kind else { continue };
            if attributes.floating_ip || seen.iter().any(|(.., other)| other.id == rule.id) {
                continue;
            }
            let (protocol, port) = (attributes.protocol, attributes.backend_port);
            let twin = seen.iter().find(|(p, proto, to, _)| (*p, *proto, *to) == (public, protocol, port));
            if let Some((.., twin)) = twin {
                let message = format!(
                    "Load balancer rules {} and {} belong to the same load balancer type and use the same backend port \
                     {port} and protocol, and must not be used with the same backend IP configuration {}.",
                    twin.name, rule.name, case.draft.name
                );
                let code = "RulesOfSameLoadBalancerTypeUseSameBackendPortProtocolAndIPConfig";
                return case.refuse(code, message);
            }
            seen.push((public, protocol, port, rule));
        }
    }
    Ok(())
}

/// Rule `refuse-nat-range`: no machine joins a pool when the range of a NAT rule for the pool is used up. Source:
/// azure-dataplane 3.8.
///
/// The code was not seen.
fn nat_ranges(case: Case<'_>) -> Verdict {
    for (pool, _) in balancers(case) {
        let members = case.others(pool.id, Relation::MemberOf).count() + 1;
        for rule in case.topology.referrers(pool.id, Relation::Sends) {
            let Kind::InboundNatRule(InboundNatRule { frontend_ports: range, .. }) = &rule.kind else { continue };
            let ports = usize::from(range.last.saturating_sub(range.first)) + 1;
            if members > ports {
                let message =
                    format!("Inbound NAT rule {} has {ports} frontend ports for {members} members.", rule.name);
                return case.refuse("InboundNatRuleFrontendPortRangeUsedUp", message);
            }
        }
    }
    Ok(())
}
