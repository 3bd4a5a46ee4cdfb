//! Evaluates ARM templates, as Azure Resource Manager would before it creates anything.
//!
//! Both dialects are read: classic templates (quickstarts, exports, the portal) and what Bicep compiles to
//! (`languageVersion` 2.0). The way of a template:
//!
//! 1. a frame for its parameters, variables and functions, each evaluated when first asked for (`frame`);
//! 2. all resources are declared: loops unrolled, conditions decided, names and ids known (`declare`);
//! 3. templates nested in deployment resources go the same way (`nested`);
//! 4. `dependsOn` gives an order (`order`), in which the bodies are evaluated (`body`); `reference()` asks the bodies
//!    of others on the way (`runtime`);
//! 5. the outputs.
//!
//! Every error found goes to the diagnostics with its place in the file, and evaluation goes on with what is left.
//! Everything that input can grow has a limit, a public constant next to what it limits.

mod access;
mod body;
mod copy;
mod declare;
mod environment;
mod evaluate;
mod expression;
mod frame;
mod functions;
mod hash;
mod index;
mod model;
mod nested;
mod order;
mod parameters;
mod refused;
mod runtime;
mod session;
mod stop;
mod target;
mod uuid;

#[cfg(test)]
mod tests;

use std::rc::Rc;

pub use copy::MAX_COPIES;
pub use declare::MAX_RESOURCES;
pub use environment::Environment;
pub use expression::{MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_LENGTH};
pub use model::{Assumption, Deployment, Resource};
pub use refused::{Refused, refused};
pub use runtime::Placeholder;
pub use session::{MAX_DIAGNOSTICS, MAX_EVALUATION_DEPTH, MAX_STRING_BYTES, MAX_WORK};

use crate::diagnostic::Diagnostic;
use crate::json::{Data, Member, Value};
use crate::world::World;
use frame::Frame;
use session::{Context, DeclaredId, FrameId, Session};
use target::Target;

/// Most values of a template or a parameters file. Azure itself takes templates up to 4 MB; one of 1 MB has about 60,000.
pub const MAX_VALUES: usize = 400_000;

/// Whether a file is an ARM template, judged by its content: the schema, or `contentVersion` with `resources`.
#[must_use]
pub fn is_template(value: &Value) -> bool {
    let schema = value.get("$schema").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let named = schema.contains("deploymenttemplate.json");
    named || !is_parameters(value) && value.get("contentVersion").is_some() && value.get("resources").is_some()
}

/// Whether a file is a parameters file of an ARM template, judged by its content.
#[must_use]
pub fn is_parameters(value: &Value) -> bool {
    let schema = value.get("$schema").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let named = schema.contains("deploymentparameters.json");
    let shaped = value.get("contentVersion").is_some() && value.get("resources").is_none();
    named || shaped && value.get("parameters").is_some_and(|it| it.as_object().is_some())
}

/// Evaluates a template with the parameters given, if any: a parameters file, or its `parameters` object alone.
#[must_use]
pub fn deploy(template: &Value, parameters: Option<&Value>, environment: &Environment) -> Deployment {
    deploy_into(Rc::new(template.clone()), parameters, environment, None)
}

/// The same for a template that need not be copied. Where an earlier evaluation made the network `known`, what the template
/// asks of resources is answered from that.
pub(crate) fn deploy_into(
    template: Rc<Value>,
    parameters: Option<&Value>,
    environment: &Environment,
    known: Option<Rc<World>>,
) -> Deployment {
    run(Session::new(environment.clone(), known), template, parameters, environment)
}

/// Evaluates what another program has evaluated before, as far as it could. What is left and only Azure can evaluate stays
/// as it is, in angle brackets, with an assumption.
pub(crate) fn deploy_residual(template: Rc<Value>, environment: &Environment, known: Option<Rc<World>>) -> Deployment {
    let mut session = Session::new(environment.clone(), known);
    session.residual = true;
    run(session, template, None, environment)
}

fn run(mut session: Session, template: Rc<Value>, parameters: Option<&Value>, environment: &Environment) -> Deployment {
    let root = FrameId(0);
    let target = Target::of_schema(&template, environment);
    let name = environment.deployment_name.clone();
    session.frames.push(Frame::new(template, target, name, Context::new(root)));
    let given = parameters.and_then(given_parameters);
    if let (Some(parameters), None) = (parameters, given) {
        let message = "this is no parameters file: no `parameters`, and not every member has a `value`";
        session.report(Diagnostic::error("arm.parameters-file", message).at(parameters.span));
    }
    session.bind_parameters(root, given, None);
    session.check_given(root, given);
    session.declare_template(root);
    // Nested templates add to the list while it is walked.
    let mut next = 0;
    while next < session.declared.len() {
        session.nested(DeclaredId(next));
        next += 1;
    }
    session.read_dependencies();
    for id in session.order() {
        if session.declared(id).counts()
            && let Err(stop) = session.body(id)
        {
            let span = session.declared(id).name_span;
            session.report_stop(stop, span);
        }
    }
    let mut deployment = Deployment::default();
    // Once more: references have added dependencies.
    let order = session.order();
    let outputs = session.outputs(root).into_iter();
    for id in order {
        if session.declared(id).counts()
            && let Ok(resource) = session.resource(id)
        {
            deployment.resources.push(resource);
        }
    }
    deployment.outputs =
        outputs.filter_map(|output| Some(Member { value: output.value.get("value")?.clone(), ..output })).collect();
    deployment.asks = session.asks;
    deployment.assumptions = session.assumptions;
    deployment.diagnostics = session.diagnostics;
    deployment.secrets = session.secrets;
    deployment
}

/// The object of given values in a parameters file, or the value itself if it is that object.
fn given_parameters(value: &Value) -> Option<&Value> {
    let is_entry = |value: &Value| value.get("value").is_some() || value.get("reference").is_some();
    match value.get("parameters") {
        Some(inner) if !is_entry(inner) => Some(inner),
        _ => Some(value).filter(|value| value.members().iter().all(|member| is_entry(&member.value))),
    }
}

/// The parameters of `over` laid over those of `base`.
pub(crate) fn layer(base: Option<&Value>, over: Option<&Value>) -> Option<Value> {
    let (Some(base), Some(over)) = (base, over) else { return base.or(over).cloned() };
    let (Some(mut below), Some(above)) = (given_parameters(base).cloned(), given_parameters(over)) else {
        return Some(over.clone());
    };
    if let Data::Object(members) = &mut below.data {
        members.retain(|member| above.member(&member.key).is_none());
        members.extend(above.members().iter().cloned());
    }
    Some(below)
}

/// The GUID that `guid()` makes of these values here.
pub(crate) fn guid(parts: &[&str]) -> String {
    uuid::of(&parts.join("-"))
}
