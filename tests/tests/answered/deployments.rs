//! `oracles/arm-deployments`: a template and its parameters, and the outputs that Azure answered.

use crate::compare::Comparison;
use crate::table::check;
use serde_json::{Value, json};
use topologies::arm::Environment;
use topologies::{Input, World, load};
use vnetsim_tests::oracles::{Entry, day, recordings};

#[test]
fn azure_gives_the_same_outputs() {
    // Catches: a `reference()` that is not answered from what the deployment makes, an output that is lost or not evaluated,
    // a default of a whole balancer, scale set or application gateway that Azure fills in otherwise.
    let (mut found, mut fields, mut outputs) = (Vec::new(), 0, 0);
    let recordings = recordings("arm-deployments");
    for (name, recording) in &recordings {
        let deployment = &recording["deployment"];
        let ours = outputs_of(deployment);
        for (output, answer) in deployment["answer"]["outputs"].as_object().into_iter().flatten() {
            let own = ours.iter().find(|(name, _)| name.eq_ignore_ascii_case(output)).map(|(_, value)| value);
            let comparison = Comparison::of(own.unwrap_or(&Value::Null), &answer["value"]);
            outputs += 1;
            fields += comparison.fields;
            found.extend(comparison.differences.into_iter().map(|it| Entry::new(name, format!("output {output}"), it)));
        }
    }
    println!("deployments: {outputs} outputs, {fields} fields compared, {} differ", found.len());
    let files: Vec<String> = recordings.into_iter().map(|(name, _)| name).collect();
    check("arm-deployments/", "output ", &files, &found);
}

/// The version in which `az` reads networks in the recordings, whatever their day; gateways in newer ones.
const READ: &str = "2022-01-01";

#[test]
fn azure_reads_back_the_same() {
    // Catches: a NIC without its machine or its address, a pool without its members, a default that is not filled in when a
    // template leaves it out.
    let (mut found, mut fields, mut bodies) = (Vec::new(), 0, 0);
    let recordings = recordings("arm-deployments");
    for (name, recording) in &recordings {
        let deployment = &recording["deployment"];
        let world = world_of(deployment);
        for answer in deployment["after"].as_array().into_iter().flatten() {
            let id = answer["id"].as_str().expect("an id");
            if !id.contains("/Microsoft.Network/") {
                continue;
            }
            let day = day(deployment["recorded"].as_str().expect("a day"));
            let version = if id.contains("/applicationGateways/") { day } else { day.min(READ.to_owned()) };
            let ours = world.answer(id, Some(&version)).map_or(Value::Null, |it| plain(&it));
            let comparison = Comparison::of(&ours, answer);
            bodies += 1;
            fields += comparison.fields;
            let entry = |it| Entry::new(name, format!("after {}", answer["name"].as_str().unwrap_or_default()), it);
            found.extend(comparison.differences.into_iter().map(entry));
        }
    }
    println!("read back: {bodies} bodies, {fields} fields compared, {} differ", found.len());
    let files: Vec<String> = recordings.into_iter().map(|(name, _)| name).collect();
    check("arm-deployments/", "after ", &files, &found);
}

fn outputs_of(deployment: &Value) -> Vec<(String, Value)> {
    world_of(deployment).outputs.iter().map(|it| (it.name.clone(), plain(&it.value))).collect()
}

fn plain(value: &topologies::json::Value) -> Value {
    serde_json::from_str(&value.to_string()).expect("JSON")
}

fn world_of(deployment: &Value) -> World {
    let id: Vec<&str> = deployment["id"].as_str().expect("an id").split('/').collect();
    let group = if id[3].eq_ignore_ascii_case("resourceGroups") { id[4] } else { "" };
    let environment = Environment {
        subscription_id: id[2].to_owned(),
        resource_group: group.to_owned(),
        deployment_name: id[id.len() - 1].to_owned(),
        ..Environment::default()
    };
    let request = &deployment["request"];
    let template = Input::new("template.json", request["template"].to_string());
    let parameters = json!({"contentVersion": "1.0.0.0", "parameters": request["parameters"]});
    let parameters =
        request["parameters"].is_object().then(|| Input::new("template.parameters.json", parameters.to_string()));
    load(&[template], parameters.as_ref(), &environment)
}
