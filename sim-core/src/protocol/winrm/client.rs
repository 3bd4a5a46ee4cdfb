//! The client: Packer's WinRM communicator over Go's TLS and HTTP.

use super::super::http::{self, Head};
use super::super::seal::generator;
use super::super::tls::{self, Offer};
use super::super::{BACKLOG, Session, Violation, Write};
use super::job::{Job, Kind, Task, Upload};
use super::soap::{Request, Response};
use super::{CONNECTED, MAX_BODY, base64, ntlm};
use rand_pcg::Pcg64;
use std::collections::VecDeque;

/// The client end of one WinRM connection. Tasks run one after the other, in the order they were asked for.
#[derive(Debug)]
pub struct Client {
    tls: tls::Client,
    http: http::Parser,
    config: Config,
    random: Pcg64,
    waiting: VecDeque<Job>,
    running: Option<Job>,
    asked: Option<Post>,
    shell: String,
    command: String,
    status: u16,
    challenge: Option<Vec<u8>>,
    body: Vec<u8>,
    next_task: u32,
    events: VecDeque<ClientEvent>,
    failed: Option<Violation>,
}

/// A request on its way.
#[derive(Debug)]
struct Post {
    request: Request,
    body: String,
    /// How many times it was sent: NTLM takes three before it is in.
    sent: u32,
}

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// User and password go with each request.
    Basic,
    /// As azure-arm has it (azure-services 9.2): the first request of a connection is posted three times, those after
    /// it carry nothing.
    Ntlm,
}

/// Where a client connects, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Address and port, as they stand in the URL: `10.0.0.4:5986`.
    pub authority: String,
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
    /// How it proves to be that user.
    pub authentication: Authentication,
    /// How long the server may hold an operation open, seconds: Packer's `winrm_timeout` (azure-services 9.2).
    pub operation_timeout_s: u32,
}

impl Config {
    /// Packer's defaults for an address: a user and password as long as the captured ones, Basic, ten minutes.
    #[must_use]
    pub fn new(authority: &str) -> Self {
        let (user, password) = ("packer".to_owned(), "aB3-dE6-gH9-jK2-mN5x".to_owned());
        let authentication = Authentication::Basic;
        Self { authority: authority.to_owned(), user, password, authentication, operation_timeout_s: 600 }
    }
}

/// What a [`Client`] has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// The login check succeeded: a shell was opened and closed.
    LoggedIn,
    /// The echo check ended; whether it printed what it should: Packer says "Connected to WinRM!" here.
    EchoChecked(bool),
    /// A command ended.
    Exit {
        /// Which.
        task: Task,
        /// Its exit code.
        status: u32,
        /// How much it printed, bytes.
        output: u64,
    },
    /// A file is in place.
    UploadDone {
        /// Which.
        task: Task,
    },
    /// The server does not accept the user (401). The task is given up.
    Denied,
    /// The server answered with a fault other than a time-out. The task is given up.
    Fault {
        /// Which.
        task: Task,
    },
    /// The TLS handshake failed, with this alert.
    Refused(u8),
    /// The server says that no more is coming.
    Closed,
}

impl Client {
    /// A client; the seed decides keys and identifiers.
    #[must_use]
    pub fn new(seed: u64, config: Config) -> Self {
        Self {
            tls: tls::Client::new(seed, Offer::Go, None),
            http: http::Parser::responses(),
            config,
            random: generator(!seed),
            waiting: VecDeque::new(),
            running: None,
            asked: None,
            shell: String::new(),
            command: String::new(),
            status: 0,
            challenge: None,
            body: Vec::new(),
            next_task: 0,
            events: VecDeque::new(),
            failed: None,
        }
    }

    /// Opens a shell and closes it: what Packer does first.
    pub fn login_check(&mut self) -> Task {
        self.add(Kind::Login)
    }

    /// Runs a command that prints [`CONNECTED`]: what Packer does second.
    pub fn echo_check(&mut self) -> Task {
        self.add(Kind::Echo)
    }

    /// Runs a command line in a shell of its own.
    pub fn run(&mut self, command: impl Into<String>) -> Task {
        self.add(Kind::Run(command.into()))
    }

    /// Uploads `size` bytes as base64 in command lines, at most 15 to a shell; then has them decoded. The content is
    /// zeros.
    pub fn upload(&mut self, size: u64) -> Task {
        self.add(Kind::Upload(Upload::Append(size)))
    }

    /// Says that no more is coming, after all that was asked so far has been sent.
    pub fn close(&mut self) {
        self.tls.close();
    }

    /// What happened since the last call, oldest first.
    pub fn next_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    fn add(&mut self, kind: Kind) -> Task {
        let task = Task(self.next_task);
        self.next_task += 1;
        self.waiting.push_back(Job::new(task, kind));
        self.start();
        task
    }

    /// Starts the next task if none is running.
    fn start(&mut self) {
        if self.running.is_none() && self.failed.is_none() {
            self.running = self.waiting.pop_front();
            if self.running.is_some() {
                self.ask(Request::Create);
            }
        }
    }

    fn ask(&mut self, request: Request) {
        let body = request.encode(&self.config.authority, self.config.operation_timeout_s, &mut self.random);
        let authorization = match self.config.authentication {
            Authentication::Basic => {
                let credentials = format!("{}:{}", self.config.user, self.config.password);
                Some(format!("Basic {}", base64::encode(credentials.as_bytes())))
            }
            Authentication::Ntlm => None,
        };
        self.post(Post { request, body, sent: 0 }, authorization);
    }

    fn post(&mut self, mut post: Post, authorization: Option<String>) {
        let mut head = Head::request("POST", "/wsman")
            .field("Host", &self.config.authority)
            .field("User-Agent", "Go-http-client/1.1")
            .field("Content-Length", "");
        if let Some(authorization) = authorization {
            head = head.field("Authorization", &authorization);
        }
        let head = head.field("Content-Type", "application/soap+xml;charset=UTF-8").field("Accept-Encoding", "gzip");
        let mut bytes = head.encode(post.body.len() as u64);
        bytes.extend_from_slice(post.body.as_bytes());
        self.tls.send(bytes, post.request.label());
        post.sent += 1;
        self.asked = Some(post);
    }

    /// What to try after a 401, if anything is left to try.
    fn authorization(&mut self, sent: u32) -> Option<String> {
        let message = match (self.config.authentication, sent) {
            (Authentication::Ntlm, 1) => ntlm::negotiate(),
            (Authentication::Ntlm, 2) => {
                ntlm::authenticate(&self.config.user, self.challenge.as_deref()?, &mut self.random)?
            }
            _ => return None,
        };
        Some(format!("Negotiate {}", base64::encode(&message)))
    }

    fn process(&mut self, data: &[u8]) -> Result<(), Violation> {
        self.failed.map_or(Ok(()), Err)?;
        self.tls.receive(data)?;
        while let Some(event) = self.tls.next_event() {
            match event {
                tls::Event::Established { .. } => {}
                tls::Event::Data(data) => self.http.receive(&data)?,
                tls::Event::Closed => self.events.push_back(ClientEvent::Closed),
                tls::Event::Refused(alert) => self.events.push_back(ClientEvent::Refused(alert)),
            }
        }
        while let Some(event) = self.http.next_event() {
            match event {
                http::Event::Head(head) => {
                    self.status = head.status().unwrap_or_default();
                    let challenge =
                        head.get_field("WWW-Authenticate").and_then(|field| field.strip_prefix("Negotiate "));
                    self.challenge = challenge.and_then(base64::decode);
                }
                http::Event::Body(piece) => {
                    if self.body.len() + piece.len() > MAX_BODY {
                        return Err(Violation::TooLong { what: "WinRM response", limit: MAX_BODY });
                    }
                    self.body.extend_from_slice(&piece);
                }
                http::Event::End => self.answered()?,
            }
        }
        if self.events.len() > BACKLOG { Err(Violation::Backlog) } else { Ok(()) }
    }

    /// One response is complete.
    fn answered(&mut self) -> Result<(), Violation> {
        let body = std::mem::take(&mut self.body);
        let asked = self.asked.take().ok_or(Violation::Unexpected("HTTP response without a request"))?;
        if self.status == 401 {
            if let Some(authorization) = self.authorization(asked.sent) {
                self.post(asked, Some(authorization));
                return Ok(());
            }
            self.running = None;
            self.events.push_back(ClientEvent::Denied);
            self.start();
            return Ok(());
        }
        let text = str::from_utf8(&body).map_err(|_| Violation::Malformed("WinRM response"))?;
        self.step(asked.request, Response::decode(text)?)
    }

    fn step(&mut self, asked: Request, response: Response) -> Result<(), Violation> {
        let Some(job) = &mut self.running else { return Ok(()) };
        match (asked, response) {
            (Request::Create, Response::Created { shell }) => {
                self.shell = shell;
                job.shell_opened();
                self.next_command();
            }
            (Request::Command { .. }, Response::Started { command }) => {
                self.command = command;
                self.receive_output();
            }
            // On a time-out the client just asks again.
            (Request::Receive { .. }, Response::TimedOut) => self.receive_output(),
            (Request::Receive { .. }, Response::Output(bytes)) => {
                job.output += bytes.len() as u64;
                if job.kind == Kind::Echo && job.text.len() < CONNECTED.len() {
                    job.text.extend_from_slice(&bytes);
                }
                self.receive_output();
            }
            (Request::Receive { .. }, Response::Done { exit }) => {
                job.exit = Some(exit);
                let (shell, command) = (self.shell.clone(), self.command.clone());
                self.ask(Request::Signal { shell, command });
            }
            (Request::Signal { .. }, Response::Empty) => self.next_command(),
            (Request::Delete { .. }, Response::Empty) if job.needs_shell() => self.ask(Request::Create),
            (Request::Delete { .. }, Response::Empty) => self.finish(),
            (_, Response::Fault) => {
                let task = job.task;
                self.running = None;
                self.events.push_back(ClientEvent::Fault { task });
                self.start();
            }
            _ => return Err(Violation::Unexpected("WinRM response")),
        }
        Ok(())
    }

    fn next_command(&mut self) {
        let shell = self.shell.clone();
        let command = self.running.as_mut().and_then(Job::next_command);
        self.ask(match command {
            Some(line) => Request::Command { shell, line },
            None => Request::Delete { shell },
        });
    }

    fn receive_output(&mut self) {
        let (shell, command) = (self.shell.clone(), self.command.clone());
        self.ask(Request::Receive { shell, command, timeout_s: self.config.operation_timeout_s });
    }

    fn finish(&mut self) {
        let Some(job) = self.running.take() else { return };
        self.events.push_back(match job.kind {
            Kind::Login => ClientEvent::LoggedIn,
            Kind::Echo => ClientEvent::EchoChecked(job.text.starts_with(CONNECTED.as_bytes())),
            Kind::Run(_) => {
                ClientEvent::Exit { task: job.task, status: job.exit.unwrap_or_default(), output: job.output }
            }
            Kind::Upload(_) => ClientEvent::UploadDone { task: job.task },
        });
        self.start();
    }
}

impl Session for Client {
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
