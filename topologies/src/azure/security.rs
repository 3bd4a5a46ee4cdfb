//! `networkSecurityGroups` with their rules, inside or on their own (azure-dataplane 1.2).

use super::id;
use super::raw::{RawResource, Resources};
use super::read::{bad, given, inner, list, missing, references, switch};
use super::reading::{Piece, Reading};
use crate::diagnostic::{Diagnostic, nearest};
use crate::facts::{is_known_tag, tag_names};
use crate::json::Value;
use sim_core::net::{Prefix, Protocol};
use sim_core::source::Span;
use sim_core::topology::{Access, Direction, Kind, Nsg, Peer, PortRange, SecurityRule};
use std::sync::Arc;

pub(super) fn group(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let mut rules = Vec::new();
    for part in list(raw.properties(), "securityRules") {
        let Some(id) = raw.part_id("securityRules", part) else { continue };
        match rule(id::name_of(&id), inner(part), part.span, all) {
            Ok(rule) => rules.push(rule),
            Err(diagnostic) => out.leave_out(&id, diagnostic),
        }
    }
    let flush = switch(raw.properties(), "flushConnection", false);
    out.node(raw.draft(Kind::Nsg(Nsg { rules, flush })));
}

pub(super) fn rule_alone(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let Some(group) = id::parent(&raw.id).map(Arc::from) else { return };
    match rule(id::name_of(&raw.id), raw.properties(), raw.span, all) {
        Ok(rule) => out.pieces.push(Piece::Rule { group, rule }),
        Err(diagnostic) => out.leave_out(&raw.id, diagnostic),
    }
}

/// Rule `nsg-rule-words`: words count in any letter case; `*`, `Any` and 0.0.0.0/0 are any address; ports are single
/// ones, ranges, lists or `*`; single values and lists may stand beside each other. Source: azure-dataplane 1.1, 1.2.
fn rule(name: &str, properties: &Value, span: Span, all: &Resources) -> Result<SecurityRule, Diagnostic> {
    let written = given(properties, "priority").ok_or_else(|| missing(properties, "priority"))?;
    let Some(priority) = written.as_i64() else {
        return Err(bad(written, "InvalidRequestFormat", format!("the priority {written} is not a number")));
    };
    let Ok(priority) = u16::try_from(priority) else {
        let message = format!(
            "Security rule {name} has invalid priority {priority}. Value provided: {priority}. Allowed range 100-4096"
        );
        return Err(bad(written, "SecurityRuleInvalidPriority", message));
    };
    Ok(SecurityRule {
        name: name.into(),
        priority,
        direction: word(
            properties,
            "direction",
            &[("Inbound", Direction::Inbound), ("Outbound", Direction::Outbound)],
        )?,
        access: word(properties, "access", &[("Allow", Access::Allow), ("Deny", Access::Deny)])?,
        protocol: word(properties, "protocol", &PROTOCOLS)?,
        source: peers(
            properties,
            ["sourceAddressPrefix", "sourceAddressPrefixes", "sourceApplicationSecurityGroups"],
            all,
        )?,
        source_ports: ports(properties, ["sourcePortRange", "sourcePortRanges"])?,
        destination: peers(
            properties,
            ["destinationAddressPrefix", "destinationAddressPrefixes", "destinationApplicationSecurityGroups"],
            all,
        )?,
        destination_ports: ports(properties, ["destinationPortRange", "destinationPortRanges"])?,
        span: Some(span),
    })
}

pub(super) const PROTOCOLS: [(&str, Option<Protocol>); 7] = [
    ("*", None),
    ("Any", None),
    ("Tcp", Some(Protocol::TCP)),
    ("Udp", Some(Protocol::UDP)),
    ("Icmp", Some(Protocol::ICMP)),
    ("Esp", Some(Protocol::ESP)),
    ("Ah", Some(Protocol::AH)),
];

/// One of a few words, in any letter case.
///
/// Rule `refuse-rule-word`: direction, access and protocol of a rule are words that Azure has. Source: azure-dataplane
/// 1.2. The code is from memory.
pub(super) fn word<T: Copy>(properties: &Value, key: &str, words: &[(&str, T)]) -> Result<T, Diagnostic> {
    let value = given(properties, key).ok_or_else(|| missing(properties, key))?;
    let text = value.as_str().unwrap_or_default().trim();
    words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        // From memory: what Azure's readers answer to a word they do not know.
        bad(value, "InvalidRequestFormat", format!("`{key}` is {value}, not one of {}", known.join(", ")))
    })
}

/// One side: `[prefix, prefixes, groups]` may stand beside each other.
fn peers(properties: &Value, [single, many, groups]: [&str; 3], all: &Resources) -> Result<Vec<Peer>, Diagnostic> {
    let mut found = Vec::new();
    if let Some(value) = given(properties, single) {
        for part in value.as_str().unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()) {
            found.push(peer(value, part, all)?);
        }
    }
    for value in list(properties, many) {
        let text = value.as_str().unwrap_or_default().trim();
        let one = peer(value, text, all)?;
        // Code and text were seen in public reports: tags have no place in the lists.
        if matches!(one, Peer::Tag(_)) || text == "*" || text.eq_ignore_ascii_case("any") {
            let message = format!(
                "Security rule parameter {many} cannot specify existing VIRTUALNETWORK, INTERNET, AZURELOADBALANCER, \
                 '*' or system tags. Unsupported value used: {text}."
            );
            let help = format!("one tag alone goes into {single}");
            return Err(bad(value, "SecurityRuleParameterContainsUnsupportedValue", message).help(help));
        }
        found.push(one);
    }
    found.extend(references(properties, groups).map(Peer::Asg));
    if found.is_empty() {
        return Err(missing(properties, single));
    }
    // Any beside others is still any.
    if found.contains(&Peer::Any) { Ok(vec![Peer::Any]) } else { Ok(found) }
}

/// Whether a text has the form of a service tag's name.
pub(super) fn is_tag_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Rule `refuse-rule-address`: an end of a rule is any, a prefix or a service tag that Azure has. Source:
/// azure-dataplane 1.2. The code was seen in public reports.
pub(super) fn peer(value: &Value, text: &str, all: &Resources) -> Result<Peer, Diagnostic> {
    if text == "*" || text == "0.0.0.0/0" || text.eq_ignore_ascii_case("any") {
        return Ok(Peer::Any);
    }
    let refused = || {
        let message = format!("Security rule has invalid Address prefix. Value provided: {text}");
        bad(value, "SecurityRuleInvalidAddressPrefix", message)
    };
    if let Ok(prefix) = text.parse::<Prefix>() {
        let exact = text.split_once('/').is_none_or(|(base, _)| base.parse() == Ok(prefix.first()));
        let help = || format!("for this length the prefix is {prefix}");
        return if exact { Ok(Peer::Prefix(prefix)) } else { Err(refused().help(help())) };
    }
    if !is_tag_word(text) {
        return Err(refused());
    }
    let loaded = all.service_tags.as_ref().is_some_and(|tags| tags.names(text));
    if loaded || is_known_tag(text) {
        return Ok(Peer::Tag(text.into()));
    }
    Err(refused().help(match nearest(text, tag_names()) {
        Some(near) => format!("did you mean the service tag `{near}`?"),
        None => {
            "this version knows no service tag of this name; if Azure does, give Azure's own list with --service-tags"
                .to_owned()
        }
    }))
}

/// One side's ports; empty is any.
///
/// Rule `refuse-rule-port`: ports of a rule are whole numbers from 0 to 65535. Source: azure-dataplane 1.2. Code and
/// text were seen in public reports.
pub(super) fn ports(properties: &Value, [one, many]: [&str; 2]) -> Result<Vec<PortRange>, Diagnostic> {
    let mut found = Vec::new();
    for value in given(properties, one).into_iter().chain(list(properties, many)) {
        let written = value.as_i64().map_or_else(|| value.as_str().unwrap_or_default().to_owned(), |it| it.to_string());
        for part in written.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if part == "*" || part.eq_ignore_ascii_case("any") {
                return Ok(Vec::new());
            }
            found.push(range(part).ok_or_else(|| {
                let message = format!(
                    "Security rule has invalid Port range. Value provided: {part}. Value should be an integer OR \
                     integer range with '-' delimiter. Valid range 0-65535"
                );
                bad(value, "SecurityRuleInvalidPortRange", message)
            })?);
        }
    }
    Ok(found)
}

fn range(text: &str) -> Option<PortRange> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some(PortRange { first, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: ports beyond 65535 cut down, ranges the wrong way round, a blank at the end refused.
    #[test]
    fn port_ranges() {
        for (text, expected) in [
            ("22", Some((22, 22))),
            ("60000-60001", Some((60000, 60001))),
            ("65503-65534 ", Some((65503, 65534))),
            ("0-65535", Some((0, 65535))),
            ("70000", None),
            ("10-5", None),
            ("-5", None),
            ("ssh", None),
        ] {
            assert_eq!(range(text), expected.map(|(first, last)| PortRange { first, last }), "{text}");
        }
    }
}
