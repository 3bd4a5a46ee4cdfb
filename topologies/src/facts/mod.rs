//! What Azure is like: data with dates and sources, and everything assumed where no data is.
//!
//! The files are in `topologies/data` and are compiled in. Nothing here reads a clock: the date is an argument, and the
//! default is the date of the data.

mod assumptions;
mod date;
mod default_rules;
mod network;
mod platform;
pub mod region;
mod service_tags;
mod tag;
mod vm_size;

pub use assumptions::{
    Assumptions, Boot, Downloads, Entry, ImageBuilder, Lifetime, Os, SetError, Stretch, assumptions,
};
pub use date::{Date, DateError};
pub use default_rules::{Surface, Words, describe, words};
pub use network::network;
pub use platform::{before_the_lists, internet, none_routes, platform_tags};
pub use service_tags::ServiceTags;
pub(crate) use service_tags::is_service_tags;
pub use tag::is_known_tag;
pub(crate) use tag::names as tag_names;
pub use vm_size::{VmSize, vm_size};

use sim_core::net::Prefix;

/// The lines of a data file that are neither comment nor heading, cut at commas.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| line.split(',').collect())
}

/// Of rows in the order of the dates in column `from`, the newest as of `date`; before the first, the first.
fn newest(rows: impl Iterator<Item = Vec<&'static str>>, from: usize, date: Date) -> Option<Vec<&'static str>> {
    let lists: Vec<Vec<&str>> = rows.collect();
    let since = |row: &&Vec<&str>| row[from].parse::<Date>().is_ok_and(|from| from <= date);
    lists.iter().rfind(since).or(lists.first()).cloned()
}

/// Prefixes with blanks between them.
fn prefixes(text: &str) -> Vec<Prefix> {
    text.split(' ').filter_map(|prefix| prefix.parse().ok()).collect()
}

#[cfg(test)]
pub(crate) use recorded::{Recorded, recordings};

#[cfg(test)]
mod recorded;
