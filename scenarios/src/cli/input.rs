//! The input of commands that read a network: files, parameters, edits to try, and what it stands in.

use super::{Console, Exit, Surroundings};
use clap::Args;
use std::path::PathBuf;
use topologies::arm::Environment;
use topologies::diagnostic::Diagnostic;
use topologies::{Loading, ReadError, World, read_files};

/// What a command reads.
#[derive(Clone, Debug, Args)]
pub struct Inputs {
    /// Names the input files, or folders of them.
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// What goes with them.
    #[command(flatten)]
    pub given: Given,
}

/// What goes with input files.
#[derive(Clone, Debug, Default, Args)]
pub struct Given {
    /// Deploys the template with the parameters of this file.
    #[arg(long, global = true, value_name = "FILE")]
    pub parameters: Option<PathBuf>,
    /// Tries an edit of a resource without touching the file; can be given many times.
    #[arg(long, global = true, value_name = "ID.PROPERTY=VALUE")]
    pub set: Vec<String>,
    /// What the network stands in.
    #[command(flatten)]
    pub surroundings: Surroundings,
}

impl Inputs {
    /// Reads the network.
    ///
    /// # Errors
    /// When it cannot be read; the console has said why.
    pub(super) fn load(&self, console: &Console) -> Result<World, Exit> {
        self.given.load(&self.inputs, &Environment::default(), console)
    }
}

impl Given {
    /// Reads the network in these files, as deployed to `environment`.
    ///
    /// # Errors
    /// When it cannot be read; the console has said why.
    pub(super) fn load(&self, files: &[PathBuf], environment: &Environment, console: &Console) -> Result<World, Exit> {
        let unreadable = |error: ReadError| console.fail(&Diagnostic::error("input.file", error.to_string()));
        let mut files = files.to_vec();
        if self.parameters.is_none() {
            files.extend(beside(&files));
        }
        let inputs = read_files(&files).map_err(unreadable)?;
        let parameters = read_files(self.parameters.as_slice()).map_err(unreadable)?;
        let tags = self.surroundings.service_tags(console)?;
        let date = self.surroundings.date().unwrap_or_default();
        let loading =
            Loading { parameters: parameters.first(), environment, tags: tags.as_ref(), edits: &self.set, date };
        let mut world = topologies::load_with(&inputs, &loading);
        world.figures = self.surroundings.assumed().figures;
        if world.has_errors() {
            console.diagnostics(&world.diagnostics, &world.sources);
            return Err(Exit::BadInput);
        }
        Ok(world)
    }
}

/// The parameters files that lie beside these files: `main.parameters.json` of `main.json`. Those that are named, and those
/// of folders, are read anyway.
fn beside(files: &[PathBuf]) -> Vec<PathBuf> {
    let json = files.iter().filter(|file| file.extension().is_some_and(|it| it.eq_ignore_ascii_case("json")));
    let named = json.map(|file| file.with_extension("parameters.json"));
    named.filter(|file| file.is_file() && !files.contains(file)).collect()
}
