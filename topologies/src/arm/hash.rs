//! `uniqueString`, exactly as Azure computes it.
//!
//! A murmur hash of 64 bits in two lanes of 32, seed 0, written as 13 digits of base 32. Reconstructed from a recorded
//! pair of input and output (corpus README, "uniqueString is settled").

const C1: u32 = 0x239b_961b;
const C2: u32 = 0xab0e_9789;

/// The 13 characters for `text`. Several arguments are joined by `-` before they come here; that separator is from
/// common knowledge of the engine, the recorded pair has one argument.
pub(super) fn unique_string(text: &str) -> String {
    let hash = murmur64(text.as_bytes());
    // 13 digits are 65 bits: the last one is filled up with a zero.
    let digit = |place: u32| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(hash << (5 * place) >> 59) as usize]);
    (0..13).map(digit).collect()
}

fn murmur64(bytes: &[u8]) -> u64 {
    let (mut h1, mut h2) = (0_u32, 0_u32);
    let (blocks, tail) = bytes.as_chunks::<8>();
    for [a, b, c, d, e, f, g, h] in blocks {
        h1 ^= lane1(u32::from_le_bytes([*a, *b, *c, *d]));
        h1 = h1.rotate_left(19).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x561c_cd1b);
        h2 ^= lane2(u32::from_le_bytes([*e, *f, *g, *h]));
        h2 = h2.rotate_left(13).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x0bca_a747);
    }
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
    let (low, high) = tail.split_at(tail.len().min(4));
    h1 ^= lane1(word(low));
    h2 ^= lane2(word(high));
    let length = bytes.len() as u32;
    h1 ^= length;
    h2 ^= length;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = finish(h1);
    h2 = finish(h2);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    u64::from(h2) << 32 | u64::from(h1)
}

fn lane1(word: u32) -> u32 {
    word.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2)
}

fn lane2(word: u32) -> u32 {
    word.wrapping_mul(C2).rotate_left(17).wrapping_mul(C1)
}

/// The usual last mixing of a murmur hash of 32 bits.
fn finish(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::unique_string;

    /// Catches: any slip in the hash. The pair was recorded from Azure (`ps.TestNewAzureRmServiceFabricCluster`).
    #[test]
    fn the_recorded_pair_comes_out() {
        let group = "/subscriptions/9e223dbe-3399-4e19-88eb-0975f02ac87f/resourceGroups/azurermsfrg2";
        assert_eq!(unique_string(group), "cupwzw5ismau6");
    }
}
