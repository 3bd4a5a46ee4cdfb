//! Subnets: their ranges, and what may be attached to them.

use super::{Case, Verdict, missing};
use crate::net::Prefix;
use crate::topology::{Relation, Resource, Subnet};

pub(super) fn check(case: Case<'_>, subnet: &Subnet) -> Verdict {
    let Some((vnet, attributes)) = case.vnet(Relation::PartOf) else {
        return Err(missing(case.draft, "virtual network"));
    };
    for prefix in &subnet.prefixes {
        inside(case, vnet, &attributes.space, *prefix)?;
        large_enough(case, *prefix)?;
        apart(case, vnet, *prefix)?;
    }
    gateway_subnet(case)?;
    nat_gateway(case, vnet)
}

/// Rule `refuse-subnet-outside`: a subnet lies inside a range of its network. Source: azure-dataplane 2.8.
///
/// Code and text were seen in public reports.
fn inside(case: Case<'_>, vnet: &Resource, space: &[Prefix], prefix: Prefix) -> Verdict {
    if space.iter().any(|space| space.covers(prefix)) {
        return Ok(());
    }
    let message = format!(
        "Subnet '{}' is not valid because its IP address range is outside the IP address range of virtual network '{}'.",
        case.short(),
        vnet.short_name()
    );
    case.refuse("NetcfgSubnetRangeOutsideVnet", message)
}

/// Rule `refuse-subnet-size`: a subnet is of a /29 or larger, one of IPv6 of a /64. Source: azure-dataplane 2.8.
///
/// The code is in Microsoft's lists of network errors.
fn large_enough(case: Case<'_>, prefix: Prefix) -> Verdict {
    let name = case.short();
    if prefix.is_v4() && prefix.len() > 29 {
        let message = format!("Subnet '{name}' is not valid: {prefix} is smaller than a /29.");
        return case.refuse("NetcfgInvalidSubnet", message);
    }
    if !prefix.is_v4() && prefix.len() != 64 {
        let message = format!("Subnet '{name}' is not valid: {prefix} is not a /64, which every IPv6 range must be.");
        return case.refuse("NetcfgInvalidSubnet", message);
    }
    Ok(())
}

/// Rule `refuse-subnet-overlap`: subnets do not overlap. Source: azure-dataplane 2.8.
///
/// The code was seen in public reports.
fn apart(case: Case<'_>, vnet: &Resource, prefix: Prefix) -> Verdict {
    // Those that are there are apart: of those that begin before this one ends, only the last can reach into it.
    let own = case.topology.find(&case.draft.name).map(|found| found.id);
    let last = case.topology.ranges_until(vnet.id, prefix.last()).find(|sibling| Some(sibling.id) != own);
    let Some(sibling) = last.filter(|it| it.kind.ranges().iter().any(|theirs| theirs.overlaps(prefix))) else {
        return Ok(());
    };
    let message = format!(
        "Subnet '{}' is not valid because its IP address range overlaps with that of an existing subnet in virtual \
         network '{}': {prefix} and '{}'.",
        case.short(),
        vnet.short_name(),
        sibling.short_name()
    );
    case.refuse("NetcfgSubnetRangesOverlap", message)
}

/// Rule `refuse-gateway-subnet-parts`: GatewaySubnet has neither a security group nor a NAT gateway. Source:
/// azure-dataplane 4.2.
///
/// The first code and its text were seen in public reports, the second is by its kin.
fn gateway_subnet(case: Case<'_>) -> Verdict {
    if !case.short().eq_ignore_ascii_case("GatewaySubnet") {
        return Ok(());
    }
    if let Some(group) = case.target(Relation::FilteredBy) {
        let message = format!(
            "The operation failed because the network security group {} can not be associated to the GatewaySubnet. \
             Please remove the network security group associated to the GatewaySubnet.",
            group.short_name()
        );
        return case.refuse("NetworkSecurityGroupCannotBeAttachedToGatewaySubnet", message);
    }
    if let Some(gateway) = case.target(Relation::TranslatedBy) {
        let message = format!("NAT gateway {} can not be associated to the GatewaySubnet.", gateway.name);
        return case.refuse("NatGatewayCannotBeAttachedToGatewaySubnet", message);
    }
    Ok(())
}

/// Rule `refuse-nat-gateway-networks`: the subnets of a NAT gateway are of one network. Source: azure-dataplane 4.2.
///
/// The code was not seen and is by its kin.
///
/// Rule `refuse-nat-gateway-basic`: no NAT gateway on a subnet with Basic addresses or balancers. Source:
/// azure-dataplane 4.2.
///
/// Code and text were seen in public reports.
fn nat_gateway(case: Case<'_>, vnet: &Resource) -> Verdict {
    let Some(gateway) = case.target(Relation::TranslatedBy) else { return Ok(()) };
    for other in case.others(gateway.id, Relation::TranslatedBy) {
        if case.topology.vnet_of(other.id).is_some_and(|theirs| theirs.id != vnet.id) {
            let message = format!(
                "NAT gateway {} cannot be used by subnet {} since it is used by subnet {} of another virtual network.",
                gateway.name, case.draft.name, other.name
            );
            return case.refuse("NatGatewayCannotBeUsedBySubnetsOfDifferentVnets", message);
        }
    }
    let Some(own) = case.topology.find(&case.draft.name) else { return Ok(()) };
    let basic = case.topology.referrers(own.id, Relation::Attached).into_iter().find(|it| is_basic(case, it));
    match basic {
        Some(basic) => case.refuse(NAT_AND_BASIC, nat_and_basic(&gateway.name, &basic.name, &own.name)),
        None => Ok(()),
    }
}

pub(super) const NAT_AND_BASIC: &str = "SubnetWithNatGatewayAndBasicSkuResourceNotAllowed";

pub(super) fn nat_and_basic(gateway: &str, basic: &str, subnet: &str) -> String {
    format!(
        "NAT Gateway {gateway} cannot be deployed on subnet containing Basic SKU Public IP addresses or Basic SKU Load \
         Balancer. {basic} in subnet {subnet} has reference to one."
    )
}

/// Whether what takes an address in a subnet has to do with the Basic tier.
fn is_basic(case: Case<'_>, holder: &Resource) -> bool {
    let topology = case.topology;
    let public = topology.target(holder.id, Relation::Uses);
    let whole = topology.target(holder.id, Relation::PartOf);
    let pools = topology.targets(holder.id, Relation::MemberOf).into_iter();
    let balancers = pools.filter_map(|pool| topology.target(pool.id, Relation::PartOf));
    super::pool::any_basic(public.into_iter().chain(whole).chain(balancers))
}
