//! `vnetsim diff`: what differs between two inputs.

use super::{Console, Exit, Format, Given};
use crate::problem::Place;
use crate::report::text::harmless;
use clap::Args;
use serde::Serialize;
use sim_core::source::Span;
use std::fmt::Write;
use std::path::PathBuf;
use topologies::arm::Environment;
use topologies::{ResourceChange, World, compare};

/// Says which resources are new, gone or different in a second input, and which of their properties.
///
/// Resources are matched by their ids. The exit code is 1 where anything differs. Values are not shown, only their places.
///
/// Example: vnetsim diff before.json after.json
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// Names the first input, a file or a folder.
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,
    /// Names the second input, a file or a folder.
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,
    /// What goes with both.
    #[command(flatten)]
    pub given: Given,
    /// Chooses how the differences are written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Serialize)]
struct Differences {
    changes: Vec<Change>,
}

#[derive(Serialize)]
struct Change {
    id: String,
    /// `new`, `gone` or `changed`.
    change: &'static str,
    #[serde(flatten)]
    places: Places,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Property {
    path: String,
    #[serde(flatten)]
    places: Places,
}

/// File, line and column on both sides.
#[derive(Serialize)]
struct Places {
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

pub(super) fn run(arguments: &DiffArgs, console: &Console) -> Exit {
    let load = |path: &PathBuf| arguments.given.load(std::slice::from_ref(path), &Environment::default(), console);
    // Both are read before either ends the command: all errors in one run.
    let (before, after) = match (load(&arguments.before), load(&arguments.after)) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(exit), _) | (_, Err(exit)) => return exit,
    };
    let changes = compare(&before.resources, &after.resources);
    let exit = if changes.is_empty() { Exit::Fine } else { Exit::Findings };
    let changes = changes.into_iter().map(|change| told(change, &before, &after)).collect();
    let differences = Differences { changes };
    console.result(arguments.format, &differences, || text(&differences), exit)
}

fn told(change: ResourceChange, before: &World, after: &World) -> Change {
    let places = |old: Option<Span>, new: Option<Span>| {
        let place = |span: Option<Span>, world: &World| {
            let found = Place::of(span?, &world.sources)?;
            Some(format!("{}:{}:{}", found.file, found.line, found.column))
        };
        Places { before: place(old, before), after: place(new, after) }
    };
    let word = match (change.before, change.after) {
        (None, _) => "new",
        (_, None) => "gone",
        _ => "changed",
    };
    let properties = change.properties.into_iter();
    Change {
        id: change.id.to_string(),
        change: word,
        places: places(change.before, change.after),
        properties: properties.map(|it| Property { path: it.path, places: places(it.before, it.after) }).collect(),
    }
}

fn text(differences: &Differences) -> String {
    let mut out = String::new();
    let side = |place: &Option<String>| place.clone().unwrap_or_else(|| "nothing".to_owned());
    // A String takes everything.
    for change in &differences.changes {
        let _ = writeln!(out, "{:<7}  {}", change.change, change.id);
        for property in &change.properties {
            let (before, after) = (side(&property.places.before), side(&property.places.after));
            let _ = writeln!(out, "         {}: {before} -> {after}", property.path);
        }
    }
    if differences.changes.is_empty() {
        out.push_str("Nothing differs.\n");
    }
    harmless(&out)
}
