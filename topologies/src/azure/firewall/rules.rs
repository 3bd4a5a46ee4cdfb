//! Rule collections: of a policy's groups, of a firewall itself, and in the form of the first policies.

use super::{ip_group, range};
use crate::azure::id::{child, name_of};
use crate::azure::raw::{RawResource, Resources};
use crate::azure::read::{address, bad, given, inner, list, missing, not_modelled, number, port, says, text};
use crate::azure::reading::Reading;
use crate::azure::security::{is_tag_word, ports};
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::Protocol;
use sim_core::topology::{ApplicationProtocol, FirewallMatch, FirewallPeer, FirewallRule, RuleCollection};
use std::sync::Arc;

/// The kinds of rules.
#[derive(Clone, Copy)]
enum Form {
    Network,
    Application,
    Translate,
}

/// Where a rule is read: what else the input holds, and what is said about it.
struct Reader<'r> {
    all: &'r Resources,
    out: &'r mut Reading,
}

/// The collections of a group of a policy.
pub(super) fn group(group: &str, properties: &Value, all: &Resources, out: &mut Reading) -> Vec<RuleCollection> {
    let mut reader = Reader { all, out };
    let listed = list(properties, "ruleCollections").iter();
    let priority = reader.priority(properties);
    listed
        .map(|part| {
            let body = inner(part);
            let id = child(group, "ruleCollections", text(part, "name").unwrap_or("?"));
            let rules = list(body, "rules").iter().map(|rule| (form_of(rule), rule)).collect();
            let allow = allows(body);
            RuleCollection {
                name: name_of(&id).into(),
                group: name_of(group).into(),
                group_priority: priority,
                priority: reader.priority(body),
                allow,
                old_form: false,
                rules: reader.rules(&id, rules),
                span: Some(part.span),
            }
        })
        .collect()
}

/// The collections that a firewall holds itself.
pub(super) fn classic(raw: &RawResource, all: &Resources, out: &mut Reading) -> Vec<RuleCollection> {
    let mut reader = Reader { all, out };
    let mut found = Vec::new();
    for (key, form) in [
        ("natRuleCollections", Form::Translate),
        ("networkRuleCollections", Form::Network),
        ("applicationRuleCollections", Form::Application),
    ] {
        for part in list(raw.properties(), key) {
            let body = inner(part);
            let id = child(&raw.id, key, text(part, "name").unwrap_or("?"));
            let rules = list(body, "rules").iter().map(|rule| (Some(form), rule)).collect();
            found.push(RuleCollection {
                name: name_of(&id).into(),
                group: "".into(),
                group_priority: 0,
                priority: reader.priority(body),
                allow: allows(body),
                old_form: false,
                rules: reader.rules(&id, rules),
                span: Some(part.span),
            });
        }
    }
    found
}

/// The rules of an old group: each is a collection, and its conditions are what rules are now.
pub(super) fn old_group(group: &str, properties: &Value, all: &Resources, out: &mut Reading) -> Vec<RuleCollection> {
    let mut reader = Reader { all, out };
    let priority = reader.priority(properties);
    let listed = list(properties, "rules").iter();
    listed
        .map(|part| {
            let id = child(group, "rules", text(part, "name").unwrap_or("?"));
            let translating = given(part, "translatedAddress").is_some();
            let conditions = list(part, "ruleConditions").iter().map(|rule| (form_of(rule), rule)).collect();
            RuleCollection {
                name: name_of(&id).into(),
                group: name_of(group).into(),
                group_priority: priority,
                priority: reader.priority(part),
                allow: allows(part),
                old_form: true,
                rules: if translating { reader.old_translation(&id, part) } else { reader.rules(&id, conditions) },
                span: Some(part.span),
            }
        })
        .collect()
}

fn form_of(rule: &Value) -> Option<Form> {
    let word = text(rule, "ruleType").or_else(|| text(rule, "ruleConditionType"))?.to_ascii_lowercase();
    match word.as_str() {
        "networkrule" | "networkrulecondition" => Some(Form::Network),
        "applicationrule" | "applicationrulecondition" => Some(Form::Application),
        "natrule" | "natrulecondition" => Some(Form::Translate),
        _ => None,
    }
}

impl Reader<'_> {
    /// A priority; one that is missing or wrong comes last.
    fn priority(&mut self, within: &Value) -> u32 {
        match number(within, "priority", 0..=u64::from(u32::MAX)) {
            Ok(priority) => priority.map_or(u32::MAX, |it| it as u32),
            Err(diagnostic) => {
                self.out.warn(diagnostic);
                u32::MAX
            }
        }
    }

    fn rules(&mut self, collection: &str, rules: Vec<(Option<Form>, &Value)>) -> Vec<FirewallRule> {
        let mut kept = Vec::new();
        for (form, part) in rules {
            let name: Arc<str> = text(part, "name").unwrap_or("?").into();
            let what = match form {
                Some(Form::Network) => self.network(part),
                Some(Form::Application) => self.application(part),
                Some(Form::Translate) => self.translate(part, part),
                None => Err(missing(part, "ruleType")),
            };
            self.keep(collection, name, part, what, &mut kept);
        }
        kept
    }

    fn old_translation(&mut self, collection: &str, part: &Value) -> Vec<FirewallRule> {
        let mut kept = Vec::new();
        let Some(condition) = given(part, "ruleCondition") else { return kept };
        let what = self.translate(part, condition);
        self.keep(collection, name_of(collection).into(), condition, what, &mut kept);
        kept
    }

    fn keep(
        &mut self,
        collection: &str,
        name: Arc<str>,
        part: &Value,
        what: Result<FirewallMatch, Diagnostic>,
        kept: &mut Vec<FirewallRule>,
    ) {
        let source = self.peers(part, "sourceAddresses", "sourceIpGroups");
        match source.and_then(|source| what.map(|what| (source, what))) {
            Ok((source, what)) => kept.push(FirewallRule { name, source, what, span: Some(part.span) }),
            Err(diagnostic) => self.out.leave_out(&child(collection, "rules", &name), diagnostic),
        }
    }

    fn network(&mut self, rule: &Value) -> Result<FirewallMatch, Diagnostic> {
        let mut destination = self.peers(rule, "destinationAddresses", "destinationIpGroups")?;
        let names = list(rule, "destinationFqdns").iter().filter_map(Value::as_str);
        destination.extend(names.map(|name| FirewallPeer::Name(name.trim().into())));
        Ok(FirewallMatch::Network {
            protocols: protocols(rule)?,
            destination,
            ports: ports(rule, ["destinationPort", "destinationPorts"])?,
        })
    }

    fn application(&mut self, rule: &Value) -> Result<FirewallMatch, Diagnostic> {
        let mut names: Vec<Arc<str>> = Vec::new();
        for key in ["targetFqdns", "fqdns"] {
            names.extend(list(rule, key).iter().filter_map(Value::as_str).map(|name| Arc::from(name.trim())));
        }
        // Only the host of an address shows before TLS is opened.
        let hosts = list(rule, "targetUrls").iter().filter_map(Value::as_str);
        names.extend(hosts.filter_map(|url| url.trim().split('/').next()).map(Arc::from));
        for (key, what) in [
            ("fqdnTags", "tags of host names, whose contents are not published"),
            ("webCategories", "web categories, whose contents are not published"),
            ("destinationAddresses", "addresses in an application rule"),
        ] {
            if let Some(first) = list(rule, key).first().filter(|first| first.as_str() != Some("*")) {
                self.out.warn(not_modelled(first, what));
            }
        }
        let mut spoken = Vec::new();
        for item in list(rule, "protocols") {
            let (protocol, usual) = match text(item, "protocolType").unwrap_or_default().to_ascii_lowercase().as_str() {
                "http" => (ApplicationProtocol::Http, 80),
                "https" => (ApplicationProtocol::Https, 443),
                "mssql" => (ApplicationProtocol::Mssql, 1433),
                _ => return Err(bad(item, "InvalidRequestFormat", format!("{item} is no protocol of a rule"))),
            };
            spoken.push((protocol, port(item, "port", 1)?.unwrap_or(usual)));
        }
        Ok(FirewallMatch::Application { protocols: spoken, names })
    }

    /// `rule` says where to, `condition` what for; they are one but in old groups.
    fn translate(&mut self, rule: &Value, condition: &Value) -> Result<FirewallMatch, Diagnostic> {
        if let Some(name) = given(rule, "translatedFqdn").filter(|_| text(rule, "translatedAddress").is_none()) {
            return Err(not_modelled(name, "a translation to a host name"));
        }
        let to = given(rule, "translatedAddress").ok_or_else(|| missing(rule, "translatedAddress"))?;
        Ok(FirewallMatch::Translate {
            protocols: protocols(condition)?,
            destination: self.peers(condition, "destinationAddresses", "destinationIpGroups")?,
            ports: ports(condition, ["destinationPort", "destinationPorts"])?,
            to: address(to)?,
            to_port: port(rule, "translatedPort", 0)?.filter(|port| *port != 0),
        })
    }

    /// One side: addresses, and groups of them that the input holds.
    fn peers(&mut self, rule: &Value, addresses: &str, groups: &str) -> Result<Vec<FirewallPeer>, Diagnostic> {
        let mut found = Vec::new();
        for item in list(rule, addresses) {
            found.push(peer(item)?);
        }
        for group in list(rule, groups) {
            match ip_group(group.as_str().unwrap_or_default(), self.all) {
                Some(members) => {
                    for member in members {
                        found.push(peer(member)?);
                    }
                }
                None => self.out.warn(not_modelled(group, "an IP group that is not declared here")),
            }
        }
        Ok(if found.contains(&FirewallPeer::Any) { vec![FirewallPeer::Any] } else { found })
    }
}

fn peer(item: &Value) -> Result<FirewallPeer, Diagnostic> {
    let written = item.as_str().unwrap_or_default().trim();
    if written == "*" || written == "0.0.0.0/0" {
        return Ok(FirewallPeer::Any);
    }
    if let Some((first, last)) = range(written) {
        return Ok(FirewallPeer::Range(first, last));
    }
    if is_tag_word(written) {
        return Ok(FirewallPeer::Tag(written.into()));
    }
    Err(bad(item, "AzureFirewallPolicyRuleInvalidIpAddressOrIpRange", format!("{item} is no address, range or tag")))
}

/// The protocols of a rule; empty is any.
fn protocols(rule: &Value) -> Result<Vec<Protocol>, Diagnostic> {
    let mut found = Vec::new();
    for item in list(rule, "ipProtocols").iter().chain(list(rule, "protocols")) {
        match item.as_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "tcp" => found.push(Protocol::TCP),
            "udp" => found.push(Protocol::UDP),
            "icmp" => found.push(Protocol::ICMP),
            "any" => return Ok(Vec::new()),
            _ => return Err(bad(item, "InvalidRequestFormat", format!("{item} is not one of TCP, UDP, ICMP, Any"))),
        }
    }
    Ok(found)
}

/// Whether a collection allows what its rules match.
fn allows(collection: &Value) -> bool {
    !given(collection, "action").is_some_and(|action| says(action, "type", "Deny"))
}
