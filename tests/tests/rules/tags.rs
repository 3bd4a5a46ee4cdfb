//! Service tags: azure-dataplane 1.7.

use crate::filtered;
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::topology::{Relation, Sku, UserHop};
use vnetsim_tests::ask::{any, question, rules_asked, tcp};
use vnetsim_tests::net::{Net, addr};

/// `web` in `v/s` under the group `g` of these rules, behind a public Standard balancer that probes port 8080.
fn public_web(rules: &[&str]) -> (Net, Addr) {
    let mut net = filtered(rules);
    net.vm("web", "v/s", None);
    net.vm("near", "v/t", None);
    net.public_ip("pip", "20.1.1.1", Sku::Standard);
    let vip = net.balancer("lb", Sku::Standard, (Relation::Uses, "pip"), &["web"]);
    net.balance("lb", 80, 80, Some(8080));
    (net, vip)
}

#[test]
fn the_balancers_tag_is_the_probe_and_never_the_client() {
    // Tests `tag-balancer`, `balancer-probe`.
    // Golden 6, 7; 1.7. Catches: clients let in as AzureLoadBalancer, probes that no rule is asked for, probes matched by
    // something wider.
    let web = "200 web in allow tcp Internet -> * 80";
    let rest = "300 rest in deny * * -> * *";
    let cases: [(&[&str], &str); 4] = [
        (&["100 lb in allow * AzureLoadBalancer -> * *", rest], "there web: security-rule subnet g/rest"),
        (&["100 no-lb in deny * AzureLoadBalancer -> * *", web], "probe web: security-rule subnet g/no-lb"),
        (&[web], "open"),
        (&[web, rest], "probe web: security-rule subnet g/rest"),
    ];
    for (rules, verdict) in cases {
        let (net, vip) = public_web(rules);
        assert_eq!(tcp(&net, "world", vip, 80).verdict, verdict, "{rules:?}");
    }
}

#[test]
fn virtual_network_holds_the_platforms_address() {
    // Tests `tag-platform-address`.
    // 1.7: the tag contains 168.63.129.16, so denying it stops the probes. Catches: a tag of VNet ranges only.
    let (net, vip) =
        public_web(&["100 no-vnet in deny * VirtualNetwork -> * *", "200 web in allow tcp Internet -> * 80"]);
    assert_eq!(tcp(&net, "world", vip, 80).verdict, "probe web: security-rule subnet g/no-vnet");
}

#[test]
fn virtual_network_and_internet_share_nothing() {
    // Tests `tag-internet`, `tag-virtual-network`.
    // 1.7. Catches: VNet addresses in Internet, public ones in VirtualNetwork, peers forgotten.
    let near = |from: &str, tag: &str| {
        let mut net = filtered(&[&format!("100 only in allow * {tag} -> * *"), "4096 rest in deny * * -> * *"]);
        net.vnet("peer", "10.7.0.0/16");
        net.vnet("other", "10.8.0.0/16");
        net.subnet("peer", "s", "10.7.0.0/24", None);
        net.peer("v", "peer");
        net.vm("peered", "peer/s", None);
        let web = net.vm("web", "v/s", None);
        let public = net.public_vm("web", "20.1.1.1");
        let to = if from == "world" { public } else { net.address(web) };
        tcp(&net, from, to, 80).verdict
    };
    let denied = "there web: security-rule subnet g/rest";
    assert_eq!(near("peered", "VirtualNetwork"), "open");
    assert_eq!(near("world", "VirtualNetwork"), denied);
    assert_eq!(near("world", "Internet"), "open");
    assert_eq!(near("peered", "Internet"), denied);
    assert_eq!(near("peered", "AzureLoadBalancer"), denied);
    assert_eq!(near("world", "AzureLoadBalancer"), denied);
}

#[test]
fn outbound_tags() {
    // Tests `tag-internet`.
    // 1.7. Catches: Internet that holds private addresses, VirtualNetwork that holds public ones.
    for (tag, world, near) in [
        ("Internet", "there a: security-rule subnet g/no", "open"),
        ("VirtualNetwork", "open", "there a: security-rule subnet g/no"),
    ] {
        let mut net = filtered(&[&format!("100 no out deny * * -> {tag} *")]);
        net.vm("a", "v/s", None);
        let b = net.vm("b", "v/t", None);
        assert_eq!(tcp(&net, "a", addr("8.8.8.8"), 80).verdict, world, "{tag}");
        assert_eq!(tcp(&net, "a", net.address(b), 80).verdict, near, "{tag}");
    }
}

#[test]
fn virtual_network_becomes_everything_under_a_default_route_to_an_appliance() {
    // Tests `tag-under-default-route`.
    // 1.7, golden 34. Catches: a tag that does not hold the subnet's user routes; one that does so for subnets
    // without such a route.
    let net = |steered: bool| {
        let mut net = filtered(&["100 no-vnet out deny * VirtualNetwork -> VirtualNetwork *"]);
        let nva = net.machine("nva", "v/t", None, true, None);
        net.vm("a", "v/s", None);
        if steered {
            net.routed("v/s", &[("0.0.0.0/0", UserHop::Appliance(net.address(nva)))]);
        }
        net
    };
    let asked = tcp(&net(true), "a", addr("8.8.8.8"), 80);
    assert!(asked.verdict.starts_with("there a: security-rule subnet g/no-vnet"), "{}", asked.verdict);
    assert_eq!(tcp(&net(false), "a", addr("8.8.8.8"), 80).verdict, "open");
}

#[test]
fn an_internet_source_passes_the_vnet_rule_behind_an_appliance() {
    // Tests `tag-under-default-route`.
    // Golden 34. Catches: the wide tag on outbound rules only.
    for (steered, rule, open) in [(true, "subnet g/AllowVnetInBound", true), (false, "subnet g/DenyAllInBound", false)]
    {
        let mut net = filtered(&[]);
        let nva = net.machine("nva", "v/t", None, true, None);
        let a = net.vm("a", "v/s", None);
        if steered {
            net.routed("v/s", &[("0.0.0.0/0", UserHop::Appliance(net.address(nva)))]);
        }
        let tuple = question(&net, "nva", Protocol::TCP, net.address(a), 80);
        let asked = any(&net, "nva", Tuple { src: addr("8.8.8.8"), ..tuple });
        assert_eq!(rules_asked(&net, &asked.walk), [rule]);
        assert_eq!(asked.walk.blockers.iter().all(|blocker| blocker.on_return), open, "{}", asked.verdict);
    }
}

#[test]
fn a_users_route_to_an_appliance_widens_the_tag_by_its_prefix() {
    // Tests `tag-virtual-network`.
    // 1.7: prefixes of user-defined routes are in the tag. Catches: a tag widened by default routes only.
    let mut net = filtered(&[]);
    net.vnet("hub", "10.9.0.0/16");
    net.subnet("hub", "s", "10.9.0.0/24", None);
    net.peer("v", "hub");
    net.take_forwarded("v/to-hub");
    let nva = net.machine("nva", "hub/s", None, true, None);
    let a = net.vm("a", "v/s", None);
    let from = |net: &Net, source: &str| {
        let tuple = question(net, "nva", Protocol::TCP, net.address(a), 80);
        let asked = any(net, "nva", Tuple { src: addr(source), ..tuple });
        rules_asked(net, &asked.walk)
    };
    assert_eq!(from(&net, "192.168.7.7"), ["subnet g/DenyAllInBound"]);
    net.routed("v/s", &[("192.168.0.0/16", UserHop::Appliance(net.address(nva)))]);
    assert_eq!(from(&net, "192.168.7.7"), ["subnet g/AllowVnetInBound"]);
    assert_eq!(from(&net, "172.16.7.7"), ["subnet g/DenyAllInBound"]);
}
