//! Functions about resources: ids, `reference()` and its like.

use super::super::session::{Context, Session};
use super::super::stop::{Answer, wrong};
use super::super::target::{Target, TargetKind, management_group_id, resource_id};
use super::{Function, MANY, pure, scoped, text};
use crate::json::{Data, Member, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    scoped("resourceId", 2, MANY, any_resource_id),
    scoped("subscriptionResourceId", 2, MANY, |session, context, a| {
        let own = &session.frame(context.frame).target.subscription_id;
        let (scopes, kind, names) = split_scopes(a)?;
        match scopes[..] {
            [] => id(&format!("/subscriptions/{own}"), kind, &names),
            [subscription] => id(&format!("/subscriptions/{subscription}"), kind, &names),
            _ => Err(wrong("takes one subscription before the type")),
        }
    }),
    pure("tenantResourceId", 2, MANY, |a| {
        let (_, kind, names) = split_scopes(a)?;
        id("", kind, &names)
    }),
    scoped("managementGroupResourceId", 2, MANY, |session, context, a| {
        let own = &session.frame(context.frame).target.management_group;
        let (scopes, kind, names) = split_scopes(a)?;
        id(&management_group_id(scopes.first().unwrap_or(&own.as_str())), kind, &names)
    }),
    pure("extensionResourceId", 3, MANY, |a| {
        let names: Answer<Vec<&str>> = (2..a.len()).map(|at| text(a, at)).collect();
        id(text(a, 0)?.trim_end_matches('/'), text(a, 1)?, &names?)
    }),
    scoped("reference", 1, 3, |session, context, a| session.reference(context, a)),
    scoped("references", 1, 3, |session, context, a| session.references(context, a)),
    scoped("resourceInfo", 1, 1, |session, context, a| session.resource_info(context, a)),
    pure("pickZones", 3, 5, pick_zones),
    scoped("providers", 1, 2, providers),
];

/// `resourceId([subscription], [group], type, name...)`: in the deployment's own scope unless told.
fn any_resource_id(session: &mut Session, context: &Context, arguments: &[Value]) -> Answer<Data> {
    let (scopes, kind, names) = split_scopes(arguments)?;
    let own = &session.frame(context.frame).target;
    let target = match scopes[..] {
        [] => own.clone(),
        [group] if own.kind == TargetKind::ResourceGroup => Target { resource_group: group.to_owned(), ..own.clone() },
        [subscription] => {
            Target { kind: TargetKind::Subscription, subscription_id: subscription.to_owned(), ..own.clone() }
        }
        [subscription, group] => Target {
            kind: TargetKind::ResourceGroup,
            subscription_id: subscription.to_owned(),
            resource_group: group.to_owned(),
            ..own.clone()
        },
        _ => return Err(wrong("takes a subscription and a resource group before the type, nothing else")),
    };
    id(&target.prefix(), kind, &names)
}

fn id(scope: &str, kind: &str, names: &[&str]) -> Answer<Data> {
    // Names may come joined: resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet/subnet').
    let names: Vec<&str> = names.iter().flat_map(|name| name.split('/')).collect();
    resource_id(scope, kind, &names).map(Data::String).map_err(wrong)
}

/// What comes before the type (recognised by its slash), the type, and the names.
fn split_scopes(arguments: &[Value]) -> Answer<(Vec<&str>, &str, Vec<&str>)> {
    let texts: Vec<&str> = (0..arguments.len()).map(|at| text(arguments, at)).collect::<Answer<_>>()?;
    let at = texts.iter().position(|text| text.split_once('/').is_some_and(|(provider, _)| provider.contains('.')));
    let at = at.ok_or_else(|| wrong("no argument is a resource type such as 'Microsoft.Network/virtualNetworks'"))?;
    Ok((texts[..at].to_vec(), texts[at], texts[at + 1..].to_vec()))
}

/// Zones are taken from the first on; which of them a region has is not known here.
fn pick_zones(arguments: &[Value]) -> Answer<Data> {
    let count = if arguments.len() > 3 { super::integer(arguments, 3)? } else { 1 };
    let zones = (1..=count.clamp(0, 3)).map(|zone| Value::new(arguments[0].span, zone.to_string().into()));
    Ok(Data::Array(zones.collect()))
}

/// The API versions a provider has: one that stands for all, as none is known here.
fn providers(session: &mut Session, _: &Context, arguments: &[Value]) -> Answer<Data> {
    let (provider, span) = (text(arguments, 0)?, arguments[0].span);
    let note = "which API versions the provider has is not known; 2024-01-01 stands for them";
    session.assume("arm.api-versions", provider, note, Some(span));
    let location = session.environment.location.as_str();
    let list = |text: &str| Value::new(span, Data::Array(vec![Value::new(span, text.into())]));
    let mut members = vec![Member::new("apiVersions", list("2024-01-01")), Member::new("locations", list(location))];
    if arguments.len() > 1 {
        members.push(Member::new("resourceType", Value::new(span, text(arguments, 1)?.into())));
        return Ok(Data::Object(members));
    }
    let types = Value::new(span, Data::Array(vec![Value::new(span, Data::Object(members))]));
    let namespace = Value::new(span, provider.into());
    Ok(Data::Object(vec![Member::new("namespace", namespace), Member::new("resourceTypes", types)]))
}
