//! Names: zones with their records and links, private and public, and private resolvers with their rules.

use crate::terraform::table::{Field, How, Kind, child, kind, row, same};

const PRIVATE: (&str, &[&str]) = ("Microsoft.Network/privateDnsZones", &["private_dns_zone_name", "zone_name"]);
const PUBLIC: (&str, &[&str]) = ("Microsoft.Network/dnsZones", &["zone_name"]);
const RESOLVER: (&str, &[&str]) = ("Microsoft.Network/dnsResolvers", &["private_dns_resolver_id"]);
const RULESET: (&str, &[&str]) = ("Microsoft.Network/dnsForwardingRulesets", &["dns_forwarding_ruleset_id"]);

pub(super) const KINDS: &[Kind] = &[
    kind("azurerm_private_dns_zone", PRIVATE.0, &[]),
    child(
        "azurerm_private_dns_zone_virtual_network_link",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        PRIVATE,
        &[
            same("virtual_network_id", "virtualNetwork/id"),
            same("registration_enabled", "registrationEnabled"),
            same("resolution_policy", "resolutionPolicy"),
        ],
    ),
    child("azurerm_private_dns_a_record", "Microsoft.Network/privateDnsZones/A", PRIVATE, A),
    child("azurerm_private_dns_aaaa_record", "Microsoft.Network/privateDnsZones/AAAA", PRIVATE, AAAA),
    child("azurerm_private_dns_cname_record", "Microsoft.Network/privateDnsZones/CNAME", PRIVATE, CNAME),
    child("azurerm_private_dns_ptr_record", "Microsoft.Network/privateDnsZones/PTR", PRIVATE, PTR),
    child("azurerm_private_dns_srv_record", "Microsoft.Network/privateDnsZones/SRV", PRIVATE, &[]),
    child("azurerm_private_dns_mx_record", "Microsoft.Network/privateDnsZones/MX", PRIVATE, &[]),
    child("azurerm_private_dns_txt_record", "Microsoft.Network/privateDnsZones/TXT", PRIVATE, TXT),
    kind("azurerm_dns_zone", PUBLIC.0, &[]),
    child("azurerm_dns_a_record", "Microsoft.Network/dnsZones/A", PUBLIC, A),
    child("azurerm_dns_aaaa_record", "Microsoft.Network/dnsZones/AAAA", PUBLIC, AAAA),
    child("azurerm_dns_cname_record", "Microsoft.Network/dnsZones/CNAME", PUBLIC, CNAME),
    child("azurerm_dns_ptr_record", "Microsoft.Network/dnsZones/PTR", PUBLIC, PTR),
    child("azurerm_dns_txt_record", "Microsoft.Network/dnsZones/TXT", PUBLIC, TXT),
    kind("azurerm_private_dns_resolver", RESOLVER.0, &[same("virtual_network_id", "virtualNetwork/id")]),
    child(
        "azurerm_private_dns_resolver_inbound_endpoint",
        "Microsoft.Network/dnsResolvers/inboundEndpoints",
        RESOLVER,
        &[row("ip_configurations", "ipConfigurations", How::Blocks(INBOUND))],
    ),
    child(
        "azurerm_private_dns_resolver_outbound_endpoint",
        "Microsoft.Network/dnsResolvers/outboundEndpoints",
        RESOLVER,
        &[same("subnet_id", "subnet/id")],
    ),
    kind(
        "azurerm_private_dns_resolver_dns_forwarding_ruleset",
        RULESET.0,
        &[row("private_dns_resolver_outbound_endpoint_ids", "dnsResolverOutboundEndpoints", How::Each("id"))],
    ),
    child(
        "azurerm_private_dns_resolver_forwarding_rule",
        "Microsoft.Network/dnsForwardingRulesets/forwardingRules",
        RULESET,
        &[
            same("domain_name", "domainName"),
            row("enabled", "forwardingRuleState", How::Enabled),
            row(
                "target_dns_servers",
                "targetDnsServers",
                How::Blocks(&[same("ip_address", "@ipAddress"), same("port", "@port")]),
            ),
        ],
    ),
    child(
        "azurerm_private_dns_resolver_virtual_network_link",
        "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks",
        RULESET,
        &[same("virtual_network_id", "virtualNetwork/id")],
    ),
];

const A: &[Field] = &[same("ttl", "ttl"), row("records", "aRecords", How::Each("ipv4Address"))];
const AAAA: &[Field] = &[same("ttl", "ttl"), row("records", "aaaaRecords", How::Each("ipv6Address"))];
const CNAME: &[Field] = &[same("ttl", "ttl"), same("record", "cnameRecord/cname")];
const PTR: &[Field] = &[same("ttl", "ttl"), row("records", "ptrRecords", How::Each("ptrdname"))];
const TXT: &[Field] = &[same("ttl", "ttl"), row("record", "txtRecords", How::Blocks(&[same("value", "@value")]))];

const INBOUND: &[Field] = &[
    same("subnet_id", "@subnet/id"),
    same("private_ip_allocation_method", "@privateIpAllocationMethod"),
    same("private_ip_address", "@privateIpAddress"),
];
