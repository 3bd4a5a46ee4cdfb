//! A resource as Azure answers it: what was sent, with the defaults, ids, states and addresses that Azure fills in.
//!
//! What each type gets stands in a table (`data/filled.txt`), by the version of the API where that matters. Its sources
//! are the REST specification's defaults and recorded answers. The rest is made here: ids of parts, references cut down
//! to ids ([`trim`]), and what the network around a resource tells of it ([`around`]).
//!
//! What Azure alone can know (etags, GUIDs, names of hosts) stands as a placeholder, `<reference(ID).PATH>`, as in
//! evaluated templates.

mod apply;
mod around;
mod assumed;
mod dns;
mod table;
mod trim;

pub(crate) use around::Around;
pub(crate) use assumed::body_of;

use super::id::name_of;
use super::read::{inner, text};
use crate::facts::region;
use crate::json::{Data, Member, Value};
use apply::{Filling, member_mut, remove};

/// The body of a resource as Azure would answer it. `id` is its full id, `body` what was sent; the version of the API
/// is `api_version`, the newest where it is empty. `around` tells of the network it is in.
///
/// Only types of which something is known get more than an id, a name, a type and a state.
pub(crate) fn filled(id: &str, body: &Value, api_version: &str, around: &Around<'_>) -> Value {
    let mut body = body.clone();
    trim::nulls(&mut body);
    let kind = table::spelling(id);
    put(&mut body, "id", id.into());
    put(&mut body, "name", name_of(id).into());
    if let Some(place) = text(&body, "location").map(|place| region::short(place).to_string()) {
        put(&mut body, "location", place.as_str().into());
    }
    remove(&mut body, "apiVersion");
    join_children(&kind, id, &mut body, around);
    let whole = body.clone();
    Filling { version: api_version, whole_id: id, whole: &whole, around }.resource(&kind, id, "", &mut body);
    body
}

/// Adds the parts that are declared apart to the lists they belong to.
fn join_children(kind: &str, id: &str, body: &mut Value, around: &Around<'_>) {
    let span = body.span;
    for line in table::lines(kind) {
        let (table::Fill::Parts { .. }, [step]) = (&line.fill, line.path.steps.as_slice()) else { continue };
        let mut list = inner(body).get(step.name).map(|list| list.items().to_vec()).unwrap_or_default();
        let before = list.len();
        around.join_children(id, step.name, &mut list);
        if list.len() > before {
            if body.get("properties").is_none() {
                put(body, "properties", Data::Object(Vec::new()));
            }
            if let Some(properties) = member_mut(body, "properties") {
                put(properties, step.name, Value::new(span, Data::Array(list)).data);
            }
        }
    }
}

/// Sets a member, where it is or at the end.
fn put(object: &mut Value, key: &str, data: Data) {
    let span = object.span;
    let Data::Object(members) = &mut object.data else { return };
    match members.iter_mut().find(|member| member.key.eq_ignore_ascii_case(key)) {
        Some(member) => member.value.data = data,
        None => members.push(Member { key: key.to_owned(), key_span: span, value: Value::new(span, data) }),
    }
}
