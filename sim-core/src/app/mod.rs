//! Applications: programs that speak the protocols over a machine's connections.

mod asking;
mod attempt;
mod carrier;
mod errand;
mod fetch;
mod guest;
mod listener;
mod lookup;
mod parallel;
mod ping;
mod probe;
mod relay;
mod remote;
mod resolver;
mod session;
mod site;
mod visit;
mod web;

pub use attempt::{Attempt, Dialogue};
pub use errand::{Directory, Errand, MOST_REQUESTS, Manners, Move, Request, Script};
pub use fetch::{Download, Fetch, FetchEnd, Timing};
pub use guest::{Communicator, Guest, Job};
pub use listener::{Listener, Reflector};
pub use lookup::{Destination, Failure, Lookup, Query, Resolved, Unresolved};
pub use parallel::{Crowd, Parallel};
pub use ping::{Ping, Traceroute};
pub(crate) use probe::Prober;
pub use relay::Relay;
pub use resolver::MAX_WAITING;
pub(crate) use resolver::Resolver;
pub use session::{Manner, Session};
pub use site::{Answer, Asked, Content, Files, Site, reason};
pub use visit::{MOST_KEPT, NoReply, Reply};
pub use web::{Identity, Web};

use crate::host::{ConnId, Context, Ending, Socket};
use crate::protocol::Session as Protocol;

/// How much one turn hands to TCP at most, in bytes: bulk content is made as it is sent.
const TURN: usize = 256 << 10;

/// Writes what a session has to say, up to one turn; the rest follows when [`Input::Drained`] comes.
///
/// [`Input::Drained`]: crate::host::Input::Drained
pub fn flush(session: &mut impl Protocol, conn: ConnId, cx: &mut Context<'_>) {
    let mut written = 0;
    while written < TURN {
        let Some(write) = session.next_write() else { return };
        written += write.bytes.len();
        cx.write(conn, write.bytes, write.label);
    }
}

/// What Go's dialler, and so Packer, prints when a connection fails.
#[must_use]
pub fn go_dial_error(to: Socket, ending: Ending) -> String {
    let at = if to.0.is_v4() { format!("{}:{}", to.0, to.1) } else { format!("[{}]:{}", to.0, to.1) };
    match ending {
        Ending::TimedOut => format!("dial tcp {at}: i/o timeout"),
        Ending::Refused => format!("dial tcp {at}: connect: connection refused"),
        Ending::Unreachable => format!("dial tcp {at}: connect: network is unreachable"),
        Ending::Reset => format!("read tcp {at}: read: connection reset by peer"),
        Ending::Closed => "EOF".to_owned(),
        Ending::Aborted => format!("dial tcp {at}: operation was canceled"),
    }
}
