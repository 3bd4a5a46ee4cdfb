//! `usages`: how full the subnets of a network are (azure-dataplane 2.8).

use super::{Ask, Fault};
use serde_json::{Value, json};
use sim_core::topology::{Kind, Relation, Resource};

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let topology = &ask.azure.world.topology;
    let vnet = ask.azure.vnet(&ask.address.resource)?;
    let parts = topology.referrers(vnet.id, Relation::PartOf).into_iter();
    let mut subnets: Vec<&Resource> = parts.filter(|part| matches!(part.kind, Kind::Subnet(_))).collect();
    // As they were written.
    subnets.sort_by_key(|subnet| subnet.span.map(|span| (span.file.0, span.start)));
    let value: Vec<Value> = subnets.into_iter().map(|subnet| of_subnet(ask, subnet)).collect();
    Ok(json!({ "value": value }))
}

fn of_subnet(ask: &Ask<'_>, subnet: &Resource) -> Value {
    // Azure counts nothing in the gateways' subnet.
    let counted = !subnet.short_name().eq_ignore_ascii_case("GatewaySubnet");
    let usage = ask.azure.world.topology.usage(subnet.id).filter(|_| counted);
    let (limit, taken) = usage.map_or((-1.0, -1.0), |(limit, taken)| (limit as f64, taken as f64));
    json!({
        "currentValue": taken,
        "limit": limit,
        "id": &*subnet.name,
        "name": {"localizedValue": "Subnet size and usage", "value": "SubnetSpace"},
        "unit": "Count",
    })
}
