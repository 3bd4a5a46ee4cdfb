//! A byte-transparent TCP relay: image builder's proxy machine (azure-services 2.3). Each connection to its port becomes
//! a second one to a fixed target; bytes pass both ways as they are, so do closings. Two TCP connections, two flows.

use crate::host::{ConnId, Context, Dial, Ending, Input, Program, SMALL_BUFFER, Socket};
use crate::time::Nanos;
use bytes::Bytes;
use hashbrown::HashMap;

/// A relay from one port to one target.
#[derive(Clone)]
pub struct Relay {
    port: u16,
    target: Socket,
    timeout: Nanos,
    /// The other side of each connection; both ways.
    other: HashMap<ConnId, Peer, foldhash::fast::FixedState>,
}

#[derive(Clone)]
struct Peer {
    conn: ConnId,
    /// What it said before the other side was open, and whether it has ended since.
    waiting: Vec<Bytes>,
    ended: bool,
    open: bool,
}

impl Peer {
    const fn new(conn: ConnId, open: bool) -> Self {
        Self { conn, waiting: Vec::new(), ended: false, open }
    }
}

impl Relay {
    /// A relay from `port` to `target` that gives up a target which does not answer after `timeout`.
    #[must_use]
    pub fn new(port: u16, target: Socket, timeout: Nanos) -> Self {
        Self { port, target, timeout, other: HashMap::default() }
    }
}

impl Program for Relay {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(self.port, SMALL_BUFFER),
            Input::Accepted { conn, flow, .. } => {
                let onward = cx.connect(Dial { timeout: self.timeout, flow, ..Dial::to(self.target) });
                self.other.insert(conn, Peer::new(onward, false));
                self.other.insert(onward, Peer::new(conn, true));
            }
            Input::Connected(onward) => {
                let Some(client) = self.other.get(&onward).map(|peer| peer.conn) else { return };
                if let Some(peer) = self.other.get_mut(&client) {
                    peer.open = true;
                    for bytes in peer.waiting.drain(..) {
                        cx.write(onward, bytes, "relayed");
                    }
                    if peer.ended {
                        cx.close(onward);
                    }
                }
            }
            Input::Data(conn, bytes) => match self.other.get_mut(&conn) {
                Some(peer) if peer.open => cx.write(peer.conn, bytes, "relayed"),
                Some(peer) => peer.waiting.push(bytes),
                None => {}
            },
            Input::PeerClosed(conn) => {
                if let Some(peer) = self.other.get_mut(&conn) {
                    peer.ended = true;
                    if peer.open {
                        cx.close(peer.conn);
                    }
                }
            }
            Input::Closed(conn, ending) => {
                let Some(peer) = self.other.remove(&conn) else { return };
                // A side that ended badly takes the other with it; one that ended well has said so before.
                if ending != Ending::Closed {
                    cx.abort(peer.conn);
                }
                cx.close(peer.conn);
            }
            _ => {}
        }
    }

    fn fresh(&self) -> Option<Box<dyn Program>> {
        Some(Box::new(Self::new(self.port, self.target, self.timeout)))
    }
}
