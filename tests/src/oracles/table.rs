//! Tables of known differences, as CSV: each with its cause.

use super::Difference;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Folder and name of the recording.
    pub file: String,
    /// Which of the file's questions.
    pub ask: String,
    /// The field.
    pub path: String,
    /// What we say.
    pub ours: String,
    /// What Azure said.
    pub azures: String,
    /// Why; nothing for what was just found.
    pub cause: String,
}

impl Entry {
    /// A difference that was found.
    #[must_use]
    pub fn new(file: &str, ask: impl ToString, difference: Difference) -> Self {
        let Difference { path, ours, azures } = difference;
        Self { file: file.to_owned(), ask: ask.to_string(), path, ours, azures, cause: String::new() }
    }
}

/// Compares what was found with the entries of a table, beside this crate's manifest, that it `concerns`.
///
/// # Panics
/// When they differ, or an entry has another cause than these.
pub fn check(table: &str, causes: &[(&str, &str)], concerns: impl Fn(&Entry) -> bool, found: &[Entry]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(table);
    let mut table = read(&fs::read_to_string(&path).expect("the table of differences"));
    for entry in &table {
        let known = causes.iter().any(|(cause, _)| *cause == entry.cause);
        assert!(known, "{}: `{}` is no cause; causes are {causes:#?}", entry.path, entry.cause);
    }
    table.retain(concerns);
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
            Ok([file, ask, path, ours, azures, cause]) => Entry { file, ask, path, ours, azures, cause },
            Err(cells) => panic!("{} cells: {line}", cells.len()),
        })
        .collect()
}

/// The cells of a line (RFC 4180).
#[must_use]
pub fn cells(line: &str) -> Vec<String> {
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
