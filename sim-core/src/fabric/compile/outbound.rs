//! How each address reaches the Internet.

use super::Compiler;
use crate::fabric::{Outbound, PortKind, Translator, TranslatorKind};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Protocol};
use crate::topology::{Kind, Relation, Sku};

impl Compiler<'_> {
    /// azure-dataplane 4.1: NAT gateway, own address, balancer, default outbound; 3.11: a Standard internal balancer
    /// takes default outbound away, and so does a rule of a public one that is not to translate.
    ///
    /// Rule `outbound-order`: a NAT gateway comes before the NIC's own public address, that before a balancer's rules,
    /// those before default outbound access; a default route to an appliance or gateway before all. Source:
    /// azure-dataplane 4.1.
    ///
    /// Rule `outbound-default-taken`: a machine in a pool of a Standard balancer, or behind a public rule with
    /// `disableOutboundSnat`, has no default outbound access. Source: azure-dataplane 3.11, 4.4.
    ///
    /// Rule `snat-implied`: a balancing rule at a public frontend translates what its pool sends, for its own protocol,
    /// unless it has `disableOutboundSnat`; NAT rules translate nothing. Source: azure-dataplane 3.11.
    pub(super) fn outbound(&self, config: NodeId, subnet: NodeId, has_public: bool) -> Outbound {
        if let Some(gateway) = self.topology.target(subnet, Relation::TranslatedBy) {
            return Outbound::NatGateway(PortId(gateway.id.0));
        }
        if has_public {
            return Outbound::PublicIp;
        }
        let mut no_default = false;
        let (mut tcp, mut udp) = (None, None);
        for pool in self.topology.targets(config, Relation::MemberOf) {
            let Some(balancer) = self.topology.target(pool.id, Relation::PartOf) else { continue };
            let Kind::LoadBalancer(attributes) = &balancer.kind else { continue };
            let mut rules = self.topology.referrers(pool.id, Relation::Sends);
            // What an outbound rule says goes before what balancing rules imply.
            rules.sort_by_key(|rule| !matches!(rule.kind, Kind::OutboundRule(_)));
            for rule in rules {
                let Some(frontend) = self.topology.target(rule.id, Relation::Listens) else { continue };
                if self.topology.target(frontend.id, Relation::Uses).is_none() {
                    continue;
                }
                let only = match &rule.kind {
                    Kind::BalancingRule(rule) if rule.disable_outbound_snat => {
                        no_default = true;
                        continue;
                    }
                    Kind::BalancingRule(rule) => rule.protocol,
                    _ => None,
                };
                let by = Some(PortId(frontend.id.0));
                tcp = tcp.or(by.filter(|_| only.is_none_or(|only| only == Protocol::TCP)));
                udp = udp.or(by.filter(|_| only.is_none_or(|only| only == Protocol::UDP)));
            }
            no_default |= attributes.sku.value == Sku::Standard;
        }
        if tcp.is_some() || udp.is_some() {
            return Outbound::Balancer { tcp, udp };
        }
        let access = match self.topology.get(subnet).map(|found| &found.kind) {
            Some(Kind::Subnet(subnet)) => subnet.default_outbound.value,
            _ => false,
        };
        if access && !no_default { Outbound::Default(PortId(subnet.0)) } else { Outbound::Nothing }
    }

    pub(super) fn nat_gateway(&self, id: NodeId) -> PortKind {
        let addresses = self.topology.targets(id, Relation::Uses).into_iter().filter_map(|found| match &found.kind {
            Kind::PublicIp(public) => public.address,
            _ => None,
        });
        PortKind::Translator(Translator { kind: TranslatorKind::NatGateway, addresses: addresses.collect() })
    }

    /// The translator of a subnet's default outbound access.
    pub(super) fn default_outbound(&self, subnet: NodeId) -> PortKind {
        let addresses = vec![default_outbound_address(subnet)];
        PortKind::Translator(Translator { kind: TranslatorKind::Default, addresses })
    }
}

/// A stand-in for the address that Microsoft owns and gives to a subnet's default outbound access (azure-dataplane 4.4):
/// from class E, by the subnet's number.
fn default_outbound_address(subnet: NodeId) -> Addr {
    Addr::v4(241, 0, 0, 0).plus(u128::from(subnet.0 & 0xff_ffff))
}
