//! What differs between two inputs: resources matched by their ids, properties by their names.

use crate::azure::Resources;
use crate::facts::region;
use crate::json::{Data, Value};
use sim_core::source::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most differing properties that are told of one resource.
pub const MAX_CHANGES: usize = 1_000;

/// Members that say nothing about what a resource is: Azure changes them on its own, or a tool adds them.
const PASSING: [&str; 3] = ["etag", "provisioningstate", "resourcegroup"];

/// A resource that is not the same in two inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceChange {
    /// Its id, in the letter case of the later input that has it.
    pub id: Arc<str>,
    /// Where the first input declares it; `None` when it is new.
    pub before: Option<Span>,
    /// Where the second input declares it; `None` when it is gone.
    pub after: Option<Span>,
    /// The properties that differ, in the order of their names; empty for one that is new or gone.
    pub properties: Vec<PropertyChange>,
}

/// A property that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyChange {
    /// The way to it, as `--set` takes it: `properties.securityRules[ssh].properties.access`.
    pub path: String,
    /// Its value in the first input, if it has one.
    pub before: Option<Span>,
    /// Its value in the second.
    pub after: Option<Span>,
}

impl PropertyChange {
    /// Whether both sides say something of it, and not the same; an item that only one of two lists has counts.
    pub(crate) fn contradicts(&self) -> bool {
        self.before.is_some() && self.after.is_some() || self.path.ends_with(']')
    }
}

/// What is new, gone or different in `after`, in the order of the ids. Spans of each side point into its own sources.
///
/// Letter case of ids, names and values, numbers and switches in quotes, empty lists, and whether a tool has flattened
/// `properties` make no difference; items of lists are matched by `name` or `id` where they have one.
#[must_use]
pub fn compare(before: &Resources, after: &Resources) -> Vec<ResourceChange> {
    let ids = |of: &Resources| of.iter().map(|raw| raw.id.to_ascii_lowercase()).collect::<BTreeSet<_>>();
    let mut changes = Vec::new();
    for id in &ids(before) | &ids(after) {
        let (old, new) = (before.get(&id), after.get(&id));
        let properties = match (old, new) {
            (Some(old), Some(new)) => bodies(&old.body, &new.body),
            _ => Vec::new(),
        };
        let Some(named) = new.or(old) else { continue };
        if old.is_none() || new.is_none() || !properties.is_empty() {
            changes.push(ResourceChange {
                id: named.id.clone(),
                before: old.map(|raw| raw.span),
                after: new.map(|raw| raw.span),
                properties,
            });
        }
    }
    changes
}

/// The properties in which two bodies of one resource differ.
pub(crate) fn bodies(before: &Value, after: &Value) -> Vec<PropertyChange> {
    let mut found = Vec::new();
    objects("", before, after, true, &mut found);
    found
}

fn values(path: &str, key: &str, before: &Value, after: &Value, found: &mut Vec<PropertyChange>) {
    match (&before.data, &after.data) {
        (Data::Object(_), Data::Object(_)) => objects(path, before, after, false, found),
        (Data::Array(left), Data::Array(right)) => arrays(path, left, right, found),
        _ if same(key, before, after) => {}
        _ => tell(path, Some(before), Some(after), found),
    }
}

fn tell(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<PropertyChange>) {
    if found.len() < MAX_CHANGES {
        let (before, after) = (before.map(|it| it.span), after.map(|it| it.span));
        found.push(PropertyChange { path: path.to_owned(), before, after });
    }
}

fn objects(path: &str, before: &Value, after: &Value, whole: bool, found: &mut Vec<PropertyChange>) {
    let (left, right) = (members(before, whole), members(after, whole));
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    for name in names {
        let (old, new) = (left.get(name), right.get(name));
        let Some((written, _)) = new.or(old) else { continue };
        let path = if path.is_empty() { written.clone() } else { format!("{path}.{written}") };
        match (old, new) {
            (Some((_, old)), Some((_, new))) => values(&path, name, old, new, found),
            (old, new) => {
                let there = |side: Option<&(String, &Value)>| side.is_some_and(|(_, value)| !is_empty(value));
                if there(old) || there(new) {
                    tell(&path, old.map(|it| it.1), new.map(|it| it.1), found);
                }
            }
        }
    }
}

/// The members that count, by their names in lower case, with the way to them; those of `properties` stand beside the
/// others.
fn members(object: &Value, whole: bool) -> BTreeMap<String, (String, &Value)> {
    let mut all = BTreeMap::new();
    let inner = object.get("properties").filter(|inner| inner.as_object().is_some());
    let own = object.members().iter().map(|member| ("", member));
    let hoisted = inner.map(Value::members).unwrap_or_default().iter().map(|member| ("properties.", member));
    for (before, member) in own.chain(hoisted) {
        let key = member.key.to_ascii_lowercase();
        let identity = whole && before.is_empty() && ["id", "name", "type"].contains(&key.as_str());
        let opened = before.is_empty() && key == "properties" && inner.is_some();
        if !identity && !opened && !member.value.is_null() && !PASSING.contains(&key.as_str()) {
            all.entry(key).or_insert_with(|| (format!("{before}{}", member.key), &member.value));
        }
    }
    all
}

fn arrays(path: &str, left: &[Value], right: &[Value], found: &mut Vec<PropertyChange>) {
    let (left, right) = (keyed(left), keyed(right));
    let names: BTreeSet<&(usize, String)> = left.keys().chain(right.keys()).collect();
    for name in names {
        let path = format!("{path}[{}]", name.1);
        match (left.get(name), right.get(name)) {
            (Some(old), Some(new)) => values(&path, "", old, new, found),
            (old, new) => tell(&path, old.copied(), new.copied(), found),
        }
    }
}

/// Items by their names, or by their places where one has no name of its own.
fn keyed(items: &[Value]) -> BTreeMap<(usize, String), &Value> {
    let named = |item: &Value| {
        let id = || item.get("id").and_then(Value::as_str).map(|id| id.rsplit('/').next().unwrap_or(id));
        item.get("name").and_then(Value::as_str).or_else(id).map(str::to_ascii_lowercase)
    };
    let by_name: Option<BTreeMap<_, _>> = items.iter().map(|item| Some(((0, named(item)?), item))).collect();
    match by_name {
        Some(by_name) if by_name.len() == items.len() => by_name,
        _ => items.iter().enumerate().map(|(at, item)| ((at, at.to_string()), item)).collect(),
    }
}

/// Whether two values that are not both lists or objects say the same.
fn same(key: &str, before: &Value, after: &Value) -> bool {
    if is_empty(before) && is_empty(after) {
        return true;
    }
    let text = |value: &Value| match (&value.data, key) {
        (Data::String(text), "location") => region::short(text).to_string(),
        (Data::String(text), _) => text.trim().to_ascii_lowercase(),
        _ => value.to_string().to_ascii_lowercase(),
    };
    match (before.as_i64(), after.as_i64()) {
        (Some(before), Some(after)) => before == after,
        _ => text(before) == text(after),
    }
}

fn is_empty(value: &Value) -> bool {
    match &value.data {
        Data::Null => true,
        Data::Array(items) => items.is_empty(),
        Data::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::RawResource;
    use crate::json::parse_text;
    use sim_core::source::FileId;

    const G: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";

    fn resources(file: u32, bodies: &[String]) -> Resources {
        let mut all = Resources::default();
        for body in bodies {
            let body = parse_text(body, FileId(file)).value.expect("JSON");
            all.insert(RawResource::of_body(body).expect("a body"));
        }
        all
    }

    fn group(name: &str, rest: &str) -> String {
        format!(r#"{{"id": "{G}/networkSecurityGroups/{name}", {rest}}}"#)
    }

    /// Catches: a resource matched by its name and not its id, letter case that makes two of one, a change without its
    /// path or its places, one that is told from the wrong side.
    #[test]
    fn two_inputs_are_matched_by_id() {
        let rule =
            |access: &str| format!(r#""properties": {{"securityRules": [{{"name": "r", "access": "{access}"}}]}}"#);
        let before = resources(0, &[group("a", r#""location": "West US""#), group("b", &rule("Allow"))]);
        let after = resources(1, &[group("B", &rule("Deny")), group("c", r#""location": "westus""#)]);
        let changes = compare(&before, &after);
        let told: Vec<_> = changes
            .iter()
            .map(|it| (it.id.rsplit('/').next().unwrap(), it.before.is_some(), it.after.is_some(), it.properties.len()))
            .collect();
        assert_eq!(told, [("a", true, false, 0), ("B", true, true, 1), ("c", false, true, 0)]);
        let change = &changes[1].properties[0];
        assert_eq!(change.path, "properties.securityRules[r].access");
        assert_eq!((change.before.unwrap().file, change.after.unwrap().file), (FileId(0), FileId(1)));
        assert_eq!(compare(&before, &before), []);
    }

    /// Catches: a difference made up of how a tool writes: flattened or not, quotes, letter case, nulls, empty lists,
    /// order of items; a real one that is taken for such.
    #[test]
    fn only_what_matters_differs() {
        let nested = r#""location": "West US", "etag": "1", "properties": {"x": {"port": "80", "on": "True"}, "n": null,
                        "list": [], "items": [{"name": "a", "properties": {"p": 1}}, {"name": "b"}]}"#;
        for (flat, expected) in [
            (
                r#""location": "westus", "x": {"Port": 80, "on": true}, "items": [{"name": "b"}, {"name": "A", "p": 1}]"#,
                "",
            ),
            (
                r#""location": "eastus", "x": {"port": 81, "on": true}, "items": [{"name": "b"}], "more": 1"#,
                "properties.items[a] location more x.port",
            ),
        ] {
            let (left, right) = (resources(0, &[group("n", nested)]), resources(1, &[group("n", flat)]));
            let paths = |changes: Vec<ResourceChange>| {
                let mut paths: Vec<String> =
                    changes.into_iter().flat_map(|it| it.properties).map(|it| it.path).collect();
                paths.sort();
                paths.join(" ")
            };
            let expected_paths = expected.replace("properties.items", "items");
            assert_eq!(paths(compare(&left, &right)), expected_paths);
            assert_eq!(paths(compare(&right, &left)).split(' ').count(), expected_paths.split(' ').count());
        }
    }
}
