//! The places a packet passes, with what each of them said.

use crate::observe::describe;
use crate::observe::names::Names;
use crate::problem::Place;
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::explain::Stop;
use sim_core::plane::Act;
use sim_core::stage::{Reason, Step};
use topologies::World;

/// A place on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hop {
    /// What it is called.
    pub at: String,
    /// `leaves` or `arrives`.
    pub way: &'static str,
    /// The packet as it came there.
    pub packet: String,
    /// What the stages said, in their order.
    pub said: Vec<Line>,
    /// What became of it: the kind of way it goes on by, `delivered`, or the reason that stops it.
    pub then: String,
}

/// What a stage said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Line {
    /// The stage.
    pub stage: &'static str,
    /// What it said.
    pub text: String,
    /// The resource it said it of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Where that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The reason, where it stops the packet, or would have had it not been passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stops: Option<&'static str>,
}

pub(super) fn told(stops: &[Stop], world: &World, names: &mut Names) -> Vec<Hop> {
    let one = |stop: &Stop| Hop {
        at: names.port(stop.port, &world.topology).full.to_string(),
        way: if stop.leaving { "leaves" } else { "arrives" },
        packet: stop.before.to_string(),
        said: stop.steps.iter().map(|step| line(step, world)).collect(),
        then: match stop.act {
            Act::Forward { class, .. } => class.name().to_owned(),
            Act::Deliver => "delivered".to_owned(),
            Act::Drop(reason) => reason.code().to_owned(),
            Act::Answer(answer) => answer.reason().map_or("answered", Reason::code).to_owned(),
        },
    };
    stops.iter().map(one).collect()
}

fn line(step: &Step, world: &World) -> Line {
    let said = describe::step(step, &world.topology);
    let stops = if let Step::Stopped(reason) = step { Some(reason.code()) } else { None };
    let place = said.span.and_then(|span| Place::of(span, &world.sources));
    Line { stage: said.stage, text: said.text, resource: said.resource, place, stops }
}
