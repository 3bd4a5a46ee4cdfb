//! Headers survive the wire, bytes from anywhere do no harm, and others read what we write.

use super::*;
use proptest::prelude::*;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{Ipv4Repr, TcpRepr};

fn addresses() -> impl Strategy<Value = (Addr, Addr)> {
    let four = any::<(u32, u32)>().prop_map(|(a, b)| (Addr::from_v4_bits(a), Addr::from_v4_bits(b)));
    let six = any::<(u128, u128)>()
        .prop_map(|(a, b)| (Addr(a), Addr(b)))
        .prop_filter("mapped addresses are IPv4", |(a, b)| !a.is_v4() && !b.is_v4());
    prop_oneof![four, six]
}

fn tcp_header() -> impl Strategy<Value = TcpHeader> {
    let options = (any::<Option<u16>>(), any::<Option<u8>>(), any::<bool>(), any::<[(u32, u32); 3]>(), 0..=3_usize);
    let fields = (any::<u32>(), any::<u32>(), any::<u8>(), any::<u16>());
    (fields, options).prop_map(|((seq, ack, flags, window), (mss, window_scale, sack_permitted, blocks, filled))| {
        // Blocks stand in front: a header with a gap between them is not one that was ever read.
        let sack = std::array::from_fn(|i| (i < filled).then_some(blocks[i]));
        TcpHeader { seq, ack, flags: Flags(flags), window, mss, window_scale, sack_permitted, sack }
    })
}

fn header() -> impl Strategy<Value = Header> {
    let icmp = any::<(u8, u8, u16)>().prop_map(|(kind, code, sequence)| IcmpHeader { kind, code, sequence });
    (addresses(), any::<(u16, u16, u8)>(), 0..4_u8, tcp_header(), icmp).prop_map(
        |((src, dst), ports, kind, tcp, icmp)| {
            let (src_port, dst_port, ttl) = ports;
            let tuple = |protocol, src_port, dst_port| Tuple { src, dst, src_port, dst_port, protocol };
            match kind {
                0 => Header::tcp(tuple(Protocol::TCP, src_port, dst_port), ttl, tcp),
                1 => Header::plain(tuple(Protocol::UDP, src_port, dst_port), ttl),
                2 => {
                    let protocol = if src.is_v4() { Protocol::ICMP } else { Protocol::ICMPV6 };
                    Header::icmp(tuple(protocol, src_port, src_port), ttl, icmp)
                }
                _ => Header::plain(tuple(Protocol::ESP, 0, 0), ttl),
            }
        },
    )
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..80)
}

fn checksums_hold(header: &Header, bytes: &[u8]) -> bool {
    let Tuple { src, dst, protocol, .. } = header.tuple;
    let (from, to) = (ip_address(src), ip_address(dst));
    let body = if src.is_v4() {
        let packet = Ipv4Packet::new_checked(bytes).unwrap();
        if !packet.verify_checksum() {
            return false;
        }
        packet.payload()
    } else {
        Ipv6Packet::new_checked(bytes).unwrap().payload()
    };
    match protocol {
        Protocol::TCP => TcpPacket::new_checked(body).unwrap().verify_checksum(&from, &to),
        Protocol::UDP => {
            let packet = UdpPacket::new_checked(body).unwrap();
            packet.checksum() != 0 && packet.verify_checksum(&from, &to)
        }
        Protocol::ICMP => Icmpv4Packet::new_checked(body).unwrap().verify_checksum(),
        Protocol::ICMPV6 => Icmpv6Packet::new_unchecked(body).verify_checksum(&v6(src), &v6(dst)),
        _ => true,
    }
}

proptest! {
    #[test]
    fn headers_survive_the_wire(header in header(), payload in payload(), checksums: bool, padding in 0..20_usize) {
        // Catches: a field, flag or option that is dropped, swapped or misplaced; lengths that count a wrong part;
        // wire_len() out of step with the bytes; wrong checksums; padding taken for payload; a buffer not emptied.
        let mut bytes = vec![0xaa; 300];
        emit(&header, &payload, checksums, &mut bytes).unwrap();
        prop_assert_eq!(bytes.len(), header.wire_len() + payload.len());
        if checksums {
            prop_assert!(checksums_hold(&header, &bytes));
        }
        bytes.resize(bytes.len() + padding, 0x55);
        let (read, range) = parse(&bytes).unwrap();
        prop_assert_eq!(read, header);
        prop_assert_eq!(&bytes[range], &payload[..]);
    }

    #[test]
    fn any_bytes_are_taken_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..120), version in 0..3_u8) {
        // Catches: an index out of range on short, lying or hostile input; a payload range outside the bytes; a
        // header that was read but cannot be written again.
        if let (Some(first), Some(version)) = (bytes.first_mut(), [None, Some(0x45), Some(0x60)][usize::from(version)]) {
            *first = version;
        }
        if let Ok((header, range)) = parse(&bytes) {
            let mut again = Vec::new();
            emit(&header, &bytes[range.clone()], true, &mut again).unwrap();
            let (second, second_range) = parse(&again).unwrap();
            prop_assert_eq!(second, header);
            prop_assert_eq!(&again[second_range], &bytes[range]);
        }
    }

    #[test]
    fn a_damaged_packet_does_no_harm(header in header(), payload in payload(), cut in 0..200_usize, at in 0..60_usize, to: u8) {
        // Catches: panics one byte away from a good packet, where random bytes hardly ever get.
        let mut bytes = Vec::new();
        emit(&header, &payload, false, &mut bytes).unwrap();
        if let Some(byte) = bytes.get_mut(at) {
            *byte = to;
        }
        bytes.truncate(cut.max(1));
        if let Ok((_, range)) = parse(&bytes) {
            prop_assert!(bytes.get(range).is_some());
        }
    }
}

#[test]
fn smoltcp_reads_what_we_write() {
    // Catches: emit and parse wrong in the same way.
    let tuple = Tuple {
        src: Addr::v4(10, 0, 0, 4),
        dst: Addr::v4(10, 0, 1, 5),
        src_port: 50_000,
        dst_port: 22,
        protocol: Protocol::TCP,
    };
    let tcp = TcpHeader {
        seq: 0x8000_0001,
        ack: 7,
        flags: Flags::SYN.with(Flags::ACK),
        window: 0x1234,
        mss: Some(1460),
        window_scale: Some(7),
        sack_permitted: true,
        sack: [Some((1, 2)), None, None],
    };
    let mut bytes = Vec::new();
    emit(&Header::tcp(tuple, 61, tcp), b"hello", true, &mut bytes).unwrap();
    let packet = Ipv4Packet::new_checked(&bytes[..]).unwrap();
    assert!(packet.dont_frag());
    let ip = Ipv4Repr::parse(&packet, &ChecksumCapabilities::default()).unwrap();
    assert_eq!((ip.hop_limit, ip.payload_len), (61, bytes.len() - 20));
    let segment = TcpPacket::new_checked(packet.payload()).unwrap();
    let caps = ChecksumCapabilities::default();
    let read = TcpRepr::parse(&segment, &ip_address(tuple.src), &ip_address(tuple.dst), &caps).unwrap();
    assert_eq!((read.src_port, read.dst_port, read.window_len), (50_000, 22, 0x1234));
    assert_eq!((read.seq_number, read.ack_number), (TcpSeqNumber(0x8000_0001_u32 as i32), Some(TcpSeqNumber(7))));
    assert_eq!((read.max_seg_size, read.window_scale, read.sack_permitted), (Some(1460), Some(7), true));
    assert_eq!((read.sack_ranges[0], read.payload), (Some((1, 2)), &b"hello"[..]));
}

#[test]
fn what_cannot_be_one_packet_is_refused() {
    // Catches: a length cut to 16 bits, families mixed, fragments read as if they began with a transport header.
    let four = Addr::v4(10, 0, 0, 4);
    let six: Addr = "fd00::4".parse().unwrap();
    let udp = |src, dst| Header::plain(Tuple { src, dst, src_port: 1, dst_port: 2, protocol: Protocol::UDP }, 64);
    let mut out = vec![1];
    assert_eq!(emit(&udp(four, six), &[], true, &mut out), Err(WireError::Family));
    assert!(out.is_empty());
    assert_eq!(emit(&udp(four, four), &vec![0; 65_508], true, &mut out), Err(WireError::TooLong(65_536)));
    assert_eq!(emit(&udp(four, four), &vec![0; 65_507], true, &mut out), Ok(()));
    assert_eq!(emit(&udp(six, six), &vec![0; 65_527], true, &mut out), Ok(()));

    emit(&udp(four, four), b"abcdefgh", false, &mut out).unwrap();
    out[6] = 0x20;
    assert_eq!(parse(&out), Err(WireError::Fragment));
    out[6..8].copy_from_slice(&[0, 1]);
    assert_eq!(parse(&out), Err(WireError::Fragment));
    assert_eq!(parse(&[0x75, 0, 0]), Err(WireError::Version(7)));
    assert_eq!(parse(&[]), Err(WireError::Truncated));
}
