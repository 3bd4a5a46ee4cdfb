//! `vnetsim nslookup`: what a name leads to, from a machine.

use super::{Console, Exit, Format, Given};
use crate::hangs::Tried;
use crate::nslookup;
use crate::trace::Options;
use clap::Args;
use std::path::PathBuf;
use topologies::arm::Environment;
use topologies::diagnostic::Diagnostic;

/// Looks up a name as a machine of the network does, and prints what nslookup prints there.
///
/// The question goes to whom the machine asks, as packets through the network: to Azure's resolver, with the private zones
/// that are linked to its network, or to servers of its own. The exit code is 1 where the name leads nowhere.
///
/// Example: vnetsim nslookup myregistry.azurecr.io --from vm1 main.json
#[derive(Clone, Debug, Args)]
pub struct NslookupArgs {
    /// Names what is looked up: a host name.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Names the input files, or folders of them.
    #[arg(value_name = "INPUT", required_unless_present = "input")]
    pub inputs: Vec<PathBuf>,
    /// Names an input file, or a folder of them, too; can be given many times.
    #[arg(long, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    /// Names who asks: a machine, or Internet; the only machine where it is not given, else Internet.
    #[arg(long, value_name = "VM")]
    pub from: Option<String>,
    /// What goes with the input.
    #[command(flatten)]
    pub given: Given,
    /// Chooses how the answer is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Writes the answer as JSON, as --format json does.
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(arguments: &NslookupArgs, console: &Console) -> Exit {
    let files: Vec<PathBuf> = arguments.inputs.iter().chain(&arguments.input).cloned().collect();
    let world = match arguments.given.load(&files, &Environment::default(), console) {
        Ok(world) => world,
        Err(exit) => return exit,
    };
    let surroundings = &arguments.given.surroundings;
    let options = Options {
        date: surroundings.date().unwrap_or_default(),
        choices: surroundings.assumed().choices,
        alternatives: surroundings.alternatives(Tried::default()).each,
    };
    let format = if arguments.json { Format::Json } else { arguments.format };
    match nslookup::run(world, &arguments.name, arguments.from.as_deref(), &options) {
        Ok(lookup) => {
            let exit = if lookup.is_fine() { Exit::Fine } else { Exit::Findings };
            console.result(format, &lookup, || lookup.text(), exit)
        }
        Err(error) => console.fail(&Diagnostic { span: None, ..error }),
    }
}
