//! Load balancers: which rule takes a packet, and which backend gets the flow (azure-dataplane 3.2 to 3.4).

use crate::id::{NodeId, PortId};
use crate::net::{Addr, Protocol, Tuple};
use crate::topology::Distribution;
use core::hash::BuildHasher;

/// A rule at a frontend, compiled.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The rule's resource.
    pub node: NodeId,
    /// Protocol; `None` takes TCP and UDP.
    pub protocol: Option<Protocol>,
    /// Port at the frontend; 0 takes every port.
    pub frontend_port: u16,
    /// Port at the backend; 0 keeps the port.
    pub backend_port: u16,
    /// How flows are spread.
    pub distribution: Distribution,
    /// Minutes of silence after which a flow is forgotten.
    pub idle_minutes: u16,
    /// Keep the destination address.
    pub floating_ip: bool,
    /// The health probe, if it has one.
    pub probe: Option<NodeId>,
    /// The backends.
    pub members: Vec<Member>,
}

/// A backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where its packets arrive.
    pub port: PortId,
    /// Its private address.
    pub address: Addr,
}

impl Rule {
    /// Whether this rule takes a packet with this destination port and protocol. Rules cover TCP and UDP only.
    #[must_use]
    pub fn takes(&self, tuple: &Tuple) -> bool {
        let protocol = match self.protocol {
            Some(wanted) => wanted == tuple.protocol,
            None => matches!(tuple.protocol, Protocol::TCP | Protocol::UDP),
        };
        protocol && (self.frontend_port == 0 || self.frontend_port == tuple.dst_port)
    }

    /// The backend for a new flow among those that are up, and how many are up. Azure does not publish its hash; any
    /// uniform one will do (azure-dataplane 3.2).
    #[must_use]
    pub fn choose(&self, tuple: &Tuple, up: impl Fn(NodeId, PortId) -> bool) -> (Option<Member>, u32) {
        let candidates: Vec<Member> = self
            .members
            .iter()
            .filter(|member| self.probe.is_none_or(|probe| up(probe, member.port)))
            .copied()
            .collect();
        let count = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return (None, 0);
        }
        let hasher = foldhash::quality::FixedState::with_seed(0x5eed_ba1a_4ce5);
        let hash = match self.distribution {
            Distribution::FiveTuple => hasher.hash_one(tuple),
            Distribution::SourceIp => hasher.hash_one((tuple.src, tuple.dst)),
            Distribution::SourceIpProtocol => hasher.hash_one((tuple.src, tuple.dst, tuple.protocol)),
        };
        (Some(candidates[(hash % u64::from(count)) as usize]), count)
    }
}
