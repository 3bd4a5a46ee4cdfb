//! New rules of firewalls, as a policy's groups and a firewall of the classic kind have them.

use serde_json::{Value, json};
use sim_core::explain::Made;
use sim_core::net::Addr;
use sim_core::topology::{ApplicationProtocol, FirewallMatch, FirewallPeer, FirewallRule, PortRange, RuleCollection};
use std::sync::Arc;

/// What changes in a group of a policy, or as a group of its own: resource, property, value.
pub(super) fn in_policy(group: Arc<str>, collection: &RuleCollection, made: Made) -> (Arc<str>, String, Value) {
    let rules: Vec<Value> = collection.rules.iter().map(|rule| typed(rule_body(rule), rule)).collect();
    let whole = json!({
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": &*collection.name,
        "priority": collection.priority,
        "action": { "type": "Allow" },
        "rules": rules,
    });
    match made {
        Made::Rule => (group, format!("properties.ruleCollections[{}].rules[+]", collection.name), only(rules)),
        Made::Collection => (group, "properties.ruleCollections[+]".to_owned(), whole),
        Made::Group => {
            let body = json!({
                "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
                "properties": { "priority": collection.group_priority, "ruleCollections": [whole] },
            });
            (group, String::new(), body)
        }
    }
}

/// What changes in a firewall that holds its rules itself.
pub(super) fn classic(firewall: Arc<str>, collection: &RuleCollection, made: Made) -> (Arc<str>, String, Value) {
    let application = collection.rules.iter().any(|rule| matches!(rule.what, FirewallMatch::Application { .. }));
    let list = if application { "applicationRuleCollections" } else { "networkRuleCollections" };
    let rules: Vec<Value> = collection.rules.iter().map(rule_body).collect();
    if made == Made::Rule {
        let place = format!("properties.{list}[{}].properties.rules[+]", collection.name);
        return (firewall, place, only(rules));
    }
    let whole = json!({
        "name": &*collection.name,
        "properties": { "priority": collection.priority, "action": { "type": "Allow" }, "rules": rules },
    });
    (firewall, format!("properties.{list}[+]"), whole)
}

fn only(rules: Vec<Value>) -> Value {
    rules.into_iter().next().unwrap_or_default()
}

/// A policy's rules name their kind, and their protocols by another word.
fn typed(mut body: Value, rule: &FirewallRule) -> Value {
    let application = matches!(rule.what, FirewallMatch::Application { .. });
    body["ruleType"] = if application { "ApplicationRule" } else { "NetworkRule" }.into();
    if let Some(object) = body.as_object_mut().filter(|_| !application)
        && let Some(protocols) = object.remove("protocols")
    {
        object.insert("ipProtocols".to_owned(), protocols);
    }
    body
}

fn rule_body(rule: &FirewallRule) -> Value {
    let mut body = json!({ "name": &*rule.name, "sourceAddresses": peers(&rule.source) });
    match &rule.what {
        FirewallMatch::Network { protocols, destination, ports } => {
            let spoken: Vec<String> = protocols.iter().map(ToString::to_string).collect();
            body["protocols"] = if spoken.is_empty() { json!(["Any"]) } else { json!(spoken) };
            body["destinationAddresses"] = peers(destination);
            body["destinationPorts"] = if ports.is_empty() { json!(["*"]) } else { ports.iter().map(range).collect() };
        }
        FirewallMatch::Application { protocols, names } => {
            let spoken =
                protocols.iter().map(|(protocol, port)| json!({ "protocolType": word(*protocol), "port": port }));
            body["protocols"] = spoken.collect();
            body["targetFqdns"] = names.iter().map(|name| &**name).collect();
        }
        // None is ever proposed: only who runs the machine behind it knows where to.
        FirewallMatch::Translate { .. } => {}
    }
    body
}

fn peers(peers: &[FirewallPeer]) -> Value {
    let written = |peer: &FirewallPeer| match peer {
        FirewallPeer::Any => "*".to_owned(),
        FirewallPeer::Range(first, last) => addresses(*first, *last),
        FirewallPeer::Tag(word) | FirewallPeer::Name(word) => word.to_string(),
    };
    peers.iter().map(written).collect()
}

fn addresses(first: Addr, last: Addr) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

fn range(range: &PortRange) -> Value {
    let PortRange { first, last } = range;
    if first == last { first.to_string() } else { format!("{first}-{last}") }.into()
}

const fn word(protocol: ApplicationProtocol) -> &'static str {
    match protocol {
        ApplicationProtocol::Http => "Http",
        ApplicationProtocol::Https => "Https",
        ApplicationProtocol::Mssql => "Mssql",
    }
}
