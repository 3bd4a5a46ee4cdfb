//! The failure stories: each is told by a scenario where it goes wrong and one where it is mended, or stands in the list of
//! those that are not, with the reason.

use super::{files, replayed, root, unmet};
use scenarios::verdict::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The stories of the reference.
const STORIES: std::ops::RangeInclusive<u32> = 1..=44;

#[test]
fn every_story_is_told_or_listed() {
    // Catches: a story that nobody tells and nobody says why, one that is told broken and never mended.
    let list = fs::read_to_string(root().join("scenarios/library/stories/README.md")).expect("the list of stories");
    let mut told: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    let files = files("stories");
    for (name, _) in &files {
        let number = name.strip_prefix('s').and_then(|rest| rest.split('-').next()).and_then(|it| it.parse().ok());
        let end = name.rsplit('-').next().unwrap_or_default();
        assert!(["broken", "mended"].contains(&end), "{name} is neither broken nor mended");
        match number {
            Some(number) => {
                assert!(STORIES.contains(&number), "{name} is no story of the reference");
                told.entry(number).or_default().insert(end);
            }
            None => assert!(name.starts_with("synthetic-"), "{name} does not start with its story"),
        }
    }
    for number in STORIES {
        let listed = list.lines().any(|line| line.starts_with(&format!("| S{number:02} |")));
        match told.get(&number) {
            Some(ends) => assert_eq!(ends.len(), 2, "S{number:02} is told {ends:?} alone"),
            None => assert!(listed, "S{number:02} is neither told nor in the list"),
        }
    }
}

#[test]
fn stories_go_as_they_are_told() {
    // Catches: a cause that is no longer found, another one that is told beside it, a mending that does not mend.
    let mut wrong = Vec::new();
    for (name, file) in files("stories") {
        wrong.extend(unmet(&file, None).into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn causes_have_places() {
    // Catches: a rule or setting in the way of a flow that is told without file and line.
    let mut without = Vec::new();
    for (name, file) in files("stories").into_iter().filter(|(name, _)| name.ends_with("-broken")) {
        let Ok(report) = replayed(&file, None) else { continue };
        let flows = report.flows.iter().filter(|flow| flow.verdict == Verdict::Disconnected);
        let problems = flows.flat_map(|flow| &flow.problems).filter(|problem| problem.rule.is_some());
        without.extend(
            problems.filter(|problem| problem.place.is_none()).map(|problem| format!("{name}: {}", problem.text)),
        );
    }
    // Rules of Azure's own stand in no file.
    without.retain(|line| !line.contains("default rule"));
    assert!(without.is_empty(), "{}", without.join("\n"));
}
