//! Roles: definitions, assignments, and the files that `az role definition create` takes.

use super::raw::RawResource;
use super::read::{given, list, text};
use super::reading::Reading;
use crate::json::Value;
use sim_core::source::Span;
use sim_core::topology::{Kind, RoleAssignment, RoleDefinition};

pub(super) fn definition(raw: &RawResource, out: &mut Reading) {
    let permissions = list(raw.properties(), "permissions");
    let all = |key| permissions.iter().flat_map(|permission| words(permission, key)).collect();
    out.node(
        raw.draft(Kind::RoleDefinition(RoleDefinition { actions: all("actions"), not_actions: all("notActions") })),
    );
}

pub(super) fn assignment(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let owned = |key| text(properties, key).unwrap_or_default().to_owned();
    // Azure fills the scope in from the place of the assignment.
    let place = raw.id.to_ascii_lowercase().rfind("/providers/microsoft.authorization/").unwrap_or_default();
    let scope = text(properties, "scope").unwrap_or(&raw.id[..place]);
    out.node(raw.draft(Kind::RoleAssignment(RoleAssignment {
        principal: owned("principalId"),
        role: owned("roleDefinitionId"),
        scope: if scope.is_empty() { "/".to_owned() } else { scope.to_owned() },
    })));
}

/// Whether a file is one for `az role definition create`.
pub(crate) fn is_definition(value: &Value) -> bool {
    text(value, "name").or(text(value, "roleName")).is_some()
        && given(value, "actions").is_some()
        && given(value, "assignableScopes").is_some()
}

/// Such a file as a resource. The id is made from the name: Azure would make up a GUID.
pub(crate) fn definition_of(value: &Value) -> RawResource {
    let name = text(value, "name").or(text(value, "roleName")).unwrap_or_default();
    let id = format!("/providers/Microsoft.Authorization/roleDefinitions/{name}");
    let span: Span = value.span;
    let permission = Value::new(span, value.data.clone());
    let permissions = Value::new(span, crate::json::Data::Array(vec![permission]));
    let member = crate::json::Member { key: "permissions".to_owned(), key_span: span, value: permissions };
    RawResource {
        id: id.into(),
        resource_type: "Microsoft.Authorization/roleDefinitions".to_owned(),
        name: name.to_owned(),
        location: None,
        api_version: String::new(),
        body: Value::new(span, crate::json::Data::Object(vec![member])),
        span,
        owner: None,
    }
}

fn words(within: &Value, key: &str) -> Vec<String> {
    list(within, key).iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
