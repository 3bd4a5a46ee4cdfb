//! A balancer's health probe: asks a backend again and again and says whether it is up.

use super::fetch::{Download, Fetch, FetchEnd};
use crate::host::{ConnId, Context, Dial, Input, Program, Socket};
use crate::net::Addr;
use crate::time::Nanos;
use crate::topology::{Probe, ProbeProtocol};
use std::sync::Arc;

/// Shortest interval that Azure takes.
const SHORTEST: u32 = 5;
/// How long a backend may take to answer, over TCP and over HTTP.
const TCP_LIMIT: Nanos = Nanos::secs(60);
const HTTP_LIMIT: Nanos = Nanos::secs(30);

/// The timer of the next attempt; others are numbered as the attempts that they end.
const NEXT: u64 = 0;

/// A prober of one backend.
///
/// Rule `balancer-probe`: From 168.63.129.16, every interval: a TCP probe opens and closes a connection; an HTTP or HTTPS probe
/// asks for its path, and only status 200 is up. A reset, silence for the interval, or for 60 s (TCP) or 30 s (HTTP), fails.
/// So many equal results in a row as the threshold says change the state, both ways. Source: azure-dataplane 3.4.
pub(crate) struct Prober {
    target: Socket,
    protocol: ProbeProtocol,
    path: Arc<str>,
    interval: Nanos,
    threshold: u32,
    attempt: Option<Attempt>,
    attempts: u64,
    /// Equal results in a row, and what they say.
    streak: (bool, u32),
}

enum Attempt {
    Tcp(ConnId),
    Web(Box<Fetch>),
}

impl Prober {
    /// A prober of the backend at `address`.
    pub fn new(address: Addr, probe: &Probe) -> Self {
        Self {
            target: (address, probe.port),
            protocol: probe.protocol,
            path: probe.path.clone(),
            interval: Nanos::secs(probe.interval_s.max(SHORTEST).into()),
            threshold: probe.threshold.max(1),
            attempt: None,
            attempts: 0,
            streak: (false, 0),
        }
    }

    fn begin(&mut self, cx: &mut Context<'_>) {
        self.fail_silent(cx);
        self.attempts += 1;
        cx.after(self.interval, NEXT);
        if self.protocol == ProbeProtocol::Tcp {
            let timeout = self.interval.min(TCP_LIMIT);
            self.attempt = Some(Attempt::Tcp(cx.connect(Dial { timeout, ..Dial::to(self.target) })));
            return;
        }
        let download = Download {
            host: self.target.0.to_string().into(),
            to: self.target.into(),
            path: self.path.clone(),
            tls: self.protocol == ProbeProtocol::Https,
            timeout: self.interval.min(HTTP_LIMIT),
            bulk: false,
            flow: None,
        };
        self.attempt = Some(Attempt::Web(Box::new(Fetch::start(download, cx))));
        if self.interval > HTTP_LIMIT {
            cx.after(HTTP_LIMIT, self.attempts);
        }
    }

    /// An attempt that nothing has come of by now has failed.
    fn fail_silent(&mut self, cx: &mut Context<'_>) {
        match self.attempt.take() {
            Some(Attempt::Tcp(conn)) => cx.abort(conn),
            Some(Attempt::Web(fetch)) => fetch.abandon(cx),
            None => return,
        }
        self.result(false, cx);
    }

    fn result(&mut self, up: bool, cx: &mut Context<'_>) {
        self.attempt = None;
        self.streak = if self.streak.0 == up { (up, self.streak.1.saturating_add(1)) } else { (up, 1) };
        if self.streak.1 >= self.threshold {
            cx.health(up);
        }
    }

    fn heard(&mut self, input: Input, cx: &mut Context<'_>) {
        match (&mut self.attempt, input) {
            (Some(Attempt::Tcp(own)), Input::Connected(conn)) if *own == conn => {
                cx.close(conn);
                self.result(true, cx);
            }
            (Some(Attempt::Tcp(own)), Input::Closed(conn, _)) if *own == conn => self.result(false, cx),
            (Some(Attempt::Web(fetch)), input) if fetch.concerns(&input) => {
                if let Some(end) = fetch.handle(input, cx) {
                    self.result(matches!(end, FetchEnd::Answered { reply, .. } if reply.status == 200), cx);
                }
            }
            (_, Input::PeerClosed(conn)) => cx.close(conn),
            _ => {}
        }
    }
}

impl Program for Prober {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start | Input::Timer(NEXT) => self.begin(cx),
            Input::Timer(attempt) if attempt == self.attempts => self.fail_silent(cx),
            Input::Timer(_) => {}
            input => self.heard(input, cx),
        }
    }
}
