//! Private endpoints, private link services, private zones and their records.

use crate::terraform::table::{Field, How, Kind, Place, child, kind, row, same};

const ZONE: (&str, &[&str]) = ("Microsoft.Network/privateDnsZones", &["private_dns_zone_name", "zone_name"]);

pub(super) const KINDS: &[Kind] = &[
    Kind {
        terraform: "azurerm_private_endpoint",
        arm: "Microsoft.Network/privateEndpoints",
        place: Place::Group,
        fields: ENDPOINT,
        children: &[("private_dns_zone_group", "privateDnsZoneGroups", ZONE_GROUP)],
    },
    kind("azurerm_private_link_service", "Microsoft.Network/privateLinkServices", SERVICE),
    kind("azurerm_private_dns_zone", ZONE.0, &[]),
    child(
        "azurerm_private_dns_zone_virtual_network_link",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        ZONE,
        &[
            same("virtual_network_id", "virtualNetwork/id"),
            same("registration_enabled", "registrationEnabled"),
            same("resolution_policy", "resolutionPolicy"),
        ],
    ),
    record("azurerm_private_dns_a_record", "Microsoft.Network/privateDnsZones/A", A),
    record("azurerm_private_dns_aaaa_record", "Microsoft.Network/privateDnsZones/AAAA", AAAA),
    record("azurerm_private_dns_cname_record", "Microsoft.Network/privateDnsZones/CNAME", CNAME),
    record("azurerm_private_dns_ptr_record", "Microsoft.Network/privateDnsZones/PTR", PTR),
    record("azurerm_private_dns_srv_record", "Microsoft.Network/privateDnsZones/SRV", &[]),
    record("azurerm_private_dns_mx_record", "Microsoft.Network/privateDnsZones/MX", &[]),
    record("azurerm_private_dns_txt_record", "Microsoft.Network/privateDnsZones/TXT", &[]),
];

const fn record(terraform: &'static str, arm: &'static str, fields: &'static [Field]) -> Kind {
    child(terraform, arm, ZONE, fields)
}

const A: &[Field] = &[same("ttl", "ttl"), row("records", "aRecords", How::Each("ipv4Address"))];
const AAAA: &[Field] = &[same("ttl", "ttl"), row("records", "aaaaRecords", How::Each("ipv6Address"))];
const CNAME: &[Field] = &[same("ttl", "ttl"), same("record", "cnameRecord/cname")];
const PTR: &[Field] = &[same("ttl", "ttl"), row("records", "ptrRecords", How::Each("ptrdname"))];

const ENDPOINT: &[Field] = &[
    same("subnet_id", "subnet/id"),
    same("custom_network_interface_name", "customNetworkInterfaceName"),
    row(
        "private_service_connection",
        "privateLinkServiceConnections",
        How::BlocksIf("is_manual_connection", false, CONNECTION),
    ),
    row(
        "private_service_connection",
        "manualPrivateLinkServiceConnections",
        How::BlocksIf("is_manual_connection", true, CONNECTION),
    ),
    row("ip_configuration", "ipConfigurations", How::Blocks(ENDPOINT_ADDRESS)),
];

const CONNECTION: &[Field] = &[
    same("name", "@name"),
    same("private_connection_resource_id", "privateLinkServiceId"),
    same("private_connection_resource_alias", "privateLinkServiceId"),
    same("subresource_names", "groupIds"),
];

const ENDPOINT_ADDRESS: &[Field] = &[
    same("name", "@name"),
    same("private_ip_address", "privateIPAddress"),
    same("subresource_name", "groupId"),
    same("member_name", "memberName"),
];

const ZONE_GROUP: &[Field] =
    &[same("name", "@name"), row("private_dns_zone_ids", "privateDnsZoneConfigs", How::Named("privateDnsZoneId"))];

const SERVICE: &[Field] = &[
    row("nat_ip_configuration", "ipConfigurations", How::Blocks(SERVICE_ADDRESS)),
    row("load_balancer_frontend_ip_configuration_ids", "loadBalancerFrontendIpConfigurations", How::Each("id")),
    same("auto_approval_subscription_ids", "autoApproval/subscriptions"),
    same("visibility_subscription_ids", "visibility/subscriptions"),
    same("enable_proxy_protocol", "enableProxyProtocol"),
    same("proxy_protocol_enabled", "enableProxyProtocol"),
    same("fqdns", "fqdns"),
    same("alias", "alias"),
];

const SERVICE_ADDRESS: &[Field] = &[
    same("name", "@name"),
    same("primary", "primary"),
    same("subnet_id", "subnet/id"),
    same("private_ip_address_version", "privateIPAddressVersion"),
    row("private_ip_address", "privateIPAddress", How::Address),
];
