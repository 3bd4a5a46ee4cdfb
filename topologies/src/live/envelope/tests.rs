//! Every form in which tools give bodies away.

use super::*;
use crate::json::parse_text;

const NSG: &str = r#"{"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n"}"#;
const VNET: &str =
    r#"{"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v", "name": "v"}"#;

fn parse(text: &str) -> Value {
    parse_text(text, FileId(0)).value.expect("JSON")
}

/// Types and names of what a text holds; `None` where it is of another kind.
fn found(text: &str) -> Option<Vec<String>> {
    let bodies = read(parse(text))?;
    Some(bodies.resources.iter().map(|raw| raw.id.rsplit('/').next().unwrap_or_default().to_owned()).collect())
}

/// Catches: a body that is not found in what a tool puts around it, one found twice, any object taken for a resource; a
/// body with a property `value` opened like an envelope.
#[test]
fn bodies_are_found_in_every_envelope() {
    let inside = format!(r#"{{"value": [1], {}"#, &NSG[1..]);
    let text = NSG.replace('"', "\\\"");
    for (text, names) in [
        (NSG.to_owned(), Some(vec!["n"])),
        (format!("[{NSG}, {VNET}]"), Some(vec!["n", "v"])),
        (format!(r#"{{"value": [{NSG}], "nextLink": null}}"#), Some(vec!["n"])),
        (format!(r#"{{"count": 1, "data": [{NSG}], "skip_token": null}}"#), Some(vec!["n"])),
        (format!(r#"{{"Data": [{NSG}], "SkipToken": ""}}"#), Some(vec!["n"])),
        (inside, Some(vec!["n"])),
        (format!(r#"{{"newVNet": {VNET}}}"#), Some(vec!["v"])),
        (format!(r#"{{"publicIp": {VNET}}}"#), Some(vec!["v"])),
        (format!(r#"[[{NSG}], [{VNET}]]"#), Some(vec!["n", "v"])),
        (format!(r#"{{"sub-1": {{"resources": [{VNET}]}}, "sub-2": [{VNET}]}}"#), Some(vec!["v", "v"])),
        (
            format!(
                r#"{{"parameters": {{"x": {VNET}}}, "responses": {{"200": {{"body": {NSG}}}, "201": {{"body": {VNET}}}}}}}"#
            ),
            Some(vec!["v"]),
        ),
        (
            format!(r#"{{"parameters": {{}}, "responses": {{"200": {{"body": {{"value": [{VNET}]}}}}}}}}"#),
            Some(vec!["v"]),
        ),
        (
            format!(r#"[{{"method": "GET", "uri": "u", "status": 200, "body": {{"value": [{VNET}]}}}}]"#),
            Some(vec!["v"]),
        ),
        (
            format!(r#"[{{"uri": "u", "request": {VNET}, "answer": {VNET}}}, {{"uri": "x", "status": 404}}]"#),
            Some(vec!["v"]),
        ),
        (format!(r#"{{"Entries": [{{"RequestUri": "u", "ResponseBody": "[{text}]"}}]}}"#), Some(vec!["n"])),
        (
            format!(r#"{{"interactions": [{{"response": {{"body": {{"string": "{{\"value\": [{text}]}}"}}}}}}]}}"#),
            Some(vec!["n"]),
        ),
        (
            format!(
                r#"{{"worlds": {{"a": {{"resources": [{NSG}]}}, "b": {{"resources": [{VNET}]}}}}, "asks": [{NSG}]}}"#
            ),
            Some(vec!["v"]),
        ),
        ("[]".to_owned(), Some(vec![])),
        (r#"{"value": []}"#.to_owned(), Some(vec![])),
        (r#"{"value": 7}"#.to_owned(), None),
        (r#"{"id": 7}"#.to_owned(), None),
        (r#"{"id": "mine"}"#.to_owned(), None),
        (r#"{"name": "x", "id": "/subscriptions"}"#.to_owned(), None),
        (format!(r#"{{"terraform_version": "1.5", "resources": [{VNET}]}}"#), None),
        (format!(r#"{{"effective": {{"association": {{"subnet": {VNET}}}, "group": {NSG}}}}}"#), None),
        (format!(r#"{{"resources": [{{"associations": [], {}]}}"#, &VNET[1..]), None),
        ("[1, 2]".to_owned(), None),
        ("7".to_owned(), None),
    ] {
        let expected = names.map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(found(&text), expected, "{text}");
    }
}

/// Catches: cells under the wrong names, a table that is not one, a short row read all the same, types in lower case that
/// are not known for what they are.
#[test]
fn tables_of_resource_graph_are_read() {
    let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
    let table = |row: &str| {
        format!(
            r#"{{"totalRecords": 1, "data": {{"columns": [{{"name": "id", "type": "string"}}, {{"name": "type", "type": "string"}},
               {{"name": "properties", "type": "object"}}], "rows": [{row}]}}}}"#
        )
    };
    let text = table(&format!(r#"["{id}", "microsoft.network/virtualnetworks", {{"x": 1}}]"#));
    let bodies = read(parse(&text)).unwrap();
    assert_eq!(bodies.resources[0].resource_type, "microsoft.network/virtualnetworks");
    assert_eq!(bodies.resources[0].properties().to_string(), r#"{"x":1}"#);
    assert!(bodies.diagnostics.is_empty());
    let short = read(parse(&table(&format!(r#"["{id}"]"#)))).unwrap();
    assert!(short.resources.is_empty() && short.diagnostics[0].code == "input.table");
}

/// Catches: one strange item that takes the whole list with it, or that nobody hears of.
#[test]
fn strange_items_are_left_out_and_told() {
    let bodies = read(parse(&format!(r#"[{NSG}, {{"name": "x"}}, 7]"#))).unwrap();
    assert_eq!((bodies.resources.len(), bodies.diagnostics.len()), (1, 2));
    assert_eq!(bodies.resources[0].resource_type, "Microsoft.Network/networkSecurityGroups");
    assert!(bodies.diagnostics.iter().all(|it| it.code == "input.no-resource-id" && it.span.is_some()));
}

/// Catches: a balancer that `az network lb create` prints, without its id, read as its parts alone; parts of several resources
/// taken for parts of one.
#[test]
fn a_body_without_id_is_known_by_its_parts() {
    let part = |whole: &str, kind: &str, name: &str| {
        format!(
            r#""{kind}": [{{"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/loadBalancers/{whole}/{kind}/{name}",
               "name": "{name}", "properties": {{}}}}]"#
        )
    };
    let body = |second: &str| {
        let (first, second) = (part("lb", "frontendIPConfigurations", "f"), part(second, "backendAddressPools", "p"));
        format!(r#"{{"loadBalancer": {{{first}, {second}, "provisioningState": "Succeeded"}}}}"#)
    };
    assert_eq!(found(&body("lb")), Some(vec!["lb".to_owned()]));
    assert_eq!(found(&body("other")), Some(vec!["f".to_owned(), "p".to_owned()]));
}

/// Catches: what a managed service would deploy taken for declared, left out without a word, or a file of nothing else
/// called unreadable.
#[test]
fn deployed_resources_are_not_read_back() {
    let tagged = format!(r#"{{"tags": {{"{OWNER_TAG}": "x"}}, {}"#, &VNET[1..]);
    for (text, count) in [(format!(r#"{{"data": [{tagged}, {NSG}]}}"#), 1), (format!("[{tagged}]"), 0)] {
        let bodies = read(parse(&text)).unwrap();
        assert_eq!(bodies.resources.len(), count);
        assert_eq!(bodies.diagnostics[0].code, "input.deployed-resources");
    }
}
