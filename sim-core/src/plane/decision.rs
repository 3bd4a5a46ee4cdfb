//! What becomes of a packet at a port: as the slow path decides it, and as it is kept for those that look the same.

use super::conn::NewConn;
use crate::fabric::LinkClass;
use crate::id::{LinkId, NodeId, PortId};
use crate::net::{Gateway, Tuple, Via};
use crate::stage::{Reason, Step};
use std::sync::Arc;

/// What happens to a packet at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It goes on.
    Forward {
        /// Where to.
        to: PortId,
        /// By what kind of way.
        class: LinkClass,
    },
    /// It is for the machine here.
    Deliver,
    /// It ends here.
    Drop(Reason),
    /// It ends here, and the platform itself answers it.
    Answer(Answer),
}

/// What the platform answers in somebody's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The echo that was asked for (azure-dataplane 3.12).
    Echo,
    /// That the destination cannot be reached (3.12).
    Unreachable,
    /// A TCP reset, since the connection was forgotten (3.7, 4.2).
    Reset,
}

impl Answer {
    /// Why the packet did not go on; nothing where it is answered as its sender wants.
    #[must_use]
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Echo => None,
            Self::Unreachable => Some(Reason::NoHealthyBackend),
            Self::Reset => Some(Reason::FlowExpired),
        }
    }
}

/// What a port does with the packets of a flow: the whole pipeline's answer in one place.
#[derive(Clone, Debug)]
pub struct Composed {
    /// Go on, deliver or drop.
    pub act: Act,
    /// The tuple after rewriting.
    pub tuple: Tuple,
    /// The private link it is on afterwards.
    pub private_link: Option<NodeId>,
    /// The frontend it came through, afterwards.
    pub via: Option<Via>,
    /// Where it stands on its way through an appliance, afterwards.
    pub gateway: Option<Gateway>,
    /// The subnet whose identity it carries afterwards.
    pub subnet: Option<NodeId>,
    /// Whether it passes a router, which counts it down.
    pub routed: bool,
    /// The link it takes, once known.
    pub link: Option<LinkId>,
    /// How it was decided.
    pub steps: Arc<[Step]>,
    /// Its place in the port's table.
    pub entry: u32,
    /// The fabric's version it was composed under.
    pub(super) epoch: u32,
}

/// A decision of the slow path.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What is kept for the packets of the flow; its place and version are given when it is.
    pub composed: Composed,
    /// State to create.
    pub state: Option<NewConn>,
    /// Whether it holds for this packet alone, and not for those that look the same.
    pub once: bool,
}
