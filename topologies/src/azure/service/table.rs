//! The table of what managed services are made of: the parts that are reached by names (`data/service-fronts.csv`, which
//! says what its columns and words mean).

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../../../data/service-fronts.csv");

/// Types whose groups all stand in the table: another one is no group of theirs (azure-services 4.1).
const COMPLETE: [&str; 7] = [
    "microsoft.containerregistry/registries",
    "microsoft.keyvault/vaults",
    "microsoft.storage/storageaccounts",
    "microsoft.machinelearningservices/workspaces",
    "microsoft.batch/batchaccounts",
    "microsoft.containerservice/managedclusters",
    "microsoft.sql/servers",
];

/// A line of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// The group id that a private endpoint asks for, in lower case.
    pub(super) group: &'static str,
    pub(super) member: &'static str,
    /// Public names, each with the name that it leads to once there is a private endpoint.
    pub(super) names: Vec<(&'static str, Option<&'static str>)>,
    /// What follows on both.
    pub(super) via: Vec<&'static str>,
    pub(super) tag: Option<&'static str>,
    pub(super) ports: Vec<u16>,
    /// Which services have the part; all where it is empty.
    pub(super) when: &'static str,
}

/// The lines for a type, in their order; none for one that is not in the table.
pub(super) fn rows(kind: &str) -> &'static [Row] {
    static TABLE: LazyLock<BTreeMap<&'static str, Vec<Row>>> = LazyLock::new(|| {
        let mut table: BTreeMap<&'static str, Vec<Row>> = BTreeMap::new();
        for cells in crate::facts::rows(TEXT) {
            if let Ok(cells) = <[&str; 9]>::try_from(cells) {
                table.entry(cells[0]).or_default().push(row(cells));
            }
        }
        table
    });
    TABLE.get(kind.to_ascii_lowercase().as_str()).map(Vec::as_slice).unwrap_or_default()
}

/// Whether a type has all its groups in the table.
pub(super) fn is_complete(kind: &str) -> bool {
    COMPLETE.iter().any(|own| own.eq_ignore_ascii_case(kind))
}

fn row([_, group, member, names, private, via, tag, ports, when]: [&'static str; 9]) -> Row {
    let mut private = private.split('+').map(|name| Some(name).filter(|name| !name.is_empty()));
    Row {
        group,
        member,
        names: names.split('+').map(|name| (name, private.next().flatten())).collect(),
        via: via.split_whitespace().collect(),
        tag: Some(tag).filter(|tag| !tag.is_empty()),
        ports: ports.split(' ').filter_map(|port| port.parse().ok()).collect(),
        when,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::is_known_tag;
    use std::collections::BTreeSet;

    /// Catches: a line with a cell too many, which would be lost; a tag that Azure does not have; a port that is no
    /// number; a name without its private one where others of the part have one.
    #[test]
    fn every_line_is_read() {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#')).count() - 1;
        let kinds: BTreeSet<&str> = crate::facts::rows(TEXT).map(|cells| cells[0]).collect();
        assert_eq!(kinds.iter().map(|kind| rows(kind).len()).sum::<usize>(), lines);
        assert!(COMPLETE.iter().all(|kind| kinds.contains(kind)));
        for row in kinds.iter().flat_map(|kind| rows(kind)) {
            assert!(row.tag.is_none_or(is_known_tag), "{row:?}");
            assert!(!row.ports.is_empty() && row.group == row.group.to_ascii_lowercase(), "{row:?}");
            assert!(["", "dedicated", "read"].contains(&row.when), "{row:?}");
            let private = row.names.iter().filter(|(_, private)| private.is_some()).count();
            assert!(private == 0 || private == row.names.len(), "{row:?}");
        }
        assert_eq!(rows("Microsoft.Storage/StorageAccounts").len(), 11);
    }
}
