//! Messages of DNS (RFC 1035): questions and answers, as bytes. Over TCP each is behind its length.
//!
//! Message identifiers are the caller's. Whatever comes in, nothing here panics: what is no question is answered with
//! `FORMERR` where it has a header, and not at all where it has none.

use crate::names::{Code, Question, Record};
use crate::net::Addr;
use crate::topology::{RecordData, RecordKind};
use hickory_proto::op::{Message, MessageType, OpCode, Query as Asked, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, PTR, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record as Wire, RecordType};
use std::sync::Arc;

/// Largest message over UDP for those who announce no other size, in bytes (RFC 1035, 4.2.1).
pub const UDP_LIMIT: usize = 512;

/// Length of a message's header, in bytes.
const HEADER: usize = 12;

/// A question as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Its identifier.
    pub id: u16,
    /// What is asked.
    pub question: Question,
}

/// An answer as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Whether it did not fit, so that it has to be asked for over TCP.
    pub truncated: bool,
    /// How the question ended.
    pub code: Code,
    /// The records of the answer.
    pub records: Vec<Record>,
}

/// The message that asks; `None` for what is no name: a label that is empty or longer than 63 bytes, or more than 255 bytes
/// in all.
#[must_use]
pub fn ask(id: u16, question: &Question) -> Option<Vec<u8>> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Asked::query(name(&question.name)?, wire_type(question.kind)));
    message.to_vec().ok()
}

/// The question of a message.
///
/// # Errors
/// For a message that holds no question: what to answer, if anything.
pub fn read_query(bytes: &[u8]) -> Result<Query, Option<Vec<u8>>> {
    let id = bytes.first_chunk::<HEADER>().map(|head| u16::from_be_bytes([head[0], head[1]]));
    // Who answers an answer never comes to an end.
    let is_answer = bytes.get(2).is_some_and(|flags| flags & 0x80 != 0);
    let refuse = |code| {
        let id = id.filter(|_| !is_answer)?;
        Message::error_msg(id, OpCode::Query, code).to_vec().ok()
    };
    let message = Message::from_vec(bytes).map_err(|_| refuse(ResponseCode::FormErr))?;
    if message.metadata.op_code != OpCode::Query {
        return Err(refuse(ResponseCode::NotImp));
    }
    match &message.queries[..] {
        [asked] if !is_answer && asked.query_class() == DNSClass::IN => {
            let question = Question { name: text(asked.name()), kind: kind(asked.query_type()) };
            Ok(Query { id: message.metadata.id, question })
        }
        _ => Err(refuse(ResponseCode::FormErr)),
    }
}

/// The message that answers, of at most `limit` bytes: one that is longer is cut down to its question and says so.
#[must_use]
pub fn answer(query: &Query, code: Code, records: &[Record], limit: usize) -> Vec<u8> {
    let mut message = Message::response(query.id, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.metadata.recursion_available = true;
    message.metadata.response_code = match code {
        Code::NoError => ResponseCode::NoError,
        Code::NxDomain => ResponseCode::NXDomain,
        Code::ServFail => ResponseCode::ServFail,
    };
    if let Some(name) = name(&query.question.name) {
        message.add_query(Asked::query(name, wire_type(query.question.kind)));
    }
    message.add_answers(records.iter().filter_map(wire));
    match message.to_vec() {
        Ok(bytes) if bytes.len() <= limit => bytes,
        _ => message.truncate().to_vec().unwrap_or_default(),
    }
}

/// The answer in a message, if it is one to this question.
#[must_use]
pub fn read_reply(bytes: &[u8], id: u16, question: &Question) -> Option<Reply> {
    let message = Message::from_vec(bytes).ok()?;
    let head = &message.metadata;
    let asked = message.queries.first();
    let fits =
        asked.is_none_or(|asked| text(asked.name()) == question.name && kind(asked.query_type()) == question.kind);
    if head.id != id || head.message_type != MessageType::Response || !fits {
        return None;
    }
    let code = match head.response_code {
        ResponseCode::NoError => Code::NoError,
        ResponseCode::NXDomain => Code::NxDomain,
        _ => Code::ServFail,
    };
    let records = message.answers.iter().filter_map(record).collect();
    Some(Reply { truncated: head.truncation, code, records })
}

/// A message as it goes over TCP: behind its length.
#[must_use]
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend(&message[..usize::from(length)]);
    framed
}

/// Takes the first whole message off what came over TCP.
pub fn unframe(stream: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes(*stream.first_chunk::<2>()?));
    if stream.len() < 2 + length {
        return None;
    }
    let rest = stream.split_off(2 + length);
    let message = std::mem::replace(stream, rest);
    Some(message[2..].to_vec())
}

fn name(text: &str) -> Option<Name> {
    let text = text.trim_end_matches('.');
    if text.is_empty() {
        return Some(Name::root());
    }
    let mut name = Name::from_labels(text.split('.').map(str::as_bytes)).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// As [`Question`] has it. A byte that no host name has stands as a question mark, so that such a name is nobody's.
fn text(name: &Name) -> Arc<str> {
    let usual = |byte: &u8| if byte.is_ascii_graphic() && *byte != b'.' { char::from(*byte) } else { '?' };
    let labels = name.iter().map(|label| label.iter().map(usual).collect::<String>());
    labels.collect::<Vec<_>>().join(".").to_ascii_lowercase().into()
}

fn wire_type(kind: RecordKind) -> RecordType {
    match kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Cname => RecordType::CNAME,
        RecordKind::Ptr => RecordType::PTR,
        RecordKind::Txt => RecordType::TXT,
        RecordKind::Other => RecordType::ANY,
    }
}

fn kind(wire: RecordType) -> RecordKind {
    match wire {
        RecordType::A => RecordKind::A,
        RecordType::AAAA => RecordKind::Aaaa,
        RecordType::CNAME => RecordKind::Cname,
        RecordType::PTR => RecordKind::Ptr,
        RecordType::TXT => RecordKind::Txt,
        _ => RecordKind::Other,
    }
}

/// A record for the wire; what is not modelled, or is no name, stays out.
fn wire(record: &Record) -> Option<Wire> {
    let data = match (&record.data, record.kind) {
        (RecordData::Address(address), _) => match address.to_ip() {
            std::net::IpAddr::V4(v4) => RData::A(A(v4)),
            std::net::IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
        },
        (RecordData::Name(target), RecordKind::Cname) => RData::CNAME(CNAME(name(target)?)),
        (RecordData::Name(target), _) => RData::PTR(PTR(name(target)?)),
        (RecordData::Text(text), _) if text.is_empty() => RData::TXT(TXT::from_bytes(vec![b""])),
        // A string of a text record has at most 255 bytes.
        (RecordData::Text(text), _) => RData::TXT(TXT::from_bytes(text.as_bytes().chunks(255).collect())),
    };
    Some(Wire::from_rdata(name(&record.name)?, record.ttl, data))
}

fn record(wire: &Wire) -> Option<Record> {
    let (kind, data) = match &wire.data {
        RData::A(address) => (RecordKind::A, RecordData::Address(Addr::from(std::net::IpAddr::V4(address.0)))),
        RData::AAAA(address) => (RecordKind::Aaaa, RecordData::Address(Addr::from(std::net::IpAddr::V6(address.0)))),
        RData::CNAME(target) => (RecordKind::Cname, RecordData::Name(text(&target.0))),
        RData::PTR(target) => (RecordKind::Ptr, RecordData::Name(text(&target.0))),
        RData::TXT(parts) => {
            let whole = parts.txt_data.concat();
            (RecordKind::Txt, RecordData::Text(String::from_utf8_lossy(&whole).into()))
        }
        _ => return None,
    };
    Some(Record { name: text(&wire.name), kind, ttl: wire.ttl, data })
}
