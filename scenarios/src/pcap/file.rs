//! One capture file: packets in the order they were captured, each written once it is known what became of it.

use super::pcapng::{Captured, Interface, Writer};
use bytes::Bytes;
use sim_core::net::{Header, wire};
use sim_core::time::Nanos;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;

/// Packets of one file that may wait in memory because the fate of an earlier one is open. When there are more, the
/// earliest is written with `fate not known yet`.
pub const WINDOW: usize = 4096;

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// Packets in it.
    pub packets: u64,
    /// Packets that have no form on the wire and were left out: larger than IP can say, or of two address families.
    pub unwritable: u64,
}

/// A packet as it was captured.
pub(super) struct Record {
    pub at: Nanos,
    pub header: Header,
    pub payload: Bytes,
    /// What its bytes say.
    pub label: Option<Arc<str>>,
    /// What became of it, or whence it came; `None` until that is known.
    pub fate: Option<String>,
}

pub(super) struct File {
    written: Written,
    /// `None` after an error: what comes then is not kept.
    out: Option<(Writer<Box<dyn Write>>, Interface)>,
    /// Number of the first record that waits; they are numbered in order.
    first: u64,
    waiting: VecDeque<Record>,
    bytes: Vec<u8>,
    comment: String,
}

impl File {
    /// A file that is not there yet: what comes is dropped until [`write_to`](Self::write_to).
    pub fn new(name: String) -> Self {
        let written = Written { name, packets: 0, unwritable: 0 };
        Self { written, out: None, first: 0, waiting: VecDeque::new(), bytes: Vec::new(), comment: String::new() }
    }

    /// What comes from now on is written there.
    pub fn write_to(&mut self, out: (Writer<Box<dyn Write>>, Interface)) {
        self.out = Some(out);
    }

    pub fn name(&self) -> &str {
        &self.written.name
    }

    /// Takes a packet, no earlier than those before. Gives its number.
    pub fn push(&mut self, record: Record) -> io::Result<u64> {
        let number = self.first + self.waiting.len() as u64;
        self.waiting.push_back(record);
        if self.waiting.len() > WINDOW
            && let Some(head) = self.waiting.front_mut()
        {
            head.fate.get_or_insert_with(|| "fate not known yet".to_owned());
        }
        self.write_settled()?;
        Ok(number)
    }

    /// Says what became of the packet with this number, if it still waits.
    pub fn settle(&mut self, number: u64, fate: String) -> io::Result<()> {
        let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(record) = place.and_then(|place| self.waiting.get_mut(place)) {
            record.fate = Some(fate);
        }
        self.write_settled()
    }

    /// Writes what waits and ends the file.
    pub fn finish(mut self) -> io::Result<Written> {
        for record in &mut self.waiting {
            record.fate.get_or_insert_with(|| "still under way at the end".to_owned());
        }
        self.write_settled()?;
        if let Some((writer, _)) = self.out {
            writer.finish()?;
        }
        Ok(self.written)
    }

    fn write_settled(&mut self) -> io::Result<()> {
        while self.waiting.front().is_some_and(|head| head.fate.is_some())
            && let Some(record) = self.waiting.pop_front()
        {
            self.first += 1;
            if let Err(error) = self.write(&record) {
                self.out = None;
                return Err(error);
            }
        }
        Ok(())
    }

    fn write(&mut self, record: &Record) -> io::Result<()> {
        let Some((writer, interface)) = &mut self.out else { return Ok(()) };
        if wire::emit(&record.header, &record.payload, true, &mut self.bytes).is_err() {
            self.written.unwritable += 1;
            return Ok(());
        }
        self.comment.clear();
        for part in record.label.as_deref().into_iter().chain(record.fate.as_deref()) {
            if !self.comment.is_empty() {
                self.comment.push_str("; ");
            }
            self.comment.push_str(part);
        }
        // What was emitted fits into IP's 16-bit length.
        let wire_len = self.bytes.len() as u32;
        let (interface, at, bytes) = (*interface, record.at, &self.bytes);
        writer.packet(&Captured { interface, at, bytes, wire_len, comment: &self.comment })?;
        self.written.packets += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::net::{Addr, Protocol, Tuple};
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn record(nth: u64) -> Record {
        let (src, dst) = (Addr::v4(10, 0, 0, 4), Addr::v4(10, 0, 1, 5));
        let tuple = Tuple { src, dst, src_port: 1, dst_port: 2, protocol: Protocol::UDP };
        let (header, payload) = (Header::plain(tuple, 64), Bytes::new());
        Record { at: Nanos(nth), header, payload, label: None, fate: None }
    }

    #[test]
    fn fates_come_to_their_packets_whatever_their_order_and_never_after_the_window() {
        // Catches: a fate written to the packet beside, order of capture lost, a window that grows without end.
        let out = Shared::default();
        let mut writer = Writer::new(Box::new(out.clone()) as Box<dyn Write>, 0).unwrap();
        let interface = writer.interface("nic", "", 0).unwrap();
        let mut file = File::new("nic.pcapng".to_owned());
        file.write_to((writer, interface));
        let numbers: Vec<u64> = (0..WINDOW as u64).map(|nth| file.push(record(nth)).unwrap()).collect();
        file.settle(numbers[2], "third".to_owned()).unwrap();
        file.settle(numbers[1], "second".to_owned()).unwrap();
        assert_eq!(file.waiting.len(), WINDOW, "the first one holds the others back");
        file.push(record(WINDOW as u64)).unwrap();
        assert_eq!(file.waiting.len(), WINDOW - 2, "one too many: the first goes, and the two that waited for it only");
        file.settle(numbers[0], "too late".to_owned()).unwrap();
        let written = file.finish().unwrap();
        assert_eq!(written.packets, WINDOW as u64 + 1);

        let bytes = out.0.lock().unwrap().clone();
        let text = String::from_utf8_lossy(&bytes);
        let places: Vec<_> = ["fate not known yet", "second", "third", "still under way at the end"]
            .map(|fate| text.find(fate).unwrap())
            .into();
        assert!(places.is_sorted(), "{places:?}");
        assert!(!text.contains("too late"));
    }
}
