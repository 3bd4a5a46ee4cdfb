//! `vnetsim explain`: what a code means.

use super::{Console, Exit};
use crate::codes;
use clap::Args;
use std::fmt::Write;
use topologies::diagnostic::{Diagnostic, nearest};

/// Says what a code means and how to mend what it stands for.
///
/// Codes are the reasons why packets are dropped, such as security-rule, and those in brackets in messages about input, such
/// as scenario.value. Without a code, all are listed.
///
/// Example: vnetsim explain security-rule
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Names the code, such as `security-rule`.
    code: Option<String>,
}

pub(super) fn run(arguments: &ExplainArgs, console: &Console) -> Exit {
    let Some(wanted) = &arguments.code else {
        let mut list = String::new();
        for it in codes::all() {
            // A String takes everything.
            let _ = writeln!(list, "{:<30} {}", it.code, it.meaning);
        }
        return console.print(&list, Exit::Fine);
    };
    if let Some(it) = codes::find(&wanted.to_lowercase()) {
        return console.print(&format!("{}\n\n{}\n\nHow to mend it: {}\n", it.code, it.meaning, it.mend), Exit::Fine);
    }
    let error = Diagnostic::error("usage", format!("`{wanted}` is no code of this program"));
    let error = match nearest(wanted, codes::all().map(|it| it.code)) {
        Some(name) => error.help(format!("did you mean `{name}`?")),
        None if wanted.starts_with(|first: char| first.is_ascii_uppercase()) => {
            error.help("codes in this form are Azure's own: the finding that shows it says what Azure would refuse")
        }
        None => error.help("`vnetsim explain` lists all codes"),
    };
    console.fail(&error)
}
