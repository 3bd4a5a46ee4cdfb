//! What the platform does not carry, and what it keeps for itself (azure-dataplane 1.8).

use super::checks::Checks;
use super::security::PlatformTag;
use super::{METADATA, PLATFORM, PLATFORM_V6, Reason};
use crate::net::{Addr, Prefix, Protocol, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, PortSet, ProtocolSet};
use std::sync::LazyLock;

/// The port of DNS.
const DNS: u16 = 53;
/// The port of Windows activation.
const LICENSING: u16 = 1688;
/// A source port of UDP that hosts use themselves.
const RESERVED: u16 = 65330;
const IP_IN_IP: Protocol = Protocol(4);

/// Stops what a VNet does not carry.
///
/// Rule `nsg-not-carried`: multicast, broadcast, GRE and IP-in-IP are not carried, nor is UDP from port 65330, which hosts
/// keep for themselves. Source: azure-dataplane 1.8.
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
/// Rule `nsg-agent-exempt`: the agent's way to the platform's address meets neither rules nor routes; nor does anything
/// else there but DNS. Source: azure-dataplane 1.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// A question to its DNS: rules that name its tag are asked.
    Dns,
    /// A question to instance metadata: rules that name its tag are asked.
    Metadata,
    /// Something else for the platform: no rule is asked.
    Other,
    /// Not for the platform.
    Not,
}

impl Platform {
    /// Which of these a packet is.
    #[must_use]
    pub fn decide(tuple: &Tuple) -> Self {
        let hit = Self::regions().iter().find(|(region, _)| region.contains(tuple));
        hit.map_or(Self::Not, |(_, which)| *which)
    }

    /// Which of these packets are which: disjoint parts that together are `packets`.
    #[must_use]
    pub fn split(packets: &PacketSet) -> Vec<(PacketSet, Self)> {
        packets.split_by_first(Self::regions().iter().map(|(region, which)| (region, *which)), Self::Not)
    }

    /// The tag by which rules name it, if they can.
    #[must_use]
    pub const fn tag(self) -> Option<PlatformTag> {
        match self {
            Self::Dns => Some(PlatformTag::Dns),
            Self::Metadata => Some(PlatformTag::Metadata),
            Self::Other | Self::Not => None,
        }
    }

    fn regions() -> &'static [(Cube, Self); 4] {
        static REGIONS: LazyLock<[(Cube, Platform); 4]> = LazyLock::new(|| {
            let to = |address| Cube { dst: AddrSet::point(address), ..Cube::all() };
            let to_dns = Cube { dst_ports: PortSet::point(DNS), ..to(PLATFORM) };
            [
                (to_dns, Platform::Dns),
                (to(PLATFORM), Platform::Other),
                (to(PLATFORM_V6), Platform::Other),
                (to(METADATA), Platform::Metadata),
            ]
        });
        &REGIONS
    }
}

/// Windows activation: what goes to these hosts at its port.
///
/// Rule `nsg-licensing-exempt`: TCP 1688 to the activation hosts passes the groups, unless a rule names its tag or a
/// route of somebody's replaces the default one. Source: azure-dataplane 1.8.
#[must_use]
pub fn licensing(hosts: AddrSet) -> Cube {
    let protocols = ProtocolSet::point(Protocol::TCP);
    Cube { dst: hosts, dst_ports: PortSet::point(LICENSING), protocols, ..Cube::all() }
}
