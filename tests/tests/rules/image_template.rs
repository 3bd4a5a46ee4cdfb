//! What image builder takes of a template: azure-services 2.4, 2.5.

use sim_core::time::Nanos;
use topologies::json;
use topologies::services::image_builder::{ImageTemplate, Network, Submission, read};
use topologies::source::Sources;

/// The template with these properties, submitted today by the newest version of the API, or the code of what the service
/// says to it.
fn template(properties: &str) -> Result<ImageTemplate, &'static str> {
    submitted(properties, "westus2", "2026", "2024-02-01")
}

/// The same in a region, at a date, by a version of the API.
fn submitted(properties: &str, region: &str, date: &str, api_version: &str) -> Result<ImageTemplate, &'static str> {
    let mut sources = Sources::new();
    let file = sources.add("template.json", format!("{{\"properties\": {{{properties}}}}}"));
    let value = json::parse(&sources, file).value.expect("a template");
    let submission = Submission { date: date.parse().expect("a date"), api_version };
    let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.VirtualMachineImages/imageTemplates/t";
    read(id, region, &value, submission).map_err(|refused| refused[0].code)
}

#[test]
fn a_build_has_its_time() {
    // 2.5. Tests `image-builder-timeout`. Catches: no time-out, or none for a template that gives 0; bounds that are off by
    // one.
    for (given, minutes) in [
        ("", Ok(240)),
        ("\"buildTimeoutInMinutes\": 0", Ok(240)),
        ("\"buildTimeoutInMinutes\": 6", Ok(6)),
        ("\"buildTimeoutInMinutes\": 960", Ok(960)),
        ("\"buildTimeoutInMinutes\": 5", Err("image-template.timeout")),
        ("\"buildTimeoutInMinutes\": 1", Err("image-template.timeout")),
        ("\"buildTimeoutInMinutes\": 961", Err("image-template.timeout")),
    ] {
        let found = template(given).map(|template| template.timeout);
        assert_eq!(found, minutes.map(|minutes| Nanos::secs(minutes * 60)), "{given}");
    }
}

#[test]
fn a27_a28_a29_networks_are_named_as_a_whole() {
    // 2.4, 2.5. Tests `image-builder-vnet-config`. Catches: half of the old names taken, a container subnet alone, in
    // another VNet, or the same as the build's; a proxy size where there is no proxy.
    let subnet = |vnet: &str, name: &str| format!("/g/virtualNetworks/{vnet}/subnets/{name}");
    let (build, containers) = (subnet("v", "build"), subnet("V", "containers"));
    let id = |key: &str, id: &str| format!("\"{key}\": \"{id}\"");
    let (own, halves) = (Ok("own"), Err("image-template.vnet-config"));
    for (config, expected) in [
        (vec![], own),
        (vec![id("subnetId", "")], own),
        (vec![id("subnetId", &build)], Ok("existing Standard_A1_v2")),
        (vec![id("subnetId", &build), id("proxyVmSize", "Standard_D2s_v3")], Ok("existing Standard_D2s_v3")),
        (vec![id("name", "v"), id("subnetName", "s"), id("resourceGroupName", "g")], Ok("existing Standard_A1_v2")),
        (vec![id("name", "v"), id("subnetName", "s")], halves),
        (vec![id("name", "v")], halves),
        (vec![id("subnetName", "s")], halves),
        (vec![id("resourceGroupName", "g")], halves),
        (vec![id("subnetId", &build), id("containerInstanceSubnetId", &containers)], Ok("containers")),
        (vec![id("containerInstanceSubnetId", &containers)], Err("image-template.only-container-subnet")),
        (
            vec![id("subnetId", &build), id("containerInstanceSubnetId", &subnet("w", "containers"))],
            Err("image-template.container-subnet"),
        ),
        (
            vec![id("subnetId", &build), id("containerInstanceSubnetId", &build.to_uppercase())],
            Err("image-template.container-subnet"),
        ),
        (
            vec![id("subnetId", &build), id("containerInstanceSubnetId", &containers), id("proxyVmSize", "x")],
            Err("image-template.proxy-size"),
        ),
    ] {
        let text = format!("\"vmProfile\": {{\"vnetConfig\": {{{}}}}}", config.join(", "));
        // The old names are no fields of the newest version.
        let version = if text.contains("\"name\"") || text.contains("GroupName") { "2020-02-14" } else { "2024-02-01" };
        let version = if text.contains("subnetName") { "2020-02-14" } else { version };
        let found = submitted(&text, "westus2", "2026", version).map(|template| shape(&template));
        assert_eq!(found.as_deref().map_err(|code| *code), expected, "{config:?}");
    }
}

/// What a template's network is, in a word.
fn shape(template: &ImageTemplate) -> String {
    match &template.network {
        Network::Own => "own".to_owned(),
        Network::Existing { proxy_size, .. } => format!("existing {proxy_size}"),
        Network::WithContainers { .. } => "containers".to_owned(),
    }
}

#[test]
fn a26_old_names_mean_a_network_of_the_templates_subscription() {
    // 1.A, 11 row 4. Tests `image-builder-old-names`. Catches: the names made an id of another subscription, the old key
    // read today, or not in its time.
    let names = "{\"name\": \"v\", \"subnetName\": \"n\", \"resourceGroupName\": \"h\"}";
    let subnet = "/subscriptions/s/resourceGroups/h/providers/Microsoft.Network/virtualNetworks/v/subnets/n";
    for (key, era, found) in [
        ("vnetConfig", "2020", true),
        ("vnetConfig", "2026", true),
        ("VirtualNetworkConfig", "2020", true),
        ("VirtualNetworkConfig", "2021", false),
        ("VirtualNetworkConfig", "2026", false),
    ] {
        let text = format!("\"vmProfile\": {{\"{key}\": {names}}}");
        let network = submitted(&text, "westus2", era, "2020-02-14").expect("a template").network;
        let is = matches!(&network, Network::Existing { subnet: id, .. } if **id == *subnet);
        assert_eq!((is, network == Network::Own), (found, !found), "{key} {era}: {network:?}");
    }
}

#[test]
fn a25_the_proxys_size_is_the_templates_only_later() {
    // 1.A, 2.5, 11 row 3. Tests `image-builder-proxy-size`. Catches: a size taken in 2020, or refused today.
    let text =
        "\"vmProfile\": {\"vnetConfig\": {\"subnetId\": \"/x/subnets/y\", \"proxyVmSize\": \"Standard_D2s_v3\"}}";
    let at = |era| submitted(text, "westus2", era, "2020-02-14").map(|template| shape(&template));
    assert_eq!(at("2020"), Err("image-template.proxy-size"));
    assert_eq!(at("2026"), Ok("existing Standard_D2s_v3".to_owned()));
}

#[test]
fn container_subnets_came_with_a_version() {
    // 2.1, failure-stories S13. Tests `image-builder-container-version`. Catches: the field read by versions that did not
    // have it, or refused by them; not read where the version is not known.
    let text = "\"vmProfile\": {\"vnetConfig\": {\"subnetId\": \"/v/subnets/a\", \"containerInstanceSubnetId\": \
                \"/v/subnets/b\"}}";
    for (version, expected) in [
        ("2022-02-14", "existing Standard_A1_v2"),
        ("2023-07-01", "existing Standard_A1_v2"),
        ("2024-02-01", "containers"),
        ("2025-10-01", "containers"),
        ("", "containers"),
    ] {
        let found = submitted(text, "westus2", "2026", version).map(|template| shape(&template));
        assert_eq!(found.as_deref(), Ok(expected), "{version}");
    }
}

#[test]
fn a26_unknown_fields_are_refused_from_a_version_on() {
    // 2.5. Tests `image-builder-fields`. Catches: letter case that does not count, a field of an item of a list that is
    // not looked at, a field that the service knows refused, old versions that refuse.
    for (text, new) in [
        ("\"optimize\": {\"vmboot\": {\"state\": \"Enabled\"}}", Err("image-template.field")),
        ("\"optimize\": {\"vmBoot\": {\"state\": \"Enabled\"}}", Ok(())),
        ("\"vmProfile\": {\"vnetConfig\": {\"subnetid\": \"/x/subnets/y\"}}", Err("image-template.field")),
        ("\"customize\": [{\"type\": \"Shell\", \"name\": \"a\", \"inLine\": []}]", Err("image-template.field")),
        ("\"customize\": [{\"type\": \"Shell\", \"name\": \"a\", \"inline\": []}]", Ok(())),
        ("\"provisioningState\": \"Succeeded\", \"buildTimeoutInMinutes\": 30", Ok(())),
    ] {
        assert_eq!(template(text).map(|_| ()), new, "{text}");
        assert_eq!(submitted(text, "westus2", "2026", "2022-07-01").map(|_| ()), Ok(()), "{text}");
    }
}

#[test]
fn b14_regions_are_those_of_the_day() {
    // 1.B, 11 row 5. Tests `image-builder-regions`. Catches: a list of 2021 that holds today, none then, names with blanks
    // that do not count.
    for (region, era, expected) in [
        ("West US 2", "2021", Ok(())),
        ("ukwest", "2020", Ok(())),
        ("japaneast", "2021", Err("image-template.region")),
        ("japaneast", "2026", Ok(())),
    ] {
        assert_eq!(submitted("", region, era, "2020-02-14").map(|_| ()), expected, "{region} {era}");
    }
}
