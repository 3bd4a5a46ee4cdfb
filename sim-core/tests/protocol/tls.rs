//! TLS, client against server.

use crate::dialogue::{From, Line, Way, talk};
use crate::dissect;
use proptest::prelude::*;
use sim_core::protocol::tls::{Certificate, Client, Event, Offer, Server, Stack, Version};
use sim_core::protocol::{Session, Violation};

/// Who writes how many bytes, in order.
type Sizes = &'static [(From, usize)];

/// azure-services 10.2: who offers, who answers, up to which version; then the writes of both, client's first.
/// Clients were sent to an address, so none names a server.
const TABLE_10_2: [(Offer, Stack, Version, Sizes); 4] = [
    (
        Offer::Go,
        Stack::Go,
        Version::Tls12,
        &[(From::Client, 239), (From::Server, 1192), (From::Client, 93), (From::Server, 51)],
    ),
    (
        Offer::OpenSsl12,
        Stack::OpenSsl,
        Version::Tls13,
        &[(From::Client, 188), (From::Server, 1202), (From::Client, 93), (From::Server, 242)],
    ),
    (Offer::Go, Stack::Go, Version::Tls13, &[(From::Client, 239), (From::Server, 1343), (From::Client, 64)]),
    (
        Offer::OpenSsl13,
        Stack::OpenSsl,
        Version::Tls13,
        &[(From::Client, 225), (From::Server, 1359), (From::Client, 80), (From::Server, 255), (From::Server, 255)],
    ),
];

// Catches: any handshake message, extension list or grouping into writes that differs from the captured programs'.
#[test]
fn handshakes_have_the_captured_sizes() {
    for (offer, stack, highest, expected) in TABLE_10_2 {
        let (mut client, mut server) = pair(offer, stack, highest, None);
        let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean handshake");
        let sizes: Vec<_> = lines.iter().map(|line| (line.from, line.bytes.len())).collect();
        assert_eq!(sizes, expected, "{offer:?} {highest:?}");
    }
}

// Catches: wrong overhead per record (29 and 22, azure-services 10.2), Go's first records not cut to a segment (1208 +
// 422 of 10.3: 1572 bytes), cuts that go on for ever, and OpenSSL cutting at all.
#[test]
fn data_travels_in_the_records_of_its_stack() {
    let table: [(Offer, Stack, Version, &[usize]); 4] = [
        (Offer::Go, Stack::Go, Version::Tls12, &[1208, 422, 1572 + 29]),
        (Offer::Go, Stack::Go, Version::Tls13, &[1208, 1572 + 22 - 1208 + 22, 1572 + 22]),
        (Offer::OpenSsl12, Stack::OpenSsl, Version::Tls12, &[1572 + 29, 1572 + 29]),
        (Offer::OpenSsl13, Stack::OpenSsl, Version::Tls13, &[1572 + 22, 1572 + 22]),
    ];
    for (offer, stack, highest, expected) in table {
        let (mut client, mut server) = pair(offer, stack, highest, None);
        client.send(vec![7; 1572], "request");
        client.send_filler(1572, "request");
        let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue");
        let sizes: Vec<_> = data(&lines, From::Client).map(|line| line.bytes.len()).collect();
        assert_eq!(sizes, expected, "{offer:?} {highest:?}");
        assert_eq!(received(&mut server), 2 * 1572);
    }
}

// Catches: long content made at once instead of as it goes out, records above 16 KiB, Go's small records for ever.
#[test]
fn long_content_ends_up_in_full_records() {
    let (mut client, mut server) = pair(Offer::Go, Stack::Go, Version::Tls12, None);
    server.send_filler(1 << 20, "image");
    server.close();
    let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue");
    let sizes: Vec<_> =
        lines.iter().filter(|line| line.label.starts_with("image")).map(|line| line.bytes.len()).collect();
    assert_eq!(sizes[..3], [1208, 2 * 1179 + 29, 3 * 1179 + 29]);
    assert!(sizes[14..sizes.len() - 1].iter().all(|&size| size == 16_384 + 29));
    assert_eq!(lines.last().map(|line| (line.bytes.len(), line.label.as_str())), Some((31, "TLS close_notify")));
    assert_eq!(received(&mut client), 1 << 20);
}

// Catches: a name lost on the way (SNI, certificate), the wrong size with a name, a server that guesses a version.
#[test]
fn names_and_versions_are_agreed_on() {
    let name = "contoso.blob.core.windows.net";
    for (offer, highest, version) in [
        (Offer::Go, Version::Tls12, Version::Tls12),
        (Offer::OpenSsl13, Version::Tls13, Version::Tls13),
        (Offer::OpenSsl12, Version::Tls13, Version::Tls12),
    ] {
        for stack in [Stack::Go, Stack::OpenSsl] {
            let (mut client, mut server) = pair(offer, stack, highest, Some(name));
            let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean handshake");
            let bare = pair(offer, stack, highest, None).0.next_write().map(|write| write.bytes.len());
            assert_eq!(bare.map(|bare| bare + 9 + name.len()), Some(lines[0].bytes.len()));
            assert_eq!(client.next_event(), Some(Event::Established { version, name: Some("vm".to_owned()) }));
            assert_eq!(server.next_event(), Some(Event::Established { version, name: Some(name.to_owned()) }));
        }
    }
    let (mut client, mut server) = pair(Offer::OpenSsl13, Stack::Go, Version::Tls12, None);
    Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("an alert is no violation");
    assert_eq!((client.next_event(), server.next_event()), (Some(Event::Refused(70)), Some(Event::Refused(70))));
}

// Catches: a certificate whose size moves with its subject, that does not come out the same, or does not read back.
#[test]
fn certificates_have_the_captured_size() {
    for length in 0..=38 {
        let name = &"n.azurecr.io-with-a-long-name.example.org"[..length];
        let certificate = Certificate::new(name);
        assert_eq!(certificate.der().len(), 803, "{name}");
        assert_eq!(certificate, Certificate::new(name));
        assert_eq!(Certificate::name_in(certificate.der()).as_deref(), Some(name));
    }
    let long = "a-workspace-name-of-some-length-0a1b2c3d.privatelink.api.azureml.ms";
    let certificate = Certificate::new(long);
    assert!(certificate.der().len() > 803);
    assert_eq!(Certificate::name_in(certificate.der()).as_deref(), Some(long));
}

// Catches: keys switched before the server is done, and records that are collected although they are too long.
#[test]
fn a_handshake_out_of_order_or_size_is_refused() {
    let (mut client, mut server) = pair(Offer::Go, Stack::Go, Version::Tls12, None);
    let hello = client.next_write().expect("a client speaks first");
    server.receive(&hello.bytes).expect("an honest client");
    let flight = server.next_write().expect("an answer").bytes;
    let early = [&flight[..flight.len() - 9], &[20, 3, 3, 0, 1, 1]].concat(); // for ServerHelloDone
    assert_eq!(client.receive(&early), Err(Violation::Unexpected("TLS record")));
    assert_eq!(client.next_write(), None);
    let mut server = pair(Offer::Go, Stack::Go, Version::Tls12, None).1;
    assert_eq!(server.receive(&[22, 3, 1, 0x40, 1]), Err(Violation::TooLong { what: "TLS record", limit: 16_384 }));
    let mut server = pair(Offer::Go, Stack::Go, Version::Tls12, None).1;
    let long = Violation::TooLong { what: "TLS handshake message", limit: 16_384 };
    assert_eq!(server.receive(&[22, 3, 1, 0, 4, 1, 0, 0x40, 1]), Err(long));
}

// Catches: bytes that only our own ends understand: hellos, certificate, key exchange, record framing.
#[test]
fn tshark_reads_the_clear_part() {
    for (number, (offer, stack, highest, _)) in TABLE_10_2.into_iter().enumerate() {
        let (mut client, mut server) = pair(offer, stack, highest, Some("myregistry.azurecr.io"));
        client.send_filler(5000, "request");
        client.close();
        let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue");
        let Some(text) = dissect::dissect(&format!("tls{number}"), &lines, 443, "tls") else { return };
        let mut wanted = vec![
            "Handshake Type: Client Hello (1)",
            "Server Name: myregistry.azurecr.io",
            "Handshake Type: Server Hello (2)",
            "Change Cipher Spec Message",
            "Application Data (23)",
        ];
        if highest == Version::Tls12 || offer == Offer::OpenSsl12 {
            wanted.extend([
                "uTF8String: vm",
                "dNSName: vm",
                "Handshake Type: Server Key Exchange (12)",
                "Signature Algorithm: rsa_pss_rsae_sha256 (0x0804)",
                "Handshake Type: Server Hello Done (14)",
                "Handshake Type: Client Key Exchange (16)",
                "Handshake Protocol: Encrypted Handshake Message",
                "Content Type: Alert (21)",
            ]);
        } else {
            wanted.push("Supported Version: TLS 1.3 (0x0304)");
        }
        dissect::check(&text, &wanted);
        for port in [60000, 5986] {
            dissect::check_whole(&format!("tls{number}-{port}"), &lines, port, "tls");
        }
    }
}

/// A whole connection: handshake, something each way, goodbye.
fn session(which: usize, way: &mut Way<'_>) -> (Result<(), Violation>, Vec<String>) {
    let (offer, stack, highest, _) = TABLE_10_2[which];
    let (mut client, mut server) = pair(offer, stack, highest, Some("vm"));
    client.send_filler(3000, "request");
    server.send_filler(20_000, "answer");
    client.close();
    server.close();
    let result = talk(&mut client, &mut server, way, |_, _| {});
    let mut seen: Vec<_> = events(&mut client).into_iter().chain(events(&mut server)).collect();
    let mut bytes = 0;
    seen.retain(|event| {
        if let Event::Data(data) = event {
            bytes += data.len();
            false
        } else {
            true
        }
    });
    let mut seen: Vec<_> = seen.iter().map(|event| format!("{event:?}")).collect();
    seen.push(format!("{bytes} bytes"));
    (result.map(|_| ()).and(client.end()).and(server.end()), seen)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // Catches: parsing that depends on where the stream is cut.
    #[test]
    fn any_cut_gives_the_same_events(which in 0_usize..4, cuts in prop::collection::vec(1_usize..2000, 1..40)) {
        let whole = Way::clear(|way| session(which, way));
        assert_eq!(whole.0, Ok(()));
        let cut = Way::in_pieces(&cuts, |way| session(which, way));
        prop_assert_eq!(cut, whole);
    }

    // Catches: a byte that no tag, transcript or parser looks at.
    #[test]
    fn any_changed_byte_is_noticed(which in 0_usize..4, from_client: bool, at in 0_usize..3000, flip in 1_u8..) {
        let clean = Way::clear(|way| session(which, way));
        let (result, seen) = Way::flipping(from_client, at, flip, |way| session(which, way));
        // A version taken out of the offers is answered with an alert, which is no violation; nothing is delivered.
        let refused = seen.iter().any(|event| event.starts_with("Refused"));
        prop_assert!(result.is_err() || refused && seen != clean.1, "{:?}", seen);
    }

    // Catches: a panic on bytes that are no TLS, or only begin like it.
    #[test]
    fn noise_does_not_panic(kind in 20_u8..24, noise in prop::collection::vec(any::<u8>(), 0..600), framed: bool) {
        let (mut client, mut server) = pair(Offer::Go, Stack::OpenSsl, Version::Tls13, None);
        let length = (noise.len() as u16).to_be_bytes();
        let bytes = if framed { [&[kind, 3, 3, length[0], length[1]], noise.as_slice()].concat() } else { noise };
        let _ = (client.receive(&bytes), server.receive(&bytes));
        while client.next_write().is_some() || server.next_write().is_some() {}
    }

    // Catches: a panic deeper in the parsers, on messages that are nearly right.
    #[test]
    fn broken_hellos_do_not_panic(at in 5_usize..1300, to: u8, cut in 0_usize..1300) {
        for (offer, stack, highest, _) in TABLE_10_2 {
            let (mut client, mut server) = pair(offer, stack, highest, Some("vm"));
            let Some(write) = client.next_write() else { continue };
            let mut hello = write.bytes.to_vec();
            let (at, cut) = (at.min(hello.len() - 1), cut % hello.len());
            hello[at] = to;
            let _ = server.receive(&hello[..cut]).and_then(|()| server.receive(&hello[cut..]));
            let mut other = pair(offer, stack, highest, Some("vm")).1;
            prop_assert_eq!(other.receive(&write.bytes), Ok(()));
            let Some(answer) = other.next_write() else { continue };
            let mut answer = answer.bytes.to_vec();
            let at = at % answer.len();
            answer[at] = to;
            let _ = client.receive(&answer);
        }
    }
}

fn pair(offer: Offer, stack: Stack, highest: Version, name: Option<&str>) -> (Client, Server) {
    (Client::new(1, offer, name), Server::new(2, stack, highest, Certificate::new("vm")))
}

fn data(lines: &[Line], from: From) -> impl Iterator<Item = &Line> {
    lines.iter().filter(move |line| line.from == from && line.label.starts_with("request"))
}

trait Tells: Session {
    fn tell(&mut self) -> Option<Event>;
}

impl Tells for Client {
    fn tell(&mut self) -> Option<Event> {
        self.next_event()
    }
}

impl Tells for Server {
    fn tell(&mut self) -> Option<Event> {
        self.next_event()
    }
}

fn events(session: &mut impl Tells) -> Vec<Event> {
    std::iter::from_fn(|| session.tell()).collect()
}

fn received(session: &mut impl Tells) -> usize {
    events(session).iter().map(|event| if let Event::Data(data) = event { data.len() } else { 0 }).sum()
}
