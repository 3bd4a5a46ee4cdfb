//! `virtualMachines`, and container groups in a subnet: the machines that run programs.

use super::id::{child, sibling};
use super::raw::{RawResource, Resources};
use super::read::{given, inner, list, not_modelled, reference, references, switch, text};
use super::reading::Reading;
use crate::diagnostic::Diagnostic;
use crate::facts::{Os, vm_size};
use crate::json::Value;
use sim_core::topology::{Draft, IpConfig, Kind, Machine, Nic, Relation};
use std::sync::Arc;

/// Rule `refuse-nic-count`: a machine has at most as many NICs as its size takes. Source: azure-dataplane 5.1. The
/// code was not seen; a like text was, of scale sets.
pub(super) fn machine(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let size = given(properties, "hardwareProfile").and_then(|profile| text(profile, "vmSize")).unwrap_or_default();
    let known = vm_size(size);
    let profile = given(properties, "networkProfile").unwrap_or(properties);
    let nics: Vec<Arc<str>> = references(profile, "networkInterfaces").collect();
    if let Some(known) = known.filter(|known| nics.len() > known.max_nics) {
        let message = format!(
            "The number of network interfaces for virtual machine {} exceeds the maximum allowed for the virtual \
             machine size {size}. The number of network interfaces is {} and the maximum allowed is {}.",
            raw.name,
            nics.len(),
            known.max_nics
        );
        let diagnostic = Diagnostic::error("NetworkInterfaceCountExceeded", message).at(profile.span);
        return out.leave_out(&raw.id, diagnostic);
    }
    if let Some(diagnostic) = primaries(profile) {
        return out.leave_out(&raw.id, diagnostic);
    }
    out.node(raw.draft(Kind::Machine(of_size(size))));
    for nic in nics {
        out.link(&nic, Relation::PartOf, &raw.id);
    }
    for part in list(profile, "networkInterfaceConfigurations") {
        own_nic(raw, part, out);
    }
}

/// A machine of a size, with the limits that are known of it.
pub(super) fn of_size(size: &str) -> Machine {
    let known = vm_size(size);
    Machine {
        size: size.into(),
        egress_bps: known.and_then(|known| known.egress_bps),
        connections: known.and_then(|known| known.connections()),
        ..Machine::default()
    }
}

/// Of several NICs one is primary. The code for none was seen in public reports, that for two is by its kin.
fn primaries(profile: &Value) -> Option<Diagnostic> {
    let nics = list(profile, "networkInterfaces");
    let is_primary = |nic: &&Value| switch(inner(nic), "primary", false).value;
    let mut primary = nics.iter().filter(is_primary);
    match (nics.len(), primary.next(), primary.next()) {
        (0 | 1, ..) | (_, Some(_), None) => None,
        (_, None, _) => {
            let name = text(&nics[0], "id").map_or("?", super::name_of);
            let message = format!("Network interface {name} must have Primary property set.");
            let help = "one of a machine's NICs has \"properties\": {\"primary\": true}";
            Some(Diagnostic::error("NetworkInterfaceMustHavePrimaryPropertySet", message).at(profile.span).help(help))
        }
        (_, _, Some(second)) => {
            let message = "Only one network interface of a virtual machine can be primary.";
            Some(Diagnostic::error("MultipleNetworkInterfacesHavePrimaryPropertySet", message).at(second.span))
        }
    }
}

/// A NIC that the machine makes itself.
fn own_nic(raw: &RawResource, part: &Value, out: &mut Reading) {
    let name = text(part, "name").unwrap_or("nic");
    let nic = RawResource {
        id: sibling(&raw.id, &format!("Microsoft.Network/networkInterfaces/{name}")),
        resource_type: "Microsoft.Network/networkInterfaces".to_owned(),
        name: name.to_owned(),
        body: part.clone(),
        span: part.span,
        owner: Some("Microsoft.Compute".into()),
        ..raw.clone()
    };
    super::nic::interface(&nic, out);
    out.link(&nic.id, Relation::PartOf, &raw.id);
    for config in list(inner(part), "ipConfigurations") {
        if let Some(public) = given(inner(config), "publicIPAddressConfiguration") {
            out.warn(not_modelled(public, "a public address that a machine makes for its NIC"));
        }
    }
}

/// The operating system of a virtual machine, by what its profile says; Linux where nothing tells.
#[must_use]
pub fn os(raw: &RawResource) -> Os {
    let properties = raw.properties();
    let profile = given(properties, "osProfile");
    let storage = given(properties, "storageProfile");
    let disk = storage.and_then(|storage| given(storage, "osDisk"));
    let image = storage.and_then(|storage| given(storage, "imageReference"));
    let named = |value: Option<&Value>, key| value.and_then(|value| text(value, key)).map(str::to_ascii_lowercase);
    let windows = profile.is_some_and(|profile| given(profile, "windowsConfiguration").is_some())
        || named(disk, "osType").is_some_and(|kind| kind == "windows")
        || [named(image, "publisher"), named(image, "offer")].into_iter().flatten().any(|it| it.contains("windows"));
    if windows { Os::Windows } else { Os::Linux }
}

/// A container group in a subnet: a machine with one NIC, which Azure makes for it (azure-services 2.4). Without a
/// subnet it has no place in the network.
///
/// Rule `container-group-subnet`: a container group in a subnet is a machine there with one NIC. Source: azure-services
/// 2.4.
pub(super) fn container_group(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let Some(subnet) = group_subnet(raw, all) else { return out.inert(raw) };
    let service = Some(Arc::from("Microsoft.ContainerInstance"));
    let nic = child(&raw.id, "networkInterfaces", "nic");
    let config = child(&nic, "ipConfigurations", "ipconfig");
    let made =
        |id: &Arc<str>, kind| Draft { owner: service.clone(), ..Draft::new(id.clone(), kind).at(Some(raw.span)) };
    out.node(raw.draft(Kind::Machine(Machine::default())));
    let kind = Kind::Nic(Nic { region: out.region.clone(), ..Nic::default() });
    out.inline(made(&nic, kind).refer(Relation::PartOf, raw.id.clone()));
    let kind = Kind::IpConfig(IpConfig { primary: true, ..IpConfig::default() });
    out.inline(made(&config, kind).refer(Relation::PartOf, nic).refer(Relation::Attached, subnet));
}

/// By `subnetIds`, or the older way by a network profile, which names the subnet.
fn group_subnet(raw: &RawResource, all: &Resources) -> Option<Arc<str>> {
    let properties = raw.properties();
    references(properties, "subnetIds").next().or_else(|| {
        let profile = all.referred(properties, "networkProfile")?;
        let interface = list(profile.properties(), "containerNetworkInterfaceConfigurations").first()?;
        reference(inner(list(inner(interface), "ipConfigurations").first()?), "subnet")
    })
}
