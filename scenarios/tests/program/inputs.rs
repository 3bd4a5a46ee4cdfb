//! Inputs as people have them, through the built program: what is written to be read again, what differs, and secrets.

use crate::{file, run};
use std::path::Path;

const G: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.Network";

fn template(more: &str) -> String {
    format!(
        r#"{{"contentVersion": "1.0.0.0", "parameters": {{"adminPassword": {{"type": "securestring"}},
  "shape": {{"type": "secureObject", "defaultValue": {{"k": "S3cr3t-object"}}}}}},
  "resources": [
    {{"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "v", "location": "westus", "properties": {{
      "addressSpace": {{"addressPrefixes": ["10.0.0.0/16"]}}, "subnets": [{{"name": "s", "properties": {{"addressPrefix": "10.0.0.0/24"}}}}]}}}},
    {{"type": "Microsoft.Network/networkInterfaces", "apiVersion": "2024-05-01", "name": "n", "location": "westus",
      "tags": {{"a": "[parameters('adminPassword')]"}}, "properties": {{"ipConfigurations": [{{"name": "c", "properties": {{"subnet": {{
        "id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]"}}}}}}]}}}},
    {{"type": "Microsoft.Compute/virtualMachines", "apiVersion": "2024-07-01", "name": "vm", "location": "westus", "properties": {{
      "osProfile": {{"adminPassword": "[parameters('adminPassword')]", "customData": "[base64(parameters('adminPassword'))]"}},
      "line": "[format('x {{0}} {{1}}', parameters('adminPassword'), parameters('shape'))]", "connectionString": "S3cr3t-literal",
      "networkProfile": {{"networkInterfaces": [{{"id": "[resourceId('Microsoft.Network/networkInterfaces', 'n')]"}}]}}}}}},
    {{"type": "Microsoft.Web/sites", "apiVersion": "2024-04-01", "name": "w", "location": "westus", "properties": {{"key":
      "[listKeys(resourceId('Microsoft.Storage/storageAccounts', 'x'), '2021-01-01').keys[0].value]"}}}}
    {more}]}}"#
    )
}

const PARAMETERS: &str =
    r#"{"contentVersion": "1.0.0.0", "parameters": {"adminPassword": {"value": "S3cr3t-password"}}}"#;

/// Catches: a secret in any output of any command, in text or JSON, when all is well, when Azure would refuse something on the
/// same line, and when the file is wrong.
#[test]
fn no_output_shows_a_secret() {
    let refused = r#", {"type": "Microsoft.Network/publicIPAddresses", "name": "p", "location": "westus", "sku": {"name": "S3cr3t".x}}"#;
    let finding = r#", {"type": "Microsoft.Network/virtualNetworks", "name": "b", "location": "westus", "properties":
        {"adminPassword": "S3cr3t-near", "addressSpace": {"addressPrefixes": ["10.0.0.1/16"]}}}"#;
    let unknown =
        r#", {"type": "Microsoft.Network/routeTables", "name": "[nothing(concat(parameters('adminPassword')))]"}"#;
    for (test, text) in [
        ("fine", template("")),
        ("finding", template(finding).replace('\n', " ")),
        ("error", template(unknown).replace('\n', " ")),
        ("broken", template(refused).replace('\n', " ")),
    ] {
        let main = file(&format!("secrets-{test}"), "main.json", &text);
        let given = file(&format!("secrets-{test}"), "main.parameters.json", PARAMETERS);
        let (main, given) = (main.to_str().unwrap(), given.to_str().unwrap());
        let mut shown = 0;
        for arguments in [
            &["check", main][..],
            &["check", main, "--format", "json"],
            &["list", main, "--format", "json"],
            &["trace", main, "--from", "vm", "--to", "Internet:443"],
            &["trace", main, "--from", "vm", "--to", "vm:22", "--format", "json"],
            &["expand", main],
            &["expand", main, "--deployed"],
            &["diff", main, main, "--format", "json"],
            &["expand", main, "--set", "vm.properties.osProfile.adminPassword=S3cr3t-edit"],
            &["check", main, "--set", "vm.properties.osProfile.adminPasword.x=S3cr3t-edit"],
        ] {
            let arguments: Vec<&str> = arguments.iter().copied().chain(["--parameters", given]).collect();
            let (_, out, error) = run(&arguments);
            assert!(!out.contains("S3cr3t") && !error.contains("S3cr3t"), "{arguments:?}\n{out}\n{error}");
            shown += usize::from(!out.is_empty()) + usize::from(!error.is_empty());
        }
        assert!(shown >= 10, "{test}: nothing was said");
    }
}

/// Catches: expanded text that is not what was declared, differs the second time, or is not an input; what a service deploys
/// read back.
#[test]
fn expanded_text_is_an_input() {
    let main = file("expand", "main.json", &template(""));
    let (code, first, error) = run(&["expand", main.to_str().unwrap()]);
    assert_eq!((code, error.as_str()), (0, ""));
    let value: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(value["count"], 4);
    let vm = &value["data"][2];
    assert_eq!((vm["name"].as_str(), vm["resourceGroup"].as_str()), (Some("vm"), Some("vnetsim-rg")));
    assert_eq!(vm["properties"]["osProfile"]["adminPassword"], "<redacted>");
    let again = file("expand", "expanded.json", &first);
    let (code, second, error) = run(&["expand", again.to_str().unwrap()]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(first, second);
    let report = |path: &Path| run(&["list", path.to_str().unwrap()]).1;
    assert_eq!(report(&main), report(&again));
}

/// Catches: what a managed service deploys without its owner, in the plain output, or read back as declared.
#[test]
fn deployed_resources_are_shown_and_not_read_back() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies/library/image-builder/existing-vnet.json");
    let library = library.to_str().unwrap();
    let (_, declared, _) = run(&["expand", library]);
    let (code, deployed, _) = run(&["expand", library, "--deployed"]);
    assert_eq!(code, 0);
    assert!(
        !declared.contains("vnetsim-deployed-by")
            && deployed.contains("\"vnetsim-deployed-by\": \"Azure Image Builder\"")
    );
    let path = file("deployed", "all.json", &deployed);
    let (code, again, error) = run(&["expand", path.to_str().unwrap()]);
    assert_eq!((code, again), (0, declared));
    assert!(error.contains("input.deployed-resources"), "{error}");
}

/// Catches: a difference that is missed, told of the wrong side, or that ends as if nothing differed.
#[test]
fn two_inputs_are_compared() {
    let body = |space: &str| {
        format!(
            r#"[{{"id": "{G}/virtualNetworks/v", "properties": {{"addressSpace": {{"addressPrefixes": ["{space}"]}}}}}}]"#
        )
    };
    let before = file("diff", "before.json", &body("10.0.0.0/16"));
    let after = file("diff", "after.json", &body("10.1.0.0/16"));
    let (before, after) = (before.to_str().unwrap(), after.to_str().unwrap());
    let (code, out, _) = run(&["diff", before, after]);
    assert_eq!(code, 1);
    assert!(
        out.starts_with("changed  ") && out.contains("addressPrefixes[0]: ") && out.contains("after.json:1:"),
        "{out}"
    );
    assert_eq!(run(&["diff", before, before]).0, 0);
}

/// Catches: a type that is not modelled and nobody hears of, or that is listed once for each letter case or file.
#[test]
fn types_without_a_model_are_listed_once() {
    let site = |kind: &str, name: &str| {
        format!(
            r#"{{"id": "/subscriptions/s/resourceGroups/g/providers/{kind}/{name}", "type": "{kind}", "name": "{name}"}}"#
        )
    };
    let one = file(
        "inert",
        "a.json",
        &format!("[{}, {}]", site("Microsoft.Web/serverfarms", "a"), site("microsoft.web/serverfarms", "b")),
    );
    file("inert", "b.json", &site("MICROSOFT.WEB/SERVERFARMS", "c"));
    let (code, out, error) = run(&["check", one.parent().unwrap().to_str().unwrap()]);
    assert_eq!(code, 0, "{out}{error}");
    assert!(out.contains("  3 x Microsoft.Web/serverfarms\n"), "{out}");
    assert_eq!(
        out.to_lowercase().matches("microsoft.web/serverfarms").count(),
        2,
        "once by type, once as without effect: {out}"
    );
}
