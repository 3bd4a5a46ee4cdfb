//! Parameters: given values, defaults, and what stands in where there is neither.

use std::rc::Rc;

use sim_core::source::Span;

use super::evaluate::{Broken, brief};
use super::frame::{Slot, SlotSource, SlotState};
use super::hash::unique_string;
use super::runtime::is_placeholder;
use super::session::{Context, FrameId, Session};
use crate::diagnostic::{Diagnostic, nearest};
use crate::json::{Data, Member, Value};
use crate::secret;

/// A value given for a parameter: the object with `value` or `reference`.
#[derive(Clone, Debug)]
pub(super) struct Given {
    value: Rc<Value>,
    /// Where its expressions are evaluated; values from a parameters file hold none.
    context: Option<Context>,
}

impl Session {
    /// Fills a frame's table from the template's declarations and the given values.
    pub(super) fn bind_parameters(&mut self, frame: FrameId, given: Option<&Value>, context: Option<&Context>) {
        let template = Rc::clone(&self.frame(frame).template);
        let declared = template.get("parameters").map(Value::members).unwrap_or_default();
        let given = given.map(Value::members).unwrap_or_default();
        self.note_secrets(frame, declared, given);
        for member in given {
            let known = declared.iter().any(|other| other.key.eq_ignore_ascii_case(&member.key));
            if !known && !member.key.starts_with('$') {
                let message = format!("a value is given for '{}', which the template does not define", member.key);
                let mut diagnostic = Diagnostic::error("arm.unknown-parameter", message).at(member.key_span);
                if let Some(near) = nearest(&member.key, declared.iter().map(|other| other.key.as_str())) {
                    diagnostic = diagnostic.help(format!("did you mean '{near}'?"));
                }
                self.report(diagnostic);
            }
        }
        let slots = declared.iter().map(|member| {
            let given = given.iter().find(|other| other.key.eq_ignore_ascii_case(&member.key));
            let given = given.map(|given| Given { value: Rc::new(given.value.clone()), context: context.cloned() });
            Slot {
                name: member.key.clone(),
                span: member.key_span,
                source: SlotSource::Parameter { declaration: Rc::new(member.value.clone()), given },
                state: SlotState::Pending,
            }
        });
        self.frames[frame.0].parameters = slots.collect();
    }

    /// Keeps what secure parameters hold, and what is given for parameters that nobody declares: it may be meant for one.
    fn note_secrets(&mut self, frame: FrameId, declared: &[Member], given: &[Member]) {
        let mut secrets = Vec::new();
        for member in declared {
            let declaration = self.resolved(frame, &member.value);
            if secret::is_secure(&declaration) {
                secrets.extend(declaration.get("defaultValue").cloned());
            }
        }
        for member in given {
            let declaration = declared.iter().find(|other| other.key.eq_ignore_ascii_case(&member.key));
            if declaration.is_none_or(|it| secret::is_secure(&self.resolved(frame, &it.value))) {
                let value = member.value.get("value").unwrap_or(&member.value);
                secrets.extend(Some(value).filter(|it| it.as_str().is_none_or(|it| generated(it).is_none())).cloned());
            }
        }
        self.secrets.append(&mut secrets);
    }

    /// The value of one parameter. A placeholder stands for that of a secure one, unless it is empty: what is computed from
    /// it then holds no secret.
    pub(super) fn parameter(
        &mut self,
        frame: FrameId,
        index: usize,
        declaration: &Value,
        given: Option<&Given>,
    ) -> Result<Value, Broken> {
        let slot = &self.frame(frame).parameters[index];
        let (name, span) = (slot.name.clone(), slot.span);
        let declaration = &self.resolved(frame, declaration);
        if let Some(given) = given {
            let value = self.given(&name, given)?;
            // Null means "use the default", as Bicep's modules rely on.
            if let Some(value) = value.filter(|value| !value.is_null()) {
                self.check_value(&name, declaration, &value);
                return Ok(hidden(value, &name, declaration));
            }
        }
        if let Some(default) = declaration.get("defaultValue") {
            let value = self.value(&Context::new(frame), default);
            let hide = |value| hidden(value, &name, declaration);
            return value.map(hide).map_err(|Broken(partial)| Broken(hide(partial)));
        }
        if declaration.get("nullable").and_then(Value::as_bool) == Some(true) {
            return Ok(Value::new(span, Data::Null));
        }
        Ok(self.stand_in(&name, declaration, span))
    }

    /// The given value; `None` if an expression in its place says that there is none.
    fn given(&mut self, name: &str, given: &Given) -> Result<Option<Value>, Broken> {
        let context = given.context.as_ref().map(|context| context.clone().at_runtime());
        let entry = match &context {
            // In a nested deployment the whole entry may be an expression.
            Some(context) if given.value.as_str().is_some() => self.value(context, &given.value)?,
            _ => Value::clone(&given.value),
        };
        if entry.is_null() && context.is_some() {
            return Ok(None);
        }
        if let Some(value) = entry.get("value") {
            return match &context {
                Some(_) if given.value.as_str().is_some() => Ok(Some(value.clone())),
                Some(context) => self.value(context, value).map(Some),
                None => Ok(Some(self.filled(value))),
            };
        }
        if entry.get("reference").is_some() {
            let text = "the value is a secret in a Key Vault; a placeholder stands for it";
            self.assume("arm.secret", name, text, Some(entry.span));
            return Ok(Some(Value::new(entry.span, format!("<secret {name}>").into())));
        }
        let message = format!("the value given for '{name}' has neither `value` nor `reference`");
        self.report(Diagnostic::error("arm.parameters-file", message).at(entry.span));
        Err(Broken(Value::new(entry.span, Data::Null)))
    }

    /// A declaration with its `$ref` into the template's `definitions` followed.
    fn resolved(&self, frame: FrameId, declaration: &Value) -> Value {
        /// Types that name types that name types; more is a loop.
        const MAX_HOPS: usize = 16;
        let mut merged = declaration.clone();
        for _ in 0..MAX_HOPS {
            let target =
                merged.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/definitions/"));
            let definition = target.and_then(|target| self.frame(frame).template.path(&["definitions", target]));
            let (Data::Object(members), Some(definition)) = (&mut merged.data, definition) else { break };
            members.retain(|member| member.key != "$ref");
            for member in definition.members() {
                if !members.iter().any(|other| other.key == member.key) {
                    members.push(member.clone());
                }
            }
        }
        merged
    }

    /// What stands for a parameter that has no value. Azure would refuse the deployment or ask.
    fn stand_in(&mut self, name: &str, declaration: &Value, span: Span) -> Value {
        let allowed = declaration.get("allowedValues").map(Value::items).unwrap_or_default();
        let data = match (allowed.first(), kind_of(declaration)) {
            (Some(first), _) => first.data.clone(),
            (None, Kind::Int) => declaration.get("minValue").map_or(0_i64.into(), |least| least.data.clone()),
            (None, Kind::Bool) => false.into(),
            (None, Kind::Array) => Data::Array(Vec::new()),
            (None, Kind::Object) => Data::Object(Vec::new()),
            (None, Kind::String | Kind::Unknown) => format!("<{name}>").into(),
        };
        let value = Value::new(span, data);
        let text = format!("the parameter has no value and no default; it is taken to be {}", brief(&value));
        self.assume("arm.parameter-placeholder", name, text, Some(span));
        value
    }

    /// Checks a given value as Azure does before a deployment (template reference, "Parameters").
    fn check_value(&mut self, name: &str, declaration: &Value, value: &Value) {
        if value.as_str().is_some_and(is_placeholder) {
            return;
        }
        let declared_at = declaration.get("type").map(|kind| kind.span);
        let mut refuse = |code, message: String, note: String| {
            self.report(Diagnostic::error(code, message).at(value.span).note(declared_at, note));
        };
        if !kind_of(declaration).takes(value) {
            let kind = declaration.get("type").and_then(Value::as_str).unwrap_or_default();
            let message = format!("the parameter '{name}' is of type {kind}, the value given is {}", value.kind());
            refuse("arm.parameter-type", message, "its type is declared here".to_owned());
            return;
        }
        let allowed = declaration.get("allowedValues").map(Value::items).unwrap_or_default();
        let is_array =
            matches!(value.data, Data::Array(_)) && !allowed.iter().any(|it| matches!(it.data, Data::Array(_)));
        let fits = |item: &Value| allowed.iter().any(|other| same_allowed(other, item));
        let all_fit = if is_array { value.items().iter().all(fits) } else { fits(value) };
        if !allowed.is_empty() && !all_fit {
            let list: Vec<String> = allowed.iter().take(20).map(ToString::to_string).collect();
            let shown = if secret::is_secure(declaration) { "what is given".to_owned() } else { brief(value) };
            let message = format!("the parameter '{name}' may not be {shown}");
            refuse("arm.parameter-not-allowed", message, format!("allowed are {}", list.join(", ")));
        }
        let (measure, least, most) = match &value.data {
            Data::Number(number) => (number.as_i64(), "minValue", "maxValue"),
            Data::String(text) => (i64::try_from(text.chars().count()).ok(), "minLength", "maxLength"),
            Data::Array(items) => (i64::try_from(items.len()).ok(), "minLength", "maxLength"),
            _ => return,
        };
        let Some(measure) = measure else { return };
        let bound = |key: &str| declaration.get(key).and_then(Value::as_i64);
        if bound(least).is_some_and(|least| measure < least) || bound(most).is_some_and(|most| measure > most) {
            let limits = |key| bound(key).map_or("none".to_owned(), |limit| limit.to_string());
            let note = format!("{least} is {}, {most} is {}", limits(least), limits(most));
            refuse(
                "arm.parameter-out-of-range",
                format!("the parameter '{name}' is out of bounds with {measure}"),
                note,
            );
        }
    }

    /// A value of a parameters file with the quickstart repository's placeholders filled.
    fn filled(&mut self, value: &Value) -> Value {
        let data = match &value.data {
            Data::String(text) => match generated(text) {
                Some(filled) => {
                    let note = format!("the placeholder is filled with {filled:?}");
                    self.assume("arm.quickstart-placeholder", text, note, Some(value.span));
                    filled.into()
                }
                None => {
                    self.note_placeholders(text, value.span);
                    value.data.clone()
                }
            },
            Data::Array(items) => Data::Array(items.iter().map(|item| self.filled(item)).collect()),
            Data::Object(members) => {
                let mut members = members.clone();
                for member in &mut members {
                    member.value = self.filled(&member.value);
                }
                Data::Object(members)
            }
            other => other.clone(),
        };
        Value::new(value.span, data)
    }

    /// States placeholders such as `<subscriptionID>` that people are meant to replace; they stay as they are.
    pub(super) fn note_placeholders(&mut self, text: &str, span: Span) {
        if !text.contains('<') || !(is_placeholder(text) || text.starts_with('/')) {
            return;
        }
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('<') {
            let Some((name, tail)) = after.split_once('>') else { return };
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '.');
            if !name.is_empty() && name.chars().all(plain) {
                let note = "the file holds a placeholder to be replaced; it is taken as it stands";
                self.assume("arm.text-placeholder", &format!("<{name}>"), note, Some(span));
            }
            rest = tail;
        }
    }
}

/// The value, or what stands for that of a secure parameter.
fn hidden(mut value: Value, name: &str, declaration: &Value) -> Value {
    if secret::is_secure(declaration) {
        secret::hide(&mut value, &format!("<secret {name}>"));
    }
    value
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    String,
    Int,
    Bool,
    Array,
    Object,
    Unknown,
}

impl Kind {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::String => matches!(value.data, Data::String(_)),
            Self::Int => matches!(&value.data, Data::Number(number) if number.as_i64().is_some()),
            Self::Bool => matches!(value.data, Data::Bool(_)),
            Self::Array => matches!(value.data, Data::Array(_)),
            Self::Object => matches!(value.data, Data::Object(_)),
            Self::Unknown => true,
        }
    }
}

fn kind_of(declaration: &Value) -> Kind {
    let kind = declaration.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    match kind.as_str() {
        "string" | "securestring" => Kind::String,
        "int" => Kind::Int,
        "bool" => Kind::Bool,
        "array" => Kind::Array,
        "object" | "secureobject" => Kind::Object,
        _ => Kind::Unknown,
    }
}

/// Azure compares allowed strings without regard to letter case.
fn same_allowed(left: &Value, right: &Value) -> bool {
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
        _ => left == right,
    }
}

/// What the quickstart repository's own tests put in place of its placeholders, made from the placeholder alone.
fn generated(text: &str) -> Option<String> {
    let unique = unique_string(text);
    if let Some(rest) = text.strip_prefix("GEN-UNIQUE") {
        let length = match rest.strip_prefix('-') {
            Some(length) => length.parse::<usize>().ok()?,
            None if rest.is_empty() => 18,
            None => return None,
        };
        return Some(format!("ci{unique}{unique}").chars().take(length.max(1)).collect());
    }
    match text {
        "GEN-PASSWORD" => Some(format!("Pw1!{unique}")),
        "GEN-PASSPHRASE" => Some(format!("Pass1!{unique}{unique}")),
        "GEN-SSH-PUB-KEY" => Some(format!("ssh-rsa AAAAB3NzaC1yc2E{unique} ci")),
        "GEN-GUID" => Some(super::uuid::of(text)),
        "GEN-VNET-NAME" => Some("ci-vnet".to_owned()),
        _ => {
            let subnet = text.strip_prefix("GEN-VNET-SUBNET").and_then(|rest| rest.strip_suffix("-NAME"));
            if let Some(number) = subnet {
                return Some(format!("ci-subnet{number}"));
            }
            let made = text.strip_prefix("GET-PREREQ-").or_else(|| text.strip_prefix("GEN-"))?;
            Some(format!("<{made}>"))
        }
    }
}
