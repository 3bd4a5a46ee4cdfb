//! Input that means harm, or is broken.

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sim_core::source::FileId;

use super::corpus::{corpus, templates};
use super::{evaluated, listed};
use crate::arm::{Environment, deploy};
use crate::json;

/// The diagnostics of a template, which must come soon.
fn problems(template: &str) -> String {
    let start = Instant::now();
    let (deployment, sources) = evaluated(template, None);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "took {took:?}");
    listed(&deployment, &sources)
}

fn with_output(variables: &str, output: &str) -> String {
    format!(
        r#"{{"contentVersion": "1", "variables": {{{variables}}}, "resources": [], "outputs": {{"x": {{"value": "{output}"}}}}}}"#
    )
}

/// Catches: a few lines that make gigabytes: strings and values that double, loops inside loops.
#[test]
fn bombs_end_at_a_limit() {
    let doubling = |start: &str, double: &str| {
        let mut variables = format!(r#""v0": "{start}""#);
        for at in 1..60 {
            variables += &format!(r#", "v{at}": "[{}]""#, double.replace("$", &format!("variables('v{}')", at - 1)));
        }
        with_output(&variables, "[variables('v59')]")
    };
    let found = problems(&doubling("0123456789", "concat($, $)"));
    assert!(found.contains("arm.string-too-long"), "{found}");
    let found = problems(&doubling("x", "createArray($, $)"));
    assert!(found.contains("arm.too-much-work"), "{found}");
    let found = problems(&doubling("x", "createObject('a', $, 'b', $)"));
    assert!(found.contains("arm.too-much-work"), "{found}");
    let loops = "[map(range(0, 10000), lambda('a', map(range(0, 10000), lambda('b', 1))))]";
    let found = problems(&with_output("", loops));
    assert!(found.contains("arm.too-much-work"), "{found}");
    let nested = r#"{"copy": [{"name": "a", "count": 800, "input": {"copy": [{"name": "b", "count": 800, "input": {"copy": [{"name": "c", "count": 800, "input": 1}]}}]}}]}"#;
    let found = problems(&format!(
        r#"{{"contentVersion": "1", "variables": {{"v": {nested}}}, "resources": [], "outputs": {{"x": {{"value": "[variables('v')]"}}}}}}"#
    ));
    assert!(found.contains("arm.too-much-work"), "{found}");
}

/// Catches: counts out of bounds accepted: too many, negative, no number.
#[test]
fn loop_counts_are_checked() {
    for count in ["801", "-1", "\"many\"", "1.5", "99999999999999999999"] {
        let found = problems(&format!(
            r#"{{"contentVersion": "1", "resources": [{{"type": "A.B/c", "apiVersion": "1", "name": "[concat('x', copyIndex())]", "copy": {{"name": "l", "count": {count}}}}}]}}"#
        ));
        assert!(found.contains("arm.copy-count"), "{count}: {found}");
    }
}

/// Catches: a stack overflow through values, variables, functions or lambdas that nest.
#[test]
fn deep_evaluations_end_at_a_limit() {
    let mut variables = r#""v0": "x""#.to_owned();
    for at in 1..1_000 {
        variables += &format!(r#", "v{at}": {{"a": ["[createArray(variables('v{}'))]"]}}"#, at - 1);
    }
    let found = problems(&with_output(&variables, "[variables('v999')]"));
    assert!(found.contains("arm.too-deep"), "{found}");
    let found =
        problems(&with_output("", "[reduce(range(0, 1000), 0, lambda('a', 'b', createArray(lambdaVariables('a'))))]"));
    assert!(found.contains("arm.too-deep"), "{found}");
    let found = problems(
        r#"{"contentVersion": "1", "resources": [], "functions": [{"namespace": "n", "members": {"f": {"parameters": [], "output": {"value": "[n.f()]"}}}}],
        "outputs": {"x": {"value": "[n.f()]"}}}"#,
    );
    assert!(found.contains("arm.too-deep"), "{found}");
    let long: String = (0..700).map(|at| {
        let next = at + 1;
        format!(r#"{{"type": "A.B/c", "apiVersion": "1", "name": "r{at}", "properties": {{"x": "[reference('r{next}').x]"}}}},"#)
    }).collect();
    let found = problems(&format!(
        r#"{{"contentVersion": "1", "resources": [{long} {{"type": "A.B/c", "apiVersion": "1", "name": "r700", "properties": {{"x": 1}}}}]}}"#
    ));
    assert!(found.is_empty() || found.contains("arm.too-deep"), "{found}");
}

/// Catches: a long but honest chain of dependencies refused.
#[test]
fn a_chain_of_a_thousand_dependencies_is_fine() {
    let chain: Vec<String> = (0..1_000)
        .map(|at| {
            let next = if at == 999 { String::new() } else { format!("\"r{}\"", at + 1) };
            format!(r#"{{"type": "A.B/c", "apiVersion": "1", "name": "r{at}", "dependsOn": [{next}]}}"#)
        })
        .collect();
    let template = format!(r#"{{"contentVersion": "1", "resources": [{}]}}"#, chain.join(","));
    let (deployment, _) = evaluated(&template, None);
    assert!(deployment.diagnostics.is_empty());
    assert_eq!(deployment.resources[0].name, "r999");
}

/// Catches: templates of another shape than expected: each part replaced by something else.
#[test]
fn parts_of_the_wrong_kind_are_refused() {
    for part in ["1", "null", "\"x\"", "[]", "[1]", "{}", "{\"a\": 1}", "[{\"a\": 1}]", "\"[[\"", "\"[x\""] {
        for key in ["parameters", "variables", "functions", "resources", "outputs", "definitions", "languageVersion"] {
            problems(&format!(r#"{{"contentVersion": "1", "{key}": {part}}}"#));
        }
        for key in ["copy", "condition", "dependsOn", "properties", "resources", "scope", "name", "type", "existing"] {
            let deployment = r#""type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "n""#;
            let member = format!("\"{key}\": {part}");
            let rest: Vec<&str> = deployment.split(", ").filter(|it| !it.starts_with(&format!("\"{key}\""))).collect();
            problems(&format!(r#"{{"contentVersion": "1", "resources": [{{{}, {member}}}]}}"#, rest.join(", ")));
        }
    }
}

/// Read once for all cases; none where the corpus is absent, which is said once too.
static QUICKSTARTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = corpus("arm-templates");
    let paths = folder.map(|folder| templates(&folder)).unwrap_or_default();
    paths.iter().filter_map(|path| fs::read_to_string(path).ok()).filter(|text| text.len() < 20_000).collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Catches: a panic in the expression reader or any function, on text made of the language's own words.
    #[test]
    fn no_expression_panics(words in prop::collection::vec(prop::sample::select(vec![
        "concat", "(", ")", "[", "]", ".", "?", ",", "'a'", "'", "0", "-1", "9223372036854775807", "parameters('p')", "variables('v')",
        "reference('r')", "copyIndex()", "lambda('x', ", "lambdaVariables('x')", "map(", "createArray(", "createObject('a', ",
        "substring(", "split(", "format('{0:D99}'", "if(true(), ", "take(", "padLeft(", "range(", "cidrSubnet('10.0.0.0/8', ",
        "cidrHost('::/0', ", "dateTimeAdd('2020-01-01', ", "utcNow(", "union(", "resourceId('A.B/c', ", "é", " ",
    ]), 0..12)) {
        let expression: String = words.concat();
        let text = serde_json::to_string(&format!("[{expression}]")).unwrap();
        problems(&format!(r#"{{"contentVersion": "1", "parameters": {{"p": {{"type": "array", "defaultValue": [1, "a"]}}}}, "variables": {{"v": {{"a": 1}}}},
            "resources": [{{"type": "A.B/c", "apiVersion": "1", "name": "r", "properties": {{"x": {text}}}}}]}}"#));
    }

    /// Catches: a panic on a real template that was damaged: cut, a byte replaced, a part doubled.
    #[test]
    fn no_damaged_template_panics(
        which in any::<prop::sample::Index>(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec!["", "\"", "[", "]", "{", "}", ",", "null", "0", "'", "(", "copy", "[concat("]), 0_usize..30), 1..6),
    ) {
        // A rejected case would be drawn again, until proptest gives up: without the corpus there is nothing to damage.
        if QUICKSTARTS.is_empty() {
            return Ok(());
        }
        let mut text = which.get(&QUICKSTARTS).clone();
        for (at, insert, remove) in damages {
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
            prop_assume!(!places.is_empty());
            let start = *at.get(&places);
            let end = text.char_indices().map(|(place, _)| place).find(|place| *place >= start + remove).unwrap_or(text.len());
            text.replace_range(start..end, insert);
        }
        if let Some(template) = json::parse_text(&text, FileId(0)).value {
            let deployment = deploy(&template, None, &Environment::default());
            for diagnostic in &deployment.diagnostics {
                if let Some(span) = diagnostic.span {
                    prop_assert!(span.end as usize <= text.len(), "{diagnostic:?}");
                }
            }
        }
    }
}

/// Catches: anything that depends on the run: order of maps, addresses, the clock.
#[test]
fn two_runs_give_the_same() {
    for text in QUICKSTARTS.iter() {
        let run = || format!("{:?}", evaluated(text, None).0);
        assert_eq!(run(), run());
    }
}
