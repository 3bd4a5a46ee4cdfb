//! A web server: answers GET with so many bytes, over TLS or in the clear.

use super::flush;
use crate::host::{BULK_BUFFER, ConnId, Context, Input, Program, SMALL_BUFFER};
use crate::protocol::http::{Event as HttpEvent, Head, Parser};
use crate::protocol::tls::{self, Certificate, Stack, Version};
use crate::protocol::{Session, Violation, Write};
use bytes::Bytes;
use hashbrown::HashMap;
use rand::RngExt;
use std::sync::Arc;

/// What a server has: sizes in bytes by path, and one for every other path.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// By path.
    pub sizes: HashMap<Arc<str>, u64, foldhash::fast::FixedState>,
    /// Of what is not listed.
    pub other: u64,
}

impl Files {
    fn size(&self, path: &str) -> u64 {
        self.sizes.get(path).copied().unwrap_or(self.other)
    }
}

/// A web server on one port.
pub struct Web {
    port: u16,
    /// The name in its certificate; in the clear without one.
    certificate: Option<Arc<str>>,
    files: Arc<Files>,
    open: HashMap<ConnId, Visitor, foldhash::fast::FixedState>,
}

struct Visitor {
    tls: Option<tls::Server>,
    http: Parser,
    clear: Clear,
}

/// What is still to be sent in the clear.
#[derive(Default)]
struct Clear {
    head: Option<Bytes>,
    filler: u64,
}

const ZEROS: &[u8] = &[0; 16 << 10];

impl Session for Clear {
    fn receive(&mut self, _: &[u8]) -> Result<(), Violation> {
        Ok(())
    }

    fn next_write(&mut self) -> Option<Write> {
        if let Some(bytes) = self.head.take() {
            return Some(Write { bytes, label: "HTTP 200 OK".into() });
        }
        let length = self.filler.min(ZEROS.len() as u64);
        self.filler -= length;
        let bytes = Bytes::from_static(&ZEROS[..length as usize]);
        (length > 0).then(|| Write { bytes, label: "HTTP content".into() })
    }

    fn end(&self) -> Result<(), Violation> {
        Ok(())
    }
}

impl Web {
    /// A server on `port` that has `files`, over TLS with this name in its certificate, or in the clear.
    #[must_use]
    pub fn new(port: u16, certificate: Option<Arc<str>>, files: Arc<Files>) -> Self {
        Self { port, certificate, files, open: HashMap::default() }
    }

    fn visitor(&self, cx: &mut Context<'_>) -> Visitor {
        let tls = self
            .certificate
            .as_ref()
            .map(|name| tls::Server::new(cx.rng().random(), Stack::OpenSsl, Version::Tls13, Certificate::new(name)));
        Visitor { tls, http: Parser::requests(), clear: Clear::default() }
    }
}

impl Visitor {
    fn take(&mut self, data: &[u8], files: &Files) -> Result<(), Violation> {
        match &mut self.tls {
            None => self.http.receive(data)?,
            Some(tls) => {
                tls.receive(data)?;
                while let Some(event) = tls.next_event() {
                    if let tls::Event::Data(plain) = event {
                        self.http.receive(&plain)?;
                    }
                }
            }
        }
        while let Some(event) = self.http.next_event() {
            let HttpEvent::Head(head) = event else { continue };
            let size = files.size(head.target().unwrap_or("/"));
            let answer = Head::response(200, "OK").field("Server", "vnetsim").encode(size);
            match &mut self.tls {
                Some(tls) => {
                    tls.send(answer, "HTTP 200 OK");
                    tls.send_filler(size, "HTTP content");
                }
                None => self.clear = Clear { head: Some(answer.into()), filler: size },
            }
        }
        Ok(())
    }

    fn flush(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        match &mut self.tls {
            Some(tls) => flush(tls, conn, cx),
            None => flush(&mut self.clear, conn, cx),
        }
    }
}

impl Program for Web {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => {
                let large = self.files.other > SMALL_BUFFER as u64
                    || self.files.sizes.values().any(|size| *size > SMALL_BUFFER as u64);
                cx.listen(self.port, if large { BULK_BUFFER } else { SMALL_BUFFER });
            }
            Input::Accepted { conn, .. } => {
                let visitor = self.visitor(cx);
                self.open.insert(conn, visitor);
            }
            Input::Data(conn, data) => {
                let Some(visitor) = self.open.get_mut(&conn) else { return };
                if visitor.take(&data, &self.files).is_err() {
                    cx.abort(conn);
                }
                visitor.flush(conn, cx);
            }
            Input::Drained(conn) => {
                if let Some(visitor) = self.open.get_mut(&conn) {
                    visitor.flush(conn, cx);
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
        Some(Box::new(Self::new(self.port, self.certificate.clone(), self.files.clone())))
    }
}
