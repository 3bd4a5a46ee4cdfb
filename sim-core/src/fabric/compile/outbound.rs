//! How each address reaches the Internet.

use super::Compiler;
use crate::fabric::{PortKind, Translator, TranslatorKind};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Prefix, Protocol};
use crate::stage::outbound::{Method, Outbound};
use crate::stage::protocols_of;
use crate::stage::snat::{Share, Snat, Source, default_ports};
use crate::topology::{BackendPool, IpConfig, Kind, OutboundRule, Relation, Resource, Sku, Subnet};

/// Most addresses of a NAT gateway, and of a prefix (azure-dataplane 4.2).
const MOST_ADDRESSES: usize = 16;

impl Compiler<'_> {
    /// The outbound method of an address, and the one it would have without the subnet's NAT gateway.
    ///
    /// Rule `outbound-order`: A NAT gateway comes before the NIC's own public address, that before a balancer's rules, those
    /// before default outbound access; a default route to an appliance or gateway before all. Source: azure-dataplane 4.1.
    ///
    /// Rule `ipv6-outbound`: an IPv6 address reaches the Internet by its own public address, by IPv6 frontends, or by a NAT
    /// gateway of the second version with IPv6 addresses; there is no default outbound access for it. Source:
    /// azure-dataplane 4.2, 4.4.
    pub(super) fn outbound(&self, config: NodeId, subnet: NodeId, has_public: bool) -> Outbound {
        let beside_gateway = if has_public { Method::PublicIp } else { self.by_balancer(config, subnet) };
        let v6 = self.is_v6(config);
        let gateway = self.topology.target(subnet, Relation::TranslatedBy);
        let gateway = gateway.filter(|gateway| !v6 || self.translates_v6(gateway));
        let method = gateway.map_or(beside_gateway, |gateway| Method::NatGateway(PortId(gateway.id.0)));
        Outbound { method, beside_gateway }
    }

    fn is_v6(&self, config: NodeId) -> bool {
        matches!(self.topology.get(config).map(|found| &found.kind), Some(Kind::IpConfig(IpConfig { v6: true, .. })))
    }

    fn translates_v6(&self, gateway: &Resource) -> bool {
        let v2 = matches!(&gateway.kind, Kind::NatGateway(it) if it.v2);
        let addresses = self.topology.targets(gateway.id, Relation::Uses);
        v2 && addresses.iter().any(|address| matches!(&address.kind, Kind::PublicIp(it) if it.v6))
    }

    fn by_balancer(&self, config: NodeId, subnet: NodeId) -> Method {
        let (mut tcp, mut udp) = (None, None);
        for (frontend, only) in self.translating(config) {
            let by = Some(PortId(frontend.0));
            tcp = tcp.or(by.filter(|_| protocols_of(only).contains(Protocol::TCP)));
            udp = udp.or(by.filter(|_| protocols_of(only).contains(Protocol::UDP)));
        }
        if tcp.is_some() || udp.is_some() {
            return Method::Balancer { tcp, udp };
        }
        let Some(Kind::Subnet(Subnet { default_outbound, .. })) = self.topology.get(subnet).map(|found| &found.kind)
        else {
            return Method::Nothing;
        };
        if default_outbound.value && !self.is_explicit(config) && !self.is_v6(config) {
            Method::Default(PortId(subnet.0))
        } else {
            Method::Nothing
        }
    }

    /// The frontends that translate what an address sends, each with the only protocol that it does so for. What an outbound
    /// rule says goes before what balancing rules imply.
    ///
    /// Rule `snat-implied`: A balancing rule at a public frontend translates what its pool sends, for its own protocol, unless
    /// it has `disableOutboundSnat`; NAT rules translate nothing. Only the NIC's primary address is translated, and pools of
    /// addresses by outbound rules alone. Source: azure-dataplane 3.11.
    fn translating(&self, config: NodeId) -> Vec<(NodeId, Option<Protocol>)> {
        let mut found: Vec<(u8, NodeId, Option<Protocol>)> = Vec::new();
        let v6 = self.is_v6(config);
        if !matches!(
            self.topology.get(config).map(|found| &found.kind),
            Some(Kind::IpConfig(IpConfig { primary, v6, .. })) if *primary || *v6
        ) {
            return Vec::new();
        }
        for pool in self.topology.targets(config, Relation::MemberOf) {
            let by_address = matches!(pool.kind, Kind::BackendPool(BackendPool { by_address: true }));
            for rule in self.topology.referrers(pool.id, Relation::Sends) {
                let Some(frontend) = self.topology.target(rule.id, Relation::Listens) else { continue };
                let public = self.topology.target(frontend.id, Relation::Uses);
                if !public.is_some_and(|public| matches!(&public.kind, Kind::PublicIp(it) if it.v6 == v6)) {
                    continue;
                }
                match &rule.kind {
                    Kind::OutboundRule(rule) => found.push((0, frontend.id, rule.protocol)),
                    Kind::BalancingRule(rule) if !rule.disable_outbound_snat && !by_address => {
                        found.push((1, frontend.id, rule.protocol));
                    }
                    _ => {}
                }
            }
        }
        found.sort_by_key(|(order, ..)| *order);
        found.into_iter().map(|(_, frontend, only)| (frontend, only)).collect()
    }

    /// Whether something takes default outbound access from the machine of an address.
    ///
    /// Rule `outbound-default-taken`: A machine in a pool of a Standard balancer has no default outbound access, by whichever
    /// of its NICs, and neither has one with a public IPv4 address or behind a rule with `disableOutboundSnat`; pools of addresses
    /// do not take it. Source: azure-dataplane 3.11, 4.4.
    fn is_explicit(&self, config: NodeId) -> bool {
        let machine = self.topology.machine_of(config);
        let all = machine.map(|machine| self.topology.addresses_of(machine.id)).unwrap_or_default();
        let others = all.into_iter().map(|(id, _)| id).filter(|id| *id != config);
        std::iter::once(config).chain(others).any(|id| {
            let public = self.topology.target(id, Relation::Uses);
            public.is_some_and(|public| matches!(&public.kind, Kind::PublicIp(it) if !it.v6))
                || self.topology.targets(id, Relation::MemberOf).into_iter().any(|pool| self.takes_default(pool))
        })
    }

    fn takes_default(&self, pool: &Resource) -> bool {
        if !matches!(pool.kind, Kind::BackendPool(BackendPool { by_address: false })) {
            return false;
        }
        let Some(balancer) = self.topology.target(pool.id, Relation::PartOf) else { return false };
        let standard = matches!(&balancer.kind, Kind::LoadBalancer(balancer) if balancer.sku.value != Sku::Basic);
        let public = |rule: &Resource| {
            let frontend = self.topology.target(rule.id, Relation::Listens);
            frontend.is_some_and(|frontend| self.topology.target(frontend.id, Relation::Uses).is_some())
        };
        let silent = |rule: &&Resource| {
            matches!(&rule.kind, Kind::BalancingRule(it) if it.disable_outbound_snat) && public(rule)
        };
        standard || self.topology.referrers(pool.id, Relation::Sends).iter().any(silent)
    }

    /// How the frontend translates what its pools send, what outbound rules say first; and the frontends that know the
    /// flows which other outbound rules translate to this one's address.
    pub(super) fn snats(&self, frontend: NodeId) -> (Vec<Snat>, Vec<PortId>) {
        let (mut said, mut implied, mut homes) = (Vec::new(), Vec::new(), Vec::new());
        for rule in self.topology.referrers(frontend, Relation::Listens) {
            match &rule.kind {
                Kind::OutboundRule(attributes) => {
                    let fronts = self.topology.targets(rule.id, Relation::Listens);
                    match fronts.first() {
                        Some(first) if first.id == frontend => said.push(self.by_rule(rule, attributes, &fronts)),
                        Some(first) => homes.push(PortId(first.id.0)),
                        None => {}
                    }
                }
                Kind::BalancingRule(attributes) if !attributes.disable_outbound_snat => {
                    let members = self.members(rule);
                    let share = Share::Members { ports: default_ports(members.len()), members, everywhere: true };
                    implied.push(Snat {
                        node: rule.id,
                        protocol: attributes.protocol,
                        addresses: self.sources(frontend),
                        share,
                        idle_minutes: None,
                        tcp_reset: false,
                    });
                }
                _ => {}
            }
        }
        said.extend(implied);
        (said, homes)
    }

    /// Rule `snat-manual-ports`: An outbound rule gives each member of its pool as many ports as it says, of all its addresses
    /// together; 0 is by the size of the pool, for each address. Source: azure-dataplane 3.11.
    fn by_rule(&self, rule: &Resource, attributes: &OutboundRule, fronts: &[&Resource]) -> Snat {
        let members = self.members(rule);
        let asked = attributes.ports.value;
        let ports = if asked == 0 { default_ports(members.len()) } else { asked };
        Snat {
            node: rule.id,
            protocol: attributes.protocol,
            addresses: fronts.iter().flat_map(|front| self.sources(front.id)).collect(),
            share: Share::Members { members, ports, everywhere: asked == 0 },
            idle_minutes: Some(attributes.idle_minutes.value),
            tcp_reset: attributes.tcp_reset,
        }
    }

    /// The public addresses of a frontend, each without the ports that rules of the frontend take.
    ///
    /// Rule `snat-rules-take-blocks`: Every balancing and NAT rule takes the block of eight ports that its own is in from those
    /// that are given out; rules share blocks. Source: azure-dataplane 3.11.
    fn sources(&self, frontend: NodeId) -> Vec<Source> {
        let mut blocked = Vec::new();
        for rule in self.topology.referrers(frontend, Relation::Listens) {
            match &rule.kind {
                Kind::BalancingRule(rule) => blocked.extend(Source::block_of(rule.frontend_port)),
                Kind::InboundNatRule(rule) => {
                    let (first, last) = (rule.frontend_ports.first, rule.frontend_ports.last);
                    let from = Source::block_of(first).or(Source::block_of(last).map(|_| 0));
                    blocked.extend(from.into_iter().flat_map(|from| from..=Source::block_of(last).unwrap_or(from)));
                }
                _ => {}
            }
        }
        blocked.sort_unstable();
        blocked.dedup();
        let addresses = self.public_addresses(frontend).into_iter();
        addresses.map(|address| Source { address, blocked: blocked.clone() }).collect()
    }

    /// The public addresses that a resource uses: single ones, and all of prefixes.
    pub(super) fn public_addresses(&self, user: NodeId) -> Vec<Addr> {
        let each = |found: &Resource| match &found.kind {
            Kind::PublicIp(public) => match public.prefix {
                Some(prefix) => hosts(prefix),
                None => public.address.into_iter().collect(),
            },
            _ => Vec::new(),
        };
        self.topology.targets(user, Relation::Uses).into_iter().flat_map(each).take(MOST_ADDRESSES).collect()
    }

    /// Rule `nat-gateway-addresses`: A NAT gateway translates to up to 16 addresses, single ones and those of prefixes, with
    /// 64,512 ports each, on demand. Source: azure-dataplane 4.2.
    pub(super) fn nat_gateway(&self, id: NodeId, idle_minutes: Option<u16>) -> PortKind {
        let addresses = self.public_addresses(id);
        translator(TranslatorKind::NatGateway, id, addresses, Share::Random, idle_minutes)
    }

    /// The translator of a subnet's default outbound access.
    pub(super) fn default_outbound(&self, subnet: NodeId) -> PortKind {
        let addresses = vec![default_outbound_address(subnet)];
        translator(TranslatorKind::Default, subnet, addresses, Share::Own, None)
    }
}

fn translator(
    kind: TranslatorKind,
    node: NodeId,
    addresses: Vec<Addr>,
    share: Share,
    idle_minutes: Option<u16>,
) -> PortKind {
    let snat = Snat { idle_minutes, ..Snat::to(node, addresses, share) };
    PortKind::Translator(Translator { kind, snat })
}

fn hosts(prefix: Prefix) -> Vec<Addr> {
    let count = prefix.size().min(MOST_ADDRESSES as u128);
    (0..count).map(|n| prefix.first().plus(n)).collect()
}

/// A stand-in for the address that Microsoft owns and gives to a subnet's default outbound access (azure-dataplane 4.4):
/// from class E, by the subnet's number.
fn default_outbound_address(subnet: NodeId) -> Addr {
    Addr::v4(241, 0, 0, 0).plus(u128::from(subnet.0 & 0xff_ffff))
}
