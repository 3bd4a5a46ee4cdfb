//! Addresses of NICs, and private addresses in general (azure-dataplane 2.8, 4.5).

use super::network::public_address_is_free;
use super::subnet::{NAT_AND_BASIC, nat_and_basic};
use super::{Case, Verdict, missing, pool, refusal, rules, same_region};
use crate::id::NodeId;
use crate::net::{Addr, Prefix};
use crate::source::Span;
use crate::topology::{Draft, Edit, IpConfig, Kind, PublicIp, Refusal, Relation, Topology, allocate};
use std::sync::Arc;

pub(super) fn check(case: Case<'_>, config: &IpConfig) -> Verdict {
    if let Some(Kind::Nic(nic)) = case.target(Relation::PartOf).map(|nic| &nic.kind) {
        same_region(case, &nic.region)?;
    }
    delegated(case)?;
    one_subnet(case)?;
    one_network(case)?;
    public_address(case, config)?;
    nat_gateway_and_basic(case)?;
    rules::memberships(case)?;
    pool::check(case)
}

/// A delegated subnet holds what the service makes there and nothing else. An address is the service's when its id lies
/// inside a resource of the delegated type, as `.../providers/Microsoft.ContainerInstance/containerGroups/NAME/...`: who
/// made it does not tell, for image builder makes container groups as well as machines.
///
/// The text is Azure's, from public reports; the code was in none of them and is by its kin for subnets in use.
///
/// Rule `refuse-delegated-subnet`: machines take no address in a subnet that is delegated to a service. Source:
/// azure-services 2.4.
fn delegated(case: Case<'_>) -> Verdict {
    let Some(subnet) = case.target(Relation::Attached) else { return Ok(()) };
    let Kind::Subnet(attributes) = &subnet.kind else { return Ok(()) };
    let Some(service) = &attributes.delegation else { return Ok(()) };
    let inside = format!("/providers/{service}/").to_ascii_lowercase();
    if case.draft.name.to_ascii_lowercase().contains(&inside) {
        return Ok(());
    }
    let message = format!(
        "Resource {} cannot be created in or updated to use the subnet {} since it has delegation(s) [{service}] to \
         external services.",
        case.draft.name, subnet.name
    );
    case.refuse("SubnetWithDelegationsCannotBeUsedByResource", message)
}

/// Rule `refuse-nic-subnets`: the addresses of a NIC are of one subnet. Source: azure-dataplane 1.5.
///
/// The code was seen in public reports, and its twin for scale sets.
fn one_subnet(case: Case<'_>) -> Verdict {
    let (Some(nic), Some(subnet)) = (case.target(Relation::PartOf), case.target(Relation::Attached)) else {
        return Ok(());
    };
    for other in case.others(nic.id, Relation::PartOf) {
        let theirs = case.topology.target(other.id, Relation::Attached);
        if let Some(theirs) = theirs.filter(|theirs| theirs.id != subnet.id) {
            let message = format!(
                "IP configurations {} and {} on the same NIC cannot use different subnets {} and {}.",
                case.draft.name, other.name, subnet.name, theirs.name
            );
            return case.refuse("IpConfigurationsOnSameNicCannotUseDifferentSubnets", message);
        }
    }
    Ok(())
}

/// Rule `refuse-machine-networks`: the NICs of a machine are of one network. Source: azure-dataplane 5.1.
///
/// The code was not seen.
fn one_network(case: Case<'_>) -> Verdict {
    let machine = case.target(Relation::PartOf).and_then(|nic| case.topology.target(nic.id, Relation::PartOf));
    let (Some(machine), Some((vnet, _))) = (machine, case.vnet(Relation::Attached)) else { return Ok(()) };
    for nic in case.topology.referrers(machine.id, Relation::PartOf) {
        for other in case.others(nic.id, Relation::PartOf) {
            if case.topology.vnet_of(other.id).is_some_and(|theirs| theirs.id != vnet.id) {
                let message = format!(
                    "All network interfaces of virtual machine {} must be in the same virtual network: {} is not in that \
                     of {}.",
                    machine.name, case.draft.name, other.name
                );
                return case.refuse("NetworkInterfacesOfVirtualMachineMustBeInSameVirtualNetwork", message);
            }
        }
    }
    Ok(())
}

/// Rule `refuse-address-family`: an address and the public address it uses are of one family. Source: azure-dataplane
/// 2.8.
///
/// Code and text were seen in public reports.
fn public_address(case: Case<'_>, config: &IpConfig) -> Verdict {
    let Some(public) = case.target(Relation::Uses) else { return Ok(()) };
    public_address_is_free(case, public)?;
    let v6 = config.v6 || config.requested.is_some_and(|address| !address.is_v4());
    let Kind::PublicIp(PublicIp { v6: theirs, .. }) = public.kind else { return Ok(()) };
    if v6 == theirs {
        return Ok(());
    }
    let word = |v6| if v6 { "IPv6" } else { "IPv4" };
    let message = format!(
        "IP version for publicIPAddress '{}', version '{}' and network interface ipConfiguration '{}', version '{}' must \
         match.",
        public.name,
        word(theirs),
        case.draft.name,
        word(v6)
    );
    case.refuse("IPVersionForPublicIpAndNicIpConfigurationMustMatch", message)
}

/// The other way round of `refuse-nat-gateway-basic`: a Basic resource comes into a subnet with a NAT gateway.
fn nat_gateway_and_basic(case: Case<'_>) -> Verdict {
    let Some(subnet) = case.target(Relation::Attached) else { return Ok(()) };
    let Some(gateway) = case.topology.target(subnet.id, Relation::TranslatedBy) else { return Ok(()) };
    let pools = case.targets(Relation::MemberOf);
    let balancers = pools.filter_map(|pool| case.topology.target(pool.id, Relation::PartOf));
    if pool::any_basic(case.target(Relation::Uses).into_iter().chain(balancers)) {
        return case.refuse(NAT_AND_BASIC, nat_and_basic(&gateway.name, &case.draft.name, &subnet.name));
    }
    Ok(())
}

/// The address asked for is not one of the subnet's. Both codes are in Microsoft's page on deployment errors; the text is
/// ours.
///
/// Rule `refuse-address-outside`: a fixed address lies in its subnet, and is none of the first four or the last of it.
/// Source: azure-dataplane 2.8.
pub(in crate::topology) fn address_outside(
    topology: &Topology,
    draft: &Draft,
    subnet: NodeId,
    wanted: Addr,
) -> Box<Refusal> {
    let found = topology.get(subnet);
    let inside = found.is_some_and(|found| found.kind.ranges().iter().any(|prefix| prefix.contains(wanted)));
    let name = found.map_or("?", |found| found.short_name());
    if inside {
        let message = format!("IP address {wanted} is reserved by Azure in subnet {name}.");
        return refusal(draft, "PrivateIPAddressInReservedRange", message);
    }
    let message = format!("IP address {wanted} does not belong to the range of subnet {name}.");
    refusal(draft, "PrivateIPAddressNotInSubnet", message)
}

/// The address asked for belongs to somebody else, if not to another configuration of the same resource. The code for NICs
/// is in Microsoft's pages, that for private link services was seen in a public report; the text is ours.
///
/// Rule `refuse-address-taken`: a private address has one holder in its network. Source: azure-dataplane 2.8.
pub(in crate::topology) fn address_taken(
    topology: &Topology,
    draft: &Draft,
    holder: Option<NodeId>,
    wanted: Addr,
) -> Box<Refusal> {
    let holder = holder.and_then(|holder| topology.get(holder)).map_or(&draft.name, |holder| &holder.name);
    let message = format!("IP address {wanted} is already allocated to resource {holder}.");
    let code = match draft.kind {
        Kind::LinkService(_) => "PrivateIPAddressInUse",
        _ => "PrivateIPAddressIsAllocated",
    };
    refusal(draft, code, message)
}

/// No address of the family is left. The text is Azure's.
///
/// Rule `refuse-subnet-full`: a subnet gives out as many addresses as it has, less five. Source: azure-dataplane 2.8.
pub(in crate::topology) fn subnet_full(
    topology: &Topology,
    draft: &Draft,
    subnet: NodeId,
    taken: usize,
    v6: bool,
) -> Box<Refusal> {
    let found = topology.get(subnet);
    let (name, span, prefixes) = match found.map(|found| (&found.name, found.span, &found.kind)) {
        Some((name, span, Kind::Subnet(subnet))) => (name.clone(), span, subnet.prefixes.clone()),
        _ => return missing(draft, "subnet"),
    };
    if v6 && prefixes.iter().all(|prefix| prefix.is_v4()) {
        return no_v6_range(draft, &name, span);
    }
    let prefixes: Vec<Prefix> = prefixes.into_iter().filter(|prefix| prefix.is_v4() != v6).collect();
    let list: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
    let room: u128 = prefixes.iter().map(|prefix| allocate::capacity(*prefix)).sum();
    let edit = prefixes.first().and_then(|prefix| larger(topology, subnet, *prefix)).map(|larger| Edit {
        resource: Arc::clone(&name),
        property: "properties.addressPrefix".into(),
        value: format!("\"{larger}\""),
    });
    let message = format!(
        "Subnet {name} with address prefix {} does not have enough capacity for 1 IP addresses. (Here: {taken} of {room} \
         usable addresses are taken; Azure reserves five in every subnet.)",
        list.join(", ")
    );
    Box::new(Refusal { edit, span: span.or(draft.span), ..*refusal(draft, "SubnetIsFull", message) })
}

/// An IPv6 address in a subnet without an IPv6 range. The code is from memory; no report of it was found.
fn no_v6_range(draft: &Draft, subnet: &str, span: Option<Span>) -> Box<Refusal> {
    let message = format!(
        "IP configuration {} has private IP address version IPv6, but subnet {subnet} has no IPv6 address prefix.",
        draft.name
    );
    Box::new(Refusal { span: draft.span.or(span), ..*refusal(draft, "SubnetDoesNotHaveIPv6AddressPrefix", message) })
}

/// The next larger prefix around a subnet's that its VNet has room for.
fn larger(topology: &Topology, subnet: NodeId, prefix: Prefix) -> Option<Prefix> {
    let vnet = topology.target(subnet, Relation::PartOf)?;
    let siblings = topology.referrers(vnet.id, Relation::PartOf).into_iter().filter(|sibling| sibling.id != subnet);
    let taken: Vec<&Prefix> = siblings.flat_map(|sibling| sibling.kind.ranges()).collect();
    let fits = |wider: &Prefix| {
        vnet.kind.ranges().iter().any(|space| space.covers(*wider)) && !taken.iter().any(|other| other.overlaps(*wider))
    };
    (0..prefix.len())
        .rev()
        .filter_map(|len| Prefix::new(prefix.first(), len))
        .take_while(fits)
        .find(|wider| wider.size() >= prefix.size().saturating_mul(4))
}
