//! A packet in flight: parsed header, payload handle, and what the fabric knows about it besides.

use super::{Addr, Header};
use crate::id::{FlowId, NodeId, PortId};
use bytes::Bytes;

/// What the fabric carries beside a packet's own bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The simulated flow it belongs to, across translations and relays.
    pub flow: Option<FlowId>,
    /// The subnet whose identity travels with the packet over a service endpoint.
    pub subnet: Option<NodeId>,
    /// The private endpoint that the packet entered a private link through: the LINKID of azure-services 3.3.
    pub private_link: Option<NodeId>,
    /// The frontend that a balancer sent it through, with the address and port the client meant. The backend's NIC
    /// needs them to answer in the frontend's name.
    pub via: Option<Via>,
}

/// A balancer's frontend on the way of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via {
    /// The frontend.
    pub frontend: PortId,
    /// Its address.
    pub address: Addr,
    /// The port that was asked for.
    pub port: u16,
}

/// A packet in flight. Wire bytes and checksums are made only where a TCP end point or a capture wants them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Number within the run, in order of creation; a packet keeps it through every rewrite.
    pub id: u64,
    /// Headers.
    pub header: Header,
    /// What travels besides.
    pub meta: Meta,
    /// Payload of the transport.
    pub payload: Bytes,
}

impl Packet {
    /// Length on the wire in bytes, IP header included, no link layer.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.header.wire_len() + self.payload.len()
    }
}
