//! Routes: the effective table of a subnet, and which route a packet takes (azure-dataplane 2.1 and 2.2).

mod fate;
mod settle;

pub use settle::Overrides;

use crate::assumption::AssumptionSet;
use crate::id::NodeId;
use crate::net::{Addr, Prefix, Tuple};
use crate::set::{AddrSet, Cube, PacketSet};
use std::hash::BuildHasher;

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// Inside the VNet.
    VnetLocal,
    /// Into this peered VNet.
    Peering(NodeId),
    /// Out of the VNet by the subnet's outbound method.
    Internet,
    /// To the machine or frontend with this private address.
    Appliance(Addr),
    /// To this virtual network gateway; `None` where a user's route names one and there is none.
    Gateway(Option<NodeId>),
    /// From a gateway through this connection of its own.
    Tunnel(NodeId),
    /// To an Azure service at its public address, with the subnet's identity.
    ServiceEndpoint,
    /// To this private endpoint.
    Endpoint(NodeId),
    /// Dropped.
    None,
}

/// Who made a route; for one prefix the lower one wins (azure-dataplane 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A user-defined route: table, and place in it.
    User(NodeId, u32),
    /// A gateway: learned by BGP, or declared for a connection.
    Gateway,
    /// Azure's own.
    System,
}

/// One effective route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Destinations.
    pub prefix: Prefix,
    /// Where it leads.
    pub hop: Hop,
    /// Who made it.
    pub source: Source,
}

/// A route that a subnet has, in force or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The route.
    pub route: Chosen,
    /// Whether it is in force.
    pub state: State,
}

/// What became of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In force.
    Active,
    /// Another one overrides it; Azure still lists it.
    Invalid,
    /// Taken away by a default route; Azure does not list it (azure-dataplane 2.1).
    Withdrawn,
}

/// The routes of a subnet.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    /// All, in the order they were given.
    listed: Vec<Listed>,
    /// Those in force; routes for one prefix stand together.
    active: Vec<Chosen>,
    /// Routes in force for one prefix.
    groups: Vec<Group>,
    /// Where ranges of destinations begin, ascending, with the group that all of the range takes.
    starts: Vec<(Addr, Option<u32>)>,
    /// Prefixes of routes that an assumption keeps out of force.
    contested: Vec<(Prefix, AssumptionSet)>,
}

/// Equal routes.
#[derive(Clone, Copy, Debug)]
struct Group {
    prefix: Prefix,
    first: usize,
    len: usize,
    assumed: AssumptionSet,
}

impl RouteTable {
    /// The route of a flow: the longest prefix that holds its destination; among equal routes, by a hash of the flow.
    ///
    /// Rule `route-longest-prefix`: the route of the longest prefix that holds the destination is taken; without one the
    /// packet is dropped. Source: azure-dataplane 2.2 (1, 7).
    ///
    /// Rule `route-equal-cost`: flows are spread over equal routes of several gateways or connections by a hash. Source:
    /// azure-dataplane 2.2 (8).
    #[must_use]
    pub fn decide(&self, flow: &Tuple) -> Option<Chosen> {
        let ways = self.ways(flow.dst);
        match ways {
            [] | [_] => ways.first().copied(),
            _ => {
                let hash = foldhash::quality::FixedState::with_seed(0x5eed_ec4f).hash_one(flow);
                Some(ways[(hash % ways.len() as u64) as usize])
            }
        }
    }

    /// The route to `to`; the first of those that are equal.
    #[must_use]
    pub fn lookup(&self, to: Addr) -> Option<Chosen> {
        self.ways(to).first().copied()
    }

    /// All routes that flows to `to` may take: more than one where routes are equal, none where no route leads there.
    #[must_use]
    pub fn ways(&self, to: Addr) -> &[Chosen] {
        self.group(to).map_or(&[], |group| &self.active[group.first..group.first + group.len])
    }

    /// Which packets may take which routes: disjoint parts that together are `packets`. Equal routes are given together, for
    /// which of them a flow takes is a matter of a hash; what no route takes comes with none.
    #[must_use]
    pub fn split(&self, packets: &PacketSet) -> Vec<(PacketSet, &[Chosen])> {
        let mut spans: Vec<Vec<(Addr, Addr)>> = vec![Vec::new(); self.groups.len()];
        for (n, (start, group)) in self.starts.iter().enumerate() {
            let end = self.starts.get(n + 1).map_or(Addr(u128::MAX), |(next, _)| Addr(next.0 - 1));
            if let Some(spans) = group.and_then(|group| spans.get_mut(group as usize)) {
                spans.push((*start, end));
            }
        }
        let regions = self.groups.iter().zip(spans).map(|(group, spans)| {
            let dst: AddrSet = spans.into_iter().collect();
            (Cube { dst, ..Cube::all() }, &self.active[group.first..group.first + group.len])
        });
        packets.split_by_first(regions, &[][..])
    }

    /// What is assumed in choosing the route to `to`.
    #[must_use]
    pub fn assumed(&self, to: Addr) -> AssumptionSet {
        let group = self.group(to);
        let bits = group.map_or(0, |group| group.prefix.bits());
        // A route that is out of force by assumption counts where it would have been chosen.
        let missed = self.contested.iter().filter(|(prefix, _)| prefix.bits() >= bits && prefix.contains(to));
        missed.fold(group.map_or_else(AssumptionSet::default, |group| group.assumed), |all, (_, one)| all.union(*one))
    }

    /// All routes, in force or not, in the order they were given: system routes first (VNet space, peers, gateways' routes,
    /// the Internet, blocks that lead nowhere, endpoints), then the user's in the order of their table.
    #[must_use]
    pub fn listed(&self) -> &[Listed] {
        &self.listed
    }

    /// The routes in force.
    #[must_use]
    pub fn active(&self) -> &[Chosen] {
        &self.active
    }

    /// Whether a route for everything is in force that is not the system's.
    #[must_use]
    pub fn replaces_default(&self) -> bool {
        self.active.iter().any(|route| route.prefix.is_default() && route.source != Source::System)
    }

    fn group(&self, to: Addr) -> Option<&Group> {
        let after = self.starts.partition_point(|(start, _)| *start <= to);
        let (_, group) = self.starts.get(after.checked_sub(1)?)?;
        self.groups.get((*group)? as usize)
    }

    /// Cuts all destinations into ranges that take one group each.
    fn cut(&mut self) {
        let mut order: Vec<(Prefix, Option<u32>)> =
            self.groups.iter().zip(0u32..).map(|(group, n)| (group.prefix, Some(n))).collect();
        // Wide prefixes of IPv6 have the IPv4 addresses, which are held mapped, between their ends and do not hold them.
        order.push((Prefix::ALL_V4, None));
        order.sort_by_key(|(prefix, group)| (prefix.first(), prefix.bits(), *group));
        let mut starts: Vec<(Addr, Option<u32>)> = Vec::new();
        let mut begin = |at: Addr, group: Option<u32>| match starts.last_mut() {
            Some(last) if last.0 == at => last.1 = group,
            _ => starts.push((at, group)),
        };
        // Prefixes lie in each other or apart: what is open is a stack, the innermost on top.
        let mut open: Vec<(Prefix, Option<u32>)> = Vec::new();
        let around = |open: &[(Prefix, Option<u32>)]| open.last().and_then(|(_, group)| *group);
        for (prefix, group) in order {
            while let Some((inner, _)) = open.pop_if(|(inner, _)| inner.last() < prefix.first()) {
                begin(inner.last().plus(1), around(&open));
            }
            open.push((prefix, group));
            begin(prefix.first(), group);
        }
        while let Some((inner, _)) = open.pop() {
            if inner.last() != Addr(u128::MAX) {
                begin(inner.last().plus(1), around(&open));
            }
        }
        self.starts = starts;
    }
}
