//! Groups, networks, subnets, peerings, routes, addresses, NAT gateways and NICs.

use crate::terraform::table::{Field, How, Kind, Link, Place, Target, child, kind, link, row, same};

const VNET: (&str, &[&str]) = ("Microsoft.Network/virtualNetworks", &["virtual_network_id", "virtual_network_name"]);
const TABLE: (&str, &[&str]) = ("Microsoft.Network/routeTables", &["route_table_id", "route_table_name"]);

pub(super) const KINDS: &[Kind] = &[
    Kind {
        terraform: "azurerm_resource_group",
        arm: "Microsoft.Resources/resourceGroups",
        place: Place::Subscription,
        fields: &[],
        children: &[],
    },
    kind("azurerm_virtual_network", VNET.0, NETWORK),
    child("azurerm_subnet", "Microsoft.Network/virtualNetworks/subnets", VNET, SUBNET),
    child("azurerm_virtual_network_peering", "Microsoft.Network/virtualNetworks/virtualNetworkPeerings", VNET, PEERING),
    kind("azurerm_route_table", TABLE.0, ROUTE_TABLE),
    child("azurerm_route", "Microsoft.Network/routeTables/routes", TABLE, ROUTE),
    kind("azurerm_public_ip", "Microsoft.Network/publicIPAddresses", PUBLIC_IP),
    kind("azurerm_public_ip_prefix", "Microsoft.Network/publicIPPrefixes", PREFIX),
    kind("azurerm_nat_gateway", "Microsoft.Network/natGateways", NAT_GATEWAY),
    kind("azurerm_network_interface", "Microsoft.Network/networkInterfaces", NIC),
    kind("azurerm_network_profile", "Microsoft.Network/networkProfiles", PROFILE),
];

pub(super) const LINKS: &[Link] = &[
    link(
        "azurerm_virtual_network_dns_servers",
        Target::Id("virtual_network_id"),
        None,
        &[same("dns_servers", "dhcpOptions/dnsServers")],
    ),
    link(
        "azurerm_subnet_network_security_group_association",
        Target::Id("subnet_id"),
        None,
        &[same("network_security_group_id", "networkSecurityGroup/id")],
    ),
    link(
        "azurerm_subnet_route_table_association",
        Target::Id("subnet_id"),
        None,
        &[same("route_table_id", "routeTable/id")],
    ),
    link(
        "azurerm_subnet_nat_gateway_association",
        Target::Id("subnet_id"),
        None,
        &[same("nat_gateway_id", "natGateway/id")],
    ),
    link(
        "azurerm_nat_gateway_public_ip_association",
        Target::Id("nat_gateway_id"),
        Some("publicIpAddresses"),
        &[same("public_ip_address_id", "@id")],
    ),
    link(
        "azurerm_nat_gateway_public_ip_prefix_association",
        Target::Id("nat_gateway_id"),
        Some("publicIpPrefixes"),
        &[same("public_ip_prefix_id", "@id")],
    ),
    link(
        "azurerm_network_interface_security_group_association",
        Target::Id("network_interface_id"),
        None,
        &[same("network_security_group_id", "networkSecurityGroup/id")],
    ),
    link(
        "azurerm_network_interface_application_security_group_association",
        Target::Parts("network_interface_id", "ipConfigurations"),
        Some("applicationSecurityGroups"),
        &[same("application_security_group_id", "@id")],
    ),
    link(
        "azurerm_network_interface_backend_address_pool_association",
        Target::Part("network_interface_id", "ipConfigurations", "ip_configuration_name"),
        Some("loadBalancerBackendAddressPools"),
        &[same("backend_address_pool_id", "@id")],
    ),
    link(
        "azurerm_network_interface_nat_rule_association",
        Target::Part("network_interface_id", "ipConfigurations", "ip_configuration_name"),
        Some("loadBalancerInboundNatRules"),
        &[same("nat_rule_id", "@id")],
    ),
    link(
        "azurerm_network_interface_application_gateway_backend_address_pool_association",
        Target::Part("network_interface_id", "ipConfigurations", "ip_configuration_name"),
        Some("applicationGatewayBackendAddressPools"),
        &[same("backend_address_pool_id", "@id")],
    ),
];

const NETWORK: &[Field] = &[
    same("address_space", "addressSpace/addressPrefixes"),
    row("ip_address_pool", "addressSpace/ipamPoolPrefixAllocations", How::Blocks(POOL)),
    same("dns_servers", "dhcpOptions/dnsServers"),
    row("flow_timeout_in_minutes", "flowTimeoutInMinutes", How::Positive),
    row("subnet", "subnets", How::Blocks(INLINE_SUBNET)),
    // Of a data source: names alone.
    row("subnets", "subnets", How::Each("name")),
];

const POOL: &[Field] = &[same("id", "@pool/id"), same("number_of_ip_addresses", "@numberOfIpAddresses")];

/// A subnet inside a network. Terraform writes down there too what Azure has of subnets that are declared on their own.
const INLINE_SUBNET: &[Field] = &[
    same("name", "@name"),
    same("address_prefixes", "addressPrefixes"),
    same("address_prefix", "addressPrefix"),
    same("security_group", "networkSecurityGroup/id"),
    same("route_table_id", "routeTable/id"),
    row("delegation", "delegations", How::Blocks(DELEGATION)),
    row("service_endpoints", "serviceEndpoints", How::Each("service")),
    same("default_outbound_access_enabled", "defaultOutboundAccess"),
    same("private_endpoint_network_policies", "privateEndpointNetworkPolicies"),
    row("private_link_service_network_policies_enabled", "privateLinkServiceNetworkPolicies", How::Enabled),
];

/// Before azurerm 3 `enforce_...` said the opposite of its name: true switched the policies off.
const SUBNET: &[Field] = &[
    same("address_prefixes", "addressPrefixes"),
    same("address_prefix", "addressPrefix"),
    row("ip_address_pool", "ipamPoolPrefixAllocations", How::Blocks(POOL)),
    same("network_security_group_id", "networkSecurityGroup/id"),
    same("route_table_id", "routeTable/id"),
    row("delegation", "delegations", How::Blocks(DELEGATION)),
    row("service_endpoints", "serviceEndpoints", How::Each("service")),
    same("default_outbound_access_enabled", "defaultOutboundAccess"),
    same("private_endpoint_network_policies", "privateEndpointNetworkPolicies"),
    row("private_endpoint_network_policies_enabled", "privateEndpointNetworkPolicies", How::Enabled),
    row("enforce_private_link_endpoint_network_policies", "privateEndpointNetworkPolicies", How::Disabled),
    row("private_link_service_network_policies_enabled", "privateLinkServiceNetworkPolicies", How::Enabled),
    row("enforce_private_link_service_network_policies", "privateLinkServiceNetworkPolicies", How::Disabled),
];

const DELEGATION: &[Field] = &[same("name", "@name"), same("service_delegation/name", "serviceName")];

const PEERING: &[Field] = &[
    same("remote_virtual_network_id", "remoteVirtualNetwork/id"),
    same("allow_virtual_network_access", "allowVirtualNetworkAccess"),
    same("allow_forwarded_traffic", "allowForwardedTraffic"),
    same("allow_gateway_transit", "allowGatewayTransit"),
    same("use_remote_gateways", "useRemoteGateways"),
    same("peer_complete_virtual_networks_enabled", "peerCompleteVnets"),
    same("only_ipv6_peering_enabled", "enableOnlyIPv6Peering"),
    same("local_subnet_names", "localSubnetNames"),
    same("remote_subnet_names", "remoteSubnetNames"),
];

const ROUTE_TABLE: &[Field] = &[
    row("bgp_route_propagation_enabled", "disableBgpRoutePropagation", How::Not),
    same("disable_bgp_route_propagation", "disableBgpRoutePropagation"),
    row("route", "routes", How::Blocks(INLINE_ROUTE)),
];

const INLINE_ROUTE: &[Field] = &[
    same("name", "@name"),
    same("address_prefix", "addressPrefix"),
    same("next_hop_type", "nextHopType"),
    same("next_hop_in_ip_address", "nextHopIpAddress"),
];

const ROUTE: &[Field] = &[
    same("address_prefix", "addressPrefix"),
    same("next_hop_type", "nextHopType"),
    same("next_hop_in_ip_address", "nextHopIpAddress"),
];

const PUBLIC_IP: &[Field] = &[
    same("sku", "@sku/name"),
    same("sku_tier", "@sku/tier"),
    same("zones", "@zones"),
    same("allocation_method", "publicIPAllocationMethod"),
    same("ip_address", "ipAddress"),
    same("ip_version", "publicIPAddressVersion"),
    row("idle_timeout_in_minutes", "idleTimeoutInMinutes", How::Positive),
    same("public_ip_prefix_id", "publicIPPrefix/id"),
    same("domain_name_label", "dnsSettings/domainNameLabel"),
    same("fqdn", "dnsSettings/fqdn"),
];

const PREFIX: &[Field] = &[
    same("sku", "@sku/name"),
    same("sku_tier", "@sku/tier"),
    same("zones", "@zones"),
    same("prefix_length", "prefixLength"),
    same("ip_version", "publicIPAddressVersion"),
    same("ip_prefix", "ipPrefix"),
];

const NAT_GATEWAY: &[Field] = &[
    same("sku_name", "@sku/name"),
    same("zones", "@zones"),
    row("idle_timeout_in_minutes", "idleTimeoutInMinutes", How::Positive),
    row("public_ip_address_ids", "publicIpAddresses", How::Each("id")),
    row("public_ip_prefix_ids", "publicIpPrefixes", How::Each("id")),
];

const NIC: &[Field] = &[
    same("ip_forwarding_enabled", "enableIPForwarding"),
    same("enable_ip_forwarding", "enableIPForwarding"),
    same("accelerated_networking_enabled", "enableAcceleratedNetworking"),
    same("enable_accelerated_networking", "enableAcceleratedNetworking"),
    same("dns_servers", "dnsSettings/dnsServers"),
    same("network_security_group_id", "networkSecurityGroup/id"),
    same("virtual_machine_id", "virtualMachine/id"),
    row("ip_configuration", "ipConfigurations", How::Blocks(IP_CONFIGURATION)),
];

const IP_CONFIGURATION: &[Field] = &[
    same("name", "@name"),
    same("primary", "primary"),
    same("subnet_id", "subnet/id"),
    same("public_ip_address_id", "publicIPAddress/id"),
    same("private_ip_address_allocation", "privateIPAllocationMethod"),
    same("private_ip_address_version", "privateIPAddressVersion"),
    row("private_ip_address", "privateIPAddress", How::Address),
    same("gateway_load_balancer_frontend_ip_configuration_id", "gatewayLoadBalancer/id"),
    row("application_security_group_ids", "applicationSecurityGroups", How::Each("id")),
    row("load_balancer_backend_address_pools_ids", "loadBalancerBackendAddressPools", How::Each("id")),
    row("load_balancer_inbound_nat_rules_ids", "loadBalancerInboundNatRules", How::Each("id")),
];

const PROFILE: &[Field] = &[row(
    "container_network_interface",
    "containerNetworkInterfaceConfigurations",
    How::Blocks(&[
        same("name", "@name"),
        row(
            "ip_configuration",
            "ipConfigurations",
            How::Blocks(&[same("name", "@name"), same("subnet_id", "subnet/id")]),
        ),
    ]),
)];
