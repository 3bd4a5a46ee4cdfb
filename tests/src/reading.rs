//! Security rules as a person reads them: straight from the declared network, rule by rule (azure-dataplane 1.1 to 1.3
//! and 1.7). Nothing of the compiled matcher is used, so that tests can hold the two together.

use crate::net::prefix;
use sim_core::id::NodeId;
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::stage::{PLATFORM, PLATFORM_V6};
use sim_core::topology::{Access, Destination, Direction, IpConfig, Kind, Peer, Relation, Topology, UserHop};

/// Whether the security group of `holder`, a subnet or a NIC in `subnet`, lets a packet pass. Without a group all pass.
#[must_use]
pub fn passes(net: &Topology, holder: NodeId, subnet: NodeId, direction: Direction, packet: &Tuple) -> bool {
    let Some(Kind::Nsg(group)) = net.target(holder, Relation::FilteredBy).map(|found| &found.kind) else { return true };
    let mut rules: Vec<_> = group.rules.iter().filter(|rule| rule.direction == direction).collect();
    rules.sort_by_key(|rule| rule.priority);
    for rule in rules {
        let ports = |ranges: &[sim_core::topology::PortRange], port: u16| {
            ranges.is_empty() || ranges.iter().any(|range| range.first <= port && port <= range.last)
        };
        let named = |peers: &[Peer], addr| peers.iter().any(|peer| names(net, subnet, peer, addr));
        let of_v6 = |protocol| protocol == Protocol::ICMP && packet.protocol == Protocol::ICMPV6;
        if rule.protocol.is_none_or(|protocol| protocol == packet.protocol || of_v6(protocol))
            && named(&rule.source, packet.src)
            && named(&rule.destination, packet.dst)
            && ports(&rule.source_ports, packet.src_port)
            && ports(&rule.destination_ports, packet.dst_port)
        {
            return rule.access == Access::Allow;
        }
    }
    let tag = |name: &str, addr| names(net, subnet, &Peer::Tag(name.into()), addr);
    match direction {
        Direction::Inbound if tag("VirtualNetwork", packet.src) && tag("VirtualNetwork", packet.dst) => true,
        Direction::Inbound => tag("AzureLoadBalancer", packet.src),
        Direction::Outbound if tag("VirtualNetwork", packet.src) && tag("VirtualNetwork", packet.dst) => true,
        Direction::Outbound => tag("Internet", packet.dst),
    }
}

/// Whether one side of a rule names an address, seen from a subnet.
fn names(net: &Topology, subnet: NodeId, peer: &Peer, addr: Addr) -> bool {
    match peer {
        Peer::Any => true,
        Peer::Prefix(prefix) => prefix.contains(addr),
        Peer::Asg(name) => net.find(name).is_some_and(|asg| {
            let members = net.referrers(asg.id, Relation::MemberOf);
            members
                .iter()
                .any(|member| matches!(member.kind, Kind::IpConfig(IpConfig { address, .. }) if address == Some(addr)))
        }),
        Peer::Tag(tag) => match &**tag {
            "VirtualNetwork" => in_virtual_network(net, subnet, addr),
            "AzureLoadBalancer" => addr == PLATFORM || addr == PLATFORM_V6 || is_translated(net, subnet, addr),
            "Internet" => !in_virtual_network(net, subnet, addr) && is_public(addr),
            tag => net.resources().any(|found| match &found.kind {
                Kind::InternetHost(host) => host.prefix.contains(addr) && host.tags.iter().any(|own| &**own == tag),
                _ => false,
            }),
        },
    }
}

/// The VNet's space, that of peers with access from both sides, what user routes send elsewhere than to the Internet or
/// nowhere, and the platform's address.
fn in_virtual_network(net: &Topology, subnet: NodeId, addr: Addr) -> bool {
    let vnet = net.vnet_of(subnet).expect("a subnet is in a VNet");
    let own = |kind: &Kind| matches!(kind, Kind::Vnet(vnet) if vnet.space.iter().any(|prefix| prefix.contains(addr)));
    let peers = net.peers(vnet.id);
    let routed = match net.target(subnet, Relation::RoutedBy).map(|found| &found.kind) {
        Some(Kind::RouteTable(table)) => table.routes.iter().any(|route| {
            matches!(&route.destination, Destination::Prefix(prefix) if prefix.contains(addr))
                && !matches!(route.next_hop, UserHop::Internet | UserHop::None)
        }),
        _ => false,
    };
    addr == PLATFORM
        || own(&vnet.kind)
        || routed
        || peers.iter().any(|peer| peer.local.access.value && peer.remote.access.value && own(&peer.vnet.kind))
}

/// Whether a private link service of the VNet translates to this address (azure-services 2.2: such packets carry both
/// tags).
fn is_translated(net: &Topology, subnet: NodeId, addr: Addr) -> bool {
    let vnet = net.vnet_of(subnet).map(|vnet| vnet.id);
    net.resources().any(|found| match &found.kind {
        Kind::LinkService(service) => {
            service.nat.contains(&Some(addr)) && net.vnet_of(found.id).map(|vnet| vnet.id) == vnet
        }
        _ => false,
    })
}

fn is_public(addr: Addr) -> bool {
    let never = ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"];
    let more = ["192.168.0.0/16", "224.0.0.0/4", "168.63.129.16/32", "fc00::/7", "fe80::/10", "ff00::/8"];
    !never.iter().chain(&more).any(|block| prefix(block).contains(addr))
}

/// The same for a private endpoint, where conditions on the source port count as any (azure-dataplane 1.9).
#[must_use]
pub fn passes_endpoint(net: &Topology, subnet: NodeId, packet: &Tuple) -> bool {
    let mut blind = net.clone();
    if let Some(group) = net.target(subnet, Relation::FilteredBy)
        && let Kind::Nsg(nsg) = &group.kind
    {
        let mut nsg = nsg.clone();
        nsg.rules.iter_mut().for_each(|rule| rule.source_ports.clear());
        let draft = sim_core::topology::Draft { kind: Kind::Nsg(nsg), ..net.draft_of(group) };
        blind.put(draft).expect("fewer conditions are still a group");
    }
    passes(&blind, subnet, subnet, Direction::Inbound, packet)
}
