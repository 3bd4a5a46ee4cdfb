//! Managed services in small networks, and clients that ask them.

use crate::net::{Net, addr, prefix};
use sim_core::app::{Directory, Errand, Manners, Script};
use sim_core::engine::{Engine, Event, Observer};
use sim_core::net::Addr;
use sim_core::time::Nanos;
use sim_core::topology::{
    AddressRule, ConnectionState, Draft, EndpointMember, Guard, InternetHost, Kind, PrivateEndpoint, Relation, Service,
    Setting, SubnetRule, Topology,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use topologies::services::Fronts;

impl Net {
    /// A managed service that lets everybody in, with fronts `(member, name, address, tag)`, each a host `SERVICE/MEMBER`.
    pub fn service_of(&mut self, name: &str, resource_type: &str, fronts: &[(&str, &str, &str, &str)]) {
        let service = Service { resource_type: resource_type.into(), region: self.region(), guard: Guard::default() };
        self.put(Draft::new(name, Kind::Service(service)));
        for (member, host, address, tag) in fronts {
            let front = InternetHost {
                region: Some(self.region()),
                tags: vec![(*tag).into()],
                azure: true,
                names: vec![(*host).into()],
                member: (*member).into(),
                ..InternetHost::at(prefix(address))
            };
            let draft = Draft::new(format!("{name}/{member}"), Kind::InternetHost(front));
            self.put(draft.refer(Relation::PartOf, name));
        }
    }

    /// Edits the firewall of a managed service.
    ///
    /// # Panics
    /// When it is none.
    pub fn guard(&mut self, service: &str, edit: impl FnOnce(&mut Guard)) {
        self.edit(service, |kind| {
            let Kind::Service(service) = kind else { panic!("no service") };
            edit(&mut service.guard);
        });
    }

    /// A private endpoint of a managed service, with an address for each of these members; gives them in order.
    ///
    /// # Panics
    /// When Azure would refuse it.
    pub fn members(&mut self, name: &str, subnet: &str, service: &str, members: &[&str]) -> Vec<Addr> {
        let member = |member: &&str| EndpointMember { member: (*member).into(), ..EndpointMember::default() };
        let endpoint = PrivateEndpoint {
            region: self.region(),
            state: ConnectionState::Approved,
            members: members.iter().map(member).collect(),
        };
        let draft = Draft::new(name, Kind::PrivateEndpoint(endpoint)).refer(Relation::Attached, subnet);
        let id = self.put(draft.refer(Relation::Target, service));
        match &self.topology.get(id).expect("just put").kind {
            Kind::PrivateEndpoint(endpoint) => endpoint.members.iter().filter_map(|it| it.address).collect(),
            _ => panic!("no endpoint"),
        }
    }
}

/// Who asks a registry: `vm` in `v/s`, which has a service endpoint for registries, `other` in `v/t`, which has none, and a
/// stranger on the Internet.
#[must_use]
pub fn clients_of_registries() -> Net {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", None);
    net.subnet("v", "t", "10.0.1.0/24", None);
    net.service_endpoint("v/s", "Microsoft.ContainerRegistry", &["*"]);
    net.vm("vm", "v/s", None);
    net.vm("other", "v/t", None);
    net.internet_host("stranger", "203.0.113.7/32");
    net
}

/// A firewall that lists these subnets and addresses and lets in nobody else.
#[must_use]
pub fn closed(subnets: &[&str], addresses: &[&str]) -> Guard {
    Guard {
        open: Setting::default_of(false),
        subnets: subnets.iter().map(|subnet| SubnetRule { subnet: (*subnet).into(), span: None }).collect(),
        addresses: addresses.iter().map(|it| AddressRule { prefix: prefix(it), span: None }).collect(),
        ..Guard::default()
    }
}

/// Where names lead.
#[must_use]
pub fn directory(names: &[(&str, Addr)]) -> Directory {
    let names: BTreeMap<Arc<str>, Addr> = names.iter().map(|(name, address)| (Arc::from(*name), *address)).collect();
    Arc::new(names)
}

/// An address from text, for directories.
#[must_use]
pub fn at(text: &str) -> Addr {
    addr(text)
}

/// What a client did: kind, text, figure, in order.
#[derive(Default)]
pub struct Said(
    /// All of it.
    pub Vec<(&'static str, String, u64)>,
);

impl Observer for Said {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Reported { report, .. } = event {
            self.0.push((report.what, report.text.clone(), report.value));
        }
    }
}

impl Said {
    /// The texts of one kind.
    #[must_use]
    pub fn texts(&self, what: &str) -> Vec<&str> {
        self.0.iter().filter(|said| said.0 == what).map(|said| said.1.as_str()).collect()
    }

    /// The statuses of the answers, in order.
    #[must_use]
    pub fn statuses(&self) -> Vec<u64> {
        self.0.iter().filter(|said| said.0 == "status").map(|said| said.2).collect()
    }

    /// How it ended: `done`, `refused` or `failed`, and what it printed.
    #[must_use]
    pub fn end(&self) -> (&'static str, &str) {
        let of = |what: &str| self.0.iter().find(|said| said.0 == what);
        let found = of("refused").or_else(|| of("failed")).or_else(|| of("said"));
        found.map_or(("nothing", ""), |(what, text, _)| (if *what == "said" { "done" } else { what }, text))
    }
}

/// A client of managed services that starts after a second.
#[must_use]
pub fn client(script: impl Script + 'static, names: &Directory) -> Errand {
    let manners =
        Manners { names: names.clone(), timeout: Nanos::secs(15), after: Nanos::secs(1), bulk: false, flow: None };
    Errand::new(Box::new(script), manners)
}

/// A run on a network whose managed services answer.
#[must_use]
pub fn engine<O: Observer>(net: &Net, observer: O) -> Engine<O> {
    let mut engine = Engine::new(net.topology.clone(), net.facts(), 1, observer);
    engine.conduct(Box::new(Fronts::default()));
    engine
}

/// What a client on the machine or host `from` says.
///
/// # Panics
/// Without such a machine.
#[must_use]
pub fn ask(net: &Net, from: &str, names: &Directory, script: impl Script + 'static) -> Said {
    let mut engine = engine(net, Said::default());
    let node = engine.topology().find(from).expect("a machine").id;
    assert!(engine.spawn(node, Box::new(client(script, names))).is_some());
    engine.run_until(Nanos::secs(120));
    engine.observer
}
