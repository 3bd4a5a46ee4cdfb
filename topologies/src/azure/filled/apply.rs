//! Does what the table says to one resource and its parts.

use super::super::id::{child, name_of};
use super::super::read::text;
use super::around::{self, Around};
use super::table::{self, Condition, Fill, Line, Path, Root, Step};
use super::{put, trim};
use crate::arm;
use crate::json::{Data, Member, Value};
use sim_core::source::Span;

/// The first version in whose answers parts and children have a type.
const TYPED_PARTS: &str = "2018-07-01";

/// What is the same for a resource and all of its parts.
pub(super) struct Filling<'f> {
    /// Version of the API; empty for the newest.
    pub(super) version: &'f str,
    pub(super) whole_id: &'f str,
    /// The resource as it was sent.
    pub(super) whole: &'f Value,
    pub(super) around: &'f Around<'f>,
}

impl Filling<'_> {
    /// Fills in a resource, or a part of one, of this type. `place` is where the part stands in the whole.
    pub(super) fn resource(&self, kind: &str, id: &str, place: &str, body: &mut Value) {
        let lines = table::lines(kind);
        if !matches!(body.get("properties").map(|it| &it.data), Some(Data::Object(_))) {
            put(body, "properties", Data::Object(Vec::new()));
        }
        self.references(&lines, body);
        for line in &lines {
            if !self.applies(line, body) {
                continue;
            }
            match &line.fill {
                Fill::Parts { kind, always } => self.parts(kind, *always, id, place, &line.path, body),
                _ => self.line(line, id, place, body),
            }
        }
        let typed = super::super::id::parent(id).is_none() || self.version.is_empty() || self.version >= TYPED_PARTS;
        if table::knows(kind) && typed {
            put(body, "type", kind.into());
        }
    }

    /// Cuts references down, in everything but the parts, which did it themselves.
    fn references(&self, lines: &[&Line], body: &mut Value) {
        let is_parts = |key: &str| {
            let named = |line: &&&Line| line.path.steps.last().is_some_and(|step| step.name.eq_ignore_ascii_case(key));
            lines.iter().filter(named).any(|line| matches!(line.fill, Fill::Parts { .. }))
        };
        let Some(properties) = member_mut(body, "properties") else { return };
        let Data::Object(members) = &mut properties.data else { return };
        for member in members.iter_mut().filter(|member| !is_parts(&member.key)) {
            trim::references(&mut member.value, self.whole_id);
        }
    }

    fn applies(&self, line: &Line, body: &Value) -> bool {
        let newest = self.version.is_empty();
        line.since.is_none_or(|since| newest || self.version >= since)
            && line.before.is_none_or(|before| !newest && self.version < before)
            && line.conditions.iter().all(|condition| self.holds(condition, body))
    }

    fn holds(&self, condition: &Condition, body: &Value) -> bool {
        let found = self.found(&condition.path, body);
        let fits = |value: &&Value| {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            condition.texts.is_empty() || condition.texts.iter().any(|text| shown.eq_ignore_ascii_case(text))
        };
        found.filter(|value| !value.is_null()).as_ref().is_some_and(fits) == condition.holds
    }

    fn found<'v>(&'v self, path: &Path, body: &'v Value) -> Option<&'v Value> {
        let root = match path.root {
            Root::Body => body,
            Root::Whole => self.whole,
            Root::Properties => body.get("properties")?,
        };
        path.steps.iter().try_fold(root, |value, step| {
            let value = value.get(step.name)?;
            if step.each { value.items().first() } else { Some(value) }
        })
    }

    fn parts(&self, kind: &str, always: bool, id: &str, place: &str, path: &Path, body: &mut Value) {
        let Some(step) = path.steps.last() else { return };
        let span = body.span;
        each(body, path, &mut |object| {
            if always && object.get(step.name).is_none() {
                put(object, step.name, Data::Array(Vec::new()));
            }
            let Some(list) = member_mut(object, step.name) else { return };
            let Data::Array(items) = &mut list.data else { return };
            for (n, part) in items.iter_mut().enumerate() {
                if part.as_object().is_none() {
                    continue;
                }
                let own = text(part, "name").or_else(|| text(part, "id").map(name_of)).map(str::to_owned);
                let own = own.unwrap_or_else(|| format!("{}{n}", step.name));
                let id = child(id, step.name, &own);
                put(part, "id", id.to_string().into());
                put(part, "name", own.as_str().into());
                let place = format!("{}[{n}]", shown(place, path));
                put(part, "etag", self.made(&format!("{place}.etag")));
                self.resource(kind, &id, &place, part);
            }
            list.span = if list.items().is_empty() { span } else { list.span };
        });
    }

    /// The placeholder for something that Azure makes up.
    fn made(&self, path: &str) -> Data {
        format!("<reference({}).{path}>", self.whole_id).into()
    }

    fn line(&self, line: &Line, id: &str, place: &str, body: &mut Value) {
        let Some(step) = line.path.steps.last() else { return };
        // What depends on more than the place is worked out first.
        let ready = match &line.fill {
            Fill::Copy(from) => self.found(from, body).map(|value| value.data.clone()),
            Fill::Text(form) => self.text(form, id, body).map(Data::from),
            Fill::Uuid(form) => self.text(form, id, body).map(|text| arm::guid(&[&text]).into()),
            Fill::Refs { list, path } => self.referring(list, path, id, body.span),
            Fill::Ask(word) => match self.around.ask(word, id, body, self.whole) {
                None if !self.around.is_known() && around::needs_network(word) => {
                    Some(self.made(&shown(place, &line.path)))
                }
                answer => answer,
            },
            Fill::Value(value) => Some(value.data.clone()),
            Fill::Made => Some(self.made(&shown(place, &line.path))),
            Fill::Drop | Fill::DropEmpty | Fill::Case(_) | Fill::Plain | Fill::Parts { .. } => None,
        };
        each(body, &line.path, &mut |object| match &line.fill {
            Fill::Drop => remove(object, step.name),
            Fill::DropEmpty => {
                if object.get(step.name).is_some_and(|list| list.items().is_empty()) {
                    remove(object, step.name);
                }
            }
            Fill::Plain => {
                if let Some(member) = member_mut(object, step.name)
                    && let Some(data) = member.as_bool().map(Data::from).or_else(|| member.as_i64().map(Data::from))
                {
                    member.data = data;
                }
            }
            Fill::Case(words) => spell(object, step, words),
            _ => {
                if let (None, Some(data)) = (object.get(step.name), &ready) {
                    let span = object.span;
                    put(object, step.name, Value::new(span, data.clone()).moved_to(span).data);
                }
            }
        });
    }

    /// A text with `{path}`, `{id}` and `{name}` replaced; `None` where one of them is absent.
    fn text(&self, form: &'static str, id: &str, body: &Value) -> Option<String> {
        let mut out = String::new();
        let mut rest = form;
        while let Some((before, after)) = rest.split_once('{') {
            let (path, next) = after.split_once('}')?;
            out.push_str(before);
            match path {
                "id" => out.push_str(id),
                "name" => out.push_str(name_of(id)),
                path => {
                    let found = self.found(&Path::read(path), body)?;
                    let number = || found.as_i64().map(|number| number.to_string());
                    out.push_str(&found.as_str().map(str::to_owned).or_else(number)?);
                }
            }
            rest = next;
        }
        out.push_str(rest);
        Some(out)
    }

    /// Ids of the parts in another list that name this one; `None` where there are none.
    fn referring(&self, list: &str, path: &[&str], id: &str, span: Span) -> Option<Data> {
        let names = |value: &Value| text(value, "id").is_some_and(|other| other.eq_ignore_ascii_case(id));
        let points = |item: &&Value| {
            let target = path.iter().try_fold(super::super::read::inner(item), |value, key| value.get(key));
            target.is_some_and(|target| names(target) || target.items().iter().any(names))
        };
        let all = super::super::read::inner(self.whole).get(list)?.items();
        let ids = all.iter().filter(points).filter_map(|item| {
            let own = text(item, "name").or_else(|| text(item, "id").map(name_of))?;
            Some(reference(&child(self.whole_id, list, own), span))
        });
        let ids: Vec<Value> = ids.collect();
        (!ids.is_empty()).then_some(Data::Array(ids))
    }
}

/// `{"id": ...}`
pub(super) fn reference(id: &str, span: Span) -> Value {
    let value = Value::new(span, id.into());
    Value::new(span, Data::Object(vec![Member::new("id", value)]))
}

/// A path as a placeholder names it, from the whole on.
fn shown(place: &str, path: &Path) -> String {
    let names: Vec<&str> = path.steps.iter().map(|step| step.name).collect();
    let root = if path.root == Root::Properties { "properties." } else { "" };
    let dot = if place.is_empty() { "" } else { "." };
    format!("{place}{dot}{root}{}", names.join("."))
}

/// Runs over every object that holds the last member of a path.
fn each(body: &mut Value, path: &Path, visit: &mut dyn FnMut(&mut Value)) {
    let Some((_, before)) = path.steps.split_last() else { return };
    match path.root {
        Root::Body => walk(body, before, visit),
        Root::Properties => {
            if let Some(properties) = member_mut(body, "properties") {
                walk(properties, before, visit);
            }
        }
        Root::Whole => {}
    }
}

fn walk(value: &mut Value, steps: &[Step], visit: &mut dyn FnMut(&mut Value)) {
    let Some((step, rest)) = steps.split_first() else {
        if value.as_object().is_some() {
            visit(value);
        }
        return;
    };
    let Some(next) = member_mut(value, step.name) else { return };
    match &mut next.data {
        Data::Array(items) if step.each => items.iter_mut().for_each(|item| walk(item, rest, visit)),
        _ => walk(next, rest, visit),
    }
}

pub(super) fn member_mut<'v>(object: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    let Data::Object(members) = &mut object.data else { return None };
    members.iter_mut().find(|member| member.key.eq_ignore_ascii_case(key)).map(|member| &mut member.value)
}

pub(super) fn remove(object: &mut Value, key: &str) {
    if let Data::Object(members) = &mut object.data {
        members.retain(|member| !member.key.eq_ignore_ascii_case(key));
    }
}

fn spell(object: &mut Value, step: &Step, words: &[&str]) {
    let Some(value) = member_mut(object, step.name) else { return };
    let spelled = |value: &mut Value| {
        let own = value.as_str().and_then(|text| words.iter().find(|word| word.eq_ignore_ascii_case(text)));
        if let Some(word) = own {
            value.data = (*word).into();
        }
    };
    match &mut value.data {
        Data::Array(items) => items.iter_mut().for_each(spelled),
        _ => spelled(value),
    }
}
