//! Ids that a template asks of Azure and that follow from the input all the same: `reference()` of a resource gives its
//! parts with their ids, and a part's id is made of names.

use super::id::child;
use super::raw::Resources;
use super::read::text;
use crate::arm::Placeholder;
use std::sync::Arc;

/// The id that a placeholder such as `<reference(LB).properties.backendAddressPools[0].id>` stands for; any other text as
/// it is.
pub(crate) fn resolved(id: &Arc<str>, all: &Resources) -> Arc<str> {
    part_id(id, all).unwrap_or_else(|| id.clone())
}

fn part_id(id: &str, all: &Resources) -> Option<Arc<str>> {
    let placeholder = Placeholder::parse(id)?;
    let whole = all.get(placeholder.resource_id)?;
    let path = placeholder.path.strip_prefix("properties.").unwrap_or(placeholder.path);
    let (collection, index) = path.strip_suffix("].id")?.split_once('[')?;
    let part = whole.properties().get(collection)?.items().get(index.parse::<usize>().ok()?)?;
    Some(child(&whole.id, collection, text(part, "name")?))
}
