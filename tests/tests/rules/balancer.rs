//! Load balancers: azure-dataplane 3.

use crate::{filtered, one_vnet};
use sim_core::id::PortId;
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::topology::{Distribution, Draft, InboundNatRule, Kind, PortRange, Relation, Sku};
use std::collections::BTreeSet;
use vnetsim_tests::ask::{any, question, tcp};
use vnetsim_tests::net::{Net, addr};

/// An internal Standard balancer in `v/s`, port 80 to 8080, probed there; `count` machines `m0`, `m1`, ... in `v/s` and a
/// `client` in `v/t`.
fn internal(net: &mut Net, count: usize) -> (Addr, Vec<PortId>) {
    let names: Vec<String> = (0..count).map(|n| format!("m{n}")).collect();
    let ports = names.iter().map(|name| net.vm(name, "v/s", None)).collect();
    net.vm("client", "v/t", None);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let vip = net.balancer("lb", Sku::Standard, (Relation::Attached, "v/s"), &names);
    net.balance("lb", 80, 8080, Some(8080));
    (vip, ports)
}

#[test]
fn rules_name_the_backends_port() {
    // Tests `nsg-inbound-view`.
    // Golden 5, 1.3. Catches: inbound rules asked about the frontend's address or port.
    let cases = [
        ("100 web in allow tcp Internet -> * 80", "there web: security-rule subnet g/DenyAllInBound"),
        ("100 web in allow tcp Internet -> * 8080", "open"),
        ("100 web in allow tcp Internet -> 20.1.1.1/32 8080", "there web: security-rule subnet g/DenyAllInBound"),
        ("100 web in allow tcp Internet -> 10.0.0.4/32 8080", "open"),
        ("100 web in allow tcp 8.8.8.8/32 -> * 8080", "open"),
        ("100 web in allow tcp 20.1.1.1/32 -> * 8080", "there web: security-rule subnet g/DenyAllInBound"),
    ];
    for (rule, verdict) in cases {
        let mut net = filtered(&[rule]);
        net.vm("web", "v/s", None);
        net.public_ip("pip", "20.1.1.1", Sku::Standard);
        let vip = net.balancer("lb", Sku::Standard, (Relation::Uses, "pip"), &["web"]);
        net.balance("lb", 80, 8080, Some(8080));
        assert_eq!(tcp(&net, "world", vip, 80).verdict, verdict, "{rule}");
    }
}

#[test]
fn a_clients_own_rules_see_the_frontend() {
    // Tests `nsg-outbound-order`.
    // 1.3. Catches: outbound rules asked after the balancer has chosen.
    let cases = [
        ("100 no out deny * * -> 10.0.0.5/32 80", "there client: security-rule nic n/no"),
        ("100 no out deny * * -> 10.0.0.4/32 *", "open"),
        ("100 no out deny * * -> * 8080", "open"),
    ];
    for (rule, verdict) in cases {
        let mut net = one_vnet(None);
        let (vip, members) = internal(&mut net, 1);
        net.group("n", &[rule]);
        net.link("client-nic", Relation::FilteredBy, "n");
        assert_eq!((net.address(members[0]), vip), (addr("10.0.0.4"), addr("10.0.0.5")));
        assert_eq!(tcp(&net, "client", vip, 80).verdict, verdict, "{rule}");
    }
}

#[test]
fn the_source_stays_and_the_destination_is_the_backend() {
    // Tests `balancer-rewrite`.
    // 3.3. Catches: source translation at the balancer, the port not rewritten.
    let mut net = one_vnet(None);
    let (vip, members) = internal(&mut net, 1);
    let asked = tcp(&net, "client", vip, 80);
    assert_eq!(asked.verdict, "open");
    let expected = question(&net, "client", Protocol::TCP, net.address(members[0]), 8080);
    assert_eq!(asked.arrived, expected);
}

#[test]
fn a_frontend_is_closed_or_open_by_its_tier_and_side() {
    // Tests `public-ip-closed`.
    // 3.9. Catches: public Standard frontends open without a group, Basic or internal ones closed.
    for (sku, verdict) in [(Sku::Standard, "there m: closed-by-default"), (Sku::Basic, "open")] {
        let mut net = one_vnet(None);
        net.vm("m", "v/s", None);
        net.public_ip("pip", "20.1.1.1", sku);
        let vip = net.balancer("lb", sku, (Relation::Uses, "pip"), &["m"]);
        net.balance("lb", 80, 8080, None);
        assert_eq!(tcp(&net, "world", vip, 80).verdict, verdict, "{sku:?}");
    }
    let mut net = one_vnet(None);
    let (vip, _) = internal(&mut net, 2);
    assert_eq!(tcp(&net, "client", vip, 80).verdict, "open");
}

#[test]
fn what_no_rule_or_backend_takes() {
    // Tests `balancer-protocols`, `balancer-candidates`.
    // 3.3, 3.4. Catches: ports without a rule passed on, an empty pool taken for a refusal of somebody else.
    let mut net = one_vnet(None);
    let (vip, _) = internal(&mut net, 1);
    assert!(tcp(&net, "client", vip, 81).verdict.ends_with("no-balancer-rule"));
    let udp = any(&net, "client", question(&net, "client", Protocol::UDP, vip, 80));
    assert!(udp.verdict.ends_with("no-balancer-rule"), "{}", udp.verdict);
    let mut net = one_vnet(None);
    let (vip, _) = internal(&mut net, 0);
    assert!(tcp(&net, "client", vip, 80).verdict.ends_with("no-healthy-backend"));
}

#[test]
fn an_internal_frontend_is_reached_from_peers() {
    // Tests `route-vnet-and-peers`.
    // 3.1. Catches: frontends known in their own VNet only, or everywhere.
    let mut net = one_vnet(None);
    let (vip, _) = internal(&mut net, 1);
    net.vnet("p", "10.7.0.0/16");
    net.subnet("p", "s", "10.7.0.0/24", None);
    net.vm("far", "p/s", None);
    assert_eq!(tcp(&net, "far", vip, 80).verdict, "there far: route-to-none");
    net.peer("v", "p");
    assert_eq!(tcp(&net, "far", vip, 80).verdict, "open");
}

#[test]
fn high_availability_ports_take_every_port() {
    // Tests `balancer-protocols`, `balancer-rewrite`.
    // 3.6. Catches: one port only, or the port rewritten to 0.
    let mut net = one_vnet(None);
    net.vm("m", "v/s", None);
    net.vm("client", "v/t", None);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Attached, "v/s"), &["m"]);
    net.balance("lb", 0, 0, Some(2222));
    for port in [1, 80, 65535] {
        let asked = tcp(&net, "client", vip, port);
        assert_eq!((asked.verdict.as_str(), asked.arrived.dst_port), ("open", port));
    }
}

#[test]
fn a_floating_address_stays_and_the_port_does_not() {
    // Tests `balancer-rewrite`, `balancer-floating-answers`.
    // 3.5. Catches: the destination rewritten in spite of it, an answer in the frontend's name taken for a foreign packet.
    let mut net = one_vnet(None);
    let (vip, members) = internal(&mut net, 1);
    net.edit("lb/rule-80", |kind| {
        let Kind::BalancingRule(rule) = kind else { panic!("no rule") };
        rule.floating_ip = true;
    });
    let asked = any(&net, "client", question(&net, "client", Protocol::TCP, vip, 80));
    assert_eq!((asked.walk.reached, asked.verdict.as_str()), (Some(members[0]), "open"));
    assert_eq!((asked.arrived.dst, asked.arrived.dst_port), (vip, 8080));
}

#[test]
fn what_flows_are_spread_by() {
    // Tests `balancer-distribution`.
    // 3.2. Catches: ports in the hash of SourceIP, or missing in the default one; a backend never chosen.
    for (distribution, chosen) in
        [(Distribution::FiveTuple, 4), (Distribution::SourceIp, 1), (Distribution::SourceIpProtocol, 1)]
    {
        let mut net = one_vnet(None);
        let (vip, _) = internal(&mut net, 4);
        net.edit("lb/rule-80", |kind| {
            let Kind::BalancingRule(rule) = kind else { panic!("no rule") };
            rule.distribution = distribution;
        });
        let tuple = question(&net, "client", Protocol::TCP, vip, 80);
        let backends: BTreeSet<Addr> =
            (50_000..50_100).map(|src_port| any(&net, "client", Tuple { src_port, ..tuple }).arrived.dst).collect();
        assert_eq!(backends.len(), chosen, "{distribution:?}");
    }
}

#[test]
fn an_inbound_nat_rule_leads_to_its_machine() {
    // Tests `balancer-nat-rules`.
    // 3.8. Catches: the port not rewritten, another member reached, the group asked about the frontend's port.
    let mut net = filtered(&["100 ssh in allow tcp Internet -> * 22"]);
    net.vm("other", "v/s", None);
    let a = net.vm("a", "v/s", None);
    net.public_ip("pip", "20.1.1.1", Sku::Standard);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Uses, "pip"), &["other"]);
    let rule = InboundNatRule {
        protocol: Some(Protocol::TCP),
        frontend_ports: PortRange::one(50001),
        backend_port: 22,
        ..InboundNatRule::default()
    };
    let rule = Draft::new("lb/ssh", Kind::InboundNatRule(rule)).refer(Relation::PartOf, "lb");
    net.put(rule.refer(Relation::Listens, "lb/front").refer(Relation::Sends, "a-nic/ipconfig1"));
    let asked = tcp(&net, "world", vip, 50001);
    assert_eq!((asked.verdict.as_str(), asked.arrived.dst, asked.arrived.dst_port), ("open", net.address(a), 22));
}

#[test]
fn a_member_that_meets_itself_behind_its_internal_frontend_fails() {
    // Tests `balancer-hairpin`.
    // Golden 21, 3.10: always with one backend, one flow in four with four. Catches: a hairpin that works, or one that
    // never does.
    for count in [1_usize, 4] {
        let mut net = one_vnet(None);
        let (vip, members) = internal(&mut net, count);
        let tuple = question(&net, "m0", Protocol::TCP, vip, 80);
        let mut failed = 0;
        for src_port in 50_000..50_200 {
            let asked = any(&net, "m0", Tuple { src_port, ..tuple });
            let itself = asked.arrived.dst == net.address(members[0]);
            assert_eq!(asked.verdict, if itself { "there m0: hairpin" } else { "open" }, "{count}");
            failed += usize::from(itself);
        }
        let expected = 200 / count;
        assert!(failed.abs_diff(expected) <= if count == 1 { 0 } else { 25 }, "{count}: {failed} of 200");
    }
    let mut net = one_vnet(None);
    let (vip, _) = internal(&mut net, 1);
    assert_eq!(tcp(&net, "m0", vip, 80).verdict, "there m0: hairpin");
}
