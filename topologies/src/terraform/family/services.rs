//! Services that say from where they may be reached: registries, workspaces, vaults, storage.

use crate::terraform::table::{Field, How, Kind, Link, Place, Target, child, kind, link, row, same};

const WORKSPACE: (&str, &[&str]) = ("Microsoft.MachineLearningServices/workspaces", &["machine_learning_workspace_id"]);

pub(super) const KINDS: &[Kind] = &[
    Kind {
        terraform: "azurerm_container_registry",
        arm: "Microsoft.ContainerRegistry/registries",
        place: Place::Group,
        fields: REGISTRY,
        children: &[("georeplications", "replications", &[same("location", "@name"), same("location", "@location")])],
    },
    kind("azurerm_key_vault", "Microsoft.KeyVault/vaults", VAULT),
    kind("azurerm_storage_account", "Microsoft.Storage/storageAccounts", STORAGE),
    kind("azurerm_machine_learning_workspace", WORKSPACE.0, WORKSPACE_FIELDS),
    child(
        "azurerm_machine_learning_compute_instance",
        "Microsoft.MachineLearningServices/workspaces/computes",
        WORKSPACE,
        &[
            row("", "computeType", How::Text("ComputeInstance")),
            same("virtual_machine_size", "properties/vmSize"),
            same("subnet_resource_id", "properties/subnet/id"),
            same("node_public_ip_enabled", "properties/enableNodePublicIp"),
        ],
    ),
    child(
        "azurerm_machine_learning_compute_cluster",
        "Microsoft.MachineLearningServices/workspaces/computes",
        WORKSPACE,
        &[
            row("", "computeType", How::Text("AmlCompute")),
            same("vm_size", "properties/vmSize"),
            same("subnet_resource_id", "properties/subnet/id"),
            same("node_public_ip_enabled", "properties/enableNodePublicIp"),
        ],
    ),
    kind(
        "azurerm_user_assigned_identity",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        &[same("principal_id", "principalId"), same("client_id", "clientId")],
    ),
];

pub(super) const LINKS: &[Link] =
    &[link("azurerm_storage_account_network_rules", Target::Id("storage_account_id"), None, STORAGE_RULES)];

const REGISTRY: &[Field] = &[
    same("sku", "@sku/name"),
    same("login_server", "loginServer"),
    same("data_endpoint_enabled", "dataEndpointEnabled"),
    row("public_network_access_enabled", "publicNetworkAccess", How::Enabled),
    same("network_rule_bypass_option", "networkRuleBypassOptions"),
    same("network_rule_set/default_action", "networkRuleSet/defaultAction"),
    row(
        "network_rule_set/ip_rule",
        "networkRuleSet/ipRules",
        How::Blocks(&[same("action", "@action"), same("ip_range", "@value")]),
    ),
    row(
        "network_rule_set/virtual_network",
        "networkRuleSet/virtualNetworkRules",
        How::Blocks(&[same("action", "@action"), same("subnet_id", "@id")]),
    ),
];

const VAULT: &[Field] = &[
    same("sku_name", "sku/name"),
    same("vault_uri", "vaultUri"),
    row("public_network_access_enabled", "publicNetworkAccess", How::Enabled),
    same("network_acls/default_action", "networkAcls/defaultAction"),
    same("network_acls/bypass", "networkAcls/bypass"),
    row("network_acls/ip_rules", "networkAcls/ipRules", How::Each("value")),
    row("network_acls/virtual_network_subnet_ids", "networkAcls/virtualNetworkRules", How::Each("id")),
];

const STORAGE: &[Field] = &[
    same("account_kind", "@kind"),
    row("public_network_access_enabled", "publicNetworkAccess", How::Enabled),
    same("is_hns_enabled", "isHnsEnabled"),
    same("network_rules/default_action", "networkAcls/defaultAction"),
    row("network_rules/bypass", "networkAcls/bypass", How::Joined),
    row("network_rules/ip_rules", "networkAcls/ipRules", How::Each("value")),
    row("network_rules/virtual_network_subnet_ids", "networkAcls/virtualNetworkRules", How::Each("id")),
];

const STORAGE_RULES: &[Field] = &[
    same("default_action", "networkAcls/defaultAction"),
    row("bypass", "networkAcls/bypass", How::Joined),
    row("ip_rules", "networkAcls/ipRules", How::Each("value")),
    row("virtual_network_subnet_ids", "networkAcls/virtualNetworkRules", How::Each("id")),
];

const WORKSPACE_FIELDS: &[Field] = &[
    same("sku_name", "@sku/name"),
    same("key_vault_id", "keyVault"),
    same("storage_account_id", "storageAccount"),
    same("container_registry_id", "containerRegistry"),
    same("application_insights_id", "applicationInsights"),
    row("public_network_access_enabled", "publicNetworkAccess", How::Enabled),
    same("public_access_behind_virtual_network_enabled", "allowPublicAccessWhenBehindVnet"),
    same("workspace_id", "workspaceId"),
    same("managed_network/isolation_mode", "managedNetwork/isolationMode"),
];
