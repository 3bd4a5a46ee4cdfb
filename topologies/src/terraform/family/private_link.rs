//! Private endpoints with their zone groups, and private link services.

use crate::terraform::table::{Field, How, Kind, Place, kind, row, same};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        terraform: "azurerm_private_endpoint",
        arm: "Microsoft.Network/privateEndpoints",
        place: Place::Group,
        fields: ENDPOINT,
        children: &[("private_dns_zone_group", "privateDnsZoneGroups", ZONE_GROUP)],
    },
    kind("azurerm_private_link_service", "Microsoft.Network/privateLinkServices", SERVICE),
];

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
