//! `vnetsim replay`: do scenarios go as they say.

mod junit;
mod play;
mod summary;

use super::{Console, Exit, Format, Surroundings};
use crate::report::Report;
use crate::scenario::{self, Loaded, MAX_REPEAT};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use play::{Failed, Played, Player};
use rayon::prelude::*;
use serde::Serialize;
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use topologies::diagnostic::Diagnostic;
use topologies::source::Sources;

/// Plays scenarios and says whether they go as they expect.
///
/// The files of a scenario's network are found from the scenario file. Of folders, all .yaml and .yml files below are
/// played, in the order of their names. One scenario is reported in full; of several there is a line each, with what is not
/// as expected.
///
/// Example: vnetsim replay scenarios/library --junit results.xml
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// Names the scenario files, or folders of them.
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// What the networks stand in; a day goes before the scenarios' own.
    #[command(flatten)]
    pub surroundings: Surroundings,
    /// Writes a capture of every machine into this folder.
    #[arg(long, value_name = "DIR")]
    pub pcap: Option<PathBuf>,
    /// Prints what each packet meets, of the flow of this name or of all flows.
    #[arg(long, value_name = "FLOW", num_args = 0..=1, require_equals = true)]
    pub trace: Option<Option<String>>,
    /// Chooses how the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Writes the outcome as JUnit XML into this new file, as build servers read it.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Reports each of several scenarios in full.
    #[arg(long)]
    pub full: bool,
    /// Plays so many scenarios side by side; without it, as many as there are processors.
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
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
    let (loaded, sources) = match load(&arguments.scenarios, console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if let Err(error) = arguments.junit.as_deref().map_or(Ok(()), junit::is_free) {
        return console.fail(&error);
    }
    let tags = match arguments.surroundings.service_tags(console) {
        Ok(tags) => tags,
        Err(exit) => return exit,
    };
    let player = Player { arguments, tags, folders: play::folders(&loaded, arguments.pcap.as_deref()) };
    let outcomes = match all(&player, &loaded) {
        Ok(outcomes) => outcomes,
        Err(error) => return console.fail(&error),
    };
    for failed in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        failed.tell(console, &sources);
    }
    let exit = outcomes.iter().map(exit_of).max().unwrap_or(Exit::Fine);
    if let Some(file) = &arguments.junit {
        let text = junit::document(loaded.iter().zip(&outcomes));
        if let Err(error) = text.and_then(|text| fs::write(file, text).map_err(|error| junit::unwritable(file, &error)))
        {
            return console.fail(&error);
        }
    }
    match written(arguments, &loaded, &outcomes) {
        Ok(text) => console.print(&text, exit),
        Err(error) => console.fail(&error),
    }
}

/// Reads the scenario files; all of them, so that what is wrong is told at once.
fn load(paths: &[PathBuf], console: &Console) -> Result<(Vec<Loaded>, Sources), Exit> {
    let files = scenario::find(paths).map_err(|error| console.fail(&error))?;
    let mut sources = Sources::new();
    let mut loaded = Vec::new();
    let mut failed = false;
    for file in files {
        match scenario::load(&file, &mut sources) {
            Ok(scenario) => loaded.push(scenario),
            Err(errors) => {
                console.diagnostics(&errors, &sources);
                failed = true;
            }
        }
    }
    if failed { Err(Exit::BadInput) } else { Ok((loaded, sources)) }
}

/// Plays all of them, side by side; the outcomes come in the order of the files.
fn all(player: &Player<'_>, loaded: &[Loaded]) -> Result<Vec<Result<Played, Failed>>, Diagnostic> {
    let threads = player.arguments.jobs.map_or(0, NonZeroUsize::get).min(loaded.len());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Diagnostic::error("usage.jobs", error.to_string()))?;
    // It shows on a terminal only, on the standard error output, and is gone at the end.
    let bar = if loaded.len() > 1 { ProgressBar::new(loaded.len() as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    let play = |(n, scenario): (usize, &Loaded)| {
        let outcome = player.play(n, scenario);
        bar.set_message(scenario.path.display().to_string());
        bar.inc(1);
        outcome
    };
    let outcomes = pool.install(|| loaded.par_iter().enumerate().map(play).collect());
    bar.finish_and_clear();
    Ok(outcomes)
}

fn exit_of(outcome: &Result<Played, Failed>) -> Exit {
    match outcome {
        Ok(played) if played.report.as_expected => Exit::Fine,
        Ok(_) => Exit::Findings,
        Err(_) => Exit::BadInput,
    }
}

/// The outcome as it is printed.
fn written(
    arguments: &ReplayArgs,
    loaded: &[Loaded],
    outcomes: &[Result<Played, Failed>],
) -> Result<String, Diagnostic> {
    let played = || outcomes.iter().filter_map(|outcome| outcome.as_ref().ok());
    match arguments.format {
        Format::Text if loaded.len() == 1 || arguments.full => {
            Ok(played().map(Played::text).collect::<Vec<_>>().join("\n"))
        }
        Format::Text => Ok(summary::lines(loaded.iter().zip(outcomes))),
        Format::Json => {
            let texts = played().map(json).collect::<Result<Vec<_>, _>>()?;
            // One scenario is one object; several are a list of such.
            Ok(if loaded.len() > 1 { format!("[\n{}]\n", texts.join(",\n")) } else { texts.concat() })
        }
    }
}

/// A report with the trace beside it.
#[derive(Serialize)]
struct Traced<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<crate::observe::trace::Report<'a>>,
}

fn json(played: &Played) -> Result<String, Diagnostic> {
    let traced = Traced { report: &played.report, trace: played.trace.as_ref().map(|trace| trace.report()) };
    let text = serde_json::to_string_pretty(&traced);
    text.map(|text| text + "\n").map_err(|error| Diagnostic::error("output.json", error.to_string()))
}
