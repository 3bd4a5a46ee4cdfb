//! Bodies of requests, read field by field.

use super::Fault;
use serde_json::Value;
use sim_core::net::{Addr, Protocol};
use sim_core::topology::{Direction, PortRange};

/// The body of a request, or an object inside it. Letter case of names does not count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body<'a>(&'a Value);

/// Stands for the client's port where a question leaves it open: the first of the range that systems take them from
/// (RFC 6335).
const ANY_CLIENT_PORT: u16 = 49152;

impl<'a> Body<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// A member that is there and not null.
    pub(super) fn get(self, key: &str) -> Option<Body<'a>> {
        let members = self.0.as_object()?;
        let found = members
            .get(key)
            .or_else(|| members.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value))?;
        (!found.is_null()).then_some(Body(found))
    }

    /// The value itself.
    pub(super) fn value(self) -> &'a Value {
        self.0
    }

    /// The items of an array; empty for anything else.
    pub(super) fn items(self) -> impl Iterator<Item = Body<'a>> {
        self.0.as_array().into_iter().flatten().map(Body)
    }

    /// A text, if it is there.
    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        self.get(key)?.0.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// A text that has to be there.
    pub(super) fn required(self, key: &str) -> Result<&'a str, Fault> {
        self.text(key)
            .ok_or_else(|| Fault::question(format!("the body has no `{key}`"), format!("add \"{key}\": \"...\"")))
    }

    /// An address that has to be there.
    pub(super) fn address(self, key: &str) -> Result<Addr, Fault> {
        let text = self.required(key)?;
        text.parse().map_err(|_| bad(key, text, "an IP address, as 10.0.0.4"))
    }

    /// `Inbound` or `Outbound`.
    pub(super) fn direction(self) -> Result<Direction, Fault> {
        match self.required("direction")? {
            word if word.eq_ignore_ascii_case("Inbound") => Ok(Direction::Inbound),
            word if word.eq_ignore_ascii_case("Outbound") => Ok(Direction::Outbound),
            other => Err(bad("direction", other, "Inbound or Outbound")),
        }
    }

    /// TCP or UDP.
    pub(super) fn protocol(self) -> Result<Protocol, Fault> {
        match self.required("protocol")? {
            word if word.eq_ignore_ascii_case("TCP") => Ok(Protocol::TCP),
            word if word.eq_ignore_ascii_case("UDP") => Ok(Protocol::UDP),
            other => Err(bad("protocol", other, "TCP or UDP")),
        }
    }

    /// The port of the side that is asked: a number.
    pub(super) fn port(self, key: &str) -> Result<u16, Fault> {
        let text = self.word(key)?;
        text.parse().map_err(|_| bad(key, &text, "a port from 0 to 65535"))
    }

    /// The port of the side that asks: a number, or `*` for any.
    pub(super) fn client_port(self, key: &str) -> Result<u16, Fault> {
        match self.word(key)?.as_str() {
            "*" => Ok(ANY_CLIENT_PORT),
            text => text.parse().map_err(|_| bad(key, text, "a port from 0 to 65535, or *")),
        }
    }

    /// One port, a range of them, or `*`.
    pub(super) fn ports(self, key: &str) -> Result<PortRange, Fault> {
        let text = self.word(key)?;
        if text == "*" {
            return Ok(PortRange { first: 0, last: u16::MAX });
        }
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok(PortRange { first, last }),
            _ => Err(bad(key, &text, "a port, a range of ports, or *")),
        }
    }

    /// A text, or a number as its text.
    fn word(self, key: &str) -> Result<String, Fault> {
        match self.get(key).map(Body::value) {
            Some(Value::Number(number)) => Ok(number.to_string()),
            _ => self.required(key).map(str::to_owned),
        }
    }
}

pub(super) fn bad(key: &str, text: &str, wanted: &str) -> Fault {
    Fault::question(format!("`{key}` is `{text}`"), format!("`{key}` takes {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Catches: numbers refused where Azure's SDKs send texts, ports cut down to 16 bits, ranges the wrong way round, an
    /// empty text taken for a value.
    #[test]
    fn fields_are_read_or_refused() {
        let value = json!({"A": 80, "b": "*", "c": "20-30", "d": "30-20", "e": 70000, "f": "", "g": null});
        let body = Body::new(&value);
        assert_eq!((body.port("a").unwrap(), body.client_port("b").unwrap()), (80, ANY_CLIENT_PORT));
        assert_eq!(body.ports("c").unwrap(), PortRange { first: 20, last: 30 });
        for key in ["d", "e", "f", "g", "h"] {
            assert!(body.ports(key).is_err(), "{key}");
        }
        assert!(body.port("b").is_err() && body.text("f").is_none() && body.get("g").is_none());
        assert!(Body::new(&json!([])).get("a").is_none());
    }
}
