//! What Azure refuses: configurations that a deployment would stop at, with Azure's error codes.
//!
//! Texts seen in Azure's own answers are quoted as they are; where only the code or neither was seen, the function says
//! so. Sources: azure-services 2.4, 2.5, 3.1 and 4.3, azure-dataplane 1.2 and 2.8, and public reports of the texts.

use super::change::{Draft, Edit, Refusal};
use super::{Kind, Prefix, Relation, Sku, Topology, allocate};
use crate::id::NodeId;
use crate::net::Addr;
use crate::source::Span;
use std::sync::Arc;

/// Checks a draft against the network it would join.
pub(super) fn check(topology: &Topology, draft: &Draft, edges: &[(Relation, NodeId)]) -> Result<(), Box<Refusal>> {
    match &draft.kind {
        Kind::Vnet(vnet) => space_overlaps(draft, &vnet.space),
        Kind::Subnet(subnet) => subnet_fits(topology, draft, edges, &subnet.prefixes),
        Kind::Nsg(_) => rules(draft),
        Kind::Nic(_) => Ok(()),
        Kind::IpConfig(_) => address_joins(topology, draft, edges),
        Kind::PrivateEndpoint(endpoint) => same_region(topology, draft, edges, &endpoint.region),
        Kind::LinkService(service) => {
            same_region(topology, draft, edges, &service.region)?;
            link_service_policies(topology, draft, edges)?;
            link_service_tier(topology, draft, edges)
        }
        Kind::Frontend(_) => frontend(topology, draft, edges),
        Kind::Peering(_) => peering(topology, draft, edges),
        _ => Ok(()),
    }
}

fn refusal(draft: &Draft, code: &'static str, message: String) -> Box<Refusal> {
    Box::new(Refusal { code, message, resource: draft.name.clone(), span: draft.span, edit: None })
}

/// A reference to what is not there. The text is Azure's, from azure-services 2.5.
///
/// Rule `refuse-missing-reference`: what a resource refers to must be there. Source: azure-services 2.5. Code and text
/// are Azure's.
pub(super) fn missing(draft: &Draft, name: &str) -> Box<Refusal> {
    let message = format!(
        "Resource {name} referenced by resource {} was not found. Please make sure that the referenced resource exists, \
         and that both resources are in the same region.",
        draft.name
    );
    refusal(draft, "InvalidResourceReference", message)
}

/// Rule `refuse-space-overlap`: the ranges of a virtual network do not overlap. Source: azure-dataplane 2.8. The code
/// is from memory.
fn space_overlaps(draft: &Draft, space: &[Prefix]) -> Result<(), Box<Refusal>> {
    for (n, one) in space.iter().enumerate() {
        if let Some(other) = space[..n].iter().find(|other| other.overlaps(*one)) {
            // The code is from memory; no recorded answer holds it.
            let message = format!("Address prefix {one} of virtual network {} overlaps {other}.", short(draft));
            return Err(refusal(draft, "VnetAddressSpaceOverlapsWithAlreadyPresentPrefix", message));
        }
    }
    Ok(())
}

/// Rule `refuse-subnet-outside`: a subnet lies inside a range of its network. Source: azure-dataplane 2.8. Code and
/// text were seen in public reports.
///
/// Rule `refuse-subnet-size`: a subnet is of a /29 or larger. Source: azure-dataplane 2.8. The code was seen in
/// public reports.
///
/// Rule `refuse-subnet-overlap`: subnets do not overlap. Source: azure-dataplane 2.8. Code and text were seen in
/// public reports.
fn subnet_fits(
    topology: &Topology,
    draft: &Draft,
    edges: &[(Relation, NodeId)],
    prefixes: &[Prefix],
) -> Result<(), Box<Refusal>> {
    let Some((vnet, attributes)) = parent_vnet(topology, edges) else {
        return Err(missing(draft, "virtual network"));
    };
    for prefix in prefixes {
        if !attributes.space.iter().any(|space| space.covers(*prefix)) {
            let message = format!(
                "Subnet '{}' is not valid because its IP address range is outside the IP address range of virtual \
                 network '{}'.",
                short(draft),
                vnet.short_name()
            );
            return Err(refusal(draft, "NetcfgSubnetRangeOutsideVnet", message));
        }
        // azure-dataplane 2.8: the smallest IPv4 subnet is /29.
        if prefix.is_v4() && prefix.len() > 29 {
            let message = format!("Subnet '{}' is not valid: {prefix} is smaller than a /29.", short(draft));
            return Err(refusal(draft, "NetcfgInvalidSubnet", message));
        }
        for sibling in topology.referrers(vnet.id, Relation::PartOf) {
            let Kind::Subnet(other) = &sibling.kind else { continue };
            if sibling.name.eq_ignore_ascii_case(&draft.name) {
                continue;
            }
            if other.prefixes.iter().any(|theirs| theirs.overlaps(*prefix)) {
                let message = format!(
                    "Subnet '{}' is not valid because its IP address range overlaps with that of an existing subnet in \
                     virtual network '{}': {prefix} and '{}'.",
                    short(draft),
                    vnet.short_name(),
                    sibling.short_name()
                );
                return Err(refusal(draft, "NetcfgSubnetRangesOverlap", message));
            }
        }
    }
    Ok(())
}

fn parent_vnet<'a>(
    topology: &'a Topology,
    edges: &[(Relation, NodeId)],
) -> Option<(&'a super::Resource, &'a super::Vnet)> {
    let (_, id) = edges.iter().find(|(relation, _)| *relation == Relation::PartOf)?;
    let vnet = topology.get(*id)?;
    match &vnet.kind {
        Kind::Vnet(attributes) => Some((vnet, attributes)),
        _ => None,
    }
}

/// azure-dataplane 1.2: user priorities are 100 to 4096, and no two rules share priority and direction.
///
/// Rule `refuse-rule-priority`: priorities of users' rules are 100 to 4096. Source: azure-dataplane 1.2. Code and text
/// are Azure's.
///
/// Rule `refuse-rule-conflict`: no two rules share priority and direction. Source: azure-dataplane 1.2. Code and text
/// were seen in public reports.
fn rules(draft: &Draft) -> Result<(), Box<Refusal>> {
    let Kind::Nsg(nsg) = &draft.kind else { return Ok(()) };
    for (n, rule) in nsg.rules.iter().enumerate() {
        let at = |code, message| Box::new(Refusal { span: rule.span.or(draft.span), ..*refusal(draft, code, message) });
        if !(100..=4096).contains(&rule.priority) {
            let message = format!(
                "Security rule {} has invalid priority {}. Value provided: {}. Allowed range 100-4096.",
                rule.name, rule.priority, rule.priority
            );
            return Err(at("SecurityRuleInvalidPriority", message));
        }
        let twin =
            nsg.rules[..n].iter().find(|other| other.priority == rule.priority && other.direction == rule.direction);
        if let Some(twin) = twin {
            let message = format!(
                "Security rule {} conflicts with rule {}. Rules cannot have the same Priority and Direction.",
                rule.name, twin.name
            );
            return Err(at("SecurityRuleConflict", message));
        }
    }
    Ok(())
}

/// A NIC joins a subnet of its own region, and no delegated one (azure-services 2.4 and 2.5).
fn address_joins(topology: &Topology, draft: &Draft, edges: &[(Relation, NodeId)]) -> Result<(), Box<Refusal>> {
    let Some(nic) = first(topology, edges, Relation::PartOf) else { return Ok(()) };
    if let Kind::Nic(attributes) = &nic.kind {
        same_region(topology, draft, edges, &attributes.region)?;
    }
    delegated(topology, draft, edges)
}

/// A delegated subnet holds what the service makes there and nothing else. An address is the service's when its id lies
/// inside a resource of the delegated type, as `.../providers/Microsoft.ContainerInstance/containerGroups/NAME/...`: who
/// made it does not tell, for image builder makes container groups as well as machines.
///
/// The text is Azure's, from public reports; the code was in none of them and is by its kin for subnets in use.
///
/// Rule `refuse-delegated-subnet`: machines take no address in a subnet that is delegated to a service. Source:
/// azure-services 2.4. The text was seen in public reports, the code is by its kin.
fn delegated(topology: &Topology, draft: &Draft, edges: &[(Relation, NodeId)]) -> Result<(), Box<Refusal>> {
    let Some(subnet) = first(topology, edges, Relation::Attached) else { return Ok(()) };
    let Kind::Subnet(attributes) = &subnet.kind else { return Ok(()) };
    let Some(service) = &attributes.delegation else { return Ok(()) };
    let inside = format!("/providers/{service}/").to_ascii_lowercase();
    if draft.name.to_ascii_lowercase().contains(&inside) {
        return Ok(());
    }
    let message = format!(
        "Resource {} cannot be created in or updated to use the subnet {} since it has delegation(s) [{service}] to \
         external services.",
        draft.name, subnet.name
    );
    Err(refusal(draft, "SubnetWithDelegationsCannotBeUsedByResource", message))
}

/// Rule `refuse-other-region`: what takes addresses in a subnet stands in the region of its network. Source:
/// azure-services 2.5. The code is that of a reference to nothing.
fn same_region(
    topology: &Topology,
    draft: &Draft,
    edges: &[(Relation, NodeId)],
    region: &str,
) -> Result<(), Box<Refusal>> {
    let Some(subnet) = first(topology, edges, Relation::Attached) else { return Ok(()) };
    let Some(vnet) = topology.vnet_of(subnet.id) else { return Ok(()) };
    match &vnet.kind {
        Kind::Vnet(attributes) if !attributes.region.eq_ignore_ascii_case(region) => {
            let mut refused = missing(draft, &subnet.name);
            refused.message.push_str(&format!(
                " (Here: {} is in {region}, virtual network {} is in {}.)",
                short(draft),
                vnet.short_name(),
                attributes.region
            ));
            refused.span = vnet.span.or(draft.span);
            refused.edit =
                Some(Edit { resource: vnet.name.clone(), property: "location".into(), value: format!("\"{region}\"") });
            Err(refused)
        }
        _ => Ok(()),
    }
}

/// azure-services 4.3: a private link service takes its addresses only where the subnet's policy for it is off. That
/// builds fail so is reported; the code is from memory, by its private-endpoint twin.
///
/// Rule `refuse-link-service-policies`: a private link service takes its addresses only where the subnet's policy for
/// it is off. Source: azure-services 4.3. The code is from memory, by its twin for private endpoints.
fn link_service_policies(topology: &Topology, draft: &Draft, edges: &[(Relation, NodeId)]) -> Result<(), Box<Refusal>> {
    let Some(subnet) = first(topology, edges, Relation::Attached) else { return Ok(()) };
    let Kind::Subnet(attributes) = &subnet.kind else { return Ok(()) };
    if !attributes.link_service_policies.value {
        return Ok(());
    }
    Err(Box::new(Refusal {
        span: attributes.link_service_policies.span.or(subnet.span),
        edit: Some(Edit {
            resource: subnet.name.clone(),
            property: "properties.privateLinkServiceNetworkPolicies".into(),
            value: "\"Disabled\"".into(),
        }),
        ..*refusal(
            draft,
            "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
            format!(
                "Private link service {} cannot be created in a subnet {} since it has private link service network \
                 policies enabled.",
                draft.name, subnet.name
            ),
        )
    }))
}

/// azure-services 3.1: a private link service stands in front of Standard balancers alone. The code was not seen; it is by
/// its kin, which refuses balancers of plain addresses.
///
/// Rule `refuse-link-service-tier`: a private link service stands in front of Standard balancers alone. Source:
/// azure-services 3.1. The code was not seen and is by its kin.
fn link_service_tier(topology: &Topology, draft: &Draft, edges: &[(Relation, NodeId)]) -> Result<(), Box<Refusal>> {
    let fronts = edges.iter().filter(|(relation, _)| *relation == Relation::Listens);
    for balancer in fronts.filter_map(|(_, front)| topology.target(*front, Relation::PartOf)) {
        let Kind::LoadBalancer(attributes) = &balancer.kind else { continue };
        if attributes.sku.value == Sku::Standard {
            continue;
        }
        let message = format!(
            "Private link service {} is not supported for load balancer {} of the Basic tier. A Standard load balancer \
             is required.",
            draft.name, balancer.name
        );
        return Err(Box::new(Refusal {
            span: attributes.sku.span.or(balancer.span).or(draft.span),
            edit: Some(Edit {
                resource: balancer.name.clone(),
                property: "sku.name".into(),
                value: "\"Standard\"".into(),
            }),
            ..*refusal(draft, "PrivateLinkServiceIsNotSupportedForBasicLoadBalancer", message)
        }));
    }
    Ok(())
}

/// The tiers of a balancer and of its public address must match (azure-dataplane 4.5).
///
/// Rule `refuse-frontend-tier`: the tiers of a balancer and of its public addresses match. Source: azure-dataplane 4.5.
/// The code was seen in public reports; their text, for a Standard balancer, names the balancer first.
fn frontend(topology: &Topology, draft: &Draft, edges: &[(Relation, NodeId)]) -> Result<(), Box<Refusal>> {
    let balancer = first(topology, edges, Relation::PartOf).map(|found| &found.kind);
    let public = first(topology, edges, Relation::Uses);
    let Some(Kind::LoadBalancer(balancer)) = balancer else { return Ok(()) };
    same_region(topology, draft, edges, &balancer.region)?;
    let Some(public) = public else { return Ok(()) };
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
        draft.name
    );
    Err(refusal(draft, "PublicIPAndLBSkuDoNotMatch", message))
}

/// Spaces of peered networks must not overlap (azure-dataplane 2.7).
///
/// Rule `refuse-peering-overlap`: the ranges of peered networks do not overlap. Source: azure-dataplane 2.7. Code and
/// text were seen in public reports.
fn peering(topology: &Topology, draft: &Draft, edges: &[(Relation, NodeId)]) -> Result<(), Box<Refusal>> {
    let local = first(topology, edges, Relation::PartOf);
    let remote = first(topology, edges, Relation::Remote);
    let (Some(local), Some(remote)) = (local, remote) else { return Ok(()) };
    let (Kind::Vnet(a), Kind::Vnet(b)) = (&local.kind, &remote.kind) else { return Ok(()) };
    for one in &a.space {
        if let Some(other) = b.space.iter().find(|other| other.overlaps(*one)) {
            let message = format!(
                "Cannot create or update peering {}. Virtual networks {} and {} cannot be peered because their address \
                 spaces overlap: {one} and {other}.",
                draft.name, local.name, remote.name
            );
            return Err(refusal(draft, "VnetAddressSpacesOverlap", message));
        }
    }
    Ok(())
}

/// No address is left. The text is Azure's.
///
/// Rule `refuse-subnet-full`: a subnet gives out as many addresses as it has, less five. Source: azure-dataplane 2.8.
/// Code and text are Azure's.
pub(super) fn subnet_full(topology: &Topology, draft: &Draft, subnet: NodeId, taken: usize) -> Box<Refusal> {
    let found = topology.get(subnet);
    let (name, span, prefixes) = match found.map(|found| (&found.name, found.span, &found.kind)) {
        Some((name, span, Kind::Subnet(subnet))) => (name.clone(), span, subnet.prefixes.clone()),
        _ => (Arc::from("?"), None, Vec::new()),
    };
    let list: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
    let room: u128 = prefixes.iter().map(|prefix| allocate::capacity(*prefix)).sum();
    let edit = prefixes.first().and_then(|prefix| larger(topology, subnet, *prefix)).map(|larger| Edit {
        resource: name.clone(),
        property: "properties.addressPrefix".into(),
        value: format!("\"{larger}\""),
    });
    Box::new(Refusal {
        edit,
        span: span.or(draft.span),
        ..*refusal(
            draft,
            "SubnetIsFull",
            format!(
                "Subnet {name} with address prefix {} does not have enough capacity for 1 IP addresses. (Here: {taken} of \
                 {room} usable addresses are taken; Azure reserves five in every subnet.)",
                list.join(", ")
            ),
        )
    })
}

/// The next larger prefix around a subnet's that its VNet has room for.
fn larger(topology: &Topology, subnet: NodeId, prefix: Prefix) -> Option<Prefix> {
    let vnet = topology.target(subnet, Relation::PartOf)?;
    let Kind::Vnet(attributes) = &vnet.kind else { return None };
    let siblings = topology.referrers(vnet.id, Relation::PartOf);
    let taken: Vec<Prefix> = siblings
        .into_iter()
        .filter(|sibling| sibling.id != subnet)
        .filter_map(|sibling| if let Kind::Subnet(other) = &sibling.kind { Some(other.prefixes.clone()) } else { None })
        .flatten()
        .collect();
    let fits = |wider: &Prefix| {
        attributes.space.iter().any(|space| space.covers(*wider)) && !taken.iter().any(|other| other.overlaps(*wider))
    };
    (0..prefix.len())
        .rev()
        .filter_map(|len| Prefix::new(prefix.first(), len))
        .take_while(fits)
        .find(|wider| wider.size() >= prefix.size() * 4)
}

/// The address asked for is not one of the subnet's. Azure's code; the text is ours.
///
/// Rule `refuse-address-outside`: a fixed address lies in its subnet, and is none of the first four or the last of it.
/// Source: azure-dataplane 2.8. The code is Azure's, the text is ours.
pub(super) fn address_outside(topology: &Topology, draft: &Draft, subnet: NodeId, wanted: Addr) -> Box<Refusal> {
    let found = topology.get(subnet);
    let inside = match found.map(|found| &found.kind) {
        Some(Kind::Subnet(subnet)) => subnet.prefixes.iter().any(|prefix| prefix.contains(wanted)),
        _ => false,
    };
    let name = found.map_or("?", |found| found.short_name());
    if inside {
        let message = format!("IP address {wanted} is reserved by Azure in subnet {name}.");
        return refusal(draft, "PrivateIPAddressInReservedRange", message);
    }
    let message = format!("IP address {wanted} does not belong to the range of subnet {name}.");
    refusal(draft, "PrivateIPAddressNotInSubnet", message)
}

/// The address asked for belongs to somebody else. Azure's code; the text is ours.
///
/// Rule `refuse-address-taken`: a private address has one holder in its network. Source: azure-dataplane 2.8. The code
/// is Azure's, the text is ours.
pub(super) fn address_taken(topology: &Topology, draft: &Draft, wanted: Addr) -> Box<Refusal> {
    let holder = topology.resources().find_map(|resource| match &resource.kind {
        Kind::IpConfig(config) if config.address == Some(wanted) => Some(resource.name.clone()),
        Kind::Frontend(frontend) if frontend.address == Some(wanted) => Some(resource.name.clone()),
        Kind::PrivateEndpoint(endpoint) if endpoint.address == Some(wanted) => Some(resource.name.clone()),
        _ => None,
    });
    let message =
        format!("IP address {wanted} is already allocated to resource {}.", holder.as_deref().unwrap_or("another"));
    refusal(draft, "PrivateIPAddressInUse", message)
}

/// Azure does not delete what others use; the codes are those that image builder's cleanup meets (azure-services 2.7)
/// and their kin.
///
/// Rule `refuse-delete-in-use`: what others refer to cannot be deleted. Source: azure-services 2.7. Some of the codes
/// are those that image builder's cleanup meets, the others are by their kin.
pub(super) fn deletion(topology: &Topology, root: NodeId, doomed: &[NodeId]) -> Result<(), Box<Refusal>> {
    for id in doomed {
        let Some(resource) = topology.get(*id) else { continue };
        let uses: &[(Relation, &'static str)] = match resource.kind {
            Kind::Subnet(_) => &[(Relation::Attached, "InUseSubnetCannotBeDeleted")],
            Kind::Nsg(_) => &[(Relation::FilteredBy, "InUseNetworkSecurityGroupCannotBeDeleted")],
            Kind::PublicIp(_) => &[(Relation::Uses, "PublicIPAddressCannotBeDeleted")],
            Kind::RouteTable(_) => &[(Relation::RoutedBy, "InUseRouteTableCannotBeDeleted")],
            Kind::Frontend(_) => &[(Relation::Listens, "LoadBalancerInUseByPrivateLinkService")],
            Kind::LinkService(_) => {
                &[(Relation::Target, "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted")]
            }
            _ => &[],
        };
        for (relation, code) in uses {
            let user = topology.referrers(*id, *relation).into_iter().find(|user| !doomed.contains(&user.id));
            if let Some(user) = user {
                let span: Option<Span> = user.span;
                return Err(Box::new(Refusal {
                    code,
                    message: format!("{} is in use by {} and cannot be deleted.", resource.name, user.name),
                    resource: topology.get(root).map_or_else(|| resource.name.clone(), |root| root.name.clone()),
                    span,
                    edit: None,
                }));
            }
        }
    }
    let nic = doomed.iter().filter_map(|id| topology.get(*id)).find(|found| matches!(found.kind, Kind::Nic(_)));
    if let Some(nic) = nic
        && let Some(machine) = topology.target(nic.id, Relation::PartOf)
    {
        return Err(Box::new(Refusal {
            code: "NicInUse",
            message: format!("Network Interface {} is used by existing resource {}.", nic.name, machine.name),
            resource: nic.name.clone(),
            span: machine.span,
            edit: None,
        }));
    }
    Ok(())
}

fn first<'a>(topology: &'a Topology, edges: &[(Relation, NodeId)], relation: Relation) -> Option<&'a super::Resource> {
    edges.iter().find(|(found, _)| *found == relation).and_then(|(_, id)| topology.get(*id))
}

fn short(draft: &Draft) -> &str {
    draft.name.rsplit('/').next().unwrap_or(&draft.name)
}
