//! What a template asks of Azure and what follows from the input all the same: `reference()` of a resource gives its parts
//! with their ids, which are made of names, and their addresses, which are known once the network stands.

use super::id::child;
use super::raw::Resources;
use super::read::text;
use crate::arm::Placeholder;
use crate::json::{Data, Value};
use sim_core::net::Addr;
use sim_core::topology::Topology;
use std::sync::Arc;

/// The id that a placeholder such as `<reference(LB).properties.backendAddressPools[0].id>` stands for; any other text
/// as it is.
pub(crate) fn resolved(id: &Arc<str>, all: &Resources) -> Arc<str> {
    let part = || {
        let placeholder = Placeholder::parse(id)?;
        part_id(placeholder.resource_id, placeholder.path.strip_suffix(".id")?, all)
    };
    part().unwrap_or_else(|| id.clone())
}

/// Whether a value holds a placeholder at all.
pub(crate) fn asks(value: &Value) -> bool {
    match &value.data {
        Data::String(text) => Placeholder::parse(text).is_some(),
        Data::Array(items) => items.iter().any(asks),
        Data::Object(members) => members.iter().any(|member| asks(&member.value)),
        _ => false,
    }
}

/// Puts addresses of the network for the placeholders that stand for them; gives how many.
pub(crate) fn fill_addresses(value: &mut Value, all: &Resources, topology: &Topology) -> usize {
    match &mut value.data {
        Data::String(text) => {
            let found = address(text, all, topology).map(|address| *text = address.to_string());
            usize::from(found.is_some())
        }
        Data::Array(items) => items.iter_mut().map(|item| fill_addresses(item, all, topology)).sum(),
        Data::Object(members) => members.iter_mut().map(|it| fill_addresses(&mut it.value, all, topology)).sum(),
        _ => 0,
    }
}

fn address(text: &str, all: &Resources, topology: &Topology) -> Option<Addr> {
    let placeholder = Placeholder::parse(text)?;
    let part = match placeholder.path.strip_suffix(".properties.privateIPAddress") {
        Some(part) => part_id(placeholder.resource_id, part, all)?,
        None if placeholder.path == "properties.ipAddress" => placeholder.resource_id.into(),
        None => return None,
    };
    address_of(&part, topology)
}

/// The address that a resource got. A firewall's configurations are no resources of their own: the firewall has it.
pub(super) fn address_of(id: &str, topology: &Topology) -> Option<Addr> {
    topology.find(id).or_else(|| topology.find(super::id::parent(id)?))?.kind.address()
}

/// The id of a part by its place: `properties.ipConfigurations[0]`.
fn part_id(whole: &str, path: &str, all: &Resources) -> Option<Arc<str>> {
    let whole = all.get(whole)?;
    let path = path.strip_prefix("properties.").unwrap_or(path);
    let (collection, index) = path.strip_suffix(']')?.split_once('[')?;
    let part = whole.properties().get(collection)?.items().get(index.parse::<usize>().ok()?)?;
    Some(child(&whole.id, collection, text(part, "name")?))
}
