//! One scenario played, with what the command line says of it.

use super::ReplayArgs;
use crate::cli::Console;
use crate::hangs::Tried;
use crate::observe::Recorder;
use crate::observe::trace::{Flows, Trace};
use crate::pcap::Capture;
use crate::replay::{self, Options};
use crate::report::Report;
use crate::scenario::Loaded;
use sim_core::assumption::Assumption;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use topologies::diagnostic::Diagnostic;
use topologies::facts::ServiceTags;
use topologies::source::Sources;
use topologies::{Input, Loading, read_files};

/// Plays scenarios as the command line asks for.
pub(super) struct Player<'a> {
    pub arguments: &'a ReplayArgs,
    pub tags: Option<Arc<ServiceTags>>,
    /// Where captures go, for each scenario.
    pub folders: Vec<Option<PathBuf>>,
}

/// A scenario that was played.
pub(super) struct Played {
    pub report: Report,
    pub trace: Option<Trace>,
}

impl Played {
    /// All that is to be said of it.
    pub fn text(&self) -> String {
        match &self.trace {
            Some(trace) => format!("{}\nTrace\n{trace}", self.report.text()),
            None => self.report.text(),
        }
    }
}

/// Why one was not played.
pub(super) struct Failed {
    pub diagnostics: Vec<Diagnostic>,
    /// The files of its network, where the messages are about those and not about the scenario.
    network: Option<Box<Sources>>,
}

impl Failed {
    fn of(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], network: None }
    }

    /// Shows why.
    pub fn tell(&self, console: &Console, scenarios: &Sources) {
        console.diagnostics(&self.diagnostics, self.network.as_deref().unwrap_or(scenarios));
    }
}

impl Player<'_> {
    /// Plays the scenario with this number.
    pub fn play(&self, n: usize, loaded: &Loaded) -> Result<Played, Failed> {
        let loaded = &self.assuming(loaded);
        let inputs = read_files(&loaded.topology).map_err(|error| {
            Failed::of(Diagnostic::error("input.file", format!("{}: {error}", loaded.path.display())))
        })?;
        let given = (!loaded.scenario.parameters.is_empty()).then(|| parameters(loaded));
        let options = self.options(loaded);
        let loading =
            Loading { parameters: given.as_ref(), tags: self.tags.as_ref(), date: options.date, ..Loading::default() };
        let world = topologies::load_with(&inputs, &loading);
        if world.has_errors() {
            return Err(Failed { diagnostics: world.diagnostics, network: Some(Box::new(world.sources)) });
        }
        let recorder = self.recorder(n, loaded).map_err(Failed::of)?;
        let played = replay::run(loaded, world, &options, recorder);
        let (report, recorder) = played.map_err(|diagnostics| Failed { diagnostics, network: None })?;
        if let Some(Err(error)) = recorder.capture.map(Capture::finish) {
            return Err(Failed::of(Diagnostic::error("output.capture", error.to_string())));
        }
        Ok(Played { report, trace: recorder.trace })
    }

    /// The scenario with what the command line assumes over its own.
    fn assuming(&self, loaded: &Loaded) -> Loaded {
        let mut loaded = loaded.clone();
        for (name, value) in self.arguments.surroundings.settled() {
            loaded.scenario.assume.retain(|known, _| !known.eq_ignore_ascii_case(name));
            loaded.scenario.assume.insert(name.to_owned(), value.into());
        }
        loaded
    }

    fn options(&self, loaded: &Loaded) -> Options {
        let arguments = self.arguments;
        let mut options = Options::of(loaded);
        options.seed = arguments.seed.unwrap_or(options.seed);
        options.repeat = arguments.repeat.unwrap_or(options.repeat);
        options.date = arguments.surroundings.date().unwrap_or(options.date);
        let settled = loaded.scenario.assume.keys().filter_map(|name| Assumption::named(name));
        options.alternatives = settled.fold(arguments.surroundings.alternatives(options.alternatives), Tried::without);
        options.jitter &= !arguments.no_jitter;
        options
    }

    fn recorder(&self, n: usize, loaded: &Loaded) -> Result<Recorder, Diagnostic> {
        let trace = match &self.arguments.trace {
            None => None,
            Some(None) => Some(Trace::new(Flows::All, TRACE_LIMIT)),
            Some(Some(name)) => {
                let flow = replay::flow_named(&loaded.scenario, name)?;
                Some(Trace::new(Flows::Only([flow].into()), TRACE_LIMIT))
            }
        };
        let capture = self.folders.get(n).and_then(Option::as_ref).map(|folder| {
            let failed = |error| Diagnostic::error("output.capture", format!("{}: {error}", folder.display()));
            Capture::into_dir(folder).map_err(failed)
        });
        Ok(Recorder { trace, capture: capture.transpose()?, ..Recorder::default() })
    }
}

/// Lines of a trace that are kept.
const TRACE_LIMIT: usize = 100_000;

/// The folder of each scenario's captures: several scenarios have machines of one name, so each gets one of its own, called
/// as its file or, where several files are called so, as its path.
pub(super) fn folders(loaded: &[Loaded], folder: Option<&Path>) -> Vec<Option<PathBuf>> {
    let stem = |loaded: &Loaded| PathBuf::from(loaded.path.file_stem().unwrap_or_default());
    let mut count: BTreeMap<PathBuf, usize> = BTreeMap::new();
    loaded.iter().for_each(|it| *count.entry(stem(it)).or_default() += 1);
    let one = |it: &Loaded| {
        let folder = folder?;
        let name = stem(it);
        Some(match (loaded.len(), count.get(&name)) {
            (1, _) => folder.to_owned(),
            (_, Some(1)) => folder.join(name),
            _ => {
                let plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
                folder.join(it.path.with_extension("").components().filter(plain).collect::<PathBuf>())
            }
        })
    };
    loaded.iter().map(one).collect()
}

/// The scenario's own parameter values, as a parameters file of its name: places in one are places in the other.
fn parameters(loaded: &Loaded) -> Input {
    Input::new(loaded.path.display().to_string(), crate::scenario::parameters(loaded))
}
