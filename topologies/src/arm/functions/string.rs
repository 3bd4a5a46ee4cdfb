//! String functions (Azure's reference, "String functions for ARM templates").

use super::super::hash::unique_string;
use super::super::stop::{Answer, wrong};
use super::super::{session::MAX_STRING_BYTES, uuid};
use super::format::{composite, display};
use super::{Function, MANY, array, integer, pure, scoped, text};
use crate::json::{Data, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("endsWith", 2, 2, |a| Ok(lower(a, 0)?.ends_with(&lower(a, 1)?).into())),
    pure("startsWith", 2, 2, |a| Ok(lower(a, 0)?.starts_with(&lower(a, 1)?).into())),
    pure("format", 1, MANY, |a| composite(text(a, 0)?, &a[1..]).map(Data::String)),
    scoped("guid", 1, MANY, |session, _, a| {
        let note = "guid() is computed as a version 5 UUID of its arguments; Azure may give another one";
        session.assume("arm.guid", "guid", note, a.first().map(|value| value.span));
        Ok(uuid::of(&joined(a)?).into())
    }),
    scoped("newGuid", 0, 0, |session, context, _| {
        let frame = session.frame(context.frame);
        let parts =
            [session.environment.subscription_id.as_str(), &frame.target.resource_group, &frame.deployment_name];
        let busy = session.busy_slots.last();
        let name = busy.map(|(frame, which, index)| session.frame(*frame).slots(*which)[*index].name.as_str());
        let guid = uuid::of(&format!("new {} {}", parts.join("-"), name.unwrap_or_default()));
        let note = "newGuid() gives the same value in every run with the same surroundings";
        session.assume("arm.new-guid", "newGuid", note, None);
        Ok(guid.into())
    }),
    pure("indexOf", 2, 2, |a| index_of(a, |haystack, needle| haystack.find(needle))),
    pure("lastIndexOf", 2, 2, |a| index_of(a, |haystack, needle| haystack.rfind(needle))),
    pure("join", 2, 2, |a| {
        let items: Vec<String> = array(a, 0)?.iter().map(display).collect();
        Ok(items.join(text(a, 1)?).into())
    }),
    pure("padLeft", 2, 3, pad_left),
    pure("replace", 3, 3, replace),
    pure("split", 2, 2, split),
    pure("string", 1, 1, |a| {
        Ok(match &a[0].data {
            Data::Null => "null".into(),
            _ => display(&a[0]).into(),
        })
    }),
    pure("substring", 2, 3, substring),
    pure("toLower", 1, 1, |a| Ok(text(a, 0)?.to_lowercase().into())),
    pure("toUpper", 1, 1, |a| Ok(text(a, 0)?.to_uppercase().into())),
    pure("trim", 1, 1, |a| Ok(text(a, 0)?.trim().into())),
    pure("uniqueString", 1, MANY, |a| Ok(unique_string(&joined(a)?).into())),
];

/// Comparisons of strings within strings ignore letter case.
fn lower(arguments: &[Value], at: usize) -> Answer<String> {
    Ok(text(arguments, at)?.to_lowercase())
}

/// The arguments of `guid` and `uniqueString`, joined as the engine does.
fn joined(arguments: &[Value]) -> Answer<String> {
    let texts: Answer<Vec<&str>> = (0..arguments.len()).map(|at| text(arguments, at)).collect();
    Ok(texts?.join("-"))
}

fn index_of(arguments: &[Value], find: fn(&str, &str) -> Option<usize>) -> Answer<Data> {
    if let Data::Array(items) = &arguments[0].data {
        let last = find("aa", "a") == Some(1);
        let found = if last {
            items.iter().rposition(|item| *item == arguments[1])
        } else {
            items.iter().position(|item| *item == arguments[1])
        };
        return Ok(found.map_or(-1, |at| at as i64).into());
    }
    let (haystack, needle) = (lower(arguments, 0)?, lower(arguments, 1)?);
    let found = find(&haystack, &needle).map(|at| haystack[..at].chars().count());
    Ok(found.map_or(-1, |at| at as i64).into())
}

fn pad_left(arguments: &[Value]) -> Answer<Data> {
    /// Azure pads numbers and names; more than this is a mistake.
    const MAX_WIDTH: i64 = 100_000;
    let padded = display(&arguments[0]);
    let width = integer(arguments, 1)?;
    let fill = if arguments.len() > 2 { text(arguments, 2)? } else { " " };
    let mut fill = fill.chars();
    let (Some(fill), None) = (fill.next(), fill.next()) else {
        return Err(wrong("argument 3 must be one character"));
    };
    if !(0..=MAX_WIDTH).contains(&width) {
        return Err(wrong(format!("the width {width} is not between 0 and {MAX_WIDTH}")));
    }
    let missing = (width as usize).saturating_sub(padded.chars().count());
    let front: String = std::iter::repeat_n(fill, missing).collect();
    Ok((front + &padded).into())
}

fn replace(arguments: &[Value]) -> Answer<Data> {
    let (whole, old, new) = (text(arguments, 0)?, text(arguments, 1)?, text(arguments, 2)?);
    if old.is_empty() {
        return Err(wrong("argument 2, the text to replace, is empty"));
    }
    let grown = whole.matches(old).count().saturating_mul(new.len());
    if grown > MAX_STRING_BYTES {
        return Err(wrong(format!("the result would be longer than {MAX_STRING_BYTES} bytes")));
    }
    Ok(whole.replace(old, new).into())
}

fn split(arguments: &[Value]) -> Answer<Data> {
    let whole = text(arguments, 0)?;
    let separators: Vec<&str> = match &arguments[1].data {
        Data::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => vec![text(arguments, 1)?],
    };
    let mut parts = Vec::new();
    let mut rest = whole;
    loop {
        let next = separators.iter().filter(|one| !one.is_empty()).filter_map(|one| Some((rest.find(one)?, one.len())));
        // The earliest separator, the longest of those that start there.
        let Some((at, length)) = next.min_by_key(|(at, length)| (*at, usize::MAX - length)) else { break };
        parts.push(Value::new(arguments[0].span, rest[..at].into()));
        rest = &rest[at + length..];
    }
    parts.push(Value::new(arguments[0].span, rest.into()));
    Ok(Data::Array(parts))
}

fn substring(arguments: &[Value]) -> Answer<Data> {
    let whole = text(arguments, 0)?;
    let length = whole.chars().count() as i64;
    let start = integer(arguments, 1)?;
    let count = if arguments.len() > 2 { integer(arguments, 2)? } else { length - start };
    if start < 0 || start > length {
        return Err(wrong(format!("the start {start} is outside of the string, which has {length} characters")));
    }
    if count < 0 || count > length - start {
        return Err(wrong(format!("{count} characters from {start} on run past the end of a string of {length}")));
    }
    Ok(whole.chars().skip(start as usize).take(count as usize).collect::<String>().into())
}
