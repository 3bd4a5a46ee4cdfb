//! Managed services, as far as packets meet them: their fronts are hosts ([`super::InternetHost`]) that are part of a
//! service, and one guard says who is let in at all of them.

use super::Setting;
use crate::net::Prefix;
use crate::source::Span;
use std::sync::Arc;

/// A managed service: a registry, a vault, a storage account, a workspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// Its Azure type, as `Microsoft.KeyVault/vaults`.
    pub resource_type: Arc<str>,
    /// Its region, in short form.
    pub region: Arc<str>,
    /// Who is let in.
    pub guard: Guard,
}

/// A service's own firewall. It is asked with each request, after TCP and TLS (azure-services 6).
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// Whether the public front takes requests at all: `publicNetworkAccess`.
    pub public: Setting<bool>,
    /// Whether those are let in that no rule names: `defaultAction`.
    pub open: Setting<bool>,
    /// Subnets that are let in with their identity: `virtualNetworkRules`.
    pub subnets: Vec<SubnetRule>,
    /// Public addresses that are let in: `ipRules`.
    pub addresses: Vec<AddressRule>,
    /// Whether services that the platform trusts are let in: `bypass`, `networkRuleBypassOptions`.
    pub trusted: Setting<bool>,
}

impl Default for Guard {
    /// A service that lets everybody in.
    fn default() -> Self {
        Self {
            public: Setting::default_of(true),
            open: Setting::default_of(true),
            subnets: Vec::new(),
            addresses: Vec::new(),
            trusted: Setting::default_of(true),
        }
    }
}

/// A subnet that is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetRule {
    /// The subnet, by resource id: it may be in a network of somebody else.
    pub subnet: Arc<str>,
    /// Where it was written.
    pub span: Option<Span>,
}

/// Addresses that are let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRule {
    /// The addresses.
    pub prefix: Prefix,
    /// Where it was written.
    pub span: Option<Span>,
}
