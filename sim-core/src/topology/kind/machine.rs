//! Machines, their network interfaces, and hosts outside Azure's networks.

use super::{NameChain, NameServer};
use crate::net::{Addr, Prefix};
use std::sync::Arc;

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nic {
    /// Its region.
    pub region: Arc<str>,
    /// Whether it may carry packets that are not its own.
    pub ip_forwarding: bool,
    /// `dnsSettings.dnsServers`: whom its machine asks about names; where there are none, those of the VNet.
    pub dns_servers: Vec<Addr>,
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
    /// `privateIPAddressVersion` is `IPv6`.
    pub v6: bool,
}

/// A machine that runs programs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine {
    /// What it is called where that is not the last part of its id: an instance of a scale set.
    pub called: Option<Arc<str>>,
    /// `Standard_A1_v2`, or empty where there is no such thing.
    pub size: Arc<str>,
    /// Cap on what it sends over all its NICs, bits per second (azure-dataplane 5.1). `None`: not capped.
    pub egress_bps: Option<u64>,
    /// Whether its guest forwards packets between its NICs' addresses.
    pub forwards: bool,
    /// Connections it may hold, by its number of processors (azure-dataplane 5.2). `None`: not known.
    pub connections: Option<u32>,
    /// What it answers about names, where it does.
    pub name_server: Option<NameServer>,
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
    /// Host names it is known by.
    pub names: Vec<Arc<str>>,
    /// Names that lead to it over others.
    pub chains: Vec<NameChain>,
    /// Which part of a service it is, where it is part of one: what private endpoints call `requiredMemberName`; empty
    /// where the service has one part only.
    pub member: Arc<str>,
    /// Whether it answers questions about names, as the Internet sees them.
    pub resolver: bool,
    /// Whether nobody on the Internet reaches it: private endpoints alone lead to it, and so do its names.
    pub private: bool,
    /// Whether it is a service that the platform trusts, and shows who it is wherever it asks.
    pub trusted: bool,
}

impl InternetHost {
    /// One of which nothing is known but its address.
    #[must_use]
    pub fn at(prefix: Prefix) -> Self {
        Self {
            prefix,
            region: None,
            tags: Vec::new(),
            azure: false,
            egress_bps: None,
            names: Vec::new(),
            chains: Vec::new(),
            member: "".into(),
            resolver: false,
            private: false,
            trusted: false,
        }
    }
}
