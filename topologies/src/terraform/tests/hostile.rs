//! Input that means harm, or is broken.

use super::{told, world};
use crate::json::parse_text;
use crate::terraform::{MAX_RESOURCES, is_terraform, to_bytes};
use proptest::prelude::*;
use sim_core::source::FileId;
use std::time::{Duration, Instant};

/// Members that readers look for, and values of every shape.
const KEYS: [&str; 34] = [
    "format_version",
    "version",
    "lineage",
    "resources",
    "instances",
    "attributes",
    "index_key",
    "resource_changes",
    "change",
    "actions",
    "after",
    "after_unknown",
    "after_sensitive",
    "sensitive_values",
    "module_address",
    "planned_values",
    "values",
    "root_module",
    "child_modules",
    "configuration",
    "module_calls",
    "expressions",
    "references",
    "constant_value",
    "for_each_expression",
    "address",
    "type",
    "name",
    "id",
    "subnet_id",
    "ip_configuration",
    "network_security_group_id",
    "parent_id",
    "body",
];
const VALUES: [&str; 22] = [
    "null",
    "0",
    "-1",
    "4",
    "true",
    "\"\"",
    "\"1.0\"",
    "\"data\"",
    "\"azurerm_subnet\"",
    "\"azurerm_subnet.a\"",
    "\"azurerm_network_interface\"",
    "\"azurerm_subnet_network_security_group_association\"",
    "\"azapi_resource\"",
    "\"{\\\"properties\\\": 1}\"",
    "\"module.a[\\\"é\\\"]\"",
    "\"var.a\"",
    "\"module.a.b[0]\"",
    "\"each.value\"",
    "\"each\"",
    "\"[\\\"\"",
    "\"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s\"",
    "\"/subscriptions/é/\"",
];

fn value() -> impl Strategy<Value = String> {
    prop::sample::select(&VALUES[..]).prop_map(str::to_owned).prop_recursive(7, 60, 5, |inner| {
        let object = prop::collection::btree_map(prop::sample::select(&KEYS[..]), inner.clone(), 0..7);
        let object = object.prop_map(|members| {
            let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            format!("{{{}}}", members.join(","))
        });
        let array = prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(",")));
        prop_oneof![object, array]
    })
}

/// An instance of a known type with any attributes, and any configuration of it.
fn instance() -> impl Strategy<Value = (String, String)> {
    let kinds = [
        "azurerm_subnet",
        "azurerm_network_interface",
        "azurerm_lb_rule",
        "azurerm_subnet_network_security_group_association",
        "azurerm_private_endpoint",
        "azurerm_linux_virtual_machine",
        "azapi_resource",
        "azurerm_other",
    ];
    (prop::sample::select(kinds.to_vec()), value(), value(), value()).prop_map(|(kind, after, unknown, expressions)| {
        let head = format!("\"address\": \"{kind}.a\", \"type\": \"{kind}\", \"name\": \"a\"");
        let change = format!("{{{head}, \"change\": {{\"after\": {after}, \"after_unknown\": {unknown}}}}}");
        (change, format!("{{{head}, \"expressions\": {expressions}, \"for_each_expression\": {unknown}}}"))
    })
}

proptest! {
    /// Catches: an index, a slice or a recursion that some file makes panic or never end.
    #[test]
    fn no_file_makes_it_panic(
        whole in value(),
        instances in prop::collection::vec(instance(), 0..5),
        state in value(),
        bytes in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let (changes, configured): (Vec<String>, Vec<String>) = instances.into_iter().unzip();
        let plan = super::whole_plan(&changes.join(","), &configured.join(","), &format!("\"module_calls\": {whole}"));
        for text in [plan, format!("{{\"version\": 4, \"lineage\": 1, \"resources\": [{state}]}}"),
            format!("{{\"format_version\": \"1\", \"values\": {{\"root_module\": {state}}}}}"), whole]
        {
            let first = world(&text);
            prop_assert_eq!(told(&first), told(&world(&text)));
        }
        to_bytes("x", &bytes);
    }
}

fn soon(text: &str) -> String {
    let started = Instant::now();
    let world = world(text);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    told(&world)
}

/// Catches: references in a circle, of one resource or through modules, that are followed for ever.
#[test]
fn circles_end() {
    let circle = |changes: &str, configured: &str, more: &str| super::whole_plan(changes, configured, more);
    let subnet = "{\"address\": \"azurerm_subnet.a\", \"type\": \"azurerm_subnet\", \"name\": \"a\", \"change\": {\"after\": {\"name\": \"a\"}, \
                  \"after_unknown\": {\"id\": true, \"virtual_network_name\": true, \"resource_group_name\": true}}}";
    let own = "{\"address\": \"azurerm_subnet.a\", \"expressions\": {\"virtual_network_name\": {\"references\": [\"azurerm_subnet.a.id\"]}, \
               \"resource_group_name\": {\"references\": [\"module.m.o\"]}}}";
    let module = "\"module_calls\": {\"m\": {\"expressions\": {\"i\": {\"references\": [\"module.m.o\"]}}, \"module\": {\"outputs\": {\"o\": \
                  {\"expression\": {\"references\": [\"var.i\", \"var.i\"]}}}}}}";
    soon(&circle(subnet, own, module));
}

/// Catches: a chain of ids, each made of the next one, that is followed until the stack is full.
#[test]
fn long_chains_end() {
    let count = 20_000;
    let (mut changes, mut configured) = (Vec::new(), Vec::new());
    for n in 0..count {
        let head = format!("\"address\": \"azurerm_subnet.s{n}\", \"type\": \"azurerm_subnet\", \"name\": \"s{n}\"");
        let unknown = "{\"id\": true, \"virtual_network_name\": true}";
        changes
            .push(format!("{{{head}, \"change\": {{\"after\": {{\"name\": \"s\"}}, \"after_unknown\": {unknown}}}}}"));
        let next = format!("{{\"references\": [\"azurerm_subnet.s{}.id\"]}}", n + 1);
        configured.push(format!("{{{head}, \"expressions\": {{\"virtual_network_name\": {next}}}}}"));
    }
    soon(&super::whole_plan(&changes.join(","), &configured.join(","), ""));
}

/// Catches: work that grows with the product of references and instances without a limit; a list of instances without one.
#[test]
fn bombs_end_at_a_limit() {
    let count = 3_000;
    let subnets: Vec<String> = (0..count)
        .map(|n| {
            format!(
                "{{\"type\": \"azurerm_subnet\", \"name\": \"s\", \"index\": {n}, \"change\": {{\"after\": {{\"name\": \"s{n}\", \
                 \"virtual_network_name\": \"v\"}}, \"after_unknown\": {{\"id\": true}}}}}}"
            )
        })
        .chain((0..count).map(|n| {
            format!(
                "{{\"type\": \"azurerm_container_group\", \"name\": \"c\", \"index\": {n}, \"change\": {{\"after\": {{\"name\": \
                 \"c{n}\"}}, \"after_unknown\": {{\"id\": true, \"subnet_ids\": true}}}}}}"
            )
        }))
        .collect();
    let written = "{\"address\": \"azurerm_container_group.c\", \"expressions\": {\"subnet_ids\": {\"references\": [\"azurerm_subnet.s\"]}}}";
    let found = soon(&super::whole_plan(&subnets.join(","), written, ""));
    assert!(found.contains("terraform.too-many-references"), "{}", &found[..found.len().min(500)]);

    let one = "{\"type\":\"azurerm_subnet\",\"name\":\"s\",\"change\":{\"after\":{\"name\":\"s\"}}},";
    let many = one.repeat(MAX_RESOURCES + 1);
    let found = soon(&super::whole_plan(many.trim_end_matches(','), "", ""));
    assert!(found.contains("terraform.too-many-resources"), "{}", &found[..found.len().min(500)]);

    let mut deep = String::from("{}");
    for _ in 0..60 {
        deep = format!("{{\"child_modules\":[{deep}]}}");
    }
    let found = soon(&format!("{{\"format_version\": \"1\", \"values\": {{\"root_module\": {deep}}}}}"));
    assert!(found.contains("terraform.too-deep") || found.contains("json.too-deep"), "{found}");
}

/// Catches: other people's JSON taken for Terraform's.
#[test]
fn other_json_is_left_alone() {
    for text in [
        "{}",
        "[]",
        "7",
        "{\"version\": 4}",
        "{\"version\": \"4\", \"resources\": []}",
        "{\"format_version\": 1}",
        "{\"format_version\": \"1.0\", \"provider_schemas\": {}}",
    ] {
        let value = parse_text(text, FileId(0)).value.unwrap();
        assert!(!is_terraform(&value), "{text}");
    }
}
