//! `virtualNetworks` with their subnets and peerings, inside or on their own.

use super::raw::{RawResource, Resources};
use super::read::{enabled, given, inner, list, missing, not_modelled, number, prefix, reference, says, switch, text};
use super::reading::Reading;
use super::{dns, id};
use crate::diagnostic::Diagnostic;
use crate::facts::region;
use crate::json::Value;
use sim_core::net::Prefix;
use sim_core::topology::{
    Draft, EndpointPolicies, Kind, PeeredSubnets, Peering, Relation, ServiceEndpoint, Setting, Subnet, Vnet,
};
use std::sync::Arc;

/// The last API version day whose VNets have default outbound access where they do not say otherwise
/// (azure-dataplane 4.4).
const LAST_OPEN_API: &str = "2026-03-31";

/// Address pools of a network manager choose the prefixes.
const POOLS: &str = "ipamPoolPrefixAllocations";

pub(super) fn network(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let space = given(properties, "addressSpace").map_or(&[][..], |space| list(space, "addressPrefixes"));
    let flow_timeout_minutes = match number(properties, "flowTimeoutInMinutes", 4..=30) {
        Ok(minutes) => minutes.map(|minutes| minutes as u8),
        Err(diagnostic) => {
            out.warn(diagnostic);
            None
        }
    };
    let dns_servers = dns::servers(given(properties, "dhcpOptions").unwrap_or(properties), out);
    match space.iter().map(prefix).collect::<Result<Vec<Prefix>, Diagnostic>>() {
        Ok(space)
            if space.is_empty() && given(properties, "addressSpace").is_some_and(|it| given(it, POOLS).is_some()) =>
        {
            return out.leave_out(&raw.id, not_modelled(properties, "a network whose space an address pool chooses"));
        }
        Ok(space) if space.is_empty() => return out.leave_out(&raw.id, missing(properties, "addressSpace")),
        Ok(space) => out.node(raw.draft(Kind::Vnet(Vnet {
            region: out.region.clone(),
            space,
            flow_timeout_minutes,
            dns_servers,
        }))),
        Err(diagnostic) => return out.leave_out(&raw.id, diagnostic),
    }
    for part in list(properties, "subnets") {
        let Some(id) = raw.part_id("subnets", part) else { continue };
        let open = default_outbound(Some(raw));
        match subnet(inner(part), open) {
            Ok(subnet) => {
                let draft = Draft { owner: raw.owner.clone(), ..Draft::new(id, Kind::Subnet(subnet)) };
                out.inline(subnet_refers(draft.at(Some(part.span)), &raw.id, inner(part)));
            }
            Err(diagnostic) => out.leave_out(&id, diagnostic),
        }
    }
    for part in list(properties, "virtualNetworkPeerings") {
        let Some(draft) = raw.part("virtualNetworkPeerings", part, peering(inner(part))) else { continue };
        out.inline(peering_refers(draft, &raw.id, inner(part)));
    }
}

/// The properties of a subnet, wherever it is declared.
pub(super) fn subnet_body<'a>(all: &'a Resources, subnet: &str) -> Option<&'a Value> {
    let inline = || {
        let vnet = all.get(id::parent(subnet)?)?;
        let parts = list(vnet.properties(), "subnets").iter();
        let is_it = |part: &&Value| vnet.part_id("subnets", part).is_some_and(|id| id.eq_ignore_ascii_case(subnet));
        parts.into_iter().find(is_it).map(inner)
    };
    all.get(subnet).map(RawResource::properties).or_else(inline)
}

pub(super) fn subnet_alone(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let Some(vnet) = id::parent(&raw.id).map(Arc::from) else { return };
    match subnet(raw.properties(), default_outbound(all.parent(raw))) {
        Ok(subnet) => out.node(subnet_refers(raw.draft(Kind::Subnet(subnet)), &vnet, raw.properties())),
        Err(diagnostic) => out.leave_out(&raw.id, diagnostic),
    }
}

pub(super) fn peering_alone(raw: &RawResource, out: &mut Reading) {
    let Some(vnet) = id::parent(&raw.id).map(Arc::from) else { return };
    out.node(peering_refers(raw.draft(peering(raw.properties())), &vnet, raw.properties()));
}

/// Whether subnets of this VNet have default outbound access where they say nothing. One that is not declared here was
/// there before, and stays as it was.
///
/// Rule `outbound-default-by-version`: subnets of a VNet declared by an API version after 2026-03-31 are private unless
/// they say otherwise; by older versions they are open, and so are those that were there before. Source:
/// azure-dataplane 4.4.
fn default_outbound(vnet: Option<&RawResource>) -> bool {
    // `2026-05-01-preview` counts as 2026-05-01.
    vnet.and_then(|vnet| vnet.api_version.get(..LAST_OPEN_API.len())).is_none_or(|version| version <= LAST_OPEN_API)
}

/// Rule `private-link-policy-default`: the policy that keeps private link services out of a subnet is on unless it is
/// switched off. Source: azure-services 4.3.
fn subnet(properties: &Value, default_outbound: bool) -> Result<Subnet, Diagnostic> {
    let one = given(properties, "addressPrefix").into_iter();
    let mut prefixes = Vec::new();
    for written in one.chain(list(properties, "addressPrefixes")) {
        let prefix = prefix(written)?;
        if !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    }
    if let (true, Some(pool)) = (prefixes.is_empty(), given(properties, POOLS)) {
        return Err(not_modelled(pool, "a subnet whose prefix an address pool chooses"));
    }
    if prefixes.is_empty() {
        return Err(missing(properties, "addressPrefix"));
    }
    let delegation = list(properties, "delegations").first().and_then(|it| text(inner(it), "serviceName"));
    Ok(Subnet {
        prefixes,
        link_service_policies: enabled(properties, "privateLinkServiceNetworkPolicies", true),
        endpoint_policies: endpoint_policies(properties),
        default_outbound: switch(properties, "defaultOutboundAccess", default_outbound),
        delegation: delegation.map(str::to_owned),
        service_endpoints: list(properties, "serviceEndpoints").iter().filter_map(service_endpoint).collect(),
    })
}

/// azure-dataplane 2.5.
fn service_endpoint(written: &Value) -> Option<ServiceEndpoint> {
    let service = text(written, "service")?.into();
    let locations = list(written, "locations").iter().filter_map(Value::as_str).map(region::short).collect();
    Some(ServiceEndpoint { service, locations })
}

/// azure-dataplane 1.9 and 2.6, azure-services 4.3.
///
/// Rule `endpoint-policies`: rules and routes count for the private endpoints of a subnet as its
/// `privateEndpointNetworkPolicies` says: both, one of them, or by default neither. Source: azure-dataplane 1.9, 2.6.
fn endpoint_policies(properties: &Value) -> Setting<EndpointPolicies> {
    let Some(written) = given(properties, "privateEndpointNetworkPolicies") else { return Setting::default() };
    let word = written.as_str().unwrap_or_default().trim().to_ascii_lowercase();
    let value = EndpointPolicies {
        security: word == "enabled" || word == "networksecuritygroupenabled",
        routes: word == "enabled" || word == "routetableenabled",
    };
    Setting { value, span: Some(written.span) }
}

fn subnet_refers(draft: Draft, vnet: &Arc<str>, properties: &Value) -> Draft {
    let links = [
        ("networkSecurityGroup", Relation::FilteredBy),
        ("routeTable", Relation::RoutedBy),
        ("natGateway", Relation::TranslatedBy),
    ];
    let draft = draft.refer(Relation::PartOf, vnet.clone());
    links.into_iter().fold(draft, |draft, (key, relation)| match reference(properties, key) {
        Some(target) => draft.refer(relation, target),
        None => draft,
    })
}

/// azure-dataplane 2.7.
///
/// Rule `peering-defaults`: a peering that says nothing gives access, and neither takes forwarded traffic nor shares or
/// uses a gateway. Source: azure-dataplane 2.7.
fn peering(properties: &Value) -> Kind {
    Kind::Peering(Peering {
        access: switch(properties, "allowVirtualNetworkAccess", true),
        forwarded: switch(properties, "allowForwardedTraffic", false),
        gateway_transit: switch(properties, "allowGatewayTransit", false),
        remote_gateways: switch(properties, "useRemoteGateways", false),
        disconnected: says(properties, "peeringState", "Disconnected"),
        subnets: peered_subnets(properties),
        only_v6: switch(properties, "enableOnlyIPv6Peering", false).value,
    })
}

/// A peering of subnets says which, by name.
fn peered_subnets(properties: &Value) -> Option<PeeredSubnets> {
    let names =
        |key| list(properties, key).iter().filter_map(Value::as_str).map(|name| Arc::from(name.trim())).collect();
    let whole = given(properties, "peerCompleteVnets").is_none_or(|value| value.as_bool() != Some(false));
    (!whole).then(|| PeeredSubnets { local: names("localSubnetNames"), remote: names("remoteSubnetNames") })
}

fn peering_refers(draft: Draft, vnet: &Arc<str>, properties: &Value) -> Draft {
    let draft = draft.refer(Relation::PartOf, vnet.clone());
    match reference(properties, "remoteVirtualNetwork") {
        Some(remote) => draft.refer(Relation::Remote, remote),
        None => draft,
    }
}
