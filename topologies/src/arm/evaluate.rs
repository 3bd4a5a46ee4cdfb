//! Evaluates expressions, and JSON that holds them.

use std::ops::Range;

use sim_core::source::Span;

use super::copy::property_copies;
use super::expression::{Expression, Kind, Template, classify};
use super::functions::{self, Body};
use super::session::{Context, Session};
use super::stop::{Answer, Stop, wrong};
use crate::diagnostic::{Diagnostic, nearest};
use crate::json::{Data, Member, Number, Value};

/// A value of which a part could not be evaluated; that part is null, and why is among the diagnostics.
#[derive(Debug)]
pub(super) struct Broken(pub(super) Value);

impl Broken {
    /// Takes a value as far as it goes.
    pub(super) fn or_partial(result: Result<Value, Self>) -> Value {
        result.unwrap_or_else(|Self(partial)| partial)
    }
}

/// The string an expression stands in, to blame parts of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'t> {
    /// The whole string.
    text: &'t str,
    /// The string literal in the file.
    pub(super) span: Span,
}

impl Origin<'_> {
    /// The place of some bytes of the expression: exact where the literal has no escapes, else the whole literal.
    pub(super) fn part(&self, at: &Range<usize>) -> Span {
        let plain = (self.span.end - self.span.start) as usize == self.text.len() + 2;
        if !plain {
            return self.span;
        }
        // A quote and the bracket come before the expression.
        let start = self.span.start as usize + 2;
        Span::new(self.span.file, start + at.start, start + at.end.max(at.start + 1))
    }

    pub(super) fn source(&self, at: &Range<usize>) -> &str {
        self.text.get(at.start + 1..at.end + 1).unwrap_or_default()
    }
}

impl Session {
    /// Evaluates every expression in a value: strings, keys, property loops. All errors are reported; what fails is
    /// null in the result.
    pub(super) fn value(&mut self, context: &Context, value: &Value) -> Result<Value, Broken> {
        let result = match &value.data {
            Data::String(text) => self.string(context, text, value.span).map(Ok),
            Data::Array(items) => self.deeper(|session| Ok(session.array(context, items, value.span))),
            Data::Object(members) => self.deeper(|session| Ok(session.object(context, members, value.span))),
            _ => self.spend(1).map(|()| Ok(value.clone())),
        };
        result.unwrap_or_else(|stop| match value.as_str().filter(|_| self.residual) {
            Some(text) => Ok(self.kept(text, value.span)),
            None => {
                self.report_stop(stop, value.span);
                Err(Broken(Value::new(value.span, Data::Null)))
            }
        })
    }

    /// An expression that only Azure can evaluate, as a value that nobody knows.
    fn kept(&mut self, text: &str, span: Span) -> Value {
        let note = "the expression is left for Azure to evaluate; its value is not known here";
        self.assume("arm.residual", &shortened(text), note, Some(span));
        let plain: String = text.chars().filter(|it| !matches!(it, '<' | '>')).collect();
        Value::new(span, format!("<{plain}>").into())
    }

    fn array(&mut self, context: &Context, items: &[Value], span: Span) -> Result<Value, Broken> {
        let mut broken = false;
        let mut done = Vec::with_capacity(items.len());
        for item in items {
            done.push(keep(self.value(context, item), &mut broken));
        }
        finish(Value::new(span, Data::Array(done)), broken)
    }

    fn object(&mut self, context: &Context, members: &[Member], span: Span) -> Result<Value, Broken> {
        let mut broken = false;
        let mut done = Vec::with_capacity(members.len());
        for member in members {
            if let Some(copies) = property_copies(member) {
                for copy in copies {
                    let items = self.copied(context, copy);
                    let value = keep(items, &mut broken);
                    let key = copy.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                    let key_span = copy.get("name").map_or(copy.span, |name| name.span);
                    done.push(Member { key, key_span, value });
                }
                continue;
            }
            let key = match self.string(context, &member.key, member.key_span) {
                Ok(key) => functions::into_text(key),
                Err(stop) => {
                    self.report_stop(stop, member.key_span);
                    broken = true;
                    continue;
                }
            };
            let value = keep(self.value(context, &member.value), &mut broken);
            done.push(Member { key, key_span: member.key_span, value });
        }
        finish(Value::new(span, Data::Object(done)), broken)
    }

    /// Evaluates a string: an expression, or text that means itself.
    pub(super) fn string(&mut self, context: &Context, text: &str, span: Span) -> Answer<Value> {
        let source = match classify(text) {
            Template::Literal(literal) => {
                self.spend(1 + literal.len() as u64 / 32)?;
                self.note_placeholders(literal, span);
                return Ok(Value::new(span, literal.into()));
            }
            Template::Expression(source) => source,
        };
        let origin = Origin { text, span };
        let expression = self.parsed(source).map_err(|error| {
            let message = format!("the expression cannot be read: {}", error.message);
            Diagnostic::error("arm.syntax", message)
                .at(origin.part(&error.at))
                .note(Some(span), format!("the whole expression is {}", shortened(text)))
                .help("start the string with [[ if it is meant as plain text")
        })?;
        match self.evaluate(context, &expression, &origin) {
            Ok(mut value) => {
                value.span = span;
                Ok(value)
            }
            Err(Stop::Wrong(mut diagnostic)) => {
                diagnostic.notes.push((Some(span), format!("in the expression {}", shortened(text))));
                Err(Stop::Wrong(diagnostic))
            }
            Err(Stop::Reported) => Err(Stop::Reported),
        }
    }

    /// Evaluates one node.
    pub(super) fn evaluate(&mut self, context: &Context, node: &Expression, origin: &Origin<'_>) -> Answer<Value> {
        let data = match &node.kind {
            Kind::Text(text) => text.as_str().into(),
            Kind::Integer(value) => (*value).into(),
            Kind::Decimal(text) => Data::Number(Number::Decimal(text.clone())),
            Kind::Call { name, arguments } => {
                return self.deeper(|session| session.call(context, name, arguments, node, origin));
            }
            Kind::Access { base, steps } => {
                return self.deeper(|session| session.access(context, base, steps, origin));
            }
        };
        self.spend(1)?;
        Ok(Value::new(origin.span, data))
    }

    fn call(
        &mut self,
        context: &Context,
        name: &str,
        arguments: &[Expression],
        node: &Expression,
        origin: &Origin<'_>,
    ) -> Answer<Value> {
        let Some(function) = functions::find(name) else {
            return self.other_call(context, name, arguments, node, origin);
        };
        if arguments.len() < function.least || arguments.len() > function.most {
            let message = format!("{} takes {}, not {}", function.name, function.arity(), arguments.len());
            return Err(Diagnostic::error("arm.argument-count", message).at(origin.part(&node.at)).into());
        }
        if let Body::Lazy(run) = function.body {
            return run(self, context, arguments, origin).map_err(|stop| blame(stop, name, node, &[], origin));
        }
        let values = self.arguments(context, arguments, origin)?;
        let answer = match function.body {
            Body::Pure(run) => run(&values),
            Body::Scoped(run) => run(self, context, &values),
            Body::Lazy(_) => Err(Stop::Reported),
        };
        let answer = answer.and_then(|data| self.charge(&data).map(|()| data));
        match answer {
            Ok(data) => Ok(Value::new(origin.span, data)),
            Err(stop) => Err(blame(stop, function.name, node, &with_text(arguments, values, origin), origin)),
        }
    }

    /// `list*()`, functions of the template's own, and names nobody knows.
    fn other_call(
        &mut self,
        context: &Context,
        name: &str,
        arguments: &[Expression],
        node: &Expression,
        origin: &Origin<'_>,
    ) -> Answer<Value> {
        if let Some(function) = self.user_function(context, name) {
            let values = self.arguments(context, arguments, origin)?;
            let answer = self.call_user_function(context, &function, values);
            return answer.map_err(|stop| blame(stop, name, node, &[], origin));
        }
        if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("list")) && name.len() > 4 {
            let values = self.arguments(context, arguments, origin)?;
            let answer = self.list(context, name, &values).map(|data| Value::new(origin.span, data));
            return answer.map_err(|stop| blame(stop, name, node, &[], origin));
        }
        let mut diagnostic = Diagnostic::error("arm.unknown-function", format!("there is no function `{name}`"))
            .at(origin.part(&(node.at.start..node.at.start + name.len())));
        if let Some(near) = nearest(name, functions::names()) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        Err(diagnostic.into())
    }

    pub(super) fn arguments(
        &mut self,
        context: &Context,
        nodes: &[Expression],
        origin: &Origin<'_>,
    ) -> Answer<Vec<Value>> {
        nodes.iter().map(|node| self.evaluate(context, node, origin)).collect()
    }
}

fn keep(result: Result<Value, Broken>, broken: &mut bool) -> Value {
    *broken |= result.is_err();
    Broken::or_partial(result)
}

fn finish(value: Value, broken: bool) -> Result<Value, Broken> {
    if broken { Err(Broken(value)) } else { Ok(value) }
}

/// Arguments with the text they came from, for messages.
fn with_text(nodes: &[Expression], values: Vec<Value>, origin: &Origin<'_>) -> Vec<(String, Value)> {
    nodes.iter().zip(values).map(|(node, value)| (origin.source(&node.at).to_owned(), value)).collect()
}

/// Adds the function, its place and its arguments to an error that has no place yet.
pub(super) fn blame(
    stop: Stop,
    name: &str,
    node: &Expression,
    arguments: &[(String, Value)],
    origin: &Origin<'_>,
) -> Stop {
    let Stop::Wrong(mut diagnostic) = stop else { return Stop::Reported };
    if diagnostic.span.is_none() {
        diagnostic.span = Some(origin.part(&node.at));
        if diagnostic.code == "arm.bad-argument" {
            diagnostic.message = format!("{name}: {}", diagnostic.message);
        }
        for (text, value) in arguments {
            let shown = brief(value);
            if *text != shown && !text.starts_with('\'') {
                diagnostic.notes.push((None, format!("{} is {shown}", shortened(text))));
            }
        }
    }
    Stop::Wrong(diagnostic)
}

/// A value in a message: what it is, short.
pub(super) fn brief(value: &Value) -> String {
    /// Members and items named in a message.
    const SHOWN: usize = 8;
    match &value.data {
        Data::Object(members) if !members.is_empty() => {
            let keys: Vec<&str> = members.iter().take(SHOWN).map(|member| member.key.as_str()).collect();
            let more = if members.len() > SHOWN { ", ..." } else { "" };
            format!("an object with {}{more}", keys.join(", "))
        }
        Data::Array(items) if items.len() > SHOWN => format!("an array of {}", items.len()),
        _ => shortened(&value.to_string()),
    }
}

/// The start of a long text.
pub(super) fn shortened(text: &str) -> String {
    /// Characters shown.
    const SHOWN: usize = 160;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A condition or flag: a boolean, or a string that says one.
pub(super) fn truth(value: &Value) -> Answer<bool> {
    value.as_bool().ok_or_else(|| wrong(format!("needs a boolean, not {}", value.kind())))
}
