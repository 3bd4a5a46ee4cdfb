//! The facts that the data plane is compiled with, at a date.

use super::assumptions::Assumptions;
use super::date::Date;
use super::{platform, region};
use sim_core::fabric::{Delays, Facts, LinkClass, Spread};
use sim_core::time::Nanos;

/// What the network is like on `date`. Without `jitter` every packet of a way takes the same time and none is lost. Delays are
/// those of `assumed`.
#[must_use]
pub fn network(date: Date, jitter: bool, assumed: &Assumptions) -> Facts {
    Facts {
        none_routes: platform::none_routes(date),
        platform_tags: platform::platform_tags(date),
        tags: platform::tags(date),
        delays: delays(jitter, assumed),
        ..Facts::default()
    }
}

fn delays(jitter: bool, assumed: &Assumptions) -> Delays {
    use LinkClass::{Backbone, ExpressRoute, Fabric, Internet, Peering, Platform, PrivateLink, Vnet, Vpn};
    let mut delays = Delays { unknown_regions: assumed.time("link.unknown-regions"), ..Delays::default() };
    for class in [Vnet, Peering, PrivateLink, Backbone, Internet, Vpn, ExpressRoute, Platform, Fabric] {
        let mut profile = assumed.link(class);
        if !jitter {
            profile.spread = Spread::default();
            profile.loss_ppm = 0;
        }
        delays.local.insert(class, profile);
    }
    for from in region::all() {
        for to in region::all() {
            if let Some(round_trip) = region::round_trip_ms(from, to) {
                delays.regions.insert((from.clone(), to.clone()), Nanos::micros(u64::from(round_trip) * 500));
            }
        }
    }
    delays
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::assumptions;
    use sim_core::fabric::Place;

    /// Catches: a round trip taken for one way, a class without a delay, loss or variation in a run without jitter.
    #[test]
    fn ways_take_their_time() {
        let place = |name: &str| Place { region: Some(name.into()), vnet: None, azure: true };
        let (east, europe) = (place("eastus"), place("westeurope"));
        let still = network(Date::DATA, false, assumptions()).delays;
        let lively = network(Date::DATA, true, assumptions()).delays;
        assert_eq!(still.profile(&east, &east, LinkClass::Vnet).delay, Nanos::micros(250));
        let far = still.profile(&east, &europe, LinkClass::Peering).delay;
        // The table says 83 ms there and back.
        assert_eq!(far, Nanos::micros(250 + 41_500));
        assert_eq!(
            still.profile(&east, &place("atlantis"), LinkClass::Vnet).delay,
            Nanos::micros(250) + still.unknown_regions
        );
        assert!(still.unknown_regions > Nanos::millis(10));
        for class in [LinkClass::Vnet, LinkClass::Internet] {
            assert_eq!(still.profile(&east, &east, class).spread, Spread::default());
            assert!(lively.profile(&east, &east, class).spread.mean > Nanos::ZERO);
        }
        assert_eq!(still.profile(&east, &east, LinkClass::Internet).loss_ppm, 0);
    }
}
