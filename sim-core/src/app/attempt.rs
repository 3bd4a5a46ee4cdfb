//! One attempt at a service, as a client makes it: connect, have the service's dialogue, close; and say how long each
//! part took, or what went wrong.

use super::fetch::{Download, Fetch, FetchEnd, Timing};
use super::lookup::{Destination, Lookup, led};
use super::{flush, go_dial_error};
use crate::host::{ConnId, Context, Dial, Ending, Input, Program, SMALL_BUFFER, Socket};
use crate::id::FlowId;
use crate::protocol::{Session, Violation, ssh, winrm};
use crate::time::Nanos;
use rand::RngExt;
use std::sync::Arc;

/// What to say once connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialogue {
    /// Nothing: the handshake is all.
    Tcp,
    /// Log in over SSH and run one command.
    Ssh,
    /// Log in over WinRM.
    WinRm,
    /// GET of this path, over TLS or not, from this name.
    Web {
        /// The name.
        host: Arc<str>,
        /// The path.
        path: Arc<str>,
        /// Over TLS.
        tls: bool,
    },
}

/// One attempt. Where it goes to a name, it reports `resolved` with the nanoseconds that took and the address, or
/// `unresolved`. It reports `connect`, `first-byte` and `done` with nanoseconds since its first SYN, or `failed` with what
/// the client would print; before `done`, of an answer over HTTP its `status`, and `refused` with the status and the text of
/// one that is an error.
pub struct Attempt {
    to: Destination,
    /// Where that led.
    at: Option<Socket>,
    dialogue: Dialogue,
    timeout: Nanos,
    after: Nanos,
    flow: Option<FlowId>,
    started: Nanos,
    timing: Timing,
    talk: Option<Talk>,
    over: bool,
}

/// The timer that lets it begin.
const START: u64 = 0;

enum Talk {
    Name(Box<Lookup>),
    Tcp,
    Ssh(Box<ssh::Client>),
    WinRm(Box<winrm::Client>),
    Web(Box<Fetch>),
}

impl Attempt {
    /// An attempt at `to` that starts after a while and gives up connecting after `timeout`.
    #[must_use]
    pub fn new(
        to: impl Into<Destination>,
        dialogue: Dialogue,
        timeout: Nanos,
        after: Nanos,
        flow: Option<FlowId>,
    ) -> Self {
        let (started, timing) = (Nanos::ZERO, Timing::default());
        Self { to: to.into(), at: None, dialogue, timeout, after, flow, started, timing, talk: None, over: false }
    }

    fn begin(&mut self, cx: &mut Context<'_>) {
        self.started = cx.now();
        match &self.to {
            Destination::At(at) => self.connect(*at, cx),
            Destination::Named(name, _) => self.talk = Some(Talk::Name(Box::new(Lookup::start(name, self.flow, cx)))),
        }
    }

    /// Goes on with a name; connects when it is known.
    fn look_up(&mut self, input: Input, cx: &mut Context<'_>) {
        let Some(Talk::Name(lookup)) = self.talk.as_mut() else { return };
        let Some(end) = lookup.concerns(&input).then(|| lookup.handle(input, cx)).flatten() else { return };
        self.talk = None;
        match led(end, self.to.port(), self.started, cx) {
            Some(Ok(at)) => {
                self.started = cx.now();
                self.connect(at, cx);
            }
            Some(Err(printed)) => self.failed(printed, cx),
            None => {}
        }
    }

    fn connect(&mut self, at: Socket, cx: &mut Context<'_>) {
        self.at = Some(at);
        let seed = cx.rng().random();
        if let Dialogue::Web { host, path, tls } = &self.dialogue {
            let download = Download {
                host: host.clone(),
                to: at.into(),
                path: path.clone(),
                tls: *tls,
                timeout: self.timeout,
                bulk: false,
                flow: self.flow,
            };
            self.talk = Some(Talk::Web(Box::new(Fetch::start(download, cx))));
            return;
        }
        cx.connect(Dial { timeout: self.timeout, buffer: SMALL_BUFFER, flow: self.flow, ..Dial::to(at) });
        self.talk = Some(match &self.dialogue {
            Dialogue::Ssh => {
                let mut client = ssh::Client::new(seed);
                client.exec("true");
                Talk::Ssh(Box::new(client))
            }
            Dialogue::WinRm => {
                let config = winrm::Config::new(&format!("{}:{}", at.0, at.1));
                let mut client = winrm::Client::new(seed, config);
                client.login_check();
                Talk::WinRm(Box::new(client))
            }
            Dialogue::Tcp | Dialogue::Web { .. } => Talk::Tcp,
        });
    }

    fn done(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        if !self.over {
            self.over = true;
            cx.report("done", (cx.now() - self.started).0, "");
            cx.close(conn);
        }
    }

    fn failed(&mut self, text: String, cx: &mut Context<'_>) {
        if !self.over {
            self.over = true;
            cx.report("failed", (cx.now() - self.started).0, text);
        }
    }

    fn broke_off(&mut self, ending: Ending, cx: &mut Context<'_>) {
        if let Some(at) = self.at {
            self.failed(go_dial_error(at, ending), cx);
        }
    }

    fn data(&mut self, conn: ConnId, data: &[u8], cx: &mut Context<'_>) {
        if self.timing.first_byte == Nanos::ZERO {
            self.timing.first_byte = cx.now() - self.started;
            cx.report("first-byte", self.timing.first_byte.0, "");
        }
        let finished = match &mut self.talk {
            Some(Talk::Ssh(client)) => converse_ssh(client, data).inspect(|_| flush(&mut **client, conn, cx)),
            Some(Talk::WinRm(client)) => converse_winrm(client, data).inspect(|_| flush(&mut **client, conn, cx)),
            _ => Ok(false),
        };
        match finished {
            Ok(true) => self.done(conn, cx),
            Ok(false) => {}
            Err(violation) => {
                cx.abort(conn);
                self.failed(violation.to_string(), cx);
            }
        }
    }

    fn web(&mut self, end: FetchEnd, cx: &mut Context<'_>) {
        match end {
            FetchEnd::Answered { reply, timing } => {
                cx.report("connect", timing.connect.0, "");
                cx.report("first-byte", timing.first_byte.0, "");
                cx.report("status", reply.status.into(), "");
                if reply.status >= 400 {
                    cx.report("refused", reply.status.into(), reply.text());
                }
                cx.report("done", timing.whole.0, "");
                self.over = true;
            }
            FetchEnd::Untrusted { text, timing } => {
                cx.report("connect", timing.connect.0, "");
                cx.report("refused", 0, text);
                cx.report("done", timing.whole.0, "");
                self.over = true;
            }
            FetchEnd::Failed(ending) => self.broke_off(ending, cx),
            FetchEnd::Unresolved(unresolved) => self.failed(unresolved.go(), cx),
            FetchEnd::Broken(violation) => self.failed(violation.to_string(), cx),
        }
    }
}

fn converse_ssh(client: &mut ssh::Client, data: &[u8]) -> Result<bool, Violation> {
    client.receive(data)?;
    let mut finished = false;
    while let Some(event) = client.next_event() {
        finished |= matches!(event, ssh::ClientEvent::Exit { .. });
    }
    if finished {
        client.disconnect();
    }
    Ok(finished)
}

fn converse_winrm(client: &mut winrm::Client, data: &[u8]) -> Result<bool, Violation> {
    client.receive(data)?;
    let mut finished = false;
    while let Some(event) = client.next_event() {
        finished |= matches!(event, winrm::ClientEvent::LoggedIn);
    }
    if finished {
        client.close();
    }
    Ok(finished)
}

impl Program for Attempt {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        if let Some(Talk::Name(_)) = &self.talk {
            return self.look_up(input, cx);
        }
        if let Some(Talk::Web(fetch)) = &mut self.talk {
            if let Some(end) = fetch.handle(input, cx)
                && !self.over
            {
                self.web(end, cx);
            }
            return;
        }
        match input {
            Input::Start => cx.after(self.after, START),
            Input::Timer(START) => self.begin(cx),
            Input::Connected(conn) => {
                self.timing.connect = cx.now() - self.started;
                cx.report("connect", self.timing.connect.0, "");
                match &mut self.talk {
                    Some(Talk::Ssh(client)) => flush(&mut **client, conn, cx),
                    Some(Talk::WinRm(client)) => flush(&mut **client, conn, cx),
                    _ => self.done(conn, cx),
                }
            }
            Input::Data(conn, data) => self.data(conn, &data, cx),
            Input::PeerClosed(conn) => {
                cx.close(conn);
                self.failed("EOF".to_owned(), cx);
            }
            Input::Closed(_, ending) => self.broke_off(ending, cx),
            _ => {}
        }
    }
}
