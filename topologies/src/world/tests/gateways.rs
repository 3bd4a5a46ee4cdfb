//! Gateways and networks on premises, as they are read.

use super::families::kind_of;
use super::{deployed, drawn, resource, told};
use sim_core::net::Addr;
use sim_core::topology::{Bgp, Connection, GatewayKind, Kind};

const VNET: &str = r#""addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
    "subnets": [{"name": "GatewaySubnet", "properties": {"addressPrefix": "10.0.255.0/27"}}]"#;

fn id(kind: &str, name: &str) -> String {
    format!("{{\"id\": \"[resourceId('Microsoft.Network/{kind}', {name})]\"}}")
}

/// Catches: an end of a connection lost, numbers and switches written as text, ranges on premises where nobody answers, a
/// circuit or the clients that dial in left out, a default site taken for something else.
#[test]
fn gateways_and_what_they_lead_to() {
    let gateway = format!(
        "\"gatewayType\": \"Vpn\", \"vpnType\": \"RouteBased\", \"enableBgp\": \"false\",
         \"bgpSettings\": {{\"asn\": \"65010\", \"bgpPeeringAddress\": \"10.0.255.30,10.0.255.29\"}},
         \"gatewayDefaultSite\": {},
         \"vpnClientConfiguration\": {{\"vpnClientAddressPool\": {{\"addressPrefixes\": [\"172.31.0.0/24\"]}}}},
         \"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{\"subnet\": {}, \"publicIPAddress\": {}}}}}]",
        id("localNetworkGateways", "'dc'"),
        id("virtualNetworks/subnets", "'v', 'GatewaySubnet'"),
        id("publicIPAddresses", "'p'"),
    );
    let circuit =
        r#""peerings": [{"name": "x", "properties": {"peeringType": "AzurePrivatePeering", "peerASN": 65020}}]"#;
    let site = r#""gatewayIpAddress": "192.0.2.1", "localNetworkAddressSpace": {"addressPrefixes": ["192.168.0.0/24"]},
        "bgpSettings": {"asn": 65050, "bgpPeeringAddress": "192.168.0.254"}"#;
    let connection = format!(
        "\"connectionType\": \"IPsec\", \"enableBgp\": \"true\", \"routingWeight\": \"10\",
         \"virtualNetworkGateway1\": {}, \"localNetworkGateway2\": {}",
        id("virtualNetworkGateways", "'g'"),
        id("localNetworkGateways", "'dc'"),
    );
    let world = deployed(
        &[
            resource("virtualNetworks", "v", VNET),
            resource("publicIPAddresses", "p", ""),
            resource("virtualNetworkGateways", "g", &gateway),
            resource("localNetworkGateways", "dc", site),
            resource("expressRouteCircuits", "er", circuit),
            resource("connections", "c", &connection),
        ]
        .join(",\n"),
    );
    assert_eq!(told(&world), "");
    let Kind::Gateway(gateway) = kind_of(&world, "virtualNetworkGateways/g") else { panic!() };
    let address: Addr = "10.0.255.30".parse().unwrap();
    assert_eq!((gateway.kind, gateway.bgp), (GatewayKind::Vpn, Some(Bgp { asn: 65010, address: Some(address) })));
    assert_eq!(kind_of(&world, "connections/c"), Kind::Connection(Connection { bgp: true, weight: 10 }));
    let Kind::OnPremises(circuit) = kind_of(&world, "expressRouteCircuits/er") else { panic!() };
    assert_eq!(circuit.bgp.map(|bgp| bgp.asn), Some(65020));
    let mut lines: Vec<String> =
        drawn(&world).lines().filter(|line| !line.contains("virtualNetworks")).map(str::to_owned).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "Connection connections/c; PartOf g; Remote dc",
            "Connection virtualNetworkGateways/g/vpnClientConnections/all; PartOf g; Remote all",
            "Gateway virtualNetworkGateways/g; Attached GatewaySubnet; Uses p; Target dc",
            "OnPremises expressRouteCircuits/er",
            "OnPremises localNetworkGateways/dc",
            "OnPremises virtualNetworkGateways/g/vpnClients/all",
            "OnPremisesHost localNetworkGateways/dc/hosts/192.168.0.0-24; PartOf dc",
            "OnPremisesHost virtualNetworkGateways/g/vpnClients/all/hosts/172.31.0.0-24; PartOf all",
            "PublicIp publicIPAddresses/p",
        ]
    );
}

/// Catches: a gateway without a subnet, a connection without ends or a site with a range that is none taken as they are; hubs
/// that pass for modelled; a network on premises that nobody declares and that takes its connection with it.
#[test]
fn what_is_wrong_or_not_modelled_is_said() {
    let connection = format!(
        "\"virtualNetworkGateway1\": {}, \"localNetworkGateway2\": {{\"id\": \"/x/providers/Microsoft.Network/localNetworkGateways/y\"}}",
        id("virtualNetworkGateways", "'g'")
    );
    let gateway = format!(
        "\"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{\"subnet\": {}}}}}]",
        id("virtualNetworks/subnets", "'v', 'GatewaySubnet'")
    );
    let world = deployed(
        &[
            resource("virtualNetworks", "v", VNET),
            resource("virtualNetworkGateways", "g", &gateway),
            resource("connections", "kept", &connection),
            resource("virtualNetworkGateways", "bare", ""),
            resource("connections", "loose", ""),
            resource("localNetworkGateways", "dc", r#""localNetworkAddressSpace": {"addressPrefixes": ["nowhere"]}"#),
            resource("virtualHubs", "hub", ""),
        ]
        .join(",\n"),
    );
    let codes: Vec<&str> = world.findings.iter().map(|it| it.diagnostic.code).collect();
    assert_eq!(codes, ["azure.missing-property", "azure.missing-property", "InvalidAddressPrefixFormat"]);
    assert!(world.diagnostics.iter().any(|it| it.message.contains("virtual hub")), "{}", told(&world));
    assert!(matches!(kind_of(&world, "connections/kept"), Kind::Connection(_)));
}
