//! What image builder takes of a template: azure-services 2.4, 2.5.

use sim_core::time::Nanos;
use topologies::json;
use topologies::services::image_builder::{ImageTemplate, Network, read};
use topologies::source::Sources;

/// The template with these properties, or the code of what the service says to it.
fn template(properties: &str) -> Result<ImageTemplate, &'static str> {
    let mut sources = Sources::new();
    let file = sources.add("template.json", format!("{{\"properties\": {{{properties}}}}}"));
    let value = json::parse(&sources, file).value.expect("a template");
    read("/subscriptions/s/resourceGroups/g/imageTemplates/t", "westus2", &value).map_err(|refused| refused[0].code)
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
fn networks_are_named_as_a_whole() {
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
        let found = template(&text).map(|template| match template.network {
            Network::Own => "own".to_owned(),
            Network::Existing { proxy_size, .. } => format!("existing {proxy_size}"),
            Network::WithContainers { .. } => "containers".to_owned(),
        });
        assert_eq!(found.as_deref().map_err(|code| *code), expected, "{config:?}");
    }
}
