//! Lengths of time as people write them: `250ms`, `15s`, `1h30m`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use sim_core::time::Nanos;
use std::borrow::Cow;
use std::fmt;

/// A length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Nanos);

impl Span {
    pub(super) fn four_hours() -> Self {
        Self(Nanos::secs(4 * 3600))
    }

    pub(super) fn fifteen_seconds() -> Self {
        Self(Nanos::secs(15))
    }

    pub(super) fn thirty_seconds() -> Self {
        Self(Nanos::secs(30))
    }

    /// Reads numbers with units, largest first: `1h30m`, `250ms`. A bare `0` is no time.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "0" {
            return Some(Self(Nanos::ZERO));
        }
        let mut rest = text.trim();
        let mut total = 0u64;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let number: u64 = rest[..digits].parse().ok()?;
            rest = &rest[digits..];
            let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let unit = match &rest[..end] {
                "h" => 3_600_000_000_000,
                "m" | "min" => 60_000_000_000,
                "s" => 1_000_000_000,
                "ms" => 1_000_000,
                "us" => 1_000,
                "ns" => 1,
                _ => return None,
            };
            total = total.checked_add(number.checked_mul(unit)?)?;
            rest = &rest[end..];
        }
        Some(Self(Nanos(total)))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// A length of time as it is written: a text, or the number 0.
struct Written;

impl Written {
    fn wrong<E: de::Error>(written: impl fmt::Display) -> E {
        E::custom(format!("`{written}` is no length of time; write 250ms, 15s, 20m, 1h30m"))
    }
}

impl Visitor<'_> for Written {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a length of time such as 250ms, 15s, 20m, 1h30m")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        Span::parse(text).ok_or_else(|| Self::wrong(text))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Span, E> {
        if number == 0 { Ok(Span(Nanos::ZERO)) } else { Err(Self::wrong(number)) }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Span, E> {
        if number == 0 { Ok(Span(Nanos::ZERO)) } else { Err(Self::wrong(number)) }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Span, E> {
        Err(Self::wrong(number))
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A length of time: 250ms, 15s, 20m, 1h30m; 0 for none.",
            "anyOf": [
                { "type": "string", "pattern": "^(0|([0-9]+(h|min|ms|us|ns|m|s))+)$" },
                { "type": "integer", "const": 0 }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
        // Catches: minutes taken for milliseconds, overflow, a number without unit.
        for (text, expected) in [
            ("250ms", Some(250_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("0", Some(0)),
            ("15", None),
            ("m", None),
            ("", None),
            ("99999999999999h", None),
        ] {
            assert_eq!(Span::parse(text).map(|span| span.0.0), expected, "{text}");
        }
    }

    #[test]
    fn zero_needs_no_quotes() {
        // Catches: `at: 0` refused because it is a number, or any other number taken for some unit.
        let read = |json: &str| serde_json::from_str::<Span>(json).map_err(|error| error.to_string());
        assert_eq!(read("0"), Ok(Span::default()));
        assert_eq!(read("\"0\""), Ok(Span::default()));
        for wrong in ["15", "-1", "1.5", "true", "[]"] {
            assert!(read(wrong).unwrap_err().contains("length of time"), "{wrong}");
        }
    }
}
