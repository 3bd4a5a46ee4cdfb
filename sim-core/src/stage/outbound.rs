//! The way out to the Internet, by the outbound method of a NIC (azure-dataplane 4.1).

use super::{Reason, never_internet};
use crate::id::PortId;
use crate::net::{Addr, Protocol, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, ProtocolSet};
use std::sync::LazyLock;

/// How flows that a NIC opens reach the Internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The NIC's own public address.
    PublicIp,
    /// Source translation at this port for all that it carries: a NAT gateway, or default outbound access.
    Translator(PortId),
    /// Source translation by the frontends of public balancers, each for the protocols of its rules (3.11).
    Balancer {
        /// The frontend for TCP.
        tcp: Option<PortId>,
        /// The frontend for UDP.
        udp: Option<PortId>,
    },
    /// None: the subnet is private, or the only balancer is an internal Standard one (3.11, 4.4).
    Nothing,
}

/// How packets leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As they are: their source is public already. Replies in the name that the client knows.
    Untranslated,
    /// From the NIC's own public address.
    PublicIp,
    /// By what translates sources at this port.
    By(PortId),
    /// Not at all.
    Closed(Reason),
}

impl Method {
    /// How a packet leaves.
    ///
    /// Rule `snat-own-protocol`: by a public balancer a protocol leaves through a frontend that has a rule for it, and
    /// not at all where none has. Source: azure-dataplane 3.11.
    ///
    /// Rule `outbound-none`: without an outbound method nothing leaves for the Internet, whoever made the route.
    /// Source: azure-dataplane 4.4.
    #[must_use]
    pub fn decide(&self, tuple: &Tuple) -> Exit {
        let (exits, otherwise) = self.exits();
        let hit = exits.into_iter().find(|(region, _)| region.contains(tuple));
        hit.map_or(otherwise, |(_, exit)| exit)
    }

    /// Which packets leave how: disjoint parts that together are `packets`.
    #[must_use]
    pub fn split(&self, packets: &PacketSet) -> Vec<(PacketSet, Exit)> {
        let (exits, otherwise) = self.exits();
        packets.split_by_first(exits, otherwise)
    }

    fn exits(&self) -> (Vec<(Cube, Exit)>, Exit) {
        let public = Cube { src: private_space().complement(), ..Cube::all() };
        let mut exits = vec![(public, Exit::Untranslated)];
        let otherwise = match *self {
            Self::PublicIp => Exit::PublicIp,
            Self::Translator(port) => Exit::By(port),
            Self::Nothing => Exit::Closed(Reason::NoOutbound),
            Self::Balancer { tcp, udp } => {
                for (protocol, frontend) in [(Protocol::TCP, tcp), (Protocol::UDP, udp)] {
                    let region = Cube { protocols: ProtocolSet::point(protocol), ..Cube::all() };
                    exits.extend(frontend.map(|port| (region, Exit::By(port))));
                }
                Exit::Closed(Reason::OutboundProtocol)
            }
        };
        (exits, otherwise)
    }
}

/// Whether an address is never on the Internet.
#[must_use]
pub fn is_private(addr: Addr) -> bool {
    private_space().contains(addr)
}

/// The addresses of [`never_internet`].
fn private_space() -> &'static AddrSet {
    static PRIVATE: LazyLock<AddrSet> = LazyLock::new(|| never_internet().into_iter().collect());
    &PRIVATE
}
