//! From the files of Terraform to resources with Azure's bodies.

use super::configuration::Configuration;
use super::entry::Entry;
use super::join::{Change, Edit, Joined, Rank};
use super::listing::{Form, Listing, form};
use super::resolve::Resolver;
use super::table::{Kind, Known, Link, Target, known};
use super::{MAX_REFERENCES, azapi, body, complete, existing, ids};
use crate::arm::{Assumption, Environment};
use crate::azure::{self, RawResource};
use crate::diagnostic::{Diagnostic, Severity};
use crate::json::{Data, Value};
use sim_core::source::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the files of Terraform declare.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The resources; those that exist already come first.
    pub(crate) resources: Vec<RawResource>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) assumptions: Vec<Assumption>,
    /// Where each instance stands, with its address.
    instances: Vec<(Span, String)>,
}

/// Reads plans and states together: an association may be in one file and what it changes in another.
pub(crate) fn read(files: &[Value], environment: &Environment) -> Reading {
    let mut reading = Reading::default();
    let mut made = Made::default();
    for file in files {
        let Some(form) = form(file) else { continue };
        let listing = Listing::of(file, form);
        let configuration = Configuration::of(file);
        let subscription = subscription(&listing.entries).unwrap_or(&environment.subscription_id);
        let group = environment.resource_group.clone();
        let resolver = Resolver::new(&listing.entries, &configuration, subscription.to_owned(), group);
        reading.diagnostics.extend(listing.diagnostics);
        made.deleted.extend(listing.deleted.iter().copied().map(str::to_owned));
        for place in 0..resolver.entries.len() {
            made.instance(&resolver, place, form, &mut reading);
        }
        if resolver.exhausted() {
            let message = format!("more than {MAX_REFERENCES} references: what is known after apply is not worked out");
            reading.diagnostics.push(Diagnostic::error("terraform.too-many-references", message).at(file.span));
        }
    }
    reading.instances.sort_by_key(|(span, _)| (span.file, span.start));
    made.finish(reading)
}

impl Reading {
    /// Adds the address of the instance to a message about it.
    pub(crate) fn name(&self, diagnostic: &mut Diagnostic) {
        let Some(span) = diagnostic.span else { return };
        let after = self.instances.partition_point(|(it, _)| (it.file, it.start) <= (span.file, span.start));
        let Some((whole, address)) = after.checked_sub(1).and_then(|place| self.instances.get(place)) else { return };
        if whole.file == span.file && span.start < whole.end && !diagnostic.message.contains(address.as_str()) {
            diagnostic.message.push_str(&format!(" ({address})"));
        }
    }
}

/// What is made of instances, before it is put together.
#[derive(Default)]
struct Made {
    resources: Vec<(Rank, RawResource)>,
    changes: Vec<Change>,
    /// Ids.
    deleted: Vec<String>,
    /// How many of other providers, by provider.
    others: BTreeMap<String, usize>,
}

impl Made {
    fn instance(&mut self, resolver: &Resolver<'_, '_>, place: usize, form: Form, out: &mut Reading) {
        let entry = &resolver.entries[place];
        let provider = entry.kind.split('_').next().unwrap_or_default();
        if !matches!(provider, "azurerm" | "azapi") {
            if !entry.data {
                *self.others.entry(provider.to_owned()).or_default() += 1;
            }
            return;
        }
        out.instances.push((entry.span, entry.address.clone()));
        if let Some(written) = resolver.configuration.resource(entry) {
            out.instances.push((written.span, entry.address.clone()));
        }
        let known = known(entry.kind);
        let is_azapi = azapi::is_resource(entry.kind);
        // Many data sources are questions and no resources; of some the answer is not known yet.
        let asks = known.is_none() && !is_azapi;
        if entry.data && (asks || entry.unknown.is_some_and(|unknown| unknown.get("id").is_some())) {
            return;
        }
        let values = complete::values(resolver, place, &mut out.diagnostics);
        match known {
            Some(Known::Link(link)) => self.link(resolver, place, link, values),
            Some(Known::Kind(kind)) => {
                for raw in resource(resolver, place, kind, &values) {
                    self.resources.push(((!entry.data, form), raw));
                }
                assume_name(resolver, place, out);
            }
            None => {
                let raw = if is_azapi { of_azapi(resolver, place, &values) } else { inert(resolver, place, &values) };
                self.resources.extend(raw.map(|raw| ((!entry.data, form), raw)));
            }
        }
    }

    fn link(&mut self, resolver: &Resolver<'_, '_>, place: usize, link: &'static Link, values: Value) {
        let entry = &resolver.entries[place];
        let id = |attribute| body::text(&values, attribute).map(str::to_owned);
        let target = match link.target {
            Target::Id(attribute) | Target::Parts(attribute, _) => id(attribute),
            Target::Part(whole, collection, name) => {
                id(whole).and_then(|whole| Some(format!("{whole}/{collection}/{}", id(name)?)))
            }
            Target::Named(arm, attribute) => ids::named(resolver, place, arm, attribute),
        };
        // Where it is not known, that was said.
        let Some(target) = target else { return };
        let every = if let Target::Parts(_, collection) = link.target { Some(collection) } else { None };
        let edit = match link.list {
            Some(list) => Edit::Add(list, body::object(link.fields, &values, &target)),
            None => Edit::Set(link.fields, values),
        };
        self.changes.push(Change { address: entry.address.clone(), target, every, edit, span: entry.span });
    }

    fn finish(mut self, mut out: Reading) -> Reading {
        self.resources.sort_by_key(|(rank, _)| *rank);
        place(&mut self.resources);
        let mut joined = Joined::default();
        for (rank, raw) in self.resources {
            out.diagnostics.extend(joined.insert(rank, raw));
        }
        self.deleted.iter().for_each(|id| joined.delete(id));
        out.diagnostics.extend(self.changes.iter().filter_map(|change| joined.change(change)));
        out.assumptions.extend(existing::describe(&mut joined));
        out.resources = joined.into_list();
        if !self.others.is_empty() {
            let counts: Vec<String> =
                self.others.iter().map(|(provider, count)| format!("{count} of {provider}")).collect();
            let message = format!("resources of other providers are left out: {}", counts.join(", "));
            let severity = Severity::Note;
            out.diagnostics.push(Diagnostic { severity, ..Diagnostic::warning("terraform.other-providers", message) });
        }
        out
    }
}

/// Where the location is known after apply only, it is that of the resource group: modules look it up there.
fn place(resources: &mut [(Rank, RawResource)]) {
    let groups = resources.iter().filter(|(_, raw)| raw.resource_type == "Microsoft.Resources/resourceGroups");
    let located = groups.filter_map(|(_, raw)| Some((raw.id.to_ascii_lowercase(), raw.location.clone()?)));
    let located: BTreeMap<String, Arc<str>> = located.collect();
    for (_, raw) in resources.iter_mut().filter(|(_, raw)| raw.location.is_none() && azure::parent(&raw.id).is_none()) {
        let group: Option<String> =
            raw.id.to_ascii_lowercase().split_once("/providers/").map(|(group, _)| group.to_owned());
        raw.location = group.and_then(|group| located.get(&group).cloned());
    }
}

/// A resource, and those of its blocks that Azure has as resources.
fn resource(resolver: &Resolver<'_, '_>, place: usize, kind: &Kind, values: &Value) -> Vec<RawResource> {
    let entry = &resolver.entries[place];
    let Some(id) = resolver.id(place) else { return Vec::new() };
    // Parts that are given by name are those of the resource that this one belongs to.
    let owner = azure::parent(&id).unwrap_or(&id).to_owned();
    let made = body::object(kind.fields, values, &owner);
    let name = ids::name(resolver, place);
    let mut found = vec![raw(&id, kind.arm, &name, values, made, entry)];
    for (block, collection, fields) in kind.children {
        for item in body::find(values, block).map(Value::items).unwrap_or_default() {
            let name = body::text(item, "name").unwrap_or("default").to_owned();
            let made = body::object(fields, item, &id);
            let (id, arm) = (format!("{id}/{collection}/{name}"), format!("{}/{collection}", kind.arm));
            found.push(raw(&id, &arm, &name, &Value::new(item.span, Data::Object(Vec::new())), made, entry));
        }
    }
    found
}

fn of_azapi(resolver: &Resolver<'_, '_>, place: usize, values: &Value) -> Option<RawResource> {
    let (kind, version, made) = azapi::body(values)?;
    let id = resolver.id(place)?;
    let name = ids::name(resolver, place);
    let raw = raw(&id, &kind, &name, values, made, &resolver.entries[place]);
    Some(RawResource { api_version: version, ..raw })
}

/// A type that is not known here: it is there, and no packet meets it.
fn inert(resolver: &Resolver<'_, '_>, place: usize, values: &Value) -> Option<RawResource> {
    let entry = &resolver.entries[place];
    let id = resolver.id(place)?;
    let own = body::text(values, "id").is_some_and(ids::is_id);
    let arm = if own { azure::resource_type(&id) } else { entry.kind.to_owned() };
    let made = Value::new(entry.span, Data::Object(Vec::new()));
    Some(raw(&id, &arm, &ids::name(resolver, place), values, made, entry))
}

fn raw(id: &str, arm: &str, name: &str, values: &Value, mut made: Value, entry: &Entry<'_>) -> RawResource {
    for (key, text) in [("id", id), ("type", arm), ("name", name)] {
        body::put(&mut made, std::iter::once(key), Value::new(entry.span, text.into()));
    }
    let location =
        values.get("location").filter(|it| it.as_str().is_some_and(|it| !it.is_empty() && !it.contains('<')));
    location.into_iter().for_each(|it| body::put(&mut made, std::iter::once("location"), it.clone()));
    let location = made.get("location").and_then(Value::as_str).map(crate::facts::region::short);
    RawResource {
        id: azure::tidy(id),
        resource_type: arm.to_owned(),
        name: name.to_owned(),
        location,
        api_version: String::new(),
        body: made,
        span: entry.span,
        owner: None,
    }
}

/// Says what a resource is called whose name is known after apply only.
fn assume_name(resolver: &Resolver<'_, '_>, place: usize, out: &mut Reading) {
    let entry = &resolver.entries[place];
    let known = body::text(entry.values, "name").is_some_and(|name| !name.contains('<'));
    let generated = ["azurerm_role_assignment", "azurerm_role_definition"].contains(&entry.kind);
    if !known && !generated {
        let text = format!("its name is known after apply only; here it is called {}", ids::name(resolver, place));
        let (name, span) = (entry.address.clone(), Some(entry.span));
        out.assumptions.push(Assumption { code: "terraform.name", name, text, span });
    }
}

/// The subscription that ids in the file name.
fn subscription<'e>(entries: &'e [Entry<'_>]) -> Option<&'e str> {
    entries.iter().find_map(|entry| {
        let id = body::text(entry.values, "id").filter(|id| ids::is_id(id))?;
        let mut parts = id.split('/').skip(1);
        let scope = parts.next()?;
        parts.next().filter(|_| scope.eq_ignore_ascii_case("subscriptions"))
    })
}
