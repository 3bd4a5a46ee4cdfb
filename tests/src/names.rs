//! Names of small networks: zones, links, services with fronts, servers.

use crate::net::{Net, addr, prefix};
use sim_core::host::Socket;
use sim_core::id::NodeId;
use sim_core::net::Addr;
use sim_core::topology::{
    ConnectionState, DnsZone, Draft, EndpointMember, ForwardingRule, InternetHost, Kind, NameChain, NameServer,
    PrivateEndpoint, RecordData, RecordKind, RecordSet, Relation, Ruleset, Service, Setting, ZoneLink,
};
use std::sync::Arc;

impl Net {
    /// A private zone, called as its resource.
    pub fn zone(&mut self, name: &str) -> NodeId {
        self.put(Draft::new(name, Kind::DnsZone(DnsZone { name: name.into(), public: false })))
    }

    /// A record set of a zone, `zone/owner/kind`. Data are addresses, else names; none for an empty set.
    pub fn record(&mut self, zone: &str, owner: &str, kind: RecordKind, data: &[&str]) -> NodeId {
        let value = |text: &&str| text.parse().map_or_else(|_| RecordData::Name((*text).into()), RecordData::Address);
        let set = RecordSet { owner: owner.into(), ttl: 3600, kind, data: data.iter().map(value).collect() };
        let draft = Draft::new(format!("{zone}/{owner}/{kind:?}"), Kind::RecordSet(set));
        self.put(draft.refer(Relation::PartOf, zone))
    }

    /// A link `zone/vnet` of a zone to a VNet.
    pub fn link_zone(&mut self, zone: &str, vnet: &str, registration: bool, fallback: bool) -> NodeId {
        let link =
            ZoneLink { registration: Setting::default_of(registration), fallback: Setting::default_of(fallback) };
        let draft = Draft::new(format!("{zone}/{vnet}"), Kind::ZoneLink(link));
        self.put(draft.refer(Relation::PartOf, zone).refer(Relation::Remote, vnet))
    }

    /// A service with one front at a public address, known by a chain of names: the public one, the one below `privatelink`,
    /// and the rest.
    pub fn managed(&mut self, name: &str, address: &str, chain: &[&str]) {
        self.put(Draft::new(name, Kind::Service(Service::default())));
        let chain = NameChain {
            name: chain[0].into(),
            private: chain.get(1).map(|name| Arc::from(*name)),
            via: chain.iter().skip(2).map(|name| Arc::from(*name)).collect(),
        };
        let host = InternetHost { chains: vec![chain], azure: true, ..InternetHost::at(prefix(address)) };
        let draft = Draft::new(format!("{name}/front"), Kind::InternetHost(host));
        self.put(draft.refer(Relation::PartOf, name));
    }

    /// A private endpoint of a service for these names, all at its one address; gives that.
    ///
    /// # Panics
    /// When Azure would refuse it.
    pub fn named_endpoint(&mut self, name: &str, subnet: &str, service: &str, names: &[&str]) -> Addr {
        let mut endpoint = PrivateEndpoint::new("westus2", ConnectionState::Approved);
        let names = names.iter().map(|name| Arc::from(*name)).collect();
        endpoint.members = vec![EndpointMember { names, ..EndpointMember::default() }];
        let draft = Draft::new(name, Kind::PrivateEndpoint(endpoint)).refer(Relation::Attached, subnet);
        let id = self.put(draft.refer(Relation::Target, service));
        match &self.topology.get(id).expect("just put").kind {
            Kind::PrivateEndpoint(endpoint) => endpoint.address().expect("an address"),
            _ => panic!("no endpoint"),
        }
    }

    /// A zone group `endpoint/group` for these zones.
    pub fn zone_group(&mut self, endpoint: &str, zones: &[&str]) -> NodeId {
        let draft = Draft::new(format!("{endpoint}/group"), Kind::ZoneGroup).refer(Relation::PartOf, endpoint);
        self.put(zones.iter().fold(draft, |draft, zone| draft.refer(Relation::Registers, *zone)))
    }

    /// Makes a machine a name server.
    pub fn serve_names(&mut self, machine: &str, server: NameServer) {
        self.edit(machine, |kind| {
            let Kind::Machine(machine) = kind else { panic!("no machine") };
            machine.name_server = Some(server);
        });
    }

    /// Sets the DNS servers of a VNet.
    pub fn dns_servers(&mut self, vnet: &str, servers: &[Addr]) {
        self.edit(vnet, |kind| {
            let Kind::Vnet(vnet) = kind else { panic!("no VNet") };
            vnet.dns_servers = servers.to_vec();
        });
    }

    /// A rule set, linked to a VNet, whose questions go out by a machine.
    pub fn ruleset(&mut self, name: &str, vnet: &str, by: Option<&str>, rules: Vec<ForwardingRule>) {
        let mut draft = Draft::new(name, Kind::Ruleset(Ruleset { rules }));
        if let Some(by) = by {
            draft = draft.refer(Relation::Sends, by);
        }
        self.put(draft);
        let link = Draft::new(format!("{name}/{vnet}"), Kind::RulesetLink).refer(Relation::PartOf, name);
        self.put(link.refer(Relation::Remote, vnet));
    }

    /// A resolver on the Internet.
    pub fn public_resolver(&mut self, address: &str) -> NodeId {
        let host = InternetHost { resolver: true, ..InternetHost::at(prefix(address)) };
        self.put(Draft::new(format!("resolver-{address}"), Kind::InternetHost(host)))
    }
}

/// A rule that sends a domain to a server at port 53.
#[must_use]
pub fn forward(domain: &str, to: &str) -> ForwardingRule {
    ForwardingRule { domain: domain.into(), targets: vec![at(to)], enabled: Setting::default_of(true), span: None }
}

/// A server's address, at port 53.
#[must_use]
pub fn at(address: &str) -> Socket {
    (addr(address), 53)
}
