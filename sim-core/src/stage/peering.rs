//! Which packets may cross a peering (azure-dataplane 2.7).

use super::Reason;
use super::checks::Checks;
use crate::net::Prefix;
use crate::set::{AddrSet, Cube, PacketSet};

/// Stops what may not go from a VNet into a peer: everything, unless both sides have access switched on; and where the
/// receiving side does not take forwarded packets, those from outside of the sending VNet's `space`.
///
/// Rule `peering-access-off`: where one side has `allowVirtualNetworkAccess` off no packet crosses. Source:
/// azure-dataplane 2.7, 9 (3).
///
/// Rule `peering-forwarded-traffic`: packets from outside the adjacent VNet cross where the receiving side has
/// `allowForwardedTraffic`. Source: azure-dataplane 2.7, 9 (4).
#[must_use]
pub fn crossing(space: impl IntoIterator<Item = Prefix>, access: bool, forwarded: bool) -> Checks {
    let own: AddrSet = space.into_iter().collect();
    let unreachable = if access { PacketSet::empty() } else { PacketSet::all() };
    let foreign = if forwarded { AddrSet::empty() } else { own.complement() };
    Checks::default()
        .and_stop(unreachable, Reason::PeeringAccessOff)
        .and_stop(Cube { src: foreign, ..Cube::all() }.into(), Reason::ForwardedNotAllowed)
}
