//! Managed services: registries, vaults, accounts, workspaces. What packets meet of one is its fronts, hosts with public
//! addresses and names, and the guard that is asked at all of them. Which parts a type has stands in a table ([`table`]).

mod addresses;
mod guard;
mod place;
mod refuse;
mod table;

pub(super) use addresses::Addresses;
pub(super) use refuse::endpoint as refused_endpoint;

use super::id::{child, name_of, resource_type};
use super::raw::{RawResource, Resources};
use super::read::{given, inner, list, switch, text};
use super::reading::Reading;
use crate::arm::Assumption;
use crate::json::{Data, Value};
use crate::services::registry::managed_store;
use place::Place;
use sim_core::net::Prefix;
use sim_core::source::{FileId, Span};
use sim_core::topology::{Draft, Guard, InternetHost, Kind, NameChain, Relation, Service};
use std::sync::Arc;
use table::Row;

/// Where registries without data endpoints of their own keep their layers.
const STORAGE: &str = "Microsoft.Storage/storageAccounts";

/// A part of a service that is reached by names.
#[derive(Debug)]
pub(super) struct Front {
    /// The group id that a private endpoint asks for, in lower case.
    pub(super) group: &'static str,
    /// `requiredMemberName`.
    pub(super) member: Arc<str>,
    /// Its public names, each with the one that it leads to once there is a private endpoint.
    pub(super) names: Vec<(Arc<str>, Option<Arc<str>>)>,
    region: Arc<str>,
    via: Vec<Arc<str>>,
    tag: Option<&'static str>,
    /// It lets everybody in, whatever the service's guard says: storage behind a registry.
    open: bool,
    /// No public address leads to it: the API of a private cluster.
    private: bool,
}

/// Whether resources of this type are services here.
pub(super) fn is_service(kind: &str) -> bool {
    !table::rows(kind).is_empty()
}

/// Where a part of a service listens; for programs that stand there.
#[must_use]
pub fn service_ports(kind: &str, member: &str) -> &'static [u16] {
    let fits = |row: &&Row| {
        let start = row.member.split('{').next().unwrap_or_default();
        row.member.eq_ignore_ascii_case(member) || (start.len() < row.member.len() && member.starts_with(start))
    };
    table::rows(kind).iter().find(fits).map(|row| row.ports.as_slice()).unwrap_or_default()
}

/// Whether all groups of this type are known.
pub(super) fn is_complete(kind: &str) -> bool {
    table::is_complete(kind)
}

/// The groups of a type that the table holds.
pub(super) fn groups(kind: &str) -> Vec<&'static str> {
    let mut groups: Vec<&str> = table::rows(kind).iter().map(|row| row.group).collect();
    groups.dedup();
    groups
}

/// Whether a type has a group of this name.
pub(super) fn has_group(kind: &str, group: &str) -> bool {
    groups(kind).iter().any(|own| own.eq_ignore_ascii_case(group))
}

/// The group of a type with one group.
pub(super) fn only_group(kind: &str) -> Option<&'static str> {
    match groups(kind)[..] {
        [only] => Some(only),
        _ => None,
    }
}

/// Reads a service.
///
/// Rule `service-fronts`: a managed service is reached by the public names of its parts, each of which has a front with the
/// service's tag; a registry's layers come from data endpoints of its own where it has a private endpoint or asks for them,
/// else from storage. Source: azure-services 4.1, 4.2, 7.
pub(super) fn read(raw: &RawResource, all: &Resources, out: &mut Reading) {
    if let Some(diagnostic) = refuse::service(raw) {
        return out.leave_out(&raw.id, diagnostic);
    }
    let guard = guard::guard(raw, all, out);
    let region = out.region.clone();
    for draft in drafts(raw, all, &region, guard) {
        out.inline(draft);
    }
    let place = Place::of(raw, all, &region);
    if place.made && table::rows(&raw.resource_type).iter().any(uses_guid) {
        out.assume(Assumption {
            code: "azure.made-guid",
            name: raw.id.to_string(),
            text: format!("Azure draws its GUID when it is made; here it is {}, made of its id", place.guid),
            span: Some(raw.span),
        });
    }
}

fn uses_guid(row: &Row) -> bool {
    ["{guid}", "{fqdn}"].iter().any(|word| row.names.iter().any(|(name, _)| name.contains(word)))
}

/// The service that `target` names and nobody declares, as somebody in `region` refers to it; nothing for another type.
pub(crate) fn assumed_service(target: &str, region: &Arc<str>, all: &Resources) -> Vec<Draft> {
    let raw = stand_in(target, region);
    let all = if is_service(&raw.resource_type) { drafts(&raw, all, region, Guard::default()) } else { Vec::new() };
    all.into_iter().map(|draft| draft.at(None)).collect()
}

/// A service that a private endpoint is for and nobody declares.
fn stranger(raw: &RawResource, all: &Resources) -> Option<RawResource> {
    let target = target_of(raw)?;
    let unknown = all.get(&target).is_none() && is_service(&resource_type(&target));
    unknown.then(|| stand_in(&target, &Arc::from("")))
}

/// A resource of which nothing is known but its id.
pub(super) fn stand_in(id: &str, region: &Arc<str>) -> RawResource {
    let span = Span { file: FileId(0), start: 0, end: 0 };
    RawResource {
        id: id.into(),
        resource_type: resource_type(id),
        name: name_of(id).to_owned(),
        location: Some(region.clone()),
        api_version: String::new(),
        body: Value::new(span, Data::Object(Vec::new())),
        span,
        owner: None,
    }
}

/// What a private endpoint is for.
pub(super) fn target_of(raw: &RawResource) -> Option<Arc<str>> {
    if !raw.resource_type.eq_ignore_ascii_case("Microsoft.Network/privateEndpoints") {
        return None;
    }
    let connections = ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"];
    let first = connections.iter().find_map(|key| list(raw.properties(), key).first())?;
    text(inner(first), "privateLinkServiceId").map(super::tidy)
}

/// The service with its fronts.
fn drafts(raw: &RawResource, all: &Resources, region: &Arc<str>, guard: Guard) -> Vec<Draft> {
    let service = Service { resource_type: raw.resource_type.as_str().into(), region: region.clone(), guard };
    let mut drafts = vec![raw.draft(Kind::Service(service))];
    for (n, front) in fronts(raw, all, region).into_iter().enumerate() {
        let mut whole = raw.id.clone();
        if front.open {
            // Layers are fetched with a signed address, which the registry's rules say nothing about.
            whole = child(&raw.id, "storage", &front.region);
            let storage =
                Service { resource_type: STORAGE.into(), region: front.region.clone(), guard: Guard::default() };
            drafts.push(made(raw, &whole, Kind::Service(storage)).refer(Relation::PartOf, raw.id.clone()));
        }
        let called = front.names.first().map_or(&front.member, |(name, _)| name);
        let id = child(&raw.id, "fronts", called);
        let address = all.addresses().get(&raw.id, n);
        drafts.push(made(raw, &id, Kind::InternetHost(front.host(address))).refer(Relation::PartOf, whole));
    }
    drafts
}

fn made(raw: &RawResource, id: &Arc<str>, kind: Kind) -> Draft {
    Draft { owner: raw.owner.clone(), ..Draft::new(id.clone(), kind).at(Some(raw.span)) }
}

impl Front {
    fn host(self, address: sim_core::net::Addr) -> InternetHost {
        let chain = |(name, private): &(Arc<str>, Option<Arc<str>>)| NameChain {
            name: name.clone(),
            private: private.clone(),
            via: self.via.clone(),
        };
        InternetHost {
            chains: self.names.iter().map(chain).collect(),
            names: self.names.iter().map(|(name, _)| name.clone()).collect(),
            member: self.member,
            region: Some(self.region).filter(|region| !region.is_empty()),
            tags: self.tag.into_iter().chain(["AzureCloud"]).map(Arc::from).collect(),
            azure: true,
            private: self.private,
            ..InternetHost::at(Prefix::host(address))
        }
    }
}

/// The parts of a service, in the order of the table, home first.
pub(super) fn fronts(raw: &RawResource, all: &Resources, home: &Arc<str>) -> Vec<Front> {
    let rows = table::rows(&raw.resource_type);
    if rows.is_empty() {
        return Vec::new();
    }
    let place = Place::of(raw, all, home);
    let mut found = Vec::new();
    for row in rows {
        let regions = if row.member.contains("{region}") { &place.regions[..] } else { &place.regions[..1] };
        for region in regions {
            match row.when {
                "read" if !is_read_twice(raw) => {}
                "dedicated" if !is_dedicated(raw, all) => found.push(layers(region)),
                _ => found.push(front(row, &place, region)),
            }
        }
    }
    found
}

/// How many parts a service has.
fn count(raw: &RawResource, all: &Resources) -> usize {
    if is_service(&raw.resource_type) { fronts(raw, all, &Arc::from("")).len() } else { 0 }
}

fn front(row: &Row, place: &Place, region: &Arc<str>) -> Front {
    let texts = |form: &str| place.texts(form, region);
    let names = row.names.iter().flat_map(|(name, private)| {
        let mut private = private.map(texts).unwrap_or_default().into_iter();
        texts(name).into_iter().map(move |name| (Arc::from(name), private.next().map(Arc::from)))
    });
    Front {
        group: row.group,
        member: texts(row.member).into_iter().next().unwrap_or_default().into(),
        names: names.collect(),
        region: region.clone(),
        via: row.via.iter().flat_map(|name| texts(name)).map(Arc::from).collect(),
        tag: row.tag,
        open: false,
        private: place.private,
    }
}

/// The storage behind the registries of a region; no group of it is for private endpoints.
fn layers(region: &Arc<str>) -> Front {
    Front {
        group: "",
        member: "blob".into(),
        names: vec![(managed_store(region).into(), None)],
        region: region.clone(),
        via: Vec::new(),
        tag: Some("Storage"),
        open: true,
        private: false,
    }
}

/// Whether a registry has data endpoints of its own: where it says so, and where it has a private endpoint.
fn is_dedicated(raw: &RawResource, all: &Resources) -> bool {
    switch(raw.properties(), "dataEndpointEnabled", false).value
        || !list(raw.properties(), "privateEndpointConnections").is_empty()
        || all.has_endpoint(&raw.id)
}

/// Whether the second copy of a storage account can be read.
fn is_read_twice(raw: &RawResource) -> bool {
    let sku = given(&raw.body, "sku").and_then(|sku| text(sku, "name")).unwrap_or_default();
    sku.to_ascii_uppercase().contains("_RAG")
}
