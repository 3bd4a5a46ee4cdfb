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

impl Value {
    /// JSON for people: two blanks a level, a member or item a line, a line end after the last. Characters that steer a
    /// terminal are escaped, so that the text can be shown as it is.
    #[must_use]
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        indented(self, 0, &mut out);
        out.push('\n');
        out
    }
}

fn indented(value: &Value, level: usize, out: &mut String) {
    let line = |out: &mut String, level: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    };
    match &value.data {
        Data::Array(items) if !items.is_empty() => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(out, level + 1);
                indented(item, level + 1, out);
            }
            line(out, level);
            out.push(']');
        }
        Data::Object(members) if !members.is_empty() => {
            out.push('{');
            for (at, member) in members.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(out, level + 1);
                plain(&Value::new(member.key_span, Data::String(member.key.clone())), out);
                out.push_str(": ");
                indented(&member.value, level + 1, out);
            }
            line(out, level);
            out.push('}');
        }
        _ => plain(value, out),
    }
}

/// Compact, with everything that steers a terminal escaped.
fn plain(value: &Value, out: &mut String) {
    let start = out.len();
    // A String takes everything.
    let _ = write!(out, "{value}");
    if out[start..].bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return;
    }
    for character in out.split_off(start).chars() {
        if steers(character) {
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
}

fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
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
