//! The checklist of the source pages (azure-services section 1): every row is shown by a scenario, or held by a test, whose
//! name carries the row's id; `docs/checklist.md` says which, and what came of it.

use super::{files, root, unmet};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use vnetsim_tests::oracles::cells;
use vnetsim_tests::page::current;

/// The rows of the pages: their letters, with the page, its era and how many rows there are.
const PAGES: [(char, &str, &str, usize); 5] = [
    ('A', "image builder networking", "2020", 37),
    ('B', "image builder overview", "2021", 32),
    ('C', "container registry private link", "2020", 32),
    ('D', "machine learning network security", "2021", 32),
    ('E', "container registry service endpoint", "2020", 27),
];

/// A row.
struct Row {
    id: String,
    /// What it is about.
    what: String,
    /// Why no network shows it.
    label: Option<String>,
}

#[test]
fn every_row_of_the_checklist_stands_in_the_table_once() {
    // Catches: a row that is forgotten, one that no page has, a label without a reason.
    let rows: Vec<String> = rows().into_iter().map(|row| row.id).collect();
    let all: Vec<String> =
        PAGES.iter().flat_map(|(letter, .., count)| (1..=*count).map(move |n| format!("{letter}{n}"))).collect();
    assert_eq!(rows, all);
}

#[test]
fn the_page_of_the_checklist_is_current() {
    // Catches: a scenario of a row that does not go as it says, in the era of its page or today; a name with an id that no row
    // has; a page that says what is no longer so.
    let rows = rows();
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, file) in files("checklist") {
        let ids = ids(&name, '-');
        assert!(!ids.is_empty(), "{name} starts with no id");
        for day in days(&name, &ids, &file) {
            let unmet = unmet(&file, day);
            wrong.extend(unmet.into_iter().map(|line| format!("{name} ({}): {line}", day.unwrap_or("its own day"))));
        }
        for id in ids {
            shown.entry(id).or_default().push(format!("`{name}`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (id, test) in tests() {
        shown.entry(id).or_default().push(test);
    }
    let known = |id: &String| rows.iter().any(|row| row.id == *id);
    let strange: Vec<&String> = shown.keys().filter(|id| !known(id)).collect();
    assert!(strange.is_empty(), "no row is called {strange:?}");
    current("docs/checklist.md", &page(&rows, &shown), "library");
}

/// The days that a scenario is played on: its own; where it names none, the era of its page and today.
fn days(name: &str, ids: &[String], file: &Path) -> Vec<Option<&'static str>> {
    let text = fs::read_to_string(file).unwrap_or_default();
    if name.ends_with("-today") || text.lines().any(|line| line.starts_with("era:")) {
        return vec![None];
    }
    let page = PAGES.iter().find(|(letter, ..)| ids[0].starts_with(*letter));
    vec![None, page.map(|(_, _, era, _)| *era)]
}

/// The ids that a name starts with: `a16-a17-proxy-ports` has A16 and A17.
fn ids(name: &str, between: char) -> Vec<String> {
    let is_id = |part: &&str| {
        let digits = part.get(1..).unwrap_or_default();
        part.starts_with(|c: char| ('a'..='e').contains(&c))
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    name.split(between).take_while(is_id).map(str::to_ascii_uppercase).collect()
}

/// The tests whose names carry ids, each with where it is.
fn tests() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> =
        ["sim-core", "topologies", "scenarios", "tests"].iter().map(|folder| root().join(folder)).collect();
    let mut sources = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the tree").map(|entry| entry.expect("an entry").path()) {
            let name = entry.file_name().unwrap_or_default().to_owned();
            if entry.is_dir() && name != "target" {
                open.push(entry);
            } else if entry.extension().is_some_and(|end| end == "rs") {
                sources.push(entry);
            }
        }
    }
    sources.sort();
    for file in sources {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let place = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        let names = text.lines().filter_map(|line| line.trim().strip_prefix("fn ")?.split('(').next());
        for name in names {
            found.extend(ids(name, '_').into_iter().map(|id| (id, format!("`{name}` in {place}"))));
        }
    }
    found
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("tests/checklist.csv")).expect("the rows");
    let row = |line: &str| {
        let fields = cells(line);
        let [id, what, kind, why] = &fields[..] else { panic!("four fields: {line}") };
        assert!(["network", "control-plane", "label"].contains(&kind.as_str()), "{line}");
        assert_eq!(kind == "label", !why.is_empty(), "a label, and nothing else, has a reason: {line}");
        let label = (kind == "label").then(|| why.clone());
        Row { id: id.clone(), what: what.clone(), label }
    };
    text.lines().skip(1).filter(|line| !line.is_empty()).map(row).collect()
}

fn page(rows: &[Row], shown: &BTreeMap<String, Vec<String>>) -> String {
    let mut page = String::from(
        "# The checklist of the source pages\n\n\
         Every row of azure-services section 1, with the scenarios of `scenarios/library/checklist` that show it and the tests \
         that hold it.\nScenarios are played in the era of their page and today unless they name their own day; all of them go \
         as they say.\nMade by `UPDATE_DOCS=1 cargo test -p vnetsim-tests --test library`; the same test fails where this page \
         is stale.\n",
    );
    for (letter, title, era, _) in PAGES {
        let _ = writeln!(
            page,
            "\n## {letter}: {title} ({era})\n\n| row | what | shown by | result |\n| --- | --- | --- | --- |"
        );
        for row in rows.iter().filter(|row| row.id.starts_with(letter)) {
            let by = shown.get(&row.id).map(|by| by.join("; "));
            let (by, result) = match (by, &row.label) {
                (Some(by), _) => (by, "as expected".to_owned()),
                (None, Some(why)) => (String::new(), format!("no network shows it: {why}")),
                (None, None) => (String::new(), "not shown".to_owned()),
            };
            let _ = writeln!(page, "| {} | {} | {by} | {result} |", row.id, row.what);
        }
    }
    let open: Vec<&str> =
        rows.iter().filter(|row| row.label.is_none() && !shown.contains_key(&row.id)).map(|row| &*row.id).collect();
    let labels = rows.iter().filter(|row| row.label.is_some() && !shown.contains_key(&row.id)).count();
    let _ = writeln!(
        page,
        "\n{} rows: {} shown, {labels} that no network shows, {} not shown{}{}.",
        rows.len(),
        rows.len() - labels - open.len(),
        open.len(),
        if open.is_empty() { "" } else { ": " },
        open.join(", ")
    );
    page
}
