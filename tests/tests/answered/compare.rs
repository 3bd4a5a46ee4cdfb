//! A body as it is made here, and as Azure answered it.

use serde_json::Value;
use std::collections::BTreeSet;
use vnetsim_tests::oracles::Difference;

/// What Azure makes up: only that it is there is compared.
const MADE_UP: [&str; 3] = ["etag", "resourceGuid", "timeCreated"];

/// The fields compared, and those that differ.
#[derive(Debug, Default)]
pub struct Comparison {
    pub fields: usize,
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Compares two bodies. Letter case counts neither in keys nor in ids.
    pub fn of(ours: &Value, azures: &Value) -> Self {
        let mut comparison = Self::default();
        comparison.values("", "", Some(ours), Some(azures));
        comparison
    }

    fn values(&mut self, path: &str, key: &str, ours: Option<&Value>, azures: Option<&Value>) {
        match (ours, azures) {
            (Some(Value::Object(a)), Some(Value::Object(b))) if !(a.is_empty() && b.is_empty()) => {
                let keys: BTreeSet<String> = a.keys().chain(b.keys()).map(|key| key.to_lowercase()).collect();
                for key in keys {
                    let of = |members: &'_ serde_json::Map<String, Value>| {
                        members
                            .iter()
                            .find(|(name, _)| name.to_lowercase() == key)
                            .map(|(name, it)| (name.clone(), it.clone()))
                    };
                    let (a, b) = (of(a), of(b));
                    let name = b.as_ref().or(a.as_ref()).map(|(name, _)| name.clone()).unwrap_or_default();
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.values(&path, &name, a.as_ref().map(|it| &it.1), b.as_ref().map(|it| &it.1));
                }
            }
            (Some(Value::Array(a)), Some(Value::Array(b))) if !(a.is_empty() && b.is_empty()) => {
                for n in 0..a.len().max(b.len()) {
                    self.values(&format!("{path}[{n}]"), "", a.get(n), b.get(n));
                }
            }
            (a, b) => {
                self.fields += b.map_or(1, fields);
                let there = |it: Option<&Value>| it.is_some_and(|it| !it.is_null());
                let made = MADE_UP.contains(&key) || a.is_some_and(is_made_up);
                let same = if made { there(a) && there(b) } else { a == b || alike(a, b) };
                if !same {
                    self.differences.push(Difference::new(path, a, b));
                }
            }
        }
    }
}

/// How many values a body holds; an empty list or object is one.
fn fields(value: &Value) -> usize {
    match value {
        Value::Array(items) if !items.is_empty() => items.iter().map(fields).sum(),
        Value::Object(members) if !members.is_empty() => members.values().map(fields).sum(),
        _ => 1,
    }
}

/// What stands for something that Azure makes up: a placeholder, or a public address of the documentation's.
fn is_made_up(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("<reference(") || text.starts_with("203.0.113."))
}

/// Ids in another letter case, whole numbers as 4 or 4.0.
fn alike(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::String(a)), Some(Value::String(b))) => a.starts_with('/') && a.eq_ignore_ascii_case(b),
        (Some(a), Some(b)) => a.as_f64().is_some() && a.as_f64() == b.as_f64(),
        _ => false,
    }
}
