//! What Azure refuses: each world of the table has one mistake, which is found with Azure's code where it was written, and
//! all else in it is kept.

use crate::one_vnet;
use sim_core::topology::{
    Draft, Firewall, Frontend, Gateway, Kind, LinkService, LoadBalancer, Relation, Setting, Sku, UserHop,
};
use vnetsim_tests::net::Net;
use vnetsim_tests::worlds::{
    SCOPE, balancer, config, group, nic, nic_in, part, peering, public, route, rule, subnet, table, v, vnet, world,
};

/// The frontend `f` of `b` in `v/a`, or at the public address `p`.
fn front(at: &str) -> (&'static str, String) {
    (
        "frontendIPConfigurations",
        part(
            "f",
            if at == "p" {
                "'publicIPAddress': @publicIPAddresses/p"
            } else {
                "'subnet': @virtualNetworks/v/subnets/a"
            },
        ),
    )
}

fn pool() -> (&'static str, String) {
    ("backendAddressPools", "{'name': 'q'}".to_owned())
}

/// A rule of `b` from `f` to the pool `q`.
fn balancing(name: &str, ports: (u16, u16), more: &str) -> String {
    let protocol = if more.contains("'protocol'") { "" } else { ", 'protocol': 'Tcp'" };
    part(
        name,
        &format!(
            "'frontendIPConfiguration': @loadBalancers/b/frontendIPConfigurations/f, 'backendAddressPool': \
             @loadBalancers/b/backendAddressPools/q, 'frontendPort': {}, 'backendPort': {}{protocol}{more}",
            ports.0, ports.1
        ),
    )
}

fn outbound(name: &str, ports: u32) -> String {
    part(
        name,
        &format!(
            "'frontendIPConfigurations': [@loadBalancers/b/frontendIPConfigurations/f], 'backendAddressPool': \
             @loadBalancers/b/backendAddressPools/q, 'protocol': 'All', 'allocatedOutboundPorts': {ports}"
        ),
    )
}

const IN_POOL: &str = ", 'loadBalancerBackendAddressPools': [@loadBalancers/b/backendAddressPools/q]";

/// Each world has one finding, with this code at this line, and keeps the resource.
fn holds(table: Vec<(Vec<String>, &str, usize, &str)>) {
    for (lines, code, line, kept) in table {
        let world = world(&lines);
        let told: Vec<String> =
            world.findings.iter().map(|it| format!("{} {}", it.diagnostic.code, it.diagnostic.message)).collect();
        assert_eq!(world.findings.len(), 1, "{code}: {told:#?}");
        let diagnostic = &world.findings[0].diagnostic;
        let at = diagnostic.span.and_then(|span| world.sources.locate(span)).map(|at| at.line);
        assert_eq!((diagnostic.code, at), (code, Some(line)), "{}", diagnostic.message);
        assert!(!world.has_errors(), "{code}");
        let kept = format!("{SCOPE}/Microsoft.Network/{kept}");
        assert!(world.topology.find(&kept).is_some(), "{code}: {kept} is gone");
    }
}

/// A world without a mistake.
fn is_fine(lines: &[String]) {
    let world = world(lines);
    let told: Vec<String> =
        world.findings.iter().map(|it| format!("{} {}", it.diagnostic.code, it.diagnostic.message)).collect();
    assert!(told.is_empty(), "{told:#?}");
    assert!(world.topology.resources().count() > 0);
}

#[test]
fn networks_and_subnets() {
    // Tests `refuse-space-overlap`, `refuse-reserved-space`, `refuse-subnet-outside`, `refuse-subnet-size`,
    // `refuse-subnet-overlap`, `refuse-gateway-subnet-parts`, `refuse-name`, `refuse-missing-reference`. Catches: a check
    // that is gone, another code, a finding somewhere else, a mistake that takes more with it than it must.
    let two = |one: &str, other: &str| {
        vec![vnet("v", "10.0.0.0/16 fd00::/48", &[subnet("a", one, ""), subnet("b", other, "")])]
    };
    let a = "10.0.1.0/24";
    let gateway =
        |more: &str| vnet("v", "10.0.0.0/16", &[subnet("a", a, ""), subnet("GatewaySubnet", "10.0.9.0/24", more)]);
    let kept = "virtualNetworks/v/subnets/a";
    let long = "x".repeat(81);
    holds(vec![
        (
            vec![v(), vnet("w", "10.1.0.0/16 10.1.2.0/24", &[])],
            "VnetAddressSpaceOverlapsWithAlreadyPresentPrefix",
            4,
            kept,
        ),
        (vec![v(), vnet("w", "224.0.0.0/8", &[])], "NetcfgInvalidIPAddressPrefix", 4, kept),
        (vec![v(), vnet("w", "169.254.0.0/24", &[])], "NetcfgInvalidIPAddressPrefix", 4, kept),
        (vec![v(), vnet("w", "168.63.0.0/16", &[])], "NetcfgInvalidIPAddressPrefix", 4, kept),
        (two(a, "10.1.0.0/24"), "NetcfgSubnetRangeOutsideVnet", 4, kept),
        (two(a, "10.0.1.128/25"), "NetcfgSubnetRangesOverlap", 4, kept),
        (two(a, "10.0.2.0/30"), "NetcfgInvalidSubnet", 4, kept),
        (two(a, "10.0.2.0/24 fd00::/80"), "NetcfgInvalidSubnet", 4, kept),
        (two(a, "10.0.2.0/24 fd00::/56"), "NetcfgInvalidSubnet", 4, kept),
        (
            vec![group(&[]), gateway(", 'networkSecurityGroup': @networkSecurityGroups/g")],
            "NetworkSecurityGroupCannotBeAttachedToGatewaySubnet",
            5,
            kept,
        ),
        (
            vec![
                "natGateways n Standard 'idleTimeoutInMinutes': 4".to_owned(),
                gateway(", 'natGateway': @natGateways/n"),
            ],
            "NatGatewayCannotBeAttachedToGatewaySubnet",
            5,
            kept,
        ),
        (vec![v(), vnet(&long, "10.1.0.0/16", &[])], "InvalidResourceName", 4, kept),
        (
            vec![v(), group(&[rule("x", 100, ""), rule("-y", 101, "")])],
            "InvalidResourceName",
            6,
            "networkSecurityGroups/g",
        ),
    ]);
    is_fine(&two(a, "10.0.2.0/29 fd00::/64"));
}

#[test]
fn peerings() {
    // Tests `refuse-peering-itself`, `refuse-peering-twice`, `refuse-peering-overlap`, `refuse-peering-overlap-third`,
    // `refuse-peering-remote-gateways`, `refuse-peering-transit`. Catches: as above.
    let net = |name: &str, n: u8| vnet(name, &format!("10.{n}.0.0/16"), &[]);
    let (w, x) = (net("w", 1), net("x", 2));
    let remote = ", 'useRemoteGateways': true";
    let transit = ", 'allowGatewayTransit': true";
    let kept = "virtualNetworks/v/subnets/a";
    holds(vec![
        (vec![v(), peering("v", "p", "v", "")], "VnetCannotBePeeredWithItself", 4, kept),
        (
            vec![v(), w.clone(), peering("v", "p", "w", ""), peering("v", "q", "w", "")],
            "AnotherPeeringAlreadyReferencesRemoteVnet",
            6,
            "virtualNetworks/v/virtualNetworkPeerings/p",
        ),
        (vec![v(), net("w", 0), peering("v", "p", "w", "")], "VnetAddressSpacesOverlap", 5, kept),
        (
            vec![v(), w.clone(), net("x", 1), peering("v", "p", "w", ""), peering("v", "q", "x", "")],
            "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
            7,
            "virtualNetworks/v/virtualNetworkPeerings/p",
        ),
        (
            vec![v(), w.clone(), x, peering("v", "p", "w", remote), peering("v", "q", "x", remote)],
            "AnotherPeeringAlreadyUsesRemoteGateways",
            7,
            "virtualNetworks/v/virtualNetworkPeerings/p",
        ),
        (
            vec![v(), w.clone(), peering("w", "p", "v", ""), peering("v", "q", "w", remote)],
            "RemotePeeringDoesNotAllowGatewayTransit",
            6,
            "virtualNetworks/w/virtualNetworkPeerings/p",
        ),
    ]);
    is_fine(&[v(), w, peering("w", "p", "v", transit), peering("v", "q", "w", remote)]);
}

#[test]
fn security_rules() {
    // Tests `refuse-rule-priority`, `refuse-rule-conflict`, `refuse-rule-sizes`, `refuse-rule-count`,
    // `refuse-rule-asg-networks`. Catches: as above, and a rule that takes its group with it.
    let with = |bad: String| vec![group(&[rule("x", 100, ""), bad, rule("z", 102, "")])];
    let y = |replaced: &str| with(rule("y", 101, replaced));
    let g = "networkSecurityGroups/g";
    let prefixes: Vec<String> = (0..4001u32).map(|n| format!("'10.{}.{}.0/24'", n / 256, n % 256)).collect();
    let asgs: Vec<String> = (0..11).map(|n| format!("@applicationSecurityGroups/s{n}")).collect();
    let mut many: Vec<String> = (0..11).map(|n| format!("applicationSecurityGroups s{n} ")).collect();
    many.extend(y(&format!("'sourceApplicationSecurityGroups': [{}], 'sourceAddressPrefix': null", asgs.join(", "))));
    let rules: Vec<String> = (0..1001).map(|n| rule(&format!("r{n}"), 100 + n, "")).collect();
    holds(vec![
        (with(rule("y", 99, "")), "SecurityRuleInvalidPriority", 4, g),
        (with(rule("y", 4097, "")), "SecurityRuleInvalidPriority", 4, g),
        (with(rule("y", 100, "")), "SecurityRuleConflict", 4, g),
        (y("'destinationPortRange': '70000'"), "SecurityRuleInvalidPortRange", 4, g),
        (y("'destinationPortRange': '90-80'"), "SecurityRuleInvalidPortRange", 4, g),
        (y("'sourceAddressPrefix': '10.0.0.0/33'"), "SecurityRuleInvalidAddressPrefix", 4, g),
        (y("'sourceAddressPrefix': '20.20.20.20/16'"), "SecurityRuleInvalidAddressPrefix", 4, g),
        (
            y("'sourceAddressPrefixes': ['VirtualNetwork', 'Internet'], 'sourceAddressPrefix': null"),
            "SecurityRuleParameterContainsUnsupportedValue",
            4,
            g,
        ),
        (
            y("'sourceAddressPrefixes': ['10.0.0.0/8', 'Internet'], 'sourceAddressPrefix': null"),
            "SecurityRuleParameterContainsUnsupportedValue",
            4,
            g,
        ),
        (
            y(&format!("'sourceAddressPrefixes': [{}], 'sourceAddressPrefix': null", prefixes.join(", "))),
            "SecurityRuleAddressPrefixLimitExceeded",
            4,
            g,
        ),
        (many, "SecurityRuleApplicationSecurityGroupLimitExceeded", 15, g),
        (vec![group(&rules)], "SecurityRuleLimitExceeded", 1003, g),
    ]);
    is_fine(&y("'protocol': 'Esp', 'destinationPortRange': '0-65535'"));
    // What is wrong with one rule leaves the others.
    let world = world(&with(rule("y", 99, "")));
    let found = world.topology.find(&format!("{SCOPE}/Microsoft.Network/{g}")).unwrap();
    let Kind::Nsg(nsg) = &found.kind else { panic!("no group") };
    assert_eq!(nsg.rules.iter().map(|rule| &*rule.name).collect::<Vec<_>>(), ["x", "z"]);
}

#[test]
fn routes() {
    // Tests `refuse-route-tag`, `refuse-route-conflict`, `refuse-route-count`. Catches: as above, and a route that takes its
    // table with it.
    let with =
        |bad: String| vec![table(&[route("x", "10.9.0.0/16", "'None'"), bad, route("z", "10.8.0.0/16", "'Internet'")])];
    let t = "routeTables/t";
    let many: Vec<String> =
        (0..401u32).map(|n| route(&format!("r{n}"), &format!("10.{}.{}.0/24", n / 256, n % 256), "'None'")).collect();
    let tags: Vec<String> = (0..26).map(|n| route(&format!("r{n}"), &format!("Tag{n}"), "'Internet'")).collect();
    is_fine(&[table(&tags[1..])]);
    holds(vec![
        (with(route("y", "10.9.0.0/16", "'Internet'")), "RouteConflict", 4, t),
        (with(route("y", "VirtualNetwork", "'Internet'")), "RouteServiceTagNotSupported", 4, t),
        (with(route("y", "AzurePlatformDNS", "'Internet'")), "RouteServiceTagNotSupported", 4, t),
        (with(route("y", "10.7.0.0/16", "'VirtualAppliance'")), "MissingNextHopIpAddress", 4, t),
        (
            with(route("y", "10.7.0.0/16", "'Internet', 'nextHopIpAddress': '10.0.0.4'")),
            "NextHopIpAddressNotAllowed",
            4,
            t,
        ),
        (vec![table(&many)], "RouteTableRouteLimitExceeded", 403, t),
        (vec![table(&tags)], "RouteTableServiceTagRouteLimitExceeded", 28, t),
    ]);
    is_fine(&with(route("y", "10.7.0.0/16", "'VirtualAppliance', 'nextHopIpAddress': '10.0.0.4'")));
}

#[test]
fn addresses() {
    // Tests `refuse-address-outside`, `refuse-address-taken`, `refuse-public-address-in-use`, `refuse-address-family`,
    // `refuse-nic-subnets`, `refuse-nat-gateway-basic`, `refuse-nat-gateway-addresses`, `refuse-nat-gateway-networks`,
    // `refuse-asg-members`, `refuse-machine-networks`, `refuse-other-region`, `refuse-subnet-full`,
    // `refuse-delegated-subnet`. Catches: as above.
    let fixed = |address: &str| format!(", 'privateIPAllocationMethod': 'Static', 'privateIPAddress': '{address}'");
    let p = ", 'publicIPAddress': @publicIPAddresses/p";
    let c = "networkInterfaces/n/ipConfigurations/c";
    let two = [subnet("a", "10.0.1.0/24", ""), subnet("b", "10.0.2.0/24", "")];
    let split = format!(
        "networkInterfaces n 'ipConfigurations': [{},{}]",
        config("c", "v/subnets/a", ", 'primary': true"),
        config("d", "v/subnets/b", "")
    );
    let nat = |sku: &str| {
        vec![public("p", sku), "natGateways g Standard 'publicIpAddresses': [@publicIPAddresses/p]".to_owned()]
    };
    let behind = |name: &str, space: &str, prefix: &str| {
        vnet(name, space, &[subnet("a", prefix, ", 'natGateway': @natGateways/g")])
    };
    let asg = ", 'applicationSecurityGroups': [@applicationSecurityGroups/s]";
    let w = || vnet("w", "10.1.0.0/16", &[subnet("a", "10.1.1.0/24", "")]);
    let v6 = ", 'privateIPAddressVersion': 'IPv6'";
    let small = vnet("v", "10.0.0.0/16", &[subnet("a", "10.0.1.0/29", "")]);
    let delegation = ", 'delegations': [{'name': 'd', 'properties': {'serviceName': 'Microsoft.Web/serverFarms'}}]";
    let given = vnet("v", "10.0.0.0/16", &[subnet("a", "10.0.1.0/24", delegation)]);
    let v_a = "virtualNetworks/v/subnets/a";
    let mut nat_basic = nat("Standard");
    nat_basic.extend([
        behind("v", "10.0.0.0/16", "10.0.1.0/24"),
        public("q", "Basic"),
        nic("n", ", 'publicIPAddress': @publicIPAddresses/q"),
    ]);
    let mut two_nets = nat("Standard");
    two_nets.extend([behind("v", "10.0.0.0/16", "10.0.1.0/24"), behind("w", "10.1.0.0/16", "10.1.1.0/24")]);
    let machine = "Microsoft.Compute/virtualMachines m 'networkProfile': {'networkInterfaces': [\n\
        {'id': '#n', 'properties': {'primary': true}}, {'id': '#o'}]}"
        .replace('#', &format!("{SCOPE}/Microsoft.Network/networkInterfaces/"));
    holds(vec![
        (vec![v(), nic("n", &fixed("10.0.2.9"))], "PrivateIPAddressNotInSubnet", 5, v_a),
        (vec![v(), nic("n", &fixed("10.0.1.3"))], "PrivateIPAddressInReservedRange", 5, v_a),
        (vec![v(), nic("n", &fixed("10.0.1.255"))], "PrivateIPAddressInReservedRange", 5, v_a),
        (vec![v(), nic("n", &fixed("10.0.1.9")), nic("o", &fixed("10.0.1.9"))], "PrivateIPAddressIsAllocated", 7, c),
        (vec![v(), public("p", "Standard"), nic("n", p), nic("o", p)], "PublicIPAddressInUse", 8, c),
        (vec![vnet("v", "10.0.0.0/16", &two), split], "IpConfigurationsOnSameNicCannotUseDifferentSubnets", 7, c),
        (vec![v(), nic("n", ""), nic("o", v6)], "SubnetDoesNotHaveIPv6AddressPrefix", 7, c),
        (
            vec![
                v(),
                public("p", "Standard").replace("'public", "'publicIPAddressVersion': 'IPv6', 'public"),
                nic("n", p),
            ],
            "IPVersionForPublicIpAndNicIpConfigurationMustMatch",
            6,
            v_a,
        ),
        (nat("Basic"), "NatGatewayAndPublicIPAddressSkuDoNotMatch", 3, "publicIPAddresses/p"),
        (nat_basic, "SubnetWithNatGatewayAndBasicSkuResourceNotAllowed", 8, v_a),
        (two_nets, "NatGatewayCannotBeUsedBySubnetsOfDifferentVnets", 7, v_a),
        (
            vec![v(), w(), "applicationSecurityGroups s ".to_owned(), nic("n", asg), nic_in("w/subnets/a", "o", asg)],
            "ApplicationSecurityGroupMembersMustBeInSameVirtualNetwork",
            10,
            c,
        ),
        (
            vec![v(), w(), nic("n", ""), nic_in("w/subnets/a", "o", ""), machine],
            "NetworkInterfacesOfVirtualMachineMustBeInSameVirtualNetwork",
            9,
            c,
        ),
        (vec![small, nic("n", ""), nic("o", ""), nic("x", ""), nic("y", "")], "SubnetIsFull", 3, c),
        (vec![given, nic("n", "")], "SubnetWithDelegationsCannotBeUsedByResource", 5, v_a),
    ]);
    is_fine(&[v(), w(), nic("n", &fixed("10.0.1.9")), nic_in("w/subnets/a", "o", ""), public("p", "Standard")]);
}

#[test]
fn the_holder_that_is_named_is_the_right_one() {
    // Catches: an address that is taken told to be another network's, which has the same range.
    let fixed = ", 'privateIPAllocationMethod': 'Static', 'privateIPAddress': '10.0.1.9'";
    let w = vnet("w", "10.0.0.0/16", &[subnet("a", "10.0.1.0/24", "")]);
    let lines = [w, nic_in("w/subnets/a", "elsewhere", fixed), v(), nic("here", fixed), nic("late", fixed)];
    let world = world(&lines);
    let message = &world.findings[0].diagnostic.message;
    assert!(message.contains("networkInterfaces/here/") && !message.contains("elsewhere"), "{message}");
}

#[test]
fn machines() {
    // Catches: a machine without a primary NIC, or with two, taken as it is.
    let machine = |one: &str, other: &str| {
        let nic =
            |name: &str, more: &str| format!("\n{{'id': '{SCOPE}/Microsoft.Network/networkInterfaces/{name}'{more}}}");
        let nics = [nic("n", one), nic("o", other)].join(",");
        vec![
            v(),
            nic_in("v/subnets/a", "n", ""),
            nic_in("v/subnets/a", "o", ""),
            format!("Microsoft.Compute/virtualMachines m 'networkProfile': {{'networkInterfaces': [{nics}]}}"),
        ]
    };
    let primary = ", 'properties': {'primary': true}";
    let c = "networkInterfaces/n/ipConfigurations/c";
    holds(vec![
        (machine("", ""), "NetworkInterfaceMustHavePrimaryPropertySet", 8, c),
        (machine(primary, primary), "MultipleNetworkInterfacesHavePrimaryPropertySet", 10, c),
    ]);
    is_fine(&machine(primary, ""));
}

#[test]
fn balancers() {
    // Tests `refuse-frontend-tier`, `refuse-frontend-both`, `refuse-probe-port`, `refuse-probe-https-basic`,
    // `refuse-frontend-port-twice`, `refuse-pool-port-twice`, `refuse-all-ports`, `refuse-floating-ipv6`. Catches: as above.
    let with = |sku: &str, at: &str, key: &'static str, items: String| {
        vec![v(), public("p", sku), balancer(sku, &[front(at), pool(), (key, items)])]
    };
    let rules = |at: &str, items: &[String]| with("Standard", at, "loadBalancingRules", items.join(","));
    let floats = ", 'enableFloatingIP': true";
    let all = ", 'protocol': 'All'";
    let probe =
        |protocol: &str, port: u16| part("h", &format!("'protocol': '{protocol}', 'port': {port}, 'requestPath': '/'"));
    let both = part("f", "'subnet': @virtualNetworks/v/subnets/a, 'publicIPAddress': @publicIPAddresses/p");
    let mixed = part("g", "'publicIPAddress': @publicIPAddresses/p");
    let (b, r) = ("loadBalancers/b", "loadBalancers/b/loadBalancingRules/r");
    holds(vec![
        (vec![public("p", "Basic"), balancer("Standard", &[front("p")])], "PublicIPAndLBSkuDoNotMatch", 4, b),
        (
            vec![v(), public("p", "Standard"), balancer("Standard", &[("frontendIPConfigurations", both)])],
            "FrontendIPConfigurationCannotHaveBothPublicIPAndSubnet",
            6,
            b,
        ),
        (
            vec![
                v(),
                public("p", "Standard"),
                balancer("Standard", &[("frontendIPConfigurations", [front("a").1, mixed].join(","))]),
            ],
            "LoadBalancerCannotHavePublicAndPrivateFrontends",
            7,
            b,
        ),
        (with("Standard", "p", "probes", probe("Http", 25)), "ProbePortNotAllowed", 7, b),
        (with("Basic", "p", "probes", probe("Https", 443)), "HttpsProbeNotSupportedOnBasicLoadBalancer", 7, b),
        (
            rules("p", &[balancing("r", (80, 8080), ""), balancing("s", (80, 8081), "")]),
            "RulesUseSameFrontendPortProtocolAndFrontendIP",
            8,
            r,
        ),
        (
            rules("p", &[balancing("r", (80, 8080), ""), balancing("s", (81, 8080), "")]),
            "RulesUseSameBackendPortProtocolAndPool",
            8,
            r,
        ),
        (
            rules("p", &[balancing("r", (80, 8080), floats), balancing("s", (81, 8080), floats)]),
            "RulesUseSameBackendPortProtocolAndPoolAndFrontendIPWithFloatingIPEnabled",
            8,
            r,
        ),
        (rules("p", &[balancing("r", (0, 0), all)]), "LoadBalancingRuleWithProtocolAllIsNotSupported", 7, b),
        (rules("a", &[balancing("r", (0, 80), all)]), "LoadBalancingRuleWithProtocolAllMustUsePortZero", 7, b),
    ]);
    is_fine(&rules("a", &[balancing("r", (0, 0), all)]));
    is_fine(&rules(
        "p",
        &[
            balancing("r", (80, 8080), ""),
            balancing("s", (81, 8081), ""),
            balancing("t", (80, 8080), ", 'protocol': 'Udp'"),
        ],
    ));
    is_fine(&with("Standard", "p", "probes", probe("Tcp", 25)));
}

#[test]
fn pools() {
    // Tests `refuse-tier-mix`, `refuse-second-balancer`, `refuse-pool-networks`, `refuse-backend-port-twice`,
    // `refuse-outbound-ports`, `refuse-outbound-rule-twice`, `refuse-outbound-rule-balancer`, `refuse-snat-twice`,
    // `refuse-outbound-secondary`. Catches: as above; golden 27.
    let lb = |sku: &str, at: &str| balancer(sku, &[front(at), pool()]);
    let second = |sku: &str| lb(sku, "a").replacen("loadBalancers b ", "loadBalancers d ", 1);
    let in_both = ", 'loadBalancerBackendAddressPools': [@loadBalancers/b/backendAddressPools/q, \
        @loadBalancers/d/backendAddressPools/q]";
    let w = vnet("w", "10.1.0.0/16", &[subnet("a", "10.1.1.0/24", "")]);
    let p = || public("p", "Standard");
    let out = |items: &[String]| balancer("Standard", &[front("p"), pool(), ("outboundRules", items.join(","))]);
    let seven = |ports: u32| {
        let mut lines = vec![v(), p(), out(&[outbound("o", ports)])];
        lines.extend((0..7).map(|n| nic(&format!("n{n}"), IN_POOL)));
        lines
    };
    let beside = |more: &str| {
        let rule = ("loadBalancingRules", balancing("r", (80, 8080), more));
        vec![v(), p(), balancer("Standard", &[front("p"), pool(), rule, ("outboundRules", outbound("o", 0))])]
    };
    let (c, b) = ("networkInterfaces/n/ipConfigurations/c", "loadBalancers/b");
    let secondary = format!(
        "networkInterfaces n 'ipConfigurations': [{},{}]",
        config("c", "v/subnets/a", ", 'primary': true"),
        config("d", "v/subnets/a", IN_POOL)
    );
    let two_pools = {
        let pools = ("backendAddressPools", "{'name': 'q'}, {'name': 'r'}".to_owned());
        let twin = balancing("s", (81, 8080), "").replace("backendAddressPools/q", "backendAddressPools/r");
        let rules = ("loadBalancingRules", [balancing("r", (80, 8080), ""), twin].join(","));
        let member = IN_POOL.replace(']', ", @loadBalancers/b/backendAddressPools/r]");
        vec![v(), balancer("Standard", &[front("a"), pools, rules]), nic("n", &member)]
    };
    holds(vec![
        (
            vec![
                v(),
                public("p", "Basic"),
                lb("Standard", "a"),
                nic("n", &format!("{IN_POOL}, 'publicIPAddress': @publicIPAddresses/p")),
            ],
            "DifferentSkuLoadBalancersAndPublicIPAddressNotAllowed",
            8,
            b,
        ),
        (
            vec![v(), lb("Standard", "a"), second("Standard"), nic("n", in_both)],
            "AnotherInternalLoadBalancerExists",
            9,
            b,
        ),
        (
            vec![v(), w, lb("Standard", "a"), nic("n", IN_POOL), nic_in("w/subnets/a", "o", IN_POOL)],
            "BackendAddressPoolMembersMustBeInSameVirtualNetwork",
            11,
            c,
        ),
        (two_pools, "RulesOfSameLoadBalancerTypeUseSameBackendPortProtocolAndIPConfig", 9, b),
        (
            vec![v(), p(), out(&[outbound("o", 1001)])],
            "SpecifiedAllocatedOutboundPortsForOutboundRuleIsNotAMultipleOfEight",
            7,
            b,
        ),
        (
            seven(10_000),
            "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts",
            7,
            "networkInterfaces/n5/ipConfigurations/c",
        ),
        (
            vec![v(), p(), out(&[outbound("o", 0), outbound("u", 0)])],
            "MoreThanOneOutboundRuleUsingSameFrontendIPConfigurationAndProtocolIsNotSupported",
            8,
            b,
        ),
        (
            vec![v(), balancer("Standard", &[front("a"), pool(), ("outboundRules", outbound("o", 0))])],
            "OutboundRuleNotSupportedOnLoadBalancer",
            6,
            b,
        ),
        (
            beside(""),
            "LoadBalancingRuleMustDisableSNATSinceSameFrontendIPConfigurationIsReferencedByOutboundRule",
            8,
            b,
        ),
        (
            vec![v(), p(), out(&[outbound("o", 0)]), secondary],
            "OutboundRuleCannotBeUsedWithBackendAddressPoolThatIsReferencedBySecondaryIpConfigs",
            10,
            c,
        ),
    ]);
    is_fine(&seven(9_136));
    is_fine(&beside(", 'disableOutboundSnat': true"));
}

/// The code with which a network refuses a draft.
fn refused(net: &mut Net, draft: Draft) -> &'static str {
    net.topology.put(draft).expect_err("refused").code
}

#[test]
fn gateways_and_firewalls() {
    // Tests `refuse-gateway-subnet`, `refuse-gateway-default-route`, `refuse-second-gateway`, `refuse-firewall-subnet`,
    // `refuse-space-without-subnet`, `refuse-delete-in-use`. Catches: as above.
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    let at = |kind: Kind, subnet: &str| Draft::new("it", kind).refer(Relation::Attached, subnet);
    let gateway = |subnet| at(Kind::Gateway(Gateway::default()), subnet);
    let firewall = |subnet| at(Kind::Firewall(Firewall::default()), subnet);
    assert_eq!(refused(&mut net, gateway("v/s")), "GatewaySubnetNameIsRequired");
    assert_eq!(refused(&mut net, firewall("v/s")), "AzureFirewallSubnetNameIsRequired");
    net.subnet("v", "GatewaySubnet", "10.0.9.0/24", None);
    net.subnet("v", "AzureFirewallSubnet", "10.0.8.0/27", None);
    assert_eq!(refused(&mut net, firewall("v/AzureFirewallSubnet")), "AzureFirewallSubnetTooSmall");
    net.routed("v/GatewaySubnet", &[("0.0.0.0/0", UserHop::None)]);
    assert_eq!(refused(&mut net, gateway("v/GatewaySubnet")), "DefaultRouteOnGatewaySubnetIsNotAllowed");
    net.routed("v/GatewaySubnet", &[("10.9.0.0/16", UserHop::None)]);
    net.vnet("w", "10.1.0.0/16");
    net.half_peering("v", "w");
    net.edit("v/to-w", |kind| {
        let Kind::Peering(peering) = kind else { panic!("no peering") };
        peering.remote_gateways = Setting::default_of(true);
    });
    assert_eq!(refused(&mut net, gateway("v/GatewaySubnet")), "VnetWithRemoteGatewayCannotHaveGateway");

    let mut moved = net.topology.draft_of(net.topology.find("v").unwrap());
    let Kind::Vnet(vnet) = &mut moved.kind else { panic!("no network") };
    vnet.space = vec!["10.7.0.0/16".parse().unwrap()];
    assert_eq!(refused(&mut net, moved), "NetcfgSubnetRangeOutsideVnet");
    assert_eq!(net.topology.delete("v/s").unwrap_err().code, "InUseSubnetCannotBeDeleted");
}

#[test]
fn link_services_and_global_balancers() {
    // Tests `refuse-link-service-policies`, `refuse-link-service-tier`, `refuse-global-internal`. Catches: as above.
    let mut net = one_vnet(None);
    net.balancer("lb", Sku::Basic, (Relation::Attached, "v/s"), &[]);
    let service = || {
        let service = LinkService { region: "westus2".into(), nat: vec![None] };
        let draft = Draft::new("pls", Kind::LinkService(service)).refer(Relation::Attached, "v/s");
        draft.refer(Relation::Listens, "lb/front")
    };
    assert_eq!(refused(&mut net, service()), "PrivateLinkServiceIsNotSupportedForBasicLoadBalancer");
    net.edit("v/s", |kind| {
        let Kind::Subnet(subnet) = kind else { panic!("no subnet") };
        subnet.link_service_policies = Setting::default_of(true);
    });
    let code = "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled";
    assert_eq!(refused(&mut net, service()), code);
    let global = LoadBalancer {
        sku: Setting::default_of(Sku::Standard),
        region: "westus2".into(),
        global: true,
        of_service: false,
    };
    net.put(Draft::new("g", Kind::LoadBalancer(global)));
    let front = Draft::new("g/f", Kind::Frontend(Frontend::default())).refer(Relation::PartOf, "g");
    let code = "GlobalTierLoadBalancerCannotHavePrivateFrontend";
    assert_eq!(refused(&mut net, front.refer(Relation::Attached, "v/t")), code);
}
