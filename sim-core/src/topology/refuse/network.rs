//! Virtual networks, and what stands in subnets of its own: gateways and firewalls.

use super::{Case, Verdict};
use crate::net::{Addr, Prefix};
use crate::topology::{Destination, Kind, NatGateway, PublicIp, Relation, Sku, Subnet, Vnet};

pub(super) fn check(case: Case<'_>, vnet: &Vnet) -> Verdict {
    space_overlaps(case, &vnet.space)?;
    reserved_space(case, &vnet.space)?;
    no_room_for_subnets(case, vnet)
}

/// Rule `refuse-space-overlap`: the ranges of a virtual network do not overlap. Source: azure-dataplane 2.8.
///
/// The code is from memory.
fn space_overlaps(case: Case<'_>, space: &[Prefix]) -> Verdict {
    let mut sorted = space.to_vec();
    sorted.sort_unstable_by_key(|prefix| (prefix.first(), prefix.bits()));
    let Some(pair) = sorted.windows(2).find(|pair| pair[0].overlaps(pair[1])) else { return Ok(()) };
    let message = format!("Address prefix {} of virtual network {} overlaps {}.", pair[1], case.short(), pair[0]);
    case.refuse("VnetAddressSpaceOverlapsWithAlreadyPresentPrefix", message)
}

/// Rule `refuse-reserved-space`: a virtual network holds no multicast, broadcast, loopback or link-local range, nor the
/// platform's address. Source: azure-dataplane 2.8.
///
/// The code is in Microsoft's lists of network errors; that it answers this was not seen.
fn reserved_space(case: Case<'_>, space: &[Prefix]) -> Verdict {
    let v4 = |a, b, c, d, len| Prefix::new(Addr::v4(a, b, c, d), len);
    let reserved = [
        v4(224, 0, 0, 0, 4),
        v4(255, 255, 255, 255, 32),
        v4(127, 0, 0, 0, 8),
        v4(169, 254, 0, 0, 16),
        Some(Prefix::host(crate::stage::PLATFORM)),
    ];
    for reserved in reserved.into_iter().flatten() {
        if let Some(own) = space.iter().find(|own| own.overlaps(reserved)) {
            let message = format!(
                "Address prefix {own} of virtual network {} is not valid: {reserved} is reserved by Azure.",
                case.short()
            );
            return case.refuse("NetcfgInvalidIPAddressPrefix", message);
        }
    }
    Ok(())
}

/// Rule `refuse-space-without-subnet`: a virtual network keeps the ranges that its subnets are in. Source:
/// azure-dataplane 2.8.
///
/// The code was seen in public reports of such changes.
fn no_room_for_subnets(case: Case<'_>, vnet: &Vnet) -> Verdict {
    let Some(own) = case.topology.find(&case.draft.name) else { return Ok(()) };
    for subnet in case.topology.referrers(own.id, Relation::PartOf) {
        let Kind::Subnet(attributes) = &subnet.kind else { continue };
        if let Some(lost) = attributes.prefixes.iter().find(|it| !vnet.space.iter().any(|space| space.covers(**it))) {
            let message = format!(
                "Subnet '{}' is not valid because its IP address range {lost} is outside the IP address range of \
                 virtual network '{}'.",
                subnet.short_name(),
                case.short()
            );
            return case.refuse("NetcfgSubnetRangeOutsideVnet", message);
        }
    }
    Ok(())
}

/// Rule `refuse-nat-gateway-addresses`: a NAT gateway takes public addresses of the Standard tier, those of IPv6 in its
/// second version alone, and each of them for itself. Source: azure-dataplane 4.2, 4.5.
///
/// The codes of tier and family were not seen and are by their kin.
pub(super) fn nat_gateway(case: Case<'_>, gateway: &NatGateway) -> Verdict {
    for public in case.targets(Relation::Uses) {
        public_address_is_free(case, public)?;
        let Kind::PublicIp(PublicIp { sku, v6, .. }) = public.kind else { continue };
        if sku == Sku::Basic {
            let message = format!("NAT gateway {} cannot use Basic sku public IP {}.", case.draft.name, public.name);
            return case.refuse("NatGatewayAndPublicIPAddressSkuDoNotMatch", message);
        }
        if v6 && !gateway.v2 {
            let message =
                format!("NAT gateway {} cannot use public IP {} of version IPv6.", case.draft.name, public.name);
            return case.refuse("NatGatewayDoesNotSupportIPv6PublicIPAddress", message);
        }
    }
    Ok(())
}

/// Rule `refuse-public-address-in-use`: a public address serves one resource. Source: azure-dataplane 4.5.
///
/// Code and text were seen in public reports.
pub(super) fn public_address_is_free(case: Case<'_>, public: &crate::topology::Resource) -> Verdict {
    // A prefix serves as many as it has addresses.
    if matches!(public.kind, Kind::PublicIp(PublicIp { prefix: Some(_), .. })) {
        return Ok(());
    }
    let Some(user) = case.others(public.id, Relation::Uses).next() else { return Ok(()) };
    let message = format!(
        "Resource {} is referencing public IP address {} that is already allocated to resource {}.",
        case.draft.name, public.name, user.name
    );
    case.refuse("PublicIPAddressInUse", message)
}

/// Rule `refuse-gateway-subnet`: a virtual network gateway stands in a subnet named GatewaySubnet. Source:
/// azure-dataplane 2.3.
///
/// The code was not seen and is by its kin.
///
/// Rule `refuse-gateway-default-route`: no route for everything on the subnet of a gateway. Source: azure-dataplane
/// 2.3.
///
/// The code was not seen.
///
/// Rule `refuse-second-gateway`: a network that uses a peer's gateway has none of its own. Source: azure-dataplane 2.7.
///
/// The code is from memory.
pub(super) fn gateway(case: Case<'_>) -> Verdict {
    let Some(subnet) = case.target(Relation::Attached) else { return Ok(()) };
    if !subnet.short_name().eq_ignore_ascii_case("GatewaySubnet") {
        let message = format!("Virtual network gateway {} must be in a subnet named GatewaySubnet.", case.draft.name);
        return case.refuse("GatewaySubnetNameIsRequired", message);
    }
    if let Some(table) = case.topology.target(subnet.id, Relation::RoutedBy)
        && let Kind::RouteTable(attributes) = &table.kind
        && let Some(route) = attributes
            .routes
            .iter()
            .find(|route| matches!(route.destination, Destination::Prefix(prefix) if prefix.is_default()))
    {
        let message = format!(
            "Route {} of route table {} is for every destination, which is not allowed on the subnet of gateway {}.",
            route.name, table.name, case.draft.name
        );
        return case.refuse_at(route.span, "DefaultRouteOnGatewaySubnetIsNotAllowed", message);
    }
    let Some((vnet, _)) = case.vnet(Relation::Attached) else { return Ok(()) };
    let user = case
        .topology
        .referrers(vnet.id, Relation::PartOf)
        .into_iter()
        .find(|child| matches!(&child.kind, Kind::Peering(peering) if peering.remote_gateways.value));
    let Some(user) = user else { return Ok(()) };
    let message = format!(
        "Virtual network {} cannot have a gateway since peering {} has UseRemoteGateways flag set to true.",
        vnet.name, user.name
    );
    case.refuse("VnetWithRemoteGatewayCannotHaveGateway", message)
}

/// Rule `refuse-firewall-subnet`: a firewall stands in a subnet named AzureFirewallSubnet of at least a /26. Source:
/// azure-dataplane 1.7; Microsoft's page on the firewall's subnet.
///
/// The codes are from memory.
pub(super) fn firewall(case: Case<'_>) -> Verdict {
    let Some(subnet) = case.target(Relation::Attached) else { return Ok(()) };
    if !subnet.short_name().eq_ignore_ascii_case("AzureFirewallSubnet") {
        let message = format!("Firewall {} must be in a subnet named AzureFirewallSubnet.", case.draft.name);
        return case.refuse("AzureFirewallSubnetNameIsRequired", message);
    }
    let Kind::Subnet(Subnet { prefixes, .. }) = &subnet.kind else { return Ok(()) };
    match prefixes.iter().find(|prefix| prefix.is_v4() && prefix.len() > 26) {
        Some(small) => {
            let message = format!("Subnet {} with {small} is smaller than the /26 a firewall needs.", subnet.name);
            case.refuse_at(subnet.span, "AzureFirewallSubnetTooSmall", message)
        }
        None => Ok(()),
    }
}
