//! What a host answers to a segment that no connection and no listener wants.

use crate::net::{Flags, Header, TcpHeader};

/// The RST for a segment that came to a closed port, or `None` for a segment that was itself RST (RFC 9293 section
/// 3.10.7.1). `payload_len` is the segment's, in bytes; `ttl` is the answering host's.
#[must_use]
pub fn refusal(header: &Header, payload_len: usize, ttl: u8) -> Option<Header> {
    let segment = &header.tcp;
    if segment.flags.has(Flags::RST) {
        return None;
    }
    let tcp = if segment.flags.has(Flags::ACK) {
        TcpHeader { seq: segment.ack, flags: Flags::RST, ..TcpHeader::default() }
    } else {
        let controls = [Flags::SYN, Flags::FIN].into_iter().filter(|&flag| segment.flags.has(flag)).count();
        // Sequence numbers wrap; so may the length be cut to their width.
        let ack = segment.seq.wrapping_add((payload_len + controls) as u32);
        TcpHeader { ack, flags: Flags::RST.with(Flags::ACK), ..TcpHeader::default() }
    };
    Some(Header::tcp(header.tuple.reversed(), ttl, tcp))
}
