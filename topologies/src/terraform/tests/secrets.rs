//! Nothing that is sensitive comes out anywhere.

use super::{told, world};
use crate::World;

/// All that the world could show of its input.
fn everything(world: &World) -> String {
    let texts: String = world.sources.ids().map(|file| world.sources.text(file).to_owned()).collect();
    let bodies: String = world.resources.iter().map(|raw| raw.body.to_string()).collect();
    format!("{texts}{bodies}{}{:?}{:?}", told(world), world.assumptions, world.findings)
}

/// Catches: a secret in a quoted line, in a body, in a name or a message: marked by Terraform in a change, in nested
/// blocks, in a variable, in an output, known by its name alone, or written once more in the configuration.
#[test]
fn a_plan_keeps_its_secrets() {
    let text = r#"{"format_version": "1.2", "variables": {"key": {"value": "S3CRET-var"}, "ok": {"value": "shown"}},
      "planned_values": {"outputs": {"o": {"sensitive": true, "value": "S3CRET-out"}}, "root_module": {"resources": [
        {"mode": "managed", "type": "azurerm_subnet", "name": "s", "values": {"x": ["S3CRET-planned"]}, "sensitive_values": {"x": [true]}}]}},
      "resource_changes": [
        {"address": "azurerm_network_security_group.n", "mode": "managed", "type": "azurerm_network_security_group", "name": "n", "change": {
          "actions": ["update"], "before": {"name": "S3CRET-before"}, "before_sensitive": {"name": true},
          "after": {"name": "S3CRET-name", "resource_group_name": "g", "admin_password": "S3CRET-named", "master_key": "S3CRET-master", "apiKey": "S3CRET-api", "refresh_token": "S3CRET-token", "security_rule": [
            {"name": "r", "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "source_port_range": "*",
             "destination_port_range": "22", "source_address_prefix": "S3CRET-prefix", "destination_address_prefix": "*"}]},
          "after_unknown": {}, "after_sensitive": {"name": true, "security_rule": [{"source_address_prefix": true}]}}}],
      "configuration": {"provider_config": {"azurerm": {"expressions": {"client_secret": {"constant_value": "S3CRET-client"}}}},
        "root_module": {"variables": {"key": {"sensitive": true, "default": "S3CRET-default"}, "ok": {}}, "resources": [
          {"address": "azurerm_network_security_group.n", "expressions": {"name": {"constant_value": "S3CRET-name"}}}]}}}"#;
    let world = world(text);
    let all = everything(&world);
    assert!(!all.contains("S3CRET"), "{all}");
    assert!(all.contains("shown") && all.contains("\"22\""), "{all}");
    // The resource is there under a name of its address, and the rule that hangs on the secret is left out, and said.
    assert!(super::ids(&world)[0].ends_with("networkSecurityGroups/n"), "{:?}", super::ids(&world));
    assert!(told(&world).contains("azure.unknown-value"), "{}", told(&world));
}

/// Catches: the same in a state: marked by paths, by name, in outputs.
#[test]
fn a_state_keeps_its_secrets() {
    let text = r#"{"version": 4, "terraform_version": "1.0.0", "outputs": {"o": {"value": {"a": "S3CRET-out"}, "sensitive": true}},
      "resources": [{"mode": "managed", "type": "azurerm_storage_account", "name": "s", "instances": [{"attributes": {
        "id": "/subscriptions/a/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s", "name": "s",
        "primary_access_key": "S3CRET-key", "list": [{"deep": "S3CRET-deep", "open": "shown"}]},
        "sensitive_attributes": [[{"type": "get_attr", "value": "list"}, {"type": "index", "value": {"value": 0, "type": "number"}},
          {"type": "get_attr", "value": "deep"}]]}]}]}"#;
    let all = everything(&world(text));
    assert!(!all.contains("S3CRET"), "{all}");
    assert!(all.contains("shown"), "{all}");
    let shown = r#"{"format_version": "1.0", "values": {"outputs": {"o": {"sensitive": true, "value": "S3CRET-a"}}, "root_module": {"child_modules": [
      {"address": "module.a", "resources": [{"mode": "managed", "type": "azurerm_key_vault", "name": "k", "values": {"x": {"y": "S3CRET-b"}},
        "sensitive_values": {"x": {"y": true}}}]}]}}}"#;
    assert!(!everything(&world(shown)).contains("S3CRET"));
}
