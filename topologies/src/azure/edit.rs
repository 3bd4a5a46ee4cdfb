//! Edits of resources: what `--set` takes, what a timeline does, what a finding proposes.

use super::{RawResource, Resources, id};
use crate::diagnostic::{Diagnostic, nearest};
use crate::json::{self, Value};
use crate::source::Sources;
use sim_core::source::{FileId, Span};
use sim_core::topology::Edit;

/// Reads `ID.property=value`, or `ID={...}` for a whole resource and `ID=null` for its deletion. `ID` is a resource id, or
/// a name that only one resource has; parts of resources, such as a subnet in its network, count as resources. The value
/// is JSON; what is none counts as text.
///
/// # Errors
/// Without `=`, or when no resource, or more than one, is called so.
pub fn parse(text: &str, resources: &Resources) -> Result<Edit, Diagnostic> {
    let form = "write ID.property=value, such as vm-nic.properties.enableIPForwarding=true";
    let wrong = |message: String| Diagnostic::error("input.edit", message).help(form);
    let (path, value) = text.split_once('=').ok_or_else(|| wrong(format!("`{text}` has no `=`")))?;
    let json =
        json::parse_text(value, FileId(0)).value.map_or_else(|| format!("{:?}", value.trim()), |it| it.to_string());
    let path = path.trim();
    let known = names(resources);
    // Names may hold dots: the longest part that is a name is the name.
    let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]).rev();
    for end in ends {
        let (name, property) = (&path[..end], path[end..].trim_start_matches('.'));
        let mut found =
            known.iter().filter(|(short, id)| short.eq_ignore_ascii_case(name) || id.eq_ignore_ascii_case(name));
        let Some((_, first)) = found.next() else { continue };
        if let Some((_, second)) = found.find(|(_, other)| !other.eq_ignore_ascii_case(first)) {
            let message = format!("`{name}` is ambiguous: {first}, {second}");
            return Err(Diagnostic::error("input.edit", message).help("use the resource id"));
        }
        return Ok(Edit { resource: first.as_str().into(), property: property.to_owned(), value: json });
    }
    if path.starts_with('/') && value.trim_start().starts_with('{') {
        return Ok(Edit { resource: path.into(), property: String::new(), value: json });
    }
    let head = path.split('.').next().unwrap_or(path);
    let near = nearest(head, known.iter().map(|(short, _)| short.as_str()));
    let help = near.map_or_else(|| form.to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Diagnostic::error("input.edit", format!("no resource is called `{path}` or the first part of it")).help(help))
}

/// Short name and id of every resource and of every part of one that has a name.
fn names(resources: &Resources) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for raw in resources.iter() {
        found.push((id::name_of(&raw.id).to_owned(), raw.id.to_string()));
        for member in raw.properties().as_object().unwrap_or_default() {
            for part in member.value.items() {
                if let Some(name) = part.get("name").and_then(Value::as_str) {
                    found.push((name.to_owned(), format!("{}/{}/{name}", raw.id, member.key)));
                }
            }
        }
    }
    found
}

impl Resources {
    /// Makes an edit. Its text becomes a source of its own, so that what is wrong with it has a place.
    ///
    /// # Errors
    /// When its path leads nowhere, or its value is no JSON.
    pub fn edit(&mut self, edit: &Edit, sources: &mut Sources) -> Result<(), Diagnostic> {
        let file = sources.add("(edit)", edit.to_string());
        let start = edit.to_string().len() - edit.value.len();
        let unreadable = || Diagnostic::error("input.edit", format!("the value {} is no JSON", edit.value));
        let value = json::parse_text(&edit.value, FileId(0)).value.ok_or_else(unreadable)?;
        let span = Span::new(file, start, start + edit.value.len());
        self.change(&edit.resource, &edit.property, value.moved_to(span))
    }

    fn change(&mut self, resource: &str, property: &str, value: Value) -> Result<(), Diagnostic> {
        if self.get(resource).is_some() && property.is_empty() {
            if value.is_null() {
                self.remove(resource);
            } else {
                self.insert(whole(resource, value)?);
            }
            return Ok(());
        }
        if property.is_empty() && !value.is_null() && self.holder(resource).is_none() {
            self.insert(whole(resource, value)?);
            return Ok(());
        }
        let Some((raw, path)) = self.holder(resource) else {
            let message = format!("{resource} is not declared as a resource or as a part of one");
            return Err(Diagnostic::error("input.edit", message));
        };
        let whole = [path.as_str(), property].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
        let span = raw.span;
        let id = raw.id.clone();
        raw.body.set(&whole, value).map_err(|error| Diagnostic::error("input.edit", format!("{id}: {error}")).at(span))
    }

    /// The resource that holds `id`, and the path to it there; empty for the resource itself.
    fn holder(&mut self, id: &str) -> Option<(&mut RawResource, String)> {
        let mut whole = id;
        let mut parts = Vec::new();
        while self.get(whole).is_none() {
            let mut pieces = whole.rsplitn(3, '/');
            parts.push((pieces.next()?, pieces.next()?));
            whole = pieces.next()?;
        }
        let mut at = &self.get(whole)?.body;
        let mut path: Vec<String> = Vec::new();
        for (name, collection) in parts.into_iter().rev() {
            if let Some(properties) = at.get("properties") {
                path.push("properties".to_owned());
                at = properties;
            }
            path.push(format!("{collection}[{name}]"));
            let named = |part: &&Value| {
                part.get("name").and_then(Value::as_str).is_some_and(|it| it.eq_ignore_ascii_case(name))
            };
            at = at.get(collection)?.items().iter().find(named)?;
        }
        let key = whole.to_ascii_lowercase();
        self.iter_mut().find(|raw| raw.id.to_ascii_lowercase() == key).map(|raw| (raw, path.join(".")))
    }
}

/// A resource from the body in an edit, which need not repeat its id.
fn whole(id: &str, mut body: Value) -> Result<RawResource, Diagnostic> {
    let text = Value::new(body.span, json::Data::String(id.to_owned()));
    if body.get("id").is_none() {
        body.set("id", text)
            .map_err(|_| Diagnostic::error("input.edit", format!("{id} takes an object")).at(body.span))?;
    }
    RawResource::of_body(body).ok_or_else(|| Diagnostic::error("input.edit", format!("{id} is no resource")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const G: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";

    fn resources() -> Resources {
        let text = format!(
            r#"[{{"id":"{G}/virtualNetworks/v.one","type":"Microsoft.Network/virtualNetworks","properties":{{"subnets":[
                {{"name":"a","properties":{{"addressPrefix":"10.0.0.0/24"}}}}]}}}},
               {{"id":"{G}/networkSecurityGroups/a","properties":{{"securityRules":[{{"name":"r","properties":{{}}}}]}}}},
               {{"id":"{G}/networkInterfaces/n","enableIPForwarding":false}}]"#
        );
        let value = json::parse_text(&text, FileId(0)).value.unwrap();
        let mut resources = Resources::default();
        for item in value.items() {
            resources.insert(RawResource::of_body(item.clone()).unwrap());
        }
        resources
    }

    /// Catches: a name cut at its own dot, a value of text refused, the first of two resources taken without a word.
    #[test]
    fn edits_are_read() {
        let all = resources();
        let read = |text: &str| parse(text, &all).map(|edit| (edit.resource.to_string(), edit.property, edit.value));
        let ok = |id: &str, property: &str, value: &str| (format!("{G}/{id}"), property.to_owned(), value.to_owned());
        assert_eq!(read("v.one.location=westus2").unwrap(), ok("virtualNetworks/v.one", "location", "\"westus2\""));
        assert_eq!(
            read("r.properties.access=Deny").unwrap(),
            ok("networkSecurityGroups/a/securityRules/r", "properties.access", "\"Deny\"")
        );
        let subnet = format!("{G}/virtualNetworks/v.one/subnets/a");
        assert_eq!(
            read(&format!("{subnet}.properties.x=[1]")).unwrap(),
            ok("virtualNetworks/v.one/subnets/a", "properties.x", "[1]")
        );
        assert_eq!(read("n=null").unwrap(), ok("networkInterfaces/n", "", "null"));
        assert_eq!(read(&format!("{G}/routeTables/new={{}}")).unwrap(), ok("routeTables/new", "", "{}"));
        assert!(read("a.properties.x=1").unwrap_err().message.contains("ambiguous"));
        assert!(read("vone.properties.x=1").unwrap_err().help.unwrap().contains("v.one"));
        assert!(read("n.properties.x").unwrap_err().message.contains("no `=`"));
    }

    /// Catches: a part looked for at the top, flattened bodies edited under `properties`, a deletion that leaves the rest.
    #[test]
    fn edits_are_made() {
        let mut sources = Sources::new();
        let mut all = resources();
        let mut make = |id: &str, property: &str, value: &str| {
            let edit = Edit { resource: format!("{G}/{id}").into(), property: property.into(), value: value.into() };
            all.edit(&edit, &mut sources).map_err(|it| it.message)
        };
        make("virtualNetworks/v.one/subnets/a", "properties.addressPrefix", "\"10.0.1.0/24\"").unwrap();
        make("networkSecurityGroups/a/securityRules/r", "", "null").unwrap();
        make("networkInterfaces/n", "enableIPForwarding", "true").unwrap();
        make("routeTables/t", "", r#"{"properties":{"routes":[]}}"#).unwrap();
        make("routeTables/t", "properties.routes[+]", r#"{"name":"all"}"#).unwrap();
        make("routeTables/t/routes/all", "properties", r#"{"nextHopType":"None"}"#).unwrap();
        assert!(make("routeTables/none/routes/x", "properties.y", "1").unwrap_err().contains("not declared"));
        let body = |id: &str| all.get(&format!("{G}/{id}")).unwrap().body.to_string();
        assert!(body("virtualNetworks/v.one").contains(r#""addressPrefix":"10.0.1.0/24""#));
        assert!(body("networkSecurityGroups/a").contains(r#""securityRules":[]"#));
        assert!(body("networkInterfaces/n").contains(r#""enableIPForwarding":true"#));
        assert!(body("routeTables/t").contains(r#""nextHopType":"None""#));
        let span = all.get(&format!("{G}/routeTables/t")).unwrap().span;
        assert!(sources.line(span).unwrap().contains("routeTables/t="));
    }
}
