//! Headers as the simulator carries them: parsed, flat, the same for both address families.

use super::Addr;
use std::fmt;

/// An IP protocol by its IANA number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(pub u8);

impl Protocol {
    /// ICMP for IPv4.
    pub const ICMP: Self = Self(1);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
    /// Generic routing encapsulation, which Azure does not carry.
    pub const GRE: Self = Self(47);
    /// IPsec encapsulating payload.
    pub const ESP: Self = Self(50);
    /// IPsec authentication header.
    pub const AH: Self = Self(51);
    /// ICMP for IPv6.
    pub const ICMPV6: Self = Self(58);
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ICMP => f.pad("ICMP"),
            Self::TCP => f.pad("TCP"),
            Self::UDP => f.pad("UDP"),
            Self::GRE => f.pad("GRE"),
            Self::ESP => f.pad("ESP"),
            Self::AH => f.pad("AH"),
            Self::ICMPV6 => f.pad("ICMPv6"),
            Self(n) => f.pad(&format!("IP protocol {n}")),
        }
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What names a flow at a port. Ports are zero for protocols without them; for ICMP echo both hold the identifier (for
/// other ICMP messages the same two bytes of the wire, which are zero in most).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tuple {
    /// Source address.
    pub src: Addr,
    /// Destination address.
    pub dst: Addr,
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Protocol.
    pub protocol: Protocol,
}

impl Tuple {
    /// The tuple of the other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { src: self.dst, dst: self.src, src_port: self.dst_port, dst_port: self.src_port, protocol: self.protocol }
    }
}

impl fmt::Display for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |a: Addr, p: u16| if a.is_v4() { format!("{a}:{p}") } else { format!("[{a}]:{p}") };
        let text = format!("{} {} -> {}", self.protocol, end(self.src, self.src_port), end(self.dst, self.dst_port));
        f.pad(&text)
    }
}

impl fmt::Debug for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// TCP control bits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement field counts.
    pub const ACK: Self = Self(0x10);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of bits.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            [(Self::SYN, "SYN"), (Self::FIN, "FIN"), (Self::RST, "RST"), (Self::PSH, "PSH"), (Self::ACK, "ACK")];
        let set: Vec<_> = names.iter().filter(|(bit, _)| self.has(*bit)).map(|(_, name)| *name).collect();
        f.write_str(&set.join(","))
    }
}

/// A selective acknowledgement: from the first sequence number up to, not including, the second.
pub type SeqRange = (u32, u32);

/// The rest of a TCP header, options included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpHeader {
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number; counts only with [`Flags::ACK`].
    pub ack: u32,
    /// Control bits.
    pub flags: Flags,
    /// Window, as written (before scaling).
    pub window: u16,
    /// Maximum segment size option.
    pub mss: Option<u16>,
    /// Window scale option.
    pub window_scale: Option<u8>,
    /// Selective acknowledgements permitted option.
    pub sack_permitted: bool,
    /// Selective acknowledgement blocks.
    pub sack: [Option<SeqRange>; 3],
}

/// An ICMP header without the identifier, which [`Tuple`] holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IcmpHeader {
    /// Message type, by the number of the packet's own family (an echo request is 8 in IPv4 and 128 in IPv6).
    pub kind: u8,
    /// Message code; zero for echo.
    pub code: u8,
    /// Sequence number of an echo; the last two header bytes of other messages.
    pub sequence: u16,
}

impl IcmpHeader {
    /// An echo request of `protocol`: [`Protocol::ICMPV6`], or else ICMP for IPv4.
    #[must_use]
    pub const fn echo_request(protocol: Protocol, sequence: u16) -> Self {
        let kind = if protocol.0 == Protocol::ICMPV6.0 { 128 } else { 8 };
        Self { kind, code: 0, sequence }
    }

    /// The answer to such a request.
    #[must_use]
    pub const fn echo_reply(protocol: Protocol, sequence: u16) -> Self {
        let kind = if protocol.0 == Protocol::ICMPV6.0 { 129 } else { 0 };
        Self { kind, code: 0, sequence }
    }
}

/// A parsed header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Addresses, protocol and ports.
    pub tuple: Tuple,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// The rest of the TCP header; zeros for other protocols.
    pub tcp: TcpHeader,
    /// The rest of the ICMP header; zeros for other protocols.
    pub icmp: IcmpHeader,
}

impl Header {
    /// A UDP or other header that has nothing besides.
    #[must_use]
    pub fn plain(tuple: Tuple, ttl: u8) -> Self {
        Self { tuple, ttl, tcp: TcpHeader::default(), icmp: IcmpHeader::default() }
    }

    /// A TCP header.
    #[must_use]
    pub fn tcp(tuple: Tuple, ttl: u8, tcp: TcpHeader) -> Self {
        Self { tcp, ..Self::plain(tuple, ttl) }
    }

    /// An ICMP header.
    #[must_use]
    pub fn icmp(tuple: Tuple, ttl: u8, icmp: IcmpHeader) -> Self {
        Self { icmp, ..Self::plain(tuple, ttl) }
    }

    /// The length of the IP and transport headers on the wire, in bytes. Options are padded to four bytes (RFC 9293
    /// section 3.1).
    #[must_use]
    pub fn wire_len(&self) -> usize {
        let ip = if self.tuple.dst.is_v4() { 20 } else { 40 };
        let transport = match self.tuple.protocol {
            Protocol::TCP => 20 + self.tcp.options_len(),
            Protocol::UDP | Protocol::ICMP | Protocol::ICMPV6 => 8,
            _ => 0,
        };
        ip + transport
    }
}

impl TcpHeader {
    /// The length of the options, padded to four bytes.
    #[must_use]
    pub fn options_len(&self) -> usize {
        let sacks = self.sack.iter().flatten().count();
        let raw = usize::from(self.mss.is_some()) * 4
            + usize::from(self.window_scale.is_some()) * 3
            + usize::from(self.sack_permitted) * 2
            + if sacks > 0 { 2 + 8 * sacks } else { 0 };
        raw.next_multiple_of(4)
    }
}
