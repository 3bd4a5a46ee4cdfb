//! What travels: addresses, prefixes, headers, packets.

mod addr;
mod header;
mod packet;

pub use addr::{Addr, Prefix, PrefixError};
pub use header::{Flags, Header, Protocol, SeqRange, TcpHeader, Tuple};
pub use packet::{Meta, Packet, Via};
