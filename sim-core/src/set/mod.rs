//! Sets: of addresses, ports and protocols as intervals, and of packets as boxes of them.
//!
//! A stage that decides one packet also splits a set of packets by decision, from the same data; [`PacketSet`] is what it
//! splits. Nothing here approximates: a set holds exactly the packets it says.

mod cube;
mod interval;
mod packets;
mod point;

pub use cube::{Cube, Rewrite};
pub use interval::Intervals;
pub use packets::PacketSet;
pub use point::Point;

use crate::net::{Addr, Protocol};

/// A set of addresses of both families.
pub type AddrSet = Intervals<Addr>;
/// A set of ports.
pub type PortSet = Intervals<u16>;
/// A set of IP protocols.
pub type ProtocolSet = Intervals<Protocol>;
