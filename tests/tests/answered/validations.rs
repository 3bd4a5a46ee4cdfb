//! `oracles/arm-validate`: what Azure said to a template before it deployed anything.

use crate::compare::Comparison;
use crate::table::check;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use topologies::arm::{self, Deployment, Environment};
use topologies::json;
use topologies::source::Sources;
use vnetsim_tests::oracles::{Entry, recordings};

#[test]
fn azure_refuses_the_same() {
    // Tests `refuse-unknown-group`.
    // Catches: a template that is taken here and refused by Azure, or the other way round; another code; another text; a group
    // that is not there and not missed.
    let (mut found, mut asks, mut refusals) = (Vec::new(), 0, 0);
    let recordings = recordings("arm-validate");
    for (name, recording) in &recordings {
        let groups = groups(recording);
        for (n, ask) in recording["asks"].as_array().into_iter().flatten().enumerate() {
            let Some((template, deployment, sources)) = validated(ask, &groups) else { continue };
            let ours = arm::refused(&template, &deployment, &sources)
                .map_or(Value::Null, |it| json!({"code": it.code, "message": it.message}));
            let azures = ask["answer"].get("error").map_or(Value::Null, innermost);
            asks += 1;
            refusals += usize::from(!azures.is_null());
            found.extend(Comparison::of(&ours, &azures).differences.into_iter().map(|it| Entry::new(name, n, it)));
        }
    }
    println!("validations: {asks} templates, {refusals} of them refused, {} compared otherwise", found.len());
    let files: Vec<String> = recordings.into_iter().map(|(name, _)| name).collect();
    check("arm-validate/", "", &files, &found);
}

#[test]
fn azure_foresees_the_same_changes() {
    // Catches: a resource that would be made or changed and is not named, or is named and would not be; a property of the
    // template that does not arrive as Azure says it will.
    for (name, recording) in recordings("arm-validate") {
        for ask in recording["asks"].as_array().into_iter().flatten().filter(|ask| ask["kind"] == "whatIf") {
            let (_, deployment, _) = validated(ask, &groups(&recording)).expect("a template");
            let changes = ask["answer"]["changes"].as_array().expect("changes");
            for change in changes.iter().filter(|change| change["changeType"] != "Ignore") {
                let id = change["resourceId"].as_str().expect("an id");
                // Groups are masked, and names made of them are of the group's true name.
                let kind = change["after"]["type"].as_str().expect("a type");
                let made = deployment.resources.iter().find(|it| it.resource_type.eq_ignore_ascii_case(kind));
                let made = made.unwrap_or_else(|| panic!("{name}: {id} is not made"));
                let body: Value = serde_json::from_str(&made.body.to_string()).expect("JSON");
                for (key, value) in body.as_object().into_iter().flatten() {
                    if !["id", "name", "location", "properties"].contains(&key.as_str()) {
                        assert_eq!(&change["after"][key], value, "{name}: {id}: {key}");
                    }
                }
            }
        }
    }
}

/// The template of a question, evaluated where it would be deployed.
fn validated(ask: &Value, groups: &BTreeSet<String>) -> Option<(json::Value, Deployment, Sources)> {
    if ask["kind"] != "validate" && ask["kind"] != "whatIf" {
        return None;
    }
    // `az` sends what is not quite JSON, with a bare key.
    let text = match ask["request"].as_str() {
        Some(raw) => raw.replacen(" template:{", " \"template\":{", 1),
        None => ask["request"].to_string(),
    };
    let mut sources = Sources::default();
    let file = sources.add("request", text);
    let request = json::parse(&sources, file).value?;
    let template = request.path(&["properties", "template"])?.clone();
    let uri = ask["uri"].as_str().unwrap_or_default();
    let path: Vec<&str> = uri.split("/subscriptions/").nth(1)?.split('/').collect();
    let group = if path[1].eq_ignore_ascii_case("resourcegroups") { path[2] } else { "" };
    let environment = Environment {
        subscription_id: path[0].to_owned(),
        resource_group: group.to_owned(),
        other_groups: Some(groups.iter().cloned().collect()),
        ..Environment::default()
    };
    let deployment = arm::deploy(&template, request.path(&["properties", "parameters"]), &environment);
    Some((template, deployment, sources))
}

/// The resource groups that Azure's answers in a recording name, in lower case.
fn groups(recording: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for ask in recording["asks"].as_array().into_iter().flatten().filter(|ask| ask["status"] == 200) {
        let text = ask["answer"].to_string().to_lowercase();
        let names = text.split("/resourcegroups/").skip(1).filter_map(|rest| rest.split(['/', '"']).next());
        found.extend(names.map(str::to_owned));
    }
    found
}

/// The code and text of an error; where Azure only says that there are errors inside, those of the first.
fn innermost(error: &Value) -> Value {
    match error["details"].as_array().and_then(|details| details.first()) {
        Some(inner) if error["code"] == "MultipleErrorsOccurred" => innermost(inner),
        _ => json!({"code": error["code"], "message": error["message"]}),
    }
}
