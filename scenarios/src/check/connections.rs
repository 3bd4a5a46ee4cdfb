//! The connections that most networks are for: each machine to the Internet, each rule of a balancer from who would use it,
//! from subnet to subnet to the port that machines are administered by, from each subnet to the managed services. Which of them are meant to work, nobody says: one that
//! does not is no finding.

use crate::looked::Looked;
use crate::named;
use crate::naming::{self, Origin, STRANGER};
use crate::observe::names::Names;
use crate::problem::{Problem, in_the_way};
use crate::verdict::Verdict;
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::explain::Question;
use sim_core::fabric::{Fabric, Facts, FrontendPort, Port, PortKind};
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::stage::balancer::Rule;
use sim_core::topology::{Kind, Resource, Topology};
use std::collections::BTreeMap;
use std::sync::Arc;
use topologies::World;
use topologies::json::Value;

/// Most connections that are tried.
const MOST: usize = 300;
/// The port that stands for the web.
const WEB: u16 = 443;
const SSH: u16 = 22;
const REMOTE_DESKTOP: u16 = 3389;
const CLIENT_PORT: u16 = 49152;

/// A connection that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectionRow {
    /// Who opens it.
    pub from: String,
    /// To whom.
    pub to: String,
    /// The TCP port there.
    pub port: u16,
    /// Whether it works.
    pub verdict: Verdict,
    /// What is in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// The connections, and how many more there would be.
pub(super) fn connections(world: &World, facts: &Arc<Facts>) -> (Vec<ConnectionRow>, usize) {
    let mut topology = world.topology.clone();
    naming::add_everybody(&mut topology);
    let fabric = Arc::new(Fabric::compile(&topology, facts, 0));
    let tried = Tried { world, topology: &topology, fabric: &fabric };
    let mut asked: Vec<Asked> = tried.outward().into_iter().chain(tried.balanced()).collect();
    let (mut count, first) = (asked.len(), tried.firsts());
    for kind in [Tried::to_services, Tried::across] {
        let (some, all) = kind(&tried, &first, MOST.saturating_sub(count));
        asked.extend(some);
        count += all;
    }
    let more = count.saturating_sub(MOST);
    let mut names = Names::default();
    let mut row = |asked: &Asked| {
        let tuple = Tuple {
            src: asked.from.address,
            dst: asked.to.1,
            src_port: CLIENT_PORT,
            dst_port: asked.port,
            protocol: Protocol::TCP,
        };
        let looked = Looked::at(&topology, fabric.clone(), Question { from: asked.from.port, tuple });
        ConnectionRow {
            from: names.port(asked.from.port, &topology).full.to_string(),
            to: names.port(asked.to.0, &topology).full.to_string(),
            port: asked.port,
            verdict: looked.verdict(),
            problems: in_the_way(&looked.walk, &topology, &world.sources),
        }
    };
    (asked.iter().take(MOST).map(&mut row).collect(), more)
}

/// A connection to try.
struct Asked {
    from: Origin,
    to: (PortId, Addr),
    port: u16,
}

/// A machine of each subnet, with where its connections begin.
type Firsts<'t> = BTreeMap<NodeId, (&'t Resource, Origin)>;

/// What they are tried in.
struct Tried<'w> {
    world: &'w World,
    topology: &'w Topology,
    fabric: &'w Arc<Fabric>,
}

impl Tried<'_> {
    /// Machines, with where their connections begin.
    fn machines(&self) -> impl Iterator<Item = (&Resource, Origin)> {
        let machines = self.topology.resources().filter(|found| matches!(found.kind, Kind::Machine(_)));
        machines.filter_map(|found| Some((found, naming::opening(self.topology, found)?)))
    }

    /// The Internet.
    fn stranger(&self) -> Option<PortId> {
        self.topology.find(naming::EVERYBODY).map(|found| PortId(found.id.0))
    }

    /// Every machine to the Internet.
    fn outward(&self) -> Vec<Asked> {
        let Some(stranger) = self.stranger() else { return Vec::new() };
        self.machines().map(|(_, from)| Asked { from, to: (stranger, STRANGER), port: WEB }).collect()
    }

    /// The rules of balancers that take TCP: of public ones from the Internet, of internal ones from a machine of the network
    /// that is no backend.
    fn balanced(&self) -> Vec<Asked> {
        let mut asked = Vec::new();
        for port in self.fabric.ports() {
            let PortKind::Frontend(frontend) = &port.kind else { continue };
            for rule in frontend.rules.iter().filter(|rule| rule.protocol.is_none_or(|it| it == Protocol::TCP)) {
                let to = (port.id, frontend.address);
                let at = if rule.frontend_port == 0 { WEB } else { rule.frontend_port };
                asked.extend(self.client(port, frontend, rule).map(|from| Asked { from, to, port: at }));
            }
        }
        asked
    }

    fn client(&self, port: &Port, frontend: &FrontendPort, rule: &Rule) -> Option<Origin> {
        if frontend.public {
            return Some(Origin { port: self.stranger()?, address: STRANGER });
        }
        let vnet = port.place.vnet;
        let is_near = |from: &Origin| self.fabric.port(from.port).is_some_and(|port| port.place.vnet == vnet);
        let is_member = |from: &Origin| rule.members.iter().any(|member| member.port == from.port);
        self.machines().map(|(_, from)| from).find(|from| is_near(from) && !is_member(from))
    }

    /// One machine of each subnet.
    fn firsts(&self) -> Firsts<'_> {
        let mut first = Firsts::new();
        for (machine, from) in self.machines() {
            if let Some(PortKind::Nic(nic)) = self.fabric.port(from.port).map(|port| &port.kind) {
                first.entry(nic.subnet.node).or_insert((machine, from));
            }
        }
        first
    }

    /// From a machine of each subnet to every part of a managed service, where its name would lead that machine: the first of
    /// them, and how many there are.
    fn to_services(&self, first: &Firsts<'_>, most: usize) -> (Vec<Asked>, usize) {
        let ports = self.fabric.ports().map(|port| &**port);
        let fronts: Vec<&Port> =
            ports.filter(|port| matches!(port.kind, PortKind::Internet { guard: Some(_), .. })).collect();
        let pairs = first.values().flat_map(|from| fronts.iter().map(move |front| (from, front)));
        let asked = pairs.take(most).filter_map(|((machine, from), front)| {
            let PortKind::Internet { prefix, private, .. } = &front.kind else { return None };
            let name = self.topology.get(NodeId(front.id.0)).and_then(|found| match &found.kind {
                Kind::InternetHost(host) => host.names.first(),
                _ => None,
            });
            let walk = name.map(|name| named::follow(self.fabric, self.topology, machine.id, name));
            let led = walk.and_then(|walk| walk.end.ok()?.first().copied());
            // A part without a public address, and without a name that leads to it, has nothing to ask at.
            let to = led.or((!private).then(|| prefix.first()))?;
            Some(Asked { from: *from, to: (front.id, to), port: WEB })
        });
        (asked.collect(), first.len() * fronts.len())
    }

    /// From a machine of each subnet to one of each other subnet: the first of them, and how many there are.
    fn across(&self, first: &Firsts<'_>, most: usize) -> (Vec<Asked>, usize) {
        let pairs = first.iter().flat_map(|(subnet, (_, from))| {
            let others = first.iter().filter(move |(other, _)| *other != subnet);
            others.map(move |(_, (machine, to))| (from, machine, to))
        });
        let asked = pairs.take(most).map(|(from, machine, to)| Asked {
            from: *from,
            to: (to.port, to.address),
            port: self.administered_by(machine),
        });
        (asked.collect(), first.len() * first.len().saturating_sub(1))
    }

    /// The port that a machine is administered by.
    fn administered_by(&self, machine: &Resource) -> u16 {
        let body = self.world.resources.get(&machine.name).map(|raw| raw.properties());
        let text = |path: &[&str]| body.and_then(|it| it.path(path)).and_then(Value::as_str).unwrap_or_default();
        let windows = body.is_some_and(|it| it.path(&["osProfile", "windowsConfiguration"]).is_some())
            || text(&["storageProfile", "osDisk", "osType"]).eq_ignore_ascii_case("windows")
            || text(&["storageProfile", "imageReference", "publisher"]).to_ascii_lowercase().contains("windows");
        if windows { REMOTE_DESKTOP } else { SSH }
    }
}
