//! The messages of SSH, as bytes (RFC 4250 to 4254, 5656, 8308): those that the two ends here exchange.

use super::super::Violation;
use super::super::cursor::{Reader, Writer};
use bytes::Bytes;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Disconnect,
    Debug(String),
    ServiceRequest(String),
    ServiceAccept(String),
    ExtInfo(Vec<(String, String)>),
    KexInit(Box<KexInit>),
    NewKeys,
    EcdhInit(Bytes),
    EcdhReply { host_key: Bytes, public: Bytes, signature: Bytes },
    AuthRequest { user: String, method: Method },
    AuthFailure,
    AuthSuccess,
    PublicKeyOk(Bytes),
    GlobalRequest { name: String, data: Bytes },
    Open { sender: u32, window: u32, max_packet: u32 },
    OpenConfirmation { recipient: u32, sender: u32, window: u32, max_packet: u32 },
    OpenFailure { recipient: u32 },
    WindowAdjust { recipient: u32, bytes: u32 },
    Data { recipient: u32, data: Bytes },
    Eof { recipient: u32 },
    Close { recipient: u32 },
    Request { recipient: u32, want_reply: bool, request: Request },
    Success { recipient: u32 },
    Failure { recipient: u32 },
}

/// The offers of one end: a cookie and the lists in the order of RFC 4253 7.1, without the two for languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KexInit {
    pub(super) cookie: [u8; 16],
    pub(super) lists: [String; 8],
}

/// How a user asks to be let in. A key's blob comes with it; with a signature it is the request proper, without one
/// the question whether this key would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    None,
    PublicKey { blob: Bytes, signature: Option<Bytes> },
}

/// A request on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Exec(String),
    ExitStatus(u32),
    Other(String),
}

/// How the user key signs (RFC 8332).
const KEY_ALGORITHM: &str = "rsa-sha2-256";
/// What an OpenSSH server offers instead, when a method was refused.
const METHODS: &str = "publickey,password,keyboard-interactive";

impl Message {
    /// The payload of a packet.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        match self {
            Self::Disconnect => out.u8(1).u32(11).text("finished").text(""),
            Self::Debug(text) => out.u8(4).u8(0).text(text).text(""),
            Self::ServiceRequest(name) => out.u8(5).text(name),
            Self::ServiceAccept(name) => out.u8(6).text(name),
            Self::ExtInfo(extensions) => {
                out.u8(7).u32(extensions.len() as u32);
                extensions.iter().fold(&mut out, |out, (name, value)| out.text(name).text(value))
            }
            Self::KexInit(offer) => {
                out.u8(20).raw(&offer.cookie);
                offer.lists.iter().fold(&mut out, |out, list| out.text(list)).text("").text("").u8(0).u32(0)
            }
            Self::NewKeys => out.u8(21),
            Self::EcdhInit(public) => out.u8(30).block(4, public),
            Self::EcdhReply { host_key, public, signature } => {
                out.u8(31).block(4, host_key).block(4, public).block(4, signature)
            }
            Self::AuthRequest { user, method } => {
                out.u8(50).text(user).text("ssh-connection");
                method.encode(&mut out)
            }
            Self::AuthFailure => out.u8(51).text(METHODS).u8(0),
            Self::AuthSuccess => out.u8(52),
            Self::PublicKeyOk(blob) => out.u8(60).text(KEY_ALGORITHM).block(4, blob),
            Self::GlobalRequest { name, data } => out.u8(80).text(name).u8(0).raw(data),
            Self::Open { sender, window, max_packet } => {
                out.u8(90).text("session").u32(*sender).u32(*window).u32(*max_packet)
            }
            Self::OpenConfirmation { recipient, sender, window, max_packet } => {
                out.u8(91).u32(*recipient).u32(*sender).u32(*window).u32(*max_packet)
            }
            Self::OpenFailure { recipient } => out.u8(92).u32(*recipient).u32(4).text("no more sessions").text(""),
            Self::WindowAdjust { recipient, bytes } => out.u8(93).u32(*recipient).u32(*bytes),
            Self::Data { recipient, data } => out.u8(94).u32(*recipient).block(4, data),
            Self::Eof { recipient } => out.u8(96).u32(*recipient),
            Self::Close { recipient } => out.u8(97).u32(*recipient),
            Self::Request { recipient, want_reply, request } => {
                out.u8(98).u32(*recipient);
                request.encode(*want_reply, &mut out)
            }
            Self::Success { recipient } => out.u8(99).u32(*recipient),
            Self::Failure { recipient } => out.u8(100).u32(*recipient),
        };
        out.0
    }

    /// Reads the payload of a packet, to its last byte.
    pub(super) fn decode(payload: &Bytes) -> Result<Self, Violation> {
        let mut reader = Reader::new(payload, "SSH message");
        let message = match reader.u8()? {
            number @ 0..=49 => decode_transport(number, &mut reader, payload)?,
            number @ 50..=79 => decode_auth(number, &mut reader, payload)?,
            number => decode_connection(number, &mut reader, payload)?,
        };
        reader.finish()?;
        Ok(message)
    }
}

impl Method {
    fn encode<'a>(&self, out: &'a mut Writer) -> &'a mut Writer {
        match self {
            Self::None => out.text("none"),
            Self::PublicKey { blob, signature } => {
                out.text("publickey").u8(signature.is_some().into()).text(KEY_ALGORITHM).block(4, blob);
                if let Some(signature) = signature {
                    out.number(4 + KEY_ALGORITHM.len() + 4 + signature.len(), 4).text(KEY_ALGORITHM);
                    out.block(4, signature);
                }
                out
            }
        }
    }

    fn decode(reader: &mut Reader<'_>, payload: &Bytes) -> Result<Self, Violation> {
        match reader.text()? {
            "none" => Ok(Self::None),
            "publickey" => {
                let signed = reader.flag()?;
                reader.text()?;
                let blob = payload.slice_ref(reader.block(4)?);
                let signature = if signed {
                    let mut inner = Reader::new(reader.block(4)?, "SSH signature");
                    inner.text()?;
                    let signature = payload.slice_ref(inner.block(4)?);
                    inner.finish()?;
                    Some(signature)
                } else {
                    None
                };
                Ok(Self::PublicKey { blob, signature })
            }
            _ => Err(Violation::Malformed("SSH authentication method")),
        }
    }
}

impl Request {
    fn encode<'a>(&self, want_reply: bool, out: &'a mut Writer) -> &'a mut Writer {
        let want_reply = u8::from(want_reply);
        match self {
            Self::Exec(command) => out.text("exec").u8(want_reply).text(command),
            Self::ExitStatus(status) => out.text("exit-status").u8(want_reply).u32(*status),
            Self::Other(name) => out.text(name).u8(want_reply),
        }
    }
}

fn decode_transport(number: u8, reader: &mut Reader<'_>, payload: &Bytes) -> Result<Message, Violation> {
    Ok(match number {
        1 => {
            reader.u32()?;
            reader.text()?;
            reader.text()?;
            Message::Disconnect
        }
        4 => {
            reader.flag()?;
            let text = reader.text()?.to_owned();
            reader.text()?;
            Message::Debug(text)
        }
        5 => Message::ServiceRequest(reader.text()?.to_owned()),
        6 => Message::ServiceAccept(reader.text()?.to_owned()),
        7 => {
            let mut extensions = Vec::new();
            // The count is the peer's word; the bytes that are there limit it.
            for _ in 0..reader.u32()? {
                extensions.push((reader.text()?.to_owned(), reader.text()?.to_owned()));
            }
            Message::ExtInfo(extensions)
        }
        20 => {
            let mut offer = KexInit { cookie: [0; 16], lists: Default::default() };
            offer.cookie.copy_from_slice(reader.take(16)?);
            for list in &mut offer.lists {
                reader.text()?.clone_into(list);
            }
            for _language in 0..2 {
                reader.text()?;
            }
            reader.flag()?;
            reader.u32()?;
            Message::KexInit(Box::new(offer))
        }
        21 => Message::NewKeys,
        30 => Message::EcdhInit(payload.slice_ref(reader.block(4)?)),
        31 => Message::EcdhReply {
            host_key: payload.slice_ref(reader.block(4)?),
            public: payload.slice_ref(reader.block(4)?),
            signature: payload.slice_ref(reader.block(4)?),
        },
        _ => return Err(Violation::Unexpected("SSH transport message number")),
    })
}

fn decode_auth(number: u8, reader: &mut Reader<'_>, payload: &Bytes) -> Result<Message, Violation> {
    Ok(match number {
        50 => {
            let user = reader.text()?.to_owned();
            reader.text()?;
            Message::AuthRequest { user, method: Method::decode(reader, payload)? }
        }
        51 => {
            reader.text()?;
            reader.flag()?;
            Message::AuthFailure
        }
        52 => Message::AuthSuccess,
        60 => {
            reader.text()?;
            Message::PublicKeyOk(payload.slice_ref(reader.block(4)?))
        }
        _ => return Err(Violation::Unexpected("SSH authentication message number")),
    })
}

fn decode_connection(number: u8, reader: &mut Reader<'_>, payload: &Bytes) -> Result<Message, Violation> {
    if number == 80 {
        let name = reader.text()?.to_owned();
        reader.flag()?;
        let mut data = *reader;
        while !data.is_empty() {
            data.block(4)?;
        }
        let data = payload.slice_ref(reader.rest());
        return Ok(Message::GlobalRequest { name, data });
    }
    if number == 90 {
        reader.text()?;
        return Ok(Message::Open { sender: reader.u32()?, window: reader.u32()?, max_packet: reader.u32()? });
    }
    let recipient = reader.u32()?;
    Ok(match number {
        91 => {
            let (sender, window, max_packet) = (reader.u32()?, reader.u32()?, reader.u32()?);
            Message::OpenConfirmation { recipient, sender, window, max_packet }
        }
        92 => {
            reader.u32()?;
            reader.text()?;
            reader.text()?;
            Message::OpenFailure { recipient }
        }
        93 => Message::WindowAdjust { recipient, bytes: reader.u32()? },
        94 => Message::Data { recipient, data: payload.slice_ref(reader.block(4)?) },
        96 => Message::Eof { recipient },
        97 => Message::Close { recipient },
        98 => {
            let name = reader.text()?;
            let want_reply = reader.flag()?;
            let request = match name {
                "exec" => Request::Exec(reader.text()?.to_owned()),
                "exit-status" => Request::ExitStatus(reader.u32()?),
                other => Request::Other(other.to_owned()),
            };
            Message::Request { recipient, want_reply, request }
        }
        99 => Message::Success { recipient },
        100 => Message::Failure { recipient },
        _ => return Err(Violation::Unexpected("SSH connection message number")),
    })
}
