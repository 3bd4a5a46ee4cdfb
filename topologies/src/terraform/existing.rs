//! Subnets of existing networks: a data source of a network lists their names and no more.

use super::join::{Joined, list_in};
use crate::arm::Assumption;
use crate::azure;
use crate::json::{Data, Member, Value};
use sim_core::net::Prefix;
use std::collections::BTreeSet;

/// Length of a prefix that is made up, and how many are tried.
const LENGTH: u8 = 24;
const MAX_TRIES: u128 = 4_096;

/// Gives the subnets that others refer to a prefix that is free, and says so; those that nobody refers to, and those that
/// are described on their own, need none and are taken off the list.
pub(super) fn describe(joined: &mut Joined) -> Vec<Assumption> {
    let listing = |raw: &azure::RawResource| listed(&raw.body).iter().any(is_bare);
    let vnets: Vec<String> = joined.iter().filter(|raw| listing(raw)).map(|raw| raw.id.to_string()).collect();
    if vnets.is_empty() {
        return Vec::new();
    }
    let mut wanted = BTreeSet::new();
    joined.iter().for_each(|raw| subnets_in(&raw.body, &mut wanted));
    vnets.iter().filter_map(|vnet| network(joined, vnet, &wanted)).collect()
}

fn network(joined: &mut Joined, vnet: &str, wanted: &BTreeSet<String>) -> Option<Assumption> {
    let own = |id: &str| azure::parent(id).is_some_and(|parent| parent.eq_ignore_ascii_case(vnet));
    let mut declared = BTreeSet::new();
    let mut taken = Vec::new();
    for raw in joined.iter().filter(|raw| own(&raw.id)) {
        declared.insert(raw.id.to_ascii_lowercase());
        taken.extend(prefixes(&raw.body));
    }
    let body = joined.find(vnet)?;
    let span = body.span;
    let space: Vec<Prefix> = body
        .path(&["properties", "addressSpace", "addressPrefixes"])
        .map(Value::items)
        .into_iter()
        .flatten()
        .filter_map(prefix)
        .collect();
    let items = list_in(body, "subnets")?;
    let mut made = Vec::new();
    items.retain_mut(|item| {
        let name = item.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = format!("{vnet}/subnets/{name}").to_ascii_lowercase();
        if !is_bare(item) {
            return true;
        }
        let free = free(&space, &taken).filter(|_| wanted.contains(&id) && !declared.contains(&id));
        let Some(free) = free else { return false };
        taken.push(free);
        made.push(format!("{name} {free}"));
        let value = Value::new(item.span, free.to_string().into());
        if let Data::Object(members) = &mut item.data {
            members.push(Member::new("addressPrefix", value));
        }
        true
    });
    (!made.is_empty()).then(|| {
        let text =
            format!("an existing network of which subnets are known by name only; taken are {}", made.join(", "));
        Assumption { code: "terraform.subnet-prefix", name: vnet.to_owned(), text, span: Some(span) }
    })
}

/// The subnets inside a network.
fn listed(body: &Value) -> &[Value] {
    body.path(&["properties", "subnets"]).map(Value::items).unwrap_or_default()
}

fn is_bare(item: &Value) -> bool {
    matches!(item.members(), [only] if only.key == "name")
}

/// Ids of subnets that stand anywhere in a body, in lower case.
fn subnets_in(value: &Value, found: &mut BTreeSet<String>) {
    match &value.data {
        Data::String(text) if text.contains("/subnets/") => drop(found.insert(text.to_ascii_lowercase())),
        Data::Array(items) => items.iter().for_each(|item| subnets_in(item, found)),
        Data::Object(members) => members.iter().for_each(|member| subnets_in(&member.value, found)),
        _ => {}
    }
}

fn prefixes(subnet: &Value) -> impl Iterator<Item = Prefix> {
    let of = |key| subnet.path(&["properties", key]);
    let many = of("addressPrefixes").map(Value::items).unwrap_or_default();
    of("addressPrefix").into_iter().chain(many).filter_map(prefix)
}

fn prefix(value: &Value) -> Option<Prefix> {
    value.as_str()?.trim().parse().ok()
}

/// The first block of the space that is free, of [`LENGTH`] or of all that there is.
fn free(space: &[Prefix], taken: &[Prefix]) -> Option<Prefix> {
    space.iter().filter(|block| block.is_v4()).find_map(|block| {
        // Lengths count from the start of IPv4 or IPv6.
        let length = block.len().max(LENGTH);
        let step = 1_u128 << (32 - u32::from(length.min(32)));
        let blocks = (0..block.size() / step).take(MAX_TRIES as usize);
        let mut blocks = blocks.filter_map(|n| Prefix::new(block.first().plus(n * step), length));
        blocks.find(|one| !taken.iter().any(|other| other.overlaps(*one)))
    })
}
