//! Many connections at once, each kept open: how many does the way carry?

use super::go_dial_error;
use crate::host::{Context, Dial, Ending, Input, Program, SMALL_BUFFER, Socket};
use crate::id::FlowId;
use crate::time::Nanos;
use bytes::Bytes;

/// What is opened at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// How many.
    pub flows: u32,
    /// Each to the port after that of the one before; else all to one.
    pub each_port: bool,
    /// A datagram each, from a port of its own, that must be answered; else a TCP connection each.
    pub udp: bool,
}

/// The client. It reports `opened` with how many answered, then `done` with the nanoseconds until the last, or `failed`
/// with what the client would print where some did not.
pub struct Parallel {
    to: Socket,
    crowd: Crowd,
    timeout: Nanos,
    flow: Option<FlowId>,
    started: Nanos,
    opened: u32,
    closed: u32,
    ending: Ending,
    over: bool,
}

/// First of the ports that datagrams are sent from: above those that services listen on, below those that TCP takes.
const FIRST_PORT: u16 = 40_000;

impl Parallel {
    /// Opens `crowd` to `to`, and waits `timeout` for each.
    #[must_use]
    pub fn new(to: Socket, crowd: Crowd, timeout: Nanos, flow: Option<FlowId>) -> Self {
        let (started, ending) = (Nanos::ZERO, Ending::TimedOut);
        Self { to, crowd, timeout, flow, started, opened: 0, closed: 0, ending, over: false }
    }

    fn begin(&mut self, cx: &mut Context<'_>) {
        self.started = cx.now();
        for n in 0..self.crowd.flows {
            let up = |first: u16| first.saturating_add(u16::try_from(n).unwrap_or(u16::MAX));
            let to = (self.to.0, if self.crowd.each_port { up(self.to.1) } else { self.to.1 });
            if self.crowd.udp {
                cx.listen_udp(up(FIRST_PORT));
                cx.send(up(FIRST_PORT), to, Bytes::from_static(b"ping"), self.flow);
            } else {
                cx.connect(Dial { timeout: self.timeout, buffer: SMALL_BUFFER, flow: self.flow, ..Dial::to(to) });
            }
        }
        if self.crowd.udp {
            cx.after(self.timeout, 0);
        }
    }

    fn opened(&mut self, cx: &mut Context<'_>) {
        self.opened += 1;
        self.settle(cx);
    }

    fn settle(&mut self, cx: &mut Context<'_>) {
        if !self.over && self.opened + self.closed == self.crowd.flows {
            self.over = true;
            cx.report("opened", self.opened.into(), "");
            let took = (cx.now() - self.started).0;
            match self.closed {
                0 => cx.report("done", took, ""),
                _ => cx.report("failed", took, go_dial_error(self.to, self.ending)),
            }
        }
    }
}

impl Program for Parallel {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => self.begin(cx),
            Input::Connected(_) => self.opened(cx),
            Input::Datagram { .. } if !self.over => self.opened(cx),
            Input::Timer(_) => {
                self.closed = self.crowd.flows - self.opened.min(self.crowd.flows);
                self.settle(cx);
            }
            Input::PeerClosed(conn) => cx.close(conn),
            Input::Closed(_, ending) if !self.over => {
                self.ending = ending;
                self.closed += 1;
                self.settle(cx);
            }
            _ => {}
        }
    }
}
