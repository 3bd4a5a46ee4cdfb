//! `virtualMachineScaleSets`: the machines that a set makes after its profile, each with NICs and public addresses of its
//! own, and the NAT rules that Azure makes for them of a balancer's NAT pools.

mod instances;
mod nat_pool;

pub(super) use instances::Sets;
pub use instances::{MAX_INSTANCES, MAX_PARTS};

use super::address::{is_global, sku};
use super::id::{child, name_of, parent, sibling};
use super::machine::of_size;
use super::raw::{RawResource, Resources};
use super::read::{given, idle_minutes, inner, list, not_modelled, references, says, text};
use super::reading::Reading;
use crate::json::Value;
use sim_core::topology::{Draft, Kind, Machine, PublicIp, Relation, Sku};
use std::sync::Arc;

const NIC: &str = "Microsoft.Network/networkInterfaces";
/// The type of an instance's public address that is declared on its own, as in a dump.
pub(super) const PUBLIC_ALONE: &str =
    "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces/ipconfigurations/publicipaddresses";

/// A scale set with its instances.
///
/// Rule `scale-set-instances`: a set has as many machines as its capacity says, numbered from 0, each with the NICs of
/// the profile; one of flexible orchestration has those that name it, where the input has any. Source: REST
/// specification of virtualMachineScaleSets; recorded answers of az vmss create.
pub(super) fn set(raw: &RawResource, all: &Resources, out: &mut Reading) {
    out.node(raw.draft(Kind::ScaleSet));
    let set = Set { raw, all, size: size_of(&raw.body), flexible: is_flexible(raw) };
    let Some(profile) = profile(raw.properties()) else { return };
    let instances = set.instances(out);
    for instance in &instances {
        let id = set.machine_id(instance);
        let declared = all.get(&id);
        if declared.is_none() {
            let called = (!set.flexible).then(|| instance_name(&raw.id, instance));
            out.inline(set.made(&id, machine(set.size, called)).refer(Relation::PartOf, raw.id.clone()));
        }
        if all.children(&id, "networkInterfaces").next().is_some() {
            continue;
        }
        // What an instance was given counts more than what the next one would get.
        let own = declared.and_then(|it| given(it.properties(), "networkProfileConfiguration")).unwrap_or(profile);
        for part in list(own, "networkInterfaceConfigurations") {
            set.nic(part, instance, out);
        }
    }
    nat_pool::rules(&set, profile, &instances, out);
}

/// An instance that is declared on its own, as in a dump.
pub(super) fn instance_alone(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let (Some(id), instance) = (parent(&raw.id), name_of(&raw.id)) else { return out.inert(raw) };
    let own = given(raw.properties(), "hardwareProfile").and_then(|profile| text(profile, "vmSize"));
    let set = all.get(id);
    let size = own.or_else(|| set.map(|set| size_of(&set.body))).unwrap_or_default();
    let mut draft = raw.draft(machine(size, Some(instance_name(id, instance))));
    draft.owner = Some(id.into());
    match set {
        Some(set) => draft = draft.refer(Relation::PartOf, set.id.clone()),
        // Nobody else says which NICs are its own.
        None => {
            let profile = given(raw.properties(), "networkProfile").unwrap_or(raw.properties());
            references(profile, "networkInterfaces").for_each(|nic| out.link(&nic, Relation::PartOf, &raw.id));
        }
    }
    out.node(draft);
}

/// A NIC of an instance that is declared on its own, as in a dump.
pub(super) fn nic_alone(raw: &RawResource, out: &mut Reading) {
    let Some(machine) = parent(&raw.id) else { return out.inert(raw) };
    let nic = RawResource { owner: parent(machine).map(Arc::from), ..raw.clone() };
    super::nic::interface(&nic, out);
    out.link(&raw.id, Relation::PartOf, &machine.into());
}

struct Set<'a> {
    raw: &'a RawResource,
    all: &'a Resources,
    size: &'a str,
    flexible: bool,
}

impl Set<'_> {
    /// The instances' numbers, in order.
    fn instances(&self, out: &mut Reading) -> Vec<String> {
        let raw = self.raw;
        let sets = self.all.sets();
        let known: Vec<String> = sets.known(raw).map(str::to_owned).collect();
        let room = sets.room(raw);
        let mut found = match known.is_empty() {
            false => known,
            true if self.flexible && sets.has_machines(raw) => return Vec::new(),
            true => match instances::capacity(raw) {
                Some(capacity) => (0..capacity.min(MAX_INSTANCES + 1)).map(|n| n.to_string()).collect(),
                None => {
                    out.warn(not_modelled(&raw.body, "a scale set that does not say its capacity"));
                    return Vec::new();
                }
            },
        };
        if found.len() > room {
            let what = format!("instances of a scale set beyond the first {room}");
            out.warn(not_modelled(given(&raw.body, "sku").unwrap_or(&raw.body), &what));
            found.truncate(room);
        }
        found
    }

    /// Rule `scale-set-ids`: instances and their parts have ids below the set's, with the instance's number, and an
    /// instance is called after set and number; those of flexible orchestration are ordinary machines and NICs. Source:
    /// recorded answers of az vmss create.
    fn machine_id(&self, instance: &str) -> Arc<str> {
        if self.flexible {
            let name = instance_name(&self.raw.id, instance);
            return sibling(&self.raw.id, &format!("Microsoft.Compute/virtualMachines/{name}"));
        }
        child(&self.raw.id, "virtualMachines", instance)
    }

    fn nic_id(&self, part: &Value, instance: &str) -> Arc<str> {
        let name = text(part, "name").unwrap_or("nic");
        if self.flexible {
            return sibling(&self.raw.id, &format!("{NIC}/{name}-{instance}"));
        }
        child(&self.machine_id(instance), "networkInterfaces", name)
    }

    fn made(&self, id: &Arc<str>, kind: Kind) -> Draft {
        Draft::new(id.clone(), kind).at(Some(self.raw.span)).owned_by(&self.raw.id)
    }

    fn nic(&self, part: &Value, instance: &str, out: &mut Reading) {
        let id = self.nic_id(part, instance);
        let nic = RawResource {
            resource_type: NIC.to_owned(),
            name: name_of(&id).to_owned(),
            body: part.clone(),
            span: part.span,
            owner: Some(self.raw.id.clone()),
            location: None,
            api_version: String::new(),
            id,
        };
        super::nic::interface(&nic, out);
        out.link(&nic.id, Relation::PartOf, &self.machine_id(instance));
        for config in list(inner(part), "ipConfigurations") {
            let Some(id) = nic.part_id("ipConfigurations", config) else { continue };
            if let Some(public) = given(inner(config), "publicIPAddressConfiguration") {
                self.public(public, config, &id, instance, out);
            }
        }
    }

    /// Rule `scale-set-public-addresses`: a configuration with a public address gives each instance one of its own.
    /// Source: REST specification of virtualMachineScaleSets; learn
    /// azure/virtual-machine-scale-sets/virtual-machine-scale-sets-networking.
    fn public(&self, part: &Value, config: &Value, config_id: &Arc<str>, instance: &str, out: &mut Reading) {
        let name = text(part, "name").unwrap_or("public");
        let id = match self.flexible {
            true => sibling(&self.raw.id, &format!("Microsoft.Network/publicIPAddresses/{name}-{instance}")),
            false => child(config_id, "publicIPAddresses", name),
        };
        let kind = Kind::PublicIp(PublicIp {
            sku: self.public_tier(part, config),
            region: out.region.clone(),
            address: None,
            prefix: None,
            idle_minutes: idle_minutes(inner(part), 66).unwrap_or_default(),
            global: is_global(part),
            v6: says(inner(part), "publicIPAddressVersion", "IPv6"),
        });
        out.inline(Draft { span: Some(part.span), ..self.made(&id, kind) });
        out.link(config_id, Relation::Uses, &id);
    }

    /// Rule `scale-set-public-tier`: an instance's public address that names no tier has that of the balancer behind
    /// which the instance stands, and without one Standard in flexible orchestration and Basic in uniform. Source:
    /// azure-dataplane 4.5; the quickstart vmss-flexible-orchestration-quickstart, which Azure takes only so.
    fn public_tier(&self, part: &Value, config: &Value) -> Sku {
        if given(part, "sku").is_some_and(|written| text(written, "name").is_some()) {
            return sku(part);
        }
        let pools = references(inner(config), "loadBalancerBackendAddressPools");
        let mut balancers = pools.filter_map(|pool| self.all.get(parent(&pool)?));
        match balancers.next() {
            Some(balancer) => sku(&balancer.body),
            None if self.flexible => Sku::Standard,
            None => Sku::Basic,
        }
    }
}

fn machine(size: &str, called: Option<Arc<str>>) -> Kind {
    Kind::Machine(Machine { called, ..of_size(size) })
}

fn instance_name(set: &str, instance: &str) -> Arc<str> {
    format!("{}_{instance}", name_of(set)).into()
}

fn is_flexible(raw: &RawResource) -> bool {
    says(raw.properties(), "orchestrationMode", "Flexible")
}

/// The network part of what instances are made after.
fn profile(properties: &Value) -> Option<&Value> {
    given(given(properties, "virtualMachineProfile")?, "networkProfile")
}

fn size_of(body: &Value) -> &str {
    given(body, "sku").and_then(|sku| text(sku, "name")).unwrap_or_default()
}
