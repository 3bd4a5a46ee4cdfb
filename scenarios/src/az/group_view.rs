//! `securityGroupView`: the groups of a machine's NICs, as written and in effect. The form is that of
//! recorded answers; the reference describes it no closer.

use super::declared::{list, plain, properties, text};
use super::find::Attached;
use super::rules::{self, Form};
use super::{Ask, Fault};
use serde_json::{Map, Value, json};
use sim_core::fabric::Group;
use sim_core::stage::Level;
use sim_core::stage::security::{DEFAULTS, DefaultRule, RuleRef};
use sim_core::topology::{Direction, Resource};
use topologies::azure::RawResource;
use topologies::facts::{self, Surface};

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let machine = ask.azure.machine(ask.body.required("targetResourceId")?)?;
    let nics: Vec<Value> = ask.azure.nics_of(machine).into_iter().map(|nic| of_nic(ask, nic)).collect();
    Ok(json!({ "networkInterfaces": nics }))
}

fn of_nic(ask: &Ask<'_>, nic: &Resource) -> Value {
    let mut associations = Map::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    let places = ask.azure.places_of(nic);
    if let Some(place) = places.first() {
        for Attached { group, level, holder } in ask.azure.groups(place) {
            let key = if level == Level::Nic { "networkInterfaceAssociation" } else { "subnetAssociation" };
            associations.insert(key.to_owned(), json!({"id": holder, "securityRules": written(ask, group)}));
            groups.push(group);
        }
    }
    let effective = match places.first() {
        Some(place) => effective(ask, &groups, &Form::of(ask, place, Surface::View)),
        None => Vec::new(),
    };
    let defaults: Vec<Value> = DEFAULTS.iter().map(|rule| default(ask, rule)).collect();
    associations.insert("defaultSecurityRules".to_owned(), json!(defaults));
    associations.insert("effectiveSecurityRules".to_owned(), json!(effective));
    json!({"id": &*nic.name, "securityRuleAssociations": associations})
}

/// The rules of a group as they were written, with what Azure adds to them.
fn written(ask: &Ask<'_>, group: Group<'_>) -> Vec<Value> {
    let Some(declared) = rules::declared(ask.azure, group.node) else { return Vec::new() };
    let id = ask.azure.name(group.node);
    let names = declared.rules.iter().map(|rule| &*rule.name);
    names.filter_map(|name| rule_body(ask, ask.azure.world.resources.get(id), id, name)).collect()
}

fn rule_body(ask: &Ask<'_>, group: Option<&RawResource>, id: &str, name: &str) -> Option<Value> {
    let rule_id = format!("{id}/securityRules/{name}");
    let alone = ask.azure.world.resources.get(&rule_id).map(|raw| plain(raw.properties()));
    let inside = || {
        let mut rules = list(group?.properties(), "securityRules").iter();
        let found = rules.find(|rule| text(rule, "name").is_some_and(|own| own.eq_ignore_ascii_case(name)))?;
        Some(plain(properties(found)))
    };
    let mut properties = filled();
    if let Value::Object(said) = alone.or_else(inside)? {
        properties.extend(said.into_iter().filter(|(_, value)| !value.is_null()));
    }
    let mut body = json!({"name": name, "id": rule_id, "properties": properties});
    mark(ask, &mut body, "securityRules");
    Some(body)
}

/// What Azure fills in where a rule does not say it.
fn filled() -> Map<String, Value> {
    let lists = ["sourcePortRanges", "destinationPortRanges", "sourceAddressPrefixes", "destinationAddressPrefixes"];
    let mut filled: Map<String, Value> = lists.into_iter().map(|key| (key.to_owned(), json!([]))).collect();
    filled.insert("provisioningState".to_owned(), json!("Succeeded"));
    filled
}

/// The default rules, in Azure's texts.
fn default(ask: &Ask<'_>, rule: &DefaultRule) -> Value {
    let any = |tag: &'static str| if tag.is_empty() { "*" } else { tag };
    let mut properties = filled();
    for (key, value) in [
        ("description", facts::describe(rule.name).unwrap_or_default()),
        ("protocol", "*"),
        ("sourcePortRange", "*"),
        ("destinationPortRange", "*"),
        ("sourceAddressPrefix", any(rule.source)),
        ("destinationAddressPrefix", any(rule.destination)),
        ("access", rules::access(rule.access)),
        ("direction", rules::direction(rule.direction)),
    ] {
        properties.insert(key.to_owned(), json!(value));
    }
    properties.insert("priority".to_owned(), json!(rule.priority));
    // Azure leaves the names in this id empty; the rule's own came with a later version.
    let own = if ask.shape.since("2020-03-01") { rule.name } else { "" };
    let group = "/subscriptions//resourceGroups//providers/Microsoft.Network/networkSecurityGroups/";
    let id = format!("{group}/defaultSecurityRules/{own}");
    let mut body = json!({"name": rule.name, "id": id, "properties": properties});
    mark(ask, &mut body, "defaultSecurityRules");
    body
}

/// Later versions of the API name the type of a rule.
fn mark(ask: &Ask<'_>, body: &mut Value, collection: &str) {
    if ask.shape.since("2018-08-01") {
        body["type"] = json!(format!("Microsoft.Network/networkSecurityGroups/{collection}"));
    }
}

/// The rules in effect: for each direction what is denied in the end, the default rules, the user's.
fn effective(ask: &Ask<'_>, groups: &[Group<'_>], form: &Form) -> Vec<Value> {
    let mut out = Vec::new();
    for direction in [Direction::Outbound, Direction::Inbound] {
        if !groups.is_empty() {
            out.push(denied_in_the_end(direction));
        }
        for group in groups.iter().copied() {
            let (defaults, users): (Vec<_>, Vec<_>) = rules::of_group(group)
                .into_iter()
                .filter(|rule| rule.direction() == direction)
                .partition(|rule| matches!(rule.reference(), RuleRef::Default(_)));
            for rule in defaults.iter().chain(&users) {
                let mut shown = rules::effective(ask.azure, group.node, rule, form);
                shown["name"] = json!(rules::Name::of(ask.azure, group.node, rule.reference()).by_origin());
                // The addresses behind tags are not spelt out here.
                if let Some(shown) = shown.as_object_mut() {
                    shown.retain(|key, _| !key.starts_with("expanded"));
                }
                out.push(shown);
            }
        }
    }
    out
}

/// A rule of the platform's own that no group holds.
fn denied_in_the_end(direction: Direction) -> Value {
    let word = rules::direction(direction);
    json!({
        "name": format!("Default{word}DenyAll"),
        "protocol": "All",
        "sourcePortRange": "0-65535",
        "destinationPortRange": "0-65535",
        "sourcePortRanges": ["0-65535"],
        "destinationPortRanges": ["0-65535"],
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "sourceAddressPrefixes": ["*"],
        "destinationAddressPrefixes": ["*"],
        "access": "Deny",
        "priority": 65500,
        "direction": word,
    })
}
