//! `effectiveNetworkSecurityGroups`: the groups that a NIC obeys, with their rules, tags spelt out (azure-dataplane 6.4).

use super::find::Attached;
use super::rules::{self, Form};
use super::{Ask, Fault};
use serde_json::{Map, Value, json};
use sim_core::stage::Level;
use topologies::facts::Surface;

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let nic = ask.azure.nic(&ask.address.resource)?;
    let Some(place) = ask.azure.places_of(nic).first().copied() else {
        return Ok(json!({"value": []}));
    };
    let form = Form::of(ask, &place, Surface::Effective);
    let value: Vec<Value> = ask.azure.groups(&place).map(|attached| of_group(ask, attached, &form)).collect();
    Ok(json!({ "value": value }))
}

fn of_group(ask: &Ask<'_>, Attached { group, level, holder }: Attached<'_>, form: &Form) -> Value {
    let level = if level == Level::Nic { "networkInterface" } else { "subnet" };
    let mut tags = Map::new();
    let rules: Vec<Value> = rules::of_group(group)
        .iter()
        .map(|rule| {
            for (tag, prefixes) in rules::tags(ask.azure, group.node, rule, form) {
                tags.insert(tag, json!(prefixes));
            }
            let mut shown = rules::effective(ask.azure, group.node, rule, form);
            shown["name"] = json!(rules::Name::of(ask.azure, group.node, rule.reference()).by_collection());
            shown
        })
        .collect();
    json!({
        "networkSecurityGroup": {"id": ask.azure.name(group.node)},
        "association": {level: {"id": holder}},
        "effectiveSecurityRules": rules,
        "tagMap": tags,
    })
}
