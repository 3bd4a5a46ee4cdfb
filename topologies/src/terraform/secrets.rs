//! Takes out what nobody may see: what Terraform marks as sensitive, and what its name gives away. It is neither in the
//! values that are read nor in the text that messages quote.

use super::listing::Form;
use crate::json::{Data, Member, Value};
use crate::secret::is_secret;
use sim_core::source::Span;
use std::collections::BTreeSet;

/// What stands for a sensitive value.
const HIDDEN: &str = "<sensitive>";

/// Types that hold nothing but secrets.
const SECRET_TYPES: [&str; 4] =
    ["azurerm_key_vault_secret", "azurerm_key_vault_certificate", "random_password", "tls_private_key"];

/// Hides all that is sensitive in a file, and gives the places where it stood.
pub(super) fn hide(file: &mut Value, form: Form) -> Vec<Span> {
    let mut hiding = Hiding::default();
    hiding.variables(file);
    for outputs in [&["outputs"][..], &["planned_values", "outputs"], &["values", "outputs"]] {
        let list = at(file, outputs).map(members_mut).unwrap_or_default();
        for output in list {
            if output.value.get("sensitive").and_then(Value::as_bool) == Some(true) {
                at(&mut output.value, &["value"]).into_iter().for_each(|value| hiding.take(value));
            }
        }
    }
    match form {
        Form::State => hiding.state(file),
        Form::Plan | Form::ShownState => {
            for root in [&["planned_values"][..], &["prior_state", "values"], &["values"]] {
                let values = at(file, root).and_then(|values| at(values, &["root_module"]));
                values.into_iter().for_each(|module| hiding.module(module));
            }
            for list in ["resource_changes", "resource_drift"] {
                for change in at(file, &[list]).map(items_mut).unwrap_or_default() {
                    at(change, &["change"]).into_iter().for_each(|change| hiding.change(change));
                }
            }
            for output in at(file, &["output_changes"]).map(members_mut).unwrap_or_default() {
                hiding.change(&mut output.value);
            }
        }
    }
    hiding.names(file);
    // What stands in the configuration is the same text once more.
    for part in ["configuration", "variables"] {
        at(file, &[part]).into_iter().for_each(|part| hiding.copies(part));
    }
    hiding.places
}

#[derive(Default)]
struct Hiding {
    places: Vec<Span>,
    texts: BTreeSet<String>,
}

impl Hiding {
    /// Hides a value with all in it.
    fn take(&mut self, value: &mut Value) {
        match &mut value.data {
            Data::Null => {}
            Data::Array(items) => items.iter_mut().for_each(|item| self.take(item)),
            Data::Object(members) => members.iter_mut().for_each(|member| self.take(&mut member.value)),
            Data::String(text) if text.is_empty() || text == HIDDEN => {}
            data => {
                if let Data::String(text) = data {
                    self.texts.insert(std::mem::take(text));
                }
                *data = HIDDEN.into();
                self.places.push(value.span);
            }
        }
    }

    /// Hides what a mask of the same shape marks with true.
    fn masked(&mut self, value: &mut Value, mask: &Value) {
        match (&mut value.data, &mask.data) {
            (_, Data::Bool(true)) => self.take(value),
            (Data::Array(items), Data::Array(masks)) => {
                items.iter_mut().zip(masks).for_each(|(item, mask)| self.masked(item, mask));
            }
            (Data::Object(members), Data::Object(masks)) => {
                for mask in masks {
                    let marked = members.iter_mut().find(|member| member.key == mask.key);
                    marked.into_iter().for_each(|member| self.masked(&mut member.value, &mask.value));
                }
            }
            _ => {}
        }
    }

    fn pair(&mut self, holder: &mut Value, value: &str, mask: &str) {
        if let Some(mask) = holder.get(mask).cloned() {
            at(holder, &[value]).into_iter().for_each(|value| self.masked(value, &mask));
        }
    }

    fn change(&mut self, change: &mut Value) {
        self.pair(change, "before", "before_sensitive");
        self.pair(change, "after", "after_sensitive");
    }

    /// The nesting of modules is bounded by that of the file.
    fn module(&mut self, module: &mut Value) {
        for resource in at(module, &["resources"]).map(items_mut).unwrap_or_default() {
            self.pair(resource, "values", "sensitive_values");
        }
        for inner in at(module, &["child_modules"]).map(items_mut).unwrap_or_default() {
            self.module(inner);
        }
    }

    fn state(&mut self, file: &mut Value) {
        for resource in at(file, &["resources"]).map(items_mut).unwrap_or_default() {
            let kind = resource.get("type").and_then(Value::as_str).unwrap_or_default();
            let of_secrets = SECRET_TYPES.contains(&kind);
            for instance in at(resource, &["instances"]).map(items_mut).unwrap_or_default() {
                let paths = instance.get("sensitive_attributes").cloned();
                let Some(attributes) = at(instance, &["attributes"]) else { continue };
                if of_secrets {
                    self.take(attributes);
                }
                for path in paths.iter().flat_map(Value::items) {
                    if let Some(value) = marked(attributes, path) {
                        self.take(value);
                    }
                }
            }
        }
    }

    fn variables(&mut self, file: &mut Value) {
        let declared =
            file.path(&["configuration", "root_module", "variables"]).map(Value::members).unwrap_or_default();
        let sensitive = |member: &&Member| member.value.get("sensitive").and_then(Value::as_bool) == Some(true);
        let names: Vec<String> = declared.iter().filter(sensitive).map(|member| member.key.clone()).collect();
        for name in names {
            at(file, &["variables", &name, "value"]).into_iter().for_each(|value| self.take(value));
            let default = at(file, &["configuration", "root_module", "variables", &name, "default"]);
            default.into_iter().for_each(|value| self.take(value));
        }
    }

    /// Hides by name, whatever a file says of it: states of older versions mark nothing.
    fn names(&mut self, value: &mut Value) {
        match &mut value.data {
            Data::Array(items) => items.iter_mut().for_each(|item| self.names(item)),
            Data::Object(members) => {
                for member in members {
                    if is_secret(&member.key) && !is_flag(&member.value) {
                        self.take(&mut member.value);
                    } else {
                        self.names(&mut member.value);
                    }
                }
            }
            _ => {}
        }
    }

    /// Hides texts that were hidden elsewhere.
    fn copies(&mut self, value: &mut Value) {
        match &mut value.data {
            Data::Array(items) => items.iter_mut().for_each(|item| self.copies(item)),
            Data::Object(members) => members.iter_mut().for_each(|member| self.copies(&mut member.value)),
            Data::String(text) if self.texts.contains(text) => self.take(value),
            _ => {}
        }
    }
}

/// Masks (`"admin_password": true`) and switches say nothing.
fn is_flag(value: &Value) -> bool {
    matches!(value.data, Data::Bool(_))
}

/// What a path of a state file leads to: `[{"type": "get_attr", "value": "x"}, {"type": "index", "value": ...}]`.
fn marked<'v>(attributes: &'v mut Value, path: &Value) -> Option<&'v mut Value> {
    let mut value = attributes;
    for step in path.items() {
        let step = step.get("value")?;
        // Keys of an index are written with their type.
        let step = step.get("value").unwrap_or(step);
        value = match &mut value.data {
            Data::Object(members) => {
                let key = step.as_str()?;
                &mut members.iter_mut().find(|member| member.key == key)?.value
            }
            Data::Array(items) => items.get_mut(usize::try_from(step.as_u64()?).ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

fn at<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, key| {
        members_mut(value).iter_mut().find(|member| member.key == *key).map(|member| &mut member.value)
    })
}

fn members_mut(value: &mut Value) -> &mut [Member] {
    if let Data::Object(members) = &mut value.data { members } else { &mut [] }
}

fn items_mut(value: &mut Value) -> &mut [Value] {
    if let Data::Array(items) = &mut value.data { items } else { &mut [] }
}
