//! What a zone holds, and what it says of a name.

use crate::id::NodeId;
use crate::topology::{RecordData, RecordKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The records of a zone. One without a name is the root: it holds whole names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Zone {
    pub name: Arc<str>,
    /// By owner: the part of the name below the zone's, empty for the zone itself.
    sets: BTreeMap<Arc<str>, Vec<Set>>,
    /// Owners, and the names between them and the zone.
    existing: BTreeSet<Arc<str>>,
}

/// Records of one name and kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Set {
    pub kind: RecordKind,
    pub ttl: u32,
    pub data: Vec<RecordData>,
    /// What keeps them.
    pub source: NodeId,
}

/// What a zone has for a question.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'z> {
    Records(&'z Set),
    Alias(&'z Set, &'z Arc<str>),
    NoData,
    Missing,
}

impl Zone {
    pub fn new(name: Arc<str>) -> Self {
        Self { name, ..Self::default() }
    }

    /// The part of `name` below the zone's, empty for the zone's own; `None` where it is not in the zone.
    pub fn owner<'n>(&self, name: &'n str) -> Option<&'n str> {
        if self.name.is_empty() {
            return Some(name);
        }
        let rest = name.strip_suffix(&*self.name)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_suffix('.') }
    }

    /// Adds records to those of the same owner and kind.
    pub fn add(&mut self, owner: &str, set: Set) {
        let sets = self.at(owner);
        match sets.iter_mut().find(|known| known.kind == set.kind) {
            Some(known) => {
                known.data.extend(set.data.into_iter().filter(|it| !known.data.contains(it)).collect::<Vec<_>>())
            }
            None => sets.push(set),
        }
    }

    /// Puts records in the place of those of the same owner and kind that somebody else keeps.
    pub fn overwrite(&mut self, owner: &str, set: Set) {
        self.at(owner).retain(|known| known.kind != set.kind || known.source == set.source);
        self.add(owner, set);
    }

    pub fn has(&self, owner: &str) -> bool {
        self.sets.contains_key(owner)
    }

    fn at(&mut self, owner: &str) -> &mut Vec<Set> {
        let mut rest = owner;
        while !rest.is_empty() && self.existing.insert(rest.into()) {
            rest = parent(rest);
        }
        self.sets.entry(owner.into()).or_default()
    }

    /// What it says of a name that is in it.
    ///
    /// Rule `names-empty-set`: a name with a record set that is still empty, or with records of other kinds or below it
    /// only, exists and has no such record, which is another answer than that it does not exist. Source: azure-services
    /// 1.C.
    ///
    /// Rule `names-wildcard`: the records of `*` count for names that do not exist, under the nearest name above them that
    /// does. Source: azure-services 5.5.
    ///
    /// How far both reach is that of DNS itself: RFC 2308, RFC 8020 and RFC 4592.
    pub(super) fn find(&self, owner: &str, kind: RecordKind) -> Found<'_> {
        if let Some(sets) = self.sets.get(owner) {
            return of(sets, kind);
        }
        if owner.is_empty() || self.existing.contains(owner) {
            return Found::NoData;
        }
        let mut above = owner;
        while !above.is_empty() {
            above = parent(above);
            let wildcard = if above.is_empty() { "*".to_owned() } else { format!("*.{above}") };
            if let Some(sets) = self.sets.get(wildcard.as_str()) {
                return of(sets, kind);
            }
            if self.existing.contains(above) {
                break;
            }
        }
        Found::Missing
    }
}

fn of(sets: &[Set], kind: RecordKind) -> Found<'_> {
    let of_kind = |wanted: RecordKind| sets.iter().find(|set| set.kind == wanted && !set.data.is_empty());
    if let Some(set) = of_kind(kind) {
        return Found::Records(set);
    }
    match of_kind(RecordKind::Cname).map(|set| (set, set.data.first())) {
        Some((set, Some(RecordData::Name(target)))) => Found::Alias(set, target),
        _ => Found::NoData,
    }
}

/// The name above; empty above the last label.
fn parent(name: &str) -> &str {
    name.split_once('.').map_or("", |(_, rest)| rest)
}
