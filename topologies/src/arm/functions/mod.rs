//! The functions of template expressions, one table for each group of Azure's function reference.
//!
//! A function is one entry: name, least and most arguments, and what runs.

mod cidr;
mod collection;
mod date;
mod format;
mod lambda;
mod logical;
mod numeric;
mod object;
mod resource;
mod scope;
mod string;
#[cfg(test)]
mod tests;
mod uri;

use super::evaluate::Origin;
use super::expression::Expression;
use super::frame::Slots;
use super::session::{Context, Session};
use super::stop::{Answer, wrong};
use crate::json::{Data, Member, Value};

pub(super) use format::{display, into_text};

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) body: Body,
}

/// What runs, and what it needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// Its arguments.
    Pure(fn(&[Value]) -> Answer<Data>),
    /// Also the deployment.
    Scoped(fn(&mut Session, &Context, &[Value]) -> Answer<Data>),
    /// The arguments before they are evaluated.
    Lazy(fn(&mut Session, &Context, &[Expression], &Origin<'_>) -> Answer<Value>),
}

/// Any number of arguments.
const MANY: usize = usize::MAX;

const TABLES: [&[Function]; 11] = [
    string::FUNCTIONS,
    uri::FUNCTIONS,
    numeric::FUNCTIONS,
    collection::FUNCTIONS,
    object::FUNCTIONS,
    lambda::FUNCTIONS,
    logical::FUNCTIONS,
    resource::FUNCTIONS,
    scope::FUNCTIONS,
    cidr::FUNCTIONS,
    date::FUNCTIONS,
];

const fn pure(name: &'static str, least: usize, most: usize, run: fn(&[Value]) -> Answer<Data>) -> Function {
    Function { name, least, most, body: Body::Pure(run) }
}

const fn scoped(
    name: &'static str,
    least: usize,
    most: usize,
    run: fn(&mut Session, &Context, &[Value]) -> Answer<Data>,
) -> Function {
    Function { name, least, most, body: Body::Scoped(run) }
}

const fn lazy(
    name: &'static str,
    least: usize,
    most: usize,
    run: fn(&mut Session, &Context, &[Expression], &Origin<'_>) -> Answer<Value>,
) -> Function {
    Function { name, least, most, body: Body::Lazy(run) }
}

/// The function of that name, in any letter case.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    TABLES.iter().flat_map(|table| table.iter()).find(|function| function.name.eq_ignore_ascii_case(name))
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().flat_map(|table| table.iter()).map(|function| function.name)
}

/// Which of the template's tables a function looks up, if that is what it does.
pub(super) fn slots(name: &str) -> Option<Slots> {
    match name {
        _ if name.eq_ignore_ascii_case("parameters") => Some(Slots::Parameters),
        _ if name.eq_ignore_ascii_case("variables") => Some(Slots::Variables),
        _ => None,
    }
}

impl Function {
    /// "2 arguments", "1 to 3 arguments", ...
    pub(super) fn arity(&self) -> String {
        match (self.least, self.most) {
            (least, MANY) => format!("{least} or more arguments"),
            (1, 1) => "1 argument".to_owned(),
            (least, most) if least == most => format!("{least} arguments"),
            (least, most) => format!("{least} to {most} arguments"),
        }
    }
}

/// A string argument.
pub(super) fn text(arguments: &[Value], at: usize) -> Answer<&str> {
    let value = argument(arguments, at)?;
    value.as_str().ok_or_else(|| mistyped(value, at, "a string"))
}

/// An integer argument. Strings that hold one do not count, as in Azure.
fn integer(arguments: &[Value], at: usize) -> Answer<i64> {
    let value = argument(arguments, at)?;
    match &value.data {
        Data::Number(number) => number.as_i64().ok_or_else(|| mistyped(value, at, "an integer")),
        _ => Err(mistyped(value, at, "an integer")),
    }
}

fn boolean(arguments: &[Value], at: usize) -> Answer<bool> {
    let value = argument(arguments, at)?;
    match value.data {
        Data::Bool(truth) => Ok(truth),
        _ => Err(mistyped(value, at, "a boolean")),
    }
}

fn array(arguments: &[Value], at: usize) -> Answer<&[Value]> {
    let value = argument(arguments, at)?;
    match &value.data {
        Data::Array(items) => Ok(items),
        _ => Err(mistyped(value, at, "an array")),
    }
}

fn object(arguments: &[Value], at: usize) -> Answer<&[Member]> {
    let value = argument(arguments, at)?;
    value.as_object().ok_or_else(|| mistyped(value, at, "an object"))
}

fn argument(arguments: &[Value], at: usize) -> Answer<&Value> {
    arguments.get(at).ok_or_else(|| wrong(format!("argument {} is missing", at + 1)))
}

fn mistyped(value: &Value, at: usize, wanted: &str) -> super::stop::Stop {
    wrong(format!("argument {} must be {wanted}, not {}", at + 1, value.kind()))
}

/// An object of strings, at the place of `like`.
fn texts(span: sim_core::source::Span, entries: &[(&str, &str)]) -> Data {
    let entry = |(key, text): &(&str, &str)| Member::new(key, Value::new(span, (*text).into()));
    Data::Object(entries.iter().map(entry).collect())
}
