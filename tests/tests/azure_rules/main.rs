//! Every rule of Azure that the code states has a source and a test; `docs/azure-rules.md` lists them all, and
//! `docs/reasons.md` the codes that the program gives.
//!
//! The code states a rule in a comment, ``Rule `id`: statement. Source: document N.N.``; a test names the rules whose loss it
//! would catch, ``Tests `id`, `id` ``. See CONTRIBUTING.md.

mod codes;
mod comments;
mod examples;
mod refusals;
mod scan;
mod sections;
mod table;
mod tree;

use sections::Sections;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tree::Tree;
use vnetsim_tests::page::current;

/// Where the code is whose every file states a rule.
const STATES_RULES: [&str; 3] = ["sim-core/src/stage/", "sim-core/src/plane/", "sim-core/src/topology/refuse"];

/// Files there that state none, and why.
const STATE_NONE: &[(&str, &str)] = &[
    ("sim-core/src/plane/conn.rs", "what a port remembers; what is remembered, and how long, the stages say"),
    ("sim-core/src/plane/decision.rs", "what a decision holds"),
    ("sim-core/src/plane/health.rs", "what probes found; what probes do is said where they run"),
    ("sim-core/src/plane/arrive/mod.rs", "hands packets to the kinds of ports"),
    ("sim-core/src/stage/mod.rs", "what all stages share"),
    ("sim-core/src/stage/checks.rs", "sets of packets with reasons; what they hold is said where they are made"),
    ("sim-core/src/stage/reason.rs", "names of reasons"),
    ("sim-core/src/stage/security/view.rs", "shows compiled rules"),
];

/// Read once for all tests.
static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::read(&root()));

#[test]
fn the_table_of_rules_is_current() {
    // Catches: rules and tests that come and go without the page; somebody's edit of the page.
    current("docs/azure-rules.md", &table::page(&TREE), "azure_rules");
}

#[test]
fn the_page_of_codes_is_current() {
    // Catches: codes that come and go without the page; somebody's edit of the page.
    current("docs/reasons.md", &codes::page(&TREE, &refusals::codes(&TREE, &root())), "azure_rules");
}

#[test]
fn every_reason_has_its_example() {
    // Catches: a reason that cannot arise any more where it is said to, one without an example; an edit that is said to be
    // proposed and is not, or the other way round.
    let mut faults = Vec::new();
    for it in scenarios::codes::REASONS {
        let said = it.way().is_some_and(|way| !way.edit.is_empty());
        match examples::example(it.code) {
            None => faults.push(format!("{}: no example stops for it", it.code)),
            Some((text, Some(proposed))) if proposed != said => faults.push(format!("{}: the edit of {text}", it.code)),
            Some(_) => {}
        }
    }
    none(&faults);
}

#[test]
fn every_code_of_azures_has_its_rule() {
    // Catches: something that is refused without a rule that says so.
    let codes = refusals::codes(&TREE, &root());
    assert!(codes.len() > 20, "the codes were not found: {codes:?}");
    let faults = codes.iter().filter(|(_, rules)| rules.is_empty());
    none(&faults.map(|(code, _)| format!("no rule `refuse-...` stands before {code}")).collect::<Vec<_>>());
}

#[test]
fn every_rule_has_a_test_and_every_mark_a_rule() {
    // Catches: a rule that nothing holds, a mark that outlived its rule or misspells it, a mark outside of a test.
    let tree = &*TREE;
    assert!(tree.rules.len() > 50 && tree.marks.len() > 50, "the sources were not found");
    let stated: BTreeSet<&str> = tree.rules.iter().map(|it| it.rule.id.as_str()).collect();
    let tested: BTreeSet<&str> = tree.marks.iter().flat_map(|it| &it.mark.rules).map(String::as_str).collect();
    let mut faults = Vec::new();
    for it in tree.rules.iter().filter(|it| !tested.contains(it.rule.id.as_str())) {
        faults.push(format!("{}:{}: no test names `{}`", it.file.display(), it.rule.line, it.rule.id));
    }
    for it in &tree.marks {
        let place = format!("{}:{}", it.file.display(), it.mark.line);
        let unknown = it.mark.rules.iter().filter(|rule| !stated.contains(rule.as_str()));
        faults.extend(unknown.map(|rule| format!("{place}: no code states `{rule}`")));
        if let Some((function, false)) = &it.mark.test {
            faults.push(format!("{place}: {function} is no test"));
        }
    }
    none(&faults);
}

#[test]
fn rules_are_well_formed() {
    // Catches: two rules of one name, names that sort into no topic, rules without a source, sources that name a section
    // which is not there.
    let tree = &*TREE;
    let sections = Sections::read(&root().join("../shared/spec"));
    for document in sections.absent() {
        eprintln!("skipped: that sections of {document} exist, for it is not beside the workspace");
    }
    let mut faults = Vec::new();
    let mut places: BTreeMap<&str, String> = BTreeMap::new();
    for it in &tree.rules {
        let (id, place) = (it.rule.id.as_str(), format!("{}:{}", it.file.display(), it.rule.line));
        let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !id.bytes().all(kebab) || id == table::topic(id) {
            faults.push(format!("{place}: `{id}` is not words joined by -, the first of them the topic"));
        }
        if it.rule.source.is_empty() || !it.rule.statement.ends_with('.') {
            faults.push(format!("{place}: `{id}` is not in the form `statement. Source: source.`"));
        }
        faults.extend(sections.faults(&it.rule.source).iter().map(|fault| format!("{place}: `{id}`: {fault}")));
        if let Some(other) = places.insert(id, place.clone()) {
            faults.push(format!("{place}: `{id}` is stated at {other} too"));
        }
    }
    none(&faults);
}

#[test]
fn every_stage_states_its_rules() {
    // Catches: a new stage without rules; an entry of the list of exceptions that outlived its reason.
    let tree = &*TREE;
    let stating: BTreeSet<&PathBuf> = tree.rules.iter().map(|it| &it.file).collect();
    let mut faults = Vec::new();
    for file in &tree.code {
        let name = file.to_string_lossy();
        let excepted = STATE_NONE.iter().any(|(path, why)| *path == name && !why.is_empty());
        let must = STATES_RULES.iter().any(|start| name.starts_with(start));
        match (must, excepted, stating.contains(file)) {
            (true, false, false) => faults.push(format!("{name} states no rule of Azure")),
            (_, true, true) => faults.push(format!("{name} states rules and is listed as one that does not")),
            _ => {}
        }
    }
    let gone = STATE_NONE.iter().filter(|(path, _)| !tree.code.iter().any(|file| file == Path::new(path)));
    faults.extend(gone.map(|(path, _)| format!("{path} is listed and is not there")));
    none(&faults);
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
