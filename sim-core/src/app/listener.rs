//! Things that listen and give back what they get (RFC 862).

use crate::host::{Context, Input, Program, SMALL_BUFFER};

/// A TCP listener on one port: accepts, gives back what comes, and closes when the other side does.
#[derive(Clone, Copy, Debug)]
pub struct Listener {
    port: u16,
}

impl Listener {
    /// A listener on `port`.
    #[must_use]
    pub const fn new(port: u16) -> Self {
        Self { port }
    }
}

impl Program for Listener {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(self.port, SMALL_BUFFER),
            Input::Data(conn, data) => cx.write(conn, data, "echo"),
            Input::PeerClosed(conn) => cx.close(conn),
            _ => {}
        }
    }

    fn fresh(&self) -> Option<Box<dyn Program>> {
        Some(Box::new(*self))
    }
}

/// The same for datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Reflector {
    port: u16,
}

impl Reflector {
    /// A reflector on `port`.
    #[must_use]
    pub const fn new(port: u16) -> Self {
        Self { port }
    }
}

impl Program for Reflector {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen_udp(self.port),
            Input::Datagram { from, port, data, .. } => cx.send(port, from, data, None),
            _ => {}
        }
    }

    fn fresh(&self) -> Option<Box<dyn Program>> {
        Some(Box::new(*self))
    }
}
