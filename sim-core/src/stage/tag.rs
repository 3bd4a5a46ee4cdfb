//! Service tags: names for address sets in security rules (azure-dataplane 1.7).

use super::{PLATFORM, never_internet};
use crate::net::{Addr, Prefix};
use crate::set::AddrSet;
use hashbrown::HashMap;
use std::sync::Arc;

/// What the tags mean for the NICs of one subnet.
///
/// `VirtualNetwork` differs from subnet to subnet: it holds the VNet's space, its peers', what user-defined routes send
/// to appliances and gateways, and the platform's address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TagContext {
    /// `VirtualNetwork`.
    pub virtual_network: AddrSet,
    /// `AzureLoadBalancer`: the probes' source. Assumption `pls-carries-balancer-tag`: also the addresses that private
    /// link services translate to, because the documented image-builder rule admits private link data by this tag
    /// (azure-services 2.2).
    pub load_balancer: AddrSet,
    /// `Internet`: what is neither in `VirtualNetwork` nor private.
    pub internet: AddrSet,
}

impl TagContext {
    /// The tags where `VirtualNetwork` is made of `space` and private link services translate to `translated`.
    #[must_use]
    pub fn new(space: impl IntoIterator<Item = Prefix>, translated: &[Addr]) -> Self {
        let virtual_network: AddrSet = space.into_iter().chain([Prefix::host(PLATFORM)]).collect();
        let not_internet = virtual_network.union(&never_internet().into_iter().collect());
        Self {
            internet: not_internet.complement(),
            load_balancer: translated.iter().chain([&PLATFORM]).map(|addr| (*addr, *addr)).collect(),
            virtual_network,
        }
    }
}

/// Tags that mean the same everywhere, by name in lower case.
#[derive(Clone, Debug, Default)]
pub struct TagTable {
    sets: HashMap<Arc<str>, AddrSet, foldhash::fast::FixedState>,
}

impl TagTable {
    /// Adds addresses to a tag.
    pub fn add(&mut self, tag: &str, set: &AddrSet) {
        let entry = self.sets.entry(tag.to_ascii_lowercase().into()).or_default();
        *entry = entry.union(set);
    }

    /// What a tag means in a subnet; `None` for a tag that nothing is known of.
    #[must_use]
    pub fn resolve(&self, tag: &str, context: &TagContext) -> Option<AddrSet> {
        let name = tag.to_ascii_lowercase();
        match name.as_str() {
            "virtualnetwork" => Some(context.virtual_network.clone()),
            "azureloadbalancer" => Some(context.load_balancer.clone()),
            "internet" => Some(context.internet.clone()),
            "azureplatformdns" => Some([Prefix::host(PLATFORM)].into_iter().collect()),
            "*" | "any" => Some(AddrSet::all()),
            _ => self.sets.get(name.as_str()).cloned(),
        }
    }
}
