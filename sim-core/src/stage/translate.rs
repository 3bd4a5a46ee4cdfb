//! Translations: one public address for one private one, and many sources behind few addresses.

use super::checks::Checks;
use super::{Reason, tcp_and_udp};
use crate::net::{Addr, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, PortSet, Rewrite};
use std::sync::LazyLock;

/// A public address attached to a NIC: one for one, without state, for every protocol (azure-dataplane 4.3).
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
}

/// First source port that translations use: 64,512 of them for each address (azure-dataplane 4.2).
const FIRST_PORT: u16 = 1024;

/// Stops what translation to the Internet does not carry: all but TCP and UDP (azure-dataplane 3.11, 4.2, 4.4).
///
/// Rule `snat-protocols`: balancers, NAT gateways and default outbound access translate TCP and UDP and nothing else,
/// no ICMP. Source: azure-dataplane 3.11, 4.2, 4.4.
#[must_use]
pub fn translated_outward() -> &'static Checks {
    static TRANSLATED: LazyLock<Checks> = LazyLock::new(|| {
        let others = Cube { protocols: tcp_and_udp().complement(), ..Cube::all() };
        Checks::default().and_stop(others.into(), Reason::OutboundProtocol)
    });
    &TRANSLATED
}

/// Translation of sources to one of these addresses, each with its own ports.
#[derive(Clone, Copy, Debug)]
pub struct ManyToFew<'a> {
    /// The addresses; the next one is used when the ports of one are taken.
    pub addresses: &'a [Addr],
}

impl ManyToFew<'_> {
    /// What a packet may become, the preferred first: the client's own port where it can be kept.
    ///
    /// Rule `snat-ports-by-address`: each address gives 64,512 source ports, and the next address is used when those of
    /// one are taken. Source: azure-dataplane 3.11, 4.2.
    pub fn candidates(&self, tuple: &Tuple) -> impl Iterator<Item = Tuple> {
        let tuple = *tuple;
        let start = tuple.src_port.max(FIRST_PORT);
        self.addresses.iter().flat_map(move |address| {
            let ports = (start..=u16::MAX).chain(FIRST_PORT..start);
            ports.map(move |src_port| Tuple { src: *address, src_port, ..tuple })
        })
    }

    /// What packets may become: any of the ports of any of the addresses. Which ports are taken is not asked.
    #[must_use]
    pub fn map(&self, packets: &PacketSet) -> PacketSet {
        packets.rewritten(&Rewrite {
            src: Some(self.addresses.iter().map(|address| (*address, *address)).collect()),
            src_ports: Some(PortSet::span(FIRST_PORT, u16::MAX)),
            ..Rewrite::default()
        })
    }
}
