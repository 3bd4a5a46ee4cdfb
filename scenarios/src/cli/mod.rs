//! The command line: one module for each command.

mod assumptions;
mod az;
mod check;
mod console;
mod diff;
mod expand;
mod explain;
mod input;
mod list;
mod nslookup;
mod packs;
mod replay;
mod schema;
mod surroundings;
mod trace;
mod values;

pub use check::CheckArgs;
pub use console::{Console, Exit};
pub use input::{Given, Inputs};
pub use replay::ReplayArgs;
pub use surroundings::Surroundings;
pub use values::{Colour, Format};

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// Shows what gets through an Azure network, what does not and why, before anything is deployed.
///
/// Results go to the standard output, messages about the input to the standard error output. The exit code is 0 when all is
/// well, 1 for findings and expectations that are not met, 2 for input that cannot be read and for wrong usage.
///
/// Example: vnetsim check main.json
#[derive(Debug, Parser)]
#[command(name = "vnetsim", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Says whether messages are coloured. With `auto` they are on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
}

#[derive(Debug, Subcommand)]
enum Command {
    Replay(ReplayArgs),
    Check(CheckArgs),
    Trace(trace::TraceArgs),
    List(list::ListArgs),
    Nslookup(nslookup::NslookupArgs),
    Az(az::AzArgs),
    Schema(schema::SchemaArgs),
    Packs(packs::PacksArgs),
    Assumptions(assumptions::AssumptionsArgs),
    Explain(explain::ExplainArgs),
    Expand(expand::ExpandArgs),
    Diff(diff::DiffArgs),
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    run(std::env::args_os()).into()
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are data and no error. Where nobody reads them, there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::BadInput } else { Exit::Fine };
        }
    };
    let console = Console::new(cli.color);
    match cli.command {
        Command::Replay(arguments) => replay::run(&arguments, &console),
        Command::Check(arguments) => check::run(&arguments, &console),
        Command::Trace(arguments) => trace::run(&arguments, &console),
        Command::List(arguments) => list::run(&arguments, &console),
        Command::Nslookup(arguments) => nslookup::run(&arguments, &console),
        Command::Az(arguments) => az::run(&arguments, &console),
        Command::Packs(arguments) => packs::run(&arguments, &console),
        Command::Schema(arguments) => schema::run(&arguments, &console),
        Command::Assumptions(arguments) => assumptions::run(&arguments, &console),
        Command::Explain(arguments) => explain::run(&arguments, &console),
        Command::Expand(arguments) => expand::run(&arguments, &console),
        Command::Diff(arguments) => diff::run(&arguments, &console),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// Catches: two arguments of one name, a default that its own parser refuses, and other slips that clap finds only
    /// when a command is used.
    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    /// Catches: a command or argument without help, help that is a mere word, a command without an example.
    #[test]
    fn help_is_complete() {
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && long.contains(&format!("Example: vnetsim {name}")), "{name}: {long}");
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                // A full stop after the last sentence is dropped by clap.
                let sentence = help.starts_with(char::is_uppercase) && help.split(' ').count() > 3;
                assert!(sentence, "{name} {}: {help}", argument.get_id());
            }
        }
    }
}
