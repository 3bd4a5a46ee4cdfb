//! What `tshark` makes of a dialogue. Skipped, out loud, where it is not installed.

use crate::dialogue::{From, Line};
use std::path::PathBuf;
use std::process::Command;

/// Writes the dialogue as a capture and gives tshark's full dissection of it, with `port` decoded as `protocol`.
/// `None` where there is no tshark.
pub fn dissect(name: &str, lines: &[Line], port: u16, protocol: &str) -> Option<String> {
    tshark(name, lines, port, protocol, &["-V"])
}

/// Asserts that tshark finds no packet of a dialogue malformed or otherwise in error, whether it travels write by write
/// or in segments of 1460 bytes, the segments of each write for itself or one stream. Skipped where there is no tshark.
pub fn check_whole(name: &str, lines: &[Line], port: u16, protocol: &str) {
    let ways = [("writes", lines.to_vec()), ("segments", cut(lines)), ("stream", cut(&join(lines)))];
    for (way, lines) in ways {
        let bad = ["-Y", "_ws.malformed || _ws.expert.severity == error"];
        let Some(found) = tshark(&format!("{name}-{way}"), &lines, port, protocol, &bad) else { return };
        assert_eq!(found, "", "tshark objects to {name} in {way}");
    }
}

fn tshark(name: &str, lines: &[Line], port: u16, protocol: &str, show: &[&str]) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pcap"));
    std::fs::write(&path, capture(lines, port)).expect("the test's own folder takes files");
    let decode = format!("tcp.port=={port},{protocol}");
    let output = match Command::new("tshark").args(["-n", "-d", &decode]).args(show).arg("-r").arg(&path).output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("SKIPPED: dissection of {name}: no tshark here ({error})");
            return None;
        }
    };
    assert!(output.status.success(), "tshark: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Cuts writes into segments of at most 1460 bytes, as TCP does behind an Ethernet MTU.
fn cut(lines: &[Line]) -> Vec<Line> {
    let pieces = |line: &Line| -> Vec<Line> {
        line.bytes.chunks(1460).map(|bytes| Line { bytes: bytes.to_vec(), ..line.clone() }).collect()
    };
    lines.iter().flat_map(pieces).collect()
}

/// Joins writes that follow each other, as TCP does while it waits for an acknowledgement.
fn join(lines: &[Line]) -> Vec<Line> {
    let mut joined: Vec<Line> = Vec::new();
    for line in lines {
        match joined.last_mut() {
            Some(last) if last.from == line.from => last.bytes.extend_from_slice(&line.bytes),
            _ => joined.push(line.clone()),
        }
    }
    joined
}

/// Asserts that a dissection shows every one of `wanted` and nothing that does not parse.
pub fn check(text: &str, wanted: &[&str]) {
    for bad in ["Malformed", "malformed", "Reassembly error", "Ignored Unknown Record", "Expert Info (Error"] {
        let line = text.lines().find(|line| line.contains(bad));
        assert_eq!(line, None, "tshark objects");
    }
    for want in wanted {
        assert!(text.contains(want), "not in the dissection: {want}");
    }
}

/// A capture file (pcap, raw IPv4) of the dialogue on one TCP connection, one segment per write.
fn capture(lines: &[Line], port: u16) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 0x0004_0000, 101] {
        file.extend_from_slice(&u32::to_le_bytes(word));
    }
    let mut next = [1_u32, 1];
    for (number, line) in lines.iter().enumerate() {
        let (us, them) = match line.from {
            From::Client => (0, 1),
            From::Server => (1, 0),
        };
        let length = 40 + line.bytes.len();
        for word in [number as u32, 0, length as u32, length as u32] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        let ports = [40_000, port];
        file.extend_from_slice(&[0x45, 0]);
        file.extend_from_slice(&(length as u16).to_be_bytes());
        file.extend_from_slice(&[0, 0, 0x40, 0, 64, 6, 0, 0]);
        file.extend_from_slice(&[10, 0, 0, 4 + us as u8, 10, 0, 0, 4 + them as u8]);
        file.extend_from_slice(&ports[us].to_be_bytes());
        file.extend_from_slice(&ports[them].to_be_bytes());
        file.extend_from_slice(&next[us].to_be_bytes());
        file.extend_from_slice(&next[them].to_be_bytes());
        file.extend_from_slice(&[0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        file.extend_from_slice(&line.bytes);
        next[us] += line.bytes.len() as u32;
    }
    file
}
