//! Captures that Wireshark and tcpdump read.

pub mod pcapng;
