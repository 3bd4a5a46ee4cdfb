//! Image builds, played as packets: every way that the service connects passes the hops and ports of azure-services 2.3,
//! and what it deploys comes and goes at its time. Rows of the reference's checklist are named as there (A3, B30, ...).

use bytes::Bytes;
use sim_core::app::{Attempt, Communicator, Dialogue};
use sim_core::engine::{Engine, Event, Observer, serialisation};
use sim_core::fabric::LinkClass;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Flags, Header, Packet, Protocol, Tuple};
use sim_core::plane::Act;
use sim_core::stage::Reason;
use sim_core::time::Nanos;
use sim_core::topology::{Kind, Relation, Topology};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use topologies::facts::assumptions;
use topologies::services::image_builder::{Build, BuildLog, Ended, Phase, Plan, Way};
use vnetsim_tests::builds::{CASES, CONTROL, network, setup, template};
use vnetsim_tests::net::{Net, addr, facts, prefix};

/// One decision at a port.
#[derive(Clone, Debug)]
struct Hop {
    packet: u64,
    place: String,
    leaving: bool,
    before: Tuple,
    after: Tuple,
    act: Act,
    syn: bool,
    sequence: u32,
    payload: u32,
    /// How the payload begins.
    begins: Vec<u8>,
    control: bool,
}

/// What a build does.
#[derive(Default)]
struct Watch {
    hops: Vec<Hop>,
    /// Bytes of the control connection by class of way.
    bytes: BTreeMap<LinkClass, u64>,
    /// By resource id: when it came, when it went.
    put: BTreeMap<String, Nanos>,
    deleted: BTreeMap<String, Nanos>,
    /// Kinds of what came, for counting.
    public_addresses: usize,
    /// What was sent from which port: when, when its last bit was out, its length.
    sent: Vec<(PortId, Nanos, Nanos, usize)>,
}

/// What people call the place of a port: the NIC for an address, the resource for all others.
fn place(port: PortId, net: &Topology) -> String {
    let id = NodeId(port.0);
    let Some(found) = net.get(id) else { return "gone".to_owned() };
    let named = match found.kind {
        Kind::IpConfig(_) => net.target(id, Relation::PartOf).unwrap_or(found),
        Kind::Frontend(_) => net.target(id, Relation::PartOf).unwrap_or(found),
        _ => found,
    };
    match named.short_name() {
        "networkInterface" => net.target(named.id, Relation::PartOf).map_or("?", |found| found.short_name()).to_owned(),
        name => name.to_owned(),
    }
}

impl Observer for Watch {
    fn see(&mut self, at: Nanos, event: &Event<'_>, net: &Topology) {
        let ours = |packet: &Packet| packet.meta.flow == Some(CONTROL);
        match *event {
            Event::Hop { port, leaving, packet, before, act, .. } => self.hops.push(Hop {
                packet: packet.id,
                place: place(port, net),
                leaving,
                before,
                after: packet.header.tuple,
                act,
                syn: packet.header.tcp.flags.has(Flags::SYN) && !packet.header.tcp.flags.has(Flags::ACK),
                sequence: packet.header.tcp.seq,
                payload: u32::try_from(packet.payload.len()).unwrap(),
                begins: packet.payload.iter().copied().take(8).collect(),
                control: ours(packet),
            }),
            Event::Sent { from, class, packet, departure, .. } => {
                self.sent.push((from, at, departure, packet.wire_len()));
                if ours(packet) {
                    *self.bytes.entry(class).or_default() += packet.wire_len() as u64;
                }
            }
            Event::Put { node, .. } => {
                let found = net.get(node).unwrap();
                self.public_addresses += usize::from(matches!(found.kind, Kind::PublicIp(_)));
                self.put.insert(found.name.to_string(), at);
            }
            Event::Deleted { name, .. } => {
                self.deleted.insert(name.to_owned(), at);
            }
            _ => {}
        }
    }
}

/// A build that was played to its end.
struct Played {
    engine: Engine<Watch>,
    log: Rc<RefCell<BuildLog>>,
    plan: Plan,
}

fn play(net: &Net, way: Way, communicator: Communicator) -> Played {
    let (build, log) = Build::new(template(way, communicator), setup(way, false));
    // The plan that the service keeps to itself is the same for the same template.
    let plan = Plan::new(&template(way, communicator), build.plan().way);
    let mut engine = Engine::new(net.topology.clone(), facts(), 1, Watch::default());
    engine.conduct(Box::new(build));
    engine.run_until(Nanos::secs(2 * 3600));
    Played { engine, log, plan }
}

fn port(communicator: Communicator) -> u16 {
    if communicator == Communicator::Ssh { 22 } else { 5986 }
}

/// Where the first SYN goes that leaves `from` and is not stopped on its way.
fn way_of(hops: &[Hop], from: &str) -> Vec<String> {
    let syns = || hops.iter().filter(|hop| hop.control && hop.syn);
    let started = syns().filter(|hop| hop.leaving && hop.place == from);
    let mut ways = started.map(|start| syns().filter(|hop| hop.packet == start.packet).collect::<Vec<_>>());
    let arrived = ways.find(|way| way.last().is_some_and(|hop| hop.act == Act::Deliver));
    arrived.map_or_else(Vec::new, |way| way.into_iter().map(|hop| hop.place.clone()).collect())
}

#[test]
fn a10_a11_a12_a15_a16_a17_b22_b23_every_build_succeeds_over_the_hops_and_ports_of_the_reference() {
    // Tests `image-builder-ways`, `image-builder-ports`.
    // Catches: a way that a template of its date does not take, a hop too many or too few (A11, A15), a wrong port on a
    // leg (A16, A17), a public address or Internet bytes where the way is private (A10, A12).
    for (way, communicator) in CASES {
        let case = format!("{way:?} {communicator:?}");
        let played = play(&network(), way, communicator);
        assert_eq!(played.log.borrow().ended, Some(Ended::Succeeded), "{case}: {:#?}", played.log.borrow().lines);
        assert_eq!(played.plan.way, way, "{case}");
        let hops = &played.engine.observer.hops;
        let (container, link) = ("vmimagebuilder-build-container", ["aibpe", "aibpls", "aiblb", "aibproxynic"]);
        let (packer, legs): (&str, Vec<Vec<&str>>) = match way {
            Way::PublicAddress => ("service", vec![vec!["service", "pkrni"]]),
            Way::ProxyFromService => ("packer", vec![[&["packer"], &link[..]].concat(), vec!["aibproxynic", "pkrni"]]),
            Way::ProxyFromContainer => {
                (container, vec![[&[container], &link[..]].concat(), vec!["aibproxynic", "pkrni"]])
            }
            Way::OwnNetwork | Way::ContainerSubnet => (container, vec![vec![container, "pkrni"]]),
        };
        for leg in &legs {
            assert_eq!(&way_of(hops, leg[0]), leg, "{case}");
        }
        assert_eq!(played.plan.packer.rsplit('/').next(), Some(packer), "{case}");

        // Every connection that came to a NIC on the way, by port, was one of the reference's.
        let arrived = |nic: &str| -> BTreeSet<u16> {
            let hops = hops.iter().filter(|hop| hop.syn && !hop.leaving && hop.place == nic && hop.act == Act::Deliver);
            hops.map(|hop| hop.after.dst_port).collect()
        };
        let proxy = if communicator == Communicator::Ssh { 60001 } else { 60000 };
        assert_eq!(arrived("pkrni"), BTreeSet::from([port(communicator)]), "{case}");
        assert_eq!(arrived("aibproxynic"), way.has_proxy().then_some(proxy).into_iter().collect(), "{case}");
        assert_eq!(arrived("aiblb"), BTreeSet::new(), "{case}: a balancer delivers nothing itself");

        // B22: the first that Packer and the build VM say to each other is SSH's version, or a ClientHello of TLS.
        let said = hops.iter().find(|hop| hop.control && !hop.leaving && hop.place == "pkrni" && hop.payload > 0);
        let begins = &said.unwrap().begins;
        match communicator {
            Communicator::Ssh => assert_eq!(begins, b"SSH-2.0-", "{case}"),
            Communicator::WinRm => assert_eq!((begins[0], begins[5]), (0x16, 1), "{case}: {begins:?}"),
        }

        let bytes = |class| played.engine.observer.bytes.get(&class).copied().unwrap_or(0);
        let public = bytes(LinkClass::Internet) + bytes(LinkClass::Backbone);
        assert_eq!(public > 0, way == Way::PublicAddress, "{case}: {:?}", played.engine.observer.bytes);
        assert_eq!(played.engine.observer.public_addresses, usize::from(way == Way::PublicAddress), "{case}");
        assert_eq!(bytes(LinkClass::PrivateLink) > 0, way.has_proxy(), "{case}");
    }
}

#[test]
fn a7_a17_a24_the_proxy_carries_bytes_as_they_are_between_two_connections() {
    // Catches: a proxy that forwards packets instead of relaying a stream (A17), loses or adds bytes (A24), or shows
    // Packer's own address or the endpoint's to the provider's side.
    for (way, communicator) in CASES.into_iter().filter(|(way, _)| way.has_proxy()) {
        let case = format!("{way:?} {communicator:?}");
        let played = play(&network(), way, communicator);
        let at_proxy = |leaving: bool| {
            let hops = played.engine.observer.hops.iter();
            hops.filter(move |hop| hop.control && hop.place == "aibproxynic" && hop.leaving == leaving)
        };
        // As the proxy's guest sees them: what comes after the last rewriting, what goes before the first.
        let opened = |leaving: bool| -> Vec<Tuple> {
            let mut tuples = Vec::new();
            for hop in at_proxy(leaving).filter(|hop| hop.syn) {
                let tuple = if leaving { hop.before } else { hop.after };
                if !tuples.contains(&tuple) {
                    tuples.push(tuple);
                }
            }
            tuples
        };
        let (service, build) = (opened(false), opened(true));
        assert!(!service.is_empty() && service.len() == build.len(), "{case}: {service:?} {build:?}");
        let (proxy, subnet) = (service[0].dst, prefix("10.0.0.0/24"));
        for (one, other) in service.iter().zip(&build) {
            assert!(
                [one.src, one.dst, other.src, other.dst].iter().all(|addr| subnet.contains(*addr)),
                "{case}: {one}"
            );
            assert!(one.dst == proxy && one.src != proxy && other.src == proxy, "{case}: {one}, {other}");
            assert_eq!(other.dst_port, port(communicator), "{case}");
        }

        // By sequence numbers: what is repeated counts once, and smoltcp's keep-alives, whose byte is an old one, not at
        // all.
        let carried = |leaving: bool, tuple: Tuple| -> u32 {
            let own = || at_proxy(leaving).filter(|hop| tuple == if leaving { hop.before } else { hop.after });
            let start = own().next().map_or(0, |first| first.sequence.wrapping_add(1));
            let data = own().filter(|hop| hop.payload > 0);
            let ends = data.map(|hop| hop.sequence.wrapping_add(hop.payload).wrapping_sub(start));
            ends.filter(|end| *end < 1 << 31).max().unwrap_or(0)
        };
        let mut most = 0;
        for (one, other) in service.iter().zip(&build) {
            let (to_build, from_build) = (carried(true, *other), carried(false, other.reversed()));
            if from_build == 0 {
                // The build VM did not listen yet.
                assert_eq!(to_build, 0, "{case}");
                continue;
            }
            assert_eq!((to_build, from_build), (carried(false, *one), carried(true, one.reversed())), "{case}: {one}");
            most = most.max(to_build.min(from_build));
        }
        assert!(most > 1000, "{case}: {most} bytes");
    }
}

#[test]
fn a5_b20_b24_b29_resources_come_and_go_at_their_time() {
    // Tests `image-builder-deletion-order`.
    // Catches: a wave that does not wait for the one before, a resource that is put or deleted at once or too late, one
    // that is left over (A5, B24) or not the service's own to delete, a deletion before what depends on it (2.7).
    for (way, communicator) in CASES {
        let case = format!("{way:?} {communicator:?}");
        let net = network();
        let played = play(&net, way, communicator);
        let log = played.log.borrow();
        let entered = |phase: Phase| log.lines.iter().find(|line| line.phase == phase).unwrap().at;
        let times = |kind| assumptions().lifetime(kind);
        let watch = &played.engine.observer;

        let mut at = entered(Phase::Deploying);
        assert_eq!(at, assumptions().image_builder().validation.typical, "{case}");
        for wave in &played.plan.waves {
            at += wave.iter().map(|(_, kind)| times(kind).create.typical).max().unwrap();
            for (draft, _) in wave {
                assert_eq!(watch.put.get(&*draft.name), Some(&at), "{case}: {}", draft.name);
            }
        }
        let fetching = way == Way::ContainerSubnet;
        assert!(if fetching { entered(Phase::Connecting) > at } else { entered(Phase::Connecting) == at }, "{case}");

        let mut at = entered(Phase::Cleaning);
        for (name, kind) in &played.plan.deletions {
            // What goes with its parent is gone by then.
            let gone = watch.deleted.get(&**name).copied();
            assert!(gone.is_some(), "{case}: {name} is left over");
            if gone.is_some_and(|gone| gone > at) {
                at += times(kind).delete.typical;
                assert_eq!(gone, Some(at), "{case}: {name}");
            }
        }
        assert_eq!(at, entered(Phase::Over), "{case}");

        let before: BTreeSet<&str> = net.topology.resources().map(|found| &*found.name).collect();
        let own: BTreeSet<&str> = played.plan.before.iter().map(|draft| &*draft.name).collect();
        let left = played.engine.topology().resources().map(|found| &*found.name);
        let left: Vec<&str> = left.filter(|name| !before.contains(name) && !own.contains(name)).collect();
        let (sites, staged): (Vec<&str>, Vec<&str>) = left.into_iter().partition(|name| name.starts_with("/internet/"));
        assert!(!sites.is_empty(), "{case}");
        assert!(matches!(staged[..], [storage] if storage.contains("/storageAccounts/")), "{case}: {staged:?}");
        assert!(before.iter().all(|name| played.engine.topology().find(name).is_some()), "{case}");
    }
}

#[test]
fn a23_b30_machines_have_their_sizes_and_the_caps_of_those() {
    // Tests `image-builder-sizes`, `limit-bandwidth-by-size`.
    // Catches: another proxy size than Standard_A1_v2 (A23), the wrong default for a generation (B30), a size without its
    // cap, a cap that nothing obeys.
    let sizes = BTreeMap::from([("Standard_A1_v2", 250), ("Standard_D1_v2", 750), ("Standard_D2ds_v4", 5_000)]);
    for (way, communicator) in CASES {
        let case = format!("{way:?} {communicator:?}");
        let played = play(&network(), way, communicator);
        let log = played.log.borrow();
        let (net, _) = log.in_place.as_ref().unwrap();
        let build = if communicator == Communicator::Ssh { "Standard_D1_v2" } else { "Standard_D2ds_v4" };
        let proxy = played.plan.proxy.iter().map(|machine| (machine, "Standard_A1_v2"));
        let machines: Vec<_> = [(&played.plan.build, build)].into_iter().chain(proxy).collect();
        assert_eq!(machines.len(), 1 + usize::from(way.has_proxy()), "{case}");
        for ((name, config), wanted) in machines {
            let Kind::Machine(machine) = &net.find(name).unwrap().kind else { panic!("{name} is no machine") };
            let cap = sizes[wanted] * 1_000_000;
            assert_eq!((&*machine.size, machine.egress_bps), (wanted, Some(cap)), "{case}: {name}");
            let port = PortId(net.find(config).unwrap().id.0);
            let sent: Vec<_> = played.engine.observer.sent.iter().filter(|sent| sent.0 == port).collect();
            assert!(sent.len() > 10, "{case}: {name}");
            let mut free = Nanos::ZERO;
            for (_, at, departure, bytes) in sent {
                free = free.max(*at) + serialisation(*bytes, cap);
                assert_eq!(*departure, free, "{case}: {name} at {at}");
            }
        }
    }
}

/// The address that Packer's host had for its target while the build ran.
fn target(played: &Played) -> (Addr, u16) {
    played.log.borrow().target.unwrap()
}

#[test]
fn a3_a4_a5_b21_only_the_service_reaches_the_public_address_and_nobody_afterwards() {
    // Tests `image-builder-public-group`.
    // Catches: a security group that admits the Internet (A3, B21), a translation the packets of which bypass the group
    // (A4), an address that answers when its machine is gone (A5).
    for communicator in [Communicator::Ssh, Communicator::WinRm] {
        let mut net = network();
        let intruder = net.internet_host("intruder", "198.18.0.9/32");
        let first = play(&net, Way::PublicAddress, communicator);
        let (public, port) = target(&first);
        let connecting = first.log.borrow().lines.iter().find(|line| line.phase == Phase::Customizing).unwrap().at;

        let (build, log) = Build::new(template(Way::PublicAddress, communicator), setup(Way::PublicAddress, false));
        let mut engine = Engine::new(net.topology.clone(), facts(), 1, Watch::default());
        let node = NodeId(intruder.0);
        let attempt = Attempt::new((public, port), Dialogue::Tcp, Nanos::secs(3), connecting, None);
        assert!(engine.spawn(node, Box::new(attempt)).is_some());
        engine.conduct(Box::new(build));
        engine.run_until(Nanos::secs(2 * 3600));
        assert_eq!(log.borrow().ended, Some(Ended::Succeeded));
        let at_vm = engine.observer.hops.iter().filter(|hop| hop.place == "pkrni" && !hop.leaving);
        let (theirs, ours): (Vec<&Hop>, Vec<&Hop>) = at_vm.partition(|hop| hop.before.src == addr("198.18.0.9"));
        assert!(
            !theirs.is_empty() && theirs.iter().all(|hop| hop.act == Act::Drop(Reason::SecurityRule)),
            "{theirs:?}"
        );
        let control: Vec<&&Hop> = ours.iter().filter(|hop| hop.control && hop.syn).collect();
        assert!(control.iter().any(|hop| hop.act == Act::Deliver));
        for hop in control {
            assert_eq!((hop.before.dst, hop.after.dst), (public, addr("10.0.0.4")), "public outside, private inside");
        }
    }
    for way in [Way::PublicAddress, Way::ProxyFromService] {
        let mut played = play(&network(), way, Communicator::Ssh);
        let (to, port) = target(&played);
        let net = played.engine.topology();
        let host = net.find(&played.plan.packer).unwrap();
        let (from, src) = match &host.kind {
            Kind::InternetHost(service) => (host.id, service.prefix.first()),
            _ => net.addresses_of(host.id)[0],
        };
        let seen = played.engine.observer.hops.len();
        let tuple = Tuple { src, dst: to, src_port: 50000, dst_port: port, protocol: Protocol::TCP };
        played.engine.inject(PortId(from.0), Header::plain(tuple, 64), Bytes::new());
        played.engine.run_until(Nanos::secs(3 * 3600));
        let acts: Vec<Act> = played.engine.observer.hops[seen..].iter().map(|hop| hop.act).collect();
        assert_eq!(acts, [Act::Drop(Reason::NoSuchAddress)], "{way:?}");
    }
}

/// What was lost, and where.
#[derive(Default)]
struct Losses(Vec<(PortId, Reason)>);

impl Observer for Losses {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        match *event {
            Event::Lost { port, reason, .. } => self.0.push((port, reason)),
            Event::Hop { port, act: Act::Drop(reason), .. } => self.0.push((port, reason)),
            _ => {}
        }
    }
}

#[test]
fn a_packet_under_way_to_what_is_deleted_dies_there() {
    // Catches: a port that lives on in a cache after its resource is gone (A5), an address that leads to its new holder
    // for packets that were sent to the old one, a panic.
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", None);
    let (from, to) = (net.vm("a", "v/s", None), net.vm("b", "v/s", None));
    let tuple =
        Tuple { src: net.address(from), dst: net.address(to), src_port: 5000, dst_port: 5001, protocol: Protocol::UDP };
    let mut engine = Engine::new(net.topology, facts(), 1, Losses::default());
    // The way takes 250 us. The first packet arrives before the end, the second is under way then, the third comes later.
    engine.delete("b", Nanos::micros(400));
    engine.delete("b-nic", Nanos::micros(400));
    for at in [0, 300, 500] {
        engine.run_until(Nanos::micros(at));
        engine.inject(from, Header::plain(tuple, 64), Bytes::new());
    }
    engine.run_until(Nanos::secs(1));
    assert_eq!(engine.observer.0, [(from, Reason::NoSuchAddress), (to, Reason::PortDeleted)]);
}
