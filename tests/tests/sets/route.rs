//! Routes (azure-dataplane 2.2).

use super::{a_prefix, agree, cases, packets};
use proptest::prelude::*;
use sim_core::id::NodeId;
use sim_core::net::{Addr, Tuple};
use sim_core::stage::route::{Chosen, Hop, Overrides, RouteTable, Source};

fn a_route() -> impl Strategy<Value = Chosen> {
    let gateways = [Hop::Gateway(Some(NodeId(1))), Hop::Gateway(Some(NodeId(2)))];
    let hops =
        [Hop::VnetLocal, Hop::Internet, Hop::None, Hop::Appliance(Addr::v4(10, 1, 0, 4)), Hop::Peering(NodeId(3))];
    let hops: Vec<Hop> = hops.into_iter().chain(gateways).collect();
    let user = (0u32..20).prop_map(|n| Source::User(NodeId(7), n));
    let source = prop_oneof![Just(Source::System), Just(Source::Gateway), user];
    (a_prefix(), prop::sample::select(hops), source).prop_map(|(prefix, hop, source)| Chosen { prefix, hop, source })
}

proptest! {
    #![proptest_config(cases())]

    /// Catches: a shorter prefix that takes what a longer one holds, the source looked at instead of the destination, a
    /// prefix one address too long, packets without a route that are in no part, a way that is taken and not said.
    #[test]
    fn a_table_splits_as_it_decides(routes in prop::collection::vec(a_route(), 0..10), set in packets(), seed: u64) {
        // Tests `route-longest-prefix`.
        let table = RouteTable::settle(routes, &Overrides::default());
        let parts = table.split(&set);
        let longest = |packet: &Tuple| {
            let holding = table.active().iter().filter(|route| route.prefix.contains(packet.dst));
            let bits = holding.clone().map(|route| route.prefix.bits()).max();
            holding.filter(|route| Some(route.prefix.bits()) == bits).copied().collect::<Vec<_>>()
        };
        let owned: Vec<_> = parts.iter().map(|(part, ways)| (part.clone(), ways.to_vec())).collect();
        agree(&set, &owned, longest, seed)?;
        agree(&set, &parts, |packet| table.ways(packet.dst), seed)?;
        for (part, ways) in &parts {
            let Some(packet) = part.sample() else { continue };
            let taken = table.decide(&packet);
            prop_assert!(taken.map_or(ways.is_empty(), |taken| ways.contains(&taken)));
        }
    }
}
