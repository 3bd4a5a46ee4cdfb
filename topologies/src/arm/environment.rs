//! What a template learns from its surroundings.

use super::uuid;

/// The surroundings of a deployment: what `subscription()`, `resourceGroup()`, `deployment()`, `utcNow()` and
/// `newGuid()` answer. Two runs with the same environment give the same result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Subscription id (a GUID).
    pub subscription_id: String,
    /// Tenant id (a GUID).
    pub tenant_id: String,
    /// Resource group the template is deployed to; empty for a deployment to the subscription.
    pub resource_group: String,
    /// The resource groups that exist beside it, which templates may deploy to; `None` where any may be there.
    pub other_groups: Option<Vec<String>>,
    /// Location of the resource group, as its short name (`westeurope`).
    pub location: String,
    /// Name of the deployment; `az` takes the template's file name without extension.
    pub deployment_name: String,
    /// Where the template is said to come from: `deployment().properties.templateLink.uri`.
    pub template_uri: String,
    /// The instant of the deployment, in seconds since 1970-01-01 UTC: `utcNow()`.
    pub now_s: i64,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            subscription_id: "00000000-0000-0000-0000-000000000000".to_owned(),
            tenant_id: uuid::of("vnetsim tenant"),
            resource_group: "vnetsim-rg".to_owned(),
            other_groups: None,
            location: "eastus".to_owned(),
            deployment_name: "main".to_owned(),
            template_uri: "https://templates.invalid/azuredeploy.json".to_owned(),
            // 2026-01-01T00:00:00Z
            now_s: 1_767_225_600,
        }
    }
}
