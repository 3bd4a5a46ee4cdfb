//! What Azure refuses: a finding that points at the place, and the rest of the network stands.

use super::{at, deployed, drawn, resource, told};

fn vnet(subnets: &str) -> String {
    let text = format!("\"addressSpace\": {{\"addressPrefixes\": [\"10.0.0.0/16\"]}}, \"subnets\": [{subnets}]");
    resource("virtualNetworks", "v", &text)
}

fn subnet(name: &str, prefix: &str) -> String {
    format!("\n{{\"name\": \"{name}\", \"properties\": {{\"addressPrefix\": \"{prefix}\"}}}}")
}

fn nic(name: &str, subnet: &str, more: &str) -> String {
    let subnet = at(&format!("virtualNetworks/v/subnets/{subnet}"));
    let config = format!("\"subnet\": {{\"id\": \"{subnet}\"}}{more}");
    let text = format!("\"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{{config}}}}}]");
    resource("networkInterfaces", name, &text)
}

/// Catches: another code than Azure's, a place that is not the setting's, a refusal that takes the rest with it.
#[test]
fn refusals_are_findings_with_a_place() {
    // Tests `refuse-subnet-overlap`, `refuse-subnet-outside`, `refuse-prefix-form`, `refuse-address-form`, `refuse-rule-conflict`,
    // `refuse-rule-priority`, `refuse-missing-reference`, `refuse-address-taken`, `refuse-address-outside`,
    // `refuse-other-region`.
    let rule = |name: &str, priority: u32| {
        format!(
            "\n{{\"name\": \"{name}\", \"properties\": {{\"priority\": {priority}, \"direction\": \"Inbound\", \
             \"access\": \"Allow\", \"protocol\": \"*\", \"sourceAddressPrefix\": \"*\", \"sourcePortRange\": \"*\", \
             \"destinationAddressPrefix\": \"*\", \"destinationPortRange\": \"*\"}}}}"
        )
    };
    let group =
        |rules: &[String]| resource("networkSecurityGroups", "g", &format!("\"securityRules\": [{}]", rules.join(",")));
    let network = |one: (&str, &str), two: (&str, &str)| vnet(&[subnet(one.0, one.1), subnet(two.0, two.1)].join(","));
    let taken = ", \"privateIPAllocationMethod\": \"Static\", \"privateIPAddress\": \"10.0.1.5\"";
    let fixed = |name: &str| nic(name, "a", taken);
    for (text, code, line, kept) in [
        (network(("a", "10.0.1.0/24"), ("b", "10.0.1.128/25")), "NetcfgSubnetRangesOverlap", 4, "subnets/a"),
        (network(("a", "10.0.1.0/24"), ("b", "10.1.0.0/24")), "NetcfgSubnetRangeOutsideVnet", 4, "subnets/a"),
        (network(("a", "10.0.1.0/24"), ("b", "10.0.2.9/24")), "InvalidCIDRNotation", 4, "subnets/a"),
        (network(("a", "10.0.1.0/24"), ("b", "10.0.2.0")), "InvalidAddressPrefixFormat", 4, "subnets/a"),
        (group(&[rule("x", 100), rule("y", 100)]), "SecurityRuleConflict", 4, "networkSecurityGroups/g"),
        (group(&[rule("x", 100), rule("y", 4097)]), "SecurityRuleInvalidPriority", 4, "networkSecurityGroups/g"),
        (
            format!("{},\n{}", vnet(&subnet("a", "10.0.1.0/24")), nic("n", "typo", "")),
            "InvalidResourceReference",
            4,
            "Nic",
        ),
        (
            format!("{},\n{},\n{}", vnet(&subnet("a", "10.0.1.0/24")), fixed("n"), fixed("m")),
            "PrivateIPAddressIsAllocated",
            5,
            "networkInterfaces/n/ipConfigurations/c",
        ),
        (
            format!("{},\n{}", vnet(&subnet("a", "10.0.1.0/24")), nic("n", "a", &taken.replace("1.5", "1.2"))),
            "PrivateIPAddressInReservedRange",
            4,
            "subnets/a",
        ),
        (
            format!("{},\n{}", vnet(&subnet("a", "10.0.1.0/24")), nic("n", "a", &taken.replace("1.5", "1.300"))),
            "InvalidIPAddressFormat",
            4,
            "subnets/a",
        ),
        (
            // The finding points at the VNet: it is what would have to move.
            format!("{},\n{}", vnet(&subnet("a", "10.0.1.0/24")), nic("n", "a", "").replace("West US 2", "eastus")),
            "InvalidResourceReference",
            2,
            "subnets/a",
        ),
    ] {
        let world = deployed(&text);
        assert_eq!(world.findings.len(), 1, "{code}: {}", told(&world));
        let diagnostic = &world.findings[0].diagnostic;
        let found = diagnostic.span.and_then(|span| world.sources.locate(span)).map(|at| at.line);
        assert_eq!((diagnostic.code, found), (code, Some(line)), "{}", told(&world));
        assert!(drawn(&world).contains(kept), "{code}: {}", drawn(&world));
        assert!(!world.has_errors(), "{code}");
    }
}

/// Catches: an edit that is not passed on to those who print it.
#[test]
fn a_refusal_says_how_to_mend_it() {
    let frontend = at("loadBalancers/b/frontendIPConfigurations/f");
    let inside = format!("\"subnet\": {{\"id\": \"{}\"}}", at("virtualNetworks/v/subnets/a"));
    let text = [
        vnet(&subnet("a", "10.0.1.0/24")),
        resource(
            "loadBalancers",
            "b",
            &format!("\"frontendIPConfigurations\": [{{\"name\": \"f\", \"properties\": {{{inside}}}}}]"),
        ),
        resource(
            "privateLinkServices",
            "s",
            &format!(
                "\"loadBalancerFrontendIpConfigurations\": [{{\"id\": \"{frontend}\"}}], \
                 \"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{{inside}}}}}]"
            ),
        ),
    ];
    let world = deployed(&text.join(",\n"));
    let finding = &world.findings[0];
    assert_eq!(finding.diagnostic.code, "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled");
    assert_eq!(
        finding.diagnostic.help.as_deref(),
        Some("set properties.privateLinkServiceNetworkPolicies of a to \"Disabled\"")
    );
    assert_eq!(finding.edit.as_ref().unwrap().property, "properties.privateLinkServiceNetworkPolicies");
    assert_eq!(world.sources.locate(finding.diagnostic.span.unwrap()).unwrap().line, 3);
}

/// Catches: a misspelt name that one has to find out for oneself.
#[test]
fn a_misspelt_subnet_is_named() {
    let text =
        [vnet(&[subnet("frontend", "10.0.1.0/24"), subnet("b", "10.0.2.0/24")].join(",")), nic("n", "frontnd", "")];
    let world = deployed(&text.join(",\n"));
    assert_eq!(world.findings[0].diagnostic.help.as_deref(), Some("did you mean frontend?"));
}

/// Catches: one mistake reported once for every resource that leads to it.
#[test]
fn what_refers_to_the_refused_is_a_note() {
    let text = [
        vnet(&[subnet("a", "10.0.1.0/24"), subnet("b", "10.0.1.0/25")].join(",")),
        nic("n", "b", ""),
        resource(
            "privateEndpoints",
            "e",
            &format!("\"subnet\": {{\"id\": \"{}\"}}", at("virtualNetworks/v/subnets/b")),
        ),
    ];
    let world = deployed(&text.join(",\n"));
    assert_eq!(world.findings.len(), 1, "{}", told(&world));
    let notes: Vec<&str> = world.findings[0].diagnostic.notes.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("networkInterfaces/n/ipConfigurations/c is left out too"), "{notes:?}");
    assert!(notes[1].contains("privateEndpoints/e is left out too"), "{notes:?}");
}

/// Catches: a machine with more NICs than its size takes.
#[test]
fn a_size_limits_the_nics() {
    // Tests `refuse-nic-count`.
    let nics: Vec<String> =
        (0..3).map(|n| format!("{{\"id\": \"{}\"}}", at(&format!("networkInterfaces/n{n}")))).collect();
    let text = format!(
        "{{\"type\": \"Microsoft.Compute/virtualMachines\", \"apiVersion\": \"2021-11-01\", \"name\": \"m\", \
         \"properties\": {{\"hardwareProfile\": {{\"vmSize\": \"Standard_A1_v2\"}}, \
         \"networkProfile\": {{\"networkInterfaces\": [{}]}}}}}}",
        nics.join(",")
    );
    let world = deployed(&text);
    assert_eq!(world.findings[0].diagnostic.code, "NetworkInterfaceCountExceeded");
}

/// Catches: container groups kept out of the subnet that is delegated to them, machines let into it.
#[test]
fn a_delegated_subnet_takes_container_groups() {
    // Tests `container-group-subnet`.
    let delegated = subnet("a", "10.0.1.0/24").replace(
        "\"addressPrefix\"",
        "\"delegations\": [{\"name\": \"d\", \"properties\": \
         {\"serviceName\": \"Microsoft.ContainerInstance/containerGroups\"}}], \"addressPrefix\"",
    );
    let group = format!(
        "{{\"type\": \"Microsoft.ContainerInstance/containerGroups\", \"apiVersion\": \"2021-10-01\", \"name\": \"c\", \
         \"location\": \"westus2\", \"properties\": {{\"subnetIds\": [{{\"id\": \"{}\"}}]}}}}",
        at("virtualNetworks/v/subnets/a")
    );
    let world = deployed(&[vnet(&delegated), group.clone()].join(",\n"));
    assert!(world.findings.is_empty(), "{}", told(&world));
    assert!(drawn(&world).contains("Attached a"), "{}", drawn(&world));
    let world = deployed(&[vnet(&delegated), group, nic("n", "a", "")].join(",\n"));
    let codes: Vec<&str> = world.findings.iter().map(|finding| finding.diagnostic.code).collect();
    assert_eq!(codes, ["SubnetWithDelegationsCannotBeUsedByResource"], "{}", told(&world));
}

/// Catches: groups of one address that its NIC's others are not in, taken; the first address refused with them; letter
/// case that counts.
#[test]
fn addresses_of_a_nic_share_their_groups() {
    // Tests `refuse-asg-configurations`.
    let groups = |names: &[&str]| {
        let ids: Vec<String> = names
            .iter()
            .map(|name| format!("{{\"id\": \"{}\"}}", at(&format!("applicationSecurityGroups/{name}"))))
            .collect();
        format!("\"applicationSecurityGroups\": [{}]", ids.join(","))
    };
    let config = |name: &str, names: &[&str]| {
        let subnet = format!("\"subnet\": {{\"id\": \"{}\"}}", at("virtualNetworks/v/subnets/a"));
        format!("{{\"name\": \"{name}\", \"properties\": {{{subnet}, {}}}}}", groups(names))
    };
    for (one, two, refused) in
        [(&["x", "y"][..], &["Y", "x"][..], false), (&["x"], &["y"], true), (&["x"], &[], true), (&[], &[], false)]
    {
        let nic = resource(
            "networkInterfaces",
            "n",
            &format!("\"ipConfigurations\": [{},\n{}]", config("c", one), config("d", two)),
        );
        let asg = |name: &str| resource("applicationSecurityGroups", name, "");
        let world = deployed(&[vnet(&subnet("a", "10.0.1.0/24")), asg("x"), asg("y"), nic].join(",\n"));
        let codes: Vec<&str> = world.findings.iter().map(|finding| finding.diagnostic.code).collect();
        let expected = "AllIpConfigurationsOnANicMustBelongToTheSameApplicationSecurityGroups";
        assert_eq!(codes, if refused { vec![expected] } else { vec![] }, "{one:?} {two:?}: {}", told(&world));
        assert!(world.topology.find(&at("networkInterfaces/n/ipConfigurations/c")).is_some());
    }
}
