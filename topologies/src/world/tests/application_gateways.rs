//! Application gateways: what is read, and what packets meet.

use super::{at, deployed, drawn, resource, told};
use crate::World;
use crate::facts::Date;
use sim_core::assumption::Choices;
use sim_core::explain::{Question, Walk, walk};
use sim_core::fabric::Fabric;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Prefix, Protocol, Tuple};
use sim_core::stage::Reason;
use sim_core::topology::{Draft, InternetHost, Kind, LoadBalancer, Sku};
use std::sync::Arc;

const NIC: &str = "networkInterfaces/m/ipConfigurations/c";
const CLIENT: Addr = Addr::v4(9, 9, 9, 9);

/// A gateway of this tier with listeners, each `frontend port`; `m` in a network that is peered over regions.
fn gateway(tier: &str, listeners: &[&str]) -> World {
    let part = |collection: &str, name: &str| at(&format!("applicationGateways/ag/{collection}/{name}"));
    let subnet = at("virtualNetworks/v/subnets/gw");
    let listener = |(n, text): (usize, &&str)| {
        let (frontend, port) = text.split_once(' ').unwrap();
        format!(
            "{{\"name\": \"l{n}\", \"properties\": {{\"FrontendIpConfiguration\": {{\"Id\": \"{}\"}}, \
             \"frontendPort\": {{\"id\": \"{}\"}}, \"hostName\": \"h{n}\"}}}}",
            part("frontendIPConfigurations", frontend),
            part("frontendPorts", port)
        )
    };
    let listeners: Vec<String> = listeners.iter().enumerate().map(listener).collect();
    let properties = format!(
        "\"sku\": {{\"name\": \"{tier}\", \"tier\": \"{tier}\"}}, \
         \"gatewayIPConfigurations\": [{{\"name\": \"c\", \"properties\": {{\"subnet\": {{\"id\": \"{subnet}\"}}}}}}], \
         \"frontendIPConfigurations\": [ \
           {{\"name\": \"in\", \"properties\": {{\"privateIPAllocationMethod\": \"Static\", \
             \"privateIPAddress\": \"10.0.1.9\", \"subnet\": {{\"id\": \"{subnet}\"}}}}}}, \
           {{\"name\": \"out\", \"properties\": {{\"publicIPAddress\": {{\"id\": \"{public}\"}}}}}}], \
         \"frontendPorts\": [{{\"name\": \"80\", \"properties\": {{\"Port\": \"80\"}}}}, \
           {{\"name\": \"81\", \"properties\": {{\"port\": 81}}}}], \
         \"httpListeners\": [{listeners}]",
        public = at("publicIPAddresses/p"),
        listeners = listeners.join(", "),
    );
    let peering = |remote: &str| {
        let remote = at(&format!("virtualNetworks/{remote}"));
        format!(
            "\"virtualNetworkPeerings\": [{{\"name\": \"to\", \"properties\": {{\"allowVirtualNetworkAccess\": true, \
             \"remoteVirtualNetwork\": {{\"id\": \"{remote}\"}}}}}}]"
        )
    };
    let vnet = |name: &str, n: u8, subnet: &str, remote: &str| {
        let space = format!(
            "\"addressSpace\": {{\"addressPrefixes\": [\"10.{n}.0.0/16\"]}}, \"subnets\": [{{\"name\": \"{subnet}\", \
             \"properties\": {{\"addressPrefix\": \"10.{n}.1.0/24\"}}}}], {}",
            peering(remote)
        );
        resource("virtualNetworks", name, &space)
    };
    let nic = format!(
        "\"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{\"subnet\": {{\"id\": \"{}\"}}}}}}]",
        at("virtualNetworks/w/subnets/s")
    );
    let far = |text: String| text.replace("West US 2", "East US");
    let public = resource("publicIPAddresses", "p", "\"publicIPAllocationMethod\": \"Static\"");
    let standard = "\"sku\": {\"name\": \"Standard\"}, \"properties\"";
    let all = [
        vnet("v", 0, "gw", "w"),
        far(vnet("w", 1, "s", "v")),
        far(resource("networkInterfaces", "m", &nic)),
        public.replace("\"properties\"", standard),
        resource("applicationGateways", "ag", &properties),
    ];
    deployed(&all.join(",\n"))
}

/// A client's connection: of `m`, or of a stranger.
fn asked(world: &mut World, from: &str, to: &str, port: u16) -> Walk {
    asked_with(world, from, to, port, |_| None)
}

/// A stranger's connection, with the probes that it depends on.
fn probed(world: &mut World, probe: impl Fn(NodeId) -> Option<u16>) -> Walk {
    asked_with(world, "internet", "out", 80, probe)
}

fn asked_with(world: &mut World, from: &str, to: &str, port: u16, probe: impl Fn(NodeId) -> Option<u16>) -> Walk {
    let everybody = InternetHost::at(Prefix::ALL_V4);
    world.topology.put(Draft::new("internet", Kind::InternetHost(everybody))).unwrap();
    let address = |id: &str| match &world.topology.find(id).unwrap().kind {
        Kind::IpConfig(config) => config.address.unwrap(),
        Kind::Frontend(frontend) => frontend.address.unwrap(),
        _ => CLIENT,
    };
    let from = if from == "m" { at(NIC) } else { "internet".to_owned() };
    let (src, dst) = (address(&from), address(&at(&format!("applicationGateways/ag/frontendIPConfigurations/{to}"))));
    let tuple = Tuple { src, dst, src_port: 49152, dst_port: port, protocol: Protocol::TCP };
    let port = PortId(world.topology.find(&from).unwrap().id.0);
    let fabric = Arc::new(Fabric::compile(&world.topology, &world.facts(Date::DATA, Choices::default(), false), 0));
    walk(&fabric, Question { from: port, tuple }, probe)
}

fn reasons(walk: &Walk) -> Vec<Reason> {
    walk.blockers.iter().map(|blocker| blocker.reason).collect()
}

/// Catches: a frontend lost, instances without an address of their own or with one that a frontend asked for, two listeners
/// with host names at one port refused as rules of a balancer are, frontends of both kinds refused.
#[test]
fn a_gateway_is_instances_behind_frontends() {
    let world = gateway("Standard_v2", &["out 80", "out 80", "in 81"]);
    assert_eq!(told(&world), "");
    let lines = drawn(&world);
    let mut own: Vec<&str> = lines.lines().filter(|line| line.contains("applicationGateways/ag")).collect();
    own.sort_unstable();
    assert_eq!(
        own,
        [
            "BackendPool applicationGateways/ag/instancePools/ag-instances; PartOf ag",
            "BalancingRule applicationGateways/ag/httpListeners/l0; PartOf ag; Listens out; Sends ag-instances; Checks platform",
            "BalancingRule applicationGateways/ag/httpListeners/l2; PartOf ag; Listens in; Sends ag-instances; Checks platform",
            "Frontend applicationGateways/ag/frontendIPConfigurations/in; PartOf ag; Attached gw",
            "Frontend applicationGateways/ag/frontendIPConfigurations/out; PartOf ag; Uses p",
            "IpConfig applicationGateways/ag/gatewayIPConfigurations/c; PartOf ag-instances-nic; Attached gw; MemberOf ag-instances",
            "LoadBalancer applicationGateways/ag",
            "Machine applicationGateways/ag/instances/ag-instances; PartOf ag",
            "Nic applicationGateways/ag/instances/ag-instances/networkInterfaces/ag-instances-nic; PartOf ag-instances",
            "Probe applicationGateways/ag/platformProbes/platform; PartOf ag",
        ]
    );
}

/// Catches: instances that stay in the subnet when their gateway is gone, or a gateway that its own parts keep from going.
#[test]
fn a_gateway_goes_with_all_its_parts() {
    let mut world = gateway("Standard_v2", &["out 80"]);
    assert_eq!(
        world.topology.delete(&at("virtualNetworks/v/subnets/gw")).unwrap_err().code,
        "InUseSubnetCannotBeDeleted"
    );
    world.topology.delete(&at("applicationGateways/ag")).unwrap();
    assert!(!drawn(&world).contains("applicationGateways"));
    for rest in ["virtualNetworks/v/subnets/gw", "publicIPAddresses/p"] {
        world.topology.delete(&at(rest)).unwrap();
    }
}

/// Catches: a public frontend that waits for a security group, a port open that nobody listens on, a way back that is lost.
#[test]
fn listeners_take_connections() {
    // Tests `application-gateway-open`.
    let mut world = gateway("WAF_v2", &["out 80", "in 81"]);
    assert_eq!(reasons(&asked(&mut world, "internet", "out", 80)), []);
    assert_eq!(reasons(&asked(&mut world, "internet", "out", 81)), [Reason::NoBalancerRule]);
    assert_eq!(reasons(&asked(&mut world, "m", "in", 81)), []);
    assert_eq!(reasons(&asked(&mut world, "m", "in", 80)), [Reason::NoBalancerRule]);
}

/// Catches: a gateway whose instances the platform need not reach, or reaches on a port of the other generation.
#[test]
fn the_platform_probes_the_instances() {
    // Tests `application-gateway-probes`.
    for (tier, expected) in [("WAF_v2", 65200..=65535), ("WAF", 65503..=65534)] {
        let mut world = gateway(tier, &["out 80"]);
        let platform = world.topology.find(&at("applicationGateways/ag/platformProbes/platform")).unwrap();
        let (id, Kind::Probe(probe)) = (platform.id, &platform.kind) else { panic!("no probe") };
        assert!(expected.contains(&probe.port), "{tier}: {}", probe.port);
        let port = probe.port;
        let walk = probed(&mut world, |asked| (asked == id).then_some(port));
        let probe = &walk.probes[0];
        assert_eq!((probe.question.tuple.dst_port, probe.connects(), walk.probes.len()), (port, true, 1), "{tier}");
    }
}

/// Catches: rules asked about the frontend's address where they see the instances', or the other way round.
#[test]
fn a_port_of_both_frontends_keeps_its_destination() {
    // Tests `application-gateway-same-port`.
    for (listeners, kept) in [(&["out 80", "in 81"], false), (&["out 80", "in 80"], true)] {
        let mut world = gateway("Standard_v2", listeners);
        let walk = asked(&mut world, "internet", "out", 80);
        let arrived = walk.there.last().unwrap().after.dst;
        assert_eq!((arrived == walk.question.tuple.dst, reasons(&walk)), (kept, Vec::new()), "{listeners:?}");
    }
}

/// Catches: the first generation reached from another region over a peering, the second one not, a tier told by its prefix
/// alone.
#[test]
fn generations_differ() {
    // Tests `application-gateway-first-generation`.
    for (tier, sku, blocked) in [
        ("Standard", Sku::Basic, true),
        ("WAF", Sku::Basic, true),
        ("Standard_v2", Sku::Standard, false),
        ("waf_V2", Sku::Standard, false),
        ("Basic", Sku::Standard, false),
    ] {
        let mut world = gateway(tier, &["in 80"]);
        assert_eq!(told(&world), "", "{tier}");
        let found = &world.topology.find(&at("applicationGateways/ag")).unwrap().kind;
        assert!(matches!(found, Kind::LoadBalancer(LoadBalancer { sku: own, .. }) if own.value == sku), "{tier}");
        let expected: &[Reason] = if blocked { &[Reason::BasicOverGlobalPeering] } else { &[] };
        assert_eq!(reasons(&asked(&mut world, "m", "in", 80)), expected, "{tier}");
    }
}
