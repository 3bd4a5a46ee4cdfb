//! Templates inside templates: `Microsoft.Resources/deployments` with an inline template.

use std::rc::Rc;

use super::declare::Nested;
use super::frame::{Frame, Slots};
use super::functions::into_text;
use super::session::{Active, Context, DeclaredId, FrameId, Session};
use super::stop::{Answer, Stop};
use super::target::{Target, TargetKind};
use crate::diagnostic::{Diagnostic, nearest};
use crate::json::{Data, Member, Value};

/// What opening a nested template takes from the budget, beside the size of the template: each is kept with all that it
/// declares.
const NESTED_WORK: u64 = 500;

impl Session {
    /// The frame of the template inside a deployment resource, made when first asked for; `None` if there is none.
    pub(super) fn nested(&mut self, id: DeclaredId) -> Option<FrameId> {
        let declared = self.declared(id);
        match declared.nested {
            Nested::Frame(frame) => return Some(frame),
            Nested::Unknown if declared.is_deployment() && declared.counts() => {}
            _ => return None,
        }
        self.declared[id.0].nested = Nested::Busy;
        self.active.push(Active { id, depends: true });
        let result = self.deeper(|session| session.open_nested(id));
        self.active.pop();
        let frame = result.unwrap_or_else(|stop| {
            let span = self.declared(id).raw.span;
            self.report_stop(stop, span);
            None
        });
        self.declared[id.0].nested = frame.map_or(Nested::None, Nested::Frame);
        frame
    }

    fn open_nested(&mut self, id: DeclaredId) -> Answer<Option<FrameId>> {
        let declared = self.declared(id);
        let (raw, context) = (Rc::clone(&declared.raw), declared.context.clone());
        let (name, outer) = (declared.name.clone(), declared.frame);
        let Some(template) = self.inline_template(&raw, &context)? else { return Ok(None) };
        self.spend(NESTED_WORK)?;
        self.charge(&template.data)?;
        let mut target = self.frame(outer).target.clone();
        self.retarget(&context, &raw, &mut target)?;
        self.check_group(&raw, &target);
        let frame = FrameId(self.frames.len());
        let inner = match raw.path(&["properties", "expressionEvaluationOptions", "scope"]) {
            Some(scope) => {
                let scope = self.value(&context, scope).map_err(|_| Stop::Reported)?;
                scope.as_str().is_some_and(|scope| scope.eq_ignore_ascii_case("inner"))
            }
            None => false,
        };
        let seen_from = if inner { Context::new(frame) } else { context.clone() };
        let mut nested = Frame::new(Rc::new(template), target, name, seen_from);
        nested.owner = Some(id);
        self.frames.push(nested);
        let given = match raw.path(&["properties", "parameters"]) {
            Some(written) if written.as_object().is_none() => {
                Some(self.value(&context.clone().at_runtime(), written).map_err(|_| Stop::Reported)?)
            }
            written => written.cloned(),
        };
        self.bind_parameters(frame, given.as_ref(), Some(&context));
        if inner {
            self.check_given(frame, given.as_ref());
        }
        self.declare_template(frame);
        Ok(Some(frame))
    }

    /// Rule `refuse-unknown-group`: a nested deployment goes to a resource group that is there. Source: the code and the text
    /// are a recorded answer of Azure.
    fn check_group(&mut self, raw: &Value, target: &Target) {
        let Some(written) = raw.get("resourceGroup") else { return };
        let Some(groups) = &self.environment.other_groups else { return };
        let name = &target.resource_group;
        let known = groups.iter().chain([&self.environment.resource_group]);
        // One that this template makes comes before it.
        let end = format!("/resourcegroups/{}", name.to_ascii_lowercase());
        let made = self.by_id.keys().any(|id| id.ends_with(&end));
        if !made && !known.into_iter().any(|group| group.eq_ignore_ascii_case(name)) {
            let message = format!("Resource group '{name}' could not be found.");
            let help = nearest(name, groups.iter().map(String::as_str)).map(|near| format!("did you mean '{near}'?"));
            let diagnostic = Diagnostic::error("ResourceGroupNotFound", message).at(written.span);
            self.report(Diagnostic { help, ..diagnostic });
        }
    }

    /// Evaluates the given parameters now, whether or not anything uses them: so that each is checked, and that what they
    /// refer to is noted as a dependency of the deployment.
    pub(super) fn check_given(&mut self, frame: FrameId, given: Option<&Value>) {
        let context = Context::new(frame);
        for member in given.map(Value::members).unwrap_or_default() {
            if let Err(stop) = self.slot(&context, Slots::Parameters, &member.key) {
                // An unknown name was reported when the parameters were bound.
                if self.frame(frame).parameters.iter().any(|slot| slot.name.eq_ignore_ascii_case(&member.key)) {
                    self.report_stop(stop, member.key_span);
                }
            }
        }
    }

    fn inline_template(&mut self, raw: &Value, context: &Context) -> Answer<Option<Value>> {
        if let Some(template) = raw.path(&["properties", "template"]) {
            if template.as_object().is_some() {
                return Ok(Some(template.clone()));
            }
            let template = self.value(context, template).map_err(|_| Stop::Reported)?;
            return Ok(template.as_object().is_some().then_some(template));
        }
        if let Some(link) = raw.path(&["properties", "templateLink"]) {
            let message = "the template that this deployment links to is not read; its resources are missing";
            let diagnostic = Diagnostic::warning("arm.linked-template", message).at(link.span);
            self.report(diagnostic.help("give the linked template as a file of its own, or build one file from both"));
        }
        Ok(None)
    }

    /// Applies a resource's own `subscriptionId`, `resourceGroup` and (for deployments) `scope`.
    pub(super) fn retarget(&mut self, context: &Context, raw: &Value, target: &mut Target) -> Answer<()> {
        let mut text = |key: &str| -> Answer<Option<String>> {
            match raw.get(key) {
                Some(written) => {
                    let value = self.value(context, written).map_err(|_| Stop::Reported)?;
                    Ok((!value.is_null()).then(|| into_text(value)))
                }
                None => Ok(None),
            }
        };
        if let Some(subscription) = text("subscriptionId")? {
            target.subscription_id = subscription;
            target.kind = TargetKind::Subscription;
        }
        if let Some(group) = text("resourceGroup")? {
            target.resource_group = group;
            target.kind = TargetKind::ResourceGroup;
        }
        let is_deployment = raw.get("type").and_then(Value::as_str) == Some("Microsoft.Resources/deployments");
        if let (true, Some(scope)) = (is_deployment, text("scope")?) {
            if scope == "/" {
                target.kind = TargetKind::Tenant;
            } else if let Some((_, group)) = scope.rsplit_once("managementGroups/") {
                target.kind = TargetKind::ManagementGroup;
                target.management_group = group.to_owned();
            }
        }
        Ok(())
    }

    /// The outputs of a frame's template, as `name: {type, value}`.
    pub(super) fn outputs(&mut self, frame: FrameId) -> Vec<Member> {
        let template = Rc::clone(&self.frame(frame).template);
        let context = self.frame(frame).context.clone().at_runtime();
        let mut outputs = Vec::new();
        for member in template.get("outputs").map(Value::members).unwrap_or_default() {
            if let Some(value) = self.output(&context, &member.key, &member.value) {
                let mut entry: Vec<Member> = member.value.member("type").cloned().into_iter().collect();
                entry.push(Member::new("value", value));
                let value = Value::new(member.value.span, Data::Object(entry));
                outputs.push(Member { key: member.key.clone(), key_span: member.key_span, value });
            }
        }
        outputs
    }

    fn output(&mut self, context: &Context, name: &str, output: &Value) -> Option<Value> {
        if let Some(condition) = output.get("condition") {
            let holds = self.value(context, condition).ok()?;
            if holds.as_bool() == Some(false) {
                return None;
            }
        }
        if let Some(value) = output.get("value") {
            return self.value(context, value).ok();
        }
        let copy = output.get("copy")?;
        let (count, input) = (self.copy_count(context, copy), copy.get("input")?);
        match count {
            Ok(count) => {
                let items = (0..count).map(|index| self.value(&context.within(name, index, true), input));
                items.collect::<Result<Vec<_>, _>>().ok().map(|items| Value::new(copy.span, Data::Array(items)))
            }
            Err(stop) => {
                self.report_stop(stop, copy.span);
                None
            }
        }
    }
}
