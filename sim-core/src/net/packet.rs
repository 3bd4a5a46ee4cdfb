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
    /// Where it stands on its way through a gateway balancer's appliance.
    pub gateway: Option<Gateway>,
}

/// A packet's way through a gateway balancer's appliance (azure-dataplane 3.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// It goes to the appliance, and from there back to `home`, or on to its destination.
    Through {
        /// Who sent it there and waits for it.
        home: Option<PortId>,
    },
    /// It has been there.
    Seen {
        /// Where.
        by: PortId,
    },
}

impl Gateway {
    /// The appliance that has seen it.
    #[must_use]
    pub const fn appliance(self) -> Option<PortId> {
        match self {
            Self::Seen { by } => Some(by),
            Self::Through { .. } => None,
        }
    }
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
    /// The gateway balancer's appliance that has seen it before.
    pub appliance: Option<PortId>,
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
