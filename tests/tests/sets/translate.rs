//! Translations (azure-dataplane 3.11, 4.2, 4.3).

use super::{addresses, agree, an_addr, cases, images_agree, packets};
use proptest::prelude::*;
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::set::{AddrSet, Cube, PacketSet, PortSet};
use sim_core::stage::Reason;
use sim_core::stage::translate::{ManyToFew, OneToOne, translated_outward};
use std::collections::BTreeSet;

/// First and last port of translations.
const PORTS: (u16, u16) = (1024, 65535);

proptest! {
    #![proptest_config(cases())]

    /// Catches: packets for others translated, the public address left in place, a field beside the destination touched.
    #[test]
    fn a_public_address_is_translated_inward(private in an_addr(), public in an_addr(), set in packets(), seed: u64) {
        // Tests `public-ip-one-to-one`.
        let nat = OneToOne { private, public };
        let (translated, others) = nat.split_inward(&set);
        let meant = set.intersection(&Cube { dst: AddrSet::point(public), ..Cube::all() }.into());
        let origins = |packet: &Tuple| Cube { dst: AddrSet::all(), ..Cube::point(packet) };
        let can_be = |packet: &Tuple| packet.dst == private;
        images_agree(&meant, &translated, |packet| vec![nat.inward(packet)], origins, can_be, seed)?;
        agree(&set, &[(meant, true), (others, false)].into_iter().filter(|(part, _)| !part.is_empty()).collect::<Vec<_>>(),
            |packet| nat.inward(packet) != *packet || packet.dst == public, seed)?;
    }

    /// Catches: the private address left in place, a port or the destination touched.
    #[test]
    fn a_public_address_is_translated_outward(private in an_addr(), public in an_addr(), set in packets(), seed: u64) {
        // Tests `public-ip-one-to-one`.
        let nat = OneToOne { private, public };
        let image = nat.map_outward(&set);
        let origins = |packet: &Tuple| Cube { src: AddrSet::all(), ..Cube::point(packet) };
        images_agree(&set, &image, |packet| vec![nat.outward(packet)], origins, |packet| packet.src == public, seed)?;
    }

    /// Catches: ports below 1024, the last port or an address left out, the client's address kept, destinations touched.
    #[test]
    fn many_sources_become_few(pool in prop::collection::btree_set(an_addr(), 1..3), set in packets(), seed: u64) {
        // Tests `snat-ports-by-address`.
        let pool: Vec<Addr> = pool.into_iter().collect();
        let nat = ManyToFew { addresses: &pool };
        let ends = |packet: &Tuple| {
            let all = || nat.candidates(packet);
            let ports = usize::from(PORTS.1 - PORTS.0) + 1;
            [all().next(), all().nth(1), all().nth(ports - 1), all().nth(ports)].into_iter().flatten().collect()
        };
        let origins = |packet: &Tuple| {
            Cube { src: AddrSet::all(), src_ports: PortSet::all(), ..Cube::point(packet) }
        };
        let can_be = |packet: &Tuple| pool.contains(&packet.src) && (PORTS.0..=PORTS.1).contains(&packet.src_port);
        images_agree(&set, &nat.map(&set), ends, origins, can_be, seed)?;
    }

    /// Catches: ICMP translated (3.11, 4.2), TCP or UDP refused.
    #[test]
    fn translations_carry_tcp_and_udp(set in packets(), src in addresses(), seed: u64) {
        // Tests `snat-protocols`.
        let set = set.intersection(&PacketSet::from(Cube { src, ..Cube::all() }));
        let stops = |packet: &Tuple| match packet.protocol {
            Protocol::TCP | Protocol::UDP => vec![],
            _ => vec![Reason::OutboundProtocol],
        };
        let parts = translated_outward().split(&set);
        agree(&set, &parts, |packet| translated_outward().decide(packet).collect(), seed)?;
        agree(&set, &parts, stops, seed)?;
    }
}

#[test]
fn the_engine_may_choose_every_port_once() {
    // Tests `snat-ports-by-address`.
    // Catches: a port tried twice or never, an order that leaves the client's own port, a second address before the first
    // one is used up.
    let pool = [Addr::v4(20, 1, 1, 1), Addr::v4(20, 1, 1, 2)];
    for (own, first) in [(50_000, 50_000), (22, 1024), (65535, 65535)] {
        let (src, dst) = (Addr::v4(10, 1, 0, 4), Addr::v4(8, 8, 8, 8));
        let packet = Tuple { src, dst, src_port: own, dst_port: 443, protocol: Protocol::TCP };
        let all: Vec<Tuple> = ManyToFew { addresses: &pool }.candidates(&packet).collect();
        assert_eq!((all[0].src, all[0].src_port, all[0].dst), (pool[0], first, dst));
        assert!(all.iter().take(64_512).all(|it| it.src == pool[0]));
        let distinct: BTreeSet<_> = all.iter().map(|it| (it.src, it.src_port)).collect();
        assert_eq!((all.len(), distinct.len()), (2 * 64_512, 2 * 64_512));
        assert_eq!(all.iter().map(|it| it.src_port).min(), Some(1024));
    }
}
