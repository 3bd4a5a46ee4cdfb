//! Azure Firewall: which rule decides a packet, in the order in which its rules are asked.
//!
//! Sources beyond the reference, read November 2026: learn.microsoft.com/azure/firewall/rule-processing (order,
//! inheritance), /azure/firewall/snat-private-range, /azure/firewall/tcp-session-behavior, /azure/firewall/firewall-known-issues.

use super::ports_of;
use super::tag::{TagContext, TagTable};
use crate::id::NodeId;
use crate::net::{Addr, Prefix, Protocol, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, PortSet, ProtocolSet, Rewrite};
use crate::topology::{FirewallMatch, FirewallPeer, FirewallRule, Kind, PortRange, RuleCollection};
use std::sync::Arc;

/// Which rule: of the firewall itself or of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleRef {
    /// The firewall or policy that holds it.
    pub holder: NodeId,
    /// The collection's place there.
    pub collection: u32,
    /// The rule's place in the collection.
    pub rule: u32,
}

/// What a firewall does with a new flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Sends it on to another destination.
    Translate {
        /// The rule.
        rule: RuleRef,
        /// Where to.
        to: Addr,
        /// To which port; `None` is the one asked for.
        to_port: Option<u16>,
    },
    /// A network rule decides.
    Network {
        /// The rule.
        rule: RuleRef,
        /// Whether it may pass.
        allow: bool,
    },
    /// An application rule decides: what may pass goes through the firewall's proxy.
    Application {
        /// The rule.
        rule: RuleRef,
        /// Whether it may pass.
        allow: bool,
    },
    /// No rule matches: it is denied.
    Unmatched,
}

impl Verdict {
    /// What becomes of the destination of a packet.
    #[must_use]
    pub fn onward(&self, tuple: &Tuple) -> Tuple {
        match self {
            Self::Translate { to, to_port, .. } => {
                Tuple { dst: *to, dst_port: to_port.unwrap_or(tuple.dst_port), ..*tuple }
            }
            _ => *tuple,
        }
    }

    /// What becomes of the destinations of packets.
    #[must_use]
    pub fn map_onward(&self, packets: &PacketSet) -> PacketSet {
        match self {
            Self::Translate { to, to_port, .. } => packets.rewritten(&Rewrite {
                dst: Some(AddrSet::point(*to)),
                dst_ports: to_port.map(PortSet::point),
                ..Rewrite::default()
            }),
            _ => packets.clone(),
        }
    }
}

/// Ports that one public address gives to the two instances that a firewall has at least: 2,496 each.
const PUBLIC_PORTS: u16 = 2 * 2_496;
/// The first of them.
const FIRST_PORT: u16 = 1024;

/// Source translation to one of a firewall's public addresses.
///
/// Rule `firewall-public-source`: a flow to the Internet gets one of the firewall's public addresses, of which each has
/// 2,496 ports for each of at least two instances; with a NAT gateway on its subnet it is that gateway that translates.
/// Source: learn azure/firewall/firewall-faq, azure/firewall/integrate-with-nat-gateway.
#[derive(Clone, Copy, Debug)]
pub struct PublicSource<'a> {
    /// The addresses.
    pub addresses: &'a [Addr],
}

impl PublicSource<'_> {
    /// What a packet may become, the preferred first. Which address Azure takes is random; here it follows from the flow.
    pub fn candidates(&self, tuple: &Tuple) -> impl Iterator<Item = Tuple> {
        let (tuple, count) = (*tuple, self.addresses.len());
        let seed = usize::from(tuple.src_port) + usize::from(tuple.src.0 as u8);
        let sources = (0..count).map(move |n| self.addresses[(seed + n) % count]);
        sources.flat_map(move |src| {
            let ports = (0..PUBLIC_PORTS).map(move |n| FIRST_PORT + (tuple.src_port % PUBLIC_PORTS + n) % PUBLIC_PORTS);
            ports.map(move |src_port| Tuple { src, src_port, ..tuple })
        })
    }

    /// What packets may become: any of the ports of any of the addresses. Which ports are taken is not asked.
    #[must_use]
    pub fn map(&self, packets: &PacketSet) -> PacketSet {
        packets.rewritten(&Rewrite {
            src: Some(self.addresses.iter().map(|address| (*address, *address)).collect()),
            src_ports: Some(PortSet::span(FIRST_PORT, FIRST_PORT + PUBLIC_PORTS - 1)),
            ..Rewrite::default()
        })
    }
}

/// A host on the Internet that rules may name.
#[derive(Clone, Copy, Debug)]
pub struct NamedHost<'a> {
    /// Its addresses.
    pub prefix: Prefix,
    /// Its names.
    pub names: &'a [Arc<str>],
}

/// What the words in rules stand for.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// Service tags.
    pub tags: &'a TagTable,
    /// What they mean in the firewall's subnet.
    pub context: &'a TagContext,
    /// Hosts with names.
    pub hosts: &'a [NamedHost<'a>],
}

/// A firewall's rules, compiled.
#[derive(Clone, Debug, Default)]
pub struct CompiledFirewall {
    /// In the order in which they are asked.
    rules: Vec<CompiledRule>,
    /// Service tags of which no address is known; rules that name nothing else never match.
    pub unknown_tags: Vec<Arc<str>>,
    /// Host names that nobody is known by; the same is true of them.
    pub unknown_names: Vec<Arc<str>>,
}

#[derive(Clone, Debug)]
struct CompiledRule {
    /// The packets that match.
    packets: Cube,
    verdict: Verdict,
}

impl CompiledFirewall {
    /// Compiles what each holder has; policies that others inherit from come first.
    ///
    /// Rule `firewall-order`: translations are asked first, then network rules, then application rules; of one kind
    /// those of an inherited policy come before one's own, then groups and then collections by priority; the first match
    /// decides, and without any the packet is denied. Source: learn azure/firewall/rule-processing.
    #[must_use]
    pub fn new(holders: &[(NodeId, &[RuleCollection])], words: Words<'_>) -> Self {
        let mut compiled = Self::default();
        let mut ordered = Vec::new();
        for (layer, (holder, collections)) in holders.iter().enumerate() {
            for (n, collection) in (0u32..).zip(*collections) {
                ordered.push(((layer, collection.group_priority, collection.priority), *holder, n, collection));
            }
        }
        ordered.sort_by_key(|(order, ..)| *order);
        for kind in 0..3u8 {
            for (_, holder, collection, written) in &ordered {
                for (rule, declared) in (0u32..).zip(&written.rules) {
                    let reference = RuleRef { holder: *holder, collection: *collection, rule };
                    if kind_of(declared) == kind {
                        let rule = compiled.rule(declared, reference, written.allow, words);
                        compiled.rules.push(rule);
                    }
                }
            }
        }
        compiled
    }

    fn rule(&mut self, declared: &FirewallRule, rule: RuleRef, allow: bool, words: Words<'_>) -> CompiledRule {
        let src = self.addresses(&declared.source, words);
        match &declared.what {
            FirewallMatch::Translate { protocols, destination, ports, to, to_port } => CompiledRule {
                packets: self.packets(src, destination, ports, protocols, words),
                verdict: Verdict::Translate { rule, to: *to, to_port: *to_port },
            },
            FirewallMatch::Network { protocols, destination, ports } => CompiledRule {
                packets: self.packets(src, destination, ports, protocols, words),
                verdict: Verdict::Network { rule, allow },
            },
            FirewallMatch::Application { protocols, names } => CompiledRule {
                packets: Cube {
                    src,
                    dst: self.named(names, allow, words.hosts),
                    dst_ports: protocols.iter().map(|(_, port)| (*port, *port)).collect(),
                    protocols: ProtocolSet::point(Protocol::TCP),
                    ..Cube::all()
                },
                verdict: Verdict::Application { rule, allow },
            },
        }
    }

    /// What to do with the first packet of a flow.
    #[must_use]
    pub fn decide(&self, tuple: &Tuple) -> Verdict {
        let hit = self.rules.iter().find(|rule| rule.packets.contains(tuple));
        hit.map_or(Verdict::Unmatched, |rule| rule.verdict)
    }

    /// Which packets each rule decides: disjoint parts that together are `packets`, in the order of the rules.
    #[must_use]
    pub fn split(&self, packets: &PacketSet) -> Vec<(PacketSet, Verdict)> {
        packets.split_by_first(self.rules.iter().map(|rule| (&rule.packets, rule.verdict)), Verdict::Unmatched)
    }

    fn packets(
        &mut self,
        src: AddrSet,
        destination: &[FirewallPeer],
        at: &[PortRange],
        protocols: &[Protocol],
        words: Words<'_>,
    ) -> Cube {
        let dst = self.addresses(destination, words);
        Cube { src, dst, dst_ports: ports_of(at), protocols: any_of(protocols), ..Cube::all() }
    }

    fn addresses(&mut self, peers: &[FirewallPeer], words: Words<'_>) -> AddrSet {
        let mut ranges: Vec<(Addr, Addr)> = Vec::new();
        for peer in peers {
            match peer {
                FirewallPeer::Any => return AddrSet::all(),
                FirewallPeer::Range(first, last) => ranges.push((*first, *last)),
                FirewallPeer::Tag(tag) => match words.tags.resolve(tag, words.context) {
                    Some(found) => ranges.extend_from_slice(found.ranges()),
                    None => self.unknown_tags.push(tag.clone()),
                },
                FirewallPeer::Name(name) => {
                    ranges.extend_from_slice(self.named(std::slice::from_ref(name), true, words.hosts).ranges());
                }
            }
        }
        ranges.into_iter().collect()
    }

    /// The addresses behind names.
    ///
    /// Rule `firewall-names`: a rule that names hosts matches the addresses of the hosts that are known by such a name;
    /// of a host with several names all must be named for it to be denied, one is enough for it to be allowed: which one
    /// a client asks for shows only in its first bytes. Source: learn azure/firewall/features (FQDN filtering).
    fn named(&mut self, names: &[Arc<str>], allow: bool, hosts: &[NamedHost<'_>]) -> AddrSet {
        if names.iter().any(|name| &**name == "*") {
            return AddrSet::all();
        }
        let is_named = |own: &Arc<str>| names.iter().any(|name| stands_for(name, own));
        let matches = |host: &&NamedHost<'_>| {
            if allow {
                host.names.iter().any(is_named)
            } else {
                !host.names.is_empty() && host.names.iter().all(is_named)
            }
        };
        let known = |name: &&Arc<str>| hosts.iter().any(|host| host.names.iter().any(|own| stands_for(name, own)));
        self.unknown_names.extend(names.iter().filter(|name| !known(name)).cloned());
        hosts.iter().filter(matches).map(|host| host.prefix).collect()
    }
}

/// The rule that `rule` stands for, with its collection, in what its holder declares.
#[must_use]
pub fn declared(holder: &Kind, rule: RuleRef) -> Option<(&RuleCollection, &FirewallRule)> {
    let collections = match holder {
        Kind::Firewall(firewall) => &firewall.collections,
        Kind::FirewallPolicy(policy) => &policy.collections,
        _ => return None,
    };
    let collection = collections.get(rule.collection as usize)?;
    Some((collection, collection.rules.get(rule.rule as usize)?))
}

/// Translations, network rules, application rules.
const fn kind_of(rule: &FirewallRule) -> u8 {
    match rule.what {
        FirewallMatch::Translate { .. } => 0,
        FirewallMatch::Network { .. } => 1,
        FirewallMatch::Application { .. } => 2,
    }
}

/// Whether `pattern` stands for `name`: it is the name, or a `*` with the end of it.
fn stands_for(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => {
            let at = name.len().checked_sub(end.len());
            at.and_then(|at| name.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        }
        None => pattern.eq_ignore_ascii_case(name),
    }
}

/// No protocol is any.
fn any_of(protocols: &[Protocol]) -> ProtocolSet {
    if protocols.is_empty() {
        return ProtocolSet::all();
    }
    protocols.iter().map(|protocol| (*protocol, *protocol)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: `*.example.com` that takes in `example.com` or `badexample.com`, letter case that counts.
    #[test]
    fn names_match_from_their_end() {
        for (pattern, name, expected) in [
            ("*.example.com", "a.b.Example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "badexample.com", false),
            ("*example.com", "badexample.com", true),
            ("WWW.example.com", "www.example.com", true),
            ("example.com", "www.example.com", false),
            ("*.long.example.com", "com", false),
        ] {
            assert_eq!(stands_for(pattern, name), expected, "{pattern} {name}");
        }
    }
}
