//! The ends of a question: `A` and `B:PORT[/udp|/icmp]`.

use sim_core::net::{Addr, Protocol, Tuple};

/// Who asks whom for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Who asks: a name, a resource id, an address, `Internet`, `on-premises`.
    pub from: String,
    /// Who is asked.
    pub to: String,
    /// The port; 0 where the protocol has none.
    pub port: u16,
    /// TCP, UDP or ICMP.
    pub protocol: Protocol,
}

/// Why a text is no end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndsError {
    /// The protocol is none of the known ones.
    #[error("`{0}` is no protocol; write B:PORT, B:PORT/udp or B/icmp")]
    Protocol(String),
    /// There is no port, and one is needed.
    #[error("`{0}` has no port; write B:PORT, B:PORT/udp or B/icmp, and IPv6 addresses in brackets: [fd00::4]:22")]
    Port(String),
}

/// The client's port in questions.
const CLIENT_PORT: u16 = 49152;

impl Ends {
    /// Reads the far end.
    ///
    /// # Errors
    /// When it has no port where one is needed, or an unknown protocol.
    pub fn new(from: &str, to: &str) -> Result<Self, EndsError> {
        let (place, protocol) = match to.rsplit_once('/') {
            Some((place, word)) if protocol(word).is_ok() || ends_in_port(place) => (place, protocol(word)?),
            _ => (to, Protocol::TCP),
        };
        let end = |name: &str, port| Self { from: from.to_owned(), to: bare(name).to_owned(), port, protocol };
        if protocol == Protocol::ICMP {
            return Ok(end(place, 0));
        }
        let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0 && !text.starts_with('+'));
        match place.rsplit_once(':').map(|(name, text)| (name, port(text))) {
            Some((name, Some(port))) if !name.is_empty() && (!name.contains(':') || name.ends_with(']')) => {
                Ok(end(name, port))
            }
            _ => Err(EndsError::Port(to.to_owned())),
        }
    }

    /// The first packet.
    #[must_use]
    pub fn tuple(&self, src: Addr, dst: Addr) -> Tuple {
        let protocol = match self.protocol {
            Protocol::ICMP if !dst.is_v4() => Protocol::ICMPV6,
            protocol => protocol,
        };
        // An echo has one number, which stands in both places.
        let (src_port, dst_port) = if self.port == 0 { (CLIENT_PORT, CLIENT_PORT) } else { (CLIENT_PORT, self.port) };
        Tuple { src, dst, src_port, dst_port, protocol }
    }
}

fn bare(name: &str) -> &str {
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name)
}

/// Whether what follows can only be meant as a protocol. Resource ids have slashes of their own, before the port.
fn ends_in_port(place: &str) -> bool {
    place.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn protocol(word: &str) -> Result<Protocol, EndsError> {
    match word.to_ascii_lowercase().as_str() {
        "tcp" => Ok(Protocol::TCP),
        "udp" => Ok(Protocol::UDP),
        "icmp" => Ok(Protocol::ICMP),
        _ => Err(EndsError::Protocol(word.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: the last part of a resource id taken for a protocol, of an IPv6 address for a port, a missing port taken
    /// for zero.
    #[test]
    fn ends_are_read() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm";
        for (text, name, port, protocol) in [
            ("web:443", "web", 443, Protocol::TCP),
            ("dns:53/udp", "dns", 53, Protocol::UDP),
            ("web/icmp", "web", 0, Protocol::ICMP),
            ("[fd00::4]:22/tcp", "fd00::4", 22, Protocol::TCP),
            ("fd00::4/icmp", "fd00::4", 0, Protocol::ICMP),
            (&format!("{id}:22"), id, 22, Protocol::TCP),
            (&format!("{id}/icmp"), id, 0, Protocol::ICMP),
        ] {
            let ends = Ends::new("a", text).unwrap();
            assert_eq!((ends.to.as_str(), ends.port, ends.protocol), (name, port, protocol), "{text}");
        }
        assert_eq!(Ends::new("a", "web:53/sctp"), Err(EndsError::Protocol("sctp".into())));
        for text in ["web", "web:", "web:0", "web:+1", ":22", "fd00::4:22", "web:65536", id] {
            assert!(matches!(Ends::new("a", text), Err(EndsError::Port(_))), "{text}");
        }
    }
}
