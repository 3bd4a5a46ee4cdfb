//! What real files carry, each seen in the corpus (its README, "Quirks real files carry").

use super::{G, codes, drawn, world};
use sim_core::topology::Kind;

/// A network with everything in it that the quirks touch, as Azure writes it.
fn plain() -> String {
    format!(
        r#"[
  {{"id": "{G}/networkSecurityGroups/g", "type": "Microsoft.Network/networkSecurityGroups", "location": "westus2",
    "properties": {{"securityRules": [{{"name": "r", "properties": {{"priority": 100, "direction": "Inbound",
      "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": "Internet", "sourcePortRange": "*",
      "destinationAddressPrefix": "*", "destinationPortRange": "65503-65534"}}}}]}}}},
  {{"id": "{G}/publicIPAddresses/p", "type": "Microsoft.Network/publicIPAddresses", "location": "westus2",
    "sku": {{"name": "Standard"}}, "properties": {{"ipAddress": "20.1.2.3", "publicIPAllocationMethod": "Static",
    "idleTimeoutInMinutes": 4}}}},
  {{"id": "{G}/virtualNetworks/v", "type": "Microsoft.Network/virtualNetworks", "location": "westus2",
    "properties": {{"addressSpace": {{"addressPrefixes": ["10.0.0.0/16"]}}, "subnets": [{{"name": "s",
      "properties": {{"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {{"id": "{G}/networkSecurityGroups/g"}}}}}}]}}}},
  {{"id": "{G}/networkInterfaces/n", "type": "Microsoft.Network/networkInterfaces", "location": "westus2",
    "properties": {{"enableIPForwarding": true, "ipConfigurations": [{{"name": "c", "properties": {{
      "privateIPAddress": "10.0.0.4", "privateIPAllocationMethod": "Static",
      "publicIPAddress": {{"id": "{G}/publicIPAddresses/p"}}, "subnet": {{"id": "{G}/virtualNetworks/v/subnets/s"}}}}}}]}}}}
]"#
    )
}

/// A quirk, and the texts that stand in place of others with it.
type Quirk = (&'static str, &'static [(&'static str, &'static str)]);

const QUIRKS: &[Quirk] = &[
    ("letter case of members", &[("ublicIPAddress\":", "ublicIpAddress\":"), ("\"subnets\"", "\"Subnets\"")]),
    ("old casing of az", &[("privateIPAddress\"", "privateIpAddress\""), ("enableIPForwarding", "enableIpForwarding")]),
    ("first letters", &[("\"id\":", "\"Id\":"), ("\"name\":", "\"Name\":"), ("\"protocol\"", "\"Protocol\"")]),
    ("letter case of types", &[("Microsoft.Network/networkInterfaces\",", "microsoft.network/NetworkInterfaces\",")]),
    ("tag in capitals", &[("\"Internet\"", "\"INTERNET\"")]),
    ("protocol in capitals", &[("\"Tcp\"", "\"TCP\"")]),
    ("direction in small letters", &[("\"Inbound\"", "\"inbound\"")]),
    ("numbers as strings", &[("\"priority\": 100", "\"priority\": \"100\""), ("Minutes\": 4", "Minutes\": \"4\"")]),
    ("switches as strings", &[("Forwarding\": true", "Forwarding\": \"True\"")]),
    ("trailing blanks", &[("65503-65534\"", "65503-65534 \""), ("\"10.0.0.0/24\"", "\"10.0.0.0/24 \"")]),
    ("lists for one", &[("\"addressPrefix\": \"10.0.0.0/24\"", "\"addressPrefixes\": [\"10.0.0.0/24\"]")]),
    ("comments and commas", &[("[\n", "// list\n[ /* x */\n"), ("]}}\n]", "]},},\n]")]),
    ("nulls", &[("\"idleTimeoutInMinutes\"", "\"dnsSettings\": null, \"idleTimeoutInMinutes\"")]),
    ("control characters", &[("\"idleTimeoutInMinutes\"", "\"note\": \"a\n\u{1}\tb\", \"idleTimeoutInMinutes\"")]),
    ("doubled slashes", &[("virtualNetworks/v/subnets/s\"", "virtualNetworks/v//subnets/s/\"")]),
];

/// Catches: a quirk that changes the network, or that is an error where Azure takes the file.
#[test]
fn quirks_change_nothing() {
    let plain = plain();
    let expected = world(&[("plain.json", &plain)]);
    assert!(codes(&expected).is_empty() && expected.findings.is_empty(), "{:?}", expected.findings);
    let expected = drawn(&expected.topology);
    for (what, edits) in QUIRKS {
        let text = edits.iter().fold(plain.clone(), |text, (from, to)| {
            assert!(text.contains(from), "{what}: {from}");
            text.replace(from, to)
        });
        let quirky = world(&[("quirky.json", &text)]);
        assert!(codes(&quirky).is_empty(), "{what}: {:?}", quirky.diagnostics);
        assert!(quirky.findings.is_empty(), "{what}: {:?}", quirky.findings);
        // Names of tags are kept as they were written, and compared without regard to letter case.
        let same = drawn(&quirky.topology).eq_ignore_ascii_case(&expected);
        assert!(same, "{what}: {}", drawn(&quirky.topology));
    }
}

/// Catches: a reference that is lost for the letter case of an id, as in exports that anonymisers have gone over.
#[test]
fn ids_are_found_in_any_letter_case() {
    let text = plain().replace("/virtualNetworks/v/subnets/s\"", "/VIRTUALNETWORKS/V/Subnets/S\"");
    let world = world(&[("a.json", &text)]);
    assert!(world.assumptions.is_empty(), "{:?}", world.assumptions);
    let nic = world.topology.resources().find(|it| matches!(it.kind, Kind::IpConfig(_))).unwrap();
    assert_eq!(world.topology.subnet_of(nic.id).unwrap().0.short_name(), "s");
}

/// Catches: the last of two equal keys silently taken, in any letter case; an error without both places; the same refused
/// where names are the user's own or the provider tells cases apart.
#[test]
fn two_equal_keys_are_an_error() {
    let twice = |first: &str, second: &str| {
        plain().replace("\"addressPrefix\": ", &format!("\"{first}\": 1, \"{second}\": 2, \"addressPrefix\": "))
    };
    for (first, second, code) in [
        ("x", "x", "!json.duplicate-key"),
        ("routeTable", "RouteTable", "!json.keys-differ-in-case"),
        ("addressprefix", "x", "!json.keys-differ-in-case"),
    ] {
        let world = world(&[("a.json", &twice(first, second))]);
        assert_eq!(codes(&world), [code], "{first} {second}");
        let diagnostic = &world.diagnostics[0];
        let at = |span: Option<_>| world.sources.locate(span.unwrap()).unwrap();
        assert!(at(diagnostic.span).column != at(diagnostic.notes[0].0).column, "{diagnostic:?}");
        assert!(world.has_errors());
    }
    let other = r#"[{"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/w", "type": "Microsoft.Web/sites",
                     "properties": {"x": {"PATH": 1, "Path": 2}}}]"#;
    for text in [other.to_owned(), plain().replace("\"subnets\"", "\"metadata\": {\"a\": 1, \"A\": 2}, \"subnets\"")] {
        let world = world(&[("a.json", &text)]);
        assert_eq!(codes(&world), ["json.keys-differ-in-case"]);
        assert!(!world.has_errors());
    }
    let template = r#"{"contentVersion": "1.0.0.0", "parameters": {"p": {"type": "string", "defaultValue": "a"},
                       "P": {"type": "string", "defaultValue": "b"}}, "resources": []}"#;
    assert_eq!(codes(&world(&[("a.json", template)])), ["!json.keys-differ-in-case"]);
}
