//! Firewalls in small networks: a hub with one, spokes that are steered through it, rules from short texts.

use crate::net::{Net, addr, prefix};
use sim_core::net::{Addr, Protocol};
use sim_core::topology::{
    ApplicationProtocol, Draft, Firewall, FirewallMatch, FirewallPeer, FirewallPolicy, FirewallRule, Kind, PortRange,
    Relation, RuleCollection, Sku, UserHop,
};

/// The subnet of the hub's firewall.
pub const SUBNET: &str = "hub/AzureFirewallSubnet";

/// A collection from texts: `GROUP GROUP_PRIORITY NAME PRIORITY allow`, and for each rule one of
/// - `NAME network PROTOCOL SOURCE -> DESTINATION PORTS`,
/// - `NAME application https:443 SOURCE -> HOST`,
/// - `NAME translate PROTOCOL SOURCE -> DESTINATION PORTS => ADDRESS PORT`.
///
/// # Panics
/// When a text is none of these.
#[must_use]
pub fn collection(head: &str, rules: &[&str]) -> RuleCollection {
    let words: Vec<&str> = head.split_whitespace().collect();
    let [group, group_priority, name, priority, action] = words[..] else { panic!("no collection: {head}") };
    RuleCollection {
        name: name.into(),
        group: group.into(),
        group_priority: group_priority.parse().expect("a priority"),
        priority: priority.parse().expect("a priority"),
        allow: action == "allow",
        old_form: false,
        rules: rules.iter().map(|text| rule(text).unwrap_or_else(|| panic!("no rule: {text}"))).collect(),
        span: None,
    }
}

fn rule(text: &str) -> Option<FirewallRule> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (name, source, what) = match words[..] {
        [name, "network", spoken, source, "->", destination, at] => {
            let what = FirewallMatch::Network {
                protocols: protocols(spoken),
                destination: vec![peer(destination)],
                ports: ports(at)?,
            };
            (name, source, what)
        }
        [name, "application", spoken, source, "->", host] => {
            let (protocol, port) = spoken.split_once(':')?;
            let protocol = if protocol == "http" { ApplicationProtocol::Http } else { ApplicationProtocol::Https };
            let protocols = vec![(protocol, port.parse().ok()?)];
            (name, source, FirewallMatch::Application { protocols, names: vec![host.into()] })
        }
        [name, "translate", spoken, source, "->", destination, at, "=>", to, to_port] => {
            let what = FirewallMatch::Translate {
                protocols: protocols(spoken),
                destination: vec![peer(destination)],
                ports: ports(at)?,
                to: addr(to),
                to_port: to_port.parse().ok(),
            };
            (name, source, what)
        }
        _ => return None,
    };
    Some(FirewallRule { name: name.into(), source: vec![peer(source)], what, span: None })
}

fn protocols(word: &str) -> Vec<Protocol> {
    let known = [("tcp", Protocol::TCP), ("udp", Protocol::UDP), ("icmp", Protocol::ICMP)];
    known.iter().filter(|(name, _)| *name == word).map(|(_, protocol)| *protocol).collect()
}

fn ports(text: &str) -> Option<Vec<PortRange>> {
    if text == "*" {
        return Some(Vec::new());
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(vec![PortRange { first: first.parse().ok()?, last: last.parse().ok()? }])
}

fn peer(text: &str) -> FirewallPeer {
    match (text, text.strip_prefix("host:"), text.parse::<sim_core::net::Prefix>()) {
        ("*", ..) => FirewallPeer::Any,
        (_, Some(name), _) => FirewallPeer::Name(name.into()),
        (_, None, Ok(prefix)) => FirewallPeer::Range(prefix.first(), prefix.last()),
        _ => FirewallPeer::Tag(text.into()),
    }
}

impl Net {
    /// A hub with the firewall `fw` under the policy `policy`, at 10.0.0.4 and 20.1.1.9; two spokes that send everything
    /// to it, with the machines `a` and `b`; and `world`, 8.8.8.8, which is known as `www.example.com`.
    pub fn hub_and_spokes(&mut self, collections: Vec<RuleCollection>) -> Addr {
        self.vnet("hub", "10.0.0.0/16");
        self.subnet("hub", "AzureFirewallSubnet", "10.0.0.0/26", None);
        self.private_subnet(SUBNET);
        self.public_ip("fw-pip", "20.1.1.9", Sku::Standard);
        self.put(Draft::new("policy", Kind::FirewallPolicy(FirewallPolicy { collections, no_translation: None })));
        let firewall = Draft::new("fw", Kind::Firewall(Firewall::default()));
        let firewall = firewall.refer(Relation::Attached, SUBNET).refer(Relation::Uses, "fw-pip");
        let id = self.put(firewall.refer(Relation::GovernedBy, "policy"));
        let Some(Kind::Firewall(Firewall { address: Some(address), .. })) =
            self.topology.get(id).map(|found| found.kind.clone())
        else {
            panic!("the firewall has no address")
        };
        for (spoke, space, machine) in [("one", "10.1.0.0/16", "a"), ("two", "10.2.0.0/16", "b")] {
            self.vnet(spoke, space);
            self.subnet(spoke, "s", &space.replace(".0.0/16", ".0.0/24"), None);
            self.peer("hub", spoke);
            self.take_forwarded(&format!("{spoke}/to-hub"));
            self.routed(&format!("{spoke}/s"), &[("0.0.0.0/0", UserHop::Appliance(address))]);
            self.vm(machine, &format!("{spoke}/s"), None);
        }
        self.internet_host("world", "8.8.8.8/32");
        self.named("world", &["www.example.com"]);
        address
    }

    /// Gives a host on the Internet these names.
    pub fn named(&mut self, host: &str, names: &[&str]) {
        self.edit(host, |kind| {
            let Kind::InternetHost(host) = kind else { panic!("no host") };
            host.names = names.iter().map(|name| (*name).into()).collect();
        });
    }

    /// Sets the ranges that the policy's firewall does not translate its own address for.
    pub fn no_translation(&mut self, ranges: &[&str]) {
        self.edit("policy", |kind| {
            let Kind::FirewallPolicy(policy) = kind else { panic!("no policy") };
            policy.no_translation = Some(ranges.iter().map(|range| prefix(range)).collect());
        });
    }
}
