//! A small network made by hand: two peered VNets in two regions; `a` with a group on the subnet and one on the NIC, `fw` to
//! route over, `b` with nothing, `far` on the other side.

use crate::az::Azure;
use serde_json::{Value, json};
use sim_core::assumption::Choices;
use topologies::arm::Environment;
use topologies::facts::Date;
use topologies::{Input, load};

const GROUP: &str = "/subscriptions/s/resourceGroups/g/providers";

/// The id of a resource, from its type and name.
pub fn id(rest: &str) -> String {
    let provider = if rest.starts_with("virtualMachine") { "Microsoft.Compute" } else { "Microsoft.Network" };
    format!("{GROUP}/{provider}/{rest}")
}

/// A reference to a resource.
pub fn refer(rest: &str) -> Value {
    json!({"id": id(rest)})
}

pub fn azure() -> Azure {
    let bodies: Vec<Value> = vnets().into_iter().chain(groups()).chain(others()).chain(machines()).collect();
    let world = load(&[Input::new("w.json", json!(bodies).to_string())], None, &Environment::default());
    assert!(!world.has_errors() && world.findings.is_empty(), "{:#?} {:#?}", world.diagnostics, world.findings);
    Azure::new(world, Date::DATA, Choices::default())
}

fn vnets() -> [Value; 2] {
    let peering = |remote: &str| {
        let remote = refer(&format!("virtualNetworks/{remote}"));
        json!([{"name": "to", "properties": {"remoteVirtualNetwork": remote}}])
    };
    let guarded = json!({
        "addressPrefix": "10.1.1.0/29",
        "networkSecurityGroup": refer("networkSecurityGroups/outer"),
        "routeTable": refer("routeTables/rt"),
    });
    let near = json!({
        "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
        "subnets": [
            {"name": "a", "properties": guarded},
            {"name": "b", "properties": {"addressPrefix": "10.1.2.0/24"}},
            {"name": "GatewaySubnet", "properties": {"addressPrefix": "10.1.3.0/24"}},
        ],
        "virtualNetworkPeerings": peering("w"),
    });
    let far = json!({
        "addressSpace": {"addressPrefixes": ["10.2.0.0/16"]},
        "subnets": [{"name": "c", "properties": {"addressPrefix": "10.2.0.0/24"}}],
        "virtualNetworkPeerings": peering("v"),
    });
    [body("virtualNetworks/v", "eastus", near), body("virtualNetworks/w", "westus", far)]
}

fn groups() -> [Value; 3] {
    let outer = json!({"securityRules": [
        rule("no-web", 100, "Inbound", "Deny", &["80"]),
        rule("no-mail", 100, "Outbound", "Deny", &["25"]),
        rule("ssh", 200, "Inbound", "Allow", &["22", "443-444"]),
    ]});
    let friends = json!({"name": "friends", "properties": {
        "priority": 300, "direction": "Inbound", "access": "Allow", "protocol": "*", "sourcePortRange": "*",
        "destinationPortRange": "*", "sourceApplicationSecurityGroups": [refer("applicationSecurityGroups/f")],
        "destinationAddressPrefix": "VirtualNetwork",
    }});
    let inner = json!({"securityRules": [
        rule("no-tls", 100, "Inbound", "Deny", &["443"]),
        friends,
        rule("ssh", 400, "Inbound", "Allow", &["22"]),
    ]});
    [
        body("networkSecurityGroups/outer", "eastus", outer),
        body("networkSecurityGroups/inner", "eastus", inner),
        body("applicationSecurityGroups/f", "eastus", json!({})),
    ]
}

fn others() -> [Value; 2] {
    let route = |name: &str, prefix: &str, hop: &str| {
        let properties = json!({"addressPrefix": prefix, "nextHopType": "VirtualAppliance", "nextHopIpAddress": hop});
        json!({"name": name, "properties": properties})
    };
    let table = json!({
        "disableBgpRoutePropagation": true,
        "routes": [route("over", "10.2.0.0/16", "10.1.2.4"), route("lost", "10.8.0.0/16", "10.77.0.1")],
    });
    let mapping = json!({"name": "rdp", "properties": {
        "backendAddressPool": refer("loadBalancers/lb/backendAddressPools/p"), "protocol": "Tcp",
        "frontendPortRangeStart": 5000, "frontendPortRangeEnd": 5001, "backendPort": 3389,
    }});
    let balancer = json!({"backendAddressPools": [{"name": "p"}], "inboundNatRules": [mapping]});
    [body("routeTables/rt", "eastus", table), body("loadBalancers/lb", "eastus", balancer)]
}

fn machines() -> Vec<Value> {
    let member = json!({
        "applicationSecurityGroups": [refer("applicationSecurityGroups/f")],
        "loadBalancerBackendAddressPools": [refer("loadBalancers/lb/backendAddressPools/p")],
    });
    let guarded = json!({"networkSecurityGroup": refer("networkSecurityGroups/inner")});
    let mut all = vec![
        nic("a", "v/subnets/a", "10.1.1.4", "eastus", guarded, json!({})),
        nic("fw", "v/subnets/b", "10.1.2.4", "eastus", json!({"enableIPForwarding": true}), json!({})),
        nic("b", "v/subnets/b", "10.1.2.5", "eastus", json!({}), member),
        nic("far", "w/subnets/c", "10.2.0.4", "westus", json!({}), json!({})),
    ];
    for (name, region) in [("a", "eastus"), ("fw", "eastus"), ("b", "eastus"), ("far", "westus")] {
        all.push(body(&format!("virtualMachines/vm-{name}"), region, json!({})));
    }
    all
}

/// A resource in a region.
pub fn body(rest: &str, location: &str, properties: Value) -> Value {
    json!({"id": id(rest), "location": location, "properties": properties})
}

/// A rule for TCP, whence and whither ever.
pub fn rule(name: &str, priority: u16, direction: &str, access: &str, ports: &[&str]) -> Value {
    json!({"name": name, "properties": {
        "priority": priority, "direction": direction, "access": access, "protocol": "TCP", "sourceAddressPrefix": "*",
        "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRanges": ports,
    }})
}

/// A NIC of the machine of its name, with more properties of its own and of its address.
pub fn nic(name: &str, subnet: &str, address: &str, region: &str, mut properties: Value, mut config: Value) -> Value {
    config["subnet"] = refer(&format!("virtualNetworks/{subnet}"));
    config["privateIPAllocationMethod"] = json!("Static");
    config["privateIPAddress"] = json!(address);
    properties["virtualMachine"] = refer(&format!("virtualMachines/vm-{name}"));
    properties["ipConfigurations"] = json!([{"name": "c", "properties": config}]);
    body(&format!("networkInterfaces/{name}"), region, properties)
}
