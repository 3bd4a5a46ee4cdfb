//! [`Endpoint`] with smoltcp behind it: an interface, a device and a socket for each connection, so that nothing is
//! searched (smoltcp-notes, caveats 7 and 8).

use super::device::Device;
use super::{Endpoint, Reason, Settings, SettingsError, State};
use crate::net::wire::ip_address;
use crate::net::{Flags, Header, Protocol, Tuple};
use crate::time::Nanos;
use bytes::Bytes;
use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{self, CongestionControl};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpCidr, IpEndpoint};

/// One end of one connection, run by smoltcp.
pub struct Smoltcp {
    /// The tuple of the segments that belong here.
    inbound: Tuple,
    device: Device,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    /// What the program sent before the connection was open. smoltcp would refuse it.
    early: Vec<u8>,
    /// The program has closed; done as soon as the connection is open and `early` is under way.
    closing: bool,
    /// How the connection ended; smoltcp does not say.
    ended: Option<Reason>,
    patience: Patience,
    /// Keep-alives are on only to get a stuck transfer going.
    unsticking: bool,
}

/// smoltcp's first and shortest retransmission time-out.
const FIRST_TIMEOUT: Duration = Duration::from_secs(1);

/// When to give the peer up. smoltcp's own time-out also ends a connection on which nobody owes an answer.
struct Patience {
    /// [`Settings::user_timeout`].
    answer: Option<Nanos>,
    /// The same for an idle connection that is probed: time until the probe, and time to answer it.
    probed: Option<Nanos>,
    /// The limit that runs now, and when it ends.
    running: Option<(Nanos, Nanos)>,
}

impl Smoltcp {
    /// The side that opens the connection: SYN leaves with the next [`Endpoint::poll`].
    ///
    /// # Errors
    /// [`SettingsError`] when no connection can have these settings.
    pub fn connect(settings: &Settings, now: Nanos) -> Result<Self, SettingsError> {
        let mut endpoint = Self::new(settings, now)?;
        let (local, remote) = (socket_address(settings.local), socket_address(settings.remote));
        let socket = endpoint.sockets.get_mut::<tcp::Socket>(endpoint.handle);
        // It refuses an open socket, zero ports, unspecified addresses and mixed families: checked in `new`.
        let _ = socket.connect(endpoint.interface.context(), remote, local);
        Ok(endpoint)
    }

    /// The side that a SYN came to, which it is to be given next by [`Endpoint::arrive`].
    ///
    /// # Errors
    /// [`SettingsError`] when no connection can have these settings.
    pub fn accept(settings: &Settings, now: Nanos) -> Result<Self, SettingsError> {
        let mut endpoint = Self::new(settings, now)?;
        // It refuses an open socket and port zero.
        let _ = endpoint.socket_mut().listen(socket_address(settings.local));
        Ok(endpoint)
    }

    fn new(settings: &Settings, now: Nanos) -> Result<Self, SettingsError> {
        settings.check()?;
        let mut device = Device::new(settings.mtu, settings.ttl.max(1));
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = settings.seed;
        let mut interface = Interface::new(config, &mut device, instant(now));
        interface.update_ip_addrs(|addresses| {
            let own = ip_address(settings.local.0);
            // An empty list has room.
            let _ = addresses.push(IpCidr::new(own, if settings.local.0.is_v4() { 32 } else { 128 }));
        });

        let buffer = |size| tcp::SocketBuffer::new(vec![0; size]);
        let mut socket = tcp::Socket::new(buffer(settings.receive_buffer), buffer(settings.send_buffer));
        socket.set_congestion_control(CongestionControl::Reno);
        socket.set_ack_delay(settings.ack_delay.map(duration));
        socket.set_nagle_enabled(settings.nagle);
        // An interval of zero would probe without end at one instant.
        socket.set_keep_alive(settings.keep_alive.map(|interval| duration(interval.max(Nanos(1)))));
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(socket);

        let (local, remote) = (settings.local, settings.remote);
        let inbound =
            Tuple { src: remote.0, dst: local.0, src_port: remote.1, dst_port: local.1, protocol: Protocol::TCP };
        let answer = settings.user_timeout;
        let probed = answer.zip(settings.keep_alive).map(|(answer, interval)| answer + interval);
        let patience = Patience { answer, probed, running: None };
        let (early, closing, ended, unsticking) = (Vec::new(), false, None, false);
        Ok(Self { inbound, device, interface, sockets, handle, early, closing, ended, patience, unsticking })
    }

    fn socket(&self) -> &tcp::Socket<'static> {
        self.sockets.get(self.handle)
    }

    fn socket_mut(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    /// Hands early data over once the connection is open, sends what may be sent, and keeps the books.
    fn step(&mut self, now: Nanos, heard: bool) {
        if self.socket().may_send() {
            let early = std::mem::take(&mut self.early);
            let socket = self.socket_mut();
            // `early` is never longer than the socket's whole buffer, which is empty at that time.
            let _ = socket.send_slice(&early);
            if self.closing {
                self.socket_mut().close();
            }
        }
        let before = self.socket().state();
        self.transmit(now);
        self.note_end(before, false);
        self.unstick(now);
        self.be_patient(now, heard);
    }

    fn transmit(&mut self, now: Nanos) {
        while self.interface.poll_egress(instant(now), &mut self.device, &mut self.sockets) != PollResult::None {}
    }

    /// Probes the peer when there is data to send and no timer to send it.
    ///
    /// That is so in smoltcp 0.14 when the retransmission timer ends while the peer's window is closed, as it can be
    /// taken to be when two window updates overtake each other: it stops the timer and starts no other. The answer to
    /// the probe shows the window as it is.
    fn unstick(&mut self, now: Nanos) {
        let socket: &tcp::Socket = self.sockets.get(self.handle);
        if socket.send_queue() == 0 || self.interface.poll_at(instant(now), &self.sockets).is_some() {
            return;
        }
        self.unsticking = true;
        self.socket_mut().set_keep_alive(Some(FIRST_TIMEOUT));
        self.transmit(now);
    }

    /// Notes how the connection ended, if it has since `before`.
    fn note_end(&mut self, before: tcp::State, by_reset: bool) {
        let after = self.socket().state();
        let reason = match (before, after) {
            _ if before == after || self.ended.is_some() => return,
            (_, tcp::State::TimeWait) => Reason::Graceful,
            (tcp::State::LastAck, tcp::State::Closed) if !by_reset => Reason::Graceful,
            // Only our FIN was open: the peer's TIME-WAIT has ended, its answers were lost (RFC 9293 section 3.10.7.4
            // reports nothing here).
            (tcp::State::LastAck | tcp::State::Closing, tcp::State::Closed) if self.socket().send_queue() == 0 => {
                Reason::Graceful
            }
            // In SYN-RECEIVED it is a SYN that crossed ours (simultaneous open).
            (tcp::State::SynSent | tcp::State::SynReceived, tcp::State::Closed) => Reason::Refused,
            // A passive socket would listen again; this end point is for one connection.
            (tcp::State::SynReceived, tcp::State::Listen) => {
                self.discard();
                Reason::Reset
            }
            (_, tcp::State::Closed) => Reason::Reset,
            _ => return,
        };
        self.ended = Some(reason);
    }

    /// Starts, restarts or stops the time the peer has to answer.
    fn be_patient(&mut self, now: Nanos, heard: bool) {
        use tcp::State::*;
        let Patience { answer, probed, running } = self.patience;
        let socket = self.socket();
        let limit = match socket.state() {
            SynSent | SynReceived | FinWait1 | Closing | LastAck => answer,
            Established | CloseWait if socket.send_queue() > 0 => answer,
            Established | CloseWait | FinWait2 => probed,
            Closed | Listen | TimeWait => None,
        };
        self.patience.running = match (limit, running) {
            (None, _) => None,
            (Some(limit), Some((same, until))) if same == limit && !heard => Some((limit, until)),
            (Some(limit), _) => Some((limit, now + limit)),
        };
    }

    /// Forgets the connection without a word to the peer, whose segments are answered with RST from now on.
    fn discard(&mut self) {
        self.sockets.remove(self.handle);
        let empty = || tcp::SocketBuffer::new(Vec::new());
        self.handle = self.sockets.add(tcp::Socket::new(empty(), empty()));
        self.device.forget();
        self.early = Vec::new();
        self.patience.running = None;
    }

    /// Whether all but our FIN is acknowledged, and this bare acknowledgement is not of the FIN either.
    ///
    /// smoltcp 0.14 must not see three of those: it would prepare a fast retransmit, for which it finds no data, and
    /// stop the timer that would repeat the FIN.
    fn says_nothing_of_our_fin(&self, header: &Header) -> bool {
        use tcp::State::{Closing, FinWait1, LastAck};
        let socket = self.socket();
        matches!(socket.state(), FinWait1 | Closing | LastAck)
            && socket.send_queue() == 0
            && header.tcp.flags == Flags::ACK
            && self.device.sent_up_to() != Some(header.tcp.ack)
    }

    fn is_opening(&self) -> bool {
        use tcp::State::{Listen, SynReceived, SynSent};
        matches!(self.socket().state(), Listen | SynSent | SynReceived)
    }
}

impl Endpoint for Smoltcp {
    fn arrive(&mut self, now: Nanos, header: &Header, payload: &[u8]) {
        if header.tuple != self.inbound {
            return;
        }
        if payload.is_empty() && self.says_nothing_of_our_fin(header) {
            self.be_patient(now, true);
            return;
        }
        if std::mem::take(&mut self.unsticking) {
            self.socket_mut().set_keep_alive(None);
        }
        let before = self.socket().state();
        self.device.arrive(header, payload);
        self.interface.poll_ingress_single(instant(now), &mut self.device, &mut self.sockets);
        self.note_end(before, header.tcp.flags.has(Flags::RST));
        self.step(now, true);
    }

    fn poll(&mut self, now: Nanos) {
        if self.patience.running.is_some_and(|(_, until)| until <= now) {
            self.discard();
            self.ended = Some(Reason::TimedOut);
        }
        self.step(now, false);
    }

    fn next_segment(&mut self) -> Option<(Header, Bytes)> {
        self.device.next_segment()
    }

    fn wake_at(&mut self, now: Nanos) -> Option<Nanos> {
        let timers = self.interface.poll_at(instant(now), &self.sockets);
        let timers = timers.map(|at| Nanos::micros(u64::try_from(at.total_micros()).unwrap_or(0)));
        let patience = self.patience.running.map(|(_, until)| until);
        [timers, patience].into_iter().flatten().min().map(|at| at.max(now))
    }

    fn send(&mut self, data: &[u8]) -> usize {
        let taken = data.len().min(self.send_capacity());
        if self.is_opening() {
            self.early.extend_from_slice(&data[..taken]);
            return taken;
        }
        self.socket_mut().send_slice(&data[..taken]).unwrap_or(0)
    }

    fn send_capacity(&self) -> usize {
        let socket = self.socket();
        if self.closing || self.ended.is_some() || !(self.is_opening() || socket.may_send()) {
            return 0;
        }
        socket.send_capacity() - socket.send_queue() - self.early.len()
    }

    fn recv(&mut self) -> Bytes {
        let waiting = self.socket().recv_queue();
        if waiting == 0 || self.is_opening() {
            return Bytes::new();
        }
        let mut all = Vec::with_capacity(waiting);
        let socket = self.socket_mut();
        // The buffer is a ring: what waits lies in one piece or in two.
        while let Ok(1..) = socket.recv(|piece| {
            all.extend_from_slice(piece);
            (piece.len(), piece.len())
        }) {}
        Bytes::from(all)
    }

    fn close(&mut self) {
        self.closing = true;
        if !self.is_opening() {
            self.socket_mut().close();
        }
    }

    fn abort(&mut self) {
        use tcp::State::{CloseWait, Established, FinWait1, FinWait2, SynReceived};
        self.ended.get_or_insert(Reason::Aborted);
        match self.socket().state() {
            SynReceived | Established | FinWait1 | FinWait2 | CloseWait => self.socket_mut().abort(),
            _ => self.discard(),
        }
    }

    fn state(&self) -> State {
        if let Some(reason) = self.ended {
            return State::Closed(reason);
        }
        match self.socket().state() {
            tcp::State::Listen | tcp::State::SynSent | tcp::State::SynReceived => State::Opening,
            tcp::State::Established => State::Open,
            tcp::State::CloseWait => State::RemoteClosed,
            tcp::State::FinWait1 | tcp::State::FinWait2 | tcp::State::Closing | tcp::State::LastAck => State::Finishing,
            // The end is noted in the same call in which it comes.
            tcp::State::TimeWait | tcp::State::Closed => State::Closed(Reason::Graceful),
        }
    }

    fn is_gone(&self) -> bool {
        let socket = self.socket();
        // An aborted socket forgets its peer when it has sent RST.
        self.device.is_drained() && socket.state() == tcp::State::Closed && socket.remote_endpoint().is_none()
    }
}

fn socket_address((addr, port): (crate::net::Addr, u16)) -> IpEndpoint {
    IpEndpoint::new(ip_address(addr), port)
}

/// smoltcp's clock shows the whole microseconds that have passed, so that no timer is found expired before its time.
fn instant(now: Nanos) -> Instant {
    Instant::from_micros_const((now.0 / 1_000).cast_signed())
}

fn duration(length: Nanos) -> Duration {
    Duration::from_micros(length.0.div_ceil(1_000))
}
