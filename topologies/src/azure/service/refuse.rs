//! What services do not take: rules that their tier does not have, or too many of them, and private endpoints.

use super::super::raw::{RawResource, Resources};
use super::super::read::{given, list, says, text};
use super::guard::rules_of;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::{Addr, Prefix};

const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
const VAULT: &str = "Microsoft.KeyVault/vaults";
const STORAGE: &str = "Microsoft.Storage/storageAccounts";

/// Most rules for subnets and for addresses (azure-services 6, 7).
const MOST: [(&str, usize, usize); 2] = [(REGISTRY, 100, 100), (VAULT, 200, 1000)];

/// The last year in which a registry with copies in other regions took no private endpoint (azure-services 11).
const NO_COPIES: u16 = 2020;

/// What is wrong with a service.
pub(super) fn service(raw: &RawResource) -> Option<Diagnostic> {
    too_many(raw).or_else(|| tier(raw)).or_else(|| private_ranges(raw))
}

/// Rule `refuse-service-rules-count`: a registry takes 100 rules for subnets and 100 for addresses, a vault 200 and 1000.
/// Source: azure-services 1.E (E4), 6, 7. The codes were not seen.
fn too_many(raw: &RawResource) -> Option<Diagnostic> {
    let (_, subnets, addresses) = MOST.into_iter().find(|(kind, ..)| raw.resource_type.eq_ignore_ascii_case(kind))?;
    let rules = rules_of(raw)?;
    for (key, most, what) in [("virtualNetworkRules", subnets, "virtual network"), ("ipRules", addresses, "IP")] {
        let Some(first) = list(rules, key).get(most) else { continue };
        let message = format!(
            "The number of {what} rules of {} is {}, and at most {most} are allowed.",
            raw.name,
            list(rules, key).len()
        );
        return Some(Diagnostic::error("NetworkRuleCountExceeded", message).at(first.span));
    }
    None
}

/// Rule `refuse-registry-rules-tier`: network rules, and public access that is off, are for Premium registries. Source:
/// azure-services 1.E (E6). Code and text for public access were seen in a public report
/// (Azure-Samples/dotNET-Frontend-AB-Testing-on-Azure-Container-Apps issue 5); those for rules are by their kin.
fn tier(raw: &RawResource) -> Option<Diagnostic> {
    let sku = other_tier(raw)?;
    let properties = raw.properties();
    let help = "set the registry's sku.name to Premium";
    if says(properties, "publicNetworkAccess", "Disabled") {
        let message = format!(
            "Disabling public network access is not supported for the SKU {sku}. For more information, please visit \
             https://aka.ms/acr/private-link."
        );
        let place = given(properties, "publicNetworkAccess")?;
        return Some(Diagnostic::error("DisablingPublicNetworkAccessNotSupported", message).at(place.span).help(help));
    }
    let rules = rules_of(raw)?;
    let asks = says(rules, "defaultAction", "Deny")
        || ["virtualNetworkRules", "ipRules"].iter().any(|key| !list(rules, key).is_empty());
    let message = format!("Network rules are not supported for the SKU {sku}.");
    asks.then(|| Diagnostic::error("NetworkRuleSetNotSupported", message).at(rules.span).help(help))
}

/// The tier of a registry that is not Premium.
fn other_tier(raw: &RawResource) -> Option<&str> {
    let is_registry = raw.resource_type.eq_ignore_ascii_case(REGISTRY);
    let sku = given(&raw.body, "sku").filter(|_| is_registry)?;
    text(sku, "name").filter(|name| ["Basic", "Standard", "Classic"].iter().any(|it| it.eq_ignore_ascii_case(name)))
}

/// Rule `refuse-private-range-rule`: the firewalls of vaults and storage accounts take no private ranges. Source:
/// azure-services 8.5. Code and text were seen in public reports (Azure/azure-powershell issue 11471, Azure/azure-cli issue
/// 7417), the code of storage's from memory.
fn private_ranges(raw: &RawResource) -> Option<Diagnostic> {
    let is = |kind: &str| raw.resource_type.eq_ignore_ascii_case(kind);
    if !is(VAULT) && !is(STORAGE) {
        return None;
    }
    let rules = list(rules_of(raw)?, "ipRules");
    let (n, rule, range) = rules.iter().enumerate().find_map(|(n, rule)| Some((n, rule, private_range(rule)?)))?;
    let value = text(rule, "value").unwrap_or_default();
    let diagnostic = if is(VAULT) {
        let message = format!(
            "Invalid value found at properties.networkAcls.ipRules[{n}].value: {value} belongs to forbidden range \
             {}–{} (private IP addresses)",
            range.first(),
            range.last()
        );
        Diagnostic::error("BadRequest", message)
    } else {
        let message = "Values for request parameters are invalid: networkAcls.ipRule[*].value. For more information, see \
                       - https://aka.ms/storagenetworkruleset";
        Diagnostic::error("InvalidValuesForRequestParameters", message)
    };
    let help = "callers in a virtual network are let in by a rule for their subnet, or by a private endpoint";
    Some(diagnostic.at(rule.span).help(help))
}

/// The private range that a rule is in (RFC 1918).
fn private_range(rule: &Value) -> Option<Prefix> {
    let value = text(rule, "value")?;
    let own = value.parse::<Addr>().map(Prefix::host).ok().or_else(|| value.parse::<Prefix>().ok())?;
    let ranges = [(10, 0, 8), (172, 16, 12), (192, 168, 16)];
    let mut ranges = ranges.into_iter().filter_map(|(a, b, len)| Prefix::new(Addr::v4(a, b, 0, 0), len));
    ranges.find(|range| range.covers(own))
}

/// Why a service takes no private endpoint with these groups.
///
/// Rule `refuse-endpoint-tier`: only Premium registries take private endpoints. Source: azure-services 1.C (C4). The code
/// was not seen.
///
/// Rule `refuse-endpoint-copies`: until 2020 a registry with copies in other regions took no private endpoint. Source:
/// azure-services 1.C (C5), 11 (6). The code was not seen.
pub(in crate::azure) fn endpoint(service: &RawResource, all: &Resources) -> Option<Diagnostic> {
    if let Some(sku) = other_tier(service) {
        let message = format!("Private endpoints are not supported for the SKU {sku} of registry {}.", service.name);
        let place = given(&service.body, "sku")?;
        let help = "set the registry's sku.name to Premium";
        return Some(Diagnostic::error("PrivateEndpointNotSupportedForSku", message).at(place.span).help(help));
    }
    let is_registry = service.resource_type.eq_ignore_ascii_case(REGISTRY);
    let copy = all.children(&service.id, "replications").next().filter(|_| is_registry)?;
    let message = format!("Private endpoints are not supported for geo-replicated registry {}.", service.name);
    let refused = Diagnostic::error("PrivateEndpointNotSupportedForReplicatedRegistry", message);
    (all.date.year <= NO_COPIES).then(|| refused.at(copy.span).help("it is supported since; see --era"))
}
