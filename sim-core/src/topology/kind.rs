//! What a resource is: the attributes of each kind, as declared. References between resources are edges
//! ([`super::Relation`]), not fields.

use crate::net::{Addr, Prefix, Protocol};
use crate::source::Span;
use std::sync::Arc;

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
    /// `routeTables`.
    RouteTable(RouteTable),
    /// `virtualNetworks/virtualNetworkPeerings`: one direction.
    Peering(Peering),
    /// `loadBalancers`.
    LoadBalancer(LoadBalancer),
    /// `loadBalancers/frontendIPConfigurations`.
    Frontend(Frontend),
    /// `loadBalancers/backendAddressPools`.
    BackendPool,
    /// `loadBalancers/probes`.
    Probe(Probe),
    /// `loadBalancers/loadBalancingRules`.
    BalancingRule(BalancingRule),
    /// `loadBalancers/inboundNatRules`.
    InboundNatRule(InboundNatRule),
    /// `loadBalancers/outboundRules`.
    OutboundRule,
    /// `publicIPAddresses`.
    PublicIp(PublicIp),
    /// `natGateways`.
    NatGateway,
    /// `privateEndpoints`.
    PrivateEndpoint(PrivateEndpoint),
    /// `privateLinkServices`.
    LinkService(LinkService),
    /// A machine somewhere on the Internet: a client, a public service, a package mirror.
    InternetHost(InternetHost),
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

/// A virtual network.
#[derive(Clone, Debug, PartialEq)]
pub struct Vnet {
    /// Its region, in short form (`westus2`).
    pub region: Arc<str>,
    /// Its address space.
    pub space: Vec<Prefix>,
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
    /// Services with a service endpoint here, as `Microsoft.Storage`.
    pub service_endpoints: Vec<String>,
}

/// Which network policies private endpoints of a subnet obey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointPolicies {
    /// Security rules apply to them.
    pub security: bool,
    /// User-defined routes may divert traffic to them.
    pub routes: bool,
}

/// A network security group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nsg {
    /// User rules, in any order; the default rules are not among them.
    pub rules: Vec<SecurityRule>,
}

/// Direction of traffic, seen from the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Towards the machine.
    Inbound,
    /// Away from the machine.
    Outbound,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Let it pass.
    Allow,
    /// Drop it silently.
    Deny,
}

/// One security rule, as written (azure-dataplane 1.2).
#[derive(Clone, Debug, PartialEq)]
pub struct SecurityRule {
    /// Its name.
    pub name: Arc<str>,
    /// 100 to 4096, lower first; default rules are above.
    pub priority: u16,
    /// Inbound or outbound.
    pub direction: Direction,
    /// Allow or deny.
    pub access: Access,
    /// `None` is any protocol.
    pub protocol: Option<Protocol>,
    /// Whence.
    pub source: Vec<Peer>,
    /// From which ports; empty is any.
    pub source_ports: Vec<PortRange>,
    /// Whither.
    pub destination: Vec<Peer>,
    /// To which ports; empty is any.
    pub destination_ports: Vec<PortRange>,
    /// Where it was written.
    pub span: Option<Span>,
}

/// An inclusive range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}

impl PortRange {
    /// Just this port.
    #[must_use]
    pub const fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// Whether `port` is inside.
    #[must_use]
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

/// One side of a security rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Every address of both families.
    Any,
    /// A prefix.
    Prefix(Prefix),
    /// A service tag.
    Tag(Arc<str>),
    /// An application security group, by resource id.
    Asg(Arc<str>),
}

/// A network interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Nic {
    /// Its region.
    pub region: Arc<str>,
    /// Whether it may carry packets that are not its own.
    pub ip_forwarding: bool,
}

/// An address of a NIC.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IpConfig {
    /// The address asked for; `None` lets Azure choose the first free one.
    pub requested: Option<Addr>,
    /// The address it got. Filled in when the resource is put.
    pub address: Option<Addr>,
    /// Whether this is the NIC's primary address.
    pub primary: bool,
}

/// A machine that runs programs.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// `Standard_A1_v2`, or empty where there is no such thing.
    pub size: Arc<str>,
    /// Cap on what it sends over all its NICs, bits per second (azure-dataplane 5.1). `None`: not capped.
    pub egress_bps: Option<u64>,
    /// Whether its guest forwards packets between its NICs' addresses.
    pub forwards: bool,
}

/// A route table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteTable {
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A user-defined route.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its name.
    pub name: Arc<str>,
    /// Destinations.
    pub prefix: Prefix,
    /// Where to.
    pub next_hop: UserHop,
    /// Where it was written.
    pub span: Option<Span>,
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
#[derive(Clone, Debug, PartialEq)]
pub struct Peering {
    /// `allowVirtualNetworkAccess`.
    pub access: Setting<bool>,
    /// `allowForwardedTraffic`.
    pub forwarded: Setting<bool>,
}

/// The tier of a balancer or a public address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sku {
    /// Retired on 2025-09-30: open by default, one availability set.
    #[default]
    Basic,
    /// Closed by default.
    Standard,
}

/// A load balancer.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadBalancer {
    /// Its tier.
    pub sku: Setting<Sku>,
    /// Its region.
    pub region: Arc<str>,
}

/// A frontend of a load balancer: private with an address of its subnet, or public with a public address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frontend {
    /// The private address asked for.
    pub requested: Option<Addr>,
    /// The address it got, private or public.
    pub address: Option<Addr>,
}

/// What a health probe speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeProtocol {
    /// Opens and closes a connection.
    Tcp,
    /// GET over HTTP.
    Http,
    /// GET over HTTPS.
    Https,
}

/// A health probe (azure-dataplane 3.4).
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// What it speaks.
    pub protocol: ProbeProtocol,
    /// The backend's port.
    pub port: u16,
    /// Seconds between attempts, at least 5.
    pub interval_s: u32,
    /// Consecutive results of one kind that change the state.
    pub threshold: u32,
}

/// How a balancer spreads flows (azure-dataplane 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distribution {
    /// Both addresses, both ports, protocol.
    #[default]
    FiveTuple,
    /// Both addresses.
    SourceIp,
    /// Both addresses and protocol.
    SourceIpProtocol,
}

/// A load-balancing rule.
#[derive(Clone, Debug, PartialEq)]
pub struct BalancingRule {
    /// `None` is all protocols (high-availability ports).
    pub protocol: Option<Protocol>,
    /// Port at the frontend; 0 with protocol All is every port.
    pub frontend_port: u16,
    /// Port at the backend.
    pub backend_port: u16,
    /// How flows are spread.
    pub distribution: Distribution,
    /// Minutes of silence after which a flow is forgotten.
    pub idle_minutes: u16,
    /// Keep the frontend's address as destination.
    pub floating_ip: bool,
    /// `disableOutboundSnat`: a public frontend does not translate what the pool sends (azure-dataplane 3.11).
    pub disable_outbound_snat: bool,
}

/// An inbound NAT rule for one machine.
#[derive(Clone, Debug, PartialEq)]
pub struct InboundNatRule {
    /// Protocol; `None` is all.
    pub protocol: Option<Protocol>,
    /// Port at the frontend.
    pub frontend_port: u16,
    /// Port at the machine.
    pub backend_port: u16,
}

/// A public address.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicIp {
    /// Its tier.
    pub sku: Sku,
    /// Its region.
    pub region: Arc<str>,
    /// The address it got. Filled in when the resource is put, unless given.
    pub address: Option<Addr>,
}

/// Where a private link connection stands (azure-services 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionState {
    /// Waits for the provider.
    Pending,
    /// Carries traffic.
    #[default]
    Approved,
    /// Refused by the provider.
    Rejected,
    /// Removed by the provider.
    Disconnected,
}

/// A private endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct PrivateEndpoint {
    /// Its region.
    pub region: Arc<str>,
    /// Where its connection stands.
    pub state: ConnectionState,
    /// The address it got. Filled in when the resource is put.
    pub address: Option<Addr>,
}

/// A private link service (azure-services 3).
#[derive(Clone, Debug, PartialEq)]
pub struct LinkService {
    /// Its region.
    pub region: Arc<str>,
    /// The addresses it translates consumers to, one for each of its configurations; filled in when it is put.
    pub nat: Vec<Option<Addr>>,
}

/// A machine on the Internet.
#[derive(Clone, Debug, PartialEq)]
pub struct InternetHost {
    /// Its public address. A prefix of more than one address stands for all of them.
    pub prefix: Prefix,
    /// The Azure region it stands in or near, if known.
    pub region: Option<Arc<str>>,
    /// Service tags that hold its address.
    pub tags: Vec<Arc<str>>,
    /// Whether the way to it stays on Azure's backbone.
    pub azure: bool,
    /// How fast it sends, bits per second. `None`: not limited.
    pub egress_bps: Option<u64>,
}

/// A role definition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleDefinition {
    /// Permitted actions, with `*` as wildcard.
    pub actions: Vec<String>,
    /// Actions taken out again.
    pub not_actions: Vec<String>,
}

/// A role given to somebody on a scope.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleAssignment {
    /// The principal's object id, as far as it is known.
    pub principal: String,
    /// The role definition's resource id.
    pub role: String,
    /// The scope's resource id.
    pub scope: String,
}
