//! Public addresses and what translates to them.

use super::{Setting, Sku};
use crate::net::{Addr, Prefix};
use std::sync::Arc;

/// A public address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublicIp {
    /// Its tier.
    pub sku: Sku,
    /// Its region.
    pub region: Arc<str>,
    /// The address it got. Filled in when the resource is put, unless given.
    pub address: Option<Addr>,
    /// All of its addresses, where it is a prefix.
    pub prefix: Option<Prefix>,
    /// Minutes of silence after which a flow that came in by it is forgotten, 4 to 30 (azure-dataplane 3.7).
    pub idle_minutes: Setting<Option<u16>>,
    /// Whether it is announced from all regions (azure-dataplane 3.14).
    pub global: bool,
    /// Whether it is of IPv6.
    pub v6: bool,
}

/// A NAT gateway (azure-dataplane 4.2).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NatGateway {
    /// Minutes of silence after which a TCP flow is forgotten, 4 to 120; `None` is 4.
    pub idle_minutes: Setting<Option<u16>>,
    /// Whether it is of the second version, with IPv6.
    pub v2: bool,
}
