//! Captures that Wireshark and tcpdump read.

mod capture;
mod file;
mod folder;
mod label;
pub mod pcapng;
mod tap;

pub use capture::{Capture, CaptureError, EPOCH_NS};
pub use file::{WINDOW, Written};
