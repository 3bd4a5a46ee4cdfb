//! What travels: addresses, prefixes, headers, packets, and their bytes on the wire.

mod addr;
mod header;
mod packet;
pub mod wire;

pub use addr::{Addr, Prefix, PrefixError};
pub use header::{Flags, Header, IcmpHeader, Protocol, SeqRange, TcpHeader, Tuple};
pub use packet::{Gateway, Meta, Packet, Via};
