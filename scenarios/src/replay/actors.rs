//! Actors outside the declared network: hosts on the Internet, services, on-premises networks.

use crate::scenario::{Actor, ActorKind, NameServer as NameServerSpec, Scenario};
use sim_core::app::{Communicator, Files, Guest, Identity, Listener, Web};
use sim_core::host::{Program, Socket};
use sim_core::id::NodeId;
use sim_core::names::PORT;
use sim_core::net::{Addr, Prefix};
use sim_core::time::Nanos;
use sim_core::topology::{
    Connection, Draft, ForwardingRule, Gateway, InternetHost, Kind, NameServer, OnPremises, OnPremisesHost, Refusal,
    Relation, Resource, Setting, Topology,
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
        if actor.trusted && actor.kind != ActorKind::Service {
            problems.push(wrong("only a service is trusted".to_owned()));
            continue;
        }
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

/// Makes machines and actors the name servers that the scenario says they are.
pub(super) fn serve_names(world: &mut World, scenario: &Scenario, problems: &mut Vec<Diagnostic>) {
    for (name, server) in &scenario.name_servers {
        let wrong = |what: String| Diagnostic::error("scenario.value", format!("name server {name}: {what}"));
        let made = name_server(server).map_err(wrong).and_then(|server| {
            let id = crate::naming::find(&world.topology, name)?;
            let Some(found) = world.topology.find(&id) else { return Err(wrong("it is gone".to_owned())) };
            let mut draft = world.topology.draft_of(found);
            match &mut draft.kind {
                Kind::Machine(machine) => machine.name_server = Some(server),
                Kind::OnPremisesHost(host) => host.name_server = Some(server),
                _ => return Err(wrong("only machines and on-premises actors can be name servers".to_owned())),
            }
            world.topology.put(draft).map(|_| ()).map_err(|refusal| refused(&refusal))
        });
        problems.extend(made.err());
    }
}

fn name_server(server: &NameServerSpec) -> Result<NameServer, String> {
    let address = |text: &String| text.parse::<Addr>().map_err(|error| format!("`{text}`: {error}"));
    let targets = |texts: &[String]| -> Result<Vec<(Addr, u16)>, String> {
        texts.iter().map(|text| Ok((address(text)?, PORT))).collect()
    };
    let mut made = NameServer { otherwise: targets(&server.otherwise)?, ..NameServer::default() };
    for (name, text) in &server.records {
        made.records.push((name.to_ascii_lowercase().into(), address(text)?));
    }
    for (domain, texts) in &server.forwards {
        let domain = domain.trim_end_matches('.').to_ascii_lowercase().into();
        let rule = ForwardingRule { domain, targets: targets(texts)?, enabled: Setting::default_of(true), span: None };
        made.forwards.push(rule);
    }
    Ok(made)
}

fn refused(refusal: &Refusal) -> Diagnostic {
    Diagnostic::error("scenario.actor", refusal.to_string())
}

fn on_the_internet(world: &mut World, name: &str, actor: &Actor, prefix: Prefix) -> Result<(), Diagnostic> {
    let host = InternetHost {
        region: actor.region.as_deref().map(topologies::facts::region::short),
        tags: actor.tags.iter().map(|tag| Arc::from(tag.as_str())).collect(),
        azure: actor.kind == ActorKind::Service,
        trusted: actor.trusted,
        names: actor.names.iter().map(|host| host.to_ascii_lowercase().into()).collect(),
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
    let mut dns_servers = Vec::new();
    for server in &actor.dns_servers {
        dns_servers.push(server.parse().map_err(|error| format!("`dns-servers`: {error}"))?);
    }
    let host = OnPremisesHost { dns_servers, ..OnPremisesHost::at(Prefix::host(address)) };
    let host = Kind::OnPremisesHost(host);
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

/// A web server, over TLS with a certificate for whatever name it is asked for, this one without any, or in the clear.
pub(super) fn web(port: u16, name: Option<&str>) -> Box<dyn Program> {
    let files = Arc::new(Files { sizes: Default::default(), other: 4096 });
    let identity = name.map_or(Identity::Clear, |name| Identity::AnyName(name.into()));
    Box::new(Web::of(port, identity, files))
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
