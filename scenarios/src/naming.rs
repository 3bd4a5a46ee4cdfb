//! What people call things: every resource that can be an end of a connection, and how a name leads to it.

use crate::observe::names;
use crate::replay::actor_id;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Prefix};
use sim_core::topology::{Draft, InternetHost, Kind, Relation, Resource, Topology};
use std::sync::Arc;
use topologies::diagnostic::{Diagnostic, nearest};

/// Something that can be named as an end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What people call it.
    pub name: String,
    /// What kind of thing it is.
    pub kind: String,
    /// Its addresses, private ones first.
    pub addresses: Vec<Addr>,
    /// Its resource id.
    pub id: Arc<str>,
}

/// Everything that can be named, in the order of the input.
#[must_use]
pub fn all(topology: &Topology) -> Vec<Named> {
    topology.resources().filter(|found| &*found.name != EVERYBODY).filter_map(|found| named(found, topology)).collect()
}

fn named(found: &Resource, topology: &Topology) -> Option<Named> {
    // A machine stands for its NICs and their addresses.
    if matches!(found.kind, Kind::IpConfig(_)) {
        return None;
    }
    let mut addresses: Vec<Addr> = match &found.kind {
        Kind::Machine(_) => topology.addresses_of(found.id).into_iter().map(|(_, address)| address).collect(),
        _ => Vec::new(),
    };
    addresses.extend([false, true].into_iter().filter_map(|outside| address_of(topology, found.id, outside)));
    let mut seen = Vec::new();
    addresses.retain(|address| {
        !seen.contains(address) && {
            seen.push(*address);
            true
        }
    });
    let kind = names::kind(&found.kind).to_owned();
    (!addresses.is_empty()).then(|| Named {
        name: names::short(found, topology),
        kind,
        addresses,
        id: found.name.clone(),
    })
}

/// The resource that a person means by `name`: an actor, a resource id, or the last part of one.
///
/// # Errors
/// When there is none, or more than one; the candidates are named.
pub(crate) fn find(topology: &Topology, name: &str) -> Result<Arc<str>, Diagnostic> {
    if let Some(found) = topology.find(name).or_else(|| topology.find(&actor_id(name))) {
        return Ok(found.name.clone());
    }
    let nameable = |found: &&Resource| !matches!(found.kind, Kind::IpConfig(_));
    let candidates: Vec<&Resource> =
        topology.resources().filter(nameable).filter(|found| found.short_name().eq_ignore_ascii_case(name)).collect();
    // A machine and its subnet or NIC are often called the same; people mean the machine.
    let machines: Vec<_> = candidates.iter().filter(|found| matches!(found.kind, Kind::Machine(_))).collect();
    match (&candidates[..], &machines[..]) {
        ([one], _) => Ok(one.name.clone()),
        (_, [machine]) => Ok(machine.name.clone()),
        ([], _) => {
            let known = topology.resources().filter(nameable).map(|found| found.short_name());
            let near = nearest(name, known);
            let help = near.map(|near| format!("did you mean `{near}`?"));
            let mut diagnostic = Diagnostic::error("scenario.unknown-name", format!("nothing is called `{name}`"));
            diagnostic.help = help;
            Err(diagnostic)
        }
        _ => Err(ambiguous(&format!("`{name}`"), &candidates)),
    }
}

fn ambiguous(what: &str, candidates: &[&Resource]) -> Diagnostic {
    let names: Vec<&str> = candidates.iter().map(|found| &*found.name).collect();
    let message = format!("{what} is ambiguous: {}", names.join(", "));
    Diagnostic::error("scenario.ambiguous-name", message).help("use the resource id")
}

/// The address of a resource; from outside machines and NICs are known by their public ones.
pub(crate) fn address_of(topology: &Topology, node: NodeId, outside: bool) -> Option<Addr> {
    let primary = |addresses: Vec<(NodeId, Addr)>| {
        let (config, private) = *addresses.first()?;
        let public = topology.target(config, Relation::Uses).and_then(|found| match &found.kind {
            Kind::PublicIp(public) => public.address,
            _ => None,
        });
        if outside { public.or(Some(private)) } else { Some(private) }
    };
    match &topology.get(node)?.kind {
        Kind::Machine(_) => primary(topology.addresses_of(node)),
        Kind::Nic(_) => primary(topology.addresses_of_nic(node)),
        Kind::IpConfig(config) => config.address,
        Kind::Frontend(frontend) => frontend.address,
        Kind::PrivateEndpoint(endpoint) => endpoint.address(),
        Kind::PublicIp(public) => public.address,
        Kind::Firewall(firewall) => firewall.address,
        Kind::InternetHost(host) => Some(host.prefix.first()).filter(|_| !host.private),
        Kind::OnPremisesHost(host) => Some(host.prefix.first()),
        Kind::LoadBalancer(_) => {
            let parts = topology.referrers(node, Relation::PartOf);
            let fronts = parts.iter().filter_map(|part| match &part.kind {
                Kind::Frontend(frontend) => {
                    Some((topology.target(part.id, Relation::Uses).is_some(), frontend.address?))
                }
                _ => None,
            });
            // A user's balancer has frontends of one kind; a service's may have both.
            fronts.min_by_key(|(public, _)| *public != outside).map(|(_, address)| address)
        }
        _ => None,
    }
}

/// Everybody on the Internet whom the input does not name.
pub(crate) const EVERYBODY: &str = "/providers/vnetsim/internetHosts/internet";

/// A stranger's address: of no one that an input may name on purpose, and in no list of what is not the Internet.
pub(crate) const STRANGER: Addr = Addr::v4(9, 9, 9, 9);

/// Puts a host that answers every public address nobody else has.
pub(crate) fn add_everybody(topology: &mut Topology) {
    let everybody = InternetHost::at(Prefix::ALL_V4);
    // Refused only where the input has such an id itself, and then that one stands there.
    let _ = topology.put(Draft::new(EVERYBODY, Kind::InternetHost(everybody)));
}

/// Where a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The port its packets leave.
    pub port: PortId,
    /// Their source address.
    pub address: Addr,
}

/// The origin that a person means: a machine, NIC or host by name or resource id, an address, `Internet`, `on-premises`.
///
/// # Errors
/// When nothing is called so, more than one thing is, or it opens no connections.
pub fn origin(topology: &Topology, name: &str) -> Result<Origin, Diagnostic> {
    if let Ok(address) = name.parse::<Addr>() {
        return origin_at(topology, address);
    }
    if name.eq_ignore_ascii_case("internet") {
        return everybody(topology, STRANGER).ok_or_else(|| nobody(name));
    }
    let found = meant(topology, name)?;
    opening(topology, found).ok_or_else(|| {
        let message = format!("`{name}` opens no connections: it is {}", names::kind(&found.kind));
        Diagnostic::error("trace.end", message).help("name a machine, an address, Internet or on-premises")
    })
}

/// Where the connections of a resource begin: of a machine or NIC, at its primary address.
pub(crate) fn opening(topology: &Topology, found: &Resource) -> Option<Origin> {
    let (node, address) = match &found.kind {
        Kind::Machine(_) => topology.addresses_of(found.id).first().copied()?,
        Kind::Nic(_) => topology.addresses_of_nic(found.id).first().copied()?,
        Kind::IpConfig(config) => (found.id, config.address?),
        Kind::InternetHost(host) => (found.id, host.prefix.first()),
        Kind::OnPremisesHost(host) => (found.id, host.prefix.first()),
        _ => return None,
    };
    Some(Origin { port: PortId(node.0), address })
}

/// Whoever has an address: one machine, or somebody on the Internet.
fn origin_at(topology: &Topology, address: Addr) -> Result<Origin, Diagnostic> {
    let holders: Vec<&Resource> = topology.resources().filter(|found| holds(found, address)).collect();
    match holders[..] {
        [one] => Ok(Origin { port: PortId(one.id.0), address }),
        [] => everybody(topology, address).ok_or_else(|| {
            Diagnostic::error("trace.end", format!("nobody has the address {address}"))
                .help("`vnetsim list` shows who there is")
        }),
        _ => Err(ambiguous(&address.to_string(), &holders)),
    }
}

fn holds(found: &Resource, address: Addr) -> bool {
    match &found.kind {
        Kind::IpConfig(config) => config.address == Some(address),
        Kind::InternetHost(host) => &*found.name != EVERYBODY && host.prefix.contains(address),
        Kind::OnPremisesHost(host) => host.prefix.contains(address),
        _ => false,
    }
}

fn everybody(topology: &Topology, address: Addr) -> Option<Origin> {
    let private = sim_core::stage::outbound::is_private(address);
    let found = topology.find(EVERYBODY).filter(|_| !private)?;
    Some(Origin { port: PortId(found.id.0), address })
}

/// The machine on the other side of a gateway, where there is just one.
fn on_premises(topology: &Topology) -> Result<Arc<str>, Diagnostic> {
    let hosts = topology.resources().filter(|found| matches!(found.kind, Kind::OnPremisesHost(_)));
    let hosts: Vec<&Resource> = hosts.collect();
    match hosts[..] {
        [one] => Ok(one.name.clone()),
        [] => Err(Diagnostic::error("trace.end", "the input holds no on-premises network")
            .help("declare a local network gateway and a connection to it")),
        _ => Err(ambiguous("`on-premises`", &hosts)),
    }
}

/// The address that a person means, for somebody who asks from `from`: of a machine with a public address, strangers mean
/// that one.
///
/// # Errors
/// When nothing is called so, more than one thing is, or it has no address.
pub fn destination(topology: &Topology, name: &str, from: NodeId) -> Result<Addr, Diagnostic> {
    if let Ok(address) = name.parse() {
        return Ok(address);
    }
    if name.eq_ignore_ascii_case("internet") {
        return Ok(STRANGER);
    }
    let outside = topology.get(from).is_some_and(|found| matches!(found.kind, Kind::InternetHost(_)));
    let found = address_of(topology, meant(topology, name)?.id, outside);
    found.ok_or_else(|| Diagnostic::error("trace.end", format!("`{name}` has no address")))
}

/// What is called so, or the one machine on premises.
fn meant<'t>(topology: &'t Topology, name: &str) -> Result<&'t Resource, Diagnostic> {
    let id = if name.eq_ignore_ascii_case("on-premises") { on_premises(topology)? } else { find(topology, name)? };
    topology.find(&id).ok_or_else(|| nobody(name))
}

fn nobody(name: &str) -> Diagnostic {
    Diagnostic::error("scenario.unknown-name", format!("nothing is called `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use topologies::arm::Environment;
    use topologies::{Input, load};

    /// Catches: the first address of a NIC taken for its primary one, at either end of a question; a NIC that strangers ask
    /// at its private address.
    #[test]
    fn a_nic_means_its_primary_address() {
        let id = |rest: &str| format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/{rest}");
        let config = |name: &str, address: &str, primary: bool| {
            json!({"name": name, "properties": {
                "subnet": {"id": id("virtualNetworks/v/subnets/s")}, "primary": primary,
                "privateIPAllocationMethod": "Static", "privateIPAddress": address,
            }})
        };
        let mut primary = config("second", "10.0.0.4", true);
        primary["properties"]["publicIPAddress"] = json!({"id": id("publicIPAddresses/p")});
        let bodies = json!([
            {"id": id("publicIPAddresses/p"), "location": "eastus", "sku": {"name": "Standard"},
                "properties": {"ipAddress": "20.1.1.1"}},
            {"id": id("networkInterfaces/n"), "location": "eastus", "properties": {
                "ipConfigurations": [config("first", "10.0.0.9", false), primary]}},
        ]);
        let mut world = load(&[Input::new("w.json", bodies.to_string())], None, &Environment::default());
        add_everybody(&mut world.topology);
        let topology = &world.topology;
        let node = |id: &str| topology.find(id).unwrap().id;
        let begins = origin(topology, "n").unwrap();
        assert_eq!(begins.address, Addr::v4(10, 0, 0, 4));
        assert_eq!(destination(topology, "n", node(&id("networkInterfaces/n"))).unwrap(), begins.address);
        assert_eq!(destination(topology, "n", node(EVERYBODY)).unwrap(), Addr::v4(20, 1, 1, 1));
    }
}
