//! Proposed edits in the form of the input: what to change in which resource's body.

mod firewall;
mod service;

use serde_json::{Value, json};
use sim_core::explain::Mend;
use sim_core::id::NodeId;
use sim_core::topology::{Access, Direction, Draft, Edit, Kind, Peer, PublicIp, Relation, SecurityRule, Sku, Topology};

/// What a proposed edit changes, as `--set` takes it: making these edits in the input gives the network that
/// [`Mend::apply`] gives. `topology` is the network that it was proposed for.
#[must_use]
pub fn edits_of(mend: &Mend, topology: &Topology) -> Vec<Edit> {
    let id = |node: NodeId| topology.get(node).map_or_else(|| "?".into(), |found| found.name.clone());
    let edit = |resource, property: &str, value: &Value| Edit {
        resource,
        property: property.to_owned(),
        value: value.to_string(),
    };
    let part = |node, collection: &str, name: &str| format!("{}/{collection}/{name}", id(node)).into();
    match mend {
        Mend::AllowRule { group, rule } if is_admin(*group, topology) => {
            vec![edit(part(*group, "rules", &rule.name), "", &admin_rule_body(rule))]
        }
        Mend::AllowRule { group, rule } => vec![edit(id(*group), "properties.securityRules[+]", &rule_body(rule))],
        Mend::OpenRule { group, name } => {
            let collection = if is_admin(*group, topology) { "rules" } else { "securityRules" };
            vec![edit(part(*group, collection, name), "properties.access", &json!("Allow"))]
        }
        Mend::DropRule { group, name } => vec![edit(part(*group, "securityRules", name), "", &Value::Null)],
        Mend::DropRoute { table, name } => vec![edit(part(*table, "routes", name), "", &Value::Null)],
        Mend::Admit { holder, collection, made } => {
            let policy = matches!(topology.get(*holder).map(|found| &found.kind), Some(Kind::FirewallPolicy(_)));
            let (resource, property, value) = if policy {
                firewall::in_policy(part(*holder, "ruleCollectionGroups", &collection.group), collection, *made)
            } else {
                firewall::classic(id(*holder), collection, *made)
            };
            vec![edit(resource, &property, &value)]
        }
        Mend::Declare { site, prefix } => {
            let list = "properties.localNetworkAddressSpace.addressPrefixes[+]";
            vec![edit(id(*site), list, &json!(prefix.to_string()))]
        }
        Mend::Unlock { service, change } => service::unlocked(*service, change, topology),
        Mend::Switch { resource, switch } => {
            let (property, value) = switch.written();
            vec![Edit { resource: id(*resource), property: property.to_owned(), value: value.to_owned() }]
        }
        Mend::Make { drafts, holder } => {
            let made = drafts.iter().map(|draft| edit(draft.name.clone(), "", &body(draft)));
            let last = drafts.last();
            let refers = holder.iter().filter_map(|(node, relation)| {
                let reference = json!({ "id": &*last?.name });
                Some(edit(id(*node), &format!("properties.{}", property_of(*relation)?), &reference))
            });
            made.chain(refers).collect()
        }
    }
}

fn is_admin(group: NodeId, topology: &Topology) -> bool {
    matches!(topology.get(group).map(|found| &found.kind), Some(Kind::AdminRules(_)))
}

/// The property of a resource that holds a reference of this kind.
fn property_of(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::FilteredBy => Some("networkSecurityGroup"),
        Relation::TranslatedBy => Some("natGateway"),
        Relation::RoutedBy => Some("routeTable"),
        Relation::Uses => Some("publicIPAddress"),
        Relation::Remote => Some("remoteVirtualNetwork"),
        _ => None,
    }
}

/// The body of a resource that is made.
fn body(draft: &Draft) -> Value {
    let target = |wanted: Relation| draft.refers.iter().find(|(relation, _)| *relation == wanted).map(|(_, id)| &**id);
    match &draft.kind {
        Kind::Nsg(group) => json!({
            "type": "Microsoft.Network/networkSecurityGroups",
            "properties": { "securityRules": group.rules.iter().map(rule_body).collect::<Vec<_>>() },
        }),
        Kind::PublicIp(PublicIp { sku, region, .. }) => json!({
            "type": "Microsoft.Network/publicIPAddresses",
            "location": &**region,
            "sku": { "name": if *sku == Sku::Basic { "Basic" } else { "Standard" } },
            "properties": { "publicIPAllocationMethod": "Static" },
        }),
        Kind::NatGateway(_) => json!({
            "type": "Microsoft.Network/natGateways",
            "sku": { "name": "Standard" },
            "properties": { "publicIpAddresses": [{ "id": target(Relation::Uses) }] },
        }),
        Kind::Connection(connection) => json!({
            "type": "Microsoft.Network/connections",
            "properties": {
                "connectionType": "Vnet2Vnet",
                "virtualNetworkGateway1": { "id": target(Relation::PartOf) },
                "virtualNetworkGateway2": { "id": target(Relation::Remote) },
                "enableBgp": connection.bgp,
                "routingWeight": connection.weight,
            },
        }),
        Kind::Peering(peering) => json!({
            "type": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
            "properties": {
                "remoteVirtualNetwork": { "id": target(Relation::Remote) },
                "allowVirtualNetworkAccess": peering.access.value,
                "allowForwardedTraffic": peering.forwarded.value,
            },
        }),
        _ => json!({}),
    }
}

/// A rule of a security group as it stands in a template.
fn rule_body(rule: &SecurityRule) -> Value {
    let peer = |peers: &[Peer]| match peers.first() {
        Some(Peer::Prefix(prefix)) => prefix.to_string(),
        Some(Peer::Tag(tag) | Peer::Asg(tag)) => tag.to_string(),
        Some(Peer::Any) | None => "*".to_owned(),
    };
    json!({
        "name": &*rule.name,
        "properties": {
            "priority": rule.priority,
            "direction": direction(rule),
            "access": access(rule),
            "protocol": protocol(rule, "*"),
            "sourceAddressPrefix": peer(&rule.source),
            "sourcePortRange": "*",
            "destinationAddressPrefix": peer(&rule.destination),
            "destinationPortRange": port(rule),
        }
    })
}

/// A security admin rule as it stands in a template.
fn admin_rule_body(rule: &SecurityRule) -> Value {
    let peers = |peers: &[Peer]| match peers.first() {
        Some(Peer::Prefix(prefix)) => json!([{ "addressPrefixType": "IPPrefix", "addressPrefix": prefix.to_string() }]),
        Some(Peer::Tag(tag) | Peer::Asg(tag)) => {
            json!([{ "addressPrefixType": "ServiceTag", "addressPrefix": &**tag }])
        }
        Some(Peer::Any) | None => json!([{ "addressPrefixType": "IPPrefix", "addressPrefix": "*" }]),
    };
    json!({
        "type": "Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules",
        "kind": "Custom",
        "properties": {
            "priority": rule.priority,
            "direction": direction(rule),
            "access": access(rule),
            "protocol": protocol(rule, "Any"),
            "sources": peers(&rule.source),
            "sourcePortRanges": ["*"],
            "destinations": peers(&rule.destination),
            "destinationPortRanges": [port(rule)],
        }
    })
}

fn port(rule: &SecurityRule) -> String {
    rule.destination_ports.first().map_or_else(|| "*".to_owned(), |range| range.first.to_string())
}

const fn direction(rule: &SecurityRule) -> &'static str {
    match rule.direction {
        Direction::Inbound => "Inbound",
        Direction::Outbound => "Outbound",
    }
}

const fn access(rule: &SecurityRule) -> &'static str {
    match rule.access {
        Access::Allow => "Allow",
        Access::AlwaysAllow => "AlwaysAllow",
        Access::Deny => "Deny",
    }
}

fn protocol(rule: &SecurityRule, any: &'static str) -> &'static str {
    match rule.protocol.map(|protocol| protocol.to_string()).as_deref() {
        Some("TCP") => "Tcp",
        Some("UDP") => "Udp",
        Some("ICMP") => "Icmp",
        Some("ESP") => "Esp",
        Some("AH") => "Ah",
        _ => any,
    }
}
