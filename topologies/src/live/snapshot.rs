//! The output of `bicep snapshot`: what a deployment would make, evaluated as far as the files alone allow.
//!
//! `main.snapshot.json` holds `predictedResources`, each with its id, type, name, API version and body. What only a
//! deployment can tell is left in it as an expression: `[reference(...)]`, `[subscription().tenantId]`.

use crate::json::{Data, Member, Value};

/// Whether a file is such an output.
pub(crate) fn is_snapshot(value: &Value) -> bool {
    value.get("predictedResources").is_some_and(|list| matches!(list.data, Data::Array(_)))
}

/// The template that would make these resources: the expressions that are left in it are evaluated like any other.
pub(crate) fn as_template(value: &Value) -> Value {
    let list = value.get("predictedResources");
    let resources = list.map(Value::items).unwrap_or_default().iter().map(as_resource).collect();
    let at = list.map_or(value.span, |list| list.span);
    let member = |key: &str, data: Data| Member::new(key, Value::new(at, data));
    let members = vec![member("contentVersion", "1.0.0.0".into()), member("resources", Data::Array(resources))];
    Value::new(value.span, Data::Object(members))
}

/// A resource as a template declares it: its id says the scope.
fn as_resource(predicted: &Value) -> Value {
    let mut resource = predicted.clone();
    let id = predicted.member("id").filter(|id| id.value.as_str().is_some_and(|id| id.starts_with('/')));
    let scope = id.and_then(|id| Some((scope_of(id.value.as_str()?), id)));
    if let (Data::Object(members), Some((scope, id))) = (&mut resource.data, scope) {
        members.retain(|member| !member.key.eq_ignore_ascii_case("scope"));
        let value = Value::new(id.value.span, scope.into());
        members.push(Member { key: "scope".to_owned(), key_span: id.key_span, value });
    }
    resource
}

/// What comes before the provider of the resource itself: a resource group, a subscription, another resource, the tenant.
fn scope_of(id: &str) -> &str {
    let end =
        id.to_ascii_lowercase().rfind("/providers/").or_else(|| id.to_ascii_lowercase().rfind("/resourcegroups/"));
    match end.and_then(|end| id.get(..end)) {
        None | Some("") => "/",
        Some(scope) => scope,
    }
}
