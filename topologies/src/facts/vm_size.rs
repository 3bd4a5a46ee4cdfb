//! Machine sizes (azure-dataplane 5.1).

use super::rows;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../../data/vm-sizes.csv");

/// What a size allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmSize {
    /// Most NICs.
    pub max_nics: usize,
    /// Cap on what the machine sends over all its NICs, bits per second; `None` where Azure publishes none.
    pub egress_bps: Option<u64>,
    /// Processors.
    pub vcpus: u32,
    /// Whether its network adapter is of the newest kind (MANA), as those of the sixth versions are.
    mana: bool,
}

impl VmSize {
    /// Connections that a machine of this size should hold at most; `None` below two processors, of which nothing is said.
    ///
    /// Rule `limit-connections-by-size`: 100,000 connections from 2 processors on, 500,000 from 8, 700,000 from 16, 800,000 from
    /// 32, and from 64 on 1,000,000, or 2,000,000 with MANA. Source: azure-dataplane 5.2.
    #[must_use]
    pub const fn connections(&self) -> Option<u32> {
        match self.vcpus {
            0..=1 => None,
            2..=7 => Some(100_000),
            8..=15 => Some(500_000),
            16..=31 => Some(700_000),
            32..=63 => Some(800_000),
            _ if self.mana => Some(2_000_000),
            _ => Some(1_000_000),
        }
    }
}

/// The size of this name (`Standard_A1_v2`), in any letter case; `None` for one that is not in the data.
///
/// Rule `limit-bandwidth-by-size`: a size caps what its machine sends over all NICs, and nothing that it receives.
/// Source: azure-dataplane 5.1.
#[must_use]
pub fn vm_size(name: &str) -> Option<VmSize> {
    /// Cut once: every machine is looked up.
    static ROWS: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| rows(TABLE).collect());
    let row = ROWS.iter().find(|row| row[0].eq_ignore_ascii_case(name.trim()))?;
    let [size, max_nics, egress_mbps, vcpus] = row[..] else { return None };
    let egress_bps = egress_mbps.parse::<u64>().ok().map(|mbps| mbps * 1_000_000);
    let mana = size.ends_with("_v6");
    Some(VmSize { max_nics: max_nics.parse().ok()?, egress_bps, vcpus: vcpus.parse().ok()?, mana })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a size of azure-dataplane 5.1 left out, megabits taken for bits, a column shifted.
    #[test]
    fn sizes_are_those_of_the_reference() {
        // Tests `limit-bandwidth-by-size`, `refuse-nic-count`.
        assert_eq!(rows(TABLE).filter_map(|row| vm_size(row[0])).count(), 72);
        // Tests `limit-connections-by-size`.
        for (name, vcpus, connections) in [
            ("Standard_A1_v2", 1, None),
            ("Standard_D3_v2", 4, Some(100_000)),
            ("Standard_D4_v2", 8, Some(500_000)),
            ("Standard_E20s_v5", 20, Some(700_000)),
            ("Standard_F48s_v2", 48, Some(800_000)),
            ("Standard_D64s_v5", 64, Some(1_000_000)),
            ("Standard_D64s_v6", 64, Some(2_000_000)),
            ("Standard_E104is_v5", 104, Some(1_000_000)),
        ] {
            let size = vm_size(name).unwrap();
            assert_eq!((size.vcpus, size.connections()), (vcpus, connections), "{name}");
        }
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
            let size = vm_size(name).unwrap();
            assert_eq!((size.max_nics, size.egress_bps), (max_nics, egress_bps), "{name}");
        }
        assert_eq!(vm_size("Standard_Nope"), None);
    }
}
