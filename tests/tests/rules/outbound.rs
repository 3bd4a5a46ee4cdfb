//! Ways out to the Internet: azure-dataplane 4, 3.11.

use crate::{filtered, one_vnet};
use sim_core::net::{Addr, Protocol};
use sim_core::topology::{Draft, InboundNatRule, Kind, OutboundRule, PortRange, Relation, Sku, UserHop};
use vnetsim_tests::ask::{any, question, tcp};
use vnetsim_tests::net::{Net, addr};

const WORLD: Addr = Addr::v4(8, 8, 8, 8);

/// Puts `a` behind a public Standard balancer with an outbound rule.
fn outbound_rule(net: &mut Net) -> Addr {
    net.public_ip("lb-pip", "20.1.1.2", Sku::Standard);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Uses, "lb-pip"), &["a"]);
    add_outbound_rule(net);
    vip
}

/// Gives the balancer `lb` an outbound rule.
fn add_outbound_rule(net: &mut Net) {
    let rule = Draft::new("lb/out", Kind::OutboundRule(OutboundRule::default())).refer(Relation::PartOf, "lb");
    net.put(rule.refer(Relation::Listens, "lb/front").refer(Relation::Sends, "lb/pool"));
}

#[test]
fn the_order_of_outbound_methods() {
    // Tests `outbound-order`.
    // Golden 18, 4.1: NAT gateway, then the NIC's own address, then the balancer, then default access. Catches: any two
    // exchanged, a method that hides the next one when it is not there.
    for methods in 0..8 {
        let mut net = one_vnet(None);
        net.vm("a", "v/s", None);
        let mut expected = None;
        if methods & 1 != 0 {
            expected = Some(outbound_rule(&mut net));
        }
        if methods & 2 != 0 {
            expected = Some(net.public_vm("a", "20.1.1.1"));
        }
        if methods & 4 != 0 {
            expected = Some(net.nat_gateway("v/s", "20.1.1.3"));
        }
        let asked = tcp(&net, "a", WORLD, 443);
        assert_eq!(asked.verdict, "open", "{methods:03b}");
        match expected {
            Some(expected) => assert_eq!(asked.arrived.src, expected, "{methods:03b}"),
            // Default access: an address of Microsoft's, not the machine's.
            None => assert!(!vnetsim_tests::net::prefix("10.0.0.0/8").contains(asked.arrived.src)),
        }
    }
}

#[test]
fn a_network_of_a_public_range_leaves_as_any_other() {
    // Tests `outbound-own-ranges`.
    // 1.7, 4.1. Catches: the private address of a member of a balancer's pool taken for a
    // stranger's, since it is of no private range.
    type Method = fn(&mut Net) -> Addr;
    let methods: [(&str, Method); 3] = [
        ("gateway", |net| net.nat_gateway("w/s", "20.1.1.3")),
        ("own", |net| net.public_vm("a", "20.1.1.1")),
        ("balancer", outbound_rule),
    ];
    for (name, method) in methods {
        let mut net = Net::new();
        net.vnet("w", "51.4.0.0/16");
        net.subnet("w", "s", "51.4.0.0/24", None);
        net.vm("a", "w/s", None);
        net.internet_host("world", "8.8.8.8/32");
        let expected = method(&mut net);
        let asked = tcp(&net, "a", WORLD, 443);
        assert_eq!((asked.verdict.as_str(), asked.arrived.src), ("open", expected), "{name}");
    }
}

#[test]
fn default_access_is_for_open_subnets_alone() {
    // Tests `outbound-none`.
    // 4.4, golden 17 (first half). Catches: private subnets with a way out, by the system's route or by a user's.
    for user_route in [false, true] {
        let mut net = one_vnet(None);
        net.vm("a", "v/s", None);
        if user_route {
            net.routed("v/s", &[("8.8.8.0/24", UserHop::Internet)]);
        }
        assert_eq!(tcp(&net, "a", WORLD, 443).verdict, "open");
        net.private_subnet("v/s");
        assert_eq!(tcp(&net, "a", WORLD, 443).verdict, "there a: no-outbound", "{user_route}");
        net.nat_gateway("v/s", "20.1.1.3");
        assert_eq!(tcp(&net, "a", WORLD, 443).verdict, "open", "{user_route}");
    }
}

#[test]
fn a19_an_internal_standard_balancer_takes_the_way_out() {
    // Tests `outbound-default-taken`.
    // Golden 19, 3.11. Catches: default access left to members of such a pool; or taken from the machine beside it.
    for private in [false, true] {
        let mut net = one_vnet(None);
        net.vm("a", "v/s", None);
        net.vm("beside", "v/s", None);
        net.balancer("lb", Sku::Standard, (Relation::Attached, "v/s"), &["a"]);
        net.balance("lb", 80, 80, None);
        if private {
            net.private_subnet("v/s");
        } else {
            assert_eq!(tcp(&net, "beside", WORLD, 443).verdict, "open");
        }
        assert_eq!(tcp(&net, "a", WORLD, 443).verdict, "there a: no-outbound", "{private}");
        net.nat_gateway("v/s", "20.1.1.3");
        assert_eq!(tcp(&net, "a", WORLD, 443).verdict, "open", "{private}");
    }
}

#[test]
fn protocols_of_the_methods() {
    // Tests `snat-protocols`, `public-ip-one-to-one`.
    // Golden 20; 3.11, 4.2, 4.3, 4.4. Catches: echo let out by a translator of ports, or stopped at a 1:1 address.
    enum By {
        Nat,
        Own,
        Balancer,
        Default,
    }
    for (by, icmp) in [
        (By::Nat, "outbound-protocol"),
        (By::Own, "open"),
        (By::Balancer, "outbound-protocol"),
        (By::Default, "outbound-protocol"),
    ] {
        let mut net = one_vnet(None);
        net.vm("a", "v/s", None);
        match by {
            By::Nat => drop(net.nat_gateway("v/s", "20.1.1.3")),
            By::Own => drop(net.public_vm("a", "20.1.1.1")),
            By::Balancer => drop(outbound_rule(&mut net)),
            By::Default => {}
        }
        let echo = any(&net, "a", question(&net, "a", Protocol::ICMP, WORLD, 0)).verdict;
        assert!(echo.ends_with(icmp), "{echo}");
        assert_eq!(any(&net, "a", question(&net, "a", Protocol::UDP, WORLD, 53)).verdict, "open");
        assert_eq!(tcp(&net, "a", WORLD, 443).verdict, "open");
    }
}

#[test]
fn a_balancing_rule_translates_its_own_protocol() {
    // Tests `snat-own-protocol`, `snat-implied`.
    // 3.11. Catches: members of a public Standard pool on default access; a TCP rule that lets UDP out.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    net.public_ip("lb-pip", "20.1.1.2", Sku::Standard);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Uses, "lb-pip"), &["a"]);
    net.balance("lb", 80, 80, None);
    let asked = tcp(&net, "a", WORLD, 443);
    assert_eq!((asked.verdict.as_str(), asked.arrived.src), ("open", vip));
    let udp = any(&net, "a", question(&net, "a", Protocol::UDP, WORLD, 53)).verdict;
    assert_eq!(udp, "there a: outbound-protocol");
}

#[test]
fn a_rule_that_is_not_to_translate_gives_no_way_out() {
    // Tests `outbound-default-taken`, `snat-implied`.
    // 3.11: with disableOutboundSnat and no outbound rule the VM has no outbound; each rule speaks for itself. Catches: the
    // switch ignored, default access given back in its place, an outbound rule or a second balancing rule silenced with
    // it, a rule that no longer takes what comes in.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Beside {
        Nothing,
        OutboundRule,
        OpenRule,
    }
    for sku in [Sku::Standard, Sku::Basic] {
        for beside in [Beside::Nothing, Beside::OutboundRule, Beside::OpenRule] {
            if sku == Sku::Basic && beside == Beside::OutboundRule {
                continue; // Azure refuses it.
            }
            let mut net = filtered(&["100 all in allow * * -> * *"]);
            net.vm("a", "v/s", None);
            net.public_ip("lb-pip", "20.1.1.2", sku);
            let vip = net.balancer("lb", sku, (Relation::Uses, "lb-pip"), &["a"]);
            let rule = net.balance("lb", 80, 80, None);
            net.edit(&rule, |kind| {
                let Kind::BalancingRule(rule) = kind else { panic!("no rule") };
                rule.disable_outbound_snat = true;
            });
            match beside {
                Beside::Nothing => {}
                Beside::OutboundRule => add_outbound_rule(&mut net),
                Beside::OpenRule => drop(net.balance("lb", 8080, 8080, None)),
            }
            let asked = tcp(&net, "a", WORLD, 443);
            if beside == Beside::Nothing {
                assert_eq!(asked.verdict, "there a: no-outbound", "{sku:?}");
            } else {
                assert_eq!((asked.verdict.as_str(), asked.arrived.src), ("open", vip), "{sku:?} {beside:?}");
            }
            assert_eq!(tcp(&net, "world", vip, 80).verdict, "open", "{sku:?} {beside:?}");
        }
    }
}

#[test]
fn an_internal_rule_that_is_not_to_translate_changes_nothing() {
    // Tests `outbound-default-taken`.
    // 3.11: an internal frontend has no address to translate to. Catches: the switch of an internal Basic balancer's rule
    // taken for a reason to close default access.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    net.balancer("lb", Sku::Basic, (Relation::Attached, "v/s"), &["a"]);
    let rule = net.balance("lb", 80, 80, None);
    assert_eq!(tcp(&net, "a", WORLD, 443).verdict, "open");
    net.edit(&rule, |kind| {
        let Kind::BalancingRule(rule) = kind else { panic!("no rule") };
        rule.disable_outbound_snat = true;
    });
    assert_eq!(tcp(&net, "a", WORLD, 443).verdict, "open");
}

#[test]
fn an_inbound_nat_rule_gives_no_way_out() {
    // Tests `snat-implied`.
    // 3.8, 3.11 (L11). Catches: a NAT rule's frontend as source of what its machine sends.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    net.public_ip("lb-pip", "20.1.1.2", Sku::Standard);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Uses, "lb-pip"), &[]);
    let rule = InboundNatRule {
        protocol: Some(Protocol::TCP),
        frontend_ports: PortRange::one(50001),
        backend_port: 22,
        ..InboundNatRule::default()
    };
    let rule = Draft::new("lb/ssh", Kind::InboundNatRule(rule)).refer(Relation::PartOf, "lb");
    net.put(rule.refer(Relation::Listens, "lb/front").refer(Relation::Sends, "a-nic/ipconfig1"));
    assert_ne!(tcp(&net, "a", WORLD, 443).arrived.src, vip);
}

#[test]
fn a_default_route_to_an_appliance_beats_every_method() {
    // Tests `outbound-order`.
    // 4.1. Catches: a NAT gateway or a public address asked before the route.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    net.public_vm("a", "20.1.1.1");
    net.nat_gateway("v/s", "20.1.1.3");
    let nva = net.machine("nva", "v/t", None, true, None);
    net.routed("v/s", &[("0.0.0.0/0", UserHop::Appliance(net.address(nva)))]);
    let asked = tcp(&net, "a", WORLD, 443);
    assert_eq!(asked.there[..2], ["a", "nva"]);
    assert!(![addr("20.1.1.1"), addr("20.1.1.3")].contains(&asked.arrived.src), "{}", asked.arrived);
}

#[test]
fn a_nat_gateway_lets_nobody_in() {
    // Tests `nat-gateway-nothing-inward`.
    // 4.2. Catches: its address open to strangers.
    let mut net = filtered(&["100 all in allow * * -> * *"]);
    net.vm("a", "v/s", None);
    let public = net.nat_gateway("v/s", "20.1.1.3");
    let verdict = tcp(&net, "world", public, 22).verdict;
    assert!(verdict.ends_with("unknown-flow"), "{verdict}");
}

#[test]
fn answers_leave_as_the_question_came() {
    // Tests `outbound-replies-as-they-came`.
    // 4.1, last paragraph (documented default of an unsure item). Catches: answers of a public machine or a balanced one
    // translated by the subnet's NAT gateway.
    let mut net = filtered(&["100 all in allow * * -> * *"]);
    net.vm("a", "v/s", None);
    net.vm("b", "v/s", None);
    net.nat_gateway("v/s", "20.1.1.3");
    let public = net.public_vm("a", "20.1.1.1");
    net.public_ip("lb-pip", "20.1.1.2", Sku::Standard);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Uses, "lb-pip"), &["b"]);
    net.balance("lb", 80, 80, None);
    assert_eq!(tcp(&net, "world", public, 22).verdict, "open");
    assert_eq!(tcp(&net, "world", vip, 80).verdict, "open");
}
