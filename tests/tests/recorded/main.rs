//! Azure's own answers: every recorded question is asked again of the recorded network, exactly as it was, and the answers
//! are compared field by field. What differs stands in a table with its cause, or the test fails.

mod compare;
mod corpus;
mod table;

use corpus::Ask;
use scenarios::az::{Azure, Request};
use serde_json::{Value, json};
use sim_core::assumption::Choices;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use vnetsim_tests::oracles::{self, Entry};

#[test]
fn azure_answers_the_same() {
    // Catches: a rule, route or address decided otherwise than Azure decides it, a field misspelt, missing or made up, an
    // answer in the form of another version of the API; and an excuse for a difference that is gone.
    let recordings = corpus::recordings();
    if recordings.is_empty() {
        eprintln!("skipped: there is no corpus beside the workspace");
        return;
    }
    let (mut found, mut asks, mut fields) = (Vec::new(), 0, 0);
    let mut spent = Duration::ZERO;
    for recording in &recordings {
        let mut worlds: BTreeMap<(&str, String), Azure> = BTreeMap::new();
        for (n, ask) in recording.asks.iter().enumerate() {
            let start = Instant::now();
            let azure = worlds
                .entry((&ask.world, ask.date.to_string()))
                .or_insert_with(|| Azure::new(recording.world(&ask.world), ask.date, Choices::default()));
            let ours = answer(azure, ask);
            spent += start.elapsed();
            let azures = json!({"status": ask.status, "body": ask.answer});
            asks += 1;
            fields += compare::fields(&azures);
            let differences = compare::differences(&ours, &azures);
            found.extend(differences.into_iter().map(|it| Entry::new(&recording.name, n, it)));
        }
    }
    println!("{asks} questions, {fields} fields, {} differences, {spent:?} for loading and answering", found.len());
    oracles::check("recorded-differences.csv", &table::CAUSES, |_| true, &found);
}

fn answer(azure: &Azure, ask: &Ask) -> Value {
    let request = Request { method: ask.method.clone(), uri: ask.uri.clone(), body: ask.request.clone() };
    match azure.answer(&request) {
        Ok(body) => json!({"status": 200, "body": body}),
        Err(fault) => json!({"status": fault.status(), "body": fault.body()}),
    }
}
