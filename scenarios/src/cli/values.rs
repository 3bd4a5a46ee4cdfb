//! Values of arguments that several commands take.

use clap::ValueEnum;
use topologies::facts::Date;

/// How a result is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Whether messages are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

/// A shorthand for a date: 2020, 2021 or 2026.
pub(super) fn era(text: &str) -> Result<Date, String> {
    let known = ["2020", "2021", "2026"];
    let date = text.parse().ok().filter(|_| known.contains(&text));
    date.ok_or_else(|| format!("eras are {}; a day goes with --as-of", known.join(", ")))
}

/// A day: 2024-08-26.
pub(super) fn day(text: &str) -> Result<Date, String> {
    let date = text.parse().ok().filter(|_| text.contains('-'));
    date.ok_or_else(|| "write a day as 2024-08-26; an era goes with --era".to_owned())
}
