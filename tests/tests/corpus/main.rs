//! Every file of the corpus that people may have: read to the end, its network checked, one line each in `tests/corpus.csv`.
//!
//! `UPDATE_CORPUS=1 cargo test -p vnetsim-tests --test corpus` writes the table anew.

mod line;

use line::{HEAD, Line};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The folders with inputs; what belongs to a template is read with it.
const FOLDERS: [&str; 8] = [
    "arm-templates",
    "arm-templates-avm",
    "arm-templates-landing-zone",
    "arm-templates-netsec",
    "image-builder",
    "az-exports",
    "resource-graph",
    "terraform",
];

#[test]
fn every_file_is_read_to_the_end() {
    // Catches: a template, export or plan that ends in an error, reads fewer resources, loses what is modelled or finds
    // something else than was looked through when the table was made.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let files = files(&root);
    if files.is_empty() {
        eprintln!("skipped: {} is not here", root.display());
        return;
    }
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut slowest = (Duration::ZERO, String::new());
    for file in &files {
        let name = file.strip_prefix(&root).expect("below").display().to_string();
        let start = Instant::now();
        let line = Line::of(file).to_string();
        slowest = slowest.max((start.elapsed(), name.clone()));
        found.insert(name, line);
    }
    println!("{} files, the slowest {} in {:?}", found.len(), slowest.1, slowest.0);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus.csv");
    let text = format!("{HEAD}{}", found.iter().map(|(name, line)| format!("{name},{line}\n")).collect::<String>());
    if std::env::var_os("UPDATE_CORPUS").is_some() {
        fs::write(&path, text).expect("the table can be written");
        return;
    }
    let table = fs::read_to_string(&path).expect("the table");
    let stale = |line: &&str| {
        let (name, rest) = line.split_once(',').unwrap_or_default();
        found.get(name).is_some_and(|own| own != rest)
    };
    let stale: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).filter(stale).collect();
    let now = stale.iter().filter_map(|line| found.get_key_value(line.split(',').next()?));
    let now: Vec<String> = now.map(|(name, line)| format!("{name},{line}")).collect();
    assert!(stale.is_empty(), "stale, set UPDATE_CORPUS=1:\n{}\nnow:\n{}", stale.join("\n"), now.join("\n"));
    let listed = |name: &&String| table.lines().any(|line| line.split(',').next() == Some(name.as_str()));
    for name in found.keys().filter(|name| !listed(name)) {
        println!("not in the table: {name},{}", found[name]);
    }
}

/// Inputs below the folders, in order: JSON that is neither a parameters file nor a setting of the repository's own.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).filter(|path| path.is_dir()).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if (name.ends_with(".json") || name.ends_with(".tfstate"))
                && !name.contains(".parameters.")
                && !name.starts_with('.')
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
