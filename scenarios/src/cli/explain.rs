//! `vnetsim explain`: what a code means.

use super::{Console, Exit};
use crate::codes::{self, Explanation};
use clap::Args;
use std::fmt::Write;
use topologies::diagnostic::{Diagnostic, nearest};

/// Says what a code means and how to mend what it stands for.
///
/// Codes are the reasons why packets are dropped, such as security-rule, and those in brackets in messages about input, such
/// as scenario.value. Azure's own codes, such as SubnetIsFull, are known too. Without a code, all but those are listed.
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
        return console.print(&text(it), Exit::Fine);
    }
    if let Some(it) = codes::refused().find(|it| it.code.eq_ignore_ascii_case(wanted)) {
        let text =
            format!("{}\n\nAzure refuses what breaks this rule: {}\n\nSource: {}\n", it.code, it.rule, it.source);
        return console.print(&text, Exit::Fine);
    }
    let error = Diagnostic::error("usage", format!("`{wanted}` is no code of this program"));
    let error = match nearest(wanted, codes::all().map(|it| it.code)) {
        Some(name) => error.help(format!("did you mean `{name}`?")),
        None if wanted.starts_with(|first: char| first.is_ascii_uppercase()) => {
            error.help("codes in this form are Azure's own; docs/reasons.md lists those that are given here")
        }
        None => error.help("`vnetsim explain` lists all codes"),
    };
    console.fail(&error)
}

/// Everything that is known of a code, as `docs/reasons.md` has it.
fn text(it: &Explanation) -> String {
    let mut parts = vec![it.code.to_owned(), it.meaning.to_owned()];
    if let Some(way) = it.way() {
        parts.push(format!("Where: {}", way.arises));
        parts.push(format!("What the client sees: {}", way.seen));
    }
    parts.push(format!("How to mend it: {}", it.mend));
    if let Some(way) = it.way() {
        if !way.edit.is_empty() {
            parts.push(format!("Proposed edit: {}", way.edit));
        }
        parts.push(format!("Source: {}", way.source));
    }
    parts.join("\n\n") + "\n"
}
