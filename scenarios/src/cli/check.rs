//! `vnetsim check`: what was built, what connects, what does not and why.

use super::{Console, Exit, Format, Inputs};
use crate::check;
use crate::hangs::Tried;
use crate::observe::Recorder;
use crate::packs::find_pack;
use crate::pcap::Capture;
use crate::replay::Options;
use crate::scenario::Downloads;
use clap::Args;
use sim_core::time::Nanos;
use std::path::PathBuf;
use topologies::diagnostic::Diagnostic;
use topologies::source::Sources;

/// Attempts that latencies of a build are taken from.
const REPEAT: u32 = 200;
/// A build is over by then: image builder allows 16 hours at most.
const UNTIL: Nanos = Nanos::secs(17 * 3600);

/// Builds a network from templates and says what connects in it, what does not and why.
///
/// Inputs are ARM templates, their parameters files, role definitions and Microsoft's lists of service tags; of folders, all
/// .json files below are read. A parameters file is found by its name beside its template, or named with --parameters.
///
/// Example: vnetsim check main.json --parameters main.parameters.json
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// What is checked.
    #[command(flatten)]
    pub input: Inputs,
    /// Tries what these services need: names of packs, or files of them; without it, those that the input calls for.
    #[arg(long = "for", value_name = "PACK")]
    pub packs: Vec<String>,
    /// Chooses how the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Writes a capture of every machine into this folder.
    #[arg(long, value_name = "DIR")]
    pub pcap: Option<PathBuf>,
    /// Starts random numbers from here.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

pub(super) fn run(arguments: &CheckArgs, console: &Console) -> Exit {
    let world = match arguments.input.load(console) {
        Ok(world) => world,
        Err(exit) => return exit,
    };
    let surroundings = &arguments.input.given.surroundings;
    let options = Options {
        seed: arguments.seed,
        repeat: REPEAT,
        jitter: true,
        downloads: Downloads::Token,
        date: surroundings.date().unwrap_or_default(),
        choices: surroundings.assumed().choices,
        alternatives: surroundings.alternatives(Tried::default()),
        until: UNTIL,
    };
    let mut sources = Sources::new();
    let packs = arguments.packs.iter().map(|wanted| find_pack(wanted, &mut sources)).collect::<Result<Vec<_>, _>>();
    let packs = match packs {
        Ok(packs) => packs,
        Err(error) => {
            console.diagnostics([&*error], &sources);
            return Exit::BadInput;
        }
    };
    let mut recorder = Recorder::default();
    if let Some(folder) = &arguments.pcap {
        match Capture::into_dir(folder) {
            Ok(capture) => recorder.capture = Some(capture),
            Err(error) => {
                let text = format!("{}: {error}", folder.display());
                return console.fail(&Diagnostic::error("output.capture", text));
            }
        }
    }
    let (check, recorder) = check::run(world, &packs, &options, recorder);
    if let Some(Err(error)) = recorder.capture.map(Capture::finish) {
        return console.fail(&Diagnostic::error("output.capture", error.to_string()));
    }
    let exit = if check.is_fine() { Exit::Fine } else { Exit::Findings };
    console.result(arguments.format, &check, || check.text(), exit)
}
