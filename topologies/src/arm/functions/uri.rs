//! Addresses and encodings: `uri`, base64, data URIs.

use super::super::stop::{Answer, Stop, wrong};
use super::{Function, pure, text};
use crate::json::{Data, Value, parse_text};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("base64", 1, 1, |a| Ok(encode64(text(a, 0)?.as_bytes()).into())),
    pure("base64ToString", 1, 1, |a| decode64(text(a, 0)?).map(Data::String)),
    pure("base64ToJson", 1, 1, |a| json_text(&decode64(text(a, 0)?)?, a)),
    pure("json", 1, 1, |a| json_text(text(a, 0)?, a)),
    pure("dataUri", 1, 1, |a| {
        let encoded = encode64(super::display(&a[0]).as_bytes());
        Ok(format!("data:text/plain;charset=utf8;base64,{encoded}").into())
    }),
    pure("dataUriToString", 1, 1, |a| {
        let (head, data) = text(a, 0)?.split_once(',').ok_or_else(|| wrong("this is no data URI"))?;
        if head.ends_with(";base64") { decode64(data) } else { percent_decode(data) }.map(Data::String)
    }),
    pure("uri", 2, 2, |a| Ok(resolve(text(a, 0)?, text(a, 1)?).into())),
    pure("uriComponent", 1, 1, |a| Ok(percent_encode(text(a, 0)?).into())),
    pure("uriComponentToString", 1, 1, |a| percent_decode(text(a, 0)?).map(Data::String)),
];

fn json_text(source: &str, arguments: &[Value]) -> Answer<Data> {
    let span = arguments[0].span;
    let document = parse_text(source, span.file);
    match (document.value, document.diagnostics.first()) {
        (Some(value), _) => Ok(value.moved_to(span).data),
        (None, reason) => {
            let reason = reason.map(|reason| reason.message.as_str()).unwrap_or_default();
            Err(wrong(format!("the text is not JSON ({reason})")))
        }
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_u32, |word, at| word << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

fn decode64(text: &str) -> Answer<String> {
    let refused = || wrong("the text is not base64 of UTF-8");
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let trimmed = digits.iter().rposition(|byte| *byte != b'=').map_or(&digits[..0], |last| &digits[..=last]);
    if !digits.len().is_multiple_of(4) {
        return Err(refused());
    }
    let mut bytes = Vec::with_capacity(trimmed.len());
    let (mut word, mut bits) = (0_u32, 0);
    for digit in trimmed {
        let value = DIGITS.iter().position(|known| known == digit).ok_or_else(refused)?;
        word = word << 6 | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits & 0xff) as u8);
            word &= (1 << bits) - 1;
        }
    }
    String::from_utf8(bytes).map_err(|_| refused())
}

fn percent_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn percent_decode(text: &str) -> Answer<String> {
    let refused = || -> Stop { wrong("the text has a % that no two hexadecimal digits follow") };
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2).ok_or_else(refused)?;
        let digits = std::str::from_utf8(digits).map_err(|_| refused())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| refused())?);
        rest = tail;
    }
    String::from_utf8(bytes).map_err(|_| refused())
}

/// An address relative to another: without the base's last segment, unless the base ends in a slash (RFC 3986, 5.2).
fn resolve(base: &str, relative: &str) -> String {
    let scheme = relative.split_once("://").map(|(scheme, _)| scheme).unwrap_or_default();
    if !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric()) {
        return relative.to_owned();
    }
    let base = base.split(['?', '#']).next().unwrap_or_default();
    let host_at = base.find("://").map_or(0, |at| at + 3);
    let path_at = base[host_at..].find('/').map_or(base.len(), |at| host_at + at);
    let (origin, path) = base.split_at(path_at);
    if relative.starts_with('/') {
        return format!("{origin}{relative}");
    }
    let mut folders: Vec<&str> = path.split('/').skip(1).collect();
    folders.pop();
    let mut rest = relative;
    loop {
        if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else if let Some(after) = rest.strip_prefix("../") {
            rest = after;
            folders.pop();
        } else {
            break;
        }
    }
    folders.push(rest);
    format!("{origin}/{}", folders.join("/"))
}
