//! Ids of resources that do not exist yet: Azure makes them of subscription, group, type and names.

use super::resolve::Resolver;
use super::table::{How, Kind, Known, Place, known};
use crate::azure;
use std::sync::Arc;

/// The id of an instance: the one it has, or the one it will have. `None` for what is no resource of Azure's.
pub(super) fn of(resolver: &Resolver<'_, '_>, place: usize) -> Option<Arc<str>> {
    let entry = resolver.entries.get(place)?;
    // Role definitions have their scope after a bar.
    let own = super::body::text(entry.values, "id").and_then(|id| id.split('|').next());
    match known(entry.kind) {
        Some(Known::Link(_)) => None,
        _ if super::azapi::is_resource(entry.kind) => {
            own.map(azure::tidy).or_else(|| super::azapi::id(resolver, place))
        }
        _ if own.is_some_and(is_id) => own.map(azure::tidy),
        Some(Known::Kind(kind)) => Some(made(resolver, place, kind).into()),
        None => Some(unknown(resolver, place).into()),
    }
}

/// Whether a text is an id as Azure gives them.
pub(super) fn is_id(text: &str) -> bool {
    let lower = text.get(..15).map(str::to_ascii_lowercase);
    lower.is_some_and(|start| start == "/subscriptions/" || start.starts_with("/providers/"))
}

/// The name of an instance; made of its address where it is not known.
pub(super) fn name(resolver: &Resolver<'_, '_>, place: usize) -> String {
    let written = resolver.text(place, "name").filter(|name| !name.contains(['<', '/']));
    written.unwrap_or_else(|| resolver.entries[place].made_name())
}

/// The id of the resource of this type that an instance names in an attribute, in its own resource group.
pub(super) fn named(resolver: &Resolver<'_, '_>, place: usize, arm: &str, attribute: &str) -> Option<String> {
    let text = resolver.text(place, attribute)?;
    Some(if is_id(&text) { text } else { format!("{}/providers/{arm}/{text}", group(resolver, place)) })
}

fn made(resolver: &Resolver<'_, '_>, place: usize, kind: &Kind) -> String {
    let name = name(resolver, place);
    match kind.place {
        Place::Subscription => format!("/subscriptions/{}/resourceGroups/{name}", subscription(resolver, place)),
        Place::Group => format!("{}/providers/{}/{name}", group(resolver, place), kind.arm),
        Place::Child(of, by) => {
            let parent = by.iter().find_map(|attribute| named(resolver, place, of, attribute));
            let parent = parent.unwrap_or_else(|| format!("{}/providers/{of}/unknown", group(resolver, place)));
            let collection = azure::name_of(kind.arm);
            format!("{parent}/{collection}/{name}")
        }
        Place::Scope(attribute) => {
            let scope = resolver.text(place, attribute).unwrap_or_else(|| group(resolver, place));
            format!("{}/providers/{}/{name}", scope.trim_end_matches('/'), kind.arm)
        }
    }
}

/// An id for what has a type that is not known here.
fn unknown(resolver: &Resolver<'_, '_>, place: usize) -> String {
    let kind = resolver.entries[place].kind;
    format!("{}/providers/Terraform/{kind}/{}", group(resolver, place), name(resolver, place))
}

/// The id of the resource group that an instance is in.
fn group(resolver: &Resolver<'_, '_>, place: usize) -> String {
    let group = resolver.text(place, "resource_group_name").filter(|name| !name.contains(['<', '/']));
    format!(
        "/subscriptions/{}/resourceGroups/{}",
        subscription(resolver, place),
        group.as_deref().unwrap_or(&resolver.group)
    )
}

/// The subscription of the provider that an instance is made by.
fn subscription(resolver: &Resolver<'_, '_>, place: usize) -> String {
    let entry = &resolver.entries[place];
    let written = || {
        let key = resolver.configuration.resource(entry)?.get("provider_config_key")?.as_str()?;
        // A module's provider is the root's, handed down: `module.a:azurerm.hub`.
        let handed = key.rsplit(':').next().unwrap_or(key);
        let providers = &resolver.configuration.providers;
        let provider = providers.get(key).or_else(|| providers.get(handed))?;
        let expression = provider.get("expressions")?.get("subscription_id")?;
        let root = super::entry::Entry { modules: Vec::new(), ..entry.clone() };
        let found = resolver.expression(&root, expression, "subscription_id");
        found
            .first()?
            .as_str()
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty() && !text.contains('<'))
    };
    written().unwrap_or_else(|| resolver.subscription.clone())
}

/// The collection that the blocks of a type are parts of: `frontendIPConfigurations`.
pub(super) fn collection_of(terraform: &str, block: &str) -> Option<&'static str> {
    let fields = known(terraform)?.fields();
    let field = fields.iter().find(|field| field.from == block && matches!(field.how, How::Blocks(_)))?;
    (!field.to.contains(['/', '@'])).then_some(field.to)
}
