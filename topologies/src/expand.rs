//! What an input declares, written down as Resource Graph would: evaluated, and without secrets.
//!
//! The text read again declares the same network. The order of resources is that of the input, for addresses are given out
//! in it.

use crate::azure::{RawResource, resource_type};
use crate::facts::Date;
use crate::json::{Data, Member, Value};
use crate::live::OWNER_TAG;
use crate::services::image_builder::{self, Plan, Way};
use crate::world::World;
use sim_core::source::{FileId, Span};
use sim_core::topology::{Draft, Kind, Resource};
use std::collections::BTreeSet;

/// Members beside `properties`, in the order in which they are written.
const BESIDE: [&str; 10] =
    ["kind", "managedBy", "sku", "plan", "identity", "zones", "extendedLocation", "tags", "scope", "systemData"];
/// Members that are written from what is known of the resource.
const OWN: [&str; 8] =
    ["id", "type", "name", "apiVersion", "location", "resourceGroup", "subscriptionId", "properties"];
/// Types whose tier is one of their properties; a flattened body shows it beside them.
const INNER_TIER: [&str; 3] = [
    "microsoft.network/azurefirewalls",
    "microsoft.network/firewallpolicies",
    "microsoft.network/virtualnetworkgateways",
];

/// The declared resources as JSON: `{"count": ..., "data": [...]}`.
#[must_use]
pub fn expand(world: &World) -> String {
    envelope(world.resources.iter().map(declared).collect())
}

/// The same, with what managed services would deploy on `date` and what scale sets make, each with a tag that names its owner. No reader takes what
/// has that tag.
#[must_use]
pub fn expand_deployed(world: &World, date: Date) -> String {
    let mut entries: Vec<Value> = world.resources.iter().map(declared).collect();
    for raw in world.resources.iter() {
        if !raw.resource_type.eq_ignore_ascii_case(image_builder::RESOURCE_TYPE) {
            continue;
        }
        let region = raw.location.clone().unwrap_or_else(|| "eastus".into());
        // A template that the service would not take deploys nothing; `check` says why.
        let submission = image_builder::Submission { date, api_version: &raw.api_version };
        let Ok(template) = image_builder::read(&raw.id, &region, &raw.body, submission) else { continue };
        let plan = Plan::new(&template, Way::choose(&template.network, date));
        let deployed = plan.staged.iter().chain(plan.waves.iter().flatten());
        entries.extend(deployed.map(|(draft, kind)| made(draft, kind, &region)));
    }
    entries.extend(instances(world));
    envelope(entries)
}

/// What scale sets make.
fn instances(world: &World) -> impl Iterator<Item = Value> {
    let sets = world.topology.resources().filter(|it| matches!(it.kind, Kind::ScaleSet));
    let sets: BTreeSet<&str> = sets.map(|set| &*set.name).collect();
    let of_set = move |it: &&Resource| it.owner.as_deref().is_some_and(|owner| sets.contains(owner));
    let made_ones = world.topology.resources().filter(of_set).filter(|it| world.resources.get(&it.name).is_none());
    made_ones.map(|it| {
        let region = it.owner.as_deref().and_then(|set| world.resources.get(set)?.location.clone());
        let kind = resource_type(&it.name);
        made(&world.topology.draft_of(it), &kind, region.as_deref().unwrap_or("eastus"))
    })
}

fn envelope(entries: Vec<Value>) -> String {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    object([("count", count.into()), ("data", Data::Array(entries))]).pretty()
}

fn declared(raw: &RawResource) -> Value {
    let mut entry = identity(&raw.id, &raw.resource_type, &raw.name);
    if !raw.api_version.is_empty() {
        entry.push(member("apiVersion", raw.api_version.as_str().into()));
    }
    let flat = raw.body.get("properties").is_none_or(|inner| inner.as_object().is_none());
    let inner_tier = flat && INNER_TIER.iter().any(|kind| raw.resource_type.eq_ignore_ascii_case(kind));
    let beside = |key: &str| BESIDE.contains(&key) && !(inner_tier && key.eq_ignore_ascii_case("sku"));
    let mut keep = |key: &str| entry.extend(raw.body.get(key).map(|value| member(key, value.data.clone())));
    keep("location");
    BESIDE.iter().filter(|key| beside(key)).for_each(|key| keep(key));
    let is = |key: &str, known: &&&str| key.eq_ignore_ascii_case(known);
    let rest = raw.body.members().iter().filter(|member| {
        let own = OWN.iter().any(|known| is(&member.key, &known));
        !own && !BESIDE.iter().filter(|key| beside(key)).any(|known| is(&member.key, &known))
    });
    // What a tool has flattened goes back where Azure keeps it.
    let properties = if flat {
        Data::Object(rest.cloned().collect())
    } else {
        entry.extend(rest.cloned());
        raw.properties().data.clone()
    };
    entry.push(member("properties", properties));
    Value::new(raw.span, Data::Object(entry))
}

fn made(draft: &Draft, kind: &str, region: &str) -> Value {
    let name = draft.name.rsplit('/').next().unwrap_or_default();
    let mut entry = identity(&draft.name, kind, name);
    entry.push(member("location", region.into()));
    let owner = draft.owner.as_deref().unwrap_or_default();
    entry.push(member("tags", object([(OWNER_TAG, owner.into())]).data));
    let refers = draft.refers.iter().map(|(_, target)| value((&**target).into())).collect();
    entry.push(member("properties", object([("refersTo", Data::Array(refers))]).data));
    value(Data::Object(entry))
}

fn identity(id: &str, kind: &str, name: &str) -> Vec<Member> {
    let mut entry = vec![member("id", id.into()), member("type", kind.into()), member("name", name.into())];
    for (key, word) in [("resourceGroup", "resourceGroups"), ("subscriptionId", "subscriptions")] {
        let mut parts = id.split('/').skip_while(|part| !part.eq_ignore_ascii_case(word));
        entry.extend(parts.nth(1).map(|part| member(key, part.into())));
    }
    entry
}

fn object<const N: usize>(members: [(&str, Data); N]) -> Value {
    value(Data::Object(members.into_iter().map(|(key, data)| member(key, data)).collect()))
}

fn member(key: &str, data: Data) -> Member {
    Member::new(key, value(data))
}

/// A value that is only written.
fn value(data: Data) -> Value {
    Value::new(Span::new(FileId(0), 0, 0), data)
}
