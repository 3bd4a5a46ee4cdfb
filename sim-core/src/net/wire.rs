//! Bytes on the wire, and back.
//!
//! Packets travel parsed ([`Header`] and payload). Bytes are made only where something outside wants them: a TCP end
//! point, a capture. What a [`Header`] does not hold is written as a plain host would and lost on reading: no IP options,
//! no extension headers, no traffic class, no TCP timestamps, no urgent pointer.

use super::{Addr, Flags, Header, IcmpHeader, Protocol, TcpHeader, Tuple};
use smoltcp::wire::{
    Icmpv4Packet, Icmpv6Packet, IpAddress, IpProtocol, Ipv4Address, Ipv4Packet, Ipv6Address, Ipv6Packet, TcpOption,
    TcpPacket, TcpSeqNumber, UdpPacket,
};
use std::net::IpAddr;
use std::ops::Range;

/// Why bytes are no packet, or a packet cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end before the headers do, or a length field says more than there is or less than its own header.
    #[error("the packet is cut short, or its length fields disagree")]
    Truncated,
    /// The first four bits are neither 4 nor 6.
    #[error("IP version {0} is neither 4 nor 6")]
    Version(u8),
    /// One part of a larger datagram; the simulator carries whole ones.
    #[error("the packet is a fragment")]
    Fragment,
    /// A TCP option has a length that its kind does not have.
    #[error("the TCP options are malformed")]
    Options,
    /// The addresses, or the addresses and the kind of ICMP, are of two families.
    #[error("the packet mixes IPv4 and IPv6")]
    Family,
    /// More than the 16-bit length fields can say; the number of bytes.
    #[error("{0} bytes do not fit into one IP packet")]
    TooLong(usize),
}

const IPV4_LEN: usize = 20;
const IPV6_LEN: usize = 40;

/// Writes one packet into `out`, in place of what is there; the room of `out` is used again.
///
/// IPv4 packets have "don't fragment" set and an identification derived from the header and the length alone: it
/// means nothing then (RFC 6864 section 4.1), and the same packet always has the same bytes. Without `checksums` those
/// fields are zero. Of an ICMP tuple the source port is written.
///
/// # Errors
/// [`WireError::Family`] and [`WireError::TooLong`]; `out` is empty then.
pub fn emit(header: &Header, payload: &[u8], checksums: bool, out: &mut Vec<u8>) -> Result<(), WireError> {
    out.clear();
    let Tuple { src, dst, protocol, .. } = header.tuple;
    let is_v4 = dst.is_v4();
    let foreign = if is_v4 { Protocol::ICMPV6 } else { Protocol::ICMP };
    if src.is_v4() != is_v4 || protocol == foreign {
        return Err(WireError::Family);
    }
    let head = header.wire_len();
    let total = head + payload.len();
    let ip_len = if is_v4 { IPV4_LEN } else { IPV6_LEN };
    let counted = if is_v4 { total } else { total - ip_len };
    let Ok(counted) = u16::try_from(counted) else { return Err(WireError::TooLong(total)) };

    out.resize(head, 0);
    out.extend_from_slice(payload);
    let (ip, transport) = out.split_at_mut(ip_len);
    if is_v4 {
        emit_ipv4(header, counted, checksums, ip);
    } else {
        emit_ipv6(header, counted, ip);
    }
    match protocol {
        Protocol::TCP => emit_tcp(header, transport),
        Protocol::UDP => emit_udp(header, transport),
        Protocol::ICMP | Protocol::ICMPV6 => emit_icmp(header, transport),
        _ => {}
    }
    if checksums {
        fill_checksum(protocol, src, dst, transport);
    }
    Ok(())
}

/// Reads one packet: its header, and where its payload lies in `bytes`. Bytes behind the packet's own length are
/// ignored (link-layer padding). Checksums are not looked at: captures of senders that leave them to the NIC have none.
///
/// # Errors
/// Any [`WireError`] but [`WireError::TooLong`].
pub fn parse(bytes: &[u8]) -> Result<(Header, Range<usize>), WireError> {
    let (ip, transport) = match bytes.first().ok_or(WireError::Truncated)? >> 4 {
        4 => parse_ipv4(bytes)?,
        6 => parse_ipv6(bytes)?,
        other => return Err(WireError::Version(other)),
    };
    let is_v4 = ip.tuple.src.is_v4();
    let body = &bytes[transport.clone()];
    let (header, used, end) = match ip.tuple.protocol {
        Protocol::TCP => parse_tcp(ip, body)?,
        Protocol::UDP => parse_udp(ip, body)?,
        Protocol::ICMP if is_v4 => parse_icmp(ip, body)?,
        Protocol::ICMPV6 if !is_v4 => parse_icmp(ip, body)?,
        Protocol::ICMP | Protocol::ICMPV6 => return Err(WireError::Family),
        _ => (ip, 0, body.len()),
    };
    Ok((header, transport.start + used..transport.start + end))
}

/// The address in smoltcp's form.
pub(crate) fn ip_address(addr: Addr) -> IpAddress {
    match addr.to_ip() {
        IpAddr::V4(v4) => IpAddress::Ipv4(v4),
        IpAddr::V6(v6) => IpAddress::Ipv6(v6),
    }
}

fn v4(addr: Addr) -> Ipv4Address {
    Ipv4Address::from_bits(addr.0 as u32)
}

fn v6(addr: Addr) -> Ipv6Address {
    Ipv6Address::from_bits(addr.0)
}

fn emit_ipv4(header: &Header, total_len: u16, checksums: bool, bytes: &mut [u8]) {
    let Tuple { src, dst, src_port, dst_port, protocol } = header.tuple;
    let seq = header.tcp.seq;
    let mut packet = Ipv4Packet::new_unchecked(bytes);
    packet.set_version(4);
    packet.set_header_len(IPV4_LEN as u8);
    packet.set_total_len(total_len);
    packet
        .set_ident((seq ^ (seq >> 16)) as u16 ^ src_port ^ dst_port.rotate_left(5) ^ header.icmp.sequence ^ total_len);
    packet.set_dont_frag(true);
    packet.set_hop_limit(header.ttl);
    packet.set_next_header(IpProtocol::from(protocol.0));
    packet.set_src_addr(v4(src));
    packet.set_dst_addr(v4(dst));
    if checksums {
        packet.fill_checksum();
    }
}

fn emit_ipv6(header: &Header, payload_len: u16, bytes: &mut [u8]) {
    let mut packet = Ipv6Packet::new_unchecked(bytes);
    packet.set_version(6);
    packet.set_payload_len(payload_len);
    packet.set_next_header(IpProtocol::from(header.tuple.protocol.0));
    packet.set_hop_limit(header.ttl);
    packet.set_src_addr(v6(header.tuple.src));
    packet.set_dst_addr(v6(header.tuple.dst));
}

/// Where the eight control bits lie in a TCP header.
const TCP_FLAGS: usize = 13;

fn emit_tcp(header: &Header, bytes: &mut [u8]) {
    let tcp = &header.tcp;
    let mut packet = TcpPacket::new_unchecked(&mut *bytes);
    packet.set_src_port(header.tuple.src_port);
    packet.set_dst_port(header.tuple.dst_port);
    packet.set_seq_number(TcpSeqNumber(tcp.seq.cast_signed()));
    packet.set_ack_number(TcpSeqNumber(tcp.ack.cast_signed()));
    packet.set_header_len((20 + tcp.options_len()) as u8);
    packet.set_window_len(tcp.window);
    // What is left of the options is zero already, which reads as end of list.
    let mut options = packet.options_mut();
    if let Some(mss) = tcp.mss {
        options = TcpOption::MaxSegmentSize(mss).emit(options);
    }
    if let Some(scale) = tcp.window_scale {
        options = TcpOption::WindowScale(scale).emit(options);
    }
    if tcp.sack_permitted {
        options = TcpOption::SackPermitted.emit(options);
    }
    if tcp.sack.iter().any(Option::is_some) {
        TcpOption::SackRange(tcp.sack).emit(options);
    }
    bytes[TCP_FLAGS] = tcp.flags.0;
}

fn emit_udp(header: &Header, bytes: &mut [u8]) {
    let len = bytes.len() as u16;
    let mut packet = UdpPacket::new_unchecked(bytes);
    packet.set_src_port(header.tuple.src_port);
    packet.set_dst_port(header.tuple.dst_port);
    packet.set_len(len);
}

/// Both families lay the header out alike (RFC 792, RFC 4443 section 4): type, code, checksum, identifier, sequence.
fn emit_icmp(header: &Header, bytes: &mut [u8]) {
    bytes[0] = header.icmp.kind;
    bytes[1] = header.icmp.code;
    bytes[4..6].copy_from_slice(&header.tuple.src_port.to_be_bytes());
    bytes[6..8].copy_from_slice(&header.icmp.sequence.to_be_bytes());
}

fn fill_checksum(protocol: Protocol, src: Addr, dst: Addr, transport: &mut [u8]) {
    let (from, to) = (ip_address(src), ip_address(dst));
    match protocol {
        Protocol::TCP => TcpPacket::new_unchecked(transport).fill_checksum(&from, &to),
        Protocol::UDP => UdpPacket::new_unchecked(transport).fill_checksum(&from, &to),
        Protocol::ICMP => Icmpv4Packet::new_unchecked(transport).fill_checksum(),
        Protocol::ICMPV6 => Icmpv6Packet::new_unchecked(transport).fill_checksum(&v6(src), &v6(dst)),
        _ => {}
    }
}

/// The IP header alone, ports still zero, and where the transport lies.
fn parse_ipv4(bytes: &[u8]) -> Result<(Header, Range<usize>), WireError> {
    let packet = Ipv4Packet::new_checked(bytes).map_err(|_| WireError::Truncated)?;
    if packet.more_frags() || packet.frag_offset() != 0 {
        return Err(WireError::Fragment);
    }
    let (src, dst) = (packet.src_addr().to_bits(), packet.dst_addr().to_bits());
    let header = bare(Addr::from_v4_bits(src), Addr::from_v4_bits(dst), packet.next_header(), packet.hop_limit());
    Ok((header, packet.header_len().into()..packet.total_len().into()))
}

fn parse_ipv6(bytes: &[u8]) -> Result<(Header, Range<usize>), WireError> {
    let packet = Ipv6Packet::new_checked(bytes).map_err(|_| WireError::Truncated)?;
    let (src, dst) = (Addr(packet.src_addr().to_bits()), Addr(packet.dst_addr().to_bits()));
    if src.is_v4() || dst.is_v4() {
        // An IPv4-mapped address is no address of the wire, and would turn into an IPv4 packet.
        return Err(WireError::Family);
    }
    if packet.next_header() == IpProtocol::Ipv6Frag {
        return Err(WireError::Fragment);
    }
    Ok((bare(src, dst, packet.next_header(), packet.hop_limit()), IPV6_LEN..packet.total_len()))
}

fn bare(src: Addr, dst: Addr, protocol: IpProtocol, ttl: u8) -> Header {
    Header::plain(Tuple { src, dst, src_port: 0, dst_port: 0, protocol: Protocol(protocol.into()) }, ttl)
}

/// A header with the transport's part, and where the payload starts and ends in the transport's bytes.
type Transport = (Header, usize, usize);

fn parse_tcp(mut header: Header, body: &[u8]) -> Result<Transport, WireError> {
    let packet = TcpPacket::new_checked(body).map_err(|_| WireError::Truncated)?;
    header.tuple.src_port = packet.src_port();
    header.tuple.dst_port = packet.dst_port();
    header.tcp = TcpHeader {
        seq: packet.seq_number().0.cast_unsigned(),
        ack: packet.ack_number().0.cast_unsigned(),
        flags: Flags(body[TCP_FLAGS]),
        window: packet.window_len(),
        ..TcpHeader::default()
    };
    let mut options = packet.options();
    while !options.is_empty() {
        let (rest, option) = TcpOption::parse(options).map_err(|_| WireError::Options)?;
        match option {
            TcpOption::EndOfList => break,
            TcpOption::MaxSegmentSize(mss) => header.tcp.mss = Some(mss),
            TcpOption::WindowScale(scale) => header.tcp.window_scale = Some(scale),
            TcpOption::SackPermitted => header.tcp.sack_permitted = true,
            TcpOption::SackRange(ranges) => header.tcp.sack = ranges,
            TcpOption::NoOperation | TcpOption::TimeStamp { .. } | TcpOption::Unknown { .. } => {}
        }
        options = rest;
    }
    Ok((header, packet.header_len().into(), body.len()))
}

fn parse_udp(mut header: Header, body: &[u8]) -> Result<Transport, WireError> {
    let packet = UdpPacket::new_checked(body).map_err(|_| WireError::Truncated)?;
    header.tuple.src_port = packet.src_port();
    header.tuple.dst_port = packet.dst_port();
    Ok((header, 8, packet.len().into()))
}

fn parse_icmp(mut header: Header, body: &[u8]) -> Result<Transport, WireError> {
    let &[kind, code, _, _, i0, i1, s0, s1, ..] = body else { return Err(WireError::Truncated) };
    let identifier = u16::from_be_bytes([i0, i1]);
    header.tuple.src_port = identifier;
    header.tuple.dst_port = identifier;
    header.icmp = IcmpHeader { kind, code, sequence: u16::from_be_bytes([s0, s1]) };
    Ok((header, 8, body.len()))
}

#[cfg(test)]
mod tests;
