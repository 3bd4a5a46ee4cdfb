//! Recorded deployments: the template, and what Azure made of it.

use std::collections::BTreeSet;
use std::fs;

use super::super::{Environment, deploy};
use super::corpus::{corpus, templates};
use super::listed;
use crate::json::{self, Value};
use crate::source::Sources;

fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.path(path).and_then(Value::as_str).unwrap_or_default()
}

/// Ids in lower case from the provider on: older answers give no more.
fn ids<'v>(list: impl IntoIterator<Item = &'v str>) -> BTreeSet<String> {
    let own = |id: &str| id.split_once("/providers/").map_or(id, |(_, own)| own).to_ascii_lowercase();
    list.into_iter().map(own).collect()
}

/// What Azure adds to an answer without a resource of the template behind it.
fn of_template(id: &str) -> bool {
    !id.to_ascii_lowercase().contains("/providers/microsoft.resources/deployments/")
}

/// Catches: a resource lost, made up or misnamed, and a dependency lost or made up, in templates of which Azure's own
/// answer was recorded.
#[test]
fn resources_and_dependencies_are_those_azure_found() {
    let Some(folder) = corpus("oracles/arm-deployments") else { return };
    for path in templates(&folder) {
        let mut sources = Sources::new();
        let file = sources.add(path.display().to_string(), fs::read_to_string(&path).unwrap());
        let recording = json::parse(&sources, file).value.expect("the recording is JSON");
        let recorded = recording.get("deployment").unwrap();
        let id: Vec<&str> = text(recorded, &["id"]).split('/').collect();
        let environment = Environment {
            subscription_id: id[2].to_owned(),
            resource_group: id[4].to_owned(),
            deployment_name: id[8].to_owned(),
            ..Environment::default()
        };
        let template = recorded.path(&["request", "template"]).unwrap();
        let deployment = deploy(template, recorded.path(&["request", "parameters"]), &environment);
        let name = path.file_name().unwrap().display();
        assert!(!deployment.has_errors(), "{name}:\n{}", listed(&deployment, &sources));

        let made = ids(deployment.resources.iter().map(|resource| resource.id.as_str()).filter(|id| of_template(id)));
        let answer = recorded.path(&["answer", "outputResources"]).unwrap().items();
        let expected = ids(answer.iter().map(|entry| text(entry, &["id"])).filter(|id| of_template(id)));
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
