//! Packets hop by hop: where each left and arrived, what the stages did there, and what came of it.

use super::describe::{self, StepText};
use super::names::Names;
use serde::Serialize;
use sim_core::engine::{Event, Observer};
use sim_core::fabric::LinkClass;
use sim_core::id::{FlowId, PortId};
use sim_core::net::{Flags, Packet, Protocol, Tuple};
use sim_core::plane::{Act, Answer};
use sim_core::stage::{Reason, Step};
use sim_core::time::Nanos;
use sim_core::topology::Topology;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Which flows to trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flows {
    /// Every packet.
    All,
    /// Packets of these flows.
    Only(BTreeSet<FlowId>),
}

impl Flows {
    fn take(&self, packet: &Packet) -> bool {
        match self {
            Self::All => true,
            Self::Only(flows) => packet.meta.flow.is_some_and(|flow| flows.contains(&flow)),
        }
    }
}

/// A trace of some flows.
pub struct Trace {
    flows: Flows,
    limit: usize,
    lines: Vec<Line>,
    left_out: u64,
    names: Names,
    /// What the stages did with a flow at a port when it was last spelled out.
    told: BTreeMap<Seen, Box<[Step]>>,
    /// By packet: the link it is on.
    under_way: BTreeMap<u64, Ride>,
}

/// A flow at a port: port, whether it leaves, tuple as it came, private link.
type Seen = (PortId, bool, Tuple, Option<u32>);

#[derive(Clone, Copy)]
struct Ride {
    class: LinkClass,
    handed_over: Nanos,
    departure: Nanos,
}

/// One hop of one packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, in nanoseconds since the start of the run.
    pub at_ns: u64,
    /// The packet's number.
    pub packet: u64,
    /// The flow it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<u32>,
    /// What it does here.
    pub motion: Motion,
    /// Where.
    pub port: String,
    /// Its addresses and ports as it came here.
    pub tuple: String,
    /// Its TCP header in short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpShort>,
    /// Bytes of payload.
    pub length: usize,
    /// The link it came by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came_by: Option<Link>,
    /// What the stages did; `None` when it is what they did with this flow here before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stages: Option<Vec<StepText>>,
    /// What was rewritten, `from -> to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewritten: Option<String>,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// What a packet does at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Motion {
    /// It leaves.
    Leaves,
    /// It arrives.
    Arrives,
    /// It is lost, for no rule's sake.
    Lost,
}

/// A TCP header in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TcpShort {
    /// `SYN,ACK`.
    pub flags: String,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number, with ACK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack: Option<u32>,
}

/// A link that a packet took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its class.
    pub class: &'static str,
    /// From the last bit out to the arrival, in nanoseconds.
    pub one_way_ns: u64,
    /// How long it waited for its sender's turn and was sent, before that.
    pub queued_ns: u64,
}

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It goes on.
    Forwarded {
        /// To which port.
        to: String,
        /// By what kind of way.
        class: &'static str,
    },
    /// It is for the machine here.
    Delivered,
    /// It ends here.
    Dropped {
        /// The stable code.
        reason: &'static str,
        /// The rule, the route or the circumstance.
        why: StepText,
    },
}

/// A trace as it is serialised.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Report<'a> {
    /// The hops, in order.
    pub lines: &'a [Line],
    /// How many more there were.
    pub left_out: u64,
}

impl Trace {
    /// A trace of `flows` that keeps the first `limit` hops and counts the rest.
    #[must_use]
    pub fn new(flows: Flows, limit: usize) -> Self {
        Self {
            flows,
            limit,
            lines: Vec::new(),
            left_out: 0,
            names: Names::default(),
            told: BTreeMap::new(),
            under_way: BTreeMap::new(),
        }
    }

    /// The hops so far.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report { lines: &self.lines, left_out: self.left_out }
    }

    /// Whether a packet gets a line; one of a traced flow that does not is counted.
    fn wants(&mut self, packet: &Packet) -> bool {
        let room = self.lines.len() < self.limit;
        let traced = self.flows.take(packet);
        self.left_out += u64::from(traced && !room);
        traced && room
    }

    fn hop(&mut self, at: Nanos, hop: Hop<'_>, topology: &Topology) {
        let Hop { port, leaving, packet, before, act, steps } = hop;
        let seen = (port, leaving, before, packet.meta.private_link.map(|link| link.0));
        let known = self.told.get(&seen).is_some_and(|told| **told == *steps);
        if !known {
            self.told.insert(seen, steps.into());
        }
        let verdict = match act {
            Act::Forward { to, class } => {
                Verdict::Forwarded { to: self.names.port(to, topology).full.to_string(), class: class.name() }
            }
            Act::Deliver | Act::Answer(Answer::Echo) => Verdict::Delivered,
            Act::Answer(answer) => {
                let reason = answer.reason().unwrap_or(Reason::FlowExpired);
                Verdict::Dropped { reason: reason.code(), why: describe::blocker(reason, steps, topology) }
            }
            Act::Drop(reason) => {
                Verdict::Dropped { reason: reason.code(), why: describe::blocker(reason, steps, topology) }
            }
        };
        let line = Line {
            motion: if leaving { Motion::Leaves } else { Motion::Arrives },
            tuple: before.to_string(),
            stages: (!known).then(|| steps.iter().map(|step| describe::step(step, topology)).collect()),
            rewritten: describe::rewriting(before, packet.header.tuple),
            ..self.line(at, port, packet, verdict, topology)
        };
        self.lines.push(line);
    }

    fn lost(&mut self, at: Nanos, port: PortId, packet: &Packet, reason: Reason, topology: &Topology) {
        let verdict = Verdict::Dropped { reason: reason.code(), why: describe::blocker(reason, &[], topology) };
        let line = self.line(at, port, packet, verdict, topology);
        // What is lost on a link never was at its end: there is no time it took.
        let came_by = line.came_by.filter(|_| reason != Reason::Lost);
        self.lines.push(Line { came_by, ..line });
    }

    /// A line of a packet that is lost as it is; takes it off its link.
    fn line(&mut self, at: Nanos, port: PortId, packet: &Packet, verdict: Verdict, topology: &Topology) -> Line {
        let tcp = packet.header.tcp;
        let ack = tcp.flags.has(Flags::ACK).then_some(tcp.ack);
        let short = || TcpShort { flags: format!("{:?}", tcp.flags), seq: tcp.seq, ack };
        let came_by = self.under_way.remove(&packet.id).map(|ride| Link {
            class: ride.class.name(),
            one_way_ns: at.since(ride.departure).0,
            queued_ns: ride.departure.since(ride.handed_over).0,
        });
        Line {
            at_ns: at.0,
            packet: packet.id,
            flow: packet.meta.flow.map(|flow| flow.0),
            motion: Motion::Lost,
            port: self.names.port(port, topology).full.to_string(),
            tuple: packet.header.tuple.to_string(),
            tcp: (packet.header.tuple.protocol == Protocol::TCP).then(short),
            length: packet.payload.len(),
            came_by,
            stages: None,
            rewritten: None,
            verdict,
        }
    }
}

/// What an event says of a packet at a port.
struct Hop<'a> {
    port: PortId,
    leaving: bool,
    packet: &'a Packet,
    before: Tuple,
    act: Act,
    steps: &'a [Step],
}

impl Observer for Trace {
    fn see(&mut self, at: Nanos, event: &Event<'_>, topology: &Topology) {
        self.names.see(event);
        match *event {
            Event::Hop { port, leaving, packet, before, act, steps } if self.wants(packet) => {
                self.hop(at, Hop { port, leaving, packet, before, act, steps }, topology);
            }
            Event::Lost { port, packet, reason } if self.wants(packet) => self.lost(at, port, packet, reason, topology),
            Event::Sent { class, packet, departure, .. }
                if self.lines.len() < self.limit && self.flows.take(packet) =>
            {
                self.under_way.insert(packet.id, Ride { class, handed_over: at, departure });
            }
            _ => {}
        }
    }
}

/// A hop in one line for where and what, and indented ones for what happened there.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            line.fmt(f)?;
        }
        if self.left_out > 0 {
            writeln!(f, "{} more hops are left out: the limit is {}", self.left_out, self.limit)?;
        }
        Ok(())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (s, ns) = (self.at_ns / 1_000_000_000, self.at_ns % 1_000_000_000);
        let motion = match self.motion {
            Motion::Leaves => "leaves",
            Motion::Arrives => "arrives",
            Motion::Lost => "lost at",
        };
        let (number, port) = (format!("#{}", self.packet), &self.port);
        write!(f, "{s:>5}.{ns:09}  {number:<7} {motion:<7}  {port:<36}")?;
        if let Some(tcp) = &self.tcp {
            write!(f, "  {} seq={}", tcp.flags, tcp.seq)?;
            tcp.ack.map_or(Ok(()), |ack| write!(f, " ack={ack}"))?;
        }
        writeln!(f, "  len={}", self.length)?;
        write!(f, "{INDENT}{}", self.tuple)?;
        if let Some(link) = self.came_by {
            write!(f, ", {} by {}", Nanos(link.one_way_ns), link.class)?;
            if link.queued_ns > 0 {
                write!(f, " after {} at the sender", Nanos(link.queued_ns))?;
            }
        }
        match &self.stages {
            None if self.motion == Motion::Lost => writeln!(f)?,
            None => match &self.rewritten {
                Some(change) => writeln!(f, ", known flow: {change}")?,
                None => writeln!(f, ", known flow")?,
            },
            Some(stages) => {
                writeln!(f)?;
                stages.iter().try_for_each(|stage| writeln!(f, "{INDENT}- {}", stage.text))?;
            }
        }
        match &self.verdict {
            Verdict::Forwarded { to, class } => writeln!(f, "{INDENT}=> {to} by {class}"),
            Verdict::Delivered => writeln!(f, "{INDENT}=> delivered"),
            Verdict::Dropped { reason, why } => writeln!(f, "{INDENT}=> dropped: {} [{reason}]", why.text),
        }
    }
}

/// Under the column of the motion.
const INDENT: &str = "                         ";
