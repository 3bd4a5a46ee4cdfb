//! The two hellos.

use super::super::Violation;
use super::super::cursor::{Reader, Writer};
use super::{Offer, Stack, Version};

/// Extension numbers.
mod extension {
    pub(super) const SERVER_NAME: u32 = 0;
    pub(super) const SESSION_TICKET: u32 = 35;
    pub(super) const MASTER_SECRET: u32 = 23;
    pub(super) const SUPPORTED_VERSIONS: u32 = 43;
    pub(super) const PSK_MODES: u32 = 45;
    pub(super) const KEY_SHARE: u32 = 51;
}

/// The suites that TLS 1.3 knows, AES-128 first as Go has them.
const SUITES_13_GO: [u16; 3] = [0x1301, 0x1302, 0x1303];
const SUITES_13_OPENSSL: [u16; 3] = [0x1302, 0x1303, 0x1301];
const SUITES_12_GO: [u16; 16] = [
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
    0xc012, 0x000a,
];
const SUITES_12_OPENSSL: [u16; 27] = [
    0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x009e, 0xc024, 0xc028, 0x006b, 0xc023, 0xc027,
    0x0067, 0xc00a, 0xc014, 0x0039, 0xc009, 0xc013, 0x0033, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f,
];
/// "I know secure renegotiation", said as a suite.
const RENEGOTIATION: u16 = 0x00ff;
/// The suites of 1.2 that both ends here know: ECDHE-RSA with AES-GCM.
const COMMON_12: [u16; 2] = [0xc02f, 0xc030];

const GROUPS_GO: [u16; 4] = [0x001d, 0x0017, 0x0018, 0x0019];
const GROUPS_12_OPENSSL: [u16; 5] = [0x001d, 0x0017, 0x001e, 0x0019, 0x0018];
const GROUPS_13_OPENSSL: [u16; 10] = [0x001d, 0x0017, 0x001e, 0x0019, 0x0018, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104];

const SIGNATURES_GO: [u16; 12] =
    [0x0804, 0x0403, 0x0807, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0503, 0x0603, 0x0201, 0x0203];
const SIGNATURES_13_OPENSSL: [u16; 14] =
    [0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];
/// What OpenSSL adds for 1.2.
const SIGNATURES_12_OPENSSL: [u16; 6] = [0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602];

/// The random parts of a hello.
pub(super) struct Randoms {
    pub(super) random: [u8; 32],
    pub(super) session: [u8; 32],
    pub(super) key: [u8; 32],
}

/// The body of a ClientHello.
pub(super) fn client_hello(offer: Offer, name: Option<&str>, randoms: &Randoms) -> Vec<u8> {
    let mut out = Writer::default();
    let session: &[u8] = if offer == Offer::OpenSsl12 { &[] } else { &randoms.session };
    out.number(0x0303, 2).raw(&randoms.random).block(1, session);
    let suites = match offer {
        Offer::Go => [&SUITES_12_GO[..], &SUITES_13_GO].concat(),
        Offer::OpenSsl12 => [&SUITES_12_OPENSSL[..], &[RENEGOTIATION]].concat(),
        Offer::OpenSsl13 => [&SUITES_13_OPENSSL[..], &[RENEGOTIATION]].concat(),
    };
    out.block(2, &words(&suites)).block(1, &[0]);
    let mut extensions = Writer::default();
    if let Some(name) = name {
        let mut host = Writer::default();
        host.u8(0).block(2, name.as_bytes());
        extend(&mut extensions, extension::SERVER_NAME, &prefixed(2, &host.0));
    }
    match offer {
        Offer::Go => go_extensions(&mut extensions, &randoms.key),
        Offer::OpenSsl12 | Offer::OpenSsl13 => openssl_extensions(&mut extensions, offer, &randoms.key),
    }
    out.block(2, &extensions.0);
    out.0
}

fn go_extensions(out: &mut Writer, key: &[u8; 32]) {
    extend(out, 5, &[1, 0, 0, 0, 0]); // status_request
    extend(out, 10, &prefixed(2, &words(&GROUPS_GO)));
    extend(out, 11, &[1, 0]); // uncompressed points
    extend(out, 13, &prefixed(2, &words(&SIGNATURES_GO)));
    extend(out, 0xff01, &[0]); // renegotiation_info
    extend(out, 18, &[]); // signed_certificate_timestamp
    extend(out, extension::SUPPORTED_VERSIONS, &prefixed(1, &words(&[0x0304, 0x0303])));
    extend(out, extension::KEY_SHARE, &prefixed(2, &share(key)));
}

fn openssl_extensions(out: &mut Writer, offer: Offer, key: &[u8; 32]) {
    let old = offer == Offer::OpenSsl12;
    extend(out, 11, &[3, 0, 1, 2]);
    let groups = if old { words(&GROUPS_12_OPENSSL) } else { words(&GROUPS_13_OPENSSL) };
    extend(out, 10, &prefixed(2, &groups));
    extend(out, extension::SESSION_TICKET, &[]);
    extend(out, 22, &[]); // encrypt_then_mac
    extend(out, extension::MASTER_SECRET, &[]);
    let more: &[u16] = if old { &SIGNATURES_12_OPENSSL } else { &[] };
    extend(out, 13, &prefixed(2, &words(&[&SIGNATURES_13_OPENSSL[..], more].concat())));
    if !old {
        extend(out, extension::SUPPORTED_VERSIONS, &prefixed(1, &words(&[0x0304])));
        extend(out, extension::PSK_MODES, &[1, 1]);
        extend(out, extension::KEY_SHARE, &prefixed(2, &share(key)));
    }
}

/// What a server wants to know of a ClientHello.
#[derive(Debug)]
pub(super) struct ClientHello {
    session: Vec<u8>,
    suites: Vec<u16>,
    pub(super) name: Option<String>,
    offers_13: bool,
    pub(super) offers_ticket: bool,
    offers_master_secret: bool,
    /// Whether the client will take tickets in 1.3.
    pub(super) offers_psk: bool,
}

impl ClientHello {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Violation> {
        let mut reader = Reader::new(body, "TLS ClientHello");
        reader.take(2 + 32)?;
        let session = reader.block(1)?.to_vec();
        let suites = reader.block(2)?.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        reader.block(1)?;
        let mut hello = Self {
            session,
            suites,
            name: None,
            offers_13: false,
            offers_ticket: false,
            offers_master_secret: false,
            offers_psk: false,
        };
        let mut extensions = Reader::new(reader.block(2)?, "TLS extensions");
        reader.finish()?;
        while !extensions.is_empty() {
            let (kind, data) = (extensions.number(2)?, extensions.block(2)?);
            let mut data = Reader::new(data, "TLS extension");
            match kind {
                extension::SERVER_NAME => {
                    let mut names = Reader::new(data.block(2)?, "TLS server name");
                    names.u8()?;
                    let name = str::from_utf8(names.block(2)?).map_err(|_| names.malformed())?;
                    hello.name = Some(name.to_owned());
                }
                extension::SUPPORTED_VERSIONS => {
                    hello.offers_13 = data.block(1)?.chunks_exact(2).any(|pair| pair == [3, 4]);
                }
                extension::SESSION_TICKET => hello.offers_ticket = true,
                extension::MASTER_SECRET => hello.offers_master_secret = true,
                extension::PSK_MODES => hello.offers_psk = true,
                _ => {}
            }
        }
        Ok(hello)
    }

    /// The version and suite that a server, which knows versions up to `highest`, settles on.
    pub(super) fn choose(&self, stack: Stack, highest: Version) -> Option<(Version, u16)> {
        if self.offers_13 && highest == Version::Tls13 {
            // Go takes its own first choice, OpenSSL the client's.
            let own = (stack == Stack::Go).then_some(SUITES_13_GO[0]).filter(|suite| self.suites.contains(suite));
            let theirs = || self.suites.iter().copied().find(|suite| SUITES_13_GO.contains(suite));
            return Some((Version::Tls13, own.or_else(theirs)?));
        }
        let suite = self.suites.iter().copied().find(|suite| COMMON_12.contains(suite))?;
        Some((Version::Tls12, suite))
    }

    /// The body of the ServerHello that answers.
    pub(super) fn answer(&self, stack: Stack, (version, suite): (Version, u16), randoms: &Randoms) -> Vec<u8> {
        let mut out = Writer::default();
        let session = if version == Version::Tls13 { self.session.as_slice() } else { &[] };
        out.number(0x0303, 2).raw(&randoms.random).block(1, session).number(suite.into(), 2).u8(0);
        let mut extensions = Writer::default();
        if version == Version::Tls13 {
            extend(&mut extensions, extension::SUPPORTED_VERSIONS, &[3, 4]);
            extend(&mut extensions, extension::KEY_SHARE, &share(&randoms.key));
        } else {
            extend(&mut extensions, 0xff01, &[0]);
            extend(&mut extensions, 11, if stack == Stack::Go { &[1, 0] } else { &[3, 0, 1, 2] });
            if self.offers_ticket {
                extend(&mut extensions, extension::SESSION_TICKET, &[]);
            }
            if self.offers_master_secret && stack == Stack::OpenSsl {
                extend(&mut extensions, extension::MASTER_SECRET, &[]);
            }
        }
        out.block(2, &extensions.0);
        out.0
    }
}

/// The version and suite of a ServerHello.
pub(super) fn parse_server_hello(body: &[u8]) -> Result<(Version, u16), Violation> {
    let mut reader = Reader::new(body, "TLS ServerHello");
    reader.take(2 + 32)?;
    reader.block(1)?;
    let suite = reader.number(2)? as u16;
    reader.u8()?;
    let mut extensions = Reader::new(reader.block(2)?, "TLS extensions");
    reader.finish()?;
    let mut version = Version::Tls12;
    while !extensions.is_empty() {
        let (kind, data) = (extensions.number(2)?, extensions.block(2)?);
        if kind == extension::SUPPORTED_VERSIONS && data == [3, 4] {
            version = Version::Tls13;
        }
    }
    Ok((version, suite))
}

/// How long the hash of a suite of 1.3 is, and so its Finished message, bytes.
pub(super) fn hash_length(suite: u16) -> usize {
    if suite == 0x1302 { 48 } else { 32 }
}

/// A public key on the curve X25519.
fn share(key: &[u8; 32]) -> Vec<u8> {
    let mut out = Writer::default();
    out.number(0x001d, 2).block(2, key);
    out.0
}

fn extend(out: &mut Writer, kind: u32, data: &[u8]) {
    out.number(kind as usize, 2).block(2, data);
}

fn prefixed(width: usize, data: &[u8]) -> Vec<u8> {
    let mut out = Writer::default();
    out.block(width, data);
    out.0
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}
