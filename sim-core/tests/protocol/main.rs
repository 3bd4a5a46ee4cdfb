//! The application protocols, end against end: their sizes against the captured ones, what a packet analyser makes of
//! them, and what they do with broken bytes.

mod dialogue;
mod dissect;
mod http;
mod ssh;
mod tls;
mod winrm;
