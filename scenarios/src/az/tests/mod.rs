//! Every operation, asked of one small network made by hand, and wrong questions to each.

mod backends;
mod network;

use super::{Azure, Fault, Request};
use network::{azure, id, refer};
use serde_json::{Value, json};

fn ask(azure: &Azure, rest: &str, body: Value) -> Result<Value, Fault> {
    let method = if rest.contains("usages") || rest.contains("CheckIP") { "GET" } else { "post" };
    let version = if rest.contains('?') { "&api-version=2022-01-01" } else { "?api-version=2022-01-01" };
    azure.answer(&Request { method: method.to_owned(), uri: id(rest) + version, body: Some(body) })
}

fn watcher(azure: &Azure, operation: &str, body: Value) -> Value {
    ask(azure, &format!("networkWatchers/w/{operation}"), body).unwrap()
}

fn flow(machine: &str, direction: &str, local: (&str, &str), remote: (&str, &str)) -> Value {
    json!({
        "targetResourceId": id(&format!("virtualMachines/vm-{machine}")), "direction": direction, "protocol": "tcp",
        "localIPAddress": local.0, "localPort": local.1, "remoteIPAddress": remote.0, "remotePort": remote.1,
    })
}

/// Catches: the NIC's group asked before the subnet's on the way in, the group of another level named, the first that
/// allows named instead of the last, a rule named where there is no group.
#[test]
fn a_flow_is_decided_by_the_group_that_azure_names() {
    let azure = azure();
    for (machine, direction, port, access, rule) in [
        ("a", "Inbound", "80", "Deny", "outer/securityRules/no-web"),
        ("a", "Inbound", "443", "Deny", "inner/securityRules/no-tls"),
        ("a", "Inbound", "22", "Allow", "inner/securityRules/ssh"),
        ("a", "Inbound", "21", "Deny", "defaultSecurityRules/DenyAllInBound"),
        ("a", "Outbound", "25", "Deny", "outer/securityRules/no-mail"),
        ("a", "Outbound", "80", "Allow", "defaultSecurityRules/AllowInternetOutBound"),
        ("b", "Inbound", "80", "Allow", ""),
    ] {
        let (local, remote) = if direction == "Inbound" { (port, "*") } else { ("*", port) };
        let answer =
            watcher(&azure, "ipFlowVerify", flow(machine, direction, ("10.1.1.4", local), ("8.8.8.8", remote)));
        assert_eq!(answer["access"], access, "{direction} {port}");
        let name = answer["ruleName"].as_str().unwrap_or_default();
        let told = answer["ruleId"].as_str().filter(|id| !id.is_empty()).unwrap_or(name);
        assert!(told.ends_with(rule) && told.is_empty() == rule.is_empty(), "{direction} {port}: {answer}");
    }
}

/// Catches: a route table of another subnet, an appliance out of reach told as one that is reached, a name for a hop that
/// Network Watcher does not use.
#[test]
fn the_next_hop_is_told_with_its_table() {
    let azure = azure();
    for (machine, to, kind, hop, table) in [
        ("a", "10.1.2.5", "VirtualNetwork", None, "System Route"),
        ("a", "10.2.0.4", "VirtualAppliance", Some("10.1.2.4"), "rt"),
        ("a", "10.8.0.1", "None", Some("10.77.0.1"), "rt"),
        ("a", "8.8.8.8", "Internet", None, "System Route"),
        ("a", "192.168.0.1", "None", None, "System Route"),
        ("b", "10.2.0.4", "VirtualNetworkPeering", None, "System Route"),
    ] {
        let machine = id(&format!("virtualMachines/vm-{machine}"));
        let body = json!({"targetResourceId": machine, "sourceIPAddress": "1.2.3.4", "destinationIPAddress": to});
        let answer = watcher(&azure, "nextHop", body);
        assert_eq!((answer["nextHopType"].as_str(), answer["nextHopIpAddress"].as_str()), (Some(kind), hop), "{to}");
        assert!(answer["routeTableId"].as_str().unwrap().ends_with(table), "{answer}");
    }
}

/// Catches: rules after the one that matched told too, a flag of another field, a range of ports that is taken where only
/// part of it is, the level left out or mixed up.
#[test]
fn the_diagnostic_tells_each_rule_that_was_asked() {
    let azure = azure();
    let profile = |source: &str, port: &str| json!({"direction": "Inbound", "protocol": "TCP", "source": source, "destination": "10.1.1.4", "destinationPort": port});
    let body = json!({
        "targetResourceId": id("virtualMachines/vm-a"),
        "profiles": [profile("8.8.8.8", "443"), profile("10.1.2.5", "443-444"), profile("Internet", "22")],
    });
    let answer = watcher(&azure, "networkConfigurationDiagnostic", body);
    let told = |n: usize| {
        let result = &answer["results"][n]["networkSecurityGroupResult"];
        let groups = result["evaluatedNetworkSecurityGroups"].as_array().unwrap().iter().map(|group| {
            let holder = group["appliedTo"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            let flags = |rule: &Value| {
                let keys = [
                    "protocolMatched",
                    "sourceMatched",
                    "sourcePortMatched",
                    "destinationMatched",
                    "destinationPortMatched",
                ];
                keys.map(|key| if rule[key] == true { '+' } else { '-' }).iter().collect::<String>()
            };
            let rules: Vec<String> = group["rulesEvaluationResult"].as_array().unwrap().iter().map(flags).collect();
            (holder, group["matchedRule"]["ruleName"].as_str().unwrap().to_owned(), rules.join(" "))
        });
        (result["securityRuleAccessResult"].as_str().unwrap().to_owned(), groups.collect::<Vec<_>>())
    };
    let group = |holder: &str, rule: &str, flags: &str| (holder.to_owned(), rule.to_owned(), flags.to_owned());
    assert_eq!(
        told(0),
        ("Deny".to_owned(), vec![group("a", "UserRule_ssh", "++++- +++++"), group("a", "UserRule_no-tls", "+++++")])
    );
    assert_eq!(
        told(1),
        (
            "Allow".to_owned(),
            vec![group("a", "UserRule_ssh", "++++- +++++"), group("a", "UserRule_friends", "++++- +++++")]
        )
    );
    assert_eq!(told(2).1[1], group("a", "UserRule_ssh", "++++- +-+++ +++++"));
}

/// Catches: a route that lost told as one in force, the user's routes without their names, peering across regions told as
/// peering within one.
#[test]
fn effective_routes_are_those_of_the_subnet() {
    let azure = azure();
    let answer = ask(&azure, "networkInterfaces/a/effectiveRouteTable", Value::Null).unwrap();
    let told: Vec<String> = answer["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|route| route["nextHopType"] != "None")
        .map(|route| {
            let text = |key: &str| route[key].as_str().unwrap_or("-").to_owned();
            let hop = route["nextHopIpAddress"][0].as_str().unwrap_or("-");
            let prefix = route["addressPrefix"][0].as_str().unwrap();
            let kept_out = route["disableBgpRoutePropagation"].as_bool().unwrap();
            format!(
                "{prefix} {} {hop} {} {} {} {kept_out}",
                text("nextHopType"),
                text("source"),
                text("state"),
                text("name")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "10.1.0.0/16 VnetLocal - Default Active - false",
            "10.2.0.0/16 VNetGlobalPeering - Default Invalid - false",
            "0.0.0.0/0 Internet - Default Active - false",
            "10.2.0.0/16 VirtualAppliance 10.1.2.4 User Active over true",
            "10.8.0.0/16 VirtualAppliance 10.77.0.1 User Active lost true",
        ]
    );
}

/// Catches: the members of an application security group that are not spelt out, a tag that is not, several ports pressed
/// into the field for one, the subnet's group before the NIC's.
#[test]
fn effective_rules_are_spelt_out() {
    let azure = azure();
    let answer = ask(&azure, "networkInterfaces/a/effectiveNetworkSecurityGroups", Value::Null).unwrap();
    let [inner, outer] = answer["value"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    let named = |group: &Value, name: &str| {
        let rules = group["effectiveSecurityRules"].as_array().unwrap();
        rules.iter().find(|rule| rule["name"] == name).unwrap().clone()
    };
    let friends = named(inner, "securityRules/friends");
    assert_eq!(friends["sourceAddressPrefixes"], json!(["10.1.2.5/32"]));
    assert_eq!(friends["protocol"], "All");
    // What the routes send to appliances is in the tag (azure-dataplane 1.7).
    let space = json!(["10.1.0.0/16", "10.2.0.0/16", "10.8.0.0/16", "168.63.129.16/32"]);
    assert_eq!(friends["expandedDestinationAddressPrefix"], space);
    assert_eq!(inner["tagMap"]["VirtualNetwork"], space);
    let ssh = named(outer, "securityRules/ssh");
    assert_eq!(ssh["destinationPortRanges"], json!(["22-22", "443-444"]));
    assert!(ssh.get("destinationPortRange").is_none());
    assert_eq!(ssh["sourceAddressPrefixes"], json!(["0.0.0.0/0", "0.0.0.0/0"]));
    assert!(inner["association"].get("networkInterface").is_some() && outer["association"].get("subnet").is_some());
}

/// Catches: an appliance on the way that is no hop, a denied connection told as one that comes about, the rule that denies
/// not named or named at the wrong end.
#[test]
fn a_connection_is_told_hop_by_hop() {
    let azure = azure();
    let check = |from: &str, to: Value| {
        let source = json!({"resourceId": id(&format!("virtualMachines/vm-{from}"))});
        watcher(&azure, "connectivityCheck", json!({"source": source, "destination": to}))
    };
    let kinds = |answer: &Value| -> Vec<String> {
        answer["hops"].as_array().unwrap().iter().map(|hop| hop["type"].as_str().unwrap().to_owned()).collect()
    };
    let denied = check("b", json!({"resourceId": id("virtualMachines/vm-a"), "port": 80}));
    assert_eq!((denied["connectionStatus"].as_str(), &denied["probesFailed"]), (Some("Unreachable"), &json!(30)));
    assert_eq!(kinds(&denied), ["Source", "VirtualNetwork"]);
    let issue = &denied["hops"][1]["issues"][0];
    assert_eq!(issue["type"], "NetworkSecurityRule");
    assert_eq!((&issue["origin"], &issue["context"][0]["value"]), (&json!("Inbound"), &json!("UserRule_no-web")));

    let over = check("a", json!({"address": "10.2.0.4", "port": 22}));
    assert_eq!(kinds(&over), ["Source", "VirtualAppliance", "VirtualNetwork"]);
    assert_eq!(over["hops"][2]["previousHopIds"][0], over["hops"][1]["id"]);

    let lost = check("a", json!({"address": "10.8.0.1", "port": 22}));
    assert_eq!(kinds(&lost), ["Source", "Destination"]);
    assert_eq!(lost["hops"][0]["issues"][0]["type"], "UserDefinedRoute");

    let name = check("b", json!({"address": "example.org", "port": 443}));
    assert_eq!(
        (name["connectionStatus"].as_str(), kinds(&name)),
        (Some("Reachable"), vec!["Source".into(), "Internet".into()])
    );
    assert_eq!(name["hops"][1]["address"], "example.org");
}

/// Catches: a reserved or taken address offered, more than five offered, an address outside of all subnets answered, the
/// gateways' subnet counted.
#[test]
fn addresses_are_counted_as_azure_counts() {
    let azure = azure();
    let check = |address: &str| {
        ask(&azure, &format!("virtualNetworks/v/CheckIPAddressAvailability?ipAddress={address}"), Value::Null)
    };
    let free = json!({"available": true, "isPlatformReserved": false});
    assert_eq!(check("10.1.1.5").unwrap(), free);
    let taken =
        json!({"available": false, "isPlatformReserved": false, "availableIPAddresses": ["10.1.1.5", "10.1.1.6"]});
    assert_eq!(check("10.1.1.4").unwrap(), taken);
    let reserved = check("10.1.2.255").unwrap();
    assert_eq!(
        (&reserved["isPlatformReserved"], reserved["availableIPAddresses"].as_array().unwrap().len()),
        (&json!(true), 5)
    );
    assert_eq!(check("10.1.9.9").unwrap_err().body()["error"]["code"], "PrivateIPAddressNotInAnySubnet");

    let usages = ask(&azure, "virtualNetworks/v/usages", Value::Null).unwrap();
    let told: Vec<(f64, f64)> = usages["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|usage| (usage["currentValue"].as_f64().unwrap(), usage["limit"].as_f64().unwrap()))
        .collect();
    assert_eq!(told, [(1.0, 3.0), (2.0, 251.0), (-1.0, -1.0)]);
}

/// Catches: the port of another member, a rule over another pool, an address that is no member answered.
#[test]
fn members_have_their_frontend_ports() {
    let azure = azure();
    let query =
        |body: Value| ask(&azure, "loadBalancers/lb/backendAddressPools/p/queryInboundNatRulePortMapping", body);
    let mapping = json!({"inboundNatRuleName": "rdp", "protocol": "Tcp", "frontendPort": 5000, "backendPort": 3389});
    for body in
        [json!({"ipAddress": "10.1.2.5"}), json!({"ipConfiguration": refer("networkInterfaces/b/ipConfigurations/c")})]
    {
        assert_eq!(query(body).unwrap()["inboundNatRulePortMappings"], json!([mapping]));
    }
    assert!(query(json!({"ipAddress": "10.1.2.4"})).is_err() && query(json!({})).is_err());
}

/// Catches: a network's view with the other network's resources, a group without its subnet, a view of the whole group
/// without one of its resources.
#[test]
fn the_topology_holds_what_was_asked_for() {
    let azure = azure();
    let names = |body: Value| -> Vec<String> {
        let answer = watcher(&azure, "topology", body);
        answer["resources"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    let subnet = names(json!({"targetSubnet": refer("virtualNetworks/v/subnets/a")}));
    assert_eq!(
        subnet,
        ["vm-a", "a", "inner", "outer", "friends", "no-tls", "ssh", "no-mail", "no-web", "ssh", "rt", "a"]
    );
    assert!(!names(json!({"targetVirtualNetwork": refer("virtualNetworks/v")})).contains(&"far".to_owned()));
    let all = names(json!({"targetResourceGroupName": "G"}));
    assert!(["vm-far", "far", "lb", "w", "GatewaySubnet"].iter().all(|it| all.contains(&(*it).to_owned())), "{all:?}");
}

/// Catches: an earlier version of the API answered in the form of a later one.
#[test]
fn answers_have_the_form_of_their_version() {
    let azure = azure();
    let request = |rest: &str, version: &str, body: Value| {
        let uri = format!("{}?api-version={version}", id(rest));
        azure.answer(&Request { method: "POST".to_owned(), uri, body: Some(body) }).unwrap()
    };
    let routes =
        |version: &str| request("networkInterfaces/a/effectiveRouteTable", version, Value::Null)["value"][0].clone();
    let has = |value: &Value, key: &str| value.get(key).is_some();
    for (version, propagation, tags) in
        [("2017-09-01", false, false), ("2018-04-01", true, false), ("2024-05-01", true, true)]
    {
        let route = routes(version);
        assert_eq!(
            (has(&route, "disableBgpRoutePropagation"), has(&route, "tagMap")),
            (propagation, tags),
            "{version}"
        );
    }
    let body = || flow("a", "Inbound", ("10.1.1.4", "80"), ("8.8.8.8", "*"));
    assert!(!has(&request("networkWatchers/w/ipFlowVerify", "2017-06-01", body()), "ruleId"));
    assert!(has(&request("networkWatchers/w/ipFlowVerify", "2018-02-01", body()), "ruleId"));
}

/// Catches: a panic or a made-up answer where a question makes no sense, Azure's own refusal in another form.
#[test]
fn wrong_questions_are_refused_with_help() {
    let azure = azure();
    let machine = id("virtualMachines/vm-a");
    let good = flow("a", "Inbound", ("10.1.1.4", "22"), ("8.8.8.8", "*"));
    let but = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    for (rest, body, status) in [
        ("networkWatchers/w/ipFlowVerify", json!(null), 400),
        ("networkWatchers/w/ipFlowVerify", json!([]), 400),
        ("networkWatchers/w/ipFlowVerify", but("direction", json!("Sideways")), 400),
        ("networkWatchers/w/ipFlowVerify", but("protocol", json!("ICMP")), 400),
        ("networkWatchers/w/ipFlowVerify", but("localPort", json!("*")), 400),
        ("networkWatchers/w/ipFlowVerify", but("localPort", json!(65536)), 400),
        ("networkWatchers/w/ipFlowVerify", but("remoteIPAddress", json!("there")), 400),
        ("networkWatchers/w/ipFlowVerify", but("targetResourceId", json!(id("virtualMachines/x"))), 404),
        ("networkWatchers/w/ipFlowVerify", but("targetResourceId", json!(id("networkInterfaces/a"))), 400),
        ("networkWatchers/w/ipFlowVerify", but("targetNicResourceId", json!(id("networkInterfaces/b"))), 400),
        ("networkWatchers/w/nextHop", json!({"targetResourceId": machine}), 400),
        ("networkWatchers/w/connectivityCheck", json!({"source": {"resourceId": machine}}), 400),
        (
            "networkWatchers/w/connectivityCheck",
            json!({"source": {"resourceId": machine}, "destination": {"address": "a b", "port": 1}}),
            400,
        ),
        (
            "networkWatchers/w/connectivityCheck",
            json!({"source": {"resourceId": machine}, "destination": {"address": "x"}}),
            400,
        ),
        ("networkWatchers/w/topology", json!({"targetResourceGroupName": "x"}), 404),
        ("networkWatchers/w/networkConfigurationDiagnostic", json!({"targetResourceId": machine, "profiles": []}), 400),
        ("networkWatchers/w/queryFlowLogStatus", json!({}), 400),
        ("networkInterfaces/x/effectiveRouteTable", json!(null), 404),
        ("virtualNetworks/v/CheckIPAddressAvailability?x=y", json!(null), 400),
        ("virtualNetworks/v/CheckIPAddressAvailability?ipAddress=x", json!(null), 400),
        ("virtualNetworkGateways/x/getLearnedRoutes", json!(null), 404),
        ("virtualHubs/h/bgpConnections/x/learnedRoutes", json!(null), 404),
        ("applicationGateways/x/backendhealth", json!(null), 404),
    ] {
        let fault = ask(&azure, rest, body.clone()).unwrap_err();
        assert_eq!(fault.status(), status, "{rest} {body}: {fault}");
        assert!(!fault.help().is_empty() && fault.body()["error"]["code"].is_string(), "{rest} {body}");
    }
    let get =
        Request { method: "GET".to_owned(), uri: id("networkWatchers/w/nextHop?api-version=2022-01-01"), body: None };
    assert!(azure.answer(&get).unwrap_err().to_string().contains("POST"));
}
