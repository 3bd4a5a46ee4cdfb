//! The network device that smoltcp sees: one packet in, any number out, bytes on its side, parsed on ours.

use crate::net::{Header, wire};
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
    emitted: Vec<u8>,
    /// Segments on their way to the wire, in order.
    pub(super) outgoing: VecDeque<(Header, Bytes)>,
    ttl: u8,
}

impl Device {
    /// A device whose packets carry no checksums and leave with this time to live, RST and acknowledgements included
    /// (for which smoltcp would take 64).
    pub(super) fn new(mtu: u16, ttl: u8) -> Self {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = mtu.into();
        capabilities.checksum = ChecksumCapabilities::ignored();
        let (incoming, emitted, outgoing) = (Vec::new(), Vec::new(), VecDeque::new());
        Self { capabilities, arrived: false, incoming, emitted, outgoing, ttl }
    }

    /// Puts one packet before smoltcp, which takes it with its next ingress. One that cannot be written is lost.
    pub(super) fn arrive(&mut self, header: &Header, payload: &[u8]) {
        self.arrived = wire::emit(header, payload, false, &mut self.incoming).is_ok();
    }
}

impl phy::Device for Device {
    type RxToken<'a> = Incoming<'a>;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Incoming<'_>, Outgoing<'_>)> {
        let Self { arrived, incoming, emitted, outgoing, ttl, .. } = self;
        std::mem::take(arrived).then_some((Incoming(incoming), Outgoing { emitted, outgoing, ttl: *ttl }))
    }

    fn transmit(&mut self, _: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing { emitted: &mut self.emitted, outgoing: &mut self.outgoing, ttl: self.ttl })
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

/// Room for one packet to leave.
pub(super) struct Outgoing<'a> {
    emitted: &'a mut Vec<u8>,
    outgoing: &'a mut VecDeque<(Header, Bytes)>,
    ttl: u8,
}

impl phy::TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        self.emitted.resize(len, 0);
        let result = write(self.emitted);
        if let Ok((mut header, payload)) = wire::parse(self.emitted) {
            header.ttl = self.ttl;
            self.outgoing.push_back((header, Bytes::copy_from_slice(&self.emitted[payload])));
        }
        result
    }
}
