//! The table of known differences, `tests/answered-differences.csv`: each with its cause.

use vnetsim_tests::oracles::{self, Entry};

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

/// Compares what was found in a folder's recordings with the table's entries for them, of asks that start so. Where a file of the table is absent,
/// its entries say nothing.
pub fn check(folder: &str, asks: &str, files: &[String], found: &[Entry]) {
    let concerns =
        |entry: &Entry| entry.file.starts_with(folder) && entry.ask.starts_with(asks) && files.contains(&entry.file);
    oracles::check("answered-differences.csv", &CAUSES, concerns, found);
}
