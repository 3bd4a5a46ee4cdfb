//! Several scenarios at a glance: a line each, and what is not as expected.

use super::play::{Failed, Played};
use crate::report::text::harmless;
use crate::scenario::Loaded;
use std::fmt::Write as _;

/// A line for each scenario, and one for all.
pub(super) fn lines<'a>(outcomes: impl Iterator<Item = (&'a Loaded, &'a Result<Played, Failed>)>) -> String {
    let mut out = String::new();
    let (mut fine, mut all) = (0, 0);
    for (loaded, outcome) in outcomes {
        all += 1;
        let path = loaded.path.display();
        match outcome {
            Ok(played) if played.report.as_expected => {
                fine += 1;
                let _ = writeln!(out, "ok      {path}  {}", loaded.scenario.name);
            }
            Ok(played) => {
                let _ = writeln!(out, "NOT     {path}  {}", loaded.scenario.name);
                for unmet in played.report.all_unmet() {
                    let _ = writeln!(out, "          {unmet}");
                }
            }
            Err(_) => {
                let _ = writeln!(out, "ERROR   {path}  it was not played: see the messages");
            }
        }
    }
    let _ = writeln!(out, "\n{fine} of {all} scenarios went as expected.");
    harmless(&out)
}
