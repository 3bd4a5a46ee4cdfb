//! Functions over objects.

use super::super::access::select;
use super::super::stop::{Answer, wrong};
use super::collection::merge;
use super::{Function, MANY, argument, array, display, object, pure};
use crate::json::{Data, Member, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("createObject", 0, MANY, create_object),
    pure("items", 1, 1, items),
    pure("objectKeys", 1, 1, |a| {
        let mut keys: Vec<&str> = object(a, 0)?.iter().map(|member| member.key.as_str()).collect();
        keys.sort_by_key(|key| key.to_lowercase());
        Ok(Data::Array(keys.into_iter().map(|key| Value::new(a[0].span, key.into())).collect()))
    }),
    pure("shallowMerge", 1, 1, |a| {
        let mut merged = Vec::new();
        for at in 0..array(a, 0)?.len() {
            merge(&mut merged, object(array(a, 0)?, at)?, false);
        }
        Ok(Data::Object(merged))
    }),
    pure("tryGet", 2, MANY, try_get),
    pure("tryIndexFromEnd", 2, MANY, |a| {
        let found = from_end(a)?.map_or(Data::Null, |found| found.data.clone());
        try_get(&[&[Value::new(a[0].span, found)], &a[2..]].concat())
    }),
    pure("indexFromEnd", 2, 2, |a| {
        from_end(a)?.map(|found| found.data.clone()).ok_or_else(|| wrong("the array has no such item"))
    }),
];

fn create_object(arguments: &[Value]) -> Answer<Data> {
    if !arguments.len().is_multiple_of(2) {
        return Err(wrong("keys and values come in pairs, the last key has no value"));
    }
    let mut members = Vec::new();
    for pair in arguments.chunks_exact(2) {
        let (key, value) = (&pair[0], &pair[1]);
        merge(&mut members, &[Member::new(&display(key), value.clone())], false);
    }
    Ok(Data::Object(members))
}

/// The members as `{key, value}`, in the order of the keys.
fn items(arguments: &[Value]) -> Answer<Data> {
    let mut members: Vec<_> = object(arguments, 0)?.iter().collect();
    members.sort_by_key(|member| member.key.to_lowercase());
    let entry = |one: &Member| {
        let key = Value::new(one.key_span, one.key.as_str().into());
        Value::new(one.key_span, Data::Object(vec![Member::new("key", key), Member::new("value", one.value.clone())]))
    };
    Ok(Data::Array(members.into_iter().map(entry).collect()))
}

/// A property or item, through any number of steps; null as soon as there is none.
fn try_get(arguments: &[Value]) -> Answer<Data> {
    let mut current = argument(arguments, 0)?;
    for key in arguments.iter().skip(1) {
        match select(current, key) {
            Ok(Some(next)) => current = next,
            _ => return Ok(Data::Null),
        }
    }
    Ok(current.data.clone())
}

/// An item counted from the end, from 1.
fn from_end(arguments: &[Value]) -> Answer<Option<&Value>> {
    if argument(arguments, 0)?.is_null() {
        return Ok(None);
    }
    let items = array(arguments, 0)?;
    let back = usize::try_from(super::integer(arguments, 1)?).unwrap_or(0);
    Ok(items.len().checked_sub(back).and_then(|at| items.get(at)))
}
