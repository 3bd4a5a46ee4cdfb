//! Ports: the places where packets leave and arrive, with all that deciding needs at hand.

use super::{BgpView, LinkClass, Place, SubnetContext};
use crate::assumption::Choices;
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Prefix, Tuple};
use crate::set::AddrSet;
use crate::stage::balancer;
use crate::stage::firewall::CompiledFirewall;
use crate::stage::guard::CompiledGuard;
use crate::stage::outbound::{Outbound, is_private};
use crate::stage::route::{Hop, RouteTable};
use crate::stage::snat::Snat;
use crate::topology::{ConnectionState, GatewayKind, Sku};
use std::sync::Arc;

/// A place where packets leave and arrive.
#[derive(Clone, Debug)]
pub struct Port {
    /// Its number, that of its resource.
    pub id: PortId,
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub kind: PortKind,
}

/// The kinds of ports.
#[derive(Clone, Debug)]
pub enum PortKind {
    /// An address of a NIC.
    Nic(NicPort),
    /// A balancer's frontend.
    Frontend(FrontendPort),
    /// A private endpoint.
    Endpoint(EndpointPort),
    /// A private link service.
    LinkService(LinkServicePort),
    /// A host on the Internet.
    Internet {
        /// The addresses it answers.
        prefix: Prefix,
        /// Who is let in, where it is the front of a service.
        guard: Option<Arc<CompiledGuard>>,
        /// Whether private endpoints alone lead to it.
        private: bool,
        /// Whether it is a service that the platform trusts.
        trusted: bool,
    },
    /// The platform's address in one VNet: probes, DNS, agent.
    Platform {
        /// The VNet.
        vnet: NodeId,
    },
    /// Outbound source translation.
    Translator(Translator),
    /// A firewall.
    Firewall(Box<FirewallPort>),
    /// A virtual network gateway.
    Gateway(GatewayPort),
    /// A machine on premises.
    OnPremises(SitePort),
}

/// An address of a NIC.
#[derive(Clone, Debug)]
pub struct NicPort {
    /// Its private address.
    pub address: Addr,
    /// The machine it belongs to.
    pub machine: Option<NodeId>,
    /// The subnet.
    pub subnet: Arc<SubnetContext>,
    /// The NIC's own security group.
    pub nsg: Option<NodeId>,
    /// Whether it may carry what is not its own.
    pub ip_forwarding: bool,
    /// Whether the guest passes on what is not its own.
    pub guest_forwards: bool,
    /// The machine's other addresses.
    pub siblings: AddrSet,
    /// A public address attached to it.
    pub public: Option<PublicAddress>,
    /// How flows that it opens reach the Internet.
    pub outbound: Outbound,
    /// Connections that its machine may hold. `None`: not known.
    pub connections: Option<u32>,
    /// The frontend of a gateway balancer that its public address is chained to.
    pub chained: Option<PortId>,
}

/// A public address attached to a NIC.
#[derive(Clone, Copy, Debug)]
pub struct PublicAddress {
    /// Its resource.
    pub node: NodeId,
    /// The address.
    pub address: Addr,
    /// Its tier.
    pub sku: Sku,
    /// Minutes of silence after which a flow that came in by it is forgotten.
    pub idle_minutes: u16,
}

/// A balancer's frontend.
#[derive(Clone, Debug)]
pub struct FrontendPort {
    /// The balancer.
    pub balancer: NodeId,
    /// Its address.
    pub address: Addr,
    /// Whether the address is public.
    pub public: bool,
    /// The balancer's tier.
    pub sku: Sku,
    /// Its rules: balancing and inbound NAT.
    pub rules: Vec<balancer::Rule>,
    /// All of its public addresses: more than one where it has a prefix.
    pub addresses: Vec<Addr>,
    /// Its public address, and the minutes of silence after which that forgets a flow.
    pub idle_minutes: Option<(NodeId, u16)>,
    /// How it translates what its pools send.
    pub snats: Vec<Snat>,
    /// Frontends that know flows which are translated to this one's address.
    pub homes: Vec<PortId>,
    /// The frontend of a gateway balancer that it is chained to.
    pub chained: Option<PortId>,
    /// Whether it stands in front of balancers of several regions.
    pub global: bool,
    /// Whether a service that Azure runs is behind it.
    pub of_service: bool,
}

impl FrontendPort {
    /// The rule that takes a packet.
    #[must_use]
    pub fn rule(&self, choices: Choices, tuple: &Tuple) -> Option<&balancer::Rule> {
        balancer::decide(&self.rules, choices, tuple).0
    }

    /// Whether an address is one inside: of a private range, or of a member that it translates for, since a VNet may have any
    /// range.
    #[must_use]
    pub fn is_inside(&self, addr: Addr) -> bool {
        is_private(addr) || self.snats.iter().flat_map(Snat::members).any(|member| member.address == addr)
    }

    /// Whether nobody gets in from the Internet unless a security group says so.
    ///
    /// Rule `application-gateway-open`: an application gateway's public frontend needs no security group to be reached.
    /// Source: learn azure/application-gateway/configuration-infrastructure.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.public && self.is_standard() && !self.of_service
    }

    /// Whether its balancer is of the tier that is closed by default.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        self.sku != Sku::Basic
    }
}

/// A private endpoint.
#[derive(Clone, Debug)]
pub struct EndpointPort {
    /// Its addresses, each with where it leads: a private link service, or a front of a service; `None` where nothing is
    /// known of that.
    pub members: Vec<(Addr, Option<PortId>)>,
    /// The subnet.
    pub subnet: Arc<SubnetContext>,
    /// The subnet's security group as it counts for endpoints; none unless the subnet's policy says so.
    pub nsg: Option<NodeId>,
    /// Where its connection stands.
    pub state: ConnectionState,
}

/// A private link service.
#[derive(Clone, Debug)]
pub struct LinkServicePort {
    /// The addresses it translates consumers to.
    pub nat: Vec<Addr>,
    /// The frontend behind it, with its address.
    pub frontend: Option<(PortId, Addr)>,
}

/// A firewall.
#[derive(Clone, Debug)]
pub struct FirewallPort {
    /// Its interface in its subnet: the private address, and the routes that packets leave by.
    pub interface: NicPort,
    /// Its public addresses.
    pub public: Vec<Addr>,
    /// Its rules, in the order they are asked.
    pub rules: CompiledFirewall,
    /// Destinations that network rules do not translate its own address for.
    pub no_translation: AddrSet,
}

/// What translates flows on their way out.
#[derive(Clone, Debug)]
pub struct Translator {
    /// Which method it is.
    pub kind: TranslatorKind,
    /// How it translates.
    pub snat: Snat,
}

/// Which outbound method a translator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TranslatorKind {
    /// A NAT gateway.
    NatGateway,
    /// Default outbound access.
    Default,
}

/// A virtual network gateway.
#[derive(Clone, Debug)]
pub struct GatewayPort {
    /// What it connects by.
    pub kind: GatewayKind,
    /// Its subnet, whose routes say where packets from its connections go; the VNet's where the subnet is not known.
    pub subnet: Arc<SubnetContext>,
    /// What goes through which connection, and what stays in the VNet.
    pub routes: RouteTable,
    /// Its connections.
    pub tunnels: Vec<Tunnel>,
    /// Its public address's resource.
    pub public: Option<NodeId>,
    /// What it exchanges by BGP.
    pub bgp: BgpView,
}

impl GatewayPort {
    /// The address by which it speaks to the sender of a packet, if it does: the one that it also speaks BGP from.
    ///
    /// Rule `icmp-remote-gateway-silent`: a gateway speaks to machines of its network and of peers; for those behind its
    /// connections it is a hop without an answer. Source: azure-dataplane 5.4.
    #[must_use]
    pub fn address_towards(&self, packet: &Tuple) -> Option<Addr> {
        let back = self.routes.decide(&packet.reversed())?;
        self.bgp.address.filter(|_| !matches!(back.hop, Hop::Tunnel(_)))
    }
}

/// A connection of a gateway.
#[derive(Clone, Copy, Debug)]
pub struct Tunnel {
    /// The connection's resource.
    pub connection: NodeId,
    /// What kind of way it is.
    pub class: LinkClass,
    /// Whether both sides have it.
    pub up: bool,
    /// Where it ends.
    pub end: TunnelEnd,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub enum TunnelEnd {
    /// Another VNet's gateway.
    Gateway(PortId),
    /// A network on premises.
    Site(NodeId),
}

/// A machine on premises.
#[derive(Clone, Debug)]
pub struct SitePort {
    /// The addresses it answers.
    pub prefix: Prefix,
    /// Its network.
    pub site: Arc<SiteContext>,
}

/// What the machines of a network on premises share.
#[derive(Clone, Debug)]
pub struct SiteContext {
    /// The network.
    pub node: NodeId,
    /// Which gateways lead where.
    pub routes: RouteTable,
}
