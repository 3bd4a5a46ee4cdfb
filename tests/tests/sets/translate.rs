//! Public addresses of NICs (azure-dataplane 4.3).

use super::{agree, an_addr, cases, images_agree, packets};
use proptest::prelude::*;
use sim_core::net::Tuple;
use sim_core::set::{AddrSet, Cube};
use sim_core::stage::translate::OneToOne;

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
}
