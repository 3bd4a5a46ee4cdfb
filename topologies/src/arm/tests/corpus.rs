//! Real templates.

use std::fs;
use std::path::{Path, PathBuf};

use sim_core::source::FileId;

use super::{evaluated, listed};
use crate::arm::{Deployment, is_template};
use crate::json;
use crate::source::Sources;

pub(super) fn corpus(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus").join(folder);
    if !path.is_dir() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

/// Every `.json` file below a folder that is not a parameters file, in order.
pub(super) fn templates(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if name.ends_with(".json") && !name.contains(".parameters.") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Evaluates a file if it is a template.
fn read(path: &Path) -> Option<(Deployment, Sources)> {
    let text = fs::read_to_string(path).unwrap();
    if !is_template(&json::parse_text(&text, FileId(0)).value?) {
        return None;
    }
    let parameters = path.with_file_name("azuredeploy.parameters.json");
    Some(evaluated(&text, fs::read_to_string(parameters).ok().as_deref()))
}

/// Evaluates all; gives how many had no error, of how many.
fn survey(folder: &str) -> Option<(usize, usize)> {
    let root = corpus(folder)?;
    let (mut whole, mut all) = (0, 0);
    for path in templates(&root) {
        let Some((deployment, sources)) = read(&path) else { continue };
        all += 1;
        whole += usize::from(!deployment.has_errors());
        let name = path.strip_prefix(&root).unwrap().display();
        eprintln!("{name}: {} resources, {} assumptions", deployment.resources.len(), deployment.assumptions.len());
        eprint!("{}", listed(&deployment, &sources));
    }
    eprintln!("{folder}: {whole} of {all} without error");
    Some((whole, all))
}

/// Catches: any function, loop or reference of a real template that no longer evaluates.
#[test]
fn quickstart_templates_evaluate() {
    let Some((whole, all)) = survey("arm-templates") else { return };
    assert!(whole >= 44, "{whole} of {all}");
}

/// Catches: an image template that no longer names the subnet, identity or image it should; its placeholders lost.
#[test]
fn image_builder_templates_evaluate() {
    let Some(folder) = corpus("image-builder") else { return };
    let (deployment, sources) = read(&folder.join("existingVNETWindows.json")).expect("it is a template");
    assert_eq!(listed(&deployment, &sources), "");
    let [image] = &deployment.resources[..] else { panic!("one resource") };
    assert_eq!(image.resource_type, "Microsoft.VirtualMachineImages/imageTemplates");
    assert_eq!(image.name, "<imageTemplateName>");
    let subnet = image.properties().path(&["vmProfile", "vnetConfig", "subnetId"]).unwrap();
    assert_eq!(sources.locate(subnet.span).map(|at| at.line), Some(47));
    let expected = "/subscriptions/<subscriptionID>/resourceGroups/<vnetRgName>/providers/Microsoft.Network/virtualNetworks/<vnetName>/subnets/<subnetName>";
    assert_eq!(subnet.as_str(), Some(expected));
    for name in ["imageTemplateName", "api-version", "svclocation", "<subscriptionID>", "<vnetName>", "<imgBuilderId>"]
    {
        assert!(deployment.assumptions.iter().any(|it| it.name == name), "{name} is not stated");
    }
    // A role definition is JSON, but no template.
    assert!(read(&folder.join("aibRoleNetworking.json")).is_none());
}

/// Catches: an order that builds before the template, its gallery, or the role of its identity are there.
#[test]
fn the_windows_baseline_builds_last() {
    let Some(folder) = corpus("arm-templates/imagebuilder-windowsbaseline") else { return };
    let (deployment, sources) = read(&folder.join("azuredeploy.json")).expect("it is a template");
    assert_eq!(listed(&deployment, &sources), "");
    let types: Vec<&str> = deployment.resources.iter().map(|it| it.resource_type.rsplit('/').next().unwrap()).collect();
    let expected = [
        "userAssignedIdentities",
        "roleDefinitions",
        "roleAssignments",
        "galleries",
        "images",
        "imageTemplates",
        "deploymentScripts",
    ];
    assert_eq!(types, expected);
    let script = deployment.resources[5].properties().get("customize").unwrap().items()[1].get("scriptUri");
    let uri = script.and_then(|it| it.as_str());
    assert_eq!(uri, Some("https://templates.invalid/scripts/runScript.ps1"));
}

/// Catches: the same for what Bicep compiles to.
#[test]
fn compiled_bicep_templates_evaluate() {
    let Some((whole, all)) = survey("arm-templates-avm") else { return };
    assert!(whole >= 7, "{whole} of {all}");
}

/// Catches: the same for templates of landing zones and network security samples.
#[test]
fn other_templates_evaluate() {
    let Some((whole, all)) = survey("arm-templates-landing-zone") else { return };
    assert!(whole >= 4, "{whole} of {all}");
    let Some((whole, all)) = survey("arm-templates-netsec") else { return };
    assert!(whole >= 2, "{whole} of {all}");
}

/// Catches: modules that evaluate only while their lists are empty: nested deployments in loops, lambdas over given
/// objects, types that name types.
#[test]
fn compiled_bicep_templates_evaluate_with_values() {
    let Some(folder) = corpus("arm-templates-avm") else { return };
    let table = [
        (
            "network.virtual-network.main.json",
            r#"{"name": {"value": "v"}, "addressPrefixes": {"value": ["10.0.0.0/16"]}, "subnets": {"value": [
                {"name": "a", "addressPrefix": "10.0.0.0/24"}, {"name": "b", "addressPrefixes": ["10.0.1.0/24"], "delegation": "x/y"}]},
                "peerings": {"value": [{"remoteVirtualNetworkResourceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/w", "remotePeeringEnabled": true}]}}"#,
            "v v/a v/b v/peer-v-w w/peer-w-v",
        ),
        (
            "network.load-balancer.main.json",
            r#"{"name": {"value": "l"}, "frontendIPConfigurations": {"value": [{"name": "f", "subnetResourceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}]},
                "backendAddressPools": {"value": [{"name": "p"}]}, "probes": {"value": [{"name": "h", "protocol": "Tcp", "port": 80}]},
                "loadBalancingRules": {"value": [{"name": "r", "frontendIPConfigurationName": "f", "backendAddressPoolName": "p", "probeName": "h", "frontendPort": 80, "backendPort": 80}]}}"#,
            "l l/p",
        ),
        (
            "network.network-interface.main.json",
            r#"{"name": {"value": "n"}, "ipConfigurations": {"value": [{"name": "i", "subnetResourceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}]}}"#,
            "n",
        ),
        (
            "container-registry.registry.main.json",
            r#"{"name": {"value": "registry"}, "acrSku": {"value": "Premium"}, "privateEndpoints": {"value": [{"subnetResourceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
                "privateDnsZoneGroup": {"privateDnsZoneGroupConfigs": [{"privateDnsZoneResourceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"}]}}]}}"#,
            "registry pep-registry-registry-0 pep-registry-registry-0/default",
        ),
    ];
    for (file, parameters, expected) in table {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let (deployment, sources) = evaluated(&text, Some(parameters));
        assert_eq!(listed(&deployment, &sources), "", "{file}");
        let is_deployment = |kind: &str| kind.eq_ignore_ascii_case("Microsoft.Resources/deployments");
        let made = deployment.resources.iter().filter(|it| !it.existing && !is_deployment(&it.resource_type));
        let mut names: Vec<&str> = made.map(|it| it.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut wanted: Vec<&str> = expected.split(' ').collect();
        wanted.sort_unstable();
        assert_eq!(names, wanted, "{file}");
    }
}
