//! A long conversation on one connection: say something, hear the answer, be silent for a while, and again.

use super::lookup::{Destination, Lookup, led};
use super::{flush, go_dial_error};
use crate::host::{ConnId, Context, Dial, Ending, Input, Program, SMALL_BUFFER, Socket};
use crate::id::FlowId;
use crate::protocol::{Session as _, Violation, ssh};
use crate::time::Nanos;
use bytes::Bytes;
use rand::RngExt;

/// How a session is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Over SSH, a command each time; else a line each time, to a side that echoes.
    pub ssh: bool,
    /// How long both sides are silent in between.
    pub every: Nanos,
    /// How long it goes on; what is due then is still said.
    pub lasts: Nanos,
}

/// A session's client. It reports `connect`; then, when it is over, `session` with the nanoseconds since the connection
/// opened and how it ended (`works`, `reset`, `silent` or `closed`); and `done` or `failed` as an attempt does.
pub struct Session {
    to: Destination,
    lookup: Option<Lookup>,
    /// Where the destination led.
    at: Option<Socket>,
    manner: Manner,
    /// How long it waits for a connection, and for each answer.
    timeout: Nanos,
    flow: Option<FlowId>,
    client: Option<Box<ssh::Client>>,
    started: Nanos,
    opened: Option<Nanos>,
    /// When the next thing is said, counted from the opening.
    due: Nanos,
    conn: Option<ConnId>,
    /// How often something was said.
    said: u64,
    /// Whether the answer to that is still due.
    waiting: bool,
    over: bool,
}

/// What is said where nothing needs to be: any bytes would do.
const LINE: &[u8] = b"still there?\r\n";

impl Session {
    /// A session with `to` that gives up on a silent peer after `timeout`.
    #[must_use]
    pub fn new(to: impl Into<Destination>, manner: Manner, timeout: Nanos, flow: Option<FlowId>) -> Self {
        Self {
            to: to.into(),
            lookup: None,
            at: None,
            manner,
            timeout,
            flow,
            client: None,
            started: Nanos::ZERO,
            opened: None,
            due: Nanos::ZERO,
            conn: None,
            said: 0,
            waiting: false,
            over: false,
        }
    }

    fn connect(&mut self, at: Socket, cx: &mut Context<'_>) {
        self.at = Some(at);
        let dial = Dial { timeout: self.timeout, buffer: SMALL_BUFFER, flow: self.flow, ..Dial::to(at) };
        self.conn = Some(cx.connect(dial));
        self.client = self.manner.ssh.then(|| Box::new(ssh::Client::new(cx.rng().random())));
    }

    /// Goes on with a name; connects when it is known.
    fn look_up(&mut self, input: Input, cx: &mut Context<'_>) {
        let Some(end) = self.lookup.as_mut().and_then(|lookup| lookup.handle(input, cx)) else { return };
        self.lookup = None;
        match led(end, self.to.port(), self.started, cx) {
            Some(Ok(at)) => {
                self.started = cx.now();
                self.connect(at, cx);
            }
            Some(Err(printed)) => self.fail("closed", printed, cx),
            None => {}
        }
    }

    fn broke_off(&mut self, how: &str, ending: Ending, cx: &mut Context<'_>) {
        if let Some(at) = self.at {
            self.fail(how, go_dial_error(at, ending), cx);
        }
    }

    fn say(&mut self, cx: &mut Context<'_>) {
        let Some(conn) = self.conn else { return };
        self.said += 1;
        self.waiting = true;
        cx.after(self.timeout, self.said);
        match &mut self.client {
            Some(client) => {
                client.exec("true");
                flush(&mut **client, conn, cx);
            }
            None => cx.write(conn, Bytes::from_static(LINE), "line"),
        }
    }

    /// Takes what came; says whether the answer is complete.
    fn hear(&mut self, conn: ConnId, data: &[u8], cx: &mut Context<'_>) -> Result<bool, Violation> {
        let Some(client) = &mut self.client else { return Ok(true) };
        client.receive(data)?;
        let mut answered = false;
        while let Some(event) = client.next_event() {
            answered |= matches!(event, ssh::ClientEvent::Exit { .. });
        }
        flush(&mut **client, conn, cx);
        Ok(answered)
    }

    fn answered(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        self.waiting = false;
        self.due += self.manner.every;
        if self.due <= self.manner.lasts {
            let opened = self.opened.unwrap_or_default();
            cx.after((opened + self.due).since(cx.now()), SAY);
            return;
        }
        self.end("works", cx);
        cx.report("done", (cx.now() - self.started).0, "");
        cx.close(conn);
    }

    fn end(&mut self, how: &str, cx: &mut Context<'_>) {
        self.over = true;
        if let Some(opened) = self.opened {
            cx.report("session", (cx.now() - opened).0, how);
        }
    }

    fn fail(&mut self, how: &str, text: String, cx: &mut Context<'_>) {
        if !self.over {
            self.end(how, cx);
            cx.report("failed", (cx.now() - self.started).0, text);
        }
    }
}

/// The timer that lets it speak; the others are numbered as what was said is, and end a wait.
const SAY: u64 = 0;

impl Program for Session {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        if self.lookup.as_ref().is_some_and(|lookup| lookup.concerns(&input)) {
            return self.look_up(input, cx);
        }
        match input {
            Input::Start => {
                self.started = cx.now();
                match &self.to {
                    Destination::At(at) => self.connect(*at, cx),
                    Destination::Named(name, _) => self.lookup = Some(Lookup::start(name, self.flow, cx)),
                }
            }
            Input::Connected(_) => {
                self.opened = Some(cx.now());
                cx.report("connect", (cx.now() - self.started).0, "");
                self.say(cx);
            }
            Input::Timer(SAY) if !self.over => self.say(cx),
            Input::Timer(said) if self.waiting && said == self.said => {
                self.broke_off("silent", Ending::TimedOut, cx);
                self.conn.into_iter().for_each(|conn| cx.abort(conn));
            }
            Input::Data(conn, data) if !self.over => match self.hear(conn, &data, cx) {
                Ok(true) if self.waiting => self.answered(conn, cx),
                Ok(_) => {}
                Err(violation) => {
                    cx.abort(conn);
                    self.fail("closed", violation.to_string(), cx);
                }
            },
            Input::PeerClosed(conn) => {
                cx.close(conn);
                self.fail("closed", "EOF".to_owned(), cx);
            }
            Input::Closed(_, ending) => {
                let how = match ending {
                    Ending::Reset => "reset",
                    Ending::TimedOut => "silent",
                    _ => "closed",
                };
                self.broke_off(how, ending, cx);
            }
            _ => {}
        }
    }
}
