//! A writer of pcapng files (draft-ietf-opsawg-pcapng), nanosecond timestamps and a comment on any packet.
//!
//! Packets are raw IP without a link layer. All numbers are little-endian on every machine, and nothing of the machine or
//! the clock gets into the file: the same calls write the same bytes.

use sim_core::time::Nanos;
use std::io::{self, Write};

/// A capture being written.
pub struct Writer<W> {
    out: W,
    /// Start of the run, in nanoseconds since 1970-01-01 00:00:00 UTC.
    epoch_ns: u64,
    interfaces: u32,
    block: Vec<u8>,
}

/// An interface of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface(u32);

/// One captured packet.
#[derive(Clone, Copy, Debug)]
pub struct Captured<'a> {
    /// Where it was captured.
    pub interface: Interface,
    /// When, since the start of the run.
    pub at: Nanos,
    /// Its first bytes, from the IP header on.
    pub bytes: &'a [u8],
    /// How many bytes it had on the wire.
    pub wire_len: u32,
    /// What to say about it; empty for nothing. Cut at 65,535 bytes, which is all an option holds.
    pub comment: &'a str,
}

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Packets begin with an IPv4 or IPv6 header.
const LINKTYPE_RAW: u16 = 101;
/// Timestamps count units of ten to the minus this, in seconds.
const RESOLUTION: u8 = 9;

const OPT_END: u16 = 0;
const OPT_COMMENT: u16 = 1;
const SHB_HARDWARE: u16 = 2;
const SHB_OS: u16 = 3;
const SHB_APPLICATION: u16 = 4;
const IF_NAME: u16 = 2;
const IF_DESCRIPTION: u16 = 3;
const IF_SPEED: u16 = 8;
const IF_TSRESOL: u16 = 9;

impl<W: Write> Writer<W> {
    /// Begins a capture of a run that starts at `epoch_ns`, in nanoseconds since 1970-01-01 00:00:00 UTC.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, epoch_ns: u64) -> io::Result<Self> {
        let mut writer = Self { out, epoch_ns, interfaces: 0, block: Vec::new() };
        writer.number(BYTE_ORDER_MAGIC);
        writer.block.extend_from_slice(&1_u16.to_le_bytes());
        writer.block.extend_from_slice(&0_u16.to_le_bytes());
        // The length of the section is not known while it is written.
        writer.block.extend_from_slice(&u64::MAX.to_le_bytes());
        writer.option(SHB_HARDWARE, b"vnetsim");
        writer.option(SHB_OS, b"vnetsim");
        writer.option(SHB_APPLICATION, concat!("vnetsim ", env!("CARGO_PKG_VERSION")).as_bytes());
        writer.option(OPT_END, &[]);
        writer.finish_block(SECTION_HEADER)?;
        Ok(writer)
    }

    /// Adds an interface, at any time before its first packet. `speed` is in bits per second; zero leaves it out.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn interface(&mut self, name: &str, description: &str, speed: u64) -> io::Result<Interface> {
        self.block.extend_from_slice(&LINKTYPE_RAW.to_le_bytes());
        self.block.extend_from_slice(&0_u16.to_le_bytes());
        // No limit to the captured length.
        self.number(0);
        self.option(IF_NAME, cut(name).as_bytes());
        self.option(IF_DESCRIPTION, cut(description).as_bytes());
        if speed > 0 {
            self.option(IF_SPEED, &speed.to_le_bytes());
        }
        self.option(IF_TSRESOL, &[RESOLUTION]);
        self.option(OPT_END, &[]);
        self.finish_block(INTERFACE_DESCRIPTION)?;
        let interface = Interface(self.interfaces);
        self.interfaces += 1;
        Ok(interface)
    }

    /// Adds one packet.
    ///
    /// # Errors
    /// Those of the writer below; [`io::ErrorKind::InvalidInput`] for a packet whose block would pass 4 GiB.
    pub fn packet(&mut self, packet: &Captured<'_>) -> io::Result<()> {
        let at = self.epoch_ns.saturating_add(packet.at.0);
        let captured = u32::try_from(packet.bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.number(packet.interface.0);
        self.number((at >> 32) as u32);
        self.number(at as u32);
        self.number(captured);
        self.number(packet.wire_len.max(captured));
        self.padded(packet.bytes);
        if !packet.comment.is_empty() {
            self.option(OPT_COMMENT, cut(packet.comment).as_bytes());
            self.option(OPT_END, &[]);
        }
        self.finish_block(ENHANCED_PACKET)
    }

    /// Ends the capture and gives the writer below back, flushed.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn number(&mut self, number: u32) {
        self.block.extend_from_slice(&number.to_le_bytes());
    }

    /// `value` is no longer than 65,535 bytes: see [`cut`].
    fn option(&mut self, code: u16, value: &[u8]) {
        self.block.extend_from_slice(&code.to_le_bytes());
        self.block.extend_from_slice(&(value.len() as u16).to_le_bytes());
        self.padded(value);
    }

    /// Everything is padded to whole 32-bit words; the body of every block is a whole number of them.
    fn padded(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(bytes);
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    /// Writes the block whose body stands in `block`: type, length, body, length again.
    fn finish_block(&mut self, kind: u32) -> io::Result<()> {
        let body = std::mem::take(&mut self.block);
        let len = u32::try_from(body.len() + 12).map_err(|_| io::ErrorKind::InvalidInput)?.to_le_bytes();
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&len)?;
        self.out.write_all(&body)?;
        self.out.write_all(&len)?;
        self.block = body;
        self.block.clear();
        Ok(())
    }
}

/// As much of `text` as an option holds, in whole characters.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(usize::from(u16::MAX))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::net::{Addr, Flags, Header, Protocol, TcpHeader, Tuple, wire};
    use std::process::Command;

    /// 2026-11-05 00:00:00 UTC.
    const EPOCH_NS: u64 = 1_793_836_800_000_000_000;

    /// A block, as a reader finds it: its type and body.
    type Block<'a> = (u32, &'a [u8]);

    fn blocks(mut file: &[u8]) -> Vec<Block<'_>> {
        let mut found = Vec::new();
        while !file.is_empty() {
            let (kind, len) = (word(file, 0), word(file, 4) as usize);
            assert_eq!(len % 4, 0);
            assert_eq!(word(file, len - 4) as usize, len, "lengths at both ends agree");
            found.push((kind, &file[8..len - 4]));
            file = &file[len..];
        }
        found
    }

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    fn options(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let (code, len) = (word(bytes, 0) as u16, (word(bytes, 0) >> 16) as usize);
            found.push((code, &bytes[4..4 + len]));
            bytes = &bytes[4 + len.next_multiple_of(4)..];
        }
        assert!(found.pop().is_none_or(|last| last == (OPT_END, &[])), "options end with their end");
        found
    }

    fn segment() -> Vec<u8> {
        let (src, dst) = (Addr::v4(10, 0, 0, 4), Addr::v4(10, 0, 1, 5));
        let tuple = Tuple { src, dst, src_port: 50_000, dst_port: 22, protocol: Protocol::TCP };
        let tcp = TcpHeader { seq: 7, flags: Flags::SYN, window: 1000, mss: Some(1460), ..TcpHeader::default() };
        let mut bytes = Vec::new();
        wire::emit(&Header::tcp(tuple, 64, tcp), b"", true, &mut bytes).unwrap();
        bytes
    }

    fn capture(comments: &[&str]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), EPOCH_NS).unwrap();
        let first = writer.interface("vm-a", "10.0.0.4 in subnet build", 1_000_000_000).unwrap();
        let second = writer.interface("vm-b", "", 0).unwrap();
        let bytes = segment();
        for (nth, comment) in comments.iter().enumerate() {
            let interface = if nth % 2 == 0 { first } else { second };
            let at = Nanos(1_000_000_001 * nth as u64 + 5);
            let packet = Captured { interface, at, bytes: &bytes, wire_len: bytes.len() as u32, comment };
            writer.packet(&packet).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn blocks_read_back_as_written() {
        // Catches: lengths and paddings off by one, high and low halves of the time swapped, options mixed up, state
        // of one block left in the next.
        let file = capture(&["hop 1: allowed by `AllowSsh`", "", "übergroß 👋"]);
        let found = blocks(&file);
        let kinds: Vec<_> = found.iter().map(|block| block.0).collect();
        assert_eq!(kinds, [0x0a0d_0d0a, 1, 1, 6, 6, 6]);

        assert_eq!(word(found[0].1, 0), 0x1a2b_3c4d);
        assert_eq!(options(&found[0].1[16..])[1], (3, &b"vnetsim"[..]));
        assert_eq!(found[1].1[..2], [101, 0]);
        let speed = 1_000_000_000_u64.to_le_bytes();
        let described: [(u16, &[u8]); 4] = [(2, b"vm-a"), (3, b"10.0.0.4 in subnet build"), (8, &speed), (9, &[9])];
        assert_eq!(options(&found[1].1[8..]), described);
        assert_eq!(options(&found[2].1[8..]), [(2, &b"vm-b"[..]), (3, b""), (9, &[9])]);

        let bytes = segment();
        let end = 20 + bytes.len().next_multiple_of(4);
        for (nth, (_, body)) in found[3..].iter().enumerate() {
            assert_eq!(word(body, 0), nth as u32 % 2);
            let at = u64::from(word(body, 4)) << 32 | u64::from(word(body, 8));
            assert_eq!(at, EPOCH_NS + 1_000_000_001 * nth as u64 + 5);
            assert_eq!((word(body, 12), word(body, 16)), (bytes.len() as u32, bytes.len() as u32));
            assert_eq!(body[20..20 + bytes.len()], bytes[..]);
        }
        assert_eq!(options(&found[3].1[end..]), [(1, "hop 1: allowed by `AllowSsh`".as_bytes())]);
        assert_eq!(found[4].1.len(), end);
        assert_eq!(options(&found[5].1[end..]), [(1, "übergroß 👋".as_bytes())]);
    }

    #[test]
    fn what_is_too_long_is_cut() {
        // Catches: an option length that wraps, a comment cut inside a character, an original length below the captured.
        let file = capture(&[&"ü".repeat(40_000)]);
        let packet = blocks(&file)[3].1;
        let end = 20 + segment().len().next_multiple_of(4);
        assert_eq!(options(&packet[end..]), [(1, "ü".repeat(32_767).as_bytes())]);

        let mut writer = Writer::new(Vec::new(), 0).unwrap();
        let interface = writer.interface("a", "", 0).unwrap();
        for wire_len in [0, 1500] {
            let packet = Captured { interface, at: Nanos::NEVER, bytes: &[0x45; 21], wire_len, comment: "" };
            writer.packet(&packet).unwrap();
        }
        let file = writer.finish().unwrap();
        let lengths: Vec<_> = blocks(&file)[2..].iter().map(|(_, body)| (word(body, 12), word(body, 16))).collect();
        assert_eq!(lengths, [(21, 21), (21, 1500)]);
    }

    #[test]
    fn tshark_reads_it() {
        // Catches: what our own reader gets wrong in the same way as our writer.
        let folder = std::env::temp_dir().join(format!("vnetsim-pcapng-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("test.pcapng");
        std::fs::write(&path, capture(&["hop 1: allowed", "", "hop 3: denied"])).unwrap();
        let fields =
            ["frame.comment", "frame.time_epoch", "frame.interface_name", "tcp.checksum.status", "_ws.malformed"];
        let mut tshark = Command::new("tshark");
        tshark.arg("-r").arg(&path).args(["-T", "fields", "-o", "tcp.check_checksum:TRUE"]);
        for field in fields {
            tshark.args(["-e", field]);
        }
        let run = tshark.output();
        std::fs::remove_dir_all(&folder).unwrap();
        let Ok(run) = run else {
            eprintln!("skipped: tshark is not installed");
            return;
        };
        let text = String::from_utf8(run.stdout).unwrap();
        let expected = "hop 1: allowed\t1793836800.000000005\tvm-a\t1\t\n\
                        \t1793836801.000000006\tvm-b\t1\t\n\
                        hop 3: denied\t1793836802.000000007\tvm-a\t1\t\n";
        assert_eq!(text, expected, "{}", String::from_utf8_lossy(&run.stderr));
    }
}
