//! Security groups: azure-dataplane 1.1 to 1.4, 1.6, 1.8, 3.9.

use crate::{add_vnet, filtered, one_vnet};
use sim_core::net::{Protocol, Tuple};
use sim_core::topology::{Draft, Kind, Nsg, Peer, PortRange, Relation, Sku, UserHop};
use vnetsim_tests::ask::{SOURCE_PORT, any, question, tcp};
use vnetsim_tests::net::{Net, addr};
use vnetsim_tests::parts::{config_of, rules};

#[test]
fn a_user_rule_blocks_neighbours_in_one_subnet_both_ways() {
    // Tests `nsg-inbound-order`.
    // Golden 1, 1.3. Catches: traffic inside a subnet that no rule is asked for, default rules before user rules.
    let mut net = filtered(&["4000 deny-all in deny * * -> * *"]);
    let (a, b) = (net.vm("a", "v/s", None), net.vm("b", "v/s", None));
    assert_eq!(tcp(&net, "a", net.address(b), 22).verdict, "there b: security-rule subnet g/deny-all");
    assert_eq!(tcp(&net, "b", net.address(a), 22).verdict, "there a: security-rule subnet g/deny-all");
}

#[test]
fn the_sender_of_one_subnet_is_filtered_too() {
    // Tests `nsg-outbound-order`.
    // 1.3. Catches: outbound rules that are asked only when a packet leaves the subnet.
    let mut net = filtered(&["100 no-out out deny * * -> * *"]);
    net.vm("a", "v/s", None);
    let b = net.vm("b", "v/s", None);
    assert_eq!(tcp(&net, "a", net.address(b), 22).verdict, "there a: security-rule subnet g/no-out");
}

#[test]
fn both_levels_must_allow() {
    // Tests `nsg-default-rules`, `nsg-inbound-order`, `nsg-outbound-order`.
    // Golden 2, 1.3. Catches: an allowing subnet group that spares the NIC's group, and the other way round; levels asked
    // in the wrong order: inbound the subnet's first, outbound the NIC's first.
    let allow = "100 web in allow tcp Internet -> * 80";
    let deny = "100 no-web in deny tcp * -> * 80";
    let cases: [(&[&str], &[&str], &str); 4] = [
        (&[allow], &[], "there web: security-rule nic n/DenyAllInBound"),
        (&[], &[allow], "there web: security-rule subnet g/DenyAllInBound"),
        (&[allow], &[allow], "open"),
        (&[deny], &[deny], "there web: security-rule subnet g/no-web; there web: security-rule nic n/no-web"),
    ];
    for (subnet, nic, verdict) in cases {
        let mut net = filtered(subnet);
        net.group("n", nic);
        net.vm("web", "v/s", Some("n"));
        let public = net.public_vm("web", "20.1.1.1");
        assert_eq!(tcp(&net, "world", public, 80).verdict, verdict, "{subnet:?} {nic:?}");
    }
    let deny = ["100 no-web out deny tcp * -> * 80"];
    let mut net = filtered(&deny);
    net.group("n", &deny);
    net.vm("a", "v/s", Some("n"));
    let verdict = "there a: security-rule nic n/no-web; there a: security-rule subnet g/no-web";
    assert_eq!(tcp(&net, "a", addr("8.8.8.8"), 80).verdict, verdict);
}

#[test]
fn an_outbound_deny_names_the_subnets_rule() {
    // Tests `nsg-default-rules`.
    // Golden 3. Catches: outbound subnet rules not asked, a rule for one port that blocks others.
    let mut net = filtered(&["200 no-https out deny tcp * -> * 443"]);
    net.vm("a", "v/s", None);
    let there = |port| tcp(&net, "a", addr("8.8.8.8"), port).verdict;
    assert_eq!(there(443), "there a: security-rule subnet g/no-https");
    assert_eq!(there(80), "open");
}

#[test]
fn inbound_rules_see_private_addresses() {
    // Tests `nsg-inbound-view`.
    // Golden 4, 1.3. Catches: inbound rules asked before the public address is translated.
    for (destination, verdict) in
        [("20.1.1.1/32", "there web: security-rule subnet g/DenyAllInBound"), ("10.0.0.4/32", "open")]
    {
        let mut net = filtered(&[&format!("100 web in allow tcp Internet -> {destination} 80")]);
        net.vm("web", "v/s", None);
        let public = net.public_vm("web", "20.1.1.1");
        assert_eq!(tcp(&net, "world", public, 80).verdict, verdict, "{destination}");
    }
}

#[test]
fn outbound_rules_see_private_addresses() {
    // Tests `nsg-outbound-order`.
    // 1.3. Catches: outbound rules asked after the source was translated.
    for (source, verdict) in [("20.1.1.1/32", "open"), ("10.0.0.4/32", "there a: security-rule subnet g/no")] {
        let mut net = filtered(&[&format!("100 no out deny * {source} -> * *")]);
        net.vm("a", "v/s", None);
        net.public_vm("a", "20.1.1.1");
        assert_eq!(tcp(&net, "a", addr("8.8.8.8"), 80).verdict, verdict, "{source}");
    }
}

#[test]
fn the_lowest_number_decides_wherever_it_is_written() {
    // Tests `nsg-first-match`.
    // 1.2: first match by priority. Catches: rules in the order of the file, a deny that beats an earlier allow.
    let cases: [(&[&str], &str); 3] = [
        (&["200 no in deny * * -> * *", "100 yes in allow * * -> * *"], "open"),
        (&["200 yes in allow * * -> * *", "100 no in deny * * -> * *"], "there b: security-rule subnet g/no"),
        (&["4096 no in deny * * -> * *"], "there b: security-rule subnet g/no"),
    ];
    for (rules, verdict) in cases {
        let mut net = filtered(rules);
        net.vm("a", "v/t", None);
        let b = net.vm("b", "v/s", None);
        assert_eq!(tcp(&net, "a", net.address(b), 22).verdict, verdict, "{rules:?}");
    }
}

#[test]
fn a_rule_matches_by_protocol_port_and_both_ends() {
    // Tests `nsg-rule-fields`.
    // 1.2. Catches: a field of the tuple that is not compared, or the ends exchanged.
    let cases = [
        ("tcp 10.0.1.4/32 -> 10.0.0.4/32 22", true),
        ("tcp 10.0.1.0/24 -> 10.0.0.0/24 20-22", true),
        ("udp 10.0.1.4/32 -> 10.0.0.4/32 22", false),
        ("tcp 10.0.0.4/32 -> 10.0.1.4/32 22", false),
        ("tcp 10.0.1.5/32 -> * 22", false),
        ("tcp * -> 10.0.0.5/32 22", false),
        ("tcp * -> * 23-65535", false),
        ("* * -> * 0-65535", true),
    ];
    for (matcher, matches) in cases {
        let mut net = filtered(&[&format!("100 no in deny {matcher}")]);
        net.vm("a", "v/t", None);
        let b = net.vm("b", "v/s", None);
        let verdict = if matches { "there b: security-rule subnet g/no" } else { "open" };
        assert_eq!(tcp(&net, "a", net.address(b), 22).verdict, verdict, "{matcher}");
    }
}

#[test]
fn a_source_port_is_part_of_the_match() {
    // Tests `nsg-rule-fields`.
    // 1.2. Catches: source ports not looked at, or compared with the destination's.
    for (port, verdict) in [(SOURCE_PORT, "there b: security-rule subnet g/no"), (22, "open")] {
        let mut net = filtered(&[]);
        let mut no = rules(&["100 no in deny tcp * -> * *"]);
        no[0].source_ports = vec![PortRange::one(port)];
        net.nsg("g", no);
        net.vm("a", "v/t", None);
        let b = net.vm("b", "v/s", None);
        let asked = any(&net, "a", question(&net, "a", Protocol::TCP, net.address(b), 22));
        assert_eq!(asked.verdict, verdict, "{port}");
    }
}

#[test]
fn a_rule_for_icmp_is_for_pings_alone() {
    // 1.2, 5.4. Tests `nsg-icmp`. Catches: a rule for ICMP that stops TCP and UDP, or that looks at ports which ICMP does
    // not have, as if they were types.
    let mut net = filtered(&["100 no-ping in deny icmp * -> * *"]);
    net.vm("a", "v/t", None);
    let b = net.vm("b", "v/s", None);
    let to = net.address(b);
    for (protocol, types, verdict) in [
        (Protocol::ICMP, [0, 8, 13], "there b: security-rule subnet g/no-ping"),
        (Protocol::TCP, [22, 80, 443], "open"),
        (Protocol::UDP, [53, 123, 500], "open"),
    ] {
        for port in types {
            let asked = any(&net, "a", question(&net, "a", protocol, to, port));
            assert_eq!(asked.verdict, verdict, "{protocol} {port}");
        }
    }
}

#[test]
fn replies_need_no_rule() {
    // Tests `nsg-known-flows`.
    // 1.4. Catches: stateless rules, at the answering machine and at the asking one.
    let mut net = filtered(&["100 no-out out deny * * -> * *"]);
    net.group("quiet", &["100 no-in in deny * * -> * *"]);
    net.vm("a", "v/t", Some("quiet"));
    let b = net.vm("b", "v/s", None);
    assert_eq!(tcp(&net, "a", net.address(b), 22).verdict, "open");
}

#[test]
fn no_group_at_all_lets_the_vnet_in_and_not_the_internet() {
    // Tests `public-ip-closed`.
    // Golden 22, 1.3, 3.9. Catches: Standard public addresses open without a group, Basic ones closed, a VNet closed.
    for (sku, verdict) in [(Sku::Standard, "there web: closed-by-default"), (Sku::Basic, "open")] {
        let mut net = one_vnet(None);
        net.vm("a", "v/t", None);
        let web = net.vm("web", "v/s", None);
        let public = net.public_ip("pip", "20.1.1.1", sku);
        net.link("web-nic/ipconfig1", Relation::Uses, "pip");
        assert_eq!(tcp(&net, "world", public, 80).verdict, verdict, "{sku:?}");
        assert_eq!(tcp(&net, "a", net.address(web), 80).verdict, "open", "{sku:?}");
    }
    // One group at either level is enough to open it, if it allows.
    for (subnet, nic) in [(Some("g"), None), (None, Some("g"))] {
        let mut net = Net::new();
        net.group("g", &["100 web in allow tcp Internet -> * 80"]);
        add_vnet(&mut net, subnet);
        net.vm("web", "v/s", nic);
        let public = net.public_vm("web", "20.1.1.1");
        assert_eq!(tcp(&net, "world", public, 80).verdict, "open");
        assert!(tcp(&net, "world", public, 443).verdict.ends_with("g/DenyAllInBound"));
    }
}

#[test]
fn rules_by_application_group_hold_for_members_only() {
    // Tests `nsg-asg-members`.
    // Golden 35, 1.6. Catches: members not resolved, every NIC of the subnet taken for a member, groups only on one end.
    let mut net = Net::new();
    add_vnet(&mut net, None);
    net.asg("web", &[]);
    net.asg("db", &[]);
    net.group(
        "g",
        &[
            "100 web in allow tcp * -> asg:web 80",
            "110 db in allow tcp asg:web -> asg:db 1433",
            "4096 rest in deny * * -> * *",
        ],
    );
    net.link("v/s", Relation::FilteredBy, "g");
    for name in ["web1", "db1", "other"] {
        net.vm(name, "v/s", None);
    }
    net.vm("client", "v/t", None);
    net.asg("web", &["web1"]);
    net.asg("db", &["db1"]);
    let at = |name: &str| net.topology.addresses_of(net.topology.find(name).unwrap().id)[0].1;
    let cases = [
        ("client", "web1", 80, "open"),
        ("client", "other", 80, "there other: security-rule subnet g/rest"),
        ("web1", "db1", 1433, "open"),
        ("other", "db1", 1433, "there db1: security-rule subnet g/rest"),
        ("client", "db1", 1433, "there db1: security-rule subnet g/rest"),
        ("db1", "web1", 1433, "there web1: security-rule subnet g/rest"),
    ];
    for (from, to, port, verdict) in cases {
        assert_eq!(tcp(&net, from, at(to), port).verdict, verdict, "{from} {to}");
    }
}

#[test]
fn what_the_platform_carries() {
    // Tests `nsg-not-carried`.
    // 1.8. Catches: multicast, broadcast, tunnels and the host's own port let through; ESP, AH, ICMP stopped.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    let b = net.vm("b", "v/s", None);
    let at = net.address(b);
    let (other, all) = (addr("224.0.0.1"), addr("255.255.255.255"));
    let plain = |protocol, dst| question(&net, "a", protocol, dst, if protocol == Protocol::UDP { 53 } else { 0 });
    let reserved = Tuple { src_port: 65330, ..plain(Protocol::UDP, at) };
    let tcp_there = Tuple { src_port: 65330, dst_port: 22, ..plain(Protocol::TCP, at) };
    let cases = [
        ("multicast", plain(Protocol::UDP, other), "there a: not-carried"),
        ("broadcast", plain(Protocol::UDP, all), "there a: not-carried"),
        ("GRE", plain(Protocol::GRE, at), "there a: not-carried"),
        ("IP in IP", plain(Protocol(4), at), "there a: not-carried"),
        ("UDP from 65330", reserved, "there a: not-carried"),
        ("TCP from 65330", tcp_there, "open"),
        ("UDP", plain(Protocol::UDP, at), "open"),
        ("ICMP", plain(Protocol::ICMP, at), "open"),
        ("ESP", plain(Protocol::ESP, at), "open"),
        ("AH", plain(Protocol::AH, at), "open"),
    ];
    for (what, tuple, verdict) in cases {
        assert_eq!(any(&net, "a", tuple).verdict, verdict, "{what}");
    }
}

#[test]
fn the_gateway_address_answers_no_one() {
    // Tests `route-gateway-address-silent`.
    // Golden 32, 1.8. Catches: .1 given to a machine, or answered by the platform.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    let asked = any(&net, "a", question(&net, "a", Protocol::ICMP, addr("10.0.0.1"), 0));
    assert_eq!(asked.verdict, "there a: no-answer");
}

#[test]
fn a_foreign_source_needs_ip_forwarding() {
    // Tests `forwarding-departure`.
    // 2.3, 7 step 1. Catches: spoofed sources let out of an ordinary NIC.
    for (forwards, verdict) in [(false, "there a: forwarding-off"), (true, "open there")] {
        let mut net = one_vnet(None);
        net.machine("a", "v/s", None, forwards, None);
        let b = net.vm("b", "v/t", None);
        let tuple = question(&net, "a", Protocol::TCP, net.address(b), 22);
        let asked = any(&net, "a", Tuple { src: addr("10.0.0.77"), ..tuple });
        let there: Vec<_> = asked.walk.blockers.iter().filter(|blocker| !blocker.on_return).collect();
        let seen = if there.is_empty() { "open there" } else { asked.verdict.split(';').next().unwrap() };
        assert_eq!(seen, verdict);
    }
}

#[test]
fn the_platform_address_is_beyond_rules_and_routes() {
    // Tests `nsg-platform-tags`, `nsg-agent-exempt`, `nsg-platform-dns-levels`.
    // 1.8: agent ports and DNS to 168.63.129.16 meet neither rules nor user routes. Catches: a deny-all that cuts a
    // machine off its host, a route that carries it away; a tag AzurePlatformDNS that does nothing.
    let mut net = filtered(&["100 no-out out deny * * -> * *"]);
    net.routed("v/s", &[("0.0.0.0/0", UserHop::None)]);
    net.vm("a", "v/s", None);
    let host = addr("168.63.129.16");
    for (protocol, port) in [(Protocol::TCP, 80), (Protocol::TCP, 32526), (Protocol::UDP, 53), (Protocol::TCP, 53)] {
        let asked = any(&net, "a", question(&net, "a", protocol, host, port));
        assert_eq!(asked.verdict, "open", "{protocol} {port}");
    }
    for (subnet, nic, verdict) in [
        (Some("g"), None, "there a: security-rule subnet g/no-dns"),
        (None, Some("g"), "there a: security-rule nic g/no-dns"),
    ] {
        let mut net = Net::new();
        net.group("g", &["100 no-dns out deny * * -> AzurePlatformDNS *"]);
        add_vnet(&mut net, subnet);
        net.vm("a", "v/s", nic);
        let asked = any(&net, "a", question(&net, "a", Protocol::UDP, host, 53));
        assert_eq!(asked.verdict, verdict);
    }
}

#[test]
fn a_group_reaches_one_network_only() {
    // 1.6. Tests `refuse-asg-members`, `refuse-rule-asg-networks`.
    // Catches: groups over several VNets that are taken, one VNet's refused, an address that may not be put again.
    let net = || {
        let mut net = one_vnet(None);
        net.vnet("w", "10.9.0.0/16");
        net.subnet("w", "s", "10.9.0.0/24", None);
        for (vm, subnet) in [("a", "v/s"), ("b", "v/t"), ("c", "w/s")] {
            net.vm(vm, subnet, None);
        }
        net.asg("near", &["a", "b"]);
        net.asg("far", &["c"]);
        net.asg("empty", &[]);
        net
    };
    let code = |net: &mut Net, draft: Draft| net.topology.put(draft).map_err(|refusal| refusal.code);
    let join = |net: &Net, vm: &str, group: &str| {
        let found = net.topology.find(&config_of(vm)).unwrap();
        net.topology.draft_of(found).refer(Relation::MemberOf, group)
    };
    let mut one = net();
    let draft = join(&one, "c", "near");
    assert_eq!(code(&mut one, draft), Err("ApplicationSecurityGroupMembersMustBeInSameVirtualNetwork"));
    for (vm, group) in [("c", "empty"), ("a", "near"), ("c", "far")] {
        let draft = join(&one, vm, group);
        assert!(code(&mut one, draft).is_ok(), "{vm} {group}");
    }
    for (rule, refused) in [
        ("100 r in allow * asg:near -> asg:far *", true),
        ("100 r in allow * asg:near -> asg:near *", false),
        ("100 r in allow * asg:near -> 10.9.0.0/16 *", false),
    ] {
        let group = Kind::Nsg(Nsg { rules: rules(&[rule]), ..Nsg::default() });
        let expected = "AllApplicationSecurityGroupsInSecurityRuleMustBeFromSameVnet";
        let found = code(&mut net(), Draft::new("n", group));
        assert_eq!(found.err(), refused.then_some(expected), "{rule}");
    }
}

#[test]
fn rules_may_name_several_groups_and_ranges() {
    // 1.2: augmented rules. Catches: the first of several taken alone, groups that shut ranges out.
    let mut net = filtered(&[]);
    for (vm, subnet) in [("a", "v/t"), ("b", "v/t"), ("c", "v/t"), ("web", "v/s"), ("db", "v/s"), ("other", "v/s")] {
        net.vm(vm, subnet, None);
    }
    for name in ["a", "b", "web", "db"] {
        net.asg(&format!("asg-{name}"), &[name]);
    }
    let mut many = rules(&["100 many in allow tcp asg:asg-a -> asg:asg-web 80", "200 rest in deny * * -> * *"]);
    many[0].source.extend([Peer::Asg("asg-b".into()), Peer::Prefix("10.0.7.0/24".parse().unwrap())]);
    many[0].destination.push(Peer::Asg("asg-db".into()));
    many[0].destination_ports.push(PortRange { first: 8000, last: 8010 });
    net.nsg("g", many);
    let addresses = |net: &Net, vm: &str| net.topology.addresses_of(net.topology.find(vm).unwrap().id)[0].1;
    let rest = "security-rule subnet g/rest";
    for (from, to, port, open) in [
        ("a", "web", 80, true),
        ("b", "db", 8010, true),
        ("b", "web", 8011, false),
        ("c", "web", 80, false),
        ("a", "other", 80, false),
    ] {
        let verdict = tcp(&net, from, addresses(&net, to), port).verdict;
        assert_eq!(verdict, if open { "open".to_owned() } else { format!("there {to}: {rest}") }, "{from} {to} {port}");
    }
}

#[test]
fn a_network_without_access_is_not_in_the_tag() {
    // 1.9, 2.7. Catches: a peer without access counted to the tag, so that a rule for it stops what Azure would not.
    let mut net = one_vnet(None);
    net.group("e", &["100 no in deny * VirtualNetwork -> * *", "200 rest in allow * * -> * *"]);
    net.vnet("w", "10.9.0.0/16");
    net.subnet("w", "s", "10.9.0.0/24", None);
    net.peering("v", "w", (false, false), (false, false));
    let a = net.vm("a", "v/s", Some("e"));
    net.vm("c", "w/s", None);
    let asked = any(&net, "c", question(&net, "c", Protocol::TCP, net.address(a), 80));
    assert!(!asked.verdict.contains("security-rule"), "{}", asked.verdict);
}
