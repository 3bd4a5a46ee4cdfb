//! WinRM, client against server.

use crate::dialogue::{From, Line, Way, table, talk};
use crate::dissect;
use proptest::prelude::*;
use sim_core::protocol::tls::{self, Certificate, Version};
use sim_core::protocol::winrm::{Access, Authentication, Client, ClientEvent, Config, Server, ServerEvent};
use sim_core::protocol::{Session, Violation, http};

/// azure-services 10.3, row by row, after the handshake of 10.2. The reference gives 921 to 925 for the body of
/// "Receive done" and 1108 for the whole; its head of 158 makes that 921.
const TABLE_10_3: &str = "\
Client 1208 WinRM Create shell request
Client 422 WinRM Create shell request, continued
Server 1208 WinRM Create shell response
Server 880 WinRM Create shell response, continued
Client 1452 WinRM Delete shell request
Server 185 WinRM Delete shell response
Client 1601 WinRM Create shell request
Server 2059 WinRM Create shell response
Client 2136 WinRM Command request
Server 1034 WinRM Command response
Client 1603 WinRM Receive request
Server 1330 WinRM Receive response with output
Client 1603 WinRM Receive request
Server 1108 WinRM Receive response, command done
Client 1641 WinRM Signal terminate request
Server 185 WinRM Signal terminate response
Client 1452 WinRM Delete shell request
Server 185 WinRM Delete shell response
";

// Catches: a body, head or record that is longer or shorter than the captured one; steps left out or in another order.
#[test]
fn sizes_are_the_captured_ones() {
    let (mut client, mut server) = pair(Access::Allow);
    client.login_check();
    client.echo_check();
    let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue");
    let start = lines.iter().position(|line| line.label.starts_with("WinRM")).unwrap_or_default();
    assert_eq!(table(&lines[start..]), TABLE_10_3);
    let events: Vec<_> = std::iter::from_fn(|| client.next_event()).collect();
    assert_eq!(events, [ClientEvent::LoggedIn, ClientEvent::EchoChecked(true)]);
}

// Catches: a long poll answered without output, a time-out that ends the command or counts for a later wait, output or
// exit code lost, and the fault's 1317 bytes (azure-services 10.3).
#[test]
fn receive_is_a_long_poll() {
    let (mut client, mut server) = pair(Access::Allow);
    let task = client.run("C:\\setup.exe /quiet && echo <done>");
    let (mut running, mut waits) = (None, 0);
    let lines = Way::clear(|way| {
        talk(&mut client, &mut server, way, |_, server| {
            while let Some(event) = server.next_event() {
                match (event, running) {
                    (ServerEvent::Command { command, line }, _) => {
                        assert_eq!(line, "C:\\setup.exe /quiet && echo <done>");
                        running = Some(command);
                    }
                    (ServerEvent::Waits { wait, timeout_s: 600 }, Some(command)) => {
                        waits += 1;
                        assert_eq!(wait, waits);
                        server.operation_timeout(wait - 1); // too late: nothing happens
                        match waits {
                            1 => server.operation_timeout(wait),
                            2 => server.output(command, 300_000),
                            _ => server.finish(command, 3010, 5),
                        }
                    }
                    (event, _) => panic!("{event:?}"),
                }
            }
        })
    })
    .expect("a clean dialogue");
    assert_eq!(client.next_event(), Some(ClientEvent::Exit { task, status: 3010, output: 300_005 }));
    // Time-out; three envelopes of output; the rest; done.
    assert_eq!(lines.iter().filter(|line| line.label == "WinRM Receive request").count(), 6);
    let fault = lines.iter().find(|line| line.label == "WinRM Receive response, operation timed out");
    let head = "HTTP/1.1 500 Internal Server Error\r\n".len() - "HTTP/1.1 200 OK\r\n".len() + 155 + 4;
    assert_eq!(fault.map(|line| line.bytes.len()), Some(1317 + head + 29));
}

// Catches: more than 15 commands in a shell (azure-services 9.2), content lost between shells, tasks that overtake.
#[test]
fn uploads_take_fifteen_commands_to_a_shell() {
    let (mut client, mut server) = pair(Access::Allow);
    let piece = 7960 / 4 * 3;
    let upload = client.upload(31 * piece + 1);
    client.login_check();
    let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue");
    assert_eq!(client.next_event(), Some(ClientEvent::UploadDone { task: upload }));
    assert_eq!(client.next_event(), Some(ClientEvent::LoggedIn));
    assert_eq!(server.next_event(), Some(ServerEvent::Upload { size: 31 * piece + 1 }));
    let mut shells = vec![0];
    for line in &lines {
        match line.label.as_str() {
            "WinRM Create shell request" => shells.push(0),
            "WinRM Command request" => shells.last_mut().into_iter().for_each(|count| *count += 1),
            _ => {}
        }
    }
    // Content, decoding, deleting, and the login check.
    assert_eq!(shells[1..], [15, 15, 2, 1, 1, 0]);
}

// Catches: a stranger who gets a shell, and a client that tries for ever or stops at the first task.
#[test]
fn a_refused_user_gets_no_shell() {
    let (mut client, mut server) = pair(Access::Deny);
    client.login_check();
    client.run("whoami");
    Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("refusal is no violation");
    assert_eq!([client.next_event(), client.next_event()], [Some(ClientEvent::Denied), Some(ClientEvent::Denied)]);
    assert_eq!((client.next_event(), server.next_event()), (None, None));
}

// Catches: NTLM in another number of posts (azure-services 9.2 and 10.3: three for the first request, then one), bodies
// left out of the first two, a refusal that goes on for ever.
#[test]
fn ntlm_posts_the_first_request_three_times() {
    let config = Config { authentication: Authentication::Ntlm, ..Config::new("172.16.0.4:5986") };
    for (access, posts, event) in [
        (Access::Allow, vec![1339, 1339, 1339, 1190], ClientEvent::LoggedIn),
        (Access::Deny, vec![1339; 3], ClientEvent::Denied),
    ] {
        let mut client = Client::new(1, config.clone());
        let mut server = Server::new(2, Version::Tls12, Certificate::new("vm"), access);
        client.login_check();
        let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue");
        let mut sizes: Vec<usize> = Vec::new();
        for line in lines.iter().filter(|line| line.from == From::Client && line.label.starts_with("WinRM")) {
            let size = line.bytes.len() - 29;
            if line.label.ends_with("continued") {
                sizes.last_mut().into_iter().for_each(|last| *last += size);
            } else {
                sizes.push(size);
            }
        }
        // Less the head, which has 174 bytes without credentials, and those.
        let negotiate = "Authorization: Negotiate \r\n".len();
        let extra = [0, negotiate + 56, negotiate + 368, 0];
        let bodies: Vec<_> = sizes.iter().zip(extra).map(|(size, extra)| size - 174 - extra).collect();
        assert_eq!(bodies, posts);
        assert_eq!(client.next_event(), Some(event));
        assert_eq!(client.next_event(), None);
    }
}

// Catches: a server that prepares answer after answer for a client that reads none.
#[test]
fn nobody_may_ask_ahead() {
    let mut server = pair(Access::Allow).1;
    let mut client = tls::Client::new(3, tls::Offer::Go, None);
    let body = b"<a:Action>x/Create</a:Action>";
    let head = http::Head::request("POST", "/wsman").field("Authorization", "Basic x").encode(body.len() as u64);
    client.send([&head, &body[..], &head, body].concat(), "two requests");
    let result = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {}));
    assert_eq!(result.err(), Some(Violation::Unexpected("HTTP request before the last response")));
}

// Catches: record framing that tshark does not follow over a whole WinRM dialogue.
#[test]
fn tshark_follows_the_records() {
    let (mut client, mut server) = pair(Access::Allow);
    client.login_check();
    client.echo_check();
    let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue");
    let Some(text) = dissect::dissect("winrm", &lines, 5986, "tls") else { return };
    dissect::check(&text, &["Handshake Type: Certificate (11)", "Content Type: Application Data (23)"]);
    let records = text.matches("Content Type: Application Data (23)").count();
    assert_eq!(records, TABLE_10_3.lines().count());
}

// Catches: records, whole or cut into segments, that tshark calls malformed at the proxy's port or the build VM's; a
// refusal, NTLM or an upload that it does not follow.
#[test]
fn tshark_finds_nothing_malformed() {
    let (whole, _) = Way::clear(session);
    let config = Config { authentication: Authentication::Ntlm, ..Config::new("172.16.0.4:5986") };
    let mut dialogues = vec![("allowed", whole.expect("a clean dialogue"))];
    for (name, access) in [("ntlm", Access::Allow), ("denied", Access::Deny)] {
        let mut client = Client::new(1, config.clone());
        let mut server = Server::new(2, Version::Tls12, Certificate::new("vm"), access);
        client.login_check();
        let lines = Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue");
        dialogues.push((name, lines));
    }
    for (name, lines) in dialogues {
        for port in [60000, 5986] {
            dissect::check_whole(&format!("winrm-{name}-{port}"), &lines, port, "tls");
        }
    }
}

// Catches: randomness that does not come from the seed, or a seed that does not reach the handshake.
#[test]
fn the_seed_decides_every_byte_and_no_size() {
    let run = |seed| {
        let mut client = Client::new(seed, Config::new("172.16.0.4:5986"));
        let mut server = Server::new(seed + 1, Version::Tls12, Certificate::new("vm"), Access::Allow);
        client.echo_check();
        Way::clear(|way| talk(&mut client, &mut server, way, |_, _| {})).expect("a clean dialogue")
    };
    let bytes = |lines: &[Line]| lines.iter().flat_map(|line| line.bytes.clone()).collect::<Vec<_>>();
    let (one, again, other) = (run(1), run(1), run(2));
    assert_eq!(bytes(&one), bytes(&again));
    assert_eq!(table(&one), table(&other));
    assert!(one.iter().zip(&other).all(|(one, other)| one.bytes != other.bytes));
}

/// A whole connection.
fn session(way: &mut Way<'_>) -> (Result<Vec<Line>, Violation>, Vec<String>) {
    let (mut client, mut server) = pair(Access::Allow);
    client.login_check();
    client.run("dir");
    client.upload(9000);
    let mut seen = Vec::new();
    let result = talk(&mut client, &mut server, way, |_, server| {
        while let Some(event) = server.next_event() {
            if let ServerEvent::Command { command, .. } = event {
                server.finish(command, 1, 2000);
            }
            seen.push(format!("{event:?}"));
        }
    });
    seen.extend(std::iter::from_fn(|| client.next_event()).map(|event| format!("{event:?}")));
    let ends = client.end().and(server.end());
    (result.and_then(|lines| ends.map(|()| lines)), seen)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    // Catches: parsing that depends on where the stream is cut.
    #[test]
    fn any_cut_gives_the_same_events(cuts in prop::collection::vec(1_usize..2000, 1..40)) {
        let whole = Way::clear(session);
        assert!(whole.0.is_ok());
        let cut = Way::in_pieces(&cuts, session);
        prop_assert_eq!(cut.1, whole.1);
    }

    // Catches: a byte of the sealed part that nobody checks.
    #[test]
    fn any_changed_byte_is_noticed(from_client: bool, at in 400_usize..15_000, flip in 1_u8..) {
        let (result, _) = Way::flipping(from_client, at, flip, session);
        prop_assert!(result.is_err());
    }

    // Catches: a panic or a state that a peer can talk us into, once TLS is up, with requests and responses out of order.
    #[test]
    fn a_peer_within_tls_cannot_break_us(said in prop::collection::vec((0_usize..7, any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let bodies = [
            "<a:Action>x/Create</a:Action>",
            "<a:Action>x/Receive</a:Action><w:OperationTimeout>PT9S</w:OperationTimeout><w:Selector>s</w:Selector><r CommandId=\"c\">",
            "<a:Action>x/Signal</a:Action><w:Selector>s</w:Selector><r CommandId=\"c\">",
            "<rsp:ShellId>s</rsp:ShellId>",
            "<rsp:CommandId>c</rsp:CommandId>",
            "<rsp:Stream Name=\"stdout\">AAAA</rsp:Stream>",
            "<rsp:ExitCode>0</rsp:ExitCode>",
        ];
        let (mut client, mut server) = pair(Access::Allow);
        let mut bad_client = tls::Client::new(3, tls::Offer::Go, None);
        let mut bad_server = tls::Server::new(4, tls::Stack::Go, Version::Tls12, Certificate::new("vm"));
        client.run("dir");
        client.upload(10_000);
        for (number, (which, at, to)) in said.into_iter().enumerate() {
            let body = bodies[which].as_bytes();
            let head = http::Head::request("POST", "/wsman").field("Authorization", "Basic x").encode(body.len() as u64);
            let mut request = [head, body.to_vec()].concat();
            let head = http::Head::response(200, "OK").encode(body.len() as u64);
            let mut response = [head, body.to_vec()].concat();
            // The first few are left whole, to get somewhere.
            if number > 3 {
                let (at, other) = (at.index(request.len()), at.index(response.len()));
                (request[at], response[other]) = (to, to);
            }
            bad_client.send(request, "");
            bad_server.send(response, "");
            let _ = Way::clear(|way| talk(&mut bad_client, &mut server, way, |_, _| {}));
            let _ = Way::clear(|way| talk(&mut client, &mut bad_server, way, |_, _| {}));
        }
    }
}

fn pair(access: Access) -> (Client, Server) {
    let client = Client::new(1, Config::new("172.16.0.4:5986"));
    (client, Server::new(2, Version::Tls12, Certificate::new("vm"), access))
}
