//! What HTTP goes over: TLS, or nothing.

use super::flush;
use crate::host::{ConnId, Context};
use crate::protocol::http::Parser;
use crate::protocol::tls;
use crate::protocol::{Session, Violation, Write};
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::VecDeque;

/// One end of a connection that carries HTTP.
pub(super) enum Carrier<T> {
    Clear(Clear),
    Tls(Box<T>),
}

/// Either end of TLS.
pub(super) trait Secure: Session {
    fn say(&mut self, bytes: Vec<u8>, label: Cow<'static, str>);
    fn fill(&mut self, bytes: u64, label: Cow<'static, str>);
    fn event(&mut self) -> Option<tls::Event>;
}

impl<S> Secure for tls::Connection<S>
where
    Self: Session,
{
    fn say(&mut self, bytes: Vec<u8>, label: Cow<'static, str>) {
        self.send(bytes, label);
    }

    fn fill(&mut self, bytes: u64, label: Cow<'static, str>) {
        self.send_filler(bytes, label);
    }

    fn event(&mut self) -> Option<tls::Event> {
        self.next_event()
    }
}

impl<T: Secure> Carrier<T> {
    /// Over TLS, or in the clear without.
    pub fn new(tls: Option<T>) -> Self {
        tls.map_or_else(|| Self::Clear(Clear::default()), |tls| Self::Tls(Box::new(tls)))
    }

    /// Says `bytes`, and then so many more of which nobody reads the content.
    pub fn say(&mut self, bytes: Vec<u8>, label: impl Into<Cow<'static, str>>, filler: u64) {
        match self {
            Self::Clear(clear) => clear.0.push_back((bytes.into(), label.into(), filler)),
            Self::Tls(tls) => {
                tls.say(bytes, label.into());
                if filler > 0 {
                    tls.fill(filler, CONTENT.into());
                }
            }
        }
    }

    /// Takes bytes of the peer; gives the number of the alert where it, or this end, ended the handshake with one.
    pub fn receive(&mut self, data: &[u8], http: &mut Parser) -> Result<Option<u8>, Violation> {
        let Self::Tls(tls) = self else { return http.receive(data).map(|()| None) };
        tls.receive(data)?;
        while let Some(event) = tls.event() {
            match event {
                tls::Event::Data(plain) => http.receive(&plain)?,
                tls::Event::Refused(alert) => return Ok(Some(alert)),
                tls::Event::Established { .. } | tls::Event::Closed => {}
            }
        }
        Ok(None)
    }

    /// Hands what is said to the connection.
    pub fn flush(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        match self {
            Self::Clear(clear) => flush(clear, conn, cx),
            Self::Tls(tls) => flush(&mut **tls, conn, cx),
        }
    }
}

/// How content of which nobody reads a byte is called.
const CONTENT: &str = "HTTP content";

const ZEROS: &[u8] = &[0; 16 << 10];

/// What is still to be sent in the clear: bytes, and how many zeros after them.
#[derive(Default)]
pub(super) struct Clear(VecDeque<(Bytes, Cow<'static, str>, u64)>);

impl Session for Clear {
    fn receive(&mut self, _: &[u8]) -> Result<(), Violation> {
        Ok(())
    }

    fn next_write(&mut self) -> Option<Write> {
        let (bytes, label, filler) = self.0.front_mut()?;
        if !bytes.is_empty() {
            let write = Write { bytes: std::mem::take(bytes), label: std::mem::take(label) };
            return Some(write);
        }
        let length = (*filler).min(ZEROS.len() as u64);
        *filler -= length;
        if length == 0 {
            self.0.pop_front();
            return self.next_write();
        }
        Some(Write { bytes: Bytes::from_static(&ZEROS[..length as usize]), label: CONTENT.into() })
    }

    fn end(&self) -> Result<(), Violation> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::tls::{Certificate, Client, Offer, Server, Stack, Version};

    /// What one end writes now, by label, handed to the other.
    fn pass<T: Secure, U: Secure>(from: &mut Carrier<T>, to: &mut Carrier<U>, http: &mut Parser) -> Vec<String> {
        let mut labels = Vec::new();
        while let Some(write) = match from {
            Carrier::Clear(clear) => clear.next_write(),
            Carrier::Tls(tls) => tls.next_write(),
        } {
            labels.push(write.label.into_owned());
            assert_eq!(to.receive(&write.bytes, http), Ok(None));
        }
        labels
    }

    #[test]
    fn what_has_no_content_is_one_write() {
        // Catches: an empty record behind each request, or behind each answer with a text.
        for secure in [false, true] {
            let client = || Client::new(1, Offer::OpenSsl13, Some("a.example.org")).for_host("a.example.org");
            let server = || Server::new(2, Stack::OpenSsl, Version::Tls13, Certificate::new("*.example.org"));
            let (mut client, mut server) =
                (Carrier::new(secure.then(client)), Carrier::<Server>::new(secure.then(server)));
            let (mut asked, mut answered) = (Parser::requests(), Parser::responses());
            client.say(b"GET / HTTP/1.1\r\n\r\n".to_vec(), "GET /", 0);
            let mut said = Vec::new();
            for _ in 0..3 {
                said.extend(pass(&mut client, &mut server, &mut asked));
                said.extend(pass(&mut server, &mut client, &mut answered));
            }
            said.retain(|label| !label.starts_with("TLS"));
            assert_eq!(said, ["GET /"], "{secure}");
        }
    }
}
