//! Lambdas, and the functions that take them.

use super::super::evaluate::{Origin, truth};
use super::super::expression::{Expression, Kind};
use super::super::runtime::{first_item, is_runtime_value};
use super::super::session::{Context, Session};
use super::super::stop::{Answer, Stop, wrong};
use super::{Function, display, lazy, mistyped, scoped, text};
use crate::json::{Data, Member, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    lazy("map", 2, 2, map),
    lazy("filter", 2, 2, filter),
    lazy("reduce", 3, 3, reduce),
    lazy("sort", 2, 2, sort),
    lazy("toObject", 2, 3, to_object),
    lazy("groupBy", 2, 2, group_by),
    lazy("mapValues", 2, 2, map_values),
    lazy("lambda", 1, usize::MAX, |_, _, _, _| Err(wrong("a lambda stands only where a function takes one"))),
    scoped("lambdaVariables", 1, 1, |_, context, a| {
        let name = text(a, 0)?;
        let found = context.lambda.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found
            .map(|(_, value)| value.data.clone())
            .ok_or_else(|| wrong(format!("no lambda around has a variable '{name}'")))
    }),
];

/// A lambda with all that is needed to call it.
struct Lambda<'c> {
    context: &'c Context,
    origin: &'c Origin<'c>,
    names: Vec<String>,
    body: &'c Expression,
}

impl<'c> Lambda<'c> {
    /// Reads `lambda('a', 'b', body)`.
    fn read(context: &'c Context, node: &'c Expression, origin: &'c Origin<'c>) -> Answer<Self> {
        let Kind::Call { name, arguments } = &node.kind else { return Err(no_lambda()) };
        let Some((body, names)) = arguments.split_last().filter(|_| name.eq_ignore_ascii_case("lambda")) else {
            return Err(no_lambda());
        };
        let name = |node: &Expression| match &node.kind {
            Kind::Text(name) => Ok(name.clone()),
            _ => Err(wrong("the variables of a lambda are strings")),
        };
        Ok(Self { context, origin, names: names.iter().map(name).collect::<Answer<_>>()?, body })
    }

    /// Calls it; arguments beyond its variables are dropped.
    fn call(&self, session: &mut Session, arguments: Vec<Value>) -> Answer<Value> {
        let mut context = self.context.clone();
        context.lambda.extend(self.names.iter().cloned().zip(arguments));
        let size = context.lambda.iter().map(|(_, value)| value.items().len() as u64 / 8).sum();
        session.spend(size)?;
        session.evaluate(&context, self.body, self.origin)
    }

    /// Whether it wants the index as well.
    fn wants(&self, count: usize) -> bool {
        self.names.len() >= count
    }

    fn call_with_index(&self, session: &mut Session, item: &Value, index: usize) -> Answer<Value> {
        let mut arguments = vec![item.clone()];
        if self.wants(2) {
            arguments.push(Value::new(item.span, (index as i64).into()));
        }
        self.call(session, arguments)
    }
}

fn no_lambda() -> Stop {
    wrong("a lambda is missing")
}

fn items(session: &mut Session, context: &Context, node: &Expression, origin: &Origin<'_>) -> Answer<Vec<Value>> {
    let value = session.evaluate(context, node, origin)?;
    match value.data {
        Data::Array(items) => Ok(items),
        // An array that only Azure knows: one item stands for all.
        Data::String(text) if is_runtime_value(&text) => Ok(vec![Value::new(value.span, first_item(&text).into())]),
        _ => Err(mistyped(&value, 0, "an array")),
    }
}

fn map(session: &mut Session, context: &Context, nodes: &[Expression], origin: &Origin<'_>) -> Answer<Value> {
    let lambda = Lambda::read(context, &nodes[1], origin)?;
    let items = items(session, context, &nodes[0], origin)?;
    let mapped = items.iter().enumerate().map(|(at, item)| lambda.call_with_index(session, item, at));
    let mapped = mapped.collect::<Answer<Vec<_>>>()?;
    Ok(Value::new(origin.span, Data::Array(mapped)))
}

fn filter(session: &mut Session, context: &Context, nodes: &[Expression], origin: &Origin<'_>) -> Answer<Value> {
    let lambda = Lambda::read(context, &nodes[1], origin)?;
    let mut kept = Vec::new();
    for (at, item) in items(session, context, &nodes[0], origin)?.into_iter().enumerate() {
        if truth(&lambda.call_with_index(session, &item, at)?)? {
            kept.push(item);
        }
    }
    Ok(Value::new(origin.span, Data::Array(kept)))
}

fn reduce(session: &mut Session, context: &Context, nodes: &[Expression], origin: &Origin<'_>) -> Answer<Value> {
    let lambda = Lambda::read(context, &nodes[2], origin)?;
    let items = items(session, context, &nodes[0], origin)?;
    let mut sum = session.evaluate(context, &nodes[1], origin)?;
    for (at, item) in items.into_iter().enumerate() {
        let mut arguments = vec![sum, item];
        if lambda.wants(3) {
            arguments.push(Value::new(origin.span, (at as i64).into()));
        }
        sum = lambda.call(session, arguments)?;
        session.charge(&sum.data)?;
    }
    Ok(sum)
}

/// A stable merge sort: the lambda says whether the first argument goes before the second.
fn sort(session: &mut Session, context: &Context, nodes: &[Expression], origin: &Origin<'_>) -> Answer<Value> {
    let lambda = Lambda::read(context, &nodes[1], origin)?;
    let mut runs: Vec<Vec<Value>> =
        items(session, context, &nodes[0], origin)?.into_iter().map(|item| vec![item]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            merged.push(match rest.next() {
                Some(right) => merge_runs(session, &lambda, left, right)?,
                None => left,
            });
        }
        runs = merged;
    }
    Ok(Value::new(origin.span, Data::Array(runs.pop().unwrap_or_default())))
}

fn merge_runs(session: &mut Session, lambda: &Lambda<'_>, left: Vec<Value>, right: Vec<Value>) -> Answer<Vec<Value>> {
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        // The right one overtakes only if it must go before: equal items keep their order.
        let overtakes = truth(&lambda.call(session, vec![second.clone(), first.clone()])?)?;
        out.extend(if overtakes { right.next() } else { left.next() });
    }
    out.extend(left);
    out.extend(right);
    Ok(out)
}

fn to_object(session: &mut Session, context: &Context, nodes: &[Expression], origin: &Origin<'_>) -> Answer<Value> {
    let key_of = Lambda::read(context, &nodes[1], origin)?;
    let value_of = nodes.get(2).map(|node| Lambda::read(context, node, origin)).transpose()?;
    let mut members = Vec::new();
    for item in items(session, context, &nodes[0], origin)? {
        let key = display(&key_of.call(session, vec![item.clone()])?);
        let value = match &value_of {
            Some(value_of) => value_of.call(session, vec![item])?,
            None => item,
        };
        members.push(Member::new(&key, value));
    }
    let mut merged = Vec::new();
    super::collection::merge(&mut merged, &members, false);
    Ok(Value::new(origin.span, Data::Object(merged)))
}

fn group_by(session: &mut Session, context: &Context, nodes: &[Expression], origin: &Origin<'_>) -> Answer<Value> {
    let key_of = Lambda::read(context, &nodes[1], origin)?;
    let mut groups = std::collections::BTreeMap::<String, usize>::new();
    let mut members = Vec::new();
    for item in items(session, context, &nodes[0], origin)? {
        let key = display(&key_of.call(session, vec![item.clone()])?);
        let at = *groups.entry(key.to_lowercase()).or_insert(members.len());
        if at == members.len() {
            members.push(Member::new(&key, Value::new(origin.span, Data::Array(Vec::new()))));
        }
        if let Data::Array(group) = &mut members[at].value.data {
            group.push(item);
        }
    }
    Ok(Value::new(origin.span, Data::Object(members)))
}

fn map_values(session: &mut Session, context: &Context, nodes: &[Expression], origin: &Origin<'_>) -> Answer<Value> {
    let lambda = Lambda::read(context, &nodes[1], origin)?;
    let value = session.evaluate(context, &nodes[0], origin)?;
    let mut members = value.as_object().ok_or_else(|| mistyped(&value, 0, "an object"))?.to_vec();
    for member in &mut members {
        member.value = lambda.call(session, vec![member.value.clone()])?;
    }
    Ok(Value::new(origin.span, Data::Object(members)))
}
