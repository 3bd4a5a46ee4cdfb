//! The golden cases of azure-dataplane section 8: what Azure does with them, written from the reference, each in a world
//! and a scenario of its own (`topologies/library/golden`, `scenarios/library/golden`).

use super::{replayed, root};
use scenarios::scenario;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use topologies::source::Sources;

/// The cases of the reference, by number.
const CASES: std::ops::RangeInclusive<u32> = 1..=36;

/// What a case came to: its name, and what is not as expected.
struct Outcome {
    name: String,
    unmet: Vec<String>,
}

#[test]
fn azure_s_golden_cases_come_out_as_the_reference_says() {
    // Catches: a rule of Azure that is gone or changed, with the case that shows it; a case that is no longer there.
    let files = files();
    let outcomes: BTreeMap<u32, Outcome> = files.iter().map(|(number, file)| (*number, play(file))).collect();
    for (number, Outcome { name, unmet }) in &outcomes {
        let result = if unmet.is_empty() { "as expected" } else { "NOT as expected" };
        println!("{number:>2}  {result:<15}  {name}");
        unmet.iter().for_each(|line| println!("      {line}"));
    }
    let missing: Vec<u32> = CASES.filter(|number| !outcomes.contains_key(number)).collect();
    assert_eq!(missing, Vec::<u32>::new(), "cases without a scenario");
    let wrong: Vec<u32> = outcomes.iter().filter(|(_, it)| !it.unmet.is_empty()).map(|(number, _)| *number).collect();
    assert_eq!(wrong, Vec::<u32>::new(), "cases that are not as expected; the table says how");
}

#[test]
fn each_case_says_where_it_comes_from() {
    // Catches: an expectation without its source, a world that no case is about.
    let mut worlds = BTreeSet::new();
    for file in files().into_values() {
        let loaded = scenario::load(&file, &mut Sources::new()).expect("a scenario that can be read");
        let about = loaded.scenario.about.unwrap_or_default();
        assert!(about.contains("azure-dataplane "), "{}", file.display());
        assert!(!loaded.scenario.flows.is_empty() || !loaded.scenario.findings.is_empty(), "{}", file.display());
        worlds.extend(loaded.topology.iter().filter_map(|path| path.file_name().map(ToOwned::to_owned)));
    }
    for entry in std::fs::read_dir(root().join("topologies/library/golden")).expect("the worlds") {
        let name = entry.expect("a file").file_name();
        assert!(worlds.contains(&name), "no case is about {}", name.display());
    }
}

/// The scenarios by the numbers that their names start with.
fn files() -> BTreeMap<u32, PathBuf> {
    let folder = root().join("scenarios/library/golden");
    let mut files = BTreeMap::new();
    for file in scenario::find(&[folder]).expect("the golden scenarios") {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.split('-').next().and_then(|number| number.parse().ok());
        let number = number.unwrap_or_else(|| panic!("{name} does not start with its number"));
        assert!(CASES.contains(&number), "{name} is no case of the reference");
        assert_eq!(files.insert(number, file), None, "two scenarios are number {number}");
    }
    files
}

fn play(file: &Path) -> Outcome {
    match replayed(file, None) {
        Ok(report) => {
            let flows = report.flows.iter().flat_map(|flow| &flow.unmet);
            let mut unmet: Vec<String> = flows.chain(&report.unmet).cloned().collect();
            if !report.as_expected && unmet.is_empty() {
                unmet.push("the report says so and not why".to_owned());
            }
            Outcome { name: report.scenario, unmet }
        }
        Err(message) => Outcome { name: file.display().to_string(), unmet: vec![message] },
    }
}
