//! Security groups: rules compiled for one meaning of the service tags, matched in order of priority.
//!
//! azure-dataplane 1.1 to 1.3: lower priority first, the first match ends the evaluation, six default rules at the end.

mod defaults;
mod view;

pub use defaults::{DEFAULTS, DefaultRule};
pub use view::RuleView;

use super::ports_of;
use super::tag::{TagContext, TagTable};
use crate::assumption::{Assumption, AssumptionSet, Choices};
use crate::net::{Addr, Protocol, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, PortSet, ProtocolSet};
use crate::topology::{Access, Direction, Nsg, Peer, SecurityRule};
use std::sync::{Arc, LazyLock};

/// Which rule of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleRef {
    /// A user's rule, by its place in the declaration.
    User(u32),
    /// A default rule, by its place in [`DEFAULTS`].
    Default(u8),
}

/// Traffic of the platform that only rules with its tag touch (azure-dataplane 1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformTag {
    /// Names, at the platform's address.
    Dns,
    /// Instance metadata.
    Metadata,
    /// Windows activation.
    Licensing,
}

impl PlatformTag {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dns, Self::Metadata, Self::Licensing];

    /// Azure's name for the tag.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "AzurePlatformDNS",
            Self::Metadata => "AzurePlatformIMDS",
            Self::Licensing => "AzurePlatformLKM",
        }
    }

    /// The one that a rule names.
    fn named_by(rule: &SecurityRule) -> Option<Self> {
        let names = |tag: Self| {
            rule.destination.iter().any(|peer| matches!(peer, Peer::Tag(name) if name.eq_ignore_ascii_case(tag.name())))
        };
        Self::ALL.into_iter().find(|tag| names(*tag))
    }
}

/// A group compiled for one tag context.
#[derive(Clone, Debug, PartialEq)]
pub struct CompiledGroup {
    inbound: Vec<CompiledRule>,
    outbound: Vec<CompiledRule>,
    /// Tags whose addresses are not known; their rules never match, and an answer says so.
    pub unknown_tags: Vec<Arc<str>>,
    /// `flushConnection`.
    pub flush: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct CompiledRule {
    priority: u16,
    /// The packets that match.
    packets: Cube,
    access: Access,
    reference: RuleRef,
    /// The traffic of the platform that it names.
    platform: Option<PlatformTag>,
}

impl CompiledGroup {
    /// Compiles `group`. `members` gives the addresses of an application security group.
    ///
    /// Rule `nsg-rule-fields`: a rule matches by source, source port, destination, destination port and protocol, all
    /// of them. Source: azure-dataplane 1.2.
    #[must_use]
    pub fn new(group: &Nsg, tags: &TagTable, context: &TagContext, members: impl Fn(&str) -> AddrSet) -> Self {
        let mut compiled = Self::without_defaults(&group.rules, tags, context, members);
        for (n, rule) in (0u8..).zip(&DEFAULTS) {
            let side = |tag: &str| match tag {
                "" => AddrSet::all(),
                tag => tags.resolve(tag, context).unwrap_or_default(),
            };
            compiled.list_mut(rule.direction).push(CompiledRule {
                priority: rule.priority,
                packets: Cube { src: side(rule.source), dst: side(rule.destination), ..Cube::all() },
                access: rule.access,
                reference: RuleRef::Default(n),
                platform: None,
            });
        }
        compiled.flush = group.flush.value;
        compiled.inbound.sort_by_key(|rule| rule.priority);
        compiled.outbound.sort_by_key(|rule| rule.priority);
        compiled
    }

    /// Rules that nothing follows: those of [`super::admin`].
    pub(super) fn without_defaults(
        rules: &[SecurityRule],
        tags: &TagTable,
        context: &TagContext,
        members: impl Fn(&str) -> AddrSet,
    ) -> Self {
        let mut compiled = Self { inbound: Vec::new(), outbound: Vec::new(), unknown_tags: Vec::new(), flush: false };
        for (n, rule) in rules.iter().enumerate() {
            let mut unknown = Vec::new();
            let mut side = |peers: &[Peer]| addresses(peers, tags, context, &members, &mut unknown);
            let packets = Cube {
                src: side(&rule.source),
                dst: side(&rule.destination),
                src_ports: ports_of(&rule.source_ports),
                dst_ports: ports_of(&rule.destination_ports),
                protocols: protocols(rule.protocol),
            };
            let entry = CompiledRule {
                priority: rule.priority,
                packets,
                access: rule.access,
                reference: RuleRef::User(u32::try_from(n).unwrap_or(u32::MAX)),
                platform: PlatformTag::named_by(rule),
            };
            compiled.unknown_tags.append(&mut unknown);
            compiled.list_mut(rule.direction).push(entry);
        }
        compiled
    }

    fn list_mut(&mut self, direction: Direction) -> &mut Vec<CompiledRule> {
        match direction {
            Direction::Inbound => &mut self.inbound,
            Direction::Outbound => &mut self.outbound,
        }
    }

    fn list(&self, direction: Direction) -> &[CompiledRule] {
        match direction {
            Direction::Inbound => &self.inbound,
            Direction::Outbound => &self.outbound,
        }
    }

    /// The first rule that matches. The last default rule matches everything.
    ///
    /// Rule `nsg-first-match`: rules are asked by priority, the smallest number first, and the first that matches ends
    /// the evaluation of its group. Source: azure-dataplane 1.2.
    #[must_use]
    pub fn decide(&self, direction: Direction, tuple: &Tuple) -> (RuleRef, Access) {
        self.first_match(direction, tuple).unwrap_or(NO_RULE)
    }

    /// The first rule that matches, where it may be that none does.
    pub(super) fn first_match(&self, direction: Direction, tuple: &Tuple) -> Option<(RuleRef, Access)> {
        self.list(direction).iter().find(|rule| rule.packets.contains(tuple)).map(CompiledRule::answer)
    }

    /// Which packets each rule decides: disjoint parts that together are `packets`, in the order of the rules.
    #[must_use]
    pub fn split(&self, direction: Direction, packets: &PacketSet) -> Vec<(PacketSet, RuleRef, Access)> {
        let rules = self.list(direction).iter().map(|rule| (&rule.packets, rule.answer()));
        flat(packets.split_by_first(rules, NO_RULE))
    }

    /// The same where it may be that no rule matches.
    pub(super) fn split_first(
        &self,
        direction: Direction,
        packets: &PacketSet,
    ) -> Vec<(PacketSet, Option<(RuleRef, Access)>)> {
        let rules = self.list(direction).iter().map(|rule| (&rule.packets, Some(rule.answer())));
        packets.split_by_first(rules, None)
    }

    /// The same for a packet to a private endpoint: conditions on the source port count as any (azure-dataplane 1.9).
    ///
    /// Rule `nsg-endpoint-source-port`: at a private endpoint a rule's condition on the source port counts as any.
    /// Source: azure-dataplane 1.9.
    #[must_use]
    pub fn decide_for_endpoint(&self, tuple: &Tuple) -> (RuleRef, Access) {
        let hit = self.inbound.iter().find(|rule| rule.packets.contains_whatever_source_port(tuple));
        hit.map_or(NO_RULE, CompiledRule::answer)
    }

    /// Which packets to a private endpoint each rule decides.
    #[must_use]
    pub fn split_for_endpoint(&self, packets: &PacketSet) -> Vec<(PacketSet, RuleRef, Access)> {
        let any_source_port = |rule: &CompiledRule| Cube { src_ports: PortSet::all(), ..rule.packets.clone() };
        let rules = self.inbound.iter().map(|rule| (any_source_port(rule), rule.answer()));
        flat(packets.split_by_first(rules, NO_RULE))
    }

    /// What the group says of traffic of the platform.
    ///
    /// Rule `nsg-platform-tags`: DNS at the platform's address, instance metadata and Windows activation are stopped by no
    /// rule but those that name their tag. Source: azure-dataplane 1.8.
    #[must_use]
    pub fn decide_platform(&self, tag: PlatformTag, tuple: &Tuple) -> Option<(RuleRef, Access)> {
        let hit = self.outbound.iter().find(|rule| rule.platform == Some(tag) && rule.packets.contains(tuple));
        hit.map(CompiledRule::answer)
    }

    /// Which traffic of the platform each of those rules decides, and which none does.
    #[must_use]
    pub fn split_platform(&self, tag: PlatformTag, packets: &PacketSet) -> Vec<(PacketSet, Option<(RuleRef, Access)>)> {
        let rules = self.outbound.iter().filter(|rule| rule.platform == Some(tag));
        packets.split_by_first(rules.map(|rule| (&rule.packets, Some(rule.answer()))), None)
    }

    /// What the group says where `choices` are assumed, and what that hangs on.
    ///
    /// Rule `nsg-any-protocol`: `*` covers TCP, UDP and ICMP; whether it covers ESP and AH is assumed. Source:
    /// azure-dataplane 1.2.
    #[must_use]
    pub fn decide_under(
        &self,
        choices: Choices,
        direction: Direction,
        tuple: &Tuple,
    ) -> ((RuleRef, Access), AssumptionSet) {
        if covered().contains(tuple.protocol) {
            return (self.decide(direction, tuple), AssumptionSet::default());
        }
        let every = choices.is_default(Assumption::AnyProtocol);
        let mut rules = self.list(direction).iter().filter(|rule| every || rule.names_protocol());
        let decided = rules.find(|rule| rule.packets.contains(tuple)).map_or(NO_RULE, CompiledRule::answer);
        (decided, AssumptionSet::default().with(Assumption::AnyProtocol))
    }

    /// Which packets each rule decides then.
    #[must_use]
    pub fn split_under(
        &self,
        choices: Choices,
        direction: Direction,
        packets: &PacketSet,
    ) -> Vec<(PacketSet, RuleRef, Access)> {
        let every = choices.is_default(Assumption::AnyProtocol);
        let region = |rule: &CompiledRule| match every || rule.names_protocol() {
            true => rule.packets.clone(),
            false => Cube { protocols: covered().clone(), ..rule.packets.clone() },
        };
        let rules = self.list(direction).iter().map(|rule| (region(rule), rule.answer()));
        flat(packets.split_by_first(rules, NO_RULE))
    }
}

/// The protocols that rules for any protocol cover for certain.
fn covered() -> &'static ProtocolSet {
    static COVERED: LazyLock<ProtocolSet> = LazyLock::new(|| {
        let all = [Protocol::TCP, Protocol::UDP, Protocol::ICMP, Protocol::ICMPV6];
        all.map(|it| (it, it)).into_iter().collect()
    });
    &COVERED
}

/// What is said where no rule matches. Every group's list ends with a default rule that does.
const NO_RULE: (RuleRef, Access) = (RuleRef::Default(2), Access::Deny);

impl CompiledRule {
    fn answer(&self) -> (RuleRef, Access) {
        (self.reference, self.access)
    }

    fn names_protocol(&self) -> bool {
        self.packets.protocols != ProtocolSet::all()
    }
}

fn flat(parts: Vec<(PacketSet, (RuleRef, Access))>) -> Vec<(PacketSet, RuleRef, Access)> {
    parts.into_iter().map(|(part, (rule, access))| (part, rule, access)).collect()
}

/// Rule `nsg-asg-members`: a rule that names an application security group holds for the addresses of its members
/// alone, also where the rule's group is on the subnet. Source: azure-dataplane 1.6.
fn addresses(
    peers: &[Peer],
    tags: &TagTable,
    context: &TagContext,
    members: &impl Fn(&str) -> AddrSet,
    unknown: &mut Vec<Arc<str>>,
) -> AddrSet {
    let mut ranges: Vec<(Addr, Addr)> = Vec::new();
    for peer in peers {
        match peer {
            Peer::Any => return AddrSet::all(),
            Peer::Prefix(prefix) => ranges.extend(prefix.ranges()),
            Peer::Tag(tag) => match tags.resolve(tag, context) {
                Some(found) => ranges.extend_from_slice(found.ranges()),
                None => unknown.push(tag.clone()),
            },
            Peer::Asg(group) => ranges.extend_from_slice(members(group).ranges()),
        }
    }
    ranges.into_iter().collect()
}

/// A rule for ICMP covers both families' ICMP; rules know neither type nor code (azure-dataplane 5.4).
///
/// Rule `nsg-icmp`: a rule for ICMP holds for all of its types and codes, and for no other protocol. Source:
/// azure-dataplane 1.2, 5.4.
fn protocols(protocol: Option<Protocol>) -> ProtocolSet {
    match protocol {
        None => ProtocolSet::all(),
        Some(Protocol::ICMP) => [Protocol::ICMP, Protocol::ICMPV6].map(|it| (it, it)).into_iter().collect(),
        Some(protocol) => ProtocolSet::point(protocol),
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
