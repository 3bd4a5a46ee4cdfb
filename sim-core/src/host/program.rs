//! Programs: applications on a machine, without IO of their own. Inputs come in, commands go out.

use crate::fabric::{Fabric, PortKind};
use crate::id::{FlowId, NodeId, PortId};
use crate::names::Names;
use crate::net::Addr;
use crate::stage::guard::{Admitted, Caller, Denied};
use crate::time::Nanos;
use bytes::Bytes;
use rand::RngExt;
use rand_pcg::Pcg64;
use std::borrow::Cow;

/// A connection of a machine. Never used twice in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u32);

/// An address with a port.
pub type Socket = (Addr, u16);

/// An application on a machine.
pub trait Program {
    /// Something happened; what to do about it goes into `cx`.
    fn handle(&mut self, input: Input, cx: &mut Context<'_>);

    /// The same program as it was before it started, for programs that wait for others: a machine that boots again, or
    /// a second run on the same network, starts it anew. `None` for programs that run once.
    fn fresh(&self) -> Option<Box<dyn Program>> {
        None
    }
}

/// What a program is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It starts, or its machine has booted again.
    Start,
    /// A timer it set.
    Timer(u64),
    /// Somebody connected to a port it listens on.
    Accepted {
        /// The connection.
        conn: ConnId,
        /// The port.
        port: u16,
        /// Who.
        peer: Socket,
        /// The simulated flow it belongs to, for those who carry it on.
        flow: Option<FlowId>,
        /// By which door.
        door: Door,
    },
    /// A connection it asked for is open.
    Connected(ConnId),
    /// Data came in.
    Data(ConnId, Bytes),
    /// Everything it wrote was handed to TCP: there is room for more.
    Drained(ConnId),
    /// The peer will send no more.
    PeerClosed(ConnId),
    /// A connection is over.
    Closed(ConnId, Ending),
    /// A datagram came in.
    Datagram {
        /// From whom.
        from: Socket,
        /// To which of this machine's ports.
        port: u16,
        /// What.
        data: Bytes,
        /// The simulated flow it belongs to, for those who carry it on.
        flow: Option<FlowId>,
    },
    /// An echo request of its own was answered.
    Echoed {
        /// By whom.
        from: Addr,
        /// The request's sequence number.
        sequence: u16,
    },
    /// An echo request of its own did not get to its destination, as somebody says.
    Undelivered {
        /// Who says so.
        by: Addr,
        /// The request's sequence number.
        sequence: u16,
        /// Why.
        why: Undelivered,
    },
}

/// Where a connection came in, and what came with it besides its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// The port of the machine.
    pub port: PortId,
    /// The subnet whose identity came with it, over a service endpoint.
    pub subnet: Option<NodeId>,
    /// The private endpoint that it came through.
    pub private_link: Option<NodeId>,
}

/// Why a packet did not get to its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Undelivered {
    /// It was counted down to nothing on its way.
    TimeExceeded,
    /// The destination cannot be reached.
    HostUnreachable,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Both sides closed.
    Closed,
    /// The peer reset it.
    Reset,
    /// Nobody listens there.
    Refused,
    /// No answer for too long.
    TimedOut,
    /// This side gave it up.
    Aborted,
    /// This machine has no address to reach that peer from.
    Unreachable,
}

/// How to connect.
#[derive(Clone, Copy, Debug)]
pub struct Dial {
    /// To whom.
    pub to: Socket,
    /// Give up an attempt, or a silent peer that owes an answer, after so long.
    pub timeout: Nanos,
    /// TCP keep-alive period.
    pub keep_alive: Option<Nanos>,
    /// Room for data each way, in bytes: [`SMALL_BUFFER`] for dialogues, [`BULK_BUFFER`] for downloads.
    pub buffer: usize,
    /// The simulated flow this belongs to.
    pub flow: Option<FlowId>,
}

/// Room that a dialogue of short messages needs, in bytes.
pub const SMALL_BUFFER: usize = 16 << 10;
/// Room that keeps a fast way across an ocean busy, in bytes.
pub const BULK_BUFFER: usize = 1 << 20;

impl Dial {
    /// A connection for short messages to `to` that gives up after Linux's default of 127 s and sends no keep-alives.
    #[must_use]
    pub const fn to(to: Socket) -> Self {
        Self { to, timeout: Nanos::secs(127), keep_alive: None, buffer: SMALL_BUFFER, flow: None }
    }
}

/// Something a program has to say: to whoever started it, and to the reader of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What kind of thing; each program documents its own.
    pub what: &'static str,
    /// In words.
    pub text: String,
    /// A figure, if it has one: a duration in nanoseconds, a count, a status.
    pub value: u64,
}

/// What a program asks its machine to do.
#[derive(Debug)]
pub(crate) enum Command {
    Listen { port: u16, buffer: usize },
    ListenUdp { port: u16, at: Option<NodeId> },
    LeaveUdp { port: u16, at: Option<NodeId> },
    Connect { conn: ConnId, dial: Dial },
    Write { conn: ConnId, bytes: Bytes, label: Cow<'static, str> },
    Close(ConnId),
    Abort(ConnId),
    Datagram { from_port: u16, at: Option<NodeId>, to: Socket, data: Bytes, flow: Option<FlowId> },
    Ping { to: Addr, sequence: u16, ttl: u8, flow: Option<FlowId> },
    Timer { after: Nanos, token: u64 },
    Reboot { after: Nanos, down: Nanos },
    Health { up: bool },
    Report(Report),
}

/// A program's view of its machine while it handles an input.
pub struct Context<'a> {
    pub(crate) now: Nanos,
    pub(crate) fabric: &'a Fabric,
    pub(crate) rng: &'a mut Pcg64,
    pub(crate) machine: NodeId,
    pub(crate) next_conn: &'a mut u32,
    pub(crate) next_udp_port: &'a mut u16,
    pub(crate) commands: &'a mut Vec<Command>,
}

/// First and last of the ports that datagrams of clients are sent from: the ephemeral ones (RFC 6335), but for the last few,
/// one of which hosts keep for themselves (azure-dataplane 1.8).
pub(crate) const FIRST_UDP_PORT: u16 = 49152;
const LAST_UDP_PORT: u16 = 65000;

impl Context<'_> {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// Whether the service behind a door lets `peer` in, as its firewall stands now. Where there is no service everybody is.
    ///
    /// # Errors
    /// Why it does not.
    pub fn admits(&self, door: Door, peer: Addr) -> Result<Admitted, Denied> {
        let Some(PortKind::Internet { guard: Some(guard), .. }) = self.fabric.port(door.port).map(|port| &port.kind)
        else {
            return Ok(Admitted::Open);
        };
        let Door { subnet, private_link, .. } = door;
        guard.decide(&Caller { source: peer, subnet, private_link, trusted: self.fabric.trusts(peer) })
    }

    /// The machine's own random numbers.
    pub fn rng(&mut self) -> &mut Pcg64 {
        self.rng
    }

    /// Accept TCP connections on `port`, with so much room for data each way, in bytes.
    pub fn listen(&mut self, port: u16, buffer: usize) {
        self.commands.push(Command::Listen { port, buffer });
    }

    /// Take datagrams on `port`.
    pub fn listen_udp(&mut self, port: u16) {
        self.commands.push(Command::ListenUdp { port, at: None });
    }

    /// The machine that the program is on.
    pub(crate) fn machine(&self) -> NodeId {
        self.machine
    }

    /// What names lead to, as it stands now.
    pub(crate) fn names(&self) -> &Names {
        self.fabric.names()
    }

    /// A port for datagrams of its own that nobody else on the machine has; what comes to it is told until it is given back.
    /// `at` asks from another machine, in whose name a service of the platform's speaks.
    pub(crate) fn open_udp(&mut self, at: Option<NodeId>) -> u16 {
        if at.is_some() {
            // Others may do the same there: only chance keeps them apart.
            let port = self.rng.random_range(FIRST_UDP_PORT..=LAST_UDP_PORT);
            self.commands.push(Command::ListenUdp { port, at });
            return port;
        }
        let port = *self.next_udp_port;
        *self.next_udp_port = if port >= LAST_UDP_PORT { FIRST_UDP_PORT } else { port + 1 };
        self.commands.push(Command::ListenUdp { port, at });
        port
    }

    /// Gives a port for datagrams back.
    pub(crate) fn leave_udp(&mut self, port: u16, at: Option<NodeId>) {
        self.commands.push(Command::LeaveUdp { port, at });
    }

    /// Send a datagram from another machine, in whose name a service of the platform's speaks.
    pub(crate) fn send_at(
        &mut self,
        at: Option<NodeId>,
        from_port: u16,
        to: Socket,
        data: Bytes,
        flow: Option<FlowId>,
    ) {
        self.commands.push(Command::Datagram { from_port, at, to, data, flow });
    }

    /// Open a connection.
    pub fn connect(&mut self, dial: Dial) -> ConnId {
        let conn = ConnId(*self.next_conn);
        *self.next_conn = self.next_conn.wrapping_add(1);
        self.commands.push(Command::Connect { conn, dial });
        conn
    }

    /// Write to a connection; `label` says in the clear what it is. What TCP has no room for waits.
    pub fn write(&mut self, conn: ConnId, bytes: Bytes, label: impl Into<Cow<'static, str>>) {
        self.commands.push(Command::Write { conn, bytes, label: label.into() });
    }

    /// No more data from this side, once all is sent.
    pub fn close(&mut self, conn: ConnId) {
        self.commands.push(Command::Close(conn));
    }

    /// End a connection at once.
    pub fn abort(&mut self, conn: ConnId) {
        self.commands.push(Command::Abort(conn));
    }

    /// Send a datagram.
    pub fn send(&mut self, from_port: u16, to: Socket, data: Bytes, flow: Option<FlowId>) {
        self.send_at(None, from_port, to, data, flow);
    }

    /// Send an ICMP echo request; [`Input::Echoed`] tells of the reply, [`Input::Undelivered`] that there is none.
    pub fn ping(&mut self, to: Addr, sequence: u16, ttl: u8, flow: Option<FlowId>) {
        self.commands.push(Command::Ping { to, sequence, ttl, flow });
    }

    /// Be told [`Input::Timer`] after a while.
    pub fn after(&mut self, after: Nanos, token: u64) {
        self.commands.push(Command::Timer { after, token });
    }

    /// Reboot this machine after a while; it is down for so long. Its programs start anew.
    pub fn reboot(&mut self, after: Nanos, down: Nanos) {
        self.commands.push(Command::Reboot { after, down });
    }

    /// For health probes: the backend is up, or down.
    pub(crate) fn health(&mut self, up: bool) {
        self.commands.push(Command::Health { up });
    }

    /// Say something.
    pub fn report(&mut self, what: &'static str, value: u64, text: impl Into<String>) {
        self.commands.push(Command::Report(Report { what, text: text.into(), value }));
    }
}
