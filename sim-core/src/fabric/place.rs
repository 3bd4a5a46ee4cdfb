//! Where a port stands, and how far it is to another: delays by class of way.

use crate::assumption::Choices;
use crate::id::NodeId;
use crate::net::Prefix;
use crate::stage::tag::{PlatformTags, TagTable};
use crate::time::Nanos;
use hashbrown::HashMap;
use std::sync::Arc;

/// Where a port stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The Azure region, in short form, as far as it is known.
    pub region: Option<Arc<str>>,
    /// The VNet it belongs to.
    pub vnet: Option<NodeId>,
    /// Whether packets reach it on Azure's own network.
    pub azure: bool,
}

/// What kind of way leads from one port to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkClass {
    /// Inside one VNet.
    Vnet,
    /// Between peered VNets.
    Peering,
    /// Through a private link, on Azure's backbone.
    PrivateLink,
    /// Between a VNet and an Azure service's public address, on the backbone.
    Backbone,
    /// Over the Internet.
    Internet,
    /// Through a tunnel over the Internet, between gateways.
    Vpn,
    /// Over a private circuit.
    ExpressRoute,
    /// Between a machine and the platform's address on its own host.
    Platform,
    /// From a stage of the network to the next one, on the way to a machine: no distance of its own.
    Fabric,
}

impl LinkClass {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vnet => "vnet",
            Self::Peering => "peering",
            Self::PrivateLink => "private-link",
            Self::Backbone => "backbone",
            Self::Internet => "internet",
            Self::Vpn => "vpn",
            Self::ExpressRoute => "express-route",
            Self::Platform => "platform",
            Self::Fabric => "fabric",
        }
    }
}

/// Extra delay of a packet: the sum of two uniform draws from 0 to `mean`, and now and then one from 0 to `tail`. Whole
/// numbers only, so that it is the same on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Mean of the extra delay, without the tail.
    pub mean: Nanos,
    /// Packets in a million that get a draw from the tail.
    pub tail_ppm: u32,
    /// Longest draw from the tail.
    pub tail: Nanos,
}

/// The way from one port to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkProfile {
    /// Constant one-way delay.
    pub delay: Nanos,
    /// What varies.
    pub spread: Spread,
    /// Packets in a million that are lost.
    pub loss_ppm: u32,
}

/// One-way delays and their variation, by class of way.
#[derive(Clone, Debug, Default)]
pub struct Delays {
    /// Inside one region, by class.
    pub local: HashMap<LinkClass, LinkProfile, foldhash::fast::FixedState>,
    /// Between two regions, one way, by short names in lower case.
    pub regions: HashMap<(Arc<str>, Arc<str>), Nanos, foldhash::fast::FixedState>,
    /// One way between two regions whose distance is not in the data.
    pub unknown_regions: Nanos,
}

impl Delays {
    /// The way from `from` to `to`.
    #[must_use]
    pub fn profile(&self, from: &Place, to: &Place, class: LinkClass) -> LinkProfile {
        let mut profile = self.local.get(&class).copied().unwrap_or_default();
        if let (Some(a), Some(b)) = (&from.region, &to.region)
            && a != b
        {
            let key = (a.clone(), b.clone());
            profile.delay += self.regions.get(&key).copied().unwrap_or(self.unknown_regions);
        }
        profile
    }
}

/// What Azure is like at the date of the run: facts that are data, not code.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Prefixes with a system route to `None` in every subnet (azure-dataplane 2.1).
    pub none_routes: Vec<Prefix>,
    /// What Azure itself puts into the tags that it fills.
    pub platform_tags: PlatformTags,
    /// Service tags with fixed meaning.
    pub tags: TagTable,
    /// Delays.
    pub delays: Delays,
    /// What is assumed where nobody knows for certain.
    pub choices: Choices,
}
