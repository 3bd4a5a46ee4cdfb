//! One network from several files.

use super::{G, NONE, codes, world};
use sim_core::topology::Kind;

fn group(rest: &str) -> String {
    format!(r#"{{"id": "{G}/networkSecurityGroups/g"{rest}}}"#)
}

const RULE: &str = r#"{"name": "r", "properties": {"priority": 100, "direction": "Inbound", "access": "Allow",
    "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
    "destinationPortRange": "22"}}"#;

/// Catches: the poorer of two bodies taken because it came last, a warning where one only says more, none where two
/// contradict each other, a warning without both files.
#[test]
fn the_fullest_body_counts() {
    let full = group(&format!(r#", "location": "West US", "etag": "1", "properties": {{"securityRules": [{RULE}]}}"#));
    let short = group(r#", "name": "g", "location": "westus", "etag": "2""#);
    for files in [[("a.json", full.as_str()), ("b.json", &short)], [("a.json", &short), ("b.json", &full)]] {
        let world = world(&files);
        assert_eq!(codes(&world), NONE, "{:?}", world.diagnostics);
        let found = world.topology.resources().next().unwrap();
        assert!(matches!(&found.kind, Kind::Nsg(group) if group.rules.len() == 1));
    }
    let other = full.replace("\"22\"", "\"23\"").replace("\"etag\": \"1\", ", "");
    let world = world(&[("a.json", &full), ("b.json", &other)]);
    assert_eq!(codes(&world), ["input.two-bodies"]);
    let diagnostic = &world.diagnostics[0];
    assert!(diagnostic.message.contains("destinationPortRange"), "{}", diagnostic.message);
    let file = |span: Option<_>| world.sources.locate(span.unwrap()).unwrap().name.to_owned();
    assert_eq!([file(diagnostic.span), file(diagnostic.notes[0].0)], ["a.json", "b.json"]);
}

/// Catches: a child that is lost for lack of its parent's file, one that counts less than the stub in its parent, a stub of
/// its own that hides what the parent says.
#[test]
fn children_join_their_parents() {
    let vnet = |subnet: &str| {
        format!(
            r#"{{"id": "{G}/virtualNetworks/v", "location": "westus", "properties":
               {{"addressSpace": {{"addressPrefixes": ["10.0.0.0/16"]}}, "subnets": [{subnet}]}}}}"#
        )
    };
    let inside = r#"{"name": "s", "properties": {"addressPrefix": "10.0.1.0/24"}}"#;
    let stub = format!(r#"{{"id": "{G}/virtualNetworks/v/subnets/s", "name": "s"}}"#);
    let whole = format!(r#"{{"id": "{G}/virtualNetworks/v/subnets/s", "name": "s", "addressPrefix": "10.0.2.0/24"}}"#);
    let prefix = |files: &[(&str, &str)]| {
        let world = world(files);
        let subnet = world.topology.resources().find_map(|it| match &it.kind {
            Kind::Subnet(subnet) => Some(subnet.prefixes[0].to_string()),
            _ => None,
        });
        (subnet.unwrap_or_default(), codes(&world).join(" "))
    };
    let told = |prefix: &str, codes: &str| (prefix.to_owned(), codes.to_owned());
    assert_eq!(prefix(&[("v", &vnet("")), ("s", &whole)]), told("10.0.2.0/24", ""));
    assert_eq!(prefix(&[("s", &whole), ("v", &vnet(""))]), told("10.0.2.0/24", ""));
    assert_eq!(prefix(&[("v", &vnet(inside)), ("s", &stub)]), told("10.0.1.0/24", ""));
    assert_eq!(prefix(&[("v", &vnet(inside)), ("s", &whole)]), told("10.0.2.0/24", "input.two-bodies"));
}

/// Catches: pages of one list, or dumps of several subscriptions, of which only the last counts.
#[test]
fn pages_and_subscriptions_add_up() {
    let page = |subscription: &str, name: &str| {
        format!(
            r#"{{"count": 1, "data": [{{"id": "/subscriptions/{subscription}/resourceGroups/g/providers/Microsoft.Network/routeTables/{name}",
                "type": "microsoft.network/routetables", "name": "{name}", "properties": {{"routes": []}}}}]}}"#
        )
    };
    let world = world(&[("1", &page("s1", "a")), ("2", &page("s1", "b")), ("3", &page("s2", "a"))]);
    assert_eq!(world.topology.resources().count(), 3);
    assert_eq!(codes(&world), NONE);
}
