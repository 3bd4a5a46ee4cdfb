//! Scale sets: the machines they make, and how packets find them.

use super::{at, deployed, drawn, resource, told};
use crate::arm::Environment;
use crate::azure::{MAX_INSTANCES, MAX_PARTS};
use crate::facts::Date;
use crate::live::OWNER_TAG;
use crate::{Input, World, expand, expand_deployed, load};
use sim_core::assumption::Choices;
use sim_core::explain::{Question, walk};
use sim_core::fabric::Fabric;
use sim_core::id::PortId;
use sim_core::net::{Addr, Prefix, Protocol, Tuple};
use sim_core::topology::{Draft, InternetHost, Kind, Relation, Sku};
use std::fs;
use std::path::Path;
use std::sync::Arc;

const CLIENT: Addr = Addr::v4(9, 9, 9, 9);

/// The id of what a set makes, or of the set.
fn below(part: &str) -> String {
    at(part).replace("/Microsoft.Network/", "/Microsoft.Compute/virtualMachineScaleSets/")
}

fn id(part: &str) -> String {
    format!("{{\"id\": \"{}\"}}", at(part))
}

/// A network, a security group and a balancer with a pool and a NAT pool, whose tier is `tier`.
fn around(tier: &str) -> String {
    let vnet = "\"addressSpace\": {\"addressPrefixes\": [\"10.0.0.0/16\"]}, \
                \"subnets\": [{\"name\": \"s\", \"properties\": {\"addressPrefix\": \"10.0.0.0/24\"}}]";
    let balancer = format!(
        "\"frontendIPConfigurations\": [{{\"name\": \"f\", \"properties\": {{\"publicIPAddress\": {}}}}}], \
         \"backendAddressPools\": [{{\"name\": \"p\"}}], \
         \"inboundNatPools\": [{{\"name\": \"np\", \"properties\": {{\"frontendIPConfiguration\": {}, \"protocol\": \"Tcp\", \
           \"frontendPortRangeStart\": \"50000\", \"frontendPortRangeEnd\": 50009, \"backendPort\": 22}}}}]",
        id("publicIPAddresses/out"),
        id("loadBalancers/lb/frontendIPConfigurations/f")
    );
    let tiered = |text: String| {
        text.replacen("\"properties\"", &format!("\"sku\": {{\"name\": \"{tier}\"}}, \"properties\""), 1)
    };
    let rule = "\"securityRules\": [{\"name\": \"ssh\", \"properties\": {\"priority\": 100, \"protocol\": \"*\", \
                \"access\": \"Allow\", \"direction\": \"Inbound\", \"sourceAddressPrefix\": \"*\", \"sourcePortRange\": \"*\", \
                \"destinationAddressPrefix\": \"*\", \"destinationPortRange\": \"22\"}}]";
    let all = [
        resource("virtualNetworks", "v", vnet),
        resource("networkSecurityGroups", "g", rule),
        tiered(resource("publicIPAddresses", "out", "\"publicIPAllocationMethod\": \"Static\"")),
        tiered(resource("loadBalancers", "lb", &balancer)),
    ];
    all.join(",\n")
}

const BALANCED: &str = "pool, nat";

/// A scale set `set`: `more` beside its profile, `config` in its only address.
fn set(capacity: &str, more: &str, config: &str) -> String {
    let pools = format!(
        "\"loadBalancerBackendAddressPools\": [{}], \"loadBalancerInboundNatPools\": [{}],",
        id("loadBalancers/lb/backendAddressPools/p"),
        id("loadBalancers/lb/inboundNatPools/np")
    );
    let config = config.replace(BALANCED, &pools);
    let properties = format!(
        "{more} \"virtualMachineProfile\": {{\"networkProfile\": {{\"networkInterfaceConfigurations\": [{{\"name\": \"nic\", \
         \"properties\": {{\"primary\": true, \"enableIPForwarding\": true, \"networkSecurityGroup\": {}, \
         \"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{{config} \"subnet\": {}}}}}]}}}}]}}}}",
        id("networkSecurityGroups/g"),
        id("virtualNetworks/v/subnets/s")
    );
    let text = resource("set", "set", &properties)
        .replace("Microsoft.Network/set", "Microsoft.Compute/virtualMachineScaleSets");
    text.replacen("\"properties\"", &format!("\"sku\": {{\"name\": \"Standard_B1s\"{capacity}}}, \"properties\""), 1)
}

fn capacity(count: usize) -> String {
    format!(", \"capacity\": {count}")
}

/// The machines that stand, by what they are called, with their addresses.
fn machines(world: &World) -> Vec<String> {
    let found = world.topology.resources().filter(|it| matches!(it.kind, Kind::Machine(_)));
    let line = |it: &sim_core::topology::Resource| {
        let addresses = world.topology.addresses_of(it.id).into_iter().map(|(_, address)| format!(" {address}"));
        format!("{}{}", it.short_name(), addresses.collect::<String>())
    };
    found.map(line).collect()
}

/// Where a stranger's connection to a port of the balancer arrives: address and machine, if all lets it pass.
fn arrives(world: &mut World, frontend: &str, port: u16) -> Option<String> {
    let everybody = InternetHost::at(Prefix::ALL_V4);
    let from = PortId(world.topology.put(Draft::new("internet", Kind::InternetHost(everybody))).unwrap().0);
    let Kind::Frontend(found) = &world.topology.find(frontend).unwrap().kind else { panic!() };
    let tuple =
        Tuple { src: CLIENT, dst: found.address.unwrap(), src_port: 49152, dst_port: port, protocol: Protocol::TCP };
    let fabric = Fabric::compile(&world.topology, &world.facts(Date::DATA, Choices::default(), false), 0);
    let found = walk(&Arc::new(fabric), Question { from, tuple }, |_| None);
    let reached = found.reached.filter(|_| found.connects())?;
    let tuple = found.there.last()?.after;
    let machine = world.topology.machine_of(sim_core::id::NodeId(reached.0))?;
    Some(format!("{} {}:{}", machine.short_name(), tuple.dst, tuple.dst_port))
}

/// Catches: an instance too few or too many, ids or names other than Azure's, a NIC without what the profile says, one
/// public address for all, a NAT pool that leads to another instance or port, instances that a deleted set leaves behind.
#[test]
fn a_set_makes_its_instances() {
    // Tests `scale-set-instances`, `scale-set-ids`, `scale-set-public-addresses`, `scale-set-nat-pool`.
    let public = format!("{BALANCED} \"publicIPAddressConfiguration\": {{\"name\": \"pip\"}},");
    let mut world = deployed(&format!("{},\n{}", around("Standard"), set(&capacity(2), "", &public)));
    assert_eq!(told(&world), "");
    assert_eq!(machines(&world), ["set_0 10.0.0.4", "set_1 10.0.0.5"]);
    let start = below("set");
    let lines = drawn(&world).replace(&start, "SET");
    let mut own: Vec<&str> = lines.lines().filter(|line| line.contains("SET") || line.contains("np.")).collect();
    own.sort_unstable();
    assert_eq!(
        own,
        [
            "InboundNatRule loadBalancers/lb/inboundNatRules/np.0; PartOf lb; Listens f; Sends c",
            "InboundNatRule loadBalancers/lb/inboundNatRules/np.1; PartOf lb; Listens f; Sends c",
            "IpConfig SET/virtualMachines/0/networkInterfaces/nic/ipConfigurations/c; PartOf nic; Attached s; Uses pip; MemberOf p",
            "IpConfig SET/virtualMachines/1/networkInterfaces/nic/ipConfigurations/c; PartOf nic; Attached s; Uses pip; MemberOf p",
            "Machine SET/virtualMachines/0; PartOf set",
            "Machine SET/virtualMachines/1; PartOf set",
            "Nic SET/virtualMachines/0/networkInterfaces/nic; PartOf set_0; FilteredBy g",
            "Nic SET/virtualMachines/1/networkInterfaces/nic; PartOf set_1; FilteredBy g",
            "PublicIp SET/virtualMachines/0/networkInterfaces/nic/ipConfigurations/c/publicIPAddresses/pip",
            "PublicIp SET/virtualMachines/1/networkInterfaces/nic/ipConfigurations/c/publicIPAddresses/pip",
            "ScaleSet SET",
        ]
    );
    let forwards = |it: &&sim_core::topology::Resource| matches!(&it.kind, Kind::Machine(machine) if machine.forwards);
    assert_eq!(world.topology.resources().filter(forwards).count(), 2);
    let frontend = at("loadBalancers/lb/frontendIPConfigurations/f");
    assert_eq!(arrives(&mut world, &frontend, 50001).as_deref(), Some("set_1 10.0.0.5:22"));
    assert_eq!(arrives(&mut world, &frontend, 50002), None);
    world.topology.delete(&start).unwrap();
    assert_eq!(machines(&world), [""; 0]);
    world.topology.delete(&at("virtualNetworks/v/subnets/s")).unwrap();
}

/// Catches: a public address that Azure would refuse beside the balancer's tier, a tier of its own passed over.
#[test]
fn public_addresses_go_with_the_balancer() {
    // Tests `scale-set-public-tier`.
    let flexible = "\"orchestrationMode\": \"flexible\",";
    for (tier, more, config, expected) in [
        ("Standard", "", BALANCED, Sku::Standard),
        ("Basic", "", BALANCED, Sku::Basic),
        ("Basic", "", "", Sku::Basic),
        ("Basic", "", "OWN", Sku::Standard),
        ("Basic", flexible, "", Sku::Standard),
    ] {
        let own = if config == "OWN" { ", \"sku\": {\"name\": \"Standard\"}" } else { "" };
        let config = config.replace("OWN", "");
        let config = format!("{config} \"publicIPAddressConfiguration\": {{\"name\": \"pip\"{own}}},");
        let world = deployed(&format!("{},\n{}", around(tier), set(&capacity(1), more, &config)));
        assert_eq!(told(&world), "", "{tier} {more}");
        let of_set = world.topology.resources().filter(|it| it.owner.is_some());
        let tiers: Vec<Sku> =
            of_set.filter_map(|it| if let Kind::PublicIp(it) = &it.kind { Some(it.sku) } else { None }).collect();
        assert_eq!(tiers, [expected], "{tier} {more} {config}");
    }
}

/// Catches: instances that a dump names made a second time, made beside others, or called after numbers they do not have;
/// a NIC's own address lost; NAT rules that were read back put again.
#[test]
fn what_a_dump_tells_of_instances_counts() {
    // Tests `scale-set-known-instances`.
    let nic = below("set/virtualMachines/3/networkInterfaces/nic");
    let alone = |kind: &str, name: &str, properties: &str| {
        format!(
            "{{\"type\": \"Microsoft.Compute/virtualMachineScaleSets/{kind}\", \"apiVersion\": \"2023-09-01\", \
             \"name\": \"{name}\", \"location\": \"westus2\", \"properties\": {{{properties}}}}}"
        )
    };
    let refers = format!("\"networkProfile\": {{\"networkInterfaces\": [{{\"id\": \"{nic}\"}}]}}");
    let config = format!(
        "\"ipConfigurations\": [{{\"name\": \"c\", \"properties\": {{\"subnet\": {}, \
         \"privateIPAllocationMethod\": \"Static\", \"privateIPAddress\": \"10.0.0.30\"}}}}]",
        id("virtualNetworks/v/subnets/s")
    );
    let member = below("set/virtualMachines/7/networkInterfaces/nic/ipConfigurations/c");
    let known = around("Standard").replace(
        "{\"name\": \"p\"}",
        &format!("{{\"name\": \"p\", \"properties\": {{\"backendIPConfigurations\": [{{\"id\": \"{member}\"}}]}}}}"),
    );
    let rule = format!(
        "\"inboundNatRules\": [{{\"name\": \"np.7\", \"properties\": {{\"frontendIPConfiguration\": {}, \"frontendPort\": 50004, \
         \"backendPort\": 22, \"backendIPConfiguration\": {{\"id\": \"{member}\"}}}}}}], \"inboundNatPools\"",
        id("loadBalancers/lb/frontendIPConfigurations/f")
    );
    let all = [
        known.replace("\"inboundNatPools\"", &rule),
        set(&capacity(5), "", BALANCED),
        alone("virtualMachines", "set/3", &refers),
        alone("virtualMachines/networkInterfaces", "set/3/nic", &config),
    ];
    let mut world = deployed(&all.join(",\n"));
    assert_eq!(told(&world), "");
    let mut found = machines(&world);
    found.sort();
    assert_eq!(found, ["set_3 10.0.0.30", "set_7 10.0.0.4"]);
    assert_eq!(drawn(&world).lines().filter(|line| line.starts_with("InboundNatRule")).count(), 1);
    let frontend = at("loadBalancers/lb/frontendIPConfigurations/f");
    assert_eq!(arrives(&mut world, &frontend, 50004).as_deref(), Some("set_7 10.0.0.4:22"));
    // A dump without the set itself.
    let world = deployed(&[around("Standard"), all[2].clone(), all[3].clone()].join(",\n"));
    assert_eq!((told(&world), machines(&world)), (String::new(), vec!["set_3 10.0.0.30".to_owned()]));
}

/// Catches: machines of a flexible set counted twice, or none where the input has only the set.
#[test]
fn machines_that_name_their_set_are_its_instances() {
    // Tests `scale-set-instances`, `scale-set-ids`.
    let flexible = set(&capacity(2), "\"orchestrationMode\": \"Flexible\",", BALANCED);
    let world = deployed(&format!("{},\n{flexible}", around("Standard")));
    assert_eq!(machines(&world), ["set_0 10.0.0.4", "set_1 10.0.0.5"]);
    assert!(drawn(&world).contains("Nic networkInterfaces/nic-1; PartOf set_1; FilteredBy g"));
    let own = format!("\"virtualMachineScaleSet\": {{\"id\": \"{}\"}}", below("set"));
    let machine = resource("virtualMachines", "set_1a2b", &own).replace("Microsoft.Network", "Microsoft.Compute");
    let world = deployed(&format!("{},\n{flexible},\n{machine}", around("Standard")));
    assert_eq!(machines(&world), ["set_1a2b"]);
}

/// Catches: a capacity that takes all memory, or many sets that do together; a limit that is met in silence; a set without a
/// capacity, or a NAT pool without room, that says nothing.
#[test]
fn instances_have_limits() {
    let world = deployed(&format!("{},\n{}", around("Standard"), set(&capacity(1_000_000), "", "")));
    assert_eq!(machines(&world).len(), MAX_INSTANCES);
    assert!(told(&world).starts_with("azure.not-modelled 6:"), "{}", told(&world));
    assert!(told(&world).contains("beyond the first 100: not modelled"), "{}", told(&world));
    let world = deployed(&format!("{},\n{}", around("Standard"), set("", "", "")));
    assert!(told(&world).contains("does not say its capacity") && machines(&world).is_empty(), "{}", told(&world));
    let world = deployed(&format!("{},\n{}", around("Standard"), set(&capacity(12), "", BALANCED)));
    assert!(told(&world).contains("NAT pool np has 10 frontend ports for 12 instances"), "{}", told(&world));
    let names = "\"applicationSecurityGroups\": [".to_owned() + &"{},".repeat(MAX_PARTS / 10) + "{}],";
    let world = deployed(&format!("{},\n{}", around("Standard"), set(&capacity(50), "", &names)));
    assert_eq!(machines(&world).len(), 9);
}

/// Catches: instances written as if they were declared, which would be there twice when read again; instances that
/// `--deployed` does not show, or shows without their owner.
#[test]
fn instances_are_not_declared() {
    let world = deployed(&format!("{},\n{}", around("Standard"), set(&capacity(2), "", BALANCED)));
    let text = expand(&world);
    assert!(!text.contains("virtualMachines/") && !text.contains("np.0"), "{text}");
    let again = |text: &str| load(&[Input::new("again.json", text.to_owned())], None, &Environment::default());
    assert_eq!(drawn(&again(&text)), drawn(&world));
    let deployed = expand_deployed(&world, Date::DATA);
    assert!(deployed.contains(&below("set/virtualMachines/1/networkInterfaces/nic")));
    assert!(deployed.contains(&format!("\"{OWNER_TAG}\": \"{}\"", below("set"))), "{deployed}");
    assert_eq!(drawn(&again(&deployed)), drawn(&world));
}

/// Catches: a NAT pool of a template of its time that leads nowhere, a NAT rule for the pool of a flexible set without its
/// instances.
#[test]
fn the_quickstarts_have_their_ways_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/arm-templates");
    for (name, port, expected) in [
        ("vmss-windows-nat", 50000, "_0 10.0.0.4:3389"),
        ("vmss-windows-nat", 50004, "_4 10.0.0.8:3389"),
        ("vmss-flexible-orchestration-quickstart", 50002, "_2 10.1.0.6:22"),
    ] {
        let read =
            |file: &str| fs::read(root.join(name).join(file)).ok().map(|bytes| Input { name: file.into(), bytes });
        let Some(template) = read("azuredeploy.json") else {
            eprintln!("skipped: {name} is not here");
            continue;
        };
        let parameters = read("azuredeploy.parameters.json");
        let mut world = load(&[template], parameters.as_ref(), &Environment::default());
        let frontend = world.topology.resources().find(|it| matches!(it.kind, Kind::Frontend(_))).unwrap().name.clone();
        let reached = arrives(&mut world, &frontend, port).unwrap_or_default();
        assert!(reached.ends_with(expected), "{name} {port}: {reached}");
        assert!(world.topology.resources().any(
            |it| matches!(it.kind, Kind::ScaleSet) && !world.topology.referrers(it.id, Relation::PartOf).is_empty()
        ));
    }
}
