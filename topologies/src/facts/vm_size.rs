//! Machine sizes (azure-dataplane 5.1).

use super::rows;

const TABLE: &str = include_str!("../../data/vm-sizes.csv");

/// What a size allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmSize {
    /// Most NICs.
    pub max_nics: usize,
    /// Cap on what the machine sends over all its NICs, bits per second; `None` where Azure publishes none.
    pub egress_bps: Option<u64>,
}

/// The size of this name (`Standard_A1_v2`), in any letter case; `None` for one that is not in the data.
///
/// Rule `limit-bandwidth-by-size`: a size caps what its machine sends over all NICs, and nothing that it receives.
/// Source: azure-dataplane 5.1.
#[must_use]
pub fn vm_size(name: &str) -> Option<VmSize> {
    let row = rows(TABLE).find(|row| row[0].eq_ignore_ascii_case(name.trim()))?;
    let [_, max_nics, egress_mbps] = row[..] else { return None };
    let egress_bps = egress_mbps.parse::<u64>().ok().map(|mbps| mbps * 1_000_000);
    Some(VmSize { max_nics: max_nics.parse().ok()?, egress_bps })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a size of azure-dataplane 5.1 left out, megabits taken for bits, a column shifted.
    #[test]
    fn sizes_are_those_of_the_reference() {
        // Tests `limit-bandwidth-by-size`, `refuse-nic-count`.
        assert_eq!(rows(TABLE).filter_map(|row| vm_size(row[0])).count(), 72);
        for (name, max_nics, mbps) in [
            ("Standard_A1_v2", 2, Some(250)),
            ("standard_d2DS_v4", 2, Some(5_000)),
            ("Standard_D1_v2", 2, Some(750)),
            ("Standard_E104is_v5", 8, Some(100_000)),
            ("Standard_D192s_v6", 8, Some(82_000)),
            ("Standard_B12ms", 6, None),
            ("Standard_F72s_v2", 8, Some(30_000)),
        ] {
            let egress_bps = mbps.map(|mbps: u64| mbps * 1_000_000);
            assert_eq!(vm_size(name), Some(VmSize { max_nics, egress_bps }), "{name}");
        }
        assert_eq!(vm_size("Standard_Nope"), None);
    }
}
