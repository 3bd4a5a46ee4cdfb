//! Firewalls with their policies, and network managers with their admin rules.

use super::families::kind_of;
use super::{at, deployed, resource, told};
use sim_core::net::{Addr, Protocol};
use sim_core::topology::{
    Access, ApplicationProtocol, FirewallMatch, FirewallPeer, Kind, OverIntentPolicies, PortRange, Relation,
};

const HUB: &str = r#""addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [
    {"name": "AzureFirewallSubnet", "properties": {"addressPrefix": "10.0.1.0/26"}},
    {"name": "AzureFirewallManagementSubnet", "properties": {"addressPrefix": "10.0.2.0/26"}}]"#;

fn reference(key: &str, part: &str) -> String {
    format!("\"{key}\": {{\"id\": \"{}\"}}", at(part))
}

fn configurations() -> String {
    let subnet = reference("subnet", "virtualNetworks/hub/subnets/AzureFirewallSubnet");
    let management = reference("subnet", "virtualNetworks/hub/subnets/AzureFirewallManagementSubnet");
    let public = |name: &str| reference("publicIPAddress", &format!("publicIPAddresses/{name}"));
    format!(
        "\"ipConfigurations\": [{{\"name\": \"a\", \"properties\": {{{subnet}, {}}}}},\n\
         {{\"name\": \"b\", \"properties\": {{{}}}}}],\n\
         \"managementIpConfiguration\": {{\"name\": \"m\", \"properties\": {{{management}, {}}}}}",
        public("one"),
        public("two"),
        public("three")
    )
}

fn with_hub(more: &[String]) -> String {
    let public = |name: &str| resource("publicIPAddresses", name, "\"publicIPAllocationMethod\": \"Static\"");
    let mut all = vec![resource("virtualNetworks", "hub", HUB), public("one"), public("two"), public("three")];
    all.extend_from_slice(more);
    all.join(",\n")
}

/// Catches: the management address taken for one of traffic, one of two public addresses lost, the subnet's first address
/// given to something else, classic rules not read, ranges of a classic firewall not read.
#[test]
fn a_classic_firewall() {
    let rules = r#""networkRuleCollections": [{"name": "n", "properties": {"priority": "200", "action": {"type": "Deny"},
        "rules": [{"name": "r", "protocols": ["TCP", "ICMP"], "sourceAddresses": ["10.1.0.0/16", "10.2.0.1-10.2.0.9"],
        "destinationAddresses": ["Storage.WestUS", "1.2.3.4"], "destinationPorts": ["80", "1000-1010"]}]}}],
        "applicationRuleCollections": [{"name": "a", "properties": {"priority": 100, "action": {"type": "Allow"},
        "rules": [{"name": "r", "sourceAddresses": ["*"], "targetFqdns": ["*.example.com"],
        "protocols": [{"protocolType": "Https", "port": 8443}, {"protocolType": "http"}]}]}}],
        "natRuleCollections": [{"name": "d", "properties": {"priority": 100, "action": {"type": "Dnat"},
        "rules": [{"name": "r", "protocols": ["Any"], "sourceAddresses": ["*"], "destinationAddresses": ["20.1.1.1"],
        "destinationPorts": ["3389"], "translatedAddress": "10.0.5.4", "translatedPort": "22"}]}}],
        "additionalProperties": {"Network.SNAT.PrivateRanges": "IANAPrivateRanges, 20.0.0.0/8"}"#;
    let firewall = resource("azureFirewalls", "fw", &format!("{},\n{rules}", configurations()));
    let world = deployed(&with_hub(&[firewall]));
    assert_eq!(told(&world), "");
    let Kind::Firewall(found) = kind_of(&world, "azureFirewalls/fw") else { panic!() };
    assert_eq!(found.address, Some(Addr::v4(10, 0, 1, 4)));
    assert_eq!(found.no_translation.map(|ranges| ranges.len()), Some(5));
    let id = world.topology.find(&at("azureFirewalls/fw")).unwrap().id;
    let used: Vec<String> =
        world.topology.targets(id, Relation::Uses).iter().map(|it| it.short_name().to_owned()).collect();
    assert_eq!(used, ["one", "two"]);
    let [translations, network, application] = found.collections.as_slice() else { panic!("{:?}", found.collections) };
    assert_eq!((network.priority, network.allow, application.allow), (200, false, true));
    let range = |a: Addr, b: Addr| FirewallPeer::Range(a, b);
    let wanted = FirewallMatch::Network {
        protocols: vec![Protocol::TCP, Protocol::ICMP],
        destination: vec![
            FirewallPeer::Tag("Storage.WestUS".into()),
            range(Addr::v4(1, 2, 3, 4), Addr::v4(1, 2, 3, 4)),
        ],
        ports: vec![PortRange::one(80), PortRange { first: 1000, last: 1010 }],
    };
    assert_eq!(network.rules[0].what, wanted);
    assert_eq!(network.rules[0].source[1], range(Addr::v4(10, 2, 0, 1), Addr::v4(10, 2, 0, 9)));
    let wanted = FirewallMatch::Application {
        protocols: vec![(ApplicationProtocol::Https, 8443), (ApplicationProtocol::Http, 80)],
        names: vec!["*.example.com".into()],
    };
    assert_eq!(application.rules[0].what, wanted);
    let FirewallMatch::Translate { protocols, to, to_port, .. } = &translations.rules[0].what else { panic!() };
    assert_eq!((protocols.as_slice(), *to, *to_port), (&[][..], Addr::v4(10, 0, 5, 4), Some(22)));
}

/// Catches: a group that does not find its policy, IP groups not followed, inheritance lost, private ranges of a policy
/// not read, an old group's conditions not read, a rule of unknown contents that is taken for none.
#[test]
fn a_policy_with_its_groups() {
    let base = resource("firewallPolicies", "base", "\"snat\": {\"privateRanges\": [\"255.255.255.255/32\"]}");
    let policy = resource("firewallPolicies", "policy", &reference("basePolicy", "firewallPolicies/base"));
    let ips = resource("ipGroups", "ips", "\"ipAddresses\": [\"10.7.0.0/24\", \"10.8.0.1-10.8.0.2\"]");
    let group = format!(
        r#""priority": 300, "ruleCollections": [{{"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "c",
        "priority": 110, "action": {{"type": "Allow"}}, "rules": [
        {{"ruleType": "NetworkRule", "name": "n", "ipProtocols": ["Any"], "sourceAddresses": [],
        "sourceIpGroups": ["{}"], "destinationFqdns": ["time.example.com"], "destinationPorts": ["*"]}},
        {{"ruleType": "ApplicationRule", "name": "a", "sourceAddresses": ["*"], "fqdnTags": ["WindowsUpdate"],
        "protocols": [{{"protocolType": "Https", "port": 443}}]}}]}}]"#,
        at("ipGroups/ips")
    );
    let group = resource("firewallPolicies/ruleCollectionGroups", "policy/g", &group);
    let old = r#""priority": 100, "rules": [{"ruleType": "FirewallPolicyFilterRule", "name": "o", "priority": 200,
        "action": {"type": "Deny"}, "ruleConditions": [{"ruleConditionType": "NetworkRuleCondition", "name": "x",
        "ipProtocols": ["UDP"], "sourceAddresses": ["*"], "destinationAddresses": ["*"], "destinationPorts": ["53"]}]}]"#;
    let old = resource("firewallPolicies/ruleGroups", "policy/old", old);
    let firewall = format!("{}, {}", configurations(), reference("firewallPolicy", "firewallPolicies/policy"));
    let firewall = resource("azureFirewalls", "fw", &firewall);
    let world = deployed(&with_hub(&[firewall, base, policy, ips, group, old]));
    let told = told(&world);
    assert!(told.starts_with("azure.not-modelled") && told.contains("tags of host names"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    let Kind::FirewallPolicy(found) = kind_of(&world, "firewallPolicies/policy") else { panic!() };
    let heads: Vec<_> =
        found.collections.iter().map(|it| (&*it.group, it.group_priority, &*it.name, it.priority, it.allow)).collect();
    assert_eq!(heads, [("g", 300, "c", 110, true), ("old", 100, "o", 200, false)]);
    let network = &found.collections[0].rules[0];
    assert_eq!(network.source.len(), 2);
    let FirewallMatch::Network { protocols, destination, ports } = &network.what else { panic!() };
    assert!(protocols.is_empty() && ports.is_empty());
    assert_eq!(destination.as_slice(), [FirewallPeer::Name("time.example.com".into())]);
    assert_eq!(found.collections[1].rules.len(), 1);
    let Kind::FirewallPolicy(base) = kind_of(&world, "firewallPolicies/base") else { panic!() };
    assert_eq!(base.no_translation.map(|ranges| ranges.len()), Some(1));
    let governed = |name: &str| {
        let id = world.topology.find(&at(name)).unwrap().id;
        world.topology.target(id, Relation::GovernedBy).map(|it| it.short_name().to_owned())
    };
    assert_eq!(governed("azureFirewalls/fw").as_deref(), Some("policy"));
    assert_eq!(governed("firewallPolicies/policy").as_deref(), Some("base"));
}

/// Catches: a firewall of a virtual hub that is taken for one in a subnet, inspection that nobody is told of, a policy of
/// somebody else that makes the firewall vanish, an address of a firewall that routes cannot name.
#[test]
fn what_is_left_out_of_firewalls() {
    let hub = resource("azureFirewalls", "hubbed", "\"sku\": {\"name\": \"AZFW_Hub\", \"tier\": \"Standard\"}");
    let world = deployed(&hub);
    assert!(told(&world).contains("a firewall in a virtual hub"), "{}", told(&world));
    assert!(world.topology.find(&at("azureFirewalls/hubbed")).is_none());

    let inspecting = "\"threatIntelMode\": \"Deny\", \"dnsSettings\": {\"enableProxy\": true}, \
                      \"intrusionDetection\": {\"mode\": \"Deny\"}, \"transportSecurity\": {}";
    let world = deployed(&resource("firewallPolicies", "p", inspecting));
    assert_eq!(told(&world).lines().count(), 4, "{}", told(&world));

    let firewall = format!("{}, {}", configurations(), reference("firewallPolicy", "firewallPolicies/elsewhere"));
    let hop = "[reference(resourceId('Microsoft.Network/azureFirewalls', 'fw'), '2021-05-01')\
               .ipConfigurations[0].properties.privateIPAddress]";
    let route = format!(
        "\"routes\": [{{\"name\": \"all\", \"properties\": {{\"addressPrefix\": \"0.0.0.0/0\", \
         \"nextHopType\": \"VirtualAppliance\", \"nextHopIpAddress\": \"{hop}\"}}}}]"
    );
    let table = resource("routeTables", "t", &route);
    let world = deployed(&with_hub(&[resource("azureFirewalls", "fw", &firewall), table]));
    assert_eq!(told(&world), "");
    let Kind::RouteTable(table) = kind_of(&world, "routeTables/t") else { panic!() };
    let hop = sim_core::topology::UserHop::Appliance(Addr::v4(10, 0, 1, 4));
    assert_eq!(table.routes.iter().map(|route| route.next_hop).collect::<Vec<_>>(), [hop]);
}

/// Catches: rules that reach networks of no group, or none; a collection's rules read in another's place; a priority of
/// security groups asked for; members by policy, connections and default rules that nobody is told of.
#[test]
fn a_network_manager_with_admin_rules() {
    let vnet = |name: &str, space: &str| {
        resource("virtualNetworks", name, &format!("\"addressSpace\": {{\"addressPrefixes\": [\"{space}\"]}}"))
    };
    let manager = "networkManagers/m";
    let member = |name: &str, vnet: &str| {
        let id = format!("\"resourceId\": \"{}\"", at(&format!("virtualNetworks/{vnet}")));
        resource("networkManagers/networkGroups/staticMembers", name, &id)
    };
    let configuration = resource(
        "networkManagers/securityAdminConfigurations",
        "m/c",
        "\"applyOnNetworkIntentPolicyBasedServices\": [\"AllowRulesOnly\"]",
    );
    let applied =
        format!("\"appliesToGroups\": [{{\"networkGroupId\": \"{}\"}}]", at(&format!("{manager}/networkGroups/g")));
    let collection = resource("networkManagers/securityAdminConfigurations/ruleCollections", "m/c/rc", &applied);
    let rule = |name: &str, priority: u32| {
        let properties = format!(
            "\"access\": \"AlwaysAllow\", \"direction\": \"Inbound\", \"priority\": {priority}, \"protocol\": \"Tcp\", \
             \"sources\": [{{\"addressPrefixType\": \"ServiceTag\", \"addressPrefix\": \"Internet\"}}], \
             \"destinations\": [{{\"addressPrefixType\": \"IPPrefix\", \"addressPrefix\": \"*\"}}], \
             \"sourcePortRanges\": [\"0-65535\"], \"destinationPortRanges\": [\"22\"]"
        );
        resource("networkManagers/securityAdminConfigurations/ruleCollections/rules", name, &properties)
    };
    let flagged = resource(
        "networkManagers/securityAdminConfigurations/ruleCollections/rules",
        "m/c/rc/default",
        "\"flag\": \"AllowVnetInbound\"",
    );
    let all = [
        vnet("governed", "10.0.0.0/16"),
        vnet("free", "10.1.0.0/16"),
        resource("networkManagers", "m", ""),
        resource("networkManagers/networkGroups", "m/g", ""),
        member("m/g/one", "governed"),
        configuration,
        collection,
        rule("m/c/rc/ssh", 1),
        rule("m/c/other/ssh", 2),
    ];
    let world = deployed(&all.join(",\n"));
    assert_eq!(told(&world), "");
    let path = "networkManagers/m/securityAdminConfigurations/c/ruleCollections/rc";
    let Kind::AdminRules(found) = kind_of(&world, path) else { panic!() };
    assert_eq!(found.over_intent_policies, OverIntentPolicies::Allowing);
    let rules: Vec<_> = found.rules.iter().map(|rule| (&*rule.name, rule.priority, rule.access)).collect();
    assert_eq!(rules, [("ssh", 1, Access::AlwaysAllow)]);
    let id = world.topology.find(&at(path)).unwrap().id;
    let governed = world.topology.targets(id, Relation::Governs);
    assert_eq!(governed.iter().map(|it| it.short_name()).collect::<Vec<_>>(), ["governed"]);

    for (extra, said) in [
        (resource("networkManagers/networkGroups", "m/h", ""), "members that Azure Policy gives"),
        (resource("networkManagers/connectivityConfigurations", "m/cc", ""), "what a network manager connects"),
        (flagged, "a default admin rule"),
        (rule("m/c/rc/zero", 0), "SecurityRuleInvalidPriority"),
        (rule("m/c/rc/beyond", 4097), "SecurityRuleInvalidPriority"),
    ] {
        let world = deployed(&format!("{},\n{extra}", all.join(",\n")));
        assert_eq!(told(&world).lines().count(), 1, "{}", told(&world));
        assert!(told(&world).contains(said), "{}", told(&world));
    }
}
