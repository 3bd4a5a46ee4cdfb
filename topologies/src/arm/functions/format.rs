//! Values as text: `string()`, `concat()`, and the composite formats of `format()`.

use std::fmt::Write;

use super::super::stop::{Answer, wrong};
use crate::json::{Data, Value};

/// Widest column `format` pads to.
const MAX_WIDTH: usize = 1_000;

/// A value as text: strings as they are, booleans with a capital as .NET writes them, arrays and objects as JSON.
pub(in super::super) fn display(value: &Value) -> String {
    match &value.data {
        Data::Null => String::new(),
        Data::String(text) => text.clone(),
        Data::Bool(true) => "True".to_owned(),
        Data::Bool(false) => "False".to_owned(),
        _ => value.to_string(),
    }
}

/// The same of a value that is not needed any more.
pub(in super::super) fn into_text(value: Value) -> String {
    match value.data {
        Data::String(text) => text,
        _ => display(&value),
    }
}

/// .NET composite formatting: `{0}`, `{1:D3}`, `{0,10}`; doubled braces stand for one.
pub(super) fn composite(pattern: &str, values: &[Value]) -> Answer<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if rest.starts_with(brace) {
            out.push_str(brace);
            rest = &rest[1..];
            continue;
        }
        let item = rest.split_once('}').filter(|_| brace == "{");
        let Some((item, after)) = item else {
            return Err(wrong(format!(
                "the brace {brace} in {pattern:?} has no partner; write it twice if it is meant as text"
            )));
        };
        out.push_str(&placeholder(item, values)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn placeholder(item: &str, values: &[Value]) -> Answer<String> {
    let (place, format) = item.split_once(':').map_or((item, None), |(place, format)| (place, Some(format)));
    let (index, width) = place.split_once(',').map_or((place, None), |(index, width)| (index, Some(width)));
    let index: usize = index.trim().parse().map_err(|_| wrong(format!("{{{item}}} names no argument")))?;
    let Some(value) = values.get(index) else {
        return Err(wrong(format!("{{{item}}} asks for argument {index}, there are {}", values.len())));
    };
    let text = match (format, &value.data) {
        (Some(format), Data::Number(number)) if !format.is_empty() => {
            numeric(format, number.as_f64(), number.as_i64())?
        }
        _ => display(value),
    };
    let Some(width) = width else { return Ok(text) };
    let width: i64 = width.trim().parse().map_err(|_| wrong(format!("{{{item}}} has no readable width")))?;
    let columns = usize::try_from(width.unsigned_abs()).unwrap_or(MAX_WIDTH).min(MAX_WIDTH);
    Ok(if width < 0 { format!("{text:<columns$}") } else { format!("{text:>columns$}") })
}

/// The numeric formats that templates use: `D`, `X`, `F`, `N` with a precision, and zeros as in `000`.
fn numeric(format: &str, float: f64, integer: Option<i64>) -> Answer<String> {
    let refused = || wrong(format!("the number format {format:?} is not understood"));
    if format.chars().all(|c| c == '0') {
        return integer.map(|value| padded(value, format.len())).ok_or_else(refused);
    }
    let mut characters = format.chars();
    let kind = characters.next().map(|kind| kind.to_ascii_uppercase());
    let precision = characters.as_str();
    let digits = if precision.is_empty() { None } else { Some(precision.parse::<usize>().map_err(|_| refused())?) };
    if digits.is_some_and(|digits| digits > MAX_WIDTH) {
        return Err(refused());
    }
    match (kind, integer) {
        (Some('D'), Some(value)) => Ok(padded(value, digits.unwrap_or(0))),
        (Some('X'), Some(value)) => {
            let width = digits.unwrap_or(0);
            Ok(if format.starts_with('x') { format!("{value:0width$x}") } else { format!("{value:0width$X}") })
        }
        (Some('F'), _) => Ok(format!("{float:.*}", digits.unwrap_or(2))),
        (Some('N'), _) => Ok(grouped(&format!("{float:.*}", digits.unwrap_or(2)))),
        _ => Err(refused()),
    }
}

fn padded(value: i64, width: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{:0width$}", value.unsigned_abs())
}

/// Commas between groups of three digits.
fn grouped(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = whole.trim_start_matches('-');
    let mut out = whole[..whole.len() - digits.len()].to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        // Writing to a string cannot fail.
        let _ = write!(out, ".{fraction}");
    }
    out
}
