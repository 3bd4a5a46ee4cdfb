//! Peerings: azure-dataplane 2.7.

use crate::routes::assumed;
use sim_core::assumption::Assumption;
use sim_core::topology::{Kind, PeeredSubnets, Relation, Setting, Sku, UserHop};
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
    net.edit_peering("a/to-h", |it| it.disconnected = true);
    for (from, to) in [("vm-a", "10.0.0.4"), ("vm-h", "10.1.0.4")] {
        assert_eq!(tcp(&net, from, addr(to), 22).verdict, format!("there {from}: route-to-none"));
    }
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

#[test]
fn what_a_peering_without_access_does_is_assumed() {
    // Golden 25. Tests `peering-access-off`.
    // Catches: one outcome whatever is assumed; a rule that names the prefix without effect; default rules that still hold
    // the peer to be in VirtualNetwork; an answer that does not say what it hangs on.
    for (choice, rules, verdict) in [
        ("blocks", &["100 in in allow * 10.1.0.0/16 -> * *"][..], "there vm-a: peering-access-off"),
        ("leaves-tag", &["100 in in allow * 10.1.0.0/16 -> * *"], "open"),
        ("leaves-tag", &[], "there vm-h: security-rule nic g/DenyAllInBound"),
    ] {
        let mut net = three();
        net.assume("peering-access-off", choice);
        net.group("g", rules);
        net.link("vm-h-nic", Relation::FilteredBy, "g");
        net.peer("a", "h");
        net.edit_peering("a/to-h", |it| it.access = Setting::default_of(false));
        let asked = tcp(&net, "vm-a", addr("10.0.0.4"), 22);
        assert_eq!(asked.verdict.split("; ").next(), Some(verdict), "{choice}");
        assert_eq!(assumed(&asked), [Assumption::PeeringAccessOff]);
    }
}

/// Spoke `a` sends to `b` through `vm-h`, which forwards; these peerings take forwarded packets.
fn chain(taking: &[&str]) -> Net {
    let mut net = three();
    for kind in ["vm-h", "vm-h-nic"] {
        net.edit(kind, |kind| match kind {
            Kind::Machine(machine) => machine.forwards = true,
            Kind::Nic(nic) => nic.ip_forwarding = true,
            _ => panic!(),
        });
    }
    net.peer("a", "h");
    net.peer("b", "h");
    net.routed("a/s", &[("10.2.0.0/16", UserHop::Appliance(addr("10.0.0.4")))]);
    net.routed("b/s", &[("10.1.0.0/16", UserHop::Appliance(addr("10.0.0.4")))]);
    taking.iter().for_each(|peering| net.take_forwarded(peering));
    net
}

#[test]
fn whose_leave_forwarded_packets_need_is_assumed() {
    // Golden 24. Tests `peering-forwarded-traffic`.
    // Catches: a choice without effect; a doubt told where the flags agree, or not told where they differ.
    let (spokes, hub) = (["a/to-h", "b/to-h"], ["h/to-a", "h/to-b"]);
    let all = ["a/to-h", "b/to-h", "h/to-a", "h/to-b"];
    for (choice, taking, passes) in [
        ("receiving", &spokes[..], true),
        ("receiving", &hub[..], false),
        ("sending", &spokes[..], false),
        ("sending", &hub[..], true),
        ("both", &spokes[..], false),
        ("both", &hub[..], false),
        ("both", &all[..], true),
        ("receiving", &[][..], false),
    ] {
        let mut net = chain(taking);
        net.assume("forwarded-traffic-side", choice);
        let asked = tcp(&net, "vm-a", addr("10.2.0.4"), 22);
        assert_eq!(asked.verdict == "open", passes, "{choice} {taking:?}: {}", asked.verdict);
        let doubt = taking.len() == 2;
        assert_eq!(assumed(&asked).contains(&Assumption::ForwardedTrafficSide), doubt, "{choice} {taking:?}");
    }
}

#[test]
fn only_peered_subnets_use_a_peering_of_subnets() {
    // Golden 33. Tests `peering-subnets`.
    // Catches: a route to subnets that are not peered, packets of a subnet that is not, a list of one side alone.
    let mut net = three();
    net.subnet("a", "t", "10.1.1.0/24", None);
    net.subnet("h", "t", "10.0.1.0/24", None);
    net.vm("vm-at", "a/t", None);
    net.vm("vm-ht", "h/t", None);
    net.peer("a", "h");
    let subnets =
        |local: &str, remote: &str| Some(PeeredSubnets { local: vec![local.into()], remote: vec![remote.into()] });
    net.edit_peering("a/to-h", |it| it.subnets = subnets("S", "s"));
    net.edit_peering("h/to-a", |it| it.subnets = subnets("s", "s"));
    assert_eq!(tcp(&net, "vm-a", addr("10.0.0.4"), 22).verdict, "open");
    assert_eq!(
        tcp(&net, "vm-at", addr("10.0.0.4"), 22).verdict.split("; ").next(),
        Some("there vm-at: subnet-not-peered")
    );
    assert_eq!(tcp(&net, "vm-a", addr("10.0.1.4"), 22).verdict, "there vm-a: route-to-none");
}

#[test]
fn basic_balancers_are_not_reached_from_another_region() {
    // Tests `peering-global-basic`.
    // Catches: a Basic frontend over a global peering; a Standard one, or one of the same region, that is not.
    for (sku, region, open) in
        [(Sku::Basic, "eastus", false), (Sku::Basic, "westus2", true), (Sku::Standard, "eastus", true)]
    {
        let mut net = Net::new();
        net.vnet("h", "10.0.0.0/16");
        net.subnet("h", "s", "10.0.0.0/24", None);
        net.vm("vm-h", "h/s", None);
        let front = net.balancer("lb", sku, (Relation::Attached, "h/s"), &["vm-h"]);
        net.balance("lb", 22, 22, None);
        net.in_region(region);
        net.vnet("a", "10.1.0.0/16");
        net.subnet("a", "s", "10.1.0.0/24", None);
        net.vm("vm-a", "a/s", None);
        net.peer("a", "h");
        let verdict = tcp(&net, "vm-a", front, 22).verdict;
        assert_eq!(verdict, if open { "open" } else { "there vm-a: basic-over-global-peering" }, "{sku:?} {region}");
    }
}
