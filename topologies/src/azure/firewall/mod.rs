//! `azureFirewalls`, `firewallPolicies` and their rules.

mod rules;

use super::raw::{RawResource, Resources};
use super::read::{address, enabled, given, inner, list, missing, not_modelled, reference, says, switch, text};
use super::reading::{Piece, Reading};
use super::{id, tidy};
use crate::json::Value;
use sim_core::net::{Addr, Prefix};
use sim_core::topology::{Firewall, FirewallPolicy, Kind, Relation};

/// The word for the private ranges of RFC 1918 and RFC 6598.
const PRIVATE: &str = "IANAPrivateRanges";
const PRIVATE_RANGES: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/// A firewall in a subnet. Its management address carries no traffic of the network, and is not read.
pub(super) fn firewall(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let properties = raw.properties();
    let hub = given(properties, "sku").is_some_and(|sku| says(sku, "name", "AZFW_Hub"));
    if hub || given(properties, "virtualHub").is_some() {
        return out.leave_out(&raw.id, not_modelled(&raw.body, "a firewall in a virtual hub"));
    }
    let configurations: Vec<&Value> = list(properties, "ipConfigurations").iter().map(inner).collect();
    let Some(subnet) = configurations.iter().find_map(|it| reference(it, "subnet")) else {
        return out.leave_out(&raw.id, missing(properties, "ipConfigurations"));
    };
    let asked = configurations.iter().find_map(|it| given(it, "privateIPAddress"));
    let requested = match asked.map(address).transpose() {
        Ok(requested) => requested,
        Err(diagnostic) => return out.leave_out(&raw.id, diagnostic),
    };
    warn_of_inspection(properties, out);
    let additional = given(properties, "additionalProperties");
    let no_translation = additional.and_then(|it| text(it, "Network.SNAT.PrivateRanges"));
    let firewall = Firewall {
        region: out.region.clone(),
        requested,
        address: None,
        collections: rules::classic(raw, all, out),
        no_translation: no_translation.map(|list| ranges(list.split(','))),
    };
    let mut draft = raw.draft(Kind::Firewall(firewall)).refer(Relation::Attached, subnet);
    for public in configurations.iter().filter_map(|it| reference(it, "publicIPAddress")) {
        draft = draft.refer(Relation::Uses, public);
    }
    if let Some(policy) = reference(properties, "firewallPolicy") {
        draft = draft.refer(Relation::GovernedBy, policy);
    }
    out.node(draft);
}

/// A policy. Its groups are resources of their own.
pub(super) fn policy(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let properties = raw.properties();
    warn_of_inspection(properties, out);
    let snat = given(properties, "snat").filter(|snat| given(snat, "privateRanges").is_some());
    let listed = snat.map(|snat| list(snat, "privateRanges"));
    if let Some(learning) =
        given(properties, "snat").filter(|snat| enabled(snat, "autoLearnPrivateRanges", false).value)
    {
        out.warn(not_modelled(learning, "private ranges that a firewall learns"));
    }
    let policy = FirewallPolicy {
        collections: Vec::new(),
        no_translation: listed.map(|listed| ranges(listed.iter().filter_map(Value::as_str))),
    };
    let mut draft = raw.draft(Kind::FirewallPolicy(policy));
    if let Some(base) = reference(properties, "basePolicy") {
        draft = draft.refer(Relation::GovernedBy, base);
    }
    out.node(draft);
    for part in list(properties, "ruleCollectionGroups") {
        // Templates of old hold them here; what Azure gives back are bare references.
        let Some(group) =
            raw.part_id("ruleCollectionGroups", part).filter(|_| given(inner(part), "ruleCollections").is_some())
        else {
            continue;
        };
        let collections = rules::group(&group, inner(part), all, out);
        out.pieces.push(Piece::Collections { policy: raw.id.clone(), collections });
    }
}

/// `firewallPolicies/ruleCollectionGroups`.
pub(super) fn group_alone(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let Some(policy) = id::parent(&raw.id).map(tidy) else { return };
    let collections = rules::group(&raw.id, raw.properties(), all, out);
    out.pieces.push(Piece::Collections { policy, collections });
}

/// `firewallPolicies/ruleGroups`, as API versions before 2020-05-01 have them.
pub(super) fn old_group_alone(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let Some(policy) = id::parent(&raw.id).map(tidy) else { return };
    let collections = rules::old_group(&raw.id, raw.properties(), all, out);
    out.pieces.push(Piece::Collections { policy, collections });
}

/// Names what may stop traffic that rules let pass.
fn warn_of_inspection(properties: &Value, out: &mut Reading) {
    if says(properties, "threatIntelMode", "Deny") {
        out.warn(not_modelled(properties, "threat intelligence that denies"));
    }
    if let Some(detection) = given(properties, "intrusionDetection").filter(|it| says(it, "mode", "Deny")) {
        out.warn(not_modelled(detection, "intrusion detection that denies"));
    }
    if let Some(dns) = given(properties, "dnsSettings").filter(|it| switch(it, "enableProxy", false).value) {
        out.warn(not_modelled(dns, "a firewall that answers DNS questions"));
    }
    if let Some(security) = given(properties, "transportSecurity") {
        out.warn(not_modelled(security, "inspection of TLS"));
    }
}

/// The ranges of a list that are known.
fn ranges<'t>(list: impl Iterator<Item = &'t str>) -> Vec<Prefix> {
    let mut found = Vec::new();
    for item in list.map(str::trim) {
        if item.eq_ignore_ascii_case(PRIVATE) {
            found.extend(PRIVATE_RANGES.iter().filter_map(|range| range.parse::<Prefix>().ok()));
        } else if let Ok(range) = item.parse::<Prefix>() {
            found.push(range);
        }
    }
    found
}

/// The addresses of an `ipGroups` resource, as texts; `None` where the input does not hold it.
fn ip_group<'r>(group: &str, all: &'r Resources) -> Option<impl Iterator<Item = &'r Value>> {
    all.get(group).map(|group| list(group.properties(), "ipAddresses").iter())
}

/// The first and last address of what a rule or an IP group names: an address, a prefix, a range `a-b`.
fn range(text: &str) -> Option<(Addr, Addr)> {
    if let Some((first, last)) = text.split_once('-') {
        let (first, last) = (first.trim().parse::<Addr>().ok()?, last.trim().parse::<Addr>().ok()?);
        return (first <= last).then_some((first, last));
    }
    let prefix: Prefix = text.parse().ok()?;
    Some((prefix.first(), prefix.last()))
}
