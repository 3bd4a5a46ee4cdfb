//! Replays what the fuzz targets start from, and what once broke a reader.

use std::fs;
use std::path::{Path, PathBuf};
use vnetsim_tests::hostile::TARGETS;

/// Catches: a reader that panics again on what broke it once, or on the seeds; a target whose seeds are gone.
#[test]
fn no_known_input_breaks_a_reader() {
    for (name, target) in TARGETS {
        let seeds = files("seeds", name);
        assert!(!seeds.is_empty(), "fuzz/seeds/{name} is empty");
        for path in seeds.into_iter().chain(files("crashes", name)) {
            // Shown only if it breaks.
            println!("{name}: {}", path.display());
            target(&fs::read(&path).unwrap());
        }
    }
}

/// Catches: a reader without a target, a target without its name here.
#[test]
fn every_target_is_replayed() {
    let mut built: Vec<String> = entries(&fuzz().join("targets")).iter().map(|path| stem(path)).collect();
    built.sort();
    assert_eq!(built, TARGETS.map(|(name, _)| name));
    for folder in ["seeds", "crashes"] {
        for path in entries(&fuzz().join(folder)) {
            assert!(built.contains(&stem(&path)), "{} is of no target", path.display());
        }
    }
}

fn files(folder: &str, target: &str) -> Vec<PathBuf> {
    let mut files = entries(&fuzz().join(folder).join(target));
    files.sort();
    files
}

/// What a folder holds; nothing for one that is not there.
fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}
