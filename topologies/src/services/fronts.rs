//! Starts the servers of managed services: on every front that is there when a run begins, and on those that come later.

use super::registry::{Data, LoginServer, managed_store};
use super::storage::Account;
use super::vault::Vault;
use super::web::Generic;
use super::{registry, smb, storage, vault};
use sim_core::app::{Identity, Site, Web};
use sim_core::host::{Control, Orchestrator, Program, Signal};
use sim_core::id::NodeId;
use sim_core::topology::{InternetHost, Kind, Relation, Resource, Service, Topology};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Sees to it that managed services answer.
#[derive(Default)]
pub struct Fronts {
    serving: BTreeSet<NodeId>,
}

impl Orchestrator for Fronts {
    fn handle(&mut self, signal: Signal<'_>, control: &mut Control<'_>) {
        if !matches!(signal, Signal::Start | Signal::Changed) {
            return;
        }
        let topology = control.topology();
        let new = topology.resources().filter(|found| !self.serving.contains(&found.id));
        let wanted: Vec<_> =
            new.filter_map(|found| Some((found.id, found.name.clone(), programs(topology, found)?))).collect();
        for (id, name, programs) in wanted {
            self.serving.insert(id);
            programs.into_iter().for_each(|program| control.spawn_boxed(name.clone(), program));
        }
    }
}

/// The servers of a host that is a front of a managed service, or holds layers of registries.
#[must_use]
pub fn programs(topology: &Topology, front: &Resource) -> Option<Vec<Box<dyn Program>>> {
    let Kind::InternetHost(host) = &front.kind else { return None };
    let Some(found) = topology.target(front.id, Relation::PartOf) else {
        let is_store = host.names.iter().any(|name| name.ends_with(&managed_store("")));
        return is_store.then(|| vec![web(front, host, Arc::new(Data))]);
    };
    let Kind::Service(service) = &found.kind else { return None };
    let is = |resource_type: &str| service.resource_type.eq_ignore_ascii_case(resource_type);
    let site: Arc<dyn Site> = if is(registry::RESOURCE_TYPE) {
        registry_site(topology, found, service, host)
    } else if is(vault::RESOURCE_TYPE) {
        Arc::new(Vault { name: found.short_name().into(), region: service.region.clone() })
    } else if holds_layers(topology, found) {
        Arc::new(Data)
    } else if is(storage::RESOURCE_TYPE) {
        Arc::new(Account)
    } else {
        Arc::new(Generic)
    };
    let mut programs = vec![web(front, host, site)];
    if is(storage::RESOURCE_TYPE) && host.names.iter().any(|name| name.contains(".file.")) {
        programs.push(Box::new(smb::Share::default()));
    }
    Some(programs)
}

fn web(front: &Resource, host: &InternetHost, site: Arc<dyn Site>) -> Box<dyn Program> {
    Box::new(Web::of(443, identity(front, host), site))
}

/// The names in a front's certificate: a star for the first label of each name it has, as Azure's certificates have it; the
/// names of `privatelink` zones are in none of them (Azure/acr issue 488).
fn identity(front: &Resource, host: &InternetHost) -> Identity {
    let public = host.names.iter().filter(|name| !name.contains(".privatelink."));
    let stars =
        public.map(|name| name.split_once('.').map_or_else(|| name.clone(), |(_, rest)| format!("*.{rest}").into()));
    let mut names: Vec<Arc<str>> = Vec::new();
    for star in stars {
        if !names.contains(&star) {
            names.push(star);
        }
    }
    if names.is_empty() { Identity::AnyName(front.short_name().into()) } else { Identity::Named(names.into()) }
}

/// A registry's fronts: its login server, and its data endpoints where it has some.
///
/// Rule `registry-layers`: a registry sends for layers to its data endpoint where it has one, else to storage of the
/// platform's. Source: azure-services 7.
fn registry_site(topology: &Topology, found: &Resource, service: &Service, host: &InternetHost) -> Arc<dyn Site> {
    if is_data(host) {
        return Arc::new(Data);
    }
    let fronts = topology.referrers(found.id, Relation::PartOf).into_iter();
    let data = fronts.filter_map(|front| match &front.kind {
        Kind::InternetHost(host) if is_data(host) => host.names.first().cloned(),
        _ => None,
    });
    let data: Vec<Arc<str>> = data.collect();
    // Of several regions, its own.
    let near = format!(".{}.data.", service.region);
    let own = data.iter().find(|name| name.contains(&near)).or(data.first()).cloned();
    let layers = own.unwrap_or_else(|| managed_store(&service.region).into());
    let name = host.names.first().cloned().unwrap_or_else(|| format!("{}.azurecr.io", found.short_name()).into());
    Arc::new(LoginServer { host: name, layers })
}

/// Whether a service is the storage behind a registry.
fn holds_layers(topology: &Topology, found: &Resource) -> bool {
    let whole = topology.target(found.id, Relation::PartOf).map(|whole| &whole.kind);
    matches!(whole, Some(Kind::Service(whole)) if whole.resource_type.eq_ignore_ascii_case(registry::RESOURCE_TYPE))
}

fn is_data(host: &InternetHost) -> bool {
    host.member.starts_with("registry_data") || host.names.iter().any(|name| name.contains(".data."))
}
