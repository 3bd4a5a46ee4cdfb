//! Puts together what Terraform has apart: associations go into the resources that they change.

use super::body::{fill, put};
use super::listing::Form;
use crate::azure::{self, RawResource};
use crate::diagnostic::Diagnostic;
use crate::json::{Data, Value};
use sim_core::source::Span;
use std::collections::BTreeMap;

/// A change of another resource.
#[derive(Debug)]
pub(super) struct Change {
    /// The instance that asks for it.
    pub(super) address: String,
    /// What it changes: a resource, or a part of one.
    pub(super) target: String,
    /// The collection whose every part it changes.
    pub(super) every: Option<&'static str>,
    /// How.
    pub(super) edit: Edit,
    pub(super) span: Span,
}

/// What is changed.
#[derive(Debug)]
pub(super) enum Edit {
    /// An item goes into a list.
    Add(&'static str, Value),
    /// Fields are set over what is there.
    Set(&'static [super::table::Field], Value),
}

/// The resources, each once; of several with one id the last counts.
#[derive(Debug, Default)]
pub(super) struct Joined {
    list: Vec<RawResource>,
    /// By id in lower case, with the rank it came in.
    places: BTreeMap<String, (usize, Rank)>,
}

/// What decides which of two counts: what is managed, over data sources; plans, over states.
pub(super) type Rank = (bool, Form);

impl Joined {
    /// Adds a resource. One that a file manages twice is a warning: Azure has it once.
    pub(super) fn insert(&mut self, rank: Rank, raw: RawResource) -> Option<Diagnostic> {
        let key = raw.id.to_ascii_lowercase();
        let Some((place, before)) = self.places.get_mut(&key) else {
            self.places.insert(key, (self.list.len(), rank));
            self.list.push(raw);
            return None;
        };
        let same = std::mem::replace(before, rank) == rank && rank.0;
        let old = std::mem::replace(&mut self.list[*place], raw);
        let new = &self.list[*place];
        (same && old.span.file == new.span.file).then(|| {
            let message = format!("{} is declared twice; the later one counts", new.id);
            let help = "Terraform would stop: a resource of this name exists already";
            let warning = Diagnostic::warning("terraform.same-id", message).at(new.span).help(help);
            warning.note(Some(old.span), "it is declared here first")
        })
    }

    /// Makes a change; one of something that is not here is a warning.
    pub(super) fn change(&mut self, change: &Change) -> Option<Diagnostic> {
        let Some(target) = self.find(&change.target) else {
            let message = format!("{} is left out: {} is not among what is read", change.address, change.target);
            let help = "give the plan or state that declares it too";
            return Some(Diagnostic::warning("terraform.target-not-read", message).at(change.span).help(help));
        };
        match change.every {
            Some(collection) => {
                list_in(target, collection)?.iter_mut().for_each(|part| change.edit.make(part));
            }
            None => change.edit.make(target),
        }
        None
    }

    /// The body with this id, which may be that of a part inside a resource.
    pub(super) fn find(&mut self, id: &str) -> Option<&mut Value> {
        let id = azure::tidy(id);
        if let Some((place, _)) = self.places.get(&id.to_ascii_lowercase()) {
            return Some(&mut self.list[*place].body);
        }
        self.siblings(&id)?.iter_mut().find(|part| is_named(part, azure::name_of(&id)))
    }

    /// Takes out a part that is deleted: what Terraform writes down of its whole is what was there before.
    pub(super) fn delete(&mut self, id: &str) {
        let id = azure::tidy(id);
        if !self.places.contains_key(&id.to_ascii_lowercase())
            && let Some(parts) = self.siblings(&id)
        {
            parts.retain(|part| !is_named(part, azure::name_of(&id)));
        }
    }

    /// The list inside a resource that the part with this id would be in.
    fn siblings(&mut self, id: &str) -> Option<&mut Vec<Value>> {
        let (whole, _) = *self.places.get(&azure::parent(id)?.to_ascii_lowercase())?;
        list_in(&mut self.list[whole].body, id.rsplit('/').nth(1)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &RawResource> {
        self.list.iter()
    }

    pub(super) fn into_list(self) -> Vec<RawResource> {
        self.list
    }
}

/// A list among the properties of a body.
pub(super) fn list_in<'v>(body: &'v mut Value, collection: &str) -> Option<&'v mut Vec<Value>> {
    let Data::Object(members) = &mut body.data else { return None };
    let properties = members.iter_mut().find(|member| member.key == "properties")?;
    let Data::Object(members) = &mut properties.value.data else { return None };
    let list = members.iter_mut().find(|member| member.key.eq_ignore_ascii_case(collection))?;
    if let Data::Array(parts) = &mut list.value.data { Some(parts) } else { None }
}

fn is_named(part: &Value, name: &str) -> bool {
    part.get("name").and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(name))
}

impl Edit {
    fn make(&self, target: &mut Value) {
        match self {
            Self::Add(list, item) => {
                let present = target.path(&["properties", list]).is_some_and(|list| list.items().contains(item));
                if !present {
                    let items = Value::new(item.span, Data::Array(vec![item.clone()]));
                    put(target, ["properties", list].into_iter(), items);
                }
            }
            Self::Set(fields, values) => {
                for field in *fields {
                    clear(target, field.to);
                }
                // Nothing in these rows is made of the owner's id.
                fill(target, fields, values, "");
            }
        }
    }
}

/// Takes away what a row is about to set: what is associated counts more than what was read of it before.
fn clear(target: &mut Value, path: &str) {
    let mut at = target;
    for key in std::iter::once("properties").chain(path.split('/')) {
        let Data::Object(members) = &mut at.data else { return };
        let Some(member) = members.iter_mut().find(|member| member.key == key) else { return };
        at = &mut member.value;
    }
    if !matches!(at.data, Data::Array(_)) {
        at.data = Data::Null;
    }
}
