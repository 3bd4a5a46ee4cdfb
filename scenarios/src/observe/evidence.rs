//! What the packets of a flow met that its first one does not show: an explanation follows that one alone, in a network
//! that has seen nothing before and whose machines all run.

use schemars::JsonSchema;
use serde::Serialize;
use sim_core::assumption::AssumptionSet;
use sim_core::engine::{Event, Observer};
use sim_core::explain::Blocker;
use sim_core::fabric::LinkClass;
use sim_core::id::{FlowId, PortId};
use sim_core::net::{Addr, Packet, Protocol, Tuple};
use sim_core::plane::Act;
use sim_core::stage::{Reason, Step};
use sim_core::time::Nanos;
use sim_core::topology::Topology;
use std::collections::BTreeMap;

/// What flows met.
#[derive(Default)]
pub struct Evidence {
    flows: BTreeMap<FlowId, Met>,
}

/// What a flow met.
#[derive(Clone, Debug, Default)]
pub struct Met {
    /// What nobody knows for certain and had a say.
    pub assumed: AssumptionSet,
    /// What stopped its packets: the first for each port and reason, in the order of time.
    pub stopped: Vec<Blocker>,
    /// What its packets weighed, where that was asked for.
    pub weight: Option<Weight>,
    /// The addresses that its opener's packets come from: its own, and what it was translated to.
    openers: Vec<Addr>,
}

/// Of one flow no more is kept than what stopped it at so many places, and so many addresses of its opener.
pub const MOST_STOPS: usize = 16;

/// What the packets of a flow weighed.
#[derive(Clone, Debug, Default)]
pub struct Weight {
    /// Bytes by class of way, IP headers included.
    pub classes: BTreeMap<LinkClass, u64>,
    streams: BTreeMap<PortId, Vec<Stream>>,
}

/// One direction of a connection at a port, as its machine sees it.
#[derive(Clone, Debug)]
struct Stream {
    tuple: Tuple,
    leaving: bool,
    /// The sequence number of the first byte, and how many came after it.
    start: u32,
    length: u32,
}

/// What a machine between two connections carried, in bytes of their streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Relayed {
    /// What came for it, and what it sent on.
    pub there: [u64; 2],
    /// What was answered, and what of it it sent back.
    pub back: [u64; 2],
}

impl Relayed {
    /// Whether it sent on what it got, and was not idle.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.there[0] == self.there[1] && self.back[0] == self.back[1] && self.there[0] > 0 && self.back[0] > 0
    }
}

impl Weight {
    /// By sequence numbers: what is repeated counts once, and keep-alives, whose byte is an old one, not at all.
    fn hop(&mut self, port: PortId, leaving: bool, tuple: Tuple, packet: &Packet) {
        let tcp = packet.header.tcp;
        let streams = self.streams.entry(port).or_default();
        let known = streams.iter().position(|stream| stream.tuple == tuple && stream.leaving == leaving);
        let at = known.unwrap_or_else(|| {
            // The first packet of a direction is its SYN, which counts one.
            streams.push(Stream { tuple, leaving, start: tcp.seq.wrapping_add(1), length: 0 });
            streams.len() - 1
        });
        let stream = &mut streams[at];
        let length = u32::try_from(packet.payload.len()).unwrap_or(u32::MAX);
        let end = tcp.seq.wrapping_add(length).wrapping_sub(stream.start);
        if length > 0 && end < 1 << 31 {
            stream.length = stream.length.max(end);
        }
    }

    /// What the machine at a port carried between the connections that it took on `listens` and those that it opened, in
    /// the order they came. One that was never answered carries nothing.
    #[must_use]
    pub fn relayed(&self, port: PortId, listens: u16) -> Relayed {
        let streams = self.streams.get(&port).map_or(&[][..], Vec::as_slice);
        let length = |tuple: Tuple, leaving: bool| {
            let found = streams.iter().find(|stream| stream.tuple == tuple && stream.leaving == leaving);
            u64::from(found.map_or(0, |stream| stream.length))
        };
        let taken = streams.iter().filter(|it| !it.leaving && it.tuple.dst_port == listens);
        let opened = streams.iter().filter(|it| it.leaving && it.tuple.src_port != listens);
        let mut all = Relayed::default();
        for (one, other) in taken.zip(opened) {
            let answered = length(other.tuple.reversed(), false);
            if answered > 0 {
                let add = |sum: &mut [u64; 2], more: [u64; 2]| *sum = [sum[0] + more[0], sum[1] + more[1]];
                add(&mut all.there, [u64::from(one.length), u64::from(other.length)]);
                add(&mut all.back, [answered, length(one.tuple.reversed(), true)]);
            }
        }
        all
    }
}

impl Evidence {
    /// What a flow met.
    #[must_use]
    pub fn of(&self, flow: FlowId) -> Met {
        self.flows.get(&flow).cloned().unwrap_or_default()
    }

    /// Asks for the weight of a flow's packets.
    pub fn weigh(&mut self, flow: FlowId) {
        self.flows.entry(flow).or_default().weight = Some(Weight::default());
    }

    fn met(&mut self, packet: &Packet) -> Option<&mut Met> {
        packet.meta.flow.map(|flow| self.flows.entry(flow).or_default())
    }
}

impl Met {
    /// Whether its packets were stopped for this reason.
    #[must_use]
    pub fn was_stopped(&self, why: Reason) -> bool {
        self.stopped.iter().any(|blocker| blocker.reason == why)
    }

    /// Notes whose packet it is, by the address that it has before and after a port.
    fn follow(&mut self, before: Tuple, after: Tuple) {
        if self.openers.is_empty() {
            self.openers.push(before.src);
        }
        let known = |addr| self.openers.contains(&addr);
        if known(before.src) && !known(after.src) && self.openers.len() < MOST_STOPS {
            self.openers.push(after.src);
        }
    }

    fn stop(&mut self, port: PortId, tuple: Tuple, reason: Reason, steps: &[Step]) {
        let told = |known: &Blocker| known.port == port && known.reason == reason;
        if self.stopped.len() >= MOST_STOPS || self.stopped.iter().any(told) {
            return;
        }
        let aside = |step: &&Step| matches!(step, Step::Assumed(_) | Step::Stopped(_));
        let step = steps.iter().rev().find(|step| !aside(step)).cloned();
        let on_return = !self.openers.is_empty() && !self.openers.contains(&tuple.src);
        self.stopped.push(Blocker { on_return, port, tuple, reason, step });
    }
}

impl Observer for Evidence {
    #[inline]
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        match event {
            Event::Sent { class, packet, .. } => {
                if let Some(weight) = self.met(packet).and_then(|met| met.weight.as_mut()) {
                    *weight.classes.entry(*class).or_default() += packet.wire_len() as u64;
                }
            }
            Event::Hop { port, leaving, packet, before, act, steps } => {
                let Some(met) = self.met(packet) else { return };
                if let Some(weight) = &mut met.weight
                    && packet.header.tuple.protocol == Protocol::TCP
                {
                    // As the machine sees it: before what is rewritten on the way out, after what is on the way in.
                    weight.hop(*port, *leaving, if *leaving { *before } else { packet.header.tuple }, packet);
                }
                met.follow(*before, packet.header.tuple);
                met.assumed = met.assumed.union(AssumptionSet::of_steps(*steps));
                let why = match act {
                    Act::Drop(reason) => Some(*reason),
                    Act::Answer(answer) => answer.reason(),
                    Act::Forward { .. } | Act::Deliver => None,
                };
                if let Some(why) = why {
                    met.stop(*port, *before, why, steps);
                }
            }
            Event::Lost { port, packet, reason } => {
                if let Some(met) = self.met(packet) {
                    met.stop(*port, packet.header.tuple, *reason, &[]);
                }
            }
            Event::Forgot { port, flow: Some(flow), tuple, silence } => {
                let met = self.flows.entry(*flow).or_default();
                met.stop(*port, *tuple, Reason::FlowExpired, &[Step::Expired(*silence)]);
            }
            _ => {}
        }
    }
}
