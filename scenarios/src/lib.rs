//! What a run was like: observers of the engine that write traces, captures and counts.

pub mod observe;
pub mod pcap;
