//! `privateEndpoints` and `privateLinkServices` (azure-services 3.1 and 4.1).

mod members;

use super::nic::requested;
use super::raw::{RawResource, Resources};
use super::read::{given, inner, list, reference, references, says, text};
use super::reading::Reading;
use super::{id, service};
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::topology::{ConnectionState, Kind, LinkService, Nic, PrivateEndpoint, Relation};
use std::sync::Arc;

/// The last year in which private endpoints were kept out of subnets with network policies (azure-services 11).
const POLICIES_REFUSED: u16 = 2021;

pub(super) fn endpoint(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let properties = raw.properties();
    let automatic = list(properties, "privateLinkServiceConnections").first();
    let manual = list(properties, "manualPrivateLinkServiceConnections").first();
    let connection = automatic.or(manual);
    let target = connection.and_then(|it| text(inner(it), "privateLinkServiceId")).map(super::tidy);
    // An alias names a service of somebody else, which no input holds.
    let target = target.map(|target| super::resolved(&target, all));
    let declared = target.as_ref().and_then(|target| all.get(target));
    let refused = declared.and_then(|target| service::refused_endpoint(target, all));
    if let Some(diagnostic) = refused.or_else(|| policies(raw, all)) {
        return out.leave_out(&raw.id, diagnostic);
    }
    let members = match members::members(raw, all, connection, target.as_ref(), &out.region) {
        Ok(members) => members,
        Err(diagnostic) => return out.leave_out(&raw.id, diagnostic),
    };
    let approved = automatic.is_some() || approves(declared, &raw.id);
    let decided = target.as_ref().and_then(|target| decided(target, &raw.id, all));
    let state = decided.or_else(|| connection.map(inner).and_then(state)).unwrap_or(if approved {
        ConnectionState::Approved
    } else {
        ConnectionState::Pending
    });
    let endpoint = PrivateEndpoint { members, ..PrivateEndpoint::new(out.region.clone(), state) };
    let mut draft = raw.draft(Kind::PrivateEndpoint(endpoint));
    if let Some(subnet) = reference(properties, "subnet") {
        draft = draft.refer(Relation::Attached, subnet);
    }
    if let Some(target) = target.filter(|target| target.starts_with('/')) {
        draft = draft.refer(Relation::Target, target);
    }
    out.node(draft);
    own_nic(raw, all, out);
}

/// The NIC of an endpoint, where its name is known: it goes with the endpoint and not without it (azure-services 1.C, C20).
///
/// Rule `endpoint-nic`: a private endpoint has one NIC, which cannot be deleted while the endpoint is there. Source:
/// azure-services 4.1, 1.C (C20).
fn own_nic(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let Some(name) = text(raw.properties(), "customNetworkInterfaceName") else { return };
    let nic = id::sibling(&raw.id, &format!("Microsoft.Network/networkInterfaces/{name}"));
    if all.get(&nic).is_none() {
        let kind = Kind::Nic(Nic { region: out.region.clone(), ..Nic::default() });
        let draft = sim_core::topology::Draft::new(nic, kind).at(Some(raw.span));
        out.inline(draft.owned_by("Microsoft.Network").refer(Relation::PartOf, raw.id.clone()));
    }
}

/// Rule `refuse-endpoint-policies`: until 2021 a subnet with network policies for private endpoints took none; they were on
/// where nobody had switched them off. Source: azure-services 4.3, 11 (9); code and text from a public report
/// (Azure/missionlz issue 673).
fn policies(raw: &RawResource, all: &Resources) -> Option<Diagnostic> {
    let subnet = reference(raw.properties(), "subnet").filter(|_| all.date.year <= POLICIES_REFUSED)?;
    let body = super::vnet::subnet_body(all, &subnet)?;
    let key = "privateEndpointNetworkPolicies";
    if says(body, key, "Disabled") {
        return None;
    }
    let message = format!(
        "Private endpoint {} cannot be created in a subnet {subnet} since it has private endpoint network policies enabled.",
        raw.id
    );
    let span = given(body, key).map_or(body.span, |value| value.span);
    let code = "PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled";
    Some(Diagnostic::error(code, message).at(span).help(format!("set {key} of the subnet to Disabled")))
}

/// What the provider has decided, where the connection is declared on its side.
///
/// Rule `private-link-decision`: a connection stands where the provider has put it: approved, rejected or removed. Source:
/// azure-services 1.C (C28), 3.1.
fn decided(target: &str, endpoint: &str, all: &Resources) -> Option<ConnectionState> {
    let is_it = |connection: &&RawResource| {
        reference(connection.properties(), "privateEndpoint").is_some_and(|own| own.eq_ignore_ascii_case(endpoint))
    };
    let mut own = all.children(target, "privateEndpointConnections");
    state(own.find(is_it)?.properties())
}

/// What was read back from Azure says where the connection stands.
fn state(connection: &Value) -> Option<ConnectionState> {
    let state = given(connection, "privateLinkServiceConnectionState")?;
    let states = [
        ("Approved", ConnectionState::Approved),
        ("Pending", ConnectionState::Pending),
        ("Rejected", ConnectionState::Rejected),
        ("Disconnected", ConnectionState::Disconnected),
    ];
    states.into_iter().find(|(word, _)| says(state, "status", word)).map(|(_, state)| state)
}

/// Whether a service approves the endpoint by itself: its list holds everybody, or the endpoint's subscription.
///
/// Rule `private-link-approval`: a connection that an endpoint asks for automatically is approved; a manual one waits,
/// unless the service approves its subscription or everybody by itself. Source: azure-services 3.1.
fn approves(service: Option<&RawResource>, endpoint: &str) -> bool {
    let Some(approval) = service.and_then(|service| given(service.properties(), "autoApproval")) else { return false };
    let subscription = endpoint.split('/').nth(2).unwrap_or_default();
    let mut listed = list(approval, "subscriptions").iter().filter_map(Value::as_str);
    listed.any(|one| one == "*" || one.eq_ignore_ascii_case(subscription))
}

pub(super) fn service(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let configs = list(properties, "ipConfigurations");
    let nat = match configs.iter().map(|config| requested(inner(config))).collect::<Result<Vec<_>, Diagnostic>>() {
        Ok(nat) => nat,
        Err(diagnostic) => return out.leave_out(&raw.id, diagnostic),
    };
    let mut draft = raw.draft(Kind::LinkService(LinkService { region: out.region.clone(), nat }));
    // Its addresses may come from several subnets of one VNet; here all are taken from the first.
    let subnet: Option<Arc<str>> = configs.iter().find_map(|config| reference(inner(config), "subnet"));
    if let Some(subnet) = subnet {
        draft = draft.refer(Relation::Attached, subnet);
    }
    for frontend in references(properties, "loadBalancerFrontendIpConfigurations") {
        draft = draft.refer(Relation::Listens, frontend);
    }
    out.node(draft);
}
