//! Load balancers: frontends and probes (azure-dataplane 3).

use super::network::public_address_is_free;
use super::subnet::{NAT_AND_BASIC, nat_and_basic};
use super::{Case, Verdict, same_region};
use crate::topology::{Kind, LoadBalancer, Probe, ProbeProtocol, Relation, Resource, Sku};

/// Ports that no probe over HTTP may ask (azure-dataplane 3.4).
const NOT_PROBED: [u16; 9] = [19, 21, 25, 70, 110, 119, 143, 220, 993];

/// The user's balancer that the draft is part of: what a service builds for itself is not asked what a user is.
pub(super) fn balancer<'a>(case: Case<'a>) -> Option<(&'a Resource, &'a LoadBalancer)> {
    let found = case.target(Relation::PartOf)?;
    match &found.kind {
        Kind::LoadBalancer(attributes) if !attributes.of_service => Some((found, attributes)),
        _ => None,
    }
}

pub(super) fn frontend(case: Case<'_>) -> Verdict {
    let Some((balancer, attributes)) = balancer(case) else { return Ok(()) };
    same_region(case, &attributes.region)?;
    public_or_private(case, balancer, attributes)?;
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
fn public_or_private(case: Case<'_>, balancer: &Resource, attributes: &LoadBalancer) -> Verdict {
    let public = case.target(Relation::Uses);
    let subnet = case.target(Relation::Attached);
    if let (Some(public), Some(subnet)) = (public, subnet) {
        let message = format!(
            "Frontend IP configuration {} cannot reference both public IP {} and subnet {}.",
            case.draft.name, public.name, subnet.name
        );
        return case.refuse("FrontendIPConfigurationCannotHaveBothPublicIPAndSubnet", message);
    }
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
    let message = format!(
        "{} sku publicIp {} can not be referenced by {} sku load balancer {}.",
        address.sku.name(),
        public.name,
        balancer.sku.value.name(),
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
