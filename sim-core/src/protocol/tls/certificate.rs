//! A self-signed certificate that parses as X.509. Its key and signature are random bytes: it proves nothing.

use super::super::seal::{generator, random};
use bytes::Bytes;

/// The size of the captured certificate, DER, bytes (azure-services 10).
const CAPTURED: usize = 803;

/// Object identifiers, as DER holds them.
const COMMON_NAME: [u8; 3] = [0x55, 4, 3];
const ALTERNATIVE_NAME: [u8; 3] = [0x55, 0x1d, 17];
const KEY_IDENTIFIER: [u8; 3] = [0x55, 0x1d, 14];
const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1];
const RSA_SHA256: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11];

/// Tags.
mod tag {
    pub(super) const INTEGER: u8 = 2;
    pub(super) const BITS: u8 = 3;
    pub(super) const OCTETS: u8 = 4;
    pub(super) const NULL: u8 = 5;
    pub(super) const OBJECT: u8 = 6;
    pub(super) const UTF8: u8 = 12;
    pub(super) const UTC_TIME: u8 = 23;
    pub(super) const SEQUENCE: u8 = 0x30;
    pub(super) const SET: u8 = 0x31;
    pub(super) const VERSION: u8 = 0xa0;
    pub(super) const EXTENSIONS: u8 = 0xa3;
    pub(super) const DNS_NAME: u8 = 0x82;
}

/// An X.509 certificate for an RSA-2048 key. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Bytes,
}

impl Certificate {
    /// The certificate of `subject`, the same for each call: a host name, which may begin with `*.`. It has the captured
    /// 803 bytes unless the name is too long for that (about 38 characters); then it has what it needs.
    #[must_use]
    pub fn new(subject: &str) -> Self {
        Self::of(&[subject])
    }

    /// The same for several host names, of which the first is the subject; one without any name is `localhost`'s.
    #[must_use]
    pub fn of(names: &[impl AsRef<str>]) -> Self {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        let names = if names.is_empty() { &["localhost"][..] } else { &names };
        // Lengths of lengths can make one size unreachable with one serial number; the next one reaches it.
        let padded = (8..=20).find_map(|serial| {
            let bare = build(names, serial, None);
            if bare.len() == CAPTURED {
                return Some(bare);
            }
            let missing = CAPTURED.checked_sub(build(names, serial, Some(0)).len())?;
            let excess = build(names, serial, Some(missing)).len() - CAPTURED;
            let der = build(names, serial, Some(missing.checked_sub(excess)?));
            (der.len() == CAPTURED).then_some(der)
        });
        Self { der: padded.unwrap_or_else(|| build(names, 8, None)).into() }
    }

    /// The bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The common name of the subject of any certificate; `None` when it has none, or is no certificate.
    #[must_use]
    pub fn name_in(der: &[u8]) -> Option<String> {
        let (certificate, _) = expect(der, tag::SEQUENCE)?;
        let (mut rest, _) = expect(certificate, tag::SEQUENCE)?;
        for tag in [tag::VERSION, tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, tag::SEQUENCE] {
            (_, rest) = expect(rest, tag)?;
        }
        let (mut subject, _) = expect(rest, tag::SEQUENCE)?;
        while !subject.is_empty() {
            let (set, later) = expect(subject, tag::SET)?;
            let (attribute, _) = expect(set, tag::SEQUENCE)?;
            let (object, value) = expect(attribute, tag::OBJECT)?;
            if object == COMMON_NAME {
                return String::from_utf8(element(value)?.1.to_vec()).ok();
            }
            subject = later;
        }
        None
    }

    /// The host names that any certificate is for, in its order; none when it says none, or is no certificate.
    #[must_use]
    pub fn names_in(der: &[u8]) -> Vec<String> {
        alternative_names(der).unwrap_or_default()
    }

    /// Whether a name in a certificate stands for this host. A star is one whole label, the first (RFC 6125 6.4.3).
    ///
    /// ```
    /// use sim_core::protocol::tls::Certificate;
    /// assert!(Certificate::fits("*.example.org", "a.Example.org"));
    /// assert!(!Certificate::fits("*.example.org", "a.b.example.org"));
    /// ```
    #[must_use]
    pub fn fits(pattern: &str, host: &str) -> bool {
        match pattern.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(label, rest)| {
                !label.is_empty() && rest.contains('.') && rest.eq_ignore_ascii_case(parent)
            }),
            None => pattern.eq_ignore_ascii_case(host),
        }
    }
}

/// The host names in the extension for them.
fn alternative_names(der: &[u8]) -> Option<Vec<String>> {
    let (certificate, _) = expect(der, tag::SEQUENCE)?;
    let (mut rest, _) = expect(certificate, tag::SEQUENCE)?;
    while rest.first() != Some(&tag::EXTENSIONS) {
        (_, _, rest) = element(rest)?;
    }
    let (extensions, _) = expect(rest, tag::EXTENSIONS)?;
    let (mut extensions, _) = expect(extensions, tag::SEQUENCE)?;
    while !extensions.is_empty() {
        let (one, later) = expect(extensions, tag::SEQUENCE)?;
        let (object, value) = expect(one, tag::OBJECT)?;
        if object == ALTERNATIVE_NAME {
            let (_, value, _) = element(value)?;
            let (mut list, _) = expect(value, tag::SEQUENCE)?;
            let mut names = Vec::new();
            while !list.is_empty() {
                let (kind, name, others) = element(list)?;
                if kind == tag::DNS_NAME {
                    names.push(str::from_utf8(name).ok()?.to_owned());
                }
                list = others;
            }
            return Some(names);
        }
        extensions = later;
    }
    None
}

/// A certificate with a serial number of so many bytes and, if wanted, an identifier of its key of so many:
/// what the size is made up with, since its length is free.
fn build(hosts: &[&str], serial: usize, identifier: Option<usize>) -> Vec<u8> {
    let subject = hosts.first().copied().unwrap_or_default();
    let seed = subject.bytes().fold(CAPTURED as u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let mut generator = generator(seed);
    let mut number: [u8; 20] = random(&mut generator);
    number[0] = number[0] & 0x7f | 0x40; // positive, and no leading zero
    let mut modulus: [u8; 257] = random(&mut generator);
    (modulus[0], modulus[1], modulus[256]) = (0, modulus[1] | 0x80, modulus[256] | 1);
    let mut signature: [u8; 257] = random(&mut generator);
    signature[0] = 0; // no unused bits

    let algorithm = |object: &[u8]| wrap(tag::SEQUENCE, &[wrap(tag::OBJECT, &[object]), wrap::<&[u8]>(tag::NULL, &[])]);
    let name = wrap(tag::SEQUENCE, &[wrap(tag::SET, &[attribute(subject)])]);
    let validity =
        wrap(tag::SEQUENCE, &[wrap(tag::UTC_TIME, &[b"200101000000Z"]), wrap(tag::UTC_TIME, &[b"491231235959Z"])]);
    let exponent = wrap(tag::INTEGER, &[[1, 0, 1]]);
    let key = wrap(tag::SEQUENCE, &[wrap(tag::INTEGER, &[modulus]), exponent]);
    let key = wrap(tag::SEQUENCE, &[algorithm(&RSA), wrap(tag::BITS, &[vec![0], key])]);
    let names: Vec<Vec<u8>> = hosts.iter().map(|host| wrap(tag::DNS_NAME, &[host])).collect();
    let names = wrap(tag::SEQUENCE, &names);
    let mut extensions = vec![extension(&ALTERNATIVE_NAME, &names)];
    if let Some(length) = identifier {
        extensions.push(extension(&KEY_IDENTIFIER, &wrap(tag::OCTETS, &[vec![0x5a; length]])));
    }
    let body = wrap(
        tag::SEQUENCE,
        &[
            wrap(tag::VERSION, &[wrap(tag::INTEGER, &[[2]])]), // counted from zero: version 3
            wrap(tag::INTEGER, &[&number[..serial]]),
            algorithm(&RSA_SHA256),
            name.clone(),
            validity,
            name,
            key,
            wrap(tag::EXTENSIONS, &[wrap(tag::SEQUENCE, &extensions)]),
        ],
    );
    wrap(tag::SEQUENCE, &[body, algorithm(&RSA_SHA256), wrap(tag::BITS, &[signature])])
}

fn attribute(name: &str) -> Vec<u8> {
    wrap(tag::SEQUENCE, &[wrap(tag::OBJECT, &[COMMON_NAME]), wrap(tag::UTF8, &[name])])
}

fn extension(object: &[u8], value: &[u8]) -> Vec<u8> {
    wrap(tag::SEQUENCE, &[wrap(tag::OBJECT, &[object]), wrap(tag::OCTETS, &[value])])
}

/// A DER element: tag, length, and the parts one behind the other.
fn wrap<P: AsRef<[u8]>>(tag: u8, parts: &[P]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.as_ref().len()).sum();
    let mut out = vec![tag];
    match length {
        0..0x80 => out.push(length as u8),
        0x80..0x100 => out.extend_from_slice(&[0x81, length as u8]),
        _ => out.extend_from_slice(&[0x82, (length >> 8) as u8, length as u8]),
    }
    parts.iter().for_each(|part| out.extend_from_slice(part.as_ref()));
    out
}

/// The first element if it has this tag: its content, and what follows it.
fn expect(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = element(der)?;
    (tag == wanted).then_some((content, rest))
}

/// The first element: tag, content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), rest.get(2..)?),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}
