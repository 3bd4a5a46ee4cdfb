//! Translation of one public address for one private one.

use super::Reason;
use super::checks::Checks;
use crate::net::{Addr, Protocol, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, ProtocolSet, Rewrite};
use std::sync::LazyLock;

/// A public address attached to a NIC.
///
/// Rule `public-ip-one-to-one`: a public address on a NIC stands for its private one, one for one and without state.
/// Source: azure-dataplane 4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneToOne {
    /// The NIC's address.
    pub private: Addr,
    /// The public one.
    pub public: Addr,
}

impl OneToOne {
    /// What becomes of a packet on its way in: one for the public address is for the private one, others stay as they are.
    #[must_use]
    pub fn inward(&self, tuple: &Tuple) -> Tuple {
        Tuple { dst: if tuple.dst == self.public { self.private } else { tuple.dst }, ..*tuple }
    }

    /// Packets for the public address as they are after translation, and the others.
    #[must_use]
    pub fn split_inward(&self, packets: &PacketSet) -> (PacketSet, PacketSet) {
        let (public, others) = packets.partition(&Cube { dst: AddrSet::point(self.public), ..Cube::all() }.into());
        let to_private = Rewrite { dst: Some(AddrSet::point(self.private)), ..Rewrite::default() };
        (public.rewritten(&to_private), others)
    }

    /// What becomes of a packet on its way out: its source is the public address.
    #[must_use]
    pub fn outward(&self, tuple: &Tuple) -> Tuple {
        Tuple { src: self.public, ..*tuple }
    }

    /// What becomes of packets on their way out.
    #[must_use]
    pub fn map_outward(&self, packets: &PacketSet) -> PacketSet {
        packets.rewritten(&Rewrite { src: Some(AddrSet::point(self.public)), ..Rewrite::default() })
    }

    /// Stops what such an address does not carry.
    ///
    /// Rule `public-ip-protocols`: A NIC's public address carries TCP, UDP, ICMP and ESP. Source: azure-dataplane 4.3.
    #[must_use]
    pub fn carried() -> &'static Checks {
        static CARRIED: LazyLock<Checks> = LazyLock::new(|| {
            let all = [Protocol::TCP, Protocol::UDP, Protocol::ICMP, Protocol::ICMPV6, Protocol::ESP];
            let carried: ProtocolSet = all.map(|it| (it, it)).into_iter().collect();
            let others = Cube { protocols: carried.complement(), ..Cube::all() };
            Checks::default().and_stop(others.into(), Reason::OutboundProtocol)
        });
        &CARRIED
    }
}
