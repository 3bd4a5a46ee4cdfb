//! What Azure leaves out of what was sent: nulls, and what a reference says beside the id.

use super::super::read::text;
use crate::json::{Data, Value};

/// Takes away members that are null.
pub(super) fn nulls(value: &mut Value) {
    match &mut value.data {
        Data::Array(items) => items.iter_mut().for_each(nulls),
        Data::Object(members) => {
            members.retain(|member| !member.value.is_null());
            members.iter_mut().for_each(|member| nulls(&mut member.value));
        }
        _ => {}
    }
}

/// Cuts references to other resources down to their ids, whatever else was sent along. Parts of the resource `own` stay
/// whole.
pub(super) fn references(value: &mut Value, own: &str) {
    let inside = |id: &str| id.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(own));
    let other = text(value, "id").filter(|id| id.starts_with('/') && !inside(id));
    let more = value.get("properties").is_some() || value.get("etag").is_some();
    let cut = other.is_some() && more;
    match &mut value.data {
        Data::Object(members) if cut => members.retain(|member| member.key.eq_ignore_ascii_case("id")),
        Data::Object(members) => members.iter_mut().for_each(|member| references(&mut member.value, own)),
        Data::Array(items) => items.iter_mut().for_each(|item| references(item, own)),
        _ => {}
    }
}
