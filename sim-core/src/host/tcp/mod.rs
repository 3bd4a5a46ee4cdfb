//! One end of one TCP connection, as real code: segments in, segments out, timers, a stream of bytes on each side.
//!
//! [`Endpoint`] is the seam: hosts and programs know only it, [`Smoltcp`] stands behind it, and another stack can. There
//! is one end point per connection; which segment belongs to which end point, listening and its queue are the host's.
//! [`refusal`] is what a host answers where nobody listens.
//!
//! # The law this TCP obeys
//!
//! smoltcp 0.14's own, which is not quite Linux's (see smoltcp-notes, "Congestion control" and caveats 2, 9, 17):
//!
//! * congestion control is Reno: it starts at 2,048 bytes whatever the segment size (Linux: ten segments), grows by at
//!   most one segment per acknowledgement, and never exceeds the largest window the peer has shown (at least 64 KiB);
//! * loss is repaired by fast retransmit of one segment after three duplicate acknowledgements, or by time-out;
//!   selective acknowledgements are sent and not used, so a second loss in a window waits for the time-out. With random
//!   loss the rate is 0.43 to 0.50 of the PFTK formula's;
//! * the retransmission time-out is 1 s at first and at least, 60 s at most, doubled by each expiry;
//! * acknowledgements are delayed by [`Settings::ack_delay`], and not when more than one segment waits;
//! * TIME-WAIT lasts 10 s; there are no TCP timestamps, no ECN, no path MTU discovery.
//!
//! Three of its states from which a connection never gets on are mended here: see `Frontier` in `device`, and
//! `says_nothing_of_our_fin` and `unstick` in `stack`.
//!
//! Its clock counts microseconds. A segment is answered at the nanosecond at which it arrived; timers run on whole
//! microseconds, so one may end up to 1 us short of its length, counted from the nanosecond at which it was set.

mod closed;
mod device;
mod stack;
#[cfg(test)]
mod tests;

pub use closed::refusal;
pub use stack::Smoltcp;

use crate::net::{Addr, Header};
use crate::time::Nanos;
use bytes::Bytes;

/// One end of one TCP connection.
///
/// Time never goes back. What the program does ([`send`](Self::send), [`recv`](Self::recv), [`close`](Self::close),
/// [`abort`](Self::abort)) shows on the wire with the next [`poll`](Self::poll); so the host polls after it, takes
/// [`next_segment`](Self::next_segment) until there is none, and asks [`wake_at`](Self::wake_at) when to poll again.
pub trait Endpoint {
    /// One segment from the wire. Segments of other connections are ignored.
    fn arrive(&mut self, now: Nanos, header: &Header, payload: &[u8]);

    /// Lets timers expire, and makes segments of what may be sent.
    fn poll(&mut self, now: Nanos);

    /// The next segment to put on the wire, in order, until there is none.
    fn next_segment(&mut self) -> Option<(Header, Bytes)>;

    /// When to [`poll`](Self::poll) again; never before `now`, and after `now` once polled then. `None`: not before
    /// something arrives or the program acts.
    fn wake_at(&mut self, now: Nanos) -> Option<Nanos>;

    /// Takes as much of `data` as there is room for, and says how many bytes. Before the connection is open they wait;
    /// after [`close`](Self::close) or the end, none are taken.
    fn send(&mut self, data: &[u8]) -> usize;

    /// How many bytes [`send`](Self::send) would take now.
    fn send_capacity(&self) -> usize;

    /// All bytes that have arrived in order and were not yet received. They stay readable when the peer closes or
    /// resets, until the end point [is gone](Self::is_gone).
    fn recv(&mut self) -> Bytes;

    /// No more data from this side: FIN after all that was sent. Before the connection is open it waits, like data;
    /// to give up an attempt, [`abort`](Self::abort).
    fn close(&mut self);

    /// Ends the connection at once; unsent data is lost. The peer gets RST if it takes part in the connection yet or
    /// still (RFC 9293 section 3.10.5).
    fn abort(&mut self);

    /// Where the connection stands, as the program sees it.
    fn state(&self) -> State;

    /// Whether there is nothing left to send or to answer: the host may free the end point. It becomes so after
    /// [`State::Closed`], later by 10 s of TIME-WAIT at the side that closed first.
    fn is_gone(&self) -> bool;
}

/// What a program knows of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The handshake is under way.
    Opening,
    /// Both may send.
    Open,
    /// The peer has sent FIN; this side may send.
    RemoteClosed,
    /// This side has closed; the peer may send until it closes too, and what this side sent may still be unacknowledged.
    Finishing,
    /// Over.
    Closed(Reason),
}

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Both sides closed, and all that was sent has arrived.
    Graceful,
    /// The peer sent RST after it had taken part.
    Reset,
    /// The peer answered the SYN with RST.
    Refused,
    /// The peer was silent for longer than [`Settings::user_timeout`].
    TimedOut,
    /// This side aborted.
    Aborted,
}

/// How to build an end point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Address and port of this side.
    pub local: (Addr, u16),
    /// Address and port of the peer.
    pub remote: (Addr, u16),
    /// Longest IP packet this side sends or asks for, in bytes. The maximum segment size follows from it.
    pub mtu: u16,
    /// Room for data that arrived and the program has not received yet, in bytes: the largest window. Taken whole when the
    /// end point is made, which for the default costs more than a short exchange does: 8 KiB serve that as well.
    pub receive_buffer: usize,
    /// Room for data that is unsent or unacknowledged, in bytes. Taken whole when the end point is made.
    pub send_buffer: usize,
    /// How long an acknowledgement may wait for data to travel with; `None` sends each at once.
    pub ack_delay: Option<Nanos>,
    /// Whether small segments wait while others are unacknowledged (RFC 9293 section 3.7.4).
    pub nagle: bool,
    /// Probe the peer whenever it was silent for so long; at least 1 us.
    pub keep_alive: Option<Nanos>,
    /// End the connection when the peer stays silent for so long while it owes an answer: to SYN, data, FIN, or the
    /// first keep-alive. `None` tries for ever.
    pub user_timeout: Option<Nanos>,
    /// Where the initial sequence number comes from; one per end point.
    pub seed: u64,
    /// Time to live of what is sent; zero counts as one.
    pub ttl: u8,
}

impl Settings {
    /// An end point as hosts use them: MTU 1,500 bytes (azure-dataplane 5.3), 64 KiB of room each way, acknowledgements
    /// delayed by 10 ms (smoltcp's default), no Nagle delay (ssh, curl and Go's TLS clients switch it off), no keep-alive,
    /// giving up after 127 s (where Linux gives up a connection attempt by default: six repetitions after 1, 2, 4, ...
    /// seconds), TTL 64.
    #[must_use]
    pub const fn new(local: (Addr, u16), remote: (Addr, u16), seed: u64) -> Self {
        Self {
            local,
            remote,
            mtu: 1500,
            receive_buffer: 64 << 10,
            send_buffer: 64 << 10,
            ack_delay: Some(Nanos::millis(10)),
            nagle: false,
            keep_alive: None,
            user_timeout: Some(Nanos::secs(127)),
            seed,
            ttl: 64,
        }
    }

    /// Refuses what no connection can be made of, and what smoltcp would panic on.
    fn check(&self) -> Result<(), SettingsError> {
        let (local, remote) = (self.local.0, self.remote.0);
        if local.is_v4() != remote.is_v4() || !is_unicast(local) || !is_unicast(remote) {
            return Err(SettingsError::Address { local, remote });
        }
        if self.local.1 == 0 || self.remote.1 == 0 {
            return Err(SettingsError::Port);
        }
        if self.mtu < if local.is_v4() { 576 } else { 1280 } {
            return Err(SettingsError::Mtu(self.mtu));
        }
        match [self.receive_buffer, self.send_buffer].into_iter().find(|size| !(1..=LARGEST_BUFFER).contains(size)) {
            Some(size) => Err(SettingsError::Buffer(size)),
            None => Ok(()),
        }
    }
}

/// The largest window that window scaling can express (RFC 7323 section 2.3).
const LARGEST_BUFFER: usize = 1 << 30;

fn is_unicast(addr: Addr) -> bool {
    crate::net::wire::ip_address(addr).is_unicast()
}

/// Why there can be no such end point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// TCP runs between two unicast addresses of one family.
    #[error("there is no TCP between {local} and {remote}: both must be unicast, and of one family")]
    Address {
        /// This side.
        local: Addr,
        /// The peer.
        remote: Addr,
    },
    /// Port zero names no application.
    #[error("port 0 cannot be connected")]
    Port,
    /// Below what every IP link carries (RFC 791: 576 bytes; RFC 8200: 1,280).
    #[error("an MTU of {0} bytes is too small")]
    Mtu(u16),
    /// A buffer of no bytes, or of more than 1 GiB.
    #[error("a buffer of {0} bytes is not between 1 byte and 1 GiB")]
    Buffer(usize),
}
