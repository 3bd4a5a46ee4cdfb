//! What ports, machines and resources are called in front of people.

use sim_core::engine::Event;
use sim_core::id::{NodeId, PortId};
use sim_core::net::Addr;
use sim_core::stage::PLATFORM;
use sim_core::topology::{
    DnsZone, Frontend, InternetHost, IpConfig, Kind, OnPremisesHost, Relation, Resource, Topology,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a port is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortName {
    /// With machine and address: `vm1 / nic1 (10.0.0.4)`.
    pub full: Arc<str>,
    /// The shortest name people use: `nic1`, `lb/frontend`, `pe1`.
    pub short: Arc<str>,
}

/// Names as they were when they were last asked for: a resource that is deleted keeps its own.
#[derive(Default)]
pub struct Names {
    ports: Vec<Option<PortName>>,
    gone: BTreeMap<NodeId, Arc<str>>,
}

impl Names {
    /// Keeps up with the network. To be called for every event before any name is asked for.
    #[inline]
    pub fn see(&mut self, event: &Event<'_>) {
        match event {
            // A machine, a NIC or an address may be another one now.
            Event::Put { .. } => self.ports.clear(),
            Event::Deleted { node, name } => {
                self.gone.insert(*node, format!("{} (deleted)", tail(name)).into());
            }
            _ => {}
        }
    }

    /// What a port is called.
    pub fn port(&mut self, port: PortId, topology: &Topology) -> PortName {
        if self.ports.len() <= port.index() {
            self.ports.resize(port.index() + 1, None);
        }
        if let Some(known) = &self.ports[port.index()] {
            return known.clone();
        }
        let Some(found) = topology.get(NodeId(port.0)) else {
            let name = self.resource(NodeId(port.0), topology);
            return PortName { full: name.clone(), short: name };
        };
        let name = of_port(found, topology);
        self.ports[port.index()] = Some(name.clone());
        name
    }

    /// The short name of a resource.
    #[must_use]
    pub fn resource(&self, node: NodeId, topology: &Topology) -> Arc<str> {
        match (topology.get(node), self.gone.get(&node)) {
            (Some(found), _) => short(found, topology).into(),
            (None, Some(name)) => name.clone(),
            (None, None) => format!("deleted resource {}", node.0).into(),
        }
    }
}

/// The short name of a resource, after its parent's where it would mean little alone: `vnet/subnet`, `lb/frontend`.
#[must_use]
pub fn short(resource: &Resource, topology: &Topology) -> String {
    let own = resource.short_name();
    let child = matches!(
        resource.kind,
        Kind::Subnet(_) | Kind::IpConfig(_) | Kind::Frontend(_) | Kind::BackendPool(_) | Kind::Peering(_)
    );
    match topology.target(resource.id, Relation::PartOf) {
        Some(parent) if child => format!("{}/{own}", parent.short_name()),
        _ => own.to_owned(),
    }
}

fn of_port(resource: &Resource, topology: &Topology) -> PortName {
    let own = short(resource, topology);
    let (prefix, short, address): (String, String, Option<Addr>) = match &resource.kind {
        Kind::IpConfig(IpConfig { address, .. }) => {
            let nic = topology.target(resource.id, Relation::PartOf);
            let name = nic.map_or(own, |nic| nic.short_name().to_owned());
            let machine = topology.machine_of(resource.id);
            (machine.map_or_else(String::new, |found| format!("{} / ", found.short_name())), name, *address)
        }
        Kind::Frontend(Frontend { address, .. }) => (String::new(), own, *address),
        Kind::InternetHost(InternetHost { prefix, .. }) | Kind::OnPremisesHost(OnPremisesHost { prefix, .. }) => {
            // One that stands for a range has no address to be known by.
            (String::new(), own, Some(prefix.first()).filter(|first| *first == prefix.last()))
        }
        Kind::PrivateEndpoint(endpoint) => (String::new(), own, endpoint.address()),
        Kind::Vnet(_) => (String::new(), format!("platform of {own}"), Some(PLATFORM)),
        Kind::Subnet(_) => (String::new(), format!("default outbound of {own}"), None),
        _ => (String::new(), own, None),
    };
    let full = match address {
        Some(address) => format!("{prefix}{short} ({address})"),
        None => format!("{prefix}{short}"),
    };
    PortName { full: full.into(), short: short.into() }
}

/// The names in a resource id, without the types: `nic1/ipconfig1` of
/// `/subscriptions/../Microsoft.Network/networkInterfaces/nic1/ipConfigurations/ipconfig1`.
fn tail(id: &str) -> String {
    let Some((_, typed)) = id.rsplit_once("/providers/") else { return id.to_owned() };
    let names: Vec<&str> = typed.split('/').skip(2).step_by(2).collect();
    names.join("/")
}

/// A word for a resource's kind.
#[must_use]
pub fn kind(kind: &Kind) -> &str {
    match kind {
        Kind::Vnet(_) => "vnet",
        Kind::Subnet(_) => "subnet",
        Kind::Nsg(_) => "nsg",
        Kind::Asg => "asg",
        Kind::Nic(_) => "nic",
        Kind::IpConfig(_) => "address",
        Kind::Machine(_) => "machine",
        Kind::ScaleSet => "scale set",
        Kind::RouteTable(_) => "route table",
        Kind::Peering(_) => "peering",
        Kind::LoadBalancer(balancer) if balancer.of_service => "application gateway",
        Kind::LoadBalancer(_) => "load balancer",
        Kind::Frontend(_) => "frontend",
        Kind::BackendPool(_) => "backend pool",
        Kind::Probe(_) => "probe",
        Kind::BalancingRule(_) => "balancing rule",
        Kind::InboundNatRule(_) => "inbound nat rule",
        Kind::OutboundRule(_) => "outbound rule",
        Kind::PublicIp(_) => "public ip",
        Kind::NatGateway(_) => "nat gateway",
        Kind::PrivateEndpoint(_) => "private endpoint",
        Kind::LinkService(_) => "private link service",
        Kind::AdminRules(_) => "security admin rules",
        Kind::Gateway(_) => "gateway",
        Kind::Connection(_) => "connection",
        Kind::OnPremises(_) => "on-premises network",
        Kind::OnPremisesHost(_) => "on-premises host",
        Kind::Firewall(_) => "firewall",
        Kind::FirewallPolicy(_) => "firewall policy",
        Kind::InternetHost(_) => "internet host",
        Kind::Service(service) => &service.resource_type,
        Kind::DnsZone(DnsZone { public: false, .. }) => "private dns zone",
        Kind::DnsZone(_) => "dns zone",
        Kind::RecordSet(_) => "record set",
        Kind::ZoneLink(_) => "dns zone link",
        Kind::ZoneGroup => "dns zone group",
        Kind::Ruleset(_) => "dns forwarding ruleset",
        Kind::RulesetLink => "dns forwarding ruleset link",
        Kind::RoleDefinition(_) => "role definition",
        Kind::RoleAssignment(_) => "role assignment",
        Kind::Inert { resource_type } => resource_type,
    }
}
