//! The table of known differences, `differences.csv` beside this file: each with its cause.

use crate::compare::Difference;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Why an answer may differ, and nothing else may be a cause.
const CAUSES: [(&str, &str); 14] = [
    ("made-name", "a name that the service makes up"),
    ("instances", "one stands here for all instances of a gateway, and take one address"),
    (
        "grouped",
        "the recorder put equal requests together: this is the answer to an earlier or later one, of another state",
    ),
    ("other-resource", "the value is that of a resource that the recording does not hold"),
    ("settling", "the answer was given before Azure was done"),
    ("test-cloud", "the recording was made in a test environment of Azure, where names end otherwise"),
    ("image", "the image says it, and the recording does not hold it"),
    (
        "newest-version",
        "the template asks for the newest version that Azure has in that place, and the answer is of another one",
    ),
    ("noise", "recordings of the same request differ among each other here"),
    ("scale-set", "Azure draws the names of what a flexible scale set makes; here they are numbered"),
    ("nat-pool", "the rules that Azure makes of a NAT pool stand in our network, not in our balancer's answer"),
    ("overprovisioned", "the answer is of a moment when Azure had made more instances than the capacity asks for"),
    ("masked", "the recorder put another name in one place and not in the other"),
    ("dated-default", "the default was another one on the day when the resource was made"),
];

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub file: String,
    /// Which of the file's questions, or the output.
    pub ask: String,
    pub path: String,
    pub ours: String,
    pub azures: String,
    pub cause: String,
}

impl Entry {
    pub fn new(file: &str, ask: impl ToString, difference: Difference) -> Self {
        let Difference { path, ours, azures } = difference;
        Self { file: file.to_owned(), ask: ask.to_string(), path, ours, azures, cause: String::new() }
    }
}

/// Compares what was found in a folder's recordings with the table's entries for them, of asks that start so. Where a file of the table is absent,
/// its entries say nothing.
pub fn check(folder: &str, asks: &str, files: &[String], found: &[Entry]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answered/differences.csv");
    let mut table = read(&fs::read_to_string(&path).expect("the table of differences"));
    for entry in &table {
        let known = CAUSES.iter().any(|(cause, _)| *cause == entry.cause);
        assert!(known, "{}: `{}` is no cause; causes are {CAUSES:#?}", entry.path, entry.cause);
    }
    table.retain(|entry| entry.file.starts_with(folder) && entry.ask.starts_with(asks) && files.contains(&entry.file));
    let without_cause = |entries: &[Entry]| -> BTreeSet<Entry> {
        entries.iter().map(|entry| Entry { cause: String::new(), ..entry.clone() }).collect()
    };
    let (known, found) = (without_cause(&table), without_cause(found));
    let new: Vec<String> = found.difference(&known).map(line).collect();
    let gone: Vec<String> = known.difference(&found).map(line).collect();
    assert!(new.is_empty(), "{} differences that are not in the table:\n{}", new.len(), new.join("\n"));
    assert!(gone.is_empty(), "{} entries that do not differ so any more:\n{}", gone.len(), gone.join("\n"));
    assert_eq!(table.len(), known.len(), "an entry is in the table twice");
}

fn read(text: &str) -> Vec<Entry> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| match <[String; 6]>::try_from(cells(line)) {
            Ok([file, ask, path, ours, azures, cause]) => Entry { file, ask, path, ours, azures, cause },
            Err(cells) => panic!("{} cells: {line}", cells.len()),
        })
        .collect()
}

/// The cells of a line (RFC 4180).
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}

fn line(entry: &Entry) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let Entry { file, ask, path, ours, azures, cause } = entry;
    [file.clone(), ask.clone(), quoted(path), quoted(ours), quoted(azures), cause.clone()].join(",")
}
