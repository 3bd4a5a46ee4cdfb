//! Each family of resources: what is read from its properties, as a table.

use super::{at, deployed, resource, told};
use crate::azure;
use crate::facts::Os;
use sim_core::topology::{
    Access, ConnectionState, Direction, Distribution, EndpointPolicies, Kind, ProbeProtocol, Sku, UserHop,
};

/// The kind of the one resource with this id.
fn kind_of(world: &crate::World, part: &str) -> Kind {
    let found = world.topology.find(&at(part)).unwrap_or_else(|| panic!("no {part}\n{}", told(world)));
    found.kind.clone()
}

const VNET: &str = r#""addressSpace": {"addressPrefixes": ["10.0.0.0/16", "fd00::/48"]}, "subnets": [
    {"name": "plain", "properties": {"addressPrefix": "10.0.1.0/24"}},
    {"name": "full", "properties": {"AddressPrefixes": ["10.0.2.0/24", "fd00::/64"],
     "privateLinkServiceNetworkPolicies": "disabled", "privateEndpointNetworkPolicies": "RouteTableEnabled",
     "defaultOutboundAccess": "False", "serviceEndpoints": [{"service": "Microsoft.Storage"}],
     "delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.ContainerInstance/containerGroups"}}]}},
    {"name": "flat", "addressPrefix": "10.0.3.0/24"}]"#;

/// Catches: a default taken for a setting or the other way round, a flattened subnet not read, one of two prefixes lost,
/// a setting that no longer knows its line.
#[test]
fn networks_and_subnets() {
    let world = deployed(&resource("virtualNetworks", "v", VNET));
    assert_eq!(told(&world), "");
    let Kind::Vnet(vnet) = kind_of(&world, "virtualNetworks/v") else { panic!() };
    assert_eq!((&*vnet.region, vnet.space.len()), ("westus2", 2));
    let subnet = |name: &str| match kind_of(&world, &format!("virtualNetworks/v/subnets/{name}")) {
        Kind::Subnet(subnet) => subnet,
        other => panic!("{other:?}"),
    };
    let plain = subnet("plain");
    assert!(plain.link_service_policies.value && plain.link_service_policies.span.is_none());
    assert_eq!(plain.endpoint_policies.value, EndpointPolicies::default());
    assert!(plain.default_outbound.value && plain.delegation.is_none());
    let full = subnet("full");
    assert_eq!(full.prefixes.len(), 2);
    assert!(!full.link_service_policies.value && !full.default_outbound.value);
    assert_eq!(full.endpoint_policies.value, EndpointPolicies { security: false, routes: true });
    let line = world.sources.locate(full.link_service_policies.span.unwrap()).unwrap().line;
    assert_eq!(world.sources.line(full.link_service_policies.span.unwrap()).unwrap().trim().chars().next(), Some('"'));
    assert_eq!(line, 5);
    assert_eq!(full.delegation.as_deref(), Some("Microsoft.ContainerInstance/containerGroups"));
    assert_eq!(full.service_endpoints, ["Microsoft.Storage"]);
    assert_eq!(subnet("flat").prefixes[0].to_string(), "10.0.3.0/24");
}

/// Catches: private subnets for VNets of an API version before the change, open ones after it (azure-dataplane 4.4).
#[test]
fn default_outbound_access_follows_the_api_version() {
    for (version, open) in
        [("2021-05-01", true), ("2026-03-31", true), ("2026-04-01", false), ("2027-01-01-preview", false), ("", true)]
    {
        let text = resource("virtualNetworks", "v", VNET).replace("2021-05-01", version);
        let world = deployed(&text);
        let Kind::Subnet(subnet) = kind_of(&world, "virtualNetworks/v/subnets/plain") else { panic!() };
        assert_eq!(subnet.default_outbound.value, open, "{version}");
    }
}

/// Catches: a subnet declared inside and again on its own put twice, or with the settings of the one inside.
#[test]
fn a_subnet_of_its_own_counts_more() {
    let child = resource("virtualNetworks/subnets", "v/plain", r#""addressPrefix": "10.0.9.0/24""#);
    for text in [
        format!("{},\n{child}", resource("virtualNetworks", "v", VNET)),
        format!("{child},\n{}", resource("virtualNetworks", "v", VNET)),
    ] {
        let world = deployed(&text);
        assert_eq!(told(&world), "");
        let Kind::Subnet(subnet) = kind_of(&world, "virtualNetworks/v/subnets/plain") else { panic!() };
        assert_eq!(subnet.prefixes[0].to_string(), "10.0.9.0/24");
        assert_eq!(world.topology.resources().count(), 4);
    }
}

/// One rule with the defaults of the test, and `more` in place of what it names.
fn rule(more: &str) -> String {
    let mut all = String::from("{\"name\": \"r\", \"properties\": {");
    for (key, default) in [
        ("priority", "100"),
        ("direction", "\"Inbound\""),
        ("access", "\"Allow\""),
        ("protocol", "\"*\""),
        ("sourceAddressPrefix", "\"*\""),
        ("destinationAddressPrefix", "\"*\""),
        ("sourcePortRange", "\"*\""),
        ("destinationPortRange", "\"*\""),
    ] {
        if !more.contains(&format!("\"{key}")) {
            all.push_str(&format!("\"{key}\": {default}, "));
        }
    }
    format!("{all}{more}}}}}")
}

/// Catches: the quirks of real rules (azure-dataplane 1.2): letter case, strings for numbers, blanks, lists beside single
/// values, tags in capitals, the three spellings of any.
#[test]
fn security_rules_as_people_write_them() {
    let any = "[Any] [] [Any] []";
    for (written, expected) in [
        ("\"priority\": \"4096\"", format!("4096 Inbound Allow None {any}")),
        ("\"direction\": \"outbound\", \"access\": \"DENY\"", format!("100 Outbound Deny None {any}")),
        ("\"protocol\": \"TCP\"", format!("100 Inbound Allow Some(TCP) {any}")),
        ("\"sourceAddressPrefix\": \"0.0.0.0/0\"", format!("100 Inbound Allow None {any}")),
        (
            "\"sourceAddressPrefix\": \"INTERNET\"",
            "100 Inbound Allow None [Tag(\"INTERNET\")] [] [Any] []".to_owned(),
        ),
        (
            "\"sourceAddressPrefixes\": [\"10.0.0.0/8\", \"1.2.3.4\"]",
            "100 Inbound Allow None [Prefix(10.0.0.0/8), Prefix(1.2.3.4/32)] [] [Any] []".to_owned(),
        ),
        (
            "\"sourceAddressPrefix\": \"10.0.0.0/8\", \"sourceAddressPrefixes\": [\"*\"]",
            format!("100 Inbound Allow None {any}"),
        ),
        (
            "\"destinationPortRange\": \"65503-65534 \"",
            "100 Inbound Allow None [Any] [] [Any] [PortRange { first: 65503, last: 65534 }]".to_owned(),
        ),
        (
            "\"destinationPortRanges\": [22, \"80\"], \"destinationPortRange\": null",
            "100 Inbound Allow None [Any] [] [Any] [PortRange { first: 22, last: 22 }, PortRange { first: 80, last: 80 }]"
                .to_owned(),
        ),
        (
            "\"sourceApplicationSecurityGroups\": [{\"id\": \"/a\"}], \"sourceAddressPrefix\": \"\"",
            "100 Inbound Allow None [Asg(\"/a\")] [] [Any] []".to_owned(),
        ),
    ] {
        let world = deployed(&resource("networkSecurityGroups", "g", &format!("\"securityRules\": [{}]", rule(written))));
        assert_eq!(told(&world), "", "{written}");
        let Kind::Nsg(group) = kind_of(&world, "networkSecurityGroups/g") else { panic!() };
        let found = &group.rules[0];
        let found = format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            found.priority,
            found.direction,
            found.access,
            found.protocol,
            found.source,
            found.source_ports,
            found.destination,
            found.destination_ports
        );
        assert_eq!(found, expected, "{written}");
    }
}

/// Catches: a bad value that takes the whole group with it, or that is taken for something else; a finding that does not
/// point at the value.
#[test]
fn rules_that_cannot_be_read_are_left_out() {
    for (written, code) in [
        ("\"priority\": \"abc\"", "InvalidRequestFormat"),
        ("\"priority\": 70000", "SecurityRuleInvalidPriority"),
        ("\"priority\": 99", "SecurityRuleInvalidPriority"),
        ("\"destinationPortRange\": \"70000\"", "SecurityRuleInvalidPortRange"),
        ("\"sourceAddressPrefix\": \"10.0.0.0/33\"", "SecurityRuleInvalidAddressPrefix"),
        ("\"protocol\": \"SCTP\"", "InvalidRequestFormat"),
        ("\"access\": null", "azure.missing-property"),
    ] {
        let good = rule("\"direction\": \"Inbound\"").replace("\"r\"", "\"good\"");
        let text = format!("\"securityRules\": [\n{},\n{good}]", rule(written).replace("100", "101"));
        let world = deployed(&resource("networkSecurityGroups", "g", &text));
        let Kind::Nsg(group) = kind_of(&world, "networkSecurityGroups/g") else { panic!() };
        assert_eq!(group.rules.len(), 1, "{written}");
        assert_eq!(world.findings.len(), 1, "{written}: {}", told(&world));
        assert_eq!(world.findings[0].diagnostic.code, code, "{written}");
        let line = world.sources.locate(world.findings[0].diagnostic.span.unwrap()).unwrap().line;
        assert_eq!(line, 3, "{written}");
    }
}

/// Catches: a rule or route of its own lost, or put beside the one it replaces.
#[test]
fn rules_and_routes_of_their_own_join_their_group() {
    let inside = format!("\"securityRules\": [{}]", rule("\"access\": \"Deny\""));
    let alone = rule("\"access\": \"Allow\"").replace("{\"name\": \"r\", \"properties\": {", "");
    let alone = alone.trim_end_matches('}');
    let route =
        "\"addressPrefix\": \"10.9.0.0/16\", \"nextHopType\": \"virtualAppliance\", \"nextHopIpAddress\": \"10.0.0.4\"";
    let text = [
        resource("networkSecurityGroups", "g", &inside),
        resource("networkSecurityGroups/securityRules", "g/R", alone),
        resource("networkSecurityGroups/securityRules", "g/other", &alone.replace("100", "200")),
        resource("routeTables", "t", "\"routes\": []"),
        resource("routeTables/routes", "t/a", route),
        resource("routeTables/routes", "elsewhere/a", "\"addressPrefix\": \"0.0.0.0/0\", \"nextHopType\": \"none\""),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    let Kind::Nsg(group) = kind_of(&world, "networkSecurityGroups/g") else { panic!() };
    let rules: Vec<_> = group.rules.iter().map(|rule| (rule.priority, rule.direction, rule.access)).collect();
    assert_eq!(rules, [(100, Direction::Inbound, Access::Allow), (200, Direction::Inbound, Access::Allow)]);
    let Kind::RouteTable(table) = kind_of(&world, "routeTables/t") else { panic!() };
    assert_eq!(table.routes[0].next_hop, UserHop::Appliance("10.0.0.4".parse().unwrap()));
    let Kind::RouteTable(table) = kind_of(&world, "routeTables/elsewhere") else { panic!() };
    assert_eq!(table.routes[0].next_hop, UserHop::None);
    assert_eq!(world.assumptions.len(), 1);
}

/// Catches: strings for numbers, letter case of collections, defaults of the API (azure-dataplane 3.4, 3.7).
#[test]
fn balancers_and_their_parts() {
    let frontend =
        format!("\"frontendIPConfiguration\": {{\"id\": \"{}\"}}", at("loadBalancers/b/frontendIPConfigurations/f"));
    let properties = format!(
        r#""frontendIpConfigurations": [{{"Name": "f", "properties": {{"subnet": {{"id": "{subnet}"}},
            "privateIPAllocationMethod": "Static", "privateIPAddress": "10.0.1.9"}}}}],
        "probes": [{{"name": "p", "properties": {{"Protocol": "Http", "Port": "80", "requestPath": "/"}}}}],
        "loadBalancingRules": [{{"name": "all", "properties": {{{frontend}, "protocol": "All", "frontendPort": 0,
            "backendPort": 0, "loadDistribution": "SourceIPProtocol", "enableFloatingIP": "false"}}}},
            {{"name": "web", "properties": {{{frontend}, "protocol": "tcp", "frontendPort": "443", "backendPort": 8443,
            "idleTimeoutInMinutes": "15", "EnableFloatingIP": "True"}}}}],
        "inboundNatRules": [{{"name": "n", "properties": {{{frontend}, "FrontendPort": 50000, "backendPort": 22}}}}]"#,
        subnet = at("virtualNetworks/v/subnets/plain"),
    );
    let balancer = resource("loadBalancers", "b", &properties)
        .replace("\"properties\": {\"front", "\"sku\": {\"name\": \"Standard\"}, \"properties\": {\"front");
    let world = deployed(&format!("{balancer},\n{}", resource("virtualNetworks", "v", VNET)));
    assert_eq!(told(&world), "");
    let part = |name: &str| kind_of(&world, &format!("loadBalancers/b/{name}"));
    let Kind::LoadBalancer(found) = kind_of(&world, "loadBalancers/b") else { panic!() };
    assert_eq!(found.sku.value, Sku::Standard);
    let Kind::Frontend(found) = part("frontendIPConfigurations/f") else { panic!() };
    assert_eq!(found.address, Some("10.0.1.9".parse().unwrap()));
    let Kind::Probe(found) = part("probes/p") else { panic!() };
    assert_eq!((found.protocol, found.port, found.interval_s, found.threshold), (ProbeProtocol::Http, 80, 15, 1));
    let Kind::BalancingRule(found) = part("loadBalancingRules/all") else { panic!() };
    assert_eq!((found.protocol, found.frontend_port, found.idle_minutes, found.floating_ip), (None, 0, 4, false));
    assert_eq!(found.distribution, Distribution::SourceIpProtocol);
    let Kind::BalancingRule(found) = part("loadBalancingRules/web") else { panic!() };
    assert_eq!((found.frontend_port, found.backend_port, found.idle_minutes, found.floating_ip), (443, 8443, 15, true));
    let Kind::InboundNatRule(found) = part("inboundNatRules/n") else { panic!() };
    assert_eq!((found.frontend_port, found.backend_port), (50000, 22));
}

/// Catches: an endpoint that waits for nobody, or that is taken in though the service asks (azure-services 3.1).
#[test]
fn private_endpoints_wait_for_approval() {
    let subnet = format!("\"subnet\": {{\"id\": \"{}\"}}", at("virtualNetworks/v/subnets/plain"));
    let id = at("privateLinkServices/s");
    let listed = "\"autoApproval\": {\"subscriptions\": [\"00000000-0000-0000-0000-000000000000\"]}";
    for (manual, service, more, expected) in [
        ("privateLinkServiceConnections", "", "", ConnectionState::Approved),
        ("manualPrivateLinkServiceConnections", "", "", ConnectionState::Pending),
        ("manualPrivateLinkServiceConnections", listed, "", ConnectionState::Approved),
        (
            "manualPrivateLinkServiceConnections",
            "",
            ", \"privateLinkServiceConnectionState\": {\"status\": \"rejected\"}",
            ConnectionState::Rejected,
        ),
    ] {
        let connection = format!(
            "\"{manual}\": [{{\"name\": \"c\", \"properties\": {{\"privateLinkServiceId\": \"{id}\"{more}}}}}]"
        );
        let text = [
            resource("virtualNetworks", "v", VNET),
            resource("privateLinkServices", "s", service),
            resource("privateEndpoints", "e", &format!("{subnet}, {connection}")),
        ];
        let world = deployed(&text.join(",\n"));
        assert_eq!(told(&world), "");
        let Kind::PrivateEndpoint(found) = kind_of(&world, "privateEndpoints/e") else { panic!() };
        assert_eq!(found.state, expected, "{manual} {service}");
        assert_eq!(found.address, Some("10.0.1.4".parse().unwrap()));
    }
}

/// Catches: a first free address that takes the one another NIC asks for; the wrong address taken for the primary one; an
/// address read back from Azure forgotten.
#[test]
fn addresses_of_machines() {
    let config = |name: &str, more: &str| {
        let subnet = at("virtualNetworks/v/subnets/plain");
        format!("{{\"name\": \"{name}\", \"properties\": {{\"subnet\": {{\"id\": \"{subnet}\"}}{more}}}}}")
    };
    let nic = |name: &str, configs: &[String]| {
        resource("networkInterfaces", name, &format!("\"ipConfigurations\": [{}]", configs.join(",")))
    };
    let fixed = ", \"privateIPAllocationMethod\": \"static\", \"privateIPAddress\": \"10.0.1.4\"";
    let found = ", \"privateIPAllocationMethod\": \"Dynamic\", \"privateIPAddress\": \"10.0.1.77\"";
    let text = [
        nic("free", &[config("c", &found.replace("77", "88"))]),
        nic("read", &[config("c", &format!("{found}, \"provisioningState\": \"Succeeded\""))]),
        nic("asked", &[config("second", ""), config("first", &format!("{fixed}, \"primary\": true"))]),
        resource("virtualNetworks", "v", VNET),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    for (part, address, primary) in [
        ("asked/ipConfigurations/first", "10.0.1.4", true),
        ("asked/ipConfigurations/second", "10.0.1.6", false),
        ("free/ipConfigurations/c", "10.0.1.5", true),
        ("read/ipConfigurations/c", "10.0.1.77", true),
    ] {
        let Kind::IpConfig(config) = kind_of(&world, &format!("networkInterfaces/{part}")) else { panic!() };
        assert_eq!((config.address, config.primary), (Some(address.parse().unwrap()), primary), "{part}");
    }
}

/// Catches: Standard taken for the default tier, an address that is known given anew, a prefix without an address.
#[test]
fn public_addresses() {
    let public = |name: &str, sku: &str, properties: &str| {
        resource("publicIPAddresses", name, properties).replace("\"properties\"", &format!("{sku}\"properties\""))
    };
    let text = [
        public("plain", "", ""),
        public("known", "\"sku\": {\"Name\": \"standard\"}, ", "\"ipAddress\": \"20.1.2.3\", \"ipTags\": []"),
        resource("publicIPPrefixes", "many", "\"ipPrefix\": \"20.9.0.16/28\""),
        resource("virtualNetworks", "v", VNET),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    for (part, sku, address) in [
        ("publicIPAddresses/plain", Sku::Basic, "203.0.113.1"),
        ("publicIPAddresses/known", Sku::Standard, "20.1.2.3"),
        ("publicIPPrefixes/many", Sku::Standard, "20.9.0.16"),
    ] {
        let Kind::PublicIp(found) = kind_of(&world, part) else { panic!() };
        assert_eq!((found.sku, found.address), (sku, Some(address.parse().unwrap())), "{part}");
    }
}

/// Catches: Windows taken for Linux; a machine's own NIC lost; a forwarding NIC whose guest does not forward; a size's
/// cap not looked up.
#[test]
fn machines() {
    let machine = |name: &str, properties: &str| {
        format!(
            "{{\"type\": \"Microsoft.Compute/virtualMachines\", \"apiVersion\": \"2023-01-01\", \"name\": \"{name}\", \
             \"location\": \"westus2\", \"properties\": {{{properties}}}}}"
        )
    };
    let own = format!(
        "\"networkProfile\": {{\"networkInterfaceConfigurations\": [{{\"name\": \"own\", \"properties\": \
         {{\"enableIPForwarding\": true, \"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{\"subnet\": \
         {{\"id\": \"{}\"}}}}}}]}}}}]}}, \"hardwareProfile\": {{\"vmSize\": \"standard_a1_V2\"}}",
        at("virtualNetworks/v/subnets/plain")
    );
    let text = [
        machine("own", &own),
        machine("w1", "\"storageProfile\": {\"imageReference\": {\"publisher\": \"MicrosoftWindowsServer\"}}"),
        machine("w2", "\"osProfile\": {\"windowsConfiguration\": {}}"),
        machine("w3", "\"storageProfile\": {\"osDisk\": {\"osType\": \"Windows\"}}"),
        machine("l", "\"storageProfile\": {\"imageReference\": {\"publisher\": \"Canonical\"}}"),
        resource("virtualNetworks", "v", VNET),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    let id = |name: &str| at("").replace("Microsoft.Network/", &format!("Microsoft.Compute/virtualMachines/{name}"));
    let found = world.topology.find(&id("own")).unwrap();
    assert_eq!(world.topology.addresses_of(found.id).len(), 1);
    let Kind::Machine(attributes) = &found.kind else { panic!() };
    assert!(attributes.forwards);
    assert_eq!(attributes.egress_bps, Some(250_000_000));
    let codes: Vec<&str> = world.assumptions.iter().map(|it| it.code).collect();
    assert_eq!(codes, ["world.guest-forwards"]);
    for (name, expected) in [("w1", Os::Windows), ("w2", Os::Windows), ("w3", Os::Windows), ("l", Os::Linux)] {
        assert_eq!(azure::os(world.resources.get(&id(name)).unwrap()), expected, "{name}");
    }
}

/// Catches: flags of a peering mixed up, or their defaults (azure-dataplane 2.7); a role that is assigned elsewhere.
#[test]
fn peerings_and_roles() {
    let side = |here: &str, there: &str, more: &str| {
        let remote =
            format!("\"remoteVirtualNetwork\": {{\"id\": \"{}\"}}{more}", at(&format!("virtualNetworks/{there}")));
        resource("virtualNetworks/virtualNetworkPeerings", &format!("{here}/to-{there}"), &remote)
    };
    let role = |kind: &str, name: &str, properties: &str| {
        resource(kind, name, properties).replace("Microsoft.Network/", "Microsoft.Authorization/")
    };
    let definition = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/d";
    let text = [
        resource("virtualNetworks", "a", "\"addressSpace\": {\"addressPrefixes\": [\"10.1.0.0/16\"]}"),
        resource("virtualNetworks", "b", "\"addressSpace\": {\"addressPrefixes\": [\"10.2.0.0/16\"]}"),
        side("a", "b", ""),
        side("b", "a", ", \"allowVirtualNetworkAccess\": false, \"allowForwardedTraffic\": true"),
        role(
            "roleDefinitions",
            "d",
            "\"permissions\": [{\"actions\": [\"Microsoft.Network/*\"], \"notActions\": [\"*/delete\"]}]",
        ),
        role("roleAssignments", "r", &format!("\"roleDefinitionId\": \"{definition}\", \"principalId\": \"p\"")),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    for (part, access, forwarded) in
        [("a/virtualNetworkPeerings/to-b", true, false), ("b/virtualNetworkPeerings/to-a", false, true)]
    {
        let Kind::Peering(found) = kind_of(&world, &format!("virtualNetworks/{part}")) else { panic!() };
        assert_eq!((found.access.value, found.forwarded.value), (access, forwarded), "{part}");
    }
    let group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/vnetsim-rg";
    let assignment = world.topology.resources().find_map(|it| match &it.kind {
        Kind::RoleAssignment(assignment) => Some(assignment.clone()),
        _ => None,
    });
    let assignment = assignment.unwrap();
    assert_eq!((assignment.scope.as_str(), assignment.role.as_str()), (group, definition));
    let definition = world.topology.resources().find_map(|it| match &it.kind {
        Kind::RoleDefinition(definition) => Some(definition.clone()),
        _ => None,
    });
    assert_eq!(definition.unwrap().not_actions, ["*/delete"]);
}
