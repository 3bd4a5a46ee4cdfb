//! Which routes of a subnet are in force (azure-dataplane 2.1, 2.2, 2.6).

use super::fate::{Fate, Fates};
use super::{Chosen, Group, Hop, Listed, RouteTable, Source, State};
use crate::assumption::{Assumption, AssumptionSet, Choices};
use crate::net::{Addr, Prefix};
use hashbrown::HashMap;

/// What settles routes beside their prefixes and makers.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Addresses of private endpoints whose own routes are out of force: a user's route is narrow enough to divert what is
    /// meant for them, and their subnet's policy lets it (azure-dataplane 2.6).
    pub diverted: Vec<Addr>,
    /// What is assumed where nobody knows.
    pub choices: Choices,
}

impl RouteTable {
    /// Settles which of `routes` are in force. Of user routes for one prefix the first given is.
    ///
    /// Rule `route-user-first`: for one prefix a user's route goes before a gateway's, and that before the system's.
    /// Source: azure-dataplane 2.2 (2).
    #[must_use]
    pub fn settle(routes: Vec<Chosen>, overrides: &Overrides) -> Self {
        let fates = Fates::new(&routes, overrides);
        let listed = routes.iter().map(|route| Listed { route: *route, state: State::Invalid }).collect();
        let mut table = Self { listed, ..Self::default() };
        let mut groups: HashMap<Prefix, Held, foldhash::fast::FixedState> = HashMap::default();
        let mut order: Vec<Prefix> = Vec::new();
        for (place, route) in routes.iter().enumerate() {
            let fate = fates.of(route);
            if let Fate::Withdrawn(assumed) = fate {
                table.listed[place].state = State::Withdrawn;
                table.contested.push((route.prefix, assumed));
            }
            let Fate::In(assumed) = fate else { continue };
            match groups.get_mut(&route.prefix) {
                None => {
                    order.push(route.prefix);
                    groups.insert(route.prefix, Held { places: vec![place], assumed });
                }
                Some(held) => held.meet(&routes, place, assumed, overrides.choices),
            }
        }
        for prefix in order {
            let held = &groups[&prefix];
            let first = table.active.len();
            for place in &held.places {
                table.listed[*place].state = State::Active;
                table.active.push(routes[*place]);
            }
            table.groups.push(Group { prefix, first, len: held.places.len(), assumed: held.assumed });
        }
        table.cut();
        table
    }
}

/// The routes that are in force for one prefix so far.
struct Held {
    places: Vec<usize>,
    assumed: AssumptionSet,
}

impl Held {
    /// Another route for the prefix comes.
    fn meet(&mut self, routes: &[Chosen], place: usize, assumed: AssumptionSet, choices: Choices) {
        let (held, new) = (routes[self.places[0]], routes[place]);
        let replace = match endpoint_tie(&held, &new) {
            Some(user_comes) => {
                let assumption = Assumption::EndpointHostRoute;
                self.assumed = self.assumed.with(assumption);
                user_comes == choices.is_default(assumption)
            }
            None => class(new.source) < class(held.source),
        };
        if replace {
            self.places = vec![place];
            self.assumed = self.assumed.union(assumed);
        } else if held.source == Source::Gateway && new.source == Source::Gateway && new.hop != held.hop {
            self.places.push(place);
        }
    }
}

/// Whether a user's route meets that of a private endpoint for the very same address, and whether the user's is the new one.
///
/// Rule `endpoint-host-route`: a user's /32 route diverts traffic for a private endpoint whatever its subnet's policy
/// says; not known for certain. Source: azure-dataplane 2.6, 9 (9).
fn endpoint_tie(held: &Chosen, new: &Chosen) -> Option<bool> {
    let is_endpoint = |route: &Chosen| matches!(route.hop, Hop::Endpoint(_));
    let is_user = |route: &Chosen| matches!(route.source, Source::User(..));
    match (is_endpoint(held) && is_user(new), is_user(held) && is_endpoint(new)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

fn class(source: Source) -> u8 {
    match source {
        Source::User(..) => 0,
        Source::Gateway => 1,
        Source::System => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;
    use crate::net::{Addr, Protocol, Tuple};
    use proptest::prelude::*;

    const NVA: Hop = Hop::Appliance(Addr::v4(10, 0, 0, 4));
    const GATEWAY: Hop = Hop::Gateway(Some(NodeId(9)));

    fn route(prefix: &str, hop: Hop, source: Source) -> Chosen {
        Chosen { prefix: prefix.parse().unwrap(), hop, source }
    }

    fn user(n: u32) -> Source {
        Source::User(NodeId(7), n)
    }

    fn settled(routes: &[Chosen], choices: &[(&str, &str)]) -> RouteTable {
        let mut overrides = Overrides::default();
        for (name, value) in choices {
            overrides.choices.set(name, value).unwrap();
        }
        RouteTable::settle(routes.to_vec(), &overrides)
    }

    fn hop(table: &RouteTable, to: &str) -> Option<Hop> {
        table.ways(to.parse().unwrap()).first().map(|route| route.hop)
    }

    fn assumed(table: &RouteTable, to: &str) -> Vec<Assumption> {
        table.assumed(to.parse().unwrap()).iter().collect()
    }

    fn system() -> Vec<Chosen> {
        vec![
            route("10.1.0.0/16", Hop::VnetLocal, Source::System),
            route("0.0.0.0/0", Hop::Internet, Source::System),
            route("10.0.0.0/8", Hop::None, Source::System),
        ]
    }

    #[test]
    fn the_longest_prefix_wins_then_the_user() {
        // Tests `route-longest-prefix`, `route-user-first`.
        // Catches: a user route losing to the system's of the same prefix, a shorter prefix winning, and golden case 9:
        // a None block swallowing what a 0.0.0.0/0 route to an appliance should carry.
        let plain = settled(&system(), &[]);
        assert_eq!(hop(&plain, "10.2.0.4"), Some(Hop::None));
        assert_eq!(hop(&plain, "10.1.0.4"), Some(Hop::VnetLocal));
        assert_eq!(hop(&plain, "fd00::1"), None);

        let mut forced = system();
        forced.push(route("0.0.0.0/0", NVA, user(0)));
        forced.push(route("10.1.2.0/24", NVA, user(1)));
        let forced = settled(&forced, &[]);
        for (to, expected) in [("10.2.0.4", NVA), ("8.8.8.8", NVA), ("10.1.2.9", NVA), ("10.1.3.9", Hop::VnetLocal)] {
            assert_eq!(hop(&forced, to), Some(expected), "{to}");
        }
        let states: Vec<State> = forced.listed().iter().map(|listed| listed.state).collect();
        assert_eq!(states, [State::Active, State::Invalid, State::Withdrawn, State::Active, State::Active]);
    }

    #[test]
    fn which_default_withdraws_the_blocks_is_assumed() {
        // Tests `route-none-withdrawn`.
        // Catches: a choice that changes nothing, a gateway's default taken for a user's, an answer that does not say what
        // it hangs on, or says so for destinations whose route is the same either way.
        let blocks = Assumption::NoneRoutesUnderDefaultRoute;
        for (default, choice, expected) in [
            (user(0), "withdrawn-by-user", NVA),
            (user(0), "withdrawn-by-any", NVA),
            (user(0), "kept", Hop::None),
            (Source::Gateway, "withdrawn-by-user", Hop::None),
            (Source::Gateway, "withdrawn-by-any", GATEWAY),
            (Source::Gateway, "kept", Hop::None),
        ] {
            let mut routes = system();
            routes.push(route("0.0.0.0/0", if default == Source::Gateway { GATEWAY } else { NVA }, default));
            let table = settled(&routes, &[("none-routes-under-default-route", choice)]);
            assert_eq!(hop(&table, "10.2.0.4"), Some(expected), "{default:?} {choice}");
            assert_eq!(assumed(&table, "10.2.0.4"), [blocks], "{default:?} {choice}");
            assert_eq!(assumed(&table, "10.1.0.4"), [], "{default:?} {choice}");
            assert_eq!(assumed(&table, "8.8.8.8"), [], "{default:?} {choice}");
        }
        assert_eq!(assumed(&settled(&system(), &[]), "10.2.0.4"), []);
    }

    #[test]
    fn gateways_take_nothing_that_is_local() {
        // Tests `route-gateway-captures-nothing-local`.
        // Catches: golden case 10, a longer learned prefix inside the VNet, a peer or a service endpoint; a gateway's route
        // that loses to the system's default or block.
        let mut routes = system();
        routes.extend([
            route("10.3.0.0/16", Hop::Peering(NodeId(2)), Source::System),
            route("20.1.0.0/16", Hop::ServiceEndpoint, Source::System),
        ]);
        let learned = ["10.1.2.0/24", "10.3.0.0/16", "20.1.1.0/24", "10.0.0.0/8", "0.0.0.0/0", "192.168.1.0/24"];
        routes.extend(learned.map(|prefix| route(prefix, GATEWAY, Source::Gateway)));
        let table = settled(&routes, &[]);
        for (to, expected) in [
            ("10.1.2.4", Hop::VnetLocal),
            ("10.3.0.4", Hop::Peering(NodeId(2))),
            ("20.1.1.4", Hop::ServiceEndpoint),
            ("10.9.0.4", GATEWAY),
            ("8.8.8.8", GATEWAY),
            ("192.168.1.9", GATEWAY),
        ] {
            assert_eq!(hop(&table, to), Some(expected), "{to}");
        }
    }

    #[test]
    fn nothing_beats_a_service_endpoints_route() {
        // Tests `endpoint-route-beats-user`.
        // Catches: golden case 15, the user's route of the same prefix; a longer one.
        let mut routes = system();
        routes.push(route("20.1.0.0/16", Hop::ServiceEndpoint, Source::System));
        let mine = ["20.1.0.0/16", "20.1.5.0/24", "20.0.0.0/8"];
        routes.extend((0..).zip(mine).map(|(n, prefix)| route(prefix, NVA, user(n))));
        let table = settled(&routes, &[]);
        assert_eq!(hop(&table, "20.1.5.1"), Some(Hop::ServiceEndpoint));
        assert_eq!(hop(&table, "20.2.0.1"), Some(NVA));
    }

    #[test]
    fn a_host_route_against_an_endpoint_is_assumed() {
        // Tests `endpoint-host-route`.
        // Catches: one outcome whatever is assumed, an order of routes that matters, a diverted endpoint that is said to
        // hang on the assumption.
        let endpoint = route("10.1.0.7/32", Hop::Endpoint(NodeId(4)), Source::System);
        let mine = route("10.1.0.7/32", NVA, user(0));
        for (choice, expected) in [("diverts", NVA), ("ignored", Hop::Endpoint(NodeId(4)))] {
            for routes in [[endpoint, mine], [mine, endpoint]] {
                let table = settled(&routes, &[("endpoint-host-route", choice)]);
                assert_eq!(hop(&table, "10.1.0.7"), Some(expected), "{choice}");
                assert_eq!(assumed(&table, "10.1.0.7"), [Assumption::EndpointHostRoute]);
            }
        }
        let overrides = Overrides { diverted: vec!["10.1.0.7".parse().unwrap()], ..Overrides::default() };
        let table = RouteTable::settle(vec![endpoint, mine], &overrides);
        assert_eq!((hop(&table, "10.1.0.7"), assumed(&table, "10.1.0.7")), (Some(NVA), vec![]));
    }

    #[test]
    fn equal_routes_share_flows() {
        // Tests `route-equal-cost`.
        // Catches: one way for every flow, two ways for one flow, a way that is not in the list, a route given twice that
        // counts twice.
        let other = Hop::Gateway(Some(NodeId(10)));
        let routes = [GATEWAY, other, GATEWAY].map(|hop| route("192.168.0.0/16", hop, Source::Gateway));
        let table = settled(&routes[..2], &[]);
        assert_eq!(table.ways("192.168.0.1".parse().unwrap()).len(), 2);
        let flow = |src_port| Tuple {
            src: Addr::v4(10, 1, 0, 4),
            dst: Addr::v4(192, 168, 0, 1),
            src_port,
            dst_port: 22,
            protocol: Protocol::TCP,
        };
        let taken: Vec<Hop> = (1..200).map(|port| table.decide(&flow(port)).unwrap().hop).collect();
        let first = taken.iter().filter(|hop| **hop == GATEWAY).count();
        assert!((60..140).contains(&first) && taken.contains(&other), "{first}");
        assert_eq!(table.decide(&flow(1)), table.decide(&flow(1)));
    }

    fn a_route() -> impl Strategy<Value = Chosen> {
        let hops = [Hop::VnetLocal, Hop::Internet, Hop::None, NVA, GATEWAY, Hop::ServiceEndpoint];
        let source = prop_oneof![Just(Source::System), Just(Source::Gateway), (0u32..9).prop_map(user)];
        (0u32..16, 26u8..=32, prop::sample::select(hops.to_vec()), source).prop_map(|(n, len, hop, source)| {
            let base = Addr::v4(10, 0, 0, 0).plus(u128::from(n) * 5);
            Chosen { prefix: Prefix::new(base, if n == 0 { 0 } else { len }).unwrap(), hop, source }
        })
    }

    proptest! {
        /// Catches: ranges cut wrongly where prefixes lie in each other, begin or end together; routes lost from the list.
        #[test]
        fn ranges_take_the_longest_prefix(routes in prop::collection::vec(a_route(), 0..12), n in 0u128..100) {
            let table = settled(&routes, &[]);
            let to = Addr::v4(10, 0, 0, 0).plus(n);
            let holding = table.active().iter().filter(|route| route.prefix.contains(to));
            let longest = holding.clone().map(|route| route.prefix.bits()).max();
            let expected: Vec<Chosen> = holding.filter(|route| Some(route.prefix.bits()) == longest).copied().collect();
            prop_assert_eq!(table.ways(to), expected);
            prop_assert_eq!(table.listed().iter().map(|listed| listed.route).collect::<Vec<_>>(), routes);
            prop_assert_eq!(table.listed().iter().filter(|listed| listed.state == State::Active).count(), table.active().len());
        }
    }
}
