//! The health behind an application gateway: the pools of one gateway, asked from its own subnet.

use super::network::{body, id, nic, refer, rule};
use crate::az::{Azure, Request};
use serde_json::{Value, json};
use sim_core::assumption::Choices;
use topologies::arm::Environment;
use topologies::facts::Date;
use topologies::{Input, load};

const GATEWAY: &str = "applicationGateways/ag";

fn part(collection: &str, name: &str) -> Value {
    refer(&format!("{GATEWAY}/{collection}/{name}"))
}

/// Settings with their port, and the probe they name.
fn settings(name: &str, port: u16, probe: Option<&str>) -> Value {
    let mut settings = json!({"name": name, "properties": {"port": port, "protocol": "Http"}});
    if let Some(probe) = probe {
        settings["properties"]["probe"] = part("probes", probe);
    }
    settings
}

fn sends(pool: &str, settings: &str) -> Value {
    json!({"name": format!("{pool}-{settings}"), "properties": {
        "backendAddressPool": part("backendAddressPools", pool),
        "backendHttpSettings": part("backendHttpSettingsCollection", settings),
    }})
}

/// Two servers, one of which answers at port 80 alone, and a gateway in a subnet of its own.
fn azure() -> Azure {
    let subnet = |name: &str, n: u8| json!({"name": name, "properties": {"addressPrefix": format!("10.1.{n}.0/24")}});
    let network =
        json!({"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [subnet("gw", 0), subnet("s", 1)]});
    let group = json!({"securityRules": [
        rule("web", 100, "Inbound", "Allow", &["80"]),
        rule("nothing", 200, "Inbound", "Deny", &["0-65535"]),
    ]});
    let guarded = json!({"networkSecurityGroup": refer("networkSecurityGroups/g")});
    let member = json!({
        "applicationGatewayBackendAddressPools": [part("backendAddressPools", "nics")],
        "publicIPAddress": refer("publicIPAddresses/q"),
    });
    let pool = |name: &str, addresses: Value| json!({"name": name, "properties": {"backendAddresses": addresses}});
    let gateway = json!({
        "sku": {"tier": "Standard_v2"},
        "gatewayIPConfigurations": [
            {"name": "c", "properties": {"subnet": refer("virtualNetworks/v/subnets/gw")}}],
        "frontendIPConfigurations": [
            {"name": "f", "properties": {"publicIPAddress": refer("publicIPAddresses/p")}}],
        "frontendPorts": [{"name": "web", "properties": {"port": 80}}],
        "httpListeners": [{"name": "l", "properties": {
            "frontendIPConfiguration": part("frontendIPConfigurations", "f"), "frontendPort": part("frontendPorts", "web")}}],
        "backendAddressPools": [
            pool("addresses", json!([{"ipAddress": "10.1.1.4"}, {"fqdn": "www.example.com"}, {"fqdn": "B.eastus.cloudapp.azure.com"}, {"ipAddress": "10.1.1.9"}])),
            pool("unused", json!([{"ipAddress": "10.1.1.4"}])),
            {"name": "nics", "properties": {"backendIPConfigurations": [refer("networkInterfaces/A/ipConfigurations/c")]}},
            pool("none", json!([])),
        ],
        "backendHttpSettingsCollection": [
            settings("plain", 80, None),
            settings("other", 8080, None),
            settings("probed", 8080, Some("eighty")),
        ],
        "probes": [{"name": "eighty", "properties": {"port": 80, "match": {"statusCodes": ["401", "500-599"]}}}],
        "requestRoutingRules": [sends("addresses", "plain"), sends("NONE", "other"), {"name": "paths", "properties": {}}],
        "urlPathMaps": [{"name": "m", "properties": {
            "defaultBackendAddressPool": part("backendAddressPools", "nics"),
            "defaultBackendHttpSettings": part("backendHttpSettingsCollection", "other"),
            "pathRules": [sends("nics", "probed")],
        }}],
    });
    let public = |name: &str, label: &str| {
        let mut public = body(name, "eastus", json!({"dnsSettings": {"domainNameLabel": label}}));
        public["sku"] = json!({"name": "Standard"});
        public
    };
    let config = |name: &str, pool: &str| {
        json!({"name": name, "properties": {
        "subnet": refer("virtualNetworks/v/subnets/s"),
        "applicationGatewayBackendAddressPools": [part("backendAddressPools", pool)]}})
    };
    let mut set = body(
        "virtualMachineScaleSets/set",
        "eastus",
        json!({"virtualMachineProfile": {"networkProfile": {
        "networkInterfaceConfigurations": [{"name": "n", "properties": {"ipConfigurations": [
            config("c", "NICS"), config("other", "unused")]}}]}}}),
    );
    set["sku"] = json!({"name": "Standard_B1s", "capacity": 1});
    let all = json!([
        body("virtualNetworks/v", "eastus", network),
        body("networkSecurityGroups/g", "eastus", group),
        nic("a", "v/subnets/s", "10.1.1.4", "eastus", guarded, json!({})),
        nic("b", "v/subnets/s", "10.1.1.5", "eastus", json!({}), member),
        body("virtualMachines/vm-a", "eastus", json!({})),
        body("virtualMachines/vm-b", "eastus", json!({})),
        public("publicIPAddresses/p", "front"),
        public("publicIPAddresses/q", "b"),
        body(GATEWAY, "eastus", gateway),
        set,
    ]);
    let world = load(&[Input::new("w.json", all.to_string())], None, &Environment::default());
    assert!(!world.has_errors() && world.findings.is_empty(), "{:#?} {:#?}", world.diagnostics, world.findings);
    Azure::new(world, Date::DATA, Choices::default())
}

fn ask(azure: &Azure, operation: &str, version: &str, body: Option<Value>) -> Value {
    let uri = id(&format!("{GATEWAY}/{operation}api-version={version}"));
    azure.answer(&Request { method: "post".to_owned(), uri, body }).unwrap()
}

/// Each server as `pool settings address [configuration]: health, log`.
fn told(answer: &Value) -> Vec<String> {
    let last = |value: &Value| value["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let mut lines = Vec::new();
    for pool in list(&answer["backendAddressPools"]) {
        for settings in list(&pool["backendHttpSettingsCollection"]) {
            let head = format!("{} {}", last(&pool["backendAddressPool"]), last(&settings["backendHttpSettings"]));
            let servers = list(&settings["servers"]);
            lines.extend(servers.is_empty().then(|| head.clone()));
            for server in servers {
                let config = server["ipConfiguration"]["id"].as_str().map(|id| format!(" {}", &id[id.len() - 20..]));
                let (address, health) = (server["address"].as_str().unwrap(), server["health"].as_str().unwrap());
                let log = server["healthProbeLog"].as_str().map(|log| format!(", {}", &log[..log.len().min(32)]));
                lines.push(format!(
                    "{head} {address}{}: {health}{}",
                    config.unwrap_or_default(),
                    log.unwrap_or_default()
                ));
            }
        }
    }
    lines
}

/// Catches: a pool told that no rule sends to, settings told with pools they are not used for, the paths of a map or its
/// default forgotten, a label of a public address taken for a stranger's name, the settings' port asked where the probe has its own, members of the NICs' side lost or told twice, instances of a scale set lost or those of another pool told, a
/// rule on the server's subnet passed over, an empty pool left out.
#[test]
fn servers_are_asked_at_the_port_of_their_probe() {
    let answer = ask(&azure(), "backendhealth?", "2022-01-01", None);
    assert_eq!(
        told(&answer),
        [
            "addresses plain 10.1.1.4: Healthy, Success. Received 200 status cod",
            "addresses plain www.example.com: Healthy, Success. Received 200 status cod",
            "addresses plain B.eastus.cloudapp.azure.com: Unhealthy, Cannot connect to backend server",
            "addresses plain 10.1.1.9: Unhealthy, Cannot connect to backend server",
            "nics other 10.1.1.4 a/ipConfigurations/c: Unhealthy, Cannot connect to backend server",
            "nics other 10.1.1.5 b/ipConfigurations/c: Healthy, Success. Received 200 status cod",
            "nics other 10.1.1.6 n/ipConfigurations/c: Healthy, Success. Received 200 status cod",
            "nics probed 10.1.1.4 a/ipConfigurations/c: Healthy, Success. Received 401 status cod",
            "nics probed 10.1.1.5 b/ipConfigurations/c: Healthy, Success. Received 401 status cod",
            "nics probed 10.1.1.6 n/ipConfigurations/c: Healthy, Success. Received 401 status cod",
            "none other",
        ]
    );
}

/// Catches: a field in versions that do not have it, parts told as a whole unasked, one pool asked as another.
#[test]
fn questions_choose_the_form() {
    let azure = azure();
    let first = |answer: &Value| answer["backendAddressPools"][0].clone();
    let old = ask(&azure, "backendHealth?", "2018-11-01", None);
    let server = &first(&old)["backendHttpSettingsCollection"][0]["servers"][0];
    assert_eq!(server, &json!({"address": "10.1.1.4", "health": "Healthy"}));
    let whole = first(&ask(&azure, "backendhealth?$expand=BackendAddressPool&", "2022-01-01", None));
    assert_eq!(whole["backendAddressPool"]["properties"]["backendAddresses"][0], json!({"ipAddress": "10.1.1.4"}));
    let settings = &whole["backendHttpSettingsCollection"][0]["backendHttpSettings"];
    assert_eq!(settings.as_object().unwrap().len(), 1);
    let question = json!({
        "backendAddressPool": part("backendAddressPools", "nics"),
        "backendHttpSettings": part("backendHttpSettingsCollection", "other"),
        "match": {"statusCodes": ["404"]},
    });
    let one = ask(&azure, "getBackendHealthOnDemand?", "2022-01-01", Some(question));
    assert_eq!(one["backendAddressPool"], part("backendAddressPools", "nics"));
    let servers = &one["backendHealthHttpSettings"]["servers"];
    assert_eq!((&servers[0]["health"], servers.as_array().unwrap().len()), (&json!("Unhealthy"), 3));
    assert_eq!(servers[1]["healthProbeLog"], "Success. Received 404 status code");
}
