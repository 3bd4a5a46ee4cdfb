//! What is open to whom: for every machine, the TCP ports that rules let in, from the Internet and from its own network.

use crate::naming::STRANGER;
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::fabric::{Fabric, Group, NicPort, PortKind};
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Prefix, Protocol, Tuple};
use sim_core::stage::outbound::Method;
use sim_core::stage::route::Hop;
use sim_core::topology::{Access, Destination, Direction, Kind, Peer, Relation, Resource, Sku, Topology};
use std::collections::BTreeSet;

/// A machine and what reaches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MachineRow {
    /// Its name.
    pub machine: String,
    /// Its size.
    pub size: String,
    /// One of its addresses.
    pub address: String,
    /// The public address attached there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
    /// VNet and subnet.
    pub subnet: String,
    /// TCP ports open to the Internet, with the way in.
    pub from_internet: Vec<String>,
    /// TCP ports open to the machine's own network.
    pub from_network: String,
    /// How flows that it opens reach the Internet.
    pub outbound: String,
}

/// A subnet and its way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SubnetRow {
    /// VNet and subnet.
    pub subnet: String,
    /// Its prefixes.
    pub prefixes: String,
    /// Addresses that are free.
    pub free: u128,
    /// Its security group, or `none`.
    pub nsg: String,
    /// Its way out for a machine without an address of its own.
    pub outbound: String,
}

/// All machines.
#[must_use]
pub fn machines(topology: &Topology, fabric: &Fabric) -> Vec<MachineRow> {
    let mut rows = Vec::new();
    for machine in topology.resources() {
        let Kind::Machine(attributes) = &machine.kind else { continue };
        for (config, address) in topology.addresses_of(machine.id) {
            let Some(PortKind::Nic(nic)) = fabric.port(PortId(config.0)).map(|port| &port.kind) else {
                continue;
            };
            rows.push(MachineRow {
                machine: machine.short_name().to_owned(),
                size: attributes.size.to_string(),
                address: address.to_string(),
                public: nic.public.map(|public| public.address.to_string()),
                subnet: subnet_name(topology, nic.subnet.node),
                from_internet: from_internet(topology, fabric, config, nic),
                from_network: ranges(&open_ports(topology, fabric, nic, network_peer(nic))),
                outbound: outbound(topology, nic),
            });
        }
    }
    rows
}

/// All subnets.
#[must_use]
pub fn subnets(topology: &Topology, fabric: &Fabric) -> Vec<SubnetRow> {
    let mut rows = Vec::new();
    for resource in topology.resources() {
        let Kind::Subnet(subnet) = &resource.kind else { continue };
        let room: u128 = subnet.prefixes.iter().map(|prefix| prefix.size().saturating_sub(5)).sum();
        let prefixes: Vec<String> = subnet.prefixes.iter().map(ToString::to_string).collect();
        let nsg = topology.target(resource.id, Relation::FilteredBy);
        rows.push(SubnetRow {
            subnet: subnet_name(topology, resource.id),
            prefixes: prefixes.join(", "),
            free: room.saturating_sub(topology.taken(resource.id).len() as u128),
            nsg: nsg.map_or_else(|| "none".to_owned(), |nsg| nsg.short_name().to_owned()),
            outbound: subnet_outbound(topology, fabric, resource, subnet.default_outbound.value),
        });
    }
    rows
}

fn subnet_name(topology: &Topology, subnet: NodeId) -> String {
    let name = topology.get(subnet).map_or("?", Resource::short_name);
    let vnet = topology.vnet_of(subnet).map_or("?", Resource::short_name);
    format!("{vnet}/{name}")
}

/// An address of the machine's network that nobody has.
fn network_peer(nic: &NicPort) -> Addr {
    nic.subnet.network.space.first().map_or(nic.address, |prefix| prefix.last())
}

/// The security groups on the way into a NIC.
fn groups<'f>(fabric: &'f Fabric, nic: &NicPort) -> [Option<Group<'f>>; 2] {
    [nic.subnet.nsg, nic.nsg].map(|nsg| fabric.group(nsg, &nic.subnet))
}

/// The TCP ports that the rules on the way into a NIC let in from `source`.
fn open_ports(topology: &Topology, fabric: &Fabric, nic: &NicPort, source: Addr) -> Vec<(u16, u16)> {
    let groups = groups(fabric, nic);
    let mut edges: BTreeSet<u32> = [0, 65536].into();
    for group in groups.into_iter().flatten() {
        let Some(Kind::Nsg(rules)) = topology.get(group.node).map(|found| &found.kind) else { continue };
        for range in rules.rules.iter().flat_map(|rule| &rule.destination_ports) {
            edges.extend([u32::from(range.first), u32::from(range.last) + 1]);
        }
    }
    let edges: Vec<u32> = edges.into_iter().collect();
    let mut open: Vec<(u16, u16)> = Vec::new();
    for pair in edges.windows(2) {
        let (first, last) = (pair[0] as u16, (pair[1] - 1) as u16);
        let tuple = Tuple { src: source, dst: nic.address, src_port: 50000, dst_port: first, protocol: Protocol::TCP };
        let passes =
            groups.into_iter().flatten().all(|group| group.rules.decide(Direction::Inbound, &tuple).1 == Access::Allow);
        match open.last_mut() {
            Some((_, end)) if passes && u32::from(*end) + 1 == u32::from(first) => *end = last,
            _ if passes => open.push((first, last)),
            _ => {}
        }
    }
    open
}

fn ranges(open: &[(u16, u16)]) -> String {
    let text: Vec<String> = open
        .iter()
        .map(|(first, last)| match (*first, *last) {
            (0, u16::MAX) => "all".to_owned(),
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        })
        .collect();
    if text.is_empty() { "none".to_owned() } else { text.join(", ") }
}

/// Whom rules tell apart on the Internet: anybody, then those whose addresses a rule names.
fn strangers(topology: &Topology, fabric: &Fabric, nic: &NicPort) -> Vec<(Option<Prefix>, Addr)> {
    let groups = groups(fabric, nic);
    let rules = groups.into_iter().flatten().filter_map(|group| match &topology.get(group.node)?.kind {
        Kind::Nsg(nsg) => Some(&nsg.rules),
        _ => None,
    });
    let named: BTreeSet<Prefix> = rules
        .flatten()
        .flat_map(|rule| &rule.source)
        .filter_map(|peer| if let Peer::Prefix(prefix) = peer { Some(*prefix) } else { None })
        .filter(|prefix| nic.subnet.tags.internet.contains(prefix.first()))
        .collect();
    let unnamed = |addr: &Addr| !named.iter().any(|prefix| !prefix.is_default() && prefix.contains(*addr));
    let anybody = (0..=255).map(|n| STRANGER.plus(n << 16)).find(unnamed).unwrap_or(STRANGER);
    [(None, anybody)].into_iter().chain(named.into_iter().map(|prefix| (Some(prefix), prefix.first()))).collect()
}

/// The ways in from the Internet: the machine's own public address, and public frontends that send to it.
fn from_internet(topology: &Topology, fabric: &Fabric, config: NodeId, nic: &NicPort) -> Vec<String> {
    let mut ways = Vec::new();
    let mut to_anybody: Vec<(u16, u16)> = Vec::new();
    for (prefix, stranger) in strangers(topology, fabric, nic) {
        let open = open_ports(topology, fabric, nic, stranger);
        // What is open to anybody is not told again for those whom a rule names.
        if prefix.is_some() && open == to_anybody {
            continue;
        }
        if prefix.is_none() {
            to_anybody.clone_from(&open);
        }
        let whom = prefix.map_or(String::new(), |prefix| format!(" from {prefix}"));
        ways.extend(ways_in(fabric, config, nic, &open).into_iter().map(|way| way + &whom));
    }
    ways
}

/// How those for whom these ports are open come to them.
fn ways_in(fabric: &Fabric, config: NodeId, nic: &NicPort, open: &[(u16, u16)]) -> Vec<String> {
    let mut ways = Vec::new();
    let guarded = nic.nsg.is_some() || nic.subnet.nsg.is_some();
    if let Some(public) = nic.public
        && (guarded || public.sku == Sku::Basic)
        && !open.is_empty()
    {
        ways.push(format!("{} at {}", ranges(open), public.address));
    }
    for port in fabric.ports() {
        let PortKind::Frontend(frontend) = &port.kind else { continue };
        if !frontend.public || (!guarded && frontend.is_standard()) {
            continue;
        }
        for rule in &frontend.rules {
            let sends = rule.members.iter().any(|member| member.port.0 == config.0);
            let wants = rule.protocol.is_none_or(|protocol| protocol == Protocol::TCP);
            let backend = if rule.backend_port == 0 { rule.frontend_port } else { rule.backend_port };
            if sends && wants && open.iter().any(|(first, last)| (*first..=*last).contains(&backend)) {
                ways.push(format!("{} at {} (load balancer, to {backend})", rule.frontend_port, frontend.address));
            }
        }
    }
    ways
}

/// The way out of a NIC: what its default route says, then its method (azure-dataplane 4.1).
fn outbound(topology: &Topology, nic: &NicPort) -> String {
    if let Some(hop) = diverted(nic) {
        return hop;
    }
    let name = |node: u32| topology.get(NodeId(node)).map_or("?", Resource::short_name).to_owned();
    match nic.outbound.method {
        Method::NatGateway(gateway) => format!("NAT gateway {}", name(gateway.0)),
        Method::PublicIp => "its public address".to_owned(),
        Method::Balancer { tcp: Some(tcp), udp: Some(udp) } if tcp == udp => {
            format!("load balancer frontend {}", name(tcp.0))
        }
        Method::Balancer { tcp, udp } => {
            let named = |protocol: &str, by: Option<PortId>| by.map(|by| format!("{} ({protocol})", name(by.0)));
            let by: Vec<String> = [named("TCP", tcp), named("UDP", udp)].into_iter().flatten().collect();
            format!("load balancer frontend {}", by.join(", "))
        }
        Method::Default(_) => "default outbound access".to_owned(),
        Method::Nothing => "none".to_owned(),
    }
}

/// Where a user's default route takes everything.
fn diverted(nic: &NicPort) -> Option<String> {
    match nic.subnet.routes.lookup(STRANGER)?.hop {
        Hop::Appliance(address) => Some(format!("routed to the appliance {address}")),
        Hop::Gateway(_) => Some("routed to the virtual network gateway".to_owned()),
        Hop::None => Some("none: the default route leads nowhere".to_owned()),
        _ => None,
    }
}

fn subnet_outbound(topology: &Topology, fabric: &Fabric, subnet: &Resource, default_access: bool) -> String {
    let nics = fabric.ports().filter_map(|port| match &port.kind {
        PortKind::Nic(nic) if nic.subnet.node == subnet.id => Some(nic),
        _ => None,
    });
    if let Some(way) = nics.into_iter().find_map(diverted) {
        return way;
    }
    let table = topology.target(subnet.id, Relation::RoutedBy).map(|table| &table.kind);
    if let Some(Kind::RouteTable(table)) = table
        && let Some(route) = table
            .routes
            .iter()
            .find(|route| matches!(&route.destination, Destination::Prefix(prefix) if prefix.is_default()))
    {
        return format!("route {} ({:?})", route.name, route.next_hop);
    }
    if let Some(gateway) = topology.target(subnet.id, Relation::TranslatedBy) {
        return format!("NAT gateway {}", gateway.short_name());
    }
    if default_access { "default outbound access".to_owned() } else { "none: private subnet".to_owned() }
}
