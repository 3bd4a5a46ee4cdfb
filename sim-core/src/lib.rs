//! The engine of vnetsim: a packet-level simulator of Azure virtual networks.
//!
//! Read the modules in the order a packet meets them:
//!
//! 1. [`net`]: addresses, prefixes, headers, packets, and their bytes on the wire;
//! 2. [`source`], [`id`], [`time`]: where a thing was declared, what it is called inside, when it happens.
//!
//! Nothing here opens a file or a socket, reads a clock or the environment, or starts a thread: time, randomness and
//! input are arguments.

pub mod fabric;
pub mod id;
pub mod net;
pub mod plane;
pub mod set;
pub mod source;
pub mod stage;
pub mod time;
pub mod topology;
