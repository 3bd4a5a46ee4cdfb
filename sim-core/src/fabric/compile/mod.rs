//! From the declared network to what packets meet.

mod admin;
mod balancer;
mod exchange;
mod firewall;
mod gateway;
mod names;
mod network;
mod outbound;
mod port;
mod route;

use super::change::{Touch, touch};
use super::{Addresses, ContextId, Fabric, Facts, FixedMap, PortKind, SiteContext, SubnetContext};
use crate::id::{NodeId, PortId};
use crate::set::AddrSet;
use crate::stage::admin::CompiledAdmin;
use crate::stage::security::CompiledGroup;
use crate::stage::tag::{TagContext, TagTable, region_at};
use crate::topology::{Kind, Nsg, Relation, Topology};
use exchange::Exchange;
pub(super) use names::names;
use network::Network;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Compiles what is asked for, and keeps what is asked for twice.
pub(super) struct Compiler<'a> {
    topology: &'a Topology,
    facts: &'a Facts,
    tags: Arc<TagTable>,
    exchange: OnceCell<Exchange>,
    networks: FixedMap<NodeId, Arc<Network>>,
    sites: FixedMap<NodeId, Arc<SiteContext>>,
    /// Tags that routes name and of which nothing is known, with who names them.
    unknown_tags: BTreeMap<Arc<str>, BTreeSet<NodeId>>,
    contexts: FixedMap<Arc<TagContext>, ContextId>,
    pub(super) subnets: Arc<FixedMap<NodeId, Arc<SubnetContext>>>,
    pub(super) groups: Arc<FixedMap<(NodeId, ContextId), Arc<CompiledGroup>>>,
    /// Admin rules, by VNet and meaning of the tags.
    admins: FixedMap<(NodeId, ContextId), Option<Arc<CompiledAdmin>>>,
}

impl Fabric {
    /// Compiles a version of the data plane from nothing.
    #[must_use]
    pub fn compile(topology: &Topology, facts: &Arc<Facts>, epoch: u32) -> Self {
        let mut compiler = Compiler::new(topology, facts, Arc::new(tag_table(topology, facts)));
        let mut ports = vec![None; topology.id_limit()];
        let mut touches = vec![Touch::Nothing; topology.id_limit()];
        let mut addresses = Addresses::default();
        for resource in topology.resources() {
            touches[resource.id.index()] = touch(topology, resource);
            if let Kind::Subnet(subnet) = &resource.kind
                && let Some(vnet) = topology.vnet_of(resource.id)
            {
                addresses.silence(vnet.id, subnet);
            }
            if let Some(port) = compiler.port(resource) {
                addresses.enlist(port.id, port.place.vnet, &port.kind);
                compiler.guard(&port.kind);
                ports[resource.id.index()] = Some(Arc::new(port));
            }
        }
        Self {
            epoch,
            ports: Arc::new(ports),
            addresses: Arc::new(addresses),
            subnets: compiler.subnets,
            groups: compiler.groups,
            tags: compiler.tags,
            facts: facts.clone(),
            names: Arc::new(names(topology, facts.choices)),
            unknown_tags: Arc::new(compiler.unknown_tags),
            touches: Arc::new(touches),
        }
    }
}

impl<'a> Compiler<'a> {
    pub(super) fn new(topology: &'a Topology, facts: &'a Facts, tags: Arc<TagTable>) -> Self {
        Self {
            topology,
            facts,
            tags,
            exchange: OnceCell::new(),
            networks: FixedMap::default(),
            sites: FixedMap::default(),
            unknown_tags: BTreeMap::new(),
            contexts: FixedMap::default(),
            subnets: Arc::default(),
            groups: Arc::default(),
            admins: FixedMap::default(),
        }
    }

    /// Compiles the security groups that a port is the first to meet, for the tags of its subnet.
    pub(super) fn guard(&mut self, port: &PortKind) {
        let (subnet, own) = match port {
            PortKind::Nic(nic) => (&nic.subnet, nic.nsg),
            PortKind::Endpoint(endpoint) => (&endpoint.subnet, endpoint.nsg),
            _ => return,
        };
        for nsg in [subnet.nsg, own].into_iter().flatten() {
            let key = (nsg, subnet.context);
            if !self.groups.contains_key(&key)
                && let Some(rules) = self.rules(nsg, &subnet.tags)
            {
                Arc::make_mut(&mut self.groups).insert(key, rules);
            }
        }
    }

    /// A security group, compiled for one meaning of the tags.
    pub(super) fn rules(&self, nsg: NodeId, tags: &TagContext) -> Option<Arc<CompiledGroup>> {
        let Kind::Nsg(group) = &self.topology.get(nsg)?.kind else { return None };
        Some(Arc::new(self.compiled(group, tags)))
    }

    fn compiled(&self, group: &Nsg, tags: &TagContext) -> CompiledGroup {
        let members = |name: &str| -> AddrSet {
            let Some(asg) = self.topology.find(name) else { return AddrSet::empty() };
            let configs = self.topology.referrers(asg.id, Relation::MemberOf).into_iter();
            let address = |config: &crate::topology::Resource| match &config.kind {
                Kind::IpConfig(attributes) => attributes.address.map(|addr| (addr, addr)),
                _ => None,
            };
            configs.filter_map(address).collect()
        };
        CompiledGroup::new(group, &self.tags, tags, members)
    }

    /// Compiles the port of a resource again, or what is left of it.
    pub(super) fn port_of(&mut self, id: PortId) -> Option<super::Port> {
        let topology = self.topology;
        topology.get(NodeId(id.0)).and_then(|resource| self.port(resource))
    }
}

/// Tags as the facts give them, and the hosts of the Internet that carry a tag.
fn tag_table(topology: &Topology, facts: &Facts) -> TagTable {
    let mut tags = facts.tags.clone();
    for resource in topology.resources() {
        if let Kind::InternetHost(host) = &resource.kind {
            let set: AddrSet = [host.prefix].into_iter().collect();
            for tag in &host.tags {
                match &host.region {
                    // A host's own region is as good as a regional tag; the tag itself then holds it, too.
                    Some(region) if region_at(tag).is_none() => tags.add(&format!("{tag}.{region}"), &set),
                    _ => tags.add(tag, &set),
                }
            }
        }
    }
    tags
}
