//! Translation of many sources to few addresses (azure-dataplane 3.11, 4.2, 4.4).

use super::{a_protocol, agree, an_addr, cases, packets};
use proptest::prelude::*;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::set::{AddrSet, Cube, PacketSet};
use sim_core::stage::balancer::Member;
use sim_core::stage::snat::{Share, Snat, Source};
use std::collections::BTreeSet;

/// First and last port of translations.
const PORTS: (u16, u16) = (1024, 65535);

fn a_share() -> impl Strategy<Value = Share> {
    let members = prop::collection::btree_set(an_addr(), 0..5).prop_map(|all| {
        let member = |(n, address)| Member { port: PortId(n), address };
        (0u32..).zip(all).map(member).collect::<Vec<_>>()
    });
    let own = (members, prop::sample::select(&[8u32, 32, 1024, 10_000, 40_000][..]), any::<bool>());
    prop_oneof![
        Just(Share::Random),
        Just(Share::Own),
        own.prop_map(|(members, ports, everywhere)| Share::Members { members, ports, everywhere }),
    ]
}

fn a_snat() -> impl Strategy<Value = Snat> {
    let blocked = prop::collection::btree_set(0u16..20, 0..4).prop_map(|it| it.into_iter().collect::<Vec<_>>());
    let source = |address: Addr| blocked.clone().prop_map(move |blocked| Source { address, blocked });
    let v4 = |n: u8| source(Addr::v4(20, 1, 1, n));
    let v6 = source("2603:1030::1".parse().unwrap());
    let sources = prop_oneof![
        v4(1).prop_map(|one| vec![one]),
        (v4(1), v4(2)).prop_map(|(one, two)| vec![one, two]),
        (v6, v4(1)).prop_map(|(one, two)| vec![one, two]),
    ];
    (prop::option::of(a_protocol()), sources, a_share()).prop_map(|(protocol, addresses, share)| Snat {
        node: NodeId(1),
        protocol,
        addresses,
        share,
        idle_minutes: None,
        tcp_reset: false,
    })
}

proptest! {
    #![proptest_config(cases())]

    /// Catches: ICMP carried, a rule's own protocol forgotten, parts that overlap.
    #[test]
    fn protocols_split_as_they_decide(snat in a_snat(), set in packets(), seed: u64) {
        let parts = snat.split(&set);
        agree(&set, &parts, |packet| snat.carries(packet.protocol), seed)?;
        let plain = |packet: &Tuple| match snat.protocol {
            Some(only) => packet.protocol == only,
            None => [Protocol::TCP, Protocol::UDP].contains(&packet.protocol),
        };
        agree(&set, &parts, plain, seed)?;
    }

    /// Catches: a port given that the set form does not name, one given twice, one that a rule's block holds, more ports than
    /// the member may have, an address of the other family, a second address before the first is used up, destinations touched.
    #[test]
    fn what_is_given_is_what_may_be(snat in a_snat(), set in packets(), draw: u64, seed: u64) {
        let image = snat.map(&set);
        let mut given = BTreeSet::new();
        for packet in super::probes(&set, seed).into_iter().filter(|it| set.contains(it)).take(4) {
            given.clear();
            for _ in 0..20 {
                let Some(to) = snat.decide(&packet, draw, |to| !given.contains(&(to.src, to.src_port))) else { break };
                prop_assert!(given.insert((to.src, to.src_port)));
                prop_assert_eq!(to.src.is_v4(), packet.src.is_v4());
                prop_assert!(image.contains(&to), "{} of {}", to, packet);
                prop_assert_eq!(Tuple { src: packet.src, src_port: packet.src_port, ..to }, packet);
                prop_assert!((PORTS.0..=PORTS.1).contains(&to.src_port));
                if let Share::Members { .. } = snat.share {
                    let source = snat.addresses.iter().find(|source| source.address == to.src).unwrap();
                    prop_assert!(!source.blocked.contains(&((to.src_port - PORTS.0) / 8)));
                }
            }
            prop_assert_eq!(given.len() as u32, snat.allowance(packet.src).min(20));
        }
    }

    /// Catches: a member's ports that another one has too, one left without, a set form with ports of nobody.
    #[test]
    fn members_share_no_port(snat in a_snat()) {
        let Share::Members { members, ports, .. } = &snat.share else { return Ok(()) };
        let mut taken: Vec<(Addr, u16, u16)> = Vec::new();
        for member in members {
            for (address, first, last) in snat.ports(member.address) {
                prop_assert!(first <= last);
                let apart = |other: &(Addr, u16, u16)| other.0 != address || other.2 < first || last < other.1;
                prop_assert!(taken.iter().all(apart));
                taken.push((address, first, last));
            }
            let from = PacketSet::from(Cube { src: AddrSet::point(member.address), ..Cube::all() });
            prop_assert_eq!(snat.map(&from).is_empty(), snat.allowance(member.address) == 0);
        }
        // The first one always has all of its ports: four blocks at most are taken.
        let served = |it: &Member| snat.addresses.iter().any(|source| source.address.is_v4() == it.address.is_v4());
        if let Some(first) = members.first().filter(|first| served(first)) {
            prop_assert!(snat.allowance(first.address) >= *ports);
        }
    }
}

#[test]
fn every_port_is_found_once() {
    // Catches: a port tried twice or never, an order that leaves the client's own port, a second address before the first
    // one is used up where the order counts.
    let addresses = [1, 2].map(|n| Source { address: Addr::v4(20, 1, 1, n), blocked: Vec::new() }).to_vec();
    let packet = |src_port| Tuple {
        src: Addr::v4(10, 1, 0, 4),
        dst: Addr::v4(8, 8, 8, 8),
        src_port,
        dst_port: 443,
        protocol: Protocol::TCP,
    };
    for (share, own, first) in [(Share::Own, 50_000, 50_000), (Share::Own, 22, 1024), (Share::Random, 22, 1024 + 77)] {
        let snat = Snat {
            node: NodeId(1),
            protocol: None,
            addresses: addresses.clone(),
            share,
            idle_minutes: None,
            tcp_reset: false,
        };
        let seen = std::cell::RefCell::new(Vec::new());
        let none = snat.decide(&packet(own), 77, |to| {
            seen.borrow_mut().push(*to);
            false
        });
        assert_eq!(none, None);
        let seen = seen.into_inner();
        assert_eq!((seen[0].src, seen[0].src_port), (Addr::v4(20, 1, 1, 1), first));
        let distinct: BTreeSet<_> = seen.iter().map(|it| (it.src, it.src_port)).collect();
        assert_eq!((seen.len(), distinct.len()), (2 * 64_512, 2 * 64_512));
        if snat.share == Share::Own {
            assert!(seen.iter().take(64_512).all(|it| it.src == Addr::v4(20, 1, 1, 1)));
        }
    }
}
