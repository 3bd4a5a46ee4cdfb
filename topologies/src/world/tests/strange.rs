//! Strange input: no panic, no endless work.

use crate::World;
use crate::azure::RawResource;
use crate::json::parse_text;
use proptest::prelude::*;
use sim_core::source::FileId;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Property names that readers look for, and values of every shape, right and wrong.
const KEYS: [&str; 24] = [
    "properties",
    "name",
    "id",
    "subnets",
    "addressSpace",
    "addressPrefixes",
    "addressPrefix",
    "securityRules",
    "priority",
    "ipConfigurations",
    "subnet",
    "privateIPAddress",
    "privateIPAllocationMethod",
    "networkInterfaces",
    "networkProfile",
    "frontendIPConfigurations",
    "loadBalancingRules",
    "frontendIPConfiguration",
    "frontendPort",
    "routes",
    "nextHopType",
    "permissions",
    "publicIPAddress",
    "remoteVirtualNetwork",
];
const VALUES: [&str; 16] = [
    "null",
    "1",
    "-1",
    "70000",
    "true",
    "\"\"",
    "\"/\"",
    "\"//x/\"",
    "\"10.0.0.0/8\"",
    "\"10.0.0.4\"",
    "\"::1\"",
    "\"Static\"",
    "\"<reference(/a).properties.x[9].id>\"",
    "\"/p/providers/N/virtualNetworks/v/subnets/s\"",
    "\"/p/providers/N/loadBalancers/b/frontendIPConfigurations/f\"",
    "\"é/providers/\"",
];
const TYPES: [&str; 18] = [
    "virtualNetworks",
    "virtualNetworks/subnets",
    "virtualNetworks/virtualNetworkPeerings",
    "networkSecurityGroups",
    "networkSecurityGroups/securityRules",
    "networkInterfaces",
    "publicIPAddresses",
    "loadBalancers",
    "loadBalancers/inboundNatRules",
    "routeTables",
    "routeTables/routes",
    "natGateways",
    "privateEndpoints",
    "privateLinkServices",
    "virtualNetworkGateways",
    "connections",
    "localNetworkGateways",
    "expressRouteCircuits",
];

fn value() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(&VALUES[..]).prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let member = (prop::sample::select(&KEYS[..]), inner.clone());
        let object = prop::collection::btree_map(prop::sample::select(&KEYS[..]), inner.clone(), 0..5);
        let object = object.prop_map(|members| {
            let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            format!("{{{}}}", members.join(","))
        });
        let array = prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(",")));
        prop_oneof![object, array, member.prop_map(|(key, value)| format!("{{\"{key}\":{value}}}"))]
    })
}

fn raw(kind: &str, id: &str, body: &str) -> RawResource {
    let body = parse_text(body, FileId(0)).value.expect("JSON");
    RawResource {
        id: id.into(),
        resource_type: format!("Microsoft.Network/{kind}"),
        name: id.to_owned(),
        location: None,
        api_version: String::new(),
        span: body.span,
        body,
        owner: None,
    }
}

proptest! {
    /// Catches: an index, a slice or a conversion that some body makes panic; a circle of references that never ends.
    #[test]
    fn no_body_makes_it_panic(
        parts in prop::collection::vec(
            (prop::sample::select(&TYPES[..]), prop::sample::select(&VALUES[6..]), value()),
            1..6,
        )
    ) {
        let resources = parts.iter().map(|(kind, id, body)| raw(kind, id.trim_matches('"'), body));
        let first = World::new(resources.clone(), "westus2");
        // The same input gives the same network.
        let again = World::new(resources, "westus2");
        prop_assert_eq!(super::drawn(&first), super::drawn(&again));
        prop_assert_eq!(super::told(&first), super::told(&again));
    }
}

/// Catches: work that grows with the square of the input where many resources are not declared.
#[test]
fn many_undeclared_resources_take_little_time() {
    let started = Instant::now();
    let nics = (0..4_000).map(|n| {
        let mut body = String::new();
        let subnet = format!("/p/providers/Microsoft.Network/virtualNetworks/v{}/subnets/s", n % 2_000);
        let _ = write!(
            body,
            "{{\"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{\"subnet\": {{\"id\": \"{subnet}\"}}}}}}]}}"
        );
        raw("networkInterfaces", &format!("/p/providers/Microsoft.Network/networkInterfaces/n{n}"), &body)
    });
    let world = World::new(nics, "westus2");
    assert_eq!(world.assumptions.len(), 4_000);
    assert!(world.findings.is_empty(), "{}", super::told(&world));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// Catches: giving out addresses that takes longer the more are given.
#[test]
fn a_full_network_takes_little_time() {
    let started = Instant::now();
    let nics = (0..4_000).map(|n| {
        let subnet = "/p/providers/Microsoft.Network/virtualNetworks/v/subnets/s";
        let body = format!(
            "{{\"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{\"subnet\": {{\"id\": \"{subnet}\"}}}}}}]}}"
        );
        raw("networkInterfaces", &format!("/p/providers/Microsoft.Network/networkInterfaces/n{n}"), &body)
    });
    let vnet = "{\"addressSpace\": {\"addressPrefixes\": [\"10.0.0.0/8\"]}, \"subnets\": [{\"name\": \"s\", \
                \"properties\": \
                {\"addressPrefix\": \"10.0.0.0/16\"}}]}";
    let vnet = raw("virtualNetworks", "/p/providers/Microsoft.Network/virtualNetworks/v", vnet);
    let world = World::new(nics.chain([vnet]), "westus2");
    assert!(world.findings.is_empty(), "{}", super::told(&world));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
