//! What a value that is known after apply will be, as far as the configuration tells: references are followed to
//! resources of the plan, whose ids are made of names.

use super::body::{find, text};
use super::configuration::Configuration;
use super::entry::{Entry, key_of};
use super::ids;
use super::traversal::{Key, Module, Step, keyed, steps};
use super::{MAX_REFERENCE_DEPTH, MAX_REFERENCES};
use crate::json::Value;
use sim_core::source::Span;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file's instances, and how to look up what they refer to.
pub(super) struct Resolver<'p, 'f> {
    pub(super) entries: &'p [Entry<'f>],
    pub(super) configuration: &'p Configuration<'f>,
    /// Instances by the address of their resource, modules with their keys.
    instances: BTreeMap<String, Vec<usize>>,
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
        let (ids, left) = (RefCell::new(vec![Made::NotYet; entries.len()]), Cell::new(MAX_REFERENCES));
        let depth = Cell::new(0);
        Self { entries, configuration, instances, module_keys, subscription, group, ids, left, depth }
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

    fn follow(&self, scope: &Scope<'f>, expression: &'f Value, wanted: Wanted<'_>) -> Found {
        self.deeper(|| self.evaluate(scope, expression, &wanted)).unwrap_or_default()
    }

    fn evaluate(&self, scope: &Scope<'f>, expression: &'f Value, wanted: &Wanted<'_>) -> Found {
        if let Some(constant) = expression.get("constant_value") {
            return walk(constant, &wanted.path).cloned().into_iter().collect();
        }
        let written = expression.get("references").map(Value::items).unwrap_or_default();
        let references = leaves(written.iter().filter_map(Value::as_str));
        // A name with several parts in it is put together, of which nobody knows how.
        if wanted.attribute == "name" && references.len() > 1 {
            return Vec::new();
        }
        let chosen = self.chosen(scope, &references);
        let mut found = Found::new();
        for reference in &references {
            if self.left.get() == 0 {
                break;
            }
            self.left.set(self.left.get() - 1);
            found.extend(self.reference(scope, reference, chosen.as_ref(), wanted, expression.span));
        }
        // `list[1]` of a list that is written out.
        match wanted.path.first() {
            Some(Step::Key(Key::Number(number))) if references.len() > 1 => {
                let place = usize::try_from(*number).unwrap_or(usize::MAX);
                found.into_iter().nth(place).into_iter().collect()
            }
            _ => found,
        }
    }

    /// The key that an expression chooses an instance by: `count.index`, `each.key`, or a text in `each.value`.
    fn chosen(&self, scope: &Scope<'f>, references: &[Vec<Step>]) -> Option<Key> {
        let names = |reference: &[Step], at: usize| match reference.get(at) {
            Some(Step::Name(name)) => name.clone(),
            _ => String::new(),
        };
        let others = references.iter().any(|it| !matches!(names(it, 0).as_str(), "each" | "count"));
        references.iter().find_map(|reference| match (names(reference, 0).as_str(), names(reference, 1).as_str()) {
            ("count", "index") | ("each", "key") => scope.key.clone(),
            ("each", "value") if others => {
                let mut path: Vec<Step> = scope.key.clone().map(Step::Key).into_iter().collect();
                path.extend_from_slice(&reference[2..]);
                let inner = Wanted { attribute: "", path };
                self.follow(&outer_of(scope), scope.each?, inner).first().and_then(key_of)
            }
            _ => None,
        })
    }

    fn reference(
        &self,
        scope: &Scope<'f>,
        reference: &[Step],
        chosen: Option<&Key>,
        wanted: &Wanted<'_>,
        span: Span,
    ) -> Found {
        let Some(Step::Name(root)) = reference.first() else { return Vec::new() };
        let Some(Step::Name(name)) = reference.get(1) else { return Vec::new() };
        let rest = &reference[2..];
        match root.as_str() {
            "var" => self.variable(scope, name, wanted.within(rest, chosen)),
            "module" => self.output(scope, name, rest, chosen, wanted),
            "each" if name == "value" => {
                let Some(each) = scope.each else { return Vec::new() };
                let mut path: Vec<Step> = scope.key.clone().map(Step::Key).into_iter().collect();
                path.extend_from_slice(rest);
                path.extend_from_slice(&wanted.path);
                self.follow(&outer_of(scope), each, Wanted { path, ..wanted.clone() })
            }
            "data" => {
                let Some(Step::Name(own)) = rest.first() else { return Vec::new() };
                self.resource(scope, &format!("data.{name}.{own}"), wanted.within(&rest[1..], chosen), span)
            }
            "each" | "count" | "local" | "path" | "self" | "terraform" => Vec::new(),
            _ => self.resource(scope, &format!("{root}.{name}"), wanted.within(rest, chosen), span),
        }
    }

    /// A variable: what the call of the module gives it.
    fn variable(&self, scope: &Scope<'f>, name: &str, wanted: Wanted<'_>) -> Found {
        let Some((_, outer)) = scope.modules.split_last() else {
            let value = self.configuration.variable(name);
            return value.and_then(|value| walk(value, &wanted.path)).cloned().into_iter().collect();
        };
        let Some(called) = self.configuration.module(&scope.modules) else { return Vec::new() };
        let Some(call) = called.call else { return Vec::new() };
        match call.get("expressions").and_then(|given| given.get(name)) {
            Some(given) => {
                let key = scope.modules.last().and_then(|module| module.key.clone());
                let outer = Scope { modules: outer.to_vec(), key, each: call.get("for_each_expression") };
                self.follow(&outer, given, wanted)
            }
            None => {
                let default = called.module.path(&["variables", name, "default"]);
                default.and_then(|value| walk(value, &wanted.path)).cloned().into_iter().collect()
            }
        }
    }

    /// An output of a module: of the instance that is named, or of all.
    fn output(
        &self,
        scope: &Scope<'f>,
        name: &str,
        rest: &[Step],
        mut chosen: Option<&Key>,
        wanted: &Wanted<'_>,
    ) -> Found {
        let (named, rest) = match rest.split_first() {
            Some((Step::Key(key), rest)) => (Some(key), rest),
            _ => (None, rest),
        };
        let known = self.module_keys.get(&format!("{}{name}", keyed(&scope.modules))).map(Vec::as_slice);
        let mut keys: Vec<Option<Key>> = known.unwrap_or(&[None]).to_vec();
        if keys.iter().any(Option::is_some)
            && let Some(one) = named.or_else(|| chosen.take())
        {
            keys = vec![Some(one.clone())];
        }
        let mut found = Found::new();
        for key in keys {
            let mut modules = scope.modules.clone();
            modules.push(Module { name: name.to_owned(), key });
            let output = match rest.first() {
                Some(Step::Name(output)) => output.as_str(),
                // Older plans name the module alone.
                _ => continue,
            };
            let Some(called) = self.configuration.module(&modules) else { continue };
            if let Some(expression) = called.module.path(&["outputs", output, "expression"]) {
                let inside = Scope { modules, key: None, each: None };
                found.extend(self.follow(&inside, expression, wanted.within(&rest[1..], chosen)));
            }
        }
        found
    }

    /// An attribute of a resource: of the instance that is named, or of all.
    fn resource(&self, scope: &Scope<'f>, address: &str, mut wanted: Wanted<'_>, span: Span) -> Found {
        let Some(places) = self.instances.get(&format!("{}{address}", keyed(&scope.modules))) else {
            return Vec::new();
        };
        let mut places = places.clone();
        if places.iter().any(|place| self.entries[*place].key.is_some())
            && let Some(Step::Key(key)) = wanted.path.first().cloned()
        {
            wanted.path.remove(0);
            let exact = places.iter().copied().find(|place| self.entries[*place].key.as_ref() == Some(&key));
            let around = || match key {
                // `element()` begins anew at the end.
                Key::Number(number) => usize::try_from(number).ok().map(|number| places[number % places.len()]),
                Key::Text(_) => None,
            };
            places = exact.or_else(around).into_iter().collect();
        } else if matches!(wanted.path.first(), Some(Step::Key(_))) {
            // There is one instance only: the key chose something else.
            wanted.path.remove(0);
        }
        let mut found = Found::new();
        for place in places {
            if self.left.get() == 0 {
                break;
            }
            self.left.set(self.left.get() - 1);
            found.extend(self.attribute(place, wanted.clone(), span));
        }
        found
    }

    /// What an attribute of an instance is, read or worked out; `span` is where it is asked for.
    fn attribute(&self, place: usize, mut wanted: Wanted<'_>, span: Span) -> Found {
        let entry = &self.entries[place];
        let is_name = |step: &Step| matches!(step, Step::Name(_));
        if !wanted.path.first().is_some_and(is_name) {
            wanted.path.insert(0, Step::Name(meant(entry, wanted.attribute)));
        }
        let Some(Step::Name(first)) = wanted.path.first().cloned() else { return Vec::new() };
        let made = |id: &str| vec![Value::new(span, id.into())];
        let whole = wanted.path[1..].iter().all(|step| matches!(step, Step::Key(_)));
        if whole && matches!(first.as_str(), "id" | "role_definition_resource_id") {
            return self.id(place).map_or_else(Vec::new, |id| made(&id));
        }
        let known = walk(entry.values, &wanted.path).filter(|value| !value.is_null() && value.as_str() != Some(""));
        match known {
            Some(value) if value.as_object().is_none() && !value.items().iter().any(|it| it.as_object().is_some()) => {
                return vec![value.clone()];
            }
            _ => {}
        }
        let parts = self.parts(place, &first, &wanted);
        if !parts.is_empty() {
            return parts.iter().flat_map(|id| made(id)).collect();
        }
        let unknown =
            entry.unknown.and_then(|unknown| unknown.get(&first)).is_some_and(|it| it.as_bool() == Some(true));
        let expression = self.configuration.resource(entry).and_then(|it| it.get("expressions")?.get(&first));
        match expression.filter(|_| unknown) {
            Some(expression) => {
                wanted.path.remove(0);
                let attribute = if wanted.attribute.is_empty() { first } else { wanted.attribute.to_owned() };
                self.follow(&self.scope(entry), expression, Wanted { attribute: &attribute, ..wanted })
            }
            None => Vec::new(),
        }
    }

    /// The ids of parts that are blocks of an instance: `frontend_ip_configuration[0].id`.
    fn parts(&self, place: usize, block: &str, wanted: &Wanted<'_>) -> Vec<String> {
        let entry = &self.entries[place];
        let asks_id = match wanted.path.last() {
            Some(Step::Name(last)) if wanted.path.len() > 1 => last == "id",
            _ => wanted.attribute.ends_with("_id") || wanted.attribute.ends_with("_ids"),
        };
        let collection = ids::collection_of(entry.kind, block).filter(|_| asks_id);
        let (Some(collection), Some(whole)) = (collection, self.id(place)) else { return Vec::new() };
        let items = find(entry.values, block).map(Value::items).unwrap_or_default();
        let items = match wanted.path.get(1) {
            Some(Step::Key(Key::Number(number))) => {
                let place = usize::try_from(*number).ok();
                place.and_then(|place| items.get(place)).map_or(&[][..], std::slice::from_ref)
            }
            _ => items,
        };
        items.iter().filter_map(|item| Some(format!("{whole}/{collection}/{}", text(item, "name")?))).collect()
    }
}

impl Wanted<'_> {
    /// The same inside of what a reference names; a key that is chosen otherwise comes after its own parts.
    fn within(&self, rest: &[Step], chosen: Option<&Key>) -> Self {
        let mut path = rest.to_vec();
        if !rest.iter().any(|step| matches!(step, Step::Key(_)))
            && let Some(key) = chosen
        {
            // `name[each.key].attribute` is written down without the attribute.
            path.insert(0, Step::Key(key.clone()));
        }
        path.extend_from_slice(&self.path);
        Self { path, ..self.clone() }
    }
}

/// `for_each` is worked out in the module itself, before there are instances.
fn outer_of<'f>(scope: &Scope<'f>) -> Scope<'f> {
    Scope { modules: scope.modules.clone(), key: None, each: None }
}

/// The references without those that only name a part of another one: Terraform writes `a.b.id` and then `a.b`.
fn leaves<'r>(written: impl Iterator<Item = &'r str>) -> Vec<Vec<Step>> {
    let mut kept: Vec<&str> = Vec::new();
    for reference in written {
        let covers = |longer: &&str| {
            longer.strip_prefix(reference).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if !kept.iter().rev().take(8).any(covers) {
            kept.push(reference);
        }
    }
    kept.into_iter().map(steps).collect()
}

/// The attribute that is meant where a plan names only the resource.
fn meant(entry: &Entry<'_>, asked: &str) -> String {
    let has = |name: &str| {
        entry.values.get(name).is_some() || entry.unknown.is_some_and(|unknown| unknown.get(name).is_some())
    };
    match asked {
        "" => "id",
        "location" | "name" => asked,
        asked if asked.ends_with("_ids") || asked == "id" => "id",
        asked if has(asked) => asked,
        asked if asked.ends_with("_name") => "name",
        _ => "id",
    }
    .to_owned()
}

/// Follows a path in a value; of a list of blocks the first one counts where no place is given.
fn walk<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(Key::Number(number)) => value.items().get(usize::try_from(*number).ok()?),
        Step::Key(Key::Text(key)) | Step::Name(key) if value.as_object().is_some() => {
            value.members().iter().find(|member| member.key == *key).map(|member| &member.value)
        }
        Step::Name(name) => value.items().first()?.get(name),
        Step::Key(Key::Text(_)) => None,
    })
}
