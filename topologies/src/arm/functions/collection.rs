//! Functions over arrays, and those that take arrays, strings and objects alike.

use std::collections::BTreeMap;

use super::super::runtime::{first_item, is_runtime_value};
use super::super::stop::{Answer, wrong};
use super::format::display;
use super::{Function, MANY, argument, array, integer, mistyped, object, pure, text};
use crate::json::{Data, Member, Value};

/// Most items `range` makes: Azure's own limit.
const MAX_RANGE: i64 = 10_000;

pub(super) const FUNCTIONS: &[Function] = &[
    pure("array", 1, 1, |a| match &a[0].data {
        Data::Array(items) => Ok(Data::Array(items.clone())),
        _ => Ok(Data::Array(a.to_vec())),
    }),
    pure("concat", 0, MANY, concat),
    pure("contains", 2, 2, contains),
    pure("createArray", 0, MANY, |a| Ok(Data::Array(a.to_vec()))),
    pure("empty", 1, 1, |a| match &a[0].data {
        Data::Null => Ok(true.into()),
        _ => length(a).map(|length| (length == 0).into()),
    }),
    pure("first", 1, 1, |a| end(a, |items| items.first(), |text| text.chars().next())),
    pure("last", 1, 1, |a| end(a, |items| items.last(), |text| text.chars().next_back())),
    pure("flatten", 1, 1, |a| {
        let parts: Answer<Vec<&[Value]>> = (0..array(a, 0)?.len()).map(|at| array(array(a, 0)?, at)).collect();
        Ok(Data::Array(parts?.concat()))
    }),
    pure("intersection", 2, MANY, intersection),
    pure("length", 1, 1, |a| length(a).map(Into::into)),
    pure("range", 2, 2, range),
    pure("skip", 2, 2, |a| cut(a, |count, length| (count.min(length), length))),
    pure("take", 2, 2, |a| cut(a, |count, length| (0, count.min(length)))),
    pure("union", 1, MANY, union),
];

/// Strings (and other simple values, as text) or arrays, one after the other.
fn concat(arguments: &[Value]) -> Answer<Data> {
    if matches!(arguments.first().map(|first| &first.data), Some(Data::Array(_))) {
        let parts: Answer<Vec<&[Value]>> = (0..arguments.len()).map(|at| array(arguments, at)).collect();
        return Ok(Data::Array(parts?.concat()));
    }
    for (at, value) in arguments.iter().enumerate() {
        if matches!(value.data, Data::Array(_) | Data::Object(_)) {
            return Err(mistyped(value, at, "a string, as the first"));
        }
    }
    Ok(arguments.iter().map(display).collect::<String>().into())
}

/// In strings and arrays letter case counts, in keys of objects it does not.
fn contains(arguments: &[Value]) -> Answer<Data> {
    let (container, item) = (&arguments[0], &arguments[1]);
    match &container.data {
        Data::String(whole) => Ok(whole.contains(&display(item)).into()),
        Data::Array(items) => Ok(items.contains(item).into()),
        Data::Object(_) => Ok(container.get(text(arguments, 1)?).is_some().into()),
        _ => Err(mistyped(container, 0, "a string, array or object")),
    }
}

fn end(
    arguments: &[Value],
    item: for<'v> fn(&'v [Value]) -> Option<&'v Value>,
    character: fn(&str) -> Option<char>,
) -> Answer<Data> {
    match &arguments[0].data {
        Data::Array(items) => Ok(item(items).map_or(Data::Null, |item| item.data.clone())),
        // An array that only Azure knows.
        Data::String(text) if is_runtime_value(text) => Ok(first_item(text).into()),
        Data::String(text) => Ok(character(text).map(String::from).unwrap_or_default().into()),
        _ => Err(mistyped(&arguments[0], 0, "an array or string")),
    }
}

fn length(arguments: &[Value]) -> Answer<i64> {
    let length = match &arguments[0].data {
        Data::Array(items) => items.len(),
        Data::Object(members) => members.len(),
        Data::String(text) => text.chars().count(),
        _ => return Err(mistyped(&arguments[0], 0, "an array, object or string")),
    };
    Ok(length as i64)
}

fn range(arguments: &[Value]) -> Answer<Data> {
    let (start, count) = (integer(arguments, 0)?, integer(arguments, 1)?);
    let end = start.checked_add(count).filter(|_| (0..=MAX_RANGE).contains(&count));
    let end = end.ok_or_else(|| wrong(format!("{count} numbers from {start} on; 0 to {MAX_RANGE} are possible")))?;
    Ok(Data::Array((start..end).map(|number| Value::new(arguments[0].span, number.into())).collect()))
}

/// `skip` and `take`; a negative count is none.
fn cut(arguments: &[Value], part: fn(usize, usize) -> (usize, usize)) -> Answer<Data> {
    let count = usize::try_from(integer(arguments, 1)?.max(0)).unwrap_or(usize::MAX);
    match &arguments[0].data {
        Data::Array(items) => {
            let (from, to) = part(count, items.len());
            Ok(Data::Array(items[from..to].to_vec()))
        }
        Data::String(text) => {
            let (from, to) = part(count, text.chars().count());
            Ok(text.chars().skip(from).take(to - from).collect::<String>().into())
        }
        _ => Err(mistyped(&arguments[0], 0, "an array or string")),
    }
}

/// Arrays without repeats; objects merged, nested objects too, the later value winning.
fn union(arguments: &[Value]) -> Answer<Data> {
    if let Data::Array(_) = arguments[0].data {
        let mut seen = BTreeMap::new();
        let mut items = Vec::new();
        for at in 0..arguments.len() {
            for item in array(arguments, at)? {
                if seen.insert(item.to_string(), ()).is_none() {
                    items.push(item.clone());
                }
            }
        }
        return Ok(Data::Array(items));
    }
    let mut merged = object(arguments, 0)?.to_vec();
    for at in 1..arguments.len() {
        merge(&mut merged, object(arguments, at)?, true);
    }
    Ok(Data::Object(merged))
}

/// Adds the members of `other`, replacing equal keys in place. `deep`: objects on both sides are merged in turn.
pub(super) fn merge(members: &mut Vec<Member>, other: &[Member], deep: bool) {
    let known = members.iter().enumerate().map(|(at, member)| (member.key.to_ascii_lowercase(), at));
    let mut places: BTreeMap<String, usize> = known.collect();
    for member in other {
        let Some(at) = places.get(&member.key.to_ascii_lowercase()).copied() else {
            places.insert(member.key.to_ascii_lowercase(), members.len());
            members.push(member.clone());
            continue;
        };
        match (&mut members[at].value.data, &member.value.data) {
            (Data::Object(inner), Data::Object(more)) if deep => merge(inner, more, true),
            (old, new) => *old = new.clone(),
        }
    }
}

fn intersection(arguments: &[Value]) -> Answer<Data> {
    if let Data::Array(items) = &arguments[0].data {
        let mut common: BTreeMap<String, usize> = items.iter().map(|item| (item.to_string(), 1)).collect();
        for at in 1..arguments.len() {
            for item in array(arguments, at)? {
                if let Some(met) = common.get_mut(&item.to_string()).filter(|met| **met == at) {
                    *met += 1;
                }
            }
        }
        let mut kept = items.clone();
        kept.retain(|item| common.remove(&item.to_string()) == Some(arguments.len()));
        return Ok(Data::Array(kept));
    }
    let mut kept = object(arguments, 0)?.to_vec();
    for at in 1..arguments.len() {
        object(arguments, at)?;
        let other = argument(arguments, at)?;
        kept.retain(|member| other.get(&member.key) == Some(&member.value));
    }
    Ok(Data::Object(kept))
}
