//! The server.

use super::super::cursor::Writer;
use super::super::{Side, Violation};
use super::connection::{Connection, Step};
use super::hello::{ClientHello, Randoms, hash_length};
use super::records::{Flight, Incoming, Records};
use super::{Certificate, Event, PROTOCOL_VERSION, SIGNATURE, Stack, Version, kind};

/// The server end of one TLS connection.
pub type Server = Connection<Answering>;

/// What only the server keeps.
#[derive(Debug)]
pub struct Answering {
    phase: Phase,
    stack: Stack,
    highest: Version,
    certificate: Certificate,
    /// Whether it shows a certificate for whatever name it is asked for.
    any_name: bool,
    name: Option<String>,
    /// Whether the client takes a ticket, with which it could come back sooner (nobody does here).
    ticket: bool,
}

/// What the server waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    ClientHello,
    KeyExchange,
    Switch,
    Finished,
    Data,
    Over,
}

/// A ticket as OpenSSL makes it for 1.2, bytes.
const TICKET_12: usize = 176;
/// And for 1.3; two of them.
const TICKET_13: usize = 208;

impl Server {
    /// A server that knows versions up to `highest` and shows `certificate`; the seed decides randoms and keys.
    #[must_use]
    pub fn new(seed: u64, stack: Stack, highest: Version, certificate: Certificate) -> Self {
        let records = Records::new(Side::Server, stack, seed);
        let phase = Phase::ClientHello;
        let any_name = false;
        Self::over(records, Answering { phase, stack, highest, certificate, any_name, name: None, ticket: false })
    }

    /// The same that shows a certificate for whatever name it is asked for, and its own to who asks for none.
    #[must_use]
    pub fn under_any_name(mut self) -> Self {
        self.state.any_name = true;
        self
    }
}

impl Step for Server {
    fn step(&mut self, incoming: Incoming) -> Result<(), Violation> {
        self.state.phase = match (self.state.phase, incoming) {
            (Phase::Over, _) => Phase::Over,
            (_, Incoming::Alert(code)) => {
                self.alerted(code);
                Phase::Over
            }
            (Phase::ClientHello, Incoming::Handshake { kind: kind::CLIENT_HELLO, body }) => {
                self.answer(&ClientHello::parse(&body)?)
            }
            (Phase::KeyExchange, Incoming::Handshake { kind: kind::CLIENT_KEY_EXCHANGE, .. }) => Phase::Switch,
            (Phase::Switch, Incoming::ChangeCipherSpec) => Phase::Finished,
            (Phase::Finished, Incoming::Handshake { kind: kind::FINISHED, .. }) => {
                match self.records.version {
                    Version::Tls12 => self.finish_12(),
                    Version::Tls13 => self.tickets_13(),
                }
                self.records.established = true;
                let established = Event::Established { version: self.records.version, name: self.state.name.take() };
                self.events.push_back(established);
                Phase::Data
            }
            (Phase::Data, Incoming::Data(data)) => {
                self.events.push_back(Event::Data(data));
                Phase::Data
            }
            _ => return Err(Violation::Unexpected("TLS record or handshake message")),
        };
        Ok(())
    }
}

impl Server {
    fn answer(&mut self, hello: &ClientHello) -> Phase {
        let mut flight = Flight::default();
        let Some(choice) = hello.choose(self.state.stack, self.state.highest) else {
            self.records.fatal(&mut flight, PROTOCOL_VERSION);
            self.records.flush(flight, "TLS alert protocol_version");
            self.events.push_back(Event::Refused(PROTOCOL_VERSION));
            return Phase::Over;
        };
        self.state.name.clone_from(&hello.name);
        if let (true, Some(name)) = (self.state.any_name, &hello.name) {
            self.state.certificate = Certificate::new(name);
        }
        let randoms = Randoms { random: self.records.random(), session: [0; 32], key: self.records.random() };
        self.records.handshake(&mut flight, kind::SERVER_HELLO, &hello.answer(self.state.stack, choice, &randoms));
        let (version, suite) = choice;
        self.records.version = version;
        match version {
            Version::Tls12 => {
                self.state.ticket = hello.offers_ticket;
                self.flight_12(flight, &randoms.key);
                Phase::KeyExchange
            }
            Version::Tls13 => {
                self.state.ticket = hello.offers_psk;
                self.flight_13(flight, hash_length(suite));
                Phase::Switch
            }
        }
    }

    fn flight_12(&mut self, mut flight: Flight, key: &[u8; 32]) {
        let mut chain = Writer::default();
        chain.block(3, self.state.certificate.der());
        let mut list = Writer::default();
        list.block(3, &chain.0);
        self.records.handshake(&mut flight, kind::CERTIFICATE, &list.0);
        let mut exchange = Writer::default();
        exchange.u8(3).number(0x001d, 2).block(1, key); // a named curve: X25519
        exchange.number(SIGNATURE, 2).block(2, &self.records.random::<256>());
        self.records.handshake(&mut flight, kind::SERVER_KEY_EXCHANGE, &exchange.0);
        self.records.handshake(&mut flight, kind::SERVER_HELLO_DONE, &[]);
        self.records.flush(flight, "TLS ServerHello, Certificate, ServerKeyExchange, ServerHelloDone");
    }

    fn finish_12(&mut self) {
        let mut flight = Flight::default();
        let mut label = "TLS ChangeCipherSpec, Finished";
        if self.state.ticket {
            let mut ticket = Writer::default();
            ticket.u32(7200).block(2, &self.records.random::<TICKET_12>());
            self.records.handshake(&mut flight, kind::NEW_SESSION_TICKET, &ticket.0);
            label = "TLS NewSessionTicket, ChangeCipherSpec, Finished";
        }
        self.records.change_cipher_spec(&mut flight);
        let check = self.records.random::<12>();
        self.records.handshake(&mut flight, kind::FINISHED, &check);
        self.records.flush(flight, label);
    }

    fn flight_13(&mut self, mut flight: Flight, hash_length: usize) {
        self.records.change_cipher_spec(&mut flight);
        self.records.handshake(&mut flight, kind::ENCRYPTED_EXTENSIONS, &[0, 0]);
        let mut chain = Writer::default();
        chain.block(3, self.state.certificate.der()).number(0, 2);
        let mut list = Writer::default();
        list.u8(0).block(3, &chain.0);
        self.records.handshake(&mut flight, kind::CERTIFICATE, &list.0);
        let mut verify = Writer::default();
        verify.number(SIGNATURE, 2).block(2, &self.records.random::<256>());
        self.records.handshake(&mut flight, kind::CERTIFICATE_VERIFY, &verify.0);
        let check = self.records.random::<48>();
        self.records.handshake(&mut flight, kind::FINISHED, &check[..hash_length]);
        let label = "TLS ServerHello, ChangeCipherSpec, EncryptedExtensions, Certificate, CertificateVerify, Finished";
        self.records.flush(flight, label);
    }

    fn tickets_13(&mut self) {
        for number in 0..if self.state.ticket { 2 } else { 0 } {
            let mut ticket = Writer::default();
            let mut nonce = [0; 8];
            nonce[7] = number;
            ticket.u32(7200).raw(&self.records.random::<4>()).block(1, &nonce);
            ticket.block(2, &self.records.random::<TICKET_13>()).number(0, 2);
            let mut flight = Flight::default();
            self.records.handshake(&mut flight, kind::NEW_SESSION_TICKET, &ticket.0);
            self.records.flush(flight, "TLS NewSessionTicket");
        }
    }
}
