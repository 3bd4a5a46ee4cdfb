//! What the platform does not carry, and what it keeps for itself (azure-dataplane 1.8).

use super::checks::Checks;
use super::{PLATFORM, Reason};
use crate::net::{Addr, Prefix, Protocol, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, PortSet, ProtocolSet};
use std::sync::LazyLock;

/// The port of DNS.
const DNS: u16 = 53;
/// A source port of UDP that hosts use themselves.
const RESERVED: u16 = 65330;
const IP_IN_IP: Protocol = Protocol(4);

/// Stops what a VNet does not carry: multicast, broadcast, GRE, IP-in-IP, and UDP from a port that hosts use themselves.
#[must_use]
pub fn carried() -> &'static Checks {
    static CARRIED: LazyLock<Checks> = LazyLock::new(|| {
        let prefixes = [
            Prefix::new(Addr::v4(224, 0, 0, 0), 4),
            Some(Prefix::host(Addr::v4(255, 255, 255, 255))),
            Prefix::new(Addr(0xff00 << 112), 8),
        ];
        let to_many = AddrSet::from_iter(prefixes.into_iter().flatten());
        let packets = [
            Cube { dst: to_many, ..Cube::all() },
            Cube { protocols: ProtocolSet::point(Protocol::GRE), ..Cube::all() },
            Cube { protocols: ProtocolSet::point(IP_IN_IP), ..Cube::all() },
            Cube { protocols: ProtocolSet::point(Protocol::UDP), src_ports: PortSet::point(RESERVED), ..Cube::all() },
        ];
        Checks::default().and_stop(packets.into_iter().collect(), Reason::NotCarried)
    });
    &CARRIED
}

/// Whether a packet is for the platform, which neither routes nor most rules touch.
///
/// Rule `nsg-agent-exempt`: what is for the platform's address meets neither rules nor routes, but for DNS, which rules
/// may name. Source: azure-dataplane 1.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// A question to its DNS: rules that name its tag are asked.
    Dns,
    /// Something else for the platform: no rule is asked.
    Other,
    /// Not for the platform.
    Not,
}

impl Platform {
    /// Which of these a packet is.
    #[must_use]
    pub fn decide(tuple: &Tuple) -> Self {
        let hit = Self::regions().into_iter().find(|(region, _)| region.contains(tuple));
        hit.map_or(Self::Not, |(_, which)| which)
    }

    /// Which of these packets are which: disjoint parts that together are `packets`.
    #[must_use]
    pub fn split(packets: &PacketSet) -> Vec<(PacketSet, Self)> {
        packets.split_by_first(Self::regions(), Self::Not)
    }

    fn regions() -> [(Cube, Self); 2] {
        let to_platform = Cube { dst: AddrSet::point(PLATFORM), ..Cube::all() };
        let to_dns = Cube { dst_ports: PortSet::point(DNS), ..to_platform.clone() };
        [(to_dns, Self::Dns), (to_platform, Self::Other)]
    }
}
