//! The protocols that applications speak over a byte stream: [`ssh`], [`tls`], [`http`] and [`winrm`].
//! [`dns`] has messages of its own, mostly over UDP.
//!
//! Each end of a protocol is a [`Session`]: bytes in, bytes and events out, no IO, no clock, no randomness but a seed.
//! Whoever drives one takes [`Session::next_write`] until it is `None` (or the connection will take no more), gives
//! what arrives to [`Session::receive`] in any pieces, and collects events with the session's own `next_event`.
//! Bulk content is made when it is asked for, so a session holds at most one unfinished message of its peer and what
//! its own side still has to say.
//!
//! What travels in the clear is well formed and reads so in a packet analyser; what a real session would encrypt
//! travels as the real messages under a toy cipher (module `seal`; it is *no* cryptography), with the framing and
//! therefore the sizes of the real one. Sizes are those measured in azure-services 10.

mod cursor;
pub mod dns;
pub mod http;
mod seal;
pub mod ssh;
pub mod tls;
pub mod winrm;

use bytes::Bytes;
use std::borrow::Cow;
use thiserror::Error;

/// One application write: what one `write` call of the real program hands to TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The bytes, as they go into the stream.
    pub bytes: Bytes,
    /// What they say, in the clear: `SSH USERAUTH_REQUEST publickey with signature`.
    pub label: Cow<'static, str>,
}

/// One end of a protocol.
pub trait Session {
    /// Takes the next bytes of the peer; how they are cut into calls makes no difference.
    ///
    /// # Errors
    /// When the peer broke the protocol. The session is over then: it says nothing more and gives the same error again.
    fn receive(&mut self, data: &[u8]) -> Result<(), Violation>;

    /// The next thing to write, if there is any now.
    fn next_write(&mut self) -> Option<Write>;

    /// To be asked when the peer has closed its side: whether its stream ended between two messages.
    ///
    /// # Errors
    /// [`Violation::Truncated`] when it ended inside one; the earlier violation if there was one.
    fn end(&self) -> Result<(), Violation>;
}

/// What a peer did that its protocol does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// A message, line or field is longer than this end accepts.
    #[error("{what} longer than {limit} bytes")]
    TooLong {
        /// What was too long.
        what: &'static str,
        /// The limit, bytes.
        limit: usize,
    },
    /// More of something than this end accepts.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Too many of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A message that does not parse.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// A well-formed message at the wrong moment.
    #[error("unexpected {0}")]
    Unexpected(&'static str),
    /// The authentication tag does not fit: bytes changed on the way, now or during the handshake.
    #[error("integrity check failed")]
    Tampered,
    /// The two ends have no algorithm or version in common.
    #[error("no common {0}")]
    NothingInCommon(&'static str),
    /// The stream ended inside a message.
    #[error("stream ended inside a message")]
    Truncated,
    /// More unread events or unsent replies than [`BACKLOG`]: the peer asks faster than anybody listens.
    #[error("more than {BACKLOG} events or replies waiting")]
    Backlog,
}

/// How many events, or writes, may wait in a session before it gives the peer up.
pub const BACKLOG: usize = 65_536;

/// Which end of the connection: the one that opened it, or the one that accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

impl Side {
    fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
