//! Planted secrets: whatever is wrong with the files around them, nothing that is said or kept holds one. The commands are
//! tried in the tests of the command line.

use super::{G, codes, world};
use crate::{Input, World, expand};

/// Everything of a world that any output is made from.
fn all_of(world: &World) -> String {
    let texts: Vec<&str> = world.sources.ids().map(|file| world.sources.text(file)).collect();
    let resources: Vec<String> = world.resources.iter().map(|raw| format!("{} {}", raw.id, raw.body)).collect();
    let network: Vec<String> = world.topology.resources().map(|it| format!("{it:?}")).collect();
    let said = format!("{:?} {:?} {:?}", world.diagnostics, world.findings, world.assumptions);
    format!("{texts:?}\n{resources:?}\n{network:?}\n{said}\n{}", expand(world))
}

fn check(files: &[(&str, &str)]) -> World {
    let world = world(files);
    let all = all_of(&world);
    for line in all.lines() {
        let at = line.find("S3cr3t");
        assert!(at.is_none(), "{}", &line[line.floor_char_boundary(at.unwrap_or(0).saturating_sub(300))..]);
    }
    world
}

const TEMPLATE: &str = r#"{"contentVersion": "1.0.0.0",
  "parameters": {"pw": {"type": "securestring", "minLength": 3}, "own": {"type": "SecureString", "defaultValue": "S3cr3t-default"},
    "made": {"type": "securestring", "defaultValue": "[concat('S3cr3t-', 'made')]"},
    "all": {"type": "secureObject", "defaultValue": {"a": ["S3cr3t-inside"]}}},
  "variables": {"line": "[concat('login ', parameters('pw'))]", "adminPassword": "S3cr3t-in-variable"},
  "resources": [
    {"type": "Microsoft.Compute/virtualMachines", "apiVersion": "2021-03-01", "name": "vm", "location": "westus",
      "tags": {"x": "[parameters('pw')]"},
      "properties": {"osProfile": {"adminPassword": "[parameters('pw')]", "customData": "[base64(parameters('own'))]"},
        "more": ["[parameters('made')]", "[parameters('all').a[0]]", "[variables('line')]", "[string(parameters('all'))]",
          "[concat('run ', variables('adminPassword'))]", "[base64(parameters('pw'))]", "[toUpper(parameters('pw'))]"]}},
    {"type": "Microsoft.Compute/virtualMachines/extensions", "apiVersion": "2021-03-01", "name": "vm/e", "location": "westus",
      "properties": {"protectedSettings": {"commandToExecute": "S3cr3t-command"},
        "settings": {"key": "[listKeys(resourceId('Microsoft.Storage/storageAccounts', 'x'), '2020-01-01').keys[0].value]", "line": "Server=a;Password=S3cr3t-text;"}}},
    {"type": "Microsoft.Resources/deployments", "apiVersion": "2021-03-01", "name": "inner", "properties": {"mode": "Incremental",
      "expressionEvaluationOptions": {"scope": "inner"}, "parameters": {"p": {"value": "S3cr3t-given"}},
      "template": {"contentVersion": "1.0.0.0", "parameters": {"p": {"type": "securestring"}}, "resources": [],
        "outputs": {"o": {"type": "string", "value": "[parameters('p')]"}}}}}
    WRONG ]}"#;

/// Catches: a secure parameter, or what was computed from one, in a body, an output of a nested template, a message or a
/// snippet; a literal under a name that only secrets have.
#[test]
fn secrets_of_templates_are_not_kept() {
    let given = r#"{"$schema": "https://x/deploymentParameters.json#", "contentVersion": "1.0.0.0", "parameters":
                    {"pw": {"value": "S3cr3t-password"} MORE}}"#;
    let wrong = |name: &str, more: &str| {
        format!(r#", {{"type": "Microsoft.Network/routeTables", "name": "{name}", "properties": {{"x": "{more}"}}}}"#)
    };
    for (more, given_more, wrongs) in [
        (String::new(), "", 0),
        (wrong("a", "[parameters('pw').length]"), "", 0),
        (wrong("a", "[nothing(parameters('pw'))]"), "", 1),
        (wrong("a", "[cidrSubnet(parameters('made'), 24, 0)]"), "", 1),
        (wrong("a", "[nothing(concat('literal', 'x'))]"), r#", "pww": {"value": "S3cr3t-literal"}"#, 2),
        (String::new(), r#", "own": {"value": ["S3cr3t-of-other-type"]}"#, 2),
    ] {
        let template = TEMPLATE.replace("WRONG", &more);
        let parameters = given.replace("MORE", given_more);
        let files = [("main.json", template.as_str()), ("main.parameters.json", parameters.as_str())];
        let world = check(&files);
        let errors = codes(&world).iter().filter(|code| code.starts_with('!')).count();
        assert_eq!(errors, wrongs, "{more} {given_more}: {:?}", world.diagnostics);
    }
}

/// Catches: a secret in the snippet of a file that cannot be read, where nobody knows what is one.
#[test]
fn broken_files_show_no_values() {
    let template = TEMPLATE.replace("WRONG", "");
    assert_eq!(
        codes(&check(&[("main.json", &template.replace("\"minLength\": 3", "\"minLength\" 3"))])),
        ["!json.syntax"]
    );
    assert_eq!(codes(&check(&[("main.json", r#"{"a": {"pw": {"value": "S3cr3t-x" "b": 1}}}"#)])), ["!json.syntax"]);
    assert_eq!(codes(&check(&[("main.json", r#"{"pw": "S3cr3t-x", "pw": "S3cr3t-y"}"#)])), ["!json.duplicate-key"]);
    assert_eq!(codes(&check(&[("main.json", r#"{"pw": "S3cr3t-x"#)])), ["!json.syntax"]);
    assert_eq!(codes(&check(&[("main.bicep", "param pw string = 'S3cr3t-x'\n")])), ["!input.bicep-source"]);
}

/// Catches: connection strings, keys and data of machines in bodies that exist, in expanded text or beside what is refused.
#[test]
fn secrets_of_live_resources_are_not_kept() {
    let body = |properties: &str| {
        format!(
            r#"[{{"id": "{G}/connections/c", "location": "westus", "properties": {{"sharedKey": "S3cr3t-a", "authorizationKey": "S3cr3t-b"}}}},
                {{"id": "{G}/virtualNetworks/v", "location": "westus", "properties": {{"connectionString": "S3cr3t-c", "x":
                  "DefaultEndpointsProtocol=https;AccountKey=S3cr3t-d", "keys": [{{"keyName": "key1", "value": "S3cr3t-e"}}],
                  "osProfile": {{"adminPassword": "S3cr3t-f", "customData": "S3cr3t-g", "user_data": "S3cr3t-j", "api_key": "S3cr3t-k"}}, "sas": "https://x?sv=1&sig=S3cr3t-h",
                  "pem": "-----BEGIN RSA PRIVATE KEY-----S3cr3t-i", {properties}}}}}]"#
        )
    };
    check(&[("a.json", &body(r#""addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}"#))]);
    // A finding whose line holds secrets: the file is one line.
    let refused = body(r#""addressSpace": {"addressPrefixes": ["10.0.0.1/16"]}"#).replace('\n', " ");
    assert!(!check(&[("a.json", &refused)]).findings.is_empty());
    let twice = body(r#""adminPassword": 1, "adminPassword": "S3cr3t-z""#);
    assert_eq!(codes(&check(&[("a.json", &twice)])), ["!json.duplicate-key"]);
}

/// Catches: a secret that somebody tries as an edit, shown as the place of what is wrong.
#[test]
fn secrets_of_edits_are_not_kept() {
    let text = format!(r#"[{{"id": "{G}/networkInterfaces/n", "location": "westus", "properties": {{}}}}]"#);
    let edits =
        ["n.properties.adminPassword=S3cr3t-x".to_owned(), r#"n.properties.list={"sharedKey":"S3cr3t-y"}"#.to_owned()];
    let loading = crate::Loading { edits: &edits, ..crate::Loading::default() };
    let world = crate::load_with(&[Input::new("a.json", text)], &loading);
    assert!(!all_of(&world).contains("S3cr3t"), "{}", all_of(&world));
}
