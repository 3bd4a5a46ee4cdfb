//! `connectivityCheck`: whether a connection from a machine comes about, hop by hop (azure-dataplane 6.5).

use super::body::{Body, bad};
use super::find::Place;
use super::hops::{self, Hop};
use super::{Ask, Azure, Fault, rules};
use crate::naming::STRANGER;
use serde_json::{Value, json};
use sim_core::explain::{Blocker, Question, Walk, walk};
use sim_core::fabric::PortKind;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::stage::route::Source;
use sim_core::stage::{Reason, Step};
use sim_core::topology::{Direction, Kind};

/// How many packets Azure sends where they arrive, in most recorded answers, and where they do not.
const PROBES: [u32; 2] = [66, 30];

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let source = ask.body.get("source").ok_or_else(|| missing("source"))?;
    let place = ask.azure.place_of(source.required("resourceId")?, None, None)?;
    let machine = source.required("resourceId")?;
    let destination = Destination::of(ask)?;
    let tuple = Tuple {
        src: place.port.address,
        dst: destination.address,
        src_port: if source.get("port").is_some() { source.port("port")? } else { 49152 },
        dst_port: destination.port,
        protocol: destination.protocol,
    };
    let topology = &ask.azure.world.topology;
    let question = Question { from: place.port_id(), tuple };
    let walk = walk(&ask.azure.fabric, question, |probe| topology.probe_port(probe));
    let connects = walk.connects();
    // Earlier versions name the source's address instead of the machine.
    let from = if ask.shape.since("2018-04-01") { machine } else { &place.config.name };
    let mut hops = hops(ask.azure, &walk, &place, from, &destination);
    if !ask.shape.since("2018-04-01") {
        end_at_gateway(&mut hops, &destination);
    }
    let [arrived, lost] = PROBES;
    let mut answer = json!({
        "hops": hops::told(&hops, ask.shape),
        "connectionStatus": if connects { "Reachable" } else { "Unreachable" },
        "probesSent": if connects { arrived } else { lost },
        "probesFailed": if connects { 0 } else { lost },
    });
    if connects {
        let latency = json!(round_trip_ms(ask.azure, &walk));
        for key in ["avgLatencyInMs", "minLatencyInMs", "maxLatencyInMs"] {
            answer[key] = latency.clone();
        }
    }
    Ok(answer)
}

fn missing(key: &str) -> Fault {
    Fault::question(format!("the body has no `{key}`"), format!("add \"{key}\": {{...}}"))
}

/// Where a connection is to go.
struct Destination {
    address: Addr,
    /// As it was named: an address, or a name.
    shown: String,
    /// The resource that was named.
    resource: String,
    port: u16,
    protocol: Protocol,
}

impl Destination {
    fn of(ask: &Ask<'_>) -> Result<Self, Fault> {
        let to = ask.body.get("destination").ok_or_else(|| missing("destination"))?;
        let (protocol, usual) = match ask.body.text("protocol").map(str::to_ascii_lowercase).as_deref() {
            None | Some("tcp") => (Protocol::TCP, None),
            Some("http") => (Protocol::TCP, Some(80)),
            Some("https") => (Protocol::TCP, Some(443)),
            Some("icmp") => (Protocol::ICMP, Some(0)),
            Some(other) => return Err(bad("protocol", other, "Tcp, Http, Https or Icmp")),
        };
        let port = match usual {
            Some(usual) if to.get("port").is_none() => usual,
            _ => to.port("port")?,
        };
        let (address, shown, resource) = Self::place(ask.azure, to)?;
        Ok(Self { address, shown, resource, port, protocol })
    }

    /// The address, how it is shown, and the resource it belongs to.
    fn place(azure: &Azure, to: Body<'_>) -> Result<(Addr, String, String), Fault> {
        if let Some(id) = to.text("resourceId") {
            let place = azure.place_of(id, None, None)?;
            let address = place.port.address;
            return Ok((address, address.to_string(), place.config.name.to_string()));
        }
        let text = to.required("address")?;
        match text.parse::<Addr>() {
            Ok(address) => Ok((address, address.to_string(), String::new())),
            Err(_) if text.contains(|c: char| c.is_whitespace() || c == '/') => {
                Err(bad("address", text, "an IP address or a host name"))
            }
            // A name on the Internet that the input does not hold: nothing is looked up here.
            Err(_) => Ok((azure.known_by(text).unwrap_or(STRANGER), text.to_owned(), String::new())),
        }
    }
}

/// The hops of a walk: its source, every machine that passes the packet on, its end.
fn hops(azure: &Azure, walk: &Walk, place: &Place<'_>, from: &str, to: &Destination) -> Vec<Hop> {
    let address = place.port.address.to_string();
    let mut hops = vec![Hop { kind: "Source", address, resource: from.to_owned(), issues: Vec::new() }];
    let mut blockers: Vec<&Blocker> = walk.blockers.iter().collect();
    for (n, stop) in walk.there.iter().enumerate() {
        let last = n + 1 == walk.there.len();
        if !stop.leaving
            && let Some(hop) = hop(azure, stop.port, last && walk.reached == Some(stop.port), to)
        {
            hops.push(hop);
        }
        let here =
            |blocker: &&Blocker| !blocker.on_return && blocker.port == stop.port && before(blocker, stop.leaving);
        let issues: Vec<Value> =
            blockers.iter().copied().filter(|it| here(it)).filter_map(|it| issue(azure, it)).collect();
        blockers.retain(|it| !here(it));
        if let Some(hop) = hops.last_mut() {
            hop.issues.extend(issues);
        }
    }
    if walk.reached.is_none() {
        let (address, resource) = (to.shown.clone(), to.resource.clone());
        hops.push(Hop { kind: "Destination", address, resource, issues: Vec::new() });
    }
    // What stops the answer is told where it starts.
    let rest: Vec<Value> = blockers.into_iter().filter_map(|it| issue(azure, it)).collect();
    if let Some(hop) = hops.last_mut() {
        hop.issues.extend(rest);
    }
    hops
}

/// Earlier versions see no farther than the first gateway: what follows is the destination (recorded).
fn end_at_gateway(hops: &mut Vec<Hop>, to: &Destination) {
    let Some(at) = hops.iter().position(|hop| hop.kind == "VirtualNetworkGateway") else { return };
    let issues = hops.drain(at + 1..).flat_map(|hop| hop.issues).collect();
    hops.push(Hop { kind: "Destination", address: to.shown.clone(), resource: String::new(), issues });
}

/// Whether a blocker is met on this side of a port: rules say it by their direction.
fn before(blocker: &Blocker, leaving: bool) -> bool {
    match &blocker.step {
        Some(Step::Security { direction, .. }) => (*direction == Direction::Outbound) == leaving,
        _ => true,
    }
}

/// The hop where a packet arrives; stages of the network on the way, such as balancers, are none.
fn hop(azure: &Azure, port: PortId, end: bool, to: &Destination) -> Option<Hop> {
    let resource = || azure.name(NodeId(port.0)).to_owned();
    let new = |kind, address: String, resource| Some(Hop { kind, address, resource, issues: Vec::new() });
    match &azure.fabric.port(port)?.kind {
        PortKind::Nic(nic) if end => new("VirtualNetwork", nic.address.to_string(), resource()),
        PortKind::Nic(nic) => new("VirtualAppliance", nic.address.to_string(), resource()),
        PortKind::Endpoint(endpoint) => {
            let first = endpoint.members.first().map(|(address, _)| address.to_string());
            new("VirtualNetwork", first.unwrap_or_default(), resource())
        }
        PortKind::Gateway(gateway) => {
            let public = gateway.public.and_then(|id| azure.world.topology.get(id)).map(|found| &found.kind);
            let address = match public {
                Some(Kind::PublicIp(public)) => public.address.map(|address| address.to_string()),
                _ => None,
            };
            new("VirtualNetworkGateway", address.unwrap_or_default(), resource())
        }
        PortKind::OnPremises(_) => new("Destination", to.shown.clone(), String::new()),
        PortKind::Internet { .. } => new("Internet", to.shown.clone(), String::new()),
        PortKind::Platform { .. } => new("VirtualNetwork", to.shown.clone(), String::new()),
        _ => None,
    }
}

/// What Azure tells of a reason. Of a peering that is closed it tells nothing (recorded).
fn issue(azure: &Azure, blocker: &Blocker) -> Option<Value> {
    let (origin, kind, context) = match (blocker.reason, &blocker.step) {
        (Reason::SecurityRule, Some(Step::Security { group, direction, rule, .. })) => {
            let name = rules::Name::of(azure, *group, *rule).by_origin();
            (rules::direction(*direction), "NetworkSecurityRule", vec![json!({"key": "RuleName", "value": name})])
        }
        (Reason::RouteToNone | Reason::NoSuchAddress, Some(Step::Routed { route, .. }))
            if matches!(route.source, Source::User(..)) =>
        {
            ("Outbound", "UserDefinedRoute", vec![json!({"key": "RouteType", "value": "User"})])
        }
        (Reason::PeeringAccessOff, _) => return None,
        _ => ("Local", "Platform", Vec::new()),
    };
    Some(json!({"origin": origin, "severity": "Error", "type": kind, "context": context}))
}

/// The round trip without waiting anywhere, in whole milliseconds; Azure shows none below one.
fn round_trip_ms(azure: &Azure, walk: &Walk) -> u64 {
    (walk.round_trip(&azure.fabric).0 / 1_000_000).max(1)
}
