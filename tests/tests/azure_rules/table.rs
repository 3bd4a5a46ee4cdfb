//! The table of rules, as text for people.

use crate::tree::{Stated, Tested, Tree};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What stands above the table.
const HEAD: &str = "# Rules of Azure that are modelled

Made from the comments of the code by `UPDATE_DOCS=1 cargo test -p vnetsim-tests --test azure_rules`; the same test without
the variable fails when this page is stale, and when a rule has no test. Sources are sections of the reference
(`azure-dataplane`, `azure-services`), which names Microsoft's pages, or pages of learn.microsoft.com.
";

/// The page: one table for each topic, which is the first word of a rule's name.
pub fn page(tree: &Tree) -> String {
    let mut topics: BTreeMap<&str, Vec<&Stated>> = BTreeMap::new();
    for rule in &tree.rules {
        topics.entry(topic(&rule.rule.id)).or_default().push(rule);
    }
    let mut page = format!("{HEAD}\n{} rules.\n", tree.rules.len());
    for (topic, mut rules) in topics {
        rules.sort_by(|a, b| a.rule.id.cmp(&b.rule.id));
        // A String takes everything, here and below.
        let _ =
            write!(page, "\n## {topic}\n\n| id | rule | source | where | tests |\n| --- | --- | --- | --- | --- |\n");
        for rule in rules {
            let _ = writeln!(page, "{}", row(rule, &tree.marks));
        }
    }
    page
}

/// The first word of a rule's name.
pub fn topic(id: &str) -> &str {
    id.split('-').next().unwrap_or(id)
}

fn row(stated: &Stated, marks: &[Tested]) -> String {
    let rule = &stated.rule;
    let mut tests: Vec<String> =
        marks.iter().filter(|mark| mark.mark.rules.contains(&rule.id)).map(Tested::name).collect();
    tests.sort();
    tests.dedup();
    let tests: Vec<String> = tests.iter().map(|name| format!("`{name}`")).collect();
    let statement = [rule.statement.as_str(), &rule.note].join(" ");
    let cells = [
        format!("`{}`", rule.id),
        statement.trim().replace('|', "\\|"),
        rule.source.clone(),
        format!("`{}`", stated.module()),
        tests.join(", "),
    ];
    format!("| {} |", cells.join(" | "))
}
