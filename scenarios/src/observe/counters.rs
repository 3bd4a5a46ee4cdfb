//! How much went where, and what was dropped. Costs a few additions per event; what comes out is in a fixed order.

use super::describe;
use serde::Serialize;
use sim_core::engine::{Event, Observer};
use sim_core::fabric::LinkClass;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Packet, Tuple};
use sim_core::plane::Act;
use sim_core::stage::{Reason, Step};
use sim_core::time::Nanos;
use sim_core::topology::{Kind, Topology};
use std::collections::BTreeMap;

/// Packets, and their bytes from the IP header on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// Packets.
    pub packets: u64,
    /// Bytes, IP headers included, no link layer.
    pub bytes: u64,
}

impl Volume {
    #[inline]
    fn add(&mut self, packet: &Packet) {
        self.packets += 1;
        self.bytes += packet.wire_len() as u64;
    }
}

/// What one machine sent and received. What a machine forwards counts both ways.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MachineVolume {
    /// Its resource id.
    pub machine: String,
    /// What it sent, also if it was dropped at its own NIC.
    pub sent: Volume,
    /// What reached it while it was up.
    pub received: Volume,
}

/// What was dropped or lost for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drops {
    /// The stable code of the reason.
    pub reason: &'static str,
    /// How many packets.
    pub packets: u64,
    /// The first of them.
    pub first: DropExample,
}

/// One packet that was dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DropExample {
    /// When, in nanoseconds since the start.
    pub at_ns: u64,
    /// Its number.
    pub packet: u64,
    /// The resource id of the port.
    pub port: String,
    /// Its addresses and ports there.
    pub tuple: String,
    /// The rule, the route or the circumstance.
    pub why: String,
}

const CLASSES: [LinkClass; 9] = [
    LinkClass::Vnet,
    LinkClass::Peering,
    LinkClass::PrivateLink,
    LinkClass::Backbone,
    LinkClass::Internet,
    LinkClass::Vpn,
    LinkClass::ExpressRoute,
    LinkClass::Platform,
    LinkClass::Fabric,
];

/// Counts of a run.
#[derive(Default)]
pub struct Counters {
    made: u64,
    /// By class, as its number says.
    classes: [Volume; CLASSES.len()],
    machines: Vec<MachineVolume>,
    /// Where each machine stands in `machines`.
    places: BTreeMap<NodeId, usize>,
    /// By port: where the machine behind it stands, once looked up.
    behind: Vec<Option<Option<usize>>>,
    /// Packet and machine of a delivery, until it is sure that the machine was up.
    delivered: Option<(u64, usize)>,
    drops: BTreeMap<Reason, Drops>,
}

impl Counters {
    /// Packets that machines made.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.made
    }

    /// What went over links, by their class. A packet counts once for each link it takes.
    pub fn classes(&self) -> impl Iterator<Item = (LinkClass, Volume)> {
        CLASSES.into_iter().map(|class| (class, self.classes[class as usize])).filter(|(_, volume)| volume.packets > 0)
    }

    /// What machines sent and received, in the order of their declaration; the Internet's hosts and the VNets' platforms
    /// are machines too.
    pub fn machines(&self) -> impl Iterator<Item = &MachineVolume> {
        self.places.values().map(|place| &self.machines[*place])
    }

    /// What did not arrive, by reason.
    pub fn drops(&self) -> impl Iterator<Item = &Drops> {
        self.drops.values()
    }

    #[inline]
    fn machine(&mut self, port: PortId, topology: &Topology) -> Option<usize> {
        match self.behind.get(port.index()) {
            Some(Some(known)) => *known,
            _ => self.look_up(port, topology),
        }
    }

    #[cold]
    fn look_up(&mut self, port: PortId, topology: &Topology) -> Option<usize> {
        let machine = machine_at(port, topology).map(|(node, name)| {
            *self.places.entry(node).or_insert_with(|| {
                self.machines.push(MachineVolume { machine: name.to_owned(), ..MachineVolume::default() });
                self.machines.len() - 1
            })
        });
        if self.behind.len() <= port.index() {
            self.behind.resize(port.index() + 1, None);
        }
        self.behind[port.index()] = Some(machine);
        machine
    }

    #[inline]
    fn hop(&mut self, at: Nanos, hop: &Hop<'_>, topology: &Topology) {
        self.delivered = None;
        if hop.leaving {
            self.made = self.made.max(hop.packet.id);
            if let Some(place) = self.machine(hop.port, topology) {
                self.machines[place].sent.add(hop.packet);
            }
        }
        match hop.act {
            Act::Deliver => {
                if let Some(place) = self.machine(hop.port, topology) {
                    self.machines[place].received.add(hop.packet);
                    self.delivered = Some((hop.packet.id, place));
                }
            }
            Act::Drop(reason) => self.drop(at, reason, hop, topology),
            Act::Answer(answer) => {
                if let Some(reason) = answer.reason() {
                    self.drop(at, reason, hop, topology);
                }
            }
            Act::Forward { .. } => {}
        }
    }

    #[cold]
    fn drop(&mut self, at: Nanos, reason: Reason, hop: &Hop<'_>, topology: &Topology) {
        let first = || DropExample {
            at_ns: at.0,
            packet: hop.packet.id,
            port: topology.get(NodeId(hop.port.0)).map_or_else(String::new, |found| found.name.to_string()),
            tuple: hop.before.to_string(),
            why: describe::blocker(reason, hop.steps, topology).text,
        };
        let entry =
            self.drops.entry(reason).or_insert_with(|| Drops { reason: reason.code(), packets: 0, first: first() });
        entry.packets += 1;
    }

    fn lost(&mut self, at: Nanos, reason: Reason, hop: &Hop<'_>, topology: &Topology) {
        self.made = self.made.max(hop.packet.id);
        if let Some((id, place)) = self.delivered.take()
            && reason == Reason::MachineDown
            && id == hop.packet.id
        {
            let received = &mut self.machines[place].received;
            received.packets -= 1;
            received.bytes -= hop.packet.wire_len() as u64;
        }
        self.drop(at, reason, hop, topology);
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

impl Observer for Counters {
    #[inline]
    fn see(&mut self, at: Nanos, event: &Event<'_>, topology: &Topology) {
        match *event {
            Event::Hop { port, leaving, packet, before, act, steps } => {
                self.hop(at, &Hop { port, leaving, packet, before, act, steps }, topology);
            }
            Event::Sent { class, packet, .. } => self.classes[class as usize].add(packet),
            Event::Lost { port, packet, reason } => {
                let before = packet.header.tuple;
                let hop = Hop { port, leaving: false, packet, before, act: Act::Drop(reason), steps: &[] };
                self.lost(at, reason, &hop, topology);
            }
            Event::Put { .. } | Event::Deleted { .. } => self.behind.clear(),
            _ => {}
        }
    }
}

/// The machine behind a port, with its resource id: a VM behind a NIC's address, an Internet host, one on premises or
/// a VNet's platform behind its own.
pub(crate) fn machine_at(port: PortId, topology: &Topology) -> Option<(NodeId, &str)> {
    let found = topology.get(NodeId(port.0))?;
    let machine = match found.kind {
        Kind::IpConfig(_) => topology.machine_of(found.id)?,
        Kind::InternetHost(_) | Kind::OnPremisesHost(_) | Kind::Vnet(_) => found,
        _ => return None,
    };
    Some((machine.id, &machine.name))
}
