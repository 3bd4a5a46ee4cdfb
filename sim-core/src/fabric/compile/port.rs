//! Ports, from their resources.

use super::Compiler;
use crate::fabric::{EndpointPort, LinkServicePort, NicPort, Place, Port, PortKind, PublicAddress};
use crate::id::{NodeId, PortId};
use crate::net::Addr;
use crate::set::AddrSet;
use crate::stage::guard::CompiledGuard;
use crate::stage::idle::DEFAULT_MINUTES;
use crate::topology::{EndpointMember, Kind, Relation, Resource, SubnetRule};
use std::sync::Arc;

impl Compiler<'_> {
    /// The port of a resource, if it has one.
    ///
    /// Rule `endpoint-rules`: a private endpoint's own subnet's security group counts where the subnet's policy says
    /// so, and not by default. Source: azure-dataplane 1.9.
    pub(super) fn port(&mut self, resource: &Resource) -> Option<Port> {
        let id = resource.id;
        let kind = match &resource.kind {
            Kind::IpConfig(config) => PortKind::Nic(self.nic(id, config.address?)?),
            Kind::Frontend(frontend) => PortKind::Frontend(self.frontend(id, frontend.address?)?),
            Kind::PrivateEndpoint(endpoint) => {
                let (node, attributes) = self.topology.subnet_of(id)?;
                let policy = attributes.endpoint_policies.value.security;
                let subnet = self.subnet(node.id)?;
                let target = self.topology.target(id, Relation::Target);
                let member = |member: &EndpointMember| {
                    Some((member.address?, target.and_then(|it| self.part(it, &member.member))))
                };
                PortKind::Endpoint(EndpointPort {
                    members: endpoint.members.iter().filter_map(member).collect(),
                    nsg: subnet.nsg.filter(|_| policy),
                    state: endpoint.state,
                    subnet,
                })
            }
            Kind::LinkService(service) => {
                let frontend = self.topology.target(id, Relation::Listens);
                let address = frontend.and_then(|found| match &found.kind {
                    Kind::Frontend(frontend) => frontend.address.map(|addr| (PortId(found.id.0), addr)),
                    _ => None,
                });
                let nat = service.nat.iter().flatten().copied().collect();
                PortKind::LinkService(LinkServicePort { nat, frontend: address })
            }
            Kind::InternetHost(host) => PortKind::Internet {
                prefix: host.prefix,
                guard: self.guard_of(id),
                private: host.private,
                trusted: host.trusted,
            },
            Kind::Gateway(_) => PortKind::Gateway(self.gateway(id)?),
            Kind::OnPremisesHost(host) => PortKind::OnPremises(self.site_host(id, host)?),
            Kind::Vnet(_) => PortKind::Platform { vnet: id },
            Kind::NatGateway(gateway) => self.nat_gateway(id, gateway.idle_minutes.value),
            Kind::Firewall(firewall) => PortKind::Firewall(Box::new(self.firewall(id, firewall)?)),
            Kind::Subnet(_) => self.default_outbound(id),
            _ => return None,
        };
        Some(Port { id: PortId(id.0), place: self.place(resource), kind })
    }

    /// Where a private endpoint's address for this part of a resource leads: the front that is that part, or a private
    /// link service.
    fn part(&self, target: &Resource, member: &str) -> Option<PortId> {
        if !matches!(target.kind, Kind::Service(_)) {
            return Some(PortId(target.id.0));
        }
        let fronts = self.topology.referrers(target.id, Relation::PartOf).into_iter();
        let is_it = |front: &&Resource| matches!(&front.kind, Kind::InternetHost(host) if host.member.eq_ignore_ascii_case(member));
        fronts.filter(is_it).map(|front| PortId(front.id.0)).next()
    }

    /// The guard of the service that a host is a front of.
    fn guard_of(&self, host: NodeId) -> Option<Arc<CompiledGuard>> {
        let service = self.topology.target(host, Relation::PartOf)?;
        let Kind::Service(attributes) = &service.kind else { return None };
        let subnet = |rule: &SubnetRule| self.topology.find(&rule.subnet).map(|found| found.id);
        Some(Arc::new(CompiledGuard::new(service.id, &attributes.guard, subnet)))
    }

    fn place(&self, resource: &Resource) -> Place {
        if let Kind::InternetHost(host) = &resource.kind {
            return Place { region: host.region.clone(), vnet: None, azure: host.azure };
        }
        if let Kind::OnPremisesHost(_) = &resource.kind {
            let region = self.topology.target(resource.id, Relation::PartOf).and_then(|site| match &site.kind {
                Kind::OnPremises(site) => site.region.clone(),
                _ => None,
            });
            return Place { region, vnet: None, azure: false };
        }
        let vnet = self.topology.vnet_of(resource.id).or_else(|| {
            // A NAT gateway stands where its first subnet is.
            let user = self.topology.referrers(resource.id, Relation::TranslatedBy).first().map(|user| user.id);
            user.and_then(|user| self.topology.vnet_of(user))
        });
        let region = match (vnet.map(|vnet| &vnet.kind), &resource.kind) {
            (Some(Kind::Vnet(vnet)), _) => Some(vnet.region.clone()),
            (_, Kind::Frontend(_)) => match self.topology.target(resource.id, Relation::PartOf).map(|lb| &lb.kind) {
                Some(Kind::LoadBalancer(balancer)) => Some(balancer.region.clone()),
                _ => None,
            },
            _ => None,
        };
        Place { region, vnet: vnet.map(|vnet| vnet.id), azure: true }
    }

    fn nic(&mut self, id: NodeId, address: Addr) -> Option<NicPort> {
        let nic = self.topology.target(id, Relation::PartOf)?;
        let Kind::Nic(attributes) = &nic.kind else { return None };
        let (subnet_node, _) = self.topology.subnet_of(id)?;
        let subnet = self.subnet(subnet_node.id)?;
        let public = self.public_address(id);
        let machine = self.topology.target(nic.id, Relation::PartOf);
        Some(NicPort {
            address,
            machine: machine.map(|machine| machine.id),
            guest_forwards: machine.is_some_and(|found| matches!(&found.kind, Kind::Machine(it) if it.forwards)),
            nsg: self.nsg_of(nic.id),
            siblings: machine.map_or_else(AddrSet::empty, |found| self.siblings(found.id, id)),
            ip_forwarding: attributes.ip_forwarding,
            public,
            outbound: self.outbound(id, subnet_node.id, public.is_some()),
            connections: machine.and_then(|found| match &found.kind {
                Kind::Machine(machine) => machine.connections,
                _ => None,
            }),
            chained: self.topology.target(id, Relation::ChainedTo).map(|to| PortId(to.id.0)),
            subnet,
        })
    }

    /// The addresses of a machine beside one of them.
    fn siblings(&self, machine: NodeId, config: NodeId) -> AddrSet {
        let all = self.topology.addresses_of(machine).into_iter();
        all.filter(|(id, _)| *id != config).map(|(_, address)| (address, address)).collect()
    }

    pub(super) fn public_address(&self, id: NodeId) -> Option<PublicAddress> {
        let found = self.topology.target(id, Relation::Uses)?;
        match &found.kind {
            Kind::PublicIp(public) => public.address.map(|address| PublicAddress {
                node: found.id,
                address,
                sku: public.sku,
                idle_minutes: public.idle_minutes.value.unwrap_or(DEFAULT_MINUTES),
            }),
            _ => None,
        }
    }

    /// The security group of a NIC or subnet.
    pub(super) fn nsg_of(&self, holder: NodeId) -> Option<NodeId> {
        self.topology.target(holder, Relation::FilteredBy).map(|found| found.id)
    }
}
