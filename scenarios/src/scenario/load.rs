//! From a scenario file to a [`Scenario`], with the places of its parts.

use super::{Places, Scenario, checks, places};
use crate::yaml;
use sim_core::source::FileId;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use topologies::diagnostic::Diagnostic;
use topologies::facts::Date;
use topologies::source::Sources;
use topologies::{MAX_FILES, is_within};

/// Largest scenario file, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// A scenario as it was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub scenario: Scenario,
    /// Its file.
    pub path: PathBuf,
    /// The file in the table that it was read into.
    pub file: FileId,
    /// Where its parts stand in the file.
    pub places: Places,
    /// The date it is set in.
    pub date: Date,
    /// The files and folders of its `topology`, as the program can open them.
    pub topology: Vec<PathBuf>,
}

impl Loaded {
    /// Lets all places point into another table of files, `to`, so that one report can show this file and others.
    pub fn move_to(&mut self, from: &Sources, to: &mut Sources) {
        self.file = places::copy_file(from, self.file, to);
        self.places.refile(self.file);
    }
}

/// The same path without `folder/..`, as people would write it. Links are not looked at: where a folder of the path is one,
/// `..` leads to its parent in the path, not to that of what it points to.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        let goes_up = part == Component::ParentDir;
        let can_go_up = matches!(tidied.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            _ if goes_up && can_go_up => {
                tidied.pop();
            }
            part => tidied.push(part),
        }
    }
    tidied
}

/// Reads a scenario file into `sources`.
///
/// # Errors
/// Everything that is wrong with its values, or the first thing that is wrong with its form.
pub fn load(path: &Path, sources: &mut Sources) -> Result<Loaded, Vec<Diagnostic>> {
    let bytes = read(path).map_err(|error| vec![unreadable(format!("{} cannot be read: {error}", path.display()))])?;
    let loaded = parse(path, &bytes, sources)?;
    let missing = loaded.topology.iter().zip(&loaded.places.topology).filter(|(path, _)| !path.exists());
    let missing: Vec<_> = missing
        .map(|(path, place)| {
            unreadable(format!("{} is not there", path.display()))
                .at(*place)
                .help("name files and folders on this machine, relative to the scenario file; nothing is downloaded")
        })
        .collect();
    if missing.is_empty() { Ok(loaded) } else { Err(missing) }
}

/// Reads a scenario from the content of its file: YAML, of which JSON is a part. Nothing is looked up on disk.
///
/// # Errors
/// As [`load`], except for files that are not there.
pub fn parse(path: &Path, bytes: &[u8], sources: &mut Sources) -> Result<Loaded, Vec<Diagnostic>> {
    let file = sources.add_bytes(path.display().to_string(), bytes).map_err(|diagnostic| vec![diagnostic])?;
    let text = sources.text(file);
    let wrong = |error: &serde_saphyr::Error| vec![yaml::diagnose(error, text, file)];
    let scenario: Scenario =
        serde_saphyr::from_str_with_options(text, yaml::options()).map_err(|error| wrong(&error))?;
    let places = Places::read(text, file).map_err(|error| wrong(&error))?;
    let date = checks::check(&scenario, &places, text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let topology = scenario.topology.iter().map(|entry| tidy(&folder.join(entry))).collect();
    Ok(Loaded { scenario, path: path.to_owned(), file, places, date, topology })
}

fn unreadable(message: String) -> Diagnostic {
    Diagnostic::error("scenario.file", message)
}

/// All of a file, or an error once it is longer than a scenario may be.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it is larger than the {MAX_BYTES} bytes that are read")));
    }
    Ok(bytes)
}

/// The scenario files among `paths`: files as they are, and of folders all `.yaml` and `.yml` files below, by name. Links
/// to folders are not followed, nor links that lead out of the folder.
///
/// # Errors
/// A folder that cannot be read, holds no scenario, or too many files.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Diagnostic> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let start = found.len();
        walk(path, &mut found).map_err(|error| unreadable(format!("{} cannot be read: {error}", path.display())))?;
        if found.len() == start {
            let message = format!("no scenario is below {}", path.display());
            return Err(unreadable(message).help("scenario files end in .yaml or .yml"));
        }
        found[start..].sort();
    }
    Ok(found)
}

fn walk(root: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            let yaml = |end: &std::ffi::OsStr| end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml");
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(yaml) && is_within(&path, kind, root) {
                found.push(path);
            }
            if found.len() + open.len() > MAX_FILES {
                return Err(io::Error::other(format!("more than {MAX_FILES} files")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
