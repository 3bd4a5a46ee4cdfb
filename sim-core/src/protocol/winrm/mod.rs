//! WinRM as Packer speaks it to a Windows build VM (azure-services 9.2 and 10.3): SOAP over HTTPS on one kept-alive
//! connection, a shell per command, output fetched by long polls.
//!
//! Bodies are WS-Management envelopes with what the two ends need to know, made up with spaces to the captured sizes;
//! what varies (command line, output, input) adds what it adds there. Heads are those of Go's client and of Windows'
//! HTTP server, and so depend on the length of the address and of the credentials: the captured ones had an address of
//! 15 characters with its port, and 25 to 27 characters of `user:password`.

mod base64;
mod client;
mod job;
mod ntlm;
mod server;
mod soap;

pub use client::{Authentication, Client, ClientEvent, Config};
pub use job::Task;
pub use server::{Access, Command, Server, ServerEvent};

/// What the check command prints, and Packer waits for.
pub const CONNECTED: &str = "WinRM connected.";
/// The longest envelope either end accepts, and says so, bytes (azure-services 9.2).
const ENVELOPE: usize = 153_600;
/// The longest body accepted, bytes: an envelope and some slack for what is around the content.
const MAX_BODY: usize = ENVELOPE + 4096;
