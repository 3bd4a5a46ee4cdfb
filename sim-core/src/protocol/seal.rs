//! The toy cipher that stands where a real session encrypts. **It is no cryptography**: whoever sees the handshake can
//! read and forge everything. It exists so that what travels looks opaque, has the size of the real thing, is
//! understood by the other end, and shows a single byte changed on the way.
//!
//! Both ends derive the keys from what went over the wire in the clear, and from nothing else. So a relay that passes
//! bytes on unchanged stays unseen, and one that changes a byte of the handshake breaks the first sealed message.

use super::{Side, Violation};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// Length of the tag behind each sealed message, bytes: that of AES-GCM and of ChaCha20-Poly1305.
pub(super) const TAG: usize = 16;

/// What both ends have said in the clear so far, condensed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transcript {
    client: u64,
    server: u64,
}

impl Transcript {
    pub(super) fn new() -> Self {
        Self { client: 0x6a09_e667_f3bc_c908, server: 0xbb67_ae85_84ca_a73b }
    }

    /// Adds what `from` said. Every step is invertible in the byte, so no single changed byte goes unnoticed.
    pub(super) fn add(&mut self, from: Side, bytes: &[u8]) {
        let sum = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        for &byte in bytes {
            *sum = (*sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// The seal for what `sender` says from now on. Both ends must take it at the same point of both streams.
    pub(super) fn seal(&self, sender: Side) -> Seal {
        let direction = match sender {
            Side::Client => 0x3c6e_f372_fe94_f82b,
            Side::Server => 0xa54f_f53a_5f1d_36f1,
        };
        Seal { key: mix(mix(self.client ^ direction).wrapping_add(self.server)), sequence: 0 }
    }
}

/// Seals, or opens, the messages of one direction in their order.
#[derive(Clone, Debug)]
pub(super) struct Seal {
    key: u64,
    sequence: u64,
}

impl Seal {
    /// Hides `body` in place and gives the tag over it and over `clear`, which travels unhidden before it.
    pub(super) fn seal(&mut self, clear: &[u8], body: &mut [u8]) -> [u8; TAG] {
        self.hide(body);
        let tag = self.tag(clear, body);
        self.sequence += 1;
        tag
    }

    /// Reveals `body` in place, after checking the tag.
    pub(super) fn open(&mut self, clear: &[u8], body: &mut [u8], tag: &[u8]) -> Result<(), Violation> {
        if tag != self.tag(clear, body) {
            return Err(Violation::Tampered);
        }
        self.hide(body);
        self.sequence += 1;
        Ok(())
    }

    /// Hides, or reveals, the length field of the next message. Like chacha20-poly1305@openssh.com this has a key stream
    /// of its own, so a reader knows the length before the message is there.
    pub(super) fn mask_length(&self, field: [u8; 4]) -> [u8; 4] {
        let stream = mix(mix(!self.key).wrapping_add(self.sequence)) as u32;
        (u32::from_be_bytes(field) ^ stream).to_be_bytes()
    }

    fn hide(&self, body: &mut [u8]) {
        let mut stream = Pcg64::new(u128::from(self.key), u128::from(self.sequence));
        for chunk in body.chunks_mut(8) {
            let key = stream.next_u64().to_le_bytes();
            chunk.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        }
    }

    fn tag(&self, clear: &[u8], body: &[u8]) -> [u8; TAG] {
        let start = mix(self.key ^ self.sequence);
        let mut lanes = [start ^ (clear.len() as u64) << 32 ^ body.len() as u64, !start];
        for chunk in clear.chunks(8).chain(body.chunks(8)) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let word = u64::from_le_bytes(word);
            lanes[0] = (lanes[0] ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            lanes[1] = (lanes[1] ^ word).wrapping_mul(0xc2b2_ae3d_27d4_eb4f).rotate_left(31);
        }
        let mut tag = [0; TAG];
        tag[..8].copy_from_slice(&mix(lanes[0]).to_le_bytes());
        tag[8..].copy_from_slice(&mix(lanes[1]).to_le_bytes());
        tag
    }
}

/// The generator of one session: keys, cookies, padding.
pub(super) fn generator(seed: u64) -> Pcg64 {
    Pcg64::seed_from_u64(seed)
}

/// `N` bytes from a generator.
pub(super) fn random<const N: usize>(generator: &mut Pcg64) -> [u8; N] {
    let mut bytes = [0; N];
    generator.fill_bytes(&mut bytes);
    bytes
}

/// Spreads every bit over the word, invertibly.
fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(client: &[u8], server: &[u8]) -> Seal {
        let mut transcript = Transcript::new();
        transcript.add(Side::Client, client);
        transcript.add(Side::Server, server);
        transcript.seal(Side::Client)
    }

    // Catches: a tag that leaves out the clear part, the sequence number, or the tail of a body that is no whole word.
    #[test]
    fn any_changed_bit_shows() {
        let mut body = *b"thirteen bytes"; // fourteen: not a multiple of a word
        let tag = pair(b"hello", b"world").seal(b"len", &mut body);
        let message = [b"len".as_slice(), &body, &tag].concat();
        for bit in 0..message.len() * 8 {
            let mut changed = message.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let (clear, rest) = changed.split_at_mut(3);
            let (body, tag) = rest.split_at_mut(14);
            assert_eq!(pair(b"hello", b"world").open(clear, body, tag), Err(Violation::Tampered), "bit {bit}");
        }
        assert_eq!(pair(b"hello", b"world").open(b"len", &mut body, &tag), Ok(()));
        assert_eq!(&body, b"thirteen bytes");
    }

    // Catches: keys that do not depend on both ends' words, or messages that can be played again.
    #[test]
    fn another_handshake_or_moment_is_another_key() {
        let mut body = [7; 32];
        let tag = pair(b"hello", b"world").seal(b"", &mut body);
        for mut other in [pair(b"hallo", b"world"), pair(b"hello", b"xorld"), pair(b"world", b"hello")] {
            assert_eq!(other.open(b"", &mut body.clone(), &tag), Err(Violation::Tampered));
        }
        let mut again = pair(b"hello", b"world");
        assert_eq!(again.open(b"", &mut body.clone(), &tag), Ok(()));
        assert_eq!(again.open(b"", &mut body, &tag), Err(Violation::Tampered));
    }

    // Catches: lengths that can be read off the wire, that look the same in each message, or that do not come back.
    #[test]
    fn lengths_are_hidden_differently_each_time() {
        let (mut seal, field) = (pair(b"hello", b"world"), 48_u32.to_be_bytes());
        let first = seal.mask_length(field);
        assert_eq!(seal.mask_length(first), field);
        seal.seal(&first, &mut [0; 48]);
        let other = pair(b"hallo", b"world");
        assert!(first != field && first != seal.mask_length(field) && first != other.mask_length(field));
    }
}
