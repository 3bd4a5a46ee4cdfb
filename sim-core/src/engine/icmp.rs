//! ICMP: echoes, and what whoever counts a packet down or has nobody to give it to says to its sender (RFC 792, RFC 4443).

use super::event::Observer;
use super::{Engine, Work};
use crate::fabric::PortKind;
use crate::host::{Input, Undelivered};
use crate::id::{HostId, PortId};
use crate::net::{Addr, Header, IcmpHeader, Meta, Packet, Protocol, Tuple, wire};
use bytes::Bytes;

/// Time to live of what is answered.
const TTL: u8 = 64;
/// How much of a packet is quoted: of IPv4 its header and eight bytes, of IPv6 what fits into 1,280 bytes.
const QUOTED: usize = 20 + 8;
const QUOTED_V6: usize = 1280 - 40 - 8;

impl<O: Observer> Engine<O> {
    /// Takes an ICMP message in: answers an echo request, tells the program that asked what became of its own.
    pub(super) fn icmp_in(&mut self, host: HostId, port: PortId, place: u32) {
        let packet = &self.packets.slots[place as usize];
        let Header { tuple, icmp, .. } = packet.header;
        if icmp.kind == IcmpHeader::echo_request(tuple.protocol, 0).kind {
            let reply = Header::icmp(tuple.reversed(), TTL, IcmpHeader::echo_reply(tuple.protocol, icmp.sequence));
            let (meta, payload) = (reply_meta(&packet.meta), packet.payload.clone());
            return self.emit(port, reply, meta, payload);
        }
        if icmp.kind == IcmpHeader::echo_reply(tuple.protocol, 0).kind {
            let input = Input::Echoed { from: tuple.src, sequence: icmp.sequence };
            return self.work.push_back(Work::Tell { host, program: tuple.dst_port.into(), input });
        }
        if let Some(why) = meaning(tuple.protocol, icmp)
            && let Some((identifier, sequence)) = echo_in(&packet.payload)
        {
            let input = Input::Undelivered { by: tuple.src, sequence, why };
            self.work.push_back(Work::Tell { host, program: identifier.into(), input });
        }
    }

    /// A packet's time to live is over at `port`: whoever counted it down tells its sender.
    ///
    /// Rule `icmp-time-exceeded`: a machine that forwards, and a VPN or ExpressRoute gateway, tell the sender when they have
    /// counted a packet down to nothing; nothing else in a network counts. Source: azure-dataplane 5.4.
    pub(super) fn tell_of_expiry(&mut self, port: PortId, place: u32) {
        let packet = &self.packets.slots[place as usize];
        let from = match self.plane.fabric().port(port).map(|port| &port.kind) {
            Some(PortKind::Nic(nic)) => Some(nic.address),
            Some(PortKind::Gateway(gateway)) => gateway.address_towards(&packet.header.tuple),
            _ => None,
        };
        let notice = from.and_then(|from| notice(packet, from, Undelivered::TimeExceeded));
        if let Some((header, payload)) = notice {
            let meta = reply_meta(&packet.meta);
            self.emit(port, header, meta, payload);
        }
    }
}

/// A message to the sender of a packet that quotes its beginning. There is none about such messages themselves (RFC 1122
/// 3.2.2).
pub(super) fn notice(about: &Packet, from: Addr, why: Undelivered) -> Option<(Header, Bytes)> {
    let Tuple { src, protocol, .. } = about.header.tuple;
    let echo = [IcmpHeader::echo_request(protocol, 0).kind, IcmpHeader::echo_reply(protocol, 0).kind];
    let is_icmp = matches!(protocol, Protocol::ICMP | Protocol::ICMPV6);
    if from.is_v4() != src.is_v4() || (is_icmp && !echo.contains(&about.header.icmp.kind)) {
        return None;
    }
    let mut quoted = Vec::new();
    wire::emit(&about.header, &about.payload, true, &mut quoted).ok()?;
    quoted.truncate(if src.is_v4() { QUOTED } else { QUOTED_V6 });
    let protocol = if src.is_v4() { Protocol::ICMP } else { Protocol::ICMPV6 };
    let (kind, code) = number(protocol, why);
    let tuple = Tuple { src: from, dst: src, src_port: 0, dst_port: 0, protocol };
    Some((Header::icmp(tuple, TTL, IcmpHeader { kind, code, sequence: 0 }), quoted.into()))
}

/// Type and code of a message.
const fn number(protocol: Protocol, why: Undelivered) -> (u8, u8) {
    match (protocol.0 == Protocol::ICMPV6.0, why) {
        (false, Undelivered::HostUnreachable) => (3, 1),
        (false, Undelivered::TimeExceeded) => (11, 0),
        (true, Undelivered::HostUnreachable) => (1, 3),
        (true, Undelivered::TimeExceeded) => (3, 0),
    }
}

fn meaning(protocol: Protocol, icmp: IcmpHeader) -> Option<Undelivered> {
    let is = |why: &Undelivered| number(protocol, *why) == (icmp.kind, icmp.code);
    [Undelivered::HostUnreachable, Undelivered::TimeExceeded].into_iter().find(is)
}

/// Identifier and sequence number of the echo request that a message quotes.
fn echo_in(quoted: &[u8]) -> Option<(u16, u16)> {
    let (protocol, transport) = match quoted.first()? >> 4 {
        4 => (Protocol::ICMP, quoted.get(20..)?),
        _ => (Protocol::ICMPV6, quoted.get(40..)?),
    };
    let carried = if protocol == Protocol::ICMP { quoted.get(9)? } else { quoted.get(6)? };
    let &[kind, _, _, _, i0, i1, s0, s1, ..] = transport else { return None };
    let is_echo = *carried == protocol.0 && kind == IcmpHeader::echo_request(protocol, 0).kind;
    is_echo.then(|| (u16::from_be_bytes([i0, i1]), u16::from_be_bytes([s0, s1])))
}

/// An answer goes back over the private link or service endpoint that the question came by.
pub(super) fn reply_meta(meta: &Meta) -> Meta {
    Meta { flow: meta.flow, private_link: meta.private_link, subnet: meta.subnet, ..Meta::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: types or codes of the other family, a quotation that does not hold the identifier or is longer than the
    /// standard's, an answer to an error, which would be answered again for ever.
    #[test]
    fn messages_quote_what_they_are_about() {
        for (from, src, protocol) in [
            (Addr::v4(10, 0, 0, 5), Addr::v4(10, 0, 0, 4), Protocol::ICMP),
            (Addr(0xfd00 << 112 | 5), Addr(0xfd00 << 112 | 4), Protocol::ICMPV6),
        ] {
            let dst = if src.is_v4() { Addr::v4(10, 0, 1, 4) } else { Addr(0xfd00 << 112 | 9) };
            let tuple = Tuple { src, dst, src_port: 7, dst_port: 7, protocol };
            let header = Header::icmp(tuple, 1, IcmpHeader::echo_request(protocol, 3));
            let about = Packet { id: 1, header, meta: Meta::default(), payload: Bytes::from(vec![1; 1400]) };
            for why in [Undelivered::HostUnreachable, Undelivered::TimeExceeded] {
                let (header, payload) = notice(&about, from, why).unwrap();
                assert_eq!((header.tuple.src, header.tuple.dst), (from, src));
                assert_eq!((meaning(protocol, header.icmp), echo_in(&payload)), (Some(why), Some((7, 3))));
                assert_eq!(payload.len(), if src.is_v4() { 28 } else { 1232 });
                let error = Packet { id: 2, header, meta: Meta::default(), payload };
                assert_eq!(notice(&error, dst, why), None);
            }
            assert_eq!(notice(&about, Addr::v4(1, 2, 3, 4), Undelivered::TimeExceeded).is_some(), src.is_v4());
        }
        for cut in [&b""[..], b"E", &[0x45; 24], &[0x60; 44]] {
            assert_eq!(echo_in(cut), None);
        }
    }
}
