//! Codes of Azure's, by the rules that refuse with them.

use crate::table::topic;
use crate::tree::Tree;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Words in quotes that look like a code and are none.
const NO_CODES: [&str; 4] = ["AzureFirewallSubnet", "GatewaySubnet", "Standard", "StandardV2"];

/// Codes, each with the rules of the last comment before it that states some, by their place in the tree.
pub fn codes(tree: &Tree, root: &Path) -> BTreeMap<String, Vec<usize>> {
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let refusing = |n: &usize| topic(&tree.rules[*n].rule.id) == "refuse";
    for file in &tree.code {
        let mut stated: Vec<usize> = (0..tree.rules.len()).filter(|n| tree.rules[*n].file == *file).collect();
        stated.sort_by_key(|n| tree.rules[*n].rule.line);
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (n, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in line.split('"').skip(1).step_by(2).filter(|word| is_code(word)) {
                let before = stated.iter().filter(|rule| tree.rules[**rule].rule.line <= n);
                let last = before.map(|rule| tree.rules[*rule].item_line).max();
                let rules = stated.iter().filter(|rule| Some(tree.rules[**rule].item_line) == last).copied();
                let entry = found.entry(word.to_owned()).or_default();
                entry.extend(rules.filter(refusing));
                entry.sort_unstable();
                entry.dedup();
            }
        }
    }
    // Words elsewhere in the code are resource types, tags and the like, unless some rule refuses with them.
    let in_refuse = refuse_words(tree, root);
    found.retain(|code, rules| !rules.is_empty() || in_refuse.contains(code));
    found
}

/// Codes of the files that do nothing but refuse, whatever stands before them.
fn refuse_words(tree: &Tree, root: &Path) -> Vec<String> {
    let files = tree.code.iter().filter(|file| file.to_string_lossy().starts_with("sim-core/src/topology/refuse"));
    let texts = files.map(|file| fs::read_to_string(root.join(file)).unwrap_or_default());
    let words =
        |text: String| text.split('"').skip(1).step_by(2).filter(|word| is_code(word)).map(str::to_owned).collect();
    texts.flat_map(|text| -> Vec<String> { words(text) }).collect()
}

fn is_code(word: &str) -> bool {
    word.len() > 7
        && word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.bytes().all(|byte| byte.is_ascii_alphabetic())
        && word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
        && !NO_CODES.contains(&word)
}
