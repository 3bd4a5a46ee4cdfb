//! Whole files through [`load`]: forms, quirks, several files of one network, secrets, and what is written to be read again.

mod corpus;
mod quirks;
mod secrets;
mod several;
mod snapshot;

use crate::arm::Environment;
use crate::diagnostic::Severity;
use crate::{Input, World, load};
use sim_core::topology::Topology;

const G: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.Network";
/// No codes.
const NONE: [&str; 0] = [];

fn world(files: &[(&str, &str)]) -> World {
    let inputs: Vec<Input> = files.iter().map(|(name, text)| Input::new(*name, *text)).collect();
    load(&inputs, None, &Environment::default())
}

/// Codes of what was said, with `!` for errors.
fn codes(world: &World) -> Vec<String> {
    let mark = |severity| if severity == Severity::Error { "!" } else { "" };
    world.diagnostics.iter().map(|it| format!("{}{}", mark(it.severity), it.code)).collect()
}

/// Everything of a topology but the places in files.
fn drawn(topology: &Topology) -> String {
    let mut out = String::new();
    for resource in topology.resources() {
        let draft = topology.draft_of(resource);
        let text =
            format!("{:?} {:?} {:?} {:?} {:?}\n", resource.id, draft.name, draft.owner, draft.kind, draft.refers);
        out.push_str(&without_places(&text));
    }
    out
}

fn without_places(text: &str) -> String {
    let mut parts = text.split("Some(Span {");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("None");
        out.push_str(part.split_once("})").map_or("", |(_, rest)| rest));
    }
    out
}
