//! A trace for people.

use super::{Hop, Trace, Ways};
use crate::hangs;
use crate::report::text::{harmless, list, not_examined_text, remedy_text, section};
use sim_core::time::Nanos;
use std::fmt::Write as _;

// A String takes everything that is written to it.
pub(super) fn trace(trace: &Trace) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}: {:?}", trace.question, trace.verdict);
    if let Some(time) = trace.round_trip_ns {
        let _ = writeln!(out, "  round trip of the network alone: {}", Nanos(time));
    }
    if let Some(Ways { found, connect }) = trace.ways {
        let _ = writeln!(out, "  the balancer may choose among {found} ways; {connect} of them connect");
    }
    hops(&mut out, "There", &trace.there);
    hops(&mut out, "Back", &trace.back);
    not_examined_text(&mut out, trace.not_examined.as_ref());
    section(&mut out, "In the way", &trace.problems);
    remedy_text(&mut out, trace.remedy.as_ref());
    hangs::text(&mut out, None, &trace.hangs_on);
    section(&mut out, "Azure would refuse", &trace.findings);
    list(&mut out, "Assumed", &trace.assumptions);
    list(&mut out, "Skipped", &trace.skipped);
    harmless(&out)
}

fn hops(out: &mut String, title: &str, hops: &[Hop]) {
    if hops.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    for hop in hops {
        let _ = writeln!(out, "  {} {}  {}", hop.at, hop.way, hop.packet);
        for line in &hop.said {
            let place = line.place.as_ref().map_or(String::new(), |it| format!("  ({}:{})", it.file, it.line));
            let _ = writeln!(out, "      {}{place}", line.text);
        }
        let _ = writeln!(out, "      -> {}{}", if looked_past(hop) { "were it let through: " } else { "" }, hop.then);
    }
}

/// Whether something stops the packet there, and the explanation looks at what comes after it.
fn looked_past(hop: &Hop) -> bool {
    hop.said.iter().filter_map(|line| line.stops).any(|reason| reason != hop.then)
}
