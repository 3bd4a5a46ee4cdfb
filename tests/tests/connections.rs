//! The connections that a check tries by itself.

use scenarios::check;
use scenarios::hangs::Tried;
use scenarios::observe::Recorder;
use scenarios::replay::Options;
use scenarios::scenario::Downloads;
use scenarios::verdict::Verdict;
use sim_core::assumption::Choices;
use sim_core::time::Nanos;
use topologies::{Input, load};

const NETWORK: &str = "Microsoft.Network";

fn template() -> String {
    let id = |kind: &str, name: &str| format!("[resourceId('{NETWORK}/{kind}', {name})]");
    let nic = |name: &str, subnet: &str, more: &str| {
        let subnet = id("virtualNetworks/subnets", &format!("'v', '{subnet}'"));
        format!(
            r#"{{"type": "{NETWORK}/networkInterfaces", "apiVersion": "2024-05-01", "name": "{name}-nic", "location": "westus2",
                "properties": {{"ipConfigurations": [{{"name": "c", "properties": {{"subnet": {{"id": "{subnet}"}}{more}}}}}]}}}}"#
        )
    };
    let machine = |name: &str, system: &str| {
        let nic = id("networkInterfaces", &format!("'{name}-nic'"));
        format!(
            r#"{{"type": "Microsoft.Compute/virtualMachines", "apiVersion": "2024-07-01", "name": "{name}", "location": "westus2",
                "properties": {{"osProfile": {{"{system}": {{}}}}, "networkProfile": {{"networkInterfaces": [{{"id": "{nic}"}}]}}}}}}"#
        )
    };
    let pool = id("loadBalancers/backendAddressPools", "'lb', 'p'");
    let parts = [
        format!(
            r#"{{"type": "{NETWORK}/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "g", "location": "westus2",
                "properties": {{"securityRules": [{{"name": "no", "properties": {{"priority": 200, "direction": "Inbound",
                "access": "Deny", "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
                "destinationAddressPrefix": "*", "destinationPortRange": "*"}}}}]}}}}"#
        ),
        format!(
            r#"{{"type": "{NETWORK}/virtualNetworks", "apiVersion": "2024-05-01", "name": "v", "location": "westus2",
                "properties": {{"addressSpace": {{"addressPrefixes": ["10.0.0.0/16"]}}, "subnets": [
                {{"name": "s", "properties": {{"addressPrefix": "10.0.0.0/24", "defaultOutboundAccess": false}}}},
                {{"name": "t", "properties": {{"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {{"id": "{}"}}}}}}]}}}}"#,
            id("networkSecurityGroups", "'g'")
        ),
        format!(
            r#"{{"type": "{NETWORK}/loadBalancers", "apiVersion": "2024-05-01", "name": "lb", "location": "westus2",
                "sku": {{"name": "Basic"}}, "properties": {{"frontendIPConfigurations": [{{"name": "f", "properties":
                {{"privateIPAddress": "10.0.0.9", "privateIPAllocationMethod": "Static", "subnet": {{"id": "{}"}}}}}}],
                "backendAddressPools": [{{"name": "p"}}], "loadBalancingRules": [{{"name": "web", "properties":
                {{"frontendIPConfiguration": {{"id": "{}"}}, "backendAddressPool": {{"id": "{pool}"}}, "protocol": "Tcp",
                "frontendPort": 80, "backendPort": 8080}}}}]}}}}"#,
            id("virtualNetworks/subnets", "'v', 's'"),
            id("loadBalancers/frontendIPConfigurations", "'lb', 'f'")
        ),
        nic("a", "s", ""),
        nic("b", "t", &format!(r#", "loadBalancerBackendAddressPools": [{{"id": "{pool}"}}]"#)),
        machine("a", "linuxConfiguration"),
        machine("b", "windowsConfiguration"),
    ];
    format!(r#"{{"contentVersion": "1.0.0.0", "resources": [{}]}}"#, parts.join(",\n"))
}

#[test]
fn usual_connections_are_tried_and_explained() {
    // Catches: a machine, rule or pair of subnets that is not asked about, the wrong port for the guest, a backend that asks
    // its own balancer, a way that is closed without its reason and place; a closed one that makes the check fail.
    let world = load(&[Input::new("main.json", template())], None, &Default::default());
    assert!(world.diagnostics.is_empty() && world.findings.is_empty(), "{:?} {:?}", world.diagnostics, world.findings);
    let options = Options {
        seed: 1,
        jitter: false,
        repeat: 1,
        downloads: Downloads::Token,
        date: Default::default(),
        choices: Choices::default(),
        alternatives: Tried::default(),
        until: Nanos::secs(1),
    };
    let (found, _) = check::run(world, &[], &options, Recorder::default());
    let short = |name: &str| name.split([' ', '(']).next().unwrap_or_default().to_owned();
    let rows: Vec<_> = found
        .connections
        .iter()
        .map(|row| {
            let codes: Vec<&str> = row.problems.iter().map(|problem| problem.code.as_str()).collect();
            let placed = row.problems.iter().all(|problem| problem.place.is_some());
            assert!(placed && codes.is_empty() == (row.verdict == Verdict::Connected), "{row:?}");
            format!("{} -> {}:{} {}", short(&row.from), short(&row.to), row.port, codes.join(" "))
        })
        .collect();
    let expected = [
        "a -> internet:443 no-outbound",
        "b -> internet:443 ",
        "a -> lb/f:80 security-rule",
        "a -> b:3389 security-rule",
        "b -> a:22 ",
    ];
    assert_eq!(rows, expected);
    assert!(found.is_fine() && found.text().contains("Connections that are usual: 2 of 5 work"), "{}", found.text());
}
