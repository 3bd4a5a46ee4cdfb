//! scenarios

pub mod pcap;
