//! What a web server says: by path, by who asks, by what it was shown.

use crate::host::Socket;
use crate::protocol::http::Head;
use crate::stage::guard::{Admitted, Denied};
use hashbrown::HashMap;
use std::borrow::Cow;
use std::sync::Arc;

/// What answers the requests of a web server. It decides by the request alone: a server has no memory.
pub trait Site {
    /// The answer to a request, once all of it is there.
    fn answer(&self, request: &Asked<'_>) -> Answer;

    /// Whether some of what it has is large, so that TCP gets room for it.
    fn is_large(&self) -> bool;
}

/// A request, with what the server knows of who makes it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its head.
    pub head: &'a Head,
    /// How many bytes came with it.
    pub bytes: u64,
    /// From where, as the server sees it.
    pub peer: Socket,
    /// Whether the service that the server is a front of lets the client in, as its firewall stands now.
    pub admitted: Result<Admitted, Denied>,
}

impl Asked<'_> {
    /// The method: `GET`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.head.method().unwrap_or_default()
    }

    /// The path, without what is asked of it behind a question mark.
    #[must_use]
    pub fn path(&self) -> &str {
        let target = self.head.target().unwrap_or("/");
        target.split('?').next().unwrap_or(target)
    }

    /// The host that is asked for, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.head.get_field("Host").unwrap_or_default();
        host.split(':').next().unwrap_or(host)
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Header fields beside the length.
    pub fields: Vec<(&'static str, String)>,
    /// What comes with it.
    pub content: Content,
}

/// What comes with a request or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Something to read.
    Text(Cow<'static, str>),
    /// So many bytes that nobody reads.
    Bytes(u64),
}

impl Content {
    /// How long it is, in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Bytes(bytes) => *bytes,
        }
    }
}

impl Answer {
    /// An answer with a text, or with nothing where it is empty.
    #[must_use]
    pub fn text(status: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, fields: Vec::new(), content: Content::Text(text.into()) }
    }

    /// 200 with so many bytes.
    #[must_use]
    pub const fn bytes(bytes: u64) -> Self {
        Self { status: 200, fields: Vec::new(), content: Content::Bytes(bytes) }
    }

    /// The same with one more header field.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Its head, ready to be sent, and how the write is called.
    pub(super) fn head(&self) -> (Vec<u8>, String) {
        let reason = reason(self.status);
        let head = Head::response(self.status, reason).field("Server", "vnetsim");
        let head = self.fields.iter().fold(head, |head, (name, value)| head.field(name, value));
        (head.encode(self.content.length()), format!("HTTP {} {reason}", self.status))
    }
}

/// The words of a status (RFC 9110 15).
#[must_use]
pub const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

/// What a plain server has: sizes in bytes by path, and one for every other path. It gives them to everybody.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// By path.
    pub sizes: HashMap<Arc<str>, u64, foldhash::fast::FixedState>,
    /// Of what is not listed.
    pub other: u64,
}

impl Site for Files {
    fn answer(&self, request: &Asked<'_>) -> Answer {
        let path = request.head.target().unwrap_or("/");
        Answer::bytes(self.sizes.get(path).copied().unwrap_or(self.other))
    }

    fn is_large(&self) -> bool {
        let small = crate::host::SMALL_BUFFER as u64;
        self.other > small || self.sizes.values().any(|size| *size > small)
    }
}
