//! What resources answer once the network stands, and what templates make of it.

use super::{at, deployed, resource, told};
use crate::arm::Environment;
use crate::json::Value;
use crate::{Input, World, load};

fn said(world: &World, id: &str, path: &[&str]) -> String {
    let body = &world.resources.get(&at(id)).unwrap_or_else(|| panic!("{id} is not there")).body;
    body.path(path).map(Value::to_string).unwrap_or_default()
}

const NETWORK: &str = r#""addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.1.0/24"}}]"#;

/// Catches: a `reference()` outside the outputs that stays a placeholder although the network knows the answer, or breaks what
/// is made of it; a subnet declared apart that its network does not list; the name of an endpoint's service without its address.
#[test]
fn references_are_answered_from_the_network() {
    let nic = r#""ipConfigurations": [{"name": "i", "properties": {"subnet": {"id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 'a')]"}}}]"#;
    let endpoint = r#""subnet": {"id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 'a')]"}, "privateLinkServiceConnections": [{"name": "c",
        "properties": {"privateLinkServiceId": "[resourceId('Microsoft.Storage/storageAccounts', 'st')]", "groupIds": ["blob"]}}]"#;
    let asks = r#""tags": {
        "public": "[split(reference('p').ipAddress, '.')[0]]",
        "private": "[concat(reference('n').ipConfigurations[0].properties.privateIPAddress, '/32')]",
        "apart": "[reference('v').subnets[1].id]",
        "state": "[reference('v').provisioningState]",
        "named": "[reference('e').customDnsConfigs[0].fqdn]",
        "at": "[first(reference('e').customDnsConfigs[0].ipAddresses)]",
        "default": "[reference('g').defaultSecurityRules[2].name]"}"#;
    let resources = [
        resource("virtualNetworks", "v", NETWORK),
        resource("virtualNetworks/subnets", "v/b", r#""addressPrefix": "10.0.2.0/24""#),
        resource("networkInterfaces", "n", nic),
        resource("publicIPAddresses", "p", r#""publicIPAllocationMethod": "Static""#)
            .replace("\"properties\"", "\"sku\": {\"name\": \"Standard\"}, \"properties\""),
        resource("networkSecurityGroups", "g", ""),
        resource("privateEndpoints", "e", endpoint),
        resource("routeTables", "r", "").replace("\"properties\"", &format!("{asks}, \"properties\"")),
    ];
    let world = deployed(&resources.join(",\n"));
    assert_eq!(told(&world), "");
    let tag = |name: &str| said(&world, "routeTables/r", &["tags", name]);
    assert_eq!(tag("public"), "\"203\"");
    assert_eq!(tag("private"), "\"10.0.1.4/32\"");
    assert_eq!(tag("apart"), format!("\"{}\"", at("virtualNetworks/v/subnets/b")));
    assert_eq!(tag("state"), "\"Succeeded\"");
    assert_eq!((tag("named"), tag("at")), ("\"st.blob.core.windows.net\"".to_owned(), "\"10.0.1.5\"".to_owned()));
    assert_eq!(tag("default"), "\"DenyAllInBound\"");
}

/// Catches: a value that only Azure knows made up, or not said to be a placeholder.
#[test]
fn what_azure_alone_knows_stays_a_placeholder() {
    let text = format!(
        r#"{{"contentVersion": "1", "resources": [{}], "outputs": {{"guid": {{"type": "string", "value": "[reference('v').resourceGuid]"}}}}}}"#,
        resource("virtualNetworks", "v", NETWORK)
    );
    let world = load(&[Input::new("main.json", text)], None, &Environment::default());
    let placeholder = format!("<reference({}).properties.resourceGuid>", at("virtualNetworks/v"));
    assert_eq!(world.outputs[0].value.as_str(), Some(placeholder.as_str()));
    let stated: Vec<&str> =
        world.assumptions.iter().filter(|it| it.code == "arm.runtime-value").map(|it| it.name.as_str()).collect();
    assert_eq!(stated, [placeholder]);
}

/// Catches: a peering that is connected before the other side is there, or never; the other side's ranges left out.
#[test]
fn a_peering_answers_with_the_state_of_both_sides() {
    let peering = |from: &str, to: &str| {
        let remote =
            format!(r#""remoteVirtualNetwork": {{"id": "[resourceId('Microsoft.Network/virtualNetworks', '{to}')]"}}"#);
        resource("virtualNetworks/virtualNetworkPeerings", &format!("{from}/to-{to}"), &remote)
    };
    let networks = [
        resource("virtualNetworks", "v", NETWORK),
        resource("virtualNetworks", "w", &NETWORK.replace("10.0.", "10.1.")),
    ];
    let one = deployed(&[networks.join(","), peering("v", "w")].join(","));
    let both = deployed(&[networks.join(","), peering("v", "w"), peering("w", "v")].join(","));
    let state = |world: &World, key: &str| {
        let answer = world.answer(&at("virtualNetworks/v/virtualNetworkPeerings/to-w"), None).unwrap();
        answer.path(&["properties", key]).map(Value::to_string).unwrap_or_default()
    };
    assert_eq!(
        (state(&one, "peeringState"), state(&both, "peeringState")),
        ("\"Initiated\"".into(), "\"Connected\"".into())
    );
    assert!(state(&one, "remoteAddressSpace").contains("10.1.0.0/16"));
}

/// Catches: a field that came with a later version of the API in the answer of an older one, or the other way round.
#[test]
fn an_answer_has_the_form_of_its_version() {
    let world = deployed(&resource("virtualNetworks", "v", NETWORK));
    let keys = |version: &str| {
        let answer = world.answer(&at("virtualNetworks/v"), Some(version)).unwrap();
        let subnet = answer.path(&["properties", "subnets"]).unwrap().items()[0].clone();
        (subnet.get("type").is_some(), subnet.path(&["properties", "ipamPoolPrefixAllocations"]).is_some())
    };
    assert_eq!(
        (keys("2017-06-01"), keys("2022-01-01"), keys("2024-05-01")),
        ((false, false), (true, false), (true, true))
    );
}

/// Catches: a network that exists already and is asked for its ranges, and answers with nothing although they were assumed.
#[test]
fn stand_ins_answer_with_what_was_assumed() {
    let nic = r#""ipConfigurations": [{"name": "i", "properties": {"subnet": {"id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 'a')]"}}}]"#;
    let rule = r#""securityRules": [{"name": "r", "properties": {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "*",
        "sourceAddressPrefix": "[reference(resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 'a'), '2022-01-01').addressPrefix]",
        "sourcePortRange": "*", "destinationAddressPrefix": "[reference(resourceId('Microsoft.Network/virtualNetworks', 'v'), '2022-01-01').addressSpace.addressPrefixes[0]]",
        "destinationPortRange": "22"}}]"#;
    let world =
        deployed(&[resource("networkInterfaces", "n", nic), resource("networkSecurityGroups", "g", rule)].join(","));
    let rule = world
        .resources
        .get(&at("networkSecurityGroups/g"))
        .unwrap()
        .body
        .path(&["properties", "securityRules"])
        .unwrap();
    let said =
        |key: &str| rule.items()[0].path(&["properties", key]).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!(
        (said("sourceAddressPrefix"), said("destinationAddressPrefix")),
        ("10.0.0.0/24".into(), "10.0.0.0/16".into())
    );
}
