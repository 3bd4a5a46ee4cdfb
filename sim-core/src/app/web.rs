//! A web server, over TLS or in the clear: what it says is up to its site.

use super::carrier::Carrier;
use super::site::{Asked, Content, Files, Site};
use crate::host::{BULK_BUFFER, ConnId, Context, Door, Input, Program, SMALL_BUFFER, Socket};
use crate::protocol::Violation;
use crate::protocol::http::{Event as HttpEvent, Head, Parser};
use crate::protocol::tls::{self, Certificate, Stack, Version};
use hashbrown::HashMap;
use rand::RngExt;
use std::sync::Arc;

/// Who a web server shows itself to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nobody: it speaks in the clear.
    Clear,
    /// The holder of a certificate for these names, which may begin with `*.`.
    Named(Arc<[Arc<str>]>),
    /// Whoever it is asked for, and this one where no name is asked for.
    AnyName(Arc<str>),
}

/// A web server on one port.
pub struct Web {
    port: u16,
    identity: Identity,
    site: Arc<dyn Site>,
    open: HashMap<ConnId, Visitor, foldhash::fast::FixedState>,
}

struct Visitor {
    door: Door,
    peer: Socket,
    carrier: Carrier<tls::Server>,
    http: Parser,
    /// The request that is coming in, with how many bytes of its content are there.
    asking: Option<(Head, u64)>,
}

impl Web {
    /// A server on `port` that has `files`, over TLS with this name in its certificate, or in the clear.
    #[must_use]
    pub fn new(port: u16, certificate: Option<Arc<str>>, files: Arc<Files>) -> Self {
        let identity = certificate.map_or(Identity::Clear, |name| Identity::Named([name].into()));
        Self::of(port, identity, files)
    }

    /// A server on `port` that is this one and answers as `site` does.
    #[must_use]
    pub fn of(port: u16, identity: Identity, site: Arc<dyn Site>) -> Self {
        Self { port, identity, site, open: HashMap::default() }
    }

    fn visitor(&self, door: Door, peer: Socket, cx: &mut Context<'_>) -> Visitor {
        let mut tls = |certificate| tls::Server::new(cx.rng().random(), Stack::OpenSsl, Version::Tls13, certificate);
        let tls = match &self.identity {
            Identity::Clear => None,
            Identity::Named(names) => Some(tls(Certificate::of(names))),
            Identity::AnyName(name) => Some(tls(Certificate::new(name)).under_any_name()),
        };
        Visitor { door, peer, carrier: Carrier::new(tls), http: Parser::requests(), asking: None }
    }
}

impl Visitor {
    fn take(&mut self, data: &[u8], site: &dyn Site, cx: &Context<'_>) -> Result<(), Violation> {
        self.carrier.receive(data, &mut self.http)?;
        while let Some(event) = self.http.next_event() {
            match event {
                HttpEvent::Head(head) => self.asking = Some((head, 0)),
                HttpEvent::Body(piece) => {
                    self.asking.iter_mut().for_each(|(_, bytes)| *bytes += piece.len() as u64);
                }
                HttpEvent::End => {
                    let Some((head, bytes)) = self.asking.take() else { continue };
                    let admitted = cx.admits(self.door, self.peer.0);
                    let answer = site.answer(&Asked { head: &head, bytes, peer: self.peer, admitted });
                    let (mut said, label) = answer.head();
                    let filler = match answer.content {
                        Content::Text(text) => {
                            said.extend_from_slice(text.as_bytes());
                            0
                        }
                        Content::Bytes(bytes) => bytes,
                    };
                    self.carrier.say(said, label, filler);
                }
            }
        }
        Ok(())
    }
}

impl Program for Web {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(self.port, if self.site.is_large() { BULK_BUFFER } else { SMALL_BUFFER }),
            Input::Accepted { conn, door, peer, .. } => {
                let visitor = self.visitor(door, peer, cx);
                self.open.insert(conn, visitor);
            }
            Input::Data(conn, data) => {
                let Some(visitor) = self.open.get_mut(&conn) else { return };
                if visitor.take(&data, &*self.site, cx).is_err() {
                    cx.abort(conn);
                }
                visitor.carrier.flush(conn, cx);
            }
            Input::Drained(conn) => {
                if let Some(visitor) = self.open.get_mut(&conn) {
                    visitor.carrier.flush(conn, cx);
                }
            }
            Input::PeerClosed(conn) => cx.close(conn),
            Input::Closed(conn, _) => {
                self.open.remove(&conn);
            }
            _ => {}
        }
    }

    fn fresh(&self) -> Option<Box<dyn Program>> {
        Some(Box::new(Self::of(self.port, self.identity.clone(), self.site.clone())))
    }
}
