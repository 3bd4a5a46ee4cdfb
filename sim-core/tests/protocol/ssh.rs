//! SSH, client against server.

use crate::dialogue::{Way, table, talk};
use crate::dissect;
use proptest::prelude::*;
use sim_core::protocol::ssh::{Client, ClientEvent, Login, Server, ServerEvent};
use sim_core::protocol::{Session, Violation};

/// azure-services 10.1, rows 1 to 20, in the order of the wire; the command has 10 to 25 characters, as the captured
/// 68 bytes of its request say.
const TABLE_10_1: &str = "\
Client 12 SSH banner
Server 41 SSH banner
Client 960 SSH KEXINIT
Server 1136 SSH KEXINIT
Client 48 SSH KEX_ECDH_INIT
Server 604 SSH KEX_ECDH_REPLY, NEWKEYS, EXT_INFO
Client 16 SSH NEWKEYS
Client 52 SSH SERVICE_REQUEST ssh-userauth
Server 52 SSH SERVICE_ACCEPT ssh-userauth
Client 68 SSH USERAUTH_REQUEST none
Server 84 SSH USERAUTH_FAILURE with the methods that may continue
Client 628 SSH USERAUTH_REQUEST publickey query
Server 596 SSH USERAUTH_PK_OK
Client 1172 SSH USERAUTH_REQUEST publickey with signature
Server 36 SSH USERAUTH_SUCCESS
Server 924 SSH GLOBAL_REQUEST hostkeys-00, DEBUG, DEBUG
Client 52 SSH CHANNEL_OPEN session
Server 52 SSH CHANNEL_OPEN_CONFIRMATION
Client 68 SSH CHANNEL_REQUEST exec
Server 72 SSH CHANNEL_SUCCESS, CHANNEL_WINDOW_ADJUST
Client 68 SSH CHANNEL_REQUEST keepalive@packer.io
Server 36 SSH CHANNEL_FAILURE
Server 36 SSH CHANNEL_DATA output
Server 36 SSH CHANNEL_EOF
Server 52 SSH CHANNEL_REQUEST exit-status
Server 36 SSH CHANNEL_CLOSE
Client 36 SSH CHANNEL_WINDOW_ADJUST
Client 36 SSH CHANNEL_CLOSE
";

// Catches: any message built, padded, sealed or grouped into writes otherwise than the captured programs do it.
#[test]
fn sizes_are_the_captured_ones() {
    let (mut client, mut server) = (Client::new(1), Server::new(2, Login::Accept));
    let channel = client.exec("sudo sh /tmp/x.sh");
    let (mut asked, mut heard) = (false, Vec::new());
    let lines = Way::clear(|way| {
        talk(&mut client, &mut server, way, |client, server| {
            asked = asked || client.keepalive(channel);
            heard.extend(std::iter::from_fn(|| client.next_event()));
            if heard.last() == Some(&ClientEvent::KeepaliveReply) {
                server.output(channel, 2);
                server.exit(channel, 3);
            }
        })
    })
    .expect("both ends keep to the protocol");
    assert_eq!(table(&lines), TABLE_10_1);
    let output = ClientEvent::Output { channel, bytes: 2 };
    let exit = ClientEvent::Exit { channel, status: Some(3) };
    assert_eq!(heard, [ClientEvent::Ready, ClientEvent::KeepaliveReply, output, exit]);
    assert_eq!(server.next_event(), Some(ServerEvent::Authenticated));
    assert_eq!(server.next_event(), Some(ServerEvent::Exec { channel, command: "sudo sh /tmp/x.sh".to_owned() }));
}

// Catches: an upload that waits for an answer Packer does not wait for or the other way round, content not cut to 32 KiB
// messages, windows given back at other times than OpenSSH does, and a file of no size that never ends.
#[test]
fn an_upload_is_scp_one_answer_behind() {
    for (size, expected) in [(0, SCP_EMPTY), (100_000, SCP_100_000)] {
        let (mut client, mut server) = (Client::new(1), Server::new(2, Login::Accept));
        let channel = client.upload("/tmp/provision.sh", size);
        let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue");
        let start = lines.iter().position(|line| line.label.ends_with("exec scp")).unwrap_or_default();
        assert_eq!(table(&lines[start..]), expected);
        assert_eq!(client.next_event(), Some(ClientEvent::Ready));
        assert_eq!(client.next_event(), Some(ClientEvent::UploadDone { channel }));
        assert_eq!(server.next_event(), Some(ServerEvent::Authenticated));
        assert_eq!(server.next_event(), Some(ServerEvent::Upload { name: "provision.sh".to_owned(), size }));
    }
}

const SCP_EMPTY: &str = "\
Client 68 SSH CHANNEL_REQUEST exec scp
Server 72 SSH CHANNEL_SUCCESS, CHANNEL_WINDOW_ADJUST
Server 36 SSH CHANNEL_DATA scp acknowledgement
Client 36 SSH CHANNEL_WINDOW_ADJUST
Client 68 SSH CHANNEL_DATA scp header
Client 36 SSH CHANNEL_DATA scp end of file
Server 36 SSH CHANNEL_DATA scp acknowledgement
Server 36 SSH CHANNEL_DATA scp acknowledgement
Client 36 SSH CHANNEL_WINDOW_ADJUST
Client 36 SSH CHANNEL_WINDOW_ADJUST
Client 36 SSH CHANNEL_EOF
Server 36 SSH CHANNEL_EOF
Server 52 SSH CHANNEL_REQUEST exit-status
Server 36 SSH CHANNEL_CLOSE
Client 36 SSH CHANNEL_CLOSE
";

const SCP_100_000: &str = "\
Client 68 SSH CHANNEL_REQUEST exec scp
Server 72 SSH CHANNEL_SUCCESS, CHANNEL_WINDOW_ADJUST
Server 36 SSH CHANNEL_DATA scp acknowledgement
Client 36 SSH CHANNEL_WINDOW_ADJUST
Client 68 SSH CHANNEL_DATA scp header
Client 32804 SSH CHANNEL_DATA scp content
Client 32804 SSH CHANNEL_DATA scp content
Client 32804 SSH CHANNEL_DATA scp content
Client 1732 SSH CHANNEL_DATA scp content
Client 36 SSH CHANNEL_DATA scp end of file
Server 36 SSH CHANNEL_DATA scp acknowledgement
Server 36 SSH CHANNEL_WINDOW_ADJUST
Server 36 SSH CHANNEL_DATA scp acknowledgement
Client 36 SSH CHANNEL_WINDOW_ADJUST
Client 36 SSH CHANNEL_WINDOW_ADJUST
Client 36 SSH CHANNEL_EOF
Server 36 SSH CHANNEL_EOF
Server 52 SSH CHANNEL_REQUEST exit-status
Server 36 SSH CHANNEL_CLOSE
Client 36 SSH CHANNEL_CLOSE
";

// Catches: a server that lets a stranger in, a client that goes on asking, and an upload or command that starts anyway.
#[test]
fn a_refused_key_ends_the_attempt() {
    let (mut client, mut server) = (Client::new(1), Server::new(2, Login::Refuse));
    client.exec("true");
    Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("refusal is no violation");
    assert_eq!(client.next_event(), Some(ClientEvent::AuthenticationFailed));
    assert_eq!((client.next_event(), server.next_event()), (None, None));
}

// Catches: an end without exit status that looks like success, and the eleventh session of one connection (MaxSessions).
#[test]
fn channels_end_without_status_and_run_out() {
    let (mut client, mut server) = (Client::new(1), Server::new(2, Login::Accept));
    let channels: Vec<_> = (0..11).map(|_| client.exec("sleep 60")).collect();
    let mut running = Vec::new();
    Way::clear(|way| {
        talk(&mut client, &mut server, way, |_, server| {
            running.extend(std::iter::from_fn(|| server.next_event()).filter_map(|event| match event {
                ServerEvent::Exec { channel, .. } => Some(channel),
                _ => None,
            }));
            if running.len() == 10 {
                server.drop_without_status(running[4]);
            }
        })
    })
    .expect("both ends keep to the protocol");
    let events: Vec<_> = std::iter::from_fn(|| client.next_event()).collect();
    let expected = [
        ClientEvent::Ready,
        ClientEvent::Refused { channel: channels[10] },
        ClientEvent::Exit { channel: channels[4], status: None },
    ];
    assert_eq!(events, expected);
    assert!(!client.keepalive(channels[4]), "closed");
    assert!(client.keepalive(channels[5]), "open");
}

// Catches: bytes that only our own ends understand: wrong lists, lengths, padding, blobs in the clear part.
#[test]
fn tshark_reads_the_clear_part() {
    let (mut client, mut server) = (Client::new(1), Server::new(2, Login::Accept));
    client.upload("/tmp/provision.sh", 5000);
    let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue");
    let Some(text) = dissect::dissect("ssh", &lines, 22, "ssh") else { return };
    let wanted = [
        "Protocol: SSH-2.0-Go",
        "Protocol: SSH-2.0-OpenSSH_9.2p1",
        "Message Code: Key Exchange Init (20)",
        "kex_algorithms string: curve25519-sha256,",
        "Message Code: Elliptic Curve Diffie-Hellman Key Exchange Init (30)",
        "Host key type: ecdsa-sha2-nistp256",
        "ECDSA public key (Q): 04",
        "Message Code: New Keys (21)",
        "SSH Version 2 (encryption:chacha20-poly1305@openssh.com compression:none)",
    ];
    dissect::check(&text, &wanted);
}

// Catches: a cipher that tshark takes for plain text when it has no keys, as it does with aes128-gcm; a sealed packet
// that it reads together with what stands before it in the clear; an end of the session it does not follow.
#[test]
fn tshark_finds_nothing_malformed() {
    for seed in 0..3 {
        let (mut client, mut server) = (Client::new(seed), Server::new(seed + 100, Login::Accept));
        let command = client.exec("sudo sh /tmp/x.sh");
        client.upload("/tmp/provision.sh", 100_000);
        let mut orders = 0;
        let lines = Way::clear(|way| {
            talk(&mut client, &mut server, way, |client, server| {
                while let Some(event) = client.next_event() {
                    match event {
                        ClientEvent::UploadDone { .. } | ClientEvent::KeepaliveReply if orders < 5 => {
                            orders += 1;
                            assert!(client.keepalive(command));
                        }
                        ClientEvent::KeepaliveReply => {
                            server.output(command, 70_000);
                            server.exit(command, 0);
                        }
                        ClientEvent::Exit { .. } => client.disconnect(),
                        _ => {}
                    }
                }
            })
        })
        .expect("a clean dialogue");
        assert_eq!(lines.last().map(|line| line.label.as_str()), Some("SSH DISCONNECT"));
        dissect::check_whole(&format!("ssh-whole-{seed}"), &lines, 60001, "ssh");
    }
    let (mut client, mut server) = (Client::new(1), Server::new(2, Login::Refuse));
    let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("refusal is no violation");
    dissect::check_whole("ssh-refused", &lines, 60001, "ssh");
}

/// A whole session: a command with output, an upload larger than a step of the window, another command.
fn session(way: &mut Way<'_>) -> (Result<(), Violation>, Vec<String>) {
    let (mut client, mut server) = (Client::new(3), Server::new(4, Login::Accept));
    client.exec("first");
    client.upload("data.bin", 150_000);
    let (mut seen, mut heard) = (Vec::new(), Vec::new());
    let result = talk(&mut client, &mut server, way, |client, server| {
        while let Some(event) = server.next_event() {
            if let ServerEvent::Exec { channel, .. } = &event {
                server.output(*channel, 70_000);
                server.exit(*channel, 7);
            }
            seen.push(format!("{event:?}"));
        }
        heard.extend(std::iter::from_fn(|| client.next_event()));
    });
    let bytes: u64 =
        heard.iter().map(|event| if let ClientEvent::Output { bytes, .. } = event { *bytes } else { 0 }).sum();
    seen.push(format!("{bytes} bytes of output"));
    heard.retain(|event| !matches!(event, ClientEvent::Output { .. }));
    seen.extend(heard.iter().map(|event| format!("{event:?}")));
    let ends = [client.end(), server.end()];
    (result.and(ends[0]).and(ends[1]), seen)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // Catches: parsing that depends on where the stream is cut.
    #[test]
    fn any_cut_gives_the_same_events(cuts in prop::collection::vec(1_usize..3000, 1..40)) {
        let whole = Way::clear(session);
        assert_eq!(whole.0, Ok(()));
        let cut = Way::in_pieces(&cuts, session);
        prop_assert_eq!(cut, whole);
    }

    // Catches: a byte that no tag, transcript or parser looks at.
    #[test]
    fn any_changed_byte_is_noticed(from_client: bool, at in 0_usize..6000, flip in 1_u8..) {
        let (result, _) = Way::flipping(from_client, at, flip, session);
        prop_assert!(result.is_err());
    }

    // Catches: a panic on bytes that are no SSH at all.
    #[test]
    fn noise_does_not_panic(noise in prop::collection::vec(any::<u8>(), 0..2000), banner: bool) {
        let (mut client, mut server) = (Client::new(3), Server::new(4, Login::Accept));
        if banner {
            prop_assert_eq!(client.receive(b"SSH-2.0-x\r\n"), Ok(()));
            prop_assert_eq!(server.receive(b"SSH-2.0-x\r\n"), Ok(()));
        }
        let _ = (client.receive(&noise), server.receive(&noise));
        while client.next_write().is_some() || server.next_write().is_some() {}
    }
}
