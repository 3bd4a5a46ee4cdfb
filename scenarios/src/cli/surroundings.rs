//! What a network stands in: the day, and what Azure's service tags hold then. The arguments of every command that
//! reads a network.

use super::{Console, Exit, values};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use topologies::diagnostic::Diagnostic;
use topologies::facts::{Date, ServiceTags};
use topologies::read_files;

/// What a network stands in.
#[derive(Clone, Debug, Default, Args)]
pub struct Surroundings {
    /// Takes Azure as it was in this era: 2020, 2021 or 2026.
    #[arg(long, global = true, value_name = "ERA", value_parser = values::era, conflicts_with = "as_of")]
    pub era: Option<Date>,
    /// Takes Azure as it was on this day, such as 2024-08-26.
    #[arg(long, global = true, value_name = "DATE", value_parser = values::day)]
    pub as_of: Option<Date>,
    /// Takes the addresses of service tags from Microsoft's weekly file, or from what `az network list-service-tags` prints.
    #[arg(long, global = true, value_name = "FILE")]
    pub service_tags: Option<PathBuf>,
}

impl Surroundings {
    /// The date that is asked for, if one is.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        self.era.or(self.as_of)
    }

    /// Reads the list of service tags, if one is named.
    ///
    /// # Errors
    /// When it cannot be read; the console has said why.
    pub(super) fn service_tags(&self, console: &Console) -> Result<Option<Arc<ServiceTags>>, Exit> {
        let Some(path) = &self.service_tags else { return Ok(None) };
        let files = read_files(std::slice::from_ref(path))
            .map_err(|error| console.fail(&Diagnostic::error("input.file", error.to_string())))?;
        let [file] = &files[..] else {
            let message = format!("{} is a folder, not a list of service tags", path.display());
            return Err(console.fail(&Diagnostic::error("input.file", message).help("name the file")));
        };
        ServiceTags::read(file).map(|tags| Some(Arc::new(tags))).map_err(|(diagnostics, sources)| {
            console.diagnostics(&diagnostics, &sources);
            Exit::BadInput
        })
    }
}
