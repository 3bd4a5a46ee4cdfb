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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::evidence;
    use crate::report::builds::{CarriedReport, CopyReport};
    use crate::report::flows::FlowReport;
    use crate::verdict::Verdict;

    fn played() -> BuildReport {
        let row = |text: &str, times| TimelineRow {
            at_ns: 0,
            phase: String::new(),
            text: text.to_owned(),
            times,
            until_ns: None,
        };
        let copy = |region: &str, egress_bytes| CopyReport {
            kind: "SharedImage".to_owned(),
            region: region.to_owned(),
            egress_bytes,
        };
        BuildReport {
            outcome: "succeeded".to_owned(),
            message: "the image is there".to_owned(),
            group: "IT_rg_template_123".to_owned(),
            flows: vec![FlowReport { verdict: Verdict::Connected, ..FlowReport::named("a -> b:22".to_owned()) }],
            deployed: [("Microsoft.Network/loadBalancers".to_owned(), 1)].into(),
            sizes: [("pkrvm".to_owned(), "Standard_D1_v2".to_owned())].into(),
            left: [("Microsoft.Storage/storageAccounts".to_owned(), 1)].into(),
            copies: vec![copy("westus2", 0), copy("eastus", 5)],
            carried: Some(CarriedReport {
                bytes: [("vnet".to_owned(), 7)].into(),
                relayed: Some(evidence::Relayed { there: [3, 3], back: [4, 4] }),
            }),
            timeline: vec![row("first", 1), row("again", 3), row("first and last", 1)],
            ..BuildReport::named("t".to_owned())
        }
    }

    fn held(expect: &str, report: &BuildReport) -> usize {
        let expect: BuildExpectation = serde_json::from_str(expect).unwrap_or_else(|error| panic!("{expect}: {error}"));
        unmet_build(&expect, report).len()
    }

    #[test]
    fn each_expectation_of_a_build_is_met_by_what_it_says_and_nothing_else() {
        // Catches: an expectation that is never looked at, an order of texts that does not count, a type that is there and
        // not expected to be left, a pattern that any group fits, bytes that are not counted.
        let report = played();
        for (met, broken) in [
            (r#""prints": "again""#, r#""prints": "never""#),
            (r#""prints": ["first", "again", "last"]"#, r#""prints": ["again", "first", "last"]"#),
            (r#""prints": ["first", "first"]"#, r#""prints": ["again", "again"]"#),
            (r#""repeated": [{"text": "again", "times": 3}]"#, r#""repeated": [{"text": "again", "times": 1}]"#),
            (r#""repeated": [{"text": "first", "times": 2}]"#, r#""repeated": [{"text": "first", "times": 1}]"#),
            (r#""flows": [{"name": "a -> b:22"}]"#, r#""flows": [{"name": "a -> b:23"}]"#),
            (r#""flows": [{"name": "a -> b:22"}]"#, r#""flows": [{"name": "a -> b:22", "verdict": "disconnected"}]"#),
            (
                r#""deploys": {"microsoft.network/loadbalancers": 1, "x/y": 0}"#,
                r#""deploys": {"Microsoft.Network/loadBalancers": 0}"#,
            ),
            (r#""sizes": {"pkrvm": "standard_d1_v2"}"#, r#""sizes": {"pkrvm": "Standard_D1"}"#),
            (r#""sizes": {}"#, r#""sizes": {"vm": "Standard_D1_v2"}"#),
            (r#""group": "IT_rg_*_*3""#, r#""group": "IT_rg_*_4""#),
            (r#""group": "it_rg_template_123""#, r#""group": "IT_rg""#),
            (r#""leaves": ["Microsoft.Storage/storageAccounts"]"#, r#""leaves": []"#),
            (r#""distributed": 2"#, r#""distributed": 1"#),
            (r#""carried": {"internet": 0}"#, r#""carried": {"internet": 7}"#),
            (r#""carried": {"egress-images": 1}"#, r#""carried": {"egress-images": 2}"#),
        ] {
            assert_eq!(held(&format!("{{{met}}}"), &report), 0, "{met}");
            assert_eq!(held(&format!("{{{broken}}}"), &report), 1, "{broken}");
        }
        for (there, back, equal) in [([3, 3], [4, 4], true), ([3, 2], [4, 4], false), ([0, 0], [0, 0], false)] {
            let relayed = Some(evidence::Relayed { there, back });
            let report =
                BuildReport { carried: Some(CarriedReport { bytes: Default::default(), relayed }), ..played() };
            assert_eq!(held(r#"{"carried": {"relayed": "equal"}}"#, &report) == 0, equal, "{there:?} {back:?}");
        }
        assert!(serde_json::from_str::<BuildExpectation>(r#"{"flows": [{"name": "a", "seen": "b"}]}"#).is_err());
    }
}
