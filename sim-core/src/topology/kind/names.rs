//! Names: zones with their records and links, rules that send questions elsewhere, and machines that answer them.

use super::Setting;
use crate::net::Addr;
use crate::source::Span;
use std::sync::Arc;

/// `privateDnsZones` and `dnsZones`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsZone {
    /// Its name, in lower case, without a dot at the end: `privatelink.azurecr.io`.
    pub name: Arc<str>,
    /// Whether the whole Internet sees it; else only VNets with a link do.
    pub public: bool,
}

/// A record set of a zone: all records of one name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSet {
    /// The name below the zone's, in lower case: `myregistry.westeurope.data`; `@` for the zone itself, `*` for all that
    /// have no records of their own.
    pub owner: Arc<str>,
    /// How long others may keep it, in seconds.
    pub ttl: u32,
    /// What kind of records.
    pub kind: RecordKind,
    /// The records; there may be none yet.
    pub data: Vec<RecordData>,
}

/// Types of records (RFC 1035, RFC 3596).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// Another name for the same.
    Cname,
    /// The name of an address.
    Ptr,
    /// Text.
    Txt,
    /// Anything else: it exists, and its contents are not modelled.
    Other,
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// An address, for `A` and `AAAA`.
    Address(Addr),
    /// A name, for `CNAME` and `PTR`, without a dot at the end.
    Name(Arc<str>),
    /// Text, for `TXT`.
    Text(Arc<str>),
}

/// A link of a private zone (part of) to a VNet (`Remote`) (azure-services 5.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneLink {
    /// `registrationEnabled`: the VNet's machines get records in the zone.
    pub registration: Setting<bool>,
    /// `resolutionPolicy` is `NxDomainRedirect`: names that the zone does not have are looked up on the Internet.
    pub fallback: Setting<bool>,
}

/// `dnsForwardingRulesets`: what is asked elsewhere. Linked VNets refer to it by [`RulesetLink`](super::Kind::RulesetLink).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruleset {
    /// Its rules.
    pub rules: Vec<ForwardingRule>,
}

/// `dnsForwardingRulesets/forwardingRules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardingRule {
    /// Names that it is for: this one and all below it, in lower case, without a dot at the end; empty for all names.
    pub domain: Arc<str>,
    /// Who is asked, first to last: address and port.
    pub targets: Vec<(Addr, u16)>,
    /// `forwardingRuleState` is `Enabled`.
    pub enabled: Setting<bool>,
    /// Where it was written.
    pub span: Option<Span>,
}

/// A machine that answers questions about names: a custom server, an inbound endpoint of a private resolver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameServer {
    /// Records of its own, which it prefers: name and address.
    pub records: Vec<(Arc<str>, Addr)>,
    /// Whom it asks about some names (conditional forwarders).
    pub forwards: Vec<ForwardingRule>,
    /// Whom it asks about all others, first to last; nobody where there is none.
    pub otherwise: Vec<(Addr, u16)>,
}

/// A public name of a service's front, and the names between it and the address (azure-services 5.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameChain {
    /// The name that clients use: `myregistry.azurecr.io`.
    pub name: Arc<str>,
    /// The name below `privatelink` that it leads to once the service has a private endpoint; `None` where it has none.
    pub private: Option<Arc<str>>,
    /// The names that follow, outermost first; the last one has the front's address. Empty where the name itself has it.
    pub via: Vec<Arc<str>>,
}
