//! Proposed edits in the form of the input: what to change in which resource's body.

use serde_json::{Value, json};
use sim_core::explain::Mend;
use sim_core::id::NodeId;
use sim_core::topology::{
    Access, Direction, Draft, Edit, Kind, Peer, PortRange, PublicIp, Relation, SecurityRule, Sku, Topology,
};

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
    match mend {
        Mend::AllowRule { group, rule } => vec![edit(id(*group), "properties.securityRules[+]", &rule_body(rule))],
        Mend::DropRule { group, name } => {
            vec![edit(id(*group), &format!("properties.securityRules[{name}]"), &Value::Null)]
        }
        Mend::DropRoute { table, name } => vec![edit(id(*table), &format!("properties.routes[{name}]"), &Value::Null)],
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

/// A rule as it stands in a template.
fn rule_body(rule: &SecurityRule) -> Value {
    let peer = |peers: &[Peer]| match peers.first() {
        Some(Peer::Prefix(prefix)) => prefix.to_string(),
        Some(Peer::Tag(tag) | Peer::Asg(tag)) => tag.to_string(),
        Some(Peer::Any) | None => "*".to_owned(),
    };
    let port = |ranges: &[PortRange]| ranges.first().map_or_else(|| "*".to_owned(), |range| range.first.to_string());
    let protocol = match rule.protocol.map(|protocol| protocol.to_string()).as_deref() {
        Some("TCP") => "Tcp",
        Some("UDP") => "Udp",
        Some("ICMP" | "ICMPv6") => "Icmp",
        Some("ESP") => "Esp",
        Some("AH") => "Ah",
        _ => "*",
    };
    json!({
        "name": &*rule.name,
        "properties": {
            "priority": rule.priority,
            "direction": if rule.direction == Direction::Inbound { "Inbound" } else { "Outbound" },
            "access": if rule.access == Access::Deny { "Deny" } else { "Allow" },
            "protocol": protocol,
            "sourceAddressPrefix": peer(&rule.source),
            "sourcePortRange": "*",
            "destinationAddressPrefix": peer(&rule.destination),
            "destinationPortRange": port(&rule.destination_ports),
        }
    })
}
