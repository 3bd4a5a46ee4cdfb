//! Requirement packs: what a service needs from the network around it, tried line by line.
//!
//! A pack is a file that a user can copy and change: the program's own stand in `scenarios/packs`. Each line is tried from
//! every subnet it speaks of, in a copy of the network with a machine there.

mod ask;
mod checks;
mod find;
mod form;
mod shelf;
mod stage;
#[cfg(test)]
mod tests;
mod text;

pub use form::Pack;
pub use shelf::{MAX_BYTES, OWN, Own, find as find_pack, own};
pub(crate) use text::requirements as text_of;

use crate::hangs::HangsOn;
use crate::problem::Problem;
use crate::verdict::Verdict;
use form::Test;
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::fabric::Facts;
use stage::Setup;
use std::sync::Arc;
use topologies::World;
use topologies::facts::Date;

/// What a pack says of one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Requirements {
    /// The pack.
    pub pack: String,
    /// What the pack is about.
    pub title: String,
    /// Where its lines come from.
    pub source: String,
    /// The service, by name; `None` where the input has none and the pack was asked for.
    pub service: Option<String>,
    /// The worst line that is not optional.
    pub verdict: Verdict,
    /// Line by line.
    pub lines: Vec<LineReport>,
}

/// What a line came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LineReport {
    /// Its name.
    pub id: String,
    /// What is required.
    pub say: String,
    /// Whether the service works without it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// The worst of what was tried.
    pub verdict: Verdict,
    /// What was tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
    /// Why nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// One thing that was tried for a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tried {
    /// What.
    pub what: String,
    /// Whether it is so.
    pub verdict: Verdict,
    /// What is in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Edits that open it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mend: Vec<String>,
    /// What nobody knows for certain and had a say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hangs_on: Vec<HangsOn>,
    /// Why it was not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

impl Requirements {
    /// Whether nothing that is required fails.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.verdict <= Verdict::Connected
    }
}

/// Most services that one check tries packs for.
pub const MAX_SERVICES: usize = 200;

/// Tries packs on a network: those that were asked for, or those that the services of the input call for.
#[must_use]
pub fn requirements(asked: &[Pack], world: &World, facts: &Arc<Facts>, date: Date) -> Vec<Requirements> {
    let own = if asked.is_empty() { own() } else { Vec::new() };
    let packs = if asked.is_empty() { &own[..] } else { asked };
    let mut setup = Setup::of(world);
    let mut all = Vec::new();
    for pack in packs {
        let services = find::services(pack, world);
        if services.is_empty() && !asked.is_empty() {
            all.push((pack, None));
        }
        all.extend(services.into_iter().map(|service| (pack, Some(service))));
    }
    all.truncate(MAX_SERVICES);
    if all.is_empty() {
        return Vec::new();
    }
    for (pack, service) in &all {
        let Some(service) = service else { continue };
        for line in pack.lines.iter().filter(|line| line.counts(service, date, world)) {
            let ends = match &line.test {
                Test::Connect(connect) => [&connect.from, &connect.to],
                Test::Resolves(resolves) => [&resolves.from, &resolves.to],
                _ => continue,
            };
            ends.into_iter().for_each(|end| setup.need(end, service));
        }
    }
    let stage = setup.ready(facts);
    let report = |(pack, service): &(&Pack, Option<find::Service<'_>>)| {
        let lines: Vec<LineReport> = match service {
            None => Vec::new(),
            Some(service) => {
                let counts = pack.lines.iter().filter(|line| line.counts(service, date, world));
                counts.map(|line| ask::line(line, service, &stage, world)).collect()
            }
        };
        Requirements {
            pack: pack.name.clone(),
            title: pack.title.clone(),
            source: pack.source.clone(),
            service: service.as_ref().map(|service| service.raw.name.clone()),
            verdict: lines.iter().filter(|line| !line.optional).map(|line| line.verdict).max().unwrap_or_default(),
            lines,
        }
    };
    all.iter().map(report).collect()
}
