//! Routes: azure-dataplane 2.1 to 2.4.

use crate::one_vnet;
use sim_core::assumption::Assumption;
use sim_core::id::PortId;
use sim_core::net::Protocol;
use sim_core::stage::Step;
use sim_core::stage::route::{Hop, Source};
use sim_core::topology::{Draft, IpConfig, Kind, Nic, Relation, Sku, UserHop};
use vnetsim_tests::ask::{Asked, any, question, tcp};
use vnetsim_tests::net::{Net, addr};

/// A hub 10.0.0.0/16 with `nva` and two spokes, `a` in 10.1.0.0/16 and `b` in 10.2.0.0/16, peered to the hub only; both
/// spokes send everything to the NVA.
fn hub_and_spokes() -> (Net, PortId) {
    let mut net = Net::new();
    net.vnet("hub", "10.0.0.0/16");
    net.subnet("hub", "s", "10.0.0.0/24", None);
    let nva = net.machine("nva", "hub/s", None, true, None);
    for (name, space, range) in [("a", "10.1.0.0/16", "10.1.0.0/24"), ("b", "10.2.0.0/16", "10.2.0.0/24")] {
        let spoke = format!("spoke-{name}");
        net.vnet(&spoke, space);
        net.subnet(&spoke, "s", range, None);
        net.vm(name, &format!("{spoke}/s"), None);
        net.peer("hub", &spoke);
        net.routed(&format!("{spoke}/s"), &[("0.0.0.0/0", UserHop::Appliance(net.address(nva)))]);
    }
    (net, nva)
}

#[test]
fn spokes_meet_through_the_hub_by_a_default_route() {
    // Tests `route-none-withdrawn`.
    // Golden 9, 2.1. Catches: the None route of 10.0.0.0/8 left in force under a user's default route.
    let (mut net, _) = hub_and_spokes();
    net.take_forwarded("spoke-a/to-hub");
    net.take_forwarded("spoke-b/to-hub");
    let asked = tcp(&net, "a", addr("10.2.0.4"), 22);
    assert_eq!(asked.verdict, "open");
    assert_eq!(asked.there, ["a", "nva", "b"]);
    assert_eq!(asked.back, ["b", "nva", "a"]);
}

#[test]
fn forwarded_packets_need_the_receiving_peerings_leave() {
    // Tests `peering-forwarded-traffic`.
    // Golden 24, 2.7: the receiving VNet's peering object decides. Catches: the flag not asked, or asked on the hub's
    // side; the way back forgotten.
    let reasons = |taking: &[&str]| {
        let (mut net, _) = hub_and_spokes();
        for peering in taking {
            net.take_forwarded(peering);
        }
        let asked = tcp(&net, "a", addr("10.2.0.4"), 22);
        let told = |blocker: &sim_core::explain::Blocker| (blocker.on_return, blocker.reason.code());
        asked.walk.blockers.iter().map(told).collect::<Vec<_>>()
    };
    let (there, back) = ((false, "forwarded-not-allowed"), (true, "forwarded-not-allowed"));
    assert_eq!(reasons(&[]), [there, back]);
    assert_eq!(reasons(&["hub/to-spoke-a", "hub/to-spoke-b"]), [there, back]);
    assert_eq!(reasons(&["spoke-b/to-hub"]), [back]);
    assert_eq!(reasons(&["spoke-a/to-hub"]), [there]);
    assert_eq!(reasons(&["spoke-a/to-hub", "spoke-b/to-hub"]), []);
}

#[test]
fn an_appliance_forwards_only_where_both_its_nic_and_its_guest_do() {
    // Tests `forwarding-arrival`.
    // 2.3. Catches: `enableIPForwarding` not asked; a guest taken for a router because its NIC may be one.
    let (mut net, _) = hub_and_spokes();
    net.take_forwarded("spoke-a/to-hub");
    net.take_forwarded("spoke-b/to-hub");
    for (nic, guest) in [(false, true), (true, false), (false, false)] {
        net.edit("nva-nic", |kind| {
            let Kind::Nic(kind) = kind else { panic!("no NIC") };
            kind.ip_forwarding = nic;
        });
        net.edit("nva", |kind| {
            let Kind::Machine(kind) = kind else { panic!("no machine") };
            kind.forwards = guest;
        });
        let verdict = tcp(&net, "a", addr("10.2.0.4"), 22).verdict;
        assert_eq!(verdict, "there nva: forwarding-off", "{nic} {guest}");
    }
}

#[test]
fn a_machine_takes_what_is_for_its_other_address_where_its_nic_may_forward() {
    // 2.3. Catches: a guest that would have to forward to itself; a NIC that takes another address of its machine without
    // IP forwarding; two NICs that are on no machine taken for one machine's.
    for (forwarding, on, expected) in [
        (true, Some("m"), "open"),
        (false, Some("m"), "there m: forwarding-off"),
        (true, None, "there m-nic/ipconfig1: forwarding-off"),
    ] {
        let mut net = Net::new();
        net.vnet("v", "10.1.0.0/16");
        net.subnet("v", "x", "10.1.2.0/24", None);
        net.subnet("v", "y", "10.1.3.0/24", None);
        net.vm("a", "v/x", None);
        let first = net.vm("m", "v/y", None);
        let (first, second) = (net.address(first), addr("10.1.3.9"));
        let config = IpConfig { requested: Some(second), ..IpConfig::default() };
        let draft = Draft::new("m-nic/ipconfig2", Kind::IpConfig(config));
        net.put(draft.refer(Relation::PartOf, "m-nic").refer(Relation::Attached, "v/y"));
        let nic =
            Draft::new("m-nic", Kind::Nic(Nic { region: net.region(), ip_forwarding: forwarding, ..Nic::default() }));
        net.put(match on {
            Some(machine) => nic.refer(Relation::PartOf, machine),
            None => nic,
        });
        net.routed("v/x", &[("10.1.3.9/32", UserHop::Appliance(first))]);
        assert_eq!(tcp(&net, "a", second, 22).verdict, expected, "{forwarding} {on:?}");
    }
}

#[test]
fn a_users_route_inside_the_vnet_steers_neighbours_too() {
    // Tests `route-replies`, `route-appliance-near`.
    // Golden 11. Catches: delivery inside a subnet without a look at its routes, a system route that beats a user's
    // longer one; the answer sent back by the question's way and not by its own table.
    let mut net = Net::new();
    net.vnet("v", "10.1.0.0/16");
    net.subnet("v", "x", "10.1.2.0/24", None);
    net.subnet("v", "y", "10.1.3.0/24", None);
    net.subnet("v", "n", "10.1.9.0/24", None);
    net.vm("a", "v/x", None);
    let (b, c) = (net.vm("b", "v/x", None), net.vm("c", "v/y", None));
    let nva = net.machine("nva", "v/n", None, true, None);
    net.routed("v/x", &[("10.1.2.0/24", UserHop::Appliance(net.address(nva)))]);
    let asked = tcp(&net, "a", net.address(b), 22);
    assert_eq!(
        (asked.verdict.as_str(), asked.there, asked.back),
        ("open", ["a", "nva", "b"].map(String::from).to_vec(), ["b", "nva", "a"].map(String::from).to_vec())
    );
    assert_eq!(tcp(&net, "a", net.address(c), 22).there, ["a", "c"]);
    assert_eq!(tcp(&net, "c", net.address(b), 22).there, ["c", "b"]);
}

#[test]
fn an_appliance_in_its_own_clients_subnet_loops() {
    // Tests `route-loop`.
    // 2.3 (R1). Catches: a loop that never ends, or a route table that spares the appliance.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    let b = net.vm("b", "v/t", None);
    let nva = net.machine("nva", "v/s", None, true, None);
    net.routed("v/s", &[("10.0.1.0/24", UserHop::Appliance(net.address(nva)))]);
    let asked = tcp(&net, "a", net.address(b), 22);
    assert_eq!(asked.verdict, "there nva: ttl-expired");
    // The table and the route that make the loop are told.
    let Some(Step::Routed { subnet, route }) = &asked.walk.blockers[0].step else { panic!("no route is told") };
    assert_eq!(*subnet, net.topology.find("v/s").unwrap().id);
    assert_eq!(route.hop, Hop::Appliance(net.address(nva)));
    assert_eq!(route.source, Source::User(net.topology.find("table-of-v-s").unwrap().id, 0));
}

#[test]
fn a_default_route_to_an_appliance_breaks_direct_entry_from_the_internet() {
    // Tests `route-replies`, `outbound-replies-as-they-came`.
    // Golden 16, 2.4: the SYN arrives, the SYN-ACK goes to the appliance. Catches: replies that follow the question's way
    // and not the route.
    let mut net = one_vnet(None);
    net.group("g", &["100 ssh in allow tcp Internet -> * 22"]);
    net.subnet("v", "n", "10.0.9.0/24", None);
    net.vm("a", "v/s", Some("g"));
    let public = net.public_vm("a", "20.1.1.1");
    let nva = net.machine("nva", "v/n", None, true, None);
    assert_eq!(tcp(&net, "world", public, 22).verdict, "open");
    net.routed("v/s", &[("0.0.0.0/0", UserHop::Appliance(net.address(nva)))]);
    let asked = tcp(&net, "world", public, 22);
    assert_eq!(asked.walk.reached.map(|port| port.0), Some(net.topology.find("a-nic/ipconfig1").unwrap().id.0));
    assert_eq!(asked.back[..2], ["a", "nva"]);
    assert!(asked.walk.blockers.iter().all(|blocker| blocker.on_return), "{}", asked.verdict);
    assert_ne!(asked.verdict, "open");
}

#[test]
fn system_routes() {
    // Tests `route-vnet-and-peers`, `route-none-blocks`.
    // 2.1, 2.2. Catches: missing None routes, a VNet route per subnet, an address of the VNet that nobody has taken for
    // unroutable.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    for (to, verdict) in [
        ("10.77.0.1", "there a: route-to-none"),
        ("172.16.1.1", "there a: route-to-none"),
        ("192.168.1.1", "there a: route-to-none"),
        ("100.64.0.1", "there a: route-to-none"),
        ("10.0.200.9", "there a: no-such-address"),
        ("8.8.8.8", "open"),
    ] {
        assert_eq!(tcp(&net, "a", addr(to), 80).verdict, verdict, "{to}");
    }
}

#[test]
fn the_longest_prefix_wins_and_users_win_ties() {
    // Tests `route-longest-prefix`, `route-user-first`, `route-hop-types`.
    // 2.2, 2.3. Catches: the first route, the shortest, the system's on a tie; hops taken for one another.
    let none = ("10.0.0.0/16", UserHop::None);
    let cases: [(&[(&str, UserHop)], &str); 7] = [
        (&[none], "there a: route-to-none"),
        (&[("10.0.1.0/24", UserHop::None)], "there a: route-to-none"),
        (&[("10.0.0.0/8", UserHop::None)], "open"),
        (&[none, ("10.0.1.0/24", UserHop::VnetLocal)], "open"),
        (&[("10.0.1.0/24", UserHop::VnetLocal), ("10.0.1.4/32", UserHop::None)], "there a: route-to-none"),
        (&[("10.0.1.0/24", UserHop::Gateway)], "there a: no-gateway"),
        (&[("10.0.1.0/24", UserHop::Appliance(addr("10.0.0.99")))], "there a: no-such-address"),
    ];
    for (routes, verdict) in cases {
        let mut net = one_vnet(None);
        net.vm("a", "v/s", None);
        let b = net.vm("b", "v/t", None);
        net.routed("v/s", routes);
        assert_eq!(tcp(&net, "a", net.address(b), 22).verdict, verdict, "{routes:?}");
    }
}

#[test]
fn an_answer_goes_by_the_table_of_its_own_subnet() {
    // Tests `route-replies`.
    // 2.2. Catches: reverse routes made by the question.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    let b = net.vm("b", "v/t", None);
    net.routed("v/t", &[("10.0.0.0/24", UserHop::None)]);
    assert_eq!(tcp(&net, "a", net.address(b), 22).verdict, "back b: route-to-none");
}

#[test]
fn a_balancer_as_next_hop_keeps_the_destination() {
    // Tests `balancer-past-symmetric`.
    // 2.3, 7 step 6. Catches: the destination rewritten to the appliance behind the frontend; ports not all taken.
    let mut net = one_vnet(None);
    net.subnet("v", "n", "10.0.9.0/24", None);
    net.machine("nva", "v/n", None, true, None);
    let front = net.balancer("lb", Sku::Standard, (Relation::Attached, "v/n"), &["nva"]);
    net.balance("lb", 0, 0, Some(2222));
    net.vm("a", "v/s", None);
    let b = net.vm("b", "v/t", None);
    net.routed("v/s", &[("10.0.1.0/24", UserHop::Appliance(front))]);
    let asked = tcp(&net, "a", net.address(b), 22);
    assert_eq!(asked.verdict, "open");
    assert!(asked.there.contains(&"nva".to_owned()), "{:?}", asked.there);
    assert_eq!((asked.arrived.dst, asked.arrived.dst_port), (net.address(b), 22));
    // 3.6: TCP and UDP.
    assert_eq!(any(&net, "a", question(&net, "a", Protocol::UDP, net.address(b), 53)).verdict, "open");
}

#[test]
fn appliances_behind_a_balancer_see_both_directions() {
    // Tests `balancer-past-symmetric`.
    // 3.6: flow symmetry with one frontend and pool. Catches: a hash that sends answers to another appliance, whose rules
    // know nothing of the question; and one that uses one appliance only.
    let mut net = one_vnet(None);
    net.subnet("v", "n", "10.0.9.0/24", None);
    for nva in ["nva1", "nva2"] {
        net.machine(nva, "v/n", None, true, None);
    }
    let front = net.balancer("lb", Sku::Standard, (Relation::Attached, "v/n"), &["nva1", "nva2"]);
    net.balance("lb", 0, 0, Some(2222));
    net.vm("a", "v/s", None);
    let b = net.vm("b", "v/t", None);
    net.routed("v/s", &[("10.0.1.0/24", UserHop::Appliance(front))]);
    net.routed("v/t", &[("10.0.0.0/24", UserHop::Appliance(front))]);
    assert_eq!(tcp(&net, "a", net.address(b), 22).verdict, "open");
    let tuple = question(&net, "a", Protocol::TCP, net.address(b), 22);
    let mut used = std::collections::BTreeSet::new();
    for src_port in 50_000..50_050 {
        let asked = any(&net, "a", sim_core::net::Tuple { src_port, ..tuple });
        let nva = |path: &[String]| path.iter().find(|name| name.starts_with("nva")).cloned();
        assert_eq!(asked.verdict, "open");
        assert_eq!(nva(&asked.there), nva(&asked.back));
        used.insert(nva(&asked.there));
    }
    assert_eq!(used.len(), 2);
}

/// What an answer says that it hangs on, each once.
pub fn assumed(asked: &Asked) -> Vec<Assumption> {
    let steps = asked.walk.there.iter().chain(&asked.walk.back).flat_map(|stop| &stop.steps);
    let mut found: Vec<Assumption> =
        steps.filter_map(|step| if let Step::Assumed(one) = step { Some(*one) } else { None }).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_vnet_range_replaces_the_block_that_it_equals_or_contains() {
    // Tests `route-none-blocks`.
    // Catches: a None route left over beside the VNet's own of the same prefix, or inside a VNet that contains the block.
    for space in ["10.0.0.0/8", "10.0.0.0/7"] {
        let mut net = Net::new();
        net.vnet("v", space);
        net.subnet("v", "s", "10.0.0.0/24", None);
        net.vm("a", "v/s", None);
        assert_eq!(tcp(&net, "a", addr("10.77.0.1"), 22).verdict, "there a: no-such-address", "{space}");
    }
}

#[test]
fn an_appliance_must_be_near() {
    // Tests `route-appliance-near`.
    // Catches: an appliance two peerings away that is reached; one in a peer that is not; a far one told as an address that
    // nobody has.
    let mut net = Net::new();
    for (vnet, n) in [("a", 1), ("h", 0), ("b", 2)] {
        net.vnet(vnet, &format!("10.{n}.0.0/16"));
        net.subnet(vnet, "s", &format!("10.{n}.0.0/24"), None);
        net.machine(&format!("vm-{vnet}"), &format!("{vnet}/s"), None, true, None);
    }
    net.peer("a", "h");
    net.peer("h", "b");
    net.internet_host("world", "8.8.8.8/32");
    let far = UserHop::Appliance(addr("10.2.0.4"));
    net.routed("a/s", &[("8.0.0.0/8", UserHop::Appliance(addr("10.0.0.4"))), ("9.0.0.0/8", far)]);
    assert_eq!(any(&net, "vm-a", question(&net, "vm-a", Protocol::TCP, addr("8.8.8.8"), 80)).there[1], "vm-h");
    assert_eq!(tcp(&net, "vm-a", addr("9.9.9.9"), 80).verdict, "there vm-a: route-to-none");
}

#[test]
fn routes_by_tag_have_an_order() {
    // Tests `route-user-by-tag`.
    // Catches: a tag of which only one prefix is routed, ties between tags settled by the order of the table.
    let hop = |n: u8| UserHop::Appliance(sim_core::net::Addr::v4(10, 0, 9, n));
    let table: [(&str, UserHop); 5] = [
        ("AzureCloud", hop(1)),
        ("AzureCloud.westus2", hop(2)),
        ("Storage", hop(3)),
        ("Storage.westus2", hop(4)),
        ("20.60.0.1/32", hop(5)),
    ];
    for (left, winner) in [(5, 5), (4, 4), (3, 3), (2, 2), (1, 1)] {
        let mut net = one_vnet(None);
        net.vm("a", "v/s", None);
        net.service("near", "20.60.0.1/32", "westus2", &["Storage", "AzureCloud"]);
        net.service("far", "20.61.0.1/32", "eastus", &["Storage", "AzureCloud"]);
        net.routed("v/s", &table[..left]);
        let hop_to = |to: &str| {
            let asked = any(&net, "a", question(&net, "a", Protocol::TCP, addr(to), 443));
            let routed = |step: &Step| if let Step::Routed { route, .. } = step { Some(route.hop) } else { None };
            asked.walk.there[0].steps.iter().find_map(routed)
        };
        let UserHop::Appliance(expected) = hop(winner) else { panic!() };
        assert_eq!(hop_to("20.60.0.1"), Some(Hop::Appliance(expected)), "{left}");
        let UserHop::Appliance(whole) = hop(winner.min(3)) else { panic!() };
        let far = if winner == 2 { addr("10.0.9.1") } else { whole };
        assert_eq!(hop_to("20.61.0.1"), Some(Hop::Appliance(far)), "{left}");
    }
}

#[test]
fn a_default_route_makes_the_tag_everything() {
    // Golden 34, 1.7. Tests `tag-under-default-route`.
    // Catches: a choice without effect, an answer that does not say what it hangs on.
    for (choice, hop, passes) in [
        ("appliance-or-gateway", "nva", true),
        ("any", "nva", true),
        ("never", "nva", false),
        ("appliance-or-gateway", "internet", false),
        ("any", "internet", true),
    ] {
        let mut net = one_vnet(None);
        net.assume("virtual-network-under-default-route", choice);
        net.subnet("v", "n", "10.0.9.0/24", None);
        net.group("g", &[]);
        net.vm("a", "v/s", Some("g"));
        net.public_vm("a", "20.1.1.1");
        let nva = net.machine("nva", "v/n", None, true, None);
        let appliance = UserHop::Appliance(net.address(nva));
        net.routed("v/s", &[("0.0.0.0/0", if hop == "nva" { appliance } else { UserHop::Internet })]);
        let asked = any(&net, "world", question(&net, "world", Protocol::TCP, addr("20.1.1.1"), 22));
        let denied = asked.walk.blockers.iter().any(|blocker| !blocker.on_return);
        assert_eq!(!denied, passes, "{choice} {hop}: {}", asked.verdict);
        assert!(assumed(&asked).contains(&Assumption::VirtualNetworkUnderDefaultRoute), "{choice} {hop}");
    }
}

#[test]
fn what_is_left_of_the_internet_tag_is_assumed() {
    // 1.7, 9 (1). Tests `tag-under-default-route`.
    // Catches: one outcome whatever is assumed.
    for (choice, verdict) in [("empty", "open"), ("unchanged", "there a: security-rule nic g/no")] {
        let mut net = one_vnet(None);
        net.assume("internet-under-default-route", choice);
        net.group("g", &["100 no out deny * * -> Internet *"]);
        net.subnet("v", "n", "10.0.9.0/24", None);
        net.vm("a", "v/s", Some("g"));
        let nva = net.machine("nva", "v/n", None, true, None);
        net.routed("v/s", &[("0.0.0.0/0", UserHop::Appliance(net.address(nva)))]);
        let asked = any(&net, "a", question(&net, "a", Protocol::TCP, addr("8.8.8.8"), 443));
        assert_eq!(asked.verdict.split("; ").next(), Some(verdict));
    }
}
