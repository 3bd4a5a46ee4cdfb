//! Why a packet did not go on. The codes are stable: people search for them.

use std::fmt;

/// Why a packet was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A security rule denies it (azure-dataplane 1.3).
    SecurityRule,
    /// A security admin rule of the network manager denies it (1.3).
    AdminRule,
    /// A Standard public address or frontend without any security group is closed (3.9).
    ClosedByDefault,
    /// No route matches (2.2).
    NoRoute,
    /// The route's next hop is `None` (2.3).
    RouteToNone,
    /// The next hop, or the destination, is nobody's address (2.3).
    NoSuchAddress,
    /// A peering does not take packets from outside the adjacent network (2.7).
    ForwardedNotAllowed,
    /// A peering's access is switched off (2.7).
    PeeringAccessOff,
    /// The peering joins subnets, and this one is not among them (2.7).
    SubnetNotPeered,
    /// A Basic balancer's frontend is not reached over a peering between regions (2.7).
    BasicOverGlobalPeering,
    /// The subnet has no outbound method (4.1, 4.4).
    NoOutbound,
    /// The subscription may not send mail to the Internet by itself (1.8).
    SmtpBlocked,
    /// The outbound method does not carry this protocol (4.2, 4.4).
    OutboundProtocol,
    /// A service endpoint carries TCP only (2.5).
    EndpointProtocol,
    /// The firewall has no rule that lets it pass.
    FirewallRule,
    /// All ports towards this destination are taken (3.11, 4.2).
    PortsExhausted,
    /// The private endpoint's connection is not approved (azure-services 3.1).
    LinkNotApproved,
    /// No rule of the balancer listens on this port (azure-dataplane 3.3).
    NoBalancerRule,
    /// Every backend is down, or the pool is empty (3.4).
    NoHealthyBackend,
    /// The address is Azure's own and answers nobody: a subnet's gateway (1.8).
    NoAnswer,
    /// A balancer sent it back to the machine that sent it, which does not take a packet from itself (3.10).
    Hairpin,
    /// The NIC may not carry what is not its own (2.3).
    ForwardingOff,
    /// The platform does not carry this: multicast, GRE, IP-in-IP, reserved ports (1.8).
    NotCarried,
    /// More than 1,400 bytes that may not be cut, where such packets are assumed to be dropped (5.3).
    TooLarge,
    /// A packet from outside for which a translator holds no state.
    UnknownFlow,
    /// The connection was silent for longer than a balancer, a translation or a record keeps it (3.7, 4.2).
    FlowExpired,
    /// Gateways and on-premises networks that the input does not hold.
    NoGateway,
    /// The port was deleted while the packet was on its way.
    PortDeleted,
    /// The flow table of this port is full (5.2).
    FlowTableFull,
    /// The sender's queue at its egress cap is full (5.1).
    QueueFull,
    /// Lost on the way, as the link's loss says.
    Lost,
    /// It was forwarded too often.
    TtlExpired,
    /// The machine is off, booting or rebooting.
    MachineDown,
    /// The managed service is reached through private endpoints only (azure-services 6). Packets arrive; requests are
    /// refused.
    ServiceNotPublic,
    /// The managed service's firewall does not list who asks (6). Packets arrive; requests are refused.
    ServiceNotListed,
    /// The service's certificate is for other names than the one asked for. Packets arrive; the client hangs up.
    CertificateName,
}

impl Reason {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SecurityRule => "security-rule",
            Self::AdminRule => "admin-rule",
            Self::ClosedByDefault => "closed-by-default",
            Self::NoRoute => "no-route",
            Self::RouteToNone => "route-to-none",
            Self::NoSuchAddress => "no-such-address",
            Self::ForwardedNotAllowed => "forwarded-not-allowed",
            Self::PeeringAccessOff => "peering-access-off",
            Self::SubnetNotPeered => "subnet-not-peered",
            Self::BasicOverGlobalPeering => "basic-over-global-peering",
            Self::NoOutbound => "no-outbound",
            Self::SmtpBlocked => "smtp-blocked",
            Self::OutboundProtocol => "outbound-protocol",
            Self::EndpointProtocol => "endpoint-protocol",
            Self::FirewallRule => "firewall-rule",
            Self::PortsExhausted => "ports-exhausted",
            Self::LinkNotApproved => "link-not-approved",
            Self::NoBalancerRule => "no-balancer-rule",
            Self::NoHealthyBackend => "no-healthy-backend",
            Self::NoAnswer => "no-answer",
            Self::Hairpin => "hairpin",
            Self::ForwardingOff => "forwarding-off",
            Self::NotCarried => "not-carried",
            Self::TooLarge => "packet-too-large",
            Self::UnknownFlow => "unknown-flow",
            Self::FlowExpired => "flow-expired",
            Self::NoGateway => "no-gateway",
            Self::PortDeleted => "port-deleted",
            Self::FlowTableFull => "flow-table-full",
            Self::QueueFull => "queue-full",
            Self::Lost => "lost",
            Self::TtlExpired => "ttl-expired",
            Self::MachineDown => "machine-down",
            Self::ServiceNotPublic => "service-not-public",
            Self::ServiceNotListed => "service-not-listed",
            Self::CertificateName => "certificate-name",
        }
    }

    /// Whether it is a policy that a person set, so that an explanation may look past it as if it were open.
    #[must_use]
    pub const fn is_policy(self) -> bool {
        matches!(
            self,
            Self::SecurityRule
                | Self::AdminRule
                | Self::FirewallRule
                | Self::SmtpBlocked
                | Self::SubnetNotPeered
                | Self::ClosedByDefault
                | Self::ForwardedNotAllowed
                | Self::PeeringAccessOff
                | Self::LinkNotApproved
                | Self::ForwardingOff
                | Self::NoHealthyBackend
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}
