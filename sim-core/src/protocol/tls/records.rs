//! The record layer: content in records, and the switch from clear to sealed at ChangeCipherSpec.

use super::super::cursor::{Reader, Writer};
use super::super::seal::{Seal, TAG, Transcript, generator, random};
use super::super::{BACKLOG, Side, Violation, Write};
use super::{CLOSE_NOTIFY, Stack, Version, kind as message};
use bytes::{Buf, Bytes, BytesMut};
use rand_pcg::Pcg64;
use std::borrow::Cow;
use std::collections::VecDeque;

/// The most content in one record, bytes.
const MAX_CONTENT: usize = 16_384;
/// How much longer a sealed record may be (RFC 8446 5.2; the same limit serves 1.2).
const MAX_EXPANSION: usize = 256;
/// The longest handshake message either end accepts, bytes.
const MAX_HANDSHAKE: usize = 16_384;
/// Header of a record.
const HEADER: usize = 5;
/// The part of the nonce that 1.2 sends with each record.
const EXPLICIT_NONCE: usize = 8;
/// Go's guess of what one TCP segment carries: it makes its first records of a connection fit (Go 1.19 crypto/tls).
const GO_SEGMENT: usize = 1208;

/// Content types.
mod content {
    pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(super) const ALERT: u8 = 21;
    pub(super) const HANDSHAKE: u8 = 22;
    pub(super) const DATA: u8 = 23;
}

/// One end of the record stream.
#[derive(Debug)]
pub(super) struct Records {
    side: Side,
    stack: Stack,
    /// What seals look like; to be set as soon as it is known.
    pub(super) version: Version,
    random: Pcg64,
    transcript: Transcript,
    inbox: BytesMut,
    handshake: BytesMut,
    sending: Option<Seal>,
    receiving: Option<Seal>,
    nonce: u64,
    writes: VecDeque<Write>,
    outbox: VecDeque<Outgoing>,
    /// Whether application data may go out.
    pub(super) established: bool,
    data_records: usize,
    failed: Option<Violation>,
}

/// What the peer sent.
#[derive(Debug)]
pub enum Incoming {
    ChangeCipherSpec,
    Alert(u8),
    Handshake { kind: u8, body: Bytes },
    Data(Bytes),
}

/// What the application wants sent.
#[derive(Debug)]
enum Outgoing {
    Data(Bytes, Cow<'static, str>),
    /// So many zeros.
    Filler(u64, Cow<'static, str>),
    Close,
}

/// One write in the making: a flight of records.
#[derive(Default)]
pub(super) struct Flight(Vec<u8>);

impl Records {
    pub(super) fn new(side: Side, stack: Stack, seed: u64) -> Self {
        Self {
            side,
            stack,
            version: Version::Tls12,
            random: generator(seed),
            transcript: Transcript::new(),
            inbox: BytesMut::new(),
            handshake: BytesMut::new(),
            sending: None,
            receiving: None,
            nonce: 0,
            writes: VecDeque::new(),
            outbox: VecDeque::new(),
            established: false,
            data_records: 0,
            failed: None,
        }
    }

    /// Takes bytes of the peer, to be read with [`Records::next`].
    pub(super) fn feed(&mut self, data: &[u8]) -> Result<(), Violation> {
        self.failed.map_or(Ok(()), Err)?;
        self.inbox.extend_from_slice(data);
        Ok(())
    }

    /// The next whole message of the peer, if it is there.
    pub(super) fn next(&mut self) -> Result<Option<Incoming>, Violation> {
        if self.writes.len() > BACKLOG {
            return Err(Violation::Backlog);
        }
        loop {
            if let Some(message) = self.take_handshake()? {
                return Ok(Some(message));
            }
            let Some((kind, body)) = self.take_record()? else { return Ok(None) };
            if kind != content::HANDSHAKE && !self.handshake.is_empty() {
                return Err(Violation::Unexpected("TLS record inside a handshake message"));
            }
            match (kind, &body[..]) {
                (content::CHANGE_CIPHER_SPEC, [1]) if self.receiving.is_none() => {
                    self.receiving = Some(self.transcript.seal(self.side.peer()));
                    return Ok(Some(Incoming::ChangeCipherSpec));
                }
                (content::ALERT, &[1 | 2, code]) => return Ok(Some(Incoming::Alert(code))),
                (content::HANDSHAKE, [_, ..]) => self.handshake.extend_from_slice(&body),
                (content::DATA, _) if self.receiving.is_some() => return Ok(Some(Incoming::Data(body))),
                _ => return Err(Violation::Malformed("TLS record")),
            }
        }
    }

    /// Ends the session for good: nothing more is said or heard.
    pub(super) fn fail(&mut self, violation: Violation) -> Violation {
        self.failed = Some(violation);
        self.inbox.clear();
        self.writes.clear();
        self.outbox.clear();
        violation
    }

    pub(super) fn end(&self) -> Result<(), Violation> {
        match self.failed {
            Some(violation) => Err(violation),
            None if self.inbox.is_empty() && self.handshake.is_empty() => Ok(()),
            None => Err(Violation::Truncated),
        }
    }

    pub(super) fn next_write(&mut self) -> Option<Write> {
        self.writes.pop_front().or_else(|| self.data_write())
    }

    pub(super) fn send(&mut self, data: Bytes, label: Cow<'static, str>) {
        self.outbox.push_back(Outgoing::Data(data, label));
    }

    pub(super) fn send_filler(&mut self, bytes: u64, label: Cow<'static, str>) {
        self.outbox.push_back(Outgoing::Filler(bytes, label));
    }

    pub(super) fn has_unsent(&self) -> bool {
        !self.outbox.is_empty()
    }

    pub(super) fn close(&mut self) {
        self.outbox.push_back(Outgoing::Close);
    }

    /// Bytes that stand for a key, a signature or a public value.
    pub(super) fn random<const N: usize>(&mut self) -> [u8; N] {
        random(&mut self.random)
    }

    /// Adds a handshake message, in a record of its own.
    pub(super) fn handshake(&mut self, flight: &mut Flight, kind: u8, body: &[u8]) {
        let mut message = Writer::default();
        message.u8(kind).block(3, body);
        self.record(&mut flight.0, content::HANDSHAKE, &message.0);
    }

    /// Adds ChangeCipherSpec; what follows is sealed.
    pub(super) fn change_cipher_spec(&mut self, flight: &mut Flight) {
        self.record(&mut flight.0, content::CHANGE_CIPHER_SPEC, &[1]);
        self.sending = Some(self.transcript.seal(self.side));
    }

    /// Adds an alert that ends the connection.
    pub(super) fn fatal(&mut self, flight: &mut Flight, code: u8) {
        self.record(&mut flight.0, content::ALERT, &[2, code]);
    }

    /// Hands a flight over as one write.
    pub(super) fn flush(&mut self, flight: Flight, label: &'static str) {
        self.writes.push_back(Write { bytes: flight.0.into(), label: Cow::Borrowed(label) });
    }

    fn data_write(&mut self) -> Option<Write> {
        if !self.established {
            return None;
        }
        let limit = self.data_limit();
        let (data, label) = match self.outbox.pop_front()? {
            Outgoing::Data(mut data, label) => {
                let first = data.split_to(limit.min(data.len()));
                if !data.is_empty() {
                    self.outbox.push_front(Outgoing::Data(data, continued(&label)));
                }
                (first, label)
            }
            Outgoing::Filler(bytes, label) => {
                static ZEROS: [u8; MAX_CONTENT] = [0; MAX_CONTENT];
                let length = bytes.min(limit as u64) as usize;
                if bytes > length as u64 {
                    self.outbox.push_front(Outgoing::Filler(bytes - length as u64, continued(&label)));
                }
                (Bytes::from_static(&ZEROS[..length]), label)
            }
            Outgoing::Close => {
                self.established = false;
                self.outbox.clear();
                let mut flight = Flight::default();
                self.record(&mut flight.0, content::ALERT, &[1, CLOSE_NOTIFY]);
                return Some(Write { bytes: flight.0.into(), label: Cow::Borrowed("TLS close_notify") });
            }
        };
        self.data_records += 1;
        let mut flight = Flight::default();
        self.record(&mut flight.0, content::DATA, &data);
        Some(Write { bytes: flight.0.into(), label })
    }

    /// How much the next record of application data may hold. Go begins with what fits a segment, and adds as much again
    /// with each record; this is what splits the captured first request "1208 + 422" (azure-services 10.3).
    fn data_limit(&self) -> usize {
        if self.stack == Stack::OpenSsl {
            return MAX_CONTENT;
        }
        let overhead = HEADER + TAG + if self.version == Version::Tls12 { EXPLICIT_NONCE } else { 1 };
        (GO_SEGMENT - overhead).saturating_mul(self.data_records + 1).min(MAX_CONTENT)
    }

    fn record(&mut self, out: &mut Vec<u8>, kind: u8, body: &[u8]) {
        // A ClientHello says 1.0 on the outside, for servers that know no better; all else says 1.2.
        let hello = kind == content::HANDSHAKE && body.first() == Some(&message::CLIENT_HELLO);
        let outer = if hello { 0x0301 } else { 0x0303 };
        let start = out.len();
        let mut record = Writer(std::mem::take(out));
        match (self.sending.as_mut(), self.version) {
            (None, _) => {
                record.u8(kind).number(outer, 2).block(2, body);
                self.transcript.add(self.side, &record.0[start..]);
            }
            (Some(seal), Version::Tls12) => {
                record.u8(kind).number(outer, 2).number(EXPLICIT_NONCE + body.len() + TAG, 2);
                record.number(self.nonce as usize, EXPLICIT_NONCE).raw(body);
                self.nonce += 1;
                finish(&mut record, start, HEADER + EXPLICIT_NONCE, seal);
            }
            (Some(seal), Version::Tls13) => {
                record.u8(content::DATA).number(outer, 2).number(body.len() + 1 + TAG, 2).raw(body).u8(kind);
                finish(&mut record, start, HEADER, seal);
            }
        }
        *out = record.0;
    }

    /// The next whole record: its content type and content.
    fn take_record(&mut self) -> Result<Option<(u8, Bytes)>, Violation> {
        if self.inbox.len() < HEADER {
            return Ok(None);
        }
        let mut header = Reader::new(&self.inbox[..HEADER], "TLS record header");
        let (kind, version, length) = (header.u8()?, header.number(2)?, header.number(2)? as usize);
        if !(content::CHANGE_CIPHER_SPEC..=content::DATA).contains(&kind) || !(0x0301..=0x0303).contains(&version) {
            return Err(header.malformed());
        }
        let limit = MAX_CONTENT + if self.receiving.is_some() { MAX_EXPANSION } else { 0 };
        if length > limit {
            return Err(Violation::TooLong { what: "TLS record", limit });
        }
        if self.inbox.len() < HEADER + length {
            return Ok(None);
        }
        let mut record = self.inbox.split_to(HEADER + length);
        match (self.receiving.as_mut(), self.version) {
            (None, _) => {
                self.transcript.add(self.side.peer(), &record);
                Ok(Some((kind, record.freeze().slice(HEADER..))))
            }
            (Some(seal), Version::Tls12) => {
                open(&mut record, HEADER + EXPLICIT_NONCE, seal)?;
                Ok(Some((kind, record.freeze())))
            }
            (Some(seal), Version::Tls13) => {
                open(&mut record, HEADER, seal)?;
                let (&inner, content) = record.split_last().ok_or(Violation::Malformed("TLS record"))?;
                let content = content.len();
                Ok(Some((inner, record.freeze().slice(..content))))
            }
        }
    }

    fn take_handshake(&mut self) -> Result<Option<Incoming>, Violation> {
        let Some(&[kind, a, b, c]) = self.handshake.first_chunk() else { return Ok(None) };
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if length > MAX_HANDSHAKE {
            return Err(Violation::TooLong { what: "TLS handshake message", limit: MAX_HANDSHAKE });
        }
        if self.handshake.len() < 4 + length {
            return Ok(None);
        }
        let body = self.handshake.split_to(4 + length).freeze().slice(4..);
        Ok(Some(Incoming::Handshake { kind, body }))
    }
}

/// Seals what was written since `start`, of which the first `clear` bytes stay readable.
fn finish(record: &mut Writer, start: usize, clear: usize, seal: &mut Seal) {
    let (clear, body) = record.0[start..].split_at_mut(clear);
    let tag = seal.seal(clear, body);
    record.raw(&tag);
}

/// Opens a record in place, and leaves its content only.
fn open(record: &mut BytesMut, clear: usize, seal: &mut Seal) -> Result<(), Violation> {
    let length = record.len().checked_sub(clear + TAG).ok_or(Violation::Malformed("sealed TLS record"))?;
    let (head, rest) = record.split_at_mut(clear);
    let (body, tag) = rest.split_at_mut(length);
    seal.open(head, body, tag)?;
    record.advance(clear);
    record.truncate(length);
    Ok(())
}

fn continued(label: &str) -> Cow<'static, str> {
    let label = label.strip_suffix(", continued").unwrap_or(label);
    Cow::Owned(format!("{label}, continued"))
}
