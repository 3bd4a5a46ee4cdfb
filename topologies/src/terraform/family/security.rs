//! Security groups, their rules, application security groups, roles.

use crate::terraform::table::{Field, How, Kind, Link, Place, child, kind, row, same};

pub(super) const KINDS: &[Kind] = &[
    kind(
        "azurerm_network_security_group",
        "Microsoft.Network/networkSecurityGroups",
        &[row("security_rule", "securityRules", How::Blocks(INLINE_RULE))],
    ),
    child(
        "azurerm_network_security_rule",
        "Microsoft.Network/networkSecurityGroups/securityRules",
        ("Microsoft.Network/networkSecurityGroups", &["network_security_group_id", "network_security_group_name"]),
        RULE,
    ),
    kind("azurerm_application_security_group", "Microsoft.Network/applicationSecurityGroups", &[]),
    Kind {
        terraform: "azurerm_role_assignment",
        arm: "Microsoft.Authorization/roleAssignments",
        place: Place::Scope("scope"),
        fields: &[
            same("principal_id", "principalId"),
            same("principal_type", "principalType"),
            same("role_definition_id", "roleDefinitionId"),
            same("role_definition_name", "roleDefinitionId"),
            same("scope", "scope"),
        ],
        children: &[],
    },
    Kind {
        terraform: "azurerm_role_definition",
        arm: "Microsoft.Authorization/roleDefinitions",
        place: Place::Scope("scope"),
        fields: &[
            same("name", "roleName"),
            same("assignable_scopes", "assignableScopes"),
            row(
                "permissions",
                "permissions",
                How::Blocks(&[same("actions", "@actions"), same("not_actions", "@notActions")]),
            ),
        ],
        children: &[],
    },
];

pub(super) const LINKS: &[Link] = &[];

macro_rules! rule_and {
    ($($more:expr),*) => {
        &[
            $($more,)*
            same("priority", "priority"),
            same("direction", "direction"),
            same("access", "access"),
            same("protocol", "protocol"),
            same("source_port_range", "sourcePortRange"),
            same("source_port_ranges", "sourcePortRanges"),
            same("destination_port_range", "destinationPortRange"),
            same("destination_port_ranges", "destinationPortRanges"),
            same("source_address_prefix", "sourceAddressPrefix"),
            same("source_address_prefixes", "sourceAddressPrefixes"),
            same("destination_address_prefix", "destinationAddressPrefix"),
            same("destination_address_prefixes", "destinationAddressPrefixes"),
            row("source_application_security_group_ids", "sourceApplicationSecurityGroups", How::Each("id")),
            row("destination_application_security_group_ids", "destinationApplicationSecurityGroups", How::Each("id")),
        ]
    };
}

const RULE: &[Field] = rule_and!();
const INLINE_RULE: &[Field] = rule_and!(same("name", "@name"));
