//! Tests of the network as a whole: what is put, refused, assumed.

mod answers;
mod application_gateways;
mod corpus;
mod endpoints;
mod families;
mod firewalls;
mod gateways;
mod refusals;
mod rules;
mod scale_sets;
mod services;
mod stand_ins;
mod strange;
mod zones;

use super::World;
use crate::arm::Environment;
use crate::diagnostic::Diagnostic;
use crate::{Input, load};
use sim_core::topology::{Kind, Relation};

/// What a template of these resources declares.
fn deployed(resources: &str) -> World {
    let schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
    let text =
        format!("{{\"$schema\": \"{schema}\", \"contentVersion\": \"1.0.0.0\", \"resources\": [\n{resources}\n]}}");
    load(&[Input::new("main.json", text)], None, &Environment::default())
}

/// A resource with its properties, in westus2.
fn resource(kind: &str, name: &str, properties: &str) -> String {
    format!(
        "{{\"type\": \"Microsoft.Network/{kind}\", \"apiVersion\": \"2021-05-01\", \"name\": \"{name}\", \
         \"location\": \"West US 2\", \"properties\": {{{properties}}}}}"
    )
}

/// The id of a resource of the default group: `at("virtualNetworks/v")`.
fn at(part: &str) -> String {
    let scope = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/vnetsim-rg/providers";
    format!("{scope}/Microsoft.Network/{part}")
}

/// Findings, then diagnostics: `code line:column message`, one a line, notes below.
fn told(world: &World) -> String {
    let place = |span: Option<_>| {
        let found = span.and_then(|span| world.sources.locate(span));
        found.map_or("-".to_owned(), |at| format!("{}:{}", at.line, at.column))
    };
    let line = |diagnostic: &Diagnostic| {
        let notes = diagnostic.notes.iter().map(|(span, text)| format!("  {} {text}\n", place(*span)));
        let head = format!("{} {} {}\n", diagnostic.code, place(diagnostic.span), diagnostic.message);
        notes.fold(head, |text, note| text + &note)
    };
    world.findings.iter().map(|finding| &finding.diagnostic).chain(&world.diagnostics).map(line).collect()
}

/// The network as a table: kind, name below its group, `relation target` for each reference.
fn drawn(world: &World) -> String {
    let short = |id: &str| id.split("/Microsoft.Network/").last().unwrap_or(id).to_owned();
    let relations = [
        Relation::PartOf,
        Relation::Attached,
        Relation::FilteredBy,
        Relation::RoutedBy,
        Relation::TranslatedBy,
        Relation::Uses,
        Relation::MemberOf,
        Relation::Remote,
        Relation::Listens,
        Relation::Sends,
        Relation::Checks,
        Relation::Target,
    ];
    let mut lines = String::new();
    for found in world.topology.resources() {
        if matches!(found.kind, Kind::Inert { .. }) {
            continue;
        }
        let kind = format!("{:?}", found.kind);
        let kind = kind.split([' ', '(', '{']).next().unwrap_or_default();
        let edges = relations.iter().flat_map(|relation| {
            let targets = world.topology.targets(found.id, *relation);
            targets.into_iter().map(move |target| format!("; {relation:?} {}", target.short_name()))
        });
        lines.push_str(&format!("{kind} {}{}\n", short(&found.name), edges.collect::<String>()));
    }
    lines
}
