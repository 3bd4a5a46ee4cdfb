//! Tests of the template reader as a whole.

mod corpus;
mod errors;
mod hostile;
mod recorded;
mod templates;

use super::{Deployment, Environment, deploy};
use crate::json;
use crate::source::Sources;

/// Evaluates a template (and parameters) given as text.
fn evaluated(template: &str, parameters: Option<&str>) -> (Deployment, Sources) {
    let mut sources = Sources::new();
    let file = sources.add("azuredeploy.json", template);
    let template = json::parse(&sources, file).value.expect("the template is JSON");
    let parameters = parameters.map(|text| {
        let file = sources.add("azuredeploy.parameters.json", text);
        json::parse(&sources, file).value.expect("the parameters are JSON")
    });
    (deploy(&template, parameters.as_ref(), &Environment::default()), sources)
}

/// Diagnostics as `code line:column message`, one a line.
fn listed(deployment: &Deployment, sources: &Sources) -> String {
    let line = |diagnostic: &crate::diagnostic::Diagnostic| {
        let at = diagnostic.span.and_then(|span| sources.locate(span));
        let at = at.map_or("-".to_owned(), |at| format!("{}:{}", at.line, at.column));
        format!("{} {at} {}\n", diagnostic.code, diagnostic.message)
    };
    deployment.diagnostics.iter().map(line).collect()
}
