//! A name followed to its addresses: who is asked, by which way, and what each of them says.

use super::{Question as Packet, Walk, walk};
use crate::app::Failure;
use crate::assumption::AssumptionSet;
use crate::fabric::{Fabric, PortKind};
use crate::host::Socket;
use crate::id::{NodeId, PortId};
use crate::names::{Answer, Code, Forward, PORT, Question, Record, Served, Via, View, addresses};
use crate::net::{Addr, Protocol, Tuple};
use crate::topology::RecordKind;
use std::sync::Arc;

/// A name followed to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct NameWalk {
    /// The name.
    pub name: Arc<str>,
    /// The questions on the wire, in the order they are asked.
    pub legs: Vec<Leg>,
    /// Who said what, in order.
    pub via: Vec<Via>,
    /// The records of the answer.
    pub records: Vec<Record>,
    /// The addresses, or why there are none.
    pub end: Result<Vec<Addr>, Failure>,
}

/// A question on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// Who asks.
    pub by: NodeId,
    /// Who is asked.
    pub server: Socket,
    /// The way there and back.
    pub walk: Walk,
    /// Whether somebody is there who answers questions about names.
    pub answers: bool,
}

impl NameWalk {
    /// What nobody knows for certain and had a say.
    #[must_use]
    pub fn assumed(&self) -> AssumptionSet {
        let own = self.via.iter().filter_map(|via| if let Via::Assumed(it) = via { Some(*it) } else { None });
        let legs = self.legs.iter().fold(AssumptionSet::default(), |set, leg| set.union(leg.walk.assumed()));
        own.fold(legs, AssumptionSet::with)
    }
}

/// Most questions that follow from one.
const MAX_LEGS: usize = 32;
/// The port that questions are asked from here: any would do.
const ASKING_PORT: u16 = 49152;

/// Follows a name from the machine of `node`; `opening` is where the packets of a machine begin.
///
/// It goes the way that programs go, and asks the same functions; without packets, so that what is in the way can be told.
#[must_use]
pub fn follow_name(
    fabric: &Arc<Fabric>,
    node: NodeId,
    name: &str,
    opening: impl Fn(NodeId) -> Option<(PortId, Addr)>,
) -> NameWalk {
    let question = Question::new(name, RecordKind::A);
    let mut trip = Trip { fabric, opening, legs: Vec::new(), via: Vec::new() };
    let mut said = trip.client(node, question.clone());
    if matches!(&said, Some((Code::NoError, records)) if addresses(records).is_empty()) {
        let legs = trip.legs.len();
        trip.via.clear();
        said = trip.client(node, Question { kind: RecordKind::Aaaa, ..question.clone() });
        // The same ways again.
        trip.legs.truncate(legs);
    }
    let (end, records) = match said {
        None => (Err(Failure::Silence), Vec::new()),
        Some((Code::NxDomain, records)) => (Err(Failure::NoSuchName), records),
        Some((Code::ServFail, records)) => (Err(Failure::ServerFails), records),
        Some((Code::NoError, records)) => {
            let found = addresses(&records);
            (if found.is_empty() { Err(Failure::NoAddress) } else { Ok(found) }, records)
        }
    };
    NameWalk { name: question.name, legs: trip.legs, via: trip.via, records, end }
}

struct Trip<'f, F> {
    fabric: &'f Arc<Fabric>,
    opening: F,
    legs: Vec<Leg>,
    via: Vec<Via>,
}

type Said = (Code, Vec<Record>);

impl<F: Fn(NodeId) -> Option<(PortId, Addr)>> Trip<'_, F> {
    fn client(&mut self, node: NodeId, question: Question) -> Option<Said> {
        let names = self.fabric.names().clone();
        let servers: Vec<Socket> = names.asked_by(node).iter().map(|server| (*server, PORT)).collect();
        if servers.is_empty() {
            let Answer { code, records, via, .. } = names.resolve(View::Public, &question);
            self.via.extend(via);
            return Some((code, records));
        }
        self.ask(node, &servers, &question)
    }

    /// The answer of the first that gives one.
    fn ask(&mut self, by: NodeId, servers: &[Socket], question: &Question) -> Option<Said> {
        let mut failed = None;
        for server in servers {
            if self.legs.len() >= MAX_LEGS {
                return failed;
            }
            match self.one(by, *server, question) {
                Some((Code::ServFail, records)) => failed = Some((Code::ServFail, records)),
                Some(said) => return Some(said),
                None => {}
            }
        }
        failed
    }

    fn one(&mut self, by: NodeId, server: Socket, question: &Question) -> Option<Said> {
        let (port, source) = (self.opening)(by)?;
        let tuple =
            Tuple { src: source, dst: server.0, src_port: ASKING_PORT, dst_port: server.1, protocol: Protocol::UDP };
        let walk = walk(self.fabric, Packet { from: port, tuple }, |_| None);
        let open = walk.connects();
        let there = walk.reached.and_then(|reached| self.machine(reached));
        let served = there.and_then(|node| self.fabric.names().serve(node, question));
        self.legs.push(Leg { by, server, walk, answers: served.is_some() });
        let node = there.filter(|_| open)?;
        match served? {
            Served::Ask(targets, via) => {
                self.via.push(via);
                // Silence there is failure here.
                self.ask(node, &targets, question).or(Some((Code::ServFail, Vec::new())))
            }
            Served::Answered(Answer { code, mut records, via, forward }) => {
                self.via.extend(via);
                let Some(Forward { question, targets, by }) = forward else { return Some((code, records)) };
                let (code, rest) =
                    by.and_then(|by| self.ask(by, &targets, &question)).unwrap_or((Code::ServFail, Vec::new()));
                records.extend(rest);
                Some((code, records))
            }
        }
    }

    /// The machine behind a port.
    fn machine(&self, port: PortId) -> Option<NodeId> {
        match &self.fabric.port(port)?.kind {
            PortKind::Nic(nic) => nic.machine,
            PortKind::Platform { vnet } => Some(*vnet),
            PortKind::Internet { .. } | PortKind::OnPremises(_) => Some(NodeId(port.0)),
            _ => None,
        }
    }
}
