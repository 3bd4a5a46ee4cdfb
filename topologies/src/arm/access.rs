//! Properties and items: `base.name[index].?other`.

use std::rc::Rc;

use super::evaluate::{Origin, blame, brief};
use super::expression::{Expression, Key, Kind, Step};
use super::functions;
use super::runtime;
use super::session::{Context, Session};
use super::stop::Answer;
use crate::diagnostic::{Diagnostic, nearest};
use crate::json::{Data, Value};

impl Session {
    /// `base.name[index]...`
    pub(super) fn access(
        &mut self,
        context: &Context,
        base: &Expression,
        steps: &[Step],
        origin: &Origin<'_>,
    ) -> Answer<Value> {
        let (root, later) = self.base(context, base, origin)?;
        let mut current: &Value = &root;
        for (position, step) in steps.iter().enumerate() {
            let index;
            let key = match &step.key {
                Key::Name(name) => &Value::new(origin.span, name.as_str().into()),
                Key::Index(node) => {
                    index = self.evaluate(context, node, origin)?;
                    &index
                }
            };
            match select(current, key) {
                Ok(Some(next)) => current = next,
                _ if step.safe => return Ok(Value::new(origin.span, Data::Null)),
                missing => {
                    let start =
                        later.as_deref().or_else(|| current.as_str().filter(|text| runtime::is_placeholder(text)));
                    if let Some(start) = start {
                        let from = if later.is_some() { 0 } else { position };
                        return self.placeholder_path(context, start, &steps[from..], origin);
                    }
                    let error = missing.err().unwrap_or_else(|| no_member(current, key));
                    let owner = base.at.start..position.checked_sub(1).map_or(base.at.end, |last| steps[last].at.end);
                    let note = format!("`{}` is {}", origin.source(&owner), brief(current));
                    let error = error.at(origin.part(&step.at)).note(None, note);
                    return Err(self.explain_stand_in(base, error).into());
                }
            }
        }
        let data = current.data.clone();
        self.charge(&data)?;
        if let Some(path) = current.as_str().filter(|text| runtime::is_runtime_value(text)) {
            self.assume_runtime_value(path, origin);
        }
        Ok(Value::new(origin.span, data))
    }

    /// Adds that the value is only a stand-in for a parameter without one, where it is.
    fn explain_stand_in(&self, base: &Expression, error: Diagnostic) -> Diagnostic {
        let Kind::Call { arguments, .. } = &base.kind else { return error };
        let Some(Kind::Text(name)) = arguments.first().map(|argument| &argument.kind) else { return error };
        match self.stand_in_of(name) {
            Some(span) => error
                .note(span, format!("'{name}' has no value and no default; an empty stand-in was used"))
                .help(format!("give '{name}' a value in a parameters file")),
            None => error,
        }
    }

    /// What an access starts from, shared where it is a parameter or variable, so that `parameters('big')[3].name`
    /// does not copy everything. The second part is the placeholder for what only Azure would know of it.
    fn base(
        &mut self,
        context: &Context,
        base: &Expression,
        origin: &Origin<'_>,
    ) -> Answer<(Rc<Value>, Option<String>)> {
        let Kind::Call { name, arguments } = &base.kind else {
            return Ok((Rc::new(self.evaluate(context, base, origin)?), None));
        };
        if let ([argument], Some(slots)) = (arguments.as_slice(), functions::slots(name)) {
            let argument = self.evaluate(context, argument, origin)?;
            let shared = functions::text(std::slice::from_ref(&argument), 0)
                .and_then(|wanted| self.slot(context, slots, wanted))
                .map_err(|stop| blame(stop, name, base, &[], origin))?;
            return Ok((shared, None));
        }
        let value = self.evaluate(context, base, origin)?;
        let later = if name.eq_ignore_ascii_case("reference") {
            let values = self.arguments(context, arguments, origin)?;
            self.runtime_placeholder(context, &values)
        } else {
            None
        };
        Ok((Rc::new(value), later))
    }

    /// Extends a placeholder by the rest of an access: `<reference(ID).properties.ipAddress>`.
    fn placeholder_path(
        &mut self,
        context: &Context,
        start: &str,
        steps: &[Step],
        origin: &Origin<'_>,
    ) -> Answer<Value> {
        let mut path = start.strip_suffix('>').unwrap_or(start).to_owned();
        for step in steps {
            match &step.key {
                Key::Name(name) => path = format!("{path}.{name}"),
                Key::Index(node) => {
                    let index = self.evaluate(context, node, origin)?;
                    path = match index.as_str() {
                        Some(name) => format!("{path}.{name}"),
                        None => format!("{path}[{index}]"),
                    };
                }
            }
        }
        path.push('>');
        let data = Data::String(path);
        self.charge(&data)?;
        if let Data::String(path) = &data {
            self.assume_runtime_value(path, origin);
        }
        Ok(Value::new(origin.span, data))
    }

    fn assume_runtime_value(&mut self, placeholder: &str, origin: &Origin<'_>) {
        let text = "only Azure knows this value once the resource is there; the placeholder stands for it";
        self.assume("arm.runtime-value", placeholder, text, Some(origin.span));
    }
}

/// The member or item of `value` that `key` names; `Ok(None)` if there is none.
pub(super) fn select<'v>(value: &'v Value, key: &Value) -> Result<Option<&'v Value>, Diagnostic> {
    match (&value.data, &key.data) {
        (Data::Object(_), Data::String(name)) => Ok(value.get(name)),
        (Data::Array(items), Data::Number(number)) => {
            Ok(number.as_i64().and_then(|index| usize::try_from(index).ok()).and_then(|index| items.get(index)))
        }
        (Data::Object(_), _) => Err(bad_access(format!("a property is named by a string, not {}", key.kind()))),
        (Data::Array(_), _) => {
            Err(bad_access(format!("an item of an array is named by an integer, not {}", key.kind())))
        }
        _ => Err(bad_access(format!("{} has no property or item {key}", value.kind()))),
    }
}

fn bad_access(message: String) -> Diagnostic {
    Diagnostic::error("arm.bad-access", message)
}

fn no_member(value: &Value, key: &Value) -> Diagnostic {
    match &key.data {
        Data::String(name) => {
            let diagnostic = Diagnostic::error("arm.no-property", format!("there is no property '{name}'"));
            match nearest(name, value.members().iter().map(|member| member.key.as_str())) {
                Some(near) => diagnostic.help(format!("did you mean '{near}'?")),
                None => diagnostic,
            }
        }
        _ => {
            let message = format!("there is no item {key} in an array of {}", value.items().len());
            Diagnostic::error("arm.index-out-of-range", message)
        }
    }
}
