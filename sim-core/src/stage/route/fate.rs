//! Routes that others put out of force whatever their prefixes: what gateways and users may not take, blocks that a default
//! route takes away (azure-dataplane 2.1, 2.2, 2.6).

use super::settle::Overrides;
use super::{Chosen, Hop, Source};
use crate::assumption::{Assumption, AssumptionSet};
use crate::net::Prefix;
use crate::set::AddrSet;

/// What becomes of a route before others for its prefix are looked at.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// It may be in force; these assumptions let it.
    In(AssumptionSet),
    /// It is overridden.
    Out,
    /// A default route takes it away, as is assumed.
    Withdrawn(AssumptionSet),
}

/// What decides on fates.
pub(super) struct Fates<'a> {
    /// Destinations that gateways' routes never take.
    fixed: AddrSet,
    /// Destinations that users' routes never take either.
    services: AddrSet,
    user_default: bool,
    gateway_default: bool,
    overrides: &'a Overrides,
}

impl<'a> Fates<'a> {
    pub(super) fn new(routes: &[Chosen], overrides: &'a Overrides) -> Self {
        let prefixes = |wanted: fn(Hop) -> bool| -> AddrSet {
            let system = routes.iter().filter(|route| route.source == Source::System && wanted(route.hop));
            system.map(|route| route.prefix).collect()
        };
        // The blocks are of IPv4, and so is the default route that withdraws them.
        let default = |wanted: fn(Source) -> bool| {
            routes.iter().any(|route| route.prefix == Prefix::ALL_V4 && wanted(route.source))
        };
        Self {
            fixed: prefixes(|hop| {
                matches!(hop, Hop::VnetLocal | Hop::Peering(_) | Hop::ServiceEndpoint | Hop::Endpoint(_))
            }),
            services: prefixes(|hop| hop == Hop::ServiceEndpoint),
            user_default: default(|source| matches!(source, Source::User(..))),
            gateway_default: default(|source| source == Source::Gateway),
            overrides,
        }
    }

    /// What becomes of one of the routes.
    pub(super) fn of(&self, route: &Chosen) -> Fate {
        match (route.source, route.hop) {
            (Source::System, Hop::None) => self.of_block(),
            (Source::System, Hop::Endpoint(_)) if self.overrides.diverted.contains(&route.prefix.first()) => Fate::Out,
            (Source::Gateway, _) if self.captured(route) => Fate::Out,
            (Source::User(..), _) if self.overruled(route) => Fate::Out,
            _ => Fate::In(AssumptionSet::default()),
        }
    }

    /// Rule `route-none-withdrawn`: a default route that is not the system's withdraws the routes to `None` of private
    /// blocks; which defaults do is not known for certain. Source: azure-dataplane 2.1, 9 (2).
    fn of_block(&self) -> Fate {
        if !self.user_default && !self.gateway_default {
            return Fate::In(AssumptionSet::default());
        }
        let assumption = Assumption::NoneRoutesUnderDefaultRoute;
        let withdrawn = match self.overrides.choices.name_of(assumption) {
            "withdrawn-by-user" => self.user_default,
            "withdrawn-by-any" => true,
            _ => false,
        };
        let assumed = AssumptionSet::default().with(assumption);
        if withdrawn { Fate::Withdrawn(assumed) } else { Fate::In(assumed) }
    }

    /// Rule `route-gateway-captures-nothing-local`: routes of gateways never take what is in the VNet, in a peer or behind
    /// a service endpoint, not even by a longer prefix. Source: azure-dataplane 2.2 (3).
    fn captured(&self, route: &Chosen) -> bool {
        holds(&self.fixed, route.prefix)
    }

    /// Rule `endpoint-route-beats-user`: no user's route takes what a service endpoint's route is for. Source:
    /// azure-dataplane 2.2 (4).
    fn overruled(&self, route: &Chosen) -> bool {
        holds(&self.services, route.prefix)
    }
}

/// Whether a set holds all of a prefix.
fn holds(set: &AddrSet, prefix: Prefix) -> bool {
    let ranges = set.ranges();
    let after = ranges.partition_point(|(first, _)| *first <= prefix.first());
    after.checked_sub(1).is_some_and(|n| prefix.last() <= ranges[n].1)
}
