//! Pages that are made from the tree and checked in.

use std::path::Path;
use std::{env, fs};

/// Holds a page, named from the top of the tree, against its file, or writes it where `UPDATE_DOCS` is set; `test` is the test
/// target that makes it.
///
/// # Panics
/// When the file is another page, or cannot be written.
pub fn current(name: &str, page: &str, test: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, page).unwrap_or_else(|error| panic!("{name}: {error}"));
        return;
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    let lines = page.lines().chain(std::iter::once("")).zip(there.lines().chain(std::iter::once("")));
    let differs = lines.into_iter().find(|(new, old)| new != old);
    let how = format!("UPDATE_DOCS=1 cargo test -p vnetsim-tests --test {test} mends it");
    assert!(page == there, "{name} is stale; {how}: {differs:#?}");
}
