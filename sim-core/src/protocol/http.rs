//! HTTP/1.1: heads, and a parser that takes a stream in any pieces. Bodies have a length (RFC 9112 6.2); transfer
//! codings are refused, and a message without a length has no body.
//!
//! ```
//! use sim_core::protocol::http::{Event, Head, Parser};
//! let request = Head::get("/index.html", "example.org").encode(0);
//! let mut server = Parser::requests();
//! server.receive(&request).expect("well formed");
//! let Some(Event::Head(head)) = server.next_event() else { panic!("a head comes first") };
//! assert_eq!(head.target(), Some("/index.html"));
//! assert_eq!(server.next_event(), Some(Event::End));
//! ```

use super::{BACKLOG, Violation};
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::fmt::Write as _;

/// The longest head accepted, bytes.
pub const MAX_HEAD: usize = 32 * 1024;
/// The most header fields accepted in one message.
pub const MAX_FIELDS: usize = 100;

/// The head of a request or response, without what says the length of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    start: String,
    fields: Vec<(String, String)>,
}

impl Head {
    /// A request: `POST`, `/wsman`.
    #[must_use]
    pub fn request(method: &str, target: &str) -> Self {
        Self { start: format!("{method} {target} HTTP/1.1"), fields: Vec::new() }
    }

    /// The request of a download as a Go program makes it.
    #[must_use]
    pub fn get(target: &str, host: &str) -> Self {
        Self::request("GET", target)
            .field("Host", host)
            .field("User-Agent", "Go-http-client/1.1")
            .field("Accept-Encoding", "gzip")
    }

    /// A response: 200, `OK`.
    #[must_use]
    pub fn response(status: u16, reason: &str) -> Self {
        Self { start: format!("HTTP/1.1 {status} {reason}"), fields: Vec::new() }
    }

    /// Adds a header field. `Content-Length` without a value marks where the length is to stand; else it stands last.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The bytes of the head for a body of `length` bytes, up to and with the empty line. A GET without a body gives no
    /// length.
    #[must_use]
    pub fn encode(&self, length: u64) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        let placed = self.fields.iter().any(|(name, _)| is_length(name));
        for (name, value) in &self.fields {
            // Writing to a string does not fail.
            let _ = if is_length(name) {
                write!(text, "{name}: {length}\r\n")
            } else {
                write!(text, "{name}: {value}\r\n")
            };
        }
        if !placed && (length > 0 || !self.start.starts_with("GET ")) {
            let _ = write!(text, "Content-Length: {length}\r\n");
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    /// The method of a request.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        if self.status().is_some() { None } else { self.start.split(' ').next() }
    }

    /// What a request asks for.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        if self.status().is_some() { None } else { self.start.split(' ').nth(1) }
    }

    /// The status of a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
    }

    /// The first header field of this name, which is compared without regard to case.
    #[must_use]
    pub fn get_field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn parse(text: &str, response: bool) -> Result<Self, Violation> {
        let malformed = Violation::Malformed("HTTP head");
        let mut lines = text.split("\r\n");
        let head = Self { start: lines.next().ok_or(malformed)?.to_owned(), fields: Vec::new() };
        let mut words = head.start.split(' ');
        let version = if response { words.next() } else { words.nth(2) };
        if version != Some("HTTP/1.1") || response != head.status().is_some() {
            return Err(malformed);
        }
        lines.try_fold(head, |head, line| {
            if head.fields.len() == MAX_FIELDS {
                return Err(Violation::TooMany { what: "HTTP header fields", limit: MAX_FIELDS });
            }
            let (name, value) = line.split_once(':').filter(|(name, _)| !name.is_empty()).ok_or(malformed)?;
            Ok(head.field(name, value.trim()))
        })
    }

    fn body_length(&self) -> Result<u64, Violation> {
        if self.get_field("Transfer-Encoding").is_some() {
            return Err(Violation::Unexpected("HTTP transfer coding"));
        }
        let length = self.get_field("Content-Length").map_or(Ok(0), str::parse);
        length.map_err(|_| Violation::Malformed("HTTP Content-Length"))
    }
}

/// What a [`Parser`] finds, message after message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message begins.
    Head(Head),
    /// More of its body, in the pieces it came in.
    Body(Bytes),
    /// It is complete.
    End,
}

/// Reads the messages of one direction.
#[derive(Debug)]
pub struct Parser {
    responses: bool,
    head: BytesMut,
    /// Bytes of the body still to come; `None` between messages.
    body: Option<u64>,
    events: VecDeque<Event>,
    failed: Option<Violation>,
}

impl Parser {
    /// A parser of requests.
    #[must_use]
    pub fn requests() -> Self {
        Self { responses: false, head: BytesMut::new(), body: None, events: VecDeque::new(), failed: None }
    }

    /// A parser of responses.
    #[must_use]
    pub fn responses() -> Self {
        Self { responses: true, ..Self::requests() }
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// When they are no HTTP, or more than the limits allow; the same error for ever after.
    pub fn receive(&mut self, data: &[u8]) -> Result<(), Violation> {
        self.failed.map_or(Ok(()), Err)?;
        let result = self.process(data);
        self.failed = result.err();
        result
    }

    /// What was found since the last call, oldest first.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// To be asked at the end of the stream.
    ///
    /// # Errors
    /// [`Violation::Truncated`] when it ended inside a message.
    pub fn end(&self) -> Result<(), Violation> {
        let complete = self.head.is_empty() && self.body.is_none();
        self.failed.map_or(if complete { Ok(()) } else { Err(Violation::Truncated) }, Err)
    }

    fn process(&mut self, mut data: &[u8]) -> Result<(), Violation> {
        while !data.is_empty() {
            if self.events.len() > BACKLOG {
                return Err(Violation::Backlog);
            }
            let Some(left) = self.body else {
                data = self.take_head(data)?;
                continue;
            };
            let (piece, rest) = data.split_at(left.min(data.len() as u64) as usize);
            data = rest;
            self.events.push_back(Event::Body(Bytes::copy_from_slice(piece)));
            self.expect_body(left - piece.len() as u64);
        }
        Ok(())
    }

    /// Takes bytes up to the end of a head; what is left.
    fn take_head<'a>(&mut self, data: &'a [u8]) -> Result<&'a [u8], Violation> {
        let seen = self.head.len();
        let room = data.len().min(MAX_HEAD - seen);
        self.head.extend_from_slice(&data[..room]);
        let search = seen.saturating_sub(3);
        let Some(end) = self.head[search..].windows(4).position(|window| window == b"\r\n\r\n") else {
            let too_long = Violation::TooLong { what: "HTTP head", limit: MAX_HEAD };
            return if self.head.len() < MAX_HEAD { Ok(&[]) } else { Err(too_long) };
        };
        let end = search + end;
        let text = str::from_utf8(&self.head[..end]).map_err(|_| Violation::Malformed("HTTP head"))?;
        let head = Head::parse(text, self.responses)?;
        let length = head.body_length()?;
        self.head.clear();
        self.events.push_back(Event::Head(head));
        self.expect_body(length);
        Ok(&data[end + 4 - seen..])
    }

    fn expect_body(&mut self, length: u64) {
        self.body = (length > 0).then_some(length);
        if length == 0 {
            self.events.push_back(Event::End);
        }
    }
}

fn is_length(name: &str) -> bool {
    name.eq_ignore_ascii_case("Content-Length")
}
