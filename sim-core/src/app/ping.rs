//! Echo requests: one, as `ping -c 1` sends it, or with a growing time to live, as `traceroute -I` does.

use crate::host::{Context, Input, Program, Undelivered};
use crate::id::FlowId;
use crate::net::Addr;
use crate::time::Nanos;

/// What ping and traceroute give a packet at most.
const MAX_TTL: u8 = 30;
/// The time to live of a ping, as Linux sets it.
const TTL: u8 = 64;

/// One echo request. It reports `done` with the nanoseconds until the reply, or `failed`.
pub struct Ping {
    to: Addr,
    timeout: Nanos,
    after: Nanos,
    flow: Option<FlowId>,
    sent: Option<Nanos>,
    over: bool,
}

impl Ping {
    /// A request to `to` after a while, given up after `timeout`.
    #[must_use]
    pub const fn new(to: Addr, timeout: Nanos, after: Nanos, flow: Option<FlowId>) -> Self {
        Self { to, timeout, after, flow, sent: None, over: false }
    }
}

impl Program for Ping {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match (input, self.sent) {
            (Input::Start, _) => cx.after(self.after, 0),
            (Input::Timer(_), None) => {
                self.sent = Some(cx.now());
                cx.ping(self.to, 1, TTL, self.flow);
                cx.after(self.timeout, 1);
            }
            (Input::Echoed { from, .. }, Some(sent)) if from == self.to && !self.over => {
                self.over = true;
                cx.report("done", (cx.now() - sent).0, "");
            }
            (Input::Undelivered { by, why, .. }, Some(sent)) if !self.over => {
                self.over = true;
                let why = match why {
                    Undelivered::TimeExceeded => "Time to live exceeded",
                    Undelivered::HostUnreachable => "Destination Host Unreachable",
                };
                cx.report("failed", (cx.now() - sent).0, format!("From {by} icmp_seq=1 {why}"));
            }
            (Input::Timer(_), Some(sent)) if !self.over => {
                self.over = true;
                cx.report("failed", (cx.now() - sent).0, "1 packets transmitted, 0 received, 100% packet loss");
            }
            _ => {}
        }
    }
}

/// The way as a machine sees it: an echo request for each time to live from 1, one after the other. It reports `hop` with
/// the address that answered, or `*`, for each; then `done` or `failed`. Machines and gateways that forward answer when a
/// packet's time is over; Azure's own network is not seen.
pub struct Traceroute {
    to: Addr,
    /// How long it waits for each answer.
    wait: Nanos,
    flow: Option<FlowId>,
    started: Nanos,
    ttl: u8,
}

impl Traceroute {
    /// A trace to `to` that waits so long for each answer.
    #[must_use]
    pub const fn new(to: Addr, wait: Nanos, flow: Option<FlowId>) -> Self {
        Self { to, wait, flow, started: Nanos::ZERO, ttl: 0 }
    }

    fn go_on(&mut self, cx: &mut Context<'_>) {
        if self.ttl < MAX_TTL {
            self.next(cx);
        } else {
            self.ttl = u8::MAX;
            cx.report("failed", (cx.now() - self.started).0, format!("{MAX_TTL} hops max"));
        }
    }

    fn next(&mut self, cx: &mut Context<'_>) {
        self.ttl += 1;
        cx.ping(self.to, self.ttl.into(), self.ttl, self.flow);
        cx.after(self.wait, self.ttl.into());
    }
}

impl Program for Traceroute {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => {
                self.started = cx.now();
                self.next(cx);
            }
            Input::Echoed { from, sequence } if sequence == u16::from(self.ttl) => {
                self.ttl = u8::MAX;
                cx.report("hop", 0, from.to_string());
                cx.report("done", (cx.now() - self.started).0, "");
            }
            Input::Undelivered { by, sequence, why } if sequence == u16::from(self.ttl) => {
                cx.report("hop", 0, by.to_string());
                match why {
                    Undelivered::TimeExceeded => self.go_on(cx),
                    Undelivered::HostUnreachable => {
                        self.ttl = u8::MAX;
                        cx.report("failed", (cx.now() - self.started).0, "!H");
                    }
                }
            }
            Input::Timer(ttl) if ttl == u64::from(self.ttl) => {
                cx.report("hop", 0, "*");
                self.go_on(cx);
            }
            _ => {}
        }
    }
}
