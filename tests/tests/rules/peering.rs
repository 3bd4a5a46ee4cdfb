//! Peerings: azure-dataplane 2.7.

use sim_core::topology::{Kind, Setting};
use vnetsim_tests::ask::tcp;
use vnetsim_tests::net::{Net, addr};

/// VNets `a`, `h` and `b`, with the VMs `vm-a`, `vm-h` and `vm-b`.
fn three() -> Net {
    let mut net = Net::new();
    for (vnet, vm, n) in [("a", "vm-a", 1), ("h", "vm-h", 0), ("b", "vm-b", 2)] {
        net.vnet(vnet, &format!("10.{n}.0.0/16"));
        net.subnet(vnet, "s", &format!("10.{n}.0.0/24"), None);
        net.vm(vm, &format!("{vnet}/s"), None);
    }
    net
}

#[test]
fn peering_is_not_transitive() {
    // Tests `peering-not-transitive`.
    // Golden 23. Catches: spokes that see each other through the hub's peerings.
    let mut net = three();
    net.peer("a", "h");
    net.peer("b", "h");
    assert_eq!(tcp(&net, "vm-a", addr("10.0.0.4"), 22).verdict, "open");
    assert_eq!(tcp(&net, "vm-h", addr("10.2.0.4"), 22).verdict, "open");
    assert_eq!(tcp(&net, "vm-a", addr("10.2.0.4"), 22).verdict, "there vm-a: route-to-none");
}

#[test]
fn both_directions_must_be_there() {
    // Tests `peering-both-sides`.
    // 2.7: one side alone is Initiated. Catches: a half peering that carries packets.
    let mut net = three();
    net.half_peering("a", "h");
    assert_eq!(tcp(&net, "vm-a", addr("10.0.0.4"), 22).verdict, "there vm-a: route-to-none");
    net.half_peering("h", "a");
    assert_eq!(tcp(&net, "vm-a", addr("10.0.0.4"), 22).verdict, "open");
}

#[test]
fn access_off_on_either_side_stops_both_ways() {
    // Tests `peering-access-off`.
    // 2.7 (R4): no traffic between the two. Catches: the flag of one side only, or of one direction.
    for side in ["a/to-h", "h/to-a"] {
        let mut net = three();
        net.peer("a", "h");
        net.edit(side, |kind| {
            let Kind::Peering(peering) = kind else { panic!("no peering") };
            peering.access = Setting::default_of(false);
        });
        for (from, to) in [("vm-a", "10.0.0.4"), ("vm-h", "10.1.0.4")] {
            let verdict = tcp(&net, from, addr(to), 22).verdict;
            assert!(verdict.starts_with(&format!("there {from}: peering-access-off")), "{side} {from}: {verdict}");
        }
    }
}

#[test]
fn overlapping_spaces_are_not_peered() {
    // Tests `refuse-peering-overlap`.
    // 2.7. Catches: a peering that makes addresses ambiguous.
    use sim_core::topology::{Draft, Peering, Relation};
    let mut net = three();
    net.vnet("twin", "10.1.128.0/17");
    let peering =
        Peering { access: Setting::default_of(true), forwarded: Setting::default_of(false), ..Peering::default() };
    let draft = Draft::new("a/to-twin", Kind::Peering(peering)).refer(Relation::PartOf, "a");
    assert!(net.topology.put(draft.refer(Relation::Remote, "twin")).is_err());
}
