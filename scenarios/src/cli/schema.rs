//! `vnetsim schema`: what files may hold.

use super::{Console, Exit};
use crate::schema::KINDS;
use clap::Args;
use std::fmt::Write;
use topologies::diagnostic::{Diagnostic, nearest};

/// Prints the JSON Schema of a kind of file.
///
/// Editors check and complete files by it. Without a kind, the kinds there are are listed.
///
/// Example: vnetsim schema scenario > scenario.schema.json
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Names the kind of file, such as `scenario`.
    kind: Option<String>,
}

pub(super) fn run(arguments: &SchemaArgs, console: &Console) -> Exit {
    let Some(wanted) = &arguments.kind else {
        let mut list = String::new();
        for kind in KINDS {
            // A String takes everything.
            let _ = writeln!(list, "{:<12} {}", kind.name, kind.about);
        }
        return console.print(&list, Exit::Fine);
    };
    let names = || KINDS.iter().map(|kind| kind.name);
    match KINDS.iter().find(|kind| kind.name == wanted) {
        Some(kind) => console.print(&kind.text(), Exit::Fine),
        None => {
            let error = Diagnostic::error("usage", format!("`{wanted}` is no kind of file that has a schema"))
                .note(None, format!("kinds are {}", names().collect::<Vec<_>>().join(", ")));
            console.fail(&match nearest(wanted, names()) {
                Some(name) => error.help(format!("did you mean `{name}`?")),
                None => error,
            })
        }
    }
}
