//! Security groups (azure-dataplane 1.1 to 1.3, 1.8, 1.9).

use super::{a_prefix, a_protocol, a_range, agree, cases, packets};
use proptest::prelude::*;
use sim_core::assumption::{Assumption, Choices};
use sim_core::id::NodeId;
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::set::AddrSet;
use sim_core::stage::admin::CompiledAdmin;
use sim_core::stage::security::{CompiledGroup, PlatformTag, RuleRef};
use sim_core::stage::tag::{PlatformTags, TagContext, TagTable};
use sim_core::topology::{Access, AdminRules, Direction, Nsg, Peer, PortRange, SecurityRule};
use vnetsim_tests::net::{prefix, rule};

const TAGS: [&str; 5] = ["VirtualNetwork", "Internet", "AzureLoadBalancer", "AzurePlatformDNS", "AzurePlatformIMDS"];

fn a_side() -> impl Strategy<Value = Vec<Peer>> {
    let peer = prop_oneof![
        1 => Just(Peer::Any),
        4 => a_prefix().prop_map(Peer::Prefix),
        2 => prop::sample::select(&TAGS[..]).prop_map(|tag| Peer::Tag(tag.into())),
        1 => Just(Peer::Asg("asg".into())),
    ];
    prop::collection::vec(peer, 1..4)
}

fn a_rule() -> impl Strategy<Value = SecurityRule> {
    let ports = || prop_oneof![Just(Vec::new()), prop::collection::vec(a_range(), 1..3)];
    let direction = prop::sample::select(&[Direction::Inbound, Direction::Outbound][..]);
    let access = prop::sample::select(&[Access::Allow, Access::Deny][..]);
    let head = (100u16..110, direction, access, prop::option::of(a_protocol()));
    (head, [a_side(), a_side()], [ports(), ports()]).prop_map(
        |((priority, direction, access, protocol), sides, ports)| {
            let ([source, destination], [source_ports, destination_ports]) = (sides, ports);
            let base = rule("r", priority, direction, access, None);
            SecurityRule { protocol, source, destination, source_ports, destination_ports, ..base }
        },
    )
}

fn a_group() -> impl Strategy<Value = Nsg> {
    prop::collection::vec(a_rule(), 0..10).prop_map(|rules| Nsg { rules, ..Nsg::default() })
}

fn context() -> TagContext {
    TagContext::new(&PlatformTags::default(), [prefix("10.1.0.0/16")], &[])
}

/// The only member of `asg`.
const MEMBER: Addr = Addr::v4(10, 1, 0, 5);

fn compiled(group: &Nsg) -> CompiledGroup {
    CompiledGroup::new(group, &TagTable::default(), &context(), |_| AddrSet::point(MEMBER))
}

/// The user's rule that a plain reading finds, and the place of the default rule otherwise.
fn read(group: &Nsg, direction: Direction, packet: &Tuple, source_ports_count: bool) -> RuleRef {
    let tags = context();
    let side = |peers: &[Peer], addr: Addr| {
        peers.iter().any(|peer| match peer {
            Peer::Any => true,
            Peer::Prefix(prefix) => prefix.contains(addr),
            Peer::Tag(tag) => TagTable::default().resolve(tag, &tags).is_some_and(|set| set.contains(addr)),
            Peer::Asg(_) => addr == MEMBER,
        })
    };
    let ports = |ranges: &[PortRange], port| ranges.is_empty() || ranges.iter().any(|range| range.contains(port));
    let same = |wanted| wanted == packet.protocol || (wanted == Protocol::ICMP && packet.protocol == Protocol::ICMPV6);
    let hits = group.rules.iter().enumerate().filter(|(_, rule)| {
        rule.direction == direction
            && rule.protocol.is_none_or(same)
            && side(&rule.source, packet.src)
            && side(&rule.destination, packet.dst)
            && (!source_ports_count || ports(&rule.source_ports, packet.src_port))
            && ports(&rule.destination_ports, packet.dst_port)
    });
    if let Some((n, _)) = hits.min_by_key(|(n, rule)| (rule.priority, *n)) {
        return RuleRef::User(n as u32);
    }
    let (from_vnet, to_vnet) = (tags.virtual_network.contains(packet.src), tags.virtual_network.contains(packet.dst));
    RuleRef::Default(match direction {
        Direction::Inbound if from_vnet && to_vnet => 0,
        Direction::Inbound if tags.load_balancer.contains(packet.src) => 1,
        Direction::Inbound => 2,
        Direction::Outbound if from_vnet && to_vnet => 3,
        Direction::Outbound if tags.internet.contains(packet.dst) => 4,
        Direction::Outbound => 5,
    })
}

proptest! {
    #![proptest_config(cases())]

    /// Catches: a rule that takes packets an earlier one decides, source and destination exchanged, ports or protocols of a
    /// rule that count in one form only, a rule for ICMP without ICMPv6, lists of the two directions exchanged.
    #[test]
    fn a_group_splits_as_it_decides(group in a_group(), set in packets(), seed: u64) {
        // Tests `nsg-first-match`, `nsg-rule-fields`.
        let rules = compiled(&group);
        for direction in [Direction::Inbound, Direction::Outbound] {
            let parts = rules.split(direction, &set).into_iter().map(|(part, rule, access)| (part, (rule, access)));
            agree(&set, &parts.clone().collect::<Vec<_>>(), |packet| rules.decide(direction, packet), seed)?;
            let named: Vec<_> = parts.map(|(part, (rule, _))| (part, rule)).collect();
            agree(&set, &named, |packet| read(&group, direction, packet, true), seed)?;
        }
    }

    /// Catches: source ports that count at a private endpoint, in one form or in both.
    #[test]
    fn a_group_splits_for_endpoints_as_it_decides(group in a_group(), set in packets(), seed: u64) {
        // Tests `nsg-endpoint-source-port`.
        let rules = compiled(&group);
        let parts = rules.split_for_endpoint(&set).into_iter().map(|(part, rule, access)| (part, (rule, access)));
        agree(&set, &parts.clone().collect::<Vec<_>>(), |packet| rules.decide_for_endpoint(packet), seed)?;
        let named: Vec<_> = parts.map(|(part, (rule, _))| (part, rule)).collect();
        agree(&set, &named, |packet| read(&group, Direction::Inbound, packet, false), seed)?;
    }

    /// Catches: a rule about traffic of the platform that does not name its tag, default rules asked about it.
    #[test]
    fn a_group_splits_traffic_of_the_platform_as_it_decides(group in a_group(), set in packets(), seed: u64) {
        let rules = compiled(&group);
        for tag in PlatformTag::ALL {
            let parts = rules.split_platform(tag, &set);
            agree(&set, &parts, |packet| rules.decide_platform(tag, packet), seed)?;
            let naming = |n: u32| {
                let named = |peer: &Peer| matches!(peer, Peer::Tag(name) if **name == *tag.name());
                group.rules[n as usize].destination.iter().any(named)
            };
            for (_, says) in parts {
                prop_assert!(says.is_none_or(|(rule, _)| matches!(rule, RuleRef::User(n) if naming(n))), "{:?}", says);
            }
        }
    }

    /// 1.2. Catches: rules for any protocol that count for ESP where they cover it not, or not for ICMPv6; in one form or in
    /// both.
    #[test]
    fn a_group_splits_as_is_assumed(group in a_group(), set in packets(), every: bool, seed: u64) {
        // Tests `nsg-any-protocol`.
        let rules = compiled(&group);
        let mut choices = Choices::default();
        choices.set("any-protocol", Assumption::AnyProtocol.choices()[usize::from(!every)]).unwrap();
        for direction in [Direction::Inbound, Direction::Outbound] {
            let parts = rules.split_under(choices, direction, &set).into_iter();
            let parts: Vec<_> = parts.map(|(part, rule, access)| (part, (rule, access))).collect();
            agree(&set, &parts, |packet| rules.decide_under(choices, direction, packet).0, seed)?;
            let by_name: Vec<SecurityRule> = group.rules.iter().filter(|rule| rule.protocol.is_some()).cloned().collect();
            let named = compiled(&Nsg { rules: by_name, ..group.clone() });
            let reading = |packet: &Tuple| {
                if every || [1, 6, 17, 58].contains(&packet.protocol.0) {
                    return rules.decide(direction, packet).1;
                }
                match named.decide(direction, packet) {
                    (RuleRef::User(_), access) => access,
                    (RuleRef::Default(_), _) => Access::Deny,
                }
            };
            let accesses: Vec<_> = parts.into_iter().map(|(part, (_, access))| (part, access)).collect();
            agree(&set, &accesses, reading, seed)?;
        }
    }

    /// Catches: admin rules that are ordered by collection in one form, a rule named in another one's collection, packets
    /// that no rule decides given to the last one.
    #[test]
    fn admin_rules_split_as_they_decide(one in a_group(), two in a_group(), set in packets(), seed: u64) {
        let collections = [one, two].map(|group| AdminRules { rules: group.rules, ..AdminRules::default() });
        let listed = [NodeId(7), NodeId(9)].into_iter().zip(&collections);
        let rules = CompiledAdmin::new(listed, false, &TagTable::default(), &context());
        for direction in [Direction::Inbound, Direction::Outbound] {
            let parts = rules.split(direction, &set);
            agree(&set, &parts, |packet| rules.decide(direction, packet), seed)?;
            for (_, says) in parts {
                let Some((rule, access)) = says else { continue };
                let collection = &collections[usize::from(rule.collection == NodeId(9))];
                prop_assert_eq!(collection.rules[rule.rule as usize].access, access);
                prop_assert_eq!(collection.rules[rule.rule as usize].direction, direction);
            }
        }
    }
}
