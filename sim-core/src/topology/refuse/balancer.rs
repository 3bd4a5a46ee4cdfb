//! Load balancers: frontends, probes, rules (azure-dataplane 3).

use super::network::public_address_is_free;
use super::pool::is_public;
use super::subnet::{NAT_AND_BASIC, nat_and_basic};
use super::{Case, Verdict, same_region};
use crate::net::{Prefix, Protocol};
use crate::stage::snat::FRONTEND_PORTS;
use crate::topology::{
    BalancingRule, Frontend, InboundNatRule, Kind, LoadBalancer, OutboundRule, Probe, ProbeProtocol, PublicIp,
    Relation, Resource, Sku,
};

/// Ports that no probe over HTTP may ask (azure-dataplane 3.4).
const NOT_PROBED: [u16; 9] = [19, 21, 25, 70, 110, 119, 143, 220, 993];

/// The user's balancer that the draft is part of: what a service builds for itself is not asked what a user is.
fn balancer<'a>(case: Case<'a>) -> Option<(&'a Resource, &'a LoadBalancer)> {
    let found = case.target(Relation::PartOf)?;
    match &found.kind {
        Kind::LoadBalancer(attributes) if !attributes.of_service => Some((found, attributes)),
        _ => None,
    }
}

pub(super) fn frontend(case: Case<'_>, frontend: &Frontend) -> Verdict {
    let Some((balancer, attributes)) = balancer(case) else { return Ok(()) };
    same_region(case, &attributes.region)?;
    public_or_private(case, frontend)?;
    tiers(case, attributes)?;
    nat_gateway(case, balancer, attributes)
}

/// Rule `refuse-frontend-both`: a frontend has a public address or one of a subnet, not both, and all frontends of a
/// balancer are of one of the two kinds. Source: azure-dataplane 3.1.
///
/// The codes were not seen.
///
/// Rule `refuse-global-internal`: a balancer of several regions has public frontends alone. Source: azure-dataplane
/// 3.14.
///
/// The code was not seen.
fn public_or_private(case: Case<'_>, _: &Frontend) -> Verdict {
    let public = case.target(Relation::Uses);
    let subnet = case.target(Relation::Attached);
    if let (Some(public), Some(subnet)) = (public, subnet) {
        let message = format!(
            "Frontend IP configuration {} cannot reference both public IP {} and subnet {}.",
            case.draft.name, public.name, subnet.name
        );
        return case.refuse("FrontendIPConfigurationCannotHaveBothPublicIPAndSubnet", message);
    }
    let Some((balancer, attributes)) = balancer(case) else { return Ok(()) };
    for other in case.others(balancer.id, Relation::PartOf) {
        let theirs = case.topology.target(other.id, Relation::Uses).is_some();
        let private = case.topology.target(other.id, Relation::Attached).is_some();
        if matches!(other.kind, Kind::Frontend(_)) && ((public.is_some() && private) || (subnet.is_some() && theirs)) {
            let message = format!(
                "Load balancer {} cannot have public and private frontend IP configurations: {} and {}.",
                balancer.name, case.draft.name, other.name
            );
            return case.refuse("LoadBalancerCannotHavePublicAndPrivateFrontends", message);
        }
    }
    if attributes.global && subnet.is_some() {
        let message = format!("Global tier load balancer {} cannot have a private frontend.", balancer.name);
        return case.refuse("GlobalTierLoadBalancerCannotHavePrivateFrontend", message);
    }
    Ok(())
}

/// Rule `refuse-frontend-tier`: the tiers of a balancer and of its public addresses match. Source: azure-dataplane 4.5.
///
/// Code and text were seen in public reports.
fn tiers(case: Case<'_>, balancer: &LoadBalancer) -> Verdict {
    let Some(public) = case.target(Relation::Uses) else { return Ok(()) };
    public_address_is_free(case, public)?;
    let Kind::PublicIp(address) = &public.kind else { return Ok(()) };
    if balancer.sku.value == address.sku {
        return Ok(());
    }
    let tier = |sku| if sku == Sku::Basic { "Basic" } else { "Standard" };
    let message = format!(
        "{} sku publicIp {} can not be referenced by {} sku load balancer {}.",
        tier(address.sku),
        public.name,
        tier(balancer.sku.value),
        case.draft.name
    );
    case.refuse("PublicIPAndLBSkuDoNotMatch", message)
}

/// The frontends' part of `refuse-nat-gateway-basic`.
fn nat_gateway(case: Case<'_>, balancer: &Resource, attributes: &LoadBalancer) -> Verdict {
    let Some(subnet) = case.target(Relation::Attached) else { return Ok(()) };
    let gateway = case.topology.target(subnet.id, Relation::TranslatedBy);
    match gateway.filter(|_| attributes.sku.value == Sku::Basic) {
        Some(gateway) => case.refuse(NAT_AND_BASIC, nat_and_basic(&gateway.name, &balancer.name, &subnet.name)),
        None => Ok(()),
    }
}

/// Rule `refuse-probe-port`: probes over HTTP do not ask some well-known ports. Source: azure-dataplane 3.4.
///
/// The code was not seen.
///
/// Rule `refuse-probe-https-basic`: probes over HTTPS need a Standard balancer. Source: azure-dataplane 3.1.
///
/// The text was seen in a public report, the code was not.
pub(super) fn probe(case: Case<'_>, probe: &Probe) -> Verdict {
    if probe.protocol != ProbeProtocol::Tcp && NOT_PROBED.contains(&probe.port) {
        let message = format!("Probe {} cannot use port {} with this protocol.", case.draft.name, probe.port);
        return case.refuse("ProbePortNotAllowed", message);
    }
    let basic = balancer(case).is_some_and(|(_, balancer)| balancer.sku.value == Sku::Basic);
    if probe.protocol == ProbeProtocol::Https && basic {
        let message = "Probe with https protocol is only supported on standard SKU load balancer.".to_owned();
        return case.refuse("HttpsProbeNotSupportedOnBasicLoadBalancer", message);
    }
    Ok(())
}

pub(super) fn rule(case: Case<'_>, rule: &BalancingRule) -> Verdict {
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

/// Whether two rules share a protocol; `None` is TCP and UDP.
fn meet(one: Option<Protocol>, other: Option<Protocol>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Rule `refuse-snat-twice`: a rule whose frontend an outbound rule uses has disableOutboundSnat. Source:
/// azure-dataplane 3.11.
///
/// Code and text were seen in a public report.
fn snat_twice(case: Case<'_>, rule: &str, outbound: &str) -> Verdict {
    let message = format!(
        "Load Balancing Rules {rule} must have disableOutboundSNAT set to true when same FrontendIPConfiguration is \
         referenced by Outbound Rules {outbound}."
    );
    let code = "LoadBalancingRuleMustDisableSNATSinceSameFrontendIPConfigurationIsReferencedByOutboundRule";
    case.refuse(code, message)
}

/// Rule `refuse-outbound-rule-balancer`: outbound rules are of public Standard balancers of one region. Source:
/// azure-dataplane 3.1, 3.14.
///
/// The codes were not seen.
///
/// Rule `refuse-outbound-rule-twice`: no two outbound rules share frontend and protocol. Source: azure-dataplane 3.11.
///
/// Code and text were seen in a public report.
pub(super) fn outbound_rule(case: Case<'_>, rule: &OutboundRule) -> Verdict {
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
        nat_range(case, pool)?;
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

/// Rule `refuse-nat-range`: no machine joins a pool when the range of a NAT rule for the pool is used up. Source:
/// azure-dataplane 3.8.
///
/// The code was not seen.
fn nat_range(case: Case<'_>, pool: &Resource) -> Verdict {
    let members = case.others(pool.id, Relation::MemberOf).count() + 1;
    for rule in case.topology.referrers(pool.id, Relation::Sends) {
        let Kind::InboundNatRule(InboundNatRule { frontend_ports: range, .. }) = &rule.kind else { continue };
        let ports = usize::from(range.last.saturating_sub(range.first)) + 1;
        if members > ports {
            let message = format!("Inbound NAT rule {} has {ports} frontend ports for {members} members.", rule.name);
            return case.refuse("InboundNatRuleFrontendPortRangeUsedUp", message);
        }
    }
    Ok(())
}
