//! From a resource to an attribute of one or all of its instances.

use super::{Found, Resolver, Scope, Wanted};
use crate::json::Value;
use crate::terraform::body::{find, text};
use crate::terraform::entry::Entry;
use crate::terraform::ids;
use crate::terraform::traversal::{Bracket, Key, Step, keyed};
use sim_core::source::Span;

impl<'f> Resolver<'_, 'f> {
    /// An attribute of a resource: of the instance that is named, or of all.
    pub(super) fn resource(&self, scope: &Scope<'f>, address: &str, mut wanted: Wanted<'_>, span: Span) -> Found {
        let address = format!("{}{address}", keyed(&scope.modules));
        let Some(all) = self.instances.get(&address).map(Vec::as_slice) else { return Vec::new() };
        let mut places = all;
        let is_keyed = all.first().is_some_and(|place| self.entries[*place].key.is_some());
        let one;
        if let Some(Step::Key(key)) = wanted.path.first().cloned() {
            // Of one instance only the key chose something else.
            wanted.path.remove(0);
            if is_keyed {
                let exact = self.places.get(format!("{address}{}", Bracket(Some(&key))).as_str()).copied();
                let around = || match key {
                    // `element()` begins anew at the end.
                    Key::Number(number) => usize::try_from(number).ok().map(|number| all[number % all.len()]),
                    Key::Text(_) => None,
                };
                one = exact.or_else(around);
                places = one.as_slice();
            }
        }
        let mut found = Found::new();
        for place in places {
            if self.left.get() == 0 {
                break;
            }
            self.left.set(self.left.get() - 1);
            found.extend(self.attribute(*place, wanted.clone(), span));
        }
        found
    }

    /// What an attribute of an instance is, read or worked out; `span` is where it is asked for.
    pub(super) fn attribute(&self, place: usize, mut wanted: Wanted<'_>, span: Span) -> Found {
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
pub(super) fn walk<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(Key::Number(number)) => value.items().get(usize::try_from(*number).ok()?),
        Step::Key(Key::Text(key)) | Step::Name(key) if value.as_object().is_some() => {
            value.members().iter().find(|member| member.key == *key).map(|member| &member.value)
        }
        Step::Name(name) => value.items().first()?.get(name),
        Step::Key(Key::Text(_)) => None,
    })
}
