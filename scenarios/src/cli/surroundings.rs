//! What a network stands in: the day, and what Azure's service tags hold then. The arguments of every command that
//! reads a network.

use super::{Console, Exit, values};
use crate::hangs::Tried;
use crate::scenario;
use clap::Args;
use sim_core::assumption::Assumption;
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
    /// Assumes something else where nobody knows for certain; NAME alone tries each other choice of one that an answer hangs
    /// on, and `all` of every one.
    ///
    /// An answer that differs is Unknown, which is a finding. What is also given as NAME=VALUE is settled. With `all`, what
    /// nearly every answer hangs on (`large-packets`) is told once, in how many connections of the run fail with it, and
    /// makes no answer Unknown; given as NAME it does.
    #[arg(long, global = true, value_name = "NAME=VALUE", value_parser = assumed)]
    pub assume: Vec<Assumed>,
}

/// What is to be assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// One choice of one assumption.
    One(String, String),
    /// One assumption, each way.
    Each(Assumption),
    /// Whatever an answer hangs on, each way.
    All,
}

fn assumed(text: &str) -> Result<Assumed, String> {
    if text.eq_ignore_ascii_case("all") {
        return Ok(Assumed::All);
    }
    if let Some(named) = Assumption::named(text) {
        return Ok(Assumed::Each(named));
    }
    let help = "write NAME=VALUE or NAME as `vnetsim assumptions` lists them, or `all`";
    let (name, value) = text.split_once('=').ok_or(help)?;
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
            Assumed::Each(_) | Assumed::All => None,
        })
    }

    /// What is to be tried the other way too where an answer hangs on it, beside what is `asked` elsewhere.
    #[must_use]
    pub fn alternatives(&self, asked: Tried) -> Tried {
        let tried = self.assume.iter().fold(asked, |tried, assumed| match assumed {
            Assumed::All => tried.union(Tried::all()),
            Assumed::Each(named) => tried.with(*named),
            Assumed::One(..) => tried,
        });
        self.settled().filter_map(|(name, _)| Assumption::named(name)).fold(tried, Tried::without)
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
