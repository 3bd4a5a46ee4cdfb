//! Routes (azure-dataplane 2.2).

use super::{a_prefix, agree, cases, packets};
use proptest::prelude::*;
use sim_core::id::NodeId;
use sim_core::net::{Addr, Tuple};
use sim_core::stage::route::{Chosen, Hop, RouteTable, Source};

fn a_route() -> impl Strategy<Value = Chosen> {
    let hops =
        [Hop::VnetLocal, Hop::Internet, Hop::None, Hop::Appliance(Addr::v4(10, 1, 0, 4)), Hop::Peering(NodeId(3))];
    let source = prop_oneof![Just(Source::System), (0u32..20).prop_map(|n| Source::User(NodeId(7), n))];
    (a_prefix(), prop::sample::select(hops.to_vec()), source).prop_map(|(prefix, hop, source)| Chosen {
        prefix,
        hop,
        source,
    })
}

proptest! {
    #![proptest_config(cases())]

    /// Catches: a shorter prefix that takes what a longer one holds, the source looked at instead of the destination, a
    /// prefix one address too long, packets without a route that are in no part.
    #[test]
    fn a_table_splits_as_it_decides(routes in prop::collection::vec(a_route(), 0..10), set in packets(), seed: u64) {
        // Tests `route-longest-prefix`.
        let table = RouteTable::settle(routes, &[]);
        let parts = table.split(&set);
        agree(&set, &parts, |packet| table.lookup(packet.dst), seed)?;
        let longest = |packet: &Tuple| {
            let holding = table.active().iter().filter(|route| route.prefix.contains(packet.dst));
            holding.max_by_key(|route| route.prefix.bits()).copied()
        };
        agree(&set, &parts, longest, seed)?;
    }
}
