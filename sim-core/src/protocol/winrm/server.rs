//! The server: Windows' remote management service.

use super::super::http::{self, Head};
use super::super::seal::generator;
use super::super::tls::{self, Certificate, Stack, Version};
use super::super::{BACKLOG, Session, Violation, Write};
use super::job::{is_echo, restores, uploads};
use super::soap::{Request, Response, identifier};
use super::{CONNECTED, ENVELOPE, MAX_BODY, base64, ntlm};
use rand_pcg::Pcg64;
use std::collections::VecDeque;

/// The server end of one WinRM connection. It answers Packer's checks and takes its uploads by itself; what commands
/// print and return is up to whoever drives it.
#[derive(Debug)]
pub struct Server {
    tls: tls::Server,
    http: http::Parser,
    access: Access,
    random: Pcg64,
    shells: Vec<Shell>,
    next_command: u32,
    /// A Receive that waits for output: shell, command.
    waiting: Option<(String, String)>,
    waits: u64,
    authorization: Option<String>,
    /// Whether the user of this connection is known: NTLM proves it once for all requests.
    authenticated: bool,
    body: Vec<u8>,
    uploaded: u64,
    events: VecDeque<ServerEvent>,
    failed: Option<Violation>,
}

/// Whether the server knows the client's user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Name and password are right.
    Allow,
    /// They are not.
    Deny,
}

/// A command that runs; numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command(pub u32);

/// What a [`Server`] has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// Run a command; to be answered with [`Server::output`] and [`Server::finish`].
    Command {
        /// Which.
        command: Command,
        /// Its command line.
        line: String,
    },
    /// The client waits for output and there is none: when `timeout_s` seconds pass without any, call
    /// [`Server::operation_timeout`].
    Waits {
        /// Which wait, counted from 1.
        wait: u64,
        /// The client's limit, seconds.
        timeout_s: u32,
    },
    /// The client's check of the connection was answered.
    Checked,
    /// A whole file came in.
    Upload {
        /// Its size, bytes.
        size: u64,
    },
    /// The client says that no more is coming.
    Closed,
}

#[derive(Debug)]
struct Shell {
    id: String,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    id: String,
    command: Command,
    text: &'static str,
    output: u64,
    exit: Option<u32>,
}

/// The most shells of one user: the default of `MaxShellsPerUser`.
const MAX_SHELLS: usize = 30;
/// What one response carries of the output, bytes: a multiple of three, to fit the envelope in base64.
const MAX_OUTPUT: u64 = (ENVELOPE as u64 - 1200) / 4 * 3;

impl Server {
    /// A server that speaks TLS up to `highest` and shows `certificate`. Its TLS cuts records as the captured server
    /// did, which was Go's. The seed decides keys and identifiers.
    #[must_use]
    pub fn new(seed: u64, highest: Version, certificate: Certificate, access: Access) -> Self {
        Self {
            tls: tls::Server::new(seed, Stack::Go, highest, certificate),
            http: http::Parser::requests(),
            access,
            random: generator(!seed),
            shells: Vec::new(),
            next_command: 0,
            waiting: None,
            waits: 0,
            authorization: None,
            authenticated: false,
            body: Vec::new(),
            uploaded: 0,
            events: VecDeque::new(),
            failed: None,
        }
    }

    /// Lets a command print `bytes` bytes. Nothing happens when it is over.
    pub fn output(&mut self, command: Command, bytes: u64) {
        if let Some(running) = self.running(command) {
            running.output = running.output.saturating_add(bytes);
        }
        self.serve();
    }

    /// Ends a command: its exit code, and what else it prints before, bytes.
    pub fn finish(&mut self, command: Command, exit: u32, output: u64) {
        if let Some(running) = self.running(command) {
            running.output = running.output.saturating_add(output);
            running.exit = Some(exit);
        }
        self.serve();
    }

    /// The client has waited for output as long as it wanted to ([`ServerEvent::Waits`]). Nothing happens when that wait
    /// is over.
    pub fn operation_timeout(&mut self, wait: u64) {
        if wait == self.waits && self.waiting.take().is_some() {
            self.answer(&Response::TimedOut, "WinRM Receive response, operation timed out");
        }
    }

    /// Says that no more is coming.
    pub fn close(&mut self) {
        self.tls.close();
    }

    /// What happened since the last call, oldest first.
    pub fn next_event(&mut self) -> Option<ServerEvent> {
        self.events.pop_front()
    }

    fn running(&mut self, command: Command) -> Option<&mut Running> {
        let mut running = self.shells.iter_mut().filter_map(|shell| shell.running.as_mut());
        running.find(|running| running.command == command && running.exit.is_none())
    }

    fn process(&mut self, data: &[u8]) -> Result<(), Violation> {
        self.failed.map_or(Ok(()), Err)?;
        self.tls.receive(data)?;
        while let Some(event) = self.tls.next_event() {
            match event {
                tls::Event::Established { .. } => {}
                tls::Event::Data(data) => self.http.receive(&data)?,
                tls::Event::Closed | tls::Event::Refused(_) => self.events.push_back(ServerEvent::Closed),
            }
        }
        while let Some(event) = self.http.next_event() {
            match event {
                http::Event::Head(head) => {
                    // Nobody pipelines on this service; whoever does could make it hold any number of responses.
                    if self.waiting.is_some() || self.tls.has_unsent() {
                        return Err(Violation::Unexpected("HTTP request before the last response"));
                    }
                    self.authorization = head.get_field("Authorization").map(str::to_owned);
                }
                http::Event::Body(piece) => {
                    if self.body.len() + piece.len() > MAX_BODY {
                        return Err(Violation::TooLong { what: "WinRM request", limit: MAX_BODY });
                    }
                    self.body.extend_from_slice(&piece);
                }
                http::Event::End => self.asked()?,
            }
        }
        if self.events.len() > BACKLOG { Err(Violation::Backlog) } else { Ok(()) }
    }

    /// One request is complete.
    fn asked(&mut self) -> Result<(), Violation> {
        let body = std::mem::take(&mut self.body);
        if !self.admit() {
            return Ok(());
        }
        let text = str::from_utf8(&body).map_err(|_| Violation::Malformed("WinRM request"))?;
        let request = Request::decode(text)?;
        let label = request.answer_label();
        let response = match request {
            Request::Create => self.create(),
            Request::Delete { shell } => {
                let before = self.shells.len();
                self.shells.retain(|known| known.id != shell);
                if self.shells.len() < before { Response::Empty } else { Response::Fault }
            }
            Request::Command { shell, line } => self.start(&shell, line),
            Request::Receive { shell, command, timeout_s } => {
                self.waiting = Some((shell, command));
                self.serve();
                if self.waiting.is_some() {
                    self.waits += 1;
                    self.events.push_back(ServerEvent::Waits { wait: self.waits, timeout_s });
                }
                return Ok(());
            }
            Request::Signal { shell, command } => {
                let shell = self.shells.iter_mut().find(|known| known.id == shell);
                let ended = shell.and_then(|shell| shell.running.take_if(|running| running.id == command));
                if ended.is_some() { Response::Empty } else { Response::Fault }
            }
        };
        self.answer(&response, label);
        Ok(())
    }

    /// Whether the request may be served. If not, the answer to it is on its way.
    fn admit(&mut self) -> bool {
        let authorization = self.authorization.take();
        let (scheme, token) = authorization.as_deref().and_then(|text| text.split_once(' ')).unwrap_or_default();
        let message = base64::decode(token).as_deref().and_then(ntlm::number);
        let allowed = self.access == Access::Allow;
        self.authenticated |= allowed && scheme == "Negotiate" && message == Some(3);
        if self.authenticated || allowed && scheme == "Basic" {
            return true;
        }
        let head = windows(Head::response(401, "Unauthorized"));
        if scheme == "Negotiate" && message == Some(1) {
            let challenge = base64::encode(&ntlm::challenge(&mut self.random));
            let head = head.field("WWW-Authenticate", &format!("Negotiate {challenge}"));
            self.tls.send(head.encode(0), "WinRM response, 401 with NTLM challenge");
        } else {
            let head = head.field("WWW-Authenticate", "Negotiate").field("WWW-Authenticate", "Basic realm=\"WSMAN\"");
            self.tls.send(head.encode(0), "WinRM response, 401 Unauthorized");
        }
        false
    }

    fn create(&mut self) -> Response {
        if self.shells.len() >= MAX_SHELLS {
            return Response::Fault;
        }
        let id = identifier(&mut self.random);
        self.shells.push(Shell { id: id.clone(), running: None });
        Response::Created { shell: id }
    }

    fn start(&mut self, shell: &str, line: String) -> Response {
        let id = identifier(&mut self.random);
        let Some(shell) = self.shells.iter_mut().find(|known| known.id == shell && known.running.is_none()) else {
            return Response::Fault;
        };
        let command = Command(self.next_command);
        self.next_command += 1;
        let mut running = Running { id: id.clone(), command, text: "", output: 0, exit: None };
        if is_echo(&line) {
            (running.text, running.exit) = (CONNECTED, Some(0));
            self.events.push_back(ServerEvent::Checked);
        } else if let Some(appended) = uploads(&line) {
            running.exit = Some(0);
            self.uploaded = self.uploaded.saturating_add(appended.unwrap_or(0));
            if restores(&line) {
                self.events.push_back(ServerEvent::Upload { size: std::mem::take(&mut self.uploaded) });
            }
        } else {
            self.events.push_back(ServerEvent::Command { command, line });
        }
        shell.running = Some(running);
        Response::Started { command: id }
    }

    /// Answers a waiting Receive if there is something to say.
    fn serve(&mut self) {
        let Some((shell, command)) = &self.waiting else { return };
        let shell = self.shells.iter_mut().find(|known| known.id == *shell);
        let (response, label) =
            match shell.and_then(|shell| shell.running.as_mut()).filter(|running| running.id == *command) {
                None => (Response::Fault, "WinRM Receive response, fault"),
                Some(running) => match running.take_output() {
                    Some(bytes) => (Response::Output(bytes), "WinRM Receive response with output"),
                    None => match running.exit {
                        Some(exit) => (Response::Done { exit }, "WinRM Receive response, command done"),
                        None => return,
                    },
                },
            };
        self.waiting = None;
        self.answer(&response, label);
    }

    fn answer(&mut self, response: &Response, label: &'static str) {
        let body = response.encode(&mut self.random);
        let head = match response {
            Response::TimedOut | Response::Fault => Head::response(500, "Internal Server Error"),
            _ => Head::response(200, "OK"),
        };
        let mut bytes = windows(head).encode(body.len() as u64);
        bytes.extend_from_slice(body.as_bytes());
        self.tls.send(bytes, label);
    }
}

impl Running {
    /// What the next response carries, if there is any.
    fn take_output(&mut self) -> Option<Vec<u8>> {
        if !self.text.is_empty() {
            return Some(format!("{}\r\n", std::mem::take(&mut self.text)).into_bytes());
        }
        let bytes = self.output.min(MAX_OUTPUT);
        self.output -= bytes;
        (bytes > 0).then(|| vec![b'.'; bytes as usize])
    }
}

impl Session for Server {
    fn receive(&mut self, data: &[u8]) -> Result<(), Violation> {
        let result = self.process(data);
        self.failed = self.failed.or(result.err());
        result
    }

    fn next_write(&mut self) -> Option<Write> {
        if self.failed.is_some() { None } else { self.tls.next_write() }
    }

    fn end(&self) -> Result<(), Violation> {
        self.failed.map_or_else(|| self.tls.end().and(self.http.end()), Err)
    }
}

/// What Windows' HTTP server puts into every head. There is no clock here, so the date is always the same.
fn windows(head: Head) -> Head {
    head.field("Content-Type", "application/soap+xml;charset=UTF-8")
        .field("Server", "Microsoft-HTTPAPI/2.0")
        .field("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
}
