//! `vnetsim expand`: what an input declares, evaluated.

use super::{Console, Exit, Inputs};
use clap::Args;

/// Prints the declared resources, evaluated, as Resource Graph would give them.
///
/// Loops, conditions, parameters and references of templates are settled, secrets are taken out. The output is an input for
/// every command and declares the same network; messages about the input go to the standard error output.
///
/// Example: vnetsim expand main.json > resources.json
#[derive(Clone, Debug, Args)]
pub struct ExpandArgs {
    /// What is read.
    #[command(flatten)]
    pub input: Inputs,
    /// Adds what managed services would deploy, tagged with their owner; it is not read back.
    #[arg(long)]
    pub deployed: bool,
}

pub(super) fn run(arguments: &ExpandArgs, console: &Console) -> Exit {
    let world = match arguments.input.load(console) {
        Ok(world) => world,
        Err(exit) => return exit,
    };
    console.diagnostics(&world.diagnostics, &world.sources);
    let date = arguments.input.given.surroundings.date().unwrap_or_default();
    let text = if arguments.deployed { topologies::expand_deployed(&world, date) } else { topologies::expand(&world) };
    console.print(&text, Exit::Fine)
}
