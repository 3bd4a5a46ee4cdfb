//! A connection to a web server, for one request after another.

use super::carrier::Carrier;
use super::lookup::Unresolved;
use super::site::Content;
use crate::host::{BULK_BUFFER, ConnId, Context, Dial, Ending, Input, SMALL_BUFFER, Socket};
use crate::id::FlowId;
use crate::net::Addr;
use crate::protocol::Violation;
use crate::protocol::http::{Event as HttpEvent, Head, Parser};
use crate::protocol::tls::{self, Offer};
use crate::time::Nanos;
use rand::RngExt;
use std::sync::Arc;

/// How much of an answer's text is kept, bytes.
pub const MOST_KEPT: usize = 8 << 10;

/// Whom to visit, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name that it is asked for.
    pub name: Arc<str>,
    /// Where that name leads.
    pub to: Socket,
    /// Over TLS.
    pub tls: bool,
    /// How long an attempt to connect may take.
    pub timeout: Nanos,
    /// Whether what comes or goes is large, so that TCP gets room for it.
    pub bulk: bool,
    /// The simulated flow it belongs to.
    pub flow: Option<FlowId>,
}

/// An answer, as the client has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its head.
    pub head: Head,
    /// The first of what came with it, up to [`MOST_KEPT`].
    pub text: Vec<u8>,
    /// How much came with it, bytes.
    pub bytes: u64,
    /// When its first byte came.
    pub first_byte: Nanos,
}

impl Reply {
    /// What came with it, as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }
}

/// What a visitor has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The connection is open.
    Connected,
    /// An answer is complete.
    Reply(Box<Reply>),
    /// It went wrong, and the connection is over.
    Failed(NoReply),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoReply {
    /// The name leads nowhere.
    Unresolved(Unresolved),
    /// The connection failed, or broke off.
    Ended(Ending),
    /// The server's certificate is for these names and not for the one asked for.
    Untrusted(Vec<String>),
    /// What came was not what the protocol allows.
    Broken(Violation),
}

impl NoReply {
    /// What a Go program prints of it, for a host and where its name leads.
    #[must_use]
    pub fn in_go(&self, host: &str, to: Option<Socket>) -> String {
        match self {
            Self::Unresolved(unresolved) => unresolved.go(),
            Self::Ended(ending) => {
                to.map_or_else(|| format!("dial tcp {host}: {ending:?}"), |to| super::go_dial_error(to, *ending))
            }
            Self::Untrusted(names) => untrusted(names, host),
            Self::Broken(violation) => violation.to_string(),
        }
    }
}

/// What Go's library says of a certificate for other names than the one asked for (Azure/acr issues 360, 425).
#[must_use]
pub fn untrusted(names: &[String], host: &str) -> String {
    format!("x509: certificate is valid for {}, not {host}", names.join(", "))
}

/// A connection to a web server.
pub struct Visit {
    conn: ConnId,
    carrier: Carrier<tls::Client>,
    http: Parser,
    coming: Option<Reply>,
    over: bool,
}

impl Visit {
    /// Opens the connection. A server that is known by a name has to show a certificate for it.
    pub fn open(host: &Host, cx: &mut Context<'_>) -> Self {
        let buffer = if host.bulk { BULK_BUFFER } else { SMALL_BUFFER };
        let dial = Dial { timeout: host.timeout, buffer, flow: host.flow, ..Dial::to(host.to) };
        let conn = cx.connect(dial);
        let named = host.name.parse::<Addr>().is_err();
        let tls = host.tls.then(|| {
            let client = tls::Client::new(cx.rng().random(), Offer::OpenSsl13, Some(&host.name));
            if named { client.for_host(&host.name) } else { client }
        });
        Self { conn, carrier: Carrier::new(tls), http: Parser::responses(), coming: None, over: false }
    }

    /// Whether an input is about this connection.
    #[must_use]
    pub fn concerns(&self, input: &Input) -> bool {
        match input {
            Input::Connected(conn)
            | Input::Data(conn, _)
            | Input::Drained(conn)
            | Input::PeerClosed(conn)
            | Input::Closed(conn, _) => *conn == self.conn,
            _ => false,
        }
    }

    /// Whether nothing can be asked on it any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Asks something; before the connection is open it waits.
    pub fn ask(&mut self, head: &Head, content: &Content) {
        let label = format!("{} {}", head.method().unwrap_or_default(), head.target().unwrap_or_default());
        let mut request = head.encode(content.length());
        let filler = match content {
            Content::Text(text) => {
                request.extend_from_slice(text.as_bytes());
                0
            }
            Content::Bytes(bytes) => *bytes,
        };
        self.carrier.say(request, label, filler);
    }

    /// Hands what was asked to the open connection.
    pub fn flush(&mut self, cx: &mut Context<'_>) {
        self.carrier.flush(self.conn, cx);
    }

    /// Ends it, once all is said.
    pub fn close(&mut self, cx: &mut Context<'_>) {
        self.over = true;
        cx.close(self.conn);
    }

    /// Gives it up.
    pub fn abandon(&self, cx: &mut Context<'_>) {
        cx.abort(self.conn);
    }

    /// Goes on.
    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) -> Option<Heard> {
        let failure = match input {
            Input::Connected(_) => {
                self.flush(cx);
                return Some(Heard::Connected);
            }
            Input::Drained(_) => {
                self.flush(cx);
                return None;
            }
            Input::Data(_, data) => match self.take(&data, cx) {
                Ok(reply) => return reply.map(|reply| Heard::Reply(Box::new(reply))),
                Err(failure) => {
                    self.flush(cx);
                    if matches!(failure, NoReply::Untrusted(_)) {
                        cx.close(self.conn)
                    } else {
                        cx.abort(self.conn)
                    }
                    failure
                }
            },
            Input::PeerClosed(_) => {
                cx.close(self.conn);
                NoReply::Ended(Ending::Closed)
            }
            Input::Closed(_, ending) => NoReply::Ended(ending),
            _ => return None,
        };
        // What is told of a connection that has ended is no news.
        (!std::mem::replace(&mut self.over, true)).then_some(Heard::Failed(failure))
    }

    fn take(&mut self, data: &[u8], cx: &mut Context<'_>) -> Result<Option<Reply>, NoReply> {
        let alert = self.carrier.receive(data, &mut self.http).map_err(NoReply::Broken)?;
        if alert.is_some() {
            return Err(self.distrust());
        }
        self.flush(cx);
        while let Some(event) = self.http.next_event() {
            match event {
                HttpEvent::Head(head) => {
                    let status = head.status().unwrap_or(0);
                    self.coming = Some(Reply { status, head, text: Vec::new(), bytes: 0, first_byte: cx.now() });
                }
                HttpEvent::Body(piece) => {
                    let Some(coming) = &mut self.coming else { continue };
                    coming.bytes += piece.len() as u64;
                    let room = MOST_KEPT.saturating_sub(coming.text.len()).min(piece.len());
                    coming.text.extend_from_slice(&piece[..room]);
                }
                HttpEvent::End => return Ok(self.coming.take()),
            }
        }
        Ok(None)
    }

    /// The handshake ended with an alert: the server's certificate is somebody else's, or the two have no version in common.
    fn distrust(&self) -> NoReply {
        match &self.carrier {
            Carrier::Tls(tls) if !tls.names().is_empty() => NoReply::Untrusted(tls.names().to_vec()),
            _ => NoReply::Broken(Violation::NothingInCommon("TLS version")),
        }
    }
}
