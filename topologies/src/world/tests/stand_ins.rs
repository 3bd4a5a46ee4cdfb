//! Stand-ins for what is referred to and not declared: as little surprising as can be, and stated.

use super::{at, deployed, resource, told};
use crate::arm::Environment;
use crate::{Input, World, load};
use sim_core::topology::{Kind, Relation, Sku};

fn nic(config: &str) -> String {
    let text = format!("\"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{{config}}}}}]");
    resource("networkInterfaces", "n", &text)
}

fn stated(world: &World) -> Vec<(&str, &str)> {
    let short = |id: &'_ str| id.rfind('/').map_or(0, |at| at + 1);
    world.assumptions.iter().map(|it| (it.code, &it.name[short(&it.name)..])).collect()
}

/// Catches: a crash, or a refusal, for what another group holds; a stand-in that nobody is told of.
#[test]
fn an_undeclared_subnet_is_the_first_24_of_its_network() {
    let subnet = at("virtualNetworks/hub/subnets/apps");
    let world = deployed(&nic(&format!("\"subnet\": {{\"id\": \"{subnet}\"}}")));
    assert_eq!(told(&world), "");
    assert_eq!(stated(&world), [("world.assumed-resource", "hub"), ("world.assumed-resource", "apps")]);
    let found = world.topology.find(&subnet).unwrap();
    let Kind::Subnet(attributes) = &found.kind else { panic!() };
    assert_eq!(attributes.prefixes[0].to_string(), "10.0.0.0/24");
    assert!(!attributes.link_service_policies.value && attributes.default_outbound.value);
    let Kind::Vnet(vnet) = &world.topology.vnet_of(found.id).unwrap().kind else { panic!() };
    assert_eq!((&*vnet.region, vnet.space[0].to_string()), ("westus2", "10.0.0.0/16".to_owned()));
    assert!(world.is_assumed(&subnet.to_uppercase()) && !world.is_assumed(&at("networkInterfaces/n")));
}

/// Catches: a stand-in that contradicts what the rest of the input says of the same network.
#[test]
fn a_stand_in_agrees_with_what_is_known() {
    let text = [
        resource("virtualNetworks/subnets", "hub/known", "\"addressPrefix\": \"172.20.0.0/24\""),
        nic(&format!(
            "\"privateIPAllocationMethod\": \"Static\", \"privateIPAddress\": \"172.20.7.9\", \
             \"subnet\": {{\"id\": \"{}\"}}",
            at("virtualNetworks/hub/subnets/other")
        )),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    let Kind::Subnet(other) = &world.topology.find(&at("virtualNetworks/hub/subnets/other")).unwrap().kind else {
        panic!()
    };
    assert_eq!(other.prefixes[0].to_string(), "172.20.7.0/24");
}

/// Catches: a peering refused because the made-up space of the other side overlaps.
#[test]
fn the_other_side_of_a_peering_has_its_own_space() {
    let peering = format!(
        "\"addressSpace\": {{\"addressPrefixes\": [\"10.0.0.0/15\"]}}, \"virtualNetworkPeerings\": [{{\"name\": \"p\", \
         \"properties\": {{\"remoteVirtualNetwork\": {{\"id\": \"{}\"}}}}}}]",
        at("virtualNetworks/hub")
    );
    let world = deployed(&resource("virtualNetworks", "v", &peering));
    assert_eq!(told(&world), "");
    let Kind::Vnet(hub) = &world.topology.find(&at("virtualNetworks/hub")).unwrap().kind else { panic!() };
    assert_eq!(hub.space[0].to_string(), "10.2.0.0/16");
}

/// Catches: a kind of reference without a stand-in, which leaves its resource out; a public address of the wrong tier.
#[test]
fn every_kind_of_reference_has_a_stand_in() {
    let id = |part: &str| format!("{{\"id\": \"{}\"}}", at(part));
    let vnet = format!(
        "\"addressSpace\": {{\"addressPrefixes\": [\"10.0.0.0/16\"]}}, \"subnets\": [{{\"name\": \"a\", \
         \"properties\": {{\"addressPrefix\": \"10.0.0.0/24\", \"networkSecurityGroup\": {}, \"routeTable\": {}, \
         \"natGateway\": {}}}}}]",
        id("networkSecurityGroups/x"),
        id("routeTables/x"),
        id("natGateways/x")
    );
    let balancer = format!(
        "\"frontendIPConfigurations\": [{{\"name\": \"f\", \"properties\": {{\"publicIPAddress\": {}}}}}]",
        id("publicIPAddresses/basic")
    );
    let config = format!(
        "\"subnet\": {}, \"publicIPAddress\": {}, \"loadBalancerBackendAddressPools\": [{}], \
         \"loadBalancerInboundNatRules\": [{}], \"applicationSecurityGroups\": [{}]",
        id("virtualNetworks/v/subnets/a"),
        id("publicIPAddresses/x"),
        id("loadBalancers/x/backendAddressPools/p"),
        id("loadBalancers/x/inboundNatRules/r"),
        id("applicationSecurityGroups/x")
    );
    let endpoint = format!(
        "\"subnet\": {}, \"privateLinkServiceConnections\": [{{\"name\": \"c\", \"properties\": \
         {{\"privateLinkServiceId\": \"{}\"}}}}]",
        id("virtualNetworks/v/subnets/a"),
        at("privateLinkServices/x")
    );
    let machine = format!(
        "{{\"type\": \"Microsoft.Compute/virtualMachines\", \"apiVersion\": \"2021-11-01\", \"name\": \"m\", \
         \"properties\": {{\"networkProfile\": {{\"networkInterfaces\": [{}]}}}}}}",
        id("networkInterfaces/x")
    );
    let text = [
        resource("virtualNetworks", "v", &vnet),
        resource("loadBalancers", "b", &balancer),
        nic(&config),
        resource("privateEndpoints", "e", &endpoint),
        machine,
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    let sku = |part: &str| match &world.topology.find(&at(part)).unwrap().kind {
        Kind::PublicIp(public) => public.sku,
        other => panic!("{other:?}"),
    };
    assert_eq!((sku("publicIPAddresses/basic"), sku("publicIPAddresses/x")), (Sku::Basic, Sku::Standard));
    let nat = world.topology.find(&at("natGateways/x")).unwrap();
    assert!(world.topology.target(nat.id, Relation::Uses).is_some());
    let found = world.topology.find(&at("networkInterfaces/n/ipConfigurations/c")).unwrap();
    assert_eq!(world.topology.targets(found.id, Relation::MemberOf).len(), 2);
    // Each of the ten, the balancer of the pool, the gateway's address.
    assert_eq!(stated(&world).len(), 12, "{:?}", stated(&world));
}

/// Catches: a subnet that a service names and the declared network does not have, made up behind the user's back.
#[test]
fn a_declared_network_gets_no_stand_ins() {
    let mut world =
        deployed(&resource("virtualNetworks", "v", "\"addressSpace\": {\"addressPrefixes\": [\"10.0.0.0/16\"]}"));
    let refused = world.assume_subnet(&at("virtualNetworks/v/subnets/typo"), "westus2").unwrap_err();
    assert_eq!(refused.diagnostic.code, "InvalidResourceReference");
    assert!(refused.diagnostic.span.is_some());
    let first = world.assume_subnet("/x/<a>/subnets/one", "westus2").unwrap();
    assert_ne!(first, world.assume_subnet("/x/<a>/subnets/two", "westus2").unwrap());
}

/// Catches: an input of another kind taken silently, parameters given to the wrong template, an unreadable file that
/// keeps the others from being read.
#[test]
fn inputs_are_known_by_their_content() {
    let template = |name: &str| {
        format!(
            "{{\"contentVersion\": \"1.0.0.0\", \"parameters\": {{\"p\": {{\"type\": \"string\"}}}}, \
             \"resources\": [{}]}}",
            resource("networkSecurityGroups", name, "").replace(name, &format!("[concat('{name}', parameters('p'))]"))
        )
    };
    let parameters = |value: &str| {
        format!("{{\"contentVersion\": \"1.0.0.0\", \"parameters\": {{\"p\": {{\"value\": \"{value}\"}}}}}}")
    };
    let inputs = [
        Input::new("one.json", template("one")),
        Input::new("red.json", template("red")),
        Input::new("red.parameters.json", parameters("-right")),
        Input::new("one.parameters.json", parameters("-left")),
        Input::new("other.json", "{\"hello\": 1}"),
        Input::new("broken.json", "{"),
        Input { name: "bytes.json".to_owned(), bytes: vec![0xff, 0x00] },
    ];
    let world = load(&inputs, None, &Environment::default());
    for name in ["one-left", "red-right"] {
        assert!(world.topology.find(&at(&format!("networkSecurityGroups/{name}"))).is_some(), "{name}");
    }
    let mut codes: Vec<&str> = world.diagnostics.iter().map(|it| it.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["input.not-text", "input.unknown-kind", "json.syntax"]);
    assert!(world.has_errors());
    let world = load(&inputs[..2], Some(&Input::new("p.json", parameters("-given"))), &Environment::default());
    assert!(world.topology.find(&at("networkSecurityGroups/red-given")).is_some());
}
