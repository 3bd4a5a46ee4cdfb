//! Real templates, through everything.

use super::told;
use crate::arm::Environment;
use crate::azure::RawResource;
use crate::facts::region;
use crate::json::{self, Value};
use crate::source::Sources;
use crate::{Input, World, load};
use sim_core::topology::{Kind, Permission};
use std::fs;
use std::path::{Path, PathBuf};

fn corpus(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus").join(folder);
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

fn read(path: &Path) -> Input {
    Input { name: path.file_name().unwrap().to_string_lossy().into_owned(), bytes: fs::read(path).unwrap() }
}

/// A template with the parameters beside it.
fn world(template: &Path) -> World {
    let name = template.file_stem().unwrap().to_string_lossy().into_owned();
    let parameters = template.with_file_name(format!("{name}.parameters.json"));
    let parameters = parameters.exists().then(|| read(&parameters));
    load(&[read(template)], parameters.as_ref(), &Environment::default())
}

fn quickstart(name: &str) -> Option<World> {
    Some(world(&corpus("arm-templates")?.join(name).join("azuredeploy.json")))
}

fn templates(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if name.ends_with(".json") && !name.contains(".parameters.") && !name.contains("settings.json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Loads all; prints what became of each, and gives how many have findings, of how many.
fn survey(folder: &str) -> Option<(usize, usize)> {
    let root = corpus(folder)?;
    let (mut refused, mut all) = (0, 0);
    for path in templates(&root) {
        let world = world(&path);
        all += 1;
        refused += usize::from(!world.findings.is_empty());
        let resources = world.resources.iter().count();
        let inert = world.topology.resources().filter(|it| matches!(it.kind, Kind::Inert { .. })).count();
        let modelled = world.topology.resources().count() - inert;
        eprintln!(
            "{}: {resources} resources, {modelled} nodes, {inert} inert, {} assumptions, {} findings",
            path.strip_prefix(&root).unwrap().display(),
            world.assumptions.len(),
            world.findings.len()
        );
        eprint!("{}", told(&world));
    }
    eprintln!("{folder}: findings in {refused} of {all}");
    Some((refused, all))
}

/// Catches: a panic on any real template, and a reading that makes Azure refuse what it takes: these were all deployed.
#[test]
fn quickstarts_are_not_refused() {
    let Some((refused, all)) = survey("arm-templates") else { return };
    assert!(refused <= 2 && all >= 40, "{refused} of {all}");
}

/// Catches: the same for compiled Bicep, landing zones, samples.
#[test]
fn other_templates_are_not_refused() {
    for folder in ["arm-templates-avm", "arm-templates-landing-zone", "arm-templates-netsec"] {
        let Some((refused, all)) = survey(folder) else { continue };
        assert!(refused <= 2, "{folder}: {refused} of {all}");
    }
}
/// Each kind of resource in templates as people write them: what the network must look like in the end.
const DRAWN: [(&str, &[&str]); 7] = [
    (
        "privatelink-service",
        &[
            "Frontend loadBalancers/myILB/frontendIPConfigurations/myFrontEnd; PartOf myILB; Attached frontendSubnet",
            "BalancingRule loadBalancers/myILB/loadBalancingRules/myHTTPRule; PartOf myILB; Listens myFrontEnd; \
             Sends myBackEndPool; Checks myHealthProbe",
            "InboundNatRule loadBalancers/myILB/inboundNatRules/RDP-VM0; PartOf myILB; Listens myFrontEnd; \
             Sends ipConfig1",
            "LinkService privateLinkServices/myPLS; Attached frontendSubnet; Listens myFrontEnd",
            "PrivateEndpoint privateEndpoints/myPrivateEndpoint; Attached myPESubnet; Target myPLS",
        ],
    ),
    (
        "2-vms-loadbalancer-natrules",
        &[
            "Subnet virtualNetworks/myVNET/subnets/Subnet-1; PartOf myVNET; FilteredBy Subnet-1-nsg",
            "Frontend loadBalancers/myLB/frontendIPConfigurations/LoadBalancerFrontend; PartOf myLB; Uses myPublicIP",
            "Nic networkInterfaces/nic1; PartOf myVM1",
            "IpConfig networkInterfaces/nic1/ipConfigurations/ipconfig1; PartOf nic1; Attached Subnet-1; \
             MemberOf LoadBalancerBackend",
            "InboundNatRule loadBalancers/myLB/inboundNatRules/RDP-VM1; PartOf myLB; Listens LoadBalancerFrontend; \
             Sends ipconfig1",
        ],
    ),
    (
        "vnet-to-vnet-peering",
        &["Peering virtualNetworks/vNet2peeringtest/virtualNetworkPeerings/vNet2peeringtest-vNet1peeringtest; \
           PartOf vNet2peeringtest; Remote vNet1peeringtest"],
    ),
    (
        "userdefined-routes-appliance",
        &["Subnet virtualNetworks/Contoso_Network/subnets/FrontendSubnet; PartOf Contoso_Network; \
           FilteredBy DefaultNSG; RoutedBy BasicNVA"],
    ),
    (
        "nat-gateway-1-vm",
        &[
            "NatGateway natGateways/nat-gateway; Uses public-ip-nat",
            "Subnet virtualNetworks/vnet-1/subnets/subnet-1; PartOf vnet-1; TranslatedBy nat-gateway",
            "Nic networkInterfaces/nic-1; PartOf vm-1; FilteredBy nsg-1",
        ],
    ),
    (
        // The pool is named by `reference(...).backendAddressPools[0].id`.
        "internal-loadbalancer-create-haports",
        &["IpConfig networkInterfaces/networkInterface1/ipConfigurations/ipConfig; PartOf networkInterface1; \
           Attached ci-subnet1; MemberOf loadBalancerBackEnd"],
    ),
    (
        // The appliances are members by address.
        "load-balancer-gateway",
        &["IpConfig networkInterfaces/nva1-NIC/ipConfigurations/ipconfig1; PartOf nva1-NIC; Attached nvasubnet; \
           Uses nva1-pubIP; MemberOf gwlbBackEndPool"],
    ),
];

/// Catches: a reference read from the wrong property or lost, a part under another id than Azure gives it, a NIC that
/// does not belong to its machine.
#[test]
fn resources_refer_to_each_other_as_written() {
    for (name, expected) in DRAWN {
        let Some(world) = quickstart(name) else { return };
        let drawn = super::drawn(&world);
        for line in expected {
            assert!(drawn.lines().any(|found| found == *line), "{name}: no {line}\nin\n{drawn}");
        }
        assert_eq!(told(&world), "", "{name}");
    }
}

/// Catches: a container group without a place in its subnet, when a network profile names it.
#[test]
fn a_container_group_is_a_machine_in_its_subnet() {
    // Tests `container-group-subnet`.
    let Some(world) = quickstart("aci-vnet") else { return };
    let machine = world.topology.resources().find(|it| matches!(it.kind, Kind::Machine(_))).unwrap();
    let addresses = world.topology.addresses_of(machine.id);
    assert_eq!(addresses.len(), 1);
    assert_eq!(addresses[0].1.to_string(), "10.0.0.4");
    let (subnet, attributes) = world.topology.subnet_of(addresses[0].0).unwrap();
    assert_eq!(subnet.short_name(), "aci-subnet");
    assert_eq!(attributes.delegation.as_deref(), Some("Microsoft.ContainerInstance/containerGroups"));
}

/// Catches: the role file of image builder's documentation not recognised, its actions lost, or a placeholder in an id
/// that is no longer what was written; the template beside it not read.
#[test]
fn image_builder_files_are_read() {
    // Tests `role-actions`.
    let Some(folder) = corpus("image-builder") else { return };
    let inputs = ["aibRoleNetworking.json", "existingVNETWindows.json"].map(|name| read(&folder.join(name)));
    let mut world = load(&inputs, None, &Environment::default());
    let join = "Microsoft.Network/virtualNetworks/subnets/join/action";
    assert_eq!(world.topology.permission(join, "/subscriptions/s"), Permission::Granted);
    assert_eq!(world.topology.permission("Microsoft.Compute/images/write", "/subscriptions/s"), Permission::Missing);
    let template = world.resources.iter().find(|it| it.resource_type.ends_with("/imageTemplates")).unwrap();
    let subnet = template.properties().path(&["vmProfile", "vnetConfig", "subnetId"]).and_then(Value::as_str).unwrap();
    assert!(subnet.starts_with("/subscriptions/<subscriptionID>/resourceGroups/<vnetRgName>/"), "{subnet}");
    let subnet = subnet.to_owned();
    let id = world.assume_subnet(&subnet, "West US 2").unwrap();
    assert_eq!(&*world.topology.get(id).unwrap().name, subnet);
    assert_eq!(world.assume_subnet(&subnet, "West US 2").unwrap(), id);
}

/// Catches: an answer of Azure that is taken for something it would refuse: these resources were all there. What a
/// world does not hold (the recorder did not ask) has a stand-in.
#[test]
fn what_azure_has_answered_is_not_refused() {
    let Some(root) = corpus("oracles") else { return };
    let (mut worlds, mut refused, mut nodes) = (0, 0, 0);
    for path in templates(&root) {
        let mut sources = Sources::new();
        let file = sources.add(path.display().to_string(), fs::read_to_string(&path).unwrap());
        let Some(answers) = json::parse(&sources, file).value else { continue };
        for recorded in answers.get("worlds").map(Value::members).unwrap_or_default() {
            let resources = recorded.value.get("resources").map(Value::items).unwrap_or_default();
            let mut world = World::new(resources.iter().filter_map(read_back), "westus");
            world.sources = std::mem::take(&mut sources);
            let told = told(&world);
            if !told.is_empty() {
                eprintln!("{} {}:\n{told}", path.strip_prefix(&root).unwrap().display(), recorded.key);
            }
            worlds += 1;
            nodes += world.topology.resources().count();
            refused += usize::from(!world.findings.is_empty());
            sources = std::mem::take(&mut world.sources);
        }
    }
    eprintln!("{worlds} worlds, {nodes} nodes, findings in {refused}");
    assert!(worlds > 20 && refused == 0);
}

fn read_back(body: &Value) -> Option<RawResource> {
    let text = |key| body.get(key).and_then(Value::as_str);
    Some(RawResource {
        id: text("id")?.into(),
        resource_type: text("type")?.to_owned(),
        name: text("name")?.to_owned(),
        location: text("location").map(region::short),
        api_version: String::new(),
        body: body.clone(),
        span: body.span,
        owner: None,
    })
}

/// Catches: a template of Azure's own tools, deployed and recorded, that would be refused; an address given out that is
/// not the one that Azure gave.
#[test]
fn recorded_deployments_are_not_refused() {
    let Some(root) = corpus("oracles/arm-deployments") else { return };
    let (mut all, mut compared) = (0, 0);
    for path in templates(&root) {
        let mut sources = Sources::new();
        let file = sources.add(path.display().to_string(), fs::read_to_string(&path).unwrap());
        let recorded = json::parse(&sources, file).value.unwrap();
        let Some(request) = recorded.path(&["deployment", "request"]) else { continue };
        let Some(template) = request.get("template") else { continue };
        let parameters = request.get("parameters").map(|it| format!("{{\"parameters\": {it}}}"));
        let id = recorded.path(&["deployment", "id"]).and_then(Value::as_str).unwrap_or_default();
        let mut parts = id.split('/');
        let environment = Environment {
            subscription_id: parts.nth(2).unwrap_or_default().to_owned(),
            resource_group: parts.nth(1).unwrap_or_default().to_owned(),
            ..Environment::default()
        };
        let parameters = parameters.map(|text| Input::new("parameters.json", text));
        let world = load(&[Input::new("template.json", template.to_string())], parameters.as_ref(), &environment);
        all += 1;
        assert!(world.findings.is_empty(), "{}\n{}", path.display(), told(&world));
        for after in recorded.path(&["deployment", "after"]).map(Value::items).unwrap_or_default() {
            compared += compare(&world, after);
        }
    }
    eprintln!("{all} deployments, {compared} addresses as recorded");
    assert!(all >= 20);
}

/// Compares the private addresses in a body that was read after the deployment.
fn compare(world: &World, after: &Value) -> usize {
    let mut compared = 0;
    for collection in ["ipConfigurations", "frontendIPConfigurations"] {
        for part in after.path(&["properties", collection]).map(Value::items).unwrap_or_default() {
            let recorded = part.path(&["properties", "privateIPAddress"]).and_then(Value::as_str);
            let found = part.get("id").and_then(Value::as_str).and_then(|id| world.topology.find(id));
            let address = match found.map(|found| &found.kind) {
                Some(Kind::IpConfig(config)) => config.address,
                Some(Kind::Frontend(frontend)) => frontend.address,
                _ => None,
            };
            if let (Some(recorded), Some(address)) = (recorded, address) {
                assert_eq!(recorded, address.to_string(), "{:?}", found.map(|found| &found.name));
                compared += 1;
            }
        }
    }
    compared
}
