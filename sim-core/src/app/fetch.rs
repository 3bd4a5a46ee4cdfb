//! A download over HTTP or HTTPS, as a part of a program or as a program of its own.

use super::site::Content;
use super::visit::{Failure, Heard, Host, Reply, Visit, untrusted};
use crate::host::{Context, Ending, Input, Socket};
use crate::id::FlowId;
use crate::protocol::Violation;
use crate::protocol::http::Head;
use crate::time::Nanos;
use std::sync::Arc;

/// What to download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// The name in the URL.
    pub host: Arc<str>,
    /// Where that name leads.
    pub to: Socket,
    /// The path in the URL.
    pub path: Arc<str>,
    /// Over TLS.
    pub tls: bool,
    /// How long an attempt to connect may take.
    pub timeout: Nanos,
    /// Whether it is large, so that TCP gets room for it.
    pub bulk: bool,
    /// The simulated flow it belongs to.
    pub flow: Option<FlowId>,
}

impl Download {
    /// The URL.
    #[must_use]
    pub fn url(&self) -> String {
        let (scheme, usual) = if self.tls { ("https", 443) } else { ("http", 80) };
        let port = if self.to.1 == usual { String::new() } else { format!(":{}", self.to.1) };
        format!("{scheme}://{}{port}{}", self.host, self.path)
    }
}

/// How long its parts took, from the first SYN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Until the connection was open.
    pub connect: Nanos,
    /// Until the first byte of the answer.
    pub first_byte: Nanos,
    /// Until all was there.
    pub whole: Nanos,
}

/// How a download ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchEnd {
    /// The server answered.
    Answered {
        /// So.
        reply: Box<Reply>,
        /// In this time.
        timing: Timing,
    },
    /// The server is not who it should be.
    Untrusted {
        /// As a client says it.
        text: String,
        /// In this time.
        timing: Timing,
    },
    /// The connection failed, or broke off.
    Failed(Ending),
    /// What came was not what the protocol allows.
    Broken(Violation),
}

/// A download under way.
pub struct Fetch {
    download: Download,
    visit: Visit,
    started: Nanos,
    connect: Nanos,
}

impl Fetch {
    /// Opens the connection.
    pub fn start(download: Download, cx: &mut Context<'_>) -> Self {
        let Download { host, to, tls, timeout, bulk, flow, .. } = download.clone();
        let mut visit = Visit::open(&Host { name: host, to, tls, timeout, bulk, flow }, cx);
        visit.ask(&Head::get(&download.path, &download.host), &Content::Bytes(0));
        Self { download, visit, started: cx.now(), connect: Nanos::ZERO }
    }

    /// Whether an input is about this download's connection.
    #[must_use]
    pub fn concerns(&self, input: &Input) -> bool {
        self.visit.concerns(input)
    }

    /// Gives it up.
    pub fn abandon(&self, cx: &mut Context<'_>) {
        self.visit.abandon(cx);
    }

    /// What is downloaded.
    #[must_use]
    pub fn download(&self) -> &Download {
        &self.download
    }

    /// Goes on; gives the end when it is there.
    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) -> Option<FetchEnd> {
        let heard = self.visit.handle(input, cx)?;
        let whole = cx.now() - self.started;
        match heard {
            Heard::Connected => {
                self.connect = whole;
                None
            }
            Heard::Reply(reply) => {
                let timing = Timing { connect: self.connect, first_byte: reply.first_byte - self.started, whole };
                self.visit.close(cx);
                Some(FetchEnd::Answered { reply, timing })
            }
            Heard::Failed(Failure::Untrusted(names)) => {
                let timing = Timing { connect: self.connect, first_byte: whole, whole };
                Some(FetchEnd::Untrusted { text: untrusted(&names, &self.download.host), timing })
            }
            Heard::Failed(Failure::NoSuchHost) => Some(FetchEnd::Failed(Ending::Unreachable)),
            Heard::Failed(Failure::Ended(ending)) => Some(FetchEnd::Failed(ending)),
            Heard::Failed(Failure::Broken(violation)) => Some(FetchEnd::Broken(violation)),
        }
    }
}
