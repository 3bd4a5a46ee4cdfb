//! Finds the instances in the files of Terraform: plans and states as `terraform show -json` prints them, state files.

use super::entry::{Entry, key_of};
use super::traversal::modules;
use super::{MAX_MODULE_DEPTH, MAX_RESOURCES};
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use std::collections::BTreeSet;

/// Which kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// A state file of version 4.
    State,
    /// What `terraform show -json` prints of a state.
    ShownState,
    /// What it prints of a plan.
    Plan,
}

/// Which kind of file this is, by its content; `None` if it is not Terraform's.
pub(super) fn form(value: &Value) -> Option<Form> {
    let has = |key| value.get(key).is_some();
    if value.get("version").and_then(Value::as_u64) == Some(4) && (has("lineage") || has("terraform_version")) {
        return Some(Form::State);
    }
    value.get("format_version").and_then(Value::as_str)?;
    if has("planned_values") || has("resource_changes") {
        return Some(Form::Plan);
    }
    let bare = value.members().iter().all(|member| member.key == "format_version");
    (has("values") || has("terraform_version") || bare).then_some(Form::ShownState)
}

/// The instances, in the order of the file, and what is wrong with the list.
#[derive(Debug, Default)]
pub(super) struct Listing<'f> {
    pub(super) entries: Vec<Entry<'f>>,
    /// Ids of what a plan deletes.
    pub(super) deleted: Vec<&'f str>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'f> Listing<'f> {
    pub(super) fn of(file: &'f Value, form: Form) -> Self {
        let mut listing = Self::default();
        match form {
            Form::State => listing.state(file),
            Form::ShownState => listing.module(file.path(&["values", "root_module"]), "", 0),
            Form::Plan => {
                listing.module(file.path(&["prior_state", "values", "root_module"]), "", 0);
                // What is managed stands among the changes, as it will be.
                listing.entries.retain(|entry| entry.data);
                let changes = file.get("resource_changes").map(Value::items).unwrap_or_default();
                changes.iter().for_each(|change| listing.change(change));
                // A plan of some targets only has the rest among the planned values.
                let known: BTreeSet<String> = listing.entries.iter().map(|entry| entry.address.clone()).collect();
                let changed = listing.entries.len();
                listing.module(file.path(&["planned_values", "root_module"]), "", 0);
                let rest = listing.entries.split_off(changed);
                listing.entries.extend(rest.into_iter().filter(|entry| !known.contains(&entry.address)));
            }
        }
        listing
    }

    /// A change of a plan: what will be. What is deleted is left out; what Terraform only forgets stays.
    fn change(&mut self, described: &'f Value) {
        let Some(change) = described.get("change") else { return };
        let forgets = |action: &Value| action.as_str() == Some("forget");
        let kept = change.get("actions").is_some_and(|actions| actions.items().iter().all(forgets));
        let side = if kept { "before" } else { "after" };
        let Some(values) = change.get(side).filter(|values| values.as_object().is_some()) else {
            self.deleted.extend(change.path(&["before", "id"]).and_then(Value::as_str));
            return;
        };
        let within = described.get("module_address").and_then(Value::as_str).unwrap_or_default();
        let Some(mut entry) = Entry::of(described, modules(within), values) else { return };
        entry.unknown = change.get("after_unknown").filter(|_| !kept);
        self.add(entry);
    }

    /// A module of a state, with those inside it.
    fn module(&mut self, module: Option<&'f Value>, address: &str, depth: usize) {
        let Some(module) = module else { return };
        if depth > MAX_MODULE_DEPTH {
            let message = format!("{address}: modules deeper than {MAX_MODULE_DEPTH} are not read");
            self.diagnostics.push(Diagnostic::error("terraform.too-deep", message).at(module.span));
            return;
        }
        for described in module.get("resources").map(Value::items).unwrap_or_default() {
            let Some(values) = described.get("values").filter(|values| values.as_object().is_some()) else { continue };
            let entry = Entry::of(described, modules(address), values);
            entry.into_iter().for_each(|entry| self.add(entry));
        }
        for inner in module.get("child_modules").map(Value::items).unwrap_or_default() {
            let address = inner.get("address").and_then(Value::as_str).unwrap_or_default();
            self.module(Some(inner), address, depth + 1);
        }
    }

    fn state(&mut self, file: &'f Value) {
        for resource in file.get("resources").map(Value::items).unwrap_or_default() {
            let text = |key| resource.get(key).and_then(Value::as_str);
            let (Some(kind), Some(name)) = (text("type"), text("name")) else { continue };
            let within = text("module").unwrap_or_default();
            for instance in resource.get("instances").map(Value::items).unwrap_or_default() {
                // What was replaced and not yet deleted.
                if instance.get("deposed").is_some() {
                    continue;
                }
                let key = instance.get("index_key").and_then(key_of);
                if let Some(values) = instance.get("attributes").filter(|values| values.as_object().is_some()) {
                    let data = text("mode") == Some("data");
                    self.add(Entry::new(modules(within), data, (kind, name), key, values));
                } else if instance.get("attributes_flat").is_some() {
                    let message = format!("{kind}.{name} is written as Terraform 0.11 did, and left out");
                    let help = "apply once with a newer Terraform, or give `terraform show -json`";
                    let warning = Diagnostic::warning("terraform.old-state", message).at(instance.span).help(help);
                    self.diagnostics.push(warning);
                }
            }
        }
    }

    fn add(&mut self, entry: Entry<'f>) {
        if self.entries.len() < MAX_RESOURCES {
            self.entries.push(entry);
        } else if !self.diagnostics.iter().any(|diagnostic| diagnostic.code == "terraform.too-many-resources") {
            let message =
                format!("{} and what follows are not read: more than {MAX_RESOURCES} resources", entry.address);
            self.diagnostics.push(Diagnostic::error("terraform.too-many-resources", message).at(entry.span));
        }
    }
}
