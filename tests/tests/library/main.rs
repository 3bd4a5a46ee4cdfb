//! The scenarios of the library: golden cases, the checklist of the source pages, the failure stories. Each has a test that
//! it is all there and goes as it says.

mod checklist;
mod golden;
mod stories;

use scenarios::observe::Recorder;
use scenarios::render;
use scenarios::replay::{self, Options};
use scenarios::report::Report;
use scenarios::scenario;
use std::path::{Path, PathBuf};
use topologies::arm::Environment;
use topologies::source::Sources;
use topologies::{Input, Loading};

/// Plays a scenario, on another day than its own where one is given.
fn replayed(file: &Path, day: Option<&str>) -> Result<Report, String> {
    let mut sources = Sources::new();
    let loaded = scenario::load(file, &mut sources).map_err(|errors| render::diagnostics(&errors, &sources, false))?;
    let inputs = topologies::read_files(&loaded.topology).map_err(|error| error.to_string())?;
    let own = || Input::new(file.display().to_string(), scenario::parameters(&loaded));
    let given = (!loaded.scenario.parameters.is_empty()).then(own);
    let environment = Environment::default();
    let mut options = Options::of(&loaded);
    if let Some(day) = day {
        options.date = day.parse().expect("a day or an era");
    }
    let loading =
        Loading { parameters: given.as_ref(), environment: &environment, date: options.date, ..Loading::default() };
    let world = topologies::load_with(&inputs, &loading);
    if world.has_errors() {
        return Err(render::diagnostics(&world.diagnostics, &world.sources, false));
    }
    let played = replay::run(&loaded, world, &options, Recorder::default());
    played.map(|(report, _)| report).map_err(|errors| render::diagnostics(&errors, &sources, false))
}

/// What is not as a scenario expects; nothing where all is.
fn unmet(file: &Path, day: Option<&str>) -> Vec<String> {
    match replayed(file, day) {
        Ok(report) => report.all_unmet().cloned().collect(),
        Err(message) => vec![message],
    }
}

/// The scenario files below a folder of the library, by their names without ending.
fn files(folder: &str) -> Vec<(String, PathBuf)> {
    let folder = root().join("scenarios/library").join(folder);
    let named = |file: PathBuf| (file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), file);
    scenario::find(&[folder]).expect("the scenarios").into_iter().map(named).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
