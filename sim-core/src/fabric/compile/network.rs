//! VNets and subnets: what their ports share.

use super::route::NearEndpoint;
use super::{Compiler, FixedMap};
use crate::assumption::{Assumption, AssumptionSet, Choices};
use crate::fabric::{ContextId, Doubts, Peer, SubnetContext, VnetContext};
use crate::id::NodeId;
use crate::net::{Addr, Prefix};
use crate::set::AddrSet;
use crate::stage::peering::Link;
use crate::stage::route::{Chosen, Hop, Overrides, RouteTable, Source};
use crate::stage::tag::TagContext;
use crate::time::Nanos;
use crate::topology::{Kind, PeerVnet, PeeredSubnets, Relation, Resource, Subnet};
use std::sync::Arc;

/// What the subnets of a VNet are compiled from; computed once.
#[derive(Clone)]
pub(super) struct Network {
    pub context: Arc<VnetContext>,
    /// Routes into the VNet and its peers.
    pub local: Vec<Chosen>,
    /// Routes of gateways.
    pub learned: Vec<Chosen>,
    /// Routes to the Internet and nowhere.
    pub elsewhere: Vec<Chosen>,
    pub near: Vec<NearEndpoint>,
    /// Where a user's route to the gateway leads.
    pub gateway: Option<NodeId>,
    /// Ranges of the `VirtualNetwork` tag, without those of routes.
    space: Vec<Prefix>,
    /// What private link services translate to here.
    translated: Vec<Addr>,
}

impl<'a> Compiler<'a> {
    /// Everything that the ports of a subnet share; computed once.
    pub(super) fn subnet(&mut self, id: NodeId) -> Option<Arc<SubnetContext>> {
        if let Some(known) = self.subnets.get(&id) {
            return Some(known.clone());
        }
        let network = self.network(self.topology.vnet_of(id)?)?;
        let topology = self.topology;
        let Kind::Subnet(attributes) = &topology.get(id)?.kind else { return None };
        let found = Arc::new(self.shared(id, Some(attributes), &network));
        Arc::make_mut(&mut self.subnets).insert(id, found.clone());
        Some(found)
    }

    /// What a VNet's ports share without a subnet of their own: a gateway whose subnet is not known.
    pub(super) fn bare(&mut self, vnet: NodeId) -> Option<Arc<SubnetContext>> {
        let network = self.network(self.topology.get(vnet)?)?;
        Some(Arc::new(self.shared(vnet, None, &network)))
    }

    fn shared(&mut self, id: NodeId, attributes: Option<&Subnet>, network: &Network) -> SubnetContext {
        let table = self.route_table(id);
        let user = self.user_routes(table, network.gateway);
        let diverted = super::route::diverted(&network.near, &user);
        let region = &network.context.region;
        let services = attributes.map_or_else(Vec::new, |subnet| self.service_routes(id, subnet, region));
        // Rule `route-propagation-off`: a route table with propagation disabled keeps a gateway's routes, learned or declared,
        // out of its subnets. Source: azure-dataplane 2.3.
        let propagates = table.is_none_or(|(_, table)| !table.no_propagation.value);
        let learned: &[Chosen] = if propagates { &network.learned } else { &[] };
        let near = network.near.iter().map(NearEndpoint::route);
        let system = network.local.iter().chain(learned).chain(&network.elsewhere).copied();
        let routes: Vec<Chosen> = system.chain(services).chain(near).chain(user.iter().copied()).collect();
        let (tags, doubts) = self.meaning(network, learned, &user);
        let (context, tags) = self.context(tags);
        let private = attributes.is_some_and(|subnet| !subnet.default_outbound.value);
        SubnetContext {
            node: id,
            vnet: network.context.node,
            routes: RouteTable::settle(routes, &Overrides { diverted, choices: self.facts.choices }),
            nsg: self.nsg_of(id),
            admin: self.admin(network.context.node, context, &tags),
            storage: if private { self.storage(region) } else { AddrSet::empty() },
            network: network.context.clone(),
            tags,
            context,
            doubts,
        }
    }

    fn network(&mut self, vnet: &Resource) -> Option<Arc<Network>> {
        if let Some(known) = self.networks.get(&vnet.id) {
            return Some(known.clone());
        }
        let Kind::Vnet(attributes) = &vnet.kind else { return None };
        let connected = self.topology.peers(vnet.id);
        let peers: Vec<Peer> = connected.iter().map(|peer| self.peer(vnet.id, peer)).collect();
        let open = peers.iter().filter(|peer| peer.link.access).flat_map(|peer| peer.space.iter().copied());
        let found = Arc::new(Network {
            local: super::route::local(&attributes.space, &peers),
            learned: self.gateway_routes(vnet.id, &connected),
            elsewhere: self.elsewhere(&attributes.space),
            gateway: self.user_gateway(vnet.id, &connected),
            near: self.near_endpoints(vnet, &connected),
            space: attributes.space.iter().copied().chain(open).collect(),
            translated: self.translated(vnet.id),
            context: Arc::new(VnetContext {
                node: vnet.id,
                region: attributes.region.clone(),
                space: attributes.space.clone(),
                peers,
                flow_timeout: flow_timeout(attributes.flow_timeout_minutes, self.facts.choices),
                flow_timeout_assumed: attributes.flow_timeout_minutes.is_none(),
            }),
        });
        self.networks.insert(vnet.id, found.clone());
        Some(found)
    }

    fn peer(&self, vnet: NodeId, peer: &PeerVnet<'_>) -> Peer {
        let subnets = |of: NodeId, here: &Option<PeeredSubnets>, there: &Option<PeeredSubnets>| {
            let (here, there) = (here.as_ref().map(|it| &it.local), there.as_ref().map(|it| &it.remote));
            (here.is_some() || there.is_some()).then(|| self.named_subnets(of, [here, there]))
        };
        let (local, remote) = (&peer.local.subnets, &peer.remote.subnets);
        let far = subnets(peer.vnet.id, remote, local);
        let region = match &peer.vnet.kind {
            Kind::Vnet(vnet) => vnet.region.clone(),
            _ => Arc::from(""),
        };
        // Rule `peering-subnets`: a peering of subnets brings routes to the other side's peered subnets only; all subnets of
        // this side have them, and those that are not peered cannot use them. Source: azure-dataplane 2.7.
        let space = match &far {
            Some(far) => far.iter().flat_map(|(_, subnet)| subnet.prefixes.iter().copied()).collect(),
            None => peer.ranges().collect(),
        };
        let near = subnets(vnet, local, remote);
        Peer {
            vnet: peer.vnet.id,
            region,
            space,
            link: Link {
                access: peer.local.access.value && peer.remote.access.value,
                taken: peer.remote.forwarded.value,
                given: peer.local.forwarded.value,
                transit: peer.local.gateway_transit.value && peer.remote.remote_gateways.value,
            },
            subnets: near.map(|near| near.into_iter().map(|(id, _)| id).collect()),
        }
    }

    /// The subnets of a VNet that are in each of these lists of names.
    fn named_subnets(&self, vnet: NodeId, lists: [Option<&Vec<Arc<str>>>; 2]) -> Vec<(NodeId, &'a Subnet)> {
        let named = |found: &Resource| {
            let in_list = |list: &&Vec<Arc<str>>| list.iter().any(|name| name.eq_ignore_ascii_case(found.short_name()));
            lists.iter().flatten().all(in_list)
        };
        let topology = self.topology;
        let subnets = topology.referrers(vnet, Relation::PartOf).into_iter().filter(|found| named(found));
        let subnet = |found: &'a Resource| match &found.kind {
            Kind::Subnet(subnet) => Some((found.id, subnet)),
            _ => None,
        };
        subnets.filter_map(subnet).collect()
    }

    /// The addresses that private link services of a VNet translate to.
    fn translated(&self, vnet: NodeId) -> Vec<Addr> {
        let mut found = Vec::new();
        for subnet in self.topology.referrers(vnet, Relation::PartOf) {
            for holder in self.topology.referrers(subnet.id, Relation::Attached) {
                if let Kind::LinkService(service) = &holder.kind {
                    found.extend(service.nat.iter().flatten());
                }
            }
        }
        found
    }

    /// What the tags mean in a subnet, and where that is not certain.
    ///
    /// Rule `tag-virtual-network`: the tag `VirtualNetwork` holds the VNet's space, that of peers whose access is on, what
    /// gateways bring, and the prefixes of user routes that stay off the Internet. Source: azure-dataplane 1.7.
    ///
    /// Rule `tag-under-default-route`: a default route of a user or gateway to an appliance or gateway makes the tag hold
    /// every address, and leaves nothing to `Internet`; when exactly is not known. Source: azure-dataplane 1.7, 9 (1).
    fn meaning(&self, network: &Network, learned: &[Chosen], user: &[Chosen]) -> (TagContext, Doubts) {
        let (defaults, routed): (Vec<&Chosen>, Vec<&Chosen>) =
            learned.iter().chain(user).partition(|route| route.prefix.is_default());
        let stays = |route: &&Chosen| !matches!(route.hop, Hop::Internet | Hop::None);
        let prefixes = routed.into_iter().filter(stays).map(|route| route.prefix);
        let platform = &self.facts.platform_tags;
        let choices = self.facts.choices;
        let balanced: &[Addr] = if choices.is_default(Assumption::LinkServiceTag) { &network.translated } else { &[] };
        let mut tags = TagContext::new(platform, network.space.iter().copied().chain(prefixes), balanced);
        let translated: AddrSet = network.translated.iter().map(|addr| (*addr, *addr)).collect();
        let mut doubts = Doubts::default();
        doubts.note(translated, AssumptionSet::default().with(Assumption::LinkServiceTag));
        self.on_premises(network, learned, &mut tags, &mut doubts);
        if defaults.is_empty() {
            return (tags, doubts);
        }
        let counting =
            defaults.into_iter().filter(|route| match choices.name_of(Assumption::VirtualNetworkUnderDefaultRoute) {
                "any" => true,
                "never" => false,
                _ => stays(route),
            });
        let everything: AddrSet = counting.map(|route| route.prefix).collect();
        let about = tags.virtual_network.complement();
        let assumed = AssumptionSet::default()
            .with(Assumption::VirtualNetworkUnderDefaultRoute)
            .with(Assumption::InternetUnderDefaultRoute);
        tags.virtual_network = tags.virtual_network.union(&everything);
        if choices.is_default(Assumption::InternetUnderDefaultRoute) {
            tags.internet = tags.internet.complement().union(&everything).complement();
        }
        doubts.note(about, assumed);
        (tags, doubts)
    }

    /// Rule `tag-internet-on-premises`: a public range that a gateway leads to is in `VirtualNetwork` and stays in
    /// `Internet`, so that rules for either match; a reading of the texts has it in the first alone, and an assumption
    /// decides. Source: failure-stories S21; azure-dataplane 1.7.
    fn on_premises(&self, network: &Network, learned: &[Chosen], tags: &mut TagContext, doubts: &mut Doubts) {
        let leads = |route: &&Chosen| !route.prefix.is_default() && !matches!(route.hop, Hop::Internet | Hop::None);
        let beyond: AddrSet = learned.iter().filter(leads).map(|route| route.prefix).collect();
        let space = network.space.iter().copied();
        let aside: AddrSet = space.chain(self.facts.platform_tags.never_internet.iter().copied()).collect();
        let public = beyond.difference(&aside);
        if self.facts.choices.is_default(Assumption::InternetOnPremises) {
            tags.internet = tags.internet.union(&public);
        }
        doubts.note(public, AssumptionSet::default().with(Assumption::InternetOnPremises));
    }

    /// Takes over what an earlier version has compiled of subnets.
    pub(in crate::fabric) fn know(&mut self, subnets: &Arc<FixedMap<NodeId, Arc<SubnetContext>>>) {
        self.contexts = subnets.values().map(|subnet| (subnet.tags.clone(), subnet.context)).collect();
        self.subnets = subnets.clone();
    }

    /// The number of a meaning of the tags.
    fn context(&mut self, tags: TagContext) -> (ContextId, Arc<TagContext>) {
        if let Some((id, known)) = self.contexts.get_key_value(&tags).map(|(tags, id)| (*id, tags.clone())) {
            return (id, known);
        }
        let last = self.contexts.values().map(|id| id.0).max();
        let id = ContextId(last.map_or(0, |last| last.saturating_add(1)));
        let tags = Arc::new(tags);
        self.contexts.insert(tags.clone(), id);
        (id, tags)
    }
}

/// Rule `nsg-flow-timeout`: A record of the security rules lapses after as many minutes of silence as the VNet's
/// `flowTimeoutInMinutes` says, else after the 4 that are the only other documented figure; that is an assumption. Source:
/// azure-dataplane 1.4.
fn flow_timeout(minutes: Option<u8>, choices: Choices) -> Nanos {
    match minutes {
        None if !choices.is_default(Assumption::FlowRecordIdle) => Nanos::NEVER,
        minutes => Nanos::secs(60 * u64::from(minutes.unwrap_or(4))),
    }
}

/// A route of Azure's own.
pub(super) const fn system(prefix: Prefix, hop: Hop) -> Chosen {
    Chosen { prefix, hop, source: Source::System }
}
