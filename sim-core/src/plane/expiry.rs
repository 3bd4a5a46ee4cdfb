//! Connections that were silent for too long: who looks after them, and what their ends are told.

use super::conn::Conn;
use super::decision::{Act, Answer, Decision};
use super::flow::{Key, Watched};
use super::view::{Trail, View};
use crate::id::{FlowId, PortId};
use crate::net::{Header, Meta, Tuple, Via};
use crate::stage::idle::Silence;
use crate::stage::{Reason, Step};
use crate::time::Nanos;

/// A connection whose end has to be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Where it is remembered.
    pub(super) port: PortId,
    pub(super) watched: Watched,
}

impl Watch {
    /// Where it is remembered.
    #[must_use]
    pub const fn port(&self) -> PortId {
        self.port
    }
}

/// What became of a connection that was watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expired {
    /// It has ended otherwise, or had not opened.
    Gone,
    /// It was heard of: look again then.
    Later(Nanos, Watch),
    /// It was silent for too long, and its ends are told.
    Over(Box<Forgotten>),
}

/// A connection that was forgotten, and what its ends are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// How its opener's packets came.
    pub tuple: Tuple,
    /// The simulated flow it belonged to.
    pub flow: Option<FlowId>,
    /// Who forgot it, and after which silence.
    pub silence: Silence,
    /// What its ends are told.
    pub resets: [Reset; 2],
}

/// A reset that a port sends to one end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Who sends it.
    pub from: PortId,
    /// Where it goes, if that is known; else as its addresses say.
    pub to: Option<PortId>,
    /// The segment.
    pub header: Header,
    /// What travels with it.
    pub meta: Meta,
}

/// What is said of a connection that was silent for too long.
pub(super) fn forgotten(port: PortId, conn: &Conn) -> Forgotten {
    let (tuple, silence) = (conn.forward.key.tuple, conn.silence());
    Forgotten { tuple, flow: conn.flow, silence, resets: resets(port, conn) }
}

/// What the two ends of a connection are told.
fn resets(from: PortId, conn: &Conn) -> [Reset; 2] {
    let [opener, other] = conn.resets();
    let back = conn.reverse.and_then(|half| half.pin);
    let asked = conn.forward.key.tuple;
    let via = Via { frontend: from, address: asked.dst, port: asked.dst_port, appliance: None };
    let outward = Meta { flow: conn.flow, ..Meta::default() };
    let inward = Meta { via: conn.reverse.is_none().then_some(via), ..outward };
    [
        Reset { from, to: back, header: opener, meta: outward },
        Reset { from, to: conn.forward.pin, header: other, meta: inward },
    ]
}

/// What becomes of a packet of a connection that was silent for too long.
///
/// Rule `timeout-late-packets`: After a balancer's or translation's idle time a packet of the connection is dropped, or
/// answered with a reset where TCP reset is on, and by NAT gateways always. Source: azure-dataplane 3.7, 4.2.
pub(super) fn over(view: &View<'_>, key: Key, meta: &Meta, told: bool, silence: Silence) -> Decision {
    let mut trail = Trail::new(view, key, meta);
    trail.once = true;
    trail.steps.extend([Step::Expired(silence), Step::Stopped(Reason::FlowExpired)]);
    trail.end(if told { Ok(Act::Answer(Answer::Reset)) } else { Err(Reason::FlowExpired) }, None)
}
