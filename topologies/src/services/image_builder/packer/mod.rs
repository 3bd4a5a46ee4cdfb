//! Packer, the program that image builder runs: connects to the build VM, runs the customizers, says how it went.
//!
//! Timing and texts are Packer's own (azure-services 9, 2.9). It reports:
//!
//! | what | value | text |
//! | --- | --- | --- |
//! | `log` | 0 | a line of its log |
//! | `connected` | ns since it started | the line it prints |
//! | `step-started`, `step-ended` | place of the step | the step's name |
//! | `build-failed` | exit status, 0 if none | what it prints |
//! | `build-succeeded` | ns since it started | |

mod channel;
mod connect;

use channel::{Channel, Told};
use connect::{Connecting, Progress};
use sim_core::app::Communicator;
use sim_core::host::{ConnId, Context, Ending, Input, Program, Socket};
use sim_core::id::FlowId;
use sim_core::time::Nanos;
use std::sync::Arc;

/// One thing that Packer does on the build VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is called in the log.
    pub name: String,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Copies a file there.
    Upload {
        /// Its name.
        name: String,
        /// Its size, bytes.
        size: u64,
    },
    /// Runs a command; anything but exit status 0 fails the build.
    Run {
        /// The command line.
        command: String,
    },
    /// Reboots the machine, waits until it answers again, and runs a check (azure-services 9.3).
    Restart {
        /// How long to wait at most.
        timeout: Nanos,
        /// The check.
        check: String,
    },
}

/// Where and how to connect.
#[derive(Clone, Debug)]
pub struct Target {
    /// SSH or WinRM.
    pub communicator: Communicator,
    /// Where the connection goes.
    pub to: Socket,
    /// The build VM as Packer's log shows it: the service logs the build VM's own address.
    pub shown: Socket,
    /// How long Packer waits for the machine in all: 20 minutes for SSH, 10 for WinRM (azure-services 9).
    pub timeout: Nanos,
    /// The simulated flow of its connections.
    pub flow: Option<FlowId>,
}

/// Packer, with the steps of one build.
///
/// Rule `image-builder-waits`: Packer waits 20 minutes for SSH and 10 for WinRM in all. Source: azure-services 9.1,
/// 9.2.
pub struct Packer {
    steps: Arc<[Step]>,
    at: usize,
    started: Nanos,
    connecting: Connecting,
    session: Option<Session>,
    /// The running step's task on the channel.
    task: Option<u32>,
    restart: Option<Restart>,
    over: bool,
}

struct Session {
    conn: ConnId,
    channel: Channel,
}

/// A restart under way.
struct Restart {
    deadline: Nanos,
    check: String,
    /// The machine has come back and runs the check.
    checking: bool,
}

/// Timers. Those of the connect loop have their own numbers above.
const KEEPALIVE: u64 = 1;
const RESTART_DEADLINE: u64 = 2;
/// How often Packer asks for a sign of life over SSH (azure-services 9.1).
const KEEPALIVE_PERIOD: Nanos = Nanos::secs(5);
/// How long the machine stays up after `shutdown /r /f /t 10` (azure-services 9.3).
const SHUTDOWN_DELAY: Nanos = Nanos::secs(10);
/// The command that restarts Windows.
pub(super) const RESTART_COMMAND: &str = "shutdown /r /f /t 10 /c \"packer restart\"";
/// What Packer reports when a command ends without a status (azure-services 2.9).
const NO_STATUS: u64 = 2_300_218;

impl Packer {
    /// Packer on its way to `target`, with these steps.
    #[must_use]
    pub fn new(target: Target, steps: Arc<[Step]>) -> Self {
        Self {
            steps,
            at: 0,
            started: Nanos::ZERO,
            connecting: Connecting::new(target),
            session: None,
            task: None,
            restart: None,
            over: false,
        }
    }

    /// What the connect loop found.
    fn progress(&mut self, progress: Progress, cx: &mut Context<'_>) {
        match progress {
            Progress::Trying => {}
            Progress::GaveUp(text) => self.fail(0, text, cx),
            Progress::Connected(conn, channel) => {
                self.session = Some(Session { conn, channel });
                if let Some(restart) = &mut self.restart {
                    restart.checking = true;
                    let check = restart.check.clone();
                    self.run(&check, cx);
                    return;
                }
                cx.report("connected", (cx.now() - self.started).0, self.connecting.greeting());
                if self.connecting.communicator() == Communicator::Ssh {
                    cx.after(KEEPALIVE_PERIOD, KEEPALIVE);
                }
                self.next_step(cx);
            }
        }
    }

    fn next_step(&mut self, cx: &mut Context<'_>) {
        let Some(step) = self.steps.get(self.at).cloned() else { return self.succeed(cx) };
        cx.report("step-started", self.at as u64, step.name);
        match step.action {
            Action::Run { command } => self.run(&command, cx),
            Action::Upload { name, size } => {
                let Some(session) = &mut self.session else { return };
                self.task = Some(session.channel.upload(&name, size));
                session.channel.flush(session.conn, cx);
            }
            Action::Restart { timeout, check } => {
                self.run(RESTART_COMMAND, cx);
                let text = format!("Waiting for machine to reboot with timeout: {}", go_duration(timeout));
                cx.report("log", 0, text);
                cx.after(timeout, RESTART_DEADLINE);
                self.restart = Some(Restart { deadline: cx.now() + timeout, check, checking: false });
            }
        }
    }

    fn run(&mut self, command: &str, cx: &mut Context<'_>) {
        let Some(session) = &mut self.session else { return };
        self.task = Some(session.channel.run(command));
        session.channel.flush(session.conn, cx);
    }

    fn task_ended(&mut self, status: Option<u32>, cx: &mut Context<'_>) {
        self.task = None;
        if let Some(restart) = &self.restart {
            if !restart.checking {
                // The shutdown is accepted; the machine goes down in ten seconds. Then try until it answers.
                return self.connecting.start_over(SHUTDOWN_DELAY, cx);
            }
            self.restart = None;
        }
        match status {
            Some(0) => self.step_done(cx),
            Some(status) => {
                let text = format!("Script exited with non-zero exit status: {status}. Allowed exit codes are: [0]");
                self.fail(status.into(), text, cx);
            }
            None => self.lost(cx),
        }
    }

    fn step_done(&mut self, cx: &mut Context<'_>) {
        let name = self.steps.get(self.at).map_or(String::new(), |step| step.name.clone());
        cx.report("step-ended", self.at as u64, name);
        self.at += 1;
        self.next_step(cx);
    }

    /// The connection broke while a command ran.
    fn lost(&mut self, cx: &mut Context<'_>) {
        let text = "Remote command exited without exit status or exit signal. Communicator ended with: 2300218. \
                    Cancelling builder after context cancellation context canceled";
        self.fail(NO_STATUS, text.to_owned(), cx);
    }

    fn succeed(&mut self, cx: &mut Context<'_>) {
        self.over = true;
        if let Some(session) = &mut self.session {
            session.channel.goodbye();
            session.channel.flush(session.conn, cx);
            cx.close(session.conn);
        }
        cx.report("build-succeeded", (cx.now() - self.started).0, "");
    }

    fn fail(&mut self, status: u64, text: String, cx: &mut Context<'_>) {
        if !self.over {
            self.over = true;
            if let Some(session) = self.session.take() {
                cx.abort(session.conn);
            }
            cx.report("build-failed", status, text);
        }
    }

    /// An input about the open session.
    fn in_session(&mut self, input: Input, cx: &mut Context<'_>) {
        let Some(session) = &mut self.session else { return };
        match input {
            Input::Data(conn, data) => {
                let told = session.channel.receive(&data);
                session.channel.flush(conn, cx);
                match told {
                    Ok(told) => self.told(told, cx),
                    Err(violation) => self.fail(0, violation.to_string(), cx),
                }
            }
            Input::Drained(conn) => session.channel.flush(conn, cx),
            Input::PeerClosed(conn) => cx.close(conn),
            Input::Closed(_, ending) => {
                self.session = None;
                match &self.restart {
                    Some(_) => self.connecting.start_over(Nanos::ZERO, cx),
                    None if self.task.is_some() && ending != Ending::Aborted => self.lost(cx),
                    None => {}
                }
            }
            _ => {}
        }
    }

    fn told(&mut self, told: Vec<Told>, cx: &mut Context<'_>) {
        for told in told {
            match told {
                Told::Ended { task, status } if self.task == Some(task) => self.task_ended(status, cx),
                _ => {}
            }
        }
    }

    fn timer(&mut self, token: u64, cx: &mut Context<'_>) {
        match token {
            KEEPALIVE => {
                if let (Some(session), Some(task)) = (&mut self.session, self.task) {
                    session.channel.keepalive(task);
                    session.channel.flush(session.conn, cx);
                }
                cx.after(KEEPALIVE_PERIOD, KEEPALIVE);
            }
            RESTART_DEADLINE => {
                if self.restart.as_ref().is_some_and(|restart| restart.deadline <= cx.now()) {
                    self.fail(0, "Timeout waiting for machine to restart.".to_owned(), cx);
                }
            }
            token => {
                let progress = self.connecting.timer(token, cx);
                self.progress(progress, cx);
            }
        }
    }
}

impl Program for Packer {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        if self.over {
            if let Input::PeerClosed(conn) = input {
                cx.close(conn);
            }
            return;
        }
        let conn = match &input {
            Input::Data(conn, _) | Input::Drained(conn) | Input::PeerClosed(conn) | Input::Closed(conn, _) => {
                Some(*conn)
            }
            _ => None,
        };
        if conn.is_some() && conn == self.session.as_ref().map(|session| session.conn) {
            return self.in_session(input, cx);
        }
        match input {
            Input::Start => {
                self.started = cx.now();
                self.connecting.start(cx);
            }
            Input::Timer(token) => self.timer(token, cx),
            input => {
                let progress = self.connecting.handle(input, cx);
                self.progress(progress, cx);
            }
        }
    }
}

/// A duration as Go prints it: `20m0s`.
fn go_duration(time: Nanos) -> String {
    let seconds = time.0 / 1_000_000_000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}
