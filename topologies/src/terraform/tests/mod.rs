//! Tests of what plans and states become.

mod answers;
mod corpus;
mod families;
mod hostile;
mod references;
mod same_network;
mod secrets;

use crate::arm::Environment;
use crate::{Input, World, load};

/// The default subscription and group, in which templates are deployed too.
const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/vnetsim-rg";

/// An instance of a resource, as a plan and a state have it.
struct Row {
    /// `module.a.azurerm_subnet.b[0]`.
    address: &'static str,
    /// Its id, below the providers of [`GROUP`].
    id: &'static str,
    /// Attributes that are known before apply: members of an object. `@attribute,` stands in a block where one is left out.
    known: &'static str,
    /// Attributes that are not (`block.attribute` in a block), each with the reference of the configuration and the id
    /// that it comes to.
    refers: &'static [(&'static str, &'static str, &'static str)],
}

const fn row(
    address: &'static str,
    id: &'static str,
    known: &'static str,
    refers: &'static [(&'static str, &'static str, &'static str)],
) -> Row {
    Row { address, id, known, refers }
}

impl Row {
    /// `mode`, `type`, `name` of the resource.
    fn identity(&self) -> String {
        let bare = self.address.split('[').next().unwrap_or_default();
        let (kind, name) = bare.split_once('.').unwrap();
        format!("\"mode\": \"managed\", \"type\": \"{kind}\", \"name\": \"{name}\"")
    }

    /// Known attributes with a comma after them, if there are any; `put` says what stands for one in a block.
    fn attributes(&self, put: impl Fn(&str, &str) -> String) -> String {
        let mut text = if self.known.is_empty() { String::new() } else { format!("{}, ", self.known) };
        for (key, _, id) in self.refers {
            if let Some((_, inner)) = key.split_once('.') {
                text = text.replacen(&format!("@{inner},"), &put(inner, id), 1);
            }
        }
        text
    }
}

/// A member, in the block that its key names.
fn nested(key: &str, value: &str) -> String {
    match key.split_once('.') {
        Some((block, inner)) => format!("\"{block}\": [{{\"{inner}\": {value}}}]"),
        None => format!("\"{key}\": {value}"),
    }
}

/// The plan that creates these.
fn plan(rows: &[Row]) -> String {
    let changes = rows.iter().map(|row| {
        let unknown: String = row.refers.iter().map(|(key, ..)| format!(", {}", nested(key, "true"))).collect();
        format!(
            "{{\"address\": \"{}\", {}, \"change\": {{\"actions\": [\"create\"], \"before\": null, \"after\": {{{}\
             \"timeouts\": null}}, \"after_unknown\": {{\"id\": true{unknown}}}}}}}",
            row.address,
            row.identity(),
            row.attributes(|_, _| String::new())
        )
    });
    let configured = rows.iter().map(|row| {
        let expression = |(key, reference, _): &(&str, &str, &str)| {
            let whole = reference.rsplit_once('.').map_or(*reference, |(whole, _)| whole);
            nested(key, &format!("{{\"references\": [\"{reference}\", \"{whole}\"]}}"))
        };
        let expressions: Vec<String> = row.refers.iter().map(expression).collect();
        let bare = row.address.split('[').next().unwrap_or_default();
        format!("{{\"address\": \"{bare}\", {}, \"expressions\": {{{}}}}}", row.identity(), expressions.join(", "))
    });
    whole_plan(&changes.collect::<Vec<_>>().join(",\n"), &configured.collect::<Vec<_>>().join(",\n"), "")
}

/// A plan of changes, resources of the root module's configuration, and other members of the root module.
fn whole_plan(changes: &str, configured: &str, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    format!(
        "{{\"format_version\": \"1.2\", \"terraform_version\": \"1.9.0\", \"resource_changes\": [\n{changes}\n],\n\
         \"configuration\": {{\"root_module\": {{\"resources\": [\n{configured}\n]{more}}}}}}}"
    )
}

/// The state after it.
fn state(rows: &[Row]) -> String {
    let resources = rows.iter().map(|row| {
        let lists = |key: &str| key.ends_with("_ids");
        let whole = row.refers.iter().filter(|(key, ..)| !key.contains('.'));
        let refers = whole.map(|(key, _, id)| {
            let id = format!("\"{GROUP}/providers/{id}\"");
            if lists(key) { format!("\"{key}\": [{id}], ") } else { format!("\"{key}\": {id}, ") }
        });
        format!(
            "{{{}, \"provider\": \"provider[\\\"registry.terraform.io/hashicorp/azurerm\\\"]\", \"instances\": [{{\
             \"schema_version\": 0, \"attributes\": {{{}{}\"id\": \"{GROUP}/providers/{}\"}}}}]}}",
            row.identity(),
            row.attributes(|key, id| format!("\"{key}\": \"{GROUP}/providers/{id}\",")),
            refers.collect::<String>(),
            row.id
        )
    });
    let resources = resources.collect::<Vec<_>>().join(",\n");
    format!(
        "{{\"version\": 4, \"terraform_version\": \"1.9.0\", \"serial\": 1, \"lineage\": \"x\", \"outputs\": {{}}, \
         \"resources\": [\n{resources}\n]}}"
    )
}

fn world(text: impl Into<String>) -> World {
    load(&[Input::new("terraform.json", text)], None, &Environment::default())
}

/// What was said: `code message`, one a line.
fn told(world: &World) -> String {
    let findings = world.findings.iter().map(|finding| &finding.diagnostic);
    findings.chain(&world.diagnostics).map(|told| format!("{} {}\n", told.code, told.message)).collect()
}

/// What a resource says, by the end of its id: its body as JSON.
fn body(world: &World, end: &str) -> String {
    let end = end.to_ascii_lowercase();
    let found = world.resources.iter().find(|raw| raw.id.to_ascii_lowercase().ends_with(&end));
    found.map_or_else(|| format!("no {end} in {:?}", ids(world)), |raw| raw.body.to_string())
}

fn ids(world: &World) -> Vec<String> {
    world.resources.iter().map(|raw| raw.id.to_string()).collect()
}

/// The network as lines: id, what it is without places in files, what it refers to.
fn drawn(world: &World) -> Vec<String> {
    let mut lines: Vec<String> = world
        .topology
        .resources()
        .map(|found| {
            let draft = world.topology.draft_of(found);
            let refers =
                draft.refers.iter().map(|(relation, name)| format!("; {relation:?} {}", name.to_ascii_lowercase()));
            let mut refers: Vec<String> = refers.collect();
            refers.sort();
            let kind = placeless(&format!("{:?}", found.kind));
            format!("{} {kind}{}", found.name.to_ascii_lowercase(), refers.concat())
        })
        .collect();
    lines.sort();
    lines
}

/// A debug text without the places in it.
fn placeless(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("Some(Span {") {
        kept += before;
        kept += "None";
        rest = after.split_once("})").map_or("", |(_, rest)| rest);
    }
    kept + rest
}
