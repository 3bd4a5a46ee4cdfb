//! What leads nowhere, and why not: azure-dataplane 2.1, 2.3.

use crate::one_vnet;
use sim_core::topology::UserHop;
use vnetsim_tests::ask::tcp;
use vnetsim_tests::net::{Net, addr};

#[test]
fn a_network_takes_the_place_of_the_block_it_covers() {
    // 2.1. Tests `route-none-blocks`. Catches: a block that stays where the network is as large or larger; one that goes
    // where the network is only a part of it.
    for (space, subnet, to, verdict) in [
        ("100.64.0.0/10", "100.64.0.0/24", "100.127.255.9", "there a: no-such-address"),
        ("100.0.0.0/8", "100.1.0.0/24", "100.64.0.9", "there a: no-such-address"),
        ("100.64.0.0/16", "100.64.0.0/24", "100.65.0.9", "there a: route-to-none"),
        ("10.0.0.0/16", "10.0.0.0/24", "100.64.0.9", "there a: route-to-none"),
    ] {
        let mut net = Net::new();
        net.vnet("v", space);
        net.subnet("v", "s", subnet, None);
        net.vm("a", "v/s", None);
        assert_eq!(tcp(&net, "a", addr(to), 80).verdict, verdict, "{space}");
    }
}

#[test]
fn an_appliance_elsewhere_is_not_reached() {
    // 2.3. Tests `route-appliance-near`. Catches: an appliance of a network that is no peer used all the same; one of a peer
    // that is not found.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    let b = net.vm("b", "v/t", None);
    net.vnet("hub", "10.9.0.0/16");
    net.subnet("hub", "s", "10.9.0.0/24", None);
    let nva = net.machine("nva", "hub/s", None, true, None);
    net.routed("v/s", &[("10.0.1.0/24", UserHop::Appliance(net.address(nva)))]);
    let asked = tcp(&net, "a", net.address(b), 22);
    assert!(asked.verdict != "open" && asked.there == ["a"], "{} by {:?}", asked.verdict, asked.there);
    net.peer("v", "hub");
    net.take_forwarded("v/to-hub");
    let asked = tcp(&net, "a", net.address(b), 22);
    assert_eq!((asked.verdict.as_str(), asked.there.join(" ")), ("open", "a nva b".to_owned()));
}
