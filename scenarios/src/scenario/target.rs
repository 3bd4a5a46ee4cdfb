//! Where a flow goes: `name:port`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// The far end of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// An actor, a machine, a frontend, an endpoint, a resource id, a host name or an address; of an IPv6 address without
    /// its brackets. Never empty.
    pub name: String,
    /// The port; 0 where the protocol has none, else never.
    pub port: u16,
}

/// Why a text is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No colon, or nothing before it.
    #[error("`{0}` is not `name:port`; write web:443, 10.0.0.4:22 or [fd00::4]:22")]
    Form(String),
    /// What stands behind the colon is no port.
    #[error("`{0}` is no port; ports go from 1 to 65535")]
    Port(String),
    /// An IPv6 address without brackets: its last part would be taken for a port.
    #[error("`{0}` has several colons; write an IPv6 address in brackets: [fd00::4]:22")]
    Brackets(String),
    /// Something else in the brackets.
    #[error("`{0}` is no IPv6 address; brackets are for IPv6 addresses only")]
    NotV6(String),
    /// A port where the protocol has none.
    #[error("`{0}` has a port, and the protocol has none; write web, 10.0.0.4 or fd00::4")]
    NoPorts(String),
}

impl Target {
    /// The target of a protocol without ports: a name, or an address without brackets.
    ///
    /// # Errors
    /// When it is empty, or has a port.
    pub fn without_port(text: &str) -> Result<Self, TargetError> {
        if text.contains(':') && text.parse::<Ipv6Addr>().is_err() {
            return Err(TargetError::NoPorts(text.to_owned()));
        }
        if text.trim().is_empty() {
            return Err(TargetError::Form(text.to_owned()));
        }
        Ok(Self { name: text.to_owned(), port: 0 })
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let form = || TargetError::Form(text.to_owned());
        let (name, port) = text.rsplit_once(':').ok_or_else(form)?;
        let name = match name.strip_prefix('[') {
            Some(rest) => {
                let inner = rest.strip_suffix(']').ok_or_else(form)?;
                inner.parse::<Ipv6Addr>().map_err(|_| TargetError::NotV6(inner.to_owned()))?;
                inner
            }
            None if name.contains(':') => return Err(TargetError::Brackets(text.to_owned())),
            None => name,
        };
        if name.trim().is_empty() {
            return Err(form());
        }
        // `parse` alone would take `+22`.
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let number = port.parse::<u16>().ok().filter(|number| digits && *number != 0);
        let port = number.ok_or_else(|| TargetError::Port(port.to_owned()))?;
        Ok(Self { name: name.to_owned(), port })
    }
}

/// As it is written in a scenario.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.port == 0 {
            f.write_str(&self.name)
        } else if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

impl JsonSchema for Target {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A name and a port: web:443, 10.0.0.4:22, [fd00::4]:22. Without port for icmp and traceroute: web, fd00::4.",
            "pattern": "^((\\[[0-9A-Fa-f:.]+\\]|[^:\\[]+):[0-9]{1,5}|[^:\\[]+|[0-9A-Fa-f:.]+)$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: the last part of an IPv6 address taken for a port, port 0, a sign in a port, an empty name, text that does
    /// not come back as it was written.
    #[test]
    fn targets_are_read() {
        let id = "/subscriptions/0/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/e";
        for (text, name, port) in [
            ("web:443", "web", 443),
            ("10.0.0.4:22", "10.0.0.4", 22),
            ("[fd00::4]:22", "fd00::4", 22),
            (&format!("{id}:443"), id, 443),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!((target.name.as_str(), target.port), (name, port));
            assert_eq!(target.to_string(), text);
        }
        for (text, expected) in [
            ("web", TargetError::Form("web".into())),
            (":22", TargetError::Form(":22".into())),
            ("", TargetError::Form(String::new())),
            ("[fd00::4:22", TargetError::Form("[fd00::4:22".into())),
            ("web:0", TargetError::Port("0".into())),
            ("web:", TargetError::Port(String::new())),
            ("web:+22", TargetError::Port("+22".into())),
            ("web:65536", TargetError::Port("65536".into())),
            ("fd00::4:22", TargetError::Brackets("fd00::4:22".into())),
            ("[web]:22", TargetError::NotV6("web".into())),
        ] {
            assert_eq!(text.parse::<Target>(), Err(expected), "{text}");
        }
        for text in ["web", "10.0.0.4", "fd00::4"] {
            let target = Target::without_port(text).unwrap();
            assert_eq!((target.name.as_str(), target.port, target.to_string().as_str()), (text, 0, text));
        }
        assert_eq!(Target::without_port("web:22"), Err(TargetError::NoPorts("web:22".into())));
        assert_eq!(Target::without_port(" "), Err(TargetError::Form(" ".into())));
    }
}
