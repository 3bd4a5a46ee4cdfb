//! Addresses and references as Terraform writes them: `module.a["k"].azurerm_subnet.b[0].id`.

use std::fmt::{self, Display, Formatter};

/// Which of the instances that `count` or `for_each` makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// Of `count`.
    Number(u64),
    /// Of `for_each`.
    Text(String),
}

/// A part of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A name after a dot.
    Name(String),
    /// A key in brackets that is written out.
    Key(Key),
}

/// A module call on the way to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) key: Option<Key>,
}

/// Most parts of an address that are read.
const MAX_STEPS: usize = 256;

/// Takes an address apart. What stands in brackets and is no number and no text (`*`, `count.index`) is left out.
pub(super) fn steps(address: &str) -> Vec<Step> {
    let mut found = Vec::new();
    let mut rest = address;
    while !rest.is_empty() && found.len() < MAX_STEPS {
        if let Some(inside) = rest.strip_prefix('[') {
            let (key, after) = key(inside);
            found.extend(key.map(Step::Key));
            rest = after;
        } else {
            let rest_of = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest_of.find(['.', '[']).unwrap_or(rest_of.len());
            if end > 0 {
                found.push(Step::Name(rest_of[..end].to_owned()));
            }
            rest = &rest_of[end..];
        }
    }
    found
}

/// The key at the start, and what comes after its bracket.
fn key(inside: &str) -> (Option<Key>, &str) {
    if let Some(quoted) = inside.strip_prefix('"') {
        let mut text = String::new();
        let mut letters = quoted.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => return (Some(Key::Text(text)), quoted[at + 1..].strip_prefix(']').unwrap_or_default()),
                '\\' => text.extend(letters.next().map(|(_, escaped)| escaped)),
                other => text.push(other),
            }
        }
        return (None, "");
    }
    let end = inside.find(']').unwrap_or(inside.len());
    (inside[..end].parse().ok().map(Key::Number), inside.get(end + 1..).unwrap_or_default())
}

/// The modules at the start of an address, and what comes after them.
pub(super) fn modules(address: &str) -> Vec<Module> {
    let mut found: Vec<Module> = Vec::new();
    let mut steps = steps(address).into_iter().peekable();
    while steps.next_if(|step| matches!(step, Step::Name(name) if name == "module")).is_some() {
        let Some(Step::Name(name)) = steps.next() else { break };
        let key = steps.next_if(|step| matches!(step, Step::Key(_)));
        found.push(Module { name, key: key.and_then(|step| if let Step::Key(key) = step { Some(key) } else { None }) });
    }
    found
}

/// The address of a module without its keys, as the configuration has it.
pub(super) fn plain(modules: &[Module]) -> String {
    modules.iter().map(|module| format!("module.{}.", module.name)).collect()
}

/// The address of an instance of a module.
pub(super) fn keyed(modules: &[Module]) -> String {
    modules.iter().map(|Module { name, key }| format!("module.{name}{}.", Bracket(key.as_ref()))).collect()
}

/// A key in its brackets; nothing where there is none.
pub(super) struct Bracket<'k>(pub(super) Option<&'k Key>);

impl Display for Bracket<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Key::Number(number)) => write!(out, "[{number}]"),
            Some(Key::Text(text)) => write!(out, "[{text:?}]"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a dot or bracket inside a key taken for the end of a part, a key that is an expression taken for a text.
    #[test]
    fn addresses_are_taken_apart() {
        let shown = |address: &str| {
            let part = |step: &Step| match step {
                Step::Name(name) => name.clone(),
                Step::Key(key) => Bracket(Some(key)).to_string(),
            };
            steps(address).iter().map(part).collect::<Vec<_>>().join(" ")
        };
        for (address, parts) in [
            ("azurerm_subnet.a.id", "azurerm_subnet a id"),
            ("module.n[\"a.b]\"].azurerm_subnet.s[2].id", "module n [\"a.b]\"] azurerm_subnet s [2] id"),
            ("a.b[count.index].c[*].d", "a b c d"),
            ("a[\"x\\\"y\"]", "a [\"x\\\"y\"]"),
            ("a[\"open", "a"),
            ("a[3", "a [3]"),
            ("..[]", ""),
            ("", ""),
        ] {
            assert_eq!(shown(address), parts, "{address}");
        }
        assert_eq!(keyed(&modules("module.a[0].module.b.azurerm_x.y")), "module.a[0].module.b.");
        assert_eq!(plain(&modules("module.a[\"k\"]")), "module.a.");
    }
}
