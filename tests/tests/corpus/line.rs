//! What is said of one file.

use scenarios::check::{self, Check};
use scenarios::hangs::Tried;
use scenarios::observe::Recorder;
use scenarios::replay::Options;
use scenarios::scenario::Downloads;
use sim_core::assumption::Choices;
use sim_core::time::Nanos;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::Path;
use topologies::arm::Environment;
use topologies::diagnostic::Severity;
use topologies::facts::Date;
use topologies::{Input, World, load};

/// The start of the table.
pub const HEAD: &str = "\
# Every file of the corpus as vnetsim reads it, with its parameters file beside it: how many resources it declares, how many of
# those are modelled and how many inert; machines, the ways in to them from the Internet and image builds with their
# connections that were looked at; what Azure would refuse, and what could not be read.
# Written by `UPDATE_CORPUS=1 cargo test -p vnetsim-tests --test corpus`.
file,resources,modelled,inert,machines,from the Internet,connections,findings,errors
";

/// One line of the table, without the file's name.
#[derive(Debug, Default)]
pub struct Line {
    resources: usize,
    modelled: usize,
    inert: usize,
    machines: usize,
    ways_in: usize,
    connections: usize,
    findings: String,
    errors: String,
}

impl Line {
    /// Reads a file, with the parameters file that has its name, and checks what it declares.
    pub fn of(path: &Path) -> Self {
        let input = |path: &Path| Some(Input { name: path.display().to_string(), bytes: fs::read(path).ok()? });
        let inputs: Vec<Input> = input(path).into_iter().collect();
        let parameters = input(&path.with_extension("parameters.json"));
        let world = load(&inputs, parameters.as_ref(), &Environment::default());
        let errors =
            counted(world.diagnostics.iter().filter(|it| it.severity == Severity::Error).map(|it| it.code.to_owned()));
        let findings = counted(world.findings.iter().map(|finding| finding.diagnostic.code.to_owned()));
        Self { findings, errors, ..Self::checked(world) }
    }

    fn checked(world: World) -> Self {
        let options = Options {
            seed: 1,
            repeat: 1,
            jitter: false,
            downloads: Downloads::Token,
            date: Date::default(),
            choices: Choices::default(),
            alternatives: Tried::default(),
            until: Nanos::secs(17 * 3600),
        };
        let (check, _) = check::run(world, &[], &options, Recorder::default());
        let Check { resources, inert, machines, builds, .. } = &check;
        let (resources, inert): (usize, usize) = (resources.values().sum(), inert.values().sum());
        Self {
            resources,
            modelled: resources - inert,
            inert,
            machines: machines.len(),
            ways_in: machines.iter().map(|machine| machine.from_internet.len()).sum(),
            connections: builds.iter().map(|build| build.flows.len()).sum(),
            ..Self::default()
        }
    }
}

impl Display for Line {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self { resources, modelled, inert, machines, ways_in, connections, findings, errors } = self;
        write!(out, "{resources},{modelled},{inert},{machines},{ways_in},{connections},{findings},{errors}")
    }
}

/// Codes with how often each was met: `A x2 B`.
fn counted(codes: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    codes.for_each(|code| *counts.entry(code).or_default() += 1);
    let told = |(code, count): (String, usize)| if count == 1 { code } else { format!("{code} x{count}") };
    counts.into_iter().map(told).collect::<Vec<_>>().join(" ")
}
