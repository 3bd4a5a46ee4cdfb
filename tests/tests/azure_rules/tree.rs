//! All rules and marks of the workspace.

use crate::comments::{Comment, of_rust, of_yaml};
use crate::scan::{Mark, Rule, marks, rules};
use std::fs;
use std::path::{Path, PathBuf};

/// A rule and its file, relative to the workspace.
pub struct Stated {
    /// The rule.
    pub rule: Rule,
    /// The file.
    pub file: PathBuf,
    /// The first line of the comment that it stands in, which it may share with others.
    pub item_line: usize,
}

/// A mark and its file, relative to the workspace.
pub struct Tested {
    /// The mark.
    pub mark: Mark,
    /// The file.
    pub file: PathBuf,
}

/// What the sources say.
pub struct Tree {
    /// Every rule.
    pub rules: Vec<Stated>,
    /// Every mark.
    pub marks: Vec<Tested>,
    /// Every file that may state rules.
    pub code: Vec<PathBuf>,
}

/// Folders whose code may state rules. Tests may stand in them too.
const CODE: [&str; 3] = ["sim-core/src", "topologies/src", "scenarios/src"];
/// Folders that hold tests, or scenarios, which are tests as a whole.
const TESTS: [&str; 5] = ["sim-core/tests", "scenarios/tests", "scenarios/library", "tests/src", "tests/tests"];

impl Tree {
    /// Reads the workspace at `root`.
    pub fn read(root: &Path) -> Self {
        let mut tree = Self { rules: Vec::new(), marks: Vec::new(), code: Vec::new() };
        for folder in CODE {
            for (file, comments) in files(root, folder) {
                tree.note(&file, &comments, true);
                tree.code.push(file);
            }
        }
        for folder in TESTS {
            for (file, comments) in files(root, folder) {
                tree.note(&file, &comments, false);
            }
        }
        tree
    }

    fn note(&mut self, file: &Path, comments: &[Comment], may_state: bool) {
        let file = || file.to_owned();
        if may_state {
            for comment in comments {
                let stated = |rule| Stated { rule, file: file(), item_line: comment.line };
                self.rules.extend(rules(comment).into_iter().map(stated));
            }
        }
        self.marks.extend(comments.iter().flat_map(marks).map(|mark| Tested { mark, file: file() }));
    }
}

impl Stated {
    /// The module that states it, as Rust names it.
    pub fn module(&self) -> String {
        let path = self.file.with_extension("");
        let parts = path.iter().filter_map(|part| part.to_str()).filter(|part| !["src", "mod", "lib"].contains(part));
        parts.map(|part| part.replace('-', "_")).collect::<Vec<_>>().join("::")
    }
}

impl Tested {
    /// What the test is called: the function, or the file.
    pub fn name(&self) -> String {
        let file = || self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.mark.test.as_ref().map_or_else(file, |(name, _)| name.clone())
    }
}

/// The files under a folder that have comments of a form we read, in order, with their comments.
fn files(root: &Path, folder: &str) -> Vec<(PathBuf, Vec<Comment>)> {
    let mut open = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
            continue;
        }
        let read = match path.extension().and_then(|ending| ending.to_str()) {
            Some("rs") => of_rust,
            Some("yaml") => of_yaml,
            _ => continue,
        };
        if let Ok(text) = fs::read_to_string(&path) {
            found.push((path.strip_prefix(root).unwrap_or(&path).to_owned(), read(&text)));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}
