//! Where the parts of a scenario stand in its file.

use crate::yaml;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use sim_core::source::{FileId, Span};
use std::collections::BTreeMap;
use std::fmt;
use topologies::source::Sources;

/// The places of a scenario's parts, in the order of the parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The value of `era`.
    pub era: Option<Span>,
    /// The value of `repeat`.
    pub repeat: Option<Span>,
    /// Each value of `assume`, by name.
    pub assume: BTreeMap<String, Span>,
    /// Each entry of `unsure`.
    pub unsure: Vec<Span>,
    /// Each entry of `topology`.
    pub topology: Vec<Span>,
    /// Each actor, by name.
    pub actors: BTreeMap<String, ActorPlaces>,
    /// Each flow.
    pub flows: Vec<FlowPlaces>,
    /// Each event of the timeline.
    pub timeline: Vec<EventPlaces>,
    /// Every value of `parameters`, `set` and `put`, down to the scalars.
    pub(super) free: Vec<Span>,
    /// The lines of each of `parameters`, in the order of the file.
    pub(crate) parameters: Vec<(String, Lines)>,
}

/// The line that a value begins on, counted from 1, and those of what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    pub line: u64,
    /// What is in it; entries of a map with their keys.
    pub inner: Vec<(Option<String>, Lines)>,
}

/// The places of an actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorPlaces {
    /// Where it starts.
    pub whole: Span,
    /// Its address.
    pub address: Span,
    /// Its prefix.
    pub prefix: Option<Span>,
    /// Each port it listens on.
    pub listens: Vec<Span>,
}

/// The places of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowPlaces {
    /// Where it starts.
    pub whole: Span,
    /// Its name.
    pub name: Span,
    /// Who opens it.
    pub from: Span,
    /// Where it goes.
    pub to: Span,
    /// How often.
    pub repeat: Option<Span>,
    /// What is expected, where it is written.
    pub expect: Option<Span>,
    /// The reason that is expected.
    pub reason: Option<Span>,
}

/// The places of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPlaces {
    /// Where it starts.
    pub whole: Span,
    /// What is expected of a build, where it is written.
    pub expect: Option<Span>,
    /// The reason that is expected.
    pub reason: Option<Span>,
}

impl Places {
    /// The places in a text that is known to be a scenario.
    pub(super) fn read(text: &str, file: FileId) -> Result<Self, serde_saphyr::Error> {
        let marks: Marks = serde_saphyr::from_str_with_options(text, yaml::options())?;
        let at = Locator { text, file };
        let mut free = Vec::new();
        for node in marks.parameters.values() {
            at.leaves(node, &mut free);
        }
        for event in &marks.timeline {
            match &event.value.action {
                ActionMarks::Set(set) => at.leaves(&set.value, &mut free),
                ActionMarks::Put(body) => at.leaves(body, &mut free),
                ActionMarks::Build(_) | ActionMarks::Delete(_) | ActionMarks::Reboot(_) => {}
            }
        }
        Ok(Self {
            era: marks.era.map(|mark| at.span(&mark)),
            repeat: marks.repeat.map(|mark| at.span(&mark)),
            assume: marks.assume.iter().map(|(name, mark)| (name.clone(), at.span(mark))).collect(),
            unsure: marks.unsure.iter().map(|mark| at.span(mark)).collect(),
            topology: marks.topology.iter().map(|mark| at.span(mark)).collect(),
            actors: marks.actors.iter().map(|(name, mark)| (name.clone(), at.actor(mark))).collect(),
            flows: marks.flows.iter().map(|mark| at.flow(mark)).collect(),
            timeline: marks.timeline.iter().map(|mark| at.event(mark)).collect(),
            free,
            parameters: lines(&marks.parameters),
        })
    }

    /// Lets every place point into `file`.
    pub(super) fn refile(&mut self, file: FileId) {
        let Self { era, repeat, assume, unsure, topology, actors, flows, timeline, free, parameters: _ } = self;
        let named = assume.values_mut().chain(unsure);
        let single = era.iter_mut().chain(repeat).chain(named).chain(topology).chain(free);
        let actors = actors.values_mut().flat_map(|actor| {
            let ActorPlaces { whole, address, prefix, listens } = actor;
            [whole, address].into_iter().chain(prefix).chain(listens)
        });
        let flows = flows.iter_mut().flat_map(|flow| {
            let FlowPlaces { whole, name, from, to, repeat, expect, reason } = flow;
            [whole, name, from, to].into_iter().chain(repeat).chain(expect).chain(reason)
        });
        let timeline = timeline.iter_mut().flat_map(|event| {
            let EventPlaces { whole, expect, reason } = event;
            std::iter::once(whole).chain(expect).chain(reason)
        });
        for span in single.chain(actors).chain(flows).chain(timeline) {
            span.file = file;
        }
    }
}

/// Turns the reader's places into ours.
struct Locator<'t> {
    text: &'t str,
    file: FileId,
}

impl Locator<'_> {
    fn span<T>(&self, mark: &Spanned<T>) -> Span {
        yaml::span(self.text, self.file, mark.referenced)
    }

    fn actor(&self, mark: &Spanned<ActorMarks>) -> ActorPlaces {
        let actor = &mark.value;
        ActorPlaces {
            whole: self.span(mark),
            address: self.span(&actor.address),
            prefix: actor.prefix.as_ref().map(|mark| self.span(mark)),
            listens: actor.listens.iter().map(|mark| self.span(mark)).collect(),
        }
    }

    fn flow(&self, mark: &Spanned<FlowMarks>) -> FlowPlaces {
        let flow = &mark.value;
        FlowPlaces {
            whole: self.span(mark),
            name: self.span(&flow.name),
            from: self.span(&flow.from),
            to: self.span(&flow.to),
            repeat: flow.repeat.as_ref().map(|mark| self.span(mark)),
            expect: flow.expect.as_ref().map(|mark| self.span(mark)),
            reason: self.reason(flow.expect.as_ref()),
        }
    }

    fn event(&self, mark: &Spanned<EventMarks>) -> EventPlaces {
        let expect = match &mark.value.action {
            ActionMarks::Build(Some(build)) => build.expect.as_ref(),
            _ => None,
        };
        EventPlaces { whole: self.span(mark), expect: expect.map(|mark| self.span(mark)), reason: self.reason(expect) }
    }

    fn reason(&self, expect: Option<&Spanned<ExpectMarks>>) -> Option<Span> {
        expect.and_then(|mark| mark.value.reason.as_ref()).map(|mark| self.span(mark))
    }

    /// The places of all scalars of a value, those behind an alias where they are defined.
    fn leaves(&self, node: &Spanned<Node>, out: &mut Vec<Span>) {
        match &node.value {
            Node::Scalar => out.push(yaml::span(self.text, self.file, node.defined)),
            Node::Inner(inner) => inner.iter().for_each(|(_, node)| self.leaves(node, out)),
        }
    }
}

fn lines(parameters: &BTreeMap<String, Spanned<Node>>) -> Vec<(String, Lines)> {
    let mut found: Vec<(String, Lines)> =
        parameters.iter().map(|(name, node)| (name.clone(), lines_of(node))).collect();
    found.sort_by_key(|(_, lines)| lines.line);
    found
}

fn lines_of(node: &Spanned<Node>) -> Lines {
    let inner = match &node.value {
        Node::Scalar => Vec::new(),
        Node::Inner(inner) => inner.iter().map(|(key, node)| (key.clone(), lines_of(node))).collect(),
    };
    Lines { line: node.referenced.line(), inner }
}

type Mark = Spanned<IgnoredAny>;

#[derive(Deserialize)]
struct Marks {
    era: Option<Mark>,
    repeat: Option<Mark>,
    #[serde(default)]
    assume: BTreeMap<String, Mark>,
    #[serde(default)]
    unsure: Vec<Mark>,
    #[serde(default)]
    topology: Vec<Mark>,
    #[serde(default)]
    parameters: BTreeMap<String, Spanned<Node>>,
    #[serde(default)]
    actors: BTreeMap<String, Spanned<ActorMarks>>,
    #[serde(default)]
    flows: Vec<Spanned<FlowMarks>>,
    #[serde(default)]
    timeline: Vec<Spanned<EventMarks>>,
}

#[derive(Deserialize)]
struct ActorMarks {
    address: Mark,
    prefix: Option<Mark>,
    #[serde(default)]
    listens: Vec<Mark>,
}

#[derive(Deserialize)]
struct FlowMarks {
    name: Mark,
    from: Mark,
    to: Mark,
    repeat: Option<Mark>,
    expect: Option<Spanned<ExpectMarks>>,
}

#[derive(Deserialize)]
struct ExpectMarks {
    reason: Option<Mark>,
}

#[derive(Deserialize)]
struct EventMarks {
    action: ActionMarks,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ActionMarks {
    Build(Option<BuildMarks>),
    Set(SetMarks),
    Put(Spanned<Node>),
    Delete(IgnoredAny),
    Reboot(IgnoredAny),
}

#[derive(Deserialize)]
struct BuildMarks {
    expect: Option<Spanned<ExpectMarks>>,
}

#[derive(Deserialize)]
struct SetMarks {
    value: Spanned<Node>,
}

/// A value of any shape, of which only the places count.
enum Node {
    Scalar,
    Inner(Vec<(Option<String>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut inner = Vec::new();
        while let Some(item) = items.next_element()? {
            inner.push((None, item));
        }
        Ok(Node::Inner(inner))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut inner = Vec::new();
        while let Some((key, value)) = entries.next_entry()? {
            inner.push((Some(key), value));
        }
        Ok(Node::Inner(inner))
    }
}

/// Adds the text of `file`, of one table, to another table, for reports that point into both.
pub(super) fn copy_file(from: &Sources, file: FileId, to: &mut Sources) -> FileId {
    to.add(from.name(file), from.text(file))
}
