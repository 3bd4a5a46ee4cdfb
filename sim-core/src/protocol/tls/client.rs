//! The client.

use super::super::cursor::Reader;
use super::super::{Side, Violation};
use super::connection::{Connection, Step};
use super::hello::{Randoms, client_hello, hash_length, parse_server_hello};
use super::records::{Flight, Incoming, Records};
use super::{BAD_CERTIFICATE, Certificate, Event, Offer, Stack, Version, kind};

/// The client end of one TLS connection. It starts the handshake by itself.
pub type Client = Connection<Asking>;

/// What only the client keeps.
#[derive(Debug)]
pub struct Asking {
    phase: Phase,
    suite: u16,
    certificate: Option<String>,
    /// The host whose certificate it has to be.
    wanted: Option<String>,
    /// The host names in the server's certificate.
    names: Vec<String>,
}

/// What the client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    ServerHello,
    /// 1.3: the server switches keys right after its hello.
    SwitchFirst,
    Extensions,
    Certificate,
    /// ServerKeyExchange in 1.2, CertificateVerify in 1.3.
    Proof,
    HelloDone,
    /// 1.2: a ticket or the switch of keys.
    Switch,
    Finished,
    Data,
    Over,
}

impl Client {
    /// A client that asks for `server_name`: `None` for a server known by its address, as Go and OpenSSL do it. The seed
    /// decides randoms and keys.
    #[must_use]
    pub fn new(seed: u64, offer: Offer, server_name: Option<&str>) -> Self {
        let stack = if offer == Offer::Go { Stack::Go } else { Stack::OpenSsl };
        let mut records = Records::new(Side::Client, stack, seed);
        let randoms = Randoms { random: records.random(), session: records.random(), key: records.random() };
        let mut flight = Flight::default();
        records.handshake(&mut flight, kind::CLIENT_HELLO, &client_hello(offer, server_name, &randoms));
        records.flush(flight, "TLS ClientHello");
        let phase = Phase::ServerHello;
        Self::over(records, Asking { phase, suite: 0, certificate: None, wanted: None, names: Vec::new() })
    }

    /// The same that takes no certificate but one for `host`: else it ends the handshake with [`Event::Refused`] and says
    /// so to the server, as Go and OpenSSL do.
    #[must_use]
    pub fn for_host(mut self, host: &str) -> Self {
        self.state.wanted = Some(host.to_owned());
        self
    }

    /// The host names that the server's certificate is for, once it has come.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.state.names
    }
}

impl Step for Client {
    fn step(&mut self, incoming: Incoming) -> Result<(), Violation> {
        self.state.phase = match (self.state.phase, incoming) {
            (Phase::Over, _) => Phase::Over,
            (_, Incoming::Alert(code)) => {
                self.alerted(code);
                Phase::Over
            }
            (Phase::SwitchFirst, Incoming::ChangeCipherSpec) => Phase::Extensions,
            (Phase::Switch, Incoming::ChangeCipherSpec) => Phase::Finished,
            (Phase::Data, Incoming::Data(data)) => {
                self.events.push_back(Event::Data(data));
                Phase::Data
            }
            (phase, Incoming::Handshake { kind, body }) => self.handshake(phase, kind, &body)?,
            _ => return Err(Violation::Unexpected("TLS record")),
        };
        Ok(())
    }
}

impl Client {
    fn handshake(&mut self, phase: Phase, kind: u8, body: &[u8]) -> Result<Phase, Violation> {
        let version = self.records.version;
        Ok(match (phase, kind) {
            (Phase::ServerHello, kind::SERVER_HELLO) => {
                let (version, suite) = parse_server_hello(body)?;
                (self.records.version, self.state.suite) = (version, suite);
                if version == Version::Tls13 { Phase::SwitchFirst } else { Phase::Certificate }
            }
            (Phase::Extensions, kind::ENCRYPTED_EXTENSIONS) => Phase::Certificate,
            (Phase::Certificate, kind::CERTIFICATE) => {
                let certificate = first_certificate(body, version)?;
                self.state.certificate = Certificate::name_in(certificate);
                self.state.names = Certificate::names_in(certificate);
                let fits = |host: &String| self.state.names.iter().any(|name| Certificate::fits(name, host));
                if self.state.wanted.as_ref().is_none_or(fits) { Phase::Proof } else { self.distrust() }
            }
            (Phase::Proof, kind::SERVER_KEY_EXCHANGE) if version == Version::Tls12 => Phase::HelloDone,
            (Phase::Proof, kind::CERTIFICATE_VERIFY) if version == Version::Tls13 => Phase::Finished,
            (Phase::HelloDone, kind::SERVER_HELLO_DONE) => {
                let mut flight = Flight::default();
                let mut exchange = vec![32];
                exchange.extend_from_slice(&self.records.random::<32>());
                self.records.handshake(&mut flight, kind::CLIENT_KEY_EXCHANGE, &exchange);
                self.finish(flight, 12, "TLS ClientKeyExchange, ChangeCipherSpec, Finished");
                Phase::Switch
            }
            (Phase::Switch, kind::NEW_SESSION_TICKET) => Phase::Switch,
            (Phase::Finished, kind::FINISHED) => {
                if version == Version::Tls13 {
                    self.finish(Flight::default(), hash_length(self.state.suite), "TLS ChangeCipherSpec, Finished");
                }
                self.records.established = true;
                self.events.push_back(Event::Established { version, name: self.state.certificate.take() });
                Phase::Data
            }
            (Phase::Data, kind::NEW_SESSION_TICKET) if version == Version::Tls13 => Phase::Data,
            _ => return Err(Violation::Unexpected("TLS handshake message")),
        })
    }

    /// Ends the handshake for a certificate of somebody else.
    fn distrust(&mut self) -> Phase {
        let mut flight = Flight::default();
        if self.records.version == Version::Tls13 {
            // From here on 1.3 says nothing in the clear.
            self.records.change_cipher_spec(&mut flight);
        }
        self.records.fatal(&mut flight, BAD_CERTIFICATE);
        self.records.flush(flight, "TLS alert bad_certificate");
        self.events.push_back(Event::Refused(BAD_CERTIFICATE));
        Phase::Over
    }

    fn finish(&mut self, mut flight: Flight, length: usize, label: &'static str) {
        self.records.change_cipher_spec(&mut flight);
        let check = self.records.random::<48>();
        self.records.handshake(&mut flight, kind::FINISHED, &check[..length]);
        self.records.flush(flight, label);
    }
}

/// The first certificate of a Certificate message.
fn first_certificate(body: &[u8], version: Version) -> Result<&[u8], Violation> {
    let mut reader = Reader::new(body, "TLS Certificate");
    if version == Version::Tls13 {
        reader.block(1)?;
    }
    let mut list = Reader::new(reader.block(3)?, "TLS Certificate");
    reader.finish()?;
    list.block(3)
}
