//! Load balancers and their parts.

use super::{PortRange, Setting};
use crate::net::{Addr, Protocol};
use std::sync::Arc;

/// The tier of a balancer or a public address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sku {
    /// Retired on 2025-09-30: open by default, one availability set.
    #[default]
    Basic,
    /// Closed by default.
    Standard,
    /// A balancer that others send their traffic through (azure-dataplane 3.13).
    Gateway,
}

impl Sku {
    /// Azure's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Standard => "Standard",
            Self::Gateway => "Gateway",
        }
    }
}

/// A load balancer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadBalancer {
    /// Its tier.
    pub sku: Setting<Sku>,
    /// Its region.
    pub region: Arc<str>,
    /// Whether it stands in front of balancers of several regions (azure-dataplane 3.14).
    pub global: bool,
    /// Whether it is part of a service that Azure runs, and its pool are that service's instances.
    pub of_service: bool,
}

/// A frontend of a load balancer: private with an address of its subnet, or public with a public address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frontend {
    /// The private address asked for.
    pub requested: Option<Addr>,
    /// The address it got, private or public.
    pub address: Option<Addr>,
    /// `privateIPAddressVersion` is `IPv6`; a public frontend has the family of its public address.
    pub v6: bool,
}

/// A pool of backends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackendPool {
    /// Whether its members are given by their addresses, and not by the NICs that name it.
    pub by_address: bool,
}

/// What a health probe speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProbeProtocol {
    /// Opens and closes a connection.
    #[default]
    Tcp,
    /// GET over HTTP.
    Http,
    /// GET over HTTPS.
    Https,
}

/// A health probe (azure-dataplane 3.4).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probe {
    /// What it speaks.
    pub protocol: ProbeProtocol,
    /// The backend's port.
    pub port: u16,
    /// Seconds between attempts, at least 5.
    pub interval_s: u32,
    /// What HTTP probes ask for.
    pub path: Arc<str>,
    /// `noHealthyBackendsBehavior` is `AllProbedUp`: with all backends down, new flows go to all.
    pub all_down_is_up: bool,
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
#[derive(Clone, Debug, Default, PartialEq)]
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
    pub idle_minutes: Setting<u16>,
    /// Keep the frontend's address as destination.
    pub floating_ip: bool,
    /// `disableOutboundSnat`: a public frontend does not translate what the pool sends (azure-dataplane 3.11).
    pub disable_outbound_snat: bool,
    /// `enableTcpReset`: both ends are told when the flow is forgotten (azure-dataplane 3.7).
    pub tcp_reset: bool,
}

/// An inbound NAT rule: for one machine, or for every member of a pool (azure-dataplane 3.8).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InboundNatRule {
    /// Protocol; `None` is all.
    pub protocol: Option<Protocol>,
    /// Port at the frontend; with a pool, the first and last that its members get, one each.
    pub frontend_ports: PortRange,
    /// Port at the machine.
    pub backend_port: u16,
    /// Minutes of silence after which a flow is forgotten.
    pub idle_minutes: Setting<u16>,
    /// Keep the frontend's address as destination.
    pub floating_ip: bool,
    /// Both ends are told when the flow is forgotten.
    pub tcp_reset: bool,
    /// Which member of a pool has which port, by resource id. Filled in as members come and go: each gets the lowest free
    /// port, and keeps it as long as it is a member.
    pub given: Vec<(Arc<str>, u16)>,
}

/// An outbound rule: how a pool's own flows are translated to the rule's frontends (azure-dataplane 3.11).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutboundRule {
    /// `None` is TCP and UDP.
    pub protocol: Option<Protocol>,
    /// Ports for each address of the pool; 0 is by the size of the pool.
    pub ports: Setting<u32>,
    /// Minutes of silence after which a flow is forgotten.
    pub idle_minutes: Setting<u16>,
    /// Both ends are told when the flow is forgotten.
    pub tcp_reset: bool,
}
