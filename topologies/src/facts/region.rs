//! Azure regions: their names, and the round trips between them.

use super::rows;
use std::sync::{Arc, OnceLock};

const TABLE: &str = include_str!("../../data/region-rtt.csv");

/// The short form of a region's name: `West US 2` and `westus2` are both `westus2`. Names that are not in the data go
/// the same way.
#[must_use]
pub fn short(name: &str) -> Arc<str> {
    name.split_whitespace().collect::<String>().to_ascii_lowercase().into()
}

/// The name people read, such as `West US 2`; `None` for a region that is not in the data.
#[must_use]
pub fn display(name: &str) -> Option<&'static str> {
    let short = short(name);
    table().iter().find(|row| *row.short == *short).map(|row| row.display)
}

/// Median round trip between two regions in ms, in either spelling; where only the other direction was published, that
/// one. `None` when neither was, and inside one region.
///
/// Rule `latency-regions`: packets between regions take half of the published median round trip. Source:
/// azure-dataplane 5.5.
#[must_use]
pub fn round_trip_ms(from: &str, to: &str) -> Option<u32> {
    let (from, to) = (short(from), short(to));
    let directed = |from: &str, to: &str| {
        let column = table().iter().position(|row| *row.short == *to)?;
        table().iter().find(|row| *row.short == *from)?.round_trips_ms.get(column).copied().flatten()
    };
    directed(&from, &to).or_else(|| directed(&to, &from))
}

/// The regions of the table, by short name.
pub(super) fn all() -> impl Iterator<Item = &'static Arc<str>> {
    table().iter().map(|row| &row.short)
}

struct Row {
    short: Arc<str>,
    display: &'static str,
    /// To each region, in the order of the rows.
    round_trips_ms: Vec<Option<u32>>,
}

fn table() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let heading = TABLE.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
        let columns: Vec<&str> = heading.split(',').skip(2).collect();
        let lines: Vec<Vec<&'static str>> = rows(TABLE).collect();
        let cell = |line: &[&str], to: &str| {
            let column = columns.iter().position(|column| *column == to)?;
            line.get(column + 2)?.parse().ok()
        };
        let row = |line: &Vec<&'static str>| Row {
            short: line[0].into(),
            display: line[1],
            round_trips_ms: lines.iter().map(|to| cell(line, to[0])).collect(),
        };
        lines.iter().map(row).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: rows and columns mixed up, a figure of a neighbouring region, the reverse direction not found.
    /// The figures are those of the page dated 2026-07-30 (azure-dataplane 5.5); the table is some months older and
    /// agrees within 9 ms.
    #[test]
    fn round_trips_agree_with_the_newest_page() {
        // Tests `latency-regions`.
        for (from, to, there, back) in [
            ("East US", "West Europe", 83, 85),
            ("eastus", "japaneast", 162, 162),
            ("West Europe", "Japan East", 233, 234),
            ("Japan East", "Southeast Asia", 72, 72),
            ("Southeast Asia", "Brazil South", 330, 331),
        ] {
            let found = (round_trip_ms(from, to).unwrap(), round_trip_ms(to, from).unwrap());
            assert!(found.0.abs_diff(there) <= 9 && found.1.abs_diff(back) <= 9, "{from} {to}: {found:?}");
            assert!(found.0.abs_diff(found.1) <= 6, "{from} {to}: {found:?}");
        }
        assert_eq!(round_trip_ms("West India", "Central India"), round_trip_ms("centralindia", "westindia"));
        assert!(round_trip_ms("West India", "Central India").is_some());
        assert_eq!(round_trip_ms("eastus", "eastus"), None);
        assert_eq!(round_trip_ms("eastus", "atlantis"), None);
    }

    /// Catches: a name that is shortened in one place and not in another.
    #[test]
    fn names_have_a_short_and_a_long_form() {
        assert_eq!(&*short("West US 2"), "westus2");
        assert_eq!(display("westus2"), Some("West US 2"));
        assert_eq!(display("JioIndiaWest"), Some("Jio India West"));
        assert_eq!(display("atlantis"), None);
        assert!(table().iter().all(|row| *short(row.display) == *row.short));
        assert_eq!(table().len(), 51);
    }
}
