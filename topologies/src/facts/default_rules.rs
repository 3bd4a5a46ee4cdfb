//! How Azure words its security rules, in each place where it answers with them.

use super::date::Date;
use super::{newest, rows};

const DEFAULTS: &str = include_str!("../../data/default-rules.csv");
const WORDS: &str = include_str!("../../data/rule-words.csv");

/// What a group's own body says of a default rule; names count in any letter case. `None` for other rules.
///
/// Rule `nsg-default-descriptions`: each default rule has a description of its own. Source: azure-dataplane 1.1. The
/// texts are recorded answers.
#[must_use]
pub fn describe(default_rule: &str) -> Option<&'static str> {
    rows(DEFAULTS).find(|row| row[0].eq_ignore_ascii_case(default_rule)).map(|row| row[1])
}

/// A place where Azure answers with rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The effective rules of a NIC, and the names in answers of Network Watcher.
    Effective,
    /// Network Watcher's view of security groups.
    View,
}

/// The words of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Any protocol.
    pub protocol: &'static str,
    /// Any port.
    pub port: &'static str,
    /// Any address.
    pub any: &'static str,
    /// How often any address stands in a list of prefixes.
    pub listed: usize,
}

/// The words of a place as of that day, in a region by its short name.
///
/// Rule `nsg-words-by-place`: Azure words names, protocols, ports and any address of a rule differently in each place
/// where it answers with rules. Source: azure-dataplane 1.1, 6.4. The words are recorded answers.
#[must_use]
pub fn words(surface: Surface, date: Date, region: &str) -> Words {
    let name = match surface {
        Surface::Effective => "effective",
        Surface::View => "view",
    };
    let here = |row: &Vec<&str>| row[0] == name && (row[1].is_empty() || row[1] == region);
    let row = newest(rows(WORDS).filter(here), 2, date).unwrap_or_default();
    let cell = |n: usize| row.get(n).copied().unwrap_or_default();
    Words { protocol: cell(3), port: cell(4), any: cell(5), listed: cell(6).parse().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Recorded, recordings};
    use serde_json::Value;

    /// Every rule in an answer, with the place it stands in.
    fn rules(answer: &Recorded) -> Vec<(&str, &Value)> {
        fn walk<'v>(value: &'v Value, place: &'v str, found: &mut Vec<(&'v str, &'v Value)>) {
            match value {
                Value::Object(members) if members.contains_key("priority") => found.push((place, value)),
                Value::Object(members) => members.iter().for_each(|(key, value)| {
                    let place = if key.contains("ules") { key } else { place };
                    // The body's rules keep their name outside of `properties`.
                    if value.get("priority").is_some() && key == "properties" {
                        return found.push((place, &members["properties"]));
                    }
                    walk(value, place, found);
                }),
                Value::Array(items) => items.iter().for_each(|item| walk(item, place, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        walk(&answer.body, "", &mut found);
        found
    }

    /// Catches: a word that Azure did not use that day, any address listed twice before it was.
    #[test]
    fn rules_are_worded_as_recorded() {
        // Tests `nsg-words-by-place`.
        let places = [("effectiveNetworkSecurityGroups", Surface::Effective), ("securityGroupView", Surface::View)];
        for (answer, surface) in
            places.iter().flat_map(|(kind, surface)| recordings(kind).into_iter().map(|it| (it, *surface)))
        {
            let said = words(surface, answer.date, &answer.region);
            for (_, rule) in rules(&answer).iter().filter(|(place, _)| *place == "effectiveSecurityRules") {
                let name = rule["name"].as_str().unwrap();
                // The view lists two more denials that no group holds.
                if ["DefaultOutboundDenyAll", "DefaultInboundDenyAll"].contains(&name) {
                    continue;
                }
                // Whatever is put before their names, those of default rules end like this.
                if name.rsplit(['/', '_']).next().is_none_or(|bare| describe(bare).is_none()) {
                    continue;
                }
                assert_eq!(rule["protocol"], said.protocol, "{} {name}", answer.name);
                assert_eq!(rule["destinationPortRange"], said.port, "{} {name}", answer.name);
                if let (true, Some(list)) = (name.contains("DenyAll"), rule["sourceAddressPrefixes"].as_array()) {
                    assert_eq!(list, &vec![Value::from(said.any); said.listed], "{} {name}", answer.name);
                }
            }
        }
    }

    /// Catches: a description that is not Azure's, a default rule without one, a name that the data plane does not know.
    #[test]
    fn default_rules_are_described_as_recorded() {
        // Tests `nsg-default-rules`, `nsg-default-descriptions`, `nsg-words-by-place`.
        for rule in sim_core::stage::security::DEFAULTS {
            assert!(describe(rule.name).is_some(), "{}", rule.name);
        }
        for answer in recordings("securityGroupView") {
            for (_, rule) in rules(&answer).iter().filter(|(place, _)| *place == "defaultSecurityRules") {
                let same = |known: &&sim_core::stage::security::DefaultRule| {
                    let inbound = known.direction == sim_core::topology::Direction::Inbound;
                    rule["priority"] == known.priority && (rule["direction"] == "Inbound") == inbound
                };
                let known = sim_core::stage::security::DEFAULTS.iter().find(same).unwrap();
                assert_eq!(rule["description"], describe(known.name).unwrap(), "{}", answer.name);
            }
        }
    }
}
