//! What the words of the table stand for, of one service.

use super::super::id::name_of;
use super::super::raw::{RawResource, Resources};
use super::super::read::{given, list, says, switch, text};
use crate::arm;
use crate::facts::region;
use crate::json::Value;
use std::sync::Arc;

/// Longest label of a name (RFC 1035, 2.3.4).
const LABEL: usize = 63;

/// A service, as its names tell of it.
#[derive(Debug)]
pub(super) struct Place {
    name: String,
    /// Its own GUID; made of its id where nobody says it.
    pub(super) guid: String,
    /// Whether the GUID is made up.
    pub(super) made: bool,
    /// The regions it is in, home first.
    pub(super) regions: Vec<Arc<str>>,
    instances: Vec<String>,
    endpoints: Vec<String>,
    fqdn: Option<String>,
    private_fqdn: Option<String>,
    /// Whether no public address leads to it.
    pub(super) private: bool,
}

impl Place {
    /// Of the service `raw`, which stands in `home`.
    pub(super) fn of(raw: &RawResource, all: &Resources, home: &Arc<str>) -> Self {
        let properties = raw.properties();
        let known = text(properties, "workspaceId");
        let mut regions = vec![home.clone()];
        let copies = all.children(&raw.id, "replications").filter_map(|copy| copy.location.clone());
        let locations = list(properties, "locations").iter().filter_map(|it| text(it, "locationName"));
        for region in copies.chain(locations.map(region::short)) {
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
        let guid = known.map_or_else(|| arm::guid(&[&raw.id.to_ascii_lowercase()]), str::to_owned);
        let mut place = Self {
            name: name(raw),
            guid,
            made: known.is_none(),
            regions,
            instances: instances(raw, all),
            endpoints: all
                .children(&raw.id, "onlineEndpoints")
                .map(|it| name_of(&it.id).to_ascii_lowercase())
                .collect(),
            fqdn: None,
            private_fqdn: None,
            private: false,
        };
        place.cluster(raw, home);
        place
    }

    /// The texts that a form of the table stands for in a region: one, or one for each instance or endpoint that it names.
    pub(super) fn texts(&self, form: &str, region: &str) -> Vec<String> {
        let form = form.replace("{name}", &self.name).replace("{guid}", &self.guid).replace("{region}", region);
        let form = form.replace("{location}", self.home()).replace("{notebook}", &self.notebook());
        for (word, values) in [("{instance}", &self.instances), ("{endpoint}", &self.endpoints)] {
            if form.contains(word) {
                return values.iter().map(|value| form.replace(word, value)).collect();
            }
        }
        match form.as_str() {
            "{fqdn}" => self.fqdn.iter().cloned().collect(),
            "{private-fqdn}" => self.private_fqdn.iter().cloned().collect(),
            _ => vec![form],
        }
    }

    fn home(&self) -> &str {
        self.regions.first().map_or("", |region| region)
    }

    /// A workspace's notebooks: its name is cut so that the label fits (azure-services 5.5).
    fn notebook(&self) -> String {
        let rest = format!("-{}-{}", self.home(), self.guid);
        let room = LABEL.saturating_sub("ml-".len() + rest.len());
        let name: String = self.name.chars().take(room).collect();
        format!("ml-{name}{rest}")
    }

    /// The names of a cluster's API. A private one has a public name too, unless that is switched off (azure-services 8.4).
    fn cluster(&mut self, raw: &RawResource, home: &Arc<str>) {
        if !raw.resource_type.eq_ignore_ascii_case("Microsoft.ContainerService/managedClusters") {
            return;
        }
        let properties = raw.properties();
        let label = text(properties, "dnsPrefix").unwrap_or(&self.name).to_ascii_lowercase();
        let tail = self.guid.get(..8).unwrap_or_default();
        let access = given(properties, "apiServerAccessProfile");
        let is_private = is_private_cluster(properties);
        if !is_private || access.is_none_or(|access| switch(access, "enablePrivateClusterPublicFQDN", true).value) {
            let made = || format!("{label}-{tail}.hcp.{home}.azmk8s.io");
            self.fqdn = Some(text(properties, "fqdn").map_or_else(made, str::to_ascii_lowercase));
        }
        self.private = is_private;
        if is_private {
            let made = || format!("{label}-{tail}.{}.privatelink.{home}.azmk8s.io", self.guid);
            self.private_fqdn = Some(text(properties, "privateFQDN").map_or_else(made, str::to_ascii_lowercase));
        }
    }
}

/// Whether a cluster's API is reached by a private address alone.
pub(super) fn is_private_cluster(properties: &Value) -> bool {
    given(properties, "apiServerAccessProfile").is_some_and(|it| switch(it, "enablePrivateCluster", false).value)
}

/// What its names begin with. A registry's may have more than the name (`loginServer`).
fn name(raw: &RawResource) -> String {
    let server = text(raw.properties(), "loginServer").map(str::to_ascii_lowercase);
    let login = server.as_deref().and_then(|server| server.strip_suffix(".azurecr.io"));
    login.map_or_else(|| name_of(&raw.id).to_ascii_lowercase(), str::to_owned)
}

fn instances(raw: &RawResource, all: &Resources) -> Vec<String> {
    let computes = all.children(&raw.id, "computes");
    let instances = computes.filter(|compute| says(compute.properties(), "computeType", "ComputeInstance"));
    instances.map(|compute| name_of(&compute.id).to_ascii_lowercase()).collect()
}
