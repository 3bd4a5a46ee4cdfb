//! `vnetsim assumptions`: what is assumed where nothing is published.

use super::{Console, Exit, Format};
use clap::Args;
use serde_json::json;
use sim_core::assumption::Assumption;
use std::fmt::Write;
use topologies::facts;

/// Lists what is assumed where nobody knows for certain: Azure's behaviour, timings and sizes, with source and reason.
///
/// Results depend on these. A behaviour has choices, the usual one first, and what hangs on it; `--assume NAME=CHOICE`
/// takes another. A figure has a value, a unit, where it is from, and why it is what it is; `--assume NAME=VALUE` takes
/// another value in that unit.
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
    for one in Assumption::ALL {
        // A String takes everything.
        let _ =
            writeln!(out, "{one} = {}\n    source: {}\n    {}", one.choices().join(" | "), one.source(), one.effect());
    }
    for entry in facts::assumptions().iter() {
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
    let behaviours: Vec<_> = Assumption::ALL
        .iter()
        .map(|one| json!({ "name": one.name(), "choices": one.choices(), "source": one.source(), "effect": one.effect() }))
        .collect();
    format!("{:#}\n", json!({ "assumptions": entries, "behaviours": behaviours }))
}
