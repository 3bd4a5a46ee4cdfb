//! Any bytes, read as `vnetsim_tests::hostile::terraform` says.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vnetsim_tests::hostile::terraform(bytes));
