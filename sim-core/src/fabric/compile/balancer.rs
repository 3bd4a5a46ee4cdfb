//! Frontends of load balancers with their rules and backends.

use super::Compiler;
use crate::fabric::FrontendPort;
use crate::id::{NodeId, PortId};
use crate::net::Addr;
use crate::stage::balancer;
use crate::topology::{Distribution, Kind, Relation, Resource};

impl Compiler<'_> {
    pub(super) fn frontend(&self, id: NodeId, address: Addr) -> Option<FrontendPort> {
        let balancer = self.topology.target(id, Relation::PartOf)?;
        let Kind::LoadBalancer(attributes) = &balancer.kind else { return None };
        let rules = self.topology.referrers(id, Relation::Listens);
        Some(FrontendPort {
            balancer: balancer.id,
            address,
            public: self.topology.target(id, Relation::Uses).is_some(),
            sku: attributes.sku.value,
            rules: rules.into_iter().filter_map(|rule| self.rule(rule)).collect(),
        })
    }

    /// Rule `balancer-nat-rules`: an inbound NAT rule leads from its frontend port to one machine's port. Source:
    /// azure-dataplane 3.8.
    fn rule(&self, resource: &Resource) -> Option<balancer::Rule> {
        let sends = self.topology.targets(resource.id, Relation::Sends);
        let member = |config: &Resource| match &config.kind {
            Kind::IpConfig(attributes) => {
                attributes.address.map(|address| balancer::Member { port: PortId(config.id.0), address })
            }
            _ => None,
        };
        let base = balancer::Rule {
            node: resource.id,
            protocol: None,
            frontend_port: 0,
            backend_port: 0,
            distribution: Distribution::FiveTuple,
            idle_minutes: 4,
            floating_ip: false,
            probe: None,
            members: Vec::new(),
        };
        match &resource.kind {
            Kind::BalancingRule(rule) => Some(balancer::Rule {
                protocol: rule.protocol,
                frontend_port: rule.frontend_port,
                backend_port: rule.backend_port,
                distribution: rule.distribution,
                idle_minutes: rule.idle_minutes,
                floating_ip: rule.floating_ip,
                probe: self.topology.target(resource.id, Relation::Checks).map(|probe| probe.id),
                members: sends
                    .iter()
                    .flat_map(|pool| self.topology.referrers(pool.id, Relation::MemberOf))
                    .filter_map(member)
                    .collect(),
                ..base
            }),
            Kind::InboundNatRule(rule) => Some(balancer::Rule {
                protocol: rule.protocol,
                frontend_port: rule.frontend_ports.first,
                backend_port: rule.backend_port,
                members: sends.into_iter().filter_map(member).collect(),
                ..base
            }),
            _ => None,
        }
    }
}
