//! Worlds from a few lines: the template of a deployment, in short words.

use topologies::{Input, Loading, World, load_with};

/// Resource ids of the default scope.
pub const SCOPE: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/vnetsim-rg/providers";

/// What a template of these resources declares, each a line: type, name, tier if it has one, properties. Single quotes
/// stand for double ones, `@x` for the reference to the resource `x`.
#[must_use]
pub fn world(lines: &[String]) -> World {
    edited(lines, &[])
}

/// The same with edits, as `--set` takes them.
#[must_use]
pub fn edited(lines: &[String], edits: &[String]) -> World {
    let resources: Vec<String> = lines.iter().map(|line| resource(line)).collect();
    let schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
    let list = resources.join(",\n");
    let text = format!("{{\"$schema\": \"{schema}\", \"contentVersion\": \"1.0.0.0\", \"resources\": [\n{list}\n]}}");
    load_with(&[Input::new("main.json", text)], &Loading { edits, ..Loading::default() })
}

fn resource(line: &str) -> String {
    let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (sku, properties) = match rest.split_once(' ') {
        Some((sku @ ("Basic" | "Standard"), rest)) => (format!("\"sku\": {{\"name\": \"{sku}\"}}, "), rest),
        _ => (String::new(), rest),
    };
    let kind = if kind.contains('.') { kind.to_owned() } else { format!("Microsoft.Network/{kind}") };
    format!(
        "{{\"type\": \"{kind}\", \"apiVersion\": \"2021-05-01\", \"name\": \"{name}\", {sku}\"location\": \"westus2\", \
         \"properties\": {{{}}}}}",
        expanded(properties)
    )
}

/// `@x/y` becomes a reference to that resource.
fn expanded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        let end =
            after.find(|letter: char| !letter.is_alphanumeric() && !"/-_".contains(letter)).unwrap_or(after.len());
        out.push_str(&format!("{before}{{'id': '{SCOPE}/Microsoft.Network/{}'}}", &after[..end]));
        rest = &after[end..];
    }
    (out + rest).replace('\'', "\"")
}

/// A VNet with these ranges, blanks between them.
#[must_use]
pub fn vnet(name: &str, space: &str, subnets: &[String]) -> String {
    let subnets: String = subnets.iter().map(|it| format!("\n{it}")).collect::<Vec<_>>().join(",");
    format!(
        "virtualNetworks {name} 'addressSpace': {{'addressPrefixes': ['{}']}}, 'subnets': [{subnets}]",
        space.replace(' ', "', '")
    )
}

/// A subnet in a VNet's list, with these ranges.
#[must_use]
pub fn subnet(name: &str, prefix: &str, more: &str) -> String {
    format!("{{'name': '{name}', 'properties': {{'addressPrefixes': ['{}']{more}}}}}", prefix.replace(' ', "', '"))
}

/// The VNet `v` of 10.0.0.0/16 with the subnet `a` of 10.0.1.0/24.
#[must_use]
pub fn v() -> String {
    vnet("v", "10.0.0.0/16", &[subnet("a", "10.0.1.0/24", "")])
}

/// A NIC in `v/a`.
#[must_use]
pub fn nic(name: &str, more: &str) -> String {
    nic_in("v/subnets/a", name, more)
}

/// A NIC in `VNET/subnets/SUBNET`.
#[must_use]
pub fn nic_in(subnet: &str, name: &str, more: &str) -> String {
    let config = config("c", subnet, more);
    format!("networkInterfaces {name} 'ipConfigurations': [{config}]")
}

/// A configuration in a NIC's list.
#[must_use]
pub fn config(name: &str, subnet: &str, more: &str) -> String {
    format!("\n{{'name': '{name}', 'properties': {{'subnet': @virtualNetworks/{subnet}{more}}}}}")
}

/// The security group `g`.
#[must_use]
pub fn group(rules: &[String]) -> String {
    format!("networkSecurityGroups g 'securityRules': [{}]", rules.join(","))
}

/// A rule, whose properties may be replaced.
#[must_use]
pub fn rule(name: &str, priority: u32, replaced: &str) -> String {
    let usual = [
        ("access", "'Allow'"),
        ("sourceAddressPrefix", "'*'"),
        ("sourcePortRange", "'*'"),
        ("destinationAddressPrefix", "'*'"),
        ("destinationPortRange", "'*'"),
        ("protocol", "'*'"),
    ];
    let usual = usual.iter().filter(|(key, _)| !replaced.contains(key));
    let usual: String = usual.map(|(key, value)| format!("'{key}': {value}, ")).collect();
    format!(
        "\n{{'name': '{name}', 'properties': {{'priority': {priority}, 'direction': 'Inbound', \
         {usual}{replaced}}}}}"
    )
}

/// The route table `t`.
#[must_use]
pub fn table(routes: &[String]) -> String {
    format!("routeTables t 'routes': [{}]", routes.join(","))
}

/// A route in a table's list. The hop may be followed by more properties.
#[must_use]
pub fn route(name: &str, to: &str, hop: &str) -> String {
    format!("\n{{'name': '{name}', 'properties': {{'addressPrefix': '{to}', 'nextHopType': {hop}}}}}")
}

/// A peering of a VNet.
#[must_use]
pub fn peering(from: &str, name: &str, to: &str, more: &str) -> String {
    format!("virtualNetworks/virtualNetworkPeerings {from}/{name} 'remoteVirtualNetwork': @virtualNetworks/{to}{more}")
}

/// A public address of this tier.
#[must_use]
pub fn public(name: &str, sku: &str) -> String {
    format!("publicIPAddresses {name} {sku} 'publicIPAllocationMethod': 'Static'")
}

/// A balancer `b` with these parts: `collection: items`.
#[must_use]
pub fn balancer(sku: &str, parts: &[(&str, String)]) -> String {
    let parts: Vec<String> = parts.iter().map(|(key, items)| format!("'{key}': [{items}]")).collect();
    format!("loadBalancers b {sku} {}", parts.join(", "))
}

/// A part in a resource's list.
#[must_use]
pub fn part(name: &str, properties: &str) -> String {
    format!("\n{{'name': '{name}', 'properties': {{{properties}}}}}")
}
