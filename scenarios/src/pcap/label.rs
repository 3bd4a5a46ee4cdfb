//! What the bytes of a TCP segment say in the clear. Programs label what they write, by its place in the stream; segments
//! carry sequence numbers. The initial sequence number of a SYN joins the two.

use sim_core::id::NodeId;
use sim_core::net::{Flags, TcpHeader, Tuple};
use sim_core::time::Nanos;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;

/// Connections whose labels are kept at a time; more go without.
const STREAM_LIMIT: usize = 65_536;
/// A connection that was silent for so long makes room for another when there are too many.
const SILENCE: Nanos = Nanos::secs(10 * 60);
/// Labels that one comment names; a segment of many short writes has the rest counted.
const NAMED: usize = 6;

/// One direction of connections, each by its sender's machine and its tuple, sender first.
#[derive(Default)]
pub(super) struct Labels {
    streams: BTreeMap<(NodeId, Tuple), Stream>,
    /// When a sweep for silent connections is worth its while again.
    next_sweep: Nanos,
}

#[derive(Default)]
struct Stream {
    /// The sequence number of the SYN.
    isn: Option<u32>,
    /// When its first byte was written.
    begun: Nanos,
    last_used: Nanos,
    /// Bytes written, sent at least once, and acknowledged.
    written: u64,
    sent: u64,
    acknowledged: u64,
    /// Labels of what is not acknowledged: one past the last byte of each, in order.
    spans: VecDeque<(u64, Arc<str>)>,
}

impl Labels {
    /// A program wrote.
    pub fn wrote(&mut self, at: Nanos, key: (NodeId, Tuple), offset: u64, length: usize, label: &str) {
        let Some(stream) = self.stream(at, key) else { return };
        if offset < stream.written {
            // Ports are used again: this is another connection.
            *stream = Stream { last_used: at, ..Stream::default() };
        }
        if offset == 0 {
            stream.begun = at;
        }
        stream.written = offset + length as u64;
        let same = stream.spans.back().filter(|(_, last)| **last == *label).map(|(_, last)| last.clone());
        stream.spans.push_back((stream.written, same.unwrap_or_else(|| label.into())));
    }

    /// A segment leaves its sender: what its bytes say, if anything is known.
    pub fn leaves(&mut self, at: Nanos, key: (NodeId, Tuple), tcp: &TcpHeader, length: usize) -> Option<Arc<str>> {
        if tcp.flags.has(Flags::RST) {
            self.streams.remove(&key);
            return None;
        }
        if tcp.flags.has(Flags::SYN) {
            self.stream(at, key)?.open(at, tcp.seq);
            return None;
        }
        if length == 0 {
            return None;
        }
        let stream = self.streams.get_mut(&key)?;
        stream.last_used = at;
        stream.text(tcp.seq, length).map(Arc::from)
    }

    /// A segment reaches the sender of the stream `key`, and acknowledges some of it.
    pub fn acknowledged(&mut self, at: Nanos, key: (NodeId, Tuple), tcp: &TcpHeader) {
        let Some(stream) = self.streams.get_mut(&key) else { return };
        stream.last_used = at;
        let over = tcp.flags.has(Flags::RST) || (tcp.flags.has(Flags::ACK) && stream.acknowledge(tcp.ack));
        if over {
            self.streams.remove(&key);
        }
    }

    fn stream(&mut self, at: Nanos, key: (NodeId, Tuple)) -> Option<&mut Stream> {
        if self.streams.len() >= STREAM_LIMIT && !self.streams.contains_key(&key) {
            if at >= self.next_sweep {
                self.streams.retain(|_, stream| at.since(stream.last_used) < SILENCE);
                self.next_sweep = at + Nanos::secs(60);
            }
            if self.streams.len() >= STREAM_LIMIT {
                return None;
            }
        }
        let stream = self.streams.entry(key).or_default();
        stream.last_used = at;
        Some(stream)
    }
}

impl Stream {
    /// A SYN left. Under another number than before it opens another connection, and what an earlier one left unsaid is
    /// void. What a program writes before its SYN is out it writes in the same instant.
    fn open(&mut self, at: Nanos, seq: u32) {
        if self.isn.is_some_and(|isn| isn != seq) && !(self.begun == at && self.written > 0) {
            *self = Self { last_used: at, ..Self::default() };
        }
        self.isn = Some(seq);
    }

    /// Where in the stream a sequence number is: within 2 GiB of what is acknowledged.
    fn offset(&self, seq: u32) -> Option<i64> {
        let first = self.isn?.wrapping_add(1);
        let ahead = seq.wrapping_sub(first).wrapping_sub(self.acknowledged as u32).cast_signed();
        self.acknowledged.cast_signed().checked_add(i64::from(ahead))
    }

    fn text(&mut self, seq: u32, length: usize) -> Option<String> {
        let start = u64::try_from(self.offset(seq)?).ok()?;
        let end = start + length as u64;
        // A keep-alive probe carries a byte that was acknowledged long ago, or none of the stream at all.
        if end <= self.acknowledged || start >= self.written {
            return None;
        }
        let first = self.spans.partition_point(|(after, _)| *after <= start);
        let mut from = first.checked_sub(1).map_or(0, |before| self.spans[before].0);
        let mut found: Vec<(&str, usize)> = Vec::new();
        for (after, label) in self.spans.range(first..) {
            if from >= end {
                break;
            }
            from = *after;
            match found.last_mut() {
                Some((last, times)) if *last == &**label => *times += 1,
                _ => found.push((label, 1)),
            }
        }
        let mut text = if start < self.sent { "sent again: ".to_owned() } else { String::new() };
        for (nth, (label, times)) in found.iter().take(NAMED).enumerate() {
            let _ = write!(text, "{}{label}", if nth == 0 { "" } else { " + " });
            if *times > 1 {
                let _ = write!(text, " x{times}");
            }
        }
        if found.len() > NAMED {
            let _ = write!(text, " + {} more", found.len() - NAMED);
        }
        let _ = write!(text, " (bytes {start} to {})", end - 1);
        self.sent = self.sent.max(end);
        Some(text)
    }

    /// Drops the labels of what is acknowledged. Says whether that is all that can ever be: the FIN too.
    fn acknowledge(&mut self, ack: u32) -> bool {
        let Some(upto) = self.offset(ack).and_then(|upto| u64::try_from(upto).ok()) else { return false };
        self.acknowledged = self.acknowledged.max(upto.min(self.written));
        while self.spans.front().is_some_and(|(after, _)| *after <= self.acknowledged) {
            self.spans.pop_front();
        }
        // One past the last byte written is the FIN.
        upto > self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::net::{Addr, Protocol};

    fn key() -> (NodeId, Tuple) {
        let (src, dst) = (Addr::v4(10, 0, 0, 4), Addr::v4(10, 0, 0, 5));
        (NodeId(7), Tuple { src, dst, src_port: 50_000, dst_port: 22, protocol: Protocol::TCP })
    }

    fn tcp(flags: Flags, seq: u32, ack: u32) -> TcpHeader {
        TcpHeader { seq, ack, flags, ..TcpHeader::default() }
    }

    const AT: Nanos = Nanos(5);

    #[test]
    fn segments_are_labelled_across_the_wrap_of_sequence_numbers() {
        // Catches: the SYN's own number not counted, arithmetic that breaks where numbers wrap, a first label that does
        // not start at the segment's start, acknowledged labels kept, retransmissions not told.
        let mut labels = Labels::default();
        let isn = u32::MAX - 99;
        labels.wrote(AT, key(), 0, 150, "hello");
        assert_eq!(labels.leaves(AT, key(), &tcp(Flags::SYN, isn, 0), 0), None);
        labels.wrote(AT, key(), 150, 50, "key exchange");
        let ack = Flags::ACK;
        let segment = |labels: &mut Labels, offset: u32, length: usize| {
            let seq = isn.wrapping_add(1).wrapping_add(offset);
            labels.leaves(AT, key(), &tcp(ack, seq, 1), length).map(|text| text.to_string())
        };
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(segment(&mut labels, 0, 100), said("hello (bytes 0 to 99)"));
        assert_eq!(segment(&mut labels, 100, 100), said("hello + key exchange (bytes 100 to 199)"));
        labels.acknowledged(AT, key(), &tcp(ack, 1, isn.wrapping_add(1 + 160)));
        assert_eq!(labels.streams[&key()].spans.len(), 1);
        assert_eq!(segment(&mut labels, 160, 40), said("sent again: key exchange (bytes 160 to 199)"));
        assert_eq!(segment(&mut labels, 159, 1), None, "a keep-alive probe");
        labels.acknowledged(AT, key(), &tcp(ack, 1, isn.wrapping_add(1 + 201)));
        assert!(labels.streams.is_empty(), "the FIN is acknowledged");
    }

    #[test]
    fn a_port_that_is_used_again_starts_anew() {
        // Catches: labels of an earlier connection told of a later one, and those that a program wrote before its SYN lost.
        let mut labels = Labels::default();
        labels.wrote(AT, key(), 0, 10, "old");
        labels.leaves(AT, key(), &tcp(Flags::SYN, 1000, 0), 0);
        let later = Nanos::secs(1);
        labels.leaves(later, key(), &tcp(Flags::SYN, 5000, 0), 0);
        assert_eq!(labels.leaves(later, key(), &tcp(Flags::ACK, 5001, 1), 10), None);
        labels.wrote(later, key(), 0, 10, "new");
        let text = labels.leaves(later, key(), &tcp(Flags::ACK, 5001, 1), 10);
        assert_eq!(text.as_deref(), Some("new (bytes 0 to 9)"));

        let last = Nanos::secs(2);
        labels.wrote(last, key(), 0, 10, "newest");
        labels.leaves(last, key(), &tcp(Flags::SYN, 9000, 0), 0);
        let text = labels.leaves(last, key(), &tcp(Flags::ACK, 9001, 1), 10);
        assert_eq!(text.as_deref(), Some("newest (bytes 0 to 9)"));
    }
}
