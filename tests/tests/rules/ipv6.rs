//! IPv6 beside IPv4: azure-dataplane 2.1, 2.7, 2.8, 3.4, 4.2 and 4.4.

use crate::one_vnet;
use sim_core::net::{Addr, Protocol};
use sim_core::topology::{Draft, IpConfig, Kind, OutboundRule, Relation, Sku, UserHop};
use vnetsim_tests::ask::{any, question, tcp};
use vnetsim_tests::dual::config6_of;
use vnetsim_tests::net::{Net, addr};

/// The network of [`one_vnet`] with a second range in `v`, `v/s` and `v/t`, and a host on the Internet of either family.
fn dual_stack() -> Net {
    let mut net = one_vnet(None);
    net.widen("v", "fd00:1::/48");
    net.widen("v/s", "fd00:1::/64");
    net.widen("v/t", "fd00:1:0:1::/64");
    net.internet_host("world6", "2001:4860:4860::8888/128");
    net
}

fn world6() -> Addr {
    addr("2001:4860:4860::8888")
}

#[test]
fn addresses_are_the_lowest_free_ones_of_their_family() {
    // Tests `address-lowest-free`. Catches: an IPv6 address from an IPv4 range, one of the first four of a /64, an
    // IPv4 address that skips one for its twin.
    let mut net = dual_stack();
    let (a, b) = (net.vm("a", "v/s", None), net.vm("b", "v/s", None));
    assert_eq!((net.dual("a"), net.dual("b")), (addr("fd00:1::4"), addr("fd00:1::5")));
    assert_eq!((net.address(a), net.address(b)), (addr("10.0.0.4"), addr("10.0.0.5")));
    net.vm("c", "v/t", None);
    assert_eq!(net.dual("c"), addr("fd00:1:0:1::4"));
    for (wanted, code) in [
        ("fd00:1::3", "PrivateIPAddressInReservedRange"),
        ("fd00:1::5", "PrivateIPAddressIsAllocated"),
        ("fd00:1:0:1::9", "PrivateIPAddressNotInSubnet"),
    ] {
        let config = IpConfig { requested: Some(addr(wanted)), v6: true, ..IpConfig::default() };
        let draft = Draft::new(config6_of("a"), Kind::IpConfig(config));
        let put = net.topology.put(draft.refer(Relation::PartOf, "a-nic").refer(Relation::Attached, "v/s"));
        assert_eq!(put.unwrap_err().code, code, "{wanted}");
    }
}

#[test]
fn families_have_rules_of_their_own() {
    // 1.2, 1.7. Catches: `::/0` that takes IPv4 with it or `10.0.0.0/8` IPv6, a tag without the network's second range,
    // ICMP rules that miss IPv6's.
    let both = |rule: &str| {
        let mut net = dual_stack();
        net.group("g", &["4000 rest in deny * * -> * *", rule]);
        let (a, b) = (net.vm("a", "v/s", None), net.vm("b", "v/t", Some("g")));
        let _ = a;
        net.dual("a");
        let b6 = net.dual("b");
        let ping = any(&net, "a", question(&net, "a", Protocol::ICMPV6, b6, 0)).verdict == "open";
        [tcp(&net, "a", net.address(b), 22).verdict == "open", tcp(&net, "a", b6, 22).verdict == "open", ping]
    };
    for (rule, open) in [
        ("100 r in allow tcp * -> * 22", [true, true, false]),
        ("100 r in allow tcp ::/0 -> * 22", [false, true, false]),
        ("100 r in allow tcp 10.0.0.0/8 -> * 22", [true, false, false]),
        ("100 r in allow * fd00:1::/64 -> fd00:1:0:1::4/128 *", [false, true, true]),
        ("100 r in allow tcp VirtualNetwork -> VirtualNetwork 22", [true, true, false]),
        ("100 r in allow icmp * -> * *", [false, false, true]),
    ] {
        assert_eq!(both(rule), open, "{rule}");
    }
}

#[test]
fn there_is_no_default_access_for_ipv6() {
    // Tests `ipv6-outbound`, `ipv6-default-route`. Catches: IPv6 translated to an IPv4 address, a NAT gateway of the first
    // version that takes it, a way out by an IPv4 balancer, IPv4 that loses its own way out.
    let out = |prepare: &dyn Fn(&mut Net) -> Option<Addr>| {
        let mut net = dual_stack();
        net.vm("a", "v/s", None);
        net.dual("a");
        let expected = prepare(&mut net);
        assert_eq!(tcp(&net, "a", addr("8.8.8.8"), 443).verdict, "open");
        let asked = tcp(&net, "a", world6(), 443);
        match expected {
            Some(expected) => assert_eq!((asked.verdict.as_str(), asked.arrived.src), ("open", expected)),
            None => assert_eq!(asked.verdict, "there a: no-outbound"),
        }
    };
    out(&|_| None);
    out(&|net| {
        net.nat_gateway("v/s", "20.0.0.9");
        None
    });
    out(&|net| Some(net.nat_gateway6("v/s")));
    out(&|net| {
        let public = net.public6("pip6");
        net.link(&config6_of("a"), Relation::Uses, "pip6");
        Some(public)
    });
    out(&|net| {
        net.public_ip("lb-pip", "20.1.1.2", Sku::Standard);
        net.balancer("lb", Sku::Standard, (Relation::Uses, "lb-pip"), &["a"]);
        let outbound = |name: &str, front: &str, pool: &str| {
            let rule = Draft::new(name, Kind::OutboundRule(OutboundRule::default())).refer(Relation::PartOf, "lb");
            rule.refer(Relation::Listens, front).refer(Relation::Sends, pool)
        };
        net.put(outbound("lb/out", "lb/front", "lb/pool"));
        let public = net.public6("lb-pip6");
        net.balancer6("lb", (Relation::Uses, "lb-pip6"), &["a"]);
        net.put(outbound("lb/out6", "lb/front6", "lb/pool6"));
        Some(public)
    });
}

#[test]
fn routes_of_one_family_leave_the_other_alone() {
    // Tests `ipv6-default-route`. Catches: a default route of IPv6 that withdraws the None routes of IPv4 or carries its
    // packets, and the other way round; an appliance without the address the route names.
    let mut net = dual_stack();
    net.vm("a", "v/s", None);
    net.machine("nva", "v/t", None, true, None);
    net.dual("a");
    let nva6 = net.dual("nva");
    net.public6("pip6");
    net.link(&config6_of("nva"), Relation::Uses, "pip6");
    let nva4 = addr("10.0.1.4");
    net.routed("v/s", &[("::/0", UserHop::Appliance(nva6))]);
    assert_eq!(tcp(&net, "a", addr("8.8.8.8"), 443).there, ["a", "v/s", "world"]);
    assert_eq!(tcp(&net, "a", addr("10.9.0.4"), 443).verdict, "there a: route-to-none");
    let there = any(&net, "a", question(&net, "a", Protocol::TCP, world6(), 443)).there;
    assert_eq!(there[..2], ["a", "nva"]);
    net.routed("v/s", &[("0.0.0.0/0", UserHop::Appliance(nva4))]);
    assert_eq!(tcp(&net, "a", world6(), 443).verdict, "there a: no-outbound");
}

#[test]
fn balancers_send_to_their_own_family() {
    // Tests `ipv6-balancer-family`, `ipv6-probe-source`. Catches: an IPv6 frontend that sends to IPv4 addresses of its
    // pool, probes of IPv6 backends from 168.63.129.16, a tag that does not hold where they come from, replies that leave
    // in the backend's name where the network's range is one of the Internet's.
    for (range, public) in [("fd00:1", false), ("2603:10a0", false), ("fd00:1", true)] {
        for (rule, verdict) in [
            ("100 all in allow tcp * -> * *", "open"),
            ("100 probe in allow tcp AzureLoadBalancer -> * 8080", "there m: security-rule subnet g/DenyAllInBound"),
            ("100 client in allow tcp * -> * 8080", "open"),
            ("100 no in deny * AzureLoadBalancer -> * *", "probe m: security-rule subnet g/no"),
        ] {
            let mut net = Net::new();
            let clients = "200 clients in allow tcp 2000::/3 -> * 8080";
            net.group("g", &[rule, clients][..1 + usize::from(rule.contains("deny"))]);
            net.vnet("v", "10.0.0.0/16");
            net.subnet("v", "s", "10.0.0.0/24", Some("g"));
            net.widen("v", &format!("{range}::/48"));
            net.widen("v/s", &format!("{range}::/64"));
            net.internet_host("world6", "2001:4860:4860::8888/128");
            net.vm("m", "v/s", None);
            net.dual("m");
            net.public_ip("pip", "20.1.1.2", Sku::Standard);
            net.public6("pip6");
            let [at4, at] = match public {
                true => ["pip", "pip6"].map(|name| (Relation::Uses, name)),
                false => [(Relation::Attached, "v/s"); 2],
            };
            net.balancer("lb", Sku::Standard, at4, &["m"]);
            let vip = net.balancer6("lb", at, &["m"]);
            // A pool of both families: the frontend takes what is its own.
            net.also("m-nic/ipconfig1", Relation::MemberOf, "lb/pool6");
            let of6 = net.balance("lb", 80, 8080, Some(8080));
            net.rule_to6(&of6, "lb");
            if public {
                assert_eq!(tcp(&net, "world6", vip, 80).verdict, verdict, "{range} {rule}");
                continue;
            }
            net.subnet("v", "t", "10.0.1.0/24", None);
            net.widen("v/t", &format!("{range}:0:1::/64"));
            net.vm("client", "v/t", None);
            net.dual("client");
            let inside = ["all", "probe", "client"].iter().any(|it| rule.contains(it)) || range.starts_with('2');
            // VirtualNetwork admits clients inside anyway.
            let verdict = if inside && !rule.contains("deny") { "open" } else { "probe m: security-rule subnet g/no" };
            assert_eq!(tcp(&net, "client", vip, 80).verdict, verdict, "{range} {rule}");
        }
    }
}

#[test]
fn peerings_may_be_of_ipv6_alone() {
    // Tests `ipv6-only-peering`. Catches: second ranges that a peering leaves out, and IPv4 through a peering of IPv6.
    let mut net = dual_stack();
    net.vnet("w", "10.1.0.0/16");
    net.subnet("w", "s", "10.1.0.0/24", None);
    net.widen("w", "fd00:2::/48");
    net.widen("w/s", "fd00:2::/64");
    net.peer("v", "w");
    net.vm("a", "v/s", None);
    let b = net.vm("b", "w/s", None);
    net.dual("a");
    let b6 = net.dual("b");
    for verdict in ["open", "there a: route-to-none"] {
        assert_eq!(tcp(&net, "a", net.address(b), 22).verdict, verdict);
        assert_eq!(tcp(&net, "a", b6, 22).verdict, "open");
        net.peer_v6_alone("v", "w");
    }
}
