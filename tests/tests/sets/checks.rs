//! What the platform, network interfaces, peerings and outbound methods let pass (azure-dataplane 1.8, 2.3, 2.7, 3.9, 3.10,
//! 4.1).

use super::{a_prefix, addresses, agree, an_addr, cases, packets};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use sim_core::assumption::{Assumption, Choices};
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Protocol, Tuple};
use sim_core::set::PacketSet;
use sim_core::stage::checks::Checks;
use sim_core::stage::interface::{Arrival, Exposure, departure};
use sim_core::stage::outbound::{Exit, Method, Outbound, WayOut, by_service_endpoint, is_private, mail};
use sim_core::stage::peering::{Crossing, Link};
use sim_core::stage::platform::{Platform, carried};
use sim_core::stage::route::Source;
use sim_core::stage::translate::OneToOne;
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
    /// reasons that hides the other, a Basic frontend out of reach inside a region.
    #[test]
    fn a_peering_takes_what_it_may(
        space in prop::collection::vec(a_prefix(), 0..3),
        [access, taken, given, transit, peered, by_gateway, global, to_basic] in any::<[bool; 8]>(),
        [blocks, side] in [0usize..2, 0..3],
        set in packets(),
        seed: u64,
    ) {
        // Tests `peering-access-off`, `peering-forwarded-traffic`, `peering-global-basic`.
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
                (global && to_basic, Reason::BasicOverGlobalPeering),
            ]
        };
        let link = Link { access, taken, given, transit };
        let crossing = Crossing { link, own: space.iter().copied().collect(), peered, by_gateway, global, to_basic, choices };
        checks_agree(&crossing.checks(), &set, reading, seed)?;
    }

    /// 3.11, 4.1, 4.4. Catches: a protocol sent to the other protocol's frontend, a frontend that carries what it has no rule
    /// for, ICMP through a balancer; storage that passes by a method that there is, or is closed where there is none.
    #[test]
    fn packets_leave_by_the_method(
        [tcp, udp] in prop::array::uniform2(prop::option::of((0u32..3).prop_map(PortId))),
        which in 0usize..5,
        storage in addresses(),
        set in packets(),
        seed: u64,
    ) {
        // Tests `snat-own-protocol`, `outbound-none`, `outbound-storage`.
        let method = methods(tcp, udp)[which];
        let way = WayOut { method, storage: &storage, to_storage: PortId(9) };
        let parts = way.split(&set);
        agree(&set, &parts, |packet| way.decide(packet), seed)?;
        let reading = |packet: &Tuple| {
            let by = |frontend: Option<PortId>| frontend.map_or(Exit::Closed(Reason::OutboundProtocol), Exit::By);
            match (method, packet.protocol) {
                (Method::PublicIp, _) => Exit::PublicIp,
                (Method::NatGateway(port) | Method::Default(port), _) => Exit::By(port),
                (Method::Balancer { tcp, .. }, Protocol::TCP) => by(tcp),
                (Method::Balancer { udp, .. }, Protocol::UDP) => by(udp),
                (Method::Balancer { .. }, _) => by(None),
                (Method::Nothing, _) if storage.contains(packet.dst) => Exit::By(PortId(9)),
                (Method::Nothing, _) => Exit::Closed(Reason::NoOutbound),
            }
        };
        agree(&set, &parts, reading, seed)?;
        let private = never_internet().iter().any(|prefix| prefix.contains(PLATFORM));
        prop_assert_eq!(is_private(PLATFORM), private);
    }

    /// 1.8, 2.5, 4.3. Catches: a protocol taken for its neighbour, a public address that carries everything or no ESP, mail
    /// by its source port.
    #[test]
    fn ways_carry_some_protocols_only(set in packets(), seed: u64) {
        // Tests `public-ip-protocols`, `endpoint-tcp-only`, `nsg-smtp-blocked`.
        let by_address = |packet: &Tuple| vec![(![1, 6, 17, 50, 58].contains(&packet.protocol.0), Reason::OutboundProtocol)];
        checks_agree(OneToOne::carried(), &set, by_address, seed)?;
        let by_endpoint = |packet: &Tuple| vec![(packet.protocol.0 != 6, Reason::EndpointProtocol)];
        checks_agree(by_service_endpoint(), &set, by_endpoint, seed)?;
        let parts = set.split_by_first([(mail(), true)], false);
        agree(&set, &parts, |packet| packet.protocol.0 == 6 && packet.dst_port == 25, seed)?;
    }
}

fn methods(tcp: Option<PortId>, udp: Option<PortId>) -> [Method; 5] {
    let (gateway, default) = (Method::NatGateway(PortId(7)), Method::Default(PortId(8)));
    [Method::PublicIp, gateway, default, Method::Balancer { tcp, udp }, Method::Nothing]
}

/// 9 (16). Catches: an assumption that counts for other routes than users', for other methods than NAT gateways, or that
/// is not told.
#[test]
fn a_users_route_may_pass_the_nat_gateway_by() {
    // Tests `nat-gateway-user-internet-route`.
    let (user, system) = (Source::User(NodeId(1), 0), Source::System);
    for method in methods(None, None) {
        let outbound = Outbound { method, beside_gateway: Method::PublicIp };
        for (route, choice) in [(user, "applies"), (user, "bypassed"), (system, "bypassed")] {
            let mut choices = Choices::default();
            choices.set("user-internet-route-nat", choice).unwrap();
            let hangs = route == user && matches!(method, Method::NatGateway(_));
            let expected = if hangs && choice == "bypassed" { Method::PublicIp } else { method };
            let assumed = hangs.then_some(Assumption::UserInternetRouteNat);
            let (found, told) = outbound.towards(route, choices);
            assert_eq!((found, told.iter().collect::<Vec<_>>()), (expected, assumed.into_iter().collect()));
        }
    }
}
