//! What every code means, and how to mend what it stands for: one table for `vnetsim explain` and for checks of input.

mod input;
mod reasons;
mod refused;
mod way;

pub use input::INPUT;
pub use reasons::REASONS;
pub use refused::{Refused, refused};
pub use way::{WAYS, Way};

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: &'static str,
    /// What it says, in a sentence.
    pub meaning: &'static str,
    /// How to mend it, in a sentence or two.
    pub mend: &'static str,
}

/// Keeps a row of a table on as few lines as it needs.
const fn row(code: &'static str, meaning: &'static str, mend: &'static str) -> Explanation {
    Explanation { code, meaning, mend }
}

/// All codes: reasons first, then what readers of input say.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    REASONS.iter().chain(INPUT)
}

impl Explanation {
    /// Where on a packet's way it arises and what comes of it, if it is the reason why a packet was dropped.
    #[must_use]
    pub fn way(&self) -> Option<&'static Way> {
        WAYS.iter().find(|way| way.code == self.code)
    }
}

/// What `code` means.
#[must_use]
pub fn find(code: &str) -> Option<&'static Explanation> {
    all().find(|it| it.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    fn sources(folder: &str) -> Vec<(PathBuf, String)> {
        let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
        let mut out = Vec::new();
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                // What stands in tests are examples, not codes.
                out.push((path, text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()));
            }
        }
        out
    }

    /// The quoted words of a text.
    fn quoted(text: &str) -> impl Iterator<Item = &str> {
        text.split('"').skip(1).step_by(2)
    }

    /// Catches: a reason added to the engine without an explanation, an explanation of a reason that is gone, a code
    /// misspelt in the table.
    #[test]
    fn every_reason_is_explained() {
        let (_, text) = &sources("../sim-core/src/stage/reason.rs")[0];
        let codes = text.split("fn code(").nth(1).unwrap().split("fn is_policy").next().unwrap();
        let in_engine: BTreeSet<&str> = quoted(codes).collect();
        assert!(in_engine.len() > 20, "the list of codes was not found in reason.rs");
        let explained: BTreeSet<&str> = REASONS.iter().map(|it| it.code).collect();
        assert_eq!(in_engine, explained);
    }

    /// Catches: a reason without what comes of it, in another order than the explanations; a text that is no sentence.
    #[test]
    fn every_reason_says_what_comes_of_it() {
        let explained: Vec<&str> = REASONS.iter().map(|it| it.code).collect();
        assert_eq!(WAYS.iter().map(|it| it.code).collect::<Vec<_>>(), explained);
        for it in WAYS {
            assert!(it.arises.ends_with('.') && it.seen.ends_with('.') && !it.source.is_empty(), "{}", it.code);
            assert!(it.edit.is_empty() || it.edit.ends_with('.'), "{}", it.code);
        }
    }

    /// Catches: a page whose form is no longer read, a row cut in the wrong place.
    #[test]
    fn codes_of_azure_are_known_from_the_page() {
        assert!(refused().count() > 20);
        let full = refused().find(|it| it.code == "SubnetIsFull").unwrap();
        assert_eq!(full.source, "azure-dataplane 2.8");
        assert!(refused().all(|it| it.rule.ends_with('.') && !it.source.contains('|')));
    }

    /// Catches: a reader that says a code which `explain` does not know, and a code that no reader says any more.
    #[test]
    fn every_code_of_a_reader_is_explained() {
        let mut said = BTreeSet::new();
        let files = [sources("../topologies/src"), sources("src")].concat();
        for (path, text) in files.iter().filter(|(path, _)| !path.components().any(|it| it.as_os_str() == "codes")) {
            for word in text.split('"') {
                let family = [
                    "arm.",
                    "az.",
                    "azure.",
                    "image-template.",
                    "input.",
                    "json.",
                    "name.",
                    "scenario.",
                    "tags.",
                    "terraform.",
                    "world.",
                ];
                let letters = |it: &str| it.bytes().all(|byte| byte.is_ascii_lowercase() || b".-".contains(&byte));
                let file = word.matches('.').count() > 1
                    || [".json", ".yaml", ".yml", ".rs"].iter().any(|end| word.ends_with(end));
                if family.iter().any(|family| word.starts_with(family) && word != *family) && letters(word) && !file {
                    assert!(find(word).is_some(), "{word} of {} has no explanation", path.display());
                    said.insert(word);
                }
            }
        }
        for it in INPUT {
            assert!(said.contains(it.code), "{} is explained, and nothing says it", it.code);
        }
    }

    /// Catches: a code in the table twice, a row without a text, a text that is no sentence.
    #[test]
    fn rows_are_whole() {
        let mut seen = BTreeSet::new();
        for it in all() {
            assert!(seen.insert(it.code), "{} is there twice", it.code);
            assert!(it.meaning.ends_with('.') && it.mend.ends_with('.'), "{}", it.code);
        }
    }
}
