//! Makes bodies of resources from attributes, by the rows of a table. Every value keeps its place in the user's file.

use super::table::{Field, How};
use crate::azure;
use crate::json::{Data, Member, Value};
use sim_core::source::Span;

/// The object that these rows make of a block of attributes. `owner` is the id of the resource it belongs to.
pub(super) fn object(fields: &[Field], block: &Value, owner: &str) -> Value {
    let mut made = Value::new(block.span, Data::Object(Vec::new()));
    fill(&mut made, fields, block, owner);
    made
}

/// Adds what these rows make to an object that may hold something already.
pub(super) fn fill(made: &mut Value, fields: &[Field], block: &Value, owner: &str) {
    for field in fields {
        let Some(value) = value(field, block, owner) else { continue };
        let (root, path) = match field.to.strip_prefix('@') {
            Some(path) => (None, path),
            None => (Some("properties"), field.to),
        };
        put(made, root.into_iter().chain(path.split('/')), value.clone());
        if matches!(field.how, How::Address) {
            // What Azure has given out counts as asked for.
            let found = Value::new(value.span, "Succeeded".into());
            put(made, ["properties", "provisioningState"].into_iter(), found);
        }
    }
}

/// Puts a value at a path of members. A list that is there grows, anything else that is there stays.
pub(super) fn put<'k>(object: &mut Value, mut path: impl Iterator<Item = &'k str>, value: Value) {
    let Some(at) = path.try_fold(object, |at, key| member(at, key, value.span)) else { return };
    match (&mut at.data, value.data) {
        (Data::Array(items), Data::Array(more)) => items.extend(more),
        (Data::Null, data) => *at = Value::new(value.span, data),
        _ => {}
    }
}

/// The member of what is made an object if it is none; null where it is new.
fn member<'v>(value: &'v mut Value, key: &str, span: Span) -> Option<&'v mut Value> {
    if !matches!(value.data, Data::Object(_)) {
        *value = Value::new(span, Data::Object(Vec::new()));
    }
    let Data::Object(members) = &mut value.data else { return None };
    let place = members.iter().position(|member| member.key == key).unwrap_or_else(|| {
        members.push(Member::new(key, Value::new(span, Data::Null)));
        members.len() - 1
    });
    Some(&mut members[place].value)
}

/// Follows `block/attribute/0`; of a list of blocks the first one counts where no place is given.
pub(super) fn find<'v>(block: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').try_fold(block, |value, part| match (&value.data, part.parse::<usize>()) {
        (Data::Array(items), Ok(place)) => items.get(place),
        (Data::Array(items), Err(_)) => items.first()?.get(part),
        _ => value.get(part),
    })
}

/// A text that is there and not empty.
pub(super) fn text<'v>(block: &'v Value, path: &str) -> Option<&'v str> {
    find(block, path)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn value(field: &Field, block: &Value, owner: &str) -> Option<Value> {
    if let How::Text(text) = field.how {
        return Some(Value::new(block.span, text.into()));
    }
    let given = find(block, field.from).filter(|value| !is_empty(value))?;
    let with = |data: Data| Some(Value::new(given.span, data));
    let switch = |on: &str, off: &str| with(if given.as_bool()? { on } else { off }.into());
    match field.how {
        How::Same | How::Address => Some(given.clone()),
        How::Positive => (given.as_i64() != Some(0)).then(|| given.clone()),
        How::Not => with(Data::Bool(!given.as_bool()?)),
        How::Enabled => switch("Enabled", "Disabled"),
        How::Disabled => switch("Disabled", "Enabled"),
        How::PartId(collection) => with(format!("{owner}/{collection}/{}", given.as_str()?).into()),
        How::One => with(Data::Array(vec![given.clone()])),
        How::Each(key) => each(given, |item| single(key, item)),
        How::Named(key) => each(given, |item| {
            let name = azure::name_of(item.as_str().unwrap_or_default());
            let mut named = single("name", &Value::new(item.span, name.into()));
            put(&mut named, ["properties", key].into_iter(), item.clone());
            named
        }),
        How::Joined => {
            let texts: Vec<&str> = given.items().iter().filter_map(Value::as_str).collect();
            with(texts.join(", ").into())
        }
        How::Nics => nics(given, block),
        How::Text(_) => None,
        How::Block(fields) => Some(object(fields, first(given), owner)),
        How::Blocks(fields) => each(given, |item| object(fields, item, owner)),
        How::BlocksIf(switch, on, fields) => {
            let chosen =
                blocks(given).iter().filter(|item| item.get(switch).and_then(Value::as_bool).unwrap_or_default() == on);
            let made: Vec<Value> = chosen.map(|item| object(fields, item, owner)).collect();
            (!made.is_empty()).then(|| Value::new(given.span, Data::Array(made)))
        }
    }
}

/// Null, and what azurerm writes for what is not set.
fn is_empty(value: &Value) -> bool {
    match &value.data {
        Data::Null => true,
        Data::String(text) => text.trim().is_empty(),
        Data::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn each(list: &Value, make: impl Fn(&Value) -> Value) -> Option<Value> {
    let made = blocks(list).iter().filter(|item| !item.is_null()).map(make).collect();
    Some(Value::new(list.span, Data::Array(made)))
}

/// The items of a list; what is no list is its only item.
fn blocks(value: &Value) -> &[Value] {
    if matches!(value.data, Data::Array(_)) { value.items() } else { std::slice::from_ref(value) }
}

fn first(value: &Value) -> &Value {
    value.items().first().unwrap_or(value)
}

fn single(key: &str, value: &Value) -> Value {
    let member = Member::new(key, value.clone());
    Value::new(value.span, Data::Object(vec![member]))
}

fn nics(given: &Value, machine: &Value) -> Option<Value> {
    let ids = || given.items().iter().filter_map(Value::as_str);
    let named = text(machine, "primary_network_interface_id");
    let primary = named.filter(|named| ids().any(|id| id.eq_ignore_ascii_case(named))).or_else(|| ids().next())?;
    each(given, |item| {
        let mut nic = single("id", item);
        let is_primary = item.as_str().is_some_and(|id| id.eq_ignore_ascii_case(primary));
        put(&mut nic, ["properties", "primary"].into_iter(), Value::new(item.span, Data::Bool(is_primary)));
        nic
    })
}
