//! Firewalls with the rules of their policies.

use super::Compiler;
use crate::fabric::{FirewallPort, NicPort};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Prefix};
use crate::set::AddrSet;
use crate::stage::firewall::{CompiledFirewall, NamedHost, Words};
use crate::stage::outbound::{Method, Outbound};
use crate::topology::{Firewall, FirewallPolicy, Kind, Relation, RuleCollection};

/// Policies inherit from one another; Azure has two levels, and a circle must end.
const DEEPEST: usize = 8;

impl Compiler<'_> {
    pub(super) fn firewall(&mut self, id: NodeId, attributes: &Firewall) -> Option<FirewallPort> {
        let address = attributes.address?;
        let (node, _) = self.topology.subnet_of(id)?;
        let subnet = self.subnet(node.id)?;
        let policies = self.policies(id);
        let mut holders: Vec<(NodeId, &[RuleCollection])> =
            policies.iter().map(|(id, policy)| (*id, policy.collections.as_slice())).collect();
        if holders.is_empty() {
            holders.push((id, &attributes.collections));
        }
        let words = Words { tags: &self.tags, context: &subnet.tags, hosts: &self.named_hosts() };
        let rules = CompiledFirewall::new(&holders, words);
        let own = policies.last().map_or(&attributes.no_translation, |(_, policy)| &policy.no_translation);
        let public = self.topology.targets(id, Relation::Uses).into_iter().filter_map(|found| match &found.kind {
            Kind::PublicIp(public) => public.address,
            _ => None,
        });
        let gateway = self.topology.target(node.id, Relation::TranslatedBy).map(|found| PortId(found.id.0));
        let method = gateway.map_or(Method::Nothing, Method::NatGateway);
        Some(FirewallPort {
            public: public.collect(),
            rules,
            no_translation: own.as_deref().map_or_else(private_ranges, |own| own.iter().copied().collect()),
            interface: NicPort {
                address,
                machine: None,
                nsg: None,
                ip_forwarding: true,
                guest_forwards: true,
                siblings: AddrSet::empty(),
                public: None,
                outbound: Outbound { method, beside_gateway: method },
                connections: None,
                chained: None,
                subnet,
            },
        })
    }

    /// A firewall's policies, those inherited from first.
    fn policies(&self, firewall: NodeId) -> Vec<(NodeId, &FirewallPolicy)> {
        let mut found = Vec::new();
        let mut at = firewall;
        while let Some(next) = self.topology.target(at, Relation::GovernedBy) {
            let Kind::FirewallPolicy(policy) = &next.kind else { break };
            if found.len() == DEEPEST {
                break;
            }
            found.push((next.id, policy));
            at = next.id;
        }
        found.reverse();
        found
    }

    fn named_hosts(&self) -> Vec<NamedHost<'_>> {
        let hosts = self.topology.resources().filter_map(|found| match &found.kind {
            Kind::InternetHost(host) => Some(NamedHost { prefix: host.prefix, names: &host.names }),
            _ => None,
        });
        hosts.filter(|host| !host.names.is_empty()).collect()
    }
}

/// Rule `firewall-private-ranges`: unless the policy names other ranges, network rules do not translate a flow to RFC
/// 1918 or RFC 6598 addresses. Source: learn azure/firewall/snat-private-range.
fn private_ranges() -> AddrSet {
    let blocks = [
        Prefix::new(Addr::v4(10, 0, 0, 0), 8),
        Prefix::new(Addr::v4(172, 16, 0, 0), 12),
        Prefix::new(Addr::v4(192, 168, 0, 0), 16),
        Prefix::new(Addr::v4(100, 64, 0, 0), 10),
    ];
    blocks.into_iter().flatten().collect()
}
