//! `vnetsim assumptions`: what is assumed where nothing is published.

use super::{Console, Exit, Format};
use clap::Args;
use serde_json::json;
use std::fmt::Write;
use topologies::facts;

/// Lists every timing and size that is assumed, with its source and the reason for it.
///
/// Results depend on these values. Each has a name, a value, a unit, where it is from, and why it is what it is.
///
/// Example: vnetsim assumptions --format json
#[derive(Debug, Args)]
pub(super) struct AssumptionsArgs {
    /// Chooses how the list is written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &AssumptionsArgs, console: &Console) -> Exit {
    let text = match arguments.format {
        Format::Text => text(),
        Format::Json => json(),
    };
    console.print(&text, Exit::Fine)
}

fn text() -> String {
    let mut out = String::new();
    for entry in facts::assumptions().iter() {
        // A String takes everything.
        let _ = writeln!(
            out,
            "{} = {} {}\n    source: {}\n    {}",
            entry.name, entry.value, entry.unit, entry.source, entry.why
        );
    }
    out
}

fn json() -> String {
    let entries: Vec<_> = facts::assumptions()
        .iter()
        .map(|it| json!({"name": it.name, "value": it.value, "unit": it.unit, "source": it.source, "why": it.why}))
        .collect();
    format!("{:#}\n", json!({ "assumptions": entries }))
}
