//! From the declared network to what packets meet.

use super::port::{PeerAccess, PublicAddress};
use super::{
    EndpointPort, Fabric, Facts, FixedMap, FrontendPort, Group, LinkServicePort, NicPort, Outbound, Place, Port,
    PortKind, SubnetContext, Translator, TranslatorKind,
};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Prefix, Protocol};
use crate::set::AddrSet;
use crate::stage::route::{Chosen, Hop, RouteTable, Source};
use crate::stage::security::CompiledGroup;
use crate::stage::tag::{TagContext, TagTable};
use crate::stage::{PLATFORM, balancer};
use crate::topology::{Distribution, Kind, PrivateEndpoint, Relation, Resource, Sku, Topology, UserHop};
use std::sync::Arc;

impl Fabric {
    /// Compiles a version of the data plane.
    #[must_use]
    pub fn compile(topology: &Topology, facts: &Facts, epoch: u32) -> Self {
        let mut compiler = Compiler { topology, facts, tags: tag_table(topology, facts), subnets: FixedMap::default() };
        let mut fabric = Self { epoch, ports: vec![None; topology.id_limit()], ..Self::default() };
        for resource in topology.resources() {
            if let Some((place, kind)) = compiler.port(resource) {
                let id = PortId(resource.id.0);
                fabric.enlist(id, place.vnet, &kind);
                fabric.ports[id.index()] = Some(Arc::new(Port { id, place, kind }));
            }
        }
        fabric.wide.sort_by_key(|(prefix, port)| (std::cmp::Reverse(prefix.bits()), *port));
        fabric
    }

    /// Notes which addresses a port answers.
    fn enlist(&mut self, id: PortId, vnet: Option<NodeId>, kind: &PortKind) {
        let mut private = |addr: Addr| vnet.map(|vnet| self.private.insert((vnet, addr), id));
        match kind {
            PortKind::Nic(nic) => {
                private(nic.address);
                if let Some(public) = nic.public {
                    self.public.insert(public.address, id);
                }
            }
            PortKind::Frontend(frontend) if frontend.public => {
                self.public.insert(frontend.address, id);
            }
            PortKind::Frontend(frontend) => {
                private(frontend.address);
            }
            PortKind::Endpoint(endpoint) => {
                private(endpoint.address);
            }
            PortKind::LinkService(service) => service.nat.iter().for_each(|addr| {
                private(*addr);
            }),
            PortKind::Platform { vnet } => {
                self.private.insert((*vnet, PLATFORM), id);
            }
            PortKind::Internet { prefix } if prefix.size() == 1 => {
                self.public.insert(prefix.first(), id);
            }
            PortKind::Internet { prefix } => self.wide.push((*prefix, id)),
            PortKind::Translator(translator) => {
                self.public.extend(translator.addresses.iter().map(|addr| (*addr, id)));
            }
        }
    }
}

/// Tags as the facts give them, and the hosts of the Internet that carry a tag.
fn tag_table(topology: &Topology, facts: &Facts) -> TagTable {
    let mut tags = facts.tags.clone();
    for resource in topology.resources() {
        if let Kind::InternetHost(host) = &resource.kind {
            let set: AddrSet = [host.prefix].into_iter().collect();
            for tag in &host.tags {
                tags.add(tag, &set);
            }
        }
    }
    tags
}

/// A private endpoint that a VNet has a route to.
struct NearEndpoint {
    node: NodeId,
    address: Addr,
    /// The range of its VNet that holds it.
    range: Option<Prefix>,
    /// Whether its subnet's policy lets user routes divert what is meant for it.
    routes_apply: bool,
}

struct Compiler<'a> {
    topology: &'a Topology,
    facts: &'a Facts,
    tags: TagTable,
    subnets: FixedMap<NodeId, Arc<SubnetContext>>,
}

impl Compiler<'_> {
    /// The port of a resource, if it has one.
    fn port(&mut self, resource: &Resource) -> Option<(Place, PortKind)> {
        let id = resource.id;
        let kind = match &resource.kind {
            Kind::IpConfig(config) => PortKind::Nic(self.nic(id, config.address?)?),
            Kind::Frontend(frontend) => PortKind::Frontend(self.frontend(id, frontend.address?)?),
            Kind::PrivateEndpoint(endpoint) => {
                let (node, attributes) = self.topology.subnet_of(id)?;
                let subnet = self.subnet(node.id)?;
                let policy = attributes.endpoint_policies.value.security;
                PortKind::Endpoint(EndpointPort {
                    address: endpoint.address?,
                    group: if policy { subnet.group.clone() } else { None },
                    state: endpoint.state,
                    target: self.topology.target(id, Relation::Target).map(|target| PortId(target.id.0)),
                    subnet,
                })
            }
            Kind::LinkService(service) => {
                let frontend = self.topology.target(id, Relation::Listens);
                let address = frontend.and_then(|found| match &found.kind {
                    Kind::Frontend(frontend) => frontend.address.map(|addr| (PortId(found.id.0), addr)),
                    _ => None,
                });
                PortKind::LinkService(LinkServicePort {
                    nat: service.nat.iter().flatten().copied().collect(),
                    frontend: address,
                    vnet: self.topology.vnet_of(id)?.id,
                })
            }
            Kind::InternetHost(host) => PortKind::Internet { prefix: host.prefix },
            Kind::Vnet(_) => PortKind::Platform { vnet: id },
            Kind::NatGateway => self.nat_gateway(id),
            Kind::Subnet(subnet) if subnet.default_outbound.value => PortKind::Translator(Translator {
                kind: TranslatorKind::Default,
                addresses: vec![default_outbound_address(id)],
            }),
            _ => return None,
        };
        Some((self.place(resource), kind))
    }

    fn place(&self, resource: &Resource) -> Place {
        if let Kind::InternetHost(host) = &resource.kind {
            return Place { region: host.region.clone(), vnet: None, azure: host.azure };
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
            group: self.group(nic.id, &subnet.tags),
            ip_forwarding: attributes.ip_forwarding,
            public,
            outbound: self.outbound(id, subnet_node.id, public.is_some()),
            subnet,
        })
    }

    fn public_address(&self, id: NodeId) -> Option<PublicAddress> {
        let found = self.topology.target(id, Relation::Uses)?;
        match &found.kind {
            Kind::PublicIp(public) => {
                public.address.map(|address| PublicAddress { node: found.id, address, sku: public.sku })
            }
            _ => None,
        }
    }

    /// azure-dataplane 4.1: NAT gateway, own address, balancer, default outbound; 3.11: a Standard internal balancer
    /// takes default outbound away, and so does a rule of a public one that is not to translate.
    fn outbound(&self, config: NodeId, subnet: NodeId, has_public: bool) -> Outbound {
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
            rules.sort_by_key(|rule| !matches!(rule.kind, Kind::OutboundRule));
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

    fn frontend(&self, id: NodeId, address: Addr) -> Option<FrontendPort> {
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
                frontend_port: rule.frontend_port,
                backend_port: rule.backend_port,
                members: sends.into_iter().filter_map(member).collect(),
                ..base
            }),
            _ => None,
        }
    }

    fn nat_gateway(&self, id: NodeId) -> PortKind {
        let addresses = self.topology.targets(id, Relation::Uses).into_iter().filter_map(|found| match &found.kind {
            Kind::PublicIp(public) => public.address,
            _ => None,
        });
        PortKind::Translator(Translator { kind: TranslatorKind::NatGateway, addresses: addresses.collect() })
    }

    fn group(&self, holder: NodeId, context: &TagContext) -> Option<Group> {
        let found = self.topology.target(holder, Relation::FilteredBy)?;
        let Kind::Nsg(group) = &found.kind else { return None };
        let members = |name: &str| -> AddrSet {
            let Some(asg) = self.topology.find(name) else { return AddrSet::empty() };
            let configs = self.topology.referrers(asg.id, Relation::MemberOf);
            configs
                .into_iter()
                .filter_map(|config| match &config.kind {
                    Kind::IpConfig(attributes) => attributes.address.map(|addr| (addr, addr)),
                    _ => None,
                })
                .collect()
        };
        let rules = Arc::new(CompiledGroup::new(group, &self.tags, context, members));
        Some(Group { node: found.id, rules })
    }

    /// Everything that the ports of a subnet share; computed once.
    fn subnet(&mut self, id: NodeId) -> Option<Arc<SubnetContext>> {
        if let Some(known) = self.subnets.get(&id) {
            return Some(known.clone());
        }
        let vnet = self.topology.vnet_of(id)?;
        let Kind::Vnet(attributes) = &vnet.kind else { return None };
        let user = self.user_routes(id);
        let tags = self.tag_context(vnet, &attributes.space, &user);
        let near = self.near_endpoints(vnet.id);
        let diverted = diverted(&near, &user);
        let routes = self.system_routes(vnet, &attributes.space, &near).into_iter().chain(user).collect();
        let context = Arc::new(SubnetContext {
            node: id,
            vnet: vnet.id,
            space: attributes.space.clone(),
            routes: RouteTable::settle(routes, &diverted),
            group: self.group(id, &tags),
            tags,
            peers: self.peer_access(vnet.id),
        });
        self.subnets.insert(id, context.clone());
        Some(context)
    }

    fn peer_access(&self, vnet: NodeId) -> Vec<PeerAccess> {
        let peers = self.topology.peers(vnet);
        let access = |peer: &crate::topology::PeerVnet<'_>| PeerAccess {
            vnet: peer.vnet.id,
            access: peer.local.access.value && peer.remote.access.value,
            forwarded: peer.remote.forwarded.value,
        };
        peers.iter().map(access).collect()
    }

    fn user_routes(&self, subnet: NodeId) -> Vec<Chosen> {
        let Some(table) = self.topology.target(subnet, Relation::RoutedBy) else { return Vec::new() };
        let Kind::RouteTable(attributes) = &table.kind else { return Vec::new() };
        let hop = |hop: UserHop| match hop {
            UserHop::VnetLocal => Hop::VnetLocal,
            UserHop::Internet => Hop::Internet,
            UserHop::Appliance(addr) => Hop::Appliance(addr),
            UserHop::Gateway => Hop::Gateway,
            UserHop::None => Hop::None,
        };
        let routes = (0u32..).zip(&attributes.routes);
        routes
            .map(|(n, route)| Chosen {
                prefix: route.prefix,
                hop: hop(route.next_hop),
                source: Source::User(table.id, n),
            })
            .collect()
    }

    /// azure-dataplane 2.1.
    fn system_routes(&self, vnet: &Resource, space: &[Prefix], near: &[NearEndpoint]) -> Vec<Chosen> {
        let system = |prefix, hop| Chosen { prefix, hop, source: Source::System };
        let mut routes: Vec<Chosen> = space.iter().map(|prefix| system(*prefix, Hop::VnetLocal)).collect();
        routes.push(system(Prefix::ALL_V4, Hop::Internet));
        let peers = self.topology.peers(vnet.id);
        for peer in &peers {
            routes.extend(peer.space.iter().map(|prefix| system(*prefix, Hop::Peering(peer.vnet.id))));
        }
        // A VNet that contains a private block takes its None route away; one that equals it replaces it.
        let blocks = self.facts.none_routes.iter().filter(|block| !space.iter().any(|own| own.covers(**block)));
        routes.extend(blocks.map(|block| system(*block, Hop::None)));
        routes.extend(near.iter().map(|near| system(Prefix::host(near.address), Hop::Endpoint(near.node))));
        routes
    }

    /// The private endpoints of a VNet and of its peers.
    fn near_endpoints(&self, vnet: NodeId) -> Vec<NearEndpoint> {
        let peers = self.topology.peers(vnet);
        let near = [vnet].into_iter().chain(peers.iter().map(|peer| peer.vnet.id));
        let mut found = Vec::new();
        for vnet in near.filter_map(|vnet| self.topology.get(vnet)) {
            let Kind::Vnet(network) = &vnet.kind else { continue };
            for subnet in self.topology.referrers(vnet.id, Relation::PartOf) {
                let Kind::Subnet(attributes) = &subnet.kind else { continue };
                for holder in self.topology.referrers(subnet.id, Relation::Attached) {
                    let Kind::PrivateEndpoint(PrivateEndpoint { address: Some(address), .. }) = holder.kind else {
                        continue;
                    };
                    let range = network.space.iter().copied().find(|range| range.contains(address));
                    let routes_apply = attributes.endpoint_policies.value.routes;
                    found.push(NearEndpoint { node: holder.id, address, range, routes_apply });
                }
            }
        }
        found
    }

    fn tag_context(&self, vnet: &Resource, space: &[Prefix], user: &[Chosen]) -> TagContext {
        let peers = self.topology.peers(vnet.id);
        let open = peers.iter().filter(|peer| peer.local.access.value && peer.remote.access.value);
        // azure-dataplane 1.7: prefixes of user-defined routes belong to the tag; a default route that does not lead to
        // the Internet makes it everything.
        let routed = user.iter().filter(|route| !matches!(route.hop, Hop::Internet | Hop::None));
        let prefixes = space
            .iter()
            .copied()
            .chain(open.flat_map(|peer| peer.space.iter().copied()))
            .chain(routed.map(|route| route.prefix));
        let services = self.topology.referrers(vnet.id, Relation::PartOf).into_iter().flat_map(|subnet| {
            self.topology.referrers(subnet.id, Relation::Attached).into_iter().filter_map(|found| match &found.kind {
                Kind::LinkService(service) => Some(service.nat.iter().flatten().copied().collect::<Vec<_>>()),
                _ => None,
            })
        });
        let translated: Vec<Addr> = services.flatten().collect();
        TagContext::new(prefixes, &translated)
    }
}

/// Endpoints whose own routes these user routes put out of force: those of subnets whose policy says so, where a route is
/// at least as narrow as the range of the endpoint's VNet (azure-dataplane 2.6).
fn diverted(near: &[NearEndpoint], user: &[Chosen]) -> Vec<NodeId> {
    let put_out = |endpoint: &&NearEndpoint| {
        let narrow = |route: &Chosen| {
            route.prefix.contains(endpoint.address) && endpoint.range.is_some_and(|range| range.covers(route.prefix))
        };
        endpoint.routes_apply && user.iter().any(narrow)
    };
    near.iter().filter(put_out).map(|endpoint| endpoint.node).collect()
}

/// A stand-in for the address that Microsoft owns and gives to a subnet's default outbound access (azure-dataplane 4.4):
/// from class E, by the subnet's number.
fn default_outbound_address(subnet: NodeId) -> Addr {
    Addr::v4(241, 0, 0, 0).plus(u128::from(subnet.0 & 0xff_ffff))
}
