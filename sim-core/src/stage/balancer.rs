//! Load balancers: which rule takes a packet, and which backend gets the flow (azure-dataplane 3.2 to 3.4).

use super::idle::Lifetime;
use super::protocols_of;
use crate::assumption::{Assumption, AssumptionSet, Choices};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Protocol, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, PortSet, ProtocolSet, Rewrite};
use crate::topology::Distribution;
use core::hash::BuildHasher;
use std::sync::Arc;

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
    /// Whether both ends are told then.
    pub tcp_reset: bool,
    /// Keep the destination address.
    pub floating_ip: bool,
    /// The health probe, if it has one.
    pub probe: Option<NodeId>,
    /// Whether all backends get new flows when the probe finds none up.
    pub all_down_is_up: bool,
    /// The backends.
    pub members: Vec<Member>,
    /// For a global balancer: its members, by their places, nearest first, for clients of each region.
    pub nearest: Vec<(Arc<str>, Vec<u32>)>,
}

/// A backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where its packets arrive.
    pub port: PortId,
    /// Its private address; of a global balancer's member, its frontend's.
    pub address: Addr,
}

/// The first of `rules` that takes a packet to their frontend, and what that hangs on.
#[must_use]
pub fn decide<'r>(
    rules: impl IntoIterator<Item = &'r Rule>,
    choices: Choices,
    tuple: &Tuple,
) -> (Option<&'r Rule>, AssumptionSet) {
    let mut assumed = AssumptionSet::default();
    let hit = rules.into_iter().find(|rule| {
        if rule.is_for_all_ports() && PINGS.contains(&tuple.protocol) {
            assumed = assumed.with(Assumption::HaPortsIcmp);
        }
        rule.takes(choices, tuple)
    });
    (hit, assumed)
}

/// Which packets to a frontend each of its `rules` takes, in their order, and which none does: disjoint parts that together
/// are `packets`.
#[must_use]
pub fn split<'r>(
    rules: impl IntoIterator<Item = &'r Rule>,
    choices: Choices,
    packets: &PacketSet,
) -> Vec<(PacketSet, Option<&'r Rule>)> {
    packets.split_by_first(rules.into_iter().map(|rule| (rule.region(choices), Some(rule))), None)
}

const PINGS: [Protocol; 2] = [Protocol::ICMP, Protocol::ICMPV6];

impl Rule {
    /// Whether it is for all ports.
    #[must_use]
    pub fn is_for_all_ports(&self) -> bool {
        self.frontend_port == 0
    }

    /// Whether this rule takes a packet with this destination port and protocol.
    fn takes(&self, choices: Choices, tuple: &Tuple) -> bool {
        self.protocols(choices).contains(tuple.protocol)
            && (self.is_for_all_ports() || self.frontend_port == tuple.dst_port)
    }

    /// The packets that it takes.
    fn region(&self, choices: Choices) -> Cube {
        let dst_ports = if self.is_for_all_ports() { PortSet::all() } else { PortSet::point(self.frontend_port) };
        Cube { protocols: self.protocols(choices), dst_ports, ..Cube::all() }
    }

    /// Rule `balancer-protocols`: Rules take TCP and UDP; a rule for all protocols is for every port of both. Source:
    /// azure-dataplane 3.1, 3.6.
    ///
    /// Rule `balancer-ha-ports-icmp`: Whether a rule for all ports takes ICMP is not documented; an assumption decides. Source:
    /// azure-dataplane 3.6.
    fn protocols(&self, choices: Choices) -> ProtocolSet {
        let carried = protocols_of(self.protocol);
        if choices.is_default(Assumption::HaPortsIcmp) || !self.is_for_all_ports() {
            return carried;
        }
        carried.union(&PINGS.map(|it| (it, it)).into_iter().collect())
    }

    /// What becomes of a packet for `member`.
    ///
    /// Rule `balancer-rewrite`: The destination becomes the backend's address and port, the source stays; with floating IP
    /// the address stays, and so does the port where the rule is for all. Source: azure-dataplane 3.3, 3.5.
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

    /// The backends that a new flow may get.
    ///
    /// Rule `balancer-candidates`: New flows go to backends whose probe is up; to all where the rule has no probe, and to all
    /// where none is up and the probe says `AllProbedUp`. Source: azure-dataplane 3.4.
    #[must_use]
    pub fn candidates(&self, up: impl Fn(Option<NodeId>, Member) -> bool) -> Vec<Member> {
        let found: Vec<Member> = self.members.iter().filter(|member| up(self.probe, **member)).copied().collect();
        if found.is_empty() && self.all_down_is_up { self.members.clone() } else { found }
    }

    /// The backend for a new flow among its candidates, and how many they are. Azure does not publish its hash; any uniform
    /// one will do.
    ///
    /// Rule `balancer-distribution`: Flows are spread by both addresses, both ports and the protocol; by both addresses, or
    /// those and the protocol, where the rule says so. Source: azure-dataplane 3.2.
    ///
    /// Rule `balancer-global-nearest`: A global balancer sends a flow to the healthy region nearest to its client. Source:
    /// azure-dataplane 3.14.
    #[must_use]
    pub fn choose(
        &self,
        tuple: &Tuple,
        region: Option<&str>,
        up: impl Fn(Option<NodeId>, Member) -> bool,
    ) -> (Option<Member>, u32) {
        let candidates = self.candidates(up);
        let count = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return (None, 0);
        }
        if let Some((_, order)) = self.nearest.iter().find(|(from, _)| Some(&**from) == region).or(self.nearest.first())
        {
            let ranked = order.iter().filter_map(|place| self.members.get(*place as usize));
            return (ranked.copied().find(|member| candidates.contains(member)), count);
        }
        let hasher = foldhash::quality::FixedState::with_seed(0x5eed_ba1a_4ce5);
        let hash = match self.distribution {
            Distribution::FiveTuple => hasher.hash_one(tuple),
            Distribution::SourceIp => hasher.hash_one((tuple.src, tuple.dst)),
            Distribution::SourceIpProtocol => hasher.hash_one((tuple.src, tuple.dst, tuple.protocol)),
        };
        (Some(candidates[(hash % u64::from(count)) as usize]), count)
    }

    /// Whether it is assumed how long a flow is remembered.
    #[must_use]
    pub fn hangs_on_floating(&self, protocol: Protocol) -> bool {
        self.floating_ip && protocol == Protocol::TCP
    }

    /// How long `balancer` remembers a flow; `public` is the frontend's public address with its idle time in minutes.
    ///
    /// Rule `floating-ip-idle`: whether the idle time of a rule with floating IP counts is not known for certain; by default
    /// it does. Source: failure-stories S19 (a public report); azure-dataplane 3.7.
    #[must_use]
    pub fn lifetime(
        &self,
        choices: Choices,
        protocol: Protocol,
        balancer: NodeId,
        public: Option<(NodeId, u16)>,
    ) -> Lifetime {
        if self.hangs_on_floating(protocol) && !choices.is_default(Assumption::FloatingIpIdle) {
            return Lifetime::plain(super::idle::NEVER);
        }
        let (setting, minutes) = public.map_or((self.node, None), |(address, minutes)| (address, Some(minutes)));
        Lifetime::balanced(protocol, self.idle_minutes, minutes, self.tcp_reset).kept(balancer, setting)
    }
}
