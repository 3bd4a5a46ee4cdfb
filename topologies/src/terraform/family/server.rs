//! Services that programs talk to: clusters' APIs, batch accounts, databases, caches, hubs.

use crate::terraform::table::{Field, How, Kind, child, kind, row, same};

const SQL: (&str, &[&str]) = ("Microsoft.Sql/servers", &["server_id", "server_name"]);

pub(super) const KINDS: &[Kind] = &[
    kind("azurerm_kubernetes_cluster", "Microsoft.ContainerService/managedClusters", CLUSTER),
    kind("azurerm_batch_account", "Microsoft.Batch/batchAccounts", BATCH),
    kind("azurerm_mssql_server", SQL.0, PUBLIC),
    kind("azurerm_sql_server", SQL.0, PUBLIC),
    child("azurerm_mssql_firewall_rule", "Microsoft.Sql/servers/firewallRules", SQL, RANGE),
    child("azurerm_sql_firewall_rule", "Microsoft.Sql/servers/firewallRules", SQL, RANGE),
    child("azurerm_mssql_virtual_network_rule", "Microsoft.Sql/servers/virtualNetworkRules", SQL, SUBNET),
    child("azurerm_sql_virtual_network_rule", "Microsoft.Sql/servers/virtualNetworkRules", SQL, SUBNET),
    kind("azurerm_cosmosdb_account", "Microsoft.DocumentDB/databaseAccounts", COSMOS),
    kind("azurerm_cognitive_account", "Microsoft.CognitiveServices/accounts", COGNITIVE),
    kind("azurerm_redis_cache", "Microsoft.Cache/redis", PUBLIC),
    kind("azurerm_search_service", "Microsoft.Search/searchServices", SEARCH),
    kind("azurerm_eventhub_namespace", "Microsoft.EventHub/namespaces", PUBLIC),
    kind("azurerm_servicebus_namespace", "Microsoft.ServiceBus/namespaces", PUBLIC),
];

const OPEN: Field = row("public_network_access_enabled", "publicNetworkAccess", How::Enabled);
const PUBLIC: &[Field] = &[OPEN];
const RANGE: &[Field] = &[same("start_ip_address", "startIpAddress"), same("end_ip_address", "endIpAddress")];
const SUBNET: &[Field] = &[same("subnet_id", "virtualNetworkSubnetId")];

const CLUSTER: &[Field] = &[
    same("dns_prefix", "dnsPrefix"),
    same("fqdn", "fqdn"),
    same("private_fqdn", "privateFQDN"),
    same("private_cluster_enabled", "apiServerAccessProfile/enablePrivateCluster"),
    same("private_cluster_public_fqdn_enabled", "apiServerAccessProfile/enablePrivateClusterPublicFQDN"),
    same("api_server_access_profile/authorized_ip_ranges", "apiServerAccessProfile/authorizedIPRanges"),
    same("api_server_authorized_ip_ranges", "apiServerAccessProfile/authorizedIPRanges"),
    row(
        "default_node_pool",
        "agentPoolProfiles",
        How::Blocks(&[
            same("name", "@name"),
            same("vm_size", "@vmSize"),
            same("vnet_subnet_id", "@vnetSubnetID"),
            same("node_count", "@count"),
        ]),
    ),
];

const BATCH: &[Field] = &[
    OPEN,
    same("network_profile/account_access/default_action", "networkProfile/accountAccess/defaultAction"),
    row(
        "network_profile/account_access/ip_rule",
        "networkProfile/accountAccess/ipRules",
        How::Blocks(&[same("action", "@action"), same("ip_range", "@value")]),
    ),
];

const COSMOS: &[Field] = &[
    OPEN,
    row("geo_location", "locations", How::Blocks(&[same("location", "@locationName")])),
    same("is_virtual_network_filter_enabled", "isVirtualNetworkFilterEnabled"),
    row("virtual_network_rule", "virtualNetworkRules", How::Blocks(&[same("id", "@id")])),
    row("ip_range_filter", "ipRules", How::Each("ipAddressOrRange")),
];

const COGNITIVE: &[Field] = &[
    OPEN,
    same("network_acls/default_action", "networkAcls/defaultAction"),
    row("network_acls/ip_rules", "networkAcls/ipRules", How::Each("value")),
    row(
        "network_acls/virtual_network_rules",
        "networkAcls/virtualNetworkRules",
        How::Blocks(&[same("subnet_id", "@id")]),
    ),
];

const SEARCH: &[Field] = &[OPEN, row("allowed_ips", "networkRuleSet/ipRules", How::Each("value"))];
