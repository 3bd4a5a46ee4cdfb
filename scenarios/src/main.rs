//! The `vnetsim` command.
fn main() {}
