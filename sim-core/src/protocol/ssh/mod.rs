//! SSH as Packer speaks it to a Linux build VM (azure-services 9.1 and 10.1): a Go client with an RSA-4096 user key
//! against OpenSSH 9.2, curve25519, an ECDSA host key.
//!
//! One deviation: the sizes were measured with aes128-gcm, and the two ends here settle on chacha20-poly1305@openssh.com.
//! For a packet sealed with AES-GCM tshark 4.0, without the keys, reads ciphertext as messages and reports malformed
//! packets, even in captures of real sessions; with ChaCha20 it names the cipher and leaves the bytes alone.
//! The client prefers it as if Packer's `ssh_ciphers` had its first two default ciphers exchanged; all names on offer,
//! and so the sizes of both KEXINITs, stay the measured ones. A sealed packet has the same parts with either cipher:
//! 4 bytes of length (hidden now, clear with AES-GCM), the padded message, a tag of 16. Real programs pad to 8 bytes
//! with ChaCha20, to 16 with AES-GCM; how much padding is the sender's choice (RFC 4253 6), and padding to 16 keeps every
//! size.
//!
//! Every message is the real one and every packet is padded as the real program pads it, which gives the sizes of
//! azure-services 10.1 without a table of them. Lengths of what varies follow: a command of `n` bytes makes an exec
//! request of 20 + (23 + n rounded up to 16) bytes, output of `n` bytes makes 20 + (14 + n rounded up to 16).
//! The rules of thumb of azure-services 10.4 for the two (68 + n and 36 + n) do not agree with the captured 68 and 36
//! of 10.1 once the cipher's block is taken into account; the capture is followed.

mod channel;
mod client;
mod connection;
#[cfg(test)]
mod hostile;
mod identity;
mod messages;
mod scp;
mod server;
mod transport;

pub use client::{Client, ClientEvent};
pub use connection::Connection;
pub use server::{Login, Server, ServerEvent};

/// A channel, one per command or upload; numbered by the client from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel(pub u32);
