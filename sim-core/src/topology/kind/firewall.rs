//! Azure Firewall and its policies.

use super::PortRange;
use crate::net::{Addr, Prefix, Protocol};
use crate::source::Span;
use std::sync::Arc;

/// `Microsoft.Network/azureFirewalls`: a stateful appliance that Azure runs in a subnet of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Firewall {
    /// Its region.
    pub region: Arc<str>,
    /// The private address that was asked for, or read back from Azure.
    pub requested: Option<Addr>,
    /// Its private address. Filled in when it is put.
    pub address: Option<Addr>,
    /// Rules that it holds itself, of the classic kind; those of its policy are beside.
    pub collections: Vec<RuleCollection>,
    /// Destinations that it does not translate its own address for; `None` is the private ranges.
    pub no_translation: Option<Vec<Prefix>>,
}

/// `Microsoft.Network/firewallPolicies` with its rule collection groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirewallPolicy {
    /// The collections of all its groups.
    pub collections: Vec<RuleCollection>,
    /// Destinations that a firewall does not translate its own address for; `None` is the private ranges.
    pub no_translation: Option<Vec<Prefix>>,
}

/// A rule collection: rules of one kind and one action.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleCollection {
    /// Its name.
    pub name: Arc<str>,
    /// The group it belongs to; empty for classic rules.
    pub group: Arc<str>,
    /// The group's priority; 0 for classic rules.
    pub group_priority: u32,
    /// Its own priority, 100 to 65000, lower first.
    pub priority: u32,
    /// Whether its rules let pass. Translations always do.
    pub allow: bool,
    /// Whether it is of a `ruleGroups` resource, as the first policies had them, whose rules are written otherwise.
    pub old_form: bool,
    /// Its rules.
    pub rules: Vec<FirewallRule>,
    /// Where it was written.
    pub span: Option<Span>,
}

/// A rule of a firewall.
#[derive(Clone, Debug, PartialEq)]
pub struct FirewallRule {
    /// Its name.
    pub name: Arc<str>,
    /// Whence: addresses and address groups.
    pub source: Vec<FirewallPeer>,
    /// What it looks at besides.
    pub what: FirewallMatch,
    /// Where it was written.
    pub span: Option<Span>,
}

/// One side of a firewall rule. A side that names nobody matches nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirewallPeer {
    /// Every address.
    Any,
    /// A range of addresses, first and last.
    Range(Addr, Addr),
    /// A service tag.
    Tag(Arc<str>),
    /// A host name, in network rules without wildcard.
    Name(Arc<str>),
}

/// What a firewall rule looks at besides the source.
#[derive(Clone, Debug, PartialEq)]
pub enum FirewallMatch {
    /// A network rule.
    Network {
        /// Protocols; empty is any.
        protocols: Vec<Protocol>,
        /// Whither.
        destination: Vec<FirewallPeer>,
        /// To which ports; empty is any.
        ports: Vec<PortRange>,
    },
    /// An application rule.
    Application {
        /// Ports with what is spoken there.
        protocols: Vec<(ApplicationProtocol, u16)>,
        /// Host names; one that starts with `*` stands for all that end with the rest of it.
        names: Vec<Arc<str>>,
    },
    /// A translation of destinations.
    Translate {
        /// Protocols.
        protocols: Vec<Protocol>,
        /// The firewall's own addresses.
        destination: Vec<FirewallPeer>,
        /// The ports asked for.
        ports: Vec<PortRange>,
        /// Where to.
        to: Addr,
        /// To which port; `None` is the one asked for.
        to_port: Option<u16>,
    },
}

/// What an application rule understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationProtocol {
    /// HTTP.
    Http,
    /// HTTPS.
    Https,
    /// SQL Server.
    Mssql,
}
