//! SSH as Packer speaks it to a Linux build VM (azure-services 9.1 and 10.1): a Go client with an RSA-4096 user key
//! against OpenSSH 9.2, curve25519, an ECDSA host key, aes128-gcm.
//!
//! Every message is the real one and every packet is padded as the real program pads it, which gives the sizes of
//! azure-services 10.1 without a table of them. Lengths of what varies follow: a command of `n` bytes makes an exec
//! request of 20 + (23 + n rounded up to 16) bytes, output of `n` bytes makes 20 + (14 + n rounded up to 16).
//! The rules of thumb of azure-services 10.4 for the two (68 + n and 36 + n) do not agree with the captured 68 and 36
//! of 10.1 once the cipher's block is taken into account; the capture is followed.

mod channel;
mod client;
#[cfg(test)]
mod hostile;
mod identity;
mod messages;
mod scp;
mod server;
mod transport;

pub use client::{Client, ClientEvent};
pub use server::{Login, Server, ServerEvent};

/// A channel, one per command or upload; numbered by the client from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel(pub u32);
