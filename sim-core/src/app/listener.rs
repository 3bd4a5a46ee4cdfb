//! Something that listens: accepts connections, reads what comes, and closes when the other side does.

use crate::host::{Context, Input, Program, SMALL_BUFFER};

/// A listener on one port.
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
            Input::PeerClosed(conn) => cx.close(conn),
            _ => {}
        }
    }

    fn fresh(&self) -> Option<Box<dyn Program>> {
        Some(Box::new(*self))
    }
}
