//! The sections of the reference that sources name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The section numbers of each document of the reference; nothing where it does not lie beside the workspace.
pub struct Sections(BTreeMap<&'static str, BTreeSet<String>>);

/// The documents.
const DOCUMENTS: [&str; 2] = ["azure-dataplane", "azure-services"];

impl Sections {
    /// Reads the headings of the documents that are there.
    pub fn read(folder: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(folder.join(format!("{name}.md"))).ok();
        Self(DOCUMENTS.into_iter().filter_map(|name| Some((name, headings(&text(name)?)))).collect())
    }

    /// The documents that are not there.
    pub fn absent(&self) -> Vec<&'static str> {
        DOCUMENTS.into_iter().filter(|name| !self.0.contains_key(name)).collect()
    }

    /// What is wrong with a source: sections that do not exist, or none where a document of the reference is named.
    pub fn faults(&self, source: &str) -> Vec<String> {
        let mut faults = Vec::new();
        for (document, numbers) in named(source) {
            if numbers.is_empty() {
                faults.push(format!("names no section of {document}"));
            }
            let Some(there) = self.0.get(document) else { continue };
            let missing = numbers.iter().filter(|number| !there.contains(**number));
            faults.extend(missing.map(|number| format!("{document} has no section {number}")));
        }
        faults
    }
}

/// The documents that a source names, each with its sections: numbers up to the next document.
fn named(source: &str) -> Vec<(&'static str, Vec<&str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for word in source.split([' ', ',', ';', '(']).filter(|word| !word.is_empty()) {
        if let Some(document) = DOCUMENTS.iter().find(|document| **document == word) {
            found.push((document, Vec::new()));
        } else if let (Some((_, numbers)), true) = (found.last_mut(), is_number(word)) {
            numbers.push(word);
        }
    }
    found
}

fn headings(text: &str) -> BTreeSet<String> {
    let titles = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let first = titles.filter_map(|title| title.split_whitespace().next());
    first.map(|word| word.trim_end_matches('.')).filter(|word| is_number(word)).map(str::to_owned).collect()
}

/// Whether a word is a section's number, such as `3.4` or `1.A`.
fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::{Sections, headings};
    use std::collections::BTreeMap;

    #[test]
    fn sections_are_numbers_of_headings() {
        // Catches: chapters or subsections not found, words of a text taken for sections, a section of one document looked
        // for in the other.
        let dataplane = headings("# Title\n## 7. Pipeline (x)\n### 2.2 Selection\n5.5 no heading\n");
        let services = headings("# 5. DNS\n## 1.A Source page\n## 4.3 Routes\n");
        let sections = Sections(BTreeMap::from([("azure-dataplane", dataplane), ("azure-services", services)]));
        for (source, faults) in [
            ("azure-dataplane 2.2, 7", 0),
            ("azure-dataplane 7 (step 1) and azure-services 4.3, 1.A", 0),
            ("azure-dataplane 4.3", 1),
            ("azure-services 2.2 and 5", 1),
            ("azure-dataplane", 1),
            ("learn azure/firewall/tcp-session-behavior", 0),
        ] {
            assert_eq!(sections.faults(source).len(), faults, "{source}");
        }
    }
}
