//! The network device that smoltcp sees: one packet in, any number out, bytes on its side, parsed on ours.

use crate::net::{Flags, Header, TcpHeader, wire};
use bytes::Bytes;
use smoltcp::phy::{self, ChecksumCapabilities, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use std::collections::VecDeque;

/// Room is never refused on the way out: a device that does makes smoltcp ask to be polled at once, for ever
/// (smoltcp-notes, caveat 4). How much comes out is bounded by the windows of TCP.
pub(super) struct Device {
    capabilities: DeviceCapabilities,
    arrived: bool,
    incoming: Vec<u8>,
    output: Output,
}

impl Device {
    /// A device whose packets carry no checksums and leave with this time to live, RST and acknowledgements included
    /// (for which smoltcp would take 64).
    pub(super) fn new(mtu: u16, ttl: u8) -> Self {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = mtu.into();
        capabilities.checksum = ChecksumCapabilities::ignored();
        let output = Output { emitted: Vec::new(), segments: VecDeque::new(), frontier: Frontier::default(), ttl };
        Self { capabilities, arrived: false, incoming: Vec::new(), output }
    }

    /// Puts one packet before smoltcp, which takes it with its next ingress. One that cannot be written is lost.
    pub(super) fn arrive(&mut self, header: &Header, payload: &[u8]) {
        let frontier = &mut self.output.frontier;
        frontier.window_closed = header.tcp.window == 0;
        if header.tcp.flags.has(Flags::ACK) {
            frontier.acknowledged = Some(header.tcp.ack);
        }
        self.arrived = wire::emit(header, payload, false, &mut self.incoming).is_ok();
    }

    /// Takes the next segment on its way to the wire.
    pub(super) fn next_segment(&mut self) -> Option<(Header, Bytes)> {
        self.output.segments.pop_front()
    }

    /// Whether no segment is on its way to the wire.
    pub(super) fn is_drained(&self) -> bool {
        self.output.segments.is_empty()
    }

    /// The sequence number after all that was ever sent, FIN included.
    pub(super) fn sent_up_to(&self) -> Option<u32> {
        self.output.frontier.next
    }

    /// What follows belongs to no connection.
    pub(super) fn forget(&mut self) {
        self.output.frontier = Frontier::default();
    }
}

impl phy::Device for Device {
    type RxToken<'a> = Incoming<'a>;
    type TxToken<'a> = &'a mut Output;

    fn receive(&mut self, _: Instant) -> Option<(Incoming<'_>, &mut Output)> {
        std::mem::take(&mut self.arrived).then_some((Incoming(&self.incoming), &mut self.output))
    }

    fn transmit(&mut self, _: Instant) -> Option<&mut Output> {
        Some(&mut self.output)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        self.capabilities.clone()
    }
}

/// The packet that has arrived.
pub(super) struct Incoming<'a>(&'a [u8]);

impl phy::RxToken for Incoming<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

/// Where packets leave.
pub(super) struct Output {
    emitted: Vec<u8>,
    segments: VecDeque<(Header, Bytes)>,
    frontier: Frontier,
    ttl: u8,
}

impl phy::TxToken for &mut Output {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        self.emitted.resize(len, 0);
        let result = write(&mut self.emitted);
        if let Ok((mut header, payload)) = wire::parse(&self.emitted) {
            header.ttl = self.ttl;
            let payload = &self.emitted[payload];
            if self.frontier.is_keep_alive(&header.tcp, payload.len()) {
                self.segments.push_back((header, Bytes::new()));
                return result;
            }
            self.frontier.pass(&mut header.tcp, payload.len());
            self.segments.push_back((header, Bytes::copy_from_slice(payload)));
        }
        result
    }
}

/// The sequence number after all that was ever sent, which bare acknowledgements have to bear.
///
/// When its retransmission timer expires, smoltcp 0.14 goes back to the first unacknowledged byte, and numbers the
/// acknowledgements it sends from there. The peer may have that byte already, and then finds those segments outside its
/// window and drops them, acknowledgement and all. When both sides do so, neither ever gets on: two streams that cross
/// and lose a few segments each hang for good. (RFC 9293 section 3.10.7.4 has such acknowledgements bear SND.NXT, and
/// SND.NXT does not go back.)
#[derive(Default)]
struct Frontier {
    next: Option<u32>,
    /// The peer's last segment allowed no data: a byte sent now is a probe, which the peer will not keep.
    window_closed: bool,
    /// What the peer has acknowledged last.
    acknowledged: Option<u32>,
}

impl Frontier {
    /// Whether this is smoltcp's keep-alive: one byte of garbage before all that was ever sent, everything acknowledged.
    /// It leaves without the byte, as Linux's does: the same number with another content is no retransmission, and
    /// analysers say so.
    fn is_keep_alive(&self, tcp: &TcpHeader, payload_len: usize) -> bool {
        let settled = self.next.is_some() && self.next == self.acknowledged && !self.window_closed;
        let marked = tcp.flags.has(Flags::SYN) || tcp.flags.has(Flags::FIN);
        settled && !marked && payload_len == 1 && Some(tcp.seq.wrapping_add(1)) == self.next
    }

    fn pass(&mut self, tcp: &mut TcpHeader, payload_len: usize) {
        let takes_numbers = tcp.flags.has(Flags::SYN) || tcp.flags.has(Flags::FIN) || payload_len > 0;
        let controls = [Flags::SYN, Flags::FIN].into_iter().filter(|&flag| tcp.flags.has(flag)).count();
        let after = tcp.seq.wrapping_add((payload_len + controls) as u32);
        let is_behind = |seq: u32, next: u32| next.wrapping_sub(seq).cast_signed() > 0;
        match self.next {
            Some(next) if !takes_numbers => {
                // A bare RST bears the number that the peer asked for.
                if tcp.flags.has(Flags::ACK) && is_behind(tcp.seq, next) {
                    tcp.seq = next;
                }
            }
            Some(next) if !is_behind(next, after) || (self.window_closed && payload_len == 1) => {}
            _ => self.next = Some(after),
        }
    }
}
