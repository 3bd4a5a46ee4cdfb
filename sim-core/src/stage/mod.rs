//! The stages a packet meets, one module each. A stage takes headers and gives a decision together with its provenance:
//! which rule, which route, which setting.
//!
//! Each answers for one packet (`decide`) and for a set of them (`split`: disjoint parts by decision), from the same data;
//! what rewrites packets also rewrites sets of them (`map`). Where there is a choice, a set form gives all that may be
//! chosen, and what the engine chooses is one of them.

pub mod admin;
pub mod balancer;
pub mod checks;
pub mod firewall;
pub mod guard;
pub mod idle;
pub mod interface;
pub mod outbound;
pub mod peering;
pub mod platform;
pub mod reason;
pub mod route;
pub mod security;
pub mod snat;
pub mod tag;
pub mod translate;

pub use reason::Reason;

use crate::assumption::Assumption;
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Prefix, Protocol, Tuple};
use crate::set::{PortSet, ProtocolSet};
use crate::topology::{Access, Direction, PortRange};
use std::sync::LazyLock;

/// Azure's host address: DNS, agent, health probes (azure-dataplane 1.8).
pub const PLATFORM: Addr = Addr::v4(168, 63, 129, 16);

/// Where health probes of IPv6 backends come from: link-local, on the backend's own host (azure-dataplane 3.4; the address
/// is that of Microsoft's pages on IPv6 in virtual networks, which ask for a rule that lets it in).
pub const PLATFORM_V6: Addr = Addr(0xfe80_0000_0000_0000_0000_1234_5678_9abc);

/// The platform's address that speaks to `addr`: that of the same family.
#[must_use]
pub const fn platform_for(addr: Addr) -> Addr {
    if addr.is_v4() { PLATFORM } else { PLATFORM_V6 }
}
/// The address of instance metadata, on each machine's own host (azure-dataplane 1.8).
pub const METADATA: Addr = Addr::v4(169, 254, 169, 254);

/// Where a security group is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// On the subnet.
    Subnet,
    /// On the network interface.
    Nic,
}

/// One thing that a stage did to a packet or said of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The state of a known connection let it pass: no rule was asked.
    Known,
    /// Platform traffic, which rules do not touch (azure-dataplane 1.8).
    Platform,
    /// A security group's rule decided.
    Security {
        /// The group.
        group: NodeId,
        /// Where it is attached.
        level: Level,
        /// Which of its lists.
        direction: Direction,
        /// The rule that matched.
        rule: security::RuleRef,
        /// What it said.
        access: Access,
    },
    /// A security admin rule decided: on its own, or by leaving the word to the security groups.
    Admin {
        /// The rule.
        rule: admin::AdminRef,
        /// For which direction.
        direction: Direction,
        /// What it said.
        access: Access,
    },
    /// A firewall decided.
    Firewall {
        /// The firewall.
        firewall: NodeId,
        /// The rule that matched; without any it denies.
        rule: Option<firewall::RuleRef>,
        /// Whether it lets the packet pass.
        allow: bool,
    },
    /// No security group at this level: everything passes there.
    Unfiltered {
        /// The level.
        level: Level,
    },
    /// The route chosen in the sender's subnet.
    Routed {
        /// The subnet whose table was asked.
        subnet: NodeId,
        /// The route.
        route: route::Chosen,
    },
    /// A balancer chose a backend.
    Balanced {
        /// The rule.
        rule: NodeId,
        /// The backend's address resource.
        backend: NodeId,
        /// Backends that were up.
        up: u32,
        /// Backends in the pool.
        pool: u32,
    },
    /// Addresses or ports were rewritten.
    Rewritten {
        /// By whom.
        by: Translation,
        /// Before.
        from: Tuple,
        /// After.
        to: Tuple,
    },
    /// Somebody has ports of a translation towards the packet's destination.
    Ports {
        /// Where.
        holder: PortId,
        /// How many.
        used: u32,
        /// How many the sender of the packet may have.
        of: u32,
    },
    /// A managed service does not let in who asks.
    Refused {
        /// The service.
        service: NodeId,
        /// Who asks, as the service sees it.
        caller: guard::Caller,
        /// The port of the asker.
        asker: PortId,
        /// Why.
        denied: guard::Denied,
    },
    /// A connection was silent for too long, and forgotten.
    Expired(idle::Silence),
    /// Something that nobody knows for certain had a say.
    Assumed(Assumption),
    /// The stage that stopped it, or would have, had it not been passed over.
    Stopped(Reason),
}

/// Who rewrites addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Translation {
    /// A public address attached to a NIC: 1:1, stateless (azure-dataplane 4.3).
    PublicIp(NodeId),
    /// A balancer, towards the backend or back (3.3).
    Balancer(NodeId),
    /// A private link service: source NAT (azure-services 3.2).
    LinkService(NodeId),
    /// A NAT gateway (azure-dataplane 4.2).
    NatGateway(NodeId),
    /// Default outbound access of a subnet (4.4).
    DefaultOutbound(NodeId),
    /// A firewall.
    Firewall(NodeId),
}

/// Prefixes that are never on the Internet: private (RFC 1918), shared (RFC 6598), loopback, link-local, multicast.
/// What the tag `Internet` leaves out is more, and changes with the years: [`tag::PlatformTags`].
#[must_use]
pub fn never_internet() -> Vec<Prefix> {
    let v4 = |a, b, c, d, len| Prefix::new(Addr::v4(a, b, c, d), len);
    let v6 = |high: u128, len| Prefix::new(Addr(high << 112), len);
    [
        v4(0, 0, 0, 0, 8),
        v4(10, 0, 0, 0, 8),
        v4(100, 64, 0, 0, 10),
        v4(127, 0, 0, 0, 8),
        v4(169, 254, 0, 0, 16),
        v4(172, 16, 0, 0, 12),
        v4(192, 168, 0, 0, 16),
        v4(224, 0, 0, 0, 4),
        v4(168, 63, 129, 16, 32),
        v6(0xfc00, 7),
        v6(0xfe80, 10),
        v6(0xff00, 8),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a rule of a balancer, or a translation, is for that names `only` one protocol; without one it is for TCP and UDP
/// (azure-dataplane 3.1, 4.2).
#[must_use]
pub fn protocols_of(only: Option<Protocol>) -> ProtocolSet {
    static BOTH: LazyLock<ProtocolSet> =
        LazyLock::new(|| [Protocol::TCP, Protocol::UDP].map(|it| (it, it)).into_iter().collect());
    only.map_or_else(|| BOTH.clone(), ProtocolSet::point)
}

/// The ports of a security or firewall rule; without any it is for all.
fn ports_of(ranges: &[PortRange]) -> PortSet {
    if ranges.is_empty() {
        return PortSet::all();
    }
    ranges.iter().map(|range| (range.first, range.last)).collect()
}
