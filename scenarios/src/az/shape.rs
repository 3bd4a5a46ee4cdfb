//! What answers looked like when: fields that came with versions of the API, and habits that Azure took up on a day.
//!
//! Each is dated by the first recorded answer that has it; Azure publishes no such list.

use topologies::facts::Date;

/// The form of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    version: &'a str,
    date: Date,
}

/// From here on, rules with any address show it twice, once for each family of addresses (recorded on that day).
const BOTH_FAMILIES: Date = Date { year: 2018, month: 9, day: 16 };
/// From here on, effective rules list the probes' IPv6 source (recorded in February 2020).
const PROBES_IN_V6: Date = Date { year: 2020, month: 2, day: 6 };

impl<'a> Shape<'a> {
    pub(super) fn new(version: &'a str, date: Date) -> Self {
        Self { version, date }
    }

    /// Whether the API is of this version or a later one. Versions are days, so they compare as texts.
    pub(super) fn since(self, version: &str) -> bool {
        self.version >= version
    }

    /// How often a prefix that stands for any address is listed.
    pub(super) fn any_addresses(self) -> usize {
        if self.date >= BOTH_FAMILIES { 2 } else { 1 }
    }

    /// Whether the source of health probes over IPv6 is listed.
    pub(super) fn lists_v6_probes(self) -> bool {
        self.date >= PROBES_IN_V6
    }

    /// The instant that answers bear: midnight of the day that is simulated, since there is no clock.
    pub(super) fn instant(self) -> String {
        format!("{}T00:00:00.0000000Z", self.date)
    }
}
