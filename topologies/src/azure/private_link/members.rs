//! The addresses of a private endpoint: one for each part of its service that belongs to the group it asks for.

use super::super::id::resource_type;
use super::super::raw::{RawResource, Resources};
use super::super::read::{address, given, inner, list, text};
use super::super::service::{self, Front};
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::Addr;
use sim_core::topology::EndpointMember;
use std::sync::Arc;

/// The members of an endpoint for `target`, in the order in which Azure lists them. Of a service of which nothing is known
/// there is one, or as many as were read back.
///
/// Rule `endpoint-members`: a private endpoint has an address for each part of its service that the group holds: for a
/// registry data endpoints first, then the registry; for a workspace API, notebooks and inference. Source: azure-services
/// 4.2, 1.C (C21).
pub(super) fn members(
    raw: &RawResource,
    all: &Resources,
    connection: Option<&Value>,
    target: Option<&Arc<str>>,
    region: &Arc<str>,
) -> Result<Vec<EndpointMember>, Diagnostic> {
    let mut members = match (connection, target) {
        (Some(connection), Some(target)) => of_group(raw, all, connection, target, region)?,
        _ => Vec::new(),
    };
    let found = read_back(raw, all)?;
    if members.is_empty() {
        members = if found.is_empty() { of_configurations(raw)? } else { found };
    } else if found.is_empty() {
        ask(raw, &mut members)?;
    } else {
        for member in &mut members {
            let own = found.iter().find(|own| is_same(own, member)).or(found.first().filter(|_| found.len() == 1));
            member.requested = own.and_then(|own| own.requested);
        }
    }
    if members.is_empty() {
        members.push(EndpointMember::default());
    }
    Ok(members)
}

fn is_same(read: &EndpointMember, member: &EndpointMember) -> bool {
    (!read.member.is_empty() && read.member.eq_ignore_ascii_case(&member.member))
        || read.names.iter().any(|name| member.names.iter().any(|own| own.eq_ignore_ascii_case(name)))
}

/// The parts of a service that the group of a connection holds.
///
/// Rule `refuse-endpoint-group`: a private endpoint asks for one group, which its service has. Source: azure-services 1.C
/// (C19), 4.1. Code and text for more than one were seen in a public report (DFE-Digital/terraform-azurerm-container-apps-hosting
/// issue 352); the text for an unknown one, too (hashicorp/terraform-provider-azurerm issue 11778), its code not.
fn of_group(
    raw: &RawResource,
    all: &Resources,
    connection: &Value,
    target: &Arc<str>,
    region: &Arc<str>,
) -> Result<Vec<EndpointMember>, Diagnostic> {
    let kind = resource_type(target);
    let asked = given(inner(connection), "groupIds");
    let groups: Vec<&str> =
        list(inner(connection), "groupIds").iter().filter_map(Value::as_str).map(str::trim).collect();
    if let (true, Some(asked), true) = (groups.len() > 1, asked, service::is_service(&kind)) {
        let name = text(connection, "name").unwrap_or_default();
        let message = format!(
            "Private link service connection {}/privateLinkServiceConnections/{name} has the following group Ids: {}. \
             Only one group Id is permitted when connecting to a first-party resource ({target}).",
            raw.id,
            groups.join(", ")
        );
        return Err(Diagnostic::error("OnlyOneGroupIdPermitted", message).at(asked.span));
    }
    let group = groups.first().copied().or_else(|| service::only_group(&kind));
    let Some(group) = group else { return Ok(Vec::new()) };
    if service::is_complete(&kind) && !service::has_group(&kind, group) && !group.contains('<') {
        let message = format!("Call to {kind} failed. Error message: Invalid groupId {group}");
        let span = asked.map_or(connection.span, |asked| asked.span);
        let groups = service::groups(&kind).join(", ");
        let help = format!("its groups are {groups}");
        return Err(Diagnostic::error("InvalidGroupId", message).at(span).help(help));
    }
    let stranger = service::stand_in(target, region);
    let known = all.get(target).unwrap_or(&stranger);
    let home = known.region(all).unwrap_or_else(|| region.clone());
    let fronts = service::fronts(known, all, &home);
    // What a group is called that the table does not hold is not known; it leads to the service all the same.
    let unknown = fronts.first().filter(|_| !service::has_group(&kind, group)).map(|front| front.member.clone());
    let unknown = unknown.map(|member| EndpointMember { member, ..EndpointMember::default() });
    let fits = fronts.into_iter().filter(|front| front.group.eq_ignore_ascii_case(group));
    Ok(fits.map(member).chain(unknown).collect())
}

fn member(front: Front) -> EndpointMember {
    let names = front.names.into_iter().map(|(name, _)| name).collect();
    EndpointMember { member: front.member, names, ..EndpointMember::default() }
}

/// The addresses that an endpoint got, where it was read back with its NIC, or with the names it stands for.
fn read_back(raw: &RawResource, all: &Resources) -> Result<Vec<EndpointMember>, Diagnostic> {
    let properties = raw.properties();
    let nic = list(properties, "networkInterfaces").first().and_then(|nic| all.get(text(nic, "id")?));
    let configs = nic.map(|nic| list(nic.properties(), "ipConfigurations")).unwrap_or_default();
    let mut found = Vec::new();
    for config in configs.iter().map(inner) {
        let Some(written) = given(config, "privateIPAddress") else { continue };
        let what = given(config, "privateLinkConnectionProperties");
        let names = what.map(|what| list(what, "fqdns")).unwrap_or_default();
        found.push(EndpointMember {
            member: what.and_then(|what| text(what, "requiredMemberName")).unwrap_or_default().into(),
            names: names.iter().filter_map(Value::as_str).map(Arc::from).collect(),
            requested: Some(address(written)?),
            address: None,
        });
    }
    if found.is_empty() && given(properties, "provisioningState").is_some() {
        for config in list(properties, "customDnsConfigs") {
            let (Some(name), Some(written)) = (text(config, "fqdn"), list(config, "ipAddresses").first()) else {
                continue;
            };
            let own: Addr = address(written)?;
            match found.iter_mut().find(|known| known.requested == Some(own)) {
                Some(known) => known.names.push(name.into()),
                None => found.push(EndpointMember {
                    names: vec![name.into()],
                    requested: Some(own),
                    ..EndpointMember::default()
                }),
            }
        }
    }
    Ok(found)
}

/// The addresses that an endpoint of an unknown service asks for.
fn of_configurations(raw: &RawResource) -> Result<Vec<EndpointMember>, Diagnostic> {
    let configs = list(raw.properties(), "ipConfigurations").iter().map(inner);
    let asked = configs.filter_map(|config| Some((config, given(config, "privateIPAddress")?)));
    let member = |(config, written): (&Value, &Value)| {
        let member = text(config, "memberName").unwrap_or_default().into();
        Ok(EndpointMember { member, requested: Some(address(written)?), ..EndpointMember::default() })
    };
    asked.map(member).collect()
}

/// Gives members the addresses that `ipConfigurations` ask for.
///
/// Rule `refuse-endpoint-members`: a private endpoint that asks for addresses asks for one for each part of its service.
/// Source: azure-services 4.2. Code and text are from public reports (hashicorp/terraform-provider-azurerm issue 21781, and
/// templates that quote the answer).
fn ask(raw: &RawResource, members: &mut [EndpointMember]) -> Result<(), Diagnostic> {
    let all = given(raw.properties(), "ipConfigurations");
    let configs: Vec<&Value> = list(raw.properties(), "ipConfigurations").iter().map(inner).collect();
    let Some(all) = all.filter(|_| !configs.is_empty()) else { return Ok(()) };
    let only = members.len() == 1;
    for member in &mut *members {
        let names = |config: &&&Value| {
            text(config, "memberName").is_some_and(|own| own.eq_ignore_ascii_case(&member.member)) || only
        };
        let written = configs.iter().find(names).and_then(|config| given(config, "privateIPAddress"));
        member.requested = written.map(address).transpose()?;
    }
    if members.iter().all(|member| member.requested.is_some()) {
        return Ok(());
    }
    let told = |config: &&Value| {
        let word = |key| text(config, key).unwrap_or_default();
        format!(
            "PrivateIPAddress: {}, GroupId: {}, MemberName: {}",
            word("privateIPAddress"),
            word("groupId"),
            word("memberName")
        )
    };
    let told: Vec<String> = configs.iter().map(told).collect();
    let missing: Vec<String> = members.iter().map(|member| format!("MemberName: {}", member.member)).collect();
    let message = format!(
        "Private Endpoint {} contains static ipconfigurations: [{}] and its missing these membernames/groupids requested by \
         Private Link service [{}]. Private Endpoint needs to be reconfigured with missing memberNames.",
        raw.id,
        told.join("; "),
        missing.join("; ")
    );
    Err(Diagnostic::error("PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps", message).at(all.span))
}
