//! Security rules in Azure's words: their names on each surface, and what they match as effective rules.

use super::find::Place;
use super::{Ask, Azure};
use serde_json::{Map, Value, json};
use sim_core::fabric::Group;
use sim_core::id::NodeId;
use sim_core::net::{Prefix, Protocol};
use sim_core::set::AddrSet;
use sim_core::stage::security::{DEFAULTS, RuleRef, RuleView};
use sim_core::topology::{Access, Direction, Kind, Nsg, Peer, PortRange, SecurityRule};
use topologies::facts::{self, Date, Surface, Words};

/// How rules are told in one place of Azure's answers, about one NIC.
pub(super) struct Form {
    words: Words,
    date: Date,
    /// What the NIC's network and its peers declare.
    own: Vec<Prefix>,
}

impl Form {
    pub(super) fn of(ask: &Ask<'_>, place: &Place<'_>, surface: Surface) -> Self {
        let network = &place.port.subnet.network;
        let vnet = |id| match ask.azure.world.topology.get(id).map(|found| &found.kind) {
            Some(Kind::Vnet(vnet)) => Some(vnet),
            _ => None,
        };
        let region = vnet(network.node).map_or("", |vnet| &*vnet.region);
        let peers = network.peers.iter().filter(|peer| peer.link.access);
        let own = network.space.iter().copied().chain(peers.flat_map(|peer| peer.space.iter().copied()));
        Self { words: facts::words(surface, ask.shape.date(), region), date: ask.shape.date(), own: own.collect() }
    }

    /// The addresses behind a tag, as Azure lists them: of the tags that it fills itself, its own list.
    fn expanded(&self, tag: &str, set: &AddrSet) -> Vec<String> {
        let prefixes = match tag {
            tag if tag.eq_ignore_ascii_case("Internet") => facts::internet(self.date, &self.own),
            tag if tag.eq_ignore_ascii_case("AzureLoadBalancer") => facts::platform_tags(self.date).load_balancer,
            _ => set.prefixes().collect(),
        };
        prefixes.iter().map(Prefix::to_string).collect()
    }

    fn ports(&self, ranges: &[PortRange]) -> Vec<String> {
        match ranges {
            [] => vec![self.words.port.to_owned()],
            ranges => ranges.iter().map(|range| format!("{}-{}", range.first, range.last)).collect(),
        }
    }

    fn protocol(&self, protocol: Option<Protocol>) -> &'static str {
        match protocol {
            Some(Protocol::TCP) => "Tcp",
            Some(Protocol::UDP) => "Udp",
            Some(Protocol::ICMP) => "Icmp",
            Some(Protocol::ESP) => "Esp",
            Some(Protocol::AH) => "Ah",
            _ => self.words.protocol,
        }
    }

    /// One end of a rule: groups are shown by the addresses of their members.
    fn peer(&self, peer: &Peer, set: &AddrSet) -> Vec<String> {
        match peer {
            Peer::Any => vec![self.words.any.to_owned()],
            Peer::Prefix(prefix) => vec![prefix.to_string()],
            Peer::Tag(tag) => vec![tag.to_string()],
            Peer::Asg(_) => set.prefixes().map(|prefix| prefix.to_string()).collect(),
        }
    }
}

/// The name of a rule; Azure's surfaces spell it in different ways.
pub(super) struct Name<'a> {
    group: &'a str,
    name: &'a str,
    default: bool,
}

impl<'a> Name<'a> {
    pub(super) fn of(azure: &'a Azure, group: NodeId, rule: RuleRef) -> Self {
        let (name, default) = match rule {
            RuleRef::Default(n) => (DEFAULTS[usize::from(n) % DEFAULTS.len()].name, true),
            RuleRef::User(n) => {
                let found = declared(azure, group).and_then(|group| group.rules.get(n as usize));
                (found.map_or("", |rule| &*rule.name), false)
            }
        };
        Self { group: azure.name(group), name, default }
    }

    /// `securityRules/ssh`.
    pub(super) fn by_collection(&self) -> String {
        format!("{}/{}", self.collection(), self.name)
    }

    /// `UserRule_ssh`.
    pub(super) fn by_origin(&self) -> String {
        format!("{}_{}", if self.default { "DefaultRule" } else { "UserRule" }, self.name)
    }

    /// The rule's resource id; default rules have none here.
    pub(super) fn id(&self) -> String {
        if self.default { String::new() } else { format!("{}/{}", self.group, self.by_collection()) }
    }

    fn collection(&self) -> &'static str {
        if self.default { "defaultSecurityRules" } else { "securityRules" }
    }
}

/// The rules of a group, as declared.
pub(super) fn declared(azure: &Azure, group: NodeId) -> Option<&Nsg> {
    match &azure.world.topology.get(group)?.kind {
        Kind::Nsg(group) => Some(group),
        _ => None,
    }
}

pub(super) fn access(access: Access) -> &'static str {
    match access {
        // Security groups know no rule that is allowed always; what it lets pass is allowed.
        Access::Allow | Access::AlwaysAllow => "Allow",
        Access::Deny => "Deny",
    }
}

pub(super) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "Inbound",
        Direction::Outbound => "Outbound",
    }
}

/// All rules of a group as effective rules show them: the user's as declared, then the default ones, inbound first.
pub(super) fn of_group(group: Group<'_>) -> Vec<RuleView<'_>> {
    let directions = [Direction::Inbound, Direction::Outbound].into_iter();
    let mut all: Vec<RuleView<'_>> = directions.flat_map(|direction| group.rules.rules(direction)).collect();
    all.sort_by_key(|rule| match rule.reference() {
        RuleRef::User(n) => (false, n),
        RuleRef::Default(n) => (true, n.into()),
    });
    all
}

/// A rule as an effective rule; without a name, which differs from surface to surface.
pub(super) fn effective(azure: &Azure, group: NodeId, rule: &RuleView<'_>, form: &Form) -> Value {
    let Some(written) = written(azure, group, rule.reference()) else { return Value::Null };
    let mut out = Map::new();
    out.insert("protocol".to_owned(), json!(form.protocol(written.protocol)));
    side(&mut out, "sourcePortRange", "sourcePortRanges", form.ports(&written.source_ports));
    side(&mut out, "destinationPortRange", "destinationPortRanges", form.ports(&written.destination_ports));
    for ([one, many, expanded_key], peers, set) in
        [(SOURCE, &written.source, &rule.packets().src), (DESTINATION, &written.destination, &rule.packets().dst)]
    {
        let texts: Vec<String> = peers.iter().flat_map(|peer| form.peer(peer, set)).collect();
        side(&mut out, one, many, texts);
        match peers.as_slice() {
            [Peer::Any] => _ = out.insert(many.to_owned(), json!(vec![form.words.any; form.words.listed])),
            [Peer::Tag(tag)] => _ = out.insert(expanded_key.to_owned(), json!(form.expanded(tag, set))),
            _ => {}
        }
    }
    out.insert("access".to_owned(), json!(access(written.access)));
    out.insert("priority".to_owned(), json!(written.priority));
    out.insert("direction".to_owned(), json!(direction(written.direction)));
    Value::Object(out)
}

/// The names of what a side takes: one thing, several, and the addresses behind a tag.
const SOURCE: [&str; 3] = ["sourceAddressPrefix", "sourceAddressPrefixes", "expandedSourceAddressPrefix"];
const DESTINATION: [&str; 3] =
    ["destinationAddressPrefix", "destinationAddressPrefixes", "expandedDestinationAddressPrefix"];

/// The tags that a rule names, each with the addresses it stands for.
pub(super) fn tags(azure: &Azure, group: NodeId, rule: &RuleView<'_>, form: &Form) -> Vec<(String, Vec<String>)> {
    let Some(written) = written(azure, group, rule.reference()) else { return Vec::new() };
    let sides = [(written.source, &rule.packets().src), (written.destination, &rule.packets().dst)];
    let one = |(peers, set): (Vec<Peer>, &AddrSet)| match peers.as_slice() {
        [Peer::Tag(tag)] => Some((tag.to_string(), form.expanded(tag, set))),
        _ => None,
    };
    sides.into_iter().filter_map(one).collect()
}

/// A rule as a person would have written it.
fn written(azure: &Azure, group: NodeId, rule: RuleRef) -> Option<SecurityRule> {
    let default = match rule {
        RuleRef::User(n) => return declared(azure, group)?.rules.get(n as usize).cloned(),
        RuleRef::Default(n) => DEFAULTS[usize::from(n) % DEFAULTS.len()],
    };
    let peers = |tag: &str| if tag.is_empty() { vec![Peer::Any] } else { vec![Peer::Tag(tag.into())] };
    Some(SecurityRule {
        name: default.name.into(),
        priority: default.priority,
        direction: default.direction,
        access: default.access,
        protocol: None,
        source: peers(default.source),
        source_ports: Vec::new(),
        destination: peers(default.destination),
        destination_ports: Vec::new(),
        span: None,
    })
}

/// What one side of a rule takes: on its own where it is one thing, and in the list.
fn side(out: &mut Map<String, Value>, one: &str, many: &str, texts: Vec<String>) {
    if let [text] = texts.as_slice() {
        out.insert(one.to_owned(), json!(text));
    }
    out.insert(many.to_owned(), json!(texts));
}
