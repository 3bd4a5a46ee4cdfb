//! Requirements for people.

use super::{LineReport, Requirements};
use crate::verdict::Verdict;
use std::fmt::Write as _;

/// A pack's checklist for one service: a line each, and under it what is in the way.
pub(crate) fn requirements(out: &mut String, all: &[Requirements]) {
    for one in all {
        match &one.service {
            Some(service) => {
                let _ = writeln!(out, "\nWhat {service} needs ({}, pack {})", one.title, one.pack);
            }
            None => {
                let _ = writeln!(out, "\nThe input has nothing that pack {} is for ({})", one.pack, one.title);
            }
        }
        // Lines that could not be tried for one reason are told together.
        for group in one.lines.chunk_by(|a, b| a.skipped.is_some() && a.skipped == b.skipped) {
            match (&group[0].skipped, group) {
                (Some(why), [_, _, ..]) => not_tried(out, group, why),
                _ => group.iter().for_each(|it| line(out, it)),
            }
        }
    }
}

fn not_tried(out: &mut String, group: &[LineReport], why: &str) {
    let _ = writeln!(out, "  --  {} lines were not tried: {why}", group.len());
    let ids: Vec<&str> = group.iter().map(|line| line.id.as_str()).collect();
    for some in ids.chunks(8) {
        let _ = writeln!(out, "        {}", some.join(", "));
    }
}

fn line(out: &mut String, line: &LineReport) {
    let word = match (line.verdict, line.optional) {
        (Verdict::Connected, _) => "ok",
        (Verdict::Skipped, _) => "--",
        (Verdict::Unknown | Verdict::Degraded, _) => "??",
        (Verdict::Disconnected, true) => "no",
        (Verdict::Disconnected, false) => "NO",
    };
    let optional = if line.optional { " (optional)" } else { "" };
    let _ = writeln!(out, "  {word}  {:<12}  {}{optional}", line.id, line.say);
    if let Some(why) = &line.skipped {
        let _ = writeln!(out, "                    not tried: {why}");
    }
    for tried in line.tried.iter().filter(|tried| tried.verdict != Verdict::Connected) {
        match &tried.skipped {
            Some(why) => {
                let _ = writeln!(out, "                    {}: {why}", tried.what);
            }
            None => {
                let _ = writeln!(out, "                    {}: {:?}", tried.what, tried.verdict);
            }
        }
        for problem in &tried.problems {
            let place = problem.place.as_ref().map_or(String::new(), |it| format!("  ({}:{})", it.file, it.line));
            let _ = writeln!(out, "                      [{}] {}{place}", problem.code, problem.text);
        }
        for edit in &tried.mend {
            let _ = writeln!(out, "                      opens it: {edit}");
        }
    }
}
