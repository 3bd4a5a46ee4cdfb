//! Security groups and their rules.

use super::Setting;
use crate::net::{Prefix, Protocol};
use crate::source::Span;
use std::sync::Arc;

/// A network security group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nsg {
    /// User rules, in any order; the default rules are not among them.
    pub rules: Vec<SecurityRule>,
    /// `flushConnection`: flows that are under way meet changed rules too (azure-dataplane 1.4).
    pub flush: Setting<bool>,
}

/// A collection of security admin rules of a network manager, as it governs VNets (azure-dataplane 1.3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdminRules {
    /// Its rules, in any order.
    pub rules: Vec<SecurityRule>,
    /// What of it counts in VNets with services that guard their network by intent policies.
    pub over_intent_policies: OverIntentPolicies,
}

/// `applyOnNetworkIntentPolicyBasedServices` of a security admin configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverIntentPolicies {
    /// Nothing.
    #[default]
    Nothing,
    /// Rules that allow.
    Allowing,
    /// All rules.
    Everything,
}

impl OverIntentPolicies {
    /// Whether a rule that does this counts there.
    #[must_use]
    pub fn keeps(self, access: Access) -> bool {
        match self {
            Self::Nothing => false,
            Self::Allowing => access != Access::Deny,
            Self::Everything => true,
        }
    }
}

/// Direction of traffic, seen from the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Towards the machine.
    Inbound,
    /// Away from the machine.
    Outbound,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Let it pass.
    Allow,
    /// Drop it silently.
    Deny,
    /// Let it pass whatever security groups say. Only security admin rules can (azure-dataplane 1.3).
    AlwaysAllow,
}

/// One security rule, as written (azure-dataplane 1.2).
#[derive(Clone, Debug, PartialEq)]
pub struct SecurityRule {
    /// Its name.
    pub name: Arc<str>,
    /// 100 to 4096, lower first; default rules are above. Admin rules have 1 to 4096.
    pub priority: u16,
    /// Inbound or outbound.
    pub direction: Direction,
    /// Allow or deny.
    pub access: Access,
    /// `None` is any protocol.
    pub protocol: Option<Protocol>,
    /// Whence.
    pub source: Vec<Peer>,
    /// From which ports; empty is any.
    pub source_ports: Vec<PortRange>,
    /// Whither.
    pub destination: Vec<Peer>,
    /// To which ports; empty is any.
    pub destination_ports: Vec<PortRange>,
    /// Where it was written.
    pub span: Option<Span>,
}

/// An inclusive range of ports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}

impl PortRange {
    /// Just this port.
    #[must_use]
    pub const fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// Whether `port` is inside.
    #[must_use]
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

/// One side of a security rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Every address of both families.
    Any,
    /// A prefix.
    Prefix(Prefix),
    /// A service tag.
    Tag(Arc<str>),
    /// An application security group, by resource id.
    Asg(Arc<str>),
}
