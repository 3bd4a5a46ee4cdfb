//! A download over HTTP or HTTPS, as a part of a program or as a program of its own.

use super::lookup::{Destination, Lookup, Unresolved};
use super::site::Content;
use super::visit::{Heard, Host, NoReply, Reply, Visit, untrusted};
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
    /// Where that is: an address, or a name to look up.
    pub to: Destination,
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
        let port = if self.to.port() == usual { String::new() } else { format!(":{}", self.to.port()) };
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
    /// The name leads nowhere.
    Unresolved(Unresolved),
    /// The connection failed, or broke off.
    Failed(Ending),
    /// What came was not what the protocol allows.
    Broken(Violation),
}

/// A download under way.
pub struct Fetch {
    download: Download,
    way: Way,
    started: Nanos,
    connect: Nanos,
}

enum Way {
    /// The name is looked up.
    Name(Box<Lookup>),
    Open(Box<Visit>),
}

impl Fetch {
    /// Opens the connection, once the name is known.
    pub fn start(download: Download, cx: &mut Context<'_>) -> Self {
        let way = match &download.to {
            Destination::At(at) => Way::Open(Box::new(open(&download, *at, cx))),
            Destination::Named(name, _) => Way::Name(Box::new(Lookup::start(name, download.flow, cx))),
        };
        Self { download, way, started: cx.now(), connect: Nanos::ZERO }
    }

    /// Whether an input is about this download's connection.
    #[must_use]
    pub fn concerns(&self, input: &Input) -> bool {
        match &self.way {
            Way::Name(lookup) => lookup.concerns(input),
            Way::Open(visit) => visit.concerns(input),
        }
    }

    /// Gives it up.
    pub fn abandon(&self, cx: &mut Context<'_>) {
        if let Way::Open(visit) = &self.way {
            visit.abandon(cx);
        }
    }

    /// What is downloaded.
    #[must_use]
    pub fn download(&self) -> &Download {
        &self.download
    }

    /// Goes on; gives the end when it is there.
    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) -> Option<FetchEnd> {
        let visit = match &mut self.way {
            Way::Open(visit) => visit,
            Way::Name(lookup) => {
                let end = lookup.concerns(&input).then(|| lookup.handle(input, cx)).flatten()?;
                return match end.map(|resolved| resolved.addresses().first().copied()) {
                    Ok(address) => {
                        let at = (address?, self.download.to.port());
                        self.started = cx.now();
                        self.way = Way::Open(Box::new(open(&self.download, at, cx)));
                        None
                    }
                    Err(unresolved) => Some(FetchEnd::Unresolved(unresolved)),
                };
            }
        };
        let heard = visit.handle(input, cx)?;
        let whole = cx.now() - self.started;
        match heard {
            Heard::Connected => {
                self.connect = whole;
                None
            }
            Heard::Reply(reply) => {
                let timing = Timing { connect: self.connect, first_byte: reply.first_byte - self.started, whole };
                visit.close(cx);
                Some(FetchEnd::Answered { reply, timing })
            }
            Heard::Failed(NoReply::Untrusted(names)) => {
                let timing = Timing { connect: self.connect, first_byte: whole, whole };
                Some(FetchEnd::Untrusted { text: untrusted(&names, &self.download.host), timing })
            }
            Heard::Failed(NoReply::Unresolved(unresolved)) => Some(FetchEnd::Unresolved(unresolved)),
            Heard::Failed(NoReply::Ended(ending)) => Some(FetchEnd::Failed(ending)),
            Heard::Failed(NoReply::Broken(violation)) => Some(FetchEnd::Broken(violation)),
        }
    }
}

fn open(download: &Download, to: Socket, cx: &mut Context<'_>) -> Visit {
    let Download { host, tls, timeout, bulk, flow, .. } = download.clone();
    let mut visit = Visit::open(&Host { name: host, to, tls, timeout, bulk, flow }, cx);
    visit.ask(&Head::get(&download.path, &download.host), &Content::Bytes(0));
    visit
}
