//! What the platform, network interfaces, peerings and outbound methods let pass (azure-dataplane 1.8, 2.3, 2.7, 3.9, 3.10,
//! 4.1).

use super::{a_prefix, addresses, agree, an_addr, cases, packets};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use sim_core::assumption::Choices;
use sim_core::id::PortId;
use sim_core::net::{Protocol, Tuple};
use sim_core::set::PacketSet;
use sim_core::stage::checks::Checks;
use sim_core::stage::interface::{Arrival, Exposure, departure};
use sim_core::stage::outbound::{Exit, Method, is_private};
use sim_core::stage::peering::{Crossing, Link};
use sim_core::stage::platform::{Platform, carried};
use sim_core::stage::{METADATA, PLATFORM, PLATFORM_V6, Reason, never_internet};

/// Checks say the same of sets and of packets, and it is what a plain reading says.
fn checks_agree(
    checks: &Checks,
    set: &PacketSet,
    reading: impl Fn(&Tuple) -> Vec<(bool, Reason)>,
    seed: u64,
) -> Result<(), TestCaseError> {
    let parts = checks.split(set);
    agree(set, &parts, |packet| checks.decide(packet).collect(), seed)?;
    let stops = |packet: &Tuple| reading(packet).into_iter().filter(|(stops, _)| *stops).map(|(_, it)| it).collect();
    agree(set, &parts, stops, seed)
}

proptest! {
    #![proptest_config(cases())]

    /// 1.8. Catches: a protocol or a range left out or one too long, a reserved port that counts for TCP or as destination.
    #[test]
    fn the_platform_carries_unicast(set in packets(), seed: u64) {
        // Tests `nsg-not-carried`.
        let reading = |packet: &Tuple| {
            let first = packet.dst.to_string();
            let v4: Option<u8> = first.split_once('.').and_then(|(byte, _)| byte.parse().ok());
            let to_many = match v4 {
                Some(byte) => (224..240).contains(&byte) || first == "255.255.255.255",
                None => first.starts_with("ff") && first.find(':') == Some(4),
            };
            let tunnel = packet.protocol == Protocol(47) || packet.protocol == Protocol(4);
            let reserved = packet.protocol == Protocol::UDP && packet.src_port == 65330;
            vec![(to_many || tunnel || reserved, Reason::NotCarried)]
        };
        checks_agree(carried(), &set, reading, seed)?;
    }

    /// 1.8. Catches: DNS to others taken for the platform's, everything for the platform taken for DNS, questions to
    /// metadata taken for others'.
    #[test]
    fn the_platform_is_told_apart(set in packets(), seed: u64) {
        // Tests `nsg-agent-exempt`.
        let parts = Platform::split(&set);
        agree(&set, &parts, Platform::decide, seed)?;
        let reading = |packet: &Tuple| match (packet.dst, packet.dst_port) {
            (PLATFORM, 53) => Platform::Dns,
            (PLATFORM | PLATFORM_V6, _) => Platform::Other,
            (METADATA, _) => Platform::Metadata,
            _ => Platform::Not,
        };
        agree(&set, &parts, reading, seed)?;
    }

    /// 2.3. Catches: forwarding that makes a NIC's own packets stop, a foreign source that passes without it.
    #[test]
    fn a_nic_sends_its_own(own in an_addr(), forwards: bool, set in packets(), seed: u64) {
        // Tests `forwarding-departure`.
        let reading = |packet: &Tuple| vec![(packet.src != own && !forwards, Reason::ForwardingOff)];
        checks_agree(&departure(own, forwards), &set, reading, seed)?;
    }

    /// 2.3, 3.5, 3.10. Catches: a machine taken for a stranger to itself, a floating destination refused, siblings that
    /// count without IP forwarding, a hairpin seen without a balancer.
    #[test]
    fn a_nic_takes_what_it_may(
        (address, balanced, siblings) in (an_addr(), prop::option::of(an_addr()), addresses()),
        [ip_forwarding, guest_forwards] in any::<[bool; 2]>(),
        set in packets(),
        seed: u64,
    ) {
        // Tests `balancer-hairpin`, `forwarding-arrival`.
        let arrival = Arrival { address, balanced, ip_forwarding, guest_forwards, siblings: &siblings };
        let reading = |packet: &Tuple| {
            let own = packet.dst == address || balanced == Some(packet.dst);
            let passed_on = ip_forwarding && (guest_forwards || siblings.contains(packet.dst));
            vec![
                (balanced.is_some() && packet.src == address, Reason::Hairpin),
                (!own && !passed_on, Reason::ForwardingOff),
            ]
        };
        checks_agree(&arrival.checks(), &set, reading, seed)?;
    }

    /// 3.9. Catches: a public address that is open without a group, or closed beside one; a private one that is closed.
    #[test]
    fn a_public_address_is_closed_without_a_group([exposed, filtered] in any::<[bool; 2]>(), set in packets(), seed: u64) {
        // Tests `public-ip-closed`.
        let reading = |_: &Tuple| vec![(exposed && !filtered, Reason::ClosedByDefault)];
        checks_agree(&Exposure { exposed, filtered }.checks(), &set, reading, seed)?;
    }

    /// 2.7. Catches: the destination looked at instead of the source, a second range of the space forgotten, one of two
    /// reasons that hides the other.
    #[test]
    fn a_peering_takes_what_it_may(
        space in prop::collection::vec(a_prefix(), 0..3),
        [access, taken, given, transit, peered, by_gateway] in any::<[bool; 6]>(),
        [blocks, side] in [0usize..2, 0..3],
        set in packets(),
        seed: u64,
    ) {
        // Tests `peering-access-off`, `peering-forwarded-traffic`.
        let mut choices = Choices::default();
        choices.set("peering-access-off", ["blocks", "leaves-tag"][blocks]).unwrap();
        choices.set("forwarded-traffic-side", ["receiving", "sending", "both"][side]).unwrap();
        let reading = |packet: &Tuple| {
            let own = space.iter().any(|prefix| prefix.contains(packet.src));
            let forwarded = [taken, given, taken && given][side] || (by_gateway && transit);
            vec![
                (!access && blocks == 0, Reason::PeeringAccessOff),
                (!peered, Reason::SubnetNotPeered),
                (!own && !forwarded, Reason::ForwardedNotAllowed),
            ]
        };
        let link = Link { access, taken, given, transit };
        let crossing = Crossing { link, own: space.iter().copied().collect(), peered, by_gateway, choices };
        checks_agree(&crossing.checks(), &set, reading, seed)?;
    }

    /// 3.11, 4.1. Catches: a public source translated again, a protocol sent to the other protocol's frontend, a frontend
    /// that carries what it has no rule for, ICMP through a balancer.
    #[test]
    fn packets_leave_by_the_method(
        [tcp, udp] in prop::array::uniform2(prop::option::of((0u32..3).prop_map(PortId))),
        which in 0..4,
        set in packets(),
        seed: u64,
    ) {
        // Tests `snat-own-protocol`, `outbound-none`.
        let translator = Method::Translator(PortId(7));
        let method = [Method::PublicIp, translator, Method::Balancer { tcp, udp }, Method::Nothing][which as usize];
        let parts = method.split(&set);
        agree(&set, &parts, |packet| method.decide(packet), seed)?;
        let reading = |packet: &Tuple| {
            if !never_internet().iter().any(|prefix| prefix.contains(packet.src)) {
                return Exit::Untranslated;
            }
            let by = |frontend: Option<PortId>| frontend.map_or(Exit::Closed(Reason::OutboundProtocol), Exit::By);
            match (method, packet.protocol) {
                (Method::PublicIp, _) => Exit::PublicIp,
                (Method::Translator(port), _) => Exit::By(port),
                (Method::Balancer { tcp, .. }, Protocol::TCP) => by(tcp),
                (Method::Balancer { udp, .. }, Protocol::UDP) => by(udp),
                (Method::Balancer { .. }, _) => by(None),
                (Method::Nothing, _) => Exit::Closed(Reason::NoOutbound),
            }
        };
        agree(&set, &parts, reading, seed)?;
        let private = never_internet().iter().any(|prefix| prefix.contains(PLATFORM));
        prop_assert_eq!(is_private(PLATFORM), private);
    }
}
