//! Loops: `copy` in properties, variables, outputs and on resources.

use super::evaluate::Broken;
use super::session::{Context, Session};
use super::stop::{Answer, wrong};
use crate::diagnostic::Diagnostic;
use crate::json::{Data, Member, Value};

/// Most iterations of one loop: Azure's own limit (template reference, "copy").
pub const MAX_COPIES: u64 = 800;

/// The loops of a member `"copy": [{"name": .., "count": .., "input": ..}]`; `None` if the member is none.
pub(super) fn property_copies(member: &Member) -> Option<&[Value]> {
    if !member.key.eq_ignore_ascii_case("copy") {
        return None;
    }
    let loops = member.value.items();
    let is_loop = |entry: &Value| ["name", "count", "input"].iter().all(|key| entry.get(key).is_some());
    (!loops.is_empty() && loops.iter().all(is_loop)).then_some(loops)
}

impl Session {
    /// Evaluates a loop of the form `{"name": .., "count": .., "input": ..}` to an array.
    pub(super) fn copied(&mut self, context: &Context, copy: &Value) -> Result<Value, Broken> {
        let null = Value::new(copy.span, Data::Null);
        let (count, Some(input)) = (self.copy_count(context, copy), copy.get("input")) else {
            return Err(Broken(null));
        };
        let count = match count {
            Ok(count) => count,
            Err(stop) => {
                self.report_stop(stop, copy.span);
                return Err(Broken(null));
            }
        };
        let name = copy.get("name").and_then(Value::as_str).unwrap_or_default();
        let mut broken = false;
        let mut items = Vec::new();
        for index in 0..count {
            let item = self.value(&context.within(name, index, false), input);
            broken |= item.is_err();
            items.push(Broken::or_partial(item));
        }
        let value = Value::new(copy.span, Data::Array(items));
        if broken { Err(Broken(value)) } else { Ok(value) }
    }

    /// How often a loop runs.
    ///
    /// # Errors
    /// `arm.copy-count` if the count is no integer from 0 to [`MAX_COPIES`].
    pub(super) fn copy_count(&mut self, context: &Context, copy: &Value) -> Answer<i64> {
        let Some(written) = copy.get("count") else {
            return Err(Diagnostic::error("arm.copy-count", "the loop has no `count`").at(copy.span).into());
        };
        let Ok(count) = self.value(context, written) else { return Err(super::stop::Stop::Reported) };
        match count.as_u64() {
            Some(number) if number <= MAX_COPIES => Ok(number as i64),
            _ => {
                let message = format!("a loop runs 0 to {MAX_COPIES} times, not {}", super::evaluate::brief(&count));
                Err(Diagnostic::error("arm.copy-count", message).at(written.span).into())
            }
        }
    }

    /// The number of the iteration that `copyIndex(name)` asks for; without a name, that of the resource or output.
    pub(super) fn copy_index(context: &Context, name: Option<&str>) -> Answer<i64> {
        let found = match name {
            Some(name) => context.loops.iter().rev().find(|around| around.name.eq_ignore_ascii_case(name)),
            None => context.loops.iter().rev().find(|around| around.main).or(context.loops.last()),
        };
        found.map(|around| around.index).ok_or_else(|| match name {
            Some(name) => wrong(format!("there is no loop '{name}' around this expression")),
            None => wrong("there is no loop around this expression"),
        })
    }
}
