//! Load balancers (azure-dataplane 3.1 to 3.5).

use super::{a_protocol, agree, cases, images_agree, packets};
use proptest::prelude::*;
use sim_core::assumption::Choices;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::set::{AddrSet, Cube, PortSet};
use sim_core::stage::balancer::{self, Member, Rule};
use sim_core::topology::Distribution;
use std::collections::BTreeSet;

fn a_rule() -> impl Strategy<Value = Rule> {
    let port = || prop::sample::select(&[0u16, 22, 53, 443][..]);
    let distributions = [Distribution::FiveTuple, Distribution::SourceIp, Distribution::SourceIpProtocol];
    let spread = prop::sample::select(distributions.to_vec());
    (0u32..50, prop::option::of(a_protocol()), [port(), port()], any::<[bool; 3]>(), 0u32..5, spread).prop_map(
        |(
            node,
            protocol,
            [frontend_port, backend_port],
            [floating_ip, probed, all_down_is_up],
            members,
            distribution,
        )| Rule {
            node: NodeId(node),
            protocol,
            frontend_port,
            backend_port,
            distribution,
            idle_minutes: 4,
            tcp_reset: false,
            all_down_is_up,
            nearest: Vec::new(),
            floating_ip,
            probe: probed.then_some(NodeId(9)),
            members: (0..members).map(|n| Member { port: PortId(n), address: Addr::v4(10, 1, 0, n as u8) }).collect(),
        },
    )
}

/// Whether the rule takes it, in plain words.
fn takes(rule: &Rule, packet: &Tuple, pings: bool) -> bool {
    let all_ports = rule.frontend_port == 0;
    let carried = match (rule.protocol, packet.protocol.0) {
        (_, 1 | 58) if all_ports && pings => true,
        (Some(protocol), _) => packet.protocol == protocol,
        (None, number) => number == 6 || number == 17,
    };
    carried && (all_ports || packet.dst_port == rule.frontend_port)
}

proptest! {
    #![proptest_config(cases())]

    /// Catches: a later rule that takes an earlier one's packets, a rule without protocol that takes ICMP, port 0 taken
    /// for a port; pings at rules for all ports that are taken in one form only, or whatever is assumed.
    #[test]
    fn rules_split_as_they_decide(
        rules in prop::collection::vec(a_rule(), 0..6),
        pings: bool,
        set in packets(),
        seed: u64,
    ) {
        // Tests `balancer-protocols`, `balancer-ha-ports-icmp`.
        let mut choices = Choices::default();
        choices.set("ha-ports-icmp", if pings { "balanced" } else { "dropped" }).unwrap();
        let parts = balancer::split(&rules, choices, &set);
        agree(&set, &parts, |packet| balancer::decide(&rules, choices, packet).0, seed)?;
        agree(&set, &parts, |packet| rules.iter().find(|rule| takes(rule, packet, pings)), seed)?;
    }

    /// Catches: a destination rewritten though the rule floats, port 0 written, the frontend's port kept, the source
    /// touched; images that hold more or less than the packets as they are rewritten.
    #[test]
    fn a_backend_gets_what_rewriting_makes(rule in a_rule(), set in packets(), seed: u64) {
        // Tests `balancer-rewrite`.
        let member = Member { port: PortId(1), address: Addr::v4(10, 1, 0, 4) };
        let image = rule.map(&set, member);
        let origins = |packet: &Tuple| {
            let mut from = Cube::point(packet);
            if !rule.floating_ip {
                from.dst = AddrSet::all();
            }
            if rule.backend_port != 0 {
                from.dst_ports = PortSet::all();
            }
            from
        };
        let can_be = |packet: &Tuple| {
            (rule.floating_ip || packet.dst == member.address)
                && (rule.backend_port == 0 || packet.dst_port == rule.backend_port)
        };
        images_agree(&set, &image, |packet| vec![rule.rewritten(packet, member)], origins, can_be, seed)?;
    }

    /// Catches: a chooser that gives a flow to a backend that is down or that the set form does not name, or never gives
    /// one to a backend that it names; a probe's word that counts where the rule has no probe.
    #[test]
    fn the_engine_chooses_among_the_candidates(rule in a_rule(), up in any::<[bool; 5]>()) {
        // Tests `balancer-candidates`.
        let is_up = |probe: Option<NodeId>, member: Member| probe.is_none_or(|it| it == NodeId(9) && up[member.port.index()]);
        let candidates = rule.candidates(is_up);
        let expected = rule.members.iter().filter(|member| rule.probe.is_none() || up[member.port.index()]);
        let expected: Vec<Member> = expected.copied().collect();
        let expected = if expected.is_empty() && rule.all_down_is_up { rule.members.clone() } else { expected };
        prop_assert_eq!(&candidates, &expected);
        let mut chosen = BTreeSet::new();
        for n in 0..300u16 {
            let (src, dst) = (Addr::v4(20, 1, (n >> 8) as u8, n as u8), Addr::v4(20, 1, 1, 1));
            let packet = Tuple { src, dst, src_port: 50_000 + n, dst_port: 80, protocol: Protocol::TCP };
            let (member, count) = rule.choose(&packet, None, is_up);
            prop_assert_eq!(count as usize, candidates.len());
            chosen.extend(member.map(|member| member.port));
        }
        prop_assert_eq!(chosen, candidates.iter().map(|member| member.port).collect::<BTreeSet<_>>());
    }
}
