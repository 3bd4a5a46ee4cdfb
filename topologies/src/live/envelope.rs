//! Finds resource bodies in whatever a tool has put around them.
//!
//! `az` prints one body, an array, or a body under one key (`{"newVNet": {...}}`); REST lists stand in `value`, Resource Graph
//! answers in `data`, rows of its tables beside their `columns`; Azure's own examples keep answers in `responses`, recordings
//! in `body` or `answer`, some of them as text. All of these are opened, to any depth.

use super::{spelling, table};
use crate::azure::RawResource;
use crate::diagnostic::{Diagnostic, Severity};
use crate::json::{self, Data, Member, Value};
use sim_core::source::{FileId, Span};

/// The tag of what a managed service would deploy: `vnetsim expand --deployed` writes it, no reader takes what has it.
pub(crate) const OWNER_TAG: &str = "vnetsim-deployed-by";

/// Members that never hold what exists: what was asked, what was computed from it, and what only refers.
const CLOSED: [&str; 11] = [
    "request",
    "parameters",
    "properties",
    "outputs",
    "asks",
    "tags",
    "association",
    "associations",
    "effectivesecurityrules",
    "securityruleassociations",
    "source",
];

/// Most bodies that are read of one file.
pub const MAX_BODIES: usize = 50_000;
/// Most values of one body: Azure allows no network near to it.
pub const MAX_VALUES: usize = 200_000;
/// Most items of lists that are told to be no resources.
const MAX_STRANGE: usize = 100;

/// What a file of bodies holds.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    /// The resources, in the order of the file.
    pub(crate) resources: Vec<RawResource>,
    /// What is to be said about the rest.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Resources that were left out because a managed service made them.
    deployed: usize,
    /// Whether it holds more than [`MAX_BODIES`].
    full: bool,
}

/// The bodies in a file; `None` where there are none. An empty array, or an empty list in an envelope, is a list of nothing.
#[must_use]
pub(crate) fn read(value: Value) -> Option<Bodies> {
    let span = value.span;
    let list = ["value", "data"].iter().find_map(|key| value.get(key)).unwrap_or(&value);
    let nothing = matches!(&list.data, Data::Array(items) if items.is_empty());
    let mut found = Bodies::default();
    if !is_other_tools(&value) {
        found.open(value, true);
    }
    let refused = found.diagnostics.iter().any(|it| it.severity == Severity::Error);
    if found.resources.is_empty() && found.deployed == 0 && !nothing && !refused {
        return None;
    }
    if found.deployed > 0 {
        let message = format!("{} resources are left out: a managed service deploys them when it runs", found.deployed);
        let note = format!("they carry the tag `{OWNER_TAG}`, which `vnetsim expand --deployed` writes");
        found.diagnostics.push(Diagnostic::warning("input.deployed-resources", message).at(span).note(None, note));
    }
    if found.full {
        let message = format!("more than {MAX_BODIES} resources; the rest is left out");
        let help = "give the resources of the networks that you ask for, or several files";
        found.diagnostics.push(Diagnostic::error("input.too-many", message).at(span).help(help));
    }
    Some(found)
}

/// Terraform's files hold ids of Azure too, in bodies of another form.
fn is_other_tools(value: &Value) -> bool {
    ["terraform_version", "format_version", "$schema"].iter().any(|key| value.get(key).is_some())
}

impl Bodies {
    /// Opens a value. `listed` says that it stands where a resource is expected: an id is then enough.
    fn open(&mut self, value: Value, listed: bool) {
        if self.full {
            return;
        }
        match value.data {
            Data::Array(items) => self.items(items, listed),
            Data::Object(_) if is_body(&value, listed) => self.take(value),
            Data::Object(_) => self.object(value, listed),
            _ => {}
        }
    }

    fn items(&mut self, items: Vec<Value>, listed: bool) {
        let mut strange = Vec::new();
        for item in items {
            let before = (self.resources.len(), self.deployed);
            let recorded = ["uri", "RequestUri", "request", "error"].iter().any(|key| item.get(key).is_some());
            let told = (item.kind(), item.span);
            let expected = listed && !recorded && item.items().is_empty() && strange.len() < MAX_STRANGE;
            self.open(item, listed);
            if expected && !self.full && before == (self.resources.len(), self.deployed) {
                strange.push(told);
            }
        }
        // A list without any resource is no list of resources.
        if self.resources.is_empty() {
            return;
        }
        for (kind, span) in strange {
            let message = format!("{kind} in a list of resources has no resource id; it is left out");
            let help = "each item needs the `id` that Azure gave it: /subscriptions/.../providers/...";
            self.diagnostics.push(Diagnostic::warning("input.no-resource-id", message).at(span).help(help));
        }
    }

    fn object(&mut self, mut value: Value, listed: bool) {
        if let Some(rows) = table::rows(&value) {
            match rows {
                Ok(rows) => rows.for_each(|row| self.open(row, true)),
                Err(diagnostic) => self.diagnostics.push(diagnostic),
            }
            return;
        }
        let (span, id) = (value.span, id_of_parts(&value));
        let Data::Object(members) = &mut value.data else { return };
        if let Some(id) = id {
            members.push(Member { key: "id".to_owned(), key_span: span, value: Value::new(span, id.into()) });
            return self.take(value);
        }
        let worlds = |it: &Member| it.key.eq_ignore_ascii_case("worlds") && it.value.as_object().is_some();
        if let Some(at) = members.iter().position(worlds) {
            return self.last_of(members.swap_remove(at).value);
        }
        for member in std::mem::take(members) {
            let key = member.key.to_ascii_lowercase();
            if CLOSED.contains(&key.as_str()) {
                continue;
            }
            let list = listed && ["value", "data", "resources", "items"].contains(&key.as_str());
            match &member.value.data {
                Data::String(text) if ["responsebody", "string", "body"].contains(&key.as_str()) => {
                    self.written(text, member.value.span);
                }
                _ => self.open(member.value, list),
            }
        }
    }

    /// Several states of one network, one after the other: the last one counts.
    fn last_of(&mut self, states: Value) {
        let Data::Object(mut states) = states.data else { return };
        let Some(last) = states.pop() else { return };
        if !states.is_empty() {
            let message = format!("{} states of one network; {:?}, the last, counts", states.len() + 1, last.key);
            self.diagnostics.push(Diagnostic::warning("input.several-states", message).at(last.key_span));
        }
        self.open(last.value, true);
    }

    /// A body that a recording keeps as text.
    fn written(&mut self, text: &str, span: Span) {
        if let Some(value) = json::parse_text(text, FileId(0)).value {
            self.open(value.moved_to(span), true);
        }
    }

    fn take(&mut self, body: Value) {
        if body.get("tags").and_then(|tags| tags.get(OWNER_TAG)).is_some() {
            self.deployed += 1;
            return;
        }
        if self.resources.len() >= MAX_BODIES {
            self.full = true;
            return;
        }
        if body.count() > MAX_VALUES {
            let message = format!("a resource of more than {MAX_VALUES} values; it is left out");
            self.diagnostics.push(Diagnostic::error("input.too-many", message).at(body.span));
            return;
        }
        self.resources.extend(RawResource::of_body(spelling::azure(body)));
    }
}

/// The id of a body that has none, by those of its parts: `az network lb create` prints such bodies.
fn id_of_parts(value: &Value) -> Option<String> {
    let state = value.get("provisioningState").or_else(|| value.path(&["properties", "provisioningState"]));
    state.and_then(Value::as_str)?;
    let inner = value.get("properties").filter(|inner| inner.as_object().is_some()).unwrap_or(value);
    let mut whole = None;
    for member in inner.members() {
        for part in member.value.items().iter().filter(|part| part.get("name").is_some()) {
            let (id, name) = (part.get("id")?.as_str()?, part.get("name")?.as_str()?);
            let end = format!("/{}/{name}", member.key);
            let at = id.len().checked_sub(end.len()).filter(|at| id.is_char_boundary(*at))?;
            let (parent, rest) = id.split_at(at);
            let known = *whole.get_or_insert(parent);
            if !rest.eq_ignore_ascii_case(&end) || !known.eq_ignore_ascii_case(parent) {
                return None;
            }
        }
    }
    whole.filter(|id| id.starts_with("/subscriptions/")).map(str::to_owned)
}

/// Whether this is the body of a resource and no mere reference to one. A picture of the network, as the network watcher
/// draws it, has names and associations, but not what the resources are.
fn is_body(value: &Value, listed: bool) -> bool {
    let id = value.get("id").and_then(Value::as_str).unwrap_or_default().trim().to_ascii_lowercase();
    let of_azure = id.starts_with("/subscriptions/") || id.starts_with("/providers/");
    let has = |key: &str| value.get(key).is_some_and(|it| !it.is_null());
    let told = ["name", "type", "properties", "location"].iter().any(|key| has(key));
    of_azure && (told || listed) && (has("properties") || !has("associations"))
}

#[cfg(test)]
mod tests;
