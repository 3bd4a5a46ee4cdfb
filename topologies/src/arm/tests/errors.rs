//! Errors: where they are, how they are told, and how Azure would tell them.

use super::{evaluated, listed};
use crate::arm::{Environment, deploy, refused as refused_by};
use crate::json;
use crate::source::Sources;

/// Catches: an error deep in nested deployments that does not say in which, or says it of another one.
#[test]
fn errors_name_the_deployments_they_are_in() {
    let inner = |name: &str, resources: &str| {
        format!(
            r#"{{"type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "{name}", "properties": {{"mode": "Incremental",
                "expressionEvaluationOptions": {{"scope": "inner"}}, "template": {{"contentVersion": "1", "resources": [{resources}]}}}}}}"#
        )
    };
    let wrong = r#"{"type": "A.B/c", "apiVersion": "1", "name": "x", "properties": {"a": "[variables('v')]"}, "dependsOn": ["y"]}"#;
    let text = format!(r#"{{"contentVersion": "1", "resources": [{}]}}"#, inner("outer", &inner("deeper", wrong)));
    let (deployment, _) = evaluated(&text, None);
    let codes: Vec<&str> = deployment.diagnostics.iter().map(|it| it.code).collect();
    assert_eq!(codes, ["arm.unknown-dependency", "arm.unknown-variable"]);
    for diagnostic in &deployment.diagnostics {
        let notes: Vec<&str> = diagnostic.notes.iter().map(|(_, note)| note.as_str()).collect();
        let chain = ["in the nested deployment 'deeper'", "which is in the nested deployment 'outer'"];
        assert!(notes.ends_with(&chain), "{notes:?}");
    }
}

/// Catches: Azure's own words lost or changed; a template refused by the kind of error that Azure meets later; a refusal of a
/// template that Azure takes.
#[test]
fn templates_are_refused_in_azures_words() {
    let resource =
        |name: &str, rest: &str| format!(r#"{{"type": "A.B/c", "apiVersion": "1", "name": "{name}"{rest}}}"#);
    let answer = |parameters: &str, resources: &str, given: &str| {
        let text = format!(
            "{{\"contentVersion\": \"1\", \"parameters\": {{\n  {parameters}}},\n \"resources\": [\n  {resources}]}}"
        );
        let mut sources = Sources::new();
        let file = sources.add("azuredeploy.json", text);
        let template = json::parse(&sources, file).value.unwrap();
        let file = sources.add("given.json", given);
        let given = json::parse(&sources, file).value.unwrap();
        let deployment = deploy(&template, Some(&given), &Environment::default());
        refused_by(&template, &deployment, &sources).map(|it| format!("{}: {}", it.code, it.message))
    };
    let failed = |text: &str| Some(format!("InvalidTemplate: Deployment template validation failed: '{text}'."));
    let size = r#""size": {"type": "string", "allowedValues": ["S", "M"]}"#;
    let used = resource("[parameters('size')]", "");
    assert_eq!(
        answer(size, &used, r#"{"siz": {"value": "S"}}"#),
        failed(
            "The template parameters 'siz' in the parameters file are not valid; they are not present in the original template and \
             can therefore not be provided at deployment time. The only supported parameters for this template are 'size'. Please \
             see https://aka.ms/arm-pass-parameter-values for usage details."
        )
    );
    assert_eq!(
        answer(size, &used, "{}"),
        failed(
            "The value for the template parameter 'size' at line '2' and column '11' is not provided. Please see \
             https://aka.ms/arm-create-parameter-file for usage details."
        )
    );
    assert_eq!(
        answer(size, &used, r#"{"size": {"value": "L"}}"#),
        failed(
            "The provided value 'L' for the template parameter 'size' at line '2' and column '11' is not valid. The parameter \
             value is not part of the allowed value(s): 'S,M'."
        )
    );
    assert_eq!(
        answer("", &resource("a/b", ""), "{}"),
        failed(
            "The template resource 'a/b' for type 'A.B/c' at line '4' and column '3' has incorrect segment lengths. A nested \
             resource type must have identical number of segments as its resource name. A root resource type must have segment \
             length one greater than its resource name. Please see https://aka.ms/arm-syntax-resources for usage details."
        )
    );
    let circle = [resource("a", r#", "dependsOn": ["b"]"#), resource("b", r#", "dependsOn": ["a"]"#)].join(",");
    let words = answer("", &circle, "{}").unwrap();
    assert!(words.contains("Circular dependency detected on resource: '"), "{words}");
    assert_eq!(answer(size, &used, r#"{"size": {"value": "S"}}"#), None);
}

/// Catches: a given value that is checked only where something uses it.
#[test]
fn every_given_value_is_checked() {
    let template = r#"{"contentVersion": "1", "resources": [], "parameters": {"size": {"type": "string", "allowedValues": ["S"]}, "count": {"type": "int"}}}"#;
    let (deployment, sources) =
        evaluated(template, Some(r#"{"size": {"value": "L"}, "count": {"value": "x"}, "siz": {"value": 1}}"#));
    let found = listed(&deployment, &sources);
    for code in ["arm.parameter-not-allowed", "arm.parameter-type", "arm.unknown-parameter"] {
        assert!(found.contains(code), "{found}");
    }
}
