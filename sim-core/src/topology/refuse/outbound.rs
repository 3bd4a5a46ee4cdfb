//! Outbound rules of balancers, and the pools they are for (azure-dataplane 3.11).

use super::balancer::balancer;
use super::balancing::meet;
use super::pool::is_public;
use super::{Case, Verdict};
use crate::net::Prefix;
use crate::stage::snat::FRONTEND_PORTS;
use crate::topology::{Kind, OutboundRule, PublicIp, Relation, Resource, Sku};

/// Rule `refuse-outbound-rule-balancer`: outbound rules are of public Standard balancers of one region. Source:
/// azure-dataplane 3.1, 3.14.
///
/// The codes were not seen.
///
/// Rule `refuse-outbound-rule-twice`: no two outbound rules share frontend and protocol. Source: azure-dataplane 3.11.
///
/// Code and text were seen in a public report.
pub(super) fn check(case: Case<'_>, rule: &OutboundRule) -> Verdict {
    let name = &case.draft.name;
    if let Some((balancer, attributes)) = balancer(case)
        && (attributes.sku.value == Sku::Basic || attributes.global || !is_public(case.topology, balancer))
    {
        let message = format!(
            "Outbound rule {name} is only supported on public load balancers of standard SKU and regional tier, which \
             {} is not.",
            balancer.name
        );
        return case.refuse("OutboundRuleNotSupportedOnLoadBalancer", message);
    }
    for front in case.targets(Relation::Listens) {
        for other in case.others(front.id, Relation::Listens) {
            match &other.kind {
                Kind::OutboundRule(theirs) if meet(rule.protocol, theirs.protocol) => {
                    let message = format!(
                        "It is not supported to have more than a single outbound rule using frontendIPConfiguration {} \
                         with same or overlapping protocol. This frontendIPConfiguration is used by the following \
                         outbound rules: {}, {name}.",
                        front.name, other.name
                    );
                    let code = "MoreThanOneOutboundRuleUsingSameFrontendIPConfigurationAndProtocolIsNotSupported";
                    return case.refuse(code, message);
                }
                Kind::BalancingRule(theirs) if !theirs.disable_outbound_snat => {
                    return snat_twice(case, &other.name, name);
                }
                _ => {}
            }
        }
    }
    ports(case, rule)
}

/// Rule `refuse-snat-twice`: a rule whose frontend an outbound rule uses has disableOutboundSnat. Source:
/// azure-dataplane 3.11.
///
/// Code and text were seen in a public report.
pub(super) fn snat_twice(case: Case<'_>, rule: &str, outbound: &str) -> Verdict {
    let message = format!(
        "Load Balancing Rules {rule} must have disableOutboundSNAT set to true when same FrontendIPConfiguration is \
         referenced by Outbound Rules {outbound}."
    );
    let code = "LoadBalancingRuleMustDisableSNATSinceSameFrontendIPConfigurationIsReferencedByOutboundRule";
    case.refuse(code, message)
}

/// Golden 27.
///
/// Rule `refuse-outbound-ports`: the ports that an outbound rule gives each address are a multiple of 8, and all
/// together no more than its frontends have. Source: azure-dataplane 3.11.
///
/// The codes are in Microsoft's list of them.
fn ports(case: Case<'_>, rule: &OutboundRule) -> Verdict {
    let ports = rule.ports.value;
    if !ports.is_multiple_of(8) {
        let message = format!(
            "Specified Allocated Outbound Ports {ports} for Outbound Rule {} is not a multiple of 8.",
            case.draft.name
        );
        let code = "SpecifiedAllocatedOutboundPortsForOutboundRuleIsNotAMultipleOfEight";
        return case.refuse_at(rule.ports.span, code, message);
    }
    let own = case.topology.find(&case.draft.name);
    let fronts: u128 = case.targets(Relation::Listens).map(|front| addresses(case, front)).sum();
    for pool in case.targets(Relation::Sends) {
        let members = case.topology.referrers(pool.id, Relation::MemberOf).len() as u128;
        let name = own.map_or(&case.draft.name, |own| &own.name);
        if let Some(message) = too_many_ports(name, ports, members, fronts) {
            return case.refuse_at(rule.ports.span, MORE_THAN_AVAILABLE, message);
        }
    }
    Ok(())
}

const MORE_THAN_AVAILABLE: &str = "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts";

fn too_many_ports(rule: &str, ports: u32, members: u128, addresses: u128) -> Option<String> {
    let (wanted, there) = (u128::from(ports) * members, addresses * u128::from(FRONTEND_PORTS));
    (wanted > there).then(|| {
        format!(
            "Specified Allocated Outbound Ports {ports} for Outbound Rule {rule} would result in a total number of ports \
             {wanted} for {members} IP configurations of its pool, which exceeds the {there} ports of its frontends."
        )
    })
}

/// How many public addresses a frontend has.
fn addresses(case: Case<'_>, front: &Resource) -> u128 {
    match case.topology.target(front.id, Relation::Uses).map(|public| &public.kind) {
        Some(Kind::PublicIp(PublicIp { prefix, .. })) => prefix.map_or(1, Prefix::size),
        _ => 1,
    }
}

/// Golden 27 from the other side: an address joins a pool whose outbound rule has no ports left for it.
///
/// Rule `refuse-outbound-secondary`: a pool with an outbound rule holds primary addresses alone. Source:
/// azure-dataplane 3.11.
///
/// The code was seen in a public report.
pub(super) fn room_for_one_more(case: Case<'_>) -> Verdict {
    let Kind::IpConfig(config) = &case.draft.kind else { return Ok(()) };
    for pool in case.targets(Relation::MemberOf) {
        let rules = case.topology.referrers(pool.id, Relation::Sends).into_iter();
        for (rule, attributes) in
            rules.filter_map(|it| if let Kind::OutboundRule(rule) = &it.kind { Some((it, rule)) } else { None })
        {
            if !config.primary && !config.v6 {
                let message = format!(
                    "Outbound rule {} cannot be used with backend address pool {} that is referenced by secondary IP \
                     configuration {}.",
                    rule.name, pool.name, case.draft.name
                );
                let code = "OutboundRuleCannotBeUsedWithBackendAddressPoolThatIsReferencedBySecondaryIpConfigs";
                return case.refuse(code, message);
            }
            let members = case.others(pool.id, Relation::MemberOf).count() as u128 + 1;
            let fronts = case.topology.targets(rule.id, Relation::Listens);
            let fronts = fronts.into_iter().map(|front| addresses(case, front)).sum();
            if let Some(message) = too_many_ports(&rule.name, attributes.ports.value, members, fronts) {
                return case.refuse_at(attributes.ports.span, MORE_THAN_AVAILABLE, message);
            }
        }
    }
    Ok(())
}
