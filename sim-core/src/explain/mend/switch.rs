//! Settings that open a way, and routes that are in it.

use super::Mend;
use crate::stage::route::{Chosen, Source};
use crate::topology::{ConnectionState, Kind, Setting, Topology};

/// A setting with the value that opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// `enableIPForwarding` of a NIC.
    IpForwarding,
    /// `allowVirtualNetworkAccess` of a peering.
    Access,
    /// `allowForwardedTraffic` of a peering.
    Forwarded,
    /// `allowGatewayTransit` of a peering.
    GatewayTransit,
    /// `useRemoteGateways` of a peering.
    RemoteGateways,
    /// A route table takes the routes of gateways: `disableBgpRoutePropagation` is off.
    Propagation,
    /// A private endpoint's connection is approved.
    Approved,
}

impl Switch {
    /// The property and its value, as in the resource's body.
    #[must_use]
    pub const fn written(self) -> (&'static str, &'static str) {
        match self {
            Self::IpForwarding => ("properties.enableIPForwarding", "true"),
            Self::Access => ("properties.allowVirtualNetworkAccess", "true"),
            Self::Forwarded => ("properties.allowForwardedTraffic", "true"),
            Self::GatewayTransit => ("properties.allowGatewayTransit", "true"),
            Self::RemoteGateways => ("properties.useRemoteGateways", "true"),
            Self::Propagation => ("properties.disableBgpRoutePropagation", "false"),
            Self::Approved => (
                "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status",
                "\"Approved\"",
            ),
        }
    }

    /// Whether it changes where packets go.
    pub(super) const fn moves_the_way(self) -> bool {
        matches!(self, Self::GatewayTransit | Self::RemoteGateways | Self::Propagation)
    }

    pub(super) fn apply(self, kind: &mut Kind) {
        let on = Setting::default_of(true);
        match (self, kind) {
            (Self::IpForwarding, Kind::Nic(nic)) => nic.ip_forwarding = true,
            (Self::Access, Kind::Peering(peering)) => peering.access = on,
            (Self::Forwarded, Kind::Peering(peering)) => peering.forwarded = on,
            (Self::IpForwarding, Kind::Machine(machine)) => machine.forwards = true,
            (Self::GatewayTransit, Kind::Peering(peering)) => peering.gateway_transit = on,
            (Self::RemoteGateways, Kind::Peering(peering)) => peering.remote_gateways = on,
            (Self::Propagation, Kind::RouteTable(table)) => table.no_propagation = Setting::default_of(false),
            (Self::Approved, Kind::PrivateEndpoint(endpoint)) => endpoint.state = ConnectionState::Approved,
            _ => {}
        }
    }
}

/// Takes a user's route away.
pub(super) fn drop_route(route: &Chosen, topology: &Topology) -> Option<Mend> {
    let Source::User(table, nth) = route.source else { return None };
    let Kind::RouteTable(attributes) = &topology.get(table)?.kind else { return None };
    let name = attributes.routes.get(nth as usize)?.name.clone();
    Some(Mend::DropRoute { table, name })
}
