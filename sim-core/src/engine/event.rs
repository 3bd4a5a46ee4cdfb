//! What happened: the engine's only output. Traces, captures, counters, reports and tests all read it.

use crate::fabric::LinkClass;
use crate::host::Report;
use crate::id::{FlowId, HostId, NodeId, PortId};
use crate::net::{Packet, Tuple};
use crate::plane::Act;
use crate::stage::idle::Silence;
use crate::stage::{Reason, Step};
use crate::time::Nanos;
use crate::topology::{Refusal, Topology};

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A port decided on a packet that leaves it or arrives at it.
    Hop {
        /// The port.
        port: PortId,
        /// Whether the packet leaves.
        leaving: bool,
        /// The packet as it is afterwards.
        packet: &'a Packet,
        /// Its addresses and ports before.
        before: Tuple,
        /// Go on, deliver or drop.
        act: Act,
        /// How it was decided, when the flow was first seen.
        steps: &'a [Step],
    },
    /// A packet set out on a link, fully out of its sender at `departure`.
    Sent {
        /// Whence.
        from: PortId,
        /// Whither.
        to: PortId,
        /// By what kind of way.
        class: LinkClass,
        /// The packet.
        packet: &'a Packet,
        /// When its last bit is out.
        departure: Nanos,
    },
    /// A packet was lost between ports, or at a machine, for no rule's sake.
    Lost {
        /// Where.
        port: PortId,
        /// The packet.
        packet: &'a Packet,
        /// Why.
        reason: Reason,
    },
    /// A port forgot a connection that was silent for too long, and tells both ends.
    Forgot {
        /// Where.
        port: PortId,
        /// The simulated flow it belonged to.
        flow: Option<FlowId>,
        /// How its opener's packets came there.
        tuple: Tuple,
        /// Who forgot it, and after which silence.
        silence: Silence,
    },
    /// A program wrote to a connection.
    Wrote {
        /// The machine.
        host: HostId,
        /// Its resource.
        machine: NodeId,
        /// The connection, local side first.
        conn: Tuple,
        /// Where in the stream, in bytes.
        offset: u64,
        /// How much.
        length: usize,
        /// What it says in the clear.
        label: &'a str,
    },
    /// A resource was put.
    Put {
        /// Its number.
        node: NodeId,
        /// Whether it was there before.
        replaced: bool,
    },
    /// A resource was deleted.
    Deleted {
        /// Its number.
        node: NodeId,
        /// Its id.
        name: &'a str,
    },
    /// Azure would not take a change.
    Refused(&'a Refusal),
    /// A health probe changed its mind about a backend.
    Probed {
        /// The probe.
        probe: NodeId,
        /// The backend.
        backend: PortId,
        /// What it says now.
        up: bool,
    },
    /// A program said something.
    Reported {
        /// The machine.
        host: HostId,
        /// Its resource.
        machine: NodeId,
        /// The program, by its number on the machine.
        program: u32,
        /// What it said.
        report: &'a Report,
    },
    /// An orchestrator said something.
    Announced {
        /// Who.
        orchestrator: u32,
        /// What it said.
        report: &'a Report,
    },
    /// A machine came up, or went down.
    Power {
        /// The machine.
        host: HostId,
        /// Its resource, which may be gone by now.
        machine: NodeId,
        /// Whether it runs now.
        up: bool,
    },
}

/// Somebody who looks on.
pub trait Observer {
    /// Something happened at `at`, in this network.
    fn see(&mut self, at: Nanos, event: &Event<'_>, topology: &Topology);
}

/// Nobody looks on.
impl Observer for () {
    #[inline]
    fn see(&mut self, _: Nanos, _: &Event<'_>, _: &Topology) {}
}

/// Several look on.
impl<A: Observer, B: Observer> Observer for (A, B) {
    #[inline]
    fn see(&mut self, at: Nanos, event: &Event<'_>, topology: &Topology) {
        self.0.see(at, event, topology);
        self.1.see(at, event, topology);
    }
}

impl<O: Observer> Observer for Option<O> {
    #[inline]
    fn see(&mut self, at: Nanos, event: &Event<'_>, topology: &Topology) {
        if let Some(observer) = self {
            observer.see(at, event, topology);
        }
    }
}
