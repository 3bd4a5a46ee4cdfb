//! One connection through a network that is only declared: where it goes, hop by hop, what is in the way and what opens
//! it, how long it takes, and what the answer hangs on.

mod ends;
mod hops;
mod text;

pub use ends::{Ends, EndsError};
pub use hops::{Hop, Line};

use crate::hangs::{self, HangsOn};
use crate::looked::{Looked, Ways};
use crate::naming;
use crate::observe::names::Names;
use crate::problem::{self, Diagnosis, NotExamined, Problem, RemedyReport};
use crate::report::{SCHEMA, assumptions, of_finding, surroundings};
use crate::verdict::Verdict;
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::assumption::{AssumptionSet, Choices};
use sim_core::explain::Question;
use sim_core::fabric::Fabric;
use sim_core::id::NodeId;
use std::convert::Infallible;
use std::sync::Arc;
use topologies::World;
use topologies::diagnostic::Diagnostic;
use topologies::facts::Date;

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Trace {
    /// Version of this form.
    pub schema: u32,
    /// Version of the program.
    pub version: &'static str,
    /// The date it was set in.
    pub date: String,
    /// The question, as its first packet.
    pub question: String,
    /// Whether it connects.
    pub verdict: Verdict,
    /// The way there.
    pub there: Vec<Hop>,
    /// The way back.
    pub back: Vec<Hop>,
    /// Of ways that a balancer may choose: how many were tried, and how many of them connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ways: Option<Ways>,
    /// Round trip of the network alone, without waiting anywhere, in ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_ns: Option<u64>,
    /// Everything in the way.
    pub problems: Vec<Problem>,
    /// Where nothing leads on, so that what lies behind was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_examined: Option<NotExamined>,
    /// What opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<RemedyReport>,
    /// What nobody knows for certain and the answer used.
    pub hangs_on: Vec<HangsOn>,
    /// What Azure would refuse of the declared network.
    pub findings: Vec<Problem>,
    /// What the input leaves open and was assumed.
    pub assumptions: Vec<String>,
    /// What of the input is not modelled.
    pub skipped: Vec<String>,
}

/// How a question is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The date it is set in.
    pub date: Date,
    /// What is assumed where nobody knows.
    pub choices: Choices,
    /// What is tried the other way too where the answer uses it.
    pub alternatives: AssumptionSet,
}

impl Trace {
    /// Whether it connects and Azure would take all of the network.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.verdict == Verdict::Connected && self.findings.is_empty()
    }

    /// The trace for people.
    #[must_use]
    pub fn text(&self) -> String {
        text::trace(self)
    }
}

/// Follows a question through the network of `world`.
///
/// # Errors
/// When an end is not there, or more than one is called so.
pub fn run(mut world: World, ends: &Ends, options: &Options) -> Result<Trace, Diagnostic> {
    naming::add_everybody(&mut world.topology);
    let origin = naming::origin(&world.topology, &ends.from)?;
    let to = naming::destination(&world.topology, &ends.to, NodeId(origin.port.0))?;
    let question = Question { from: origin.port, tuple: ends.tuple(origin.address, to) };
    let fabric = compiled(&world, options.date, options.choices);
    let looked = Looked::at(&world.topology, fabric, question);
    let (mut verdict, mut hangs_on) = (looked.verdict(), HangsOn::listed(looked.assumed, options.choices));
    let other = |choices| Ok(Looked::at(&world.topology, compiled(&world, options.date, choices), question).verdict());
    let doubts = looked.assumed.common(options.alternatives);
    let Ok(tried) = hangs::alternatives::<_, Infallible>(doubts, options.choices, other);
    hangs::settle((&mut verdict, &mut hangs_on), options.choices, &tried, |other| (*other, false));
    let Diagnosis { problems, remedy, not_examined } =
        problem::of_walk(&looked.walk, &looked.fabric, &world.topology, &world.sources);
    let mut names = Names::default();
    let mut told = |stops| hops::told(stops, &world, &mut names);
    let (there, back) = (told(&looked.walk.there), told(&looked.walk.back));
    Ok(Trace {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        date: options.date.to_string(),
        question: question.tuple.to_string(),
        verdict,
        not_examined,
        there,
        back,
        ways: looked.ways,
        round_trip_ns: looked.walk.connects().then(|| looked.walk.round_trip(&looked.fabric).0),
        problems,
        remedy,
        hangs_on,
        findings: world.findings.iter().map(|finding| of_finding(finding, &world)).collect(),
        assumptions: assumptions(&world, &[])
            .into_iter()
            .chain(surroundings(&world, &looked.fabric, options.date))
            .collect(),
        skipped: world.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect(),
    })
}

fn compiled(world: &World, date: Date, choices: Choices) -> Arc<Fabric> {
    Arc::new(Fabric::compile(&world.topology, &world.facts(date, choices, false), 0))
}
