//! Security admin rules of a network manager: azure-dataplane 1.3.

use crate::{filtered, one_vnet};
use sim_core::assumption::Assumption;
use sim_core::fabric::{Fabric, Facts};
use sim_core::stage::Step;
use sim_core::topology::{AdminRules, Kind, OverIntentPolicies};
use std::sync::Arc;
use vnetsim_tests::ask::{any, question, rules_asked, tcp};
use vnetsim_tests::net::{addr, facts};

#[test]
fn admin_rules_come_before_groups() {
    // Golden 36, 1.3. Tests `nsg-admin-first`.
    // Catches: admin rules asked after the groups, Allow that ends the evaluation, AlwaysAllow that does not, a Deny that
    // a group's rule beats.
    let allowing = "100 ssh in allow tcp * -> * 22";
    let denying = "100 no-ssh in deny tcp * -> * 22";
    let cases = [
        (denying, "200 m in always tcp * -> * 22", "open", "admin m/m"),
        (denying, "200 m in allow tcp * -> * 22", "there b: security-rule subnet g/no-ssh", "subnet g/no-ssh"),
        (allowing, "200 m in deny tcp * -> * 22", "there b: admin-rule admin m/m", "subnet g/ssh"),
        (allowing, "200 m in deny tcp * -> * 23", "open", "subnet g/ssh"),
        (denying, "200 m out always tcp * -> * 22", "there b: security-rule subnet g/no-ssh", "subnet g/no-ssh"),
    ];
    for (group, admin, verdict, last) in cases {
        let mut net = filtered(&[group]);
        net.admin_rules("m", "v", &[admin]);
        net.vm("a", "v/t", None);
        let b = net.vm("b", "v/s", None);
        let asked = tcp(&net, "a", net.address(b), 22);
        assert_eq!(asked.verdict, verdict, "{group} under {admin}");
        assert_eq!(rules_asked(&net, &asked.walk).last().unwrap(), last, "{group} under {admin}");
    }
}

#[test]
fn admin_rules_need_no_group_and_hold_both_ways() {
    // 1.3. Tests `nsg-admin-first`.
    // Catches: admin rules that hang on a security group, outbound rules not asked, rules that reach beyond the VNet.
    let mut net = one_vnet(None);
    net.admin_rules("m", "v", &["1 no-web out deny tcp * -> * 80", "2 no-dns in deny udp * -> * 53"]);
    net.vnet("w", "10.9.0.0/16");
    net.subnet("w", "s", "10.9.0.0/24", None);
    net.vm("a", "v/s", None);
    net.vm("c", "w/s", None);
    let b = net.vm("b", "v/t", None);
    assert_eq!(tcp(&net, "a", addr("8.8.8.8"), 80).verdict, "there a: admin-rule admin m/no-web");
    assert_eq!(tcp(&net, "a", addr("8.8.8.8"), 443).verdict, "open");
    assert_eq!(tcp(&net, "c", addr("8.8.8.8"), 80).verdict, "open");
    let dns = question(&net, "a", sim_core::net::Protocol::UDP, net.address(b), 53);
    assert_eq!(any(&net, "a", dns).verdict, "there b: admin-rule admin m/no-dns");
}

#[test]
fn the_lowest_number_of_all_collections_decides() {
    // 1.3: 1 to 4096, lower first. Tests `nsg-admin-first`.
    // Catches: collections asked one after the other, a collection's own order kept.
    for (first, second, verdict) in [
        ("300 yes in always * * -> * *", "200 no in deny * * -> * *", "there b: admin-rule admin n/no"),
        ("100 yes in always * * -> * *", "200 no in deny * * -> * *", "open"),
    ] {
        let mut net = one_vnet(None);
        net.admin_rules("m", "v", &["4096 last in deny * * -> * *", first]);
        net.admin_rules("n", "v", &[second]);
        net.vm("a", "v/s", None);
        let b = net.vm("b", "v/t", None);
        assert_eq!(tcp(&net, "a", net.address(b), 22).verdict, verdict, "{first} and {second}");
    }
}

#[test]
fn networks_with_intent_policies_are_spared() {
    // 1.3. Tests `nsg-admin-intent-policies`.
    // Catches: a managed instance's VNet governed like any other, the configuration's setting not read.
    let rules = ["100 no in deny tcp * -> * 22", "200 yes in always tcp * -> * 80"];
    let asked = |over: OverIntentPolicies, delegation: Option<&str>, port: u16| {
        let mut net = filtered(&["100 no-web in deny tcp * -> * 80"]);
        net.admin_rules("m", "v", &rules);
        net.edit("m", |kind| {
            let Kind::AdminRules(AdminRules { over_intent_policies, .. }) = kind else { panic!("no admin rules") };
            *over_intent_policies = over;
        });
        net.edit("v/t", |kind| {
            let Kind::Subnet(subnet) = kind else { panic!("no subnet") };
            subnet.delegation = delegation.map(str::to_owned);
        });
        net.vm("a", "v/s", None);
        let b = net.vm("b", "v/s", None);
        tcp(&net, "a", net.address(b), port).verdict == "open"
    };
    let instance = Some("Microsoft.SQL/managedInstances");
    use OverIntentPolicies::{Allowing, Everything, Nothing};
    for (over, delegation, ssh, web) in [
        (Nothing, None, false, true),
        (Nothing, Some("Microsoft.Web/serverFarms"), false, true),
        (Nothing, instance, true, false),
        (Allowing, instance, true, true),
        (Everything, instance, false, true),
    ] {
        let found = (asked(over, delegation, 22), asked(over, delegation, 80));
        assert_eq!(found, (ssh, web), "{over:?} {delegation:?}");
    }
}

#[test]
fn what_admin_rules_decide_hangs_on_their_being_deployed() {
    // Catches: an answer that does not say so, a choice that changes nothing.
    let mut net = one_vnet(None);
    net.admin_rules("m", "v", &["1 no-web in deny tcp * -> * 80"]);
    net.vm("a", "v/s", None);
    let b = net.vm("b", "v/t", None);
    let asked = tcp(&net, "a", net.address(b), 80);
    let steps = || asked.walk.there.iter().flat_map(|stop| &stop.steps);
    assert!(steps().any(|step| *step == Step::Assumed(Assumption::AdminRulesDeployed)));
    let mut other = Facts::clone(&facts());
    other.choices.set("admin-rules-deployed", "declared-only").unwrap();
    let fabric = Arc::new(Fabric::compile(&net.topology, &Arc::new(other), 0));
    let walk = sim_core::explain::walk(&fabric, asked.walk.question, |_| None);
    assert!(walk.connects(), "{:?}", walk.blockers);
}
