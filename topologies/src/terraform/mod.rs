//! Terraform: plans and states as `terraform show -json` prints them, and state files (version 4).
//!
//! An instance of a resource is told in Azure's words: `table` says how, `family` what for each type of azurerm, and
//! `body` does it. A state has every value. Of a plan what will be counts; what is known after apply only, ids above all,
//! is worked out: `ids` makes ids of names, `resolve` follows the references of the `configuration`, and
//! `complete` puts in what they lead to. `join` brings associations to what they change. `secrets` takes out what is
//! sensitive before anything else is read, and `existing` sees to networks of which only names are known.

mod answer;
mod azapi;
mod body;
mod complete;
mod configuration;
mod entry;
mod existing;
mod family;
mod ids;
mod join;
mod listing;
mod resolve;
mod secrets;
mod table;
mod translate;
mod traversal;

#[cfg(test)]
mod tests;

pub(crate) use answer::{to_bytes, to_json};
pub(crate) use translate::read;

use crate::json::Value;
use sim_core::source::Span;

/// Most instances of resources that are read from a file.
pub const MAX_RESOURCES: usize = 50_000;
/// Most values of a file: a plan says most of what it says several times, and is translated as a whole.
pub const MAX_VALUES: usize = 600_000;
/// Deepest nesting of modules that is read.
pub const MAX_MODULE_DEPTH: usize = 32;
/// Most references that are followed for a file.
pub const MAX_REFERENCES: usize = 300_000;
/// Longest chain of references that is followed: an output of a variable of an output.
pub const MAX_REFERENCE_DEPTH: usize = 128;

/// Whether a file is a plan or a state of Terraform's, by its content.
#[must_use]
pub(crate) fn is_terraform(value: &Value) -> bool {
    listing::form(value).is_some()
}

/// Takes everything out of a file that is sensitive, and gives the places where it stood.
pub(crate) fn hide(value: &mut Value) -> Vec<Span> {
    listing::form(value).map(|form| secrets::hide(value, form)).unwrap_or_default()
}
