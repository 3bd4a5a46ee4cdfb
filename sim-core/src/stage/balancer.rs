//! Load balancers: which rule takes a packet, and which backend gets the flow (azure-dataplane 3.2 to 3.4).

use crate::id::{NodeId, PortId};
use crate::net::{Addr, Protocol, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, PortSet, ProtocolSet, Rewrite};
use crate::topology::Distribution;
use core::hash::BuildHasher;

/// A rule at a frontend, compiled.
#[derive(Clone, Debug, PartialEq)]
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

/// Which packets to a frontend each of its `rules` takes, in their order, and which none does: disjoint parts that together
/// are `packets`.
#[must_use]
pub fn split<'r>(rules: impl IntoIterator<Item = &'r Rule>, packets: &PacketSet) -> Vec<(PacketSet, Option<&'r Rule>)> {
    packets.split_by_first(rules.into_iter().map(|rule| (rule.region(), Some(rule))), None)
}

impl Rule {
    /// Whether this rule takes a packet with this destination port and protocol.
    #[must_use]
    pub fn takes(&self, tuple: &Tuple) -> bool {
        self.region().contains(tuple)
    }

    /// The packets that it takes. Rules cover TCP and UDP only (azure-dataplane 3.1).
    ///
    /// Rule `balancer-protocols`: rules take TCP and UDP; a rule for all protocols is for every port of both. Source:
    /// azure-dataplane 3.1, 3.6.
    fn region(&self) -> Cube {
        let protocols = match self.protocol {
            Some(protocol) => ProtocolSet::point(protocol),
            None => super::tcp_and_udp().clone(),
        };
        let dst_ports = if self.frontend_port == 0 { PortSet::all() } else { PortSet::point(self.frontend_port) };
        Cube { protocols, dst_ports, ..Cube::all() }
    }

    /// What becomes of a packet for `member`: the destination is the backend's, unless the rule floats, and so is the port
    /// where the rule names one (azure-dataplane 3.3, 3.5).
    ///
    /// Rule `balancer-rewrite`: the destination becomes the backend's address and port, the source stays; with floating
    /// IP the address stays, and so does the port where the rule is for all. Source: azure-dataplane 3.3, 3.5.
    #[must_use]
    pub fn rewritten(&self, tuple: &Tuple, member: Member) -> Tuple {
        Tuple {
            dst: if self.floating_ip { tuple.dst } else { member.address },
            dst_port: if self.backend_port == 0 { tuple.dst_port } else { self.backend_port },
            ..*tuple
        }
    }

    /// What becomes of packets for `member`.
    #[must_use]
    pub fn map(&self, packets: &PacketSet, member: Member) -> PacketSet {
        packets.rewritten(&Rewrite {
            dst: (!self.floating_ip).then(|| AddrSet::point(member.address)),
            dst_ports: (self.backend_port != 0).then(|| PortSet::point(self.backend_port)),
            ..Rewrite::default()
        })
    }

    /// The backends that a new flow may get: those that are up, or all where nothing probes them (azure-dataplane 3.4).
    ///
    /// Rule `balancer-candidates`: new flows go to backends whose probe is up, and to all where the rule has no probe.
    /// Source: azure-dataplane 3.4.
    #[must_use]
    pub fn candidates(&self, up: impl Fn(NodeId, PortId) -> bool) -> Vec<Member> {
        let is_up = |member: &&Member| self.probe.is_none_or(|probe| up(probe, member.port));
        self.members.iter().filter(is_up).copied().collect()
    }

    /// The backend for a new flow among its [`Rule::candidates`], and how many they are. Azure does not publish its hash;
    /// any uniform one will do (azure-dataplane 3.2).
    ///
    /// Rule `balancer-distribution`: flows are spread by both addresses, both ports and the protocol; by both
    /// addresses, or those and the protocol, where the rule says so. Source: azure-dataplane 3.2.
    #[must_use]
    pub fn choose(&self, tuple: &Tuple, up: impl Fn(NodeId, PortId) -> bool) -> (Option<Member>, u32) {
        let candidates = self.candidates(up);
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
