//! Routes: the effective table of a subnet, and which route a packet takes (azure-dataplane 2.1 and 2.2).

use crate::id::NodeId;
use crate::net::{Addr, Prefix};
use crate::set::{AddrSet, Cube, PacketSet};

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
    /// To the virtual network gateway.
    Gateway,
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

/// The routes of a subnet that are in force, and those that lost.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    /// In force: longest prefix first.
    active: Vec<Chosen>,
    /// Overridden; Azure lists them as `Invalid`.
    pub invalid: Vec<Chosen>,
}

impl RouteTable {
    /// Settles which of `routes` are in force: for one prefix the user's beats the system's, and any default route that
    /// is not the system's withdraws the `None` routes of the private blocks, as the hub-and-spoke material says
    /// (azure-dataplane 2.1). The routes to the endpoints in `diverted` are out of force: a user's route is narrow enough
    /// to divert what is meant for them (2.6).
    ///
    /// Rule `route-user-first`: for one prefix a user's route goes before the system's. Source: azure-dataplane 2.2
    /// (2).
    ///
    /// Rule `route-none-withdrawn`: a default route that is not the system's withdraws the routes to `None` of private
    /// blocks. Source: azure-dataplane 2.1, 9 (2).
    #[must_use]
    pub fn settle(mut routes: Vec<Chosen>, diverted: &[NodeId]) -> Self {
        let default_overridden =
            routes.iter().any(|route| route.prefix.is_default() && matches!(route.source, Source::User(..)));
        routes.sort_by(|a, b| (b.prefix.bits(), a.prefix, a.source).cmp(&(a.prefix.bits(), b.prefix, b.source)));
        let mut table = Self::default();
        for route in routes {
            let withdrawn = match route.hop {
                Hop::None => default_overridden && route.source == Source::System,
                Hop::Endpoint(endpoint) => diverted.contains(&endpoint),
                _ => false,
            };
            let beaten = table.active.last().is_some_and(|winner| winner.prefix == route.prefix);
            if withdrawn || beaten {
                table.invalid.push(route);
            } else {
                table.active.push(route);
            }
        }
        table
    }

    /// The route of the longest prefix that holds `to`.
    ///
    /// Rule `route-longest-prefix`: the route of the longest prefix that holds the destination is taken; without one
    /// the packet is dropped. Source: azure-dataplane 2.2 (1, 7).
    #[must_use]
    pub fn lookup(&self, to: Addr) -> Option<Chosen> {
        self.active.iter().find(|route| route.prefix.contains(to)).copied()
    }

    /// Which packets each route takes, and which none does: disjoint parts that together are `packets`.
    #[must_use]
    pub fn split(&self, packets: &PacketSet) -> Vec<(PacketSet, Option<Chosen>)> {
        let regions = self.active.iter().map(|route| {
            let dst = AddrSet::span(route.prefix.first(), route.prefix.last());
            (Cube { dst, ..Cube::all() }, Some(*route))
        });
        packets.split_by_first(regions, None)
    }

    /// The routes in force, longest prefix first.
    #[must_use]
    pub fn active(&self) -> &[Chosen] {
        &self.active
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(prefix: &str, hop: Hop, source: Source) -> Chosen {
        Chosen { prefix: prefix.parse().unwrap(), hop, source }
    }

    #[test]
    fn the_longest_prefix_wins_then_the_user() {
        // Tests `route-longest-prefix`, `route-user-first`, `route-none-withdrawn`.
        // Catches: a user route losing to the system's of the same prefix, a shorter prefix winning, and golden case 9:
        // a None block swallowing what a 0.0.0.0/0 route to an appliance should carry.
        let nva = Addr::v4(10, 0, 0, 4);
        let user = |n| Source::User(NodeId(7), n);
        let system = vec![
            route("10.1.0.0/16", Hop::VnetLocal, Source::System),
            route("0.0.0.0/0", Hop::Internet, Source::System),
            route("10.0.0.0/8", Hop::None, Source::System),
        ];
        let plain = RouteTable::settle(system.clone(), &[]);
        assert_eq!(plain.lookup(Addr::v4(10, 2, 0, 4)).unwrap().hop, Hop::None);
        assert_eq!(plain.lookup(Addr::v4(10, 1, 0, 4)).unwrap().hop, Hop::VnetLocal);

        let mut forced = system;
        forced.push(route("0.0.0.0/0", Hop::Appliance(nva), user(0)));
        forced.push(route("10.1.2.0/24", Hop::Appliance(nva), user(1)));
        let forced = RouteTable::settle(forced, &[]);
        for (to, hop) in [
            (Addr::v4(10, 2, 0, 4), Hop::Appliance(nva)),
            (Addr::v4(8, 8, 8, 8), Hop::Appliance(nva)),
            (Addr::v4(10, 1, 2, 9), Hop::Appliance(nva)),
            (Addr::v4(10, 1, 3, 9), Hop::VnetLocal),
        ] {
            assert_eq!(forced.lookup(to).unwrap().hop, hop, "{to}");
        }
        assert_eq!(forced.invalid.len(), 2);
    }
}
