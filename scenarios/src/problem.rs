//! What is in the way, as people read it: the rule or setting with its place in the input, and what would mend it.

use crate::observe::names::Names;
use crate::observe::{blocked, describe};
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::explain::{Blocker, Walk, remedy};
use sim_core::fabric::Fabric;
use sim_core::id::NodeId;
use sim_core::source::Span;
use sim_core::stage::Reason;
use sim_core::topology::{Kind, Refusal, Relation, Topology};
use std::sync::Arc;
use topologies::azure::edits_of;
use topologies::diagnostic::Diagnostic;
use topologies::source::Sources;

/// Something in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
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
    /// Whether it is in the way only once what is before it is mended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub behind: bool,
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
        let length = (span.end.saturating_sub(span.start) as usize).max(1);
        let line = sources.line(span).unwrap_or_default();
        // Both are slices of one text, so their distance is the line's place in it.
        let line_start = (line.as_ptr() as usize).saturating_sub(sources.text(span.file).as_ptr() as usize);
        let snippet = window(line, (span.start as usize).saturating_sub(line_start), length);
        Some(Self { file: found.name.to_owned(), line: found.line, column: found.column, snippet })
    }
}

/// Longest snippet, in characters.
const SNIPPET: usize = 100;

/// The line; of a long one the part that starts at the byte `at`, as long as what is meant: minified files have lines of any
/// length.
fn window(line: &str, at: usize, length: usize) -> String {
    let inside = line.trim_start();
    if inside.chars().nth(SNIPPET).is_none() {
        return inside.trim_end().to_owned();
    }
    let start = at.max(line.len() - inside.len()).min(line.len());
    let shown: String = line[line.floor_char_boundary(start)..].chars().take(length.min(SNIPPET)).collect();
    shown.trim_end().to_owned()
}

/// What is in the way, and what opens it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// Everything in the way, each thing once.
    pub problems: Vec<Problem>,
    /// The smallest set of edits that opens it, or the known part of one.
    pub remedy: Option<RemedyReport>,
    /// Where nothing leads on.
    pub not_examined: Option<NotExamined>,
}

/// The part of a way that was not examined, for nothing leads there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotExamined {
    /// What lies behind this is not examined.
    pub behind: String,
    /// Whether that is on the way back; the way back is not examined either where nothing leads there.
    pub on_return: bool,
    /// Whether the proposed edits lead on, so that it was examined through them: what is in the way there is among the
    /// problems.
    pub but_through_edits: bool,
}

/// Edits that open a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RemedyReport {
    /// The edits, each as `--set` takes it.
    pub edits: Vec<String>,
    /// Whether the way is open after them: they were made on a copy of the network.
    pub opens: bool,
}

/// Everything that is in the way of a walk and its probes, with what opens it. What stands in the way only after an edit is
/// told last.
#[must_use]
pub fn of_walk(walk: &Walk, fabric: &Arc<Fabric>, topology: &Topology, sources: &Sources) -> Diagnosis {
    let mut found = in_the_way(walk, topology, sources);
    if walk.works() {
        return Diagnosis { problems: found, ..Diagnosis::default() };
    }
    let remedy = remedy(topology, fabric, walk);
    let not_examined = walk.not_examined().map(|(port, on_return)| NotExamined {
        behind: Names::default().port(port, topology).full.to_string(),
        on_return,
        but_through_edits: remedy.after.not_examined().is_none(),
    });
    let mut mended = topology.clone();
    let mut edits = Vec::new();
    for (blocker, mend) in &remedy.steps {
        let made: Vec<String> = edits_of(mend, &mended).iter().map(ToString::to_string).collect();
        let problem = of_blocker(blocker, false, &mended, sources);
        match found.iter_mut().find(|known| known.is_like(&problem)) {
            Some(known) => {
                known.mend.extend(made.iter().filter(|edit| !known.mend.contains(edit)).cloned().collect::<Vec<_>>())
            }
            None => found.push(Problem { behind: true, mend: made.clone(), ..problem }),
        }
        edits.extend(made);
        // It was made before, on the way to the remedy.
        let _ = mend.apply(&mut mended);
    }
    let remedy = (!edits.is_empty()).then(|| RemedyReport { edits, opens: remedy.opens() });
    Diagnosis { problems: found, remedy, not_examined }
}

/// The same without what opens it.
#[must_use]
pub fn in_the_way(walk: &Walk, topology: &Topology, sources: &Sources) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    walk.blockers.iter().for_each(|blocker| add(&mut found, blocker, false, topology, sources));
    walk.probes.iter().flat_map(|probe| &probe.blockers).for_each(|it| add(&mut found, it, true, topology, sources));
    walk.refusal.iter().for_each(|it| add(&mut found, it, false, topology, sources));
    found
}

/// Adds what packets of a flow that failed were stopped by and its walk does not show: what comes of time and of machines
/// always, and anything else where nothing else is known. Chance alone is told last.
pub fn add_met(found: &mut Vec<Problem>, stopped: &[Blocker], topology: &Topology, sources: &Sources) {
    for kind in [Origin::Time, Origin::Network, Origin::Chance] {
        if kind != Origin::Time && !found.is_empty() {
            return;
        }
        let these = stopped.iter().filter(|blocker| Origin::of(blocker.reason) == kind);
        these.for_each(|blocker| add(found, blocker, false, topology, sources));
    }
}

/// What it is that stopped a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// What only shows as time goes by: what was forgotten or used up, what was not up.
    Time,
    /// What an explanation shows as well.
    Network,
    /// What may be otherwise the next time.
    Chance,
}

impl Origin {
    const fn of(reason: Reason) -> Self {
        match reason {
            Reason::FlowExpired
            | Reason::MachineDown
            | Reason::TooLarge
            | Reason::PortDeleted
            | Reason::PortsExhausted
            | Reason::FlowTableFull => Self::Time,
            Reason::Lost | Reason::QueueFull => Self::Chance,
            _ => Self::Network,
        }
    }
}

fn add(found: &mut Vec<Problem>, blocker: &Blocker, probe: bool, topology: &Topology, sources: &Sources) {
    let problem = of_blocker(blocker, probe, topology, sources);
    match found.iter_mut().find(|known| known.is_like(&problem)) {
        Some(known) => {
            let packet = packet_text(blocker, probe);
            if !known.also.contains(&packet) && !known.text.starts_with(&packet) {
                known.also.push(packet);
            }
        }
        None => found.push(problem),
    }
}

impl Problem {
    /// Whether the same thing is in the way, perhaps of another packet.
    fn is_like(&self, other: &Self) -> bool {
        (&self.code, &self.resource, &self.rule, &self.place)
            == (&other.code, &other.resource, &other.rule, &other.place)
    }
}

/// What is in the way, for a packet or a health probe.
#[must_use]
pub fn of_blocker(blocker: &Blocker, probe: bool, topology: &Topology, sources: &Sources) -> Problem {
    let said = blocked::text(blocker, topology);
    let text = format!("{}: {}", packet_text(blocker, probe), said.text);
    let by_rule = matches!(blocker.reason, Reason::SecurityRule | Reason::AdminRule);
    let rule = blocker.step.as_ref().filter(|_| by_rule).and_then(|step| describe::rule_name(step, topology));
    Problem {
        code: blocker.reason.code().to_owned(),
        text,
        rule,
        resource: said.resource,
        place: said.span.and_then(|span| Place::of(span, sources)),
        also: Vec::new(),
        on_return: blocker.on_return,
        behind: false,
        mend: blocked::help(blocker, topology).into_iter().collect(),
    }
}

/// A certificate that is for other names than the one the client asked for, as the client said it.
#[must_use]
pub fn of_certificate(said: &str, walk: &Walk, topology: &Topology) -> Option<Problem> {
    let (_, rest) = said.split_once("x509: certificate is valid for ")?;
    let front = topology.get(NodeId(walk.reached?.0))?;
    let Kind::InternetHost(host) = &front.kind else { return None };
    let service = topology.target(front.id, Relation::PartOf).unwrap_or(front);
    let reason = Reason::CertificateName;
    let name = host.names.first().map(|name| format!("ask for {name}"));
    Some(Problem {
        code: reason.code().to_owned(),
        text: format!("{}: valid for {rest}", describe::reason(reason)),
        rule: None,
        resource: Some(service.name.to_string()),
        place: None,
        also: Vec::new(),
        on_return: false,
        behind: false,
        mend: name.into_iter().collect(),
    })
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
        behind: false,
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
        behind: false,
        mend: refusal.edit.iter().map(ToString::to_string).collect(),
    }
}

fn last_word(property: &str) -> &str {
    property.rsplit('.').next().unwrap_or(property)
}
