//! What Azure is like: data with dates and sources, and everything assumed where no data is.
//!
//! The files are in `topologies/data` and are compiled in. Nothing here reads a clock: the date is an argument, and the
//! default is the date of the data.

mod assumptions;
mod date;
mod network;
pub mod region;
mod vm_size;

pub use assumptions::{Assumptions, Boot, Downloads, Entry, ImageBuilder, Lifetime, Os, Stretch, assumptions};
pub use date::{Date, DateError};
pub use network::network;
pub use vm_size::{VmSize, vm_size};

/// The lines of a data file that are neither comment nor heading, cut at commas.
fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| line.split(',').collect())
}
