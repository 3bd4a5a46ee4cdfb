//! A balancer's health probe: opens a connection to a backend, closes it, and says whether that worked.
//!
//! azure-dataplane 3.4: from 168.63.129.16, every interval, TCP handshake then four-way close; a reset or silence fails;
//! so many equal results in a row change the state.

use super::program::{ConnId, Context, Dial, Input, Program, Socket};
use crate::net::Addr;
use crate::time::Nanos;
use crate::topology::Probe;

/// Shortest interval that Azure takes.
const SHORTEST: u32 = 5;

/// A prober of one backend.
///
/// Rule `balancer-probe`: probes come from 168.63.129.16 and open a connection to each member; a reset or silence marks
/// it down. Source: azure-dataplane 3.4.
pub(crate) struct Prober {
    target: Socket,
    interval: Nanos,
    threshold: u32,
    attempt: Option<ConnId>,
    /// Equal results in a row, and what they say.
    streak: (bool, u32),
}

impl Prober {
    /// A prober of the backend at `address`.
    pub fn new(address: Addr, probe: &Probe) -> Self {
        Self {
            target: (address, probe.port),
            interval: Nanos::secs(probe.interval_s.max(SHORTEST).into()),
            threshold: probe.threshold.max(1),
            attempt: None,
            streak: (false, 0),
        }
    }

    fn result(&mut self, up: bool, cx: &mut Context<'_>) {
        self.attempt = None;
        self.streak = if self.streak.0 == up { (up, self.streak.1.saturating_add(1)) } else { (up, 1) };
        if self.streak.1 >= self.threshold {
            cx.health(up);
        }
    }
}

impl Program for Prober {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start | Input::Timer(_) => {
                if let Some(silent) = self.attempt {
                    cx.abort(silent);
                    self.result(false, cx);
                }
                self.attempt = Some(cx.connect(Dial { timeout: self.interval, ..Dial::to(self.target) }));
                cx.after(self.interval, 0);
            }
            Input::Connected(conn) if self.attempt == Some(conn) => {
                cx.close(conn);
                self.result(true, cx);
            }
            Input::Closed(conn, _) if self.attempt == Some(conn) => self.result(false, cx),
            Input::PeerClosed(conn) => cx.close(conn),
            _ => {}
        }
    }
}
