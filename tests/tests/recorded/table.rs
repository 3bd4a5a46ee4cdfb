//! The table of known differences, `tests/recorded-differences.csv`: each with its cause.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Why an answer may differ, and nothing else may be a cause.
const CAUSES: [(&str, &str); 9] = [
    ("noise", "recordings of the same question to the same network differ among each other here"),
    ("hidden-group", "the recorder's subscription attaches a security group that the recorded network does not hold"),
    ("real-name", "the answer holds what a name on the Internet stood for that day, or whether it was found"),
    ("measured", "latencies and times, and how many packets or messages were sent"),
    ("dynamic-address", "a public address that Azure gave and the recorded network does not hold"),
    ("settling", "the peering had just been made, and was not in force everywhere"),
    ("other-form", "the answer has the form of another version of the API than the one that was asked"),
    ("dated-list", "a list that Azure changes, in a state that no other source holds"),
    ("not-modelled-yet", "the operation needs a part of Azure that the model does not hold yet"),
];

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub file: String,
    pub ask: usize,
    pub path: String,
    pub ours: String,
    pub azures: String,
    pub cause: String,
}

/// Compares what was found with the table.
pub fn check(found: &[Entry]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded-differences.csv");
    let text = fs::read_to_string(&path).expect("the table of differences");
    let table = read(&text);
    for entry in &table {
        let known = CAUSES.iter().any(|(cause, _)| *cause == entry.cause);
        assert!(known, "{}: `{}` is no cause; causes are {CAUSES:#?}", entry.path, entry.cause);
    }
    let without_cause = |entries: &[Entry]| -> BTreeSet<Entry> {
        entries.iter().map(|entry| Entry { cause: String::new(), ..entry.clone() }).collect()
    };
    let (known, found) = (without_cause(&table), without_cause(found));
    let new: Vec<String> = found.difference(&known).map(line).collect();
    let gone: Vec<String> = known.difference(&found).map(line).collect();
    assert!(new.is_empty(), "{} differences that are not in the table:\n{}", new.len(), new.join("\n"));
    assert!(
        gone.is_empty(),
        "{} entries of the table that do not differ so any more:\n{}",
        gone.len(),
        gone.join("\n")
    );
    assert_eq!(table.len(), known.len(), "an entry is in the table twice");
}

fn read(text: &str) -> Vec<Entry> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| match <[String; 6]>::try_from(cells(line)) {
            Ok([file, ask, path, ours, azures, cause]) => {
                Entry { file, ask: ask.parse().expect("a number"), path, ours, azures, cause }
            }
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
    [file.clone(), ask.to_string(), quoted(path), quoted(ours), quoted(azures), cause.clone()].join(",")
}
