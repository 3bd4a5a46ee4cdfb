//! `vnetsim check`: what was built, what connects, what does not and why.

use super::{Console, Exit, Format, Surroundings};
use crate::check;
use crate::observe::Recorder;
use crate::pcap::Capture;
use crate::replay::Options;
use crate::scenario::Downloads;
use clap::Args;
use sim_core::time::Nanos;
use std::path::PathBuf;
use topologies::arm::Environment;
use topologies::diagnostic::Diagnostic;
use topologies::read_files;

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
    /// Names the input files, or folders of them.
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Deploys the template with the parameters of this file.
    #[arg(long, value_name = "FILE")]
    pub parameters: Option<PathBuf>,
    /// What the network stands in.
    #[command(flatten)]
    pub surroundings: Surroundings,
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
    let unreadable = |error: topologies::ReadError| console.fail(&Diagnostic::error("input.file", error.to_string()));
    let inputs = match read_files(&arguments.inputs) {
        Ok(inputs) => inputs,
        Err(error) => return unreadable(error),
    };
    let parameters = match read_files(arguments.parameters.as_slice()) {
        Ok(parameters) => parameters,
        Err(error) => return unreadable(error),
    };
    let tags = match arguments.surroundings.service_tags(console) {
        Ok(tags) => tags,
        Err(exit) => return exit,
    };
    let world = topologies::load_with(&inputs, parameters.first(), &Environment::default(), tags);
    if world.has_errors() {
        console.diagnostics(&world.diagnostics, &world.sources);
        return Exit::BadInput;
    }
    let options = Options {
        seed: arguments.seed,
        repeat: REPEAT,
        jitter: true,
        downloads: Downloads::Token,
        date: arguments.surroundings.date().unwrap_or_default(),
        until: UNTIL,
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
    let (check, recorder) = check::run(world, &options, recorder);
    if let Some(Err(error)) = recorder.capture.map(Capture::finish) {
        return console.fail(&Diagnostic::error("output.capture", error.to_string()));
    }
    let exit = if check.is_fine() { Exit::Fine } else { Exit::Findings };
    match arguments.format {
        Format::Text => console.print(&check.text(), exit),
        Format::Json => match serde_json::to_string_pretty(&check) {
            Ok(text) => console.print(&(text + "\n"), exit),
            Err(error) => console.fail(&Diagnostic::error("output.json", error.to_string())),
        },
    }
}
