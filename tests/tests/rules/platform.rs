//! What the platform carries, and traffic of its own: azure-dataplane 1.2, 1.8.

use crate::{filtered, one_vnet};
use sim_core::assumption::Assumption;
use sim_core::explain::{Question, walk};
use sim_core::fabric::{Fabric, Facts};
use sim_core::id::PortId;
use sim_core::net::{Addr, Protocol};
use sim_core::stage::{METADATA, PLATFORM, Step};
use sim_core::topology::{Kind, UserHop};
use std::sync::Arc;
use vnetsim_tests::ask::{any, question, tcp};
use vnetsim_tests::net::{addr, facts};

#[test]
fn other_protocols_are_covered_by_assumption() {
    // 1.2, 9 (8). Tests `nsg-any-protocol`. Catches: ESP and AH let through a rule for another protocol, an answer that
    // does not say what it hangs on, a choice without effect.
    let under = |choice: &str, protocol: Protocol, rule: &[&str]| {
        let mut net = filtered(rule);
        net.vm("a", "v/t", None);
        let b = net.vm("b", "v/s", None);
        let mut other = Facts::clone(&facts());
        other.choices.set("any-protocol", choice).unwrap();
        let fabric = Arc::new(Fabric::compile(&net.topology, &Arc::new(other), 0));
        let tuple = question(&net, "a", protocol, net.address(b), 0);
        let from = net.topology.addresses_of(net.topology.find("a").unwrap().id)[0].0;
        let walk = walk(&fabric, Question { from: PortId(from.0), tuple }, |_| None);
        let mut told = walk.there.iter().flat_map(|stop| &stop.steps);
        (walk.connects(), told.any(|step| *step == Step::Assumed(Assumption::AnyProtocol)))
    };
    for protocol in [Protocol::ESP, Protocol::AH] {
        assert_eq!(under("every", protocol, &[]), (true, true));
        assert_eq!(under("tcp-udp-icmp", protocol, &[]), (false, true));
        assert_eq!(under("every", protocol, &["100 no in deny tcp * -> * *"]), (true, true));
        assert_eq!(under("every", protocol, &["100 no in deny esp * -> * *"]).0, protocol == Protocol::AH);
        assert_eq!(under("tcp-udp-icmp", protocol, &["100 yes in allow esp * -> * *"]).0, protocol == Protocol::ESP);
    }
    assert_eq!(under("tcp-udp-icmp", Protocol::UDP, &[]), (true, false));
}

#[test]
fn the_platforms_traffic_is_stopped_by_its_tags_alone() {
    // 1.8. Tests `nsg-platform-tags`, `nsg-agent-exempt`.
    // Catches: agent, metadata or names stopped by a rule for everything, or by another's tag; a route that leads them
    // away; tags that stop more than they name.
    let everything = "100 no out deny * * -> * *";
    let ask = |rule: &str, to: Addr, port: u16| {
        let mut net = filtered(&[rule]);
        net.routed("v/s", &[("0.0.0.0/0", UserHop::None)]);
        net.vm("a", "v/s", None);
        any(&net, "a", question(&net, "a", Protocol::TCP, to, port)).verdict == "open"
    };
    let tagged = |tag: &str| format!("100 no out deny * * -> {tag} *");
    let (dns, imds) = (tagged("AzurePlatformDNS"), tagged("azurePlatformIMDS"));
    for (to, port, by_dns, by_imds) in [
        (PLATFORM, 80, true, true),
        (PLATFORM, 32526, true, true),
        (PLATFORM, 53, false, true),
        (METADATA, 80, true, false),
    ] {
        assert!(ask(everything, to, port), "{to}:{port}");
        assert_eq!((ask(&dns, to, port), ask(&imds, to, port)), (by_dns, by_imds), "{to}:{port}");
    }
}

#[test]
fn activation_passes_until_its_tag_or_a_route_is_in_the_way() {
    // 1.8. Tests `nsg-licensing-exempt`. Catches: activation stopped by a rule for everything, other ports let through,
    // an exemption that outlives the default route.
    let ask = |rule: &str, steered: bool, port: u16| {
        let mut net = filtered(&[rule]);
        net.internet_host("kms", "20.118.99.224/32");
        net.edit("kms", |kind| {
            let Kind::InternetHost(host) = kind else { panic!("no host") };
            host.tags = vec!["AzurePlatformLKM".into()];
        });
        net.vm("a", "v/s", None);
        if steered {
            net.routed("v/s", &[("0.0.0.0/0", UserHop::Internet)]);
        }
        tcp(&net, "a", addr("20.118.99.224"), port).verdict
    };
    let (all, tag) = ("100 no out deny * * -> * *", "100 no out deny * * -> AzurePlatformLKM *");
    let denied = "there a: security-rule subnet g/no";
    for (rule, steered, port, verdict) in [
        (all, false, 1688, "open"),
        (all, false, 1689, denied),
        (all, true, 1688, denied),
        (tag, false, 1688, denied),
        (tag, true, 1688, denied),
    ] {
        assert_eq!(ask(rule, steered, port), verdict, "{rule} {steered} {port}");
    }
}

#[test]
fn mail_to_the_internet_hangs_on_the_subscription() {
    // 1.8. Tests `nsg-smtp-blocked`. Catches: other ports of mail blocked, mail inside a network blocked, an answer that
    // does not say what it hangs on.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    let b = net.vm("b", "v/t", None);
    let world = addr("8.8.8.8");
    let asked = tcp(&net, "a", world, 25);
    assert_eq!(asked.verdict, "there a: smtp-blocked");
    let mut steps = asked.walk.there.iter().flat_map(|stop| &stop.steps);
    assert!(steps.any(|step| *step == Step::Assumed(Assumption::SmtpOutbound)));
    assert_eq!(tcp(&net, "a", world, 587).verdict, "open");
    assert_eq!(tcp(&net, "a", net.address(b), 25).verdict, "open");
    let mut other = Facts::clone(&facts());
    other.choices.set("smtp-outbound", "open").unwrap();
    let fabric = Arc::new(Fabric::compile(&net.topology, &Arc::new(other), 0));
    assert!(walk(&fabric, asked.walk.question, |_| None).connects());
}

#[test]
fn the_host_keeps_a_source_port() {
    // 1.8. Tests `nsg-not-carried`. Catches: UDP from the host's own port carried, TCP from it dropped.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    let b = net.vm("b", "v/t", None);
    for (protocol, source, port, open) in [
        (Protocol::UDP, 65330, 53, false),
        (Protocol::UDP, 65331, 53, true),
        (Protocol::TCP, 65330, 53, true),
        (Protocol::GRE, 0, 0, false),
        (Protocol(4), 0, 0, false),
    ] {
        let tuple = question(&net, "a", protocol, net.address(b), port);
        let verdict = any(&net, "a", sim_core::net::Tuple { src_port: source, ..tuple }).verdict;
        assert_eq!(verdict, if open { "open" } else { "there a: not-carried" }, "{protocol} {source}");
    }
}
