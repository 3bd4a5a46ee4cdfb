//! Where a deployment puts its resources, and the ids that follow from it.

use super::environment::Environment;
use crate::json::Value;

/// The scope a template is deployed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) kind: TargetKind,
    pub(super) subscription_id: String,
    pub(super) resource_group: String,
    pub(super) management_group: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetKind {
    ResourceGroup,
    Subscription,
    ManagementGroup,
    Tenant,
}

impl Target {
    /// The scope a template's `$schema` asks for: `subscriptionDeploymentTemplate.json` and so on; a resource group
    /// otherwise.
    pub(super) fn of_schema(template: &Value, environment: &Environment) -> Self {
        let schema = template.get("$schema").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let to_subscription = environment.resource_group.is_empty();
        let kind = if schema.contains("subscriptiondeploymenttemplate") {
            TargetKind::Subscription
        } else if schema.contains("managementgroupdeploymenttemplate") {
            TargetKind::ManagementGroup
        } else if schema.contains("tenantdeploymenttemplate") {
            TargetKind::Tenant
        } else if to_subscription {
            TargetKind::Subscription
        } else {
            TargetKind::ResourceGroup
        };
        Self {
            kind,
            subscription_id: environment.subscription_id.clone(),
            resource_group: environment.resource_group.clone(),
            management_group: environment.tenant_id.clone(),
        }
    }

    /// The id of the scope itself, without a slash at the end; empty for the tenant.
    pub(super) fn prefix(&self) -> String {
        let Self { kind, subscription_id, resource_group, management_group } = self;
        match kind {
            TargetKind::ResourceGroup => format!("/subscriptions/{subscription_id}/resourceGroups/{resource_group}"),
            TargetKind::Subscription => format!("/subscriptions/{subscription_id}"),
            TargetKind::ManagementGroup => management_group_id(management_group),
            TargetKind::Tenant => String::new(),
        }
    }
}

/// The id of a management group.
pub(super) fn management_group_id(name: &str) -> String {
    format!("/providers/Microsoft.Management/managementGroups/{name}")
}

/// The id of a resource below `scope`: type segments and names interleaved
/// (`Microsoft.Network/virtualNetworks/subnets` and `a/b` give `.../virtualNetworks/a/subnets/b`).
/// A type part `providers` in the middle (old style extension resources) starts a new provider.
///
/// # Errors
/// A sentence, if the number of names does not fit the type.
pub(super) fn resource_id(scope: &str, resource_type: &str, names: &[&str]) -> Result<String, String> {
    let mut types = resource_type.split('/').filter(|part| !part.is_empty());
    let provider = types.next().unwrap_or_default();
    let types: Vec<&str> = types.collect();
    if types.is_empty() || types.len() != names.len() {
        return Err(format!(
            "the type {resource_type} needs {} names, {} are given ({})",
            types.len(),
            names.len(),
            names.join("/")
        ));
    }
    if provider.eq_ignore_ascii_case("Microsoft.Resources") && types[0].eq_ignore_ascii_case("resourceGroups") {
        let subscription = scope.split('/').take(3).collect::<Vec<_>>().join("/");
        return Ok(format!("{subscription}/resourceGroups/{}", names[0]));
    }
    let mut id = String::with_capacity(scope.len() + resource_type.len() + names.len() * 24);
    let parts = types.into_iter().zip(names).flat_map(|(kind, name)| [kind, *name]);
    id.push_str(scope);
    for part in ["providers", provider].into_iter().chain(parts) {
        id.push('/');
        id.push_str(part);
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: names and types in the wrong order, a wrong number of names accepted.
    #[test]
    fn ids_interleave_types_and_names() {
        let id = resource_id("/s", "Microsoft.Network/virtualNetworks/subnets", &["a", "b"]);
        assert_eq!(id.as_deref(), Ok("/s/providers/Microsoft.Network/virtualNetworks/a/subnets/b"));
        assert!(resource_id("/s", "Microsoft.Network/virtualNetworks/subnets", &["a"]).is_err());
        let group = resource_id("/subscriptions/x", "Microsoft.Resources/resourceGroups", &["g"]);
        assert_eq!(group.as_deref(), Ok("/subscriptions/x/resourceGroups/g"));
    }
}
