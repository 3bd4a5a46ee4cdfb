//! Bodies of resources: one, an array of them, or the list that REST answers with.

use crate::azure::RawResource;
use crate::diagnostic::Diagnostic;
use crate::json::{Data, Value};

/// Whether a file holds resource bodies: a body with a resource id, an array of bodies, or `{"value": [...]}`. An empty
/// array is a list of nothing.
#[must_use]
pub(crate) fn is_bodies(value: &Value) -> bool {
    let items = list(value);
    match &items.data {
        Data::Array(items) => items.is_empty() || items.iter().any(has_id),
        _ => has_id(items),
    }
}

/// The resources of such a file, in its order, and a warning for each item that is none.
#[must_use]
pub(crate) fn resources(value: &Value) -> (Vec<RawResource>, Vec<Diagnostic>) {
    let items = list(value);
    let items = if matches!(items.data, Data::Array(_)) { items.items() } else { std::slice::from_ref(items) };
    let (mut found, mut strange) = (Vec::new(), Vec::new());
    for item in items {
        match RawResource::of_body(item.clone()).filter(|_| has_id(item)) {
            Some(resource) => found.push(resource),
            None => {
                let message = format!("{} in a list of resources has no resource id; it is left out", item.kind());
                let help = "each item needs the `id` that Azure gave it: /subscriptions/.../providers/...";
                strange.push(Diagnostic::warning("input.no-resource-id", message).at(item.span).help(help));
            }
        }
    }
    (found, strange)
}

/// The list inside the envelope that REST (`value`) and Resource Graph (`data`) put around it.
fn list(value: &Value) -> &Value {
    let inside = |key| value.get(key).filter(|inside| matches!(inside.data, Data::Array(_)));
    if has_id(value) { value } else { inside("value").or_else(|| inside("data")).unwrap_or(value) }
}

/// Whether this is an object with an id as Azure gives it.
fn has_id(value: &Value) -> bool {
    let id = value.get("id").and_then(Value::as_str).unwrap_or_default().trim().to_ascii_lowercase();
    id.starts_with("/subscriptions/") || id.starts_with("/providers/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use sim_core::source::FileId;

    fn read(text: &str) -> Value {
        json::parse_text(text, FileId(0)).value.expect("JSON")
    }

    const NSG: &str =
        r#"{"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n"}"#;

    /// Catches: a single body, an array, a REST list or a Resource Graph answer that is not known for what it is; any
    /// object taken for a resource; a body with a property `value` opened like an envelope.
    #[test]
    fn bodies_are_known_by_their_ids() {
        let inside = format!(r#"{{"value": [1], {}"#, &NSG[1..]);
        for (text, count) in [
            (NSG.to_owned(), Some(1)),
            (format!("[{NSG}, {NSG}]"), Some(2)),
            (format!(r#"{{"value": [{NSG}]}}"#), Some(1)),
            (format!(r#"{{"count": 1, "data": [{NSG}]}}"#), Some(1)),
            (inside, Some(1)),
            ("[]".to_owned(), Some(0)),
            (r#"{"value": 7}"#.to_owned(), None),
            (r#"{"id": 7}"#.to_owned(), None),
            (r#"{"id": "mine"}"#.to_owned(), None),
            ("[1, 2]".to_owned(), None),
            ("7".to_owned(), None),
        ] {
            let value = read(&text);
            let found = is_bodies(&value).then(|| resources(&value).0.len());
            assert_eq!(found, count, "{text}");
        }
    }

    /// Catches: one strange item that takes the whole list with it, or that nobody hears of.
    #[test]
    fn strange_items_are_left_out_and_told() {
        let value = read(&format!(r#"[{NSG}, {{"name": "x"}}, 7]"#));
        let (found, strange) = resources(&value);
        assert_eq!((found.len(), strange.len()), (1, 2));
        assert_eq!(found[0].resource_type, "Microsoft.Network/networkSecurityGroups");
        assert!(strange.iter().all(|it| it.code == "input.no-resource-id" && it.span.is_some()));
    }
}
