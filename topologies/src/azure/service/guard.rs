//! Who is let in at a service: each type says it in its own way.

use super::super::raw::{RawResource, Resources};
use super::super::read::{enabled, given, inner, list, says, switch, text};
use super::super::reading::Reading;
use super::place::is_private_cluster;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::{Addr, Prefix};
use sim_core::set::AddrSet;
use sim_core::topology::{AddressRule, Guard, Setting, SubnetRule};

/// How a type says who is let in.
struct Shape {
    kind: &'static str,
    /// Where the rules stand; in `properties` themselves where it is empty.
    at: &'static [&'static str],
    /// Where there is no `defaultAction`.
    open: Open,
    /// The property that lets trusted services in, and whether they are where it is absent.
    bypass: (&'static str, bool),
    /// Children with rules.
    children: &'static [&'static str],
}

/// Who is let in that no rule names, where nothing says it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Everybody.
    Yes,
    /// Everybody, until there is a rule.
    UntilARule,
    /// Nobody.
    No,
}

const fn shape(
    kind: &'static str,
    at: &'static [&'static str],
    open: Open,
    bypass: (&'static str, bool),
    children: &'static [&'static str],
) -> Shape {
    Shape { kind, at, open, bypass, children }
}

const NONE: (&str, bool) = ("", false);
const SERVER_RULES: &[&str] = &["firewallRules", "virtualNetworkRules"];

/// The places of the REST specification. A type that is not here has `publicNetworkAccess` alone.
const SHAPES: [Shape; 17] = [
    shape(
        "microsoft.containerregistry/registries",
        &["networkRuleSet"],
        Open::Yes,
        ("networkRuleBypassOptions", true),
        &[],
    ),
    shape("microsoft.keyvault/vaults", &["networkAcls"], Open::Yes, ("bypass", true), &[]),
    shape("microsoft.keyvault/managedhsms", &["networkAcls"], Open::Yes, ("bypass", true), &[]),
    shape("microsoft.storage/storageaccounts", &["networkAcls"], Open::Yes, ("bypass", true), &[]),
    shape("microsoft.cognitiveservices/accounts", &["networkAcls"], Open::Yes, ("bypass", false), &[]),
    shape("microsoft.machinelearningservices/workspaces", &["networkAcls"], Open::Yes, NONE, &[]),
    shape("microsoft.batch/batchaccounts", &["networkProfile", "accountAccess"], Open::Yes, NONE, &[]),
    shape("microsoft.containerservice/managedclusters", &["apiServerAccessProfile"], Open::UntilARule, NONE, &[]),
    shape("microsoft.documentdb/databaseaccounts", &[], Open::UntilARule, ("networkAclBypass", false), &[]),
    shape("microsoft.search/searchservices", &["networkRuleSet"], Open::UntilARule, ("bypass", false), &[]),
    shape(
        "microsoft.eventhub/namespaces",
        &[],
        Open::Yes,
        ("trustedServiceAccessEnabled", false),
        &["networkRuleSets"],
    ),
    shape(
        "microsoft.servicebus/namespaces",
        &[],
        Open::Yes,
        ("trustedServiceAccessEnabled", false),
        &["networkRuleSets"],
    ),
    shape("microsoft.sql/servers", &[], Open::No, NONE, SERVER_RULES),
    shape("microsoft.dbforpostgresql/servers", &[], Open::No, NONE, SERVER_RULES),
    shape("microsoft.dbforpostgresql/flexibleservers", &[], Open::No, NONE, SERVER_RULES),
    shape("microsoft.dbformysql/servers", &[], Open::No, NONE, SERVER_RULES),
    shape("microsoft.dbformysql/flexibleservers", &[], Open::No, NONE, SERVER_RULES),
];
const PUBLIC_ONLY: Shape = shape("", &["-"], Open::Yes, NONE, &[]);

/// The guard of a service.
///
/// Rule `service-guard-defaults`: a service that says nothing lets everybody in, but for database servers, which let nobody
/// in; registries, vaults and storage accounts let trusted services in besides, registries with rules for subnets do not.
/// Source: azure-services 6, 7, 8.5; the REST specification's defaults.
pub(super) fn guard(raw: &RawResource, all: &Resources, out: &mut Reading) -> Guard {
    let kind = raw.resource_type.to_ascii_lowercase();
    let shape = SHAPES.iter().find(|shape| shape.kind == kind).unwrap_or(&PUBLIC_ONLY);
    let properties = raw.properties();
    let mut guard = Guard { public: public(raw, all), trusted: Setting::default_of(false), ..Guard::default() };
    let parts = shape.children.iter().flat_map(|collection| all.children(&raw.id, collection));
    let parts: Vec<&Value> = parts.map(RawResource::properties).collect();
    let own = properties.path(shape.at).filter(|own| !own.is_null());
    let mut closed = None;
    for rules in own.into_iter().chain(parts.iter().copied()) {
        closed = closed.or(given(rules, "defaultAction"));
        add_rules(rules, &mut guard, out);
    }
    guard.open = match (closed, shape.open) {
        (Some(word), _) => Setting {
            value: word.as_str().is_none_or(|word| !word.trim().eq_ignore_ascii_case("Deny")),
            span: Some(word.span),
        },
        (None, Open::Yes) => Setting::default_of(true),
        (None, Open::No) => Setting { value: false, span: Some(raw.span) },
        (None, Open::UntilARule) => until_a_rule(properties, &guard),
    };
    guard.trusted.value |= bypass(shape, properties, own, &parts);
    if kind == "microsoft.containerregistry/registries" && !guard.subnets.is_empty() {
        guard.trusted = Setting::default_of(false);
    }
    guard
}

/// Whether the public front takes requests. A workspace with a private endpoint does only where it says so (azure-services
/// 8.3).
fn public(raw: &RawResource, all: &Resources) -> Setting<bool> {
    let properties = raw.properties();
    let network = given(properties, "network").unwrap_or(properties);
    for place in [properties, network] {
        if let Some(written) = given(place, "publicNetworkAccess") {
            let off = says(place, "publicNetworkAccess", "SecuredByPerimeter") || written.as_bool() == Some(false);
            let setting = enabled(place, "publicNetworkAccess", true);
            return Setting { value: setting.value && !off, ..setting };
        }
    }
    if is_private_cluster(properties) {
        let place = properties.path(&["apiServerAccessProfile", "enablePrivateCluster"]);
        return Setting { value: false, span: place.map(|it| it.span) };
    }
    if !raw.resource_type.eq_ignore_ascii_case("Microsoft.MachineLearningServices/workspaces") {
        return Setting::default_of(true);
    }
    let behind = all.has_endpoint(&raw.id);
    let said = switch(properties, "allowPublicAccessWhenBehindVnet", false);
    Setting { value: !behind || said.value, span: said.span.or(behind.then_some(raw.span)) }
}

/// A filter that is switched on counts as a rule (Cosmos DB).
fn until_a_rule(properties: &Value, guard: &Guard) -> Setting<bool> {
    let filter = switch(properties, "isVirtualNetworkFilterEnabled", false);
    let first = guard.addresses.first().map(|rule| rule.span).or(guard.subnets.first().map(|rule| rule.span));
    match first {
        Some(span) => Setting { value: false, span },
        None => Setting { value: !filter.value, span: filter.span },
    }
}

fn bypass(shape: &Shape, properties: &Value, own: Option<&Value>, parts: &[&Value]) -> bool {
    let (key, absent) = shape.bypass;
    let places = own.into_iter().chain([properties]).chain(parts.iter().copied());
    let written = places.into_iter().find_map(|place| given(place, key).filter(|_| !key.is_empty()));
    written.map_or(absent, |value| match value.as_bool() {
        Some(on) => on,
        None => value.as_str().is_some_and(|text| text.to_ascii_lowercase().contains("azureservices")),
    })
}

/// Rules for subnets and addresses, in whatever way they are written.
fn add_rules(rules: &Value, guard: &mut Guard, out: &mut Reading) {
    let alone = text(rules, "virtualNetworkSubnetId").map(|id| (id, rules.span));
    let listed = list(rules, "virtualNetworkRules").iter().filter_map(|rule| Some((subnet_of(rule)?, rule.span)));
    guard.subnets.extend(
        alone
            .into_iter()
            .chain(listed)
            .map(|(id, span)| SubnetRule { subnet: super::super::tidy(id), span: Some(span) }),
    );
    for key in ["ipRules", "inboundIpRules", "authorizedIPRanges", "allowedIpRangeList"] {
        for rule in list(rules, key) {
            add_addresses(rule, guard, out);
        }
    }
    if let (Some(first), Some(last)) = (text(rules, "startIpAddress"), text(rules, "endIpAddress")) {
        add_range(rules, first, last, guard, out);
    }
}

fn subnet_of(rule: &Value) -> Option<&str> {
    let inside = || text(given(rule, "subnet")?, "id");
    text(rule, "id").or_else(|| text(rule, "virtualNetworkResourceId")).or_else(inside)
}

fn add_addresses(rule: &Value, guard: &mut Guard, out: &mut Reading) {
    let keys = ["value", "ipAddressOrRange", "ipMask"];
    let written = rule.as_str().or_else(|| keys.iter().find_map(|key| text(inner(rule), key)));
    let Some(written) = written.map(str::trim) else { return };
    let prefix = match written.parse::<Addr>() {
        // Cosmos DB says so of Azure's own data centres.
        Ok(address) if address == Addr::v4(0, 0, 0, 0) => {
            guard.trusted.value = true;
            return;
        }
        Ok(address) => Some(Prefix::host(address)),
        Err(_) => written.parse::<Prefix>().ok(),
    };
    match prefix {
        Some(prefix) => guard.addresses.push(AddressRule { prefix, span: Some(rule.span) }),
        None => {
            let message = format!("`{written}` is neither an address nor a range of such: nobody is let in by it");
            out.warn(Diagnostic::warning("azure.not-an-address", message).at(rule.span));
        }
    }
}

/// A rule of a database server: from the first address to the last. One from 0.0.0.0 to itself is for all that is in Azure.
fn add_range(rules: &Value, first: &str, last: &str, guard: &mut Guard, out: &mut Reading) {
    let (Ok(first), Ok(last)) = (first.parse::<Addr>(), last.parse::<Addr>()) else {
        let message = format!("`{first}` to `{last}` is no range of addresses: nobody is let in by it");
        return out.warn(Diagnostic::warning("azure.not-an-address", message).at(rules.span));
    };
    if last == Addr::v4(0, 0, 0, 0) {
        guard.trusted.value = true;
        return;
    }
    let range: AddrSet = std::iter::once((first, last)).filter(|(first, last)| first <= last).collect();
    let rules = range.prefixes().map(|prefix| AddressRule { prefix, span: Some(rules.span) });
    guard.addresses.extend(rules);
}

/// Where a type writes its rules.
pub(super) fn rules_of(raw: &RawResource) -> Option<&Value> {
    let kind = raw.resource_type.to_ascii_lowercase();
    let shape = SHAPES.iter().find(|shape| shape.kind == kind)?;
    raw.properties().path(shape.at).filter(|rules| !rules.is_null())
}
