//! GUIDs that depend on a text alone.

use std::fmt::Write;

/// The namespace under which ARM's `guid()` is generally held to hash its arguments.
const NAMESPACE: u128 = 0x11fb_06fb_712d_4ddd_98c7_e71b_bd58_8830;

/// A version 5 UUID (RFC 9562, 5.5) of `text`. Whether Azure's `guid()` gives the same one is the assumption
/// `arm.guid`: no recorded pair confirms it.
pub(super) fn of(text: &str) -> String {
    let mut input = NAMESPACE.to_be_bytes().to_vec();
    input.extend_from_slice(text.as_bytes());
    let [a, b, c, d, _] = sha1(&input);
    let joined = [a, b & 0xffff_0fff | 0x5000, c & 0x3fff_ffff | 0x8000_0000, d];
    let mut digits = String::new();
    for word in joined {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{word:08x}");
    }
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

/// SHA-1 (RFC 3174), which version 5 UUIDs are defined by. Nothing here relies on its strength.
fn sha1(input: &[u8]) -> [u32; 5] {
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = input.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if padded.len() - input.len() < 9 {
        padded.resize(padded.len() + 64, 0);
    }
    let length_at = padded.len() - 8;
    padded[length_at..].copy_from_slice(&(input.len() as u64 * 8).to_be_bytes());
    for block in padded.as_chunks::<64>().0 {
        let mut schedule = [0_u32; 80];
        for (word, bytes) in schedule.iter_mut().zip(block.as_chunks::<4>().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        for at in 16..80 {
            let mixed = schedule[at - 3] ^ schedule[at - 8] ^ schedule[at - 14] ^ schedule[at - 16];
            schedule[at] = mixed.rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (round, word) in schedule.into_iter().enumerate() {
            let (mixed, constant) = match round / 20 {
                0 => (b & c | !b & d, 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, word) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(word);
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a wrong digest or padding at the block borders (RFC 3174's test vectors; 56 bytes need a second block).
    #[test]
    fn sha1_matches_the_published_vectors() {
        assert_eq!(sha1(b"abc"), [0xa999_3e36, 0x4706_816a, 0xba3e_2571, 0x7850_c26c, 0x9cd0_d89d]);
        let long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(sha1(long), [0x8498_3e44, 0x1c3b_d26e, 0xbaae_4aa1, 0xf951_29e5, 0xe546_70f1]);
    }

    /// Catches: a GUID of the wrong shape, version or variant.
    #[test]
    fn guids_are_well_formed() {
        let guid = of("a");
        assert_eq!(guid.len(), 36);
        assert_eq!(&guid[14..15], "5");
        assert!(matches!(&guid[19..20], "8" | "9" | "a" | "b"));
    }
}
