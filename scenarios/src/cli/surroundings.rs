//! What a network stands in: the day, and what Azure's service tags hold then. The arguments of every command that
//! reads a network.

use super::{Console, Exit, values};
use crate::scenario;
use clap::Args;
use sim_core::assumption::{Assumption, AssumptionSet};
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
    /// Assumes something else where nobody knows for certain; `all` tries each other choice of what an answer hangs on.
    ///
    /// With `all` an answer that differs is Unknown, which is a finding. What is also given as NAME=VALUE is settled.
    #[arg(long, global = true, value_name = "NAME=VALUE", value_parser = assumed)]
    pub assume: Vec<Assumed>,
}

/// What is to be assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// One choice of one assumption.
    One(String, String),
    /// Whatever an answer hangs on, each way.
    All,
}

fn assumed(text: &str) -> Result<Assumed, String> {
    if text.eq_ignore_ascii_case("all") {
        return Ok(Assumed::All);
    }
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE as `vnetsim assumptions` lists them, or `all`")?;
    scenario::Assumed::default().set(name, value)?;
    Ok(Assumed::One(name.to_owned(), value.to_owned()))
}

impl Surroundings {
    /// The date that is asked for, if one is.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        self.era.or(self.as_of)
    }

    /// What is assumed.
    #[must_use]
    pub fn assumed(&self) -> scenario::Assumed {
        let mut all = scenario::Assumed::default();
        for (name, value) in self.settled() {
            // Read once before, so that it can be set.
            let _ = all.set(name, value);
        }
        all
    }

    /// What is given as NAME=VALUE.
    pub fn settled(&self) -> impl Iterator<Item = (&str, &str)> {
        self.assume.iter().filter_map(|assumed| match assumed {
            Assumed::One(name, value) => Some((&**name, &**value)),
            Assumed::All => None,
        })
    }

    /// What is to be tried the other way too where an answer hangs on it: with `all`, everything of which nothing is said.
    #[must_use]
    pub fn alternatives(&self) -> AssumptionSet {
        if !self.assume.contains(&Assumed::All) {
            return AssumptionSet::default();
        }
        let one = |assumed: &Assumed| if let Assumed::One(name, _) = assumed { Assumption::named(name) } else { None };
        self.assume.iter().filter_map(one).fold(AssumptionSet::all(), AssumptionSet::without)
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
