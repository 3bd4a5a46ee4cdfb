//! What gateways know of each other and of networks on premises: their connections, what is declared for them, and what BGP
//! brings (azure-dataplane 2.1).

use super::Compiler;
use crate::fabric::bgp::{BgpPeer, BgpView, CIRCUIT_ASN, DEFAULT_ASN, LearnedRoute};
use crate::fabric::{FixedMap, LinkClass};
use crate::id::NodeId;
use crate::net::{Addr, Prefix};
use crate::topology::{Connection, Gateway, GatewayKind, Kind, PeerVnet, Relation, Resource, Topology};
use std::collections::BTreeMap;

/// Routes that a gateway keeps; Azure's limit for VPN gateways is the same order.
const MOST_ROUTES: usize = 4000;
/// How far a route travels from gateway to gateway.
const LONGEST_PATH: usize = 16;

/// All gateways and what they reach.
#[derive(Default)]
pub(super) struct Exchange {
    gateways: FixedMap<NodeId, Known>,
}

/// A gateway.
#[derive(Clone)]
pub(super) struct Known {
    pub vnet: NodeId,
    pub kind: GatewayKind,
    pub links: Vec<Link>,
    /// What it originates: its VNet's space and that of peers that use it.
    pub own: Vec<Prefix>,
    /// What it reaches through its connections: the best ways to each prefix.
    pub reach: Vec<Reach>,
    asn: u32,
    address: Option<Addr>,
}

/// A connection, seen from its gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub connection: NodeId,
    pub far: Far,
    /// Whether both sides have it.
    pub up: bool,
    pub class: LinkClass,
    /// Whether routes are told over it.
    pub bgp: bool,
    weight: u32,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Far {
    Gateway(NodeId),
    Site(NodeId),
}

/// A way to a prefix through a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    pub prefix: Prefix,
    pub connection: NodeId,
    /// Autonomous systems on the way; none for what is declared.
    path: Vec<u32>,
    weight: u32,
}

impl Compiler<'_> {
    /// What all gateways know; computed once, on demand.
    pub(super) fn exchange(&self) -> &Exchange {
        self.exchange.get_or_init(|| Exchange::new(self.topology))
    }
}

impl Exchange {
    fn new(topology: &Topology) -> Self {
        let mut all = Self::default();
        for resource in topology.resources() {
            if let Kind::Gateway(gateway) = &resource.kind
                && let Some(known) = Known::new(topology, resource, gateway)
            {
                all.gateways.insert(resource.id, known);
            }
        }
        for _ in 0..LONGEST_PATH.min(all.gateways.len() + 1) {
            if !all.tell(topology) {
                break;
            }
        }
        all
    }

    /// A gateway.
    pub(super) fn get(&self, gateway: NodeId) -> Option<&Known> {
        self.gateways.get(&gateway)
    }

    /// The gateways of a VNet, in the order they came.
    pub(super) fn of(&self, vnet: NodeId) -> Vec<(NodeId, &Known)> {
        let mut found: Vec<_> =
            self.gateways.iter().filter(|(_, known)| known.vnet == vnet).map(|(id, known)| (*id, known)).collect();
        found.sort_by_key(|(id, _)| *id);
        found
    }

    /// The connections that lead to a site, with their gateways, in the order of both.
    pub(super) fn towards(&self, site: NodeId) -> Vec<(NodeId, &Known, Link)> {
        let links = |(id, known): (NodeId, &'_ Known)| {
            known.links.iter().filter(|link| link.far == Far::Site(site)).map(|link| (id, *link)).collect::<Vec<_>>()
        };
        let mut found: Vec<_> = self.gateways.iter().flat_map(|(id, known)| links((*id, known))).collect();
        found.sort_by_key(|(id, link)| (*id, link.connection));
        found.into_iter().filter_map(|(id, link)| Some((id, self.get(id)?, link))).collect()
    }

    /// One round of telling neighbours. Says whether anything is new.
    ///
    /// Rule `gateway-bgp-transit`: by BGP a gateway learns what its neighbours originate and what they have learned; of
    /// several ways to a prefix those of the highest weight and then of the shortest path count. Source: azure-dataplane
    /// 2.1, 2.2 (8).
    fn tell(&mut self, topology: &Topology) -> bool {
        let next: Vec<(NodeId, Vec<Reach>)> =
            self.gateways.iter().map(|(id, known)| (*id, best(self.heard(topology, known)))).collect();
        let mut news = false;
        for (id, reach) in next {
            if let Some(known) = self.gateways.get_mut(&id) {
                news |= known.reach != reach;
                known.reach = reach;
            }
        }
        news
    }

    /// All that a gateway hears of.
    fn heard(&self, topology: &Topology, known: &Known) -> Vec<Reach> {
        let mut heard = Vec::new();
        for link in &known.links {
            let mut add = |prefix: Prefix, path: Vec<u32>| {
                if !path.contains(&known.asn) {
                    heard.push(Reach { prefix, connection: link.connection, path, weight: link.weight });
                }
            };
            match link.far {
                Far::Site(site) => {
                    let Some(Kind::OnPremises(site)) = topology.get(site).map(|found| &found.kind) else { continue };
                    let asn = site.bgp.map_or(CIRCUIT_ASN, |bgp| bgp.asn);
                    let path = || if link.bgp { vec![asn] } else { Vec::new() };
                    site.prefixes.iter().for_each(|prefix| add(*prefix, path()));
                }
                Far::Gateway(far) if !link.bgp => {
                    let vnet = self.get(far).and_then(|far| topology.get(far.vnet));
                    if let Some(Kind::Vnet(vnet)) = vnet.map(|found| &found.kind) {
                        vnet.space.iter().for_each(|prefix| add(*prefix, Vec::new()));
                    }
                }
                Far::Gateway(far) if link.up => {
                    let Some(far) = self.get(far) else { continue };
                    far.own.iter().for_each(|prefix| add(*prefix, vec![far.asn]));
                    for reach in far.reach.iter().filter(|reach| !reach.prefix.is_default()) {
                        add(reach.prefix, [far.asn].into_iter().chain(reach.path.iter().copied()).collect());
                    }
                }
                Far::Gateway(_) => {}
            }
        }
        heard
    }

    /// What a gateway tells of BGP.
    pub(super) fn view(&self, topology: &Topology, known: &Known) -> BgpView {
        let neighbours: Vec<(NodeId, Addr, u32)> = known
            .links
            .iter()
            .filter_map(|link| {
                let (address, asn) = self.neighbour(topology, link)?;
                Some((link.connection, address, asn))
            })
            .collect();
        let mut view = BgpView { asn: known.asn, address: known.address, ..BgpView::default() };
        if neighbours.is_empty() {
            return view;
        }
        let own = |network: Prefix| LearnedRoute { network, from: None, path: Vec::new() };
        view.learned.extend(known.own.iter().map(|prefix| own(*prefix)));
        view.learned.extend(neighbours.iter().map(|(_, address, _)| own(Prefix::host(*address))));
        for reach in &known.reach {
            let from = neighbours.iter().find(|(connection, ..)| *connection == reach.connection);
            let from = from.filter(|_| !reach.path.is_empty()).map(|(_, address, _)| *address);
            view.learned.push(LearnedRoute { network: reach.prefix, from, path: reach.path.clone() });
        }
        let received = |address: Addr| view.learned.iter().filter(|route| route.from == Some(address)).count();
        let peer = |(_, address, asn): &(NodeId, Addr, u32)| BgpPeer {
            address: *address,
            asn: *asn,
            received: received(*address),
        };
        view.peers = neighbours.iter().map(peer).collect();
        view
    }

    /// Who is spoken with over a connection.
    fn neighbour(&self, topology: &Topology, link: &Link) -> Option<(Addr, u32)> {
        if !link.bgp || !link.up {
            return None;
        }
        match link.far {
            Far::Gateway(far) => self.get(far).and_then(|far| Some((far.address?, far.asn))),
            Far::Site(site) => match &topology.get(site)?.kind {
                Kind::OnPremises(site) => site.bgp.and_then(|bgp| Some((bgp.address?, bgp.asn))),
                _ => None,
            },
        }
    }
}

impl Known {
    fn new(topology: &Topology, resource: &Resource, gateway: &Gateway) -> Option<Self> {
        let vnet = topology.vnet_of(resource.id)?;
        let Kind::Vnet(attributes) = &vnet.kind else { return None };
        let transit = |peer: &PeerVnet<'_>| peer.local.gateway_transit.value && peer.remote.remote_gateways.value;
        let peers = topology.peers(vnet.id);
        let guests = peers.iter().filter(|peer| transit(peer)).flat_map(|peer| peer.space);
        let links =
            topology.referrers(resource.id, Relation::PartOf).into_iter().filter_map(|found| match &found.kind {
                Kind::Connection(connection) => Link::new(topology, resource.id, gateway, found, connection),
                _ => None,
            });
        Some(Self {
            vnet: vnet.id,
            kind: gateway.kind,
            links: links.collect(),
            own: attributes.space.iter().chain(guests).copied().collect(),
            reach: Vec::new(),
            asn: gateway.bgp.map_or(DEFAULT_ASN, |bgp| bgp.asn),
            address: gateway.bgp.and_then(|bgp| bgp.address).or_else(|| bgp_address(topology, resource.id)),
        })
    }
}

/// Where a gateway speaks BGP from: the last address of its subnet that can be used, as recorded.
fn bgp_address(topology: &Topology, gateway: NodeId) -> Option<Addr> {
    let (_, subnet) = topology.subnet_of(gateway)?;
    let prefix = subnet.prefixes.iter().find(|prefix| prefix.size() > 2)?;
    Some(Addr(prefix.last().0 - 1))
}

impl Link {
    /// Rule `gateway-both-sides`: a connection between the gateways of two VNets carries packets once each side has one.
    /// Source: azure-dataplane 2.1, 7 (step 6).
    fn new(
        topology: &Topology,
        gateway: NodeId,
        attributes: &Gateway,
        found: &Resource,
        connection: &Connection,
    ) -> Option<Self> {
        let remote = topology.target(found.id, Relation::Remote)?;
        let circuit = attributes.kind == GatewayKind::ExpressRoute;
        let (far, up, bgp) = match remote.kind {
            Kind::Gateway(_) => {
                let back =
                    topology.referrers(remote.id, Relation::PartOf).into_iter().find_map(|other| match &other.kind {
                        Kind::Connection(back)
                            if topology.target(other.id, Relation::Remote).is_some_and(|it| it.id == gateway) =>
                        {
                            Some(back)
                        }
                        _ => None,
                    });
                let bgp = connection.bgp && back.is_none_or(|back| back.bgp);
                (Far::Gateway(remote.id), back.is_some(), bgp)
            }
            Kind::OnPremises(_) => (Far::Site(remote.id), true, connection.bgp || circuit),
            _ => return None,
        };
        let class = if circuit { LinkClass::ExpressRoute } else { LinkClass::Vpn };
        Some(Self { connection: found.id, far, up, class, bgp, weight: connection.weight })
    }
}

/// The best ways to each prefix, equal ones kept, in the order of prefixes and connections.
fn best(heard: Vec<Reach>) -> Vec<Reach> {
    let mut by_prefix: BTreeMap<Prefix, Vec<Reach>> = BTreeMap::new();
    let key = |reach: &Reach| (std::cmp::Reverse(reach.weight), reach.path.len());
    for reach in heard {
        let held = by_prefix.entry(reach.prefix).or_default();
        match held.first().map(|first| key(&reach).cmp(&key(first))) {
            Some(std::cmp::Ordering::Less) => *held = vec![reach],
            Some(std::cmp::Ordering::Greater) => {}
            _ if held.iter().any(|other| other.connection == reach.connection) => {}
            _ => held.push(reach),
        }
    }
    by_prefix.into_values().flatten().take(MOST_ROUTES).collect()
}
