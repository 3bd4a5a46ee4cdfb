//! Security rules and routes, inside their group and on their own.

use super::families::kind_of;
use super::{at, deployed, resource, told};
use crate::arm::Environment;
use crate::{Input, load};
use sim_core::assumption::Choices;
use sim_core::topology::{Access, Direction, Kind, UserHop};

/// One rule with the defaults of the test, and `more` in place of what it names.
fn rule(more: &str) -> String {
    let mut all = String::from("{\"name\": \"r\", \"properties\": {");
    for (key, default) in [
        ("priority", "100"),
        ("direction", "\"Inbound\""),
        ("access", "\"Allow\""),
        ("protocol", "\"*\""),
        ("sourceAddressPrefix", "\"*\""),
        ("destinationAddressPrefix", "\"*\""),
        ("sourcePortRange", "\"*\""),
        ("destinationPortRange", "\"*\""),
    ] {
        if !more.contains(&format!("\"{key}")) {
            all.push_str(&format!("\"{key}\": {default}, "));
        }
    }
    format!("{all}{more}}}}}")
}

/// Catches: the quirks of real rules (azure-dataplane 1.2): letter case, strings for numbers, blanks, lists beside
/// single values, tags in capitals, the three spellings of any.
#[test]
fn security_rules_as_people_write_them() {
    // Tests `nsg-rule-words`.
    const PORTS: &str = "[PortRange { first: 22, last: 22 }, PortRange { first: 80, last: 80 }]";
    let any = "[Any] [] [Any] []";
    for (written, expected) in [
        ("\"priority\": \"4096\"", format!("4096 Inbound Allow None {any}")),
        ("\"direction\": \"outbound\", \"access\": \"DENY\"", format!("100 Outbound Deny None {any}")),
        ("\"protocol\": \"TCP\"", format!("100 Inbound Allow Some(TCP) {any}")),
        ("\"sourceAddressPrefix\": \"0.0.0.0/0\"", format!("100 Inbound Allow None {any}")),
        ("\"sourceAddressPrefix\": \"INTERNET\"", "100 Inbound Allow None [Tag(\"INTERNET\")] [] [Any] []".to_owned()),
        (
            "\"sourceAddressPrefixes\": [\"10.0.0.0/8\", \"1.2.3.4\"]",
            "100 Inbound Allow None [Prefix(10.0.0.0/8), Prefix(1.2.3.4/32)] [] [Any] []".to_owned(),
        ),
        (
            "\"sourceAddressPrefix\": \"*\", \"sourceAddressPrefixes\": [\"10.0.0.0/8\"]",
            format!("100 Inbound Allow None {any}"),
        ),
        (
            "\"destinationPortRange\": \"65503-65534 \"",
            "100 Inbound Allow None [Any] [] [Any] [PortRange { first: 65503, last: 65534 }]".to_owned(),
        ),
        (
            "\"destinationPortRanges\": [22, \"80\"], \"destinationPortRange\": null",
            format!("{} {}", "100 Inbound Allow None [Any] [] [Any]", PORTS),
        ),
        (
            "\"sourceApplicationSecurityGroups\": [{\"id\": \"/a\"}], \"sourceAddressPrefix\": \"\"",
            "100 Inbound Allow None [Asg(\"/a\")] [] [Any] []".to_owned(),
        ),
    ] {
        let rules = format!("\"securityRules\": [{}]", rule(written));
        let world = deployed(&resource("networkSecurityGroups", "g", &rules));
        assert_eq!(told(&world), "", "{written}");
        let Kind::Nsg(group) = kind_of(&world, "networkSecurityGroups/g") else { panic!() };
        let found = &group.rules[0];
        let found = format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            found.priority,
            found.direction,
            found.access,
            found.protocol,
            found.source,
            found.source_ports,
            found.destination,
            found.destination_ports
        );
        assert_eq!(found, expected, "{written}");
    }
}

/// Catches: a bad value that takes the whole group with it, or that is taken for something else; a finding that does
/// not point at the value.
#[test]
fn rules_that_cannot_be_read_are_left_out() {
    // Tests `refuse-rule-address`, `refuse-rule-port`, `refuse-rule-word`.
    for (written, code) in [
        ("\"priority\": \"abc\"", "InvalidRequestFormat"),
        ("\"priority\": 70000", "SecurityRuleInvalidPriority"),
        ("\"priority\": 99", "SecurityRuleInvalidPriority"),
        ("\"destinationPortRange\": \"70000\"", "SecurityRuleInvalidPortRange"),
        ("\"sourceAddressPrefix\": \"10.0.0.0/33\"", "SecurityRuleInvalidAddressPrefix"),
        // Names that are no service tag: recorded in issues of Azure PowerShell and Terraform, and a slip of the keys.
        ("\"sourceAddressPrefix\": \"VIRTUAL_NETWORK\"", "SecurityRuleInvalidAddressPrefix"),
        ("\"destinationAddressPrefix\": \"Storag\"", "SecurityRuleInvalidAddressPrefix"),
        ("\"destinationAddressPrefix\": \"Storage./x\"", "SecurityRuleInvalidAddressPrefix"),
        ("\"protocol\": \"SCTP\"", "InvalidRequestFormat"),
        ("\"access\": null", "azure.missing-property"),
    ] {
        let good = rule("\"direction\": \"Inbound\"").replace("\"r\"", "\"good\"");
        let text = format!("\"securityRules\": [\n{},\n{good}]", rule(written).replace("100", "101"));
        let world = deployed(&resource("networkSecurityGroups", "g", &text));
        let Kind::Nsg(group) = kind_of(&world, "networkSecurityGroups/g") else { panic!() };
        assert_eq!(group.rules.len(), 1, "{written}");
        assert_eq!(world.findings.len(), 1, "{written}: {}", told(&world));
        assert_eq!(world.findings[0].diagnostic.code, code, "{written}");
        let line = world.sources.locate(world.findings[0].diagnostic.span.unwrap()).unwrap().line;
        assert_eq!(line, 3, "{written}");
    }
}

/// Catches: a tag refused that Azure's own list has, one that is not in the list refused although this version knows it,
/// a slip of the keys without the name that was meant, the state of the list missing among the assumptions.
#[test]
fn a_list_of_service_tags_adds_to_what_is_known() {
    // Tests `refuse-rule-address`.
    let rules =
        |tag: &str| format!("\"securityRules\": [{}]", rule(&format!("\"destinationAddressPrefix\": \"{tag}\"")));
    let template = |tag: &str| {
        let group = resource("networkSecurityGroups", "g", &rules(tag));
        Input::new("main.json", format!("{{\"contentVersion\": \"1.0.0.0\", \"resources\": [{group}]}}"))
    };
    let list = |number: u32| {
        let tag = "{\"name\": \"Brandnew.WestUS\", \"properties\": {\"addressPrefixes\": [\"20.9.0.0/16\"]}}";
        Input::new(
            format!("tags{number}.json"),
            format!("{{\"changeNumber\": {number}, \"cloud\": \"Public\", \"values\": [{tag}]}}"),
        )
    };
    let read = |inputs: &[Input]| load(inputs, None, &Environment::default());
    for tag in ["brandnew.westus", "Storage.EastUS", "INTERNET"] {
        let world = read(&[template(tag), list(7)]);
        assert_eq!(told(&world), "", "{tag}");
        let named = world.assumptions.iter().map(|it| it.text.as_str()).collect::<Vec<_>>();
        assert_eq!(named, ["tags7.json, changeNumber 7, cloud Public, 1 tags"]);
        let facts = world.facts(crate::facts::Date::DATA, Choices::default(), false);
        assert!(facts.tags.addresses("BRANDNEW.westus").is_some());
    }
    let world = read(&[template("brandnew.westus")]);
    assert_eq!(world.findings[0].diagnostic.code, "SecurityRuleInvalidAddressPrefix");
    let world = read(&[template("Storag")]);
    assert_eq!(world.findings[0].diagnostic.help.as_deref(), Some("did you mean the service tag `Storage`?"));
    // Two states of the list: the newer counts, in any order.
    for inputs in [[list(7), list(8)], [list(8), list(7)]] {
        let world = read(&inputs);
        assert_eq!(world.diagnostics[0].code, "tags.several");
        assert_eq!(world.service_tags().unwrap().change_number, 8);
    }
}

/// Catches: a route lost because its next hop is an address that Azure gives out.
#[test]
fn a_next_hop_may_be_the_address_of_a_nic() {
    let vnet = "\"addressSpace\": {\"addressPrefixes\": [\"10.0.0.0/16\"]}, \"subnets\": [{\"name\": \"a\", \
                \"properties\": {\"addressPrefix\": \"10.0.7.0/24\"}}]";
    let subnet = format!("\"subnet\": {{\"id\": \"{}\"}}", at("virtualNetworks/v/subnets/a"));
    let nic = format!("\"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{{subnet}}}}}]");
    let hop = "[reference(resourceId('Microsoft.Network/networkInterfaces', 'n')).ipConfigurations[0].properties.privateIPAddress]";
    let route = format!(
        "\"routes\": [{{\"name\": \"r\", \"properties\": {{\"addressPrefix\": \"0.0.0.0/0\", \
         \"nextHopType\": \"VirtualAppliance\", \"nextHopIpAddress\": \"{hop}\"}}}}]"
    );
    let text = [
        resource("routeTables", "t", &route),
        resource("virtualNetworks", "v", vnet),
        resource("networkInterfaces", "n", &nic),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    let Kind::RouteTable(table) = kind_of(&world, "routeTables/t") else { panic!() };
    assert_eq!(table.routes[0].next_hop, UserHop::Appliance("10.0.7.4".parse().unwrap()));
}

/// Catches: a rule or route of its own lost, or put beside the one it replaces.
#[test]
fn rules_and_routes_of_their_own_join_their_group() {
    // Tests `route-hop-types`.
    let inside = format!("\"securityRules\": [{}]", rule("\"access\": \"Deny\""));
    let alone = rule("\"access\": \"Allow\"").replace("{\"name\": \"r\", \"properties\": {", "");
    let alone = alone.trim_end_matches('}');
    let route =
        "\"addressPrefix\": \"10.9.0.0/16\", \"nextHopType\": \"virtualAppliance\", \"nextHopIpAddress\": \"10.0.0.4\"";
    let text = [
        resource("networkSecurityGroups", "g", &inside),
        resource("networkSecurityGroups/securityRules", "g/R", alone),
        resource("networkSecurityGroups/securityRules", "g/other", &alone.replace("100", "200")),
        resource("routeTables", "t", "\"routes\": []"),
        resource("routeTables/routes", "t/a", route),
        resource("routeTables/routes", "elsewhere/a", "\"addressPrefix\": \"0.0.0.0/0\", \"nextHopType\": \"none\""),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    let Kind::Nsg(group) = kind_of(&world, "networkSecurityGroups/g") else { panic!() };
    let rules: Vec<_> = group.rules.iter().map(|rule| (rule.priority, rule.direction, rule.access)).collect();
    assert_eq!(rules, [(100, Direction::Inbound, Access::Allow), (200, Direction::Inbound, Access::Allow)]);
    let Kind::RouteTable(table) = kind_of(&world, "routeTables/t") else { panic!() };
    assert_eq!(table.routes[0].next_hop, UserHop::Appliance("10.0.0.4".parse().unwrap()));
    let Kind::RouteTable(table) = kind_of(&world, "routeTables/elsewhere") else { panic!() };
    assert_eq!(table.routes[0].next_hop, UserHop::None);
    assert_eq!(world.assumptions.len(), 1);
}
