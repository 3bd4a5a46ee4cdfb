//! TLS 1.2 and 1.3 between Go and OpenSSL, with the handshake sizes of azure-services 10.2.
//!
//! The messages are the real ones, in the records and writes of the captured programs, so the sizes follow from them:
//! a server name adds 9 bytes and its length to a ClientHello (the captured ones were sent to an address and have
//! none), each record 29 bytes (1.2) or 22 bytes (1.3) to its content. Where a Go end meets an OpenSSL end, which was
//! not captured, each says what it says to its own kind as far as the other's offers allow.

mod certificate;
mod client;
mod connection;
mod hello;
mod records;
mod server;

pub use certificate::Certificate;
pub use client::Client;
pub use connection::Connection;
pub use server::Server;

use bytes::Bytes;

/// A protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2: the most that Windows Server 2016 and 2019 speak (azure-services 10.2).
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// Whose TLS an end runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// Go 1.19: Packer, its plugins, many agents. Starts a connection with small records.
    Go,
    /// OpenSSL 3.0: curl, Python, az.
    OpenSsl,
}

/// What a client offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Go: both versions.
    Go,
    /// OpenSSL held to 1.2.
    OpenSsl12,
    /// OpenSSL held to 1.3.
    OpenSsl13,
}

/// What either end has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The handshake is over; what was sent before goes out now.
    Established {
        /// The version both ends know.
        version: Version,
        /// To the client: the name in the server's certificate. To the server: the name the client asked for (SNI), if
        /// any.
        name: Option<String>,
    },
    /// The peer sent application data.
    Data(Bytes),
    /// The peer has said that it sends no more (close_notify).
    Closed,
    /// The handshake failed, or the connection was given up: the number of the alert, 70 for no common version, 42 for
    /// a certificate of somebody else.
    Refused(u8),
}

/// Handshake message numbers (RFC 5246 7.4, RFC 8446 4).
mod kind {
    pub(super) const CLIENT_HELLO: u8 = 1;
    pub(super) const SERVER_HELLO: u8 = 2;
    pub(super) const NEW_SESSION_TICKET: u8 = 4;
    pub(super) const ENCRYPTED_EXTENSIONS: u8 = 8;
    pub(super) const CERTIFICATE: u8 = 11;
    pub(super) const SERVER_KEY_EXCHANGE: u8 = 12;
    pub(super) const SERVER_HELLO_DONE: u8 = 14;
    pub(super) const CERTIFICATE_VERIFY: u8 = 15;
    pub(super) const CLIENT_KEY_EXCHANGE: u8 = 16;
    pub(super) const FINISHED: u8 = 20;
}

/// The alert that says no more is coming.
const CLOSE_NOTIFY: u8 = 0;
/// The alert that says the certificate is not the right one.
const BAD_CERTIFICATE: u8 = 42;
/// The alert that says no version is common.
const PROTOCOL_VERSION: u8 = 70;
/// How the servers here sign: RSA-PSS with SHA-256.
const SIGNATURE: usize = 0x0804;
