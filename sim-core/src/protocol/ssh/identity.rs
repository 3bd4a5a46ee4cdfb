//! What each end says about itself: its banner, the algorithms it offers, its keys.

use super::super::Violation;
use super::super::cursor::Writer;
use super::messages::Message;
use super::transport::Transport;
use bytes::Bytes;

/// The key exchange that both ends here know.
const KEX: &str = "curve25519-sha256";
/// The host key algorithm that both ends here know.
const HOST_KEY: &str = "ecdsa-sha2-nistp256";
/// The cipher that both ends here know; why this one, the module's page says.
const CIPHER: &str = "chacha20-poly1305@openssh.com";

/// How Packer's library names itself.
pub(super) const CLIENT_BANNER: &str = "SSH-2.0-Go\r\n";
/// The Go library's own five, the first two the other way round, as Packer's `ssh_ciphers` can put them.
const CLIENT_CIPHERS: &str = "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr";
const CLIENT_MACS: &str = "hmac-sha2-256-etm@openssh.com,hmac-sha2-256,hmac-sha1,hmac-sha1-96";
/// What the Go library of azure-services 10 offers, but for the order of the ciphers.
pub(super) const CLIENT_OFFERS: [&str; 8] = [
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,\
     diffie-hellman-group14-sha256,diffie-hellman-group14-sha1,ext-info-c",
    "rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,ssh-rsa-cert-v01@openssh.com,\
     ssh-dss-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com,\
     ecdsa-sha2-nistp521-cert-v01@openssh.com,ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256,\
     ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,ssh-rsa,ssh-dss,ssh-ed25519",
    CLIENT_CIPHERS,
    CLIENT_CIPHERS,
    CLIENT_MACS,
    CLIENT_MACS,
    "none",
    "none",
];
/// Go pads packets in the clear to the largest block it knows.
pub(super) const CLIENT_BLOCK: usize = 16;

/// How the server of azure-services 10 names itself; that its 41 bytes are these is our reading.
pub(super) const SERVER_BANNER: &str = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n";
const SERVER_CIPHERS: &str = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,\
                       aes256-gcm@openssh.com";
const SERVER_MACS: &str = "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,\
                    hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,\
                    hmac-sha2-256,hmac-sha2-512,hmac-sha1";
/// What OpenSSH 9.2 offers.
pub(super) const SERVER_OFFERS: [&str; 8] = [
    "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,\
     ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,\
     diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256,\
     kex-strict-s-v00@openssh.com",
    "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519",
    SERVER_CIPHERS,
    SERVER_CIPHERS,
    SERVER_MACS,
    SERVER_MACS,
    "none,zlib@openssh.com",
    "none,zlib@openssh.com",
];
/// Signatures it would take, as it announces them after the key exchange.
const SIGNATURES: &str = "ssh-ed25519,sk-ssh-ed25519@openssh.com,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,\
                          ecdsa-sha2-nistp521,sk-ecdsa-sha2-nistp256@openssh.com,\
                          webauthn-sk-ecdsa-sha2-nistp256@openssh.com,ssh-dss,ssh-rsa,rsa-sha2-256,rsa-sha2-512";
/// OpenSSH pads packets in the clear to the least that the protocol allows.
pub(super) const SERVER_BLOCK: usize = 8;

/// Whether the offers of the two ends settle on what both ends here know.
pub(super) fn check_offers(client: &[impl AsRef<str>; 8], server: &[impl AsRef<str>; 8]) -> Result<(), Violation> {
    let mut lists = client.iter().zip(server).zip([KEX, HOST_KEY, CIPHER, CIPHER]);
    if lists.all(|((client, server), name)| settle(client.as_ref(), server.as_ref()) == Some(name)) {
        Ok(())
    } else {
        Err(Violation::NothingInCommon("SSH algorithm"))
    }
}

/// The first name of the client's list that the server has too (RFC 4253 7.1).
fn settle<'a>(client: &'a str, server: &str) -> Option<&'a str> {
    client.split(',').find(|name| server.split(',').any(|other| other == *name))
}

/// The server's half of the key exchange, and what it says first under the new keys.
pub(super) fn exchange_reply(transport: &mut Transport) -> [Message; 3] {
    let public = Bytes::copy_from_slice(&transport.random::<32>());
    // Both numbers of the signature as 33 bytes: positive, their top bits set.
    let mut numbers = Writer::default();
    for _ in 0..2 {
        let mut number = transport.random::<33>();
        (number[0], number[1]) = (0, number[1] | 0x80);
        numbers.block(4, &number);
    }
    let mut signature = Writer::default();
    signature.text(HOST_KEY).block(4, &numbers.0);
    let host_key = ecdsa_blob(&transport.random::<65>());
    let reply = Message::EcdhReply { host_key, public, signature: signature.0.into() };
    let extensions = vec![
        ("server-sig-algs".to_owned(), SIGNATURES.to_owned()),
        ("publickey-hostbound@openssh.com".to_owned(), "0".to_owned()),
    ];
    [reply, Message::NewKeys, Message::ExtInfo(extensions)]
}

/// What OpenSSH says right after a login: all its host keys, and twice, as debug messages, which options the user's
/// key carries. That the captured 924 bytes are these three messages is our reading: the sizes fit.
pub(super) fn after_login(transport: &mut Transport) -> [Message; 3] {
    let mut ed25519 = Writer::default();
    ed25519.text("ssh-ed25519").block(4, &transport.random::<32>());
    let rsa_3072 = rsa_blob(&transport.random::<385>());
    let mut keys = Writer::default();
    keys.block(4, &rsa_3072).block(4, &ecdsa_blob(&transport.random::<65>())).block(4, &ed25519.0);
    let announcement = Message::GlobalRequest { name: "hostkeys-00@openssh.com".to_owned(), data: keys.0.into() };
    let options = "agent-forwarding port-forwarding pty user-rc x11-forwarding";
    let debug = Message::Debug(format!("/home/packer/.ssh/authorized_keys:1: key options: {options}"));
    [announcement, debug.clone(), debug]
}

/// The blob of an RSA key: its name, the exponent 65537, the modulus.
pub(super) fn rsa_blob(modulus: &[u8]) -> Bytes {
    let mut blob = Writer::default();
    blob.text("ssh-rsa").block(4, &[1, 0, 1]);
    // A positive number with its top bit set has a zero byte before it, and a modulus is odd.
    let mut modulus = modulus.to_vec();
    if let [sign, top, .., last] = modulus.as_mut_slice() {
        (*sign, *top, *last) = (0, *top | 0x80, *last | 1);
    }
    blob.block(4, &modulus);
    blob.0.into()
}

/// The blob of an ECDSA key on the curve P-256.
fn ecdsa_blob(point: &[u8; 65]) -> Bytes {
    let mut point = *point;
    point[0] = 4; // both coordinates follow
    let mut blob = Writer::default();
    blob.text(HOST_KEY).text("nistp256").block(4, &point);
    blob.0.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Catches: lists that settle on another algorithm than the one whose packets we build, as the Go library's own order
    // of ciphers would; an end that overlooks it; names lost or made up in the reordering.
    #[test]
    fn offers_settle_on_what_we_speak() {
        let settled: Vec<_> =
            CLIENT_OFFERS.iter().zip(SERVER_OFFERS).filter_map(|(client, server)| settle(client, server)).collect();
        let mac = "hmac-sha2-256-etm@openssh.com"; // goes unused: the cipher has its own
        assert_eq!(settled, [KEX, HOST_KEY, CIPHER, CIPHER, mac, mac, "none", "none"]);
        assert_eq!(check_offers(&CLIENT_OFFERS, &SERVER_OFFERS), Ok(()));
        let own = "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr";
        let sorted = |list: &'static str| list.split(',').collect::<std::collections::BTreeSet<_>>();
        assert_eq!((sorted(CLIENT_CIPHERS), CLIENT_CIPHERS.len()), (sorted(own), own.len()));
        for list in 0..4 {
            for other in [own, "", "curve25519", "ecdh-sha2-nistp256,curve25519-sha256", "rsa-sha2-512"] {
                let mut offers = CLIENT_OFFERS;
                offers[list] = other;
                let refused = Err(Violation::NothingInCommon("SSH algorithm"));
                assert_eq!(check_offers(&offers, &SERVER_OFFERS), refused, "{list}: {other}");
            }
        }
    }
}
