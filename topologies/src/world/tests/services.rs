//! Managed services: their fronts with names and tags, and who is let in.

use super::{deployed, told};
use crate::World;
use serde_json::{Value, json};
use sim_core::topology::{Guard, InternetHost, Kind, NameChain, Relation, Service};

/// A resource of any provider, in West Europe.
pub(super) fn of(kind: &str, name: &str, more: Value) -> String {
    let mut body = json!({"type": kind, "apiVersion": "2023-01-01", "name": name, "location": "West Europe"});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body.to_string()
}

pub(super) fn id(kind: &str, name: &str) -> String {
    format!("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/vnetsim-rg/providers/{kind}/{name}")
}

pub(super) const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
const VAULT: &str = "Microsoft.KeyVault/vaults";
const STORAGE: &str = "Microsoft.Storage/storageAccounts";
const WORKSPACE: &str = "Microsoft.MachineLearningServices/workspaces";

pub(super) fn registry(properties: Value) -> String {
    of(REGISTRY, "MyRegistry", json!({"sku": {"name": "Premium"}, "properties": properties}))
}

fn copy(region: &str) -> String {
    of(&format!("{REGISTRY}/replications"), &format!("MyRegistry/{region}"), json!({"location": region}))
}

fn service(world: &World, kind: &str, name: &str) -> Service {
    let found = world.topology.find(&id(kind, name)).unwrap_or_else(|| panic!("no {name}\n{}", told(world)));
    let Kind::Service(service) = &found.kind else { panic!("{:?}", found.kind) };
    service.clone()
}

/// The fronts of a service, in their order.
fn fronts(world: &World, kind: &str, name: &str) -> Vec<InternetHost> {
    let whole = world.topology.find(&id(kind, name)).unwrap().id;
    let parts = world.topology.referrers(whole, Relation::PartOf).into_iter();
    let hosts = parts.flat_map(|part| match &part.kind {
        Kind::InternetHost(host) => vec![host.clone()],
        _ => world
            .topology
            .referrers(part.id, Relation::PartOf)
            .into_iter()
            .filter_map(|it| match &it.kind {
                Kind::InternetHost(host) => Some(host.clone()),
                _ => None,
            })
            .collect(),
    });
    hosts.collect()
}

/// `member name>private>via` of each front.
fn named(hosts: &[InternetHost]) -> Vec<String> {
    let chain = |chain: &NameChain| {
        let via: String = chain.via.iter().map(|name| format!(">{name}")).collect();
        format!("{}>{}{via}", chain.name, chain.private.as_deref().unwrap_or("-"))
    };
    let told = |host: &InternetHost| {
        format!("{} {}", host.member, host.chains.iter().map(chain).collect::<Vec<_>>().join(" "))
    };
    hosts.iter().map(told).collect()
}

/// Catches: layers that come from a data endpoint without one, a copy without its data endpoint, data endpoints after the
/// registry (azure-services 1.C C21, 4.2, 5.5, 7); a tag without its region, a name that is not in lower case (C27).
#[test]
fn c21_c23_registries_have_data_endpoints_when_they_ask() {
    // Tests `service-fronts`.
    let plain = deployed(&registry(json!({})));
    assert_eq!(told(&plain), "");
    let hosts = fronts(&plain, REGISTRY, "MyRegistry");
    let via = "myregistry.westeurope.azcr.io>myregistry-westeurope-reg.trafficmanager.net>myregistry.westeurope.cloudapp.azure.com";
    let login = format!("registry myregistry.azurecr.io>myregistry.privatelink.azurecr.io>{via}");
    assert_eq!(named(&hosts), ["blob westeuropemanaged.blob.core.windows.net>-", &login]);
    let tags: Vec<Vec<&str>> = hosts.iter().map(|host| host.tags.iter().map(|tag| &**tag).collect()).collect();
    assert_eq!(tags, [["Storage", "AzureCloud"], ["AzureContainerRegistry", "AzureCloud"]]);
    assert!(hosts.iter().all(|host| host.azure && host.region.as_deref() == Some("westeurope")));
    let own = deployed(&[registry(json!({"dataEndpointEnabled": true})), copy("northeurope")].join(","));
    let names: Vec<(String, String)> = fronts(&own, REGISTRY, "MyRegistry")
        .iter()
        .map(|it| (it.member.to_string(), it.names[0].to_string()))
        .collect();
    let pair = |member: &str, name: &str| (member.to_owned(), name.to_owned());
    assert_eq!(
        names,
        [
            pair("registry_data_westeurope", "myregistry.westeurope.data.azurecr.io"),
            pair("registry_data_northeurope", "myregistry.northeurope.data.azurecr.io"),
            pair("registry", "myregistry.azurecr.io"),
        ]
    );
}

/// Catches: storage behind a registry that is kept closed by the registry's own rules: a layer's address is signed.
#[test]
fn storage_behind_a_registry_has_no_rules() {
    let world = deployed(&registry(json!({"networkRuleSet": {"defaultAction": "Deny"}})));
    let behind = world.topology.find(&format!("{}/storage/westeurope", id(REGISTRY, "MyRegistry"))).unwrap();
    let Kind::Service(storage) = &behind.kind else { panic!() };
    assert_eq!(storage.guard, Guard::default());
    assert!(!service(&world, REGISTRY, "MyRegistry").guard.open.value);
}

/// Catches: the zone of vaults taken from their name (azure-services 5.4), an account without one of its parts, a second copy
/// of an account that cannot be read.
#[test]
fn vaults_and_accounts_have_their_names() {
    let account = |sku: &str| of(STORAGE, "acct", json!({"sku": {"name": sku}, "kind": "StorageV2", "properties": {}}));
    let world = deployed(&[of(VAULT, "v", json!({"properties": {}})), account("Standard_LRS")].join(","));
    assert_eq!(told(&world), "");
    assert_eq!(named(&fronts(&world, VAULT, "v")), ["default v.vault.azure.net>v.privatelink.vaultcore.azure.net"]);
    let parts = fronts(&world, STORAGE, "acct");
    let members: Vec<&str> = parts.iter().map(|host| &*host.member).collect();
    assert_eq!(members, ["blob", "file", "queue", "table", "dfs", "web"]);
    assert_eq!(
        named(&parts)[0],
        "blob acct.blob.core.windows.net>acct.privatelink.blob.core.windows.net>blob.acct.store.core.windows.net"
    );
    let read = deployed(&account("Standard_RAGRS"));
    let members = fronts(&read, STORAGE, "acct").iter().filter(|host| host.member.ends_with("_secondary")).count();
    assert_eq!(members, 5);
}

/// Catches: names of a workspace that are not those of azure-services 4.2 and 5.5, a label of more than 63 characters, a GUID
/// made up without a word, one that is known not taken, an instance that is looked for at its own address.
#[test]
fn workspaces_have_three_parts() {
    let guid = "11111111-2222-3333-4444-555555555555";
    let long = "workspace-with-a-rather-long-name";
    let text = [
        of(WORKSPACE, long, json!({"properties": {"workspaceId": guid}})),
        of(
            &format!("{WORKSPACE}/computes"),
            &format!("{long}/CI1"),
            json!({"properties": {"computeType": "ComputeInstance"}}),
        ),
        of(&format!("{WORKSPACE}/onlineEndpoints"), &format!("{long}/score"), json!({"properties": {}})),
    ];
    let world = deployed(&text.join(","));
    assert_eq!((told(&world), world.assumptions.len()), (String::new(), 0));
    let told = named(&fronts(&world, WORKSPACE, long));
    let zone = "westeurope.privatelink.api.azureml.ms";
    assert_eq!(
        told[0],
        format!(
            "default {guid}.workspace.westeurope.api.azureml.ms>{guid}.workspace.{zone} \
         {guid}.workspace.westeurope.cert.api.azureml.ms>{guid}.workspace.westeurope.cert.privatelink.api.azureml.ms \
         ci1.westeurope.instances.azureml.ms>{guid}.workspace.{zone}"
        )
    );
    assert_eq!(
        told[1],
        format!(
            "notebook ml-workspace-wi-westeurope-{guid}.westeurope.notebooks.azure.net>ml-workspace-wi-westeurope-{guid}.westeurope.privatelink.notebooks.azure.net"
        )
    );
    assert_eq!(
        told[2],
        format!(
            "inference *.westeurope.inference.ml.azure.com>*.{guid}.inference.{zone} \
         score.westeurope.inference.ml.azure.com>score.{guid}.inference.{zone}"
        )
    );
    let unknown = deployed(&of(WORKSPACE, "w", json!({"properties": {}})));
    assert_eq!(unknown.assumptions.iter().map(|it| it.code).collect::<Vec<_>>(), ["azure.made-guid"]);
}

/// Catches: a private cluster that everybody may ask, or that has a public address; a public name where it is switched off, ranges that are not held to
/// (azure-services 8.4).
#[test]
fn clusters_say_who_may_ask() {
    let kind = "Microsoft.ContainerService/managedClusters";
    for (access, public, open, names) in [
        (json!({}), true, true, 1),
        (json!({"authorizedIPRanges": ["203.0.113.0/24"]}), true, false, 1),
        (json!({"enablePrivateCluster": true}), false, true, 1),
        (json!({"enablePrivateCluster": true, "enablePrivateClusterPublicFQDN": false}), false, true, 0),
    ] {
        let world =
            deployed(&of(kind, "aks", json!({"properties": {"dnsPrefix": "Aks", "apiServerAccessProfile": access}})));
        let guard = service(&world, kind, "aks").guard;
        let host = &fronts(&world, kind, "aks")[0];
        assert_eq!((guard.public.value, guard.open.value, host.names.len()), (public, open, names), "{access}");
        assert_eq!(host.private, !public, "{access}");
        assert!(host.names.iter().all(|name| name.starts_with("aks-") && name.ends_with(".hcp.westeurope.azmk8s.io")));
        let private = host.chains.iter().any(|chain| chain.private.is_some());
        assert_eq!(private, !public && names > 0);
    }
}

/// Catches: each type's rules read in another type's way, a default that is not the type's, a setting without its place.
#[test]
fn e19_e20_e21_each_type_says_in_its_way_who_is_let_in() {
    // Tests `service-guard-defaults`.
    let subnet = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a";
    let closed = |ip: &str| json!({"defaultAction": "Deny", "ipRules": [{"value": ip}], "virtualNetworkRules": [{"id": subnet}]});
    let old = json!({"defaultAction": "Deny", "virtualNetworkRules": [{"virtualNetworkResourceId": subnet}]});
    let cosmos = json!({"ipRules": [{"ipAddressOrRange": "203.0.113.7"}], "virtualNetworkRules": [{"id": subnet}], "networkAclBypass": "AzureServices"});
    // Type, properties; public, open, trusted, subnets, first address.
    for (kind, properties, expected) in [
        (REGISTRY, json!({}), (true, true, true, 0, "")),
        (
            REGISTRY,
            json!({"networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.7"}]}}),
            (true, false, true, 0, "203.0.113.7/32"),
        ),
        (REGISTRY, json!({"networkRuleSet": old}), (true, false, false, 1, "")),
        (
            REGISTRY,
            json!({"publicNetworkAccess": "disabled", "networkRuleBypassOptions": "None"}),
            (false, true, false, 0, ""),
        ),
        (VAULT, json!({"networkAcls": closed("203.0.113.0/24")}), (true, false, true, 1, "203.0.113.0/24")),
        (VAULT, json!({"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}), (true, false, false, 0, "")),
        (
            STORAGE,
            json!({"networkAcls": {"defaultAction": "Deny", "bypass": "Logging, AzureServices"}}),
            (true, false, true, 0, ""),
        ),
        (STORAGE, json!({"networkAcls": {"defaultAction": "Allow", "bypass": "Logging"}}), (true, true, false, 0, "")),
        (STORAGE, json!({"publicNetworkAccess": "SecuredByPerimeter"}), (false, true, true, 0, "")),
        (WORKSPACE, json!({}), (true, true, false, 0, "")),
        (WORKSPACE, json!({"publicNetworkAccess": "Disabled"}), (false, true, false, 0, "")),
        ("Microsoft.DocumentDB/databaseAccounts", json!({}), (true, true, false, 0, "")),
        ("Microsoft.DocumentDB/databaseAccounts", cosmos, (true, false, true, 1, "203.0.113.7/32")),
        (
            "Microsoft.CognitiveServices/accounts",
            json!({"networkAcls": closed("203.0.113.7")}),
            (true, false, false, 1, "203.0.113.7/32"),
        ),
        ("Microsoft.Sql/servers", json!({}), (true, false, false, 0, "")),
        (
            "Microsoft.Batch/batchAccounts",
            json!({"networkProfile": {"accountAccess": {"defaultAction": "Deny", "ipRules": [{"action": "Allow", "value": "203.0.113.7"}]}}}),
            (true, false, false, 0, "203.0.113.7/32"),
        ),
        (
            "Microsoft.AppConfiguration/configurationStores",
            json!({"publicNetworkAccess": "Disabled"}),
            (false, true, false, 0, ""),
        ),
    ] {
        let world = deployed(&of(kind, "x", json!({"sku": {"name": "Premium"}, "properties": properties})));
        assert_eq!(told(&world), "", "{kind} {properties}");
        let guard = service(&world, kind, "x").guard;
        let first = guard.addresses.first().map(|rule| rule.prefix.to_string()).unwrap_or_default();
        let found = (guard.public.value, guard.open.value, guard.trusted.value, guard.subnets.len(), &*first);
        assert_eq!(found, expected, "{kind} {properties}");
        assert!(guard.public.value || guard.public.span.is_some());
        assert!(guard.open.value || guard.open.span.is_some());
        assert!(guard.subnets.iter().all(|rule| &*rule.subnet == subnet && rule.span.is_some()));
    }
}

/// Catches: rules of database servers and namespaces that are resources of their own passed over; the rule for all of Azure
/// taken for an address.
#[test]
fn rules_may_be_resources_of_their_own() {
    let sql = "Microsoft.Sql/servers";
    let rule = |name: &str, first: &str, last: &str| {
        of(
            &format!("{sql}/firewallRules"),
            &format!("s/{name}"),
            json!({"properties": {"startIpAddress": first, "endIpAddress": last}}),
        )
    };
    let text = [
        of(sql, "s", json!({"properties": {}})),
        rule("azure", "0.0.0.0", "0.0.0.0"),
        rule("us", "203.0.113.4", "203.0.113.6"),
    ];
    let guard = service(&deployed(&text.join(",")), sql, "s").guard;
    let prefixes: Vec<String> = guard.addresses.iter().map(|rule| rule.prefix.to_string()).collect();
    assert_eq!((guard.open.value, guard.trusted.value), (false, true));
    assert_eq!(prefixes, ["203.0.113.4/31", "203.0.113.6/32"]);
    let hub = "Microsoft.EventHub/namespaces";
    let rules = json!({"properties": {"defaultAction": "Deny", "trustedServiceAccessEnabled": true, "ipRules": [{"ipMask": "203.0.113.7"}], "virtualNetworkRules": [{"subnet": {"id": "/a"}}]}});
    let text = [of(hub, "h", json!({"properties": {}})), of(&format!("{hub}/networkRuleSets"), "h/default", rules)];
    let guard = service(&deployed(&text.join(",")), hub, "h").guard;
    assert_eq!(
        (guard.open.value, guard.trusted.value, guard.subnets.len(), guard.addresses.len()),
        (false, true, 1, 1)
    );
}

/// Catches: addresses that follow the order of files or change with what else is declared.
#[test]
fn addresses_of_fronts_stay() {
    let all: Vec<String> = (0..8).map(|n| of(VAULT, &format!("vault{n}"), json!({"properties": {}}))).collect();
    let addresses = |text: &[String]| -> Vec<String> {
        let world = deployed(&text.join(","));
        (0..4).map(|n| fronts(&world, VAULT, &format!("vault{n}"))[0].prefix.to_string()).collect()
    };
    let first = addresses(&all);
    let mut back = all.clone();
    back.reverse();
    assert_eq!(addresses(&back), first);
    assert_eq!(addresses(&all[..4]), first);
    assert!(first.iter().all(|address| address.starts_with("198.51.100.")));
}

/// Catches: a limit that is off by one, a tier that is not asked, a text that is not Azure's.
#[test]
fn e4_e6_what_services_refuse() {
    // Tests `refuse-service-rules-count`, `refuse-registry-rules-tier`, `refuse-private-range-rule`.
    let subnets = |count: usize| {
        let rules: Vec<Value> = (0..count).map(|n| json!({"id": format!("/s/{n}")})).collect();
        json!({"networkRuleSet": {"defaultAction": "Deny", "virtualNetworkRules": rules}})
    };
    let tier =
        |sku: &str, properties: Value| of(REGISTRY, "r", json!({"sku": {"name": sku}, "properties": properties}));
    let rule = |kind: &str, value: &str| {
        of(kind, "x", json!({"properties": {"networkAcls": {"ipRules": [{"value": "203.0.113.7"}, {"value": value}]}}}))
    };
    for (text, code) in [
        (registry(subnets(100)), ""),
        (registry(subnets(101)), "NetworkRuleCountExceeded"),
        (tier("Standard", subnets(1)), "NetworkRuleSetNotSupported"),
        (tier("Standard", json!({"networkRuleSet": {"defaultAction": "Allow"}})), ""),
        (tier("Basic", json!({"publicNetworkAccess": "Disabled"})), "DisablingPublicNetworkAccessNotSupported"),
        (rule(VAULT, "10.0.0.0/8"), "BadRequest"),
        (rule(VAULT, "172.32.0.0/16"), ""),
        (rule(STORAGE, "192.168.1.0/24"), "InvalidValuesForRequestParameters"),
    ] {
        let world = deployed(&text);
        let codes: Vec<&str> = world.findings.iter().map(|it| it.diagnostic.code).collect();
        assert_eq!(codes.join(" "), code, "{text}");
    }
    let world = deployed(&rule(VAULT, "10.0.0.0/8"));
    let message = "Invalid value found at properties.networkAcls.ipRules[1].value: 10.0.0.0/8 belongs to forbidden range \
                   10.0.0.0–10.255.255.255 (private IP addresses)";
    assert_eq!(world.findings[0].diagnostic.message, message);
}

/// Catches: a port of the table that is not found, one of the wrong part.
#[test]
fn parts_listen_at_their_ports() {
    for (kind, member, expected) in [
        (REGISTRY, "registry", &[443][..]),
        (REGISTRY, "registry_data_westeurope", &[443]),
        (STORAGE, "file", &[445, 443]),
        ("microsoft.sql/servers", "sqlServer", &[1433]),
        ("Microsoft.Compute/disks", "disk", &[]),
    ] {
        assert_eq!(crate::azure::service_ports(kind, member), expected, "{kind} {member}");
    }
}
