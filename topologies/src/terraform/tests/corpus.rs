//! Real plans and states. What comes of them was written down by hand from the files.

use super::{body, drawn, told};
use crate::arm::Environment;
use crate::{Input, World, load};
use std::fs;
use std::path::Path;

fn real(name: &str) -> Option<World> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/terraform").join(name);
    let Ok(bytes) = fs::read(&path) else {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    };
    Some(load(&[Input { name: name.to_owned(), bytes }], None, &Environment::default()))
}

/// Kind, own name and what it refers to, of what packets meet.
fn network(world: &World) -> Vec<String> {
    let mut lines: Vec<String> = world
        .topology
        .resources()
        .filter(|found| !matches!(found.kind, sim_core::topology::Kind::Inert { .. }))
        .map(|found| {
            let kind = format!("{:?}", found.kind);
            let kind = kind.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
            let refers = world.topology.draft_of(found).refers;
            let refers = refers.iter().map(|(relation, to)| format!("; {relation:?} {}", crate::azure::name_of(to)));
            format!("{kind} {}{}", found.short_name(), refers.collect::<String>())
        })
        .collect();
    lines.sort();
    lines
}

/// Catches: a plan of Terraform 0.12 (references without attributes, modules, `count`, data sources read at apply) that loses
/// its subnets, associations, NICs or location.
#[test]
fn a_plan_with_modules() {
    let Some(world) = real("terraform-compliance.cli.test_issue-294.plan.out.json") else { return };
    assert_eq!(
        network(&world),
        [
            "IpConfig myvm-ip-0; Attached internal; PartOf myvm-nic-0",
            "IpConfig mywinvm-ip-0; Attached internal; PartOf mywinvm-nic-0; Uses mywinvm-pip-0",
            "Machine myvm-vmLinux-0",
            "Machine mywinvm-vmWindows-0",
            "Nic myvm-nic-0; FilteredBy myvm-nsg; PartOf myvm-vmLinux-0",
            "Nic mywinvm-nic-0; FilteredBy mywinvm-nsg; PartOf mywinvm-vmWindows-0",
            "Nsg myvm-nsg",
            "Nsg mywinvm-nsg",
            "PublicIp mywinvm-pip-0",
            "Subnet internal; PartOf tfctagcheck-network",
            "Vnet tfctagcheck-network",
        ]
    );
    let rules: Vec<String> = drawn(&world).into_iter().filter(|line| line.contains("direction: Inbound")).collect();
    // 22 to the one, 3389 to the other.
    assert!(rules.len() == 2 && rules[0].contains("first: 22,") && rules[1].contains("first: 3389,"), "{rules:?}");
    assert!(drawn(&world).iter().filter(|line| line.contains("northeurope")).count() == 4, "{:?}", drawn(&world));
    assert_eq!(told(&world), "terraform.other-providers resources of other providers are left out: 2 of random\n");
}

/// Catches: a module's machine without its NIC, address or group; the password of its configuration.
#[test]
fn a_plan_with_a_machine() {
    let Some(world) = real("cycloidio.terracost.azurerm.plan.json") else { return };
    let own = |line: &str| line.replace("$", "cycloid-sandbox-marco-compute-azure");
    assert_eq!(
        network(&world),
        [
            "IpConfig $-ip_config; PartOf $-nic; Uses $-public_ip",
            "Machine $-vm",
            "Nic $-nic; FilteredBy $-sg; PartOf $-vm",
            "Nsg $-sg",
            "PublicIp $-public_ip",
        ]
        .map(own)
    );
    assert!(!body(&world, "virtualMachines/cycloid-sandbox-marco-compute-azure-vm").contains("password"));
    let text: String = world.sources.ids().map(|file| world.sources.text(file).to_owned()).collect();
    assert!(!text.contains("basic_auth_marco-test-admin-key-gcp/password"));
}

/// Catches: rules that do not reach their group, and Azure's refusals of them without the instance's address.
#[test]
fn plans_with_security_rules() {
    if let Some(world) = real("bridgecrewio.checkov.tfplan_extra_ref.json") {
        assert_eq!(network(&world), ["Nsg fail", "Nsg pass"]);
        assert!(
            drawn(&world).iter().any(|line| line.contains("priority: 100") && line.contains("3389")),
            "{:?}",
            drawn(&world)
        );
    }
    if let Some(world) = real("fugue.regula.security_group_no_inbound_22_infra.json") {
        let told = told(&world);
        for expected in [
            "Unsupported value used: *. (azurerm_network_security_rule.invalidrule1)\n",
            "Unsupported value used: *. (azurerm_network_security_rule.validrule1)\n",
            "same Priority and Direction. (azurerm_network_security_rule.invalidrule3)\n",
            // Two of its resources have one name.
            "terraform.same-id",
        ] {
            assert!(told.contains(expected), "{told}");
        }
        assert_eq!(told.lines().count(), 4, "{told}");
    }
}

/// Catches: an existing network of an update taken for a new one; a firewall without the rules that stand beside it.
#[test]
fn a_plan_that_updates_a_firewall() {
    let Some(world) = real("oocx.tfplan2md.plan3.json") else { return };
    assert_eq!(
        network(&world),
        [
            "Firewall demo-firewall; Uses pip-firewall; Attached AzureFirewallSubnet",
            "PublicIp pip-firewall",
            "RoleAssignment firewall_contributor_current",
            "Subnet AzureFirewallSubnet; PartOf vnet-demo",
            "Vnet vnet-demo",
        ]
    );
    let rules = body(&world, "azureFirewalls/demo-firewall").matches("destinationPorts").count();
    assert_eq!(rules, 11);
    assert_eq!(told(&world), "");
}

/// Catches: a state file that is not known for one.
#[test]
fn states() {
    if let Some(world) = real("snyk.driftctl.azurerm_lb_rule.terraform.tfstate") {
        // The balancer is another file's: there are stand-ins.
        assert_eq!(
            network(&world),
            [
                "BalancingRule LBRule2; PartOf TestLoadBalancer; Listens PublicIPAddress",
                "Frontend PublicIPAddress; PartOf TestLoadBalancer",
                "LoadBalancer TestLoadBalancer",
            ]
        );
    }
    if let Some(world) = real("snyk.driftctl.azurerm_private_dns_a_record.terraform.tfstate") {
        assert!(
            body(&world, "A/test")
                .contains(r#""aRecords":[{"ipv4Address":"10.0.180.17"},{"ipv4Address":"10.0.180.20"}]"#)
        );
    }
}
