//! HTTP, by its parser.

use proptest::prelude::*;
use sim_core::protocol::Violation;
use sim_core::protocol::http::{Event, Head, MAX_FIELDS, MAX_HEAD, Parser};

/// Everything a parser finds in `bytes`, bodies as their sizes, or why it gave up.
fn read(mut parser: Parser, pieces: &[&[u8]]) -> Result<Vec<String>, Violation> {
    let mut found: Vec<String> = Vec::new();
    let mut body = 0;
    for piece in pieces {
        parser.receive(piece)?;
        while let Some(event) = parser.next_event() {
            match event {
                Event::Head(head) => found.push(format!("{head:?}")),
                Event::Body(piece) => body += piece.len(),
                Event::End => found.push(format!("{body} bytes")),
            }
        }
    }
    parser.end()?;
    Ok(found)
}

/// Three messages on one connection.
fn conversation() -> Vec<u8> {
    let body = [b'x'; 700];
    let post = Head::request("POST", "/wsman").field("Host", "vm:5986").encode(700);
    [Head::get("/a", "example.org").encode(0), post, body.to_vec(), Head::get("/b", "example.org").encode(0)].concat()
}

// Catches: fields lost or renamed, a length in the wrong place or on a request that has none, a status taken for a target.
#[test]
fn heads_read_back() {
    let head = Head::response(403, "Forbidden").field("Content-Length", "").field("X-Why", "firewall");
    let text = head.encode(12);
    assert_eq!(str::from_utf8(&text), Ok("HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\nX-Why: firewall\r\n\r\n"));
    let mut parser = Parser::responses();
    parser.receive(&text).expect("well formed");
    let Some(Event::Head(read)) = parser.next_event() else { panic!("no head") };
    assert_eq!((read.status(), read.method(), read.target()), (Some(403), None, None));
    assert_eq!(read.get_field("x-why"), Some("firewall"));
    assert_eq!(parser.end(), Err(Violation::Truncated));
    let get = Head::get("/layer", "example.org").encode(0);
    assert!(!str::from_utf8(&get).is_ok_and(|text| text.contains("Content-Length")));
}

// Catches: limits that a peer can step over, and forms that are not understood taken for something else.
#[test]
fn what_is_too_much_or_foreign_is_refused() {
    let long = [b"GET / HTTP/1.1\r\nX: ".as_slice(), &vec![b'y'; MAX_HEAD]].concat();
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(MAX_FIELDS + 1));
    let cases: [(&[u8], &str); 6] = [
        (&long, "HTTP head longer than 32768 bytes"),
        (many.as_bytes(), "more than 100 HTTP header fields"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "unexpected HTTP transfer coding"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "malformed HTTP Content-Length"),
        (b"SSH-2.0-Go\r\n\r\n", "malformed HTTP head"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "malformed HTTP head"),
    ];
    for (bytes, why) in cases {
        let refused = read(Parser::requests(), &[bytes]).expect_err(why);
        assert_eq!(refused.to_string(), why);
    }
}

proptest! {
    // Catches: parsing that depends on where the stream is cut: inside the empty line, at the end of a body.
    #[test]
    fn any_cut_gives_the_same_events(cuts in prop::collection::vec(1_usize..300, 1..30)) {
        let bytes = conversation();
        let (mut pieces, mut rest) = (Vec::new(), bytes.as_slice());
        for &cut in cuts.iter().cycle() {
            let (piece, later) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let whole = read(Parser::requests(), &[&bytes]);
        assert_eq!(whole.as_ref().map(Vec::len), Ok(6));
        prop_assert_eq!(read(Parser::requests(), &pieces), whole);
    }

    // Catches: a panic on bytes that are no HTTP, or nearly.
    #[test]
    fn noise_does_not_panic(at in 0_usize..900, to: u8, noise: Vec<u8>) {
        let mut bytes = conversation();
        let at = at % bytes.len();
        bytes[at] = to;
        for parser in [Parser::requests, Parser::responses] {
            let _ = (read(parser(), &[&bytes]), read(parser(), &[&noise]));
        }
    }
}
