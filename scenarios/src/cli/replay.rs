//! `vnetsim replay`: does a scenario go as it says.

use super::{Console, Exit, Format};
use crate::scenario::{self, Loaded, MAX_REPEAT};
use clap::Args;
use std::path::PathBuf;
use topologies::source::Sources;

/// Plays scenarios and says whether they go as they expect.
///
/// The files of a scenario's network are found from the scenario file. Of folders, all .yaml and .yml files below are
/// played, in the order of their names.
///
/// Example: vnetsim replay scenarios/library --pcap captures
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// Names the scenario files, or folders of them.
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Writes a capture of every machine into this folder.
    #[arg(long, value_name = "DIR")]
    pub pcap: Option<PathBuf>,
    /// Prints what each packet meets, of the flow of this name or of all flows.
    #[arg(long, value_name = "FLOW", num_args = 0..=1, require_equals = true)]
    pub trace: Option<Option<String>>,
    /// Chooses how the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Starts random numbers from here, not from the scenario's seed.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Makes this many attempts of each flow, not as many as the scenario says.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_REPEAT)))]
    pub repeat: Option<u32>,
    /// Lets every delay be the typical one.
    #[arg(long)]
    pub no_jitter: bool,
}

pub(super) fn run(arguments: &ReplayArgs, console: &Console) -> Exit {
    let files = match scenario::find(&arguments.scenarios) {
        Ok(files) => files,
        Err(error) => return console.fail(&error),
    };
    let mut sources = Sources::new();
    let mut loaded = Vec::new();
    let mut exit = Exit::Fine;
    for file in files {
        match scenario::load(&file, &mut sources) {
            Ok(scenario) => loaded.push(scenario),
            Err(errors) => {
                console.diagnostics(&errors, &sources);
                exit = Exit::BadInput;
            }
        }
    }
    exit.max(play(&loaded, console))
}

/// Says which scenarios were read: this version plays none yet.
fn play(loaded: &[Loaded], console: &Console) -> Exit {
    let read: String = loaded.iter().map(|it| format!("{}: read, not played\n", it.path.display())).collect();
    console.print(&read, Exit::BadInput)
}
