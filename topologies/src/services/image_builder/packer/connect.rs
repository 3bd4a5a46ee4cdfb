//! How Packer waits for a machine: its retry and time-out cadence (azure-services 9.1 and 9.2).
//!
//! SSH: try now, then every 5 s; a probe connection (15 s) that is closed at once, a second connection (15 s), a
//! handshake within 60 s; after a failed handshake 2 s more. WinRM: a connection with TLS and a login check within 30 s,
//! again after 5 s; 5 s after the login a command that must print a text.

use super::channel::{Channel, Told};
use super::{Target, go_duration};
use rand::RngExt;
use sim_core::app::{Communicator, go_dial_error};
use sim_core::host::{ConnId, Context, Dial, Ending, Input, SMALL_BUFFER};
use sim_core::protocol::{ssh, winrm};
use sim_core::time::Nanos;

const RETRY: Nanos = Nanos::secs(5);
const SSH_DIAL: Nanos = Nanos::secs(15);
const SSH_HANDSHAKE: Nanos = Nanos::secs(60);
const SSH_AFTER_HANDSHAKE_ERROR: Nanos = Nanos::secs(2);
const SSH_KEEP_ALIVE: Nanos = Nanos::secs(5);
const WINRM_DIAL: Nanos = Nanos::secs(30);
const WINRM_KEEP_ALIVE: Nanos = Nanos::secs(30);
const WINRM_SETTLE: Nanos = Nanos::secs(5);

/// Timers carry the number of the attempt they belong to, above these kinds.
const KINDS: u64 = 16;
const TRY: u64 = 3;
const HANDSHAKE_DEADLINE: u64 = 4;
const DEADLINE: u64 = 5;
const CHECK: u64 = 6;

/// The connect loop.
pub(super) struct Connecting {
    target: Target,
    deadline: Nanos,
    phase: Phase,
    /// Counts attempts; timers of earlier ones are stale.
    attempt: u64,
    /// This attempt's login succeeded.
    logged_in: bool,
}

enum Phase {
    /// A timer will start the next attempt; or connected, and nothing to do.
    Idle,
    /// The probe connection of SSH.
    Probing(ConnId),
    /// The second connection of SSH, or the only one of WinRM.
    Dialing(ConnId),
    /// The protocol's handshake and login.
    Greeting(ConnId, Channel),
}

/// What the loop found.
pub(super) enum Progress {
    /// Nothing yet.
    Trying,
    /// A session.
    Connected(ConnId, Channel),
    /// Time is up; what Packer prints.
    GaveUp(String),
}

impl Connecting {
    pub fn new(target: Target) -> Self {
        Self { target, deadline: Nanos::NEVER, phase: Phase::Idle, attempt: 0, logged_in: false }
    }

    pub fn communicator(&self) -> Communicator {
        self.target.communicator
    }

    /// What Packer prints when it is connected.
    pub fn greeting(&self) -> &'static str {
        match self.target.communicator {
            Communicator::Ssh => "Connected to SSH!",
            Communicator::WinRm => "azure-arm: WinRM connected.",
        }
    }

    fn name(&self) -> &'static str {
        match self.target.communicator {
            Communicator::Ssh => "SSH",
            Communicator::WinRm => "WinRM",
        }
    }

    pub fn start(&mut self, cx: &mut Context<'_>) {
        let (name, timeout) = (self.name(), go_duration(self.target.timeout));
        cx.report("log", 0, format!("Waiting for {name} to become available..."));
        cx.report("log", 0, format!("[INFO] Waiting for {name}, up to timeout: {timeout}"));
        self.deadline = cx.now() + self.target.timeout;
        cx.after(self.target.timeout, DEADLINE);
        self.dial(cx);
    }

    /// After a restart: the same loop, without an end of its own.
    pub fn start_over(&mut self, after: Nanos, cx: &mut Context<'_>) {
        self.deadline = Nanos::NEVER;
        self.retry(after, cx);
    }

    fn retry(&mut self, after: Nanos, cx: &mut Context<'_>) {
        self.phase = Phase::Idle;
        self.attempt += 1;
        cx.after(after, self.attempt * KINDS + TRY);
    }

    fn dial(&mut self, cx: &mut Context<'_>) {
        let (timeout, keep_alive) = match self.target.communicator {
            Communicator::Ssh => (SSH_DIAL, SSH_KEEP_ALIVE),
            Communicator::WinRm => (WINRM_DIAL, WINRM_KEEP_ALIVE),
        };
        let probing = self.target.communicator == Communicator::Ssh && !matches!(self.phase, Phase::Probing(_));
        let conn = cx.connect(Dial {
            to: self.target.to,
            timeout,
            keep_alive: if probing { None } else { Some(keep_alive) },
            buffer: SMALL_BUFFER,
            flow: self.target.flow,
        });
        self.phase = if probing { Phase::Probing(conn) } else { Phase::Dialing(conn) };
    }

    fn greet(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        let seed = cx.rng().random();
        let (mut channel, limit) = match self.target.communicator {
            Communicator::Ssh => (Channel::Ssh(Box::new(ssh::Client::new(seed))), SSH_HANDSHAKE),
            Communicator::WinRm => {
                let (address, port) = self.target.shown;
                let mut client = winrm::Client::new(seed, winrm::Config::new(&format!("{address}:{port}")));
                client.login_check();
                (Channel::WinRm(Box::new(client)), WINRM_DIAL)
            }
        };
        channel.flush(conn, cx);
        self.phase = Phase::Greeting(conn, channel);
        self.logged_in = false;
        cx.after(limit, self.attempt * KINDS + HANDSHAKE_DEADLINE);
    }

    /// The attempt failed; another one follows.
    fn failed(&mut self, what: &str, cx: &mut Context<'_>) {
        let handshake = matches!(self.phase, Phase::Greeting(..));
        let (line, pause) = match self.target.communicator {
            Communicator::Ssh if handshake => {
                (format!("[DEBUG] SSH handshake err: {what}"), RETRY + SSH_AFTER_HANDSHAKE_ERROR)
            }
            Communicator::Ssh => (format!("[DEBUG] TCP connection to SSH ip/port failed: {what}"), RETRY),
            Communicator::WinRm => {
                let (address, port) = self.target.shown;
                let url = format!("https://{address}:{port}/wsman");
                (format!("[ERROR] WinRM connection err: unknown error Post \"{url}\": {what}"), RETRY)
            }
        };
        cx.report("log", 0, line);
        self.retry(pause, cx);
    }

    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) -> Progress {
        match (input, &mut self.phase) {
            (Input::Connected(conn), Phase::Probing(own)) if *own == conn => {
                cx.close(conn);
                self.dial(cx);
            }
            (Input::Connected(conn), Phase::Dialing(own)) if *own == conn => self.greet(conn, cx),
            (Input::Data(conn, data), Phase::Greeting(own, channel)) if *own == conn => {
                let told = channel.receive(&data);
                channel.flush(conn, cx);
                match told {
                    Ok(told) => return self.told(&told, cx),
                    Err(violation) => {
                        cx.abort(conn);
                        self.failed(&violation.to_string(), cx);
                    }
                }
            }
            (Input::PeerClosed(conn), _) => {
                cx.close(conn);
                if matches!(&self.phase, Phase::Greeting(own, _) if *own == conn) {
                    self.failed("EOF", cx);
                }
            }
            (Input::Closed(conn, ending), Phase::Probing(own) | Phase::Dialing(own) | Phase::Greeting(own, _))
                if *own == conn =>
            {
                let shown = match (self.target.communicator, ending) {
                    (Communicator::WinRm, Ending::TimedOut) => "context deadline exceeded".to_owned(),
                    _ => go_dial_error(self.target.shown, ending),
                };
                self.failed(&shown, cx);
            }
            _ => {}
        }
        Progress::Trying
    }

    fn told(&mut self, told: &[Told], cx: &mut Context<'_>) -> Progress {
        for told in told {
            match (told, self.target.communicator) {
                (Told::Ready, Communicator::Ssh) | (Told::Checked(true), _) => return self.connected(),
                (Told::Ready, Communicator::WinRm) => {
                    self.logged_in = true;
                    cx.after(WINRM_SETTLE, self.attempt * KINDS + CHECK);
                }
                (Told::Checked(false), _) => cx.after(RETRY, self.attempt * KINDS + CHECK),
                (Told::Denied, _) => self.failed("401 - invalid credentials", cx),
                (Told::Ended { .. }, _) => {}
            }
        }
        Progress::Trying
    }

    fn connected(&mut self) -> Progress {
        self.attempt += 1;
        self.deadline = Nanos::NEVER;
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Greeting(conn, channel) => Progress::Connected(conn, channel),
            _ => Progress::Trying,
        }
    }

    pub fn timer(&mut self, token: u64, cx: &mut Context<'_>) -> Progress {
        if token == DEADLINE {
            let up = self.deadline <= cx.now();
            return if up {
                Progress::GaveUp(format!("Timeout waiting for {}.", self.name()))
            } else {
                Progress::Trying
            };
        }
        if token / KINDS != self.attempt {
            return Progress::Trying;
        }
        match (token % KINDS, &mut self.phase) {
            (TRY, Phase::Idle) => self.dial(cx),
            (HANDSHAKE_DEADLINE, Phase::Greeting(conn, _)) => {
                // The WinRM limit covers connecting and logging in, not the check that follows.
                if self.logged_in {
                    return Progress::Trying;
                }
                let conn = *conn;
                cx.abort(conn);
                let what = match self.target.communicator {
                    Communicator::Ssh => "Timeout during SSH handshake",
                    Communicator::WinRm => "context deadline exceeded",
                };
                self.failed(what, cx);
            }
            (CHECK, Phase::Greeting(conn, Channel::WinRm(client))) => {
                let conn = *conn;
                client.echo_check();
                sim_core::app::flush(&mut **client, conn, cx);
            }
            _ => {}
        }
        Progress::Trying
    }
}
