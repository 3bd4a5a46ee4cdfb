//! What the input says of a resource, in its own words: read where the network itself does not keep it.

use serde_json::Value;
use topologies::json::Value as Json;

/// The properties of a part; the part itself where a tool has flattened them.
pub(super) fn properties(part: &Json) -> &Json {
    part.get("properties").unwrap_or(part)
}

/// The items of an array that is there.
pub(super) fn list<'v>(within: &'v Json, key: &str) -> &'v [Json] {
    within.get(key).map(Json::items).unwrap_or_default()
}

/// A text that is there.
pub(super) fn text<'v>(within: &'v Json, key: &str) -> Option<&'v str> {
    within.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The id in `"key": {"id": ...}`.
pub(super) fn reference<'v>(within: &'v Json, key: &str) -> Option<&'v str> {
    text(within.get(key)?, "id")
}

/// A port that is there.
pub(super) fn port(within: &Json, key: &str) -> Option<u16> {
    within.get(key)?.as_u64()?.try_into().ok()
}

/// A value without its places.
pub(super) fn plain(value: &Json) -> Value {
    serde_json::from_str(&value.to_string()).unwrap_or_default()
}
