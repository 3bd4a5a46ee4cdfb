//! Private link: azure-services 2.2, 3, 4; azure-dataplane 1.9, 2.6.

use crate::one_vnet;
use sim_core::assumption::Assumption;
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::topology::{
    ConnectionState, Draft, EndpointPolicies, GatewayKind, Kind, LinkService, PortRange, Relation, Setting, Sku,
    UserHop,
};
use vnetsim_tests::ask::{any, question, tcp};
use vnetsim_tests::net::{Net, addr};
use vnetsim_tests::parts::rules;

/// Image builder's shape: a `client` in the VNet `near` with the endpoint `pe` in `near/e`; in the VNet `far`, of the same
/// addresses, `proxy` and `build` in `far/s`, under the group `g` of these rules where there are any, behind a balancer
/// with a link service. Gives the endpoint's address and the service's.
fn linked(group: Option<&[&str]>) -> (Net, Addr, Addr) {
    let mut net = Net::new();
    if let Some(rules) = group {
        net.group("g", rules);
    }
    net.vnet("near", "10.0.0.0/16");
    net.subnet("near", "c", "10.0.0.0/24", None);
    net.subnet("near", "e", "10.0.5.0/24", None);
    net.vnet("far", "10.0.0.0/16");
    net.subnet("far", "s", "10.0.0.0/24", group.map(|_| "g"));
    net.vm("client", "near/c", None);
    net.vm("proxy", "far/s", None);
    net.vm("build", "far/s", None);
    net.balancer("lb", Sku::Standard, (Relation::Attached, "far/s"), &["proxy"]);
    net.balance("lb", 60001, 60001, Some(60001));
    let nat = net.link_service("pls", "far/s", "lb");
    let endpoint = net.endpoint("pe", "near/e", "pls");
    (net, endpoint, nat)
}

/// The documented rule of priority 400.
const RULE_400: &str = "400 AzureImageBuilderNsgRule in allow tcp AzureLoadBalancer -> VirtualNetwork 60000-60001";

#[test]
fn a32_rule_400_and_what_it_leaves_closed() {
    // Tests `tag-private-link`.
    // azure-services 2.2, the three consequences and the field report's cure. Catches: a link's packets matched by neither
    // tag or by one alone, the build leg opened by rule 400, the build leg not filtered for being in one subnet.
    let deny = "4096 deny-all in deny * * -> * *";
    let build = "500 ssh in allow tcp VirtualNetwork -> VirtualNetwork 22";
    let closed = "there proxy: security-rule subnet g/deny-all; probe proxy: security-rule subnet g/deny-all";
    let stopped = "there build: security-rule subnet g/deny-all";
    let cases: [(&[&str], &str, &str); 4] = [
        (&[RULE_400, deny], "open", stopped),
        (&[deny], closed, stopped),
        (&[], "open", "open"),
        (&[RULE_400, build, deny], "open", "open"),
    ];
    for (group, service, build) in cases {
        let (net, endpoint, _) = linked(Some(group));
        assert_eq!(tcp(&net, "client", endpoint, 60001).verdict, service, "{group:?}");
        assert_eq!(tcp(&net, "proxy", addr("10.0.0.5"), 22).verdict, build, "{group:?}");
    }
}

#[test]
fn either_tag_admits_the_links_packets() {
    // Tests `tag-private-link`.
    // azure-services 2.2 (recommended model). Catches: one tag only.
    for tag in ["VirtualNetwork", "AzureLoadBalancer"] {
        let allow = format!("100 link in allow tcp {tag} -> * 60001");
        let probe = "110 probe in allow tcp 168.63.129.16/32 -> * *";
        let (net, endpoint, _) = linked(Some(&[&allow, probe, "4096 deny-all in deny * * -> * *"]));
        assert_eq!(tcp(&net, "client", endpoint, 60001).verdict, "open", "{tag}");
    }
    let (net, endpoint, _) = linked(Some(&["100 link in allow tcp Internet -> * *", "4096 rest in deny * * -> * *"]));
    let verdict = tcp(&net, "client", endpoint, 60001).verdict;
    assert!(verdict.starts_with("there proxy: security-rule subnet g/rest"), "{verdict}");
}

#[test]
fn what_a_link_carries_is_assumed() {
    // Tests `tag-private-link`.
    // azure-services 2.2 (UNSURE). Catches: a choice without effect, probes that go with it, an answer that does not say
    // what it hangs on, or says so where no link service is.
    let deny = "4096 deny-all in deny * * -> * *";
    for (choice, expected) in [("yes", "open"), ("no", "there proxy: security-rule subnet g/deny-all")] {
        let (mut net, endpoint, _) = linked(Some(&[RULE_400, deny]));
        net.assume("pls-carries-balancer-tag", choice);
        let asked = tcp(&net, "client", endpoint, 60001);
        assert_eq!(asked.verdict, expected, "{choice}");
        assert!(asked.walk.assumed().iter().any(|it| it == Assumption::LinkServiceTag), "{choice}");
        let inside = tcp(&net, "proxy", addr("10.0.0.5"), 22);
        assert!(!inside.walk.assumed().iter().any(|it| it == Assumption::LinkServiceTag), "{choice}");
        let (mut open, endpoint, _) = linked(Some(&["500 in in allow tcp VirtualNetwork -> * 60001", RULE_400, deny]));
        open.assume("pls-carries-balancer-tag", choice);
        assert_eq!(tcp(&open, "client", endpoint, 60001).verdict, "open", "{choice}");
    }
}

#[test]
fn the_provider_sees_its_own_address() {
    // Tests `private-link-translates`.
    // azure-services 3.2. Catches: the consumer's address let through, which the provider's VNet may hold as well.
    let (net, endpoint, nat) = linked(None);
    let asked = tcp(&net, "client", endpoint, 60001);
    assert_eq!(asked.verdict, "open");
    assert_eq!((asked.arrived.src, asked.arrived.dst), (nat, addr("10.0.0.4")));
    assert_eq!(asked.walk.back.last().unwrap().after.src, endpoint);
}

#[test]
fn c28_c29_only_an_approved_connection_carries() {
    // Tests `private-link-approved`.
    // azure-services 3.1. Catches: any other state that passes.
    use ConnectionState::{Approved, Disconnected, Pending, Rejected};
    for (state, verdict) in [
        (Approved, "open"),
        (Pending, "there pe: link-not-approved"),
        (Rejected, "there pe: link-not-approved"),
        (Disconnected, "there pe: link-not-approved"),
    ] {
        let (mut net, endpoint, _) = linked(None);
        net.edit("pe", |kind| {
            let Kind::PrivateEndpoint(endpoint) = kind else { panic!("no endpoint") };
            endpoint.state = state;
        });
        assert_eq!(tcp(&net, "client", endpoint, 60001).verdict, verdict, "{state:?}");
    }
}

#[test]
fn an_endpoints_group_counts_where_the_policy_says_so() {
    // Tests `nsg-endpoint-source-port`, `endpoint-rules`.
    // 1.9. Catches: the subnet's group asked in spite of the policy, or never; source ports compared.
    for (security, verdict) in [(false, "open"), (true, "there pe: security-rule subnet e/no")] {
        for source_port in [None, Some(PortRange::one(1))] {
            let (mut net, endpoint, _) = linked(None);
            let mut no = rules(&["100 no in deny tcp * -> * 60001"]);
            no[0].source_ports = source_port.into_iter().collect();
            net.nsg("e", no);
            net.link("near/e", Relation::FilteredBy, "e");
            net.endpoint_policies("near/e", EndpointPolicies { security, routes: false });
            assert_eq!(tcp(&net, "client", endpoint, 60001).verdict, verdict, "{security} {source_port:?}");
        }
    }
}

#[test]
fn a_clients_own_rules_count_for_endpoints() {
    // Tests `endpoint-rules`.
    // azure-services 4.3. Catches: the policy of the endpoint's subnet applied to the client's.
    let (mut net, endpoint, _) = linked(None);
    net.group("c", &["100 no out deny tcp * -> * 60001"]);
    net.link("near/c", Relation::FilteredBy, "c");
    assert_eq!(tcp(&net, "client", endpoint, 60001).verdict, "there client: security-rule subnet c/no");
}

/// `client` in the VNet `spoke`, peered with `near`, and an NVA in `spoke`, with these routes on the client's subnet.
fn spoke(policies: EndpointPolicies, routes: impl Fn(Addr) -> Vec<(&'static str, UserHop)>) -> (Net, Addr) {
    let (mut net, endpoint, _) = linked(None);
    net.vnet("spoke", "10.1.0.0/16");
    net.subnet("spoke", "s", "10.1.0.0/24", None);
    net.subnet("spoke", "n", "10.1.9.0/24", None);
    net.vm("remote", "spoke/s", None);
    let nva = net.machine("nva", "spoke/n", None, true, None);
    net.peer("spoke", "near");
    net.take_forwarded("near/to-spoke");
    net.endpoint_policies("near/e", policies);
    net.routed("spoke/s", &routes(net.address(nva)));
    (net, endpoint)
}

#[test]
fn an_endpoints_route_and_what_overrides_it() {
    // Tests `endpoint-diverted`.
    // Golden 12, 13, 14; 2.6. Catches: a default route that diverts, a policy read on the client's subnet, a wide user
    // route that qualifies, an equal or narrower one that does not.
    let on = EndpointPolicies { security: false, routes: true };
    let cases = [
        (EndpointPolicies::default(), "0.0.0.0/0", false),
        (EndpointPolicies::default(), "10.0.0.0/16", false),
        (on, "0.0.0.0/0", false),
        (on, "10.0.0.0/8", false),
        (on, "10.0.0.0/16", true),
        (on, "10.0.5.0/24", true),
        (EndpointPolicies { security: true, routes: false }, "10.0.0.0/16", false),
    ];
    for (policies, prefix, diverted) in cases {
        let (net, endpoint) = spoke(policies, |nva| vec![(prefix, UserHop::Appliance(nva))]);
        let asked = tcp(&net, "remote", endpoint, 60001);
        assert_eq!(asked.verdict, "open", "{policies:?} {prefix}");
        assert_eq!(asked.there.contains(&"nva".to_owned()), diverted, "{policies:?} {prefix}: {:?}", asked.there);
        // 2.6: answers go straight to whom they answer.
        assert!(!asked.back.contains(&"nva".to_owned()), "{policies:?} {prefix}: {:?}", asked.back);
    }
}

#[test]
fn an_endpoint_ignores_the_routes_of_its_own_subnet() {
    // Tests `endpoint-replies`.
    // 2.6. Catches: answers of an endpoint routed by its subnet's table.
    let (mut net, endpoint) = spoke(EndpointPolicies { security: true, routes: true }, |_| Vec::new());
    net.routed("near/e", &[("10.1.0.0/16", UserHop::None)]);
    assert_eq!(tcp(&net, "remote", endpoint, 60001).verdict, "open");
}

#[test]
fn answers_that_skip_an_appliance_are_assumed_to_arrive() {
    // failure-stories S29. Tests `endpoint-replies`.
    // Catches: answers lost that skipped nothing; one outcome whatever is assumed; an answer that does not say what it hangs
    // on.
    let on = EndpointPolicies { security: false, routes: true };
    for (choice, prefix, verdict) in [
        ("arrive", "10.0.5.0/24", "open"),
        ("lost", "10.0.5.0/24", "back pe: unknown-flow"),
        ("lost", "0.0.0.0/0", "open"),
    ] {
        let (mut net, endpoint) = spoke(on, |nva| vec![(prefix, UserHop::Appliance(nva))]);
        net.assume("endpoint-replies", choice);
        let asked = tcp(&net, "remote", endpoint, 60001);
        assert_eq!(asked.verdict, verdict, "{choice} {prefix}");
        let diverted = prefix != "0.0.0.0/0";
        assert_eq!(asked.walk.assumed().has(Assumption::EndpointReplies), diverted, "{choice} {prefix}");
    }
}

#[test]
fn an_endpoint_is_for_its_vnet_and_its_peers() {
    // Tests `route-private-endpoint`.
    // 2.1, 2.6. Catches: endpoints known everywhere.
    let (mut net, endpoint, _) = linked(None);
    net.vnet("spoke", "10.1.0.0/16");
    net.subnet("spoke", "s", "10.1.0.0/24", None);
    net.vm("remote", "spoke/s", None);
    assert_eq!(tcp(&net, "remote", endpoint, 60001).verdict, "there remote: route-to-none");
    net.peer("spoke", "near");
    assert_eq!(tcp(&net, "remote", endpoint, 60001).verdict, "open");
}

#[test]
fn a_link_carries_tcp_and_udp_only() {
    // azure-services 3.1. Catches: echo carried through a link service.
    let (net, endpoint, _) = linked(None);
    let icmp = Tuple { src_port: 1, ..question(&net, "client", Protocol::ICMP, endpoint, 1) };
    assert_ne!(any(&net, "client", icmp).verdict, "open");
}

#[test]
fn a_link_services_port_must_be_balanced() {
    // azure-services 3.2. Catches: ports taken by the link service that its frontend has no rule for.
    let (net, endpoint, _) = linked(None);
    let verdict = tcp(&net, "client", endpoint, 22).verdict;
    assert!(verdict.ends_with("no-balancer-rule"), "{verdict}");
}

#[test]
fn a31_a33_a_link_service_needs_its_policy_off() {
    // Tests `refuse-link-service-policies`.
    // azure-services 4.3. Catches: the flag not read, or the endpoints' flag taken for it.
    let refused = |link: bool, endpoint: bool| {
        let mut net = one_vnet(None);
        net.vm("m", "v/s", None);
        net.balancer("lb", Sku::Standard, (Relation::Attached, "v/s"), &["m"]);
        net.edit("v/t", |kind| {
            let Kind::Subnet(subnet) = kind else { panic!("no subnet") };
            subnet.link_service_policies = Setting::default_of(link);
            subnet.endpoint_policies = Setting::default_of(EndpointPolicies { security: endpoint, routes: endpoint });
        });
        let service = LinkService { region: "westus2".into(), nat: vec![None] };
        let draft = Draft::new("pls", Kind::LinkService(service)).refer(Relation::Attached, "v/t");
        net.topology.put(draft.refer(Relation::Listens, "lb/front")).is_err()
    };
    assert!(refused(true, false));
    assert!(!refused(false, true));
}

#[test]
fn a_link_service_needs_a_standard_balancer() {
    // Tests `refuse-link-service-tier`.
    // azure-services 3.1. Catches: the tier not asked for, or asked of the first frontend alone.
    let code = |one: Sku, other: Sku| {
        let mut net = one_vnet(None);
        net.balancer("one", one, (Relation::Attached, "v/s"), &[]);
        net.balancer("other", other, (Relation::Attached, "v/s"), &[]);
        let service = LinkService { region: "westus2".into(), nat: vec![None] };
        let draft = Draft::new("pls", Kind::LinkService(service)).refer(Relation::Attached, "v/t");
        let draft = draft.refer(Relation::Listens, "one/front").refer(Relation::Listens, "other/front");
        net.topology.put(draft).err().map(|refusal| (refusal.code, refusal.edit.expect("an edit").resource))
    };
    let refused = |at: &str| Some(("PrivateLinkServiceIsNotSupportedForBasicLoadBalancer", at.into()));
    assert_eq!(code(Sku::Standard, Sku::Standard), None);
    assert_eq!(code(Sku::Basic, Sku::Standard), refused("one"));
    assert_eq!(code(Sku::Standard, Sku::Basic), refused("other"));
}

#[test]
fn an_endpoint_is_reached_from_on_premises() {
    // 2.6. Tests `endpoint-from-on-premises`.
    // Catches: an endpoint unknown to the gateway; answers that stay in the VNet, or follow a user's route of the endpoint's
    // subnet.
    for routed in [false, true] {
        let (mut net, endpoint) = spoke(EndpointPolicies::default(), |_| Vec::new());
        net.gateway("gw", "near", "10.0.255.0/24", GatewayKind::Vpn);
        net.site("dc", "192.168.0.0/24", None);
        net.connect("gw", "dc", false);
        if routed {
            net.routed("near/e", &[("192.168.0.0/16", UserHop::None), ("192.168.0.0/24", UserHop::None)]);
        }
        let asked = tcp(&net, "dc-host", endpoint, 60001);
        assert_eq!(asked.verdict, "open", "{routed}");
        assert_eq!(asked.there[..2], ["dc-host", "gw"]);
        assert_eq!(asked.back.last().map(String::as_str), Some("dc-host"));
    }
}
