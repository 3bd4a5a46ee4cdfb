//! Which service tags there are, and what each is for. What they hold is not here: see
//! [`ServiceTags`](super::ServiceTags).

use super::rows;
use sim_core::stage::tag::region_at;
use std::sync::OnceLock;

const TAGS: &str = include_str!("../../data/service-tags.csv");
const CLOUD_REGIONS: &str = include_str!("../../data/cloud-regions.csv");

/// The direction that Microsoft advises for a tag. It is advice: any tag may be used either way (azure-dataplane 1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// In rules for what comes in.
    Inbound,
    /// In rules for what goes out.
    Outbound,
    /// In both.
    Both,
}

/// A service tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownTag {
    /// Its name, as Microsoft writes it, without a region.
    pub name: &'static str,
    /// The direction it is meant for.
    pub advice: Advice,
    /// Whether there are tags for single regions.
    pub regional: bool,
    /// Whether a user-defined route may name it (azure-dataplane 2.2 (6)).
    pub in_routes: bool,
}

/// The tag of this name, in any letter case, with or without a region. `None` for a name that is no tag of Azure's as
/// far as this version knows.
///
/// Rule `tag-names`: service tags have the names that Azure lists, some with a region behind a dot. Source:
/// azure-dataplane 1.7.
#[must_use]
pub fn known_tag(name: &str) -> Option<KnownTag> {
    let whole = region_at(name).map_or(name, |at| &name[..at]);
    all().iter().find(|tag| tag.name.eq_ignore_ascii_case(whole)).copied()
}

fn all() -> &'static [KnownTag] {
    static TABLE: OnceLock<Vec<KnownTag>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let tag = |row: Vec<&'static str>| KnownTag {
            name: row[0],
            advice: match row[1] {
                "inbound" => Advice::Inbound,
                "outbound" => Advice::Outbound,
                _ => Advice::Both,
            },
            regional: row[2] == "yes",
            in_routes: row[3] == "yes",
        };
        rows(TAGS).map(tag).collect()
    })
}

/// The names of all tags, for suggestions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    all().iter().map(|tag| tag.name)
}

/// The other spelling of a regional tag of `AzureCloud`, for the regions that have two: `AzureCloud.centralfrance` and
/// `AzureCloud.francecentral`.
///
/// Rule `tag-odd-regions`: AzureCloud names some regions by words of its own. Source: azure-dataplane 1.7.
pub(super) fn other_spelling(tag: &str) -> Option<String> {
    let at = region_at(tag).filter(|at| tag[..*at].eq_ignore_ascii_case("AzureCloud"))?;
    let region = &tag[at + 1..];
    let other = rows(CLOUD_REGIONS).find_map(|row| match row[..] {
        [odd, plain] if odd.eq_ignore_ascii_case(region) => Some(plain),
        [odd, plain] if plain.eq_ignore_ascii_case(region) => Some(odd),
        _ => None,
    })?;
    Some(format!("{}.{other}", &tag[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: letter case that counts, a region taken for a part of the name, a Front Door tag cut at its dot, a tag
    /// that no route may name.
    #[test]
    fn tags_are_known_by_name() {
        // Tests `tag-names`.
        for (name, expected) in [
            ("Storage.WestUS", Some(("Storage", true))),
            ("INTERNET", Some(("Internet", false))),
            ("azurefrontdoor.backend", Some(("AzureFrontDoor.Backend", true))),
            ("AzurePlatformDNS", Some(("AzurePlatformDNS", false))),
            ("VIRTUAL_NETWORK", None),
            ("AzureBastionSubnet", None),
            ("", None),
        ] {
            assert_eq!(known_tag(name).map(|tag| (tag.name, tag.in_routes)), expected, "{name}");
        }
        assert_eq!(known_tag("GatewayManager").unwrap().advice, Advice::Inbound);
        assert!(known_tag("Storage").unwrap().regional && !known_tag("AzureMonitor").unwrap().regional);
        assert!(rows(TAGS).all(|row| row.len() == 5 && known_tag(row[0]).is_some_and(|tag| tag.name == row[0])));
    }

    /// Catches: the odd regions of AzureCloud known under one name only, or other tags renamed with them.
    #[test]
    fn odd_regions_have_two_spellings() {
        // Tests `tag-odd-regions`.
        assert_eq!(other_spelling("AzureCloud.CentralFrance").as_deref(), Some("AzureCloud.francecentral"));
        assert_eq!(other_spelling("azurecloud.norwayeast").as_deref(), Some("azurecloud.norwaye"));
        assert_eq!(other_spelling("Storage.FranceCentral"), None);
        assert_eq!(other_spelling("AzureCloud.westus"), None);
        assert_eq!(other_spelling("AzureCloud"), None);
    }
}
