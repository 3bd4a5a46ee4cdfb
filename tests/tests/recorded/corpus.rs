//! The recordings: networks as they were, questions about them, and what Azure answered.

use serde_json::{Value, json};
use topologies::arm::Environment;
use topologies::facts::Date;
use topologies::{Input, World, load};
use vnetsim_tests::oracles;

/// The folders with questions, in order.
const FOLDERS: [&str; 4] = ["effective", "ipam", "network-watcher", "routes-and-lb"];

/// A file of recorded answers.
pub struct Recording {
    /// Folder and name, without the ending.
    pub name: String,
    pub asks: Vec<Ask>,
    worlds: Value,
}

/// A recorded question with its answer.
pub struct Ask {
    pub world: String,
    pub method: String,
    pub uri: String,
    pub request: Option<Value>,
    pub status: u16,
    pub answer: Value,
    pub date: Date,
}

/// All recordings, in the order of their names; none where the corpus is absent.
pub fn recordings() -> Vec<Recording> {
    FOLDERS.iter().flat_map(|folder| oracles::recordings(folder)).map(Recording::read).collect()
}

impl Recording {
    fn read((name, mut file): (String, Value)) -> Self {
        let asks = file["asks"].take();
        let worlds = file["worlds"].take();
        let asks = asks.as_array().expect("questions").iter().map(|ask| Ask::read(ask, &worlds)).collect();
        Self { name, asks, worlds }
    }

    /// A recorded network, read as a user's files are: what was deployed as a template, and over it the bodies as Azure
    /// gave them back.
    pub fn world(&self, name: &str) -> World {
        let world = &self.worlds[name];
        let mut environment = Environment::default();
        let mut inputs = Vec::new();
        let deployments: Vec<&Value> = world["deployments"].as_array().into_iter().flatten().collect();
        if let Some(id) = deployments.first().and_then(|it| it["id"].as_str()) {
            environment.subscription_id = part(id, 2).to_owned();
            environment.resource_group.clear();
            inputs.push(Input::new("deployments.json", deployed(&deployments).to_string()));
        }
        inputs.push(Input::new("resources.json", world["resources"].to_string()));
        let world = load(&inputs, None, &environment);
        assert!(!world.has_errors(), "{}: {:#?}", self.name, world.diagnostics);
        world
    }
}

/// One template for several deployments, each to its own group.
fn deployed(deployments: &[&Value]) -> Value {
    let nested = |(n, deployment): (usize, &&Value)| {
        json!({
            "type": "Microsoft.Resources/deployments",
            "apiVersion": "2022-09-01",
            "name": format!("deployment{n}"),
            "resourceGroup": part(deployment["id"].as_str().unwrap_or_default(), 4),
            "properties": {
                "mode": "Incremental",
                "expressionEvaluationOptions": {"scope": "inner"},
                "template": deployment["template"],
                "parameters": deployment["parameters"],
            },
        })
    };
    let resources: Vec<Value> = deployments.iter().enumerate().map(nested).collect();
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": resources,
    })
}

fn part(id: &str, n: usize) -> &str {
    id.split('/').nth(n).unwrap_or_default()
}

impl Ask {
    fn read(ask: &Value, worlds: &Value) -> Self {
        let text = |key: &str| ask[key].as_str().unwrap_or_default().to_owned();
        let answer = ask["answer"].clone();
        let request = Some(ask["request"].clone()).filter(|it| !it.is_null());
        let request = match text("kind").as_str() {
            // Java's recorder left the bodies out.
            "connectivityCheck" if request.is_none() => Some(rebuilt(&answer, &worlds[text("world")])),
            _ => request,
        };
        Self {
            world: text("world"),
            method: text("method"),
            uri: text("uri"),
            request,
            status: ask["status"].as_u64().and_then(|it| u16::try_from(it).ok()).expect("a status"),
            answer,
            date: oracles::day(&text("recorded")).parse().expect("a date"),
        }
    }
}

/// A question whose body was not recorded, from the ends of the way in its answer. The port is that of the test's source.
fn rebuilt(answer: &Value, world: &Value) -> Value {
    let hops = answer["hops"].as_array().expect("hops");
    let (first, last) = (hops.first().expect("a hop"), hops.last().expect("a hop"));
    let source = first["resourceId"].as_str().expect("an id");
    // Some answers name an address of the machine that asked, instead of the machine.
    let nic = source.split("/ipConfigurations/").next().unwrap_or(source);
    let resources = || world["resources"].as_array().into_iter().flatten();
    let named = resources().find(|it| it["id"] == nic).and_then(|it| it["properties"]["virtualMachine"]["id"].as_str());
    let has = |machine: &&Value| {
        let nics = machine["properties"]["networkProfile"]["networkInterfaces"].as_array();
        nics.into_iter().flatten().any(|it| it["id"] == nic)
    };
    let machine = named.or_else(|| resources().find(has)?["id"].as_str()).unwrap_or(source);
    json!({"source": {"resourceId": machine}, "destination": {"address": last["address"], "port": 22}})
}
