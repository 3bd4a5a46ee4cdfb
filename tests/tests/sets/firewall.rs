//! Azure Firewall: its rules, its translations.

use super::{a_prefix, a_protocol, a_range, agree, an_addr, cases, images_agree, packets};
use proptest::prelude::*;
use sim_core::id::NodeId;
use sim_core::net::{Addr, Prefix, Tuple};
use sim_core::set::{AddrSet, Cube, PortSet};
use sim_core::stage::firewall::{CompiledFirewall, NamedHost, PublicSource, Verdict, Words};
use sim_core::stage::tag::{PlatformTags, TagContext, TagTable};
use sim_core::topology::{ApplicationProtocol, FirewallMatch, FirewallPeer, FirewallRule, PortRange, RuleCollection};
use std::sync::Arc;

fn a_side() -> impl Strategy<Value = Vec<FirewallPeer>> {
    let peer = prop_oneof![
        1 => Just(FirewallPeer::Any),
        4 => a_prefix().prop_map(|prefix| FirewallPeer::Range(prefix.first(), prefix.last())),
        1 => Just(FirewallPeer::Name("a.example.com".into())),
        1 => Just(FirewallPeer::Tag("NoSuchTag".into())),
    ];
    prop::collection::vec(peer, 0..3)
}

fn a_match() -> impl Strategy<Value = FirewallMatch> {
    let ports = || prop::collection::vec(a_range(), 0..3);
    let protocols = || prop::collection::vec(a_protocol(), 0..3);
    let names = prop::sample::subsequence(vec!["*", "*.example.com", "a.example.com", "b.example.com", "nobody"], 0..3);
    prop_oneof![
        (protocols(), a_side(), ports()).prop_map(|(protocols, destination, ports)| FirewallMatch::Network {
            protocols,
            destination,
            ports
        }),
        (protocols(), a_side(), ports(), an_addr(), prop::option::of(1u16..9)).prop_map(
            |(protocols, destination, ports, to, to_port)| FirewallMatch::Translate {
                protocols,
                destination,
                ports,
                to,
                to_port
            }
        ),
        (prop::collection::vec(prop::sample::select(&[80u16, 443][..]), 0..3), names).prop_map(|(ports, names)| {
            let protocols = ports.into_iter().map(|port| (ApplicationProtocol::Https, port)).collect();
            FirewallMatch::Application { protocols, names: names.into_iter().map(Arc::from).collect() }
        }),
    ]
}

fn a_collection() -> impl Strategy<Value = RuleCollection> {
    let rule =
        (a_side(), a_match()).prop_map(|(source, what)| FirewallRule { name: "r".into(), source, what, span: None });
    (0u32..3, 0u32..3, any::<bool>(), prop::collection::vec(rule, 0..4)).prop_map(
        |(group_priority, priority, allow, rules)| RuleCollection {
            name: "c".into(),
            group: "g".into(),
            group_priority,
            priority,
            allow,
            old_form: false,
            rules,
            span: None,
        },
    )
}

fn hosts() -> (Prefix, Vec<Arc<str>>) {
    ("8.8.8.8/32".parse().unwrap(), vec!["a.example.com".into(), "b.example.com".into()])
}

fn compiled(base: &[RuleCollection], own: &[RuleCollection]) -> CompiledFirewall {
    let (prefix, names) = hosts();
    let context = TagContext::new(&PlatformTags::default(), [], &[]);
    let (tags, hosts) = (TagTable::default(), [NamedHost { prefix, names: &names }]);
    let words = Words { tags: &tags, context: &context, hosts: &hosts };
    CompiledFirewall::new(&[(NodeId(1), base), (NodeId(2), own)], words)
}

/// The rule that a plain reading finds.
fn read(policies: [&[RuleCollection]; 2], packet: &Tuple) -> Verdict {
    let mut order = Vec::new();
    for (layer, collections) in policies.into_iter().enumerate() {
        for (n, collection) in collections.iter().enumerate() {
            for (m, rule) in collection.rules.iter().enumerate() {
                let holder = NodeId(layer as u32 + 1);
                let found = sim_core::stage::firewall::RuleRef { holder, collection: n as u32, rule: m as u32 };
                let (kind, verdict) = match &rule.what {
                    FirewallMatch::Translate { to, to_port, .. } => {
                        (0, Verdict::Translate { rule: found, to: *to, to_port: *to_port })
                    }
                    FirewallMatch::Network { .. } => (1, Verdict::Network { rule: found, allow: collection.allow }),
                    FirewallMatch::Application { .. } => {
                        (2, Verdict::Application { rule: found, allow: collection.allow })
                    }
                };
                if matches(rule, collection.allow, packet) {
                    order.push(((kind, layer, collection.group_priority, collection.priority, n, m), verdict));
                }
            }
        }
    }
    order.into_iter().min_by_key(|(order, _)| *order).map_or(Verdict::Unmatched, |(_, verdict)| verdict)
}

fn matches(rule: &FirewallRule, allow: bool, packet: &Tuple) -> bool {
    let host = hosts().0.contains(packet.dst);
    let side = |peers: &[FirewallPeer], addr: Addr| {
        peers.iter().any(|peer| match peer {
            FirewallPeer::Any => true,
            FirewallPeer::Range(first, last) => *first <= addr && addr <= *last,
            FirewallPeer::Name(_) => hosts().0.contains(addr),
            FirewallPeer::Tag(_) => false,
        })
    };
    let at = |ranges: &[PortRange]| ranges.is_empty() || ranges.iter().any(|range| range.contains(packet.dst_port));
    side(&rule.source, packet.src)
        && match &rule.what {
            FirewallMatch::Network { protocols, destination, ports }
            | FirewallMatch::Translate { protocols, destination, ports, .. } => {
                (protocols.is_empty() || protocols.contains(&packet.protocol))
                    && side(destination, packet.dst)
                    && at(ports)
            }
            FirewallMatch::Application { protocols, names } => {
                let has = |name: &str| names.iter().any(|it| **it == *name);
                let whole = has("*.example.com");
                let (a, b) = (whole || has("a.example.com"), whole || has("b.example.com"));
                packet.protocol.0 == 6
                    && protocols.iter().any(|(_, port)| *port == packet.dst_port)
                    && (has("*") || (host && if allow { a || b } else { a && b }))
            }
        }
}

proptest! {
    #![proptest_config(cases())]

    /// Catches: rules of one kind asked among those of another in one form only, an order that is not that of the
    /// policies, names that count in one form, sources and destinations exchanged, a rule of nobody that matches.
    #[test]
    fn a_firewall_splits_as_it_decides(
        base in prop::collection::vec(a_collection(), 0..3),
        own in prop::collection::vec(a_collection(), 0..3),
        set in packets(),
        seed: u64,
    ) {
        let rules = compiled(&base, &own);
        let parts = rules.split(&set);
        agree(&set, &parts, |packet| rules.decide(packet), seed)?;
        agree(&set, &parts, |packet| read([&base, &own], packet), seed)?;
    }

    /// Catches: a port that is kept in one form and replaced in the other, a source that is touched.
    #[test]
    fn translated_destinations_are_mapped_as_they_are_translated(
        to in an_addr(),
        to_port in prop::option::of(1u16..9),
        set in packets(),
        seed: u64,
    ) {
        let rule = sim_core::stage::firewall::RuleRef { holder: NodeId(1), collection: 0, rule: 0 };
        let verdict = Verdict::Translate { rule, to, to_port };
        let origins = |packet: &Tuple| Cube {
            dst: AddrSet::all(),
            dst_ports: if to_port.is_some() { PortSet::all() } else { PortSet::point(packet.dst_port) },
            ..Cube::point(packet)
        };
        let can_be = |packet: &Tuple| packet.dst == to && to_port.is_none_or(|port| packet.dst_port == port);
        let image = verdict.map_onward(&set);
        images_agree(&set, &image, |packet| vec![verdict.onward(packet)], origins, can_be, seed)?;
        prop_assert!(Verdict::Unmatched.map_onward(&set).difference(&set).is_empty());
    }

    /// Catches: ports beyond the two instances', an address that no flow gets, a destination that is touched.
    #[test]
    fn public_sources_are_mapped_as_they_are_chosen(count in 1usize..4, set in packets(), seed: u64) {
        let addresses: Vec<Addr> = (0..count).map(|n| Addr::v4(20, 0, 0, n as u8)).collect();
        let source = PublicSource { addresses: &addresses };
        let origins = |packet: &Tuple| Cube { src: AddrSet::all(), src_ports: PortSet::all(), ..Cube::point(packet) };
        let ports = 1024..1024 + 2 * 2496;
        let can_be = |packet: &Tuple| addresses.contains(&packet.src) && ports.contains(&packet.src_port);
        let some = |packet: &Tuple| source.candidates(packet).step_by(997).collect();
        images_agree(&set, &source.map(&set), some, origins, can_be, seed)?;
    }
}
