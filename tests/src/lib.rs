//! Networks for tests: a few resources in a few lines.

pub mod net;
