//! Logical and comparison functions.

use std::cmp::Ordering;

use super::super::evaluate::{Origin, truth};
use super::super::expression::Expression;
use super::super::session::{Context, Session};
use super::super::stop::{Answer, wrong};
use super::{Function, MANY, boolean, lazy, pure};
use crate::json::{Data, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    lazy("if", 3, 3, choose),
    lazy("and", 1, MANY, |session, context, nodes, origin| until(session, context, nodes, origin, false)),
    lazy("or", 1, MANY, |session, context, nodes, origin| until(session, context, nodes, origin, true)),
    lazy("coalesce", 1, MANY, coalesce),
    pure("not", 1, 1, |a| Ok((!boolean(a, 0)?).into())),
    pure("true", 0, 0, |_| Ok(true.into())),
    pure("false", 0, 0, |_| Ok(false.into())),
    pure("null", 0, 0, |_| Ok(Data::Null)),
    pure("bool", 1, 1, bool),
    pure("equals", 2, 2, |a| Ok((a[0] == a[1]).into())),
    pure("less", 2, 2, |a| compare(a).map(|order| order.is_lt().into())),
    pure("lessOrEquals", 2, 2, |a| compare(a).map(|order| order.is_le().into())),
    pure("greater", 2, 2, |a| compare(a).map(|order| order.is_gt().into())),
    pure("greaterOrEquals", 2, 2, |a| compare(a).map(|order| order.is_ge().into())),
];

/// `if`: only the chosen branch is evaluated.
fn choose(session: &mut Session, context: &Context, nodes: &[Expression], origin: &Origin<'_>) -> Answer<Value> {
    let condition = session.evaluate(context, &nodes[0], origin)?;
    let branch = if truth(&condition)? { &nodes[1] } else { &nodes[2] };
    session.evaluate(context, branch, origin)
}

/// `and`, `or`: ends at the first argument that decides.
fn until(
    session: &mut Session,
    context: &Context,
    nodes: &[Expression],
    origin: &Origin<'_>,
    decides: bool,
) -> Answer<Value> {
    let mut result = !decides;
    for node in nodes {
        let value = session.evaluate(context, node, origin)?;
        if truth(&value)? == decides {
            result = decides;
            break;
        }
    }
    Ok(Value::new(origin.span, result.into()))
}

/// The first argument that is not null.
fn coalesce(session: &mut Session, context: &Context, nodes: &[Expression], origin: &Origin<'_>) -> Answer<Value> {
    for node in nodes {
        let value = session.evaluate(context, node, origin)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Value::new(origin.span, Data::Null))
}

fn bool(arguments: &[Value]) -> Answer<Data> {
    let value = &arguments[0];
    let truth = match &value.data {
        Data::Number(number) => number.as_i64().map(|number| number != 0),
        Data::String(text) if text.trim() == "1" => Some(true),
        Data::String(text) if text.trim() == "0" => Some(false),
        _ => value.as_bool(),
    };
    truth.map(Into::into).ok_or_else(|| wrong(format!("{value} is no boolean")))
}

/// Numbers by value, strings by character.
fn compare(arguments: &[Value]) -> Answer<Ordering> {
    match (&arguments[0].data, &arguments[1].data) {
        (Data::Number(left), Data::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Ok(left.cmp(&right)),
            _ => Ok(left.as_f64().total_cmp(&right.as_f64())),
        },
        (Data::String(left), Data::String(right)) => Ok(left.cmp(right)),
        _ => Err(wrong(format!("{} and {} cannot be compared", arguments[0].kind(), arguments[1].kind()))),
    }
}
