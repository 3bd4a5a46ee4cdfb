//! Virtual networks, their subnets, routes and peerings.

use super::Setting;
use crate::net::{Addr, Prefix};
use crate::source::Span;
use std::sync::Arc;

/// A virtual network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vnet {
    /// Its region, in short form (`westus2`).
    pub region: Arc<str>,
    /// Its address space.
    pub space: Vec<Prefix>,
    /// `flowTimeoutInMinutes`, 4 to 30 (azure-dataplane 1.4).
    pub flow_timeout_minutes: Option<u8>,
    /// `dhcpOptions.dnsServers`: whom its machines ask about names; none for Azure's own (azure-services 5.1).
    pub dns_servers: Vec<Addr>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq)]
pub struct Subnet {
    /// Its prefixes.
    pub prefixes: Vec<Prefix>,
    /// `privateLinkServiceNetworkPolicies`: must be off where a private link service takes its addresses
    /// (azure-services 4.3).
    pub link_service_policies: Setting<bool>,
    /// `privateEndpointNetworkPolicies`: which rules private endpoints in this subnet obey (azure-dataplane 1.9, 2.6).
    pub endpoint_policies: Setting<EndpointPolicies>,
    /// `defaultOutboundAccess`; absent counts as on (azure-dataplane 4.4).
    pub default_outbound: Setting<bool>,
    /// The service that alone may use the subnet, as `Microsoft.ContainerInstance/containerGroups`.
    pub delegation: Option<String>,
    /// Services with a service endpoint here.
    pub service_endpoints: Vec<ServiceEndpoint>,
}

/// A service endpoint of a subnet (azure-dataplane 2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceEndpoint {
    /// The service, as `Microsoft.Storage`.
    pub service: Arc<str>,
    /// The regions it is for, in short form; none for the subnet's own.
    pub locations: Vec<Arc<str>>,
}

impl Default for Subnet {
    /// A subnet as Azure makes it where nothing is said.
    fn default() -> Self {
        Self {
            prefixes: Vec::new(),
            link_service_policies: Setting::default_of(true),
            endpoint_policies: Setting::default(),
            default_outbound: Setting::default_of(true),
            delegation: None,
            service_endpoints: Vec::new(),
        }
    }
}

/// Which network policies private endpoints of a subnet obey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointPolicies {
    /// Security rules apply to them.
    pub security: bool,
    /// User-defined routes may divert traffic to them.
    pub routes: bool,
}

/// A route table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteTable {
    /// Its routes.
    pub routes: Vec<Route>,
    /// `disableBgpRoutePropagation`: routes of the gateway do not come to its subnets (azure-dataplane 2.3).
    pub no_propagation: Setting<bool>,
}

/// A user-defined route.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its name.
    pub name: Arc<str>,
    /// Destinations.
    pub destination: Destination,
    /// Where to.
    pub next_hop: UserHop,
    /// Where it was written.
    pub span: Option<Span>,
}

/// What a user's route is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A prefix.
    Prefix(Prefix),
    /// A service tag: one route for each of its prefixes (azure-dataplane 2.2, point 6).
    Tag(Arc<str>),
}

/// Next hops that a user may name (azure-dataplane 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserHop {
    /// `VnetLocal`.
    VnetLocal,
    /// `Internet`.
    Internet,
    /// `VirtualAppliance` at this address.
    Appliance(Addr),
    /// `VirtualNetworkGateway`.
    Gateway,
    /// `None`: dropped.
    None,
}

/// One direction of a VNet peering (azure-dataplane 2.7).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Peering {
    /// `allowVirtualNetworkAccess`.
    pub access: Setting<bool>,
    /// `allowForwardedTraffic`.
    pub forwarded: Setting<bool>,
    /// `allowGatewayTransit`: the other VNet may use this one's gateway.
    pub gateway_transit: Setting<bool>,
    /// `useRemoteGateways`: this VNet uses the other one's gateway.
    pub remote_gateways: Setting<bool>,
    /// `peeringState` is `Disconnected`: the other side was deleted, and both must be made again.
    pub disconnected: bool,
    /// The subnets that are peered; `None` for the whole VNets.
    pub subnets: Option<PeeredSubnets>,
    /// `enableOnlyIPv6Peering`: the IPv6 ranges alone are peered.
    pub only_v6: bool,
}

/// The subnets of a subnet peering, by name (azure-dataplane 2.7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeeredSubnets {
    /// Of this VNet.
    pub local: Vec<Arc<str>>,
    /// Of the other one.
    pub remote: Vec<Arc<str>>,
}
