//! `oracles/writes`: a body that was sent, and what Azure answered.

use crate::compare::Comparison;
use crate::table::check;
use serde_json::Value;
use sim_core::source::FileId;
use topologies::azure::RawResource;
use topologies::world::World;
use vnetsim_tests::oracles::{Entry, day, recordings};

#[test]
fn azure_fills_in_the_same() {
    // Catches: a default that Azure does not fill in, or fills in otherwise or in other versions; an id of a part that is not
    // made of its parent's; a reference that is not cut down to its id; an address that is not the first free one; a secret
    // that is given back.
    let (mut found, mut fields, mut asks) = (Vec::new(), 0, 0);
    let recordings = recordings("writes");
    for (name, recording) in &recordings {
        for (n, write) in recording.as_array().expect("writes").iter().enumerate() {
            let ours = answered(write);
            let comparison = Comparison::of(&ours, &write["answer"]);
            asks += 1;
            fields += comparison.fields;
            found.extend(comparison.differences.into_iter().map(|it| Entry::new(name, n, it)));
        }
    }
    println!("writes: {asks} bodies, {fields} fields compared, {} differ", found.len());
    let files: Vec<String> = recordings.into_iter().map(|(name, _)| name).collect();
    check("writes/", "", &files, &found);
}

/// The body that comes of a recorded request. Versions in recordings were rewritten when the tests that made them moved
/// on: no answer is of a version that is newer than its day.
fn answered(write: &Value) -> Value {
    let uri = write["uri"].as_str().expect("an address");
    let (id, version) = uri.split_once("?api-version=").expect("a version");
    let mut body = write["request"].clone();
    // What Azure reads from the address counts.
    body["id"] = id.into();
    let text = body.to_string();
    let body = topologies::json::parse_text(&text, FileId(0)).value.expect("JSON");
    let mut raw = RawResource::of_body(body).expect("a resource");
    raw.api_version = day(write["recorded"].as_str().expect("a day")).min(version.to_owned());
    let world = World::new([raw], "westus");
    serde_json::from_str(&world.answer(id, None).expect("it is declared").to_string()).expect("JSON")
}
