//! Firewalls, policies, rule collections, IP groups, bastions and application gateways.

use crate::terraform::table::{Field, How, Kind, Link, Target, child, kind, link, row, same};

const FIREWALL: &str = "Microsoft.Network/azureFirewalls";
const POLICY: &str = "Microsoft.Network/firewallPolicies";

pub(super) const KINDS: &[Kind] = &[
    kind("azurerm_firewall", FIREWALL, OWN),
    kind("azurerm_firewall_policy", POLICY, POLICY_FIELDS),
    child(
        "azurerm_firewall_policy_rule_collection_group",
        "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        (POLICY, &["firewall_policy_id"]),
        &[
            same("priority", "priority"),
            row("application_rule_collection", "ruleCollections", How::Blocks(APPLICATION_COLLECTION)),
            row("network_rule_collection", "ruleCollections", How::Blocks(NETWORK_COLLECTION)),
            row("nat_rule_collection", "ruleCollections", How::Blocks(NAT_COLLECTION)),
        ],
    ),
    kind("azurerm_ip_group", "Microsoft.Network/ipGroups", &[same("cidrs", "ipAddresses")]),
    kind("azurerm_bastion_host", "Microsoft.Network/bastionHosts", BASTION),
    kind("azurerm_application_gateway", "Microsoft.Network/applicationGateways", APPLICATION_GATEWAY),
];

pub(super) const LINKS: &[Link] = &[
    link("azurerm_firewall_network_rule_collection", OF_FIREWALL, Some("networkRuleCollections"), CLASSIC_NETWORK),
    link(
        "azurerm_firewall_application_rule_collection",
        OF_FIREWALL,
        Some("applicationRuleCollections"),
        CLASSIC_APPLICATION,
    ),
    link("azurerm_firewall_nat_rule_collection", OF_FIREWALL, Some("natRuleCollections"), CLASSIC_NAT),
    link("azurerm_ip_group_cidr", Target::Id("ip_group_id"), None, &[row("cidr", "ipAddresses", How::One)]),
];

const OF_FIREWALL: Target = Target::Named(FIREWALL, "azure_firewall_name");

const OWN: &[Field] = &[
    same("sku_name", "sku/name"),
    same("sku_tier", "sku/tier"),
    same("zones", "@zones"),
    same("firewall_policy_id", "firewallPolicy/id"),
    same("threat_intel_mode", "threatIntelMode"),
    same("virtual_hub/virtual_hub_id", "virtualHub/id"),
    row("private_ip_ranges", "additionalProperties/Network.SNAT.PrivateRanges", How::Joined),
    row("ip_configuration", "ipConfigurations", How::Blocks(ADDRESS)),
    row("management_ip_configuration", "managementIpConfiguration", How::Block(ADDRESS)),
];

const ADDRESS: &[Field] = &[
    same("name", "@name"),
    same("subnet_id", "subnet/id"),
    same("public_ip_address_id", "publicIPAddress/id"),
    same("private_ip_address", "privateIPAddress"),
];

const POLICY_FIELDS: &[Field] = &[
    same("sku", "sku/tier"),
    same("base_policy_id", "basePolicy/id"),
    same("threat_intelligence_mode", "threatIntelMode"),
    same("private_ip_ranges", "snat/privateRanges"),
    row("auto_learn_private_ranges_enabled", "snat/autoLearnPrivateRanges", How::Enabled),
    same("dns/proxy_enabled", "dnsSettings/enableProxy"),
    same("dns/servers", "dnsSettings/servers"),
    same("intrusion_detection/mode", "intrusionDetection/mode"),
    same("tls_certificate/name", "transportSecurity/certificateAuthority/name"),
];

/// A rule collection of a policy, with rules of this kind.
macro_rules! collection {
    ($kind:literal, $rule:expr) => {
        &[
            row("", "@ruleCollectionType", How::Text($kind)),
            same("name", "@name"),
            same("priority", "@priority"),
            same("action", "@action/type"),
            row("rule", "@rules", How::Blocks($rule)),
        ]
    };
}

const APPLICATION_COLLECTION: &[Field] = collection!("FirewallPolicyFilterRuleCollection", APPLICATION_RULE);
const NETWORK_COLLECTION: &[Field] = collection!("FirewallPolicyFilterRuleCollection", NETWORK_RULE);
/// Terraform writes the action down as `Dnat`, Azure as `DNAT`.
const NAT_COLLECTION: &[Field] = collection!("FirewallPolicyNatRuleCollection", NAT_RULE);

/// A rule collection of a firewall itself.
macro_rules! classic_collection {
    ($rule:expr) => {
        &[
            same("name", "@name"),
            same("priority", "priority"),
            same("action", "action/type"),
            row("rule", "rules", How::Blocks($rule)),
        ]
    };
}

const CLASSIC_NETWORK: &[Field] = classic_collection!(CLASSIC_NETWORK_RULE);
const CLASSIC_APPLICATION: &[Field] = classic_collection!(CLASSIC_APPLICATION_RULE);
const CLASSIC_NAT: &[Field] = classic_collection!(CLASSIC_NAT_RULE);

/// What a network rule has, in a policy and in a firewall itself: beside its type, the name of the protocols differs.
macro_rules! network_rule {
    ($protocols:literal $(, $kind:expr)?) => {
        &[
            $($kind,)?
            same("name", "@name"),
            same("protocols", $protocols),
            same("source_addresses", "@sourceAddresses"),
            same("source_ip_groups", "@sourceIpGroups"),
            same("destination_addresses", "@destinationAddresses"),
            same("destination_ip_groups", "@destinationIpGroups"),
            same("destination_fqdns", "@destinationFqdns"),
            same("destination_ports", "@destinationPorts"),
        ]
    };
}

const NETWORK_RULE: &[Field] = network_rule!("@ipProtocols", row("", "@ruleType", How::Text("NetworkRule")));
const CLASSIC_NETWORK_RULE: &[Field] = network_rule!("@protocols");

/// The same for a translation. A policy's has one destination, a firewall's own a list.
macro_rules! nat_rule {
    ($protocols:literal $(, $kind:expr)?) => {
        &[
            $($kind,)?
            same("name", "@name"),
            same("protocols", $protocols),
            same("source_addresses", "@sourceAddresses"),
            same("source_ip_groups", "@sourceIpGroups"),
            row("destination_address", "@destinationAddresses", How::One),
            same("destination_addresses", "@destinationAddresses"),
            same("destination_ports", "@destinationPorts"),
            same("translated_address", "@translatedAddress"),
            same("translated_fqdn", "@translatedFqdn"),
            same("translated_port", "@translatedPort"),
        ]
    };
}

const NAT_RULE: &[Field] = nat_rule!("@ipProtocols", row("", "@ruleType", How::Text("NatRule")));
const CLASSIC_NAT_RULE: &[Field] = nat_rule!("@protocols");

const APPLICATION_RULE: &[Field] = &[
    row("", "@ruleType", How::Text("ApplicationRule")),
    same("name", "@name"),
    same("source_addresses", "@sourceAddresses"),
    same("source_ip_groups", "@sourceIpGroups"),
    same("destination_addresses", "@destinationAddresses"),
    same("destination_fqdns", "@targetFqdns"),
    same("destination_urls", "@targetUrls"),
    same("destination_fqdn_tags", "@fqdnTags"),
    same("web_categories", "@webCategories"),
    same("terminate_tls", "@terminateTLS"),
    row("protocols", "@protocols", How::Blocks(SPOKEN)),
];

const SPOKEN: &[Field] = &[same("type", "@protocolType"), row("port", "@port", How::Positive)];

const CLASSIC_APPLICATION_RULE: &[Field] = &[
    same("name", "@name"),
    same("source_addresses", "@sourceAddresses"),
    same("source_ip_groups", "@sourceIpGroups"),
    same("target_fqdns", "@targetFqdns"),
    same("fqdn_tags", "@fqdnTags"),
    row("protocol", "@protocols", How::Blocks(SPOKEN)),
];

const BASTION: &[Field] = &[
    same("sku", "@sku/name"),
    same("virtual_network_id", "virtualNetwork/id"),
    row("ip_configuration", "ipConfigurations", How::Blocks(ADDRESS)),
];

const APPLICATION_GATEWAY: &[Field] = &[
    same("sku/name", "sku/name"),
    same("sku/tier", "sku/tier"),
    row(
        "gateway_ip_configuration",
        "gatewayIPConfigurations",
        How::Blocks(&[same("name", "@name"), same("subnet_id", "subnet/id")]),
    ),
    row(
        "frontend_ip_configuration",
        "frontendIPConfigurations",
        How::Blocks(&[
            same("name", "@name"),
            same("subnet_id", "subnet/id"),
            same("public_ip_address_id", "publicIPAddress/id"),
            same("private_ip_address_allocation", "privateIPAllocationMethod"),
            same("private_ip_address", "privateIPAddress"),
        ]),
    ),
    row("frontend_port", "frontendPorts", How::Blocks(&[same("name", "@name"), same("port", "port")])),
    row(
        "backend_address_pool",
        "backendAddressPools",
        How::Blocks(&[same("name", "@name"), row("ip_addresses", "backendAddresses", How::Each("ipAddress"))]),
    ),
];
