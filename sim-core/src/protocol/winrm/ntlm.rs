//! The three messages of NTLM (MS-NLMP 2.2.1), as far as their fields and sizes go: what stands for a proof is random.
//! For a host name of 15 characters and a user name of six they have the captured 40, 238 and 276 bytes
//! (azure-services 10.3).

use super::super::seal::random;
use rand_pcg::Pcg64;

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";
/// Unicode, NTLM, always sign, extended session security, target info, version, 128 bits.
const FLAGS: u32 = 0xa288_8205;
/// The version of the sender: 10.0.17763, revision 15.
const VERSION: [u8; 8] = [10, 0, 0x63, 0x45, 0, 0, 0, 15];
/// The name the machine gives itself: 15 characters, as NetBIOS allows.
const HOST: &str = "WIN-BUILD000001";

/// The first message: the client wants to use NTLM.
pub(super) fn negotiate() -> Vec<u8> {
    let mut out = start(1);
    out.extend_from_slice(&FLAGS.to_le_bytes());
    out.extend_from_slice(&[0; 16]); // neither domain nor workstation
    out.extend_from_slice(&VERSION);
    out
}

/// The second: the server's challenge, its name, and what else it says about itself.
pub(super) fn challenge(generator: &mut Pcg64) -> Vec<u8> {
    let (name, info) = (utf16(HOST), target_info(generator));
    let mut out = start(2);
    out.extend_from_slice(&field(name.len(), 56));
    out.extend_from_slice(&FLAGS.to_le_bytes());
    out.extend_from_slice(&random::<8>(generator));
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&field(info.len(), 56 + name.len()));
    out.extend_from_slice(&VERSION);
    [out, name, info].concat()
}

/// The third: the user, and the answer to the challenge, which repeats what the server said about itself. `None` when
/// that was no challenge.
pub(super) fn authenticate(user: &str, challenge: &[u8], generator: &mut Pcg64) -> Option<Vec<u8>> {
    let info = target_info_of(challenge)?;
    let mut answer = random::<16>(generator).to_vec();
    answer.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
    answer.extend_from_slice(&random::<16>(generator)); // time and the client's own challenge
    answer.extend_from_slice(&[0; 4]);
    answer.extend_from_slice(info);
    answer.extend_from_slice(&[0; 4]);
    let user = utf16(user);
    let mut out = start(3);
    out.extend_from_slice(&field(0, 64)); // the old answer is left out
    out.extend_from_slice(&field(answer.len(), 64));
    out.extend_from_slice(&field(0, 64)); // no domain
    out.extend_from_slice(&field(user.len(), 64 + answer.len()));
    out.extend_from_slice(&[0; 16]); // neither workstation nor session key
    out.extend_from_slice(&FLAGS.to_le_bytes());
    Some([out, answer, user].concat())
}

/// Which of the three a message is.
pub(super) fn number(message: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(*message.strip_prefix(SIGNATURE)?.first_chunk()?))
}

fn start(number: u32) -> Vec<u8> {
    [&SIGNATURE[..], &number.to_le_bytes()].concat()
}

/// Length, space, and offset of something further back.
fn field(length: usize, offset: usize) -> [u8; 8] {
    let [low, high] = (length as u16).to_le_bytes();
    let [a, b, c, d] = (offset as u32).to_le_bytes();
    [low, high, low, high, a, b, c, d]
}

/// Four names, the time, and the end.
fn target_info(generator: &mut Pcg64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut pair = |id: u8, value: &[u8]| {
        out.extend_from_slice(&[id, 0, value.len() as u8, 0]);
        out.extend_from_slice(value);
    };
    for id in [2, 1, 4, 3] {
        pair(id, &utf16(HOST));
    }
    pair(7, &random::<8>(generator));
    pair(0, &[]);
    out
}

fn target_info_of(challenge: &[u8]) -> Option<&[u8]> {
    let field = challenge.get(40..48).filter(|_| number(challenge) == Some(2))?;
    let length = usize::from(u16::from_le_bytes(*field.first_chunk()?));
    let offset = u32::from_le_bytes(*field.last_chunk()?) as usize;
    challenge.get(offset..)?.get(..length)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::seal::generator;
    use super::super::base64;
    use super::*;

    // Catches: fields left out or doubled: the captured sizes, raw and in base64, are azure-services 10.3's.
    #[test]
    fn messages_have_the_captured_sizes() {
        let mut generator = generator(1);
        let challenge = challenge(&mut generator);
        let authenticate = authenticate("packer", &challenge, &mut generator).expect("a challenge");
        let sizes =
            [negotiate(), challenge, authenticate].map(|message| (message.len(), base64::encode(&message).len()));
        assert_eq!(sizes, [(40, 56), (238, 320), (276, 368)]);
    }

    // Catches: a panic on a challenge whose fields point nowhere.
    #[test]
    fn a_broken_challenge_is_refused() {
        let whole = challenge(&mut generator(1));
        for length in 0..whole.len() {
            assert_eq!(authenticate("packer", &whole[..length], &mut generator(2)), None, "{length}");
        }
        let mut far = whole;
        far[44..48].fill(0xff);
        assert_eq!(authenticate("packer", &far, &mut generator(2)), None);
    }
}
