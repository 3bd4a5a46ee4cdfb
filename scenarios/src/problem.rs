//! What is in the way, as people read it: the rule or setting with its place in the input, and what would mend it.

use crate::observe::{describe, names};
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::explain::{Blocker, Mend, Walk};
use sim_core::fabric::Fabric;
use sim_core::source::Span;
use sim_core::stage::security;
use sim_core::stage::{Reason, Step};
use sim_core::topology::{Access, Direction, Edit, Kind, Peer, Refusal, SecurityRule, Topology};
use topologies::diagnostic::Diagnostic;
use topologies::source::Sources;

/// Something in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// A stable reason code, or Azure's error code.
    pub code: String,
    /// What and where, in a sentence.
    pub text: String,
    /// The rule or setting, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The resource it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Other packets that it is in the way of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Whether it is in the way of the answer and not of the question.
    pub on_return: bool,
    /// What would mend it.
    pub mend: Vec<String>,
}

/// A place in an input file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
    /// The line itself.
    pub snippet: String,
}

impl Place {
    /// The place of a span.
    #[must_use]
    pub fn of(span: Span, sources: &Sources) -> Option<Self> {
        let found = sources.locate(span)?;
        let snippet = window(sources.line(span).unwrap_or_default(), found.column);
        Some(Self { file: found.name.to_owned(), line: found.line, column: found.column, snippet })
    }
}

/// Longest snippet, in characters.
const SNIPPET: usize = 100;

/// The part of a line that starts near `column`, counted from 1: minified files have lines of any length.
fn window(line: &str, column: usize) -> String {
    let indent = line.chars().take_while(|c| c.is_whitespace()).count();
    let fits = line.chars().count() - indent <= SNIPPET;
    let start = if fits { indent } else { (column - 1).max(indent) };
    line.chars().skip(start).take(SNIPPET).collect::<String>().trim_end().to_owned()
}

/// Everything that is in the way of a walk and its probes, each thing once.
#[must_use]
pub fn of_walk(walk: &Walk, fabric: &Fabric, topology: &Topology, sources: &Sources) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    // Edits are proposed one on top of the other, so that all of them can be made.
    let mut mended = topology.clone();
    let mut add = |blocker: &Blocker, probe: bool| {
        let mut problem = of_blocker(blocker, probe, topology, sources);
        if let Some(mend) = Mend::propose(blocker, fabric, &mended) {
            mend.apply(&mut mended);
            problem.mend.push(mend_text(&mend, topology));
        }
        let same = |known: &&mut Problem| {
            (&known.code, &known.resource, &known.rule, &known.place)
                == (&problem.code, &problem.resource, &problem.rule, &problem.place)
        };
        match found.iter_mut().find(same) {
            Some(known) => {
                let packet = packet_text(blocker, probe);
                if !known.also.contains(&packet) && !known.text.starts_with(&packet) {
                    known.also.push(packet);
                }
                for mend in problem.mend {
                    if !known.mend.contains(&mend) {
                        known.mend.push(mend);
                    }
                }
            }
            None => found.push(problem),
        }
    };
    walk.blockers.iter().for_each(|blocker| add(blocker, false));
    walk.probes.iter().flat_map(|probe| &probe.blockers).for_each(|blocker| add(blocker, true));
    found
}

fn of_blocker(blocker: &Blocker, probe: bool, topology: &Topology, sources: &Sources) -> Problem {
    let steps: Vec<Step> = blocker.step.iter().cloned().collect();
    let said = describe::blocker(blocker.reason, &steps, topology);
    let text = format!("{}: {}", packet_text(blocker, probe), said.text);
    let rule = match (&blocker.step, blocker.reason) {
        (Some(Step::Security { group, rule, .. }), Reason::SecurityRule) => {
            match topology.get(*group).map(|found| &found.kind) {
                Some(Kind::Nsg(group)) => Some(security::describe(group, *rule).0.to_string()),
                _ => None,
            }
        }
        _ => None,
    };
    Problem {
        code: blocker.reason.code().to_owned(),
        text,
        rule,
        resource: said.resource,
        place: said.span.and_then(|span| Place::of(span, sources)),
        also: Vec::new(),
        on_return: blocker.on_return,
        mend: Vec::new(),
    }
}

fn packet_text(blocker: &Blocker, probe: bool) -> String {
    let what = if probe { "health probe " } else { "" };
    let way = if blocker.on_return { "answer " } else { "" };
    format!("{what}{way}{}", blocker.tuple)
}

/// A message of the readers.
#[must_use]
pub fn of_diagnostic(diagnostic: &Diagnostic, sources: &Sources) -> Problem {
    Problem {
        code: diagnostic.code.to_owned(),
        text: diagnostic.message.clone(),
        rule: None,
        resource: None,
        place: diagnostic.span.and_then(|span| Place::of(span, sources)),
        also: Vec::new(),
        on_return: false,
        mend: diagnostic.help.iter().cloned().collect(),
    }
}

/// What Azure refused.
#[must_use]
pub fn of_refusal(refusal: &Refusal, sources: &Sources) -> Problem {
    Problem {
        code: refusal.code.to_owned(),
        text: refusal.message.clone(),
        rule: refusal.edit.as_ref().map(|edit| last_word(&edit.property).to_owned()),
        resource: Some(refusal.resource.to_string()),
        place: refusal.span.and_then(|span| Place::of(span, sources)),
        also: Vec::new(),
        on_return: false,
        mend: refusal.edit.iter().map(edit_text).collect(),
    }
}

fn last_word(property: &str) -> &str {
    property.rsplit('.').next().unwrap_or(property)
}

/// An edit as `--set` takes it.
#[must_use]
pub fn edit_text(edit: &Edit) -> String {
    format!("{}: {} = {}", edit.resource, edit.property, edit.value)
}

fn mend_text(mend: &Mend, topology: &Topology) -> String {
    let name = |id| topology.get(id).map_or_else(|| "?".to_owned(), |found| found.name.to_string());
    match mend {
        Mend::AllowRule { group, rule } => {
            format!("{}: properties.securityRules += {}", name(*group), rule_json(rule))
        }
        Mend::Set { resource, property, value } => format!("{}: {property} = {value}", name(*resource)),
        Mend::NeedsGroup { config } => {
            let what = topology.get(*config).map_or_else(|| "?".to_owned(), |found| names::short(found, topology));
            format!("attach a network security group that allows the traffic to the NIC or subnet of {what}")
        }
        Mend::NeedsOutbound { subnet } => {
            format!("{}: properties.natGateway.id = \"<a NAT gateway in the same region>\"", name(*subnet))
        }
    }
}

/// A rule as it stands in a template.
fn rule_json(rule: &SecurityRule) -> String {
    let peer = |peers: &[Peer]| match peers.first() {
        Some(Peer::Prefix(prefix)) => prefix.to_string(),
        Some(Peer::Tag(tag)) => tag.to_string(),
        Some(Peer::Asg(id)) => id.to_string(),
        Some(Peer::Any) | None => "*".to_owned(),
    };
    let port = rule.destination_ports.first().map_or_else(|| "*".to_owned(), |range| range.first.to_string());
    let protocol = match rule.protocol.map(|protocol| protocol.to_string()).as_deref() {
        Some("TCP") => "Tcp",
        Some("UDP") => "Udp",
        Some("ICMP") => "Icmp",
        _ => "*",
    };
    serde_json::json!({
        "name": &*rule.name,
        "properties": {
            "priority": rule.priority,
            "direction": if rule.direction == Direction::Inbound { "Inbound" } else { "Outbound" },
            "access": if rule.access == Access::Allow { "Allow" } else { "Deny" },
            "protocol": protocol,
            "sourceAddressPrefix": peer(&rule.source),
            "sourcePortRange": "*",
            "destinationAddressPrefix": peer(&rule.destination),
            "destinationPortRange": port,
        }
    })
    .to_string()
}
