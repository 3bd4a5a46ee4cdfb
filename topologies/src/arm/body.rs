//! Evaluates the bodies of resources, each once, when first asked for.

use std::rc::Rc;

use sim_core::source::Span;

use super::declare::BodyState;
use super::evaluate::Broken;
use super::model::Resource;
use super::session::{Active, DeclaredId, Session};
use super::stop::{Answer, Stop};
use crate::diagnostic::Diagnostic;
use crate::json::{Data, Member, Value};

/// Members that steer the deployment and are no part of the resource, or that are put in evaluated form.
const NOT_BODY: [&str; 10] =
    ["id", "name", "type", "copy", "condition", "dependsOn", "resources", "existing", "scope", "comments"];

impl Session {
    /// The evaluated body of a resource.
    ///
    /// # Errors
    /// `arm.reference-cycle` if it is being evaluated already, with the loop.
    pub(super) fn body(&mut self, id: DeclaredId) -> Answer<Rc<Value>> {
        match &self.declared(id).body {
            BodyState::Done(body) => return Ok(Rc::clone(body)),
            BodyState::Busy => return Err(self.body_cycle(id)),
            BodyState::Pending => {}
        }
        self.declared[id.0].body = BodyState::Busy;
        self.active.push(Active { id, depends: true });
        let result = self.deeper(|session| Ok(session.make_body(id)));
        self.active.pop();
        if result.is_err() {
            self.declared[id.0].body = BodyState::Pending;
        }
        let body = Rc::new(result?);
        self.declared[id.0].body = BodyState::Done(Rc::clone(&body));
        Ok(body)
    }

    fn make_body(&mut self, id: DeclaredId) -> Value {
        let declared = self.declared(id);
        let raw = Rc::clone(&declared.raw);
        let context = declared.context.clone().at_runtime();
        let is_deployment = declared.is_deployment();
        let texts = [("id", &declared.id), ("name", &declared.name), ("type", &declared.resource_type)];
        let mut members: Vec<Member> = texts.map(|(key, text)| member(key, text.as_str().into(), raw.span)).into();
        for written in raw.members() {
            if NOT_BODY.iter().any(|key| written.key.eq_ignore_ascii_case(key)) {
                continue;
            }
            let value = if is_deployment && written.key.eq_ignore_ascii_case("properties") {
                self.deployment_properties(id, &written.value)
            } else {
                Broken::or_partial(self.value(&context, &written.value))
            };
            members.push(Member { key: written.key.clone(), key_span: written.key_span, value });
        }
        Value::new(raw.span, Data::Object(members))
    }

    /// A deployment's own properties: all but the template and its parameters, with the outputs added.
    fn deployment_properties(&mut self, id: DeclaredId, written: &Value) -> Value {
        let context = self.declared(id).context.clone().at_runtime();
        let mut members = Vec::new();
        for part in written.members() {
            if !["template", "parameters"].iter().any(|key| part.key.eq_ignore_ascii_case(key)) {
                let value = Broken::or_partial(self.value(&context, &part.value));
                members.push(Member { key: part.key.clone(), key_span: part.key_span, value });
            }
        }
        if let Some(frame) = self.nested(id) {
            self.active.push(Active { id, depends: false });
            let outputs = self.outputs(frame);
            self.active.pop();
            members.push(member("outputs", Data::Object(outputs), written.span));
        }
        Value::new(written.span, Data::Object(members))
    }

    fn body_cycle(&self, id: DeclaredId) -> Stop {
        let start = self.active.iter().position(|active| active.id == id).unwrap_or_default();
        let mut ids: Vec<DeclaredId> = self.active[start..].iter().map(|active| active.id).collect();
        ids.dedup();
        self.cycle("arm.reference-cycle", &ids).into()
    }

    /// The error for resources that wait for each other.
    pub(super) fn cycle(&self, code: &'static str, ids: &[DeclaredId]) -> Diagnostic {
        /// Of a longer cycle only so many are named.
        const NAMED: usize = 12;
        let more = ids.len().saturating_sub(NAMED);
        let (ids, first) = (&ids[..ids.len() - more], ids.first());
        let mut names: Vec<String> = ids.iter().map(|id| self.declared(*id).name.clone()).collect();
        names.extend((more > 0).then(|| format!("{more} more")));
        names.extend(first.map(|id| self.declared(*id).name.clone()));
        let message = format!("these resources wait for each other: {}", names.join(" -> "));
        let diagnostic = Diagnostic::error(code, message).help("remove one of these dependencies");
        ids.iter().fold(diagnostic, |diagnostic, id| {
            let declared = self.declared(*id);
            diagnostic.note(Some(declared.name_span), format!("{} is declared here", declared.name))
        })
    }

    /// A resource of the result; its body is taken, nothing can refer to it any more.
    pub(super) fn resource(&mut self, id: DeclaredId) -> Answer<Resource> {
        let body = self.body(id)?;
        self.declared[id.0].body = BodyState::Pending;
        let declared = self.declared(id);
        let depends = declared.depends.iter().map(|id| self.declared(*id)).filter(|other| other.counts());
        Ok(Resource {
            id: declared.id.clone(),
            resource_type: declared.resource_type.clone(),
            name: declared.name.clone(),
            api_version: body.get("apiVersion").and_then(Value::as_str).unwrap_or_default().to_owned(),
            body: Rc::unwrap_or_clone(body),
            depends_on: depends.map(|other| other.id.clone()).collect(),
            existing: declared.existing,
            span: declared.raw.span,
            name_span: declared.name_span,
        })
    }
}

fn member(key: &str, data: Data, span: Span) -> Member {
    Member::new(key, Value::new(span, data))
}
