//! `privateEndpoints` and `privateLinkServices` (azure-services 3.1 and 4.1).

use super::nic::requested;
use super::raw::{RawResource, Resources};
use super::read::{given, inner, list, reference, references, says, text};
use super::reading::Reading;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::topology::{ConnectionState, Kind, LinkService, PrivateEndpoint, Relation};
use std::sync::Arc;

pub(super) fn endpoint(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let properties = raw.properties();
    let automatic = list(properties, "privateLinkServiceConnections").first();
    let manual = list(properties, "manualPrivateLinkServiceConnections").first();
    let connection = automatic.or(manual).map(inner);
    let target = connection.and_then(|it| text(it, "privateLinkServiceId")).map(super::tidy);
    let approved = automatic.is_some() || target.as_ref().is_some_and(|target| approves(all.get(target), &raw.id));
    let state = connection.and_then(state).unwrap_or(if approved {
        ConnectionState::Approved
    } else {
        ConnectionState::Pending
    });
    let mut draft = raw.draft(Kind::PrivateEndpoint(PrivateEndpoint::new(out.region.clone(), state)));
    if let Some(subnet) = reference(properties, "subnet") {
        draft = draft.refer(Relation::Attached, subnet);
    }
    // An alias names a service of somebody else, which no input holds.
    if let Some(target) = target.filter(|target| target.starts_with('/')) {
        draft = draft.refer(Relation::Target, target);
    }
    out.node(draft);
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
