//! Each family of resources: what is read from its properties, as a table.

use super::{at, deployed, resource, told};
use crate::azure;
use crate::facts::Os;
use sim_core::topology::{ConnectionState, Distribution, EndpointPolicies, Kind, ProbeProtocol, Sku};

/// The kind of the one resource with this id.
pub(super) fn kind_of(world: &crate::World, part: &str) -> Kind {
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

/// Catches: a default taken for a setting or the other way round, a flattened subnet not read, one of two prefixes
/// lost, a setting that no longer knows its line.
#[test]
fn networks_and_subnets() {
    // Tests `endpoint-policies`, `private-link-policy-default`.
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
    let services: Vec<&str> = full.service_endpoints.iter().map(|it| &*it.service).collect();
    assert_eq!(services, ["Microsoft.Storage"]);
    assert_eq!(subnet("flat").prefixes[0].to_string(), "10.0.3.0/24");
}

/// Catches: private subnets for VNets of an API version before the change, open ones after it (azure-dataplane 4.4).
#[test]
fn default_outbound_access_follows_the_api_version() {
    // Tests `outbound-default-by-version`.
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

/// Catches: strings for numbers, letter case of collections, defaults of the API (azure-dataplane 3.4, 3.7).
#[test]
fn balancers_and_their_parts() {
    // Tests `balancer-probe-defaults`, `balancer-rule-defaults`.
    let frontend =
        format!("\"frontendIPConfiguration\": {{\"id\": \"{}\"}}", at("loadBalancers/b/frontendIPConfigurations/f"));
    let properties = format!(
        r#""frontendIpConfigurations": [{{"Name": "f", "properties": {{"subnet": {{"id": "{subnet}"}},
            "privateIPAllocationMethod": "Static", "privateIPAddress": "10.0.1.9"}}}}],
        "probes": [{{"name": "p", "properties": {{"Protocol": "Http", "Port": "80", "requestPath": "/"}}}}],
        "loadBalancingRules": [{{"name": "all", "properties": {{{frontend}, "protocol": "All", "frontendPort": 0,
            "backendPort": 0, "loadDistribution": "SourceIPProtocol", "enableFloatingIP": "false"}}}},
            {{"name": "web", "properties": {{{frontend}, "protocol": "tcp", "frontendPort": "443", "backendPort": 8443,
            "idleTimeoutInMinutes": "15", "EnableFloatingIP": "True", "disableOutboundSnat": true}}}}],
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
    assert_eq!((found.protocol, found.frontend_port, found.idle_minutes.value, found.floating_ip), (None, 0, 4, false));
    assert_eq!((found.distribution, found.disable_outbound_snat), (Distribution::SourceIpProtocol, false));
    let Kind::BalancingRule(found) = part("loadBalancingRules/web") else { panic!() };
    assert_eq!(
        (found.frontend_port, found.backend_port, found.idle_minutes.value, found.floating_ip),
        (443, 8443, 15, true)
    );
    assert!(found.disable_outbound_snat);
    let Kind::InboundNatRule(found) = part("inboundNatRules/n") else { panic!() };
    assert_eq!((found.frontend_ports.first, found.backend_port), (50000, 22));
}

/// Catches: an endpoint that waits for nobody, or that is taken in though the service asks (azure-services 3.1).
#[test]
fn private_endpoints_wait_for_approval() {
    // Tests `private-link-approval`.
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
        assert_eq!(found.address(), Some("10.0.1.4".parse().unwrap()));
    }
}

/// Catches: a first free address that takes the one another NIC asks for; the wrong address taken for the primary one;
/// an address read back from Azure forgotten.
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
    // Tests `public-ip-tier-default`.
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
    // Tests `peering-defaults`.
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
