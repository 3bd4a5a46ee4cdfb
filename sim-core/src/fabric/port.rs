//! Ports: the places where packets leave and arrive, with all that deciding needs at hand.

use super::{Place, SubnetContext};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Prefix, Tuple};
use crate::stage::balancer;
use crate::stage::snat::Snat;
use crate::topology::{ConnectionState, Sku};
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
    },
    /// The platform's address in one VNet: probes, DNS, agent.
    Platform {
        /// The VNet.
        vnet: NodeId,
    },
    /// Outbound source translation.
    Translator(Translator),
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
    /// A public address attached to it.
    pub public: Option<PublicAddress>,
    /// How flows that it opens reach the Internet.
    pub outbound: Outbound,
    /// How they would without the subnet's NAT gateway.
    pub beside_gateway: Outbound,
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

/// Outbound methods, in their order of precedence (azure-dataplane 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outbound {
    /// The subnet's NAT gateway.
    NatGateway(PortId),
    /// The NIC's own public address.
    PublicIp,
    /// Source translation by the frontends of public balancers, each for the protocols of its rules (3.11).
    Balancer {
        /// The frontend for TCP.
        tcp: Option<PortId>,
        /// The frontend for UDP.
        udp: Option<PortId>,
    },
    /// Default outbound access, translated at the subnet.
    Default(PortId),
    /// None: the subnet is private, or the only balancer is an internal Standard one (3.11, 4.4).
    Nothing,
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
    /// Minutes of silence after which its public address forgets a flow.
    pub idle_minutes: Option<u16>,
    /// How it translates what its pools send.
    pub snats: Vec<Snat>,
    /// Frontends that know flows which are translated to this one's address.
    pub homes: Vec<PortId>,
    /// The frontend of a gateway balancer that it is chained to.
    pub chained: Option<PortId>,
    /// Whether it stands in front of balancers of several regions.
    pub global: bool,
}

impl FrontendPort {
    /// The rule that takes a packet.
    #[must_use]
    pub fn rule(&self, tuple: &Tuple) -> Option<&balancer::Rule> {
        self.rules.iter().find(|rule| rule.takes(tuple))
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
    /// Its address.
    pub address: Addr,
    /// The subnet.
    pub subnet: Arc<SubnetContext>,
    /// The subnet's security group as it counts for endpoints; none unless the subnet's policy says so.
    pub nsg: Option<NodeId>,
    /// Where its connection stands.
    pub state: ConnectionState,
    /// The private link service, or the service's front.
    pub target: Option<PortId>,
}

/// A private link service.
#[derive(Clone, Debug)]
pub struct LinkServicePort {
    /// The addresses it translates consumers to.
    pub nat: Vec<Addr>,
    /// The frontend behind it, with its address.
    pub frontend: Option<(PortId, Addr)>,
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
