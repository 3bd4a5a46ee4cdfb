//! `networkManagers`: network groups and security admin rules (azure-dataplane 1.3). What connects networks is not
//! modelled, and said.

use super::id;
use super::raw::{RawResource, Resources};
use super::read::{bad, given, inner, list, missing, not_modelled, text};
use super::reading::Reading;
use super::security::{PROTOCOLS, peer, ports, word};
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::source::Span;
use sim_core::topology::{Access, AdminRules, Direction, Kind, OverIntentPolicies, Peer, Relation, SecurityRule};
use std::sync::Arc;

/// A collection with its rules, and the networks of the groups that it applies to.
pub(super) fn rule_collection(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let mut rules = Vec::new();
    let mut take = |id: &Arc<str>, body: &Value, span, out: &mut Reading| match rule(id::name_of(id), body, span, all) {
        Ok(rule) => rules.push(rule),
        Err(diagnostic) => out.leave_out(id, diagnostic),
    };
    for part in list(raw.properties(), "rules") {
        let Some(id) = raw.part_id("rules", part) else { continue };
        take(&id, part, part.span, out);
    }
    for child in all.children(&raw.id, "rules") {
        take(&child.id, &child.body, child.span, out);
    }
    let over_intent_policies = all.parent(raw).map_or(OverIntentPolicies::Nothing, over_intent_policies);
    let mut draft = raw.draft(Kind::AdminRules(AdminRules { rules, over_intent_policies }));
    for applied in list(raw.properties(), "appliesToGroups") {
        for vnet in text(applied, "networkGroupId").map(|group| members(group, all)).unwrap_or_default() {
            draft = draft.refer(Relation::Governs, vnet);
        }
    }
    out.node(draft);
}

/// A group: its static members are what its collections look for. Who else belongs to it, a policy decides.
pub(super) fn group(raw: &RawResource, all: &Resources, out: &mut Reading) {
    out.inert(raw);
    if all.children(&raw.id, "staticMembers").next().is_none() {
        out.warn(not_modelled(&raw.body, "members that Azure Policy gives to a network group"));
    }
}

/// A member of a group: a network, or a subnet, which is not modelled.
pub(super) fn static_member(raw: &RawResource, out: &mut Reading) {
    out.inert(raw);
    if text(raw.properties(), "resourceId").is_some_and(|id| !is_vnet(id)) {
        out.warn(not_modelled(&raw.body, "a network group's member that is no virtual network"));
    }
}

pub(super) fn connectivity(raw: &RawResource, out: &mut Reading) {
    out.leave_out(&raw.id, not_modelled(&raw.body, "what a network manager connects"));
}

/// The networks in a group.
fn members(group: &str, all: &Resources) -> Vec<Arc<str>> {
    let found =
        all.children(group.trim(), "staticMembers").filter_map(|member| text(member.properties(), "resourceId"));
    found.filter(|id| is_vnet(id)).map(id::tidy).collect()
}

fn is_vnet(id: &str) -> bool {
    id::resource_type(id).eq_ignore_ascii_case("Microsoft.Network/virtualNetworks")
}

fn over_intent_policies(configuration: &RawResource) -> OverIntentPolicies {
    let written = list(configuration.properties(), "applyOnNetworkIntentPolicyBasedServices");
    let says = |word: &str| written.iter().any(|it| it.as_str().is_some_and(|text| text.eq_ignore_ascii_case(word)));
    match (says("All"), says("AllowRulesOnly")) {
        (true, _) => OverIntentPolicies::Everything,
        (false, true) => OverIntentPolicies::Allowing,
        (false, false) => OverIntentPolicies::Nothing,
    }
}

fn rule(name: &str, body: &Value, span: Span, all: &Resources) -> Result<SecurityRule, Diagnostic> {
    let properties = inner(body);
    // A rule of the kind `Default` names one that Azure knows; only what was read back from Azure says what is in it.
    if given(properties, "access").is_none() && given(properties, "flag").is_some() {
        return Err(not_modelled(body, "a default admin rule, of which only the name is known"));
    }
    let written = given(properties, "priority").ok_or_else(|| missing(properties, "priority"))?;
    let priority = written.as_i64().and_then(|it| u16::try_from(it).ok()).filter(|it| (1..=4096).contains(it));
    let Some(priority) = priority else {
        // The code is that of security groups; what Azure answers here was not found.
        let message = format!("Admin rule {name} has invalid priority {written}. Allowed range 1-4096");
        return Err(bad(written, "SecurityRuleInvalidPriority", message));
    };
    Ok(SecurityRule {
        name: name.into(),
        priority,
        direction: word(properties, "direction", &DIRECTIONS)?,
        access: word(properties, "access", &ACCESSES)?,
        protocol: word(properties, "protocol", &PROTOCOLS)?,
        source: peers(properties, "sources", all)?,
        source_ports: ports(properties, ["sourcePortRange", "sourcePortRanges"])?,
        destination: peers(properties, "destinations", all)?,
        destination_ports: ports(properties, ["destinationPortRange", "destinationPortRanges"])?,
        span: Some(span),
    })
}

const DIRECTIONS: [(&str, Direction); 2] = [("Inbound", Direction::Inbound), ("Outbound", Direction::Outbound)];

const ACCESSES: [(&str, Access); 3] =
    [("Allow", Access::Allow), ("Deny", Access::Deny), ("AlwaysAllow", Access::AlwaysAllow)];

/// One side of a rule; without any it is everybody.
fn peers(properties: &Value, key: &str, all: &Resources) -> Result<Vec<Peer>, Diagnostic> {
    let mut found = Vec::new();
    for item in list(properties, key) {
        if text(item, "addressPrefixType").is_some_and(|kind| kind.eq_ignore_ascii_case("NetworkGroup")) {
            return Err(not_modelled(item, "an admin rule that names a network group"));
        }
        let written = given(item, "addressPrefix").ok_or_else(|| missing(item, "addressPrefix"))?;
        found.push(peer(written, written.as_str().unwrap_or_default().trim(), all)?);
    }
    if found.is_empty() || found.contains(&Peer::Any) { Ok(vec![Peer::Any]) } else { Ok(found) }
}
