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
