//! What becomes of the attributes of each family. The network's own are in `same_network`.

use super::{GROUP, body, told, world};
use sim_core::topology::Kind;

/// The body of one resource in a state, without its own id, name and type.
fn of_state(kind: &str, id: &str, attributes: &str) -> String {
    let whole = format!("{GROUP}/providers/{id}");
    let world = world(of_states(&[(kind, &whole, attributes)]));
    assert_eq!(told(&world).matches("terraform.").count(), 0, "{}", told(&world));
    let text = body(&world, id);
    text.split_once(&format!(",\"id\":\"{whole}\"")).map_or(text.clone(), |(before, _)| format!("{before}}}"))
}

/// A state of several resources: type, id, attributes.
fn of_states(resources: &[(&str, &str, &str)]) -> String {
    let one = |(n, (kind, id, attributes)): (usize, &(&str, &str, &str))| {
        format!(
            "{{\"mode\": \"managed\", \"type\": \"{kind}\", \"name\": \"r{n}\", \"instances\": [{{\"attributes\": {{\"id\": \
             \"{id}\", {attributes}}}}}]}}"
        )
    };
    let list: Vec<String> = resources.iter().enumerate().map(one).collect();
    format!("{{\"version\": 4, \"lineage\": \"x\", \"resources\": [{}]}}", list.join(", "))
}

/// Type, id below the group's providers, attributes, body.
const ATTRIBUTES: &[(&str, &str, &str, &str)] = &[
    (
        "azurerm_subnet",
        "Microsoft.Network/virtualNetworks/v/subnets/s",
        r#""name": "s", "address_prefix": "10.0.0.0/24", "address_prefixes": [], "enforce_private_link_endpoint_network_policies": true, "enforce_private_link_service_network_policies": false, "delegation": [{"name": "d", "service_delegation": [{"name": "Microsoft.Web/serverFarms", "actions": []}]}]"#,
        r#"{"properties":{"addressPrefix":"10.0.0.0/24","delegations":[{"name":"d","properties":{"serviceName":"Microsoft.Web/serverFarms"}}],"privateEndpointNetworkPolicies":"Disabled","privateLinkServiceNetworkPolicies":"Enabled"}}"#,
    ),
    (
        "azurerm_subnet",
        "Microsoft.Network/virtualNetworks/v/subnets/s",
        r#""name": "s", "address_prefixes": ["10.0.0.0/24"], "private_endpoint_network_policies": "NetworkSecurityGroupEnabled", "private_endpoint_network_policies_enabled": false"#,
        r#"{"properties":{"addressPrefixes":["10.0.0.0/24"],"privateEndpointNetworkPolicies":"NetworkSecurityGroupEnabled"}}"#,
    ),
    (
        "azurerm_network_interface",
        "Microsoft.Network/networkInterfaces/n",
        r#""name": "n", "enable_ip_forwarding": true, "ip_configuration": [{"name": "c", "private_ip_address": "10.0.0.4", "private_ip_address_allocation": "Dynamic", "subnet_id": "/s"}]"#,
        r#"{"properties":{"enableIPForwarding":true,"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":"/s"},"privateIPAllocationMethod":"Dynamic","privateIPAddress":"10.0.0.4","provisioningState":"Succeeded"}}]}}"#,
    ),
    (
        "azurerm_local_network_gateway",
        "Microsoft.Network/localNetworkGateways/l",
        r#""name": "l", "gateway_address": "203.0.113.1", "address_space": ["192.168.0.0/16"], "bgp_settings": [{"asn": 65001, "bgp_peering_address": "192.168.0.1", "peer_weight": 0}]"#,
        r#"{"properties":{"gatewayIpAddress":"203.0.113.1","localNetworkAddressSpace":{"addressPrefixes":["192.168.0.0/16"]},"bgpSettings":{"asn":65001,"peerWeight":0,"bgpPeeringAddress":"192.168.0.1"}}}"#,
    ),
    (
        "azurerm_virtual_network_gateway",
        "Microsoft.Network/virtualNetworkGateways/g",
        r#""name": "g", "type": "Vpn", "vpn_type": "RouteBased", "sku": "VpnGw1", "enable_bgp": true, "bgp_settings": [{"asn": 65515, "peering_addresses": [{"default_addresses": ["10.0.255.30"]}]}], "ip_configuration": [{"name": "c", "subnet_id": "/s", "public_ip_address_id": "/p"}], "vpn_client_configuration": [{"address_space": ["172.16.0.0/24"]}]"#,
        r#"{"properties":{"gatewayType":"Vpn","vpnType":"RouteBased","sku":{"name":"VpnGw1"},"enableBgp":true,"bgpSettings":{"asn":65515,"bgpPeeringAddress":"10.0.255.30"},"vpnClientConfiguration":{"vpnClientAddressPool":{"addressPrefixes":["172.16.0.0/24"]}},"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":"/s"},"publicIPAddress":{"id":"/p"}}}]}}"#,
    ),
    (
        "azurerm_virtual_network_gateway_connection",
        "Microsoft.Network/connections/c",
        r#""name": "c", "type": "IPsec", "virtual_network_gateway_id": "/a", "local_network_gateway_id": "/b", "bgp_enabled": false, "routing_weight": 10, "shared_key": "x""#,
        r#"{"properties":{"connectionType":"IPsec","virtualNetworkGateway1":{"id":"/a"},"localNetworkGateway2":{"id":"/b"},"enableBgp":false,"routingWeight":10}}"#,
    ),
    (
        "azurerm_firewall_policy",
        "Microsoft.Network/firewallPolicies/p",
        r#""name": "p", "sku": "Premium", "base_policy_id": "/b", "threat_intelligence_mode": "Deny", "private_ip_ranges": ["10.0.0.0/8"], "dns": [{"proxy_enabled": true, "servers": []}], "intrusion_detection": [{"mode": "Deny"}]"#,
        r#"{"properties":{"sku":{"tier":"Premium"},"basePolicy":{"id":"/b"},"threatIntelMode":"Deny","snat":{"privateRanges":["10.0.0.0/8"]},"dnsSettings":{"enableProxy":true},"intrusionDetection":{"mode":"Deny"}}}"#,
    ),
    (
        "azurerm_firewall_policy_rule_collection_group",
        "Microsoft.Network/firewallPolicies/p/ruleCollectionGroups/g",
        r#""name": "g", "priority": 500, "application_rule_collection": [{"name": "a", "priority": 200, "action": "Allow", "rule": [{"name": "r", "source_addresses": ["*"], "destination_fqdns": ["x.org"], "protocols": [{"type": "Https", "port": 443}]}]}], "network_rule_collection": [], "nat_rule_collection": [{"name": "n", "priority": 100, "action": "Dnat", "rule": [{"name": "r", "protocols": ["TCP"], "source_addresses": ["*"], "destination_address": "203.0.113.1", "destination_ports": ["80"], "translated_address": "10.0.0.4", "translated_port": 8080}]}]"#,
        r#"{"properties":{"priority":500,"ruleCollections":[{"ruleCollectionType":"FirewallPolicyFilterRuleCollection","name":"a","priority":200,"action":{"type":"Allow"},"rules":[{"ruleType":"ApplicationRule","name":"r","sourceAddresses":["*"],"targetFqdns":["x.org"],"protocols":[{"protocolType":"Https","port":443}]}]},{"ruleCollectionType":"FirewallPolicyNatRuleCollection","name":"n","priority":100,"action":{"type":"Dnat"},"rules":[{"ruleType":"NatRule","name":"r","ipProtocols":["TCP"],"sourceAddresses":["*"],"destinationAddresses":["203.0.113.1"],"destinationPorts":["80"],"translatedAddress":"10.0.0.4","translatedPort":8080}]}]}}"#,
    ),
    (
        "azurerm_private_dns_resolver_inbound_endpoint",
        "Microsoft.Network/dnsResolvers/d/inboundEndpoints/in",
        r#""name": "in", "location": "westeurope", "ip_configurations": [{"private_ip_allocation_method": "Static", "private_ip_address": "10.0.2.9", "subnet_id": "/s"}]"#,
        r#"{"properties":{"ipConfigurations":[{"subnet":{"id":"/s"},"privateIpAllocationMethod":"Static","privateIpAddress":"10.0.2.9"}]}}"#,
    ),
    (
        "azurerm_private_dns_resolver_forwarding_rule",
        "Microsoft.Network/dnsForwardingRulesets/r/forwardingRules/f",
        r#""name": "f", "domain_name": "corp.example.", "enabled": false, "target_dns_servers": [{"ip_address": "10.9.0.4", "port": 53}]"#,
        r#"{"properties":{"domainName":"corp.example.","forwardingRuleState":"Disabled","targetDnsServers":[{"ipAddress":"10.9.0.4","port":53}]}}"#,
    ),
    (
        "azurerm_dns_txt_record",
        "Microsoft.Network/dnsZones/z.org/TXT/t",
        r#""name": "t", "ttl": 60, "record": [{"value": "one"}]"#,
        r#"{"properties":{"ttl":60,"txtRecords":[{"value":"one"}]}}"#,
    ),
    (
        "azurerm_kubernetes_cluster",
        "Microsoft.ContainerService/managedClusters/k",
        r#""name": "k", "dns_prefix": "k", "private_cluster_enabled": true, "private_cluster_public_fqdn_enabled": false, "default_node_pool": [{"name": "n", "vm_size": "Standard_D2s_v5", "node_count": 3, "vnet_subnet_id": "/s"}]"#,
        r#"{"properties":{"dnsPrefix":"k","apiServerAccessProfile":{"enablePrivateCluster":true,"enablePrivateClusterPublicFQDN":false},"agentPoolProfiles":[{"name":"n","vmSize":"Standard_D2s_v5","vnetSubnetID":"/s","count":3}]}}"#,
    ),
    (
        "azurerm_mssql_virtual_network_rule",
        "Microsoft.Sql/servers/s/virtualNetworkRules/r",
        r#""name": "r", "server_id": "/s", "subnet_id": "/a""#,
        r#"{"properties":{"virtualNetworkSubnetId":"/a"}}"#,
    ),
    (
        "azurerm_cosmosdb_account",
        "Microsoft.DocumentDB/databaseAccounts/c",
        r#""name": "c", "public_network_access_enabled": true, "geo_location": [{"location": "westus"}], "virtual_network_rule": [{"id": "/a"}], "ip_range_filter": ["203.0.113.7"]"#,
        r#"{"properties":{"publicNetworkAccess":"Enabled","locations":[{"locationName":"westus"}],"virtualNetworkRules":[{"id":"/a"}],"ipRules":[{"ipAddressOrRange":"203.0.113.7"}]}}"#,
    ),
    (
        "azurerm_container_registry",
        "Microsoft.ContainerRegistry/registries/r",
        r#""name": "r", "sku": "Premium", "admin_password": "x", "public_network_access_enabled": true, "network_rule_set": [{"default_action": "Deny", "ip_rule": [{"action": "Allow", "ip_range": "203.0.113.0/24"}], "virtual_network": []}]"#,
        r#"{"sku":{"name":"Premium"},"properties":{"publicNetworkAccess":"Enabled","networkRuleSet":{"defaultAction":"Deny","ipRules":[{"action":"Allow","value":"203.0.113.0/24"}]}}}"#,
    ),
    (
        "azurerm_key_vault",
        "Microsoft.KeyVault/vaults/k",
        r#""name": "k", "public_network_access_enabled": false, "network_acls": [{"default_action": "Deny", "bypass": "AzureServices", "ip_rules": ["203.0.113.1/32"], "virtual_network_subnet_ids": ["/s"]}]"#,
        r#"{"properties":{"publicNetworkAccess":"Disabled","networkAcls":{"defaultAction":"Deny","bypass":"AzureServices","ipRules":[{"value":"203.0.113.1/32"}],"virtualNetworkRules":[{"id":"/s"}]}}}"#,
    ),
    (
        "azurerm_storage_account",
        "Microsoft.Storage/storageAccounts/s",
        r#""name": "s", "primary_access_key": "x", "network_rules": [{"default_action": "Allow", "bypass": ["Logging", "Metrics"]}]"#,
        r#"{"properties":{"networkAcls":{"defaultAction":"Allow","bypass":"Logging, Metrics"}}}"#,
    ),
    (
        "azurerm_machine_learning_workspace",
        "Microsoft.MachineLearningServices/workspaces/w",
        r#""name": "w", "storage_account_id": "/s", "key_vault_id": "/k", "public_network_access_enabled": false, "managed_network": [{"isolation_mode": "AllowOnlyApprovedOutbound"}]"#,
        r#"{"properties":{"keyVault":"/k","storageAccount":"/s","publicNetworkAccess":"Disabled","managedNetwork":{"isolationMode":"AllowOnlyApprovedOutbound"}}}"#,
    ),
    (
        "azurerm_virtual_machine",
        "Microsoft.Compute/virtualMachines/m",
        r#""name": "m", "vm_size": "Standard_B1s", "network_interface_ids": ["/a", "/b"], "primary_network_interface_id": "/b", "os_profile": [{"computer_name": "m", "admin_password": "x", "custom_data": "y"}], "os_profile_windows_config": [{"provision_vm_agent": true}], "os_profile_linux_config": []"#,
        r#"{"properties":{"hardwareProfile":{"vmSize":"Standard_B1s"},"networkProfile":{"networkInterfaces":[{"id":"/a","properties":{"primary":false}},{"id":"/b","properties":{"primary":true}}]},"osProfile":{"computerName":"m","windowsConfiguration":{}}}}"#,
    ),
    (
        "azurerm_linux_virtual_machine_scale_set",
        "Microsoft.Compute/virtualMachineScaleSets/s",
        r#""name": "s", "sku": "Standard_B1s", "instances": 2, "network_interface": [{"name": "n", "primary": true, "ip_configuration": [{"name": "c", "primary": true, "subnet_id": "/s", "load_balancer_backend_address_pool_ids": ["/p"], "public_ip_address": []}]}]"#,
        r#"{"sku":{"name":"Standard_B1s","capacity":2},"properties":{"virtualMachineProfile":{"networkProfile":{"networkInterfaceConfigurations":[{"name":"n","properties":{"primary":true,"ipConfigurations":[{"name":"c","properties":{"primary":true,"subnet":{"id":"/s"},"loadBalancerBackendAddressPools":[{"id":"/p"}]}}]}}]}}}}"#,
    ),
    (
        "azurerm_orchestrated_virtual_machine_scale_set",
        "Microsoft.Compute/virtualMachineScaleSets/s",
        r#""name": "s", "sku_name": "Standard_B1s", "instances": 1, "network_interface": [{"name": "n", "ip_configuration": [{"name": "c", "subnet_id": "/s", "public_ip_address": [{"name": "p", "idle_timeout_in_minutes": 5}]}]}]"#,
        r#"{"sku":{"name":"Standard_B1s","capacity":1},"properties":{"orchestrationMode":"Flexible","virtualMachineProfile":{"networkProfile":{"networkInterfaceConfigurations":[{"name":"n","properties":{"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":"/s"},"publicIPAddressConfiguration":{"name":"p","properties":{"idleTimeoutInMinutes":5}}}}]}}]}}}}"#,
    ),
    (
        "azurerm_container_group",
        "Microsoft.ContainerInstance/containerGroups/c",
        r#""name": "c", "os_type": "Linux", "ip_address_type": "Private", "subnet_ids": ["/s"], "container": [{"name": "x", "image": "y", "ports": [{"port": 80, "protocol": "TCP"}], "secure_environment_variables": {"a": "b"}}]"#,
        r#"{"properties":{"osType":"Linux","ipAddress":{"type":"Private"},"subnetIds":[{"id":"/s"}],"containers":[{"name":"x","properties":{"image":"y","ports":[{"port":80,"protocol":"TCP"}]}}]}}"#,
    ),
    (
        "azurerm_private_dns_a_record",
        "Microsoft.Network/privateDnsZones/z.org/A/a",
        r#""name": "a", "zone_name": "z.org", "ttl": 300, "records": ["10.0.0.4"]"#,
        r#"{"properties":{"ttl":300,"aRecords":[{"ipv4Address":"10.0.0.4"}]}}"#,
    ),
    (
        "azapi_resource",
        "Microsoft.Network/networkSecurityGroups/n",
        r#""name": "n", "type": "Microsoft.Network/networkSecurityGroups@2024-05-01", "body": "{\"properties\": {\"flushConnection\": true}}""#,
        r#"{"properties":{"flushConnection":true}}"#,
    ),
];

/// Catches: an attribute of one of these types that is dropped or lands in the wrong place; names of older and newer
/// versions of the provider; empty texts, lists and zeros taken for values.
#[test]
fn attributes_become_properties() {
    for (kind, id, attributes, expected) in ATTRIBUTES {
        assert_eq!(of_state(kind, id, attributes), *expected, "{kind}");
    }
}

/// Catches: blocks that Azure has as resources and that are lost inside another one; classic rule collections, pool
/// addresses and network rules of storage that do not arrive at what they belong to; an association whose other end is in
/// another file, or nowhere.
#[test]
fn parts_come_together() {
    let at = |part: &str| format!("{GROUP}/providers/Microsoft.Network/{part}");
    let storage = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/s");
    let text = of_states(&[
        (
            "azurerm_private_endpoint",
            &at("privateEndpoints/p"),
            r#""name": "p", "private_dns_zone_group": [{"name": "default", "private_dns_zone_ids": ["/z/privateDnsZones/z.org"]}]"#,
        ),
        (
            "azurerm_firewall",
            &at("azureFirewalls/f"),
            r#""name": "f", "private_ip_ranges": ["10.0.0.0/8", "172.16.0.0/12"]"#,
        ),
        (
            "azurerm_firewall_network_rule_collection",
            &at("azureFirewalls/f/networkRuleCollections/c"),
            r#""name": "c", "azure_firewall_name": "f", "resource_group_name": "vnetsim-rg", "priority": 100, "action": "Allow", "rule": [{"name": "r", "protocols": ["TCP"], "destination_ports": ["443"]}]"#,
        ),
        ("azurerm_lb", &at("loadBalancers/l"), r#""name": "l""#),
        (
            "azurerm_lb_backend_address_pool_address",
            "x",
            &format!(
                r#""name": "a", "backend_address_pool_id": "{}", "ip_address": "10.0.0.9", "virtual_network_id": "/v""#,
                at("loadBalancers/l/backendAddressPools/p")
            ),
        ),
        ("azurerm_lb_backend_address_pool", &at("loadBalancers/l/backendAddressPools/p"), r#""name": "p""#),
        ("azurerm_storage_account", &storage, r#""name": "s", "network_rules": [{"default_action": "Allow"}]"#),
        (
            "azurerm_storage_account_network_rules",
            &storage,
            &format!(r#""storage_account_id": "{storage}", "default_action": "Deny", "ip_rules": ["203.0.113.1"]"#),
        ),
        (
            "azurerm_subnet_route_table_association",
            "x",
            r#""subnet_id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/far", "route_table_id": "/r""#,
        ),
        ("azurerm_key_vault_secret", "https://k.vault.azure.net/secrets/x/1", r#""name": "x", "value": "y""#),
        ("random_id", "abc", r#""hex": "00""#),
        ("random_id", "abd", r#""hex": "01""#),
        ("tls_private_key", "abe", r#""hex": "02""#),
    ]);
    let world = world(text);
    let has = |end: &str, expected: &str| {
        let found = body(&world, end);
        assert!(found.contains(expected), "{end}: {found}");
    };
    has(
        "privateEndpoints/p/privateDnsZoneGroups/default",
        r#""privateDnsZoneConfigs":[{"name":"z.org","properties":{"privateDnsZoneId":"/z/privateDnsZones/z.org"}}]"#,
    );
    has("azureFirewalls/f", r#""additionalProperties":{"Network.SNAT.PrivateRanges":"10.0.0.0/8, 172.16.0.0/12"}"#);
    has(
        "azureFirewalls/f",
        r#""networkRuleCollections":[{"name":"c","properties":{"priority":100,"action":{"type":"Allow"},"rules":[{"name":"r""#,
    );
    has(
        "backendAddressPools/p",
        r#""loadBalancerBackendAddresses":[{"name":"a","properties":{"ipAddress":"10.0.0.9","virtualNetwork":{"id":"/v"}}}]"#,
    );
    has("storageAccounts/s", r#""networkAcls":{"defaultAction":"Deny","ipRules":[{"value":"203.0.113.1"}]}"#);
    let told = told(&world);
    assert!(told.contains("terraform.target-not-read azurerm_subnet_route_table_association.r8 is left out"), "{told}");
    assert!(told.contains("resources of other providers are left out: 2 of random, 1 of tls"), "{told}");
    // A type that is not known is there, and inert.
    let inert = world.topology.resources().find(|it| it.name.contains("azurerm_key_vault_secret")).map(|it| &it.kind);
    assert!(
        matches!(inert, Some(Kind::Inert { resource_type }) if resource_type == "azurerm_key_vault_secret"),
        "{inert:?}"
    );
}

/// Catches: a subnet inside a network that an association does not find; one that is declared on its own too.
#[test]
fn inline_subnets_are_found() {
    let vnet = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v");
    let (subnet, nsg) =
        (format!("{vnet}/subnets/S"), format!("{GROUP}/providers/Microsoft.Network/networkSecurityGroups/n"));
    let world = world(of_states(&[
        (
            "azurerm_subnet_network_security_group_association",
            &subnet,
            &format!("\"subnet_id\": \"{subnet}\", \"network_security_group_id\": \"{nsg}\""),
        ),
        ("azurerm_network_security_group", &nsg, "\"name\": \"n\""),
        (
            "azurerm_virtual_network",
            &vnet,
            r#""name": "v", "address_space": ["10.0.0.0/16"], "subnet": [{"name": "s", "address_prefix": "10.0.0.0/24", "security_group": ""}]"#,
        ),
    ]));
    assert_eq!(told(&world), "");
    let subnet = world.topology.find(&subnet).unwrap().id;
    assert_eq!(world.topology.targets(subnet, sim_core::topology::Relation::FilteredBy).len(), 1);
}
