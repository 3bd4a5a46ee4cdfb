//! `vnetsim list`: everything in an input that can be named as an end of a connection.

use super::{Console, Exit, Format, Inputs};
use crate::naming;
use crate::report::text::harmless;
use clap::Args;
use serde_json::json;
use std::fmt::Write;

/// Lists everything in an input that can be named as an end of a connection.
///
/// Each has a name, a kind, its addresses and its resource id. `Internet` stands for everybody else outside.
///
/// Example: vnetsim list main.json
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// What is looked at.
    #[command(flatten)]
    pub input: Inputs,
    /// Chooses how the list is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

pub(super) fn run(arguments: &ListArgs, console: &Console) -> Exit {
    let world = match arguments.input.load(console) {
        Ok(world) => world,
        Err(exit) => return exit,
    };
    let all = naming::all(&world.topology);
    let addresses = |named: &naming::Named| named.addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
    let entries: Vec<_> = all
        .iter()
        .map(|it| json!({"name": it.name, "kind": it.kind, "addresses": addresses(it), "id": &*it.id}))
        .collect();
    let text = || {
        let width =
            |cell: &dyn Fn(&naming::Named) -> String| all.iter().map(|it| cell(it).chars().count()).max().unwrap_or(0);
        let (name, kind) = (width(&|it| it.name.clone()), width(&|it| it.kind.clone()));
        let held = width(&|it| addresses(it).join(", "));
        let mut out = String::new();
        for it in &all {
            let addresses = addresses(it).join(", ");
            // A String takes everything.
            let _ = writeln!(out, "{:<name$}  {:<kind$}  {addresses:<held$}  {}", it.name, it.kind, it.id);
        }
        harmless(&out)
    };
    console.result(arguments.format, &json!({ "named": entries }), text, Exit::Fine)
}
