//! What a resource is: the attributes of each kind, as declared. References between resources are edges
//! ([`super::Relation`]), not fields.

mod balancer;
mod firewall;
mod gateway;
mod machine;
mod names;
mod network;
mod outbound;
mod private_link;
mod role;
mod security;
mod service;

pub use balancer::*;
pub use firewall::*;
pub use gateway::*;
pub use machine::*;
pub use names::*;
pub use network::*;
pub use outbound::*;
pub use private_link::*;
pub use role::*;
pub use security::*;
pub use service::*;

use crate::net::{Addr, Prefix};
use crate::source::Span;

/// The kinds of resources, with Azure's names.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `Microsoft.Network/virtualNetworks`.
    Vnet(Vnet),
    /// `virtualNetworks/subnets`.
    Subnet(Subnet),
    /// `networkSecurityGroups`.
    Nsg(Nsg),
    /// `applicationSecurityGroups`.
    Asg,
    /// `networkInterfaces`.
    Nic(Nic),
    /// `networkInterfaces/ipConfigurations`: where a NIC's packets leave and arrive.
    IpConfig(IpConfig),
    /// `Microsoft.Compute/virtualMachines`, and container groups: a machine that runs programs.
    Machine(Machine),
    /// `virtualMachineScaleSets`: what machines are part of that it makes.
    ScaleSet,
    /// `routeTables`.
    RouteTable(RouteTable),
    /// `virtualNetworks/virtualNetworkPeerings`: one direction.
    Peering(Peering),
    /// `loadBalancers`.
    LoadBalancer(LoadBalancer),
    /// `loadBalancers/frontendIPConfigurations`.
    Frontend(Frontend),
    /// `loadBalancers/backendAddressPools`.
    BackendPool(BackendPool),
    /// `loadBalancers/probes`.
    Probe(Probe),
    /// `loadBalancers/loadBalancingRules`.
    BalancingRule(BalancingRule),
    /// `loadBalancers/inboundNatRules`.
    InboundNatRule(InboundNatRule),
    /// `loadBalancers/outboundRules`.
    OutboundRule(OutboundRule),
    /// `publicIPAddresses`.
    PublicIp(PublicIp),
    /// `natGateways`.
    NatGateway(NatGateway),
    /// `privateEndpoints`.
    PrivateEndpoint(PrivateEndpoint),
    /// `privateLinkServices`.
    LinkService(LinkService),
    /// `networkManagers/securityAdminConfigurations`, as far as deployed.
    AdminRules(AdminRules),
    /// `virtualNetworkGateways`.
    Gateway(Gateway),
    /// `connections`.
    Connection(Connection),
    /// `localNetworkGateways`, `expressRouteCircuits`.
    OnPremises(OnPremises),
    /// A machine on the other side of a gateway.
    OnPremisesHost(OnPremisesHost),
    /// `azureFirewalls`.
    Firewall(Firewall),
    /// `firewallPolicies`.
    FirewallPolicy(FirewallPolicy),
    /// A machine somewhere on the Internet: a client, a public service, a package mirror.
    InternetHost(InternetHost),
    /// A managed service, behind the hosts that are part of it.
    Service(Service),
    /// `privateDnsZones`, `dnsZones`.
    DnsZone(DnsZone),
    /// `privateDnsZones/A` and its like.
    RecordSet(RecordSet),
    /// `privateDnsZones/virtualNetworkLinks`.
    ZoneLink(ZoneLink),
    /// `privateEndpoints/privateDnsZoneGroups`: keeps an endpoint's records in the zones it refers to.
    ZoneGroup,
    /// `dnsForwardingRulesets`.
    Ruleset(Ruleset),
    /// `dnsForwardingRulesets/virtualNetworkLinks`.
    RulesetLink,
    /// `Microsoft.Authorization/roleDefinitions`.
    RoleDefinition(RoleDefinition),
    /// `Microsoft.Authorization/roleAssignments`.
    RoleAssignment(RoleAssignment),
    /// A resource that no packet meets: of a managed service whose model lives outside, or of no network effect.
    Inert {
        /// Its Azure type.
        resource_type: String,
    },
}

impl Kind {
    /// The address that it has got, where it has one: a private one, or the public one of a frontend or public address.
    #[must_use]
    pub fn address(&self) -> Option<Addr> {
        match self {
            Self::IpConfig(IpConfig { address, .. })
            | Self::Frontend(Frontend { address, .. })
            | Self::Firewall(Firewall { address, .. })
            | Self::PublicIp(PublicIp { address, .. }) => *address,
            Self::PrivateEndpoint(endpoint) => endpoint.address(),
            _ => None,
        }
    }

    /// The ranges of a network or a subnet; others have none.
    #[must_use]
    pub fn ranges(&self) -> &[Prefix] {
        match self {
            Self::Vnet(vnet) => &vnet.space,
            Self::Subnet(subnet) => &subnet.prefixes,
            _ => &[],
        }
    }
}

/// A setting together with where it was written, so that a finding can point at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting<T> {
    /// Its value.
    pub value: T,
    /// Where it was written; `None` when it is Azure's default.
    pub span: Option<Span>,
}

impl<T> Setting<T> {
    /// A value that was not written anywhere.
    pub const fn default_of(value: T) -> Self {
        Self { value, span: None }
    }
}
