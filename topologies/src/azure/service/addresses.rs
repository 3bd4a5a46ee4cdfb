//! The public addresses of services' fronts. The real ones are known only to Azure; here each front has one that follows from
//! its id, so that it stays the same whatever else is declared, and in whatever order.

use super::super::raw::Resources;
use sim_core::net::Addr;
use std::collections::{BTreeMap, BTreeSet};

/// The upper half of a block for documentation (RFC 5737); people give the lower half to hosts of their own.
const FIRST: (Addr, u64) = (Addr::v4(198, 51, 100, 129), 126);
/// Half of a block of the US Department of Defense, where nothing of Azure's is. Blocks that nobody owns are not in the tag
/// `Internet`, and rules would not treat them as they treat services.
const REST: (Addr, u64) = (Addr::v4(11, 128, 0, 1), (1 << 23) - 2);
/// How many places are tried in the first block before the others.
const TRIES: u64 = 3;

/// Who has which.
#[derive(Clone, Debug, Default)]
pub(in crate::azure) struct Addresses {
    /// By service in lower case and number of the front.
    given: BTreeMap<(String, usize), Addr>,
}

impl Addresses {
    /// Of all services that these resources declare or refer to.
    pub(in crate::azure) fn of(all: &Resources) -> Self {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for raw in all.iter() {
            let count = super::count(raw, all);
            if count > 0 {
                counts.insert(raw.id.to_ascii_lowercase(), count);
            }
            if let Some(stranger) = super::stranger(raw, all) {
                counts.insert(stranger.id.to_ascii_lowercase(), super::count(&stranger, all));
            }
        }
        let mut taken = BTreeSet::new();
        let mut given = BTreeMap::new();
        for (id, count) in counts {
            for n in 0..count {
                let address = choose(&format!("{id}#{n}"), &taken);
                taken.insert(address);
                given.insert((id.clone(), n), address);
            }
        }
        Self { given }
    }

    /// The address of a front of a service, by its number.
    pub(super) fn get(&self, service: &str, front: usize) -> Addr {
        let known = self.given.get(&(service.to_ascii_lowercase(), front)).copied();
        known.unwrap_or_else(|| choose(&format!("{service}#{front}"), &BTreeSet::new()))
    }
}

/// A free address, by the hash of a text.
fn choose(text: &str, taken: &BTreeSet<Addr>) -> Addr {
    let hash = hash(text);
    let near = (0..TRIES).map(|n| FIRST.0.plus(u128::from((hash >> (16 * n)) % FIRST.1)));
    let far = (0..REST.1).map(|n| REST.0.plus(u128::from((hash % REST.1 + n) % REST.1)));
    near.chain(far).find(|address| !taken.contains(address)).unwrap_or(REST.0)
}

/// FNV-1a, mixed once more, for its low bits differ little between texts that end alike.
fn hash(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ mixed >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: two fronts with one address, an address outside the blocks that nobody owns, one block that runs full.
    #[test]
    fn addresses_are_apart() {
        let mut taken = BTreeSet::new();
        for n in 0..500 {
            let address = choose(&format!("/subscriptions/s/{n}"), &taken);
            assert!(taken.insert(address));
            let bits = address.v4_bits().unwrap();
            assert!((0xc633_6481..=0xc633_64fe).contains(&bits) || (0x0b80_0001..=0x0bff_ffff).contains(&bits));
        }
        assert!(taken.iter().filter(|address| address.v4_bits() > Some(0xc600_0000)).count() > 100);
    }
}
