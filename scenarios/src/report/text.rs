//! The report for people.

use super::{BuildReport, FlowReport, Report, TryReport};
use crate::hangs;
use crate::latency::Stats;
use crate::problem::{NotExamined, Problem, RemedyReport};
use crate::render;
use crate::verdict::Verdict;
use sim_core::time::Nanos;
use std::fmt::Write as _;

/// Text of the input can hold anything; a terminal gets none of it raw.
pub(crate) fn harmless(text: &str) -> String {
    text.lines().map(|line| render::clean(line) + "\n").collect()
}

pub(crate) fn report(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", report.scenario);
    if let Some(about) = &report.about {
        for line in about.lines() {
            let _ = writeln!(out, "  {}", line.trim());
        }
    }
    let jitter = if report.jitter { "on" } else { "off" };
    let downloads = if report.full_downloads { "in full" } else { "as a few bytes each" };
    let _ = writeln!(
        out,
        "  vnetsim {}, seed {}, date {}, jitter {jitter}, large downloads {downloads}",
        report.version, report.seed, report.date
    );
    for build in &report.builds {
        build_text(&mut out, build);
    }
    if !report.flows.is_empty() {
        let _ = writeln!(out, "\nFlows");
        flow_table(&mut out, &report.flows);
        for flow in &report.flows {
            flow_details(&mut out, flow);
        }
    }
    section(&mut out, "Azure would refuse", &report.findings);
    list(&mut out, "Assumed", &report.assumptions);
    list(&mut out, "With other choices of what nearly every answer hangs on", &report.whole);
    list(&mut out, "Skipped", &report.skipped);
    let unmet: Vec<String> = report.all_unmet().cloned().collect();
    if report.as_expected {
        let _ = writeln!(out, "\nAs expected.");
    } else {
        list(&mut out, "Not as expected", &unmet);
    }
    harmless(&out)
}

pub(crate) fn build_text(out: &mut String, build: &BuildReport) {
    let took = build.took_ns.map_or(String::new(), |took| format!(" after {}", Nanos(took)));
    let _ = writeln!(out, "\nImage build {}: {}{took}", build.name, build.outcome.to_uppercase());
    let _ = writeln!(out, "  {}", build.way);
    let layers = [
        ("deployment", build.layers.deployment),
        ("transport", build.layers.transport),
        ("service", build.layers.service),
    ];
    let words: Vec<String> = layers.iter().map(|(name, verdict)| format!("{name} {verdict:?}")).collect();
    let _ = writeln!(out, "  {}", words.join(", "));
    if build.layers.service == Verdict::Disconnected {
        let _ = writeln!(out, "  {}", build.message);
    }
    section(out, "In the way", &build.problems);
    if build.verdict != Verdict::Connected {
        list(out, "  The client printed", &build.printed);
    }
    if !build.flows.is_empty() {
        let _ = writeln!(out, "\n  Flows");
        flow_table(out, &build.flows);
        for flow in &build.flows {
            latency_lines(out, flow);
            not_examined_text(out, flow.not_examined.as_ref());
        }
    }
    hangs::text(out, Some("The build"), &build.hangs_on);
    timeline(out, build);
}

fn timeline(out: &mut String, build: &BuildReport) {
    if build.timeline.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n  Timeline");
    for row in &build.timeline {
        let again = match row.until_ns {
            Some(until) => format!(" (x{}, until {})", row.times, Nanos(until)),
            None => String::new(),
        };
        let _ = writeln!(out, "  {:>11}  {:<12} {}{again}", Nanos(row.at_ns).to_string(), row.phase, row.text);
    }
}

fn flow_table(out: &mut String, flows: &[FlowReport]) {
    let width = flows.iter().map(|flow| flow.name.chars().count()).max().unwrap_or(4).clamp(4, 60);
    let _ = writeln!(
        out,
        "  {:<width$}  {:<12}  {:>10}  {:>10}  {:>10}  path",
        "flow", "verdict", "connect", "first byte", "whole"
    );
    for flow in flows {
        let latency = flow.latency.clone().unwrap_or_default();
        let half = |stats: &Option<Stats>| stats.as_ref().map_or("-".to_owned(), |stats| Nanos(stats.p50).to_string());
        let _ = writeln!(
            out,
            "  {:<width$}  {:<12}  {:>10}  {:>10}  {:>10}  {}",
            flow.name,
            format!("{:?}", flow.verdict),
            half(&latency.connect),
            half(&latency.first_byte),
            half(&latency.whole),
            flow.path.join(" > ")
        );
    }
}

fn flow_details(out: &mut String, flow: &FlowReport) {
    if let Some(named) = &flow.named {
        let to: Vec<&str> = named.chain.iter().chain(&named.addresses).map(String::as_str).collect();
        let to = if to.is_empty() { "nowhere".to_owned() } else { to.join(" > ") };
        let _ = writeln!(out, "  {}: {} leads to {to}", flow.name, named.name);
        for line in &named.way {
            let _ = writeln!(out, "      {line}");
        }
    }
    latency_lines(out, flow);
    for TryReport { count, first_ns, last_ns, printed } in &flow.tries {
        let (first, last) = (Nanos(*first_ns), Nanos(*last_ns));
        let _ = writeln!(out, "  {}: {count} attempts failed, from {first} to {last}: {printed}", flow.name);
    }
    if let Some(printed) = flow.printed.as_ref().filter(|_| flow.tries.is_empty()) {
        let _ = writeln!(out, "  {}: the client printed: {printed}", flow.name);
    }
    if let Some(session) = &flow.session {
        let _ = writeln!(out, "  {}: the session ended after {}: {}", flow.name, Nanos(session.after_ns), session.ends);
    }
    if let Some(opened) = flow.opened {
        let _ = writeln!(out, "  {}: {opened} opened", flow.name);
    }
    for (n, hop) in (1..).zip(&flow.hops) {
        let _ = writeln!(out, "  {}: {n:>2}  {hop}", flow.name);
    }
    for problem in &flow.problems {
        problem_text(out, problem);
    }
    not_examined_text(out, flow.not_examined.as_ref());
    remedy_text(out, flow.remedy.as_ref());
    hangs::text(out, Some(&flow.name), &flow.hangs_on);
}

fn latency_lines(out: &mut String, flow: &FlowReport) {
    let Some(latency) = &flow.latency else { return };
    let failed = if latency.failed > 0 { format!(", {} attempts failed", latency.failed) } else { String::new() };
    let _ = writeln!(out, "  {} over many attempts{failed}:", flow.name);
    for (name, stats) in [("connect", &latency.connect), ("first byte", &latency.first_byte), ("whole", &latency.whole)]
    {
        let Some(stats) = stats else { continue };
        let p99 = stats.p99.map_or("-".to_owned(), |p99| Nanos(p99).to_string());
        let _ = writeln!(
            out,
            "    {name:<10}  n {}  min {}  mean {}  p50 {}  p90 {}  p99 {p99}  max {}",
            stats.n,
            Nanos(stats.min),
            Nanos(stats.mean),
            Nanos(stats.p50),
            Nanos(stats.p90),
            Nanos(stats.max)
        );
    }
}

pub(crate) fn section(out: &mut String, title: &str, problems: &[Problem]) {
    if problems.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n  {title}");
    for problem in problems {
        problem_text(out, problem);
    }
}

fn problem_text(out: &mut String, problem: &Problem) {
    let _ = writeln!(out, "  [{}] {}", problem.code, problem.text);
    if let Some(place) = &problem.place {
        let _ = writeln!(out, "      at {}:{}:{}: {}", place.file, place.line, place.column, place.snippet);
    }
    if !problem.also.is_empty() {
        let _ = writeln!(out, "      also in the way of {}", problem.also.join(", "));
    }
    if problem.behind {
        let _ = writeln!(out, "      in the way once what is before it is mended");
    }
    for mend in &problem.mend {
        let _ = writeln!(out, "      mend: {mend}");
    }
}

/// What was not examined of a way.
pub(crate) fn not_examined_text(out: &mut String, part: Option<&NotExamined>) {
    let Some(NotExamined { behind, on_return, but_through_edits }) = part else { return };
    let back = if *on_return { " on the way back" } else { "" };
    let but = if *but_through_edits { "; through the proposed edits it was" } else { "" };
    let _ = writeln!(out, "\n  Not examined: what lies behind {behind}{back}, from where nothing leads on{but}");
}

/// What opens a way, as `--set` takes it.
pub(crate) fn remedy_text(out: &mut String, remedy: Option<&RemedyReport>) {
    let Some(RemedyReport { edits, opens }) = remedy else { return };
    let (many, says) = match (edits.len(), opens) {
        (1, true) => ("This edit opens it".to_owned(), "tried on a copy of the network"),
        (n, true) => (format!("These {n} edits open it"), "the fewest there are, tried on a copy of the network"),
        (_, false) => ("These edits take something out of the way".to_owned(), "it stays closed"),
    };
    let _ = writeln!(out, "\n  {many} ({says}):");
    for edit in edits {
        let _ = writeln!(out, "      --set '{edit}'");
    }
}

pub(crate) fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}
