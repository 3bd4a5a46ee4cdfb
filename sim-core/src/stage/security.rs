//! Security groups: rules compiled for one meaning of the service tags, matched in order of priority.
//!
//! azure-dataplane 1.1 to 1.3: lower priority first, the first match ends the evaluation, six default rules at the end.

use super::tag::{TagContext, TagTable};
use crate::net::{Addr, Protocol, Tuple};
use crate::set::AddrSet;
use crate::topology::{Access, Direction, Nsg, Peer, PortRange, SecurityRule};
use std::sync::Arc;

/// Which rule of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleRef {
    /// A user's rule, by its place in the declaration.
    User(u32),
    /// A default rule, by its place in [`DEFAULTS`].
    Default(u8),
}

/// A default rule (azure-dataplane 1.1).
#[derive(Clone, Copy, Debug)]
pub struct DefaultRule {
    /// Azure's name for it.
    pub name: &'static str,
    /// Its priority.
    pub priority: u16,
    /// Its list.
    pub direction: Direction,
    /// What it does.
    pub access: Access,
    /// Source: a tag, or empty for any.
    pub source: &'static str,
    /// Destination: a tag, or empty for any.
    pub destination: &'static str,
}

/// The rules that every group has.
pub const DEFAULTS: [DefaultRule; 6] = {
    use Access::{Allow, Deny};
    use Direction::{Inbound, Outbound};
    const fn rule(
        name: &'static str,
        priority: u16,
        direction: Direction,
        access: Access,
        source: &'static str,
        destination: &'static str,
    ) -> DefaultRule {
        DefaultRule { name, priority, direction, access, source, destination }
    }
    [
        rule("AllowVnetInBound", 65000, Inbound, Allow, "VirtualNetwork", "VirtualNetwork"),
        rule("AllowAzureLoadBalancerInBound", 65001, Inbound, Allow, "AzureLoadBalancer", ""),
        rule("DenyAllInBound", 65500, Inbound, Deny, "", ""),
        rule("AllowVnetOutBound", 65000, Outbound, Allow, "VirtualNetwork", "VirtualNetwork"),
        rule("AllowInternetOutBound", 65001, Outbound, Allow, "", "Internet"),
        rule("DenyAllOutBound", 65500, Outbound, Deny, "", ""),
    ]
};

/// The tag by which a rule may stop what no rule stops otherwise: DNS at the platform's address (azure-dataplane 1.8).
pub const PLATFORM_DNS: &str = "AzurePlatformDNS";

/// A group compiled for one tag context.
#[derive(Clone, Debug)]
pub struct CompiledGroup {
    inbound: Vec<CompiledRule>,
    outbound: Vec<CompiledRule>,
    /// Tags whose addresses are not known; their rules never match, and an answer says so.
    pub unknown_tags: Vec<Arc<str>>,
}

#[derive(Clone, Debug)]
struct CompiledRule {
    priority: u16,
    protocol: Option<Protocol>,
    destination_ports: Ports,
    source: Addresses,
    destination: Addresses,
    source_ports: Ports,
    access: Access,
    reference: RuleRef,
    /// Whether it names [`PLATFORM_DNS`].
    platform_dns: bool,
}

/// Address sets by how they are asked: most rules name one range or none.
#[derive(Clone, Debug)]
enum Addresses {
    Any,
    One(Addr, Addr),
    Many(AddrSet),
}

#[derive(Clone, Debug)]
enum Ports {
    Any,
    One(PortRange),
    Many(Box<[PortRange]>),
}

impl CompiledGroup {
    /// Compiles `group`. `members` gives the addresses of an application security group.
    #[must_use]
    pub fn new(group: &Nsg, tags: &TagTable, context: &TagContext, members: impl Fn(&str) -> AddrSet) -> Self {
        let mut compiled = Self { inbound: Vec::new(), outbound: Vec::new(), unknown_tags: Vec::new() };
        for (n, rule) in group.rules.iter().enumerate() {
            let mut unknown = Vec::new();
            let mut side = |peers: &[Peer]| addresses(peers, tags, context, &members, &mut unknown);
            let entry = CompiledRule {
                priority: rule.priority,
                protocol: rule.protocol,
                source: side(&rule.source),
                destination: side(&rule.destination),
                source_ports: ports(&rule.source_ports),
                destination_ports: ports(&rule.destination_ports),
                access: rule.access,
                reference: RuleRef::User(u32::try_from(n).unwrap_or(u32::MAX)),
                platform_dns: rule.destination.iter().any(is_platform_dns),
            };
            compiled.unknown_tags.append(&mut unknown);
            compiled.list_mut(rule.direction).push(entry);
        }
        for (n, rule) in (0u8..).zip(&DEFAULTS) {
            let side = |tag: &str| match tag {
                "" => Addresses::Any,
                tag => flat(tags.resolve(tag, context).unwrap_or_default()),
            };
            compiled.list_mut(rule.direction).push(CompiledRule {
                priority: rule.priority,
                protocol: None,
                source: side(rule.source),
                destination: side(rule.destination),
                source_ports: Ports::Any,
                destination_ports: Ports::Any,
                access: rule.access,
                reference: RuleRef::Default(n),
                platform_dns: false,
            });
        }
        compiled.inbound.sort_by_key(|rule| rule.priority);
        compiled.outbound.sort_by_key(|rule| rule.priority);
        compiled
    }

    fn list_mut(&mut self, direction: Direction) -> &mut Vec<CompiledRule> {
        match direction {
            Direction::Inbound => &mut self.inbound,
            Direction::Outbound => &mut self.outbound,
        }
    }

    /// The first rule that matches. The last default rule matches everything.
    #[must_use]
    pub fn decide(&self, direction: Direction, tuple: &Tuple) -> (RuleRef, Access) {
        let list = match direction {
            Direction::Inbound => &self.inbound,
            Direction::Outbound => &self.outbound,
        };
        first(list, |rule| rule.matches_all(tuple))
    }

    /// The same for a packet to a private endpoint: conditions on the source port count as any (azure-dataplane 1.9).
    #[must_use]
    pub fn decide_for_endpoint(&self, tuple: &Tuple) -> (RuleRef, Access) {
        first(&self.inbound, |rule| rule.matches(tuple))
    }

    /// What the group says of a question to the platform's DNS: only rules that name its tag have a say
    /// (azure-dataplane 1.8).
    #[must_use]
    pub fn decide_platform_dns(&self, tuple: &Tuple) -> Option<(RuleRef, Access)> {
        let hit = self.outbound.iter().find(|rule| rule.platform_dns && rule.matches_all(tuple));
        hit.map(|rule| (rule.reference, rule.access))
    }
}

fn is_platform_dns(peer: &Peer) -> bool {
    matches!(peer, Peer::Tag(tag) if tag.eq_ignore_ascii_case(PLATFORM_DNS))
}

fn first(list: &[CompiledRule], matches: impl Fn(&CompiledRule) -> bool) -> (RuleRef, Access) {
    let hit = list.iter().find(|rule| matches(rule));
    hit.map_or((RuleRef::Default(2), Access::Deny), |rule| (rule.reference, rule.access))
}

impl CompiledRule {
    fn matches_all(&self, tuple: &Tuple) -> bool {
        self.matches(tuple) && self.source_ports.contains(tuple.src_port)
    }

    /// All but the source port.
    fn matches(&self, tuple: &Tuple) -> bool {
        self.destination_ports.contains(tuple.dst_port)
            && self.protocol.is_none_or(|wanted| same_protocol(wanted, tuple.protocol))
            && self.source.contains(tuple.src)
            && self.destination.contains(tuple.dst)
    }
}

/// A rule for ICMP covers both families' ICMP; rules know neither type nor code (azure-dataplane 5.4).
fn same_protocol(wanted: Protocol, seen: Protocol) -> bool {
    wanted == seen || (wanted == Protocol::ICMP && seen == Protocol::ICMPV6)
}

impl Addresses {
    fn contains(&self, addr: Addr) -> bool {
        match self {
            Self::Any => true,
            Self::One(first, last) => *first <= addr && addr <= *last,
            Self::Many(set) => set.contains(addr),
        }
    }
}

impl Ports {
    fn contains(&self, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::One(range) => range.contains(port),
            Self::Many(ranges) => ranges.iter().any(|range| range.contains(port)),
        }
    }
}

fn addresses(
    peers: &[Peer],
    tags: &TagTable,
    context: &TagContext,
    members: &impl Fn(&str) -> AddrSet,
    unknown: &mut Vec<Arc<str>>,
) -> Addresses {
    let mut set = AddrSet::empty();
    for peer in peers {
        match peer {
            Peer::Any => return Addresses::Any,
            Peer::Prefix(prefix) => set = set.union(&[*prefix].into_iter().collect()),
            Peer::Tag(tag) => match tags.resolve(tag, context) {
                Some(found) => set = set.union(&found),
                None => unknown.push(tag.clone()),
            },
            Peer::Asg(group) => set = set.union(&members(group)),
        }
    }
    flat(set)
}

fn flat(set: AddrSet) -> Addresses {
    match set.ranges() {
        [(first, last)] if first.0 == 0 && last.0 == u128::MAX => Addresses::Any,
        [(first, last)] => Addresses::One(*first, *last),
        _ => Addresses::Many(set),
    }
}

fn ports(ranges: &[PortRange]) -> Ports {
    match ranges {
        [] => Ports::Any,
        [one] if one.first == 0 && one.last == u16::MAX => Ports::Any,
        [one] => Ports::One(*one),
        many => Ports::Many(many.into()),
    }
}

/// The name and priority of a rule, for people.
#[must_use]
pub fn describe(group: &Nsg, rule: RuleRef) -> (Arc<str>, u16, Option<&SecurityRule>) {
    match rule {
        RuleRef::User(n) => match group.rules.get(n as usize) {
            Some(found) => (found.name.clone(), found.priority, Some(found)),
            None => ("?".into(), 0, None),
        },
        RuleRef::Default(n) => {
            let found = DEFAULTS[usize::from(n) % DEFAULTS.len()];
            (found.name.into(), found.priority, None)
        }
    }
}
