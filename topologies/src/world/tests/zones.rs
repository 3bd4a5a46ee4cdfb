//! Zones with records and links, zone groups, resolvers, and the servers that networks and NICs name.

use super::families::kind_of;
use super::{deployed, drawn, resource, told};
use sim_core::net::Addr;
use sim_core::topology::{Kind, RecordData, RecordKind, Relation};

fn addr(text: &str) -> Addr {
    text.parse().unwrap()
}

fn vnet(name: &str, more: &str) -> String {
    let subnets = "\"subnets\": [{\"name\": \"a\", \"properties\": {\"addressPrefix\": \"10.0.1.0/24\"}}, {\"name\": \"in\", \
                   \"properties\": {\"addressPrefix\": \"10.0.2.0/28\", \"delegations\": [{\"name\": \"d\", \"properties\": \
                   {\"serviceName\": \"Microsoft.Network/dnsResolvers\"}}]}}]";
    resource(
        "virtualNetworks",
        name,
        &format!("\"addressSpace\": {{\"addressPrefixes\": [\"10.0.0.0/16\"]}}, {subnets}{more}"),
    )
}

fn to_vnet(name: &str) -> String {
    format!("\"virtualNetwork\": {{\"id\": \"{}\"}}", super::at(&format!("virtualNetworks/{name}")))
}

/// Catches: a record of one type read as another, a name of a zone or record in the letter case it was written in, an empty
/// record set lost (azure-services 1.C, C22), names of records held to the rules for names of resources.
#[test]
fn c22_zones_hold_their_records() {
    let record = |kind: &str, name: &str, properties: &str| {
        resource(&format!("privateDnsZones/{kind}"), &format!("Privatelink.azurecr.io/{name}"), properties)
    };
    let text = [
        resource("privateDnsZones", "Privatelink.azurecr.io", ""),
        record("A", "MyRegistry", "\"ttl\": 10, \"aRecords\": [{\"ipv4Address\": \"10.0.0.7\"}]"),
        record("A", "myregistry.westeurope.data", ""),
        record("AAAA", "six", "\"aaaaRecords\": [{\"ipv6Address\": \"fd00::7\"}]"),
        record("CNAME", "*", "\"ttl\": \"60\", \"cnameRecord\": {\"cname\": \"Other.example.\"}"),
        record("TXT", "@", "\"txtRecords\": [{\"value\": [\"one \", \"two\"]}]"),
        record("SRV", "_sip._tcp", "\"srvRecords\": [{\"priority\": 1}]"),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    let set = |part: &str| match kind_of(&world, &format!("privateDnsZones/Privatelink.azurecr.io/{part}")) {
        Kind::RecordSet(set) => (set.owner.to_string(), set.ttl, set.kind, set.data),
        other => panic!("{other:?}"),
    };
    let name = |text: &str| vec![RecordData::Name(text.into())];
    let address = |text: &str| vec![RecordData::Address(addr(text))];
    assert_eq!(set("A/MyRegistry"), ("myregistry".into(), 10, RecordKind::A, address("10.0.0.7")));
    assert_eq!(set("A/myregistry.westeurope.data"), ("myregistry.westeurope.data".into(), 3600, RecordKind::A, vec![]));
    assert_eq!(set("AAAA/six").3, address("fd00::7"));
    assert_eq!(set("CNAME/*"), ("*".into(), 60, RecordKind::Cname, name("other.example")));
    assert_eq!(set("TXT/@"), ("@".into(), 3600, RecordKind::Txt, vec![RecordData::Text("one two".into())]));
    assert_eq!(set("SRV/_sip._tcp").2, RecordKind::Other);
    let Kind::DnsZone(zone) = kind_of(&world, "privateDnsZones/Privatelink.azurecr.io") else { panic!() };
    assert_eq!((&*zone.name, zone.public), ("privatelink.azurecr.io", false));
}

/// Catches: records of a public zone, whose keys are written in another letter case, passed over.
#[test]
fn public_zones_are_public() {
    let text = [
        resource("dnszones", "contoso.com", ""),
        resource("dnszones/A", "contoso.com/www", "\"TTL\": 30, \"ARecords\": [{\"ipv4Address\": \"203.0.113.9\"}]"),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    let Kind::RecordSet(set) = kind_of(&world, "dnszones/contoso.com/A/www") else { panic!() };
    assert_eq!((set.ttl, set.data), (30, vec![RecordData::Address(addr("203.0.113.9"))]));
    assert!(matches!(kind_of(&world, "dnszones/contoso.com"), Kind::DnsZone(zone) if zone.public));
}

/// Catches: registration or fallback where they are not asked for, a link without its network, a zone or network that
/// nobody declares and that takes the link with it (azure-services 5.2).
#[test]
fn c18_links_join_zones_and_networks() {
    let link = |zone: &str, name: &str, vnet: &str, more: &str| {
        let properties = format!("{}{more}", to_vnet(vnet));
        resource("privateDnsZones/virtualNetworkLinks", &format!("{zone}/{name}"), &properties)
    };
    let text = [
        vnet("v", ""),
        resource("privateDnsZones", "a.example", ""),
        link("a.example", "plain", "v", ""),
        link("a.example", "all", "w", ", \"registrationEnabled\": true, \"resolutionPolicy\": \"NxDomainRedirect\""),
        link("absent.example", "l", "v", ""),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    let found = |part: &str| match kind_of(&world, part) {
        Kind::ZoneLink(link) => (link.registration.value, link.fallback.value, link.fallback.span.is_some()),
        other => panic!("{other:?}"),
    };
    assert_eq!(found("privateDnsZones/a.example/virtualNetworkLinks/plain"), (false, false, false));
    assert_eq!(found("privateDnsZones/a.example/virtualNetworkLinks/all"), (true, true, true));
    let assumed: Vec<&str> = world.assumptions.iter().map(|it| crate::azure::name_of(&it.name)).collect();
    assert_eq!(assumed, ["w", "absent.example"]);
    let drawn = drawn(&world);
    assert!(
        drawn.contains(
            "ZoneLink privateDnsZones/absent.example/virtualNetworkLinks/l; PartOf absent.example; Remote v\n"
        ),
        "{drawn}"
    );
}

/// Catches: a limit that is off by one or not there, another code than Azure's (azure-services 5.2).
#[test]
fn what_zones_refuse() {
    // Tests `refuse-zone-name`, `refuse-second-registration`, `refuse-same-zone-twice`, `refuse-record-count`.
    let link = |zone: &str, registration: bool| {
        let properties = format!("{}, \"registrationEnabled\": {registration}", to_vnet("v"));
        resource("privateDnsZones/virtualNetworkLinks", &format!("{zone}/l"), &properties)
    };
    let records = |count: u32| {
        let records: Vec<String> = (1..=count).map(|n| format!("{{\"ipv4Address\": \"10.0.0.{n}\"}}")).collect();
        resource("privateDnsZones/A", "one.example/r", &format!("\"aRecords\": [{}]", records.join(",")))
    };
    let zone = |name: &str| resource("privateDnsZones", name, "");
    let again = |text: &str| text.replace("\"name\": \"one.example/l\"", "\"name\": \"one.example/m\"");
    let labels = |count: usize| zone(&vec!["x"; count].join("."));
    for (text, code) in [
        (vec![zone("single")], "InvalidZoneName"),
        (vec![labels(34)], ""),
        (vec![labels(35)], "InvalidZoneName"),
        (
            vec![zone("one.example"), zone("two.example"), link("one.example", true), link("two.example", true)],
            "Conflict",
        ),
        (vec![zone("one.example"), zone("two.example"), link("one.example", true), link("two.example", false)], ""),
        (vec![zone("one.example"), link("one.example", false), again(&link("one.example", false))], "BadRequest"),
        (vec![zone("one.example"), records(20)], ""),
        (vec![zone("one.example"), records(21)], "TooManyRecords"),
    ] {
        let text: Vec<String> = text.into_iter().chain([vnet("v", "")]).collect();
        let world = deployed(&text.join(",\n"));
        let codes: Vec<&str> = world.findings.iter().map(|it| it.diagnostic.code).collect();
        assert_eq!(codes.join(" "), code, "{}", told(&world));
    }
}

/// Catches: a group that refers to nothing, zones of the quickstarts that nobody declares, a second group or a sixth zone.
#[test]
fn c24_zone_groups_name_their_zones() {
    // Tests `zone-group`, `refuse-zone-group`.
    let subnet = super::at("virtualNetworks/v/subnets/a");
    let service = super::at("privateLinkServices/s");
    let endpoint = resource(
        "privateEndpoints",
        "e",
        &format!(
            "\"subnet\": {{\"id\": \"{subnet}\"}}, \"privateLinkServiceConnections\": [{{\"name\": \"c\", \"properties\": {{\"privateLinkServiceId\": \"{service}\"}}}}]"
        ),
    );
    let group = |name: &str, zones: usize| {
        let configs = (0..zones).map(|n| {
            let zone = super::at(&format!("privateDnsZones/z{n}.example"));
            format!("{{\"name\": \"c{n}\", \"properties\": {{\"privateDnsZoneId\": \"{zone}\"}}}}")
        });
        let configs: Vec<String> = configs.collect();
        let properties = format!("\"privateDnsZoneConfigs\": [{}]", configs.join(","));
        resource("privateEndpoints/privateDnsZoneGroups", &format!("e/{name}"), &properties)
    };
    for (groups, code) in [
        (vec![group("default", 5)], ""),
        (vec![group("default", 6)], "TooManyPrivateDnsZonesInGroup"),
        (vec![group("default", 1), group("more", 1)], "MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed"),
    ] {
        let text: Vec<String> = [vnet("v", ""), resource("privateLinkServices", "s", ""), endpoint.clone()]
            .into_iter()
            .chain(groups)
            .collect();
        let world = deployed(&text.join(",\n"));
        let codes: Vec<&str> = world.findings.iter().map(|it| it.diagnostic.code).collect();
        assert_eq!(codes.join(" "), code, "{}", told(&world));
        let Some(found) = world.topology.find(&super::at("privateEndpoints/e/privateDnsZoneGroups/default")) else {
            continue;
        };
        let zones = world.topology.targets(found.id, Relation::Registers);
        assert!(!zones.is_empty() && zones.iter().all(|it| matches!(&it.kind, Kind::DnsZone(zone) if !zone.public)));
    }
}

/// Catches: an inbound endpoint without an address or one outside its subnet, one refused in the subnet that is delegated to
/// it, rules in another order or without their port, a rule set without its links.
#[test]
fn resolvers_answer_and_forward() {
    // Tests `resolver-inbound`.
    let subnet = super::at("virtualNetworks/v/subnets/in");
    let rule = |name: &str, domain: &str, more: &str| {
        let properties =
            format!("\"domainName\": \"{domain}\", \"targetDnsServers\": [{{\"ipAddress\": \"10.9.0.4\"{more}}}]");
        resource("dnsForwardingRulesets/forwardingRules", &format!("r/{name}"), &properties)
    };
    let text = [
        vnet("v", ""),
        resource("dnsResolvers", "d", &to_vnet("v")),
        resource(
            "dnsResolvers/inboundEndpoints",
            "d/in",
            &format!(
                "\"ipConfigurations\": [{{\"subnet\": {{\"id\": \"{subnet}\"}}, \"privateIpAllocationMethod\": \"Static\", \"privateIpAddress\": \"10.0.2.9\"}}]"
            ),
        ),
        resource("dnsForwardingRulesets", "r", ""),
        rule("corp", "Corp.example.", ", \"port\": 5353"),
        rule("rest", ".", ""),
        resource("dnsForwardingRulesets/virtualNetworkLinks", "r/l", &to_vnet("v")),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(told(&world), "");
    let Kind::Machine(machine) = kind_of(&world, "dnsResolvers/d/inboundEndpoints/in") else { panic!() };
    assert_eq!(machine.name_server.unwrap().otherwise, [(addr("168.63.129.16"), 53)]);
    let id = world.topology.find(&super::at("dnsResolvers/d/inboundEndpoints/in")).unwrap().id;
    assert_eq!(world.topology.addresses_of(id).iter().map(|it| it.1).collect::<Vec<_>>(), [addr("10.0.2.9")]);
    let Kind::Ruleset(rules) = kind_of(&world, "dnsForwardingRulesets/r") else { panic!() };
    let told: Vec<_> =
        rules.rules.iter().map(|it| (it.domain.to_string(), it.targets.clone(), it.enabled.value)).collect();
    let to = |port| vec![(addr("10.9.0.4"), port)];
    assert_eq!(told, [("corp.example".to_owned(), to(5353), true), (String::new(), to(53), true)]);
    let drawn = drawn(&world);
    assert!(
        drawn.contains("RulesetLink dnsForwardingRulesets/r/virtualNetworkLinks/l; PartOf r; Remote v\n"),
        "{drawn}"
    );
}

/// Catches: servers that are lost or in another order, Azure's own word taken for a mistake, a mistake passed over.
#[test]
fn networks_and_nics_name_their_servers() {
    let subnet = super::at("virtualNetworks/v/subnets/a");
    let nic = |name: &str, servers: &str| {
        let config = format!(
            "\"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{\"subnet\": {{\"id\": \"{subnet}\"}}}}}}]"
        );
        resource("networkInterfaces", name, &format!("{config}, \"dnsSettings\": {{\"dnsServers\": [{servers}]}}"))
    };
    let text = [
        vnet("v", ", \"dhcpOptions\": {\"dnsServers\": [\"10.0.1.5\", \"10.0.1.4\"]}"),
        nic("own", "\"10.0.1.9\""),
        nic("azure", "\"AzureProvidedDNS\""),
        nic("none", ""),
        nic("wrong", "\"dns.example\""),
    ];
    let world = deployed(&text.join(",\n"));
    let codes: Vec<&str> = world.diagnostics.iter().map(|it| it.code).collect();
    assert_eq!((codes, world.findings.len()), (vec!["InvalidIPAddressFormat"], 0));
    let Kind::Vnet(vnet) = kind_of(&world, "virtualNetworks/v") else { panic!() };
    assert_eq!(vnet.dns_servers, [addr("10.0.1.5"), addr("10.0.1.4")]);
    for (name, expected) in
        [("own", vec!["10.0.1.9"]), ("azure", vec!["168.63.129.16"]), ("none", vec![]), ("wrong", vec![])]
    {
        let Kind::Nic(nic) = kind_of(&world, &format!("networkInterfaces/{name}")) else { panic!() };
        assert_eq!(nic.dns_servers, expected.into_iter().map(addr).collect::<Vec<_>>(), "{name}");
    }
}
