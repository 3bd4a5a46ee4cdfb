//! Tests: a peer that has logged in properly, and then sends what it likes under a valid seal.

use super::super::{BACKLOG, Session, Violation};
use super::messages::{Message, Method, Request};
use super::transport::Transport;
use super::{Client, Login, Server};
use bytes::Bytes;
use proptest::prelude::*;

/// Two ends after the login, with a command and an upload under way.
fn ready() -> (Client, Server) {
    let (mut client, mut server) = (Client::new(1), Server::new(2, Login::Accept));
    client.exec("true");
    client.upload("file", 10);
    loop {
        let mut silent = true;
        while let Some(write) = client.next_write() {
            silent = false;
            server.receive(&write.bytes).expect("an honest client");
        }
        while let Some(write) = server.next_write() {
            silent = false;
            client.receive(&write.bytes).expect("an honest server");
        }
        if silent {
            return (client, server);
        }
    }
}

fn messages() -> impl Strategy<Value = Message> {
    let (id, number) = (|| 0_u32..4, || prop_oneof![0_u32..3, any::<u32>()]);
    let data = prop::collection::vec(prop_oneof![Just(0_u8), Just(b'\n'), any::<u8>()], 0..40).prop_map(Bytes::from);
    let request = prop_oneof![
        "scp -t /tmp|exit".prop_map(Request::Exec),
        number().prop_map(Request::ExitStatus),
        ".{0,5}".prop_map(Request::Other)
    ];
    let words = prop_oneof![Just(b"C0644 5 name\n".to_vec()), Just(b"C0644 18446744073709551615 a\n".to_vec())];
    prop_oneof![
        Just(Message::Disconnect),
        Just(Message::NewKeys),
        Just(Message::AuthRequest { user: String::new(), method: Method::None }),
        Just(Message::AuthSuccess),
        (id(), number(), number()).prop_map(|(sender, window, max_packet)| Message::Open {
            sender,
            window,
            max_packet
        }),
        (id(), id(), number(), number()).prop_map(|(recipient, sender, window, max_packet)| {
            Message::OpenConfirmation { recipient, sender, window, max_packet }
        }),
        id().prop_map(|recipient| Message::OpenFailure { recipient }),
        (id(), number()).prop_map(|(recipient, bytes)| Message::WindowAdjust { recipient, bytes }),
        (id(), data).prop_map(|(recipient, data)| Message::Data { recipient, data }),
        (id(), words).prop_map(|(recipient, data)| Message::Data { recipient, data: data.into() }),
        id().prop_map(|recipient| Message::Eof { recipient }),
        id().prop_map(|recipient| Message::Close { recipient }),
        (id(), any::<bool>(), request).prop_map(|(recipient, want_reply, request)| Message::Request {
            recipient,
            want_reply,
            request
        }),
        id().prop_map(|recipient| Message::Success { recipient }),
        id().prop_map(|recipient| Message::Failure { recipient }),
    ]
}

/// A message, whole or with one byte changed or its end missing.
fn payloads() -> impl Strategy<Value = Vec<u8>> {
    (messages(), prop::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>(), any::<bool>()))).prop_map(
        |(message, damage)| {
            let mut payload = message.encode();
            if let Some((at, to, cut)) = damage {
                let at = at.index(payload.len());
                payload[at] = to;
                payload.truncate(if cut { at + 1 } else { payload.len() });
            }
            payload
        },
    )
}

fn play(victim: &mut impl Session, peer: &mut Transport, payloads: &[Vec<u8>]) {
    for payload in payloads {
        let broken = victim.receive(&peer.forge(payload)).is_err();
        while victim.next_write().is_some() {}
        if broken {
            assert!(victim.receive(&peer.forge(payload)).is_err(), "a violation is for good");
            return;
        }
    }
}

proptest! {
    // Catches: a panic or endless loop on messages that are well formed and make no sense.
    #[test]
    fn a_logged_in_peer_cannot_break_us(payloads in prop::collection::vec(payloads(), 1..40)) {
        let (mut client, mut server) = ready();
        play(&mut server, &mut client.transport, &payloads);
        let (mut client, mut server) = ready();
        play(&mut client, &mut server.transport, &payloads);
    }

    // Catches: a panic in the parser of messages.
    #[test]
    fn any_payload_is_parsed_or_refused(payload in payloads(), noise: Vec<u8>) {
        for bytes in [payload, noise] {
            if let Ok(message) = Message::decode(&bytes.into()) {
                // What we understand we also write, and read the same.
                prop_assert_eq!(Message::decode(&message.encode().into()), Ok(message));
            }
        }
    }
}

// Catches: a session that keeps what it is sent until the end of a packet which never comes, or never ends.
#[test]
fn a_long_packet_is_not_collected() {
    let (client, mut server) = ready();
    let big = [&client.transport.forge_length(30_001)[..], &[0; 20_000]].concat();
    assert_eq!(server.receive(&big), Err(Violation::Malformed("SSH packet length")), "no whole block");
    let (client, mut server) = ready();
    let longest = [&client.transport.forge_length(34_992)[..], &[0; 34_000]].concat();
    assert_eq!(server.receive(&longest), Ok(()));
    assert!(server.transport.held() < 35_020);
    assert_eq!(server.receive(&[0; 1_000]).and_then(|()| server.receive(&[0; 9_000])), Err(Violation::Tampered));
    assert_eq!(server.transport.held(), 0);
    let (client, mut server) = ready();
    assert!(matches!(server.receive(&client.transport.forge_length(u32::MAX)), Err(Violation::TooLong { .. })));
}

// Catches: replies or events that pile up without limit when nobody takes them.
#[test]
fn replies_nobody_takes_are_limited() {
    let (mut client, mut server) = ready();
    let request = Request::Other("keepalive@packer.io".to_owned());
    let payload = Message::Request { recipient: 0, want_reply: true, request }.encode();
    let result = (0..=BACKLOG + 1).try_for_each(|_| server.receive(&client.transport.forge(&payload)));
    assert_eq!(result, Err(Violation::Backlog));
}

// Catches: an upload whose header line is collected without end.
#[test]
fn a_long_scp_header_is_refused() {
    let (mut client, mut server) = ready();
    let open = Message::Open { sender: 2, window: 100, max_packet: 100 };
    let exec = Message::Request { recipient: 2, want_reply: false, request: Request::Exec("scp -t /tmp".to_owned()) };
    let data = Message::Data { recipient: 2, data: vec![b'C'; 1025].into() };
    let mut say = |message: Message| server.receive(&client.transport.forge(&message.encode()));
    assert_eq!((say(open), say(exec)), (Ok(()), Ok(())));
    assert_eq!(say(data), Err(Violation::TooLong { what: "scp header", limit: 1024 }));
}
