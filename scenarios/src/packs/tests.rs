//! Packs on a small network: what is required and what is not, by the day, and with what is in the way.

use super::*;
use serde_json::{Value, json};
use sim_core::assumption::Choices;
use sim_core::topology::Relation;
use topologies::Input;
use topologies::arm::Environment;
use topologies::source::Sources;

fn id(rest: &str) -> String {
    format!("/subscriptions/s/resourceGroups/g/providers/{rest}")
}

/// A network with a subnet behind a group that lets only this port out, and a cluster in it.
fn world(port: &str, policies: &str) -> World {
    let rule = |name: &str, priority: u32, access: &str, port: &str| {
        json!({"name": name, "properties": {"priority": priority, "direction": "Outbound", "access": access, "protocol": "*",
            "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
            "destinationPortRange": port}})
    };
    let bodies = json!([
        {"id": id("Microsoft.Network/networkSecurityGroups/guard"), "location": "eastus", "properties":
            {"securityRules": [rule("one", 100, "Allow", port), rule("rest", 200, "Deny", "*")]}},
        {"id": id("Microsoft.Network/virtualNetworks/v"), "location": "eastus", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "nodes", "properties": {
                "addressPrefix": "10.0.1.0/24", "privateLinkServiceNetworkPolicies": policies,
                "networkSecurityGroup": {"id": id("Microsoft.Network/networkSecurityGroups/guard")}}}]}},
        {"id": id("Microsoft.Example/clusters/c"), "location": "eastus", "properties": {
            "pools": [{"subnet": id("Microsoft.Network/virtualNetworks/v/subnets/nodes")}], "isolated": true}},
    ]);
    topologies::load(&[Input::new("w.json", bodies.to_string())], None, &Environment::default())
}

fn pack(lines: &Value) -> Pack {
    serde_json::from_value(json!({
        "name": "example", "title": "an example", "source": "nowhere", "services": ["microsoft.example/CLUSTERS"],
        "places": {"nodes": {"named": {"of": ["Microsoft.Example/clusters"], "properties": ["properties.pools[].subnet"]}}},
        "lines": lines,
    }))
    .unwrap()
}

fn tried(lines: &Value, world: &World, date: &str) -> Requirements {
    let date = date.parse().unwrap();
    let facts = world.facts(date, Choices::default(), false);
    requirements(&[pack(lines)], world, &facts, date).remove(0)
}

fn to_name(port: u16) -> Value {
    json!({"connect": {"from": {"place": "nodes"}, "to": {"name": {"host": "images.example", "tags": ["AzureMonitor"]}},
        "ports": [port]}})
}

#[test]
fn the_programs_own_packs_are_packs() {
    // Catches: a file that cannot be read, a name that `--for` does not find, two lines of one name, a line for no day.
    assert_eq!(own().len(), OWN.len());
    for own in OWN {
        let pack = find_pack(own.name, &mut Sources::new()).map_err(|error| error.message).unwrap();
        assert_eq!(pack.name, own.name);
        assert!(!pack.lines.is_empty() && !pack.services.is_empty(), "{}", own.name);
        for (n, line) in pack.lines.iter().enumerate() {
            assert!(pack.lines[..n].iter().all(|other| other.id != line.id), "{} {}", own.name, line.id);
            assert!(line.since.is_none() || line.since != line.until, "{} {}", own.name, line.id);
        }
    }
}

#[test]
fn connections_are_tried_from_every_subnet() {
    // Catches: a line that is not tried, a rule in the way that is not told, a requirement that fails and is none.
    let lines = json!([
        {"id": "open", "say": "443 is open", "test": to_name(443)},
        {"id": "closed", "say": "80 is open", "test": to_name(80)},
        {"id": "aside", "say": "81 is open", "optional": true, "test": to_name(81)},
    ]);
    let found = tried(&lines, &world("443", "Disabled"), "2026");
    let verdicts: Vec<Verdict> = found.lines.iter().map(|line| line.verdict).collect();
    assert_eq!(verdicts, [Verdict::Connected, Verdict::Disconnected, Verdict::Disconnected]);
    let problem = &found.lines[1].tried[0].problems[0];
    assert_eq!((problem.code.as_str(), problem.rule.as_deref()), ("security-rule", Some("rest")));
    assert!(problem.place.is_some());
    assert!(!found.is_met());
    let fine = tried(&lines, &world("80-443", "Disabled"), "2026");
    assert!(fine.is_met(), "what is optional does not count");
}

#[test]
fn a_public_node_is_closed_by_its_subnet_alone() {
    // azure-services 8.1. Catches: a Standard public address that its own lack of a group closes, a subnet's rule that does not
    // count.
    let lines = json!([{"id": "in", "say": "x", "test": {"connect": {
        "from": {"tag": "AzureMonitor"}, "to": {"public-place": "nodes"}, "ports": [44224]}}}]);
    let verdict = |world: &World| tried(&lines, world, "2026").lines[0].verdict;
    let mut world = world("443", "Disabled");
    assert_eq!(verdict(&world), Verdict::Disconnected);
    let subnet = id("Microsoft.Network/virtualNetworks/v/subnets/nodes");
    let mut open = world.topology.draft_of(world.topology.find(&subnet).unwrap());
    open.refers.retain(|(relation, _)| *relation != Relation::FilteredBy);
    world.topology.put(open).unwrap();
    assert_eq!(verdict(&world), Verdict::Connected);
}

#[test]
fn lines_have_their_days_and_conditions() {
    // Catches: a line that counts a day too early or too late, a condition that is not asked or asked the wrong way round.
    let lines = json!([
        {"id": "old", "say": "x", "until": "2022-09-08", "test": to_name(443)},
        {"id": "new", "say": "x", "since": "2022-09-08", "test": to_name(443)},
        {"id": "isolated", "say": "x", "if": {"property": "properties.isolated", "is": true}, "test": to_name(443)},
        {"id": "joined", "say": "x", "if": {"property": "properties.isolated", "not": true}, "test": to_name(443)},
    ]);
    let of = |date| -> Vec<String> {
        tried(&lines, &world("443", "Disabled"), date).lines.into_iter().map(|line| line.id).collect()
    };
    assert_eq!(of("2022-09-07"), ["old", "isolated"]);
    assert_eq!(of("2022-09-08"), ["new", "isolated"]);
}

#[test]
fn settings_of_subnets_are_held_against_the_pack() {
    // Catches: a default of Azure's that is taken for nothing, a value in another letter case that does not count.
    let lines = json!([
        {"id": "policies", "say": "x", "test": {"setting": {
            "of": "nodes", "property": "properties.privateLinkServiceNetworkPolicies", "is": "disabled"}}},
        {"id": "undelegated", "say": "x", "test": {"setting": {
            "of": "nodes", "property": "properties.delegations[].properties.serviceName"}}},
        {"id": "region", "say": "x", "test": {"same-region": "nodes"}},
    ]);
    let verdicts = |policies| -> Vec<Verdict> {
        tried(&lines, &world("443", policies), "2026").lines.iter().map(|line| line.verdict).collect()
    };
    assert_eq!(verdicts("Disabled"), [Verdict::Connected; 3]);
    assert_eq!(verdicts("Enabled"), [Verdict::Disconnected, Verdict::Connected, Verdict::Connected]);
}

#[test]
fn a_pack_that_cannot_be_tried_is_refused() {
    // Catches: a place that nobody declares, a day that is none, a port that is none, an end that is misspelt.
    for (line, word) in [
        (json!({"id": "x", "say": "x", "test": {"same-region": "elsewhere"}}), "no place `elsewhere`"),
        (json!({"id": "x", "say": "x", "since": "yesterday", "test": {"same-region": "nodes"}}), "neither a day"),
        (json!({"id": "x", "say": "x", "test": to_name(0)}), "1 to 64 ports"),
    ] {
        let refused = checks::check(&pack(&json!([line]))).unwrap_err();
        assert!(refused.contains(word), "{refused}");
    }
    let error = find_pack("registri", &mut Sources::new()).unwrap_err();
    assert_eq!(error.help.as_deref(), Some("did you mean `registry`?"));
}
