//! The way of a name, as people read it: who was asked, who spoke for it, what it leads to; and what is in the way.

use crate::observe::names::short;
use crate::problem::{self, Place, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::app::Failure;
use sim_core::explain::{Leg, NameWalk, Walk, follow_name};
use sim_core::fabric::Fabric;
use sim_core::id::NodeId;
use sim_core::names::{PUBLIC_RESOLVER, Said, Via};
use sim_core::net::{Addr, Prefix};
use sim_core::stage::{PLATFORM, outbound};
use sim_core::topology::{Draft, InternetHost, Kind, NameServer, RecordData, Relation, Resource, Topology};
use std::collections::BTreeSet;
use std::sync::Arc;
use topologies::source::Sources;

/// A name, and where it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NameReport {
    /// The name.
    pub name: String,
    /// The names that it leads over, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
    /// The addresses at the end; none where it leads nowhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Who was asked and who spoke for it, in order.
    pub way: Vec<String>,
}

/// Follows a name from a machine of this network.
#[must_use]
pub fn follow(fabric: &Arc<Fabric>, topology: &Topology, from: NodeId, name: &str) -> NameWalk {
    let opening = |node: NodeId| {
        let origin = crate::naming::opening(topology, topology.get(node)?)?;
        Some((origin.port, origin.address))
    };
    follow_name(fabric, from, name, opening)
}

impl NameReport {
    /// What was found out about a name.
    #[must_use]
    pub fn of(walk: &NameWalk, topology: &Topology) -> Self {
        let alias = |data: &RecordData| if let RecordData::Name(name) = data { Some(name.to_string()) } else { None };
        let legs = walk.legs.iter().map(|leg| asked(leg, topology));
        let said = walk.via.iter().filter_map(|via| told(via, topology));
        Self {
            name: walk.name.to_string(),
            chain: walk.records.iter().filter_map(|record| alias(&record.data)).collect(),
            addresses: walk.end.iter().flatten().map(ToString::to_string).collect(),
            way: legs.chain(said).collect(),
        }
    }
}

fn asked(leg: &Leg, topology: &Topology) -> String {
    let by = topology.get(leg.by).map_or(String::new(), |by| match by.kind {
        Kind::Vnet(_) => format!("Azure's resolver in {}", short(by, topology)),
        _ => short(by, topology),
    });
    let end = match (leg.walk.connects(), leg.answers) {
        (true, true) => "",
        (true, false) => ", where nobody answers",
        (false, _) => ", and does not get through",
    };
    format!("{by} asks {}{end}", leg.server.0)
}

/// What somebody said, in a sentence.
fn told(via: &Via, topology: &Topology) -> Option<String> {
    let name_of = |node: &NodeId| topology.get(*node).map_or("what is gone".to_owned(), |found| short(found, topology));
    Some(match via {
        Via::Zone { name, zone, link, said } => {
            let zone = topology.get(*zone).map_or_else(String::new, |found| zone_name(found).to_owned());
            format!("zone {zone}, linked by {}: {}", name_of(link), words(name, said, topology))
        }
        Via::Fallback { link } => format!("the link {} lets the Internet be asked", name_of(link)),
        Via::Public { name, said } => format!("the Internet: {}", words(name, said, topology)),
        Via::Machines { .. } => "the names of the network's machines".to_owned(),
        Via::Rule { name, ruleset, rule } => {
            let targets = match topology.get(*ruleset).map(|found| &found.kind) {
                Some(Kind::Ruleset(rules)) => rules.rules.get(*rule).map(|rule| to(&rule.targets)).unwrap_or_default(),
                _ => String::new(),
            };
            format!("rule set {} sends {name} to {targets}", name_of(ruleset))
        }
        Via::Own { server } => format!("{} has a record of its own", name_of(server)),
        Via::Asked { server, domain: Some(domain) } => format!("{} has a forwarder for {domain}", name_of(server)),
        Via::Asked { server, domain: None } => format!("{} asks on", name_of(server)),
        Via::Assumed(_) => return None,
    })
}

fn to(targets: &[(Addr, u16)]) -> String {
    targets.iter().map(|(address, _)| address.to_string()).collect::<Vec<_>>().join(", ")
}

fn words(name: &str, said: &Said, topology: &Topology) -> String {
    match said {
        Said::Records(source) => {
            let source = topology.get(*source).map_or("what is gone", |found| found.short_name());
            format!("{name} is known, by {source}")
        }
        Said::Alias(_, target) => format!("{name} is an alias for {target}"),
        Said::NoData => format!("{name} has no address"),
        Said::Missing => format!("there is no {name}"),
    }
}

fn zone_name(zone: &Resource) -> &str {
    match &zone.kind {
        Kind::DnsZone(zone) => &zone.name,
        _ => zone.short_name(),
    }
}

/// What is in the way of a name.
#[must_use]
pub fn problems(walk: &NameWalk, fabric: &Arc<Fabric>, topology: &Topology, sources: &Sources) -> Vec<Problem> {
    let Err(failure) = walk.end else { return Vec::new() };
    let mut found: Vec<Problem> = Vec::new();
    for leg in walk.legs.iter().filter(|leg| !leg.walk.connects()) {
        let said = problem::of_walk(&leg.walk, fabric, topology, sources).problems;
        found.extend(said.into_iter().filter(|problem| !found.contains(problem)).collect::<Vec<_>>());
    }
    match failure {
        Failure::NoSuchName => found.push(unknown("name.unknown", walk, topology, sources)),
        Failure::NoAddress => found.push(unknown("name.no-address", walk, topology, sources)),
        Failure::ServerFails | Failure::Silence => {
            let deaf = walk.legs.iter().filter(|leg| leg.walk.connects() && !leg.answers);
            found.extend(deaf.map(|leg| unanswered(&walk.name, leg, topology, sources)).collect::<Vec<_>>());
            if found.is_empty() {
                let text = format!("{}: whoever is asked has nobody to ask on", walk.name);
                found.push(Problem { code: "name.server-fails".to_owned(), text, ..Problem::default() });
            }
        }
    }
    found
}

/// Whoever spoke last for a name that has nothing.
fn unknown(code: &str, walk: &NameWalk, topology: &Topology, sources: &Sources) -> Problem {
    let what = if code == "name.unknown" { "does not have" } else { "has no address for" };
    let Some(Via::Zone { name, zone, link, .. }) = walk.via.last() else {
        let name =
            walk.via.iter().rev().find_map(|via| if let Via::Public { name, .. } = via { Some(name) } else { None });
        let text = format!(
            "{}: the Internet {what} {}, and no zone that counts here holds it",
            walk.name,
            name.unwrap_or(&walk.name)
        );
        return Problem { code: code.to_owned(), text, ..Problem::default() };
    };
    let (zone, link) = (topology.get(*zone), topology.get(*link));
    let vnet = link.and_then(|link| topology.target(link.id, Relation::Remote)).map_or("", |vnet| vnet.short_name());
    let text = format!(
        "{}: the zone {}, linked to {vnet} by {}, {what} {name}, and it alone speaks for that name there",
        walk.name,
        zone.map_or("", zone_name),
        link.map_or("", |link| link.short_name()),
    );
    let span = zone.and_then(|zone| zone.span).or(link.and_then(|link| link.span));
    Problem {
        code: code.to_owned(),
        text,
        rule: link.map(|link| link.short_name().to_owned()),
        resource: zone.map(|zone| zone.name.to_string()),
        place: span.and_then(|span| Place::of(span, sources)),
        ..Problem::default()
    }
}

fn unanswered(name: &str, leg: &Leg, topology: &Topology, sources: &Sources) -> Problem {
    let there = machine(&leg.walk, topology);
    let text = format!("{name}: {} answers no questions about names", leg.server.0);
    Problem {
        code: "name.unanswered".to_owned(),
        text,
        resource: there.map(|there| there.name.to_string()),
        place: there.and_then(|there| there.span).and_then(|span| Place::of(span, sources)),
        ..Problem::default()
    }
}

/// The machine that a walk reached, or what it reached else.
fn machine<'t>(walk: &Walk, topology: &'t Topology) -> Option<&'t Resource> {
    let node = NodeId(walk.reached?.0);
    topology.machine_of(node).or_else(|| topology.get(node))
}

/// Puts a resolver at every public address that somebody in the network asks about names and nobody has, and, for hosts on
/// the Internet, at the address that they ask.
pub fn add_resolvers(topology: &mut Topology) {
    let mut asked: BTreeSet<Addr> = BTreeSet::from([PUBLIC_RESOLVER]);
    let mut taken: Vec<Prefix> = Vec::new();
    for resource in topology.resources() {
        match &resource.kind {
            Kind::Vnet(vnet) => asked.extend(&vnet.dns_servers),
            Kind::Nic(nic) => asked.extend(&nic.dns_servers),
            Kind::Ruleset(rules) => asked.extend(rules.rules.iter().flat_map(|rule| &rule.targets).map(|(to, _)| *to)),
            Kind::Machine(machine) => asked.extend(machine.name_server.iter().flat_map(targets)),
            Kind::InternetHost(host) if &*resource.name != crate::naming::EVERYBODY => taken.push(host.prefix),
            Kind::PublicIp(public) => taken.extend(public.address.map(Prefix::host)),
            _ => {}
        }
    }
    for address in asked {
        let free =
            address != PLATFORM && !outbound::is_private(address) && !taken.iter().any(|it| it.contains(address));
        if free {
            let host = InternetHost { resolver: true, ..InternetHost::at(Prefix::host(address)) };
            // Refused only where the input has such an id itself, and then that one stands there.
            let _ =
                topology.put(Draft::new(format!("/providers/vnetsim/resolvers/{address}"), Kind::InternetHost(host)));
        }
    }
}

fn targets(server: &NameServer) -> impl Iterator<Item = Addr> {
    let forwards = server.forwards.iter().flat_map(|rule| &rule.targets);
    forwards.chain(&server.otherwise).map(|(address, _)| *address)
}
