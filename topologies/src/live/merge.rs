//! Several bodies of one resource, from several files or commands: the fullest counts.

use crate::azure::{self, RawResource};
use crate::compare::{self, PropertyChange};
use crate::diagnostic::Diagnostic;
use crate::json::{Data, Value};
use std::collections::BTreeMap;

/// Properties that a warning names.
const SHOWN: usize = 4;
/// Most bodies of one resource that are held against the one that counts.
const MAX_COMPARED: usize = 16;

/// One body for each resource, in the order in which they first came, and a warning for each two that contradict each
/// other. A child that its parent's body holds with more in it is left to the parent.
#[must_use]
pub(crate) fn merge(bodies: Vec<RawResource>) -> (Vec<RawResource>, Vec<Diagnostic>) {
    let mut merged: Vec<RawResource> = Vec::with_capacity(bodies.len());
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    // What each of the merged says, and how many bodies there were of it.
    let mut known: Vec<(usize, usize)> = Vec::with_capacity(bodies.len());
    let mut warnings = Vec::new();
    for body in bodies {
        let key = body.id.to_ascii_lowercase();
        let Some(place) = places.get(&key) else {
            places.insert(key, merged.len());
            known.push((weight(&body.body), 1));
            merged.push(body);
            continue;
        };
        let ((most, met), counts) = (&mut known[*place], &mut merged[*place]);
        let weight = weight(&body.body);
        let (taken, left) = if weight >= *most { (&body, &*counts) } else { (&*counts, &body) };
        if *met < MAX_COMPARED {
            warnings.extend(contradiction(&taken.id, &taken.body, &left.body));
        }
        *met += 1;
        if weight >= *most {
            (*most, *counts) = (weight, body);
        }
    }
    leave_to_parents(&mut merged, &places, &mut warnings);
    (merged, warnings)
}

/// Removes children of which the body of their parent, from another file, says more. Within one file a child's own body
/// counts, as it does in a template.
fn leave_to_parents(all: &mut Vec<RawResource>, places: &BTreeMap<String, usize>, warnings: &mut Vec<Diagnostic>) {
    let mut collections: BTreeMap<(usize, String), Parts<'_>> = BTreeMap::new();
    let mut held = Vec::with_capacity(all.len());
    for child in all.iter() {
        let part = place_in_parent(child, places).and_then(|(place, collection, name)| {
            let parent = &all[place];
            let parts = collections
                .entry((place, collection.to_ascii_lowercase()))
                .or_insert_with(|| named(parent.properties().get(collection)));
            parts.get(&name.to_ascii_lowercase()).copied().filter(|_| parent.span.file != child.span.file)
        });
        let Some(part) = part else {
            held.push(false);
            continue;
        };
        let more = weight(part) > weight(&child.body);
        let (taken, left) = if more { (part, &child.body) } else { (&child.body, part) };
        warnings.extend(contradiction(&child.id, taken, left));
        held.push(more);
    }
    let mut held = held.into_iter();
    all.retain(|_| !held.next().unwrap_or_default());
}

/// The parts of a body by their names in lower case.
type Parts<'v> = BTreeMap<String, &'v Value>;

fn named(collection: Option<&Value>) -> Parts<'_> {
    let name = |part: &Value| part.get("name").and_then(Value::as_str).map(|name| name.trim().to_ascii_lowercase());
    let parts = collection.map(Value::items).unwrap_or_default();
    parts.iter().filter_map(|part| Some((name(part)?, part))).collect()
}

/// Where the parent of a child stands, and the child's collection and name in it.
fn place_in_parent<'c>(child: &'c RawResource, places: &BTreeMap<String, usize>) -> Option<(usize, &'c str, &'c str)> {
    let parent = azure::parent(&child.id)?;
    let place = places.get(&parent.to_ascii_lowercase())?;
    let (collection, name) = child.id.get(parent.len() + 1..)?.split_once('/')?;
    Some((*place, collection, name))
}

fn contradiction(id: &str, taken: &Value, left: &Value) -> Option<Diagnostic> {
    let differ: Vec<PropertyChange> =
        compare::bodies(left, taken).into_iter().filter(PropertyChange::contradicts).collect();
    if differ.is_empty() {
        return None;
    }
    let mut paths: Vec<&str> = differ.iter().take(SHOWN).map(|change| change.path.as_str()).collect();
    let more = format!("{} more", differ.len().saturating_sub(SHOWN));
    if differ.len() > SHOWN {
        paths.push(&more);
    }
    let message = format!(
        "two bodies of {id} differ in {}; the fuller one, or of two equal ones the later, counts",
        paths.join(", ")
    );
    let diagnostic = Diagnostic::warning("input.two-bodies", message).at(taken.span);
    Some(diagnostic.note(Some(left.span), "this one does not count").help("remove the one that is out of date"))
}

/// How much a body says: its values that are not null.
fn weight(value: &Value) -> usize {
    match &value.data {
        Data::Null => 0,
        Data::Array(items) => items.iter().map(weight).sum(),
        Data::Object(members) => members.iter().map(|member| weight(&member.value)).sum(),
        _ => 1,
    }
}
