//! What answers looked like when: fields that came with versions of the API, each dated by the first recorded answer that
//! has it. Azure publishes no such list.

use topologies::facts::Date;

/// The form of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    version: &'a str,
    date: Date,
}

impl<'a> Shape<'a> {
    pub(super) fn new(version: &'a str, date: Date) -> Self {
        Self { version, date }
    }

    /// Whether the API is of this version or a later one. Versions are days, so they compare as texts.
    pub(super) fn since(self, version: &str) -> bool {
        self.version >= version
    }

    /// The day of the answer.
    pub(super) fn date(self) -> Date {
        self.date
    }

    /// The instant that answers bear: midnight of the day that is simulated, since there is no clock.
    pub(super) fn instant(self) -> String {
        format!("{}T00:00:00.0000000Z", self.date)
    }
}
