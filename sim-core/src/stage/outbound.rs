//! The way out to the Internet, by the outbound method of a NIC (azure-dataplane 4.1).

use super::checks::Checks;
use super::route::Source;
use super::{Reason, never_internet};
use crate::assumption::{Assumption, AssumptionSet, Choices};
use crate::id::PortId;
use crate::net::{Addr, Protocol, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, PortSet, ProtocolSet};
use std::sync::LazyLock;

/// How flows that a NIC opens reach the Internet, in the order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
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

/// The outbound method of a NIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// The method.
    pub method: Method,
    /// What it would be without the subnet's NAT gateway.
    pub beside_gateway: Method,
}

impl Outbound {
    /// Whether it is a NAT gateway.
    #[must_use]
    pub const fn is_gateway(&self) -> bool {
        matches!(self.method, Method::NatGateway(_))
    }

    /// The method for flows that a route of this source sends to the Internet, and what that hangs on.
    ///
    /// Rule `nat-gateway-user-internet-route`: Whether flows that a user's route sends to the Internet take the NAT gateway is
    /// not documented; an assumption decides. Source: azure-dataplane 9 (16).
    #[must_use]
    pub fn towards(&self, route: Source, choices: Choices) -> (Method, AssumptionSet) {
        if !matches!(route, Source::User(..)) || !self.is_gateway() {
            return (self.method, AssumptionSet::default());
        }
        let applies = choices.is_default(Assumption::UserInternetRouteNat);
        let assumed = AssumptionSet::default().with(Assumption::UserInternetRouteNat);
        (if applies { self.method } else { self.beside_gateway }, assumed)
    }
}

/// What a flow to the Internet meets once its method is known.
#[derive(Clone, Copy, Debug)]
pub struct WayOut<'a> {
    /// The method.
    pub method: Method,
    /// Addresses of Azure Storage that need none; nothing unless the subnet is private.
    pub storage: &'a AddrSet,
    /// What translates flows to them.
    pub to_storage: PortId,
}

/// How packets from private addresses leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// From the NIC's own public address.
    PublicIp,
    /// By what translates sources at this port.
    By(PortId),
    /// Not at all.
    Closed(Reason),
}

impl WayOut<'_> {
    /// How a packet leaves.
    ///
    /// Rule `snat-own-protocol`: by a public balancer a protocol leaves through a frontend that has a rule for it, and
    /// not at all where none has. Source: azure-dataplane 3.11.
    ///
    /// Rule `outbound-none`: without an outbound method nothing leaves for the Internet, whoever made the route.
    /// Source: azure-dataplane 4.4.
    #[must_use]
    pub fn decide(&self, tuple: &Tuple) -> Exit {
        let (exits, otherwise) = self.exits();
        let hit = exits.into_iter().find(|(region, _)| region.contains(tuple));
        hit.map_or(otherwise, |(_, exit)| exit)
    }

    /// Which packets leave how: disjoint parts that together are `packets`.
    #[must_use]
    pub fn split(&self, packets: &PacketSet) -> Vec<(PacketSet, Exit)> {
        let (exits, otherwise) = self.exits();
        packets.split_by_first(exits, otherwise)
    }

    /// Rule `outbound-storage`: Azure Storage in the same region is reached from a private subnet without any outbound
    /// method. Source: azure-dataplane 4.4.
    fn exits(&self) -> (Vec<(Cube, Exit)>, Exit) {
        match self.method {
            Method::PublicIp => (Vec::new(), Exit::PublicIp),
            Method::NatGateway(port) | Method::Default(port) => (Vec::new(), Exit::By(port)),
            Method::Nothing => {
                let storage = Cube { dst: self.storage.clone(), ..Cube::all() };
                (vec![(storage, Exit::By(self.to_storage))], Exit::Closed(Reason::NoOutbound))
            }
            Method::Balancer { tcp, udp } => {
                let by = |(protocol, frontend): (Protocol, Option<PortId>)| {
                    let region = Cube { protocols: ProtocolSet::point(protocol), ..Cube::all() };
                    frontend.map(|port| (region, Exit::By(port)))
                };
                let exits = [(Protocol::TCP, tcp), (Protocol::UDP, udp)].into_iter().filter_map(by);
                (exits.collect(), Exit::Closed(Reason::OutboundProtocol))
            }
        }
    }
}

/// The port of mail between servers.
const SMTP: u16 = 25;

/// Mail between servers, on its way to the Internet.
///
/// Rule `nsg-smtp-blocked`: TCP port 25 to the Internet is blocked for most types of subscription. Source:
/// azure-dataplane 1.8.
#[must_use]
pub fn mail() -> &'static Cube {
    static MAIL: LazyLock<Cube> = LazyLock::new(|| Cube {
        dst_ports: PortSet::point(SMTP),
        protocols: ProtocolSet::point(Protocol::TCP),
        ..Cube::all()
    });
    &MAIL
}

/// Stops what a service endpoint does not carry.
///
/// Rule `endpoint-tcp-only`: a service endpoint carries TCP only. Source: azure-dataplane 2.5.
#[must_use]
pub fn by_service_endpoint() -> &'static Checks {
    static OTHERS: LazyLock<Checks> = LazyLock::new(|| {
        let protocols = ProtocolSet::point(Protocol::TCP).complement();
        Checks::default().and_stop(Cube { protocols, ..Cube::all() }.into(), Reason::EndpointProtocol)
    });
    &OTHERS
}

/// Whether an address is never on the Internet.
#[must_use]
pub fn is_private(addr: Addr) -> bool {
    static PRIVATE: LazyLock<AddrSet> = LazyLock::new(|| never_internet().into_iter().collect());
    PRIVATE.contains(addr)
}
