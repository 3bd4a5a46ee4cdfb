//! Recorded deployments: the template, and what Azure made of it.

use std::collections::BTreeSet;
use std::fs;

use sim_core::source::FileId;

use super::super::{Deployment, Environment, deploy};
use super::corpus::{corpus, templates};
use crate::json::{Value, parse_text};

fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.path(path).and_then(Value::as_str).unwrap_or_default()
}

/// Ids in lower case from the provider on: older answers give no more.
fn ids<'v>(list: impl IntoIterator<Item = &'v str>) -> BTreeSet<String> {
    let own = |id: &str| id.split_once("/providers/").map_or(id, |(_, own)| own).to_ascii_lowercase();
    list.into_iter().map(own).collect()
}

fn recordings(folder: &str) -> Vec<(String, Value)> {
    let paths = corpus(folder).map(|folder| templates(&folder)).unwrap_or_default();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = parse_text(&fs::read_to_string(path).unwrap(), FileId(0));
        (name, document.value.expect("a recording is JSON"))
    };
    paths.iter().map(read).collect()
}

/// Deploys a recorded request where the recorded deployment was.
fn deployed(name: &str, id: &str, request: &Value) -> Deployment {
    let parts: Vec<&str> = id.split('/').collect();
    let group = if parts[3].eq_ignore_ascii_case("resourceGroups") { parts[4] } else { "" };
    let environment = Environment {
        subscription_id: parts[2].to_owned(),
        resource_group: group.to_owned(),
        // Where the recorded group was that shows in an answer.
        location: "southcentralus".to_owned(),
        deployment_name: parts[parts.len() - 1].to_owned(),
        ..Environment::default()
    };
    let deployment = deploy(request.get("template").unwrap(), request.get("parameters"), &environment);
    assert!(!deployment.has_errors(), "{name}: {:#?}", deployment.diagnostics);
    deployment
}

/// Catches: a resource lost, made up or misnamed, and a dependency lost or made up, in templates of which Azure's own
/// answer was recorded.
#[test]
fn resources_and_dependencies_are_those_azure_found() {
    for (name, recording) in recordings("oracles/arm-deployments") {
        let recorded = recording.get("deployment").unwrap();
        let deployment = deployed(&name, text(recorded, &["id"]), recorded.get("request").unwrap());
        let nested = |id: &&str| id.to_ascii_lowercase().contains("/microsoft.resources/deployments/");
        let made = deployment.resources.iter().map(|resource| resource.id.as_str());
        let made = ids(made.filter(|id| !nested(id)));
        let answer = recorded.path(&["answer", "outputResources"]).unwrap().items();
        let expected = ids(answer.iter().map(|entry| text(entry, &["id"])).filter(|id| !nested(id)));
        assert_eq!(made, expected, "{name}: resources");

        for entry in recorded.path(&["answer", "dependencies"]).unwrap().items() {
            let own = text(entry, &["id"]);
            let Some(resource) = deployment.resources.iter().find(|it| it.id.eq_ignore_ascii_case(own)) else {
                panic!("{name}: {own} has dependencies, but is not there");
            };
            let found = ids(resource.depends_on.iter().map(String::as_str));
            // Azure also lists what is asked of resources outside of the template.
            let others = entry.get("dependsOn").unwrap().items();
            let mut others = ids(others.iter().map(|other| text(other, &["id"])));
            others.retain(|id| made.contains(id));
            assert_eq!(found, others, "{name}: {own}");
        }
    }
}

/// Catches: any evaluated property that differs from what Azure's own validation gave back, `uniqueString` included.
#[test]
fn evaluated_bodies_are_those_azure_validated() {
    let mut compared = 0;
    for (name, recording) in recordings("oracles/arm-validate") {
        for ask in recording.get("asks").unwrap().items() {
            let Some(validated) = ask.path(&["answer", "properties", "validatedResources"]) else { continue };
            let Some(request) = request(ask) else { continue };
            let deployment = deployed(&name, text(ask, &["answer", "id"]), request.get("properties").unwrap());
            let masked = text(ask, &["answer", "id"]).contains("00000000-0000-0000-0000-000000000000");
            if masked && request.to_string().to_lowercase().contains("uniquestring") {
                continue;
            }
            let found: Vec<&str> = deployment.resources.iter().map(|it| it.id.as_str()).collect();
            assert_eq!(ids(found.iter().copied()), ids(validated.items().iter().map(|it| text(it, &["id"]))), "{name}");
            for expected in validated.items() {
                let id = text(expected, &["id"]);
                let made = deployment.resources.iter().find(|it| it.id.eq_ignore_ascii_case(id));
                let made = made.unwrap_or_else(|| panic!("{name}: {id} is not among {found:?}"));
                for member in expected.members().iter().filter(|member| !not_compared(&member.key, id)) {
                    let found = made.body.get(&member.key);
                    let difference = found.map_or(Some("missing".to_owned()), |it| difference(it, &member.value));
                    assert_eq!(difference, None, "{name}: {id}: {}", member.key);
                    compared += 1;
                }
            }
        }
    }
    if corpus("oracles").is_some() {
        assert!(compared > 50, "{compared} members compared");
    }
}

/// The first difference. What Azure leaves unevaluated in a validation (`reference()` and its like) equals anything.
fn difference(found: &Value, expected: &Value) -> Option<String> {
    if expected.as_str().is_some_and(|text| text.starts_with('[')) {
        return None;
    }
    // The recorder has taken the secret out, and so do we.
    if expected.as_str() == Some("<removed>") && found.as_str().is_some_and(|text| text.starts_with("<secret ")) {
        return None;
    }
    let lengths = (found.items().len() + found.members().len(), expected.items().len() + expected.members().len());
    if lengths.0 != lengths.1 || lengths.0 == 0 && found != expected {
        return Some(format!("{found} is not {expected}"));
    }
    let items = found.items().iter().zip(expected.items());
    let mut members = expected.members().iter().map(|member| (found.get(&member.key), &member.value));
    items.map(|(found, expected)| difference(found, expected)).find_map(|it| it).or_else(|| {
        members.find_map(|(found, expected)| match found {
            Some(found) => difference(found, expected),
            None => Some(format!("{expected} is missing")),
        })
    })
}

/// Dependencies are compared above; a deployment's template is not part of its body here.
fn not_compared(key: &str, id: &str) -> bool {
    matches!(key, "id" | "dependsOn") || key == "properties" && id.contains("/Microsoft.Resources/deployments/")
}

/// The body of a request; `az` sends one that is not quite JSON, with a bare key.
fn request(ask: &Value) -> Option<Value> {
    match ask.get("request")?.as_str() {
        Some(raw) => parse_text(&raw.replacen(" template:{", " \"template\":{", 1), FileId(0)).value,
        None => ask.get("request").cloned(),
    }
}
