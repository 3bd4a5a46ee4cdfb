//! `vnetsim replay`: does a scenario go as it says.

use super::{Console, Exit, Format, Surroundings};
use crate::observe::Recorder;
use crate::observe::trace::{self, Flows, Trace};
use crate::pcap::Capture;
use crate::replay::{self, Options};
use crate::report::Report;
use crate::scenario::{self, Loaded, MAX_REPEAT};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use topologies::diagnostic::Diagnostic;
use topologies::facts::ServiceTags;
use topologies::source::Sources;
use topologies::{Input, Loading, read_files};

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
    if exit != Exit::Fine {
        return exit;
    }
    let tags = match arguments.surroundings.service_tags(console) {
        Ok(tags) => tags,
        Err(exit) => return exit,
    };
    let many = loaded.len() > 1;
    let mut written = Vec::new();
    for scenario in &loaded {
        match play(scenario, &sources, arguments, (many, &tags), console) {
            Ok((result, fine)) => {
                written.push(result);
                exit = exit.max(if fine { Exit::Fine } else { Exit::Findings });
            }
            Err(failed) => exit = exit.max(failed),
        }
    }
    let text = match arguments.format {
        Format::Text => written.join("\n"),
        // One scenario is one object; several are a list of such.
        Format::Json if many => format!("[\n{}]\n", written.join(",\n")),
        Format::Json => written.concat(),
    };
    console.print(&text, exit)
}

/// Plays one scenario; gives its report as it is printed, and whether all went as expected.
fn play(
    loaded: &Loaded,
    sources: &Sources,
    arguments: &ReplayArgs,
    (many, tags): (bool, &Option<Arc<ServiceTags>>),
    console: &Console,
) -> Result<(String, bool), Exit> {
    let inputs = read_files(&loaded.topology).map_err(|error| {
        console.fail(&Diagnostic::error("input.file", format!("{}: {error}", loaded.path.display())))
    })?;
    let given = (!loaded.scenario.parameters.is_empty()).then(|| parameters(loaded));
    let loading = Loading { parameters: given.as_ref(), tags: tags.as_ref(), ..Loading::default() };
    let world = topologies::load_with(&inputs, &loading);
    if world.has_errors() {
        console.diagnostics(&world.diagnostics, &world.sources);
        return Err(Exit::BadInput);
    }
    let mut options = Options::of(loaded);
    options.seed = arguments.seed.unwrap_or(options.seed);
    options.repeat = arguments.repeat.unwrap_or(options.repeat);
    options.date = arguments.surroundings.date().unwrap_or(options.date);
    options.choices = arguments.surroundings.choices();
    options.alternatives = arguments.surroundings.alternatives();
    options.jitter &= !arguments.no_jitter;
    let recorder = recorder(loaded, arguments, many).map_err(|error| console.fail(&error))?;
    let (report, recorder) = replay::run(loaded, world, &options, recorder).map_err(|errors| {
        console.diagnostics(&errors, sources);
        Exit::BadInput
    })?;
    if let Some(Err(error)) = recorder.capture.map(Capture::finish) {
        return Err(console.fail(&Diagnostic::error("output.capture", error.to_string())));
    }
    let text = match (arguments.format, &recorder.trace) {
        (Format::Text, Some(trace)) => format!("{}\nTrace\n{trace}", report.text()),
        (Format::Text, None) => report.text(),
        (Format::Json, trace) => {
            let traced = Traced { report: &report, trace: trace.as_ref().map(Trace::report) };
            let text = serde_json::to_string_pretty(&traced);
            text.map_err(|error| console.fail(&Diagnostic::error("output.json", error.to_string())))? + "\n"
        }
    };
    Ok((text, report.as_expected))
}

/// A report with the trace beside it.
#[derive(Serialize)]
struct Traced<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<trace::Report<'a>>,
}

/// The scenario's own parameter values, as a parameters file.
fn parameters(loaded: &Loaded) -> Input {
    let values: serde_json::Map<String, serde_json::Value> = loaded
        .scenario
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), serde_json::json!({ "value": value })))
        .collect();
    let text = serde_json::json!({ "contentVersion": "1.0.0.0", "parameters": values }).to_string();
    Input::new(format!("{} (parameters)", loaded.path.display()), text)
}

/// Lines of a trace that are kept.
const TRACE_LIMIT: usize = 100_000;

fn recorder(loaded: &Loaded, arguments: &ReplayArgs, many: bool) -> Result<Recorder, Diagnostic> {
    let trace = match &arguments.trace {
        None => None,
        Some(None) => Some(Trace::new(Flows::All, TRACE_LIMIT)),
        Some(Some(name)) => {
            let flow = replay::flow_named(&loaded.scenario, name)?;
            Some(Trace::new(Flows::Only([flow].into()), TRACE_LIMIT))
        }
    };
    let mut recorder = Recorder { trace, ..Recorder::default() };
    if let Some(folder) = &arguments.pcap {
        // Several scenarios have machines of one name: each gets a folder of its own.
        let stem = loaded.path.file_stem().unwrap_or_default();
        let folder = if many { folder.join(stem) } else { folder.clone() };
        let capture = Capture::into_dir(&folder)
            .map_err(|error| Diagnostic::error("output.capture", format!("{}: {error}", folder.display())))?;
        recorder.capture = Some(capture);
    }
    Ok(recorder)
}
