//! A machine under remote control: runs the commands that come over SSH or WinRM, with what they download, how long they
//! take, and the reboots they cause.

use super::fetch::{Download, Fetch, FetchEnd};
use super::remote::{Asked, Remote};
use crate::host::{ConnId, Context, Ending, Input, Program, SMALL_BUFFER};
use crate::time::Nanos;
use hashbrown::HashMap;
use std::sync::Arc;

/// How a machine is controlled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Communicator {
    /// SSH, as Linux images have it.
    Ssh,
    /// WinRM over HTTPS, as Windows images have it.
    WinRm,
}

impl Communicator {
    /// Its port.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Ssh => 22,
            Self::WinRm => 5986,
        }
    }
}

/// What a command does.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// The commands it is for: those that contain this text.
    pub command: Arc<str>,
    /// What it downloads, one after the other.
    pub downloads: Vec<Download>,
    /// How long it takes besides.
    pub work: Nanos,
    /// What it prints, in bytes.
    pub output: u64,
    /// Its exit status when all went well.
    pub status: u32,
    /// Reboot the machine when it is over: after how long, and how long it is down.
    pub reboot: Option<(Nanos, Nanos)>,
    /// The machine's own firewall keeps everybody out once it is over: sessions end without a word.
    pub shuts_out: bool,
}

/// Exit status of a command whose download could not connect: curl's (28 for a time-out, 7 for a refusal).
const TIMED_OUT: u32 = 28;
const UNTRUSTED: u32 = 60;
const REFUSED: u32 = 7;
const UNRESOLVED: u32 = 6;
/// And one whose download broke off (curl's 56).
const BROKEN_OFF: u32 = 56;

/// A machine under remote control.
pub struct Guest {
    communicator: Communicator,
    /// How long after its start the service listens: the rest of the boot.
    ready_after: Nanos,
    /// The same after a reboot.
    ready_again_after: Nanos,
    jobs: Arc<[Job]>,
    sessions: HashMap<ConnId, Remote, foldhash::fast::FixedState>,
    running: HashMap<u64, Running, foldhash::fast::FixedState>,
    next: u64,
    /// Its own firewall keeps everybody out.
    shut: bool,
    /// Timers of WinRM waits, by token.
    waits: HashMap<u64, (ConnId, u64), foldhash::fast::FixedState>,
}

struct Running {
    conn: ConnId,
    number: u32,
    job: Job,
    /// How many of its downloads are over.
    fetched: usize,
    fetch: Option<Fetch>,
}

/// The timer that says the boot is over; commands and waits count from 1.
const READY: u64 = 0;

impl Guest {
    /// A machine that knows these jobs; other commands succeed at once. `ready_after` is from when this program starts
    /// until it listens, at first and after a reboot.
    #[must_use]
    pub fn new(communicator: Communicator, ready_after: Nanos, ready_again_after: Nanos, jobs: Arc<[Job]>) -> Self {
        Self {
            communicator,
            ready_after,
            ready_again_after,
            jobs,
            sessions: HashMap::default(),
            running: HashMap::default(),
            next: 1,
            shut: false,
            waits: HashMap::default(),
        }
    }

    fn token(&mut self) -> u64 {
        let token = self.next;
        self.next += 1;
        token
    }

    fn begin(&mut self, conn: ConnId, number: u32, command: &str, cx: &mut Context<'_>) {
        let known = self.jobs.iter().find(|job| !job.command.is_empty() && command.contains(&*job.command));
        let job = known.cloned().unwrap_or_default();
        let token = self.token();
        let running = Running { conn, number, job, fetched: 0, fetch: None };
        self.running.insert(token, running);
        self.advance(token, cx);
    }

    /// The next download of a command, or its work.
    fn advance(&mut self, token: u64, cx: &mut Context<'_>) {
        let Some(running) = self.running.get_mut(&token) else { return };
        match running.job.downloads.get(running.fetched) {
            Some(download) => running.fetch = Some(Fetch::start(download.clone(), cx)),
            None => cx.after(running.job.work, token),
        }
    }

    fn fetched(&mut self, token: u64, end: FetchEnd, cx: &mut Context<'_>) {
        let Some(running) = self.running.get_mut(&token) else { return };
        let Some(fetch) = running.fetch.take() else { return };
        let url = fetch.download().url();
        let failure = match end {
            FetchEnd::Answered { reply, timing } => {
                running.fetched += 1;
                cx.report("download", timing.whole.0, format!("{url}: {} bytes", reply.bytes));
                return self.advance(token, cx);
            }
            FetchEnd::Untrusted { .. } => {
                let host = &fetch.download().host;
                (UNTRUSTED, format!("SSL: no alternative certificate subject name matches target host name '{host}'"))
            }
            FetchEnd::Unresolved(unresolved) => (UNRESOLVED, unresolved.curl()),
            FetchEnd::Failed(Ending::TimedOut) => {
                (TIMED_OUT, format!("Failed to connect to {url}: Connection timed out"))
            }
            FetchEnd::Failed(Ending::Refused) => (REFUSED, format!("Failed to connect to {url}: Connection refused")),
            FetchEnd::Failed(ending) => (BROKEN_OFF, format!("{url}: connection ended ({ending:?})")),
            FetchEnd::Broken(violation) => (BROKEN_OFF, format!("{url}: {violation}")),
        };
        let text = format!("curl: ({}) {}", failure.0, failure.1);
        let length = text.len() as u64;
        cx.report("download-failed", failure.0.into(), text);
        self.finish(token, failure.0, length, cx);
    }

    fn finish(&mut self, token: u64, status: u32, output: u64, cx: &mut Context<'_>) {
        let Some(running) = self.running.remove(&token) else { return };
        if running.job.shuts_out && status == 0 {
            return self.shut_out(cx);
        }
        if let Some(session) = self.sessions.get_mut(&running.conn) {
            session.finish(running.number, status, output);
            session.flush(running.conn, cx);
        }
        if let (Some((after, down)), 0) = (running.job.reboot, status) {
            cx.reboot(after, down);
        }
    }

    fn shut_out(&mut self, cx: &mut Context<'_>) {
        self.shut = true;
        cx.report("log", 0, "the build VM's own firewall is on and lets nobody in");
        for (conn, _) in self.sessions.drain() {
            cx.abort(conn);
        }
    }

    fn data(&mut self, conn: ConnId, data: &[u8], cx: &mut Context<'_>) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let asked = match session.receive(data) {
            Ok(asked) => asked,
            Err(_) => return cx.abort(conn),
        };
        session.flush(conn, cx);
        for asked in asked {
            match asked {
                Asked::Run { number, command } => self.begin(conn, number, &command, cx),
                Asked::Waits { wait, seconds } => {
                    let token = self.token();
                    self.waits.insert(token, (conn, wait));
                    cx.after(Nanos::secs(seconds.into()), token);
                }
            }
        }
    }

    fn timer(&mut self, token: u64, cx: &mut Context<'_>) {
        if token == READY {
            cx.report("listening", self.communicator.port().into(), "remote control is up");
            return cx.listen(self.communicator.port(), SMALL_BUFFER);
        }
        if let Some((conn, wait)) = self.waits.remove(&token) {
            if let Some(session) = self.sessions.get_mut(&conn) {
                session.operation_timeout(wait);
                session.flush(conn, cx);
            }
            return;
        }
        let result = self.running.get(&token).map(|running| (running.job.status, running.job.output));
        if let Some((status, output)) = result {
            self.finish(token, status, output, cx);
        }
    }
}

impl Program for Guest {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        let fetching =
            self.running.iter().find(|(_, running)| running.fetch.as_ref().is_some_and(|fetch| fetch.concerns(&input)));
        if let Some(token) = fetching.map(|(token, _)| *token) {
            let fetch = self.running.get_mut(&token).and_then(|running| running.fetch.as_mut());
            if let Some(end) = fetch.and_then(|fetch| fetch.handle(input, cx)) {
                self.fetched(token, end, cx);
            }
            return;
        }
        match input {
            Input::Start => cx.after(self.ready_after, READY),
            Input::Timer(token) => self.timer(token, cx),
            Input::Accepted { conn, .. } if self.shut => cx.abort(conn),
            Input::Accepted { conn, .. } => {
                let mut session = match self.communicator {
                    Communicator::Ssh => Remote::ssh(cx),
                    Communicator::WinRm => Remote::winrm(cx),
                };
                session.flush(conn, cx);
                self.sessions.insert(conn, session);
            }
            Input::Data(conn, data) => self.data(conn, &data, cx),
            Input::Drained(conn) => {
                if let Some(session) = self.sessions.get_mut(&conn) {
                    session.flush(conn, cx);
                }
            }
            Input::PeerClosed(conn) => cx.close(conn),
            Input::Closed(conn, _) => {
                self.sessions.remove(&conn);
            }
            _ => {}
        }
    }

    fn fresh(&self) -> Option<Box<dyn Program>> {
        let ready = self.ready_again_after;
        Some(Box::new(Self::new(self.communicator, ready, ready, self.jobs.clone())))
    }
}
