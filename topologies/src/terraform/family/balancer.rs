//! Load balancers with all their parts.

use crate::terraform::table::{Field, How, Kind, Link, Target, child, kind, link, row, same};

const BALANCER: (&str, &[&str]) = ("Microsoft.Network/loadBalancers", &["loadbalancer_id"]);
const FRONTENDS: &str = "frontendIPConfigurations";

pub(super) const KINDS: &[Kind] = &[
    kind(
        "azurerm_lb",
        BALANCER.0,
        &[
            same("sku", "@sku/name"),
            same("sku_tier", "@sku/tier"),
            row("frontend_ip_configuration", FRONTENDS, How::Blocks(FRONTEND)),
        ],
    ),
    child(
        "azurerm_lb_backend_address_pool",
        "Microsoft.Network/loadBalancers/backendAddressPools",
        BALANCER,
        &[
            same("virtual_network_id", "virtualNetwork/id"),
            row("tunnel_interface", "tunnelInterfaces", How::Blocks(TUNNEL)),
            row("backend_address", "loadBalancerBackendAddresses", How::Blocks(POOL_ADDRESS)),
        ],
    ),
    child("azurerm_lb_probe", "Microsoft.Network/loadBalancers/probes", BALANCER, PROBE),
    child("azurerm_lb_rule", "Microsoft.Network/loadBalancers/loadBalancingRules", BALANCER, RULE),
    child("azurerm_lb_nat_rule", "Microsoft.Network/loadBalancers/inboundNatRules", BALANCER, NAT_RULE),
    child("azurerm_lb_outbound_rule", "Microsoft.Network/loadBalancers/outboundRules", BALANCER, OUTBOUND_RULE),
];

pub(super) const LINKS: &[Link] = &[
    link(
        "azurerm_lb_backend_address_pool_address",
        Target::Id("backend_address_pool_id"),
        Some("loadBalancerBackendAddresses"),
        POOL_ADDRESS,
    ),
    link(
        "azurerm_lb_nat_pool",
        Target::Id("loadbalancer_id"),
        Some("inboundNatPools"),
        &[
            same("name", "@name"),
            same("protocol", "protocol"),
            same("frontend_port_start", "frontendPortRangeStart"),
            same("frontend_port_end", "frontendPortRangeEnd"),
            same("backend_port", "backendPort"),
            same("frontend_ip_configuration_id", "frontendIPConfiguration/id"),
        ],
    ),
];

const FRONTEND: &[Field] = &[
    same("name", "@name"),
    same("zones", "@zones"),
    same("subnet_id", "subnet/id"),
    same("public_ip_address_id", "publicIPAddress/id"),
    same("public_ip_prefix_id", "publicIPPrefix/id"),
    same("private_ip_address_allocation", "privateIPAllocationMethod"),
    same("private_ip_address_version", "privateIPAddressVersion"),
    row("private_ip_address", "privateIPAddress", How::Address),
    same("gateway_load_balancer_frontend_ip_configuration_id", "gatewayLoadBalancer/id"),
];

const TUNNEL: &[Field] =
    &[same("identifier", "@identifier"), same("type", "@type"), same("protocol", "@protocol"), same("port", "@port")];

const POOL_ADDRESS: &[Field] = &[
    same("name", "@name"),
    same("ip_address", "ipAddress"),
    same("virtual_network_id", "virtualNetwork/id"),
    same("backend_address_ip_configuration_id", "loadBalancerFrontendIPConfiguration/id"),
];

const PROBE: &[Field] = &[
    same("protocol", "protocol"),
    same("port", "port"),
    same("request_path", "requestPath"),
    row("interval_in_seconds", "intervalInSeconds", How::Positive),
    row("number_of_probes", "numberOfProbes", How::Positive),
    row("probe_threshold", "probeThreshold", How::Positive),
];

/// The frontend is given by its name; its id stands in a plan only when nothing changes.
const RULE: &[Field] = &[
    row("frontend_ip_configuration_name", "frontendIPConfiguration/id", How::PartId(FRONTENDS)),
    same("frontend_ip_configuration_id", "frontendIPConfiguration/id"),
    same("protocol", "protocol"),
    same("frontend_port", "frontendPort"),
    same("backend_port", "backendPort"),
    row("backend_address_pool_ids", "backendAddressPools", How::Each("id")),
    same("backend_address_pool_id", "backendAddressPool/id"),
    same("probe_id", "probe/id"),
    same("floating_ip_enabled", "enableFloatingIP"),
    same("enable_floating_ip", "enableFloatingIP"),
    same("tcp_reset_enabled", "enableTcpReset"),
    same("enable_tcp_reset", "enableTcpReset"),
    same("disable_outbound_snat", "disableOutboundSnat"),
    same("load_distribution", "loadDistribution"),
    row("idle_timeout_in_minutes", "idleTimeoutInMinutes", How::Positive),
];

const NAT_RULE: &[Field] = &[
    row("frontend_ip_configuration_name", "frontendIPConfiguration/id", How::PartId(FRONTENDS)),
    same("frontend_ip_configuration_id", "frontendIPConfiguration/id"),
    same("protocol", "protocol"),
    row("frontend_port", "frontendPort", How::Positive),
    row("frontend_port_start", "frontendPortRangeStart", How::Positive),
    row("frontend_port_end", "frontendPortRangeEnd", How::Positive),
    same("backend_port", "backendPort"),
    same("backend_address_pool_id", "backendAddressPool/id"),
    same("floating_ip_enabled", "enableFloatingIP"),
    same("enable_floating_ip", "enableFloatingIP"),
    same("tcp_reset_enabled", "enableTcpReset"),
    same("enable_tcp_reset", "enableTcpReset"),
    row("idle_timeout_in_minutes", "idleTimeoutInMinutes", How::Positive),
];

const OUTBOUND_RULE: &[Field] = &[
    row("frontend_ip_configuration", FRONTENDS, How::Blocks(&[row("name", "@id", How::PartId(FRONTENDS))])),
    same("backend_address_pool_id", "backendAddressPool/id"),
    same("protocol", "protocol"),
    same("tcp_reset_enabled", "enableTcpReset"),
    same("enable_tcp_reset", "enableTcpReset"),
    row("allocated_outbound_ports", "allocatedOutboundPorts", How::Positive),
    row("idle_timeout_in_minutes", "idleTimeoutInMinutes", How::Positive),
];
