//! The table of what Azure fills in: its form, and how it is read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::super::id;
use crate::json::{Value, parse_text};
use sim_core::source::FileId;

const TEXT: &str = include_str!("../../../data/filled.txt");

/// What is filled in, by type in lower case.
static TABLE: LazyLock<BTreeMap<String, Section>> = LazyLock::new(|| read(TEXT));

/// What a type gets.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// The type as Azure spells it.
    pub(super) kind: String,
    pub(super) lines: Vec<Line>,
    /// Another type of which all lines count here too.
    pub(super) like: Option<String>,
}

/// One thing that is filled in.
#[derive(Debug)]
pub(super) struct Line {
    /// First version of the API with it.
    pub(super) since: Option<&'static str>,
    /// First version without it.
    pub(super) before: Option<&'static str>,
    /// What must be there, all of it.
    pub(super) conditions: Vec<Condition>,
    pub(super) path: Path,
    pub(super) fill: Fill,
}

/// What the resource must hold, or must not.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) path: Path,
    /// Any of these texts; none for anything at all.
    pub(super) texts: Vec<&'static str>,
    /// Whether it must be so; else it must not.
    pub(super) holds: bool,
}

/// A way to a member.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) root: Root,
    pub(super) steps: Vec<Step>,
}

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// `name`: the resource's or part's `properties`.
    Properties,
    /// `/name`: the resource or part itself.
    Body,
    /// `//name`: the resource that a part belongs to.
    Whole,
}

/// One step of a path: a member, and with `[]` each of its items.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) each: bool,
}

/// How something is filled in.
#[derive(Debug)]
pub(super) enum Fill {
    /// `= JSON`: this value where there is none.
    Value(Value),
    /// `made`: a value that Azure makes up.
    Made,
    /// `parts [TYPE]`: items that are resources themselves, of a type named like the member; none where it is absent.
    Parts { kind: String, always: bool },
    /// `drop`: what Azure does not give back.
    Drop,
    /// `drop-empty`: the same of an empty list.
    DropEmpty,
    /// `refs LIST.PATH`: ids of the items of another list whose `PATH` names this part.
    Refs { list: &'static str, path: Vec<&'static str> },
    /// `case A|B`: how Azure spells one of these words, whatever its letter case.
    Case(Vec<&'static str>),
    /// `plain`: a boolean or whole number, also where it was written as a text.
    Plain,
    /// `text ...{name}...{/location}...{id}...`: a text made of others; nothing where one of them is absent.
    Text(&'static str),
    /// `uuid ...`: the same, as a GUID made of it.
    Uuid(&'static str),
    /// `copy PATH`: what is there.
    Copy(Path),
    /// `ask WORD`: what the network around it tells.
    Ask(&'static str),
}

/// The lines for a type, those of the types that it is like first.
pub(super) fn lines(kind: &str) -> Vec<&'static Line> {
    let mut found = Vec::new();
    let mut section = TABLE.get(&kind.to_ascii_lowercase());
    while let Some(at) = section {
        found.push(&at.lines);
        section = at.like.as_ref().and_then(|like| TABLE.get(&like.to_ascii_lowercase()));
    }
    found.into_iter().rev().flatten().collect()
}

/// Whether the table knows a type.
pub(super) fn knows(kind: &str) -> bool {
    TABLE.contains_key(&kind.to_ascii_lowercase())
}

/// The type in an id, as Azure spells it.
pub(super) fn spelling(id: &str) -> String {
    let kind = id::resource_type(id);
    TABLE.get(&kind.to_ascii_lowercase()).map_or(kind, |section| section.kind.clone())
}

fn read(text: &'static str) -> BTreeMap<String, Section> {
    let mut table: BTreeMap<String, Section> = BTreeMap::new();
    let mut at = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(kind) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let kind = full(kind);
            at = kind.to_ascii_lowercase();
            table.entry(at.clone()).or_default().kind = kind;
            continue;
        }
        let Some(section) = table.get_mut(&at) else { continue };
        match line.strip_prefix("like ") {
            Some(like) => section.like = Some(full(like)),
            None => section.lines.extend(Line::read(line, &section.kind)),
        }
    }
    table
}

/// `Microsoft.Network/` may be left out.
fn full(kind: &str) -> String {
    let provider = kind.split('/').next().unwrap_or_default();
    if provider.contains('.') { kind.to_owned() } else { format!("Microsoft.Network/{kind}") }
}

impl Line {
    /// `None` for a line that cannot be read; a test finds it.
    fn read(line: &'static str, kind: &str) -> Option<Self> {
        let mut rest = line;
        let (mut since, mut before, mut conditions) = (None, None, Vec::new());
        loop {
            let (word, after) = rest.split_once(' ')?;
            match word.split_once('=') {
                Some(("since", version)) => since = Some(version),
                Some(("before", version)) => before = Some(version),
                Some(("if", condition)) => conditions.push(Condition::read(condition, true)),
                Some(("unless", condition)) => conditions.push(Condition::read(condition, false)),
                _ => break,
            }
            rest = after.trim_start();
        }
        let (path, rest) = rest.split_once(' ')?;
        let rest = rest.trim_start();
        let (word, argument) = rest.split_once(' ').unwrap_or((rest, ""));
        let path = Path::read(path);
        let fill = Fill::read(word, argument.trim(), kind, &path)?;
        Some(Self { since, before, conditions, path, fill })
    }
}

impl Condition {
    fn read(text: &'static str, holds: bool) -> Self {
        let (path, texts) = text.split_once(':').unwrap_or((text, ""));
        let texts = texts.split('|').filter(|text| !text.is_empty()).collect();
        Self { path: Path::read(path), texts, holds }
    }
}

impl Path {
    pub(super) fn read(text: &'static str) -> Self {
        let (root, rest) = match (text.strip_prefix("//"), text.strip_prefix('/')) {
            (Some(rest), _) => (Root::Whole, rest),
            (None, Some(rest)) => (Root::Body, rest),
            (None, None) => (Root::Properties, text),
        };
        let step = |part: &'static str| Step { name: part.trim_end_matches("[]"), each: part.ends_with("[]") };
        Self { root, steps: rest.split('.').map(step).collect() }
    }
}

impl Fill {
    fn read(word: &str, argument: &'static str, kind: &str, path: &Path) -> Option<Self> {
        Some(match word {
            "=" => Self::Value(value(argument)?),
            "made" => Self::Made,
            "parts" | "parts?" => {
                let name = if argument.is_empty() { path.steps.last()?.name } else { argument };
                Self::Parts { kind: format!("{kind}/{name}"), always: word == "parts" }
            }
            "drop" => Self::Drop,
            "drop-empty" => Self::DropEmpty,
            "refs" => {
                let mut steps = argument.split('.');
                Self::Refs { list: steps.next()?, path: steps.collect() }
            }
            "case" => Self::Case(argument.split('|').collect()),
            "plain" => Self::Plain,
            "text" => Self::Text(argument),
            "uuid" => Self::Uuid(argument),
            "copy" => Self::Copy(Path::read(argument)),
            "ask" => Self::Ask(argument),
            _ => return None,
        })
    }
}

/// A value of the table has no place in any file; whoever uses it gives it one.
fn value(text: &'static str) -> Option<Value> {
    let document = parse_text(text, FileId(0));
    document.value.filter(|_| document.diagnostics.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a line of the table that is skipped because it cannot be read, a type that is like one that is not there.
    #[test]
    fn every_line_of_the_table_counts() {
        let mut kind = "";
        for line in TEXT.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with('[') {
                kind = line;
            } else if let Some(like) = line.strip_prefix("like ") {
                assert!(knows(&full(like)), "{kind}: {line}");
            } else {
                assert!(Line::read(line, "x/y").is_some(), "{kind}: {line}");
            }
        }
        assert!(TABLE.len() > 50, "{} types", TABLE.len());
    }
}
