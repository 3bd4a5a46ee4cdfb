//! The engine of vnetsim: a packet-level simulator of Azure virtual networks.
//!
//! Read the modules in the order a packet meets them:
//!
//! 1. [`net`]: addresses, prefixes, headers, packets, and their bytes on the wire;
//! 2. [`topology`]: the declared network, as a graph, and the changes Azure takes or refuses;
//! 3. [`stage`]: what a packet meets, one module each; [`fabric`]: a network compiled for it; [`plane`]: the fabric at
//!    work, with what its ports remember;
//! 4. [`engine`]: time, links, machines, changes; [`host`]: what stands at the ends: TCP, programs, orchestrators;
//! 5. [`names`]: what names lead to; [`protocol`]: what applications say over their connections, as bytes and without IO; [`app`]: the applications;
//! 6. [`explain`]: why, and why not: every blocker there and back, and what would mend it;
//! 7. [`source`], [`id`], [`time`], [`set`]: where a thing was declared, what it is called inside, when it happens.
//!
//! Nothing here opens a file or a socket, reads a clock or the environment, or starts a thread: time, randomness and
//! input are arguments.

pub mod app;
pub mod assumption;
pub mod engine;
pub mod explain;
pub mod fabric;
pub mod host;
pub mod id;
pub mod names;
pub mod net;
pub mod plane;
pub mod protocol;
pub mod set;
pub mod source;
pub mod stage;
pub mod time;
pub mod topology;
