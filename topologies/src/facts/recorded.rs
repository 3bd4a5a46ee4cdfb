//! Answers of Azure that others recorded, for tests.

use super::Date;
use serde_json::Value;
use std::path::Path;

/// One answer.
pub(crate) struct Recorded {
    /// The file.
    pub(crate) name: String,
    /// The day.
    pub(crate) date: Date,
    /// Where the recorded world stands, by its short name.
    pub(crate) region: String,
    /// What Azure said.
    pub(crate) body: Value,
}

/// Every recorded answer of a kind, such as `effectiveRouteTable`; none, and said so, where the corpus is absent.
pub(crate) fn recordings(kind: &str) -> Vec<Recorded> {
    let mut found = Vec::new();
    for folder in ["effective", "network-watcher"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/oracles").join(folder);
        let Ok(files) = std::fs::read_dir(&path) else {
            eprintln!("skipped: {} is not there", path.display());
            continue;
        };
        for file in files.map(|file| file.expect("an entry").path()) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&file).expect("a readable file");
            let recording: Value = serde_json::from_str(&text).expect("JSON");
            for ask in recording["asks"].as_array().into_iter().flatten().filter(|ask| ask["kind"] == kind) {
                let date = day(ask["recorded"].as_str().unwrap_or_default());
                let world = ask["world"].as_str().and_then(|world| recording["worlds"].get(world));
                let region = world.and_then(region).unwrap_or_default().to_owned();
                found.push(Recorded { name: name.clone(), date, region, body: ask["answer"].clone() });
            }
        }
    }
    found
}

/// The region of a world's first resource that has one.
fn region(world: &Value) -> Option<&str> {
    world["resources"].as_array()?.iter().find_map(|body| body["location"].as_str())
}

/// Reads `Mon, 26 Aug 2024 05:54:42 GMT`.
fn day(text: &str) -> Date {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split(' ').collect();
    let month = MONTHS.iter().position(|month| parts.get(2) == Some(month)).expect("a month") + 1;
    format!("{}-{month:02}-{}", parts[3], parts[1]).parse().expect("a date")
}
