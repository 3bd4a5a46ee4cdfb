//! Two answers compared field by field.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use vnetsim_tests::oracles::Difference;

/// Fields that Azure makes up anew for each answer, or that say when it was given.
const MADE_UP: [&str; 3] = ["etag", "createdDateTime", "lastModified"];

/// Lists whose order means nothing, with what tells their items apart.
const UNORDERED: [(&str, &[&str]); 7] = [
    ("value", &["addressPrefix", "networkSecurityGroup"]),
    ("resources", &["id"]),
    ("associations", &["resourceId"]),
    ("securityRules", &["name"]),
    ("defaultSecurityRules", &["name"]),
    ("effectiveSecurityRules", &["direction", "name"]),
    ("networkInterfaces", &["id"]),
];

/// Sets of prefixes, compared as a whole: one field.
const SETS: [&str; 3] = ["expandedSourceAddressPrefix", "expandedDestinationAddressPrefix", "tagMap"];

/// Where two answers differ.
pub fn differences(ours: &Value, azures: &Value) -> Vec<Difference> {
    let (ours, azures) = (without_ids(ours), without_ids(azures));
    let mut found = Vec::new();
    compare("", "", Some(&ours), Some(&azures), &mut found);
    found
}

/// How many values an answer holds.
pub fn fields(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(fields).sum(),
        Value::Object(members) => members.values().map(fields).sum(),
        _ => 1,
    }
}

/// Ids that are made up for one answer, as the places they stand at; the id of a topology, as nothing.
fn without_ids(answer: &Value) -> Value {
    let mut answer = answer.clone();
    let body = &mut answer["body"];
    if body.get("createdDateTime").is_some() {
        body["id"] = Value::Null;
    }
    let hops: Vec<String> =
        body["hops"].as_array().into_iter().flatten().filter_map(|hop| hop["id"].as_str().map(str::to_owned)).collect();
    rename(&mut answer, &hops);
    answer
}

fn rename(value: &mut Value, hops: &[String]) {
    match value {
        Value::String(text) => {
            if let Some(n) = hops.iter().position(|id| id == text) {
                *text = format!("hop {n}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, hops)),
        Value::Object(members) => members.values_mut().for_each(|member| rename(member, hops)),
        _ => {}
    }
}

fn compare(path: &str, key: &str, ours: Option<&Value>, azures: Option<&Value>, found: &mut Vec<Difference>) {
    if MADE_UP.contains(&key) {
        return;
    }
    match (ours, azures) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                compare(&join(path, key), key, a.get(key), b.get(key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => lists(path, key, a, b, found),
        (Some(a), Some(b)) if same(a, b) => {}
        (a, b) => found.push(Difference::new(path, a, b)),
    }
}

fn lists(path: &str, key: &str, ours: &[Value], azures: &[Value], found: &mut Vec<Difference>) {
    let parent = path.rsplit('.').nth(1).unwrap_or_default();
    if SETS.contains(&key) || SETS.contains(&parent) {
        let (a, b) = (texts(ours), texts(azures));
        if a != b {
            let told = |all: usize, only: usize| format!("{all} prefixes, {only} of them only here");
            found.push(Difference {
                path: path.to_owned(),
                ours: told(a.len(), a.difference(&b).count()),
                azures: told(b.len(), b.difference(&a).count()),
            });
        }
        return;
    }
    if let Some((_, names)) = UNORDERED.iter().find(|(list, _)| *list == key) {
        let (a, b) = (named(ours, names), named(azures, names));
        let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for key in keys {
            compare(&format!("{path}[{key}]"), "", a.get(key).copied(), b.get(key).copied(), found);
        }
        return;
    }
    for n in 0..ours.len().max(azures.len()) {
        compare(&format!("{path}[{n}]"), "", ours.get(n), azures.get(n), found);
    }
}

fn texts(list: &[Value]) -> BTreeSet<String> {
    list.iter().map(Value::to_string).collect()
}

/// Items by what tells them apart; a second one of the same name by its number.
fn named<'v>(list: &'v [Value], names: &[&str]) -> BTreeMap<String, &'v Value> {
    let mut out = BTreeMap::new();
    for item in list {
        let parts: Vec<String> = names.iter().filter_map(|name| item.get(*name)).map(last_of).collect();
        let name = parts.join(" ");
        let n = (1..).find(|n| !out.contains_key(&numbered(&name, *n))).unwrap_or_default();
        out.insert(numbered(&name, n), item);
    }
    out
}

fn numbered(name: &str, n: usize) -> String {
    if n == 1 { name.to_owned() } else { format!("{name} #{n}") }
}

/// The end of an id, or a text as it is.
fn last_of(value: &Value) -> String {
    match value {
        Value::String(text) if text.starts_with("/subscriptions/") => {
            text.rsplit('/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/")
        }
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(last_of).collect::<Vec<_>>().join(" "),
        Value::Object(members) => members.get("id").map(last_of).unwrap_or_default(),
        other => other.to_string(),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
