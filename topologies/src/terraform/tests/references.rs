//! What is known after apply only, worked out from the configuration.

use super::{body, told, whole_plan, world};

/// A change: `address`, module and key of the instance in it; attributes, unknown ones.
fn change(address: &str, after: &str, unknown: &str) -> String {
    let (within, own) = match address.rfind("azurerm_") {
        Some(at) if at > 0 => (address[..at].trim_end_matches(['.']).to_owned(), &address[at..]),
        _ => (String::new(), address),
    };
    let (data, within) = match within.strip_suffix("data") {
        Some(within) => (true, within.trim_end_matches('.').to_owned()),
        None => (false, within),
    };
    let (bare, key) = own.split_once('[').map_or((own, None), |(bare, key)| (bare, key.strip_suffix(']')));
    let (kind, name) = bare.split_once('.').unwrap();
    let index = key.map(|key| format!("\"index\": {key}, ")).unwrap_or_default();
    let module = if within.is_empty() { String::new() } else { format!("\"module_address\": {within:?}, ") };
    let mode = if data { "data" } else { "managed" };
    format!(
        "{{\"address\": {address:?}, {module}\"mode\": \"{mode}\", \"type\": \"{kind}\", \"name\": \"{name}\", {index}\
         \"change\": {{\"actions\": [\"create\"], \"after\": {{{after}}}, \"after_unknown\": {{\"id\": true, {unknown}}}}}}}"
    )
    .replace(", }", "}")
}

/// A resource of the configuration.
fn configured(address: &str, expressions: &str, more: &str) -> String {
    format!("{{\"address\": \"{address}\", \"expressions\": {{{expressions}}}{more}}}")
}

fn refers(attribute: &str, references: &[&str]) -> String {
    format!("\"{attribute}\": {{\"references\": {references:?}}}")
}

const NSG: &str = "\"name\": \"n\", \"resource_group_name\": \"g\", \"location\": \"westeurope\"";

/// A NIC in a subnet that is known after apply.
fn nic(address: &str, name: &str) -> String {
    let after = format!(
        "\"name\": \"{name}\", \"resource_group_name\": \"g\", \"location\": \"westeurope\", \"ip_configuration\": \
         [{{\"name\": \"c\", \"private_ip_address_allocation\": \"Dynamic\"}}]"
    );
    change(address, &after, "\"ip_configuration\": [{\"subnet_id\": true, \"private_ip_address\": true}]")
}

fn nic_refers(references: &[&str]) -> String {
    format!("\"ip_configuration\": [{{{}}}]", refers("subnet_id", references))
}

fn subnet(address: &str, name: &str) -> String {
    let n = name.bytes().map(u32::from).sum::<u32>() % 250;
    let after = format!(
        "\"name\": \"{name}\", \"resource_group_name\": \"g\", \"virtual_network_name\": \"v\", \"address_prefixes\": \
         [\"10.0.{n}.0/24\"]"
    );
    change(address, &after, "")
}

fn vnet() -> String {
    let after = "\"name\": \"v\", \"resource_group_name\": \"g\", \"location\": \"westeurope\", \"address_space\": \
                 [\"10.0.0.0/16\"]";
    change("azurerm_virtual_network.v", after, "")
}

/// The subnet that a NIC ends up in.
fn subnet_of(text: &str, nic: &str) -> String {
    let world = world(text);
    let body = body(&world, &format!("networkInterfaces/{nic}"));
    let subnet = body.split("/subnets/").nth(1).and_then(|rest| rest.split('"').next());
    subnet.map_or_else(|| format!("none: {}", told(&world)), str::to_owned)
}

/// Catches: an instance that is taken for another one of its resource, by `count`, `for_each`, a written key, `element`,
/// `each.value` of a literal or of a resource; a plan of Terraform 0.12, which names no attributes.
#[test]
fn instances_are_told_apart() {
    let changes = [
        vnet(),
        subnet("azurerm_subnet.c[0]", "c0"),
        subnet("azurerm_subnet.c[1]", "c1"),
        subnet("azurerm_subnet.e[\"a.b\"]", "e-ab"),
        subnet("azurerm_subnet.e[\"k\"]", "e-k"),
        subnet("azurerm_subnet.one", "one"),
    ];
    let each = ", \"for_each_expression\": {\"constant_value\": {\"k\": {\"in\": \"a.b\"}}}";
    let each_of = ", \"for_each_expression\": {\"references\": [\"azurerm_subnet.e\"]}";
    let of_set = ", \"for_each_expression\": {\"references\": [\"local.names\"]}";
    for (key, references, more, expected) in [
        ("", &["azurerm_subnet.one.id", "azurerm_subnet.one"][..], "", "one"),
        ("", &["azurerm_subnet.one"], "", "one"),
        ("[0]", &["azurerm_subnet.one.id", "azurerm_subnet.one", "count.index"], "", "one"),
        ("[1]", &["azurerm_subnet.c", "count.index"], "", "c1"),
        ("[3]", &["azurerm_subnet.c", "azurerm_subnet.c", "count.index"], "", "c1"),
        ("", &["azurerm_subnet.c[1].id", "azurerm_subnet.c[1]", "azurerm_subnet.c"], "", "c1"),
        ("[\"k\"]", &["azurerm_subnet.e", "each.key"], "", "e-k"),
        ("", &["azurerm_subnet.e[\"a.b\"].id", "azurerm_subnet.e[\"a.b\"]", "azurerm_subnet.e"], "", "e-ab"),
        ("[\"k\"]", &["azurerm_subnet.e", "each.value.in", "each.value"], each, "e-ab"),
        ("[\"k\"]", &["each.value.id", "each.value"], each_of, "e-k"),
        ("[\"k\"]", &["azurerm_subnet.e", "each.value"], of_set, "e-k"),
        // What a condition looks at is no subnet.
        ("", &["azurerm_virtual_network.v.id", "azurerm_virtual_network.v", "azurerm_subnet.one.id"], "", "one"),
    ] {
        let own = nic(&format!("azurerm_network_interface.n{key}"), "nic");
        let written = configured("azurerm_network_interface.n", &nic_refers(references), more);
        let text = whole_plan(&format!("{}, {own}", changes.join(", ")), &written, "");
        assert_eq!(subnet_of(&text, "nic"), expected, "{key} {references:?}");
    }
}

/// Catches: a value that does not come through a module's variable or output, one of another instance of the module, a
/// list's item by its place, a default that is not looked at.
#[test]
fn modules_hand_values_down_and_up() {
    let changes = [
        vnet(),
        subnet("module.net[\"a\"].azurerm_subnet.s[0]", "a0"),
        subnet("module.net[\"a\"].azurerm_subnet.s[1]", "a1"),
        subnet("module.net[\"b\"].azurerm_subnet.s[0]", "b0"),
        nic("module.vm.module.inner.azurerm_network_interface.n", "nic"),
    ];
    let net = "\"net\": {\"module\": {\"outputs\": {\"ids\": {\"expression\": {\"references\": [\"azurerm_subnet.s\"]}}}, \
               \"resources\": []}}";
    let calls = |given: &str, inner: &str| {
        let nic = configured("azurerm_network_interface.n", &nic_refers(&[inner]), "");
        let deep = format!(
            "\"inner\": {{\"expressions\": {{{}}}, \"module\": {{\"resources\": [{nic}], \"variables\": {{\"open\": \
             {{\"default\": \"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/d\"\
             }}}}}}}}",
            refers("subnet", &["var.subnets[1]", "var.subnets"])
        );
        let vm = format!("\"vm\": {{\"expressions\": {{{given}}}, \"module\": {{\"module_calls\": {{{deep}}}}}}}");
        format!("\"module_calls\": {{{net}, {vm}}}")
    };
    let from = |references: &[&str]| refers("subnets", references);
    for (given, inner, expected) in [
        (from(&["module.net[\"a\"].ids", "module.net[\"a\"]", "module.net"]), "var.subnet", "a1"),
        (from(&["module.net[\"b\"].ids", "module.net[\"b\"]", "module.net"]), "var.subnet", "b0"),
        (
            from(&["module.net[\"b\"].ids[0]", "module.net[\"b\"].ids", "module.net[\"a\"].ids[0]", "module.net"]),
            "var.subnet",
            "a0",
        ),
        (String::new(), "var.open", "d"),
    ] {
        let text = whole_plan(&changes.join(", "), "", &calls(&given, inner));
        assert_eq!(subnet_of(&text, "nic"), expected, "{given}");
    }
}

/// Catches: an id that is guessed where the plan does not tell, in silence; messages without the instance's address; the
/// first of several taken without a word; a name put together from references taken for one of them.
#[test]
fn what_a_plan_does_not_tell_is_said() {
    let two = format!("{}, {}", subnet("azurerm_subnet.a", "a"), subnet("azurerm_subnet.b", "b"));
    let own = nic("module.x[0].azurerm_network_interface.n[\"k\"]", "nic");
    let plan = |references: &[&str]| {
        let written = configured("azurerm_network_interface.n", &nic_refers(references), "");
        let call = format!("\"module_calls\": {{\"x\": {{\"module\": {{\"resources\": [{written}]}}}}}}");
        whole_plan(&format!("{}, {two}, {own}", vnet()), "", &call)
    };
    let told_of = |references: &[&str]| told(&world(plan(references)));
    let found = told_of(&["local.subnet"]);
    let expected = "terraform.known-after-apply module.x[0].azurerm_network_interface.n[\"k\"]: ip_configuration.subnet_id \
                    is known after apply only; it is made of local.subnet";
    assert!(found.contains(expected), "{found}");
    // Another module's resources are out of reach.
    assert!(told_of(&["azurerm_subnet.a.id"]).contains("terraform.known-after-apply"));

    let written =
        configured("azurerm_network_interface.n", &nic_refers(&["azurerm_subnet.a.id", "azurerm_subnet.b.id"]), "");
    let own = nic("azurerm_network_interface.n", "nic");
    let text = whole_plan(&format!("{}, {two}, {own}", vnet()), &written, "");
    assert!(
        told(&world(&text)).contains("azurerm_network_interface.n: ip_configuration.subnet_id may be one of several")
    );
    assert_eq!(subnet_of(&text, "nic"), "a");

    let unnumbered = change("azurerm_virtual_network.u", "\"name\": \"u\"", "\"address_space\": true");
    let text = whole_plan(
        &unnumbered,
        &configured("azurerm_virtual_network.u", &refers("address_space", &["local.space"]), ""),
        "",
    );
    let expected =
        "azure.unknown-value \"<local.space>\" stands for a value that is not known here (azurerm_virtual_network.u)\n";
    assert_eq!(told(&world(text)), expected);

    let unnamed = change("azurerm_network_security_group.n[2]", "\"resource_group_name\": \"g\"", "\"name\": true");
    let made_of = refers("name", &["azurerm_subnet.a.name", "azurerm_subnet.a", "local.suffix"]);
    let text =
        whole_plan(&format!("{two}, {unnamed}"), &configured("azurerm_network_security_group.n", &made_of, ""), "");
    let world = world(text);
    assert!(super::ids(&world).iter().any(|id| id.ends_with("networkSecurityGroups/n-2")), "{:?}", super::ids(&world));
    assert!(world.assumptions.iter().any(|it| it.code == "terraform.name" && it.name.ends_with(".n[2]")));
}

/// Catches: deleted resources that stay, forgotten ones that go, data sources that count more than what is managed or that
/// are read although nothing is known of them yet, a location that is not that of the group.
#[test]
fn actions_and_data_sources() {
    let nsg = |action: &str, name: &str, before: &str, after: &str| {
        format!(
            "{{\"address\": \"azurerm_network_security_group.{name}\", \"mode\": \"managed\", \"type\": \
             \"azurerm_network_security_group\", \"name\": \"{name}\", \"change\": {{\"actions\": {action}, \"before\": \
             {before}, \"after\": {after}, \"after_unknown\": {{}}}}}}"
        )
    };
    let body = |name: &str, place: &str| {
        format!("{{\"name\": \"{name}\", \"resource_group_name\": \"g\", \"location\": \"{place}\"}}")
    };
    let later = change(
        "data.azurerm_virtual_network.later",
        "\"name\": \"later\", \"resource_group_name\": \"g\"",
        "\"address_space\": true",
    );
    let changes = [
        nsg("[\"delete\"]", "gone", &body("gone", "westeurope"), "null"),
        nsg("[\"forget\"]", "forgotten", &body("forgotten", "westeurope"), "null"),
        nsg("[\"no-op\"]", "kept", &body("kept", "westeurope"), &body("kept", "westeurope")),
        nsg("[\"delete\", \"create\"]", "replaced", &body("replaced", "eastus"), &body("replaced", "westus2")),
        change("azurerm_resource_group.g", "\"name\": \"g\", \"location\": \"northeurope\"", ""),
        change(
            "azurerm_public_ip.p",
            "\"name\": \"p\", \"resource_group_name\": \"g\", \"sku\": \"Standard\"",
            "\"location\": true",
        ),
        later,
    ];
    let prior = format!(
        "\"prior_state\": {{\"values\": {{\"root_module\": {{\"resources\": [{{\"mode\": \"data\", \"type\": \
         \"azurerm_network_security_group\", \"name\": \"kept\", \"values\": {}}}, {{\"mode\": \"data\", \"type\": \
         \"azurerm_client_config\", \"name\": \"me\", \"values\": {{\"id\": \"x\"}}}}]}}}}}}, \"resource_changes\"",
        body("kept", "brazilsouth")
    );
    let text = whole_plan(&changes.join(", "), "", "").replace("\"resource_changes\"", &prior);
    let world = world(text);
    let mut found: Vec<String> = world
        .resources
        .iter()
        .map(|raw| format!("{} {}", crate::azure::name_of(&raw.id), raw.location.as_deref().unwrap_or("-")))
        .collect();
    found.sort();
    assert_eq!(
        found,
        ["forgotten westeurope", "g northeurope", "kept westeurope", "p northeurope", "replaced westus2"]
    );
    assert_eq!(told(&world), "");
}

/// Catches: a rule that a plan deletes and that stays because its group, which does not change, still lists it; what a plan
/// of some targets leaves out of its changes.
#[test]
fn deleted_parts_go_and_what_is_no_target_stays() {
    let group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n";
    let rule = |name: &str, priority: u32| {
        format!(
            "{{\"name\": \"{name}\", \"priority\": {priority}, \"direction\": \"Inbound\", \"access\": \"Allow\", \"protocol\": \"*\", \
             \"source_port_range\": \"*\", \"destination_port_range\": \"*\", \"source_address_prefix\": \"*\", \
             \"destination_address_prefix\": \"*\"}}"
        )
    };
    let after =
        format!("\"id\": \"{group}\", {NSG}, \"security_rule\": [{}, {}]", rule("gone", 100), rule("kept", 200));
    let deleted = format!(
        "{{\"mode\": \"managed\", \"type\": \"azurerm_network_security_rule\", \"name\": \"gone\", \"change\": {{\"actions\": \
         [\"delete\"], \"before\": {{\"id\": \"{group}/securityRules/gone\"}}, \"after\": null, \"after_unknown\": false}}}}"
    );
    let changes =
        format!("{}, {deleted}", change("azurerm_network_security_group.n", &after, "").replace("\"id\": true", ""));
    let other = "{\"mode\": \"managed\", \"type\": \"azurerm_application_security_group\", \"name\": \"a\", \"values\": {\"id\": \
                 \"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/a\", \"name\": \"a\"}}";
    let same = "{\"mode\": \"managed\", \"type\": \"azurerm_network_security_group\", \"name\": \"n\", \"values\": {\"name\": \"other\"}}";
    let planned =
        format!("\"planned_values\": {{\"root_module\": {{\"resources\": [{other}, {same}]}}}}, \"resource_changes\"");
    let world = world(whole_plan(&changes, "", "").replace("\"resource_changes\"", &planned));
    let found = body(&world, "networkSecurityGroups/n");
    assert!(found.contains("kept") && !found.contains("gone"), "{found}");
    assert_eq!(super::ids(&world).len(), 2, "{:?}", super::ids(&world));
}

/// Catches: an id in the wrong subscription: that of the provider's alias, handed to a module, or of what exists already.
#[test]
fn subscriptions_are_those_of_the_providers() {
    let changes = format!("{}, {}", change("module.m.azurerm_network_security_group.n", NSG, ""), vnet());
    let resource = "{\"address\": \"azurerm_network_security_group.n\", \"provider_config_key\": \"module.m:azurerm.hub\", \"expressions\": {}}";
    let call = format!("\"module_calls\": {{\"m\": {{\"module\": {{\"resources\": [{resource}]}}}}}}");
    let providers = "\"configuration\": {\"provider_config\": {\"azurerm.hub\": {\"expressions\": {\"subscription_id\": {\"constant_value\": \"hub-sub\"}}}}, ";
    let text = whole_plan(&changes, "", &call).replace("\"configuration\": {", providers);
    let found = super::ids(&world(text));
    assert!(found.iter().any(|id| id.starts_with("/subscriptions/hub-sub/resourceGroups/g/")), "{found:?}");
    assert!(found.iter().any(|id| id.starts_with("/subscriptions/00000000-")), "{found:?}");
}

/// Catches: a subnet of an existing network that is taken for missing because the data source lists its name only; one
/// whose made-up prefix is another's.
#[test]
fn existing_networks_list_names_only() {
    let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
    let data = |kind: &str, values: &str| {
        format!("{{\"mode\": \"data\", \"type\": \"{kind}\", \"name\": \"x\", \"values\": {{{values}}}}}")
    };
    let known = [
        data(
            "azurerm_virtual_network",
            &format!(
                "\"id\": \"{id}\", \"name\": \"v\", \"location\": \"westeurope\", \"address_space\": [\"10.8.0.0/22\"], \"subnets\": [\"a\", \"b\", \"c\"]"
            ),
        ),
        data(
            "azurerm_subnet",
            &format!("\"id\": \"{id}/subnets/a\", \"name\": \"a\", \"address_prefixes\": [\"10.8.0.0/24\"]"),
        ),
    ];
    let nics = ["a", "b"].map(|name| {
        nic(&format!("azurerm_network_interface.{name}"), name)
            .replace("\"name\": \"c\"", &format!("\"name\": \"c\", \"subnet_id\": \"{id}/subnets/{name}\""))
    });
    let prior = format!(
        "\"prior_state\": {{\"values\": {{\"root_module\": {{\"resources\": [{}]}}}}}}, \"resource_changes\"",
        known.join(", ")
    );
    let world = world(whole_plan(&nics.join(", "), "", "").replace("\"resource_changes\"", &prior));
    let expected =
        "terraform.subnet-prefix an existing network of which subnets are known by name only; taken are b 10.8.1.0/24";
    let assumed: Vec<String> = world.assumptions.iter().map(|it| format!("{} {}", it.code, it.text)).collect();
    assert_eq!(assumed, [expected]);
    assert_eq!(told(&world), "");
    assert!(
        world.topology.find(&format!("{id}/subnets/b")).is_some()
            && world.topology.find(&format!("{id}/subnets/c")).is_none()
    );
}
