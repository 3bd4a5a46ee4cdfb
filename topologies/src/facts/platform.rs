//! Azure's own lists, by date: what has no route, what is on the Internet, which addresses are the platform's.

use super::date::Date;
use super::{newest, prefixes, rows};
use sim_core::net::Prefix;
use sim_core::set::AddrSet;
use sim_core::stage::tag::{PlatformTags, TagTable};

const NONE_ROUTES: &str = include_str!("../../data/none-routes.csv");
const TAGS: &str = include_str!("../../data/platform-tags.csv");
const ADDRESSES: &str = include_str!("../../data/platform-addresses.csv");

/// Prefixes with a system route to `None`, in the order in which Azure lists them: the newest list recorded by that day;
/// before the first, the first (azure-dataplane 2.1).
///
/// Rule `route-none-by-date`: the blocks that the system routes to `None` are those that Azure listed on the day.
/// Source: azure-dataplane 2.1. The lists are recorded answers.
#[must_use]
pub fn none_routes(date: Date) -> Vec<Prefix> {
    newest(rows(NONE_ROUTES), 0, date).map(|row| prefixes(row[1])).unwrap_or_default()
}

/// What Azure itself put into the tags that it fills, on that day (azure-dataplane 1.7).
///
/// No answer of Azure lists IPv6 in `Internet`: there it is what routers of the Internet carry.
///
/// Rule `tag-by-date`: what Azure leaves out of `Internet` and puts into `AzureLoadBalancer` is as it answered on the
/// day. Source: azure-dataplane 1.7. The lists are recorded answers.
#[must_use]
pub fn platform_tags(date: Date) -> PlatformTags {
    let mut never_internet = of_tag("Internet", date);
    never_internet.extend(PlatformTags::default().never_internet.into_iter().filter(|prefix| !prefix.is_v4()));
    PlatformTags {
        never_internet,
        load_balancer: of_tag("AzureLoadBalancer", date),
        virtual_network: of_tag("VirtualNetwork", date),
    }
}

/// `Internet` as Azure writes it out where it answers with effective rules: IPv4 only, ascending. `own` is what the VNet
/// and its peers declare; what of it lies in public space is taken out, as the documentation says and no recording shows.
/// 168.63.129.16 stays in, as recorded.
#[must_use]
pub fn internet(date: Date, own: &[Prefix]) -> Vec<Prefix> {
    let outside: AddrSet = of_tag("Internet", date).iter().chain(own).copied().collect();
    outside.complement().prefixes().filter(|prefix| prefix.is_v4()).collect()
}

fn of_tag(tag: &str, date: Date) -> Vec<Prefix> {
    let lists = rows(TAGS).filter(|row| row[0] == tag);
    newest(lists, 1, date).map(|row| prefixes(row[2])).unwrap_or_default()
}

/// What is to be said where the lists of a day are not known: nothing was recorded so early. `None` for a later day.
#[must_use]
pub fn before_the_lists(date: Date) -> Option<String> {
    let first = rows(NONE_ROUTES).find_map(|row| row[0].parse::<Date>().ok())?;
    (date < first).then(|| {
        format!(
            "Azure's lists: none was recorded before {first}, so the None routes and the contents of Internet of that day \
             stand for those of {date}"
        )
    })
}

/// The tags whose contents are always known: those of the platform's own addresses, as of that day.
///
/// Rule `tag-platform-addresses`: the tags of the platform's own addresses are known without a list: DNS, instance
/// metadata, and the activation hosts of the day. Source: azure-dataplane 1.7, 1.8.
pub(super) fn tags(date: Date) -> TagTable {
    let day = |text: &str| text.parse::<Date>().ok();
    let holds =
        |row: &Vec<&str>| day(row[2]).is_none_or(|from| from <= date) && day(row[3]).is_none_or(|end| date < end);
    let mut tags = TagTable::default();
    for row in rows(ADDRESSES).filter(holds) {
        tags.add(row[1], &prefixes(row[0]).into_iter().collect());
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::recordings;
    use serde_json::Value;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn texts(prefixes: &[Prefix]) -> Vec<String> {
        prefixes.iter().map(ToString::to_string).collect()
    }

    fn listed(value: &Value) -> Vec<&str> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Catches: the newest list used for every date, a date before all lists without one, prefixes that do not parse.
    #[test]
    fn none_routes_have_dates() {
        // Tests `route-none-by-date`.
        for (date, count, shared) in [
            ("2015-01-01", 4, true),
            ("2019-01-01", 4, true),
            ("2020", 3, false),
            ("2021", 15, false),
            ("2023-03-01", 16, true),
            ("2026", 21, true),
        ] {
            let found = none_routes(day(date));
            assert_eq!(found.len(), count, "{date}");
            assert_eq!(found.contains(&"172.16.0.0/12".parse().unwrap()), shared, "{date}");
        }
        assert!(before_the_lists(day("2017-11-30")).is_some());
        assert_eq!(before_the_lists(day("2017-12-01")), None);
    }

    /// Catches: a list that is not what Azure answered that day, one in another order, a list with a wrong date.
    #[test]
    fn none_routes_are_as_recorded() {
        // Tests `route-none-by-date`.
        let mut seen = 0;
        for answer in recordings("effectiveRouteTable") {
            let routes = answer.body["value"].as_array().unwrap();
            let none = routes.iter().filter(|route| route["nextHopType"] == "None");
            let recorded: Vec<&str> = none.flat_map(|route| listed(&route["addressPrefix"])).collect();
            assert_eq!(texts(&none_routes(answer.date)), recorded, "{}", answer.name);
            seen += 1;
        }
        assert!(seen > 5 || recordings("effectiveRouteTable").is_empty());
    }

    /// Catches: an expansion that differs from Azure's in a prefix, in its order or in its date; the platform's address
    /// taken out of `Internet`; a probe address that came later.
    #[test]
    fn tags_are_written_out_as_recorded() {
        // Tests `tag-by-date`.
        for answer in recordings("effectiveNetworkSecurityGroups") {
            let groups = answer.body["value"].as_array().unwrap();
            for rule in groups.iter().flat_map(|group| group["effectiveSecurityRules"].as_array().unwrap()) {
                for side in ["Source", "Destination"] {
                    let Value::String(tag) = &rule[format!("{}AddressPrefix", side.to_lowercase())] else { continue };
                    let tags = platform_tags(answer.date);
                    let own = "10.0.0.0/16".parse().unwrap();
                    let expected = match tag.as_str() {
                        "Internet" => internet(answer.date, &[own]),
                        "AzureLoadBalancer" => tags.load_balancer,
                        "VirtualNetwork" => [own].into_iter().chain(tags.virtual_network).collect(),
                        _ => continue,
                    };
                    let recorded = &rule[format!("expanded{side}AddressPrefix")];
                    assert_eq!(texts(&expected), listed(recorded), "{} {tag}", answer.name);
                }
            }
        }
    }

    /// Catches: a prefix that is dropped by the routes and yet on the Internet, in any list; a public range of the VNet
    /// itself that counts as Internet.
    #[test]
    fn what_has_no_route_is_not_on_the_internet() {
        // Tests `tag-by-date`.
        for date in ["2018-08-01", "2020", "2021", "2022-06-01", "2023-03-01", "2026"].map(day) {
            let internet: AddrSet = internet(date, &[]).into_iter().collect();
            for prefix in none_routes(date) {
                assert!(!internet.contains(prefix.first()) && !internet.contains(prefix.last()), "{date} {prefix}");
            }
        }
        let own: Prefix = "20.9.0.0/16".parse().unwrap();
        assert!(internet(Date::DATA, &[]).iter().any(|prefix| prefix.covers(own)));
        assert!(!internet(Date::DATA, &[own]).iter().any(|prefix| prefix.overlaps(own)));
    }

    /// Catches: activation hosts of the wrong years, an address whose tag is lost, a row that cannot be read.
    #[test]
    fn the_platform_has_its_addresses() {
        // Tests `tag-platform-addresses`.
        assert!(rows(ADDRESSES).all(|row| row.len() == 5 && prefixes(row[0]).len() == 1));
        for (date, tag, expected) in [
            ("2026", "AzurePlatformDNS", vec!["168.63.129.16/32"]),
            ("2026", "azurePlatformIMDS", vec!["169.254.169.254/32"]),
            ("2022-10-02", "AzurePlatformLKM", vec!["23.102.135.246/32"]),
            ("2022-10-03", "AzurePlatformLKM", vec!["20.118.99.224/32", "40.83.235.53/32"]),
        ] {
            let found: Vec<Prefix> = tags(day(date)).addresses(tag).unwrap().prefixes().collect();
            assert_eq!(texts(&found), expected, "{date} {tag}");
        }
        assert_eq!(tags(Date::DATA).addresses("Storage"), None);
    }
}
