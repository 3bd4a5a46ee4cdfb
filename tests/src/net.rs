//! A builder of small networks.

use sim_core::assumption::Choices;
use sim_core::fabric::{Delays, Facts, LinkClass, LinkProfile};
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Prefix};
use sim_core::time::Nanos;
use sim_core::topology::{
    Access, Direction, Draft, InternetHost, IpConfig, Kind, Machine, Nic, Nsg, Peer, PortRange, Relation, SecurityRule,
    Setting, Subnet, Topology, Vnet,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One-way delay of every link in test networks.
pub const DELAY: Nanos = Nanos::micros(250);

/// Facts with one constant delay for every class of way, and the documented `None` routes.
#[must_use]
pub fn facts() -> Arc<Facts> {
    use LinkClass::{Backbone, ExpressRoute, Internet, Peering, Platform, PrivateLink, Vnet, Vpn};
    let profile = LinkProfile { delay: DELAY, ..LinkProfile::default() };
    let local = [Vnet, Peering, PrivateLink, Backbone, Internet, Vpn, ExpressRoute, Platform]
        .into_iter()
        .map(|class| (class, profile));
    let blocks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
    Arc::new(Facts {
        none_routes: blocks.iter().map(|block| prefix(block)).collect(),
        delays: Delays { local: local.collect(), ..Delays::default() },
        ..Facts::default()
    })
}

/// A prefix from text.
///
/// # Panics
/// When the text is none.
#[must_use]
pub fn prefix(text: &str) -> Prefix {
    text.parse().expect("a prefix")
}

/// An address from text.
///
/// # Panics
/// When the text is none.
#[must_use]
pub fn addr(text: &str) -> Addr {
    text.parse().expect("an address")
}

/// A network in the making. Every method puts resources and panics when Azure would refuse them.
#[derive(Default)]
pub struct Net {
    /// The network.
    pub topology: Topology,
    /// What was put, for changes.
    drafts: BTreeMap<Arc<str>, Draft>,
    region: Option<Arc<str>>,
    /// What is assumed of it.
    choices: Choices,
}

impl Net {
    /// An empty network.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a resource.
    ///
    /// # Panics
    /// When Azure would refuse it.
    pub fn put(&mut self, draft: Draft) -> NodeId {
        let name = draft.name.clone();
        self.drafts.insert(name.clone(), draft.clone());
        self.topology.put(draft).unwrap_or_else(|refusal| panic!("{name}: {refusal}"))
    }

    /// Puts a resource again with one more reference.
    ///
    /// # Panics
    /// When it is not there or Azure would refuse it.
    pub fn link(&mut self, name: &str, relation: Relation, target: &str) -> NodeId {
        self.put(self.drafts[name].clone().refer(relation, target))
    }

    /// Puts a resource again, edited.
    ///
    /// # Panics
    /// When it is not there or Azure would refuse it.
    pub fn edit(&mut self, name: &str, edit: impl FnOnce(&mut Kind)) -> NodeId {
        let mut draft = self.drafts[name].clone();
        edit(&mut draft.kind);
        self.put(draft)
    }

    /// Assumes something else than usual.
    ///
    /// # Panics
    /// Where there is no such assumption or choice.
    pub fn assume(&mut self, name: &str, choice: &str) {
        self.choices.set(name, choice).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The facts of this network.
    #[must_use]
    pub fn facts(&self) -> Arc<Facts> {
        Arc::new(Facts { choices: self.choices, ..Facts::clone(&facts()) })
    }

    /// What is put from now on stands in `region`; `westus2` at first.
    pub fn in_region(&mut self, region: &str) {
        self.region = Some(region.into());
    }

    /// The region that resources are put in now.
    #[must_use]
    pub fn region(&self) -> Arc<str> {
        self.region.clone().unwrap_or_else(|| "westus2".into())
    }

    /// A VNet.
    pub fn vnet(&mut self, name: &str, space: &str) -> NodeId {
        self.put(Draft::new(
            name,
            Kind::Vnet(Vnet { region: self.region(), space: vec![prefix(space)], ..Vnet::default() }),
        ))
    }

    /// A subnet, named `vnet/name`, with an NSG if one is named.
    pub fn subnet(&mut self, vnet: &str, name: &str, range: &str, nsg: Option<&str>) -> NodeId {
        let subnet = Subnet {
            prefixes: vec![prefix(range)],
            link_service_policies: Setting::default_of(false),
            endpoint_policies: Setting::default(),
            default_outbound: Setting::default_of(true),
            delegation: None,
            service_endpoints: Vec::new(),
        };
        let draft = Draft::new(format!("{vnet}/{name}"), Kind::Subnet(subnet)).refer(Relation::PartOf, vnet);
        self.put(match nsg {
            Some(nsg) => draft.refer(Relation::FilteredBy, nsg),
            None => draft,
        })
    }

    /// An NSG.
    pub fn nsg(&mut self, name: &str, rules: Vec<SecurityRule>) -> NodeId {
        self.put(Draft::new(name, Kind::Nsg(Nsg { rules, ..Nsg::default() })))
    }

    /// A VM with one NIC; gives the port of its address.
    pub fn vm(&mut self, name: &str, subnet: &str, nsg: Option<&str>) -> PortId {
        self.machine(name, subnet, nsg, false, None)
    }

    /// A VM that forwards packets, if `forwards`, and whose sending is capped, if `bps` says so.
    pub fn machine(&mut self, name: &str, subnet: &str, nsg: Option<&str>, forwards: bool, bps: Option<u64>) -> PortId {
        self.guest(name, forwards, bps);
        self.nic(name, subnet, nsg, forwards, None)
    }

    /// A VM with a certain address.
    pub fn machine_at(&mut self, name: &str, subnet: &str, at: Addr, nsg: Option<&str>, forwards: bool) -> PortId {
        self.guest(name, forwards, None);
        self.nic(name, subnet, nsg, forwards, Some(at))
    }

    fn guest(&mut self, name: &str, forwards: bool, egress_bps: Option<u64>) {
        self.put(Draft::new(name, Kind::Machine(Machine { egress_bps, forwards, ..Machine::default() })));
    }

    fn nic(&mut self, vm: &str, subnet: &str, nsg: Option<&str>, forwards: bool, requested: Option<Addr>) -> PortId {
        let nic = format!("{vm}-nic");
        let draft = Draft::new(
            nic.as_str(),
            Kind::Nic(Nic { region: self.region(), ip_forwarding: forwards, ..Nic::default() }),
        );
        let draft = draft.refer(Relation::PartOf, vm);
        self.put(match nsg {
            Some(nsg) => draft.refer(Relation::FilteredBy, nsg),
            None => draft,
        });
        let config = IpConfig { primary: true, requested, ..IpConfig::default() };
        let draft = Draft::new(format!("{nic}/ipconfig1"), Kind::IpConfig(config))
            .refer(Relation::PartOf, nic.as_str())
            .refer(Relation::Attached, subnet);
        PortId(self.put(draft).0)
    }

    /// A host on the Internet.
    pub fn internet_host(&mut self, name: &str, address: &str) -> PortId {
        let host = InternetHost::at(prefix(address));
        PortId(self.put(Draft::new(name, Kind::InternetHost(host))).0)
    }

    /// The address of a port's NIC.
    ///
    /// # Panics
    /// When the port is no NIC's.
    #[must_use]
    pub fn address(&self, port: PortId) -> Addr {
        match self.topology.get(NodeId(port.0)).map(|found| &found.kind) {
            Some(Kind::IpConfig(IpConfig { address: Some(address), .. })) => *address,
            _ => panic!("no NIC at {port:?}"),
        }
    }
}

/// A security rule between any addresses, to a range of ports, for TCP and everything else.
#[must_use]
pub fn rule(
    name: &str,
    priority: u16,
    direction: Direction,
    access: Access,
    ports: Option<(u16, u16)>,
) -> SecurityRule {
    SecurityRule {
        name: name.into(),
        priority,
        direction,
        access,
        protocol: None,
        source: vec![Peer::Any],
        source_ports: Vec::new(),
        destination: vec![Peer::Any],
        destination_ports: ports.map(|(first, last)| PortRange { first, last }).into_iter().collect(),
        span: None,
    }
}
