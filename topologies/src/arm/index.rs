//! The resources of a template by what names them: large templates refer to each other by the thousand.

use super::declare::Declared;
use super::session::DeclaredId;
use crate::map::Map;

/// How a text names a resource. Letter case counts in symbols alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    /// Its symbolic name, or that of its loop.
    Symbol,
    /// Its id.
    Id,
    /// The name of its loop.
    Loop,
    /// Its full name.
    Name,
    /// Its type and name: `Microsoft.X/type/name`, with the parts of both in turn or one after the other.
    Short,
}

/// Resources by name, in the order in which they were declared.
#[derive(Debug, Default)]
pub(super) struct Index {
    known: Map<(By, String), Vec<DeclaredId>>,
}

impl Index {
    pub(super) fn add(&mut self, declared: &Declared, id: DeclaredId) {
        if let Some(symbol) = &declared.symbol {
            self.put(By::Symbol, symbol.clone(), id);
            if let Some((all, _)) = symbol.split_once('[') {
                self.put(By::Symbol, all.to_owned(), id);
            }
        }
        if let Some(name) = &declared.loop_name {
            self.put(By::Loop, name.to_ascii_lowercase(), id);
        }
        let (kind, name) = (declared.resource_type.to_ascii_lowercase(), declared.name.to_ascii_lowercase());
        self.put(By::Id, declared.id.to_ascii_lowercase(), id);
        self.put(By::Short, format!("{kind}/{name}"), id);
        if name.contains('/') {
            self.put(By::Short, in_turn(&kind, &name), id);
        }
        self.put(By::Name, name, id);
    }

    fn put(&mut self, by: By, key: String, id: DeclaredId) {
        self.known.entry((by, key)).or_default().push(id);
    }

    /// Those that this text names so.
    pub(super) fn get(&self, by: By, text: &str) -> &[DeclaredId] {
        let key = if by == By::Symbol { text.to_owned() } else { text.to_ascii_lowercase() };
        self.known.get(&(by, key)).map(Vec::as_slice).unwrap_or_default()
    }
}

/// `Microsoft.X/type/child` and `name/inner` as `Microsoft.X/type/name/child/inner`.
fn in_turn(kind: &str, name: &str) -> String {
    let mut kinds = kind.split('/');
    let provider = kinds.next().unwrap_or_default().to_owned();
    kinds.zip(name.split('/')).fold(provider, |text, (kind, name)| format!("{text}/{kind}/{name}"))
}
