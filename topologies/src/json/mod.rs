//! JSON as people really write it, with the place of every value.
//!
//! Templates and `az` output carry comments, trailing commas, byte order marks and raw line ends inside strings;
//! all of these are read. Two equal keys in one object are refused, because which of them counts depends on who reads.

mod edit;
mod equal;
mod keys;
mod parse;
mod reader;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use edit::PathError;
pub(crate) use keys::settle_keys;
pub use parse::{Document, MAX_DEPTH, MAX_SIGNS, parse, parse_text};
pub use value::{Data, Member, Number, Value};
