//! The recordings.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The recordings in a folder of the corpus, with their names, in the order of these; none where the corpus is absent.
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
pub fn day(text: &str) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split(' ').collect();
    let month = MONTHS.iter().position(|month| *month == parts[2]).expect("a month") + 1;
    format!("{}-{month:02}-{}", parts[3], parts[1])
}
