//! `azapi_resource`: its body is Azure's already.

use super::body::{put, text};
use super::ids;
use super::resolve::Resolver;
use crate::azure;
use crate::json::{Data, Value, parse_text};
use std::sync::Arc;

/// Whether this type of Terraform's is one whose body is Azure's.
pub(super) fn is_resource(kind: &str) -> bool {
    kind == "azapi_resource"
}

/// Its id: the scope or the parent, then its type and name.
pub(super) fn id(resolver: &Resolver<'_, '_>, place: usize) -> Option<Arc<str>> {
    let written = resolver.text(place, "type")?;
    let (kind, _) = written.split_once('@').unwrap_or((&written, ""));
    let parent = resolver.text(place, "parent_id")?;
    let name = ids::name(resolver, place);
    let own = if azure::resource_type(&parent).eq_ignore_ascii_case(kind.rsplit_once('/').map_or("", |(of, _)| of)) {
        format!("{parent}/{}/{name}", azure::name_of(kind))
    } else {
        format!("{parent}/providers/{kind}/{name}")
    };
    Some(azure::tidy(&own))
}

/// Type, API version, and body: an object, or a text that holds one.
pub(super) fn body(values: &Value) -> Option<(String, String, Value)> {
    let written = text(values, "type")?;
    let (kind, version) = written.split_once('@').unwrap_or((written, ""));
    let given = values.get("body").or_else(|| values.get("output")).filter(|body| !body.is_null());
    let mut body = match given {
        Some(Value { span, data: Data::String(text) }) => {
            parse_text(text, span.file).value.filter(|body| body.as_object().is_some())?.moved_to(*span)
        }
        Some(body) => body.clone(),
        None => Value::new(values.span, Data::Object(Vec::new())),
    };
    for key in ["location", "identity"] {
        if let Some(value) = values.get(key).filter(|value| !value.is_null()) {
            let value = value.items().first().unwrap_or(value).clone();
            put(&mut body, std::iter::once(key), value);
        }
    }
    Some((kind.to_owned(), version.to_owned(), body))
}
