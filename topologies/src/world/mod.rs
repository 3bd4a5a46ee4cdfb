//! The declared network of an input, with everything that is to be said about it.

mod collect;
mod settle;
mod stand_in;

#[cfg(test)]
mod tests;

use crate::arm::Assumption;
use crate::azure::{self, Around, Finding, RawResource, Resources};
use crate::diagnostic::{Diagnostic, Severity};
use crate::facts::{self, Assumptions, Date, ServiceTags, region};
use crate::json::Value;
use crate::source::Sources;
use collect::Collected;
use settle::Settling;
use sim_core::assumption::Choices;
use sim_core::fabric::Facts;
use sim_core::id::NodeId;
use sim_core::source::Span;
use sim_core::topology::Topology;
use stand_in::Hints;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most resources and parts of resources of a network.
pub const MAX_NODES: usize = 100_000;

/// An output of a template.
#[derive(Clone, Debug)]
pub struct Output {
    /// The file.
    pub template: String,
    /// Its name, as the template writes it.
    pub name: String,
    /// Its value; what only Azure knows stands in it as a placeholder.
    pub value: Value,
}

/// What an input declares.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The network.
    pub topology: Topology,
    /// Every resource as it was read, for models of services.
    pub resources: Resources,
    /// The input files, into which all spans point.
    pub sources: Sources,
    /// What Azure would refuse. It is left out of the network.
    pub findings: Vec<Finding>,
    /// What is wrong with the input itself, and what of it the simulator leaves out (warnings).
    pub diagnostics: Vec<Diagnostic>,
    /// The outputs of the templates, in the order of the files.
    pub outputs: Vec<Output>,
    /// What was filled in because the input does not say it.
    pub assumptions: Vec<Assumption>,
    /// Times and sizes to assume instead of the usual ones.
    pub figures: Option<Arc<Assumptions>>,
    /// Ids, in lower case, of resources that nobody declared.
    assumed: BTreeSet<String>,
}

impl World {
    /// The network of these resources. Where none says its region, it is `region`.
    ///
    /// Resources are put in an order in which each finds what it refers to; what takes a fixed address goes before what
    /// takes the first free one, else in the order given. What Azure would refuse is left out, and so is what refers to
    /// it. For what is referred to but not declared there are stand-ins, each with an assumption.
    #[must_use]
    pub fn new(resources: impl IntoIterator<Item = RawResource>, region: &str) -> Self {
        Self::on(Date::DATA, resources, region, None)
    }

    /// The same on a day, where it may be known what service tags hold.
    #[must_use]
    pub fn on(
        date: Date,
        resources: impl IntoIterator<Item = RawResource>,
        region: &str,
        tags: Option<Arc<ServiceTags>>,
    ) -> Self {
        let world = Self::build(date, resources, region, tags.clone());
        // Some resources ask for addresses of others, which are known only now: a route, for its next hop.
        if !world.resources.iter().any(|raw| azure::asks(&raw.body)) {
            return world;
        }
        let mut filled = world.resources.clone();
        let fill = |raw: &mut RawResource| azure::fill_addresses(&mut raw.body, &world.resources, &world.topology);
        let count: usize = filled.iter_mut().map(fill).sum();
        if count > 0 { Self::build(date, filled.into_iter(), region, tags) } else { world }
    }

    fn build(
        date: Date,
        resources: impl IntoIterator<Item = RawResource>,
        region: &str,
        tags: Option<Arc<ServiceTags>>,
    ) -> Self {
        let mut world = Self::default();
        world.resources.service_tags = tags;
        world.resources.date = date;
        for raw in resources {
            world.resources.insert(raw);
        }
        let region = region::short(region);
        let mut collected = Collected::default();
        for raw in world.resources.iter() {
            let reading = azure::read(raw, &world.resources, &region);
            if collected.nodes.len() + reading.pieces.len() > MAX_NODES {
                let message = format!("more than {MAX_NODES} resources and parts of resources; the rest is left out");
                let help = "give the resources of the networks that you ask for";
                collected.skipped.push(Diagnostic::error("input.too-many", message).at(raw.span).help(help));
                break;
            }
            collected.add(reading, &world.resources);
        }
        collected.join();
        let Collected { nodes, places, left_out, members, findings, skipped, assumptions, .. } = collected;
        world.findings = findings;
        world.diagnostics = skipped;
        world.assumptions = assumptions;
        Settling { world: &mut world, nodes, places, left_out, members }.run();
        world
    }

    /// The day that it is set in.
    #[must_use]
    pub fn date(&self) -> Date {
        self.resources.date
    }

    /// What service tags hold, where that was given.
    #[must_use]
    pub fn service_tags(&self) -> Option<&Arc<ServiceTags>> {
        self.resources.service_tags.as_ref()
    }

    /// The times and sizes that are assumed.
    #[must_use]
    pub fn figures(&self) -> Arc<Assumptions> {
        self.figures.clone().unwrap_or_else(|| Arc::new(facts::assumptions().clone()))
    }

    /// What Azure is like on `date`, with the service tags that were given, and with these choices where nobody knows.
    /// Without `jitter` every packet of a way takes the same time and none is lost.
    #[must_use]
    pub fn facts(&self, date: Date, choices: Choices, jitter: bool) -> Arc<Facts> {
        let mut facts = Facts { choices, ..facts::network(date, jitter, &self.figures()) };
        if let Some(tags) = self.service_tags() {
            tags.fill(&mut facts.tags);
        }
        Arc::new(facts)
    }

    /// Whether the input could not be read or evaluated; the network is then what could be read all the same.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The subnet `id`, which is assumed to exist if nobody declares it: a stand-in, in a VNet that stands in `region`.
    ///
    /// # Errors
    /// When the input declares the VNet, without this subnet: Azure would not find it.
    pub fn assume_subnet(&mut self, id: &str, region: &str) -> Result<NodeId, Box<Finding>> {
        if let Some(found) = self.topology.find(id) {
            return Ok(found.id);
        }
        let declared = azure::parent(id).filter(|vnet| self.topology.find(vnet).is_some() && !self.is_assumed(vnet));
        if let Some(vnet) = declared {
            let message = format!("Resource {id} was not found: virtual network {vnet} is declared without it.");
            let diagnostic =
                Diagnostic { span: self.span_of(vnet), ..Diagnostic::error("InvalidResourceReference", message) };
            return Err(Box::new(Finding { resource: id.into(), diagnostic, edit: None }));
        }
        self.stand_in_subnet(&azure::tidy(id), &region::short(region), &Hints::default(), None)
    }

    /// Whether this resource stands in for one that nobody declared.
    #[must_use]
    pub fn is_assumed(&self, id: &str) -> bool {
        self.assumed.contains(&id.to_ascii_lowercase())
    }

    /// A declared resource as Azure would answer it: with the defaults, states, ids and addresses that Azure fills in. What
    /// Azure alone knows stands as a placeholder, `<reference(ID).PATH>`. The answer has the form of that version of the API;
    /// without one, of the version that the resource was written for. A stand-in answers with what was assumed of it. `None` for
    /// what is neither.
    #[must_use]
    pub fn answer(&self, id: &str, version: Option<&str>) -> Option<Value> {
        let Some(raw) = self.resources.get(id) else {
            if let Some(part) = self.inline(id, version) {
                return Some(part);
            }
            let body = azure::body_of(self.topology.find(id)?)?;
            return Some(azure::filled(&azure::tidy(id), &body, version.unwrap_or_default(), &self.around()));
        };
        Some(azure::filled(&raw.id, &raw.body, version.unwrap_or(&raw.api_version), &self.around()))
    }

    /// What a part that is declared inside a resource is in that one's answer: a subnet in its network.
    fn inline(&self, id: &str, version: Option<&str>) -> Option<Value> {
        let whole = self.answer(azure::parent(id).filter(|whole| self.resources.get(whole).is_some())?, version)?;
        let mut segments = id.rsplit('/');
        let (name, collection) = (segments.next()?, segments.next()?);
        let is_it =
            |part: &&Value| part.get("name").and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(name));
        whole.path(&["properties", collection])?.items().iter().find(is_it).cloned()
    }

    /// What a resource in this network can learn from it.
    pub(crate) fn around(&self) -> Around<'_> {
        Around::of(&self.topology, &self.resources)
    }

    fn span_of(&self, id: &str) -> Option<Span> {
        self.topology.find(id).and_then(|found| found.span)
    }
}
