//! Larger parts of small networks: peerings, routes, balancers, private links.

use crate::net::{Net, prefix};
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Protocol};
use sim_core::topology::{
    BackendPool, BalancingRule, ConnectionState, Destination, Distribution, Draft, Frontend, Kind, LinkService,
    LoadBalancer, Peering, PrivateEndpoint, Probe, ProbeProtocol, PublicIp, Relation, Route, RouteTable, Setting, Sku,
    UserHop,
};

/// A balancer in a line: one frontend, one pool, one TCP rule.
#[derive(Clone, Copy, Debug)]
pub struct Balancing<'a> {
    /// The subnet of its frontend.
    pub subnet: &'a str,
    /// The address of its frontend, if a certain one is wanted.
    pub address: Option<Addr>,
    /// Ports at the frontend and at the backends.
    pub ports: (u16, u16),
    /// The port that is probed, if any is.
    pub probe: Option<u16>,
}

impl Net {
    /// A user-defined route to `to`.
    #[must_use]
    pub fn route(to: &str, next_hop: UserHop) -> Route {
        Route { name: to.into(), destination: Destination::Prefix(prefix(to)), next_hop, span: None }
    }

    /// Gives a subnet a route table of its own.
    ///
    /// # Panics
    /// When there is no such subnet.
    pub fn routes(&mut self, subnet: &str, routes: Vec<Route>) {
        let table = format!("{subnet}-routes");
        self.put(Draft::new(table.as_str(), Kind::RouteTable(RouteTable { routes, ..RouteTable::default() })));
        self.also(subnet, Relation::RoutedBy, &table);
    }

    /// Gives a resource one more reference.
    ///
    /// # Panics
    /// When there is no such resource.
    pub fn also(&mut self, name: &str, relation: Relation, target: &str) {
        let found = self.topology.find(name).unwrap_or_else(|| panic!("no {name}"));
        let draft = self.topology.draft_of(found).refer(relation, target);
        self.put(draft);
    }

    /// Peers two VNets. For each direction, named by its local side: access to the other, and forwarded packets from it.
    pub fn peering(&mut self, one: &str, other: &str, access: (bool, bool), forwarded: (bool, bool)) {
        let sides = [(one, other, access.0, forwarded.0), (other, one, access.1, forwarded.1)];
        for (local, remote, access, forwarded) in sides {
            let peering = Peering {
                access: Setting::default_of(access),
                forwarded: Setting::default_of(forwarded),
                ..Peering::default()
            };
            let draft = Draft::new(format!("{local}/to-{remote}"), Kind::Peering(peering));
            self.put(draft.refer(Relation::PartOf, local).refer(Relation::Remote, remote));
        }
    }

    /// A public address of the NIC of a VM.
    pub fn public(&mut self, vm: &str, sku: Sku) -> Addr {
        let name = format!("{vm}-ip");
        let id = self.public_address(&name, sku);
        self.also(&format!("{vm}-nic/ipconfig1"), Relation::Uses, &name);
        match self.topology.get(id).map(|found| &found.kind) {
            Some(Kind::PublicIp(PublicIp { address: Some(address), .. })) => *address,
            _ => panic!("{name} has no address"),
        }
    }

    /// A public address.
    pub fn public_address(&mut self, name: &str, sku: Sku) -> NodeId {
        self.put(Draft::new(
            name,
            Kind::PublicIp(PublicIp { sku, region: self.region(), address: None, ..PublicIp::default() }),
        ))
    }

    /// A Standard internal balancer with VMs behind it; gives its frontend, `name/frontend`, with its address.
    ///
    /// # Panics
    /// When Azure would refuse it.
    pub fn balancing(&mut self, name: &str, what: Balancing<'_>, vms: &[String]) -> (PortId, Addr) {
        let attributes =
            LoadBalancer { sku: Setting::default_of(Sku::Standard), region: self.region(), ..LoadBalancer::default() };
        self.put(Draft::new(name, Kind::LoadBalancer(attributes)));
        let part = |kind: Kind, what: &str| Draft::new(format!("{name}/{what}"), kind).refer(Relation::PartOf, name);
        let (frontend, pool, probe) = (format!("{name}/frontend"), format!("{name}/pool"), format!("{name}/probe"));
        let attributes = Frontend { requested: what.address, ..Frontend::default() };
        let id = self.put(part(Kind::Frontend(attributes), "frontend").refer(Relation::Attached, what.subnet));
        self.put(part(Kind::BackendPool(BackendPool::default()), "pool"));
        let rule = BalancingRule {
            protocol: Some(Protocol::TCP),
            frontend_port: what.ports.0,
            backend_port: what.ports.1,
            distribution: Distribution::FiveTuple,
            idle_minutes: Setting::default_of(4),
            floating_ip: false,
            disable_outbound_snat: false,
            ..BalancingRule::default()
        };
        let mut rule = part(Kind::BalancingRule(rule), "rule")
            .refer(Relation::Listens, frontend.as_str())
            .refer(Relation::Sends, pool.as_str());
        if let Some(port) = what.probe {
            let attributes =
                Probe { protocol: ProbeProtocol::Tcp, port, interval_s: 5, threshold: 1, ..Probe::default() };
            self.put(part(Kind::Probe(attributes), "probe"));
            rule = rule.refer(Relation::Checks, probe.as_str());
        }
        self.put(rule);
        for vm in vms {
            self.also(&format!("{vm}-nic/ipconfig1"), Relation::MemberOf, &pool);
        }
        match self.topology.get(id).map(|found| &found.kind) {
            Some(Kind::Frontend(Frontend { address: Some(address), .. })) => (PortId(id.0), *address),
            _ => panic!("{frontend} has no address"),
        }
    }

    /// A private link service named `name` in `provider` in front of a balancer's frontend, and an endpoint to it in
    /// `consumer`, `name-endpoint`; gives the endpoint with its address.
    ///
    /// # Panics
    /// When Azure would refuse it.
    pub fn private_link(
        &mut self,
        name: &str,
        provider: &str,
        frontend: &str,
        consumer: &str,
        state: ConnectionState,
    ) -> (PortId, Addr) {
        let service = LinkService { region: self.region(), nat: vec![None] };
        let draft = Draft::new(name, Kind::LinkService(service));
        self.put(draft.refer(Relation::Attached, provider).refer(Relation::Listens, frontend));
        let endpoint = PrivateEndpoint::new(self.region(), state);
        let draft = Draft::new(format!("{name}-endpoint"), Kind::PrivateEndpoint(endpoint));
        let id = self.put(draft.refer(Relation::Attached, consumer).refer(Relation::Target, name));
        match self.topology.get(id).map(|found| &found.kind) {
            Some(Kind::PrivateEndpoint(endpoint)) => (PortId(id.0), endpoint.address().expect("an address")),
            _ => panic!("{name}-endpoint has no address"),
        }
    }
}
