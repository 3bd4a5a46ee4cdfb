//! Which service tags there are. What they hold is not here: see
//! [`ServiceTags`](super::ServiceTags).

use super::rows;
use sim_core::stage::tag::region_at;
use std::sync::OnceLock;

const TAGS: &str = include_str!("../../data/service-tags.csv");
const CLOUD_REGIONS: &str = include_str!("../../data/cloud-regions.csv");

/// Whether Azure has a tag of this name, in any letter case, with or without a region, as far as this version knows.
///
/// Rule `tag-names`: service tags have the names that Azure lists, some with a region behind a dot. Source:
/// azure-dataplane 1.7.
#[must_use]
pub fn is_known_tag(name: &str) -> bool {
    let whole = region_at(name).map_or(name, |at| &name[..at]);
    names().any(|tag| tag.eq_ignore_ascii_case(whole))
}

/// The names of all tags, for suggestions too; without regions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    static TABLE: OnceLock<Vec<&'static str>> = OnceLock::new();
    TABLE.get_or_init(|| rows(TAGS).map(|row| row[0]).collect()).iter().copied()
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

    /// Catches: letter case that counts, a region taken for a part of the name, a Front Door tag cut at its dot, a name of
    /// something else taken for a tag.
    #[test]
    fn tags_are_known_by_name() {
        // Tests `tag-names`.
        for (name, expected) in [
            ("Storage.WestUS", true),
            ("INTERNET", true),
            ("azurefrontdoor.backend", true),
            ("AzureFrontDoor", false),
            ("AzurePlatformDNS", true),
            ("VIRTUAL_NETWORK", false),
            ("AzureBastionSubnet", false),
            ("", false),
        ] {
            assert_eq!(is_known_tag(name), expected, "{name}");
        }
        assert!(rows(TAGS).all(|row| row.len() == 2 && is_known_tag(row[0])));
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
