//! Private endpoints and private link services.

use crate::net::Addr;
use std::sync::Arc;

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
    /// Its addresses, each for one part of the resource; there is at least one.
    pub members: Vec<EndpointMember>,
}

/// An address of a private endpoint (azure-services 4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointMember {
    /// The part of the resource that it leads to: `requiredMemberName`; empty where there is one part only.
    pub member: Arc<str>,
    /// The host names that it stands for.
    pub names: Vec<Arc<str>>,
    /// The address asked for; `None` lets Azure choose the first free one.
    pub requested: Option<Addr>,
    /// The address it got. Filled in when the resource is put.
    pub address: Option<Addr>,
}

impl PrivateEndpoint {
    /// An endpoint of a resource with one part.
    #[must_use]
    pub fn new(region: impl Into<Arc<str>>, state: ConnectionState) -> Self {
        Self { region: region.into(), state, members: vec![EndpointMember::default()] }
    }

    /// Its first address.
    #[must_use]
    pub fn address(&self) -> Option<Addr> {
        self.members.first()?.address
    }
}

/// A private link service (azure-services 3).
#[derive(Clone, Debug, PartialEq)]
pub struct LinkService {
    /// Its region.
    pub region: Arc<str>,
    /// The addresses it translates consumers to, one for each of its configurations; filled in when it is put.
    pub nat: Vec<Option<Addr>>,
}
