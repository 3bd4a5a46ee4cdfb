//! Private endpoints: an address for each part of their service, and what Azure does not take.

use super::services::{REGISTRY, id, of, registry};
use super::{World, told};
use crate::arm::Environment;
use crate::facts::Date;
use crate::{Input, Loading, load_with};
use serde_json::{Value, json};
use sim_core::topology::{ConnectionState, Kind, PrivateEndpoint, Relation};

const ENDPOINT: &str = "Microsoft.Network/privateEndpoints";
const SUBNET: &str = "Microsoft.Network/virtualNetworks/v/subnets";

fn vnet(policies: &str) -> String {
    let subnet = json!({"name": "a", "properties": {"addressPrefix": "10.0.0.0/24", "privateEndpointNetworkPolicies": policies}});
    of(
        "Microsoft.Network/virtualNetworks",
        "v",
        json!({"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}}),
    )
}

/// The endpoint `e` in `v/a`.
fn endpoint(target: &str, groups: Value, more: Value) -> String {
    let connection = json!({"name": "c", "properties": {"privateLinkServiceId": target, "groupIds": groups}});
    let mut properties = json!({"subnet": {"id": id(SUBNET, "a")}, "privateLinkServiceConnections": [connection]});
    for (key, value) in more.as_object().unwrap() {
        properties[key] = value.clone();
    }
    of(ENDPOINT, "e", json!({"properties": properties}))
}

fn world_on(day: &str, resources: &[String]) -> World {
    let schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
    let resources = resources.join(",");
    let text = format!("{{\"$schema\": \"{schema}\", \"contentVersion\": \"1.0.0.0\", \"resources\": [{resources}]}}");
    let environment = Environment::default();
    let date: Date = day.parse().unwrap();
    load_with(&[Input::new("main.json", text)], &Loading { environment: &environment, date, ..Loading::default() })
}

fn world(resources: &[String]) -> World {
    world_on("2026", resources)
}

fn of_world(world: &World) -> PrivateEndpoint {
    let found = world.topology.find(&id(ENDPOINT, "e")).unwrap_or_else(|| panic!("{}", told(world)));
    let Kind::PrivateEndpoint(endpoint) = &found.kind else { panic!() };
    endpoint.clone()
}

/// `member address name,name` of each part.
fn members(world: &World) -> Vec<String> {
    let told = |it: &sim_core::topology::EndpointMember| {
        format!("{} {} {}", it.member, it.address.map(|it| it.to_string()).unwrap_or_default(), it.names.join(","))
    };
    of_world(world).members.iter().map(told).collect()
}

fn codes(world: &World) -> String {
    world.findings.iter().map(|it| it.diagnostic.code).collect::<Vec<_>>().join(" ")
}

/// Catches: the registry before its data endpoint, which would change both addresses (azure-services 1.C, C21), a copy
/// without an address, a service that nobody declares with one address alone, an address with the name of another part.
#[test]
fn c1_c21_an_address_for_each_part() {
    // Tests `endpoint-members`.
    let target = id(REGISTRY, "MyRegistry");
    let known = world(&[vnet("Disabled"), registry(json!({})), endpoint(&target, json!(["registry"]), json!({}))]);
    assert_eq!(told(&known), "");
    assert_eq!(
        members(&known),
        [
            "registry_data_westeurope 10.0.0.4 myregistry.westeurope.data.azurecr.io",
            "registry 10.0.0.5 myregistry.azurecr.io",
        ]
    );
    // The private endpoint brings the registry its data endpoint.
    let whole = known.topology.find(&target).unwrap().id;
    assert_eq!(known.topology.referrers(whole, Relation::PartOf).len(), 2);
    let copy = of(&format!("{REGISTRY}/replications"), "MyRegistry/northeurope", json!({"location": "North Europe"}));
    let copied =
        world(&[vnet("Disabled"), registry(json!({})), copy, endpoint(&target, json!(["registry"]), json!({}))]);
    assert_eq!(of_world(&copied).members.len(), 3);
    let workspace = id("Microsoft.MachineLearningServices/workspaces", "w");
    let strange = world(&[vnet("Disabled"), endpoint(&workspace, json!(["amlworkspace"]), json!({}))]);
    let parts: Vec<String> =
        members(&strange).iter().map(|it| it.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(parts, ["default 10.0.0.4", "notebook 10.0.0.5", "inference 10.0.0.6"]);
    assert!(matches!(strange.topology.find(&workspace).unwrap().kind, Kind::Service(_)));
    assert!(strange.is_assumed(&workspace) && strange.assumptions.len() == 1, "{:?}", strange.assumptions);
    let other =
        world(&[vnet("Disabled"), endpoint(&id("Microsoft.Compute/diskAccesses", "d"), json!(["disks"]), json!({}))]);
    assert_eq!(members(&other), [" 10.0.0.4 "]);
    // Of a group that is not in the table only the service is known.
    let mongo = id("Microsoft.DocumentDB/databaseAccounts", "db");
    let unknown = world(&[vnet("Disabled"), endpoint(&mongo, json!(["MongoDB"]), json!({}))]);
    assert_eq!(members(&unknown), ["db 10.0.0.4 "]);
}

/// Catches: an address that is asked for and not given, or to another part; a part without one that Azure would refuse.
#[test]
fn parts_may_ask_for_addresses() {
    // Tests `refuse-endpoint-members`.
    let target = id(REGISTRY, "MyRegistry");
    let ask = |member: &str, address: &str| json!({"name": member, "properties": {"groupId": "registry", "memberName": member, "privateIPAddress": address}});
    let with = |configs: Vec<Value>| {
        world(&[
            vnet("Disabled"),
            registry(json!({})),
            endpoint(&target, json!(["registry"]), json!({"ipConfigurations": configs})),
        ])
    };
    let both = with(vec![ask("registry", "10.0.0.20"), ask("registry_data_westeurope", "10.0.0.9")]);
    let told: Vec<String> = members(&both).iter().map(|it| it.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(told, ["10.0.0.9", "10.0.0.20"]);
    assert_eq!(
        codes(&with(vec![ask("registry", "10.0.0.20")])),
        "PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps"
    );
}

/// Catches: an endpoint read back from Azure that gets other addresses than it has, its NIC put beside it with the same ones.
#[test]
fn what_was_read_back_keeps_its_addresses() {
    // Tests `endpoint-nic`.
    let target = id(REGISTRY, "MyRegistry");
    let nic = id("Microsoft.Network/networkInterfaces", "e.nic.1");
    let config = |member: &str, address: &str| {
        json!({"name": member, "properties": {"privateIPAddress": address, "provisioningState": "Succeeded",
        "subnet": {"id": id(SUBNET, "a")}, "privateLinkConnectionProperties": {"groupId": "registry", "requiredMemberName": member}}})
    };
    let nic = of(
        "Microsoft.Network/networkInterfaces",
        "e.nic.1",
        json!({"id": nic, "properties": {"privateEndpoint": {"id": id(ENDPOINT, "e")},
        "ipConfigurations": [config("registry", "10.0.0.7"), config("registry_data_westeurope", "10.0.0.6")]}}),
    );
    let nic_id = id("Microsoft.Network/networkInterfaces", "e.nic.1");
    let more = json!({"networkInterfaces": [{"id": nic_id}], "provisioningState": "Succeeded"});
    let mut world = world(&[vnet("Disabled"), nic, registry(json!({})), endpoint(&target, json!(["registry"]), more)]);
    assert_eq!(told(&world), "");
    let addresses: Vec<String> = of_world(&world).members.iter().map(|it| it.address.unwrap().to_string()).collect();
    assert_eq!(addresses, ["10.0.0.6", "10.0.0.7"]);
    assert_eq!(world.topology.delete(&nic_id).unwrap_err().code, "NicInUse");
    world.topology.delete(&id(ENDPOINT, "e")).unwrap();
    assert!(world.topology.find(&nic_id).is_none());
}

/// Catches: a refusal of 2020 that is made today, or not made then; a tier, a group or two groups that Azure does not take.
#[test]
fn c4_c5_c16_c19_what_endpoints_refuse() {
    // Tests `refuse-endpoint-tier`, `refuse-endpoint-copies`, `refuse-endpoint-policies`, `refuse-endpoint-group`.
    let target = id(REGISTRY, "MyRegistry");
    let ask = |groups: Value| endpoint(&target, groups, json!({}));
    let one = || ask(json!(["registry"]));
    let copy =
        || of(&format!("{REGISTRY}/replications"), "MyRegistry/northeurope", json!({"location": "North Europe"}));
    let basic = || of(REGISTRY, "MyRegistry", json!({"sku": {"name": "Basic"}, "properties": {}}));
    let policies = "PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled";
    for (day, resources, code) in [
        ("2026", vec![vnet("Enabled"), registry(json!({})), one()], ""),
        ("2021", vec![vnet("Enabled"), registry(json!({})), one()], policies),
        ("2020", vec![vnet("Disabled"), registry(json!({})), one()], ""),
        (
            "2020",
            vec![vnet("Disabled"), registry(json!({})), copy(), one()],
            "PrivateEndpointNotSupportedForReplicatedRegistry",
        ),
        ("2021", vec![vnet("Disabled"), registry(json!({})), copy(), one()], ""),
        ("2026", vec![vnet("Disabled"), basic(), one()], "PrivateEndpointNotSupportedForSku"),
        ("2026", vec![vnet("Disabled"), registry(json!({})), ask(json!(["vault"]))], "InvalidGroupId"),
        (
            "2026",
            vec![vnet("Disabled"), registry(json!({})), ask(json!(["registry", "vault"]))],
            "OnlyOneGroupIdPermitted",
        ),
    ] {
        assert_eq!(codes(&world_on(day, &resources)), code, "{day}");
    }
}

/// Catches: a decision of the provider that says nothing, or one about another endpoint.
#[test]
fn c28_c29_the_provider_decides() {
    // Tests `private-link-decision`.
    let target = id(REGISTRY, "MyRegistry");
    for (whose, status, expected) in [
        ("e", "Rejected", ConnectionState::Rejected),
        ("e", "Approved", ConnectionState::Approved),
        ("f", "Rejected", ConnectionState::Approved),
    ] {
        let decision = json!({"properties": {"privateEndpoint": {"id": id(ENDPOINT, whose)},
            "privateLinkServiceConnectionState": {"status": status}}});
        let decision = of(&format!("{REGISTRY}/privateEndpointConnections"), "MyRegistry/c", decision);
        let ask = endpoint(&target, json!(["registry"]), json!({}));
        let world = world(&[vnet("Disabled"), registry(json!({})), decision, ask]);
        assert_eq!(of_world(&world).state, expected, "{whose} {status}");
    }
}
