//! Scenarios replayed.
use scenarios::observe::Recorder;
use scenarios::replay::{Options, run};
use scenarios::scenario::parse;
use std::path::{Path, PathBuf};
use topologies::arm::Environment;
use topologies::source::Sources;

fn play(value: serde_json::Value) {
    let text = value.to_string();
    let loaded = parse(Path::new("test.yaml"), text.as_bytes(), &mut Sources::new()).unwrap_or_else(|e| panic!("{e:#?}"));
    let scenario = &loaded.scenario;
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let paths: Vec<PathBuf> = scenario.topology.iter().map(|p| root.join(p)).collect();
    let t = std::time::Instant::now();
    let inputs = topologies::read_files(&paths).unwrap();
    let params = serde_json::json!({"contentVersion":"1.0.0.0","parameters": scenario.parameters.iter().map(|(k,v)| (k.clone(), serde_json::json!({"value": v}))).collect::<serde_json::Map<_,_>>() });
    let params = topologies::Input::new("params", params.to_string());
    let world = topologies::load(&inputs, Some(&params), &Environment::default());
    for d in &world.diagnostics {
        eprintln!("{d:?}");
    }
    eprintln!("read {:?}", t.elapsed());
    let options = Options::of(scenario).unwrap();
    let t = std::time::Instant::now();
    let (report, _) = run(&loaded, world, &options, Recorder::default()).unwrap_or_else(|e| panic!("{e:#?}"));
    eprintln!("ran {:?}", t.elapsed());
    println!("{}", report.text());
}

fn deny(name: &str, prio: u32, dir: &str) -> serde_json::Value {
    serde_json::json!({"name": name, "properties": {"priority": prio, "direction": dir, "access": "Deny", "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}})
}
fn allow(name: &str, prio: u32, dir: &str, from: &str, to: &str, port: &str) -> serde_json::Value {
    serde_json::json!({"name": name, "properties": {"priority": prio, "direction": dir, "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": from, "sourcePortRange": "*", "destinationAddressPrefix": to, "destinationPortRange": port}})
}
fn broken(name: &str, params: serde_json::Value) {
    play(
        serde_json::json!({"name": name, "topology": ["topologies/library/image-builder/existing-vnet.json"], "parameters": params, "timeline": [{"action": {"build": {}}}]}),
    );
}
#[test]
fn s01() {
    broken("s01", serde_json::json!({"linkServicePolicies": "Enabled"}));
}
#[test]
fn s02() {
    broken(
        "s02",
        serde_json::json!({"os": "Windows", "securityRules": [allow("AzureImageBuilderNsgRule", 400, "Inbound", "AzureLoadBalancer", "VirtualNetwork", "60000-60001"), deny("Deny-All-In", 4000, "Inbound"), deny("Deny-All-Out", 4000, "Outbound")]}),
    );
}
#[test]
fn s03() {
    broken(
        "s03",
        serde_json::json!({"securityRules": [allow("ssh", 400, "Inbound", "VirtualNetwork", "VirtualNetwork", "22"), deny("Deny-All-In", 4000, "Inbound")]}),
    );
}
#[test]
fn s04_region() {
    broken("region", serde_json::json!({"vnetLocation": "westeurope"}));
}
#[test]
fn s05_full() {
    broken("full", serde_json::json!({"subnetPrefix": "10.0.0.0/29"}));
}
#[test]
fn s06_role() {
    broken("role", serde_json::json!({"roleActions": ["Microsoft.Network/virtualNetworks/read"]}));
}
#[test]
fn s07_winport() {
    broken(
        "win 60001",
        serde_json::json!({"os": "Windows", "securityRules": [allow("r", 400, "Inbound", "AzureLoadBalancer", "VirtualNetwork", "60001"), allow("winrm", 410, "Inbound", "VirtualNetwork", "VirtualNetwork", "5985"), deny("Deny-All-In", 4000, "Inbound")]}),
    );
}

#[test]
fn full_linux() {
    play(
        serde_json::json!({"name": "full linux", "downloads": "full", "topology": ["topologies/library/image-builder/existing-vnet.json"], "timeline": [{"action": {"build": {}}}]}),
    );
}
#[test]
fn full_windows() {
    play(
        serde_json::json!({"name": "full windows", "downloads": "full", "parameters": {"os": "Windows"}, "topology": ["topologies/library/image-builder/existing-vnet.json"], "timeline": [{"action": {"build": {}}}]}),
    );
}
