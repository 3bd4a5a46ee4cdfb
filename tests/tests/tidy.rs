//! Plays tidy over every file of the workspace. That each reason code is explained is tested beside the explanations.

use sim_core::assumption::Assumption;
use std::fs;
use std::path::{Path, PathBuf};

/// No file of code is longer, tests included.
const MOST_LINES: usize = 800;
/// What is text.
const TEXT: [&str; 8] = ["rs", "md", "toml", "lock", "json", "yaml", "txt", "csv"];

#[test]
fn no_file_of_code_is_long() {
    // Catches: a module that grew into several.
    let long = |text: &str| text.lines().count() > MOST_LINES;
    assert_eq!(names(&["rs"], long), NONE, "more than {MOST_LINES} lines");
}

#[test]
fn every_module_says_what_it_is() {
    // Catches: a file whose purpose has to be guessed. The compiler asks for it only where the module is public.
    let silent = |text: &str| !text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 10);
    assert_eq!(names(&["rs"], silent), NONE, "no `//!` in the first line");
}

#[test]
fn nothing_is_left_for_later() {
    // Catches: unfinished code, a test switched off. The words are put together, so that this file has none of them.
    let later = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[", "ignore")];
    assert_eq!(names(&["rs"], |text| later.iter().any(|word| text.contains(word))), NONE, "one of {later:?}");
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    // Catches: an absolute path that is right on one machine only, in code, data or text.
    let homes = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    assert_eq!(names(&TEXT, |text| homes.iter().any(|home| text.contains(home))), NONE, "one of {homes:?}");
}

#[test]
fn every_assumption_has_a_say_and_is_tried() {
    // Catches: an assumption that is listed, takes a value, and changes nothing. That a test tries another choice than the
    // usual one is seen by the name it sets; what flips is that test's to say.
    let texts: Vec<(PathBuf, String)> =
        files(&["rs"]).into_iter().filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text))).collect();
    for assumption in Assumption::ALL {
        let (asks, sets) = (format!("Assumption::{assumption:?}"), format!("\"{}\"", assumption.name()));
        let code = texts.iter().filter(|(path, _)| path.starts_with(root().join("sim-core/src")));
        let code = code.map(|(_, text)| text.split("#[cfg(test)]").next().unwrap_or_default());
        assert!(code.into_iter().any(|text| text.contains(&asks)), "{assumption} is asked nowhere");
        let tests = texts.iter().filter(|(path, _)| !path.ends_with("assumption.rs"));
        let tries = |text: &str| text.lines().any(|line| line.contains(&sets));
        assert!(tests.into_iter().any(|(_, text)| tries(text)), "{assumption} is tried nowhere");
    }
}

#[test]
fn the_readme_names_the_two_commands() {
    // Catches: a command that cannot be copied for what stands around it, one that is gone, one whose scenario is gone.
    let text = fs::read_to_string(root().join("README.md")).expect("a README");
    let alone = |start: &str| text.lines().find_map(|line| line.strip_prefix(start).map(str::to_owned));
    assert_eq!(alone("cargo test "), Some("--workspace".to_owned()));
    let scenario = alone("cargo run --release -- replay ").expect("the command that runs it");
    assert!(root().join(&scenario).is_file(), "README.md runs {scenario}, which is not there");
}

const NONE: [PathBuf; 0] = [];

/// The files with one of these endings that are not as they should be, relative to the workspace.
fn names(endings: &[&str], wrong: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let files = files(endings);
    assert!(files.len() > 100, "the workspace was not found");
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let found = files.iter().filter(|path| wrong(&text(path)));
    found.map(|path| path.strip_prefix(root()).unwrap_or(path).to_owned()).collect()
}

/// Every file with one of these endings, in order, but for what is built and what is hidden.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let mut folders = vec![root()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|it| ending == *it)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
