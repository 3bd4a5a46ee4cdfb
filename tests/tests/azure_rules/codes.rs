//! The page of all codes.

use crate::examples::example;
use crate::tree::{Stated, Tree};
use scenarios::codes::{Explanation, INPUT, REASONS};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What stands above the reasons.
const HEAD: &str = "# Codes

Made by `UPDATE_DOCS=1 cargo test -p vnetsim-tests --test azure_rules` from what `vnetsim explain` prints, from small networks
that are asked about, and from the rules of the code; the same test without the variable fails when this page is stale.
Sources are sections of the reference (`azure-dataplane`, `azure-services`), which names Microsoft's pages.

## Why packets do not go on

Reports and traces give these. They are stable. An example shows what is said of a small network, without the place in a
file that a report gives as well, or else the line of a trace.
";

/// The page. `refusals` gives the rules behind each code of Azure's, by their places in the tree.
pub fn page(tree: &Tree, refusals: &BTreeMap<String, Vec<usize>>) -> String {
    let mut page = HEAD.to_owned();
    for it in REASONS {
        reason(&mut page, it);
    }
    page.push_str("\n## What is said of input\n\n| code | meaning | how to mend it |\n| --- | --- | --- |\n");
    for it in INPUT {
        // A String takes everything, here and below.
        let _ = writeln!(page, "| `{}` | {} | {} |", it.code, it.meaning, it.mend);
    }
    page.push_str(
        "\n## What Azure refuses\n\nThese codes are Azure's own, as far as they were seen. What is refused is left out, and \
         the rest is checked.\n\n| code | what Azure wants | source |\n| --- | --- | --- |\n",
    );
    for (code, rules) in refusals {
        let rules: Vec<&Stated> = rules.iter().map(|n| &tree.rules[*n]).collect();
        let mut texts = each(&rules, |rule| &rule.rule.statement);
        texts.extend(each(&rules, |rule| &rule.rule.note));
        let sources = each(&rules, |rule| &rule.rule.source);
        let _ = writeln!(page, "| `{code}` | {} | {} |", texts.join(" "), sources.join("; "));
    }
    page
}

/// What the rules have there, each text once.
fn each<'r>(rules: &[&'r Stated], text: impl Fn(&'r Stated) -> &'r String) -> Vec<&'r str> {
    let mut found: Vec<&str> = Vec::new();
    for text in rules.iter().map(|rule| text(rule).as_str()).filter(|text| !text.is_empty()) {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

fn reason(page: &mut String, it: &Explanation) {
    let _ = write!(page, "\n### `{}`\n\n{}\n\n", it.code, it.meaning);
    if let Some(way) = it.way() {
        let edit = if way.edit.is_empty() { "none." } else { way.edit };
        let _ = writeln!(page, "- Where: {}\n- What the client sees: {}", way.arises, way.seen);
        let _ = writeln!(page, "- How to mend it: {}\n- Proposed edit: {edit}\n- Source: {}", it.mend, way.source);
    }
    if let Some((text, _)) = example(it.code) {
        let _ = write!(page, "\n```text\n{text}\n```\n");
    }
}
