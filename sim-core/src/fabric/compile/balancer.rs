//! Frontends of load balancers with their rules and backends.

use super::Compiler;
use crate::fabric::FrontendPort;
use crate::id::{NodeId, PortId};
use crate::net::Addr;
use crate::stage::balancer::{Member, Rule};
use crate::stage::idle::DEFAULT_MINUTES;
use crate::topology::{BalancingRule, Distribution, InboundNatRule, Kind, Relation, Resource};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Compiler<'_> {
    pub(super) fn frontend(&self, id: NodeId, address: Addr) -> Option<FrontendPort> {
        let balancer = self.topology.target(id, Relation::PartOf)?;
        let Kind::LoadBalancer(attributes) = &balancer.kind else { return None };
        let public = self.topology.target(id, Relation::Uses);
        // An address without a figure has Azure's default (azure-dataplane 3.7).
        let idle_minutes = public.map(|found| match &found.kind {
            Kind::PublicIp(public) => (found.id, public.idle_minutes.value.unwrap_or(DEFAULT_MINUTES)),
            _ => (found.id, DEFAULT_MINUTES),
        });
        let rules = self.topology.referrers(id, Relation::Listens);
        let (snats, homes) = if public.is_some() { self.snats(id) } else { Default::default() };
        Some(FrontendPort {
            balancer: balancer.id,
            address,
            public: public.is_some(),
            sku: attributes.sku.value,
            rules: rules
                .into_iter()
                .flat_map(|rule| self.rules_of(rule))
                .map(|rule| of_family(rule, address))
                .collect(),
            addresses: self.public_addresses(id),
            idle_minutes,
            snats,
            homes,
            chained: self.topology.target(id, Relation::ChainedTo).map(|to| PortId(to.id.0)),
            global: attributes.global,
            of_service: attributes.of_service,
        })
    }

    /// What a rule is at its frontend: one rule, or one for each member.
    fn rules_of(&self, resource: &Resource) -> Vec<Rule> {
        match &resource.kind {
            Kind::BalancingRule(rule) => vec![self.balancing(resource, rule)],
            Kind::InboundNatRule(rule) => self.inbound_nat(resource, rule),
            _ => Vec::new(),
        }
    }

    fn balancing(&self, resource: &Resource, rule: &BalancingRule) -> Rule {
        let probe = self.topology.target(resource.id, Relation::Checks);
        let members = self.members(resource);
        Rule {
            node: resource.id,
            protocol: rule.protocol,
            frontend_port: rule.frontend_port,
            backend_port: rule.backend_port,
            distribution: rule.distribution,
            idle_minutes: rule.idle_minutes.value,
            tcp_reset: rule.tcp_reset,
            floating_ip: rule.floating_ip,
            probe: probe.map(|probe| probe.id),
            all_down_is_up: probe.is_some_and(|it| matches!(&it.kind, Kind::Probe(probe) if probe.all_down_is_up)),
            nearest: self.nearest(&members),
            members,
        }
    }

    /// Rule `balancer-nat-rules`: An inbound NAT rule leads from its frontend port to one machine's port; one for a pool gives
    /// each member a frontend port of its range, which the member keeps while others go. Source: azure-dataplane 3.8.
    fn inbound_nat(&self, resource: &Resource, rule: &InboundNatRule) -> Vec<Rule> {
        let one = |frontend_port: u16, member: Member| Rule {
            node: resource.id,
            protocol: rule.protocol,
            frontend_port,
            backend_port: rule.backend_port,
            distribution: Distribution::FiveTuple,
            idle_minutes: rule.idle_minutes.value,
            tcp_reset: rule.tcp_reset,
            floating_ip: rule.floating_ip,
            probe: None,
            all_down_is_up: false,
            members: vec![member],
            nearest: Vec::new(),
        };
        let sends = self.topology.targets(resource.id, Relation::Sends).into_iter();
        let single = sends.filter_map(member).map(|member| one(rule.frontend_ports.first, member));
        let given = rule.given.iter().filter_map(|(name, port)| {
            let found = self.topology.find(name).and_then(member)?;
            Some(one(*port, found))
        });
        single.chain(given).collect()
    }

    /// The members of a rule's pools, in the order they came: addresses of NICs, or frontends of regional balancers.
    pub(super) fn members(&self, rule: &Resource) -> Vec<Member> {
        let pools = self.topology.targets(rule.id, Relation::Sends).into_iter();
        pools.flat_map(|pool| self.topology.referrers(pool.id, Relation::MemberOf)).filter_map(member).collect()
    }

    /// The places of a global balancer's members, nearest first, from each region that the data knows. Empty for members
    /// that are no frontends.
    fn nearest(&self, members: &[Member]) -> Vec<(Arc<str>, Vec<u32>)> {
        let region = |member: &Member| -> Option<Arc<str>> {
            let node = NodeId(member.port.0);
            let balancer = self.topology.target(node, Relation::PartOf)?;
            match (&self.topology.get(node)?.kind, &balancer.kind) {
                (Kind::Frontend(_), Kind::LoadBalancer(balancer)) => Some(balancer.region.clone()),
                _ => None,
            }
        };
        let Some(regions) = members.iter().map(region).collect::<Option<Vec<_>>>() else { return Vec::new() };
        let delays = &self.facts.delays;
        let clients: BTreeSet<&Arc<str>> = delays.regions.keys().map(|(from, _)| from).chain(&regions).collect();
        let from = |client: &Arc<str>| {
            let far = |place: &u32| {
                let to = &regions[*place as usize];
                let known = delays.regions.get(&(client.clone(), to.clone())).copied();
                (client != to, known.unwrap_or(delays.unknown_regions), *place)
            };
            let mut order: Vec<u32> = (0..).take(members.len()).collect();
            order.sort_by_key(far);
            (client.clone(), order)
        };
        // The first stands for clients of whom nothing is known.
        let as_given = (Arc::from(""), (0..).take(members.len()).collect());
        if members.is_empty() {
            Vec::new()
        } else {
            std::iter::once(as_given).chain(clients.into_iter().map(from)).collect()
        }
    }
}

fn member(found: &Resource) -> Option<Member> {
    let address = match &found.kind {
        Kind::IpConfig(config) => config.address,
        Kind::Frontend(frontend) => frontend.address,
        _ => None,
    };
    address.map(|address| Member { port: PortId(found.id.0), address })
}

/// Rule `ipv6-balancer-family`: a frontend sends to backends of its own address family alone. Source: azure-dataplane 3.1,
/// 3.5.
fn of_family(mut rule: Rule, frontend: Addr) -> Rule {
    // The places of a global balancer's members are counted, and those are frontends.
    if rule.nearest.is_empty() {
        rule.members.retain(|member| member.address.is_v4() == frontend.is_v4());
    }
    rule
}
