//! Which packets may cross a peering (azure-dataplane 2.7).

use super::Reason;
use super::checks::Checks;
use crate::assumption::{Assumption, AssumptionSet, Choices};
use crate::net::Tuple;
use crate::set::{AddrSet, Cube, PacketSet};

/// What the flags of a peering's two sides say about packets from this VNet into the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Both sides have `allowVirtualNetworkAccess`.
    pub access: bool,
    /// The receiving side has `allowForwardedTraffic`.
    pub taken: bool,
    /// The sending side has `allowForwardedTraffic`.
    pub given: bool,
    /// This side lets the other use its gateway, and the other does.
    pub transit: bool,
}

/// Packets of one sender at a peering.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// The peering.
    pub link: Link,
    /// The sending VNet's own addresses.
    pub own: AddrSet,
    /// Whether the subnet that sends is among those that are peered.
    pub peered: bool,
    /// Whether a gateway sends.
    pub by_gateway: bool,
    /// Whether the two VNets are in different regions.
    pub global: bool,
    /// Whether it leads to the frontend of a Basic balancer.
    pub to_basic: bool,
    /// What is assumed.
    pub choices: Choices,
}

impl Crossing {
    /// What does not cross, and why: for one packet and for sets of them.
    ///
    /// Rule `peering-global-basic`: the frontend of a Basic balancer is not reached over a peering between regions. Source:
    /// azure-dataplane 2.7.
    #[must_use]
    pub fn checks(&self) -> Checks {
        let all_if = |stops: bool| if stops { PacketSet::all() } else { PacketSet::empty() };
        let foreign = if self.refuses_foreign() { self.own.complement() } else { AddrSet::empty() };
        Checks::default()
            .and_stop(all_if(self.blocked()), Reason::PeeringAccessOff)
            .and_stop(all_if(!self.peered), Reason::SubnetNotPeered)
            .and_stop(Cube { src: foreign, ..Cube::all() }.into(), Reason::ForwardedNotAllowed)
            .and_stop(all_if(self.global && self.to_basic), Reason::BasicOverGlobalPeering)
    }

    /// What the answer for a packet hangs on.
    #[must_use]
    pub fn assumed(&self, tuple: &Tuple) -> AssumptionSet {
        let none = AssumptionSet::default();
        let access = if self.link.access { none } else { none.with(Assumption::PeeringAccessOff) };
        let side = !self.exempt() && !self.own.contains(tuple.src) && self.link.given != self.link.taken;
        if side { access.with(Assumption::ForwardedTrafficSide) } else { access }
    }

    /// Rule `peering-access-off`: where one side has `allowVirtualNetworkAccess` off no packet crosses; whether a rule that
    /// names prefixes lets it pass all the same is not known. Source: azure-dataplane 2.7, 9 (3).
    fn blocked(&self) -> bool {
        !self.link.access && self.choices.is_default(Assumption::PeeringAccessOff)
    }

    /// Rule `peering-forwarded-traffic`: packets from outside the adjacent VNet cross where the receiving side has
    /// `allowForwardedTraffic`; which side's flag counts is not known for certain. Source: azure-dataplane 2.7, 9 (4).
    fn refuses_foreign(&self) -> bool {
        let allowed = match self.choices.name_of(Assumption::ForwardedTrafficSide) {
            "sending" => self.link.given,
            "both" => self.link.given && self.link.taken,
            _ => self.link.taken,
        };
        !allowed && !self.exempt()
    }

    /// Rule `peering-gateway-traffic`: what a gateway sends into a VNet that uses it needs no such flag. Source:
    /// azure-dataplane 2.7.
    fn exempt(&self) -> bool {
        self.by_gateway && self.link.transit
    }
}
