//! The services of an input that a pack is for, and the subnets that its lines speak of.

use super::form::{Condition, Line, Named, Pack, PlaceForm};
use sim_core::id::NodeId;
use sim_core::topology::{Kind, Relation, Topology};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use topologies::World;
use topologies::azure::RawResource;
use topologies::facts::Date;
use topologies::json::Value;

/// A service that a pack is for.
pub(super) struct Service<'w> {
    /// Itself.
    pub raw: &'w RawResource,
    /// Its region; the first one of the input where it says none.
    pub region: Arc<str>,
    /// The subnets of each place of the pack.
    pub places: BTreeMap<String, Vec<NodeId>>,
}

/// The services of these types, in the order of the input.
pub(super) fn services<'w>(pack: &Pack, world: &'w World) -> Vec<Service<'w>> {
    let is_one = |raw: &&RawResource| pack.services.iter().any(|kind| kind.eq_ignore_ascii_case(&raw.resource_type));
    world.resources.iter().filter(is_one).map(|raw| service(pack, raw, world)).collect()
}

fn service<'w>(pack: &Pack, raw: &'w RawResource, world: &'w World) -> Service<'w> {
    let region = raw.location.clone().or_else(|| world.resources.iter().find_map(|other| other.location.clone()));
    let places = pack.places.iter().map(|(name, form)| (name.clone(), subnets(form, raw, world))).collect();
    Service { raw, region: region.unwrap_or_else(|| "eastus".into()), places }
}

/// The subnets of a place.
fn subnets(form: &PlaceForm, service: &RawResource, world: &World) -> Vec<NodeId> {
    let mut found: BTreeSet<NodeId> = BTreeSet::new();
    match form {
        PlaceForm::Named(Named { of, properties }) => {
            for raw in family(service, of, world) {
                for property in properties {
                    let ids = values(&raw.body, property).into_iter().filter_map(Value::as_str);
                    found.extend(ids.filter_map(|id| subnet(&world.topology, id)));
                }
            }
        }
        PlaceForm::Machines => {
            let machines = world.topology.resources().filter(|found| matches!(found.kind, Kind::Machine(_)));
            let first = machines.filter_map(|machine| world.topology.addresses_of(machine.id).first().copied());
            found.extend(first.filter_map(|(config, _)| world.topology.subnet_of(config).map(|(subnet, _)| subnet.id)));
        }
        PlaceForm::Endpoints => {
            let Some(node) = world.topology.find(&service.id) else { return Vec::new() };
            let endpoints = world.topology.referrers(node.id, Relation::Target).into_iter();
            found.extend(endpoints.filter_map(|it| world.topology.subnet_of(it.id).map(|(subnet, _)| subnet.id)));
        }
    }
    found.into_iter().collect()
}

/// The service where it is of one of these types, and its children that are.
fn family<'w>(service: &'w RawResource, of: &[String], world: &'w World) -> Vec<&'w RawResource> {
    let start = format!("{}/", service.id.to_ascii_lowercase());
    let is_own =
        |raw: &RawResource| raw.id.eq_ignore_ascii_case(&service.id) || raw.id.to_ascii_lowercase().starts_with(&start);
    let is_of = |raw: &RawResource| of.iter().any(|kind| kind.eq_ignore_ascii_case(&raw.resource_type));
    world.resources.iter().filter(|raw| is_of(raw) && is_own(raw)).collect()
}

/// The subnet with this id; some properties name a VNet and a subnet in one text.
fn subnet(topology: &Topology, id: &str) -> Option<NodeId> {
    topology.find(id.trim()).filter(|found| matches!(found.kind, Kind::Subnet(_))).map(|found| found.id)
}

/// The values at a dotted path; `[]` after a name stands for every entry of a list.
pub(super) fn values<'v>(body: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![body];
    for part in path.split('.') {
        let (name, every) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        let inside = found.into_iter().filter_map(|value| value.get(name));
        found = if every { inside.flat_map(Value::items).collect() } else { inside.collect() };
    }
    found
}

impl Line {
    /// Whether it counts for a service on this day.
    pub(super) fn counts(&self, service: &Service<'_>, date: Date, world: &World) -> bool {
        let day = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Date>().ok());
        day(&self.since).is_none_or(|since| since <= date)
            && day(&self.until).is_none_or(|until| date < until)
            && self.condition.as_ref().is_none_or(|condition| condition.holds(service, world))
    }
}

impl Condition {
    fn holds(&self, service: &Service<'_>, world: &World) -> bool {
        if let Some(wanted) = self.endpoint {
            let node = world.topology.find(&service.raw.id).map(|found| found.id);
            let found = node.is_some_and(|node| !world.topology.referrers(node, Relation::Target).is_empty());
            if found != wanted {
                return false;
            }
        }
        let Some(property) = &self.property else { return true };
        let family = match &self.of {
            Some(kind) => family(service.raw, std::slice::from_ref(kind), world),
            None => vec![service.raw],
        };
        let mut all = family.into_iter().flat_map(|raw| values(&raw.body, property));
        all.any(|value| self.is.as_ref().is_none_or(|wanted| is(value, wanted))) != self.not
    }
}

/// Whether a value of the input is what a pack says: texts in any letter case, as Azure compares them.
pub(super) fn is(value: &Value, wanted: &serde_json::Value) -> bool {
    match wanted {
        serde_json::Value::Bool(wanted) => value.as_bool() == Some(*wanted),
        serde_json::Value::String(wanted) => value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(wanted)),
        serde_json::Value::Number(wanted) => value.as_u64() == wanted.as_u64(),
        _ => false,
    }
}
