//! Actors outside the declared network: hosts on the Internet, services, on-premises networks.

use crate::scenario::{Actor, ActorKind, Scenario};
use sim_core::app::{Communicator, Files, Guest, Listener, Web};
use sim_core::host::Program;
use sim_core::net::{Addr, Prefix};
use sim_core::time::Nanos;
use sim_core::topology::{
    Draft, EndpointPolicies, InternetHost, IpConfig, Kind, Machine, Nic, Peering, Refusal, Relation, Setting, Subnet,
    Vnet,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use topologies::World;
use topologies::arm::Assumption;
use topologies::diagnostic::Diagnostic;

/// The id of an actor's resource.
pub(super) fn actor_id(name: &str) -> String {
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

fn refused(refusal: &Refusal) -> Diagnostic {
    Diagnostic::error("scenario.actor", refusal.to_string())
}

fn on_the_internet(world: &mut World, name: &str, actor: &Actor, prefix: Prefix) -> Result<(), Diagnostic> {
    let host = InternetHost {
        prefix,
        region: actor.region.as_deref().map(topologies::facts::region::short),
        tags: actor.tags.iter().map(|tag| Arc::from(tag.as_str())).collect(),
        azure: actor.kind == ActorKind::Service,
        egress_bps: None,
        names: Vec::new(),
    };
    let draft = Draft::new(actor_id(name), Kind::InternetHost(host));
    world.topology.put(draft).map(|_| ()).map_err(|refusal| refused(&refusal))
}

/// A network of one's own that a gateway connects. Gateways are not modelled yet: the network is joined as a peered one
/// would be, which the `VirtualNetwork` tag and the routes cannot tell from it (azure-dataplane 1.7, 2.1).
fn on_premises(world: &mut World, name: &str, actor: &Actor, address: Addr) -> Result<(), String> {
    let target = actor.connected_to.as_deref().ok_or("`connected-to` names no virtual network")?;
    let vnet = super::find(&world.topology, target).map_err(|diagnostic| diagnostic.message)?;
    let text = actor.prefix.clone().unwrap_or_else(|| format!("{address}/24"));
    let prefix: Prefix = text.parse().map_err(|error| format!("{error}"))?;
    // Without a region of its own the site is near the network that it is connected to.
    let near = match world.topology.find(&vnet).map(|found| &found.kind) {
        Some(Kind::Vnet(vnet)) => vnet.region.clone(),
        _ => return Err(format!("`{target}` is no virtual network")),
    };
    let region = actor.region.as_deref().map_or(near, topologies::facts::region::short);
    let id = actor_id(name);
    let site = format!("{id}/network");
    let setting = Setting::default_of(true);
    let peering = || Kind::Peering(Peering { access: setting, forwarded: setting, ..Peering::default() });
    let subnet = Subnet {
        prefixes: vec![prefix],
        link_service_policies: Setting::default_of(false),
        endpoint_policies: Setting::default_of(EndpointPolicies::default()),
        default_outbound: setting,
        delegation: None,
        service_endpoints: Vec::new(),
    };
    let nic = format!("{id}/nic");
    let config = IpConfig { requested: Some(address), address: None, primary: true };
    let drafts = [
        Draft::new(site.as_str(), Kind::Vnet(Vnet { region: region.clone(), space: vec![prefix], ..Vnet::default() })),
        Draft::new(format!("{site}/subnets/all"), Kind::Subnet(subnet)).refer(Relation::PartOf, site.as_str()),
        Draft::new(
            id.as_str(),
            Kind::Machine(Machine { size: "".into(), egress_bps: None, forwards: false, ..Machine::default() }),
        ),
        Draft::new(nic.as_str(), Kind::Nic(Nic { region, ip_forwarding: false })).refer(Relation::PartOf, id.as_str()),
        Draft::new(format!("{nic}/ipConfigurations/default"), Kind::IpConfig(config))
            .refer(Relation::PartOf, nic.as_str())
            .refer(Relation::Attached, format!("{site}/subnets/all")),
        Draft::new(format!("{site}/to-azure"), peering())
            .refer(Relation::PartOf, site.as_str())
            .refer(Relation::Remote, vnet.clone()),
        Draft::new(format!("{vnet}/virtualNetworkPeerings/on-premises-{name}"), peering())
            .refer(Relation::PartOf, vnet.clone())
            .refer(Relation::Remote, site.as_str()),
    ];
    for draft in drafts {
        world.topology.put(draft).map_err(|refusal| refusal.to_string())?;
    }
    world.assumptions.push(Assumption {
        code: "scenario.gateway",
        name: name.to_owned(),
        text: format!("a gateway joins {prefix} to {target}; it is taken to let everything pass, as a peering would"),
        span: None,
    });
    Ok(())
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
