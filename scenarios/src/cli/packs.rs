//! `vnetsim packs`: the requirement packs that the program has.

use super::{Console, Exit};
use crate::packs::{OWN, own};
use clap::Args;
use std::fmt::Write;
use topologies::diagnostic::{Diagnostic, nearest};

/// Prints a requirement pack, to be copied and changed.
///
/// Without a name, the packs there are are listed. `vnetsim check FILE --for NAME` tries one, and also a file of your own.
///
/// Example: vnetsim packs registry > our-registry.yaml
#[derive(Debug, Args)]
pub(super) struct PacksArgs {
    /// Names the pack, such as `registry`.
    name: Option<String>,
}

pub(super) fn run(arguments: &PacksArgs, console: &Console) -> Exit {
    let Some(wanted) = &arguments.name else {
        let mut list = String::new();
        for pack in own() {
            // A String takes everything.
            let _ = writeln!(list, "{:<18} {}", pack.name, pack.title);
        }
        return console.print(&list, Exit::Fine);
    };
    let names = || OWN.iter().map(|own| own.name);
    match OWN.iter().find(|own| own.name.eq_ignore_ascii_case(wanted)) {
        Some(own) => console.print(own.text, Exit::Fine),
        None => {
            let error = Diagnostic::error("usage", format!("there is no pack `{wanted}`"))
                .note(None, format!("packs are {}", names().collect::<Vec<_>>().join(", ")));
            console.fail(&match nearest(wanted, names()) {
                Some(name) => error.help(format!("did you mean `{name}`?")),
                None => error,
            })
        }
    }
}
