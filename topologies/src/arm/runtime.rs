//! What only a deployed resource can tell: `reference()`, `list*()`, and what Azure would fill in.
//!
//! A value that follows from the template is given. What Azure alone knows stands as a placeholder that names it:
//! `<reference(RESOURCE-ID).properties.ipAddress>`; [`Placeholder::parse`] reads it back.

use std::rc::Rc;

use sim_core::source::Span;

use super::declare::{BodyState, Nested};
use super::functions::text;
use super::session::{Context, DeclaredId, Session};
use super::stop::Answer;
use super::uuid;
use crate::azure;
use crate::diagnostic::{Diagnostic, nearest};
use crate::json::{Data, Member, Value};
use crate::world::World;

/// A value that only Azure knows, as it stands in evaluated properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placeholder<'t> {
    /// The resource asked.
    pub resource_id: &'t str,
    /// Where in its body the value is: `properties.ipConfigurations[0].properties.privateIPAddress`.
    pub path: &'t str,
}

impl<'t> Placeholder<'t> {
    /// Reads the text of a placeholder back; `None` for any other text.
    #[must_use]
    pub fn parse(text: &'t str) -> Option<Self> {
        let inner = text.strip_prefix("<reference(")?.strip_suffix('>')?;
        let (resource_id, path) = inner.split_once(").").or_else(|| Some((inner.strip_suffix(')')?, "")))?;
        Some(Self { resource_id, path })
    }
}

/// Whether a string stands for a value that is not known.
pub(super) fn is_placeholder(text: &str) -> bool {
    is_runtime_value(text) || text.len() > 2 && text.starts_with('<') && text.ends_with('>') && !text[1..].contains('<')
}

/// Whether a string stands for something asked of a resource. The resource's name may hold a placeholder itself.
pub(super) fn is_runtime_value(text: &str) -> bool {
    text.ends_with('>') && (text.starts_with("<reference(") || text.starts_with("<list") && text.contains("("))
}

/// The placeholder for the first item of an array that only Azure knows.
pub(super) fn first_item(placeholder: &str) -> String {
    format!("{}[0]>", placeholder.strip_suffix('>').unwrap_or(placeholder))
}

/// Whom a `reference()` asks.
enum Asked {
    Declared(DeclaredId),
    /// A resource that these files do not create.
    Outside(String),
}

impl Session {
    /// `reference(resource, apiVersion, 'Full')`
    pub(super) fn reference(&mut self, context: &Context, arguments: &[Value]) -> Answer<Data> {
        self.only_at_runtime(context, "reference")?;
        let full = is_full(arguments);
        self.spend(self.frame(context.frame).declared.len() as u64 / 8)?;
        let declared = match self.asked(context, text(arguments, 0)?)? {
            Asked::Declared(id) => id,
            Asked::Outside(id) => {
                self.asks = true;
                if let Some(answer) = self.known.as_deref().and_then(|known| known.answer(&id, None)) {
                    let properties = answer.get("properties").map(|it| it.data.clone());
                    return Ok(if full { answer.data } else { properties.unwrap_or(Data::Null) });
                }
                let note = "no file declares the resource; what is asked of it stands as a placeholder";
                self.assume("arm.outside-resource", &id, note, arguments.first().map(|argument| argument.span));
                return Ok(placeholder(&id, full).into());
            }
        };
        self.depend_on(declared);
        let asked = arguments.get(1).and_then(Value::as_str).filter(|version| version.starts_with("20"));
        let whole = self.answer_of(declared, asked)?;
        if !full {
            return Ok(whole.get("properties").map_or_else(|| Data::Object(Vec::new()), |it| it.data.clone()));
        }
        let raw = Rc::clone(&self.declared(declared).raw);
        let version = asked.or_else(|| raw.get("apiVersion")?.as_str());
        let mut whole = Value::clone(&whole);
        fill_identity(&mut whole);
        if let Data::Object(members) = &mut whole.data {
            let version = version.map_or_else(String::new, str::to_owned);
            members.push(made_member(whole.span, "apiVersion", version.into()));
            members.push(made_member(whole.span, "resourceId", self.declared(declared).id.as_str().into()));
        }
        Ok(whole.data)
    }

    /// A resource as Azure would answer it in a version of the API, as far as that is known yet.
    fn answer_of(&mut self, id: DeclaredId, version: Option<&str>) -> Answer<Rc<Value>> {
        let key = (id, version.unwrap_or_default().to_owned());
        if let Some(known) = self.answers.get(&key) {
            return Ok(Rc::clone(known));
        }
        let body = self.body(id)?;
        self.asks = true;
        let version = version.or_else(|| body.get("apiVersion")?.as_str()).unwrap_or_default();
        let around = self.known.as_deref().map(World::around).unwrap_or_default();
        let answer = Rc::new(azure::filled(&self.declared(id).id, &body, version, &around));
        self.answers.insert(key, Rc::clone(&answer));
        Ok(answer)
    }

    /// The start of the placeholder for what a `reference()` result does not hold; `None` where everything is known.
    pub(super) fn runtime_placeholder(&mut self, context: &Context, arguments: &[Value]) -> Option<String> {
        let full = is_full(arguments);
        match self.asked(context, text(arguments, 0).ok()?).ok()? {
            Asked::Declared(id) if matches!(self.declared(id).nested, Nested::Frame(_)) => None,
            Asked::Declared(id) => Some(placeholder(&self.declared(id).id, full)),
            Asked::Outside(id) => Some(placeholder(&id, full)),
        }
    }

    /// `references('symbol')`: all of a loop.
    pub(super) fn references(&mut self, context: &Context, arguments: &[Value]) -> Answer<Data> {
        self.only_at_runtime(context, "references")?;
        let name = text(arguments, 0)?;
        let mut items = Vec::new();
        for id in self.named(context.frame, name) {
            let symbol = self.declared(id).symbol.clone().unwrap_or_default();
            let mut arguments = arguments.to_vec();
            arguments[0].data = symbol.into();
            items.push(Value::new(arguments[0].span, self.reference(context, &arguments)?));
        }
        Ok(Data::Array(items))
    }

    /// `resourceInfo('symbol')`
    pub(super) fn resource_info(&mut self, context: &Context, arguments: &[Value]) -> Answer<Data> {
        let name = text(arguments, 0)?;
        let found = self.named(context.frame, name);
        let Some(id) = found.first() else { return Err(self.unknown_resource(context, name)) };
        let declared = self.declared(*id);
        let raw = Rc::clone(&declared.raw);
        let member = |key, text: &String| made_member(raw.span, key, text.as_str().into());
        let mut members =
            vec![member("id", &declared.id), member("name", &declared.name), member("type", &declared.resource_type)];
        if let Some(version) = raw.member("apiVersion") {
            members.push(version.clone());
        }
        Ok(Data::Object(members))
    }

    /// `listKeys(resource, apiVersion)` and its like: a secret, so a placeholder.
    pub(super) fn list(&mut self, context: &Context, name: &str, arguments: &[Value]) -> Answer<Data> {
        self.only_at_runtime(context, name)?;
        let resource = text(arguments, 0)?;
        self.spend(self.frame(context.frame).declared.len() as u64 / 8)?;
        let id = match self.asked(context, resource)? {
            Asked::Declared(id) => {
                self.depend_on(id);
                self.declared(id).id.clone()
            }
            Asked::Outside(id) => id,
        };
        // One spelling, whatever the letter case of the call.
        Ok(format!("<list{}({id})>", &name[4..]).into())
    }

    fn only_at_runtime(&self, context: &Context, name: &str) -> Answer<()> {
        if context.runtime {
            return Ok(());
        }
        let message = format!("{name} may be used only in the properties of a resource and in outputs");
        Err(Diagnostic::error("arm.function-not-here", message)
            .help("names, conditions, loops and variables must be known before anything is deployed")
            .into())
    }

    fn asked(&self, context: &Context, name: &str) -> Answer<Asked> {
        let mut frame = Some(context.frame);
        while let Some(at) = frame {
            if let [id, ..] = self.named(at, name)[..] {
                let declared = self.declared(id);
                let created = self.by_id.get(&declared.id.to_ascii_lowercase()).copied();
                let asked = if declared.counts() && !declared.existing { Some(id) } else { created };
                return Ok(match asked {
                    // A nested template that changes a resource may ask what the resource was before.
                    Some(id) if self.declared(id).frame != at && self.is_busy(id) => Asked::Outside(name.to_owned()),
                    Some(id) => Asked::Declared(id),
                    None => Asked::Outside(declared.id.clone()),
                });
            }
            frame = self.frame(at).owner.map(|owner| self.declared(owner).frame);
        }
        // The contents of outer-scope templates are evaluated in the frame around them.
        if let Some(active) = self.active.last()
            && let [id, ..] = self.named(self.declared(active.id).frame, name)[..]
        {
            return Ok(Asked::Declared(id));
        }
        if name.starts_with('/') || is_placeholder(name) {
            return Ok(Asked::Outside(name.to_owned()));
        }
        Err(self.unknown_resource(context, name))
    }

    /// Notes that the resource being evaluated needs another one. Only within one template: across templates Azure
    /// takes what is there at the time. What an outer-scope template asks, the deployment around it asks.
    fn depend_on(&mut self, other: DeclaredId) {
        let Some(active) = self.active.last().filter(|active| active.depends) else { return };
        let mut asking = active.id;
        loop {
            let at = self.declared(asking).frame;
            if at == self.declared(other).frame {
                if asking != other {
                    self.declared[asking.0].depends.insert(other);
                }
                return;
            }
            let frame = self.frame(at);
            match frame.owner {
                Some(owner) if frame.context.frame != at => asking = owner,
                _ => return,
            }
        }
    }

    fn is_busy(&self, id: DeclaredId) -> bool {
        matches!(self.declared(id).body, BodyState::Busy)
    }

    fn unknown_resource(&self, context: &Context, name: &str) -> super::stop::Stop {
        let message = format!("the template declares no resource '{name}'");
        let diagnostic = Diagnostic::error("arm.unknown-resource", message);
        let all = self.frame(context.frame).declared.iter().map(|id| self.declared(*id));
        let known = all.flat_map(|it| it.symbol.as_deref().into_iter().chain([it.name.as_str()]));
        let known = known.filter(|name| !name.is_empty());
        match nearest(name, known) {
            Some(near) => diagnostic.help(format!("did you mean '{near}'?")).into(),
            None => diagnostic.help("a resource outside the template is named by its full id").into(),
        }
    }
}

fn is_full(arguments: &[Value]) -> bool {
    arguments.get(2).and_then(Value::as_str).is_some_and(|text| text.eq_ignore_ascii_case("full"))
}

fn placeholder(id: &str, full: bool) -> String {
    if full { format!("<reference({id})>") } else { format!("<reference({id}).properties>") }
}

/// A member that nobody wrote.
fn made_member(span: Span, key: &str, data: Data) -> Member {
    Member::new(key, Value::new(span, data))
}

/// A system-assigned identity has a principal.
fn fill_identity(whole: &mut Value) {
    let id = whole.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let assigned = whole.path(&["identity", "type"]).and_then(Value::as_str).unwrap_or_default().to_owned();
    if !assigned.to_ascii_lowercase().contains("systemassigned") {
        return;
    }
    let at = whole.span;
    let Data::Object(members) = &mut whole.data else { return };
    let identity = members.iter_mut().find(|member| member.key.eq_ignore_ascii_case("identity"));
    if let Some(Data::Object(identity)) = identity.map(|member| &mut member.value.data) {
        identity.push(made_member(at, "principalId", uuid::of(&format!("principal {id}")).into()));
        identity.push(made_member(at, "tenantId", uuid::of("vnetsim tenant").into()));
    }
}
