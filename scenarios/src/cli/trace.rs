//! `vnetsim trace`: one connection, hop by hop.

use super::{Console, Exit, Format, Inputs};
use crate::hangs::Tried;
use crate::trace::{self, Ends, Options};
use clap::Args;
use topologies::diagnostic::Diagnostic;

/// Follows one connection through a network, hop by hop, there and back.
///
/// Says whether it connects, what is in the way and where that was written, the fewest edits that open it, and what the
/// answer hangs on. Ends are names, resource ids, addresses, `Internet` and `on-premises`; `vnetsim list` shows them.
///
/// Example: vnetsim trace main.json --from vm1 --to vm2:22
#[derive(Clone, Debug, Args)]
pub struct TraceArgs {
    /// What is looked at.
    #[command(flatten)]
    pub input: Inputs,
    /// Names who asks: a name, a resource id, an address, Internet or on-premises.
    #[arg(long, value_name = "A")]
    pub from: String,
    /// Names who is asked, as B:PORT, B:PORT/udp or B/icmp.
    #[arg(long, value_name = "B:PORT")]
    pub to: String,
    /// Chooses how the answer is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

pub(super) fn run(arguments: &TraceArgs, console: &Console) -> Exit {
    let ends = match Ends::new(&arguments.from, &arguments.to) {
        Ok(ends) => ends,
        Err(error) => return console.fail(&Diagnostic::error("trace.end", error.to_string())),
    };
    let world = match arguments.input.load(console) {
        Ok(world) => world,
        Err(exit) => return exit,
    };
    let surroundings = &arguments.input.given.surroundings;
    let options = Options {
        date: surroundings.date().unwrap_or_default(),
        choices: surroundings.assumed().choices,
        alternatives: surroundings.alternatives(Tried::default()).each,
    };
    match trace::run(world, &ends, &options) {
        Ok(trace) => {
            let exit = if trace.is_fine() { Exit::Fine } else { Exit::Findings };
            console.result(arguments.format, &trace, || trace.text(), exit)
        }
        Err(error) => console.fail(&error),
    }
}
