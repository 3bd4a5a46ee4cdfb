//! `topology`: the resources of a group, or of one network in it, and what holds or refers to what. The form is that of
//! recorded answers.

use super::{Ask, Azure, Fault};
use serde_json::{Value, json};
use sim_core::id::NodeId;
use sim_core::topology::{Kind, Relation, Resource, Topology};
use std::collections::BTreeSet;
use topologies::azure::GATEWAY_SERVICE;

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let mut entries = Vec::new();
    for resource in chosen(ask)? {
        entries.push(Entry::of(ask.azure, resource));
        if let Kind::Nsg(_) = &resource.kind {
            entries.extend(rules_of(ask.azure, resource));
        }
    }
    // Azure lists them by type, then by id.
    entries.sort_by_cached_key(|entry| (type_of(&entry.id), entry.id.to_ascii_lowercase()));
    // Versions before this one show an empty object that is gone since.
    let properties = !ask.shape.since("2022-01-01");
    let resources: Vec<Value> = entries.iter().map(|entry| entry.told(properties)).collect();
    Ok(json!({
        "id": "00000000-0000-0000-0000-000000000000",
        "createdDateTime": ask.shape.instant(),
        "lastModified": ask.shape.instant(),
        "resources": resources,
    }))
}

/// The resources that a question is about: those of a group, or those in a network or subnet.
fn chosen<'a>(ask: &Ask<'a>) -> Result<Vec<&'a Resource>, Fault> {
    let azure = ask.azure;
    let all = azure.world.topology.resources().filter(|it| is_shown(it) && !azure.world.is_assumed(&it.name));
    let named = |key| ask.body.get(key).and_then(|it| it.text("id"));
    if let Some(id) = named("targetSubnet").or(named("targetVirtualNetwork")) {
        let around = around(&azure.world.topology, azure.resource(id)?);
        return Ok(all.filter(|it| around.contains(&it.id)).collect());
    }
    let group = ask.body.required("targetResourceGroupName")?;
    let found: Vec<&Resource> = all.filter(|it| group_of(&it.name).eq_ignore_ascii_case(group)).collect();
    if found.is_empty() && !azure.world.resources.iter().any(|it| group_of(&it.id).eq_ignore_ascii_case(group)) {
        let message = format!("Resource group '{group}' could not be found.");
        return Err(Fault::Refused { status: 404, code: "ResourceGroupNotFound", message });
    }
    Ok(found)
}

/// Resources of the view; parts such as addresses and balancing rules are told with what they belong to. What an
/// application gateway is made of is not the user's.
fn is_shown(resource: &Resource) -> bool {
    let of_service = matches!(&resource.kind, Kind::LoadBalancer(balancer) if balancer.of_service)
        || resource.owner.as_deref() == Some(GATEWAY_SERVICE);
    !of_service
        && matches!(
            resource.kind,
            Kind::Machine(_)
                | Kind::Nic(_)
                | Kind::Nsg(_)
                | Kind::PublicIp(_)
                | Kind::Vnet(_)
                | Kind::Subnet(_)
                | Kind::RouteTable(_)
                | Kind::LoadBalancer(_)
        )
}

/// A network or subnet with what is in it, and with what that refers to.
fn around(topology: &Topology, start: &Resource) -> BTreeSet<NodeId> {
    let mut found = BTreeSet::from([start.id]);
    let subnets = match &start.kind {
        Kind::Vnet(_) => topology.referrers(start.id, Relation::PartOf),
        _ => vec![start],
    };
    for subnet in subnets {
        found.insert(subnet.id);
        for relation in [Relation::FilteredBy, Relation::RoutedBy] {
            found.extend(topology.targets(subnet.id, relation).iter().map(|it| it.id));
        }
        for holder in topology.referrers(subnet.id, Relation::Attached) {
            found.extend(topology.targets(holder.id, Relation::Uses).iter().map(|it| it.id));
            let Some(whole) = topology.target(holder.id, Relation::PartOf) else { continue };
            found.insert(whole.id);
            for relation in [Relation::FilteredBy, Relation::PartOf] {
                found.extend(topology.targets(whole.id, relation).iter().map(|it| it.id));
            }
        }
    }
    found
}

/// One resource of the view.
struct Entry {
    id: String,
    location: String,
    associations: Vec<Value>,
}

impl Entry {
    fn of(azure: &Azure, resource: &Resource) -> Self {
        let associations = associations(azure, resource)
            .into_iter()
            .map(|(id, how)| json!({"name": short(&id), "resourceId": id, "associationType": how}))
            .collect();
        Self { id: resource.name.to_string(), location: location(azure, &resource.name), associations }
    }

    fn told(&self, properties: bool) -> Value {
        let mut out = json!({
            "name": short(&self.id),
            "id": self.id,
            "location": self.location,
            "associations": self.associations,
        });
        if properties {
            out["properties"] = json!({});
        }
        out
    }
}

/// The rules of a group stand for themselves.
fn rules_of(azure: &Azure, group: &Resource) -> Vec<Entry> {
    let location = location(azure, &group.name);
    let entry = |id| Entry { id, location: location.clone(), associations: Vec::new() };
    rule_ids(group).into_iter().map(entry).collect()
}

fn rule_ids(group: &Resource) -> Vec<String> {
    let Kind::Nsg(rules) = &group.kind else { return Vec::new() };
    rules.rules.iter().map(|rule| format!("{}/securityRules/{}", group.name, rule.name)).collect()
}

const CONTAINS: &str = "Contains";
const ASSOCIATED: &str = "Associated";

/// What a resource holds or refers to, as far as recorded answers show it: a group names its subnets, not its NICs.
fn associations(azure: &Azure, resource: &Resource) -> Vec<(String, &'static str)> {
    let topology = &azure.world.topology;
    let id = resource.id;
    let mut found: Vec<(String, &'static str)> = Vec::new();
    let mut add = |resources: Vec<&Resource>, how| {
        for it in resources.into_iter().filter(|it| !azure.world.is_assumed(&it.name)) {
            let entry = (it.name.to_string(), how);
            if !found.contains(&entry) {
                found.push(entry);
            }
        }
    };
    match &resource.kind {
        Kind::Machine(_) => add(azure.nics_of(resource), CONTAINS),
        Kind::Nic(_) => {
            add(topology.targets(id, Relation::PartOf), ASSOCIATED);
            add(topology.targets(id, Relation::FilteredBy), ASSOCIATED);
            for config in topology.referrers(id, Relation::PartOf) {
                add(topology.targets(config.id, Relation::Attached), ASSOCIATED);
                add(topology.targets(config.id, Relation::Uses), ASSOCIATED);
            }
        }
        Kind::Nsg(_) => {
            let holders = topology.referrers(id, Relation::FilteredBy).into_iter();
            add(holders.filter(|it| matches!(it.kind, Kind::Subnet(_))).collect(), ASSOCIATED);
            found.splice(0..0, rule_ids(resource).into_iter().map(|id| (id, CONTAINS)));
        }
        Kind::PublicIp(_) => {
            let parts = topology.referrers(id, Relation::Uses).into_iter();
            add(parts.filter_map(|part| topology.target(part.id, Relation::PartOf)).collect(), ASSOCIATED);
        }
        Kind::Vnet(_) => {
            let parts = topology.referrers(id, Relation::PartOf).into_iter();
            add(parts.filter(|it| matches!(it.kind, Kind::Subnet(_))).collect(), CONTAINS);
        }
        Kind::Subnet(_) => {
            add(topology.targets(id, Relation::FilteredBy), ASSOCIATED);
            add(topology.targets(id, Relation::RoutedBy), ASSOCIATED);
        }
        Kind::RouteTable(_) => add(topology.referrers(id, Relation::RoutedBy), ASSOCIATED),
        Kind::LoadBalancer(_) => {
            for part in topology.referrers(id, Relation::PartOf) {
                add(topology.targets(part.id, Relation::Uses), ASSOCIATED);
                add(topology.targets(part.id, Relation::Attached), ASSOCIATED);
            }
        }
        _ => {}
    }
    found
}

/// The region of a resource, or of what it is part of.
fn location(azure: &Azure, id: &str) -> String {
    let mut id = id;
    loop {
        if let Some(location) = azure.world.resources.get(id).and_then(|raw| raw.location.as_ref()) {
            return location.to_string();
        }
        let whole = id.rsplitn(3, '/').nth(2).unwrap_or_default();
        if whole.is_empty() || whole.ends_with("/providers") {
            return String::new();
        }
        id = whole;
    }
}

fn short(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// The group in a resource id.
fn group_of(id: &str) -> &str {
    id.split('/').nth(4).unwrap_or_default()
}

/// The type in a resource id, in lower case.
fn type_of(id: &str) -> String {
    let own = id.to_ascii_lowercase();
    let own = own.rsplit("/providers/").next().unwrap_or_default();
    let mut parts = own.split('/');
    let provider = parts.next().unwrap_or_default().to_owned();
    parts.step_by(2).fold(provider, |kind, part| kind + "/" + part)
}
