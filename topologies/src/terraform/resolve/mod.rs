//! What a value that is known after apply will be, as far as the configuration tells: references are followed to
//! resources of the plan, whose ids are made of names.

mod attributes;
mod references;

use super::configuration::Configuration;
use super::entry::Entry;
use super::ids;
use super::traversal::{Key, Module, Step, keyed};
use super::{MAX_REFERENCE_DEPTH, MAX_REFERENCES};
use crate::json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file's instances, and how to look up what they refer to.
pub(super) struct Resolver<'p, 'f> {
    pub(super) entries: &'p [Entry<'f>],
    pub(super) configuration: &'p Configuration<'f>,
    /// Instances by the address of their resource, modules with their keys.
    instances: BTreeMap<String, Vec<usize>>,
    /// Instances by their own addresses.
    places: BTreeMap<&'p str, usize>,
    /// Keys of the instances of a module, by its address without the last key.
    module_keys: BTreeMap<String, Vec<Option<Key>>>,
    /// Subscription and resource group where nothing is said.
    pub(super) subscription: String,
    pub(super) group: String,
    ids: RefCell<Vec<Made>>,
    /// References that may still be followed.
    left: Cell<usize>,
    /// How many are being followed, one for the other.
    depth: Cell<usize>,
}

#[derive(Clone, Debug)]
enum Made {
    NotYet,
    Now,
    Done(Option<Arc<str>>),
}

/// Where an expression stands: its module, the instance it is for, and what `each.value` is taken from.
#[derive(Clone)]
struct Scope<'f> {
    modules: Vec<Module>,
    key: Option<Key>,
    each: Option<&'f Value>,
}

/// What is asked for: the attribute that the answer is for, and the way inside what is referred to.
#[derive(Clone)]
struct Wanted<'w> {
    attribute: &'w str,
    path: Vec<Step>,
}

/// What references lead to.
type Found = Vec<Value>;

impl<'p, 'f> Resolver<'p, 'f> {
    pub(super) fn new(
        entries: &'p [Entry<'f>],
        configuration: &'p Configuration<'f>,
        subscription: String,
        group: String,
    ) -> Self {
        let mut instances: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut module_keys: BTreeMap<String, Vec<Option<Key>>> = BTreeMap::new();
        for (place, entry) in entries.iter().enumerate() {
            instances.entry(format!("{}{}", keyed(&entry.modules), entry.resource())).or_default().push(place);
            if let Some((last, outer)) = entry.modules.split_last() {
                let keys = module_keys.entry(format!("{}{}", keyed(outer), last.name)).or_default();
                if keys.last() != Some(&last.key) && !keys.contains(&last.key) {
                    keys.push(last.key.clone());
                }
            }
        }
        let places = entries.iter().enumerate().map(|(place, entry)| (entry.address.as_str(), place)).collect();
        let (ids, left) = (RefCell::new(vec![Made::NotYet; entries.len()]), Cell::new(MAX_REFERENCES));
        let depth = Cell::new(0);
        Self { entries, configuration, instances, places, module_keys, subscription, group, ids, left, depth }
    }

    /// Whether following references has come to its limit.
    pub(super) fn exhausted(&self) -> bool {
        self.left.get() == 0
    }

    /// Does something that may follow further references, unless they are too many, one for the other.
    fn deeper<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        if self.depth.get() >= MAX_REFERENCE_DEPTH {
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        let done = work();
        self.depth.set(self.depth.get() - 1);
        Some(done)
    }

    /// The resource id of an instance.
    pub(super) fn id(&self, place: usize) -> Option<Arc<str>> {
        let known = self.ids.borrow().get(place)?.clone();
        match known {
            Made::Done(id) => id,
            // It is made of itself.
            Made::Now => None,
            Made::NotYet => {
                self.ids.borrow_mut()[place] = Made::Now;
                let id = self.deeper(|| ids::of(self, place)).flatten();
                self.ids.borrow_mut()[place] = Made::Done(id.clone());
                id
            }
        }
    }

    /// What an expression of an instance's configuration gives, for this attribute: no, one or several values.
    pub(super) fn expression(&self, entry: &Entry<'_>, expression: &'f Value, attribute: &str) -> Found {
        self.follow(&self.scope(entry), expression, Wanted { attribute, path: Vec::new() })
    }

    /// A text attribute, known or not.
    pub(super) fn text(&self, place: usize, attribute: &str) -> Option<String> {
        let wanted = Wanted { attribute, path: vec![Step::Name(attribute.to_owned())] };
        let found = self.attribute(place, wanted, self.entries[place].span);
        found.iter().find_map(|value| value.as_str().map(|text| text.trim().to_owned())).filter(|text| !text.is_empty())
    }

    fn scope(&self, entry: &Entry<'_>) -> Scope<'f> {
        let each = self.configuration.resource(entry).and_then(|resource| resource.get("for_each_expression"));
        Scope { modules: entry.modules.clone(), key: entry.key.clone(), each }
    }
}
