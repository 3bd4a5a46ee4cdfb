//! Recorded answers of Azure, and how ours differ from them.

mod table;

pub use table::{Entry, cells, check};

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The way to it: `properties.subnets[0].properties.delegations`.
    pub path: String,
    /// What we say there.
    pub ours: String,
    /// What Azure said.
    pub azures: String,
}

impl Difference {
    /// Two values of a field that are not the same.
    #[must_use]
    pub fn new(path: &str, ours: Option<&Value>, azures: Option<&Value>) -> Self {
        Self { path: path.to_owned(), ours: told(ours), azures: told(azures) }
    }
}

/// Longest value that is shown whole, in characters.
const SHOWN: usize = 120;

fn told(value: Option<&Value>) -> String {
    let Some(value) = value else { return "(absent)".to_owned() };
    let text = value.to_string();
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).collect::<String>() + "..." }
}

/// The recordings in a folder of the corpus, with folder and name, in the order of these; none where the corpus is absent.
///
/// # Panics
/// When a file of the corpus cannot be read.
#[must_use]
pub fn recordings(folder: &str) -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/oracles").join(folder);
    let Ok(entries) = fs::read_dir(&root) else {
        eprintln!("skipped: {} is not here", root.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    let read = |path: &PathBuf| {
        let stem = path.file_stem().expect("a name").to_string_lossy();
        let text = fs::read_to_string(path).expect("a file of the corpus");
        (format!("{folder}/{stem}"), serde_json::from_str(&text).expect("JSON"))
    };
    files.iter().map(read).collect()
}

/// `Thu, 30 May 2019 18:09:11 GMT` as `2019-05-30`.
///
/// # Panics
/// When it has no such month.
#[must_use]
pub fn day(text: &str) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split(' ').collect();
    let month = MONTHS.iter().position(|month| *month == parts[2]).expect("a month") + 1;
    format!("{}-{month:02}-{}", parts[3], parts[1])
}
