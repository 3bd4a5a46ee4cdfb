//! `oracles/private-endpoints`: what private endpoints to real services answer.

use crate::compare::Comparison;
use crate::table::check;
use serde_json::{Value, json};
use sim_core::source::FileId;
use topologies::azure::RawResource;
use topologies::world::World;
use vnetsim_tests::oracles::{Entry, recordings};

#[test]
fn endpoints_answer_with_the_names_of_their_service() {
    // Catches: a name that a service does not have, or in another order; an address that is not the first free one or its
    // successor; other words of approval.
    let (mut found, mut fields, mut endpoints) = (Vec::new(), 0, 0);
    let recordings = recordings("private-endpoints");
    for (name, recording) in &recordings {
        for endpoint in recording.as_array().into_iter().flatten() {
            let body = &endpoint["body"];
            let comparison = Comparison::of(&answered(body), body);
            endpoints += 1;
            fields += comparison.fields;
            let service = endpoint["service"].as_str().expect("a service");
            found.extend(comparison.differences.into_iter().map(|it| Entry::new(name, service, it)));
        }
    }
    println!("endpoints: {endpoints} of them, {fields} fields compared, {} differ", found.len());
    let files: Vec<String> = recordings.into_iter().map(|(name, _)| name).collect();
    check("private-endpoints/", "", &files, &found);
}

/// The endpoint as it was asked for: where it is and what it connects to.
fn answered(body: &Value) -> Value {
    let properties = &body["properties"];
    let connection = |it: &Value| {
        let inner = &it["properties"];
        json!({"name": it["name"], "properties": {
            "privateLinkServiceId": inner["privateLinkServiceId"], "groupIds": inner["groupIds"],
        }})
    };
    let connections = properties["privateLinkServiceConnections"].as_array().expect("connections");
    let connections: Vec<Value> = connections.iter().map(connection).collect();
    let id = body["id"].as_str().expect("an id");
    let mut sent = json!({
        "id": id,
        "location": body["location"],
        "properties": {"subnet": properties["subnet"], "privateLinkServiceConnections": connections},
    });
    for key in ["applicationSecurityGroups", "customNetworkInterfaceName"] {
        if let Some(value) = properties.get(key) {
            sent["properties"][key] = value.clone();
        }
    }
    let sent = topologies::json::parse_text(&sent.to_string(), FileId(0)).value.expect("JSON");
    let world = World::new([RawResource::of_body(sent).expect("a resource")], "westus");
    // The version is that of the fields.
    let version = match (properties.get("ipConfigurations"), properties.get("customNetworkInterfaceName")) {
        (None, _) => "2020-11-01",
        (_, None) => "2021-03-01",
        _ => "2022-01-01",
    };
    serde_json::from_str(&world.answer(id, Some(version)).expect("it is declared").to_string()).expect("JSON")
}
