//! The engine of vnetsim: a packet-level simulator of Azure virtual networks.
//!
//! Read the modules in the order a packet meets them:
//!
//! 1. [`net`]: addresses, prefixes, headers, packets, and their bytes on the wire;
//! 2. [`protocol`]: what applications say over their connections, SSH for one, as bytes and without IO;
//! 3. [`source`], [`id`], [`time`]: where a thing was declared, what it is called inside, when it happens.
//!
//! Nothing here opens a file or a socket, reads a clock or the environment, or starts a thread: time, randomness and
//! input are arguments.

pub mod id;
pub mod net;
pub mod protocol;
pub mod source;
pub mod time;
