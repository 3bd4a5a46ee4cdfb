//! What was expected of a build, held against its report.

use super::builds::{BuildReport, TimelineRow};
use super::expect::{along, missing, same_name, unmet};
use crate::scenario::{BuildExpectation, BuildOutcome, Carried, NamedFlow, Prints, Relayed, Repeated};
use sim_core::fabric::LinkClass;
use sim_core::time::Nanos;

/// The expectations that a build does not meet.
pub(super) fn unmet_build(expect: &BuildExpectation, report: &BuildReport) -> Vec<String> {
    let mut unmet = Vec::new();
    let wanted = match expect.outcome {
        BuildOutcome::Succeeded => "succeeded",
        BuildOutcome::Refused => "refused",
        BuildOutcome::Failed => "failed",
    };
    if report.outcome != wanted {
        unmet.push(format!("{}: expected to have {wanted}, has {}: {}", report.name, report.outcome, report.message));
    }
    if let Some(code) = expect.code.as_deref().filter(|code| !report.problems.iter().any(|p| p.code == **code)) {
        unmet.push(format!("{}: expected Azure's code `{code}`: {}", report.name, report.message));
    }
    unmet.extend(missing(&report.name, &report.problems, expect));
    unmet.extend(said(expect, report));
    unmet.extend(expect.flows.iter().flat_map(|flow| unmet_flow(flow, report)));
    unmet.extend(resources(expect, report));
    unmet.extend(traffic(expect, report));
    unmet
}

fn unmet_flow(wanted: &NamedFlow, report: &BuildReport) -> Vec<String> {
    match report.flows.iter().find(|flow| flow.name == wanted.name) {
        // What a build needs is looked at, not tried: nobody waits.
        Some(found) => unmet(&wanted.expect, found, Nanos::ZERO),
        None => {
            let names: Vec<String> = report.flows.iter().map(|flow| flow.name.clone()).collect();
            vec![format!("{}: expected the connection `{}`; there is: {}", report.name, wanted.name, along(&names))]
        }
    }
}

fn said(expect: &BuildExpectation, report: &BuildReport) -> Vec<String> {
    let name = &report.name;
    let mut unmet = Vec::new();
    match &expect.prints {
        Some(Prints::One(text)) if !holds(&report.timeline, text) && !report.message.contains(text) => {
            unmet.push(format!("{name}: expected its log to hold `{text}`"));
        }
        Some(Prints::Several(texts)) => {
            let mut rest = &report.timeline[..];
            for text in texts {
                match rest.iter().position(|row| row.text.contains(text)) {
                    Some(at) => rest = &rest[at + 1..],
                    None if holds(&report.timeline, text) => {
                        unmet.push(format!("{name}: expected its log to hold `{text}` later than it does"));
                    }
                    None => unmet.push(format!("{name}: expected its log to hold `{text}`")),
                }
            }
        }
        _ => {}
    }
    for Repeated { text, times } in &expect.repeated {
        let rows = report.timeline.iter().filter(|row| row.text.contains(text));
        let found: u64 = rows.map(|row| u64::from(row.times)).sum();
        if found != *times {
            unmet.push(format!("{name}: expected `{text}` {times} times in its log, is there {found} times"));
        }
    }
    unmet
}

fn holds(timeline: &[TimelineRow], text: &str) -> bool {
    timeline.iter().any(|row| row.text.contains(text))
}

fn resources(expect: &BuildExpectation, report: &BuildReport) -> Vec<String> {
    let name = &report.name;
    let mut unmet = Vec::new();
    for (kind, wanted) in expect.deploys.iter().flatten() {
        let found = report.deployed.iter().find(|(known, _)| known.eq_ignore_ascii_case(kind)).map_or(0, |it| *it.1);
        if found != *wanted {
            unmet.push(format!("{name}: expected to deploy {wanted} of {kind}, deploys {found}"));
        }
    }
    for (machine, wanted) in expect.sizes.iter().flatten() {
        let found = report.sizes.iter().find(|(known, _)| same_name(machine, known));
        if !found.is_some_and(|(_, size)| size.eq_ignore_ascii_case(wanted)) {
            let found = found.map_or("not there", |(_, size)| size);
            unmet.push(format!("{name}: expected {machine} to be a {wanted}, is {found}"));
        }
    }
    if let Some(group) = expect.group.as_deref().filter(|group| !matches(group, &report.group)) {
        unmet.push(format!("{name}: expected the group {group}, is {}", report.group));
    }
    if let Some(leaves) = &expect.leaves {
        let left: Vec<String> = report.left.keys().cloned().collect();
        let is_in = |kind: &String, list: &[String]| list.iter().any(|it| it.eq_ignore_ascii_case(kind));
        let same = left.iter().all(|kind| is_in(kind, leaves)) && leaves.iter().all(|kind| is_in(kind, &left));
        if !same {
            unmet.push(format!("{name}: expected to leave {}, leaves {}", along(leaves), along(&left)));
        }
    }
    unmet
}

/// Whether a name fits a pattern in which `*` stands for anything; letter case does not count.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(last)
}

fn traffic(expect: &BuildExpectation, report: &BuildReport) -> Vec<String> {
    let name = &report.name;
    let mut unmet = Vec::new();
    let copies = report.copies.len() as u64;
    if let Some(wanted) = expect.distributed.filter(|wanted| *wanted != copies) {
        unmet.push(format!("{name}: expected the image to go to {wanted} places, goes to {copies}"));
    }
    let Some(Carried { internet, relayed, egress_images }) = &expect.carried else { return unmet };
    let carried = report.carried.as_ref();
    if let Some(wanted) = internet {
        let found = carried.map(|it| it.bytes.get(LinkClass::Internet.name()).copied().unwrap_or(0));
        if found != Some(*wanted) {
            unmet.push(format!("{name}: expected {wanted} bytes on the Internet, are {found:?}"));
        }
    }
    if let Some(Relayed::Equal) = relayed {
        let found = carried.and_then(|it| it.relayed);
        if !found.is_some_and(|found| found.is_equal()) {
            unmet.push(format!("{name}: expected the proxy to pass on what it gets, is {found:?}"));
        }
    }
    if let Some(wanted) = egress_images {
        let found = report.copies.iter().filter(|copy| copy.egress_bytes > 0).count() as u64;
        if found != *wanted {
            unmet.push(format!("{name}: expected the image to leave its region {wanted} times, does {found} times"));
        }
    }
    unmet
}
