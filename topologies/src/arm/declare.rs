//! Finds out which resources a template declares: names, ids, loops, conditions, children, nested templates.
//! Bodies come later.

use std::collections::BTreeSet;
use std::rc::Rc;

use sim_core::source::Span;

use super::evaluate::truth;
use super::functions::into_text;
use super::session::{Context, DeclaredId, FrameId, Session};
use super::stop::{Answer, Stop};
use super::target::resource_id;
use crate::diagnostic::{Diagnostic, nearest};
use crate::json::{Data, Value};

/// Most resources of one deployment, all nested templates and loops together. Azure takes 800 a template.
pub const MAX_RESOURCES: usize = 20_000;

/// A resource of a template, one for each iteration of its loop.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) frame: FrameId,
    /// Where its expressions are evaluated.
    pub(super) context: Context,
    pub(super) raw: Rc<Value>,
    /// Symbolic name, with `[index]` in a loop.
    pub(super) symbol: Option<String>,
    pub(super) loop_name: Option<String>,
    pub(super) id: String,
    pub(super) resource_type: String,
    pub(super) name: String,
    pub(super) name_span: Span,
    pub(super) existing: bool,
    /// Its condition holds.
    pub(super) wanted: bool,
    pub(super) parent: Option<DeclaredId>,
    pub(super) body: BodyState,
    /// `dependsOn` and `reference()`.
    pub(super) depends: BTreeSet<DeclaredId>,
    pub(super) nested: Nested,
}

#[derive(Clone, Debug)]
pub(super) enum BodyState {
    Pending,
    Busy,
    Done(Rc<Value>),
}

/// The template inside a deployment resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nested {
    /// Not looked at yet.
    Unknown,
    /// There is none that could be evaluated.
    None,
    Busy,
    Frame(FrameId),
}

impl Declared {
    /// In the result: it exists or is created.
    pub(super) fn counts(&self) -> bool {
        self.wanted && !self.id.is_empty()
    }

    pub(super) fn is_deployment(&self) -> bool {
        self.resource_type.eq_ignore_ascii_case("Microsoft.Resources/deployments") && !self.existing
    }
}

impl Session {
    /// Declares all resources of a frame's template.
    pub(super) fn declare_template(&mut self, frame: FrameId) {
        let template = Rc::clone(&self.frame(frame).template);
        let context = self.frame(frame).context.clone();
        match template.get("resources") {
            Some(resources) => self.declare_all(frame, &context, resources, None),
            None => {
                let diagnostic = Diagnostic::error("arm.no-resources", "the template has no `resources`");
                self.report(diagnostic.at(template.span));
            }
        }
    }

    fn declare_all(&mut self, frame: FrameId, context: &Context, resources: &Value, parent: Option<DeclaredId>) {
        let list: Vec<(Option<&str>, &Value)> = match &resources.data {
            Data::Array(items) => items.iter().map(|item| (None, item)).collect(),
            Data::Object(members) => members.iter().map(|it| (Some(it.key.as_str()), &it.value)).collect(),
            _ => {
                let message = format!("`resources` is {}, not an array or object", resources.kind());
                return self.report(Diagnostic::error("arm.no-resources", message).at(resources.span));
            }
        };
        for (symbol, resource) in list {
            if let Err(stop) = self.declare(frame, context, resource, symbol, parent) {
                self.report_stop(stop, resource.span);
            }
        }
    }

    /// Declares a resource, or each iteration of its loop.
    fn declare(
        &mut self,
        frame: FrameId,
        context: &Context,
        resource: &Value,
        symbol: Option<&str>,
        parent: Option<DeclaredId>,
    ) -> Answer<()> {
        if resource.as_object().is_none() {
            let message = format!("a resource is an object, not {}", resource.kind());
            return Err(Diagnostic::error("arm.not-a-resource", message).at(resource.span).into());
        }
        let raw = Rc::new(resource.clone());
        let Some(copy) = resource.get("copy").filter(|copy| copy.as_object().is_some()) else {
            return self.declare_one(frame, context.clone(), &raw, symbol.map(str::to_owned), parent);
        };
        let name = match copy.get("name") {
            Some(name) => into_text(self.value(context, name).map_err(|_| Stop::Reported)?),
            None => symbol.unwrap_or_default().to_owned(),
        };
        let count = self.copy_count(context, copy)?;
        if count == 0 {
            let names = [Some(name.as_str()), symbol, resource.get("name").and_then(Value::as_str)];
            let names = names.into_iter().flatten().map(str::to_owned);
            self.frames[frame.0].empty_loops.extend(names);
        }
        for index in 0..count {
            let context = context.within(&name, index, true);
            let symbol = symbol.map(|symbol| format!("{symbol}[{index}]"));
            self.declare_one(frame, context, &raw, symbol, parent)?;
        }
        Ok(())
    }

    fn declare_one(
        &mut self,
        frame: FrameId,
        context: Context,
        raw: &Rc<Value>,
        symbol: Option<String>,
        parent: Option<DeclaredId>,
    ) -> Answer<()> {
        if self.declared.len() >= MAX_RESOURCES {
            let message = format!("more than {MAX_RESOURCES} resources");
            return Err(Diagnostic::error("arm.too-many-resources", message).at(raw.span).into());
        }
        self.spend(10)?;
        let wanted = self.condition(&context, raw);
        let known = self.diagnostics.len();
        let mut declared = self.identify(frame, &context, raw, parent);
        if !wanted {
            // What is not deployed may be named by parts that are not there.
            self.diagnostics.truncate(known);
        }
        declared.wanted = wanted;
        declared.symbol = symbol;
        declared.loop_name = raw.path(&["copy", "name"]).and_then(Value::as_str).map(str::to_owned);
        let id = DeclaredId(self.declared.len());
        if declared.counts() && !declared.existing {
            self.enter(&declared, id);
        }
        self.frames[frame.0].known.add(&declared, id);
        self.declared.push(declared);
        self.frames[frame.0].declared.push(id);
        if let Some(children) = raw.get("resources") {
            self.declare_all(frame, &context, children, Some(id));
        }
        Ok(())
    }

    /// Puts a resource into the table of ids. Twice in one template is an error; a nested template may well write a
    /// resource of another one again.
    fn enter(&mut self, declared: &Declared, id: DeclaredId) {
        let first = *self.by_id.entry(declared.id.to_ascii_lowercase()).or_insert(id);
        let other = self.declared.get(first.0).filter(|other| other.frame == declared.frame);
        if let Some(other) = other {
            let diagnostic = Diagnostic::error("arm.duplicate-resource", format!("{} is declared twice", declared.id));
            self.report(diagnostic.at(declared.name_span).note(Some(other.name_span), "the first time here"));
        }
    }

    fn condition(&mut self, context: &Context, raw: &Value) -> bool {
        let Some(written) = raw.get("condition") else { return true };
        let Ok(value) = self.value(context, written) else { return true };
        truth(&value).unwrap_or_else(|_| {
            let message = format!("the condition is {}, not a boolean", value.kind());
            self.report(Diagnostic::error("arm.bad-condition", message).at(written.span));
            true
        })
    }

    /// Type, name and id of a resource. What cannot be found out is reported, and the id left empty.
    fn identify(&mut self, frame: FrameId, context: &Context, raw: &Rc<Value>, parent: Option<DeclaredId>) -> Declared {
        let mut text = |key: &str| match raw.get(key) {
            Some(written) => match self.value(context, written) {
                Ok(value) => Some(into_text(value)),
                Err(_) => None,
            },
            None => {
                let message = format!("the resource has no `{key}`");
                let keys = raw.members().iter().map(|member| member.key.as_str());
                let help = match nearest(key, keys) {
                    Some(near) => format!("is '{near}' meant?"),
                    None => "every resource has `type`, `apiVersion` and `name`".to_owned(),
                };
                self.report(Diagnostic::error("arm.not-a-resource", message).at(raw.span).help(help));
                None
            }
        };
        let (kind, name) = (text("type"), text("name"));
        let complete = kind.is_some() && name.is_some();
        let name_span = raw.get("name").map_or(raw.span, |name| name.span);
        let mut declared = Declared {
            frame,
            context: context.clone(),
            raw: Rc::clone(raw),
            symbol: None,
            loop_name: None,
            id: String::new(),
            resource_type: kind.unwrap_or_default(),
            name: name.unwrap_or_default(),
            name_span,
            existing: raw.get("existing").and_then(Value::as_bool) == Some(true),
            wanted: true,
            parent,
            body: BodyState::Pending,
            depends: BTreeSet::new(),
            nested: Nested::Unknown,
        };
        if !complete {
            return declared;
        }
        match self.place(&mut declared) {
            Ok(id) => declared.id = id,
            Err(stop) => self.report_stop(stop, name_span),
        }
        declared
    }

    /// Completes type and name of a child by those of its parent, and gives the id.
    fn place(&mut self, declared: &mut Declared) -> Answer<String> {
        let scope = self.scope_of(declared)?;
        let Some(parent) = declared.parent.map(|parent| self.declared(parent)) else {
            return old_extension(&scope, &declared.resource_type, &declared.name);
        };
        let parent_type = format!("{}/", parent.resource_type);
        let full = declared.resource_type.to_ascii_lowercase().starts_with(&parent_type.to_ascii_lowercase());
        if !full && declared.resource_type.split('/').next().is_some_and(|provider| provider.contains('.')) {
            // A resource of another provider inside this one extends it.
            return identified(&parent.id, &declared.resource_type, &declared.name);
        }
        if !full {
            declared.resource_type = format!("{parent_type}{}", declared.resource_type);
        }
        if declared.resource_type.split('/').count() != declared.name.split('/').count() + 1 {
            declared.name = format!("{}/{}", parent.name, declared.name);
        }
        old_extension(&scope, &declared.resource_type, &declared.name)
    }

    /// The scope a resource's id starts with.
    fn scope_of(&mut self, declared: &Declared) -> Answer<String> {
        let raw = &declared.raw;
        let mut target = self.frame(declared.frame).target.clone();
        self.retarget(&declared.context, raw, &mut target)?;
        let prefix = target.prefix();
        let Some(written) = raw.get("scope") else { return Ok(prefix) };
        let Ok(scope) = self.value(&declared.context, written) else { return Err(Stop::Reported) };
        let Some(scope) = scope.as_str() else { return Ok(prefix) };
        Ok(match scope.trim_end_matches('/') {
            "" => String::new(),
            full if full.starts_with('/') => full.to_owned(),
            group if group.to_ascii_lowercase().starts_with("microsoft.management/managementgroups/") => {
                format!("/providers/{group}")
            }
            short => {
                let (kind, names) = split_short(short);
                identified(&prefix, &kind, &names)?
            }
        })
    }
}

/// Splits `Microsoft.X/type/name/child/name` into type and name.
fn split_short(short: &str) -> (String, String) {
    let mut parts = short.split('/');
    let mut kind = parts.next().unwrap_or_default().to_owned();
    let mut names = Vec::new();
    while let (Some(segment), name) = (parts.next(), parts.next()) {
        kind = format!("{kind}/{segment}");
        names.extend(name);
    }
    (kind, names.join("/"))
}

fn identified(scope: &str, kind: &str, name: &str) -> Answer<String> {
    let names: Vec<&str> = name.split('/').collect();
    resource_id(scope, kind, &names).map_err(|message| {
        Diagnostic::error("arm.name-segments", message)
            .help("a child's name holds its parents' names: `parent/child`")
            .into()
    })
}

/// The id of a resource, also for the old way of writing an extension: the type
/// `Microsoft.Network/virtualNetworks/providers/locks` with the name `vnet/Microsoft.Authorization/lock`.
fn old_extension(scope: &str, kind: &str, name: &str) -> Answer<String> {
    let (Some((base, extension)), names) = (kind.split_once("/providers/"), name.split('/').collect::<Vec<_>>()) else {
        return identified(scope, kind, name);
    };
    let owners = base.split('/').count() - 1;
    let Some(provider) = names.get(owners) else { return identified(scope, kind, name) };
    let owner = identified(scope, base, &names[..owners].join("/"))?;
    identified(&owner, &format!("{provider}/{extension}"), &names[owners + 1..].join("/"))
}
