//! `vnetsim az` as a user meets it: az's own flags, az's own output, and what it says to slips.

use crate::{file, run};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::OnceLock;

const GROUP: &str = "/subscriptions/s/resourceGroups/rg/providers";

/// Runs the command with the network beside it.
fn az(arguments: &[&str]) -> (i32, String, String) {
    let input = network();
    run(&[&["az"], arguments, &["--input", input.to_str().unwrap()]].concat())
}

/// The file with the network; written once, since tests run beside each other.
fn network() -> PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| file("az", "network.json", &bodies().to_string())).clone()
}

/// Two machines in a subnet, as a list of resources gives them.
fn bodies() -> Value {
    let id = |kind: &str, name: &str| {
        let provider = if kind == "virtualMachines" { "Microsoft.Compute" } else { "Microsoft.Network" };
        format!("{GROUP}/{provider}/{kind}/{name}")
    };
    let nic = |n: u8| {
        json!({"id": id("networkInterfaces", &format!("nic{n}")), "location": "eastus", "properties": {
            "virtualMachine": {"id": id("virtualMachines", &format!("vm{n}"))},
            "networkSecurityGroup": {"id": id("networkSecurityGroups", "nsg")},
            "ipConfigurations": [{"name": "c", "properties": {
                "subnet": {"id": id("virtualNetworks", "v") + "/subnets/s"},
                "privateIPAllocationMethod": "Static", "privateIPAddress": format!("10.0.0.{n}"),
            }}],
        }})
    };
    let rule = json!({"name": "ssh", "properties": {
        "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": "*",
        "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "22",
    }});
    json!({"value": [
        {"id": id("virtualNetworks", "v"), "location": "eastus", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [
                {"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}},
                {"name": "gw", "properties": {"addressPrefix": "10.0.1.0/24"}},
            ],
        }},
        {"id": id("networkSecurityGroups", "nsg"), "location": "eastus", "properties": {"securityRules": [rule]}},
        nic(4),
        nic(5),
        {"id": id("applicationGateways", "ag"), "location": "eastus", "properties": {
            "gatewayIPConfigurations": [{"name": "c", "properties": {"subnet": {"id": id("virtualNetworks", "v") + "/subnets/gw"}}}],
        }},
        {"id": id("virtualMachines", "vm4"), "location": "eastus", "properties": {}},
        {"id": id("virtualMachines", "vm5"), "location": "eastus", "properties": {}},
    ]})
}

/// Each command by its flags, and the address and body that say the same.
fn questions() -> Vec<(Vec<&'static str>, &'static str, &'static str, Value)> {
    const WATCHER: &str = "networkWatchers/w";
    let vm4 = format!("{GROUP}/Microsoft.Compute/virtualMachines/vm4");
    let vm5 = format!("{GROUP}/Microsoft.Compute/virtualMachines/vm5");
    let nic4 = format!("{GROUP}/Microsoft.Network/networkInterfaces/nic4");
    let post = |words: &'static str, operation: &'static str, body: Value| {
        (words.split(' ').collect(), WATCHER, operation, body)
    };
    vec![
        post(
            "network watcher test-ip-flow -g rg --vm vm4 --nic nic4 --direction Inbound --protocol TCP --local 10.0.0.4:22 --remote 8.8.8.8:*",
            "ipFlowVerify",
            json!({"targetResourceId": vm4, "targetNicResourceId": nic4, "direction": "Inbound", "protocol": "TCP",
                "localIPAddress": "10.0.0.4", "localPort": "22", "remoteIPAddress": "8.8.8.8", "remotePort": "*"}),
        ),
        post(
            "network watcher show-next-hop --resource-group RG --vm VM4 --source-ip 10.0.0.4 --dest-ip 8.8.8.8",
            "nextHop",
            json!({"targetResourceId": vm4, "sourceIPAddress": "10.0.0.4", "destinationIPAddress": "8.8.8.8"}),
        ),
        post(
            "network watcher test-connectivity -g rg --source-resource vm4 --dest-resource vm5 --dest-port 22 --protocol Tcp",
            "connectivityCheck",
            json!({"source": {"resourceId": vm4}, "destination": {"resourceId": vm5, "port": 22}, "protocol": "Tcp"}),
        ),
        post("network watcher show-topology -g rg", "topology", json!({"targetResourceGroupName": "rg"})),
        post(
            "network watcher show-security-group-view -g rg --vm vm4",
            "securityGroupView",
            json!({"targetResourceId": vm4}),
        ),
        post(
            "network watcher run-configuration-diagnostic -g rg --resource vm4 --direction Inbound --protocol TCP --source 8.8.8.8 --destination 10.0.0.4 --port 80",
            "networkConfigurationDiagnostic",
            json!({"targetResourceId": vm4, "profiles": [{"direction": "Inbound", "protocol": "TCP", "source": "8.8.8.8",
                "destination": "10.0.0.4", "destinationPort": "80"}]}),
        ),
        post("network nic show-effective-route-table -g rg -n nic4", "effectiveRouteTable", Value::Null),
        post("network nic list-effective-nsg -g rg --name nic4", "effectiveNetworkSecurityGroups", Value::Null),
        post("network application-gateway show-backend-health -g rg -n ag", "backendhealth", Value::Null),
    ]
}

/// Catches: a flag that lands in another field, a name resolved to another resource, an answer told in another form than
/// by its address, keys in another order than az's.
#[test]
fn flags_and_addresses_give_the_same_bytes() {
    for (words, resource, operation, body) in questions() {
        let resource = match words[1] {
            "nic" => "networkInterfaces/nic4",
            "application-gateway" => "applicationGateways/ag",
            _ => resource,
        };
        let uri = format!(
            "https://management.azure.com{GROUP}/Microsoft.Network/{resource}/{operation}?api-version=2022-01-01"
        );
        let path = file("az", &format!("{operation}.json"), &body.to_string());
        let by_flags = az(&words);
        let by_file = az(&["rest", "--method", "post", "--uri", &uri, "--body", &format!("@{}", path.display())]);
        let by_text = az(&["rest", "-m", "POST", "-u", &uri, "-b", &body.to_string()]);
        assert_eq!((by_flags.0, by_flags.2.as_str()), (0, ""), "{words:?}");
        assert!(by_flags == by_file && by_file == by_text, "{words:?}\n{by_flags:?}\n{by_file:?}");
        let value: Value = serde_json::from_str(&by_flags.1).unwrap();
        assert_eq!(by_flags.1, format!("{value:#}\n"), "two blanks, keys in order, a line end");
    }
}

/// Catches: the answer of REST printed where az prints a list of addresses, a body asked for that GET has none of.
#[test]
fn addresses_are_printed_as_az_does() {
    let (code, out, _) =
        az(&["network", "vnet", "subnet", "list-available-ips", "-g", "rg", "--vnet-name", "v", "-n", "s"]);
    let list: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, list), (0, json!(["10.0.0.6", "10.0.0.7", "10.0.0.8", "10.0.0.9", "10.0.0.10"])));
    let (code, out, _) =
        az(&["network", "vnet", "check-ip-address", "-g", "rg", "-n", "v", "--ip-address", "10.0.0.7"]);
    assert_eq!((code, out.as_str()), (0, "{\n  \"available\": true,\n  \"isPlatformReserved\": false\n}\n"));
    let uri = format!("{GROUP}/Microsoft.Network/virtualNetworks/v/usages");
    let (code, out, _) = az(&["rest", "--url", &uri, "--url-parameters", "api-version=2022-01-01"]);
    assert!(code == 0 && out.contains("\"currentValue\": 2.0"), "{out}");
}

/// Catches: a slip that ends with 0 or 1, is told where results go, or is not told how to mend.
#[test]
fn slips_end_with_2_and_help() {
    let uri = format!("{GROUP}/Microsoft.Network/virtualNetworks/v/usages");
    for (words, meant) in [
        (vec!["network", "nic", "show-effective-route-table", "-g", "rg", "-n", "nik4"], "did you mean nic4?"),
        (vec!["network", "nic", "show-effective-route-table", "-n", "nic4"], "/networkInterfaces/nic4"),
        (vec!["network", "nic", "list-effective-nsg", "-g", "rg", "-n", "nic4", "-o", "table"], "only JSON"),
        (vec!["network", "nic", "list-effective-nsg", "-g", "rg", "-n", "nic4", "--query", "[]"], "jq"),
        (vec!["network", "nic", "list-effective-nsg", "--ids", "/x"], "no operation on a resource"),
        (
            vec!["network", "vnet", "check-ip-address", "-g", "rg", "-n", "v", "--ip-address", "10.0.9.9"],
            "PrivateIPAddressNotInAnySubnet",
        ),
        (vec!["network", "watcher", "show-topology"], "add -g"),
        (vec!["network", "watcher", "show-topology", "-g", "elsewhere"], "ResourceGroupNotFound"),
        (vec!["network", "watcher", "test-ip-flo"], "test-ip-flow"),
        (vec!["rest", "-u", &uri], "api-version"),
        (vec!["rest", "-u", "x", "-b", "{"], "no JSON"),
        (vec!["rest", "-u", "x", "-b", "@no/such/file"], "no/such/file"),
        (vec!["vm", "list"], "unrecognized"),
    ] {
        let (code, out, error) = az(&words);
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {error}");
        assert!(error.contains(meant) && !error.contains("panicked"), "{words:?}: {error}");
    }
    let (code, _, error) = run(&["az", "network", "watcher", "show-topology", "-g", "rg"]);
    assert!(code == 2 && error.contains("--input"), "{error}");
}

/// Catches: a template that is not deployed to the group that the question names, a date that does not choose the lists.
#[test]
fn templates_are_taken_as_deployed_and_days_count() {
    let template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2023-04-01", "name": "t", "location": "eastus",
                "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
                    "subnets": [{"name": "s", "properties": {"addressPrefix": "10.9.0.0/24"}}]}},
            {"type": "Microsoft.Network/networkInterfaces", "apiVersion": "2023-04-01", "name": "n", "location": "eastus",
                "dependsOn": ["t"],
                "properties": {"ipConfigurations": [{"name": "c", "properties": {
                    "subnet": {"id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 't', 's')]"}}}]}},
        ],
    });
    let path = file("az", "template.json", &template.to_string());
    let count = |day: &str| {
        let (code, out, error) = az(&[
            "network",
            "nic",
            "show-effective-route-table",
            "-g",
            "mine",
            "-n",
            "n",
            "--as-of",
            day,
            "--input",
            path.to_str().unwrap(),
        ]);
        assert_eq!(code, 0, "{error}");
        let answer: Value = serde_json::from_str(&out).unwrap();
        answer["value"].as_array().unwrap().len()
    };
    assert_eq!((count("2018-01-01"), count("2024-09-01")), (6, 23));
}
