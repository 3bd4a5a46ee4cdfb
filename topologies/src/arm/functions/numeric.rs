//! Numeric functions (Azure's reference, "Numeric functions for ARM templates"). Integers have 64 bits.

use super::super::session::Session;
use super::super::stop::{Answer, wrong};
use super::{Function, MANY, array, integer, pure, scoped};
use crate::json::{Data, Number, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("add", 2, 2, |a| arithmetic(a, i64::checked_add)),
    pure("sub", 2, 2, |a| arithmetic(a, i64::checked_sub)),
    pure("mul", 2, 2, |a| arithmetic(a, i64::checked_mul)),
    pure("div", 2, 2, |a| arithmetic(a, i64::checked_div)),
    pure("mod", 2, 2, |a| arithmetic(a, i64::checked_rem)),
    pure("min", 1, MANY, |a| extreme(a, |left, right| right < left)),
    pure("max", 1, MANY, |a| extreme(a, |left, right| right > left)),
    pure("int", 1, 1, int),
    pure("float", 1, 1, float),
    scoped("copyIndex", 0, 2, |_, context, a| {
        let name = a.first().and_then(Value::as_str);
        let offset_at = usize::from(name.is_some());
        let offset = if a.len() > offset_at { integer(a, offset_at)? } else { 0 };
        let index = Session::copy_index(context, name)?;
        index.checked_add(offset).map(Into::into).ok_or_else(|| wrong("the result has more than 64 bits"))
    }),
];

fn arithmetic(arguments: &[Value], operation: fn(i64, i64) -> Option<i64>) -> Answer<Data> {
    let (left, right) = (integer(arguments, 0)?, integer(arguments, 1)?);
    let refused = || wrong(format!("{left} and {right} have no result of 64 bits (a division by zero, or too large)"));
    operation(left, right).map(Into::into).ok_or_else(refused)
}

/// `min` and `max`, of the arguments or of one array.
fn extreme(arguments: &[Value], better: fn(i64, i64) -> bool) -> Answer<Data> {
    let values = if let Data::Array(_) = arguments[0].data { array(arguments, 0)? } else { arguments };
    if values.is_empty() {
        return Err(wrong("the array is empty"));
    }
    let mut best = integer(values, 0)?;
    for at in 1..values.len() {
        let next = integer(values, at)?;
        if better(best, next) {
            best = next;
        }
    }
    Ok(best.into())
}

fn int(arguments: &[Value]) -> Answer<Data> {
    let value = &arguments[0];
    let whole = match &value.data {
        Data::Number(number) => number.as_i64().or_else(|| Some(number.as_f64() as i64)),
        Data::String(_) => value.as_i64(),
        _ => None,
    };
    whole.map(Into::into).ok_or_else(|| wrong(format!("{value} is no integer")))
}

fn float(arguments: &[Value]) -> Answer<Data> {
    let value = &arguments[0];
    match &value.data {
        Data::Number(number) => Ok(Data::Number(number.clone())),
        Data::String(text) if text.trim().parse::<f64>().is_ok_and(f64::is_finite) => {
            let text = text.trim();
            Ok(Data::Number(text.parse().map_or_else(|_| Number::Decimal(text.to_owned()), Number::Integer)))
        }
        _ => Err(wrong(format!("{value} is no number"))),
    }
}
