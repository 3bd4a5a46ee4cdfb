//! How templates are read: both dialects, loops, children, nested templates, order.

use super::{evaluated, listed};
use crate::arm::{Deployment, Placeholder};
use crate::json::Value;

const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/vnetsim-rg";

/// A template without error.
fn good(body: &str) -> Deployment {
    let (deployment, sources) = evaluated(&format!("{{\"contentVersion\": \"1.0.0.0\", {body}}}"), None);
    assert!(deployment.diagnostics.is_empty(), "{}", listed(&deployment, &sources));
    deployment
}

/// The diagnostics of a template.
fn problems(body: &str) -> String {
    let (deployment, sources) = evaluated(&format!("{{\"contentVersion\": \"1.0.0.0\", {body}}}"), None);
    listed(&deployment, &sources)
}

fn names(deployment: &Deployment) -> Vec<&str> {
    deployment.resources.iter().map(|resource| resource.name.as_str()).collect()
}

fn output<'d>(deployment: &'d Deployment, name: &str) -> &'d Value {
    &deployment.outputs.iter().find(|output| output.key == name).expect("the output is there").value
}

/// Catches: loops with a wrong index or name, nested loops mixed up, `copyIndex()` meaning the inner loop.
#[test]
fn loops_of_every_kind() {
    let deployment = good(
        r#""variables": {"copy": [{"name": "prefixes", "count": 2, "input": "[format('10.0.{0}.0/24', copyIndex('prefixes'))]"}],
            "inner": {"copy": [{"name": "list", "count": 2, "input": {"n": "[copyIndex('list', 5)]"}}]}},
        "resources": [{"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2023-01-01",
            "name": "[concat('v', copyIndex(1))]", "copy": {"name": "nets", "count": 2},
            "properties": {"copy": [{"name": "subnets", "count": "[length(variables('prefixes'))]",
                "input": {"name": "[format('{0}-{1}', copyIndex(), copyIndex('subnets'))]", "p": "[variables('prefixes')[copyIndex('subnets')]]"}}]}}],
        "outputs": {"all": {"type": "array", "copy": {"count": 2, "input": "[copyIndex()]"}},
            "inner": {"type": "object", "value": "[variables('inner')]"}}"#,
    );
    assert_eq!(names(&deployment), ["v1", "v2"]);
    let subnets = deployment.resources[1].properties().get("subnets").unwrap();
    assert_eq!(subnets.to_string(), r#"[{"name":"1-0","p":"10.0.0.0/24"},{"name":"1-1","p":"10.0.1.0/24"}]"#);
    assert_eq!(output(&deployment, "all").to_string(), "[0,1]");
    assert_eq!(output(&deployment, "inner").to_string(), r#"{"list":[{"n":5},{"n":6}]}"#);
}

/// Catches: children named or typed wrongly, in any of the ways they are written; extension ids.
#[test]
fn children_in_all_spellings() {
    let deployment = good(
        r#""resources": [{"type": "Microsoft.Network/virtualNetworks", "apiVersion": "1", "name": "v", "resources": [
                {"type": "subnets", "apiVersion": "1", "name": "short"},
                {"type": "Microsoft.Network/virtualNetworks/subnets", "apiVersion": "1", "name": "v/full"},
                {"type": "Microsoft.Insights/diagnosticSettings", "apiVersion": "1", "name": "ext"},
                {"type": "providers/locks", "apiVersion": "1", "name": "Microsoft.Authorization/old"}]},
            {"type": "Microsoft.Network/virtualNetworks/subnets", "apiVersion": "1", "name": "v/top"},
            {"type": "Microsoft.Authorization/locks", "apiVersion": "1", "name": "l", "scope": "[resourceId('Microsoft.Network/virtualNetworks', 'v')]"},
            {"type": "Microsoft.Authorization/locks", "apiVersion": "1", "name": "m", "scope": "Microsoft.Network/virtualNetworks/v"}]"#,
    );
    let vnet = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v");
    let ids: Vec<&str> = deployment.resources.iter().map(|it| it.id.as_str()).collect();
    let expected = [
        vnet.clone(),
        format!("{vnet}/subnets/short"),
        format!("{vnet}/subnets/full"),
        format!("{vnet}/providers/Microsoft.Insights/diagnosticSettings/ext"),
        format!("{vnet}/providers/Microsoft.Authorization/locks/old"),
        format!("{vnet}/subnets/top"),
        format!("{vnet}/providers/Microsoft.Authorization/locks/l"),
        format!("{vnet}/providers/Microsoft.Authorization/locks/m"),
    ];
    assert_eq!(ids, expected);
    assert_eq!(deployment.resources[1].resource_type, "Microsoft.Network/virtualNetworks/subnets");
    assert_eq!(deployment.resources[1].name, "v/short");
}

/// Catches: an order that ignores `dependsOn` in any spelling, `reference()`, or a parent.
#[test]
fn the_order_follows_dependencies() {
    let deployment = good(
        r#""resources": [
            {"type": "A.B/c", "apiVersion": "1", "name": "last", "dependsOn": ["loop", "A.B/c/second"]},
            {"type": "A.B/c", "apiVersion": "1", "name": "second", "properties": {"x": "[reference('first').y]"}},
            {"type": "A.B/c/d", "apiVersion": "1", "name": "parent/child"},
            {"type": "A.B/c", "apiVersion": "1", "name": "first", "properties": {"y": 7}},
            {"type": "A.B/c", "apiVersion": "1", "name": "parent"},
            {"type": "A.B/c", "apiVersion": "1", "name": "[concat('l', copyIndex())]", "copy": {"name": "loop", "count": 2}}]"#,
    );
    assert_eq!(names(&deployment), ["first", "second", "l0", "l1", "last", "parent", "parent/child"]);
    assert_eq!(deployment.resources[1].properties().to_string(), r#"{"x":7}"#);
    let first = format!("{GROUP}/providers/A.B/c/first");
    assert_eq!(deployment.resources[1].depends_on, [first]);
}

/// Catches: a condition ignored, a dependency on what is left out refused, a name of what is left out evaluated in earnest.
#[test]
fn conditions_leave_resources_out() {
    let deployment = good(
        r#""parameters": {"none": {"type": "array", "defaultValue": []}},
        "resources": [
            {"condition": "[equals(1, 2)]", "type": "A.B/c", "apiVersion": "1", "name": "[parameters('none')[0]]"},
            {"condition": "[not(true())]", "type": "A.B/c", "apiVersion": "1", "name": "out"},
            {"type": "A.B/c", "apiVersion": "1", "name": "[concat('x', copyIndex())]", "copy": {"name": "none", "count": 0}},
            {"type": "A.B/c", "apiVersion": "1", "name": "in", "dependsOn": ["out", "none"]}]"#,
    );
    assert_eq!(names(&deployment), ["in"]);
    assert!(deployment.resources[0].depends_on.is_empty());
}

/// Catches: symbolic names, `existing`, user functions, types with `$ref` or nullable, of the dialect Bicep compiles to.
#[test]
fn the_second_dialect() {
    let deployment = good(
        r##""languageVersion": "2.0",
        "definitions": {"name": {"type": "string", "minLength": 1}},
        "functions": [{"namespace": "__bicep", "members": {"twice": {"parameters": [{"type": "int", "name": "n"}],
            "output": {"type": "int", "value": "[mul(parameters('n'), 2)]"}}}}],
        "parameters": {"maybe": {"type": "string", "nullable": true}, "name": {"$ref": "#/definitions/name", "defaultValue": "n"}},
        "resources": {
            "pip": {"existing": true, "type": "Microsoft.Network/publicIPAddresses", "apiVersion": "1", "name": "p", "resourceGroup": "other"},
            "many": {"copy": {"name": "many", "count": 2}, "type": "A.B/c", "apiVersion": "1", "name": "[format('m{0}', copyIndex())]", "properties": {"i": "[copyIndex()]"}},
            "vnet": {"type": "A.B/c", "apiVersion": "1", "name": "[parameters('name')]", "dependsOn": ["many"],
                "properties": {"i": "[reference('many[1]').i]", "n": "[__bicep.twice(4)]", "m": "[coalesce(parameters('maybe'), 'none')]",
                    "ip": "[reference('pip').ipAddress]", "id": "[resourceInfo('many[0]').id]", "all": "[map(references('many'), lambda('m', lambdaVariables('m').i))]"}}}"##,
    );
    assert_eq!(names(&deployment), ["p", "m0", "m1", "n"]);
    let existing = &deployment.resources[0];
    assert!(existing.existing && existing.id.contains("/resourceGroups/other/"));
    let properties = deployment.resources[3].properties();
    let text = |key: &str| properties.get(key).unwrap().to_string();
    assert_eq!([text("i"), text("n"), text("m"), text("all")], ["1", "8", "\"none\"", "[0,1]"]);
    assert_eq!(text("id"), format!("\"{GROUP}/providers/A.B/c/m0\""));
    let ip = properties.get("ip").and_then(Value::as_str).and_then(Placeholder::parse).unwrap();
    assert_eq!((ip.resource_id, ip.path), (existing.id.as_str(), "properties.ipAddress"));
}

/// Catches: inner and outer scope mixed up, outputs of nested templates lost, their resources in the wrong group or order.
#[test]
fn nested_templates() {
    let nested = |name: &str, scope: &str| {
        format!(
            r#"{{"type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "{name}", "resourceGroup": "g-{name}",
            "properties": {{"mode": "Incremental", "expressionEvaluationOptions": {{"scope": "{scope}"}},
                "parameters": {{"p": {{"value": "[concat('given-', variables('v'))]"}}}},
                "template": {{"contentVersion": "1.0.0.0", "parameters": {{"p": {{"type": "string"}}}}, "variables": {{"v": "inside"}},
                    "resources": [{{"type": "A.B/c", "apiVersion": "1", "name": "[concat('{name}-', variables('v'), '-', parameters('p'))]",
                        "properties": {{"group": "[resourceGroup().name]"}}}}],
                    "outputs": {{"o": {{"type": "string", "value": "[variables('v')]"}}}}}}}}}}"#
        )
    };
    let (deployment, sources) = evaluated(
        &format!(
            r#"{{"contentVersion": "1.0.0.0", "variables": {{"v": "around"}}, "parameters": {{"p": {{"type": "string", "defaultValue": "mine"}}}},
            "resources": [{{"type": "A.B/c", "apiVersion": "1", "name": "user", "properties": {{"o": "[reference('in').outputs.o.value]"}}}}, {}, {}]}}"#,
            nested("in", "inner"),
            nested("out", "outer")
        ),
        None,
    );
    assert!(!deployment.has_errors(), "{}", listed(&deployment, &sources));
    assert_eq!(names(&deployment), ["in-inside-given-around", "in", "user", "out-around-mine", "out"]);
    let [inner, _, user, outer, _] = &deployment.resources[..] else { panic!("five resources") };
    assert!(inner.id.contains("/resourceGroups/g-in/"), "{}", inner.id);
    assert!(outer.id.contains("/resourceGroups/g-out/"), "{}", outer.id);
    assert_eq!(inner.properties().to_string(), r#"{"group":"g-in"}"#);
    assert_eq!(outer.properties().to_string(), r#"{"group":"vnetsim-rg"}"#);
    assert_eq!(user.properties().to_string(), r#"{"o":"inside"}"#);
}

/// Catches: an error without place, code or hint; evaluation that ends at the first error.
#[test]
fn all_errors_of_a_file_are_reported() {
    let found = problems(
        r#"
"parameters": {"subnetName": {"type": "string", "defaultValue": "s"}},
"variables": {"prefix": "x"},
"resources": [{"type": "A.B/c", "apiVersion": "1", "name": "a", "dependsOn": ["b"], "properties": {
  "one": "[parameters('subnetname2')]",
  "two": "[variables('prefx')]",
  "three": "[concat('a']",
  "four": "[subString('abc', 1, 9)]",
  "five": "[listKeys('/x/y', '1').k]",
  "six": "[nothing('x')]"
}}]"#,
    );
    let expected = "arm.unknown-dependency 4:79 dependsOn names b, which the template does not define\n\
        arm.unknown-parameter 5:12 the template defines no parameter 'subnetname2'\n\
        arm.unknown-variable 6:12 the template defines no variable 'prefx'\n\
        arm.syntax 7:24 the expression cannot be read: the call of `concat` needs `)` before the end\n\
        arm.bad-argument 8:13 substring: 9 characters from 1 on run past the end of a string of 3\n\
        arm.unknown-function 10:12 there is no function `nothing`\n";
    assert_eq!(found, expected);
}

/// Catches: suggestions, the expression and the values of its parts missing from a diagnostic.
#[test]
fn diagnostics_say_how_to_mend() {
    let (deployment, _) = evaluated(
        r#"{"contentVersion": "1", "parameters": {"vnetName": {"type": "string", "defaultValue": "abc"}}, "variables": {},
        "resources": [], "outputs": {"a": {"type": "string", "value": "[parameters('vnetNam')]"},
        "b": {"type": "string", "value": "[concat('x', substring(parameters('vnetName'), 0, 5))]"}}}"#,
        None,
    );
    let [first, second] = &deployment.diagnostics[..] else { panic!("two errors") };
    assert_eq!(first.help.as_deref(), Some("did you mean 'vnetName'?"));
    let notes: Vec<&str> = second.notes.iter().map(|(_, note)| note.as_str()).collect();
    let whole = "in the expression [concat('x', substring(parameters('vnetName'), 0, 5))]";
    assert_eq!(notes, ["parameters('vnetName') is \"abc\"", whole]);
}

/// Catches: a loop of any kind that recurses without end, or is reported without its members.
#[test]
fn cycles_are_reported() {
    let found = problems(
        r#""variables": {"a": "[variables('b')]", "b": "[variables('a')]"}, "resources": [], "outputs": {"x": {"value": "[variables('a')]"}}"#,
    );
    assert!(found.contains("arm.value-cycle"), "{found}");
    assert!(found.contains("a -> b -> a"), "{found}");
    let one = |name: &str, rest: &str| format!(r#"{{"type": "A.B/c", "apiVersion": "1", "name": "{name}", {rest}}}"#);
    let depends = |name: &str, on: &str| one(name, &format!(r#""dependsOn": ["{on}"]"#));
    let found = problems(&format!(r#""resources": [{}, {}]"#, depends("a", "b"), depends("b", "a")));
    assert!(found.contains("arm.dependency-cycle") && found.contains("a -> b -> a"), "{found}");
    let asks = |name: &str, of: &str| one(name, &format!(r#""properties": {{"x": "[reference('{of}').x]"}}"#));
    let found = problems(&format!(r#""resources": [{}, {}]"#, asks("a", "b"), asks("b", "a")));
    assert!(found.contains("arm.reference-cycle") && found.contains("a -> b -> a"), "{found}");
    let found = problems(&format!(r#""resources": [{}]"#, asks("a", "a")));
    assert!(found.contains("arm.reference-cycle"), "{found}");
}

/// Catches: a missing value that stops everything, or is filled in without saying so.
#[test]
fn missing_values_are_assumed_and_stated() {
    let deployment = good(
        r#""parameters": {"s": {"type": "string"}, "i": {"type": "int"}, "b": {"type": "bool"}, "a": {"type": "array"},
            "o": {"type": "object"}, "allowed": {"type": "string", "allowedValues": ["x", "y"]}},
        "resources": [{"type": "A.B/c", "apiVersion": "1", "name": "[parameters('s')]", "properties": {
            "all": ["[parameters('i')]", "[parameters('b')]", "[parameters('a')]", "[parameters('o')]", "[parameters('allowed')]"],
            "id": "/subscriptions/<subscriptionID>/resourceGroups/<rg>/x"}}]"#,
    );
    assert_eq!(deployment.resources[0].name, "<s>");
    assert_eq!(deployment.resources[0].properties().get("all").unwrap().to_string(), r#"[0,false,[],{},"x"]"#);
    let assumed: Vec<&str> = deployment.assumptions.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(assumed, ["s", "i", "b", "a", "o", "allowed", "<subscriptionID>", "<rg>"]);
    assert!(deployment.assumptions.iter().all(|it| it.span.is_some()));
}

/// Catches: given values that do not arrive, are not checked, or placeholders of the quickstarts left in.
#[test]
fn given_values_are_checked() {
    let template = r#"{"contentVersion": "1", "resources": [], "parameters": {"size": {"type": "string", "allowedValues": ["S", "M"]},
        "count": {"type": "int", "maxValue": 3}, "name": {"type": "string"}, "secret": {"type": "securestring"}},
        "outputs": {"all": {"value": "[createArray(parameters('size'), parameters('count'), parameters('name'), parameters('secret'))]"}}}"#;
    let given = |text: &str| {
        let (deployment, sources) = evaluated(template, Some(text));
        let value = deployment.outputs.first().map(|output| output.value.to_string()).unwrap_or_default();
        format!("{}{value}", listed(&deployment, &sources))
    };
    let good = given(
        r#"{"contentVersion": "1", "parameters": {"size": {"value": "m"}, "count": {"value": 2}, "name": {"value": "GEN-UNIQUE-8"},
        "secret": {"reference": {"keyVault": {"id": "x"}, "secretName": "y"}}}}"#,
    );
    assert!(good.starts_with(r#"["m",2,"ci"#) && good.ends_with(r#"","<secret secret>"]"#), "{good}");
    assert_eq!(good.split('"').nth(3).map(str::len), Some(8));
    assert!(given(r#"{"size": {"value": "L"}}"#).contains("arm.parameter-not-allowed 1:20"));
    assert!(given(r#"{"count": {"value": 4}}"#).contains("arm.parameter-out-of-range"));
    assert!(given(r#"{"count": {"value": "4"}}"#).contains("arm.parameter-type"));
    assert!(given(r#"{"count": 2}"#).contains("arm.parameters-file 1:1"));
    assert!(given(r#"{"cuont": {"value": 4}}"#).contains("arm.unknown-parameter 1:2"));
}

/// Catches: a value that points nowhere, or at the parameter's declaration where the template's own line matters.
#[test]
fn values_know_their_place() {
    let text = "{\"contentVersion\": \"1\", \"variables\": {\"list\": [\"a\", \"b\"]},\n\"resources\": [{\"type\": \"A.B/c\", \"apiVersion\": \"1\", \"name\": \"n\",\n\"properties\": {\"x\": \"[variables('list')]\",\n\"y\": 1}}]}";
    let (deployment, sources) = evaluated(text, None);
    let line = |value: &Value| sources.locate(value.span).map(|at| at.line);
    let properties = deployment.resources[0].properties();
    assert_eq!(line(properties.get("x").unwrap()), Some(3));
    assert_eq!(line(&properties.get("x").unwrap().items()[1]), Some(1));
    assert_eq!(line(properties.get("y").unwrap()), Some(4));
    assert_eq!(sources.locate(deployment.resources[0].span).map(|at| at.line), Some(2));
}

/// Catches: a resource declared twice accepted; a nested template that writes a resource again refused.
#[test]
fn a_resource_is_declared_once_a_template() {
    let one = r#"{"type": "A.B/c", "apiVersion": "1", "name": "x"}"#;
    let found = problems(&format!(r#""resources": [{one}, {one}]"#));
    assert!(found.contains("arm.duplicate-resource"), "{found}");
    let again = format!(
        r#"{{"type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "again", "dependsOn": ["x"],
            "properties": {{"template": {{"contentVersion": "1", "resources": [{one}]}}}}}}"#
    );
    let deployment = good(&format!(r#""resources": [{again}, {one}]"#));
    assert_eq!(names(&deployment), ["x", "x", "again"]);
    assert!(deployment.resources[0].span.start > deployment.resources[1].span.start);
}

/// Catches: placeholders that cannot be read back, or break when the resource's name is itself one.
#[test]
fn what_only_azure_knows_is_a_placeholder() {
    let deployment = good(
        r#""parameters": {"n": {"type": "string"}}, "resources": [
            {"type": "Microsoft.Network/azureFirewalls", "apiVersion": "1", "name": "[parameters('n')]", "location": "eastus", "properties": {}},
            {"type": "Microsoft.Network/routeTables", "apiVersion": "1", "name": "r", "properties": {
                "next": "[reference(resourceId('Microsoft.Network/azureFirewalls', parameters('n'))).ipConfigurations[0].properties.privateIPAddress]",
                "first": "[first(reference(parameters('n')).ipConfigurations).name]",
                "where": "[reference(parameters('n'), '1', 'Full').location]",
                "key": "[listKeys(parameters('n'), '1').keys[0].value]"}}]"#,
    );
    let properties = deployment.resources[1].properties();
    let text = |key: &str| properties.get(key).and_then(Value::as_str).unwrap();
    let id = format!("{GROUP}/providers/Microsoft.Network/azureFirewalls/<n>");
    let path = "properties.ipConfigurations[0].properties.privateIPAddress";
    assert_eq!(Placeholder::parse(text("next")), Some(Placeholder { resource_id: &id, path }));
    assert_eq!(Placeholder::parse(text("first")).map(|it| it.path), Some("properties.ipConfigurations[0].name"));
    assert_eq!(text("where"), "eastus");
    assert_eq!(text("key"), format!("<listKeys({id}).keys[0].value>"));
    assert_eq!(Placeholder::parse("<n>"), None);
    assert_eq!(deployment.resources[1].depends_on, [id]);
}
