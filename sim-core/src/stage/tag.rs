//! Service tags: names for address sets in security rules and routes (azure-dataplane 1.7).

use super::{METADATA, PLATFORM, PLATFORM_V6};
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
    /// `Internet`: what is neither in `VirtualNetwork` nor in Azure's list of what is never on the Internet; and, as is
    /// assumed, public ranges on premises.
    pub internet: AddrSet,
}

impl TagContext {
    /// The tags where `VirtualNetwork` is made of `space` and private link services translate to `translated`.
    ///
    /// Rule `ipv6-probe-source`: where a network has IPv6, AzureLoadBalancer also holds the link-local address that
    /// probes of IPv6 backends come from. Source: azure-dataplane 3.4.
    ///
    /// Rule `tag-internet`: `Internet` is what is neither in `VirtualNetwork` nor in Azure's list of what is never on
    /// the Internet. Source: azure-dataplane 1.7.
    ///
    /// Rule `tag-platform-address`: `VirtualNetwork` holds the platform's address, 168.63.129.16. Source:
    /// azure-dataplane 1.7.
    ///
    /// Rule `tag-balancer`: `AzureLoadBalancer` holds the address that health probes come from, and no client. Source:
    /// azure-dataplane 1.7.
    ///
    /// Rule `tag-private-link`: what a private link service translates is admitted by `AzureLoadBalancer` as well as by
    /// `VirtualNetwork`; not known for certain. Source: azure-services 2.2.
    #[must_use]
    pub fn new(platform: &PlatformTags, space: impl IntoIterator<Item = Prefix>, translated: &[Addr]) -> Self {
        let space: Vec<Prefix> = space.into_iter().collect();
        let v6 = space.iter().any(|prefix| !prefix.is_v4()).then_some((PLATFORM_V6, PLATFORM_V6));
        let virtual_network: AddrSet = space.into_iter().chain(platform.virtual_network.iter().copied()).collect();
        let not_internet = virtual_network.union(&platform.never_internet.iter().copied().collect());
        let probes = platform.load_balancer.iter().flat_map(|prefix| prefix.ranges()).chain(v6);
        Self {
            internet: not_internet.complement(),
            load_balancer: translated.iter().map(|addr| (*addr, *addr)).chain(probes).collect(),
            virtual_network,
        }
    }
}

/// What Azure itself puts into the three tags that it fills, whatever the VNet. The lists change over the years.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformTags {
    /// What is never in `Internet`, of both families.
    pub never_internet: Vec<Prefix>,
    /// `AzureLoadBalancer`.
    pub load_balancer: Vec<Prefix>,
    /// What is in `VirtualNetwork` beside the VNet's own.
    pub virtual_network: Vec<Prefix>,
}

/// Without a date: what no router of the Internet carries, and the platform's address.
impl Default for PlatformTags {
    fn default() -> Self {
        let platform = vec![Prefix::host(PLATFORM)];
        Self { never_internet: super::never_internet(), load_balancer: platform.clone(), virtual_network: platform }
    }
}

type TagMap = HashMap<Arc<str>, Arc<AddrSet>, foldhash::fast::FixedState>;

/// Tags that mean the same everywhere, by name in lower case. A copy shares what was loaded.
#[derive(Clone, Debug, Default)]
pub struct TagTable {
    /// Whole tags, from Microsoft's file: thousands of sets.
    loaded: Arc<TagMap>,
    /// What was added to tags one by one.
    added: TagMap,
}

impl TagTable {
    /// Adds whole tags, under names in any letter case.
    pub fn load(&mut self, tags: impl IntoIterator<Item = (Arc<str>, Arc<AddrSet>)>) {
        let lower = |(name, set): (Arc<str>, Arc<AddrSet>)| (name.to_ascii_lowercase().into(), set);
        Arc::make_mut(&mut self.loaded).extend(tags.into_iter().map(lower));
    }

    /// Adds addresses to a tag. What a region's tag holds, the tag without the region holds too.
    ///
    /// Rule `tag-regions`: a tag without a region holds what its regions' tags hold; names count in any letter case.
    /// Source: azure-dataplane 1.7.
    pub fn add(&mut self, tag: &str, set: &AddrSet) {
        let name = tag.to_ascii_lowercase();
        let whole = region_at(&name).map(|at| name[..at].to_owned());
        for name in [Some(name), whole].into_iter().flatten() {
            let entry = self.added.entry(name.into()).or_default();
            *entry = Arc::new(entry.union(set));
        }
    }

    /// What a tag means in a subnet; `None` for a tag that nothing is known of.
    #[must_use]
    pub fn resolve(&self, tag: &str, context: &TagContext) -> Option<AddrSet> {
        let name = tag.to_ascii_lowercase();
        match name.as_str() {
            "virtualnetwork" => Some(context.virtual_network.clone()),
            "azureloadbalancer" => Some(context.load_balancer.clone()),
            "internet" => Some(context.internet.clone()),
            "*" | "any" => Some(AddrSet::all()),
            name => self.addresses(name),
        }
    }

    /// What a tag with one meaning everywhere holds.
    #[must_use]
    pub fn addresses(&self, tag: &str) -> Option<AddrSet> {
        let name = tag.to_ascii_lowercase();
        match (self.loaded.get(name.as_str()), self.added.get(name.as_str())) {
            (Some(loaded), Some(added)) => Some(loaded.union(added)),
            (Some(one), None) | (None, Some(one)) => Some(AddrSet::clone(one)),
            // Nobody need say where the platform's own addresses are.
            (None, None) => match name.as_str() {
                "azureplatformdns" => Some(AddrSet::point(PLATFORM)),
                "azureplatformimds" => Some(AddrSet::point(METADATA)),
                _ => None,
            },
        }
    }
}

/// How a user-defined route names its destinations. Of routes for one prefix the lower one is in force
/// (azure-dataplane 2.2 (6)).
///
/// Rule `route-tag-order`: of routes for one prefix an explicit one goes before one by a region's tag, that before one
/// by a whole tag, that before AzureCloud of a region, and that before AzureCloud. Source: azure-dataplane 2.2 (6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Naming {
    /// As a prefix.
    Prefix,
    /// By a tag of one region, such as `Storage.WestUS`.
    RegionalTag,
    /// By a tag, such as `Storage`.
    Tag,
    /// As everything of Azure in one region, `AzureCloud.westus`.
    RegionalCloud,
    /// As everything of Azure, `AzureCloud`.
    Cloud,
}

impl Naming {
    /// How a route with this tag names its destinations; without one, as a prefix.
    #[must_use]
    pub fn of(tag: Option<&str>) -> Self {
        let Some(tag) = tag else { return Self::Prefix };
        let at = region_at(tag);
        let whole = at.map_or(tag, |at| &tag[..at]);
        match (whole.eq_ignore_ascii_case("AzureCloud"), at) {
            (true, Some(_)) => Self::RegionalCloud,
            (true, None) => Self::Cloud,
            (false, Some(_)) => Self::RegionalTag,
            (false, None) => Self::Tag,
        }
    }
}

/// Where in a tag its region begins, dot included. The dot in `AzureFrontDoor.Backend` belongs to the name.
#[must_use]
pub fn region_at(tag: &str) -> Option<usize> {
    const DOOR: &str = "AzureFrontDoor.";
    let door = tag.get(..DOOR.len()).is_some_and(|start| start.eq_ignore_ascii_case(DOOR));
    let from = if door { DOOR.len() } else { 0 };
    tag[from..].find('.').map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> AddrSet {
        text.split(' ').filter(|part| !part.is_empty()).map(|part| part.parse::<Prefix>().unwrap()).collect()
    }

    /// Catches: `Internet` without the day's list or with the VNet's own public range, probes from another address than
    /// the list has, the platform's address missing from `VirtualNetwork`.
    #[test]
    fn the_three_tags_follow_the_lists() {
        // Tests `tag-internet`, `tag-platform-address`, `tag-balancer`, `tag-private-link`.
        let platform = PlatformTags {
            never_internet: vec!["25.0.0.0/8".parse().unwrap()],
            load_balancer: vec!["fe80::1/128".parse().unwrap()],
            virtual_network: vec![Prefix::host(PLATFORM)],
        };
        let context = TagContext::new(&platform, ["20.0.0.0/16".parse().unwrap()], &[Addr::v4(20, 0, 7, 7)]);
        assert_eq!(context.virtual_network, set("20.0.0.0/16 168.63.129.16"));
        assert_eq!(context.load_balancer, set("20.0.7.7 fe80::1"));
        let outside = set("20.0.0.0/16 168.63.129.16 25.0.0.0/8");
        assert_eq!(context.internet, outside.complement());
    }

    /// Catches: letter case that counts, a table whose loaded tags hide what was added or the other way round, a region's
    /// addresses missing from the whole tag, a tag of which nothing is known that matches something.
    #[test]
    fn tags_hold_what_was_loaded_and_what_was_added() {
        // Tests `tag-regions`.
        let mut table = TagTable::default();
        table.load([("Storage.WestUS".into(), Arc::new(set("20.0.0.0/24")))]);
        let shared = table.clone();
        table.add("storage.westus", &set("20.0.1.0/24"));
        table.add("AzureFrontDoor.Backend", &set("20.0.2.0/24"));
        let context = TagContext::new(&PlatformTags::default(), [], &[]);
        for (tag, expected) in [
            ("STORAGE.westUS", Some("20.0.0.0/24 20.0.1.0/24")),
            ("Storage", Some("20.0.1.0/24")),
            ("azurefrontdoor.backend", Some("20.0.2.0/24")),
            ("AzureFrontDoor", None),
            ("Sql", None),
            ("AzurePlatformDNS", Some("168.63.129.16")),
        ] {
            assert_eq!(table.resolve(tag, &context), expected.map(set), "{tag}");
        }
        assert_eq!(shared.addresses("Storage.WestUS"), Some(set("20.0.0.0/24")));
        assert_eq!(shared.addresses("Storage"), None);
    }

    /// Catches: an order other than prefix, region's tag, tag, region's AzureCloud, AzureCloud; the name of a Front Door
    /// tag taken for a region.
    #[test]
    fn routes_by_tag_have_their_order() {
        // Tests `route-tag-order`.
        let ranked = [
            None,
            Some("Storage.WestUS"),
            Some("AzureFrontDoor.Backend.westus"),
            Some("Storage"),
            Some("azurefrontdoor.Backend"),
            Some("AzureCloud.centralfrance"),
            Some("azurecloud"),
        ];
        let names: Vec<Naming> = ranked.into_iter().map(Naming::of).collect();
        use Naming::{Cloud, Prefix, RegionalCloud, RegionalTag, Tag};
        assert_eq!(names, [Prefix, RegionalTag, RegionalTag, Tag, Tag, RegionalCloud, Cloud]);
        assert!(names.is_sorted());
    }
}
