//! Networks that are blocked, each in one way, and the edits that open them.

use vnetsim_tests::worlds::{SCOPE, group, nic_in, peering, public, rule, subnet, vnet};

/// A network that is blocked, whom to ask for what, and what of the proposed edits must be there, one after the other.
pub struct Case {
    pub name: &'static str,
    pub lines: Vec<String>,
    pub ends: (&'static str, &'static str),
    pub edits: &'static [&'static str],
}

/// All of them.
pub fn cases() -> Vec<Case> {
    [admin_cases(), group_cases(), firewall_cases(), gateway_cases()].into_iter().flatten().collect()
}

/// A VNet with the machines `x` and `y`; `y` is behind the group `g`, which has these rules.
fn guarded(rules: &[String]) -> Vec<String> {
    let guard = ", 'networkSecurityGroup': @networkSecurityGroups/g";
    let subnets = [subnet("a", "10.0.1.0/24", ""), subnet("b", "10.0.2.0/24", guard)];
    vec![
        group(rules),
        vnet("v", "10.0.0.0/16", &subnets),
        nic_in("v/subnets/a", "x", ""),
        nic_in("v/subnets/b", "y", ""),
    ]
}

/// The same under the security admin rule `no` of this priority, which denies port 22.
fn governed(priority: u32, rules: &[String]) -> Vec<String> {
    let admin = "networkManagers/securityAdminConfigurations";
    let group = format!("{SCOPE}/Microsoft.Network/networkManagers/m/networkGroups/all");
    let mut lines = guarded(rules);
    lines.extend([
        "networkManagers m 'networkManagerScopeAccesses': ['SecurityAdmin']".to_owned(),
        "networkManagers/networkGroups m/all 'memberType': 'VirtualNetwork'".to_owned(),
        format!(
            "networkManagers/networkGroups/staticMembers m/all/v 'resourceId': '{SCOPE}/Microsoft.Network/virtualNetworks/v'"
        ),
        format!("{admin} m/c 'description': ''"),
        format!("{admin}/ruleCollections m/c/r 'appliesToGroups': [{{'networkGroupId': '{group}'}}]"),
        format!(
            "{admin}/ruleCollections/rules m/c/r/no 'priority': {priority}, 'direction': 'Inbound', 'access': 'Deny', \
             'protocol': 'Tcp', 'destinationPortRanges': ['22']"
        ),
    ]);
    lines
}

fn admin_cases() -> Vec<Case> {
    let deny = || rule("deny", 200, "'access': 'Deny'");
    let ends = ("x", "y:22");
    vec![
        Case {
            name: "a rule ahead that leaves the word to the groups",
            lines: governed(100, &[]),
            ends,
            edits: &[
                "ruleCollections/r/rules/Allow-TCP-22-Inbound={\"kind\":\"Custom\",\"properties\":{\"access\":\"Allow\"",
            ],
        },
        Case {
            name: "a rule ahead that passes the groups by",
            lines: governed(100, &[deny()]),
            ends,
            edits: &[
                "ruleCollections/r/rules/Allow-TCP-22-Inbound={\"kind\":\"Custom\",\"properties\":{\"access\":\"AlwaysAllow\"",
            ],
        },
        Case {
            name: "no number before the rule",
            lines: governed(1, &[]),
            ends,
            edits: &["ruleCollections/r/rules/no.properties.access=\"Allow\""],
        },
    ]
}

fn group_cases() -> Vec<Case> {
    let deny = |rest: &str| rule("deny", 100, &format!("'access': 'Deny'{rest}"));
    let routed = |table: &str| format!(", 'routeTable': @routeTables/{table}");
    let table = |name: &str, to: &str| {
        format!(
            "routeTables {name} 'routes': [{{'name': 'other', 'properties': {{'addressPrefix': '{to}', 'nextHopType': \
             'VirtualAppliance', 'nextHopIpAddress': '10.0.3.4'}}}}]"
        )
    };
    let subnets = [
        subnet("one", "10.0.1.0/24", &routed("t")),
        subnet("two", "10.0.2.0/24", &routed("u")),
        subnet("three", "10.0.3.0/24", ""),
    ];
    let carried = vec![
        table("t", "10.0.2.0/24"),
        table("u", "10.0.1.0/24"),
        vnet("v", "10.0.0.0/16", &subnets),
        nic_in("v/subnets/one", "x", ""),
        nic_in("v/subnets/two", "y", ""),
        nic_in("v/subnets/three", "n", ""),
        "Microsoft.Compute/virtualMachines carrier 'hardwareProfile': {'vmSize': 'Standard_B2s'}, 'networkProfile': \
         {'networkInterfaces': [@networkInterfaces/n]}"
            .to_owned(),
    ];
    vec![
        Case {
            name: "a machine that may not forward",
            lines: carried,
            ends: ("x", "y:22"),
            edits: &["networkInterfaces/n.properties.enableIPForwarding=true"],
        },
        Case {
            name: "no number before the rule, and others behind it that deny",
            lines: guarded(&[deny(""), rule("deny-too", 101, "'access': 'Deny'")]),
            ends: ("x", "y:22"),
            edits: &["networkSecurityGroups/g/securityRules/deny.properties.access=\"Allow\""],
        },
        Case {
            name: "no number before the rule, and defaults that allow",
            lines: guarded(&[deny(", 'protocol': 'Tcp'")]),
            ends: ("x", "y:22"),
            edits: &["networkSecurityGroups/g/securityRules/deny=null"],
        },
    ]
}

/// The machines `x` and `y` with a firewall between them that has these properties, and other resources.
pub fn walled(firewall: &str, more: &[&str]) -> Vec<String> {
    let routed = |table: &str| format!(", 'routeTable': @routeTables/{table}");
    let subnets = [
        subnet("AzureFirewallSubnet", "10.0.0.0/26", ""),
        subnet("one", "10.0.1.0/24", &routed("t")),
        subnet("two", "10.0.2.0/24", &routed("u")),
    ];
    let table = |name: &str, to: &str| {
        format!(
            "routeTables {name} 'routes': [{{'name': 'other', 'properties': {{'addressPrefix': '{to}', 'nextHopType': \
             'VirtualAppliance', 'nextHopIpAddress': '10.0.0.4'}}}}, {{'name': 'all', 'properties': {{'addressPrefix': \
             '0.0.0.0/0', 'nextHopType': 'VirtualAppliance', 'nextHopIpAddress': '10.0.0.4'}}}}]"
        )
    };
    let mut lines = vec![
        table("t", "10.0.2.0/24"),
        table("u", "10.0.1.0/24"),
        vnet("v", "10.0.0.0/16", &subnets),
        public("p", "Standard"),
        format!(
            "azureFirewalls fw 'ipConfigurations': [{{'name': 'c', 'properties': {{'subnet': \
             @virtualNetworks/v/subnets/AzureFirewallSubnet, 'publicIPAddress': @publicIPAddresses/p}}}}]{firewall}"
        ),
        nic_in("v/subnets/one", "x", ""),
        nic_in("v/subnets/two", "y", ""),
    ];
    lines.extend(more.iter().map(|line| (*line).to_owned()));
    lines
}

pub const GOVERNED: &str = ", 'firewallPolicy': @firewallPolicies/pol";
pub const POLICY: &str = "firewallPolicies pol 'threatIntelMode': 'Off'";
pub const GROUP: &str = "firewallPolicies/ruleCollectionGroups pol/g 'priority': 200, 'ruleCollections': [";
pub const NETWORK_RULE: &str = "{'ruleType': 'NetworkRule', 'name': 'r', 'ipProtocols': ['UDP'], 'sourceAddresses': ['*'], \
                            'destinationAddresses': ['*'], 'destinationPorts': ['53']}";

pub fn in_group(name: &str, priority: u32, action: &str, rules: &str) -> String {
    format!(
        "{{'ruleCollectionType': 'FirewallPolicyFilterRuleCollection', 'name': '{name}', 'priority': {priority}, \
         'action': {{'type': '{action}'}}, 'rules': [{rules}]}}"
    )
}

fn firewall_cases() -> Vec<Case> {
    let ends = ("x", "y:443");
    let all = NETWORK_RULE.replace("'UDP'", "'Any'").replace("'53'", "'*'");
    let denying = format!("{GROUP}{}]", in_group("deny", 150, "Deny", &all));
    let allowing = format!("{GROUP}{}]", in_group("dns", 300, "Allow", NETWORK_RULE));
    let both =
        format!("{GROUP}{}, {}]", in_group("dns", 120, "Allow", NETWORK_RULE), in_group("deny", 150, "Deny", &all));
    let first = format!("{GROUP}{}]", in_group("deny", 100, "Deny", &all));
    let old = "firewallPolicies/ruleGroups pol/old 'priority': 300, 'rules': [{'name': 'r', 'ruleType': \
               'FirewallPolicyFilterRule', 'priority': 400, 'action': {'type': 'Allow'}, 'ruleConditions': [{'name': 'c', \
               'ruleConditionType': 'NetworkRuleCondition', 'ipProtocols': ['UDP'], 'sourceAddresses': ['*'], \
               'destinationAddresses': ['*'], 'destinationPorts': ['53']}]}]";
    let classic = ", 'networkRuleCollections': [{'name': 'dns', 'properties': {'priority': 300, 'action': {'type': 'Allow'}, \
                   'rules': [{'name': 'r', 'protocols': ['UDP'], 'sourceAddresses': ['*'], 'destinationAddresses': ['*'], \
                   'destinationPorts': ['53']}]}}]";
    let classic_deny = ", 'networkRuleCollections': [{'name': 'no', 'properties': {'priority': 300, 'action': {'type': \
                        'Deny'}, 'rules': [{'name': 'r', 'protocols': ['Any'], 'sourceAddresses': ['*'], \
                        'destinationAddresses': ['*'], 'destinationPorts': ['*']}]}}]";
    let case = |name, lines, edits| Case { name, lines, ends, edits };
    vec![
        case(
            "a policy without groups",
            walled(GOVERNED, &[POLICY]),
            &["firewallPolicies/pol/ruleCollectionGroups/allowing={\"properties\":{\"priority\":100,"],
        ),
        case(
            "a policy that denies",
            walled(GOVERNED, &[POLICY, &denying]),
            &[
                "ruleCollectionGroups/g.properties.ruleCollections[+]={\"action\":{\"type\":\"Allow\"},\"name\":\"allow-addresses\",\"priority\":100,",
            ],
        ),
        case(
            "a collection behind nothing",
            walled(GOVERNED, &[POLICY, &allowing]),
            &["ruleCollectionGroups/g.properties.ruleCollections[dns].rules[+]={"],
        ),
        case(
            "a collection ahead of the rule that denies",
            walled(GOVERNED, &[POLICY, &both]),
            &["ruleCollectionGroups/g.properties.ruleCollections[dns].rules[+]={"],
        ),
        case(
            "no number before the collection",
            walled(GOVERNED, &[POLICY, &first]),
            &["firewallPolicies/pol/ruleCollectionGroups/allowing={\"properties\":{\"priority\":100,"],
        ),
        case(
            "groups of the old form",
            walled(GOVERNED, &[POLICY, old]),
            &["firewallPolicies/pol/ruleCollectionGroups/allowing={\"properties\":{\"priority\":100,"],
        ),
        case(
            "a firewall without rules",
            walled("", &[]),
            &["azureFirewalls/fw.properties.networkRuleCollections[+]={\"name\":\"allow-addresses\""],
        ),
        case(
            "classic rules",
            walled(classic, &[]),
            &["azureFirewalls/fw.properties.networkRuleCollections[dns].properties.rules[+]={"],
        ),
        case(
            "classic rules that deny",
            walled(classic_deny, &[]),
            &["azureFirewalls/fw.properties.networkRuleCollections[+]={\"name\":\"allow-addresses\""],
        ),
    ]
}

/// The hub `h` with the gateway `gw`, which is connected to the site 192.168.0.0/24; `x` is in its subnet `s`.
fn connected(more: &[String]) -> Vec<String> {
    let subnets = [subnet("GatewaySubnet", "10.0.255.0/27", ""), subnet("s", "10.0.1.0/24", "")];
    let mut lines = vec![
        vnet("h", "10.0.0.0/16", &subnets),
        public("gp", "Standard"),
        gateway("gw", "h", "gp"),
        "localNetworkGateways site 'gatewayIpAddress': '203.0.113.9', 'localNetworkAddressSpace': {'addressPrefixes': \
         ['192.168.0.0/24']}"
            .to_owned(),
        "connections c 'connectionType': 'IPsec', 'virtualNetworkGateway1': @virtualNetworkGateways/gw, \
         'localNetworkGateway2': @localNetworkGateways/site"
            .to_owned(),
        nic_in("h/subnets/s", "x", ""),
    ];
    lines.extend(more.iter().cloned());
    lines
}

fn gateway(name: &str, vnet: &str, address: &str) -> String {
    format!(
        "virtualNetworkGateways {name} 'gatewayType': 'Vpn', 'vpnType': 'RouteBased', 'sku': {{'name': 'VpnGw1', 'tier': \
         'VpnGw1'}}, 'ipConfigurations': [{{'name': 'c', 'properties': {{'subnet': \
         @virtualNetworks/{vnet}/subnets/GatewaySubnet, 'publicIPAddress': @publicIPAddresses/{address}}}}}]"
    )
}

fn gateway_cases() -> Vec<Case> {
    let spoke = |hub: &str, own: &str| {
        connected(&[
            vnet("w", "10.1.0.0/16", &[subnet("s", "10.1.1.0/24", "")]),
            nic_in("w/subnets/s", "y", ""),
            peering("h", "to-w", "w", &format!(", 'allowVirtualNetworkAccess': true{hub}")),
            peering("w", "to-h", "h", &format!(", 'allowVirtualNetworkAccess': true{own}")),
        ])
    };
    let transit = ", 'allowGatewayTransit': true";
    let other = {
        let subnets = [subnet("GatewaySubnet", "10.9.255.0/27", ""), subnet("s", "10.9.1.0/24", "")];
        let link = "connections one-way 'connectionType': 'Vnet2Vnet', 'virtualNetworkGateway1': \
                    @virtualNetworkGateways/gw, 'virtualNetworkGateway2': @virtualNetworkGateways/far";
        connected(&[
            vnet("o", "10.9.0.0/16", &subnets),
            public("op", "Standard"),
            gateway("far", "o", "op"),
            nic_in("o/subnets/s", "z", ""),
            link.to_owned(),
        ])
    };
    let kept_out = {
        let table = "routeTables t 'disableBgpRoutePropagation': true, 'routes': []".to_owned();
        let lines = connected(&[table]);
        let routed = subnet("s", "10.0.1.0/24", ", 'routeTable': @routeTables/t");
        lines.into_iter().map(|line| line.replace(&subnet("s", "10.0.1.0/24", ""), &routed)).collect()
    };
    vec![
        Case {
            name: "neither side of a peering lets the gateway be used",
            lines: spoke("", ""),
            ends: ("y", "192.168.0.9:443"),
            edits: &["to-w.properties.allowGatewayTransit=true", "to-h.properties.useRemoteGateways=true"],
        },
        Case {
            name: "the spoke does not use it",
            lines: spoke(transit, ""),
            ends: ("192.168.0.9", "y:443"),
            edits: &["to-h.properties.useRemoteGateways=true"],
        },
        Case {
            name: "a range that the local network lacks",
            lines: connected(&[]),
            ends: ("x", "192.168.7.7:443"),
            edits: &["site.properties.localNetworkAddressSpace.addressPrefixes[+]=\"192.168.7.7/32\""],
        },
        Case {
            name: "a connection of one side",
            lines: other,
            ends: ("x", "z:443"),
            edits: &["connections/one-way-back={"],
        },
        Case {
            name: "a table that keeps the gateway's routes out",
            lines: kept_out,
            ends: ("x", "192.168.0.9:443"),
            edits: &["routeTables/t.properties.disableBgpRoutePropagation=false"],
        },
    ]
}
