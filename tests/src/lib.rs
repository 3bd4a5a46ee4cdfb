//! Tests that need several crates live in `tests/`; this library is empty.
