//! A resource as a reader hands it over, and all of them by id.

use super::id;
use super::read::{given, inner, text};
use super::scale_set::Sets;
use super::service::{Addresses, target_of};
use crate::arm;
use crate::facts::{Date, ServiceTags, region};
use crate::json::Value;
use sim_core::source::Span;
use sim_core::topology::{Draft, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// A resource before it is known what it means for the network.
#[derive(Clone, Debug)]
pub struct RawResource {
    /// Resource id, in the letter case it was written in.
    pub id: Arc<str>,
    /// Full type, such as `Microsoft.Network/virtualNetworks`.
    pub resource_type: String,
    /// Full name, such as `vnet/subnet` for a child.
    pub name: String,
    /// Region in short form, where the resource says one.
    pub location: Option<Arc<str>>,
    /// API version it was written for; empty when it is not known.
    pub api_version: String,
    /// The whole resource.
    pub body: Value,
    /// Where it was declared.
    pub span: Span,
    /// The managed service that made it; `None` when the user declared it.
    pub owner: Option<Arc<str>>,
}

impl RawResource {
    /// A resource from its body alone, as REST and Resource Graph give it: with `id`, and `type` or a type that the id
    /// shows. `None` without an id.
    #[must_use]
    pub fn of_body(body: Value) -> Option<Self> {
        let id = id::tidy(text(&body, "id")?);
        let resource_type = text(&body, "type").filter(|kind| kind.contains('/'));
        let resource_type = resource_type.map_or_else(|| id::resource_type(&id), str::to_owned);
        let api_version = text(&body, "apiVersion").unwrap_or_default().to_owned();
        let name = text(&body, "name").map_or_else(|| id::name_of(&id).to_owned(), str::to_owned);
        let location = text(&body, "location").map(region::short);
        let span = body.span;
        Some(Self { id, resource_type, name, location, api_version, body, span, owner: None })
    }

    /// Its `properties`, or the body itself where a tool has flattened them.
    #[must_use]
    pub fn properties(&self) -> &Value {
        inner(&self.body)
    }

    /// A draft of the resource itself.
    pub(super) fn draft(&self, kind: Kind) -> Draft {
        Draft { owner: self.owner.clone(), ..Draft::new(self.id.clone(), kind).at(Some(self.span)) }
    }

    /// A draft of a part of it that is an object in its body; `None` for a part without a name.
    pub(super) fn part(&self, collection: &str, part: &Value, kind: Kind) -> Option<Draft> {
        let id = self.part_id(collection, part)?;
        Some(Draft { owner: self.owner.clone(), ..Draft::new(id, kind).at(Some(part.span)) })
    }

    /// The id of a part.
    ///
    /// What was read back says it; references go by that id, whatever the name.
    pub(super) fn part_id(&self, collection: &str, part: &Value) -> Option<Arc<str>> {
        let start = format!("{}/{collection}/", self.id);
        let inside = |id: &&str| {
            let rest = id.get(start.len()..).unwrap_or_default();
            !rest.is_empty() && !rest.contains('/') && id[..start.len()].eq_ignore_ascii_case(&start)
        };
        if let Some(id) = text(part, "id").filter(inside) {
            return Some(id::tidy(id));
        }
        let name = text(part, "name").or_else(|| text(part, "id").map(id::name_of))?;
        Some(id::child(&self.id, collection, name))
    }

    /// Its region, or that of the resource it is a child of, as far as known.
    pub(super) fn region(&self, all: &Resources) -> Option<Arc<str>> {
        self.location.clone().or_else(|| all.parent(self)?.location.clone())
    }
}

/// What a template makes.
impl From<arm::Resource> for RawResource {
    fn from(resource: arm::Resource) -> Self {
        let location = resource.body.get("location").and_then(Value::as_str).map(region::short);
        Self {
            id: id::tidy(&resource.id),
            resource_type: resource.resource_type,
            name: resource.name,
            location,
            api_version: resource.api_version,
            body: resource.body,
            span: resource.span,
            owner: None,
        }
    }
}

/// Resources by id, in the order they came. Letter case of ids does not count.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    list: Vec<RawResource>,
    places: BTreeMap<String, usize>,
    /// Made when it is first asked for, as are the next two.
    sets: OnceLock<Sets>,
    addresses: OnceLock<Addresses>,
    /// What private endpoints are for, by id in lower case.
    targets: OnceLock<BTreeSet<String>>,
    /// The day that the input is set in.
    pub(crate) date: Date,
    /// What service tags hold, where that was given.
    pub(crate) service_tags: Option<Arc<ServiceTags>>,
}

impl Resources {
    /// The resource with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&RawResource> {
        self.places.get(&id.to_ascii_lowercase()).map(|place| &self.list[*place])
    }

    /// The resources of a collection inside another one, such as the `subnets` of a virtual network, in the order they came.
    pub(super) fn children(&self, id: &str, collection: &str) -> impl Iterator<Item = &RawResource> {
        let start = format!("{id}/{collection}/").to_ascii_lowercase();
        let inside = self.places.range(start.clone()..).take_while(|(key, _)| key.starts_with(&start));
        let own = inside.filter(|(key, _)| !key[start.len()..].contains('/'));
        let mut places: Vec<usize> = own.map(|(_, place)| *place).collect();
        places.sort_unstable();
        places.into_iter().map(|place| &self.list[place])
    }

    /// What is known of the scale sets as a whole.
    pub(super) fn sets(&self) -> &Sets {
        self.sets.get_or_init(|| Sets::of(self))
    }

    /// The public addresses of services.
    pub(super) fn addresses(&self) -> &Addresses {
        self.addresses.get_or_init(|| Addresses::of(self))
    }

    /// Whether a private endpoint is for this resource.
    pub(super) fn has_endpoint(&self, id: &str) -> bool {
        let all = || self.iter().filter_map(target_of).map(|target| target.to_ascii_lowercase()).collect();
        self.targets.get_or_init(all).contains(&id.to_ascii_lowercase())
    }

    /// Forgets what was made of all.
    fn forget(&mut self) {
        self.sets.take();
        self.addresses.take();
        self.targets.take();
    }

    /// All of them, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = &RawResource> {
        self.list.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut RawResource> {
        self.forget();
        self.list.iter_mut()
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = RawResource> {
        self.list.into_iter()
    }

    /// Adds a resource; one that has the same id is replaced, as a second deployment would.
    pub fn insert(&mut self, raw: RawResource) {
        self.forget();
        let key = raw.id.to_ascii_lowercase();
        match self.places.get(&key) {
            Some(place) => self.list[*place] = raw,
            None => {
                self.places.insert(key, self.list.len());
                self.list.push(raw);
            }
        }
    }

    /// Takes a resource away, with its children.
    pub fn remove(&mut self, id: &str) {
        self.forget();
        let whole = id.to_ascii_lowercase();
        self.list.retain(|raw| {
            let rest = raw.id.to_ascii_lowercase();
            rest.strip_prefix(&whole).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/'))
        });
        self.places = self.list.iter().enumerate().map(|(n, raw)| (raw.id.to_ascii_lowercase(), n)).collect();
    }

    /// The resource that this one is a child of.
    pub(super) fn parent(&self, raw: &RawResource) -> Option<&RawResource> {
        self.get(id::parent(&raw.id)?)
    }

    /// Follows a reference in a body: the resource, if it is among these.
    pub(super) fn referred(&self, within: &Value, key: &str) -> Option<&RawResource> {
        self.get(text(given(within, key)?, "id")?)
    }
}
