//! Programs for tests.

use bytes::Bytes;
use sim_core::engine::{Event, Observer};
use sim_core::host::{Context, Dial, Input, Program, SMALL_BUFFER, Socket};
use sim_core::id::FlowId;
use sim_core::time::Nanos;
use sim_core::topology::Topology;

/// Opens a connection after a while, writes pieces, each with its label, and closes.
pub struct Sender {
    /// To whom.
    pub to: Socket,
    /// When.
    pub after: Nanos,
    /// Of which flow.
    pub flow: Option<FlowId>,
    /// What.
    pub pieces: Vec<(&'static str, Vec<u8>)>,
}

impl Program for Sender {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.after(self.after, 0),
            Input::Timer(_) => {
                cx.connect(Dial { flow: self.flow, ..Dial::to(self.to) });
            }
            Input::Connected(conn) => {
                for (label, piece) in self.pieces.drain(..) {
                    cx.write(conn, Bytes::from(piece), label);
                }
                cx.close(conn);
            }
            _ => {}
        }
    }
}

/// Reads what comes, answers a whole stream with `done` and closes.
pub struct Sink(
    /// The port it listens on.
    pub u16,
);

impl Program for Sink {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(self.0, SMALL_BUFFER),
            Input::PeerClosed(conn) => {
                cx.write(conn, Bytes::from_static(b"done"), "farewell");
                cx.close(conn);
            }
            _ => {}
        }
    }

    fn fresh(&self) -> Option<Box<dyn Program>> {
        Some(Box::new(Self(self.0)))
    }
}

/// Reboots its machine.
pub struct Rebooter {
    /// When it goes down.
    pub after: Nanos,
    /// For how long.
    pub down: Nanos,
}

impl Program for Rebooter {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        if input == Input::Start {
            cx.reboot(self.after, self.down);
            cx.report("reboot", self.down.0, "going down");
        }
    }
}

/// Says something to everybody who connects.
pub struct Greeter {
    /// The port it listens on.
    pub port: u16,
    /// How many bytes it says.
    pub bytes: usize,
}

impl Program for Greeter {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(self.port, SMALL_BUFFER),
            Input::Accepted { conn, .. } => cx.write(conn, Bytes::from(vec![b'g'; self.bytes]), "greeting"),
            Input::PeerClosed(conn) => cx.close(conn),
            _ => {}
        }
    }

    fn fresh(&self) -> Option<Box<dyn Program>> {
        Some(Box::new(Self { ..*self }))
    }
}

/// Connects at the start of the run and waits to be greeted; reports `connect` and `first-byte`, in nanoseconds since.
pub struct Caller {
    /// Whom.
    pub to: Socket,
}

impl Program for Caller {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => {
                cx.connect(Dial::to(self.to));
            }
            Input::Connected(_) => cx.report("connect", cx.now().0, ""),
            Input::Data(..) => cx.report("first-byte", cx.now().0, ""),
            _ => {}
        }
    }
}

/// Keeps what programs report: what, and its figure.
#[derive(Default)]
pub struct Reports(
    /// In order.
    pub Vec<(&'static str, u64)>,
);

impl Reports {
    /// The figure of the first report of this kind.
    #[must_use]
    pub fn first(&self, what: &str) -> Option<u64> {
        self.0.iter().find(|(name, _)| *name == what).map(|(_, value)| *value)
    }
}

impl Observer for Reports {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Reported { report, .. } = event {
            self.0.push((report.what, report.value));
        }
    }
}
