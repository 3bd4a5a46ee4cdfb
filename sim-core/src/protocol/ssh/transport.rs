//! Below the messages: banner, packets, and the switch from clear to sealed (RFC 4253 4 to 7).

use super::super::seal::{Seal, TAG, Transcript, generator, random};
use super::super::{BACKLOG, Side, Violation, Write};
use super::messages::{KexInit, Message};
use bytes::{Buf, Bytes, BytesMut};
use rand_pcg::Pcg64;
use std::borrow::Cow;
use std::collections::VecDeque;

/// The longest packet either end accepts, bytes (RFC 4253 6.1 asks for 35,000).
const MAX_PACKET: usize = 35_000;
/// The longest banner line, bytes, CR LF included (RFC 4253 4.2).
const MAX_BANNER: usize = 255;
/// Sealed packets are padded to this, the block of the cipher they were measured with (see the module's page).
const SEALED_BLOCK: usize = 16;

/// One end of the packet stream.
#[derive(Debug)]
pub(super) struct Transport {
    side: Side,
    /// Packets in the clear are padded to 16 bytes by Go, to 8 by OpenSSH.
    clear_block: usize,
    random: Pcg64,
    transcript: Transcript,
    inbox: BytesMut,
    banner_seen: bool,
    sending: Option<Seal>,
    receiving: Option<Seal>,
    writes: VecDeque<Write>,
    failed: Option<Violation>,
}

/// What the peer sent.
#[derive(Debug)]
pub(super) enum Incoming {
    Banner,
    Message(Message),
}

impl Transport {
    pub(super) fn new(side: Side, seed: u64, clear_block: usize) -> Self {
        Self {
            side,
            clear_block,
            random: generator(seed),
            transcript: Transcript::new(),
            inbox: BytesMut::new(),
            banner_seen: false,
            sending: None,
            receiving: None,
            writes: VecDeque::new(),
            failed: None,
        }
    }

    /// Takes bytes of the peer, to be read with [`Transport::next`].
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
        if !self.banner_seen {
            return self.take_banner();
        }
        let payload = match self.receiving.take() {
            None => self.take_clear()?,
            Some(mut seal) => {
                let payload = self.take_sealed(&mut seal)?;
                self.receiving = Some(seal);
                payload
            }
        };
        let Some(payload) = payload else { return Ok(None) };
        let message = Message::decode(&payload)?;
        if message == Message::NewKeys {
            if self.receiving.is_some() {
                return Err(Violation::Unexpected("SSH NEWKEYS"));
            }
            self.receiving = Some(self.transcript.seal(self.side.peer()));
        }
        Ok(Some(Incoming::Message(message)))
    }

    /// Ends the session for good: nothing more is said or heard.
    pub(super) fn fail(&mut self, violation: Violation) -> Violation {
        self.failed = Some(violation);
        self.inbox.clear();
        self.writes.clear();
        violation
    }

    pub(super) fn end(&self) -> Result<(), Violation> {
        match self.failed {
            Some(violation) => Err(violation),
            None if self.inbox.is_empty() => Ok(()),
            None => Err(Violation::Truncated),
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    pub(super) fn next_write(&mut self) -> Option<Write> {
        self.writes.pop_front()
    }

    pub(super) fn write_banner(&mut self, banner: &'static str) {
        self.transcript.add(self.side, banner.as_bytes());
        self.writes
            .push_back(Write { bytes: Bytes::from_static(banner.as_bytes()), label: Cow::Borrowed("SSH banner") });
    }

    /// Puts messages into packets, all of them into one write.
    pub(super) fn write(&mut self, messages: &[Message], label: impl Into<Cow<'static, str>>) {
        let mut bytes = Vec::new();
        for message in messages {
            self.frame(&message.encode(), &mut bytes);
            if *message == Message::NewKeys {
                self.sending = Some(self.transcript.seal(self.side));
            }
        }
        self.writes.push_back(Write { bytes: bytes.into(), label: label.into() });
    }

    /// A write of one packet around any bytes, as a peer without manners might send it.
    #[cfg(test)]
    pub(super) fn forge(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.frame(payload, &mut bytes);
        bytes
    }

    /// The length field before the next sealed packet, were it `length` bytes long.
    #[cfg(test)]
    pub(super) fn forge_length(&self, length: u32) -> [u8; 4] {
        let field = length.to_be_bytes();
        self.sending.as_ref().map_or(field, |seal| seal.mask_length(field))
    }

    /// How many bytes wait for the rest of their packet.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.inbox.len()
    }

    /// The offers of this end, with a fresh cookie.
    pub(super) fn offer(&mut self, lists: [&str; 8]) -> Message {
        Message::KexInit(Box::new(KexInit { cookie: random(&mut self.random), lists: lists.map(str::to_owned) }))
    }

    /// Bytes that stand for a key, a signature or a public value.
    pub(super) fn random<const N: usize>(&mut self) -> [u8; N] {
        random(&mut self.random)
    }

    fn frame(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        let block = if self.sending.is_some() { SEALED_BLOCK } else { self.clear_block };
        // The length field counts for the block in the clear, but not when it is sealed by itself.
        let counted = if self.sending.is_some() { 1 } else { 5 } + payload.len();
        let mut padding = block - counted % block;
        if padding < 4 {
            padding += block;
        }
        let start = out.len();
        out.extend_from_slice(&((1 + payload.len() + padding) as u32).to_be_bytes());
        out.push(padding as u8);
        out.extend_from_slice(payload);
        out.resize(out.len() + padding, 0);
        match &mut self.sending {
            Some(seal) => {
                let (length, body) = out[start..].split_at_mut(4);
                let hidden = seal.mask_length([length[0], length[1], length[2], length[3]]);
                length.copy_from_slice(&hidden);
                let tag = seal.seal(length, body);
                out.extend_from_slice(&tag);
            }
            None => self.transcript.add(self.side, &out[start..]),
        }
    }

    fn take_banner(&mut self) -> Result<Option<Incoming>, Violation> {
        let Some(end) = self.inbox.iter().take(MAX_BANNER).position(|&byte| byte == b'\n') else {
            let too_long = Violation::TooLong { what: "SSH banner", limit: MAX_BANNER };
            return if self.inbox.len() < MAX_BANNER { Ok(None) } else { Err(too_long) };
        };
        let line = self.inbox.split_to(end + 1);
        let printable =
            line[..end].strip_suffix(b"\r").is_some_and(|text| text.iter().all(|byte| (32..127).contains(byte)));
        if !printable || !line.starts_with(b"SSH-2.0-") {
            return Err(Violation::Malformed("SSH banner"));
        }
        self.transcript.add(self.side.peer(), &line);
        self.banner_seen = true;
        Ok(Some(Incoming::Banner))
    }

    fn take_clear(&mut self) -> Result<Option<Bytes>, Violation> {
        let Some(length) = self.packet_length(None)? else { return Ok(None) };
        // The sender's block is not known; eight divides both.
        if (4 + length) % 8 != 0 {
            return Err(Violation::Malformed("SSH packet length"));
        }
        if self.inbox.len() < 4 + length {
            return Ok(None);
        }
        let packet = self.inbox.split_to(4 + length);
        self.transcript.add(self.side.peer(), &packet);
        unpad(packet.freeze().slice(4..)).map(Some)
    }

    fn take_sealed(&mut self, seal: &mut Seal) -> Result<Option<Bytes>, Violation> {
        let Some(length) = self.packet_length(Some(seal))? else { return Ok(None) };
        if length % SEALED_BLOCK != 0 {
            return Err(Violation::Malformed("SSH packet length"));
        }
        if self.inbox.len() < 4 + length + TAG {
            return Ok(None);
        }
        let hidden = self.inbox.split_to(4);
        let mut body = self.inbox.split_to(length);
        seal.open(&hidden, &mut body, &self.inbox[..TAG])?;
        self.inbox.advance(TAG);
        unpad(body.freeze()).map(Some)
    }

    fn packet_length(&self, seal: Option<&Seal>) -> Result<Option<usize>, Violation> {
        let Some(&field) = self.inbox.first_chunk() else { return Ok(None) };
        let field = seal.map_or(field, |seal| seal.mask_length(field));
        match u32::from_be_bytes(field) as usize {
            0..8 => Err(Violation::Malformed("SSH packet length")),
            MAX_PACKET.. => Err(Violation::TooLong { what: "SSH packet", limit: MAX_PACKET }),
            length => Ok(Some(length)),
        }
    }
}

/// The payload of a packet without its length field.
fn unpad(packet: Bytes) -> Result<Bytes, Violation> {
    let padding = usize::from(packet[0]);
    let end = packet.len().checked_sub(padding).filter(|&end| padding >= 4 && end > 1);
    Ok(packet.slice(1..end.ok_or(Violation::Malformed("SSH padding"))?))
}
