//! Virtual network gateways, what they connect to, and the hubs of Virtual WAN.

use crate::terraform::table::{Field, How, Kind, Link, Target, child, kind, link, row, same};

const CIRCUIT: &str = "Microsoft.Network/expressRouteCircuits";

pub(super) const KINDS: &[Kind] = &[
    kind("azurerm_virtual_network_gateway", "Microsoft.Network/virtualNetworkGateways", GATEWAY),
    kind(
        "azurerm_local_network_gateway",
        "Microsoft.Network/localNetworkGateways",
        &[
            same("gateway_address", "gatewayIpAddress"),
            same("gateway_fqdn", "fqdn"),
            same("address_space", "localNetworkAddressSpace/addressPrefixes"),
            row("bgp_settings", "bgpSettings", How::Block(PEER)),
        ],
    ),
    kind("azurerm_virtual_network_gateway_connection", "Microsoft.Network/connections", CONNECTION),
    kind(
        "azurerm_express_route_circuit",
        CIRCUIT,
        &[same("peering_location", "serviceProviderProperties/peeringLocation")],
    ),
    kind("azurerm_express_route_gateway", "Microsoft.Network/expressRouteGateways", HUB),
    kind("azurerm_vpn_gateway", "Microsoft.Network/vpnGateways", HUB),
    kind("azurerm_virtual_wan", "Microsoft.Network/virtualWans", &[]),
    kind("azurerm_virtual_hub", "Microsoft.Network/virtualHubs", &[same("address_prefix", "addressPrefix")]),
    kind("azurerm_route_server", "Microsoft.Network/virtualHubs", &[]),
    child(
        "azurerm_virtual_hub_connection",
        "Microsoft.Network/virtualHubs/hubVirtualNetworkConnections",
        ("Microsoft.Network/virtualHubs", &["virtual_hub_id"]),
        &[same("remote_virtual_network_id", "remoteVirtualNetwork/id")],
    ),
];

pub(super) const LINKS: &[Link] = &[link(
    "azurerm_express_route_circuit_peering",
    Target::Named(CIRCUIT, "express_route_circuit_name"),
    Some("peerings"),
    &[
        same("peering_type", "@name"),
        same("peering_type", "peeringType"),
        row("peer_asn", "peerASN", How::Positive),
        same("vlan_id", "vlanId"),
    ],
)];

const HUB: &[Field] = &[same("virtual_hub_id", "virtualHub/id")];

const GATEWAY: &[Field] = &[
    same("type", "gatewayType"),
    same("vpn_type", "vpnType"),
    same("sku", "sku/name"),
    same("active_active", "activeActive"),
    same("bgp_enabled", "enableBgp"),
    same("enable_bgp", "enableBgp"),
    row("bgp_settings", "bgpSettings", How::Block(OWN_BGP)),
    same("default_local_network_gateway_id", "gatewayDefaultSite/id"),
    same("custom_route/address_prefixes", "customRoutes/addressPrefixes"),
    same("vpn_client_configuration/address_space", "vpnClientConfiguration/vpnClientAddressPool/addressPrefixes"),
    row("ip_configuration", "ipConfigurations", How::Blocks(GATEWAY_ADDRESS)),
];

const GATEWAY_ADDRESS: &[Field] = &[
    same("name", "@name"),
    same("subnet_id", "subnet/id"),
    same("public_ip_address_id", "publicIPAddress/id"),
    same("private_ip_address_allocation", "privateIPAllocationMethod"),
];

const OWN_BGP: &[Field] = &[
    row("asn", "@asn", How::Positive),
    same("peer_weight", "@peerWeight"),
    same("peering_addresses/default_addresses/0", "@bgpPeeringAddress"),
    same("peering_address", "@bgpPeeringAddress"),
];

const PEER: &[Field] = &[
    row("asn", "@asn", How::Positive),
    same("peer_weight", "@peerWeight"),
    same("bgp_peering_address", "@bgpPeeringAddress"),
];

const CONNECTION: &[Field] = &[
    same("type", "connectionType"),
    same("virtual_network_gateway_id", "virtualNetworkGateway1/id"),
    same("peer_virtual_network_gateway_id", "virtualNetworkGateway2/id"),
    same("local_network_gateway_id", "localNetworkGateway2/id"),
    same("express_route_circuit_id", "peer/id"),
    same("bgp_enabled", "enableBgp"),
    same("enable_bgp", "enableBgp"),
    same("routing_weight", "routingWeight"),
];
