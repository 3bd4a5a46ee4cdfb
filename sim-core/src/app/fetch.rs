//! A download over HTTP or HTTPS, as a part of a program or as a program of its own.

use super::flush;
use super::lookup::{Destination, Lookup, Unresolved};
use crate::host::{BULK_BUFFER, ConnId, Context, Dial, Ending, Input, SMALL_BUFFER, Socket};
use crate::id::FlowId;
use crate::protocol::http::{Event as HttpEvent, Head, Parser};
use crate::protocol::tls::{self, Offer};
use crate::protocol::{Session, Violation};
use crate::time::Nanos;
use rand::RngExt;
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
        /// With this status.
        status: u16,
        /// And so many bytes.
        bytes: u64,
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
    timing: Timing,
    tls: Option<tls::Client>,
    http: Parser,
    status: u16,
    bytes: u64,
}

enum Way {
    /// The name is looked up.
    Name(Box<Lookup>),
    Conn(ConnId),
}

impl Fetch {
    /// Opens the connection, once the name is known.
    pub fn start(download: Download, cx: &mut Context<'_>) -> Self {
        let way = match &download.to {
            Destination::At(at) => Way::Conn(connect(&download, *at, cx)),
            Destination::Named(name, _) => Way::Name(Box::new(Lookup::start(name, download.flow, cx))),
        };
        let tls = download.tls.then(|| tls::Client::new(cx.rng().random(), Offer::OpenSsl13, Some(&download.host)));
        Self {
            download,
            way,
            started: cx.now(),
            timing: Timing::default(),
            tls,
            http: Parser::responses(),
            status: 0,
            bytes: 0,
        }
    }

    /// Whether an input is about this download's connection.
    #[must_use]
    pub fn concerns(&self, input: &Input) -> bool {
        let own = match &self.way {
            Way::Name(lookup) => return lookup.concerns(input),
            Way::Conn(conn) => conn,
        };
        match input {
            Input::Connected(conn)
            | Input::Data(conn, _)
            | Input::Drained(conn)
            | Input::PeerClosed(conn)
            | Input::Closed(conn, _) => conn == own,
            _ => false,
        }
    }

    /// Gives it up.
    pub fn abandon(&self, cx: &mut Context<'_>) {
        if let Way::Conn(conn) = self.way {
            cx.abort(conn);
        }
    }

    /// What is downloaded.
    #[must_use]
    pub fn download(&self) -> &Download {
        &self.download
    }

    /// Goes on; gives the end when it is there.
    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) -> Option<FetchEnd> {
        if let Way::Name(lookup) = &mut self.way {
            let end = lookup.concerns(&input).then(|| lookup.handle(input, cx)).flatten()?;
            return match end.map(|resolved| resolved.addresses().first().copied()) {
                Ok(address) => {
                    let at = (address?, self.download.to.port());
                    self.started = cx.now();
                    self.way = Way::Conn(connect(&self.download, at, cx));
                    None
                }
                Err(unresolved) => Some(FetchEnd::Unresolved(unresolved)),
            };
        }
        let Way::Conn(conn) = self.way else { return None };
        match input {
            Input::Connected(_) => {
                self.timing.connect = cx.now() - self.started;
                let request = Head::get(&self.download.path, &self.download.host).encode(0);
                let label = format!("GET {}", self.download.path);
                match &mut self.tls {
                    Some(tls) => {
                        tls.send(request, label);
                        flush(tls, conn, cx);
                    }
                    None => cx.write(conn, request.into(), label),
                }
                None
            }
            Input::Data(_, data) => match self.take(conn, &data, cx) {
                Ok(end) => end,
                Err(violation) => {
                    cx.abort(conn);
                    Some(FetchEnd::Broken(violation))
                }
            },
            Input::PeerClosed(_) => {
                cx.close(conn);
                Some(FetchEnd::Failed(Ending::Closed))
            }
            Input::Closed(_, ending) => Some(FetchEnd::Failed(ending)),
            _ => None,
        }
    }

    fn take(&mut self, conn: ConnId, data: &[u8], cx: &mut Context<'_>) -> Result<Option<FetchEnd>, Violation> {
        match &mut self.tls {
            None => self.http.receive(data)?,
            Some(tls) => {
                tls.receive(data)?;
                while let Some(event) = tls.next_event() {
                    if let tls::Event::Data(plain) = event {
                        self.http.receive(&plain)?;
                    }
                }
                flush(tls, conn, cx);
            }
        }
        while let Some(event) = self.http.next_event() {
            match event {
                HttpEvent::Head(head) => {
                    self.timing.first_byte = cx.now() - self.started;
                    self.status = head.status().unwrap_or(0);
                }
                HttpEvent::Body(bytes) => self.bytes += bytes.len() as u64,
                HttpEvent::End => {
                    self.timing.whole = cx.now() - self.started;
                    cx.close(conn);
                    let (status, bytes, timing) = (self.status, self.bytes, self.timing);
                    return Ok(Some(FetchEnd::Answered { status, bytes, timing }));
                }
            }
        }
        Ok(None)
    }
}

fn connect(download: &Download, at: Socket, cx: &mut Context<'_>) -> ConnId {
    let buffer = if download.bulk { BULK_BUFFER } else { SMALL_BUFFER };
    cx.connect(Dial { timeout: download.timeout, buffer, flow: download.flow, ..Dial::to(at) })
}
