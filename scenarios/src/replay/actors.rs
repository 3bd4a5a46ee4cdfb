//! Actors outside the declared network: hosts on the Internet, services, on-premises networks.

use crate::scenario::{Actor, ActorKind, Scenario};
use sim_core::app::{Communicator, Files, Guest, Listener, Web};
use sim_core::host::{Program, Socket};
use sim_core::id::NodeId;
use sim_core::net::{Addr, Prefix};
use sim_core::time::Nanos;
use sim_core::topology::{
    Connection, Draft, Gateway, InternetHost, Kind, OnPremises, OnPremisesHost, Refusal, Relation, Resource, Topology,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use topologies::World;
use topologies::arm::Assumption;
use topologies::diagnostic::Diagnostic;

/// The id of an actor's resource.
pub(crate) fn actor_id(name: &str) -> String {
    format!("/actors/{name}")
}

/// Joins the actors to the network; gives the host names that lead to them.
pub(super) fn join(world: &mut World, scenario: &Scenario, problems: &mut Vec<Diagnostic>) -> BTreeMap<Arc<str>, Addr> {
    let mut names = BTreeMap::new();
    for (name, actor) in &scenario.actors {
        let wrong = |what: String| Diagnostic::error("scenario.value", format!("actor {name}: {what}"));
        let prefix: Prefix = match actor.address.parse() {
            Ok(prefix) => prefix,
            Err(error) => {
                problems.push(wrong(format!("{error}")));
                continue;
            }
        };
        names.extend(actor.names.iter().map(|host| (Arc::from(host.to_ascii_lowercase()), prefix.first())));
        let joined = match actor.kind {
            ActorKind::Internet | ActorKind::Service => on_the_internet(world, name, actor, prefix),
            ActorKind::OnPremises => on_premises(world, name, actor, prefix.first()).map_err(wrong),
        };
        problems.extend(joined.err());
    }
    names
}

/// What actors listen on.
pub(super) fn listening(scenario: &Scenario) -> BTreeSet<Socket> {
    let mut listening = BTreeSet::new();
    for actor in scenario.actors.values() {
        if let Ok(prefix) = actor.address.parse::<Prefix>() {
            listening.extend(actor.listens.iter().map(|port| (prefix.first(), *port)));
        }
    }
    listening
}

fn refused(refusal: &Refusal) -> Diagnostic {
    Diagnostic::error("scenario.actor", refusal.to_string())
}

fn on_the_internet(world: &mut World, name: &str, actor: &Actor, prefix: Prefix) -> Result<(), Diagnostic> {
    let host = InternetHost {
        region: actor.region.as_deref().map(topologies::facts::region::short),
        tags: actor.tags.iter().map(|tag| Arc::from(tag.as_str())).collect(),
        azure: actor.kind == ActorKind::Service,
        ..InternetHost::at(prefix)
    };
    let draft = Draft::new(actor_id(name), Kind::InternetHost(host));
    world.topology.put(draft).map(|_| ()).map_err(|refusal| refused(&refusal))
}

/// A machine in a network of one's own that a gateway connects (azure-dataplane 2.1). It joins the declared network whose
/// ranges hold its address where there is one; else a network of its own is connected to the gateway that the virtual
/// network has or uses, and where it has none, to one that is assumed.
fn on_premises(world: &mut World, name: &str, actor: &Actor, address: Addr) -> Result<(), String> {
    let target = actor.connected_to.as_deref().ok_or("`connected-to` names no virtual network")?;
    let id = actor_id(name);
    let found = super::find(&world.topology, target).map_err(|diagnostic| diagnostic.message)?;
    let (vnet, near) = match world.topology.find(&found).map(|found| (found.id, &found.kind)) {
        Some((vnet, Kind::Vnet(attributes))) => (vnet, attributes.region.clone()),
        _ => return Err(format!("`{target}` is no virtual network")),
    };
    let host = Kind::OnPremisesHost(OnPremisesHost { prefix: Prefix::host(address), egress_bps: None });
    let host = Draft::new(id.as_str(), host);
    let gateway = gateway_of(&world.topology, vnet);
    let declared = gateway.and_then(|gateway| site_with(&world.topology, gateway, address));
    if let Some(site) = declared {
        return put(world, host.refer(Relation::PartOf, site));
    }
    let text = actor.prefix.clone().unwrap_or_else(|| format!("{address}/24"));
    let prefix: Prefix = text.parse().map_err(|error| format!("{error}"))?;
    let gateway: Arc<str> = match gateway.and_then(|gateway| world.topology.get(gateway)) {
        Some(gateway) => gateway.name.clone(),
        None => {
            let gateway: Arc<str> = format!("{found}/assumedGateway").into();
            let kind = Kind::Gateway(Gateway { region: near.clone(), ..Gateway::default() });
            put(world, Draft::new(gateway.clone(), kind).refer(Relation::PartOf, found.clone()))?;
            gateway
        }
    };
    // Without a region of its own the site is near the network that it is connected to.
    let region = Some(actor.region.as_deref().map_or(near, topologies::facts::region::short));
    let site = format!("{id}/network");
    let network = OnPremises { region, prefixes: vec![prefix], ..OnPremises::default() };
    put(world, Draft::new(site.as_str(), Kind::OnPremises(network)))?;
    let connection = Draft::new(format!("{id}/connection"), Kind::Connection(Connection::default()));
    put(world, connection.refer(Relation::PartOf, gateway.clone()).refer(Relation::Remote, site.as_str()))?;
    put(world, host.refer(Relation::PartOf, site))?;
    world.assumptions.push(Assumption {
        code: "scenario.gateway",
        name: name.to_owned(),
        text: format!("a connection of {} joins {prefix} to {target}", gateway.rsplit('/').next().unwrap_or(&gateway)),
        span: None,
    });
    Ok(())
}

fn put(world: &mut World, draft: Draft) -> Result<(), String> {
    world.topology.put(draft).map(|_| ()).map_err(|refusal| refusal.to_string())
}

/// The gateway that a virtual network has, or uses over a peering.
fn gateway_of(topology: &Topology, vnet: NodeId) -> Option<NodeId> {
    let peers = topology.peers(vnet);
    let used = peers.iter().filter(|peer| peer.local.remote_gateways.value && peer.remote.gateway_transit.value);
    let vnets: Vec<NodeId> = [vnet].into_iter().chain(used.map(|peer| peer.vnet.id)).collect();
    let gateways = topology.resources().filter(|found| matches!(found.kind, Kind::Gateway(_)));
    let of = |id: NodeId| topology.vnet_of(id).map(|vnet| vnet.id);
    gateways.into_iter().map(|found| found.id).find(|id| of(*id).is_some_and(|vnet| vnets.contains(&vnet)))
}

/// The network on premises, connected to a gateway, whose ranges hold an address.
fn site_with(topology: &Topology, gateway: NodeId, address: Addr) -> Option<Arc<str>> {
    let connections = topology.referrers(gateway, Relation::PartOf).into_iter();
    let mut sites = connections.filter_map(|connection| topology.target(connection.id, Relation::Remote));
    let holds = |site: &&Resource| match &site.kind {
        Kind::OnPremises(site) => site.prefixes.iter().any(|prefix| prefix.contains(address)),
        _ => false,
    };
    sites.find(holds).map(|site| site.name.clone())
}

/// A web server, over TLS with this name in its certificate, or in the clear.
pub(super) fn web(port: u16, name: Option<&str>) -> Box<dyn Program> {
    let files = Arc::new(Files { sizes: Default::default(), other: 4096 });
    Box::new(Web::new(port, name.map(Arc::from), files))
}

/// What listens on a port, by custom: SSH on 22, WinRM on 5986, the web on 80 and 443, else plain TCP.
pub(super) fn server(port: u16, name: &str) -> Box<dyn Program> {
    let guest = |communicator| Box::new(Guest::new(communicator, Nanos::ZERO, Nanos::ZERO, Arc::new([])));
    match port {
        22 => guest(Communicator::Ssh),
        5986 => guest(Communicator::WinRm),
        443 => web(443, Some(name)),
        80 => web(80, None),
        port => Box::new(Listener::new(port)),
    }
}
