//! The configuration in a plan: which attribute of a resource was made from which others.

use super::MAX_MODULE_DEPTH;
use super::entry::Entry;
use super::traversal::{Module, plain};
use crate::json::Value;
use std::collections::BTreeMap;

/// Resources and modules of the configuration, by their addresses without keys.
#[derive(Debug, Default)]
pub(super) struct Configuration<'f> {
    resources: BTreeMap<String, &'f Value>,
    modules: BTreeMap<String, Called<'f>>,
    /// By key, such as `azurerm` and `azurerm.hub`.
    pub(super) providers: BTreeMap<&'f str, &'f Value>,
    /// Values of the root module's variables.
    variables: Option<&'f Value>,
}

/// A module with the call that brings it in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called<'f> {
    pub(super) module: &'f Value,
    /// None for the root.
    pub(super) call: Option<&'f Value>,
}

impl<'f> Configuration<'f> {
    /// What a plan says of its configuration; of a state there is none.
    pub(super) fn of(plan: &'f Value) -> Self {
        let mut found = Self { variables: plan.get("variables"), ..Self::default() };
        if let Some(configuration) = plan.get("configuration") {
            let providers = configuration.get("provider_config").map(Value::members).unwrap_or_default();
            found.providers = providers.iter().map(|member| (member.key.as_str(), &member.value)).collect();
            if let Some(root) = configuration.get("root_module") {
                found.add(String::new(), Called { module: root, call: None }, 0);
            }
        }
        found
    }

    fn add(&mut self, prefix: String, called: Called<'f>, depth: usize) {
        if depth > MAX_MODULE_DEPTH {
            return;
        }
        for resource in called.module.get("resources").map(Value::items).unwrap_or_default() {
            if let Some(address) = resource.get("address").and_then(Value::as_str) {
                self.resources.insert(format!("{prefix}{address}"), resource);
            }
        }
        for call in called.module.get("module_calls").map(Value::members).unwrap_or_default() {
            if let Some(module) = call.value.get("module") {
                let inside = Called { module, call: Some(&call.value) };
                self.add(format!("{prefix}module.{}.", call.key), inside, depth + 1);
            }
        }
        self.modules.insert(prefix, called);
    }

    /// What was written for a resource.
    pub(super) fn resource(&self, entry: &Entry<'_>) -> Option<&'f Value> {
        self.resources.get(&format!("{}{}", plain(&entry.modules), entry.resource())).copied()
    }

    /// A module by the way to it.
    pub(super) fn module(&self, modules: &[Module]) -> Option<Called<'f>> {
        self.modules.get(&plain(modules)).copied()
    }

    /// The value of a variable of the root module.
    pub(super) fn variable(&self, name: &str) -> Option<&'f Value> {
        self.variables?.get(name)?.get("value")
    }
}
