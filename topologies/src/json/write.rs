//! Writing a value back as compact JSON.

use std::fmt::{self, Display, Formatter, Write};

use super::{Data, Number, Value};

/// Compact JSON, keys in the order they have.
impl Display for Value {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.data {
            Data::Null => out.write_str("null"),
            Data::Bool(value) => write!(out, "{value}"),
            Data::Number(number) => write!(out, "{number}"),
            Data::String(text) => quoted(out, text),
            Data::Array(items) => {
                out.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.write_char(',')?;
                    }
                    write!(out, "{item}")?;
                }
                out.write_char(']')
            }
            Data::Object(members) => {
                out.write_char('{')?;
                for (at, member) in members.iter().enumerate() {
                    if at > 0 {
                        out.write_char(',')?;
                    }
                    quoted(out, &member.key)?;
                    write!(out, ":{}", member.value)?;
                }
                out.write_char('}')
            }
        }
    }
}

impl Display for Number {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(out, "{value}"),
            Self::Decimal(text) => out.write_str(text),
        }
    }
}

fn quoted(out: &mut Formatter<'_>, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            control if control < ' ' => write!(out, "\\u{:04x}", u32::from(control))?,
            other => out.write_char(other)?,
        }
    }
    out.write_char('"')
}
