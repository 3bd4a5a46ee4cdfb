//! What the engine keeps of a machine: its power, its addresses, its programs, its connections.

use super::link::Shaper;
use crate::host::tcp::{Smoltcp, State};
use crate::host::{FIRST_UDP_PORT, Program, Socket};
use crate::id::{FlowId, HostId, NodeId, PortId};
use crate::net::{Addr, Tuple};
use crate::time::Nanos;
use bytes::Bytes;
use hashbrown::HashMap;
use rand_pcg::Pcg64;
use std::collections::VecDeque;

type FixedMap<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// First port of the range that outgoing connections take theirs from (RFC 6335).
const EPHEMERAL: u16 = 49152;

/// A machine: a VM's guest, a container group, a host on the Internet, the platform's address in a VNet.
pub(super) struct Machine {
    /// Its resource.
    pub node: NodeId,
    /// Whether it runs.
    pub up: bool,
    /// Counts its boots: what was set up in an earlier one is stale.
    pub boot: u32,
    /// Whether its guest forwards what is not its own.
    pub forwards: bool,
    pub shaper: Shaper,
    /// Its ports with their addresses, primary first. A host on the Internet may answer more than one address at its port.
    pub ports: Vec<(PortId, Addr)>,
    pub programs: Vec<Option<Slot>>,
    /// By port: the program, and how much room its connections get.
    pub listeners: FixedMap<u16, (u32, usize)>,
    /// By port: the program, which may be on another machine that speaks in this one's name.
    pub udp_listeners: FixedMap<u16, (HostId, u32)>,
    /// By tuple, own side first.
    pub by_tuple: FixedMap<Tuple, u32>,
    pub conns: FixedMap<u32, Box<Conn>>,
    pub next_conn: u32,
    pub next_udp_port: u16,
    pub rng: Pcg64,
    next_port: u16,
}

/// A program and whom it belongs to.
pub(super) struct Slot {
    pub program: Box<dyn Program>,
    pub owner: Owner,
}

/// Who started a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    /// Whoever runs the engine.
    Caller,
    /// An orchestrator.
    Orchestrator(u32),
    /// The engine itself: who answers questions about names.
    Resolver,
    /// The engine itself: a balancer's prober.
    Prober { probe: NodeId, backend: PortId },
}

/// A connection of a machine.
pub(super) struct Conn {
    pub endpoint: Smoltcp,
    pub program: u32,
    /// Own side first.
    pub tuple: Tuple,
    pub port: PortId,
    pub flow: Option<FlowId>,
    /// The private link it came through.
    pub private_link: Option<NodeId>,
    /// The subnet whose service endpoint it came through.
    pub subnet: Option<NodeId>,
    /// Whether this side accepted it, and the program knows of it.
    pub accepting: bool,
    pub seen: State,
    /// What TCP has no room for yet.
    pub unsent: VecDeque<Bytes>,
    pub closing: bool,
    /// Bytes that the program wrote so far.
    pub written: u64,
    /// When it is polled next, and the generation of that wake-up.
    pub wake: Option<Nanos>,
    pub generation: u32,
}

impl Machine {
    pub fn new(node: NodeId, seed: u64) -> Self {
        let stream = 0x4d41_0000_0000 | u128::from(node.0);
        Self {
            node,
            up: true,
            boot: 0,
            forwards: false,
            shaper: Shaper::new(None),
            ports: Vec::new(),
            programs: Vec::new(),
            listeners: FixedMap::default(),
            udp_listeners: FixedMap::default(),
            by_tuple: FixedMap::default(),
            conns: FixedMap::default(),
            next_conn: 0,
            next_udp_port: FIRST_UDP_PORT,
            rng: Pcg64::new(u128::from(seed), stream),
            next_port: EPHEMERAL,
        }
    }

    /// Whether `addr` at `port` is this machine's own.
    #[inline]
    pub fn owns(&self, port: PortId, addr: Addr) -> bool {
        self.ports.iter().any(|(own, address)| *own == port && *address == addr)
    }

    /// The port and address that it sends from to a peer of such an address: the primary one of the family.
    pub fn local(&self, peer: Addr) -> Option<(PortId, Addr)> {
        self.ports.iter().find(|(_, address)| address.is_v4() == peer.is_v4()).copied()
    }

    /// A free local port towards `remote`, from the ephemeral range.
    pub fn free_port(&mut self, local: Addr, remote: Socket, protocol: crate::net::Protocol) -> Option<u16> {
        for _ in EPHEMERAL..=u16::MAX {
            let port = self.next_port;
            self.next_port = if port == u16::MAX { EPHEMERAL } else { port + 1 };
            let tuple = Tuple { src: local, dst: remote.0, src_port: port, dst_port: remote.1, protocol };
            if !self.by_tuple.contains_key(&tuple) {
                return Some(port);
            }
        }
        None
    }

    /// Forgets a connection.
    pub fn free(&mut self, conn: u32) {
        if let Some(gone) = self.conns.remove(&conn) {
            self.by_tuple.remove(&gone.tuple);
        }
    }

    /// Everything that does not survive a loss of power.
    pub fn lose_power(&mut self) {
        self.up = false;
        self.boot += 1;
        self.listeners.clear();
        self.udp_listeners.clear();
        self.by_tuple.clear();
        self.conns.clear();
    }
}
